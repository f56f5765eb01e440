"""libQuiverC over ctypes: the prototypes of quiver.h, and the few lines that make them handy in Python.

The library is the one that $QUIVER_LIBRARY names, or that a release build left.
"""
from __future__ import annotations

import ctypes
import json
import os
from ctypes import POINTER, byref, c_char_p, c_double, c_float, c_int, c_size_t, c_uint32, c_uint64, c_void_p
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STATUS = {
    name: number for number, name in enumerate((
        "ok", "bad_input", "bad_request", "validation", "not_found", "already_exists", "timeout", "forbidden",
        "not_implemented", "overloaded", "insufficient_storage", "read_only", "locked", "corrupted", "closed",
        "service", "handle", "argument", "uuid"))
}
NAMES = {number: name for name, number in STATUS.items()}


class Options(ctypes.Structure):
    _fields_ = [("query_threads", c_uint32), ("indexing_threads", c_uint32)]


# name: (result, arguments); handles, arrays and answers are plain pointers
PROTOTYPES = {
    "quiver_version": (c_char_p, []),
    "quiver_last_error": (c_char_p, []),
    "quiver_free": (None, [c_void_p]),
    "quiver_database_open": (c_int, [c_char_p, POINTER(Options), POINTER(c_void_p)]),
    "quiver_database_close": (c_int, [c_void_p]),
    "quiver_database_call": (c_int, [c_void_p, c_char_p, c_char_p, POINTER(c_void_p)]),
    "quiver_collection_create": (c_int, [c_void_p, c_char_p, c_char_p]),
    "quiver_collection_update": (c_int, [c_void_p, c_char_p, c_char_p]),
    "quiver_collection_delete": (c_int, [c_void_p, c_char_p]),
    "quiver_collection_open": (c_int, [c_void_p, c_char_p, POINTER(c_void_p)]),
    "quiver_collection_close": (c_int, [c_void_p]),
    "quiver_collection_info": (c_int, [c_void_p, POINTER(c_void_p)]),
    "quiver_wait_indexed": (c_int, [c_void_p, c_double]),
    "quiver_index_create": (c_int, [c_void_p, c_char_p]),
    "quiver_index_delete": (c_int, [c_void_p, c_char_p]),
    "quiver_vector_create": (c_int, [c_void_p, c_char_p, c_char_p]),
    "quiver_vector_delete": (c_int, [c_void_p, c_char_p]),
    "quiver_upsert": (
        c_int, [c_void_p, c_char_p, c_void_p, c_void_p, c_size_t, c_size_t, POINTER(c_char_p)]),
    "quiver_upsert_lines": (
        c_int, [c_void_p, c_char_p, c_void_p, c_void_p, c_size_t, c_size_t, c_char_p, c_size_t]),
    "quiver_delete": (c_int, [c_void_p, c_void_p, c_size_t]),
    "quiver_query": (
        c_int, [c_void_p, c_char_p, c_void_p, c_size_t, c_size_t, c_size_t, c_char_p, c_char_p, c_void_p, c_void_p,
                c_void_p]),
    "quiver_query_many": (
        c_int, [c_void_p, c_char_p, c_void_p, c_size_t, c_size_t, c_size_t, c_size_t, c_char_p, c_char_p, c_size_t,
                c_void_p, c_void_p, c_void_p]),
    "quiver_query_json": (c_int, [c_void_p, c_char_p, POINTER(c_void_p)]),
    "quiver_call": (c_int, [c_void_p, c_char_p, c_char_p, c_double, POINTER(c_void_p)]),
}


class QuiverError(Exception):
    def __init__(self, status: int, message: str):
        super().__init__(f"{NAMES.get(status, status)}: {message}")
        self.status, self.message = NAMES.get(status, status), message


def library_path() -> Path:
    named = os.environ.get("QUIVER_LIBRARY")
    return Path(named) if named else ROOT / ".build/release/libQuiverC.so"


def load() -> ctypes.CDLL:
    library = ctypes.CDLL(str(library_path()))
    for name, (result, arguments) in PROTOTYPES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


_library = None


def library() -> ctypes.CDLL:
    global _library
    if _library is None:
        _library = load()
    return _library


def check(status: int) -> None:
    if status != 0:
        raise QuiverError(status, library().quiver_last_error().decode())


def text(body) -> bytes | None:
    """A JSON text as C takes it."""
    return body if body is None or isinstance(body, bytes) else json.dumps(body).encode()


def take(answer: c_void_p) -> dict:
    """Reads an answer and gives it back."""
    try:
        return json.loads(ctypes.string_at(answer))
    finally:
        library().quiver_free(answer)


