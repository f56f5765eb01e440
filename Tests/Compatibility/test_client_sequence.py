"""What a script written for Qdrant does with qdrant-client, step by step."""

import time
import uuid
import warnings

import numpy as np
import pytest
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

from conftest import AGAINST_MEMORY

COUNT = 200
SIZE = 16
VECTORS = np.random.default_rng(5).standard_normal((COUNT, SIZE)).astype(np.float32)
UNIT = VECTORS / np.linalg.norm(VECTORS, axis=1, keepdims=True)
BRANDS = ["acme", "globex", "initech", "umbrella"]

needs_server = pytest.mark.skipif(AGAINST_MEMORY, reason="local mode has no such thing")


def payload_of(number):
    return {"brand": BRANDS[number % 4], "price": number * 0.5, "stock": number % 10,
            "tags": [f"t{number % 3}", f"t{number % 5}"], "maker": {"city": "Berlin" if number % 2 else "Paris"}}


def matching(key, value):
    return models.Filter(must=[models.FieldCondition(key=key, match=models.MatchValue(value=value))])


def ids(points):
    return [point.id for point in points]


def nearest(query, allowed=range(COUNT), limit=10):
    """Brute force: the best rows by cosine."""
    scores = UNIT @ (query / np.linalg.norm(query))
    return sorted(allowed, key=lambda row: -scores[row])[:limit]


@pytest.fixture
def products(client, collection):
    """200 points of which everything is known."""
    client.create_collection(collection, vectors_config=models.VectorParams(size=SIZE, distance=models.Distance.COSINE))
    client.upload_collection(collection, vectors=VECTORS, payload=map(payload_of, range(COUNT)), ids=range(COUNT),
                             batch_size=64, wait=True)
    return collection


# Connecting and collections.

@needs_server
def test_the_client_accepts_the_server_version(server):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        QdrantClient(url=server.url, check_compatibility=True).close()


def test_collection_life(client, collection):
    assert not client.collection_exists(collection)
    assert client.create_collection(
        collection, vectors_config=models.VectorParams(size=4, distance=models.Distance.DOT)) is True
    assert client.collection_exists(collection)
    assert collection in [each.name for each in client.get_collections().collections]
    assert client.delete_collection(collection)
    assert not client.collection_exists(collection)
    assert not client.delete_collection(collection)


@needs_server
def test_collection_info_tells_the_truth(client, products):
    client.create_payload_index(products, "brand", models.PayloadSchemaType.KEYWORD, wait=True)
    client.create_payload_index(products, "stock", models.IntegerIndexParams(
        type=models.IntegerIndexType.INTEGER, lookup=True, range=True), wait=True)
    info = client.get_collection(products)
    assert info.points_count == COUNT
    assert info.optimizer_status == models.OptimizersStatusOneOf.OK
    assert info.segments_count >= 1
    assert wait_until_green(client, products).status == models.CollectionStatus.GREEN
    params = info.config.params
    assert params.vectors == models.VectorParams(size=SIZE, distance=models.Distance.COSINE)
    assert params.shard_number == 1 and params.replication_factor == 1 and params.on_disk_payload is True
    assert (info.config.hnsw_config.m, info.config.hnsw_config.ef_construct) == (16, 100)
    assert info.payload_schema["brand"].data_type == models.PayloadSchemaType.KEYWORD
    assert info.payload_schema["brand"].points == COUNT
    assert info.payload_schema["stock"].data_type == models.PayloadSchemaType.INTEGER
    client.delete_payload_index(products, "brand", wait=True)
    assert list(client.get_collection(products).payload_schema) == ["stock"]


def wait_until_green(client, name, timeout_seconds=60):
    deadline = time.monotonic() + timeout_seconds
    while (info := client.get_collection(name)).status != models.CollectionStatus.GREEN and time.monotonic() < deadline:
        time.sleep(0.05)
    return info


