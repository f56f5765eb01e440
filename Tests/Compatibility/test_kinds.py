"""Datatypes, multivectors and quantization: what Qdrant Edge (the engine of Qdrant 1.19) stores and answers, Quiver does.

Each seed is one vector field of random kind. QUIVER_COMPAT_SEEDS and QUIVER_COMPAT_FIRST_SEED as in
test_differential.py; here each seed goes through every datatype and distance.
"""

import os

import numpy as np
import pytest
import qdrant_edge as edge
from qdrant_client import models

from compare import assert_same_hits
from conftest import AGAINST_MEMORY
from edge_models import DISTANCES
from engines import plain_id

pytestmark = pytest.mark.skipif(AGAINST_MEMORY, reason="local mode stores float32 only")

FIRST_SEED = int(os.environ.get("QUIVER_COMPAT_FIRST_SEED", "1"))
# A seed here is 32 collections of each engine.
SEEDS = range(FIRST_SEED, FIRST_SEED + max(1, int(os.environ.get("QUIVER_COMPAT_SEEDS", "25")) // 12))

DATATYPES = {models.Datatype.FLOAT32: edge.VectorStorageDatatype.Float32,
             models.Datatype.FLOAT16: edge.VectorStorageDatatype.Float16,
             models.Datatype.UINT8: edge.VectorStorageDatatype.Uint8}
MAX_SIM = models.MultiVectorConfig(comparator=models.MultiVectorComparator.MAX_SIM)
QUANTIZATIONS = [
    None,
    models.ScalarQuantization(scalar=models.ScalarQuantizationConfig(type=models.ScalarType.INT8, quantile=0.99)),
    models.ProductQuantization(product=models.ProductQuantizationConfig(compression=models.CompressionRatio.X4)),
    models.BinaryQuantization(binary=models.BinaryQuantizationConfig(
        encoding=models.BinaryQuantizationEncoding.TWO_BITS,
        query_encoding=models.BinaryQuantizationQueryEncoding.SCALAR8BITS)),
]


class Kind:
    """A vector field, random values for it, and both engines holding the same points."""

    def __init__(self, seed, datatype, distance, multi):
        self.random = np.random.default_rng([seed, list(DATATYPES).index(datatype), list(DISTANCES).index(distance), multi])
        self.datatype, self.distance, self.multi = datatype, distance, multi
        self.size = int(self.random.integers(2, 40))
        self.quantization = QUANTIZATIONS[self.random.integers(len(QUANTIZATIONS))]

    def params(self):
        return models.VectorParams(
            size=self.size, distance=self.distance, datatype=self.datatype,
            multivector_config=MAX_SIM if self.multi else None)

    def edge_config(self):
        return edge.EdgeConfig(vectors=edge.EdgeVectorParams(
            size=self.size, distance=DISTANCES[self.distance], datatype=DATATYPES[self.datatype],
            multivector_config=edge.MultiVectorConfig(edge.MultiVectorComparator.MaxSim) if self.multi else None))

    def vector(self):
        rows = self.random.normal(size=(self.random.integers(1, 6) if self.multi else 1, self.size)) * 2
        if self.datatype == models.Datatype.UINT8:
            rows = 128 + rows * 70  # Some of it below 0 or above 255.
        if self.random.random() < 0.1:
            rows = np.rint(rows)
        if self.random.random() < 0.02:
            rows[0] = 0
        rows = rows.astype(np.float32)
        return rows.tolist() if self.multi else rows[0].tolist()


def stored_by_quiver(client, collection):
    records, following = client.scroll(collection, limit=10_000, with_vectors=True)
    assert following is None
    return {plain_id(record.id): np.asarray(record.vector, dtype=np.float32) for record in records}


def stored_by_edge(shard):
    records, _ = shard.scroll(edge.ScrollRequest(limit=10_000, with_vector=True))
    return {plain_id(record.id): np.asarray(record.vector, dtype=np.float32) for record in records}


def assert_same_vectors(actual, expected, kind, context):
    assert actual.keys() == expected.keys(), context
    # Of normalised vectors the last digit is a matter of the order of a sum; half precision may round on either side.
    margin = 0 if kind.distance != models.Distance.COSINE or kind.datatype == models.Datatype.UINT8 else \
        1.3e-7 if kind.datatype == models.Datatype.FLOAT32 else 1e-3
    for point_id, vector in expected.items():
        assert actual[point_id].shape == vector.shape, f"{context}: point {point_id}"
        assert np.abs(actual[point_id] - vector).max() <= margin, f"{context}: {actual[point_id]} is not {vector}"


@pytest.mark.parametrize("multi", [False, True])
@pytest.mark.parametrize("distance", list(DISTANCES))
@pytest.mark.parametrize("datatype", list(DATATYPES))
@pytest.mark.parametrize("seed", SEEDS)
def test_same_vectors_and_scores(seed, datatype, distance, multi, client, collection, tmp_path):
    kind = Kind(seed, datatype, distance, multi)
    client.create_collection(
        collection, vectors_config=kind.params(), quantization_config=kind.quantization,
        optimizers_config=models.OptimizersConfigDiff(indexing_threshold=1), hnsw_config=models.HnswConfigDiff(m=8))
    shard = edge.EdgeShard.create(str(tmp_path), kind.edge_config())
    context = f"seed {seed}, {datatype}, {distance}, {'multi' if multi else 'dense'}, {kind.quantization}"
    try:
        for _ in range(3):
            points = {int(kind.random.integers(1, 200)): kind.vector() for _ in range(60)}
            client.upsert(collection, [models.PointStruct(id=each, vector=vector) for each, vector in points.items()])
            shard.update(edge.UpdateOperation.upsert_points([edge.Point(each, vector, {}) for each, vector in points.items()]))
            held = stored_by_edge(shard)
            assert_same_vectors(stored_by_quiver(client, collection), held, kind, context)
            ask(kind, client, collection, shard, held, context)
            gone = list(held)[:7]
            client.delete(collection, gone)
            shard.update(edge.UpdateOperation.delete_points(gone))
    finally:
        shard.close()


def ask(kind, client, collection, shard, held, context):
    def compare(question, query, scoring, ids=(), **params):
        hits = client.query_points(
            collection, query=query, limit=12, search_params=models.SearchParams(**params)).points
        without = edge.Filter(must_not=[edge.HasIdCondition(set(ids))]) if ids else None
        expected = shard.query(edge.QueryRequest(
            limit=12, query=scoring, filter=without, params=edge.SearchParams(exact=True)))
        assert_same_hits([(plain_id(hit.id), hit.score) for hit in hits],
                         [(plain_id(hit.id), hit.score) for hit in expected], f"{context}: {question}")

    for exact in (True, False):
        vector = kind.vector()
        # A few dozen points: the codes of all of them are looked at, and the best scored anew.
        params = {"exact": True} if exact else {"quantization": models.QuantizationSearchParams(
            rescore=True, oversampling=20.0), "hnsw_ef": 512}
        compare(f"nearest to {vector}", vector, edge.Query.Nearest(vector, using=None), **params)
    # As Qdrant does it: a vector that is looked up is a query like any other.
    each = int(kind.random.choice(list(held)))
    compare(f"nearest to {each}", each, edge.Query.Nearest(held[each].tolist(), using=None), [each], exact=True)

    ids = [int(each) for each in kind.random.choice(list(held), size=4, replace=False)]
    positive, negative = ids[:2], ids[2:3 + int(kind.random.integers(2))]
    for strategy, scoring in [(models.RecommendStrategy.BEST_SCORE, edge.Query.RecommendBestScore),
                              (models.RecommendStrategy.SUM_SCORES, edge.Query.RecommendSumScores)]:
        examples = edge.RecommendQuery([held[each].tolist() for each in positive], [held[each].tolist() for each in negative])
        compare(f"{strategy} of {positive} and not {negative}",
                models.RecommendQuery(recommend=models.RecommendInput(
                    positive=positive, negative=negative, strategy=strategy)),
                scoring(examples, using=None), positive + negative, exact=True)
    target = average([held[each] for each in positive], [held[each] for each in negative], kind.multi)
    compare(f"the average of {positive} and not {negative}",
            models.RecommendQuery(recommend=models.RecommendInput(positive=positive, negative=negative)),
            edge.Query.Nearest(target.tolist(), using=None), positive + negative, exact=True)


def average(positive, negative, multi):
    """Of multivectors: all rows of the positives, and those of the negatives turned round."""
    if multi:
        return np.concatenate(positive + [-each for each in negative])
    mean = np.mean(positive, axis=0)
    return 2 * mean - np.mean(negative, axis=0) if negative else mean


@pytest.mark.parametrize("multi", [False, True])
@pytest.mark.parametrize("datatype", [*DATATYPES, models.Datatype.TURBO4])
def test_what_does_not_fit_is_refused(datatype, multi, client, collection, http):
    client.create_collection(collection, vectors_config={"v": models.VectorParams(
        size=3, distance=models.Distance.DOT, datatype=datatype, multivector_config=MAX_SIM if multi else None)})

    def refused(vector, text):
        answer = http("PUT", f"/collections/{collection}/points?wait=true", {"points": [{"id": 1, "vector": {"v": vector}}]})
        assert answer.status_code in (400, 422) and text in answer.text, f"{vector}: {answer.status_code} {answer.text}"

    refused([1, 2], "Vector dimension error: expected dim: 3, got 2")
    refused({"indices": [1], "values": [2]}, "Conversion between sparse and regular vectors failed")
    refused([1e39, 0, 0], "")
    if multi:
        refused([[1, 2]], "Vector dimension error: expected dim: 3, got 2")
        refused([[1, 2, 3], [1, 2]], "")
        refused([], "")
    else:
        refused([[1, 2, 3]], "Conversion between multi and regular vectors failed")
    if datatype == models.Datatype.FLOAT16:
        refused([1e5, 0, 0], "float16")
    assert client.count(collection).count == 0


def test_configuration_is_echoed(client, collection):
    config = {
        name: models.VectorParams(
            size=8, distance=distance, datatype=datatype, quantization_config=quantization,
            multivector_config=MAX_SIM if number % 2 else None)
        for number, (name, distance, datatype, quantization) in enumerate(zip(
            "abcd", list(DISTANCES), [*DATATYPES, None], QUANTIZATIONS))
    }
    client.create_collection(collection, vectors_config=config)
    assert client.get_collection(collection).config.params.vectors == config
    client.update_collection(collection, vectors_config={
        "a": models.VectorParamsDiff(quantization_config=QUANTIZATIONS[1]),
        "b": models.VectorParamsDiff(quantization_config=models.Disabled.DISABLED)})
    echoed = client.get_collection(collection).config.params.vectors
    assert echoed["a"].quantization_config == QUANTIZATIONS[1] and echoed["b"].quantization_config is None
