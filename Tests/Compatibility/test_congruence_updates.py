"""Every call of qdrant-client leaves on Quiver what it leaves in local mode: writing, collections, aliases."""

import itertools
import uuid

import numpy as np
import pytest
from qdrant_client import QdrantClient, models

from congruence import DENSE, SIZES, SPARSE, Clients, Data
from conftest import AGAINST_MEMORY

pytestmark = [pytest.mark.skipif(AGAINST_MEMORY, reason="there is no server to compare"), pytest.mark.filterwarnings("ignore")]
FEW = models.Filter(must=[models.FieldCondition(key="digit", range=models.Range(lt=4))])


@pytest.fixture
def data():
    return Data(31)


@pytest.fixture
def clients(client, collection, data):
    """Both with 30 points, some of whose vectors are missing."""
    pair = Clients(client, QdrantClient(":memory:"), collection)
    points = data.points(30, with_gaps=True)
    pair.do(lambda each, name: each.create_collection(name, vectors_config=DENSE, sparse_vectors_config=SPARSE))
    pair.same(lambda each, name: each.upsert(name, points, wait=True))
    pair.same_contents()
    return pair


def test_upsert_forms(clients, data):
    clients.same(lambda client, name: client.upsert(name, data_points(data.__class__(5), [1, 500]), wait=True))
    batch = models.Batch(ids=[2, 501, str(uuid.UUID(int=77))], payloads=[{"a": 1}, {}, {"b": None}],
                         vectors={name: [Data(6).vector(name) for _ in range(3)] for name in ("text", "terms", "rows")})
    clients.same(lambda client, name: client.upsert(name, batch, wait=True))
    clients.same(lambda client, name: client.upsert(name, [models.PointStruct(id=3, vector={}, payload={"only": "payload"})], wait=True))
    clients.same_contents()


def data_points(data, ids):
    return [models.PointStruct(id=each, vector=data.vectors(), payload=data.payload(0)) for each in ids]


@pytest.mark.parametrize("mode", [None, *models.UpdateMode])
@pytest.mark.parametrize("filter", [None, FEW])
def test_conditional_upserts(clients, mode, filter):
    points = data_points(Data(8), [1, 2, 3, 4, 5, 6, 700, 701])
    clients.same(lambda client, name: client.upsert(name, points, wait=True, update_mode=mode, update_filter=filter))
    clients.same_contents()


def test_uploads(clients):
    points = data_points(Data(9), [*range(20, 60), str(uuid.UUID(int=5))])
    clients.do(lambda client, name: client.upload_points(name, points, batch_size=7, wait=True))
    vectors = {name: np.array([Data(10).row(size) for _ in range(25)]) for name, size in SIZES.items()}
    clients.do(lambda client, name: client.upload_collection(
        name, vectors=vectors, ids=range(100, 125), payload=[{"n": number} for number in range(25)], batch_size=10, wait=True))
    clients.do(lambda client, name: client.upload_collection(
        name, vectors=itertools.islice(({"text": Data(10).vector("text")} for _ in itertools.count()), 5), ids=range(200, 205), wait=True))
    clients.same_contents()


SELECTORS = {"ids": [1, 2, 5], "list": models.PointIdsList(points=[3, 4]), "filter": FEW, "filter selector": models.FilterSelector(filter=FEW),
             "everything": models.Filter()}


@pytest.mark.parametrize("selector", SELECTORS)
def test_payloads(clients, selector):
    points = SELECTORS[selector]
    steps = [
        lambda client, name: client.set_payload(name, {"word": "new", "added": {"deep": [1, 2]}}, points=points, wait=True),
        lambda client, name: client.set_payload(name, {"name": "Bern"}, points=points, key="city", wait=True),
        lambda client, name: client.set_payload(name, {"word": "ant"}, points=points, key="nested.array[]", wait=True),
        lambda client, name: client.delete_payload(name, ["rating", "city.geo", "nested.array[].number"], points=points, wait=True),
        lambda client, name: client.overwrite_payload(name, {"digit": 2, "rest": None}, points=points, wait=True),
        lambda client, name: client.clear_payload(name, points_selector=points, wait=True),
    ]
    for step in steps:
        clients.same(step)
        clients.same_contents()


@pytest.mark.parametrize("selector", SELECTORS)
def test_deletion(clients, selector):
    clients.same(lambda client, name: client.delete_vectors(name, ["text", "terms"], points=SELECTORS[selector], wait=True))
    clients.same_contents()
    clients.same(lambda client, name: client.delete(name, points_selector=SELECTORS[selector], wait=True))
    clients.same_contents()


def test_vectors(clients, data):
    points = [models.PointVectors(id=each, vector=data.vectors(names)) for each, names in
              [(1, ["text"]), (2, ["terms", "rows"]), (3, [*DENSE, *SPARSE])]]
    clients.same(lambda client, name: client.update_vectors(name, points, wait=True))
    clients.same(lambda client, name: client.update_vectors(name, points, wait=True, update_filter=FEW))
    clients.same_contents()
    clients.refused(lambda client, name: client.update_vectors(name, [models.PointVectors(id=4711, vector=data.vectors(["text"]))]))
    clients.refused(lambda client, name: client.update_vectors(name, [models.PointVectors(id=1, vector={"unknown": [1.0]})]))
    clients.refused(lambda client, name: client.delete_vectors(name, ["unknown"], points=[1]))
    clients.same_contents()


