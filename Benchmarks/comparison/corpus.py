"""Vectors, payloads, filters and exact answers."""
from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

#: exact answers kept for each query
DEPTH = 100


@dataclass
class Dataset:
    #: for people
    title: str
    #: for file names
    slug: str
    #: float32, of length 1: cosine, dot product and distance give one order
    base: np.ndarray
    queries: np.ndarray
    payload: list
    #: name: Qdrant filter
    filters: dict
    #: {"metric", "indexes": {field: type}, "lists": fields that hold lists, "dim"}
    meta: dict

    @property
    def n(self) -> int:
        return len(self.base)

    @property
    def dim(self) -> int:
        return self.base.shape[1]

    @property
    def key(self) -> str:
        """Names the content, so that an index of other vectors is never taken for one of these."""
        digest = hashlib.sha256(self.base.tobytes())
        digest.update(json.dumps([self.filters, self.meta, len(self.payload)], sort_keys=True).encode())
        return f"{self.slug}-{digest.hexdigest()[:12]}"


def normalised(vectors) -> np.ndarray:
    vectors = np.asarray(vectors, dtype=np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    lengths[lengths == 0] = 1
    return np.ascontiguousarray(vectors / lengths)


def lines(path: Path) -> list:
    opened = gzip.open(path, "rt") if path.suffix == ".gz" else open(path)
    with opened as file:
        return [json.loads(line) for line in file if line.strip()]


def load(title, slug, vectors, queries=None, payloads=None, filters=None, indexes=None) -> Dataset:
    """Without a file of queries every tenth row, 500 at most, is held out and asked for."""
    base = normalised(np.load(vectors))
    payload = lines(Path(payloads)) if payloads else []
    if payload and len(payload) != len(base):
        raise SystemExit(f"{vectors} has {len(base)} rows, {payloads} has {len(payload)}")
    if queries:
        asked = normalised(np.load(queries))
    else:
        held = np.zeros(len(base), dtype=bool)
        held[::10][:500] = True
        asked, base = base[held], np.ascontiguousarray(base[~held])
        payload = [row for row, is_held in zip(payload, held) if not is_held]
    if asked.shape[1] != base.shape[1]:
        raise SystemExit(f"vectors have {base.shape[1]} components, queries {asked.shape[1]}")
    named = json.loads(Path(filters).read_text()) if filters and payload else {}
    lists = sorted(name for name, value in (payload[0] if payload else {}).items() if isinstance(value, list))
    meta = {"metric": "cosine", "indexes": indexes if payload else {}, "lists": lists, "dim": base.shape[1]}
    return Dataset(title, slug, base, asked, payload, named, meta)


# MARK: Filters

def satisfies(row: dict, condition: dict) -> bool:
    value = row.get(condition["key"])
    values = value if isinstance(value, list) else [] if value is None else [value]
    if "match" in condition:
        return condition["match"]["value"] in values
    tests = {
        "lt": lambda x, y: x < y, "lte": lambda x, y: x <= y, "gt": lambda x, y: x > y, "gte": lambda x, y: x >= y}
    return any(all(tests[name](x, bound) for name, bound in condition["range"].items()) for x in values)


def matching(payload: list, flt: dict) -> np.ndarray:
    """A bool for each row. Filters of this comparison have `must` with `match` and `range` only."""
    unknown = set(flt) - {"must"}
    if unknown:
        raise SystemExit(f"a filter has {sorted(unknown)}: only `must` can be compared")
    return np.array([all(satisfies(row, condition) for condition in flt["must"]) for row in payload], dtype=bool)


# MARK: Exact answers

def exact(ds: Dataset) -> dict:
    """{filter name: (queries, DEPTH) row numbers, -1 behind the last}; "none" is without a filter."""
    answers = {"none": nearest(ds.base, ds.queries, np.arange(ds.n))}
    for name, flt in ds.filters.items():
        answers[name] = nearest(ds.base, ds.queries, np.flatnonzero(matching(ds.payload, flt)))
    return answers


def nearest(base, queries, rows) -> np.ndarray:
    answers = np.full((len(queries), DEPTH), -1, dtype=np.int64)
    depth = min(DEPTH, len(rows))
    if depth == 0:
        return answers
    among = base if len(rows) == len(base) else base[rows]
    for first in range(0, len(queries), 128):
        scores = queries[first : first + 128] @ among.T
        best = np.argpartition(-scores, depth - 1, axis=1)[:, :depth]
        order = np.argsort(-np.take_along_axis(scores, best, 1), axis=1, kind="stable")
        answers[first : first + 128, :depth] = rows[np.take_along_axis(best, order, 1)]
    return answers
