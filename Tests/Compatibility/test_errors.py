"""Refused requests, on the wire: Qdrant's status codes, its envelope, a text that says where and what, and a
collection that is afterwards what it was before."""

import re

import pytest

from conftest import RawHTTP
from quiver_server import QuiverServer

ONE, TWO = [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]


@pytest.fixture
def small(http):
    """Two collections of known content: `small` with one unnamed vector, `small_named` with two named ones."""
    http.result("PUT", "/collections/small", {"vectors": {"size": 3, "distance": "Dot"}})
    http.result("PUT", "/collections/small_named", {"vectors": {
        "a": {"size": 3, "distance": "Dot"}, "b": {"size": 2, "distance": "Dot"}}})
    http.result("PUT", "/collections/small/points?wait=true", {"points": [
        {"id": 1, "vector": ONE, "payload": {"n": 1}}, {"id": 2, "vector": TWO, "payload": {"n": 2}}]})
    http.result("PUT", "/collections/small_named/points?wait=true", {"points": [{"id": 1, "vector": {"a": ONE}}]})
    yield "/collections/small"
    http("DELETE", "/collections/small")
    http("DELETE", "/collections/small_named")


def everything(http):
    return [http.result("POST", f"/collections/{name}/points/scroll", {"limit": 100, "with_vector": True})
            for name in ("small", "small_named")]


def error_of(answer):
    """The text of an error answer, whose envelope is checked on the way."""
    assert answer.headers["content-type"].startswith("application/json"), answer.text
    body = answer.json()
    assert isinstance(body["time"], float) and body.get("result") is None, body
    assert isinstance(body["status"]["error"], str) and body["status"]["error"], body
    return body["status"]["error"]


# Envelope and service.

def test_success_envelope(http, small):
    body = http("GET", small).json()
    assert body["status"] == "ok" and isinstance(body["time"], float) and body["time"] >= 0
    assert set(body) == {"result", "status", "time"}


def test_root(http):
    body = http("GET", "/").json()
    assert set(body) == {"title", "version", "commit"}
    assert re.fullmatch(r"1\.19\.\d+", body["version"]) and len(body["commit"]) == 40


@pytest.mark.parametrize("path, text", [
    ("/healthz", "healthz check passed"), ("/livez", "healthz check passed"), ("/readyz", "all shards are ready")])
def test_health(http, path, text):
    answer = http("GET", path)
    assert (answer.status_code, answer.text) == (200, text)


@pytest.mark.parametrize("method, path", [("GET", "/nothing/here"), ("POST", "/collections/small/points/nothing")])
def test_unknown_routes(http, small, method, path):
    answer = http(method, path, {} if method == "POST" else None)
    assert answer.status_code == 404 and answer.content == b""


def test_trailing_slash_is_ignored(http, small):
    assert http("GET", small + "/").json()["result"]["points_count"] == 2


def test_wait_false_is_acknowledged_and_soon_visible(http, small):
    result = http.result("PUT", small + "/points", {"points": [{"id": 3, "vector": ONE}]})
    assert result["status"] == "acknowledged" and isinstance(result["operation_id"], int)
    result = http.result("PUT", small + "/points?wait=true", {"points": [{"id": 4, "vector": ONE}]})
    assert result["status"] == "completed"
    assert http.result("POST", small + "/points/count", {})["count"] == 4


# Every refused request: (method, path below the collection, body, status, what the text has to contain).

UNKNOWN_COLLECTION = r"Not found: Collection `missing` doesn't exist!"
DIMENSION = "Wrong input: Vector dimension error: expected dim: 3, got 2"
NO_POINT_9 = "Not found: No point with id 9 found"
UNKNOWN_VECTOR = "Wrong input: Not existing vector name error: x"
FORMAT = "Format error in JSON body: "
VALIDATION = "Validation error in JSON body: "


def filtered(condition):
    return {"filter": condition}