@needs_server
def test_collection_config_is_echoed_and_updated(client, collection):
    client.create_collection(
        collection,
        vectors_config={"image": models.VectorParams(size=4, distance=models.Distance.DOT,
                                                     hnsw_config=models.HnswConfigDiff(m=8)),
                        "text": models.VectorParams(size=8, distance=models.Distance.EUCLID, on_disk=True)},
        hnsw_config=models.HnswConfigDiff(ef_construct=50, m=24),
        optimizers_config=models.OptimizersConfigDiff(indexing_threshold=5000),
        on_disk_payload=False)
    config = client.get_collection(collection).config
    assert config.params.vectors["image"].hnsw_config.m == 8
    assert config.params.vectors["text"] == models.VectorParams(
        size=8, distance=models.Distance.EUCLID, on_disk=True)
    assert config.params.on_disk_payload is False
    assert (config.hnsw_config.m, config.hnsw_config.ef_construct) == (24, 50)
    assert config.optimizer_config.indexing_threshold == 5000
    assert config.optimizer_config.deleted_threshold == pytest.approx(0.2)

    assert client.update_collection(
        collection, optimizers_config=models.OptimizersConfigDiff(indexing_threshold=7000),
        hnsw_config=models.HnswConfigDiff(ef_construct=123),
        vectors_config={"text": models.VectorParamsDiff(hnsw_config=models.HnswConfigDiff(m=32))})
    config = client.get_collection(collection).config
    assert config.optimizer_config.indexing_threshold == 7000
    assert (config.hnsw_config.m, config.hnsw_config.ef_construct) == (24, 123)
    assert config.params.vectors["text"].hnsw_config.m == 32


def test_aliases(client, products):
    other = products + "_other"
    client.create_collection(other, vectors_config=models.VectorParams(size=SIZE, distance=models.Distance.COSINE))
    try:
        def change(*actions):
            assert client.update_collection_aliases(change_aliases_operations=list(actions))

        def create(target, alias):
            return models.CreateAliasOperation(
                create_alias=models.CreateAlias(collection_name=target, alias_name=alias))

        def delete(alias):
            return models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=alias))

        change(create(products, "live"))
        assert client.count("live").count == COUNT
        assert ids(client.query_points("live", query=VECTORS[3].tolist(), limit=1).points) == [3]
        assert [(each.alias_name, each.collection_name) for each in client.get_aliases().aliases
                if each.alias_name == "live"] == [("live", products)]
        change(delete("live"), create(other, "live"))
        assert client.count("live").count == 0
        assert [each.alias_name for each in client.get_collection_aliases(other).aliases] == ["live"]
        assert client.get_collection_aliases(products).aliases == []
        change(models.RenameAliasOperation(
            rename_alias=models.RenameAlias(old_alias_name="live", new_alias_name="current")))
        assert [each.alias_name for each in client.get_collection_aliases(other).aliases] == ["current"]
        change(delete("current"))
        assert client.get_collection_aliases(other).aliases == []
    finally:
        client.delete_collection(other)


# Writing points.

def test_upsert_as_list_and_as_batch(client, collection):
    client.create_collection(collection, vectors_config=models.VectorParams(size=2, distance=models.Distance.DOT))
    result = client.upsert(collection, wait=True, points=[
        models.PointStruct(id=1, vector=[1, 2], payload={"a": 1}), models.PointStruct(id=2, vector=[3, 4])])
    assert result.status == models.UpdateStatus.COMPLETED
    client.upsert(collection, wait=True, points=models.Batch(
        ids=[2, 3], vectors=[[5, 6], [7, 8]], payloads=[{"b": True}, {}]))
    records = client.retrieve(collection, ids=[3, 1, 2, 99], with_vectors=True)
    assert sorted((each.id, each.vector, each.payload or {}) for each in records) == \
        [(1, [1, 2], {"a": 1}), (2, [5, 6], {"b": True}), (3, [7, 8], {})]


def test_upsert_replaces_the_whole_point(client, collection):
    client.create_collection(collection, vectors_config={
        "a": models.VectorParams(size=1, distance=models.Distance.DOT),
        "b": models.VectorParams(size=1, distance=models.Distance.DOT)})
    client.upsert(collection, wait=True, points=[
        models.PointStruct(id=1, vector={"a": [1], "b": [2]}, payload={"x": 1, "y": 2})])
    client.upsert(collection, wait=True, points=[models.PointStruct(id=1, vector={"b": [3]}, payload={"y": 4})])
    record, = client.retrieve(collection, ids=[1], with_vectors=True)
    assert (record.vector, record.payload) == ({"b": [3]}, {"y": 4})


def test_upload_points(client, collection):
    client.create_collection(collection, vectors_config=models.VectorParams(size=SIZE, distance=models.Distance.EUCLID))
    client.upload_points(collection, wait=True, batch_size=32, points=(
        models.PointStruct(id=number, vector=VECTORS[number].tolist(), payload=payload_of(number))
        for number in range(COUNT)))
    assert client.count(collection).count == COUNT
    point, = client.query_points(collection, query=VECTORS[7].tolist(), limit=1).points
    assert point.id == 7 and point.score == pytest.approx(0, abs=1e-3)


