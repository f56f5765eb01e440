"""The engines by name. Their modules are imported by the process that runs them only."""
from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "adapters"))


@dataclass
class Entry:
    module: str
    cls: str
    #: the PyPI distribution whose version is told; None for Quiver
    distribution: str | None
    #: what the index is, in a few words
    note: str
    options: dict = field(default_factory=dict)
    #: measured unless engines are named
    standard: bool = True


ENGINES = {
    "quiver": Entry(
        "quiver_engine", "QuiverMany", None, "HNSW over 8-bit codes, exact scores from float32; payload, durable"),
    "hnswlib": Entry("engines.libraries", "Hnswlib", "hnswlib", "HNSW, float32"),
    "faiss": Entry("engines.libraries", "Faiss", "faiss-cpu", "HNSW, float32; filters are bitmaps made beforehand"),
    "faiss-sq8": Entry(
        "engines.libraries", "Faiss", "faiss-cpu", "HNSW over 8-bit codes, refined with float32", {"codes": True}),
    "usearch": Entry("engines.libraries", "USearch", "usearch", "HNSW, float32"),
    "usearch-i8": Entry(
        "engines.libraries", "USearch", "usearch", "HNSW over 8-bit codes, not refined", {"dtype": "i8"}),
    "svs": Entry("engines.svs_engine", "SVS", "scalable-vs", "Vamana, float32"),
    "svs-lvq": Entry("engines.svs_engine", "SVS", "scalable-vs", "Vamana over LVQ4x8 codes", {"codes": True}),
    "zvec": Entry("engines.zvec_engine", "Zvec", "zvec", "HNSW, float32; payload, durable"),
    "zvec-int8": Entry(
        "engines.zvec_engine", "Zvec", "zvec", "HNSW over 8-bit codes, refined; payload, durable", {"codes": True}),
    "edge": Entry("engines.edge", "Edge", "qdrant-edge-py", "HNSW, float32; payload, durable"),
    "edge-int8": Entry(
        "engines.edge", "Edge", "qdrant-edge-py", "HNSW over 8-bit codes, refined; payload, durable", {"codes": True}),
    "lancedb": Entry(
        "engines.lance", "Lance", "lancedb", "HNSW over 8-bit codes, refined; payload, durable", standard=False),
}


def make(name: str, path, threads: int):
    entry = ENGINES[name]
    return getattr(importlib.import_module(entry.module), entry.cls)(path, threads, **entry.options)