REFUSED = {
    # Collections.
    "collection exists": ("PUT", "", {"vectors": {"size": 3, "distance": "Dot"}}, 409,
                          "Wrong input: Collection `small` already exists!"),
    "info of missing": ("GET", "/collections/missing", None, 404, UNKNOWN_COLLECTION),
    "update of missing": ("PATCH", "/collections/missing", {"optimizers_config": {}}, 404, UNKNOWN_COLLECTION),
    "query of missing": ("POST", "/collections/missing/points/query", {"query": ONE}, 404, UNKNOWN_COLLECTION),
    "upsert to missing": ("PUT", "/collections/missing/points", {"points": [{"id": 1, "vector": ONE}]}, 404,
                          UNKNOWN_COLLECTION),
    "size 0": ("PUT", "/collections/fresh", {"vectors": {"size": 0, "distance": "Dot"}}, 422, VALIDATION),
    "size too large": ("PUT", "/collections/fresh", {"vectors": {"size": 65537, "distance": "Dot"}}, 422, VALIDATION),
    "unknown distance": ("PUT", "/collections/fresh", {"vectors": {"size": 3, "distance": "Chebyshev"}}, 400, FORMAT),
    "size as text": ("PUT", "/collections/fresh", {"vectors": {"size": "3", "distance": "Dot"}}, 400, FORMAT),
    "bad collection name": ("PUT", "/collections/a%3Ab", {"vectors": {"size": 3, "distance": "Dot"}}, 422, ""),
    "long collection name": ("PUT", "/collections/" + "n" * 256, {"vectors": {"size": 3, "distance": "Dot"}}, 422, ""),
    "ef_construct too small": ("PUT", "/collections/fresh", {
        "vectors": {"size": 3, "distance": "Dot"}, "hnsw_config": {"ef_construct": 1}}, 422, VALIDATION),
    # Aliases.
    "alias to missing": ("POST", "/collections/aliases", {"actions": [
        {"create_alias": {"collection_name": "missing", "alias_name": "al"}}]}, 404, UNKNOWN_COLLECTION),
    "alias named as a collection": ("POST", "/collections/aliases", {"actions": [
        {"create_alias": {"collection_name": "small_named", "alias_name": "small"}}]}, 409, "Wrong input: "),
    "rename of a missing alias": ("POST", "/collections/aliases", {"actions": [
        {"rename_alias": {"old_alias_name": "nope", "new_alias_name": "other"}}]}, 404, "Not found: "),
    # Upserts. The first point is always good: it must not be written either.
    "wrong dimension": ("PUT", "/points?wait=true", {"points": [
        {"id": 8, "vector": ONE}, {"id": 9, "vector": [1, 2]}]}, 400, DIMENSION),
    "wrong dimension without wait": ("PUT", "/points", {"points": [
        {"id": 8, "vector": ONE}, {"id": 9, "vector": [1, 2]}]}, 400, DIMENSION),
    "unknown vector name": ("PUT", "/collections/small_named/points?wait=true", {"points": [
        {"id": 8, "vector": {"a": ONE}}, {"id": 9, "vector": {"x": ONE}}]}, 400, UNKNOWN_VECTOR),
    "id as number text": ("PUT", "/points?wait=true", {"points": [
        {"id": 8, "vector": ONE}, {"id": "9", "vector": ONE}]}, 400, FORMAT),
    "negative id": ("PUT", "/points?wait=true", {"points": [{"id": -1, "vector": ONE}]}, 400, FORMAT),
    "fractional id": ("PUT", "/points?wait=true", {"points": [{"id": 1.5, "vector": ONE}]}, 400, FORMAT),
    "id too large": ("PUT", "/points?wait=true", {"points": [{"id": 2**64, "vector": ONE}]}, 400, FORMAT),
    "no id": ("PUT", "/points?wait=true", {"points": [{"id": 8, "vector": ONE}, {"vector": ONE}]}, 400, FORMAT),
    "text in a vector": ("PUT", "/points?wait=true", {"points": [{"id": 8, "vector": [1, "2", 3]}]}, 400, FORMAT),
    "null in a vector": ("PUT", "/points?wait=true", {"points": [{"id": 8, "vector": [1, None, 3]}]}, 400, FORMAT),
    "payload not an object": ("PUT", "/points?wait=true", {"points": [
        {"id": 8, "vector": ONE, "payload": [1]}]}, 400, FORMAT),
    "batch lengths differ": ("PUT", "/points?wait=true", {"batch": {"ids": [8, 9], "vectors": [ONE]}}, None,
                             "number of ids and vectors must be equal"),
    "neither points nor batch": ("PUT", "/points?wait=true", {}, 400, FORMAT),
    "sparse vector for a dense one": ("PUT", "/points?wait=true", {"points": [
        {"id": 8, "vector": {"indices": [1], "values": [1.0]}}]}, 400, ""),
    # Other updates.
    "update vectors of missing": ("PUT", "/points/vectors?wait=true", {"points": [
        {"id": 1, "vector": TWO}, {"id": 9, "vector": ONE}]}, 404, NO_POINT_9),
    "no vectors to update": ("PUT", "/points/vectors?wait=true", {"points": [{"id": 1, "vector": {}}]}, 422,
                             "must specify vectors to update for point"),
    "update with wrong dimension": ("PUT", "/points/vectors?wait=true", {"points": [{"id": 1, "vector": [1, 2]}]}, 400,
                                    DIMENSION),
    "delete unknown vector": ("POST", "/collections/small_named/points/vectors/delete?wait=true",
                              {"points": [1], "vector": ["x"]}, 400, "Not existing vector name error: x"),
    "payload for nobody": ("POST", "/points/payload?wait=true", {"payload": {"n": 5}}, (400, 422), ""),
    "payload not an object in set": ("POST", "/points/payload?wait=true", {"payload": 5, "points": [1]}, 400, FORMAT),
    "unknown operation in a batch": ("POST", "/points/batch?wait=true", {"operations": [
        {"delete": {"points": [1]}}, {"explode": {}}]}, 400, FORMAT),
    "bad operation late in a batch": ("POST", "/points/batch?wait=true", {"operations": [
        {"delete": {"points": [1]}}, {"upsert": {"points": [{"id": 8, "vector": [1]}]}}]}, 400,
        "expected dim: 3, got 1"),
    "delete without selector": ("POST", "/points/delete?wait=true", {}, (400, 422), ""),
    # Payload indexes.
    "index without schema": ("PUT", "/index?wait=true", {"field_name": "n"}, 400, "Can't auto-detect field type"),
    "index of unknown type": ("PUT", "/index?wait=true", {"field_name": "n", "field_schema": "colour"}, 400, FORMAT),
    "index of nothing": ("PUT", "/index?wait=true", {"field_name": "n", "field_schema": {
        "type": "integer", "lookup": False, "range": False}}, 422, "capabilities can't be both disabled"),
    # Reading.
    "missing point": ("GET", "/points/9", None, 404, "Not found: Point with id 9 does not exists!"),
    "unreadable point id": ("GET", "/points/nine", None, 400, 'Can not recognize "nine" as point id'),
    "limit 0": ("POST", "/points/query", {"query": ONE, "limit": 0}, 422,
                VALIDATION + "[internal.limit: value 0 invalid, must be 1 or larger]"),
    "negative limit": ("POST", "/points/query", {"query": ONE, "limit": -1}, 400, FORMAT),
    "hnsw_ef 0": ("POST", "/points/query", {"query": ONE, "params": {"hnsw_ef": 0}}, (400, 422), ""),
    "query of wrong dimension": ("POST", "/points/query", {"query": [1, 2]}, 400, DIMENSION),
    "query of unknown name": ("POST", "/points/query", {"query": ONE, "using": "x"}, 400, UNKNOWN_VECTOR),
    "query without a name": ("POST", "/collections/small_named/points/query", {"query": ONE}, 400,
                             "Wrong input: "),
    "query by missing id": ("POST", "/points/query", {"query": 9}, 404, NO_POINT_9),
    "query by a point lacking the vector": ("POST", "/collections/small_named/points/query",
                                            {"query": 1, "using": "b"}, 404, "Not found: "),
    "recommend nothing": ("POST", "/points/query", {"query": {"recommend": {}}}, 422, ""),
    "average of negatives": ("POST", "/points/query", {"query": {"recommend": {"negative": [1]}}}, 400,
                             "Positive vectors should not be empty with `average` strategy"),
    "recommend a missing id": ("POST", "/points/query", {"query": {"recommend": {"positive": [1, 9]}}}, 404,
                               NO_POINT_9),
    "threshold without query": ("POST", "/points/query", {"score_threshold": 0.5}, 400,
                                "Bad request: A query is needed to use the score_threshold"),
    "lookup in a missing collection": ("POST", "/points/query", {"query": 1, "lookup_from": {"collection": "missing"}},
                                       404, "Not found: Collection missing not found"),
    "order without an index": ("POST", "/points/scroll", {"order_by": "n"}, 400,
                               "No range index for `order_by` key: `n`"),
    "scroll limit 0": ("POST", "/points/scroll", {"limit": 0}, 422, "value 0 invalid, must be 1 or larger"),
    "timeout 0": ("POST", "/points/query?timeout=0", {"query": ONE}, 422, "Validation error in query parameters"),
    "wait not a boolean": ("PUT", "/points?wait=maybe", {"points": [{"id": 8, "vector": ONE}]}, 400,
                           "Deserialize error"),
    # Filters.
    "unknown filter field": ("POST", "/points/count", filtered({"musst": []}), 400, FORMAT),
    "unknown condition": ("POST", "/points/count", filtered({"must": [{"colour": "red"}]}), 400, FORMAT),
    "condition with only a key": ("POST", "/points/count", filtered({"must": [{"key": "n"}]}), 422,
                                  "At least one field condition must be specified"),
    "match of a float": ("POST", "/points/count", filtered({"must": [{"key": "n", "match": {"value": 1.5}}]}), 400,
                         FORMAT),
    "range of mixed kinds": ("POST", "/points/count", filtered({"must": [
        {"key": "n", "range": {"gt": 1, "lt": "2024-01-01"}}]}), 400, FORMAT),
    "invalid path": ("POST", "/points/count", filtered({"must": [{"key": "a..b", "match": {"value": 1}}]}), 400, ""),
    "bad id in has_id": ("POST", "/points/count", filtered({"must": [{"has_id": [1.5]}]}), 400, FORMAT),
    "min_count 0": ("POST", "/points/count", filtered({"min_should": {
        "conditions": [{"has_id": [1]}], "min_count": 0}}), 422, "must be 1 or larger"),
    "unknown payload selector": ("POST", "/points/scroll", {"with_payload": {"only": ["n"]}}, 400, FORMAT),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(http, small, name):
    method, path, body, status, text = REFUSED[name]
    before = everything(http)
    answer = http(method, path if path.startswith("/collections") else small + path, body)
    error = error_of(answer)
    allowed = (400, 422) if status is None else status if isinstance(status, tuple) else (status,)
    assert answer.status_code in allowed and text in error, f"{answer.status_code}: {error}"
    assert everything(http) == before, "a refused request left something behind"
    assert http("GET", "/collections/fresh").status_code == 404


# Bodies that are no JSON, or more of it than allowed.

@pytest.mark.parametrize("content", [
    b"", b"{", b'{"points": [}', b'{"points": []} trailing', b'{"points": [{"id": 8, "vector": [1.0, NaN, 0.0]}]}',
    b'{"points": [{"id": 8, "vector": [1.0, Infinity, 0.0]}]}', b'\xff\xfe{}', b'[1, 2]', b'"text"',
    b'{"points": [{"id": 8, "vector": [1e999, 0, 0]}]}', b'{"points": [{"id": 8, "vector": [1,2,3], "payload": {"\xff": 1}}]}',
], ids=lambda content: repr(content[:40]))
def test_malformed_bodies(http, small, content):
    before = everything(http)
    answer = http("PUT", small + "/points?wait=true", content=content)
    assert answer.status_code == 400 and error_of(answer)
    assert everything(http) == before


def test_deep_nesting_is_refused_not_fatal(http, small):
    deep = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
    for content in (b'{"points": [{"id": 8, "vector": [1, 0, 0], "payload": ' + deep + b"}]}",
                    b'{"points": ' + b"[" * 200_000 + b"]" * 200_000 + b"}"):
        assert http("PUT", small + "/points?wait=true", content=content).status_code == 400
    deep_filter = b'{"filter": ' + b'{"must":[' * 20_000 + b'{"has_id":[1]}' + b"]}" * 20_000 + b"}"
    assert http("POST", small + "/points/count", content=deep_filter).status_code == 400
    assert http.result("POST", small + "/points/count", {})["count"] == 2


def test_moderate_nesting_is_accepted(http, small):
    payload = {"leaf": 1}
    for _ in range(40):
        payload = {"a": payload}
    http.result("PUT", small + "/points?wait=true", {"points": [{"id": 8, "vector": ONE, "payload": payload}]})
    assert http.result("GET", small + "/points/8")["payload"] == payload


def test_unknown_fields_are_ignored_where_qdrant_ignores_them(http, small):
    result = http.result("POST", small + "/points/query", {"query": ONE, "limit": 1, "colour": "red"})
    assert [point["id"] for point in result["points"]] == [1]


def test_body_limit(tmp_path):
    limited = QuiverServer(tmp_path / "storage", {"QUIVER__SERVICE__MAX_REQUEST_SIZE_MB": "1"})
    with limited:
        http = RawHTTP(limited.url)
        http.result("PUT", "/collections/c", {"vectors": {"size": 1, "distance": "Dot"}})

        def upsert(size):
            return http("PUT", "/collections/c/points?wait=true", {
                "points": [{"id": 1, "vector": [1], "payload": {"text": "x" * size}}]})

        assert upsert(900_000).status_code == 200
        answer = upsert(2_000_000)
        assert answer.status_code in (400, 413) and answer.text
        assert http.result("POST", "/collections/c/points/count", {})["count"] == 1
        assert upsert(1).status_code == 200


# What Quiver does not have yet says so by name.

NOT_THERE_YET = {
    "snapshot": ("POST", "/collections/small/snapshots", {}),
}


@pytest.mark.parametrize("name", NOT_THERE_YET)
def test_what_is_missing_is_named(http, small, name):
    method, path, body = NOT_THERE_YET[name]
    before = everything(http)
    answer = http(method, path, body)
    if answer.status_code == 200:
        http("DELETE", "/collections/fresh")
        pytest.skip(f"{name} is there: it needs tests of its own and leaves this list")
    assert answer.status_code == 501 and name in error_of(answer).lower(), answer.text
    assert everything(http) == before