class Database:
    def __init__(self, path, query_threads: int = 0, indexing_threads: int = 0):
        self.handle = c_void_p()
        options = Options(query_threads, indexing_threads)
        check(library().quiver_database_open(os.fsencode(path), byref(options), byref(self.handle)))

    def create(self, name: str, config) -> None:
        check(library().quiver_collection_create(self.handle, name.encode(), text(config)))

    def update(self, name: str, patch) -> None:
        check(library().quiver_collection_update(self.handle, name.encode(), text(patch)))

    def delete(self, name: str) -> None:
        check(library().quiver_collection_delete(self.handle, name.encode()))

    def collection(self, name: str) -> "Collection":
        return Collection(self, name)

    def call(self, operation: str, body=None) -> dict:
        answer = c_void_p()
        check(library().quiver_database_call(self.handle, operation.encode(), text(body), byref(answer)))
        return take(answer)["result"]

    def close(self) -> None:
        check(library().quiver_database_close(self.handle))

    def __enter__(self) -> "Database":
        return self

    def __exit__(self, *_) -> None:
        self.close()


class Collection:
    """Vectors and ids are numpy arrays: float32 of two dimensions, uint64 of one."""

    def __init__(self, database: Database, name: str):
        self.handle = c_void_p()
        check(library().quiver_collection_open(database.handle, name.encode(), byref(self.handle)))

    def upsert(self, ids, vectors, payloads=None, name: str | None = None) -> None:
        import numpy as np

        ids = np.ascontiguousarray(ids, dtype=np.uint64)
        vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        count, dimension = vectors.shape
        assert len(ids) == count
        name = name.encode() if name is not None else None
        if isinstance(payloads, bytes):
            check(library().quiver_upsert_lines(
                self.handle, name, ids.ctypes.data, vectors.ctypes.data, count, dimension, payloads, len(payloads)))
            return
        texts = None
        if payloads is not None:
            texts = (c_char_p * count)(*(text(payload) for payload in payloads))
        check(library().quiver_upsert(
            self.handle, name, ids.ctypes.data, vectors.ctypes.data, count, dimension, texts))

    def delete(self, ids) -> None:
        import numpy as np

        ids = np.ascontiguousarray(ids, dtype=np.uint64)
        check(library().quiver_delete(self.handle, ids.ctypes.data, len(ids)))

    def query(self, vector, k: int = 10, ef: int = 0, filter=None, params=None, name: str | None = None):
        """(id, score) of the nearest points."""
        import numpy as np

        vector = np.ascontiguousarray(vector, dtype=np.float32)
        ids, scores, found = (c_uint64 * max(k, 1))(), (c_float * max(k, 1))(), c_size_t()
        check(library().quiver_query(
            self.handle, name.encode() if name is not None else None, vector.ctypes.data, vector.shape[0], k, ef,
            text(filter), text(params), ids, scores, byref(found)))
        return list(zip(ids[: found.value], scores[: found.value]))

    def query_many(self, vectors, k: int = 10, ef: int = 0, filter=None, params=None, threads: int = 0):
        """A list of (id, score) lists."""
        import numpy as np

        vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        count, dimension = vectors.shape
        ids = np.zeros((count, k), dtype=np.uint64)
        scores = np.zeros((count, k), dtype=np.float32)
        found = np.zeros(count, dtype=np.uint64)
        check(library().quiver_query_many(
            self.handle, None, vectors.ctypes.data, count, dimension, k, ef, text(filter), text(params), threads,
            ids.ctypes.data, scores.ctypes.data, found.ctypes.data))
        return [list(zip(i[:n].tolist(), s[:n].tolist())) for i, s, n in zip(ids, scores, found.astype(int))]

    def query_json(self, body) -> list:
        answer = c_void_p()
        check(library().quiver_query_json(self.handle, text(body), byref(answer)))
        return take(answer)["result"]["points"]

    def call(self, operation: str, body, timeout: float = 0):
        answer = c_void_p()
        check(library().quiver_call(self.handle, operation.encode(), text(body), timeout, byref(answer)))
        return take(answer)["result"]

    def info(self) -> dict:
        answer = c_void_p()
        check(library().quiver_collection_info(self.handle, byref(answer)))
        return take(answer)["result"]

    def create_index(self, body) -> None:
        check(library().quiver_index_create(self.handle, text(body)))

    def delete_index(self, field: str) -> None:
        check(library().quiver_index_delete(self.handle, field.encode()))

    def wait_indexed(self, timeout: float = 0) -> None:
        check(library().quiver_wait_indexed(self.handle, timeout))

    def close(self) -> None:
        check(library().quiver_collection_close(self.handle))
