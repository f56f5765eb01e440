"""Graphs in memory, without payload: hnswlib, faiss, usearch."""
from __future__ import annotations

import json

import numpy as np

from corpus import matching

from .base import EF_CONSTRUCT, M, Engine, Timer


class Hnswlib(Engine):
    filters = False

    def build(self, ds):
        import hnswlib

        self.path.mkdir(parents=True, exist_ok=True)
        index = hnswlib.Index(space="ip", dim=ds.dim)
        index.init_index(max_elements=ds.n, M=M, ef_construction=EF_CONSTRUCT, random_seed=1)
        with Timer() as timer:
            index.add_items(ds.base, np.arange(ds.n), num_threads=self.threads)
        index.save_index(str(self.path / "index"))
        return {"ingest_s": 0.0, "index_s": timer.seconds}

    def open(self, meta):
        import hnswlib

        self.index = hnswlib.Index(space="ip", dim=meta["dim"])
        self.index.load_index(str(self.path / "index"))

    def prepare(self, queries, k, ef, flt):
        self.k, self.queries = k, queries
        self.index.set_ef(ef)
        return [row[None, :] for row in queries]

    def query(self, request):
        return self.index.knn_query(request, self.k, num_threads=1)[0][0]

    def query_parallel(self, requests, clients):
        self.index.knn_query(self.queries, self.k, num_threads=clients)


class Faiss(Engine):
    """With codes: 8 bits a component in the graph, and the best answers compared again in float32."""

    def __init__(self, path, threads, codes=False):
        super().__init__(path, threads)
        self.codes = codes

    def build(self, ds):
        import faiss

        self.path.mkdir(parents=True, exist_ok=True)
        faiss.omp_set_num_threads(self.threads)
        if self.codes:
            graph = faiss.IndexHNSWSQ(ds.dim, faiss.ScalarQuantizer.QT_8bit, M, faiss.METRIC_INNER_PRODUCT)
            index = faiss.IndexRefineFlat(graph)
        else:
            index = graph = faiss.IndexHNSWFlat(ds.dim, M, faiss.METRIC_INNER_PRODUCT)
        graph.hnsw.efConstruction = EF_CONSTRUCT
        with Timer() as timer:
            index.train(ds.base)
            index.add(ds.base)
        faiss.write_index(index, str(self.path / "index"))
        # There is no payload: which rows a filter takes has to be known beforehand.
        for number, flt in enumerate(ds.filters.values()):
            np.save(self.path / f"filter{number}.npy", np.packbits(matching(ds.payload, flt), bitorder="little"))
        (self.path / "filters.json").write_text(json.dumps(list(ds.filters.values())))
        return {"ingest_s": 0.0, "index_s": timer.seconds}

    def open(self, meta):
        import faiss

        self.faiss = faiss
        faiss.omp_set_num_threads(1)
        self.index = faiss.read_index(str(self.path / "index"))
        known = json.loads((self.path / "filters.json").read_text())
        self.bitmaps = [(flt, np.load(self.path / f"filter{number}.npy")) for number, flt in enumerate(known)]

    def prepare(self, queries, k, ef, flt):
        self.k, self.queries = k, queries
        selection = {}
        if flt:
            # Both objects have to live as long as the parameters that point to them.
            self.bitmap = next(bitmap for known, bitmap in self.bitmaps if known == flt)
            self.selector = self.faiss.IDSelectorBitmap(self.bitmap)
            selection = {"sel": self.selector}
        self.graph_params = self.faiss.SearchParametersHNSW(efSearch=ef, **selection)
        self.params = self.graph_params
        if self.codes:
            self.params = self.faiss.IndexRefineSearchParameters(k_factor=2.0, base_index_params=self.graph_params)
        return [row[None, :] for row in queries]

    def query(self, request):
        return self.index.search(request, self.k, params=self.params)[1][0]

    def query_parallel(self, requests, clients):
        self.faiss.omp_set_num_threads(clients)
        self.index.search(self.queries, self.k, params=self.params)
        self.faiss.omp_set_num_threads(1)


class USearch(Engine):
    filters = False

    def __init__(self, path, threads, dtype="f32"):
        super().__init__(path, threads)
        self.dtype = dtype

    def _empty(self, dim):
        from usearch.index import Index

        return Index(ndim=dim, metric="cos", dtype=self.dtype, connectivity=M, expansion_add=EF_CONSTRUCT)

    def build(self, ds):
        self.path.mkdir(parents=True, exist_ok=True)
        index = self._empty(ds.dim)
        with Timer() as timer:
            index.add(np.arange(ds.n), ds.base, threads=self.threads)
        index.save(str(self.path / "index"))
        return {"ingest_s": 0.0, "index_s": timer.seconds}

    def open(self, meta):
        self.index = self._empty(meta["dim"])
        self.index.load(str(self.path / "index"))

    def prepare(self, queries, k, ef, flt):
        self.k, self.queries = k, queries
        self.index.expansion_search = ef
        return list(queries)

    def query(self, request):
        return self.index.search(request, self.k, threads=1).keys

    def query_parallel(self, requests, clients):
        self.index.search(self.queries, self.k, threads=clients)
