"""The endpoints that clients before 1.10 use, on the wire. They have to agree with /points/query."""

import numpy as np
import pytest

COUNT, SIZE = 60, 8
VECTORS = np.random.default_rng(9).standard_normal((COUNT, SIZE)).round(3)
POINTS = "/collections/legacy/points"


def vector(row):
    return VECTORS[row].tolist()


@pytest.fixture(scope="module")
def legacy(http):
    http.result("PUT", "/collections/legacy", {"vectors": {"size": SIZE, "distance": "Euclid"}})
    http.result("PUT", POINTS + "?wait=true", {"batch": {
        "ids": list(range(COUNT)), "vectors": VECTORS.tolist(),
        "payloads": [{"shelf": f"s{row % 3}", "n": row} for row in range(COUNT)]}})
    http.result("PUT", "/collections/legacy_named", {"vectors": {"a": {"size": SIZE, "distance": "Euclid"}}})
    http.result("PUT", "/collections/legacy_named/points?wait=true", {"points": [
        {"id": row, "vector": {"a": vector(row)}} for row in range(COUNT)]})
    yield http
    http("DELETE", "/collections/legacy")
    http("DELETE", "/collections/legacy_named")


SHELF = {"must": [{"key": "shelf", "match": {"value": "s1"}}]}


def hits(points):
    return [(point["id"], round(point["score"], 4)) for point in points]


def test_search(legacy):
    found = legacy.result("POST", POINTS + "/search", {
        "vector": vector(3), "limit": 5, "filter": SHELF, "with_payload": ["n"], "with_vector": True,
        "params": {"hnsw_ef": 64, "exact": False}, "score_threshold": 100})
    wanted = legacy.result("POST", POINTS + "/query", {"query": vector(3), "limit": 5, "filter": SHELF})["points"]
    assert isinstance(found, list) and len(found) == 5
    assert hits(found) == hits(wanted)
    assert all(set(point["payload"]) == {"n"} and point["payload"]["n"] % 3 == 1 for point in found)
    assert found[0]["vector"] == pytest.approx(vector(found[0]["id"]), abs=1e-5)
    distances = np.linalg.norm(VECTORS - VECTORS[3], axis=1)
    assert [score for _, score in hits(found)] == pytest.approx(sorted(distances[1::3])[:5], abs=1e-3)


def test_search_aliases_offset_and_defaults(legacy):
    first = legacy.result("POST", POINTS + "/search", {"vector": vector(0), "top": 6})
    later = legacy.result("POST", POINTS + "/search", {"vector": vector(0), "limit": 3, "offset": 3})
    assert hits(later) == hits(first)[3:]
    assert not first[0].get("payload") and not first[0].get("vector") and "version" in first[0]


def test_search_named(legacy):
    found = legacy.result("POST", "/collections/legacy_named/points/search", {
        "vector": {"name": "a", "vector": vector(7)}, "limit": 1})
    assert hits(found) == [(7, 0)]


def test_search_batch(legacy):
    searches = [{"vector": vector(row), "limit": 2} for row in (1, 2)]
    answers = legacy.result("POST", POINTS + "/search/batch", {"searches": searches})
    assert [hits(answer) for answer in answers] == \
        [hits(legacy.result("POST", POINTS + "/search", each)) for each in searches]


def test_search_groups(legacy):
    request = {"group_by": "shelf", "group_size": 2, "limit": 3}
    groups = legacy.result("POST", POINTS + "/search/groups", {"vector": vector(5), **request})["groups"]
    wanted = legacy.result("POST", POINTS + "/query/groups", {"query": vector(5), **request})["groups"]
    assert [(group["id"], hits(group["hits"])) for group in groups] == \
        [(group["id"], hits(group["hits"])) for group in wanted]
    assert {group["id"] for group in groups} == {"s0", "s1", "s2"}


@pytest.mark.parametrize("strategy", [None, "average_vector", "best_score", "sum_scores"])
def test_recommend(legacy, strategy):
    examples = {"positive": [1, 2], "negative": [3]} | ({"strategy": strategy} if strategy else {})
    found = legacy.result("POST", POINTS + "/recommend", {**examples, "limit": 7, "filter": SHELF})
    wanted = legacy.result("POST", POINTS + "/query", {
        "query": {"recommend": examples}, "limit": 7, "filter": SHELF})["points"]
    assert hits(found) == hits(wanted) and len(found) == 7
    assert not {1, 2, 3} & {point["id"] for point in found}


def test_recommend_lookup_using_and_batch(legacy):
    request = {"positive": [4], "limit": 3, "lookup_from": {"collection": "legacy_named", "vector": "a"}}
    found = legacy.result("POST", POINTS + "/recommend", request)
    assert hits(found) == hits(legacy.result("POST", POINTS + "/search", {"vector": vector(4), "limit": 3}))
    answers = legacy.result("POST", POINTS + "/recommend/batch", {"searches": [request, {"positive": [5], "limit": 1}]})
    assert hits(answers[0]) == hits(found) and len(answers[1]) == 1
    named = legacy.result("POST", "/collections/legacy_named/points/recommend", {
        "positive": [4], "using": "a", "limit": 2})
    assert hits(named) == hits(legacy.result("POST", POINTS + "/recommend", {"positive": [4], "limit": 2}))


def test_recommend_groups(legacy):
    groups = legacy.result("POST", POINTS + "/recommend/groups", {
        "positive": [10], "group_by": "shelf", "group_size": 1, "limit": 2})["groups"]
    assert len(groups) == 2 and all(len(group["hits"]) == 1 for group in groups)
    assert 10 not in [hit["id"] for group in groups for hit in group["hits"]]


def test_scroll_as_old_clients_call_it(legacy):
    page = legacy.result("POST", POINTS + "/scroll", {
        "limit": 2, "filter": SHELF, "with_payload": True, "with_vectors": True})
    assert [record["id"] for record in page["points"]] == [1, 4] and page["next_page_offset"] == 7
    assert page["points"][0]["payload"] == {"shelf": "s1", "n": 1} and len(page["points"][0]["vector"]) == SIZE


@pytest.mark.parametrize("path, body", [
    ("/search", {"vector": [1.0, 2.0], "limit": 1}), ("/search", {"vector": {"name": "x", "vector": [1.0]}, "limit": 1}),
    ("/recommend", {"positive": [], "limit": 1}), ("/search", {"limit": 1})])
def test_refused(legacy, path, body):
    answer = legacy("POST", POINTS + path, body)
    assert 400 <= answer.status_code < 500 and answer.json()["status"]["error"]
