"""Writing, asking and opening again, each against exact answers by numpy."""

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from conftest import DIMENSION, exact
from quiver_library import Database, QuiverError

UUID = "2d931510-d99f-494a-8c67-87feb05e1594"


def load(collection, rng, count, payload=True):
    vectors = rng.standard_normal((count, DIMENSION)).astype(np.float32)
    payloads = [{"parity": "even" if i % 2 == 0 else "odd", "number": i} for i in range(count)] if payload else None
    collection.upsert(np.arange(count), vectors, payloads)
    return vectors


def test_query_is_exact_on_a_small_collection(points, rng):
    vectors = load(points, rng, 500)
    for query in rng.standard_normal((20, DIMENSION)).astype(np.float32):
        hits = points.query(query, k=7)
        assert [i for i, _ in hits] == exact(vectors, query, 7)
        expected = vectors[hits[0][0]] @ query / np.linalg.norm(vectors[hits[0][0]]) / np.linalg.norm(query)
        assert hits[0][1] == pytest.approx(expected, abs=1e-5)
        assert [s for _, s in hits] == sorted((s for _, s in hits), reverse=True)


def test_filter_and_params(points, rng):
    vectors = load(points, rng, 500)
    points.create_index({"field_name": "parity", "field_schema": "keyword"})
    query = rng.standard_normal(DIMENSION).astype(np.float32)
    odd = {"must": [{"key": "parity", "match": {"value": "odd"}}, {"key": "number", "range": {"lt": 100}}]}
    hits = points.query(query, k=10, filter=odd, params={"exact": True})
    assert [i for i, _ in hits] == exact(vectors, query, 10, range(1, 100, 2))
    points.delete_index("parity")
    assert points.query(query, k=10, filter=odd) == hits
    assert points.query(query, k=10, filter={"must": [{"key": "parity", "match": {"value": "none"}}]}) == []


def test_fewer_points_than_asked_for(points, rng):
    load(points, rng, 3)
    assert len(points.query(np.ones(DIMENSION), k=10)) == 3
    assert len(points.query_many(np.ones((2, DIMENSION)), k=10)[1]) == 3


def test_query_many_is_query(points, rng):
    load(points, rng, 2000)
    queries = rng.standard_normal((64, DIMENSION)).astype(np.float32)
    flt = {"must": [{"key": "number", "range": {"gte": 1000}}]}
    for filter in (None, flt):
        one_by_one = [points.query(query, k=5, ef=64, filter=filter) for query in queries]
        for threads in (0, 1, 2, 7):
            assert points.query_many(queries, k=5, ef=64, filter=filter, threads=threads) == one_by_one


def test_graph_finds_what_the_scan_found(database, rng):
    database.create("graph", {
        "vectors": {"size": DIMENSION, "distance": "Cosine"},
        "optimizers_config": {"indexing_threshold": 10, "default_segment_number": 1}})
    collection = database.collection("graph")
    vectors = load(collection, rng, 4000)
    collection.wait_indexed(60)
    info = collection.info()
    assert info["status"] == "green" and info["indexed_vectors_count"] == 4000
    queries = rng.standard_normal((50, DIMENSION)).astype(np.float32)
    found = [{i for i, _ in collection.query(query, k=10, ef=200)} for query in queries]
    hits = sum(len(f & set(exact(vectors, query, 10))) for f, query in zip(found, queries))
    assert hits >= 0.97 * 500
    # What was deleted or replaced after the build is not answered any more.
    first = [collection.query(query, k=1, ef=200)[0][0] for query in queries]
    collection.delete(sorted(set(first)))
    for query in queries:
        assert not {i for i, _ in collection.query(query, k=10, ef=200)} & set(first)
    collection.close()


def test_payload_lines(points):
    vectors = np.eye(4, DIMENSION, dtype=np.float32)
    lines = b'{"a": 1}\n\n{"a": "\xc3\xa9\\n"}'
    points.upsert([1, 2, 3, 4], vectors, lines)
    records = points.call("points", {"ids": [1, 2, 3, 4], "with_payload": True})
    assert [r["payload"] for r in records] == [{"a": 1}, {}, {"a": "é\n"}, {}]
    with pytest.raises(QuiverError, match="more payload lines than points"):
        points.upsert([1], vectors[:1], b'{"a": 1}\n{"a": 2}')
    with pytest.raises(QuiverError, match="payload 1") as refused:
        points.upsert([8, 9], vectors[:2], b'{"a": 1}\n[]')
    assert refused.value.status == "bad_input"
    assert points.call("points/count", {"exact": True})["count"] == 4


def test_named_vectors(database):
    database.create("named", {"vectors": {
        "text": {"size": 4, "distance": "Dot"}, "image": {"size": 2, "distance": "Euclid"}}})
    named = database.collection("named")
    named.upsert([1, 2], np.eye(2, 4), name="text")
    assert named.query([0, 1, 0, 0], k=1, name="text") == [(2, 1.0)]
    assert named.query([0, 1], k=1, name="image") == []
    with pytest.raises(QuiverError) as refused:
        named.query([0, 1], k=1)
    assert refused.value.status == "bad_input"
    named.close()


