"""Quiver, Qdrant Edge (the engine of Qdrant 1.19) and qdrant-client's local mode answer alike on random data.

Each seed makes a collection, points, payload indexes and updates, applies them to all engines, and compares
exact answers after each phase. Edge is the authority; local mode is compared where it is known to follow Qdrant.

QUIVER_COMPAT_SEEDS=N runs N seeds (default 25), QUIVER_COMPAT_FIRST_SEED=S starts at seed S: to see seed 17
again, QUIVER_COMPAT_FIRST_SEED=17 QUIVER_COMPAT_SEEDS=1.
"""

import os
import random

import pytest
from qdrant_client import QdrantClient, models

from compare import assert_same_groups, assert_same_hits, assert_same_order, assert_same_records
from conftest import AGAINST_MEMORY
from engines import ClientEngine, EdgeEngine
from generate import INDEXABLE, ORDERABLE, Generator
from local_mode import LocalMode, known_difference

FIRST_SEED = int(os.environ.get("QUIVER_COMPAT_FIRST_SEED", "1"))
SEEDS = range(FIRST_SEED, FIRST_SEED + int(os.environ.get("QUIVER_COMPAT_SEEDS", "25")))
QUESTIONS = int(os.environ.get("QUIVER_COMPAT_QUESTIONS", "25"))


@pytest.mark.parametrize("seed", SEEDS)
def test_same_answers(seed, client, collection, tmp_path):
    print(f"seed {seed}")
    trial = Trial(seed, EdgeEngine(tmp_path), {"local mode": LocalMode(QdrantClient(":memory:"), collection)})
    if not AGAINST_MEMORY:
        trial.engines["quiver"] = ClientEngine(client, collection)
    trial.run()


