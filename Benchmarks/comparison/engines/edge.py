"""Qdrant Edge: Qdrant's engine, embedded."""
from __future__ import annotations

import qdrant_edge as edge

from .base import EF_CONSTRUCT, M, Engine, Timer, batches

SCHEMAS = {
    "keyword": edge.PayloadSchemaType.Keyword,
    "integer": edge.PayloadSchemaType.Integer,
    "float": edge.PayloadSchemaType.Float,
    "bool": edge.PayloadSchemaType.Bool,
}


def condition(one):
    if "match" in one:
        return edge.FieldCondition(one["key"], match=edge.MatchValue(one["match"]["value"]))
    return edge.FieldCondition(one["key"], range=edge.RangeFloat(**one["range"]))


class Edge(Engine):
    def __init__(self, path, threads, codes=False):
        super().__init__(path, threads)
        self.codes, self.shard = codes, None

    def _config(self, dim):
        codes = None
        if self.codes:
            codes = edge.ScalarQuantizationConfig(edge.ScalarType.Int8, quantile=0.99, always_ram=True)
        return edge.EdgeConfig(
            vectors=edge.EdgeVectorParams(size=dim, distance=edge.Distance.Cosine),
            hnsw_config=edge.HnswIndexConfig(
                m=M, ef_construct=EF_CONSTRUCT, full_scan_threshold=10_000, max_indexing_threads=self.threads),
            quantization_config=codes,
            # one segment: one graph, the best throughput a core
            optimizers=edge.EdgeOptimizersConfig(
                default_segment_number=1, indexing_threshold=1000, max_segment_size=100_000_000))

    def build(self, ds):
        self.path.mkdir(parents=True, exist_ok=True)
        shard = edge.EdgeShard.create(str(self.path), self._config(ds.dim))
        points = [
            edge.Point(i, ds.base[i].tolist(), ds.payload[i] if ds.payload else None) for i in range(ds.n)]
        with Timer() as ingest:
            for name, kind in ds.meta["indexes"].items():
                shard.update(edge.UpdateOperation.create_field_index(name, SCHEMAS[kind]))
            for batch in batches(ds.n, 1000):
                shard.update(edge.UpdateOperation.upsert_points(points[batch.start : batch.stop]))
        with Timer() as index:
            while shard.optimize():
                pass
            shard.flush()
        info = shard.info()
        shard.close()
        return {"ingest_s": ingest.seconds, "index_s": index.seconds, "indexed": info.indexed_vectors_count}

    def open(self, meta):
        self.shard = edge.EdgeShard.load(str(self.path))

    def prepare(self, queries, k, ef, flt):
        # The oversampling that its documentation advises for 8 bits.
        quantization = edge.QuantizationSearchParams(rescore=True, oversampling=1.5) if self.codes else None
        params = edge.SearchParams(hnsw_ef=ef, quantization=quantization)
        filter = edge.Filter(must=[condition(one) for one in flt["must"]]) if flt else None
        return [
            edge.QueryRequest(limit=k, query=edge.Query.Nearest(row.tolist()), filter=filter, params=params)
            for row in queries]

    def query(self, request):
        return [point.id for point in self.shard.query(request)]

    def close(self):
        if self.shard is not None:
            self.shard.close()
