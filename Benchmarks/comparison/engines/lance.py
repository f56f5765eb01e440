"""LanceDB, columnar files."""
from __future__ import annotations

import lancedb
import numpy as np
import pyarrow
from lancedb.index import Bitmap, BTree, HnswSq, LabelList

from .base import EF_CONSTRUCT, M, Engine, Timer, sql


class Lance(Engine):
    REFINE = 2

    def build(self, ds):
        flat = pyarrow.array(np.ascontiguousarray(ds.base).reshape(-1))
        columns = {
            "id": pyarrow.array(np.arange(ds.n)), "vector": pyarrow.FixedSizeListArray.from_arrays(flat, ds.dim)}
        for name, value in (ds.payload[0] if ds.payload else {}).items():
            kind = pyarrow.list_(pyarrow.string()) if isinstance(value, list) else None
            columns[name] = pyarrow.array([row.get(name) for row in ds.payload], type=kind)
        with Timer() as ingest:
            table = lancedb.connect(str(self.path)).create_table("bench", pyarrow.table(columns), mode="overwrite")
        with Timer() as index:
            table.create_index("vector", config=HnswSq(
                distance_type="cosine", num_partitions=1, m=M, ef_construction=EF_CONSTRUCT))
            for name, kind in ds.meta["indexes"].items():
                if isinstance(ds.payload[0][name], list):
                    table.create_index(name, config=LabelList())
                else:
                    table.create_index(name, config=BTree() if kind in ("integer", "float") else Bitmap())
        return {"ingest_s": ingest.seconds, "index_s": index.seconds}

    def open(self, meta):
        self.lists = meta["lists"]
        self.table = lancedb.connect(str(self.path)).open_table("bench")

    def prepare(self, queries, k, ef, flt):
        where = sql(flt, "array_has_any({key}, [{value}])", self.lists) if flt else None

        def search(row):
            query = self.table.search(row, vector_column_name="vector").distance_type("cosine").limit(k)
            query = query.ef(max(ef, k * self.REFINE)).nprobes(1).refine_factor(self.REFINE).select(["id"])
            return query.where(where, prefilter=True) if where else query

        return [search(row) for row in queries]

    def query(self, request):
        return request.to_arrow()["id"].to_pylist()