class Trial:
    def __init__(self, seed, authority, engines):
        self.seed = seed
        self.random = random.Random(seed)
        self.generator = Generator(self.random)
        self.authority = authority
        self.engines = engines
        self.vectors = self.generator.vectors()
        self.names = [""] if isinstance(self.vectors, models.VectorParams) else list(self.vectors)
        self.indexed = set()
        self.live = []

    def run(self):
        self.everywhere("create", self.vectors)
        if self.random.random() < 0.5:
            self.create_indexes()
        self.live = self.generator.ids(self.random.choice([3, 30, 120, 300]))
        self.everywhere("upsert", self.generator.points(self.live, self.vectors))
        self.compare("after loading")
        for round_number in range(2):
            for _ in range(self.random.randint(1, 5)):
                self.update()
            self.compare(f"after the updates of round {round_number}")
        self.create_indexes()
        self.compare("after creating indexes")
        for key in self.generator.some(sorted(self.indexed)):
            self.everywhere("drop_index", key)
            self.indexed.remove(key)
        self.compare("after dropping indexes")
        self.everywhere("drop")

    def everywhere(self, action, *arguments, **named):
        for engine in [self.authority, *self.engines.values()]:
            getattr(engine, action)(*arguments, **named)

    # Updates.

    def create_indexes(self):
        for key in self.generator.some(list(INDEXABLE)):
            self.everywhere("create_index", key, INDEXABLE[key])
            self.indexed.add(key)

    def update(self):
        some = self.generator.some(self.live, 1, 10)
        selector = some if self.random.random() < 0.6 else self.selecting_filter()
        field = self.random.choice(["city", "count", "items", "mixed"])
        match self.random.randrange(10):
            case 0 | 1:
                fresh = self.generator.ids(5)
                self.everywhere("upsert", self.generator.points(list(dict.fromkeys(some + fresh)), self.vectors))
            case 2:
                self.everywhere("delete", selector)
            case 3:
                self.set_payload(selector)
            case 4:
                self.everywhere("set_payload", {"word": "new", "number": 5}, selector,
                                key=self.random.choice(["deep", "added.here", '"dotted.key"']))
            case 5:
                self.everywhere("overwrite_payload", self.generator.payload(), selector)
            case 6:
                self.everywhere("delete_payload", [field, "deep.word", "items[].kind"], selector)
            case 7:
                self.everywhere("clear_payload", some)
            case 8:
                points = [models.PointVectors(id=each, vector=self.generator.vectors_of_point(self.vectors, True))
                          for each in some]
                self.everywhere("update_vectors", points)
            case 9 if self.names != [""]:
                self.everywhere("delete_vectors", self.generator.some(self.names), selector)
        self.live = list(self.authority.records())
        if len(self.live) < 3:
            self.everywhere("upsert", self.generator.points(self.generator.ids(20), self.vectors))
            self.live = list(self.authority.records())

    def filter(self):
        return self.generator.filter(self.live, self.names)

    def set_payload(self, selector):
        """A null removes its key. (On a point that never had a payload Qdrant stores the null, an accident
        of its storage that nothing should rely on: nulls only go to points that have a payload.)"""
        payload = self.generator.payload()
        if isinstance(selector, models.Filter):
            payload = {key: value for key, value in payload.items() if value is not None}
        else:
            records = self.authority.records()
            selector = [each for each in selector if records[each][0]]
        if payload and selector:
            self.everywhere("set_payload", payload, selector)

    def selecting_filter(self):
        """A filter for an update: every engine has to select the same points, or all later answers differ."""
        filter = self.filter()
        return self.selecting_filter() if known_difference(filter) else filter

    # Questions.

    def compare(self, phase):
        expected = self.authority.records()
        for name, engine in self.engines.items():
            assert_same_records(engine.records(), expected, f"seed {self.seed}, {phase}, {name}: all points")
        for number in range(QUESTIONS):
            filter = self.filter() if number and self.random.random() < 0.85 else None
            self.ask_scroll(phase, filter)
            self.ask_query(phase, filter)
            if number % 4 == 0:
                self.ask_groups(phase, filter)
                self.ask_ordered(phase, filter)

    def engines_for(self, filter):
        difference = known_difference(filter)
        return {name: engine for name, engine in self.engines.items() if name != "local mode" or not difference}

    def context(self, phase, engine, filter, question):
        shown = filter.model_dump_json(exclude_none=True) if filter else "none"
        return f"seed {self.seed}, {phase}, {engine}, {question}\n  indexed: {sorted(self.indexed)}\n  filter: {shown}"

    def ask_scroll(self, phase, filter):
        expected = self.authority.records(filter)
        limit = self.random.choice([1, 7, 1000])
        offset = self.random.choice([None, self.random.choice(self.live), self.random.randint(0, 1000)])
        for name, engine in self.engines_for(filter).items():
            context = self.context(phase, name, filter, "scroll")
            found = engine.records(filter)
            wrong = {each: (self.authority.records(models.Filter(must=[models.HasIdCondition(has_id=[each])]))[each][0])
                     for each in sorted(found.keys() ^ expected.keys(), key=str)[:3]}
            assert not wrong, f"{context}\n  {len(found)} points instead of {len(expected)}, wrong: {wrong}"
            assert list(found) == list(expected), f"{context}: another order"
            assert engine.count(filter) == len(expected), f"{context}: count"
            page, wanted = engine.page(filter, limit, offset), self.authority.page(filter, limit, offset)
            assert page == wanted, f"{context}, limit {limit}, offset {offset}"

    def ask_query(self, phase, filter):
        using = self.random.choice(self.names)
        query = self.query(using)
        limit, offset = self.random.choice([1, 5, 20, 500]), self.random.choice([0, 0, 3])
        options = {"score_threshold": self.threshold(query, using, filter)} if query is not None else {}
        expected = self.authority.query(query, using, filter, limit, offset, **options)
        for name, engine in self.engines_for(filter).items():
            context = self.context(phase, name, filter, f"query {query!r:.600} using {using!r} {options}, {limit=}, {offset=}")
            found = engine.query(query, using, filter, limit, offset, **options)
            assert_same_hits(found, expected, context, offset)

    def query(self, using):
        """A vector, an id, a recommendation, or none."""
        size = (self.vectors if using == "" else self.vectors[using]).size
        having = list(self.authority.records(models.Filter(must=[models.HasVectorCondition(has_vector=using)])))

        def operand():
            return self.random.choice(having) if having and self.random.random() < 0.7 else self.generator.vector(size)
        match self.random.randrange(8):
            case 0:
                return None
            case 1 | 2:
                return self.generator.vector(size)
            case 3:
                return operand()
        strategy = self.random.choice([None, *models.RecommendStrategy])
        average = strategy in (None, models.RecommendStrategy.AVERAGE_VECTOR)
        positive = [operand() for _ in range(self.random.randint(1 if average else 0, 3))]
        negative = [operand() for _ in range(self.random.randint(0 if positive else 1, 2))]
        return models.RecommendQuery(recommend=models.RecommendInput(
            positive=positive, negative=negative, strategy=strategy))

    def threshold(self, query, using, filter):
        """A threshold well between two scores, so that rounding cannot decide."""
        if self.random.random() < 0.7:
            return None
        scores = [score for _, score in self.authority.query(query, using, filter, limit=1000)]
        gaps = [(a + b) / 2 for a, b in zip(scores, scores[1:]) if abs(a - b) > 0.01]
        return self.random.choice(gaps) if gaps else None

    def ask_groups(self, phase, filter):
        using = self.random.choice(self.names)
        query = self.generator.vector((self.vectors if using == "" else self.vectors[using]).size)
        arguments = (query, using, filter, self.random.choice(["city", "count", "reference"]),
                     self.random.randint(1, 4), self.random.randint(1, 6))
        expected = self.authority.groups(*arguments)
        for name, engine in self.engines_for(filter).items():
            context = self.context(phase, name, filter, f"groups by {arguments[3:]} using {using!r} of {query}")
            assert_same_groups(engine.groups(*arguments), expected, context)

    def ask_ordered(self, phase, filter):
        key = self.random.choice(list(ORDERABLE))
        if key not in self.indexed:
            return
        direction = self.random.choice(list(models.Direction))
        start_from = {"count": self.random.randint(-2, 9), "price": self.random.uniform(0, 8),
                      "when": "2024-02-01T00:00:00Z"}[key] if self.random.random() < 0.5 else None
        arguments = (key, direction, start_from, filter, self.random.choice([1, 10, 1000]))
        expected = self.authority.ordered(*arguments)
        for name, engine in self.engines_for(filter).items():
            if name == "local mode":
                continue  # It has no index, so it orders every value it can, a date among integers too.
            found = engine.ordered(*arguments)
            assert_same_order(found, expected, self.context(phase, name, filter, f"order by {arguments[:3]}"))
