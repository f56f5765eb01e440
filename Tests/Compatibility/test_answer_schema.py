"""The reading of Qdrant's interface document that every other test is watched with."""

import json

import pytest

from conftest import watch

pytestmark = pytest.mark.skipif(watch.schema is None, reason="Qdrant's interface document is not here")
ENVELOPE = {"status": "ok", "time": 0.1}


def violation(method, path, result, status=200, content_type="application/json"):
    return watch.schema.violation(method, path, status, content_type, json.dumps(result))


@pytest.mark.parametrize("method, path, result", [
    ("GET", "/collections/c/exists", {"exists": True}),
    ("GET", "/collections", {"collections": [{"name": "a"}]}),
    ("POST", "/collections/c/points/query", {"points": [{"id": 1, "version": 0, "score": 0.5, "vector": None}]}),
])
def test_right_answers_pass(method, path, result):
    assert violation(method, path, {**ENVELOPE, "result": result}) is None


@pytest.mark.parametrize("method, path, result", [
    ("GET", "/collections/c/exists", {"exists": None}),
    ("GET", "/collections", {"collections": [{"names": "a"}]}),
    ("POST", "/collections/c/points/query", {"points": [{"id": 1, "score": 0.5}]}),
    ("POST", "/collections/c/points/query", {"points": [{"id": -1, "version": 0, "score": 0.5}]}),
    ("POST", "/collections/c/points/query", []),
])
def test_wrong_answers_are_found(method, path, result):
    assert violation(method, path, {**ENVELOPE, "result": result})


def test_errors_and_content_types():
    assert violation("GET", "/collections/c", {"status": {"error": "x"}, "time": 0.1}, status=404) is None
    assert violation("GET", "/collections/c", {"status": {"error": 5}, "time": 0.1}, status=404)
    assert violation("GET", "/collections/c", {**ENVELOPE}, content_type="text/plain")


def test_the_operation_is_the_one_with_most_fixed_parts():
    assert watch.schema.operation("POST", "/collections/aliases")[0] == "/collections/aliases"
    assert watch.schema.operation("GET", "/collections/c/points/7")[0] == "/collections/{collection_name}/points/{id}"
    assert watch.schema.operation("POST", "/collections/c/points/search")[0] is None
