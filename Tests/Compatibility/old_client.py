"""What users of qdrant-client 1.7 do, run by test_old_client.py with a Python that has that version: old_client.py URL.

This client knows /points/search, /points/recommend and /points/discover instead of /points/query. Its answers are
compared with numpy, and with its own local mode.
"""

import sys
import warnings

import numpy as np
from qdrant_client import QdrantClient, models

from answer_schema import Watch

np.NINF = -np.inf  # The old client's local mode calls it by the name that numpy 2 has no more.

COUNT, SIZE = 120, 10
VECTORS = np.random.default_rng(21).standard_normal((COUNT, SIZE)).astype(np.float32)
UNIT = VECTORS / np.linalg.norm(VECTORS, axis=1, keepdims=True)


def vector(row):
    return VECTORS[row].tolist()


def payload(row):
    return {"color": ["red", "green", "blue"][row % 3], "n": row, "tags": [f"t{row % 4}", "all"]}


def color(value):
    return models.Filter(must=[models.FieldCondition(key="color", match=models.MatchValue(value=value))])


def hits(points):
    return [(point.id, round(point.score, 4)) for point in points]


class Sequence:
    """Each step runs on the server and in local mode; both have to give the same."""

    def __init__(self, server):
        self.clients = [server, QdrantClient(":memory:")]
        self.steps = 0

    def both(self, ask):
        self.steps += 1
        found, expected = (ask(client) for client in self.clients)
        assert found == expected, f"step {self.steps}\n  got      {found}\n  expected {expected}"
        return found


def fill(sequence):
    sequence.both(lambda client: client.recreate_collection("things", vectors_config=models.VectorParams(
        size=SIZE, distance=models.Distance.COSINE)))
    sequence.both(lambda client: client.upload_collection(
        "things", vectors=VECTORS[:60], payload=[payload(row) for row in range(60)], ids=list(range(60)), batch_size=16))
    sequence.both(lambda client: client.upload_records("things", records=[
        models.Record(id=row, vector=vector(row), payload=payload(row)) for row in range(60, 90)]))
    sequence.both(lambda client: client.upload_points("things", points=[
        models.PointStruct(id=row, vector=vector(row), payload=payload(row)) for row in range(90, 100)]))
    sequence.both(lambda client: client.upsert("things", points=models.Batch(
        ids=list(range(100, COUNT)), vectors=VECTORS[100:].tolist(), payloads=[payload(row) for row in range(100, COUNT)])).status)
    for key, kind in (("color", models.PayloadSchemaType.KEYWORD), ("n", models.PayloadSchemaType.INTEGER)):
        assert sequence.clients[0].create_payload_index("things", key, kind).status == models.UpdateStatus.COMPLETED
    # Uploading does not wait for what it sends to be applied.
    assert sequence.both(lambda client: client.count("things").count) == COUNT


def search(sequence):
    order = np.argsort(-(UNIT @ UNIT[3]))
    assert [each for each, _ in sequence.both(lambda client: hits(client.search("things", vector(3), limit=6)))] == order[:6].tolist()
    for filter in (None, color("red"), models.Filter(must_not=[models.FieldCondition(key="n", range=models.Range(lt=50))])):
        sequence.both(lambda client: hits(client.search("things", vector(5), query_filter=filter, limit=7, offset=2)))
        sequence.both(lambda client: hits(client.search("things", vector(5), query_filter=filter, limit=30, score_threshold=0.2)))
    assert sequence.both(lambda client: [(each.payload, each.vector) for each in client.search(
        "things", vector(8), limit=1, with_payload=["n"])]) == [({"n": 8}, None)]
    sequence.both(lambda client: [hits(each) for each in client.search_batch("things", requests=[
        models.SearchRequest(vector=vector(1), limit=3), models.SearchRequest(vector=vector(2), limit=4, filter=color("blue"))])])
    sequence.both(lambda client: [(group.id, hits(group.hits)) for group in client.search_groups(
        "things", vector(4), group_by="color", group_size=2, limit=3).groups])


def recommend(sequence):
    for strategy in (None, models.RecommendStrategy.AVERAGE_VECTOR, models.RecommendStrategy.BEST_SCORE):
        sequence.both(lambda client: hits(client.recommend(
            "things", positive=[1, 2], negative=[7], strategy=strategy, query_filter=color("green"), limit=9)))
    sequence.both(lambda client: hits(client.recommend("things", positive=[4, vector(6)], limit=5)))
    sequence.both(lambda client: [hits(each) for each in client.recommend_batch("things", requests=[
        models.RecommendRequest(positive=[3], limit=3), models.RecommendRequest(positive=[5], negative=[6], limit=2)])])
    sequence.both(lambda client: [(group.id, hits(group.hits)) for group in client.recommend_groups(
        "things", positive=[9], group_by="color", group_size=3, limit=3).groups])


