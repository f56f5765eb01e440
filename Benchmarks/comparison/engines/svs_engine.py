"""Vamana of Scalable Vector Search. Its degree is that of the bottom layer of the other graphs."""
from __future__ import annotations

import svs

from .base import EF_CONSTRUCT, M, Engine, Timer


class SVS(Engine):
    filters = False

    def __init__(self, path, threads, codes=False):
        super().__init__(path, threads)
        self.codes = codes

    def build(self, ds):
        self.path.mkdir(parents=True, exist_ok=True)
        parameters = svs.VamanaBuildParameters(graph_max_degree=2 * M, window_size=EF_CONSTRUCT, alpha=0.95)
        data, raw = ds.base, self.path / "raw.fvecs"
        if self.codes:
            svs.write_vecs(ds.base, str(raw))
            data = svs.LVQLoader(
                svs.VectorDataLoader(str(raw), svs.DataType.float32, ds.dim), primary=4, residual=8)
        with Timer() as timer:
            index = svs.Vamana.build(parameters, data, svs.DistanceType.MIP, num_threads=self.threads)
        raw.unlink(missing_ok=True)
        index.save(*[str(self.path / part) for part in ("config", "graph", "data")])
        return {"ingest_s": 0.0, "index_s": timer.seconds}

    def open(self, meta):
        data = str(self.path / "data")
        loader = svs.LVQLoader(data) if self.codes else svs.VectorDataLoader(data, svs.DataType.float32)
        self.index = svs.Vamana(
            str(self.path / "config"), svs.GraphLoader(str(self.path / "graph")), loader, svs.DistanceType.MIP,
            num_threads=1)

    def prepare(self, queries, k, ef, flt):
        self.k, self.queries = k, queries
        self.index.search_window_size = ef
        return [row[None, :] for row in queries]

    def query(self, request):
        return self.index.search(request, self.k)[0][0]

    def query_parallel(self, requests, clients):
        self.index.num_threads = clients
        self.index.search(self.queries, self.k)
        self.index.num_threads = 1