@needs_server
def test_upload_with_several_processes(client, collection):
    client.create_collection(collection, vectors_config=models.VectorParams(size=SIZE, distance=models.Distance.COSINE))
    client.upload_collection(collection, vectors=VECTORS, ids=range(COUNT), batch_size=16, parallel=2, wait=True)
    assert client.count(collection).count == COUNT


def test_uuid_ids(client, collection):
    client.create_collection(collection, vectors_config=models.VectorParams(size=1, distance=models.Distance.DOT))
    first, second = uuid.UUID(int=7), uuid.UUID(int=2**127 + 1)
    client.upsert(collection, wait=True, points=[
        models.PointStruct(id=str(second), vector=[2]), models.PointStruct(id=first.hex, vector=[1]),
        models.PointStruct(id=10, vector=[3]), models.PointStruct(id=2**64 - 1, vector=[0])])
    records, following = client.scroll(collection, limit=10)
    assert ids(records) == [10, 2**64 - 1, str(first), str(second)]
    assert following is None
    assert ids(client.retrieve(collection, ids=[str(first)])) == [str(first)]
    assert ids(client.query_points(collection, query=str(second), limit=1).points) == [10]
    client.delete(collection, points_selector=[str(first)], wait=True)
    assert client.count(collection).count == 3


def test_cosine_vectors_come_back_normalised(client, collection):
    client.create_collection(collection, vectors_config=models.VectorParams(size=2, distance=models.Distance.COSINE))
    client.upsert(collection, wait=True, points=[
        models.PointStruct(id=1, vector=[3, 4]), models.PointStruct(id=2, vector=[0, 0])])
    vectors = {each.id: each.vector for each in client.retrieve(collection, ids=[1, 2], with_vectors=True)}
    assert vectors[1] == pytest.approx([0.6, 0.8])
    assert vectors[2] == [0, 0]


def test_named_vectors_and_points_that_lack_some(client, collection):
    client.create_collection(collection, vectors_config={
        "image": models.VectorParams(size=2, distance=models.Distance.DOT),
        "text": models.VectorParams(size=3, distance=models.Distance.EUCLID)})
    client.upsert(collection, wait=True, points=[
        models.PointStruct(id=1, vector={"image": [1, 0], "text": [1, 1, 1]}),
        models.PointStruct(id=2, vector={"image": [2, 0]}),
        models.PointStruct(id=3, vector={"text": [0, 0, 0]}),
        models.PointStruct(id=4, vector={})])
    assert ids(client.query_points(collection, query=[1, 0], using="image").points) == [2, 1]
    assert ids(client.query_points(collection, query=[0, 0, 0], using="text").points) == [3, 1]
    assert client.count(collection).count == 4
    having = models.Filter(must=[models.HasVectorCondition(has_vector="image")])
    assert ids(client.scroll(collection, scroll_filter=having)[0]) == [1, 2]
    record, = client.retrieve(collection, ids=[1], with_vectors=["text"])
    assert record.vector == {"text": [1, 1, 1]}

    client.update_vectors(collection, wait=True, points=[models.PointVectors(id=3, vector={"image": [9, 0]})])
    assert ids(client.query_points(collection, query=[1, 0], using="image").points) == [3, 2, 1]
    client.delete_vectors(collection, vectors=["image"], points=[1, 3], wait=True)
    assert ids(client.query_points(collection, query=[1, 0], using="image").points) == [2]
    record, = client.retrieve(collection, ids=[3], with_vectors=True)
    assert record.vector == {"text": [0, 0, 0]}


# Payload.

