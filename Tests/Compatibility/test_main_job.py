"""The main job on real data: 5,000 products loaded, kept up to date, and asked for filtered recommendations."""

import json
import time

import numpy as np
import pytest
from qdrant_client import QdrantClient, models

from quiver_server import SAMPLE_PAYLOADS, SAMPLE_VECTORS, QuiverServer

NAME = "products"
VECTORS = np.load(SAMPLE_VECTORS).astype(np.float32)
PAYLOADS = [json.loads(line) for line in SAMPLE_PAYLOADS.open(encoding="utf-8")]
COUNT = len(PAYLOADS)
INDEXES = {"section": "keyword", "team": "keyword", "tags": "keyword", "installed_size": "integer", "has_homepage": "bool"}
QUERIES = np.random.default_rng(3).choice(COUNT, 100, replace=False)


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A server of its own, because these tests restart it."""
    with QuiverServer(tmp_path_factory.mktemp("main_job") / "storage") as server:
        client = connect(server)
        # A low threshold: the graph has to be built, which a collection of 5,000 would not need otherwise.
        client.create_collection(
            NAME, vectors_config=models.VectorParams(size=VECTORS.shape[1], distance=models.Distance.COSINE),
            optimizers_config=models.OptimizersConfigDiff(indexing_threshold=100))
        for key, schema in INDEXES.items():
            client.create_payload_index(NAME, key, schema, wait=True)
        client.upload_collection(NAME, vectors=VECTORS, payload=PAYLOADS, ids=range(COUNT), batch_size=256, wait=True)
        settle(client)
        yield server


def connect(server):
    return QdrantClient(url=server.url, timeout=60)


@pytest.fixture
def client(running):
    return connect(running)


def settle(client, timeout_seconds=180):
    """Waits until background work is done and nearly all vectors are in a graph."""
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline:
        info = client.get_collection(NAME)
        if info.status == models.CollectionStatus.GREEN and info.indexed_vectors_count >= 0.9 * COUNT:
            return info
        time.sleep(0.1)
    raise AssertionError(f"not indexed after {timeout_seconds} s: {info.status}, "
                         f"{info.indexed_vectors_count} of {COUNT} vectors in a graph")


def match(key, value):
    return models.FieldCondition(key=key, match=models.MatchValue(value=value))


def below(key, value):
    return models.FieldCondition(key=key, range=models.Range(lt=value))


def size_below_share(share):
    """An installed size below which about this share of the products lies."""
    return int(np.quantile([payload["installed_size"] for payload in PAYLOADS], share))


def ids(points):
    return [point.id for point in points]


def test_counts(client):
    info = client.get_collection(NAME)
    assert info.points_count == COUNT == client.count(NAME).count
    assert {key: index.points for key, index in info.payload_schema.items()}["section"] == COUNT
    libraries = models.Filter(must=[match("section", "libs")])
    assert client.count(NAME, count_filter=libraries).count == sum(each["section"] == "libs" for each in PAYLOADS)


FILTERS = {
    "none": None,
    "50 %": models.Filter(must=[below("installed_size", size_below_share(0.5))]),
    "10 %": models.Filter(must=[match("section", "libs")]),
    "1 %": models.Filter(must=[match("section", "libs"), below("installed_size", 50)]),
    "0.1 %": models.Filter(must=[below("installed_size", size_below_share(0.001) + 1)]),
}


@pytest.mark.parametrize("share", FILTERS)
def test_recall(client, share):
    """recall@10 of the graph at hnsw_ef 128 against an exact search, which numpy confirms."""
    found = total = 0
    matching = {record.id for record in client.scroll(NAME, FILTERS[share], limit=COUNT, with_payload=False)[0]}
    rows = np.array(sorted(matching))
    print(f"filter {share}: {len(matching)} of {COUNT} products")
    assert len(matching) >= 1
    unit = VECTORS[rows] / np.linalg.norm(VECTORS[rows], axis=1, keepdims=True)
    for row in QUERIES:
        def ask(params):
            return client.query_points(NAME, query=VECTORS[row].tolist(), query_filter=FILTERS[share], limit=10,
                                       with_payload=False, search_params=params).points
        exact, graph = ask(models.SearchParams(exact=True)), ask(models.SearchParams(hnsw_ef=128))
        scores = np.sort(unit @ (VECTORS[row] / np.linalg.norm(VECTORS[row])))[::-1][:10]
        assert [point.score for point in exact] == pytest.approx(scores.tolist(), abs=1e-4)
        assert len(graph) == len(exact) == min(10, len(matching)) and set(ids(graph)) <= matching
        # Products of equal text have equal vectors: whoever reaches the tenth score is right.
        found += sum(point.score >= exact[-1].score - 1e-5 for point in graph)
        total += len(exact)
    print(f"recall@10 {found / total:.4f}")
    assert found / total >= 0.98


def test_recommendations_never_leave_the_category(client):
    for row in QUERIES[:40]:
        section = PAYLOADS[row]["section"]
        points = client.query_points(
            NAME, limit=10, query=models.RecommendQuery(recommend=models.RecommendInput(positive=[int(row)])),
            query_filter=models.Filter(must=[match("section", section)])).points
        assert {point.payload["section"] for point in points} <= {section}
        others = sum(payload["section"] == section for payload in PAYLOADS) - 1
        assert len(points) == min(10, others) and row not in ids(points)


def test_recommendations_of_other_brands(client):
    for row in QUERIES[:40]:
        section, team = PAYLOADS[row]["section"], PAYLOADS[row]["team"]
        points = client.query_points(
            NAME, limit=10, query=int(row), query_filter=models.Filter(
                must=[match("section", section)], must_not=[match("team", team)])).points
        matching = sum(payload["section"] == section and payload["team"] != team for payload in PAYLOADS)
        assert len(points) == min(10, matching)
        assert all(point.payload["team"] != team and point.payload["section"] == section for point in points)


def test_a_payload_update_changes_the_next_answer(client):
    available = models.Filter(must_not=[match("sold_out", True)])

    def answer():
        return ids(client.query_points(NAME, query=42, query_filter=available, limit=5).points)

    before = answer()
    client.set_payload(NAME, payload={"sold_out": True}, points=[before[0]], wait=True)
    assert answer()[:4] == before[1:]
    client.delete_payload(NAME, keys=["sold_out"], points=[before[0]], wait=True)
    assert answer() == before


def test_a_new_vector_changes_the_next_answer(client):
    client.update_vectors(NAME, points=[models.PointVectors(id=7, vector=VECTORS[8].tolist())], wait=True)
    assert ids(client.query_points(NAME, query=8, limit=1).points) == [7]
    client.update_vectors(NAME, points=[models.PointVectors(id=7, vector=VECTORS[7].tolist())], wait=True)
    assert client.query_points(NAME, query=VECTORS[7].tolist(), limit=1).points[0].score == pytest.approx(1, abs=1e-4)


def test_a_restart_keeps_everything(running, client):
    def state():
        fresh = connect(running)
        records, _ = fresh.scroll(NAME, limit=COUNT, with_vectors=True)
        scores = [[point.score for point in fresh.query_points(
            NAME, query=int(row), limit=10, query_filter=FILTERS["10 %"],
            search_params=models.SearchParams(exact=True)).points] for row in QUERIES[:10]]
        info = fresh.get_collection(NAME)
        return [(each.id, each.payload, each.vector) for each in records], np.array(scores), info

    before = state()
    seconds = running.restart()
    print(f"ready again after {seconds:.2f} s")
    after = state()
    changed = [pair for pair in zip(before[0], after[0]) if pair[0] != pair[1]]
    assert len(after[0]) == len(before[0]) and not changed, f"{len(changed)} points changed: {str(changed[:1])[:600]}"
    np.testing.assert_allclose(after[1], before[1], atol=1e-5)
    for field in ("config", "points_count", "payload_schema"):
        assert getattr(after[2], field) == getattr(before[2], field)
