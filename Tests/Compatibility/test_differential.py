"""Quiver, Qdrant Edge (the engine of Qdrant 1.19) and qdrant-client's local mode answer alike on random data.

Each seed makes a collection, points, field indexes and updates, applies them to all engines, and compares answers
after each phase. Edge is the authority; local mode is a second witness where it is known to follow Qdrant
(local_mode.py tells where it is not, and why).

QUIVER_COMPAT_SEEDS=N runs N seeds (default 40), QUIVER_COMPAT_FIRST_SEED=S starts at seed S: to see seed 17
again, QUIVER_COMPAT_FIRST_SEED=17 QUIVER_COMPAT_SEEDS=1. A seed that fails prints the smallest case found.
"""

import os

import pytest
from qdrant_client import QdrantClient

from conftest import AGAINST_MEMORY, watch
from edge_engine import EdgeEngine
from engines import ClientEngine
from local_mode import LocalMode
from shrink import smallest_case
from trial import Disagreement, Trial

FIRST_SEED = int(os.environ.get("QUIVER_COMPAT_FIRST_SEED", "1"))
SEEDS = range(FIRST_SEED, FIRST_SEED + int(os.environ.get("QUIVER_COMPAT_SEEDS", "40")))
QUESTIONS = int(os.environ.get("QUIVER_COMPAT_QUESTIONS", "12"))


@pytest.mark.parametrize("seed", SEEDS)
def test_same_answers(seed, client, collection, tmp_path):
    print(f"seed {seed}")
    engines = {"local mode": LocalMode(QdrantClient(":memory:"), collection)}
    if not AGAINST_MEMORY:
        engines["quiver"] = ClientEngine(client, collection)
    trial = Trial(seed, EdgeEngine(tmp_path / "whole"), engines)
    try:
        trial.run(QUESTIONS)
    except Disagreement as found:
        small = smallest_case(trial, found, tmp_path, client, watch) if found.engine == "quiver" else ""
        pytest.fail(f"{found}\n{small}", pytrace=False)