def test_payload_updates(client, products):
    def payload(number):
        return client.retrieve(products, ids=[number])[0].payload or {}

    client.set_payload(products, payload={"stock": 99, "new": {"a": [1]}}, points=[1, 2], wait=True)
    assert payload(1) == payload_of(1) | {"stock": 99, "new": {"a": [1]}}
    client.set_payload(products, payload={"b": 2}, key="new", points=[1], wait=True)
    assert payload(1)["new"] == {"a": [1], "b": 2}
    client.set_payload(products, payload={"sale": True}, points=matching("brand", "acme"), wait=True)
    assert client.count(products, count_filter=matching("sale", True)).count == COUNT // 4
    client.overwrite_payload(products, payload={"only": "this"}, points=[2], wait=True)
    assert payload(2) == {"only": "this"}
    client.delete_payload(products, keys=["tags", "maker.city"], points=[3], wait=True)
    assert payload(3) == {key: value for key, value in payload_of(3).items() if key != "tags"} | {"maker": {}}
    client.clear_payload(products, points_selector=[4, 5], wait=True)
    assert payload(4) == {} and payload(5) == {}
    empty = models.Filter(must=[models.IsEmptyCondition(is_empty=models.PayloadField(key="brand"))])
    assert ids(client.scroll(products, scroll_filter=empty)[0]) == [2, 4, 5]


def test_payload_comes_back_as_sent(client, collection):
    client.create_collection(collection, vectors_config=models.VectorParams(size=1, distance=models.Distance.DOT))
    sent = {"text": "naïve \"quotes\" \\ \n 東京 🏹", "big": 2**63 - 1, "negative": -(2**63), "huge": 2**64 - 1,
            "float": 0.1, "whole": 3.0, "small": 5e-324, "null": None, "list": [1, [2, []], {"x": {}}],
            "": "an empty key", "a.b": 1, "yes": True}
    client.upsert(collection, wait=True, points=[models.PointStruct(id=1, vector=[1], payload=sent)])
    assert client.retrieve(collection, ids=[1])[0].payload == sent


def test_payload_selection(client, products):
    def selected(selector):
        return client.query_points(products, query=VECTORS[9].tolist(), limit=1, with_payload=selector).points[0].payload

    full = payload_of(9)
    assert selected(True) == full
    assert not selected(False)
    assert selected(["brand", "maker.city"]) == {"brand": full["brand"], "maker": full["maker"]}
    assert selected(models.PayloadSelectorInclude(include=["price"])) == {"price": full["price"]}
    assert selected(models.PayloadSelectorExclude(exclude=["tags", "maker"])) == \
        {key: value for key, value in full.items() if key not in ("tags", "maker")}


def test_filters_do_not_depend_on_indexes(client, products):
    questions = [
        matching("brand", "acme"), matching("tags", "t4"), matching("maker.city", "Paris"), matching("stock", 3),
        models.Filter(must=[models.FieldCondition(key="price", range=models.Range(gte=10, lt=20.5))]),
        models.Filter(must_not=[models.FieldCondition(key="brand", match=models.MatchAny(any=["acme", "globex"]))]),
        models.Filter(should=[matching("stock", 1), matching("stock", 2)]),
    ]

    def answers():
        return [(client.count(products, count_filter=each).count, ids(client.scroll(products, each, limit=500)[0]))
                for each in questions]

    before = answers()
    assert [count for count, _ in before] == [50, 40, 100, 20, 21, 100, 40]
    for key, schema in [("brand", "keyword"), ("tags", "keyword"), ("stock", "integer"), ("price", "float"),
                        ("maker.city", "keyword")]:
        client.create_payload_index(products, key, schema, wait=True)
    assert answers() == before
    client.set_payload(products, payload={"brand": "acme"}, points=[1], wait=True)
    assert client.count(products, count_filter=questions[0]).count == 51
    client.delete_payload_index(products, "brand", wait=True)
    assert client.count(products, count_filter=questions[0]).count == 51


# Querying.

def test_query_by_vector(client, products):
    query = VECTORS[11] + 0.1
    points = client.query_points(products, query=query.tolist(), limit=10).points
    assert ids(points) == nearest(query)
    assert points[0].score == pytest.approx(float(UNIT[ids(points)[0]] @ query / np.linalg.norm(query)), abs=1e-5)
    assert points[0].payload == payload_of(points[0].id) and points[0].vector is None
    exact = models.SearchParams(exact=True, hnsw_ef=32)
    assert ids(client.query_points(products, query=query, limit=10, search_params=exact).points) == nearest(query)


def test_query_by_id_leaves_the_id_out(client, products):
    expected = [row for row in nearest(VECTORS[20], limit=11) if row != 20]
    assert ids(client.query_points(products, query=20, limit=10).points) == expected


def test_query_pages(client, products):
    query = VECTORS[0].tolist()
    pages = [ids(client.query_points(products, query=query, limit=5, offset=offset).points) for offset in (0, 5, 10)]
    assert sum(pages, []) == nearest(VECTORS[0], limit=15)
    assert client.query_points(products, query=query, limit=5, offset=COUNT).points == []


