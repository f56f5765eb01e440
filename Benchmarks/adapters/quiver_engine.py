"""Quiver in the harness's process, through libQuiverC. See Benchmarks/versus."""
from __future__ import annotations

import ctypes
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Tests/Support"))
import quiver_library  # noqa: E402
from engines.base import EF_CONSTRUCT, M, Engine, Timer, batches  # noqa: E402

DISTANCES = {"cosine": "Cosine", "dot": "Dot", "euclid": "Euclid", "l2": "Euclid", "manhattan": "Manhattan"}
QUANTIZATION = {
    "int8": {"scalar": {"type": "int8", "quantile": 0.99, "always_ram": True}},
    "binary": {"binary": {"always_ram": True}},
    "turbo4": {"turbo": {"bits": "bits4", "always_ram": True}},
    "product": {"product": {"compression": "x16", "always_ram": True}},
}


class Quiver(Engine):
    #: points of one durable call; each costs one fsync
    BATCH = 4096

    def __init__(self, path, threads, quantization=None, oversampling=None):
        super().__init__(path, threads)
        self.quantization, self.oversampling = quantization, oversampling

    def config(self, dim, metric):
        config = {
            "vectors": {"size": dim, "distance": DISTANCES[metric]},
            "hnsw_config": {"m": M, "ef_construct": EF_CONSTRUCT, "full_scan_threshold": 10_000},
            # one segment: one graph, the best throughput per core
            "optimizers_config": {
                "default_segment_number": 1, "indexing_threshold": 1000, "max_segment_size": 100_000_000},
        }
        if self.quantization:
            config["quantization_config"] = QUANTIZATION[self.quantization]
        return config

    def start(self):
        self.database = quiver_library.Database(self.path, self.threads, self.threads)

    def build(self, ds):
        self.path.mkdir(parents=True, exist_ok=True)
        self.start()
        self.database.create("bench", self.config(ds.dim, ds.meta["metric"]))
        self.collection = self.database.collection("bench")
        with Timer() as convert:
            ids = np.arange(ds.n, dtype=np.uint64)
            vectors = np.ascontiguousarray(ds.base, dtype=np.float32)
            parts = [
                (b.start, b.stop, "\n".join(json.dumps(p) for p in ds.payload[b.start : b.stop]).encode())
                for b in batches(ds.n, self.BATCH)]
        with Timer() as ingest:
            for name, kind in ds.meta["indexes"].items():
                self.collection.create_index({"field_name": name, "field_schema": kind})

            def upsert(part):
                first, last, lines = part
                self.collection.upsert(ids[first:last], vectors[first:last], lines)

            # Two callers: one is decoded while the other is written.
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(upsert, parts))
        with Timer() as index:
            self.collection.wait_indexed()
        info = self.collection.info()
        if ds.base.nbytes > 1000 * 1024:
            assert info["indexed_vectors_count"] >= ds.n, "the graph was not built"
        return {"ingest_s": ingest.seconds, "index_s": index.seconds, "convert_s": convert.seconds,
                "segments": info["segments_count"], "indexed": info["indexed_vectors_count"]}

    def open(self, meta):
        self.start()
        self.collection = self.database.collection("bench")
        self.call = quiver_library.library().quiver_query

    def prepare(self, queries, k, ef, flt):
        vectors = np.ascontiguousarray(queries, dtype=np.float32)
        params = None
        if self.oversampling:
            params = json.dumps({"quantization": {"rescore": True, "oversampling": self.oversampling}}).encode()
        flt = json.dumps(flt).encode() if flt else None
        # Answers go into memory of each request's own, so that threads can share the adapter.
        requests = []
        for row in vectors:
            ids, found = (ctypes.c_uint64 * k)(), ctypes.c_size_t()
            arguments = (
                self.collection.handle, None, row.ctypes.data, vectors.shape[1], k, ef, flt, params, ids, None,
                ctypes.addressof(found))
            requests.append((arguments, ids, found, vectors))
        return requests

    def query(self, request):
        arguments, ids, found, _ = request
        status = self.call(*arguments)
        if status:
            quiver_library.check(status)
        return ids[: found.value]

    def upsert(self, ids, vectors, payload):
        self.collection.upsert(np.asarray(ids, dtype=np.uint64), vectors, [json.dumps(p).encode() for p in payload])

    def close(self):
        self.database.close()


class QuiverMany(Quiver):
    """All queries of a run in one call of `quiver_query_many`, for the throughput of all threads."""

    def query_parallel(self, requests, clients):
        arguments = requests[0][0]
        vectors = requests[0][3]
        k = arguments[4]
        ids = np.zeros((len(vectors), k), dtype=np.uint64)
        found = np.zeros(len(vectors), dtype=np.uint64)
        quiver_library.check(quiver_library.library().quiver_query_many(
            arguments[0], None, vectors.ctypes.data, len(vectors), vectors.shape[1], k, arguments[5], arguments[6],
            arguments[7], clients, ids.ctypes.data, None, found.ctypes.data))


ENGINES = {
    "quiver": ("quiver_engine", "Quiver", {}),
    "quiver-many": ("quiver_engine", "QuiverMany", {}),
    "quiver-int8": ("quiver_engine", "Quiver", {"quantization": "int8"}),
    "quiver-binary": ("quiver_engine", "Quiver", {"quantization": "binary"}),
    "quiver-turbo4": ("quiver_engine", "Quiver", {"quantization": "turbo4"}),
    "quiver-product": ("quiver_engine", "Quiver", {"quantization": "product"}),
}