def discover(sequence):
    context = [models.ContextExamplePair(positive=10, negative=11), models.ContextExamplePair(positive=vector(12), negative=13)]
    sequence.both(lambda client: hits(client.discover("things", target=14, context=context, limit=8)))
    sequence.both(lambda client: hits(client.discover("things", target=vector(15), context=context, limit=8, query_filter=color("red"))))
    sequence.both(lambda client: [hits(each) for each in client.discover_batch("things", requests=[
        models.DiscoverRequest(target=16, limit=4), models.DiscoverRequest(target=17, context=context[:1], limit=4)])])


def read_and_change(sequence):
    sequence.both(lambda client: [(each.id, each.payload) for each in client.scroll("things", scroll_filter=color("red"), limit=11)[0]])
    sequence.both(lambda client: client.scroll("things", limit=5, offset=20, with_payload=False)[1])
    sequence.both(lambda client: sorted((each.id, each.payload["n"]) for each in client.retrieve("things", ids=[1, 5, 999])))
    sequence.both(lambda client: client.set_payload("things", payload={"new": True}, points=[1, 2]).status)
    sequence.both(lambda client: client.overwrite_payload("things", payload={"color": "red"}, points=[3]).status)
    sequence.both(lambda client: client.delete_payload("things", keys=["tags"], points=color("blue")).status)
    sequence.both(lambda client: client.clear_payload("things", points_selector=[4]).status)
    sequence.both(lambda client: client.update_vectors("things", points=[models.PointVectors(id=5, vector=vector(6))]).status)
    sequence.both(lambda client: [each.status for each in client.batch_update_points("things", update_operations=[
        models.UpsertOperation(upsert=models.PointsList(points=[models.PointStruct(id=500, vector=vector(0), payload={"n": 500})])),
        models.DeleteOperation(delete=models.PointIdsList(points=[7]))])])
    sequence.both(lambda client: client.delete("things", points_selector=models.FilterSelector(filter=color("green"))).status)
    sequence.both(lambda client: [(each.id, each.payload) for each in client.scroll("things", limit=500)[0]])
    sequence.both(lambda client: hits(client.search("things", vector(6), limit=2)))


def named_and_sparse(sequence):
    sequence.both(lambda client: client.create_collection(
        "named", vectors_config={"a": models.VectorParams(size=SIZE, distance=models.Distance.EUCLID),
                                 "b": models.VectorParams(size=2, distance=models.Distance.DOT)},
        sparse_vectors_config={"terms": models.SparseVectorParams()}))
    points = [models.PointStruct(id=row, payload=payload(row), vector={
        "a": vector(row), "b": vector(row)[:2], "terms": models.SparseVector(indices=[row % 5, 10 + row % 7], values=[1.0 + row, 2.5])})
        for row in range(40)]
    sequence.both(lambda client: client.upsert("named", points=points).status)
    sequence.both(lambda client: hits(client.search("named", models.NamedVector(name="a", vector=vector(2)), limit=4)))
    sequence.both(lambda client: hits(client.search("named", ("b", vector(2)[:2]), limit=4)))
    sequence.both(lambda client: hits(client.search("named", models.NamedSparseVector(
        name="terms", vector=models.SparseVector(indices=[3, 12], values=[1.0, 0.7])), limit=6)))
    sequence.both(lambda client: hits(client.recommend("named", positive=[1], using="a", limit=3)))
    # Of another collection the id is another point's; this client's local mode leaves out the one of the same id.
    sequence.both(lambda client: [hit for hit in hits(client.recommend(
        "things", positive=[6], limit=8, lookup_from=models.LookupLocation(collection="named", vector="a"))) if hit[0] != 6][:6])
    sequence.both(lambda client: client.delete_vectors("named", vectors=["b"], points=[1, 2]).status)


def manage(sequence):
    """Not get_collection: this client refuses what Qdrant has told of a collection since."""
    server = sequence.clients[0]
    assert {each.name for each in server.get_collections().collections} >= {"things", "named"}
    sequence.both(lambda client: client.update_collection_aliases(change_aliases_operations=[
        models.CreateAliasOperation(create_alias=models.CreateAlias(collection_name="things", alias_name="alias"))]))
    sequence.both(lambda client: [each.alias_name for each in client.get_collection_aliases("things").aliases])
    sequence.both(lambda client: hits(client.search("alias", vector(1), limit=3)))
    assert server.update_collection("things", optimizer_config=models.OptimizersConfigDiff(indexing_threshold=10))
    assert server.delete_payload_index("things", "n").status == models.UpdateStatus.COMPLETED
    for name in ("things", "named"):
        sequence.both(lambda client: client.delete_collection(name))
    assert not server.get_collections().collections


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    watch = Watch().install()
    steps = Sequence(QdrantClient(url=sys.argv[1], timeout=60))
    for part in (fill, search, recommend, discover, read_and_change, named_and_sparse, manage):
        part(steps)
        print(part.__name__, "agrees")
    violations = watch.taken()
    assert not violations, "\n".join(violations)
    print(f"{steps.steps} steps; {watch.summary()}")