def test_query_with_filter_threshold_and_vectors(client, products):
    query = VECTORS[30].tolist()
    points = client.query_points(products, query=query, query_filter=matching("brand", "initech"), limit=10,
                                 with_payload=True, with_vectors=True).points
    assert ids(points) == nearest(VECTORS[30], range(2, COUNT, 4))
    assert {point.payload["brand"] for point in points} == {"initech"}
    assert points[0].vector == pytest.approx(UNIT[points[0].id].tolist(), abs=1e-5)
    third = client.query_points(products, query=query, limit=3).points[-1].score
    above = client.query_points(products, query=query, score_threshold=third - 1e-4, limit=100).points
    assert all(point.score > third - 1e-4 for point in above) and len(above) >= 3
    assert client.query_points(products, query=query, score_threshold=1.5).points == []


def test_query_without_a_query_lists_points(client, products):
    points = client.query_points(products, limit=3, query_filter=matching("stock", 7)).points
    assert ids(points) == [7, 17, 27]


@pytest.mark.parametrize("strategy", [None, *models.RecommendStrategy])
def test_recommend(client, products, strategy):
    positive, negative = [3, 8], [5]
    points = client.query_points(products, limit=10, query=models.RecommendQuery(recommend=models.RecommendInput(
        positive=positive, negative=negative, strategy=strategy))).points
    similarity = UNIT @ UNIT[positive + negative].T
    liked, disliked = similarity[:, :2], similarity[:, 2:]
    match strategy:
        case None | models.RecommendStrategy.AVERAGE_VECTOR:
            target = 2 * UNIT[positive].mean(axis=0) - UNIT[negative].mean(axis=0)
            scores = UNIT @ (target / np.linalg.norm(target))
        case models.RecommendStrategy.BEST_SCORE:
            best, worst = liked.max(axis=1), disliked.max(axis=1)
            scores = np.where(best > worst, squash(best), -squash(worst))
        case models.RecommendStrategy.SUM_SCORES:
            scores = liked.sum(axis=1) - disliked.sum(axis=1)
    rows = [row for row in np.argsort(-scores) if row not in positive + negative][:10]
    assert ids(points) == rows
    assert [point.score for point in points] == pytest.approx(scores[rows].tolist(), abs=1e-5)


def squash(similarity):
    return 0.5 * (similarity / (1 + np.abs(similarity)) + 1)


def test_recommend_within_a_category_and_from_raw_vectors(client, products):
    by_id = client.query_points(products, limit=5, query_filter=matching("brand", "acme"), query=models.RecommendQuery(
        recommend=models.RecommendInput(positive=[4]))).points
    assert ids(by_id) == [row for row in nearest(VECTORS[4], range(0, COUNT, 4), 6) if row != 4]
    by_vector = client.query_points(products, limit=5, query=models.RecommendQuery(
        recommend=models.RecommendInput(positive=[VECTORS[4].tolist()]))).points
    assert ids(by_vector) == nearest(VECTORS[4], limit=5)


def test_lookup_from_another_collection(client, products, collection):
    users = collection + "_users"
    client.create_collection(users, vectors_config={"taste": models.VectorParams(
        size=SIZE, distance=models.Distance.COSINE)})
    try:
        client.upsert(users, wait=True, points=[models.PointStruct(id=3, vector={"taste": VECTORS[50].tolist()})])
        points = client.query_points(products, query=3, limit=4, lookup_from=models.LookupLocation(
            collection=users, vector="taste")).points
        assert ids(points) == nearest(VECTORS[50], limit=4)
    finally:
        client.delete_collection(users)


def test_query_batch(client, products):
    answers = client.query_batch_points(products, requests=[
        models.QueryRequest(query=VECTORS[1].tolist(), limit=3),
        models.QueryRequest(query=2, limit=2, filter=matching("brand", "globex"), with_payload=True),
        models.QueryRequest(limit=1)])
    assert [ids(answer.points) for answer in answers] == \
        [nearest(VECTORS[1], limit=3), nearest(VECTORS[2], range(1, COUNT, 4), 2), [0]]
    assert answers[1].points[0].payload["brand"] == "globex"


def test_query_groups(client, products):
    groups = client.query_points_groups(
        products, query=VECTORS[0].tolist(), group_by="brand", group_size=3, limit=4, with_payload=True).groups
    order = nearest(VECTORS[0], limit=COUNT)
    expected = {}
    for row in order:
        expected.setdefault(BRANDS[row % 4], []).append(row)
    assert [(group.id, ids(group.hits)) for group in groups] == [(brand, rows[:3]) for brand, rows in expected.items()]


