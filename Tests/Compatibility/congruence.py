"""The same calls to two clients: what is put in, and what it means that they got the same."""

import random
import uuid

import numpy as np
from qdrant_client import models

from compare import assert_same_hits

COUNT = 100
WORDS = ["cat", "dog", "owl", "fox", "bee", "elk"]
SIZES = {"text": 12, "image": 8, "code": 10}
EXACT = models.SearchParams(exact=True)
DENSE = {"text": models.VectorParams(size=12, distance=models.Distance.COSINE),
         "image": models.VectorParams(size=8, distance=models.Distance.DOT),
         "code": models.VectorParams(size=10, distance=models.Distance.MANHATTAN),
         "rows": models.VectorParams(size=6, distance=models.Distance.EUCLID, multivector_config=models.MultiVectorConfig(
             comparator=models.MultiVectorComparator.MAX_SIM))}
SPARSE = {"terms": models.SparseVectorParams(), "rare": models.SparseVectorParams(modifier=models.Modifier.IDF)}


class Data:
    """Random values of each kind, from one seed."""

    def __init__(self, seed):
        self.random, self.numbers = random.Random(seed), np.random.default_rng(seed)

    def row(self, size):
        return self.numbers.standard_normal(size).astype(np.float32).tolist()

    def vector(self, name):
        if name in SIZES:
            return self.row(SIZES[name])
        if name == "rows":
            return [self.row(6) for _ in range(self.random.randint(1, 4))]
        indices = self.random.sample(range(40), self.random.randint(3, 12))
        return models.SparseVector(indices=indices, values=[round(self.random.uniform(0.1, 2), 4) for _ in indices])

    def vectors(self, names=None):
        return {name: self.vector(name) for name in names or [*DENSE, *SPARSE]}

    def payload(self, number):
        pick = self.random
        payload = {
            "id": number, "digit": pick.randint(0, 9), "number": round(pick.uniform(-5, 5), 3),
            "word": pick.choice(WORDS), "words": " ".join(pick.sample(WORDS, 3)), "tags": pick.sample(WORDS, pick.randint(0, 3)),
            "city": {"name": pick.choice(["Rome", "Oslo", "Lima"]), "geo": {
                "lon": round(pick.uniform(-170, 170), 3), "lat": round(pick.uniform(-80, 80), 3)}},
            "rating": pick.choice([0.5, 1.5, 2.5]), "available": pick.random() < 0.5,
            "when": f"2024-{pick.randint(1, 12):02}-{pick.randint(1, 28):02}T{pick.randint(0, 23):02}:30:00Z",
            "uuid": str(uuid.UUID(int=pick.getrandbits(128))),
            "nested": {"array": [{"word": pick.choice(WORDS), "number": pick.randint(0, 9)} for _ in range(pick.randint(0, 3))]},
        }
        if pick.random() < 0.5:
            payload["maybe"] = pick.choice(WORDS)
        if pick.random() < 0.5:
            payload["maybe_null"] = pick.choice([None, *WORDS])
        return payload

    def points(self, count=COUNT, names=None, with_gaps=False):
        return [models.PointStruct(id=number, payload=self.payload(number), vector=self.vectors(
            [name for name in names or [*DENSE, *SPARSE] if not with_gaps or self.random.random() < 0.7]))
            for number in range(count)]


def plain(answer):
    """What a client returned, without what only one side can know."""
    match answer:
        case models.UpdateResult():
            return str(answer.status)
        case models.ScoredPoint():
            return answer.id, answer.score, plain(answer.payload), plain(answer.vector), answer.order_value
        case models.Record():
            return answer.id, plain(answer.payload), plain(answer.vector), answer.order_value
        case models.SparseVector():
            return dict(sorted(zip(answer.indices, answer.values)))
        case dict():
            return {key: plain(value) for key, value in answer.items()}
        case list() | tuple():
            return [plain(each) for each in answer]
    return plain(answer.model_dump()) if hasattr(answer, "model_dump") else answer


def assert_same(actual, expected, context=""):
    """Numbers within tolerance, an absent payload as an empty one, the rest exactly."""
    if isinstance(expected, float) or isinstance(actual, float):
        assert abs(actual - expected) <= 1e-4 * max(1, abs(expected)), f"{context}: {actual}, not {expected}"
    elif isinstance(expected, dict) and isinstance(actual, dict):
        assert actual.keys() == expected.keys(), f"{context}: {sorted(map(str, actual))}, not {sorted(map(str, expected))}"
        for key in expected:
            assert_same(actual[key], expected[key], f"{context}/{key}")
    elif isinstance(expected, (list, tuple)) and isinstance(actual, (list, tuple)):
        assert len(actual) == len(expected), f"{context}: {len(actual)} instead of {len(expected)}\n  {actual}\n  {expected}"
        for number, (one, other) in enumerate(zip(actual, expected)):
            assert_same(one, other, f"{context}/{number}")
    else:
        assert (actual or None) == (expected or None) if actual in (None, {}) or expected in (None, {}) else actual == expected, \
            f"{context}: {actual!r}, not {expected!r}"


class Clients:
    """A client of the server and one in local mode, that are given the same calls."""

    def __init__(self, server, local, collection):
        self.server, self.local, self.collection = server, local, collection

    def do(self, call):
        """Runs the call on both, server first. call(client, name of the collection)"""
        return call(self.server, self.collection), call(self.local, self.collection)

    def same(self, call):
        actual, expected = (plain(each) for each in self.do(call))
        assert_same(actual, expected)
        return actual

    def same_points(self, call, offset=0):
        """Points of a query, those of equal score in any order; payloads and vectors of those that both return."""
        answers = [call(client, self.collection) for client in (self.server, self.local)]
        points = [getattr(each, "points", each) for each in answers]
        assert_same_hits(*[[(point.id, point.score) for point in each] for each in points], "points", offset)
        wanted = {point.id: point for point in points[1]}
        for point in points[0]:
            if point.id in wanted:
                assert_same(plain(point.payload), plain(wanted[point.id].payload), f"payload of {point.id}")
                assert_same(plain(point.vector), plain(wanted[point.id].vector), f"vector of {point.id}")
        return points[0]

    def same_contents(self):
        return self.same(lambda client, name: client.scroll(name, limit=10_000, with_vectors=True))

    def refused(self, call):
        """Both refuse, each in its way."""
        problems = []
        for client in (self.server, self.local):
            try:
                call(client, self.collection)
            except Exception as problem:
                problems.append(problem)
        assert len(problems) == 2, f"refused by {len(problems)} of the two clients: {problems}"
        assert 400 <= getattr(problems[0], "status_code", 400) < 500, problems[0]