def test_batches_of_updates(clients, data):
    operations = [
        models.UpsertOperation(upsert=models.PointsList(points=data_points(data, [1, 300]))),
        models.UpsertOperation(upsert=models.PointsBatch(batch=models.Batch(
            ids=[301, 302], vectors={"text": [data.vector("text") for _ in range(2)]}, payloads=[{"digit": 1}, {"digit": 9}]))),
        models.SetPayloadOperation(set_payload=models.SetPayload(payload={"set": 1}, filter=FEW)),
        models.OverwritePayloadOperation(overwrite_payload=models.SetPayload(payload={"digit": 0}, points=[2])),
        models.DeletePayloadOperation(delete_payload=models.DeletePayload(keys=["word"], points=[1, 3])),
        models.UpdateVectorsOperation(update_vectors=models.UpdateVectors(points=[
            models.PointVectors(id=300, vector={"image": data.vector("image")})])),
        models.DeleteVectorsOperation(delete_vectors=models.DeleteVectors(points=[301], vector=["text"])),
        models.ClearPayloadOperation(clear_payload=models.PointIdsList(points=[4])),
        models.DeleteOperation(delete=models.FilterSelector(filter=models.Filter(must=[
            models.FieldCondition(key="digit", match=models.MatchValue(value=9))])))]
    assert clients.same(lambda client, name: client.batch_update_points(name, operations, wait=True))
    clients.same_contents()


@pytest.mark.parametrize("points", [
    [models.PointStruct(id=1, vector={"text": [1.0]})], [models.PointStruct(id=1, vector={"unknown": [1.0]})],
    [models.PointStruct(id=1, vector=[1.0] * 12)], [models.PointStruct(id=1, vector={"terms": models.SparseVector(indices=[1, 1], values=[1, 2])})],
    [models.PointStruct(id=1, vector={"terms": models.SparseVector(indices=[1, 2], values=[1])})],
    [models.PointStruct(id=1, vector={"rows": [[1.0] * 6, [2.0]]})], [models.PointStruct(id="not an id", vector={})]])
def test_refused_points(clients, points):
    clients.refused(lambda client, name: client.upsert(name, points, wait=True))
    clients.same_contents()


def test_ids(clients):
    known = [str(uuid.UUID(int=number)) for number in (0, 1, 2**128 - 1)]
    clients.same(lambda client, name: client.upsert(name, [models.PointStruct(id=each, vector={}, payload={}) for each in
                                                           [*known, 2**63, 0]], wait=True))
    clients.same(lambda client, name: client.upsert(name, [models.PointStruct(id=uuid.UUID(int=3).hex, vector={})], wait=True))
    assert len(clients.same(lambda client, name: client.retrieve(name, [*known, 2**63]))) == 4
    clients.same_contents()


def test_unnamed_vector(client, collection, data):
    pair = Clients(client, QdrantClient(":memory:"), collection)
    pair.do(lambda each, name: each.create_collection(
        name, vectors_config=DENSE["text"], sparse_vectors_config={"terms": SPARSE["terms"]}))
    pair.same(lambda each, name: each.upsert(name, wait=True, points=[
        models.PointStruct(id=1, vector=Data(1).vector("text")),
        models.PointStruct(id=2, vector={"": Data(2).vector("text"), "terms": Data(3).vector("terms")}),
        models.PointStruct(id=3, vector={"terms": Data(4).vector("terms")})]))
    pair.same_contents()
    pair.same_points(lambda each, name: each.query_points(name, Data(5).vector("text"), with_vectors=True))
    pair.same_points(lambda each, name: each.query_points(name, Data(3).vector("terms"), using="terms"))
    pair.same(lambda each, name: each.delete_vector_name(name, "terms"))
    pair.same_contents()
    pair.same(lambda each, name: each.get_collection(name).config.params.vectors)


def test_vector_names(clients, data):
    config = models.DenseVectorNameConfig(dense=models.DenseVectorConfig(
        size=3, distance=models.Distance.COSINE, multivector_config=DENSE["rows"].multivector_config))
    clients.same(lambda client, name: client.create_vector_name(name, "added", config))
    clients.same(lambda client, name: client.create_vector_name(name, "weights", models.SparseVectorNameConfig(
        sparse=models.SparseVectorConfig(modifier=models.Modifier.IDF))))
    for parameters in ("vectors", "sparse_vectors"):
        names = clients.do(lambda client, name: sorted(getattr(client.get_collection(name).config.params, parameters)))
        assert names[0] == names[1]
    points = [models.PointVectors(id=each, vector={"added": [[1.0, each, 2.0], [3.0, 1.0, 0.5]], "weights": data.vector("terms")})
              for each in range(1, 9)]
    clients.same(lambda client, name: client.update_vectors(name, points))
    clients.same_contents()
    clients.same_points(lambda client, name: client.query_points(name, [[1.0, 2.0, 3.0]], using="added", limit=5))
    for vector in ("added", "weights", "text"):
        clients.same(lambda client, name: client.delete_vector_name(name, vector))
    clients.same_contents()
    clients.refused(lambda client, name: client.query_points(name, [[1.0, 2.0, 3.0]], using="added"))