# Reading without a query.

def test_scroll_through_everything(client, products):
    seen, offset = [], None
    while True:
        records, offset = client.scroll(products, limit=33, offset=offset)
        seen += records
        if offset is None:
            break
    assert ids(seen) == list(range(COUNT))
    assert seen[5].payload == payload_of(5) and seen[5].vector is None
    records, offset = client.scroll(products, scroll_filter=matching("brand", "acme"), limit=2, offset=9)
    assert (ids(records), offset) == ([12, 16], 20)


def test_scroll_ordered(client, products):
    client.create_payload_index(products, "price", models.PayloadSchemaType.FLOAT, wait=True)
    records, offset = client.scroll(products, order_by="price", limit=4)
    assert ids(records) == [0, 1, 2, 3] and offset is None
    records, _ = client.scroll(products, limit=3, scroll_filter=matching("brand", "acme"), order_by=models.OrderBy(
        key="price", direction=models.Direction.DESC, start_from=50.0))
    assert ids(records) == [100, 96, 92]
    assert [record.order_value for record in records] == [50, 48, 46]


def test_count(client, products):
    assert client.count(products).count == COUNT
    assert client.count(products, count_filter=matching("stock", 4), exact=True).count == 20
    assert 0 <= client.count(products, count_filter=matching("stock", 4), exact=False).count <= COUNT


# Changing many things.

def test_batch_update_points_in_order(client, products):
    results = client.batch_update_points(products, wait=True, update_operations=[
        models.UpsertOperation(upsert=models.PointsList(points=[
            models.PointStruct(id=1000, vector=VECTORS[0].tolist(), payload={"v": 1})])),
        models.SetPayloadOperation(set_payload=models.SetPayload(payload={"w": 2}, points=[1000])),
        models.UpdateVectorsOperation(update_vectors=models.UpdateVectors(points=[
            models.PointVectors(id=1000, vector=VECTORS[1].tolist())])),
        models.OverwritePayloadOperation(overwrite_payload=models.SetPayload(payload={"x": 3}, points=[0])),
        models.DeletePayloadOperation(delete_payload=models.DeletePayload(keys=["tags"], points=[1])),
        models.ClearPayloadOperation(clear_payload=models.PointIdsList(points=[2])),
        models.DeleteOperation(delete=models.PointIdsList(points=[3, 4]))])
    assert [each.status for each in results] == [models.UpdateStatus.COMPLETED] * 7
    records = {each.id: each for each in client.retrieve(
        products, ids=[0, 1, 2, 3, 4, 1000], with_vectors=True)}
    assert sorted(records) == [0, 1, 2, 1000]
    assert records[1000].payload == {"v": 1, "w": 2}
    assert records[1000].vector == pytest.approx(UNIT[1].tolist(), abs=1e-5)
    assert records[0].payload == {"x": 3} and "tags" not in records[1].payload and not records[2].payload


def test_update_vectors_changes_the_next_answer(client, products):
    client.update_vectors(products, wait=True, points=[models.PointVectors(id=77, vector=(-VECTORS[0]).tolist())])
    assert ids(client.query_points(products, query=(-VECTORS[0]).tolist(), limit=1).points) == [77]
    assert client.retrieve(products, ids=[77])[0].payload == payload_of(77)


def test_delete_by_ids_and_by_filter(client, products):
    client.delete(products, points_selector=[0, 1, 5000], wait=True)
    assert client.count(products).count == COUNT - 2
    client.delete(products, points_selector=models.FilterSelector(filter=matching("brand", "acme")), wait=True)
    assert client.count(products).count == COUNT - 2 - 49
    points = client.query_points(products, query=VECTORS[0].tolist(), limit=COUNT).points
    assert len(points) == COUNT - 51 and not any(point.id % 4 == 0 for point in points)


@needs_server
def test_missing_things_are_errors_of_the_client(client, products):
    with pytest.raises(UnexpectedResponse) as missing:
        client.get_collection("nobody_made_this")
    assert missing.value.status_code == 404
    with pytest.raises(UnexpectedResponse) as existing:
        client.create_collection(products, vectors_config=models.VectorParams(size=2, distance=models.Distance.DOT))
    assert existing.value.status_code == 409
