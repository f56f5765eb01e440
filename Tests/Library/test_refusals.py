"""What does not fit is refused with a status and a sentence, and never ends the process."""

import ctypes
import os
import subprocess
import sys
import threading
from ctypes import byref, c_char_p, c_size_t, c_uint64, c_void_p

import numpy as np
import pytest

from conftest import DIMENSION
from quiver_library import ROOT, STATUS, Database, QuiverError, check

VECTOR = np.ones(DIMENSION, dtype=np.float32)


def refused(status, function, *arguments, **named):
    with pytest.raises(QuiverError) as error:
        function(*arguments, **named)
    assert error.value.status == status
    assert error.value.message
    return error.value.message


def test_wrong_values(database, points):
    points.upsert([1], VECTOR[None, :])
    message = refused("bad_input", points.query, VECTOR[:5])
    assert str(DIMENSION) in message and "5" in message
    refused("bad_input", points.upsert, [2], VECTOR[None, :7])
    refused("bad_input", points.upsert, [2], VECTOR[None, :], name="other")
    refused("bad_input", points.query, VECTOR, name="other")
    refused("bad_input", points.upsert, [2], np.full((1, DIMENSION), np.nan))
    refused("bad_input", points.query, np.full(DIMENSION, np.inf))
    refused("bad_input", points.upsert, [2], VECTOR[None, :], [b"{"])
    refused("bad_request", points.query, VECTOR, filter=b"{")
    refused("bad_request", points.query, VECTOR, filter={"mast": []})
    refused("validation", points.query, VECTOR, params={"hnsw_ef": 0})
    refused("bad_request", points.query_json, b"")
    refused("not_found", points.query_json, {"query": 17})
    refused("argument", points.call, "points/nonsense", {})
    refused("argument", database.call, "nonsense")
    refused("bad_request", database.create, "x", {"vectors": {"size": 4}})
    refused("validation", database.create, "a/b", {"vectors": {"size": 4, "distance": "Dot"}})
    refused("validation", database.create, "", {"vectors": {"size": 4, "distance": "Dot"}})
    refused("already_exists", database.create, "points", {"vectors": {"size": 4, "distance": "Dot"}})
    refused("not_found", database.collection, "nothing")
    refused("not_found", database.delete, "nothing")
    assert points.call("points/count", {})["count"] == 1


def test_sizes(library, points):
    ids, found = (c_uint64 * 4)(), c_size_t()
    data = VECTOR.ctypes.data

    def query(dimension=DIMENSION, k=4, ef=0):
        return library.quiver_query(
            points.handle, None, data, dimension, k, ef, None, None, ids, None, byref(found))

    huge = 2**63 - 1
    assert query() == 0
    for wrong in ({"dimension": 0}, {"dimension": huge}, {"dimension": -1}, {"k": 0}, {"k": huge}, {"k": -1},
                  {"ef": huge}, {"ef": -5}):
        assert query(**wrong) == STATUS["argument"], wrong
    for count in (0, huge, -1):
        assert library.quiver_upsert(points.handle, None, ids, data, count, DIMENSION, None) == STATUS["argument"]
        assert library.quiver_delete(points.handle, ids, count) == STATUS["argument"]
    assert library.quiver_upsert_lines(points.handle, None, ids, data, 1, DIMENSION, b"{}", -1) == STATUS["argument"]
    many = (points.handle, None, data)
    rest = (4, 0, None, None, 1, ids, None, byref(found))
    assert library.quiver_query_many(*many, 0, DIMENSION, *rest) == 0
    assert library.quiver_query_many(*many, -1, DIMENSION, *rest) == STATUS["argument"]
    assert library.quiver_query_many(*many, huge, DIMENSION, *rest) == STATUS["argument"]


def test_null(library, database, points):
    """Every pointer argument in turn is NULL."""
    ids, found, answer, handle = (c_uint64 * 10)(), (c_size_t * 2)(), c_void_p(), c_void_p()
    data = VECTOR.ctypes.data
    name, body = b"points", b"{}"
    calls = {
        "quiver_database_open": ([b"/nonexistent/x", None, byref(handle)], [0, 2]),
        "quiver_database_call": ([database.handle, b"collections", None, byref(answer)], [0, 1, 3]),
        "quiver_collection_create": ([database.handle, b"new", body], [0, 1, 2]),
        "quiver_collection_update": ([database.handle, name, body], [0, 1, 2]),
        "quiver_collection_delete": ([database.handle, b"other"], [0, 1]),
        "quiver_collection_open": ([database.handle, name, byref(handle)], [0, 1, 2]),
        "quiver_collection_close": ([None], [0]),
        "quiver_database_close": ([None], [0]),
        "quiver_collection_info": ([points.handle, byref(answer)], [0, 1]),
        "quiver_wait_indexed": ([points.handle, 1.0], [0]),
        "quiver_index_create": ([points.handle, body], [0, 1]),
        "quiver_index_delete": ([points.handle, b"a"], [0, 1]),
        "quiver_vector_create": ([points.handle, b"a", body], [0, 1, 2]),
        "quiver_vector_delete": ([points.handle, b"a"], [0, 1]),
        "quiver_upsert": ([points.handle, None, ids, data, 1, DIMENSION, None], [0, 2, 3]),
        "quiver_upsert_lines": ([points.handle, None, ids, data, 1, DIMENSION, None, 0], [0, 2, 3]),
        "quiver_delete": ([points.handle, ids, 1], [0, 1]),
        "quiver_query": (
            [points.handle, None, data, DIMENSION, 10, 0, None, None, ids, None, byref(found)], [0, 2, 8, 10]),
        "quiver_query_many": (
            [points.handle, None, data, 1, DIMENSION, 10, 0, None, None, 1, ids, None, byref(found)], [0, 2, 10, 12]),
        "quiver_query_json": ([points.handle, body, byref(answer)], [0, 1, 2]),
        "quiver_call": ([points.handle, b"points/count", body, 0, byref(answer)], [0, 1, 2, 4]),
    }
    for function, (arguments, places) in calls.items():
        for place in places:
            wrong = list(arguments)
            wrong[place] = None
            status = getattr(library, function)(*wrong)
            assert status in (STATUS["handle"], STATUS["argument"]), (function, place, status)
            assert library.quiver_last_error()
    library.quiver_free(None)