def test_uuids_go_through_json(points):
    body = {"points": [{"id": UUID, "vector": [1.0] * DIMENSION, "payload": {"a": 1}}]}
    assert points.call("points/upsert", body)["status"] == "completed"
    with pytest.raises(QuiverError) as refused:
        points.query(np.ones(DIMENSION))
    assert refused.value.status == "uuid"
    with pytest.raises(QuiverError) as refused:
        points.query_many(np.ones((3, DIMENSION)))
    assert refused.value.status == "uuid"
    hits = points.query_json({"query": [1.0] * DIMENSION, "with_payload": True})
    assert [(hit["id"], hit["payload"]) for hit in hits] == [(UUID, {"a": 1})]


def test_every_operation(points, rng):
    load(points, rng, 20)
    vector = [1.0] * DIMENSION
    search = {"vector": vector, "limit": 2}
    recommend = {"positive": [1], "limit": 2}
    groups = {"group_by": "parity", "group_size": 1, "limit": 2}
    reads = {
        "points": {"ids": [1]}, "points/scroll": {"limit": 2}, "points/count": {},
        "points/query": {"query": vector}, "points/query/batch": {"searches": [{"query": vector}]},
        "points/query/groups": {"query": vector, **groups}, "points/search": search,
        "points/search/batch": {"searches": [search]}, "points/search/groups": {**search, **groups},
        "points/recommend": recommend, "points/recommend/batch": {"searches": [recommend]},
        "points/recommend/groups": {**recommend, **groups},
    }
    for operation, body in reads.items():
        assert points.call(operation, body, timeout=30), operation
    updates = {
        "points/upsert": {"points": [{"id": 77, "vector": vector, "payload": {"a": 1}}]},
        "points/vectors/update": {"points": [{"id": 77, "vector": vector}]},
        "points/payload/set": {"payload": {"b": 1}, "points": [77]},
        "points/payload/overwrite": {"payload": {"c": 1, "d": 2}, "points": [77]},
        "points/payload/delete": {"keys": ["d"], "points": [77]},
        "points/batch": {"operations": [{"set_payload": {"payload": {"e": 1}, "points": [77]}}]},
    }
    for operation, body in updates.items():
        assert points.call(operation, body), operation
    assert points.call("points", {"ids": [77], "with_payload": True})[0]["payload"] == {"c": 1, "e": 1}
    points.call("points/payload/clear", {"points": [77]})
    points.call("points/vectors/delete", {"points": [77], "vector": [""]})
    points.call("points/delete", {"points": [77]})
    assert points.call("points", {"ids": [77]}) == []


def test_catalogue(database, points):
    database.call("aliases/update", {"actions": [{"create_alias": {"collection_name": "points", "alias_name": "p"}}]})
    assert database.call("aliases")["aliases"] == [{"alias_name": "p", "collection_name": "points"}]
    assert [c["name"] for c in database.call("collections")["collections"]] == ["points"]
    database.update("p", {"hnsw_config": {"ef_construct": 77}})
    assert points.info()["config"]["hnsw_config"]["ef_construct"] == 77
    database.delete("points")
    assert database.call("collections")["collections"] == []
    with pytest.raises(QuiverError) as refused:
        points.query(np.ones(DIMENSION))
    assert refused.value.status == "closed"


def test_what_was_written_is_there_after_reopening(tmp_path, rng):
    path = tmp_path / "storage"
    with Database(path) as database:
        database.create("points", {"vectors": {"size": DIMENSION, "distance": "Cosine"}})
        collection = database.collection("points")
        vectors = load(collection, rng, 1500)
        collection.delete([3])
    with Database(path) as database:
        collection = database.collection("points")
        assert collection.call("points/count", {"exact": True})["count"] == 1499
        query = vectors[3]
        assert [i for i, _ in collection.query(query, k=5)] == exact(vectors, query, 6)[1:]
        record = collection.call("points", {"ids": [8], "with_payload": True})[0]
        assert record["payload"] == {"parity": "even", "number": 8}


def test_threads_share_a_handle(points, rng):
    """Readers see whole batches while two writers replace them."""
    count = 64
    points.upsert(np.arange(count), rng.standard_normal((count, DIMENSION)), [{"round": 0}] * count)

    def write(base):
        for round in range(1, 30):
            ids = np.arange(base, count, 2)
            points.upsert(ids, np.full((len(ids), DIMENSION), 1.0 + round), [{"round": round}] * len(ids))

    def read(_):
        seen = 0
        for _ in range(150):
            hits = points.query(np.ones(DIMENSION), k=count)
            assert len({i for i, _ in hits}) == count
            pages = points.call("points/scroll", {"limit": count})["points"]
            assert len({r["payload"]["round"] for r in pages if r["id"] % 2 == 0}) == 1
            seen += len(hits)
        return seen

    with ThreadPoolExecutor(5) as pool:
        writers = [pool.submit(write, base) for base in (0, 1)]
        assert sum(pool.map(read, range(3))) == 3 * 150 * count
        for writer in writers:
            writer.result()
    rounds = {r["payload"]["round"] for r in points.call("points/scroll", {"limit": count})["points"]}
    assert rounds == {29}


def test_answers_are_those_of_the_rest_interface(points, rng):
    load(points, rng, 5)
    answer = points.call("points/query", json.dumps({"query": 3, "limit": 1, "with_payload": ["number"]}).encode())
    assert set(answer["points"][0]) == {"id", "version", "score", "payload"}
