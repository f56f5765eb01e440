"""zvec, an embedded database."""
from __future__ import annotations

import zvec

from .base import EF_CONSTRUCT, M, Engine, Timer, batches, sql


def field_type(value):
    if isinstance(value, bool):
        return zvec.DataType.BOOL
    if isinstance(value, int):
        return zvec.DataType.INT64
    if isinstance(value, float):
        return zvec.DataType.DOUBLE
    return zvec.DataType.ARRAY_STRING if isinstance(value, list) else zvec.DataType.STRING


class Zvec(Engine):
    def __init__(self, path, threads, codes=False):
        super().__init__(path, threads)
        self.codes, self.collection = codes, None
        zvec.init(log_level=zvec.LogLevel.ERROR, query_threads=1, optimize_threads=threads)

    def _schema(self, ds):
        def index(name):
            if name not in ds.meta["indexes"]:
                return None
            return zvec.InvertIndexParam(enable_range_optimization=True)

        fields = [
            zvec.FieldSchema(name, field_type(value), nullable=True, index_param=index(name))
            for name, value in (ds.payload[0] if ds.payload else {}).items()]
        codes = {"quantize_type": zvec.QuantizeType.INT8} if self.codes else {}
        graph = zvec.HnswIndexParam(
            metric_type=zvec.MetricType.COSINE, m=M, ef_construction=EF_CONSTRUCT, use_contiguous_memory=True, **codes)
        return zvec.CollectionSchema(
            "bench", fields=fields,
            vectors=zvec.VectorSchema("v", zvec.DataType.VECTOR_FP32, ds.dim, index_param=graph))

    def build(self, ds):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        collection = zvec.create_and_open(str(self.path), self._schema(ds))
        points = [
            zvec.Doc(id=str(i), vectors={"v": ds.base[i].tolist()}, fields=ds.payload[i] if ds.payload else {})
            for i in range(ds.n)]
        with Timer() as ingest:
            for batch in batches(ds.n, 1000):
                collection.insert(points[batch.start : batch.stop])
            collection.flush()
        with Timer() as index:
            collection.optimize(zvec.OptimizeOption(concurrency=self.threads))
            collection.flush()
        collection.close()
        return {"ingest_s": ingest.seconds, "index_s": index.seconds}

    def open(self, meta):
        self.lists = meta["lists"]
        # Only a collection that is read only answers `query_internal_ids`, which is zvec's fastest call.
        self.collection = zvec.open(str(self.path), zvec.CollectionOption(read_only=True, enable_mmap=True))

    def prepare(self, queries, k, ef, flt):
        self.k = k
        self.filter = sql(flt, "{key} contain_any ({value})", self.lists) if flt else None
        param = zvec.HnswQueryParam(ef=ef, is_using_refiner=self.codes)
        return [zvec.Query("v", vector=row, param=param) for row in queries]

    def query(self, request):
        found = self.collection.query_internal_ids(request, topk=self.k, filter=self.filter)
        return [int(i) for i in self.collection.resolve_internal_ids(found) if i is not None]

    def close(self):
        if self.collection is not None:
            self.collection.close()