def test_handles_are_tickets(library, tmp_path):
    database = Database(tmp_path / "storage")
    database.create("points", {"vectors": {"size": DIMENSION, "distance": "Dot"}})
    collection = database.collection("points")
    second = database.collection("points")
    second.close()
    refused("handle", second.query, VECTOR)
    refused("handle", second.close)
    # Of the other kind, made up, and used again by another handle.
    answer = c_void_p()
    assert library.quiver_collection_info(database.handle, byref(answer)) == STATUS["handle"]
    assert library.quiver_database_close(collection.handle) == STATUS["handle"]
    for invented in (1, 2, 3, 4, 0xDEADBEEF, 2**64 - 1):
        assert library.quiver_collection_close(c_void_p(invented)) == STATUS["handle"]
        assert library.quiver_database_close(c_void_p(invented)) == STATUS["handle"]
    third = database.collection("points")
    refused("handle", second.query, VECTOR)
    third.close()
    # The database before its collections.
    database.close()
    refused("handle", database.close)
    refused("handle", database.collection, "points")
    refused("closed", collection.query, VECTOR)
    refused("closed", collection.upsert, [1], VECTOR[None, :])
    refused("closed", collection.wait_indexed)
    refused("closed", collection.query_many, np.ones((5, DIMENSION)))
    collection.close()


def test_one_process_has_a_directory(tmp_path):
    with Database(tmp_path / "storage"):
        refused("locked", Database, tmp_path / "storage")
        program = f"import sys; sys.path.insert(0, {str(ROOT / 'Tests/Support')!r})\n" \
                  f"from quiver_library import Database\nDatabase({str(tmp_path / 'storage')!r})"
        other = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
        assert "locked" in other.stderr
    (tmp_path / "file").write_text("")
    refused("service", Database, tmp_path / "file" / "below")


def test_messages_belong_to_their_thread(library, points):
    refused("bad_input", points.query, VECTOR[:3])
    mine = library.quiver_last_error()
    others = []

    def work(size):
        others.append(library.quiver_last_error())
        refused("bad_input", points.query, VECTOR[:size])
        others.append(library.quiver_last_error())

    for size in (4, 5):
        thread = threading.Thread(target=work, args=(size,))
        thread.start()
        thread.join()
    assert others[0] == others[2] == b"" and len({mine, others[1], others[3]}) == 3
    assert library.quiver_last_error() == mine


def test_closing_while_asking(tmp_path):
    """Calls that are under way end with an answer or a refusal."""
    database = Database(tmp_path / "storage")
    database.create("points", {"vectors": {"size": DIMENSION, "distance": "Dot"}})
    collection = database.collection("points")
    collection.upsert(np.arange(1000), np.ones((1000, DIMENSION)))
    started, outcomes = threading.Barrier(4), []

    def ask():
        started.wait()
        try:
            for _ in range(100_000):
                collection.query(VECTOR)
                collection.query_many(np.ones((4, DIMENSION)), threads=2)
        except QuiverError as error:
            outcomes.append(error.status)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    started.wait()
    database.close()
    for thread in threads:
        thread.join(60)
    assert outcomes == ["closed"] * 3
    collection.close()


def test_texts_that_are_no_utf8(library, database):
    assert library.quiver_collection_create(database.handle, b"\xff\xfe", b"{}") == STATUS["argument"]
    assert library.quiver_collection_open(database.handle, b"\xff", byref(c_void_p())) == STATUS["argument"]


def test_c_program(tmp_path, library):
    """The header is C and C++, and a program in C gets through."""
    source = ROOT / "Tests/Library/program.c"
    from quiver_library import library_path

    folder = library_path().resolve().parent
    program = tmp_path / "program"
    subprocess.run(
        ["cc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-pedantic", "-I", ROOT / "Sources/CQuiver", source, "-o",
         program, "-L", folder, "-lQuiverC", f"-Wl,-rpath,{folder}", "-lm"], check=True, timeout=120)
    subprocess.run(
        ["c++", "-x", "c++", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-I", ROOT / "Sources/CQuiver", "-"],
        input=b'#include "quiver.h"\nint main() { return quiver_version() == nullptr; }\n', check=True, timeout=120)
    for _ in range(2):
        done = subprocess.run([program, tmp_path / "storage"], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.startswith("ok")