def test_collections_and_aliases(clients, collection):
    second, alias = collection + "_second", collection + "_alias"
    clients.same(lambda client, name: client.create_collection(second, vectors_config=DENSE["image"], metadata={"of": "us"}))
    clients.refused(lambda client, name: client.create_collection(second, vectors_config=DENSE["image"]))
    try:
        clients.same(lambda client, name: client.get_collection(second).config.metadata)
        clients.same(lambda client, name: client.update_collection(second, metadata={"more": [1]}))
        clients.same(lambda client, name: client.get_collection(second).config.metadata)
        create = models.CreateAliasOperation(create_alias=models.CreateAlias(collection_name=collection, alias_name=alias))
        clients.same(lambda client, name: client.update_collection_aliases([create]))
        clients.same(lambda client, name: client.get_collection_aliases(name))
        clients.same(lambda client, name: client.count(alias))
        clients.same(lambda client, name: client.upsert(alias, [models.PointStruct(id=900, vector={})], wait=True))
        clients.same(lambda client, name: client.update_collection_aliases([
            models.RenameAliasOperation(rename_alias=models.RenameAlias(old_alias_name=alias, new_alias_name=alias + "2"))]))
        clients.same(lambda client, name: [each for each in client.get_aliases().aliases if each.collection_name == name])
        clients.same(lambda client, name: client.update_collection_aliases([
            models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=alias + "2"))]))
        clients.refused(lambda client, name: client.count(alias))
    finally:
        clients.same(lambda client, name: client.delete_collection(second))
    clients.same(lambda client, name: client.delete_collection("nobody_made_this"))
    clients.same_contents()


def test_migration(clients, collection):
    """Both ways, over the client's own copying."""
    there = QdrantClient(":memory:")
    clients.server.migrate(there, collection_names=[collection], batch_size=11)
    copied = Clients(clients.server, there, collection)
    assert len(copied.same_contents()[0]) == 30
    clients.server.delete_collection(collection)
    there.migrate(clients.server, collection_names=[collection], batch_size=7)
    copied.same_contents()


VALUES = [[{"empty": 1}, {"empty": 2}], [{"empty": 1}, {"empty": [1]}, {"empty": "z"}, {"empty": None}], [{"empty": None}] * 3,
          [{"empty": [1]}, {"empty": [1, 2]}, {"empty": [1, 2, 3]}], [{"empty": []}, {"empty": None}],
          [{"empty": [{"inner": None}]}], [{"empty": [None, None]}], [{"empty": [234, 33, 22]}, {"empty": [11, 22]}], [], None, {"empty": 1}, 7]


def test_values_counted_in_objects(clients):
    clients.same(lambda client, name: client.delete(name, points_selector=models.Filter(), wait=True))
    clients.same(lambda client, name: client.upsert(name, wait=True, points=[
        models.PointStruct(id=number, vector={}, payload={"nested": each}) for number, each in enumerate(VALUES)]))
    for key in ("nested[].empty", "nested.empty", "nested", "nested[0].empty", "missing"):
        for bounds in ({"lt": 1}, {"lte": 1}, {"gte": 1}, {"gt": 1}, {"lt": 3}, {"lt": 4, "gte": 2}):
            clients.same(lambda client, name: client.scroll(name, limit=50, scroll_filter=models.Filter(must=[
                models.FieldCondition(key=key, values_count=models.ValuesCount(**bounds))])))
        clients.same(lambda client, name: client.scroll(name, limit=50, scroll_filter=models.Filter(must=[
            models.IsEmptyCondition(is_empty=models.PayloadField(key=key))])))


def test_limits_of_rate(clients, collection):
    """A request over the limit is refused, with the time after which it may come again."""
    from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
    client = clients.server
    client.update_collection(collection, strict_mode_config=models.StrictModeConfig(enabled=True, read_rate_limit=2, write_rate_limit=3))
    points = data_points(Data(1), [1, 2, 3])
    with pytest.raises(Exception, match="request larger than rate limiter capacity"):
        client.upsert(collection, data_points(Data(1), range(20)))
    with pytest.raises(ResourceExhaustedResponse) as refused:
        for _ in range(10):
            client.upsert(collection, points)
    assert refused.value.retry_after_s > 0
    with pytest.raises(ResourceExhaustedResponse):
        for _ in range(10):
            client.query_points(collection, limit=1)
    client.update_collection(collection, strict_mode_config=models.StrictModeConfig(enabled=False))
    assert client.count(collection).count == 30
