"""A database of the test's own, opened through libQuiverC."""

import numpy as np
import pytest

import quiver_library
from quiver_library import Database

DIMENSION = 16


@pytest.fixture(scope="session", autouse=True)
def library():
    path = quiver_library.library_path()
    if not path.exists():
        pytest.skip(f"no {path}: swift build -c release --product QuiverC")
    return quiver_library.library()


@pytest.fixture
def database(tmp_path):
    with Database(tmp_path / "storage") as opened:
        yield opened


@pytest.fixture
def points(database):
    """An empty collection of DIMENSION floats."""
    database.create("points", {"vectors": {"size": DIMENSION, "distance": "Cosine"}})
    collection = database.collection("points")
    yield collection
    collection.close()


@pytest.fixture
def rng(request):
    """Seeded by the test's name, so that a failure comes back."""
    return np.random.default_rng(list(request.node.name.encode()))


def exact(vectors, query, k, allowed=None):
    """Ids of the k rows with the largest cosine similarity."""
    rows = np.arange(len(vectors)) if allowed is None else np.asarray(allowed)
    part = vectors[rows]
    similarity = part @ query / np.linalg.norm(part, axis=1) / np.linalg.norm(query)
    return rows[np.argsort(-similarity, kind="stable")[:k]].tolist()
