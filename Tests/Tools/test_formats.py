"""The frozen samples, read by a program that knows nothing of Quiver but docs/FORMAT.md."""

import json
from pathlib import Path

import pytest

from frozen_snapshot import params, snapshot

FORMATS = Path(__file__).parent.parent / "Data" / "formats"


def tolerance(name, config):
    vector = params(config).get(name, {})
    if vector.get("datatype") == "turbo4":
        return 0.6
    if vector.get("distance") != "Cosine":
        return 0
    return 1e-3 if vector.get("datatype") == "float16" else 1e-6


def is_near(left, right, allowed):
    if isinstance(right, dict):
        return left == right
    if isinstance(right, list):
        return len(left) == len(right) and all(is_near(a, b, allowed) for a, b in zip(left, right))
    return abs(left - right) <= allowed


@pytest.mark.parametrize("version", sorted(path.name for path in FORMATS.iterdir()))
@pytest.mark.parametrize("name", ["storage.snapshot", "plain.snapshot"])
def test_reads_every_point(version, name):
    expected = json.loads((FORMATS / version / "expected.json").read_text())
    aliases, collections = snapshot(FORMATS / version / name)
    if name == "storage.snapshot":
        assert aliases == expected["aliases"]
        assert set(collections) == {*expected["collections"], "empty"}
    for title, found in collections.items():
        wanted = expected["collections"].get(title, {"sequence": 0, "points": []})
        assert found["sequence"] == wanted["sequence"]
        assert set(found["points"]) == {point["id"] for point in wanted["points"]}
        for point in wanted["points"]:
            read = found["points"][point["id"]]
            assert read["version"] == point["version"]
            assert read["payload"] == point["payload"]
            assert set(read["vectors"]) == set(point["vectors"])
            for vector, value in point["vectors"].items():
                assert is_near(read["vectors"][vector], value, tolerance(vector, found["config"])), (point["id"], vector)
                if vector == "turbo":
                    # Of length 1, both: four bits a component leave the direction.
                    assert sum(a * b for a, b in zip(read["vectors"][vector], value)) > 0.98
