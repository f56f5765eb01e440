"""What vectors a collection has: the names, what kind each is of, and how a value of each looks."""

from dataclasses import dataclass, field

import numpy as np
from qdrant_client import models

MAX_SIM = models.MultiVectorConfig(comparator=models.MultiVectorComparator.MAX_SIM)


@dataclass
class Layout:
    """`dense` has every vector of floats by name, multivectors included; the unnamed one is called ""."""
    dense: dict[str, models.VectorParams] = field(default_factory=dict)
    sparse: dict[str, models.SparseVectorParams] = field(default_factory=dict)

    @property
    def names(self):
        return [*self.dense, *self.sparse]

    @property
    def is_unnamed(self):
        return set(self.dense) == {""}

    @property
    def stores_other_than_float32(self):
        return any(params.datatype not in (None, models.Datatype.FLOAT32) for params in self.dense.values())

    def is_sparse(self, name):
        return name in self.sparse

    def is_multi(self, name):
        return name in self.dense and self.dense[name].multivector_config is not None

    def has_idf(self, name):
        return name in self.sparse and self.sparse[name].modifier == models.Modifier.IDF

    def larger_is_better(self, name):
        return name in self.sparse or self.dense[name].distance in (models.Distance.COSINE, models.Distance.DOT)

    @property
    def vectors_config(self):
        """As create_collection wants it."""
        if not self.dense:
            return None
        return self.dense[""] if self.is_unnamed else self.dense

    def copy(self):
        return Layout(dict(self.dense), dict(self.sparse))


def comparable(vector):
    """The vectors of a record as {name: value}: arrays, or {index: value} of a sparse one."""
    if vector is None:
        return {}
    if not isinstance(vector, dict):
        vector = {"": vector}
    return {name: dict(zip(value.indices, value.values)) if hasattr(value, "indices") else
            np.asarray(value, dtype=np.float32) for name, value in vector.items()}
