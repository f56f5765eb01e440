"""Random collections, payloads, filters and updates, all from one seeded generator."""

import uuid
from datetime import datetime, timedelta, timezone

import numpy as np
from qdrant_client import models

CITIES = ["Berlin", "London", "Paris", "São Paulo", "東京", "", "a b", "Berlin2"]
KINDS = ["pump", "valve", "pipe", "seal"]
REFERENCES = [str(uuid.UUID(int=number * 0x1234567890ABCDEF)) for number in range(1, 7)]
INDEXABLE = {
    "city": models.PayloadSchemaType.KEYWORD, "count": models.PayloadSchemaType.INTEGER,
    "price": models.PayloadSchemaType.FLOAT, "flag": models.PayloadSchemaType.BOOL,
    "when": models.PayloadSchemaType.DATETIME, "reference": models.PayloadSchemaType.UUID,
    "deep.number": models.PayloadSchemaType.INTEGER, "deep.word": models.PayloadSchemaType.KEYWORD,
    "items[].kind": models.PayloadSchemaType.KEYWORD, "items[].size": models.PayloadSchemaType.INTEGER,
    '"dotted.key".x': models.PayloadSchemaType.INTEGER, "mixed": models.PayloadSchemaType.KEYWORD,
}
ORDERABLE = {key: INDEXABLE[key] for key in ("count", "price", "when")}


class Generator:
    def __init__(self, random):
        self.random = random
        self.numbers = np.random.default_rng(random.getrandbits(64))

    def chance(self, probability):
        return self.random.random() < probability

    def some(self, values, at_least=1, at_most=None):
        return self.random.sample(values, self.random.randint(at_least, min(at_most or len(values), len(values))))

    # Collections and points.

    def vectors(self):
        """A collection's vector parameters: one unnamed, or up to three named ones."""
        def params():
            return models.VectorParams(size=self.random.choice([1, 3, 8, 17, 32]),
                                       distance=self.random.choice(list(models.Distance)))
        if self.chance(0.5):
            return params()
        return {name: params() for name in self.some(["image", "text", "an odd name"])}

    def vector(self, size):
        """Standard normal, now and then zero; never so short that it counts as zero only in some engines."""
        if self.chance(0.03):
            return [0.0] * size
        vector = self.numbers.standard_normal(size, dtype=np.float32)
        return vector.tolist() if vector @ vector > 1e-4 else self.vector(size)

    def vectors_of_point(self, vectors, every_name=False):
        if isinstance(vectors, models.VectorParams):
            return self.vector(vectors.size)
        names = [name for name in vectors if every_name or self.chance(0.8)]
        return {name: self.vector(vectors[name].size) for name in names}

    def ids(self, count):
        numbers = self.random.sample(range(count * 3), count)
        return [str(uuid.UUID(int=self.random.getrandbits(128))) if self.chance(0.3) else
                number if self.chance(0.97) else 2**63 + number for number in numbers]

    def points(self, ids, vectors):
        return [models.PointStruct(id=each, vector=self.vectors_of_point(vectors), payload=self.payload())
                for each in ids]

    # Payloads. Every field is now and then missing, null, empty, a list or of another type.

    def payload(self):
        fields = {"city": self.city, "count": self.count, "price": self.price, "flag": lambda: self.chance(0.5),
                  "when": self.when, "reference": lambda: self.random.choice(REFERENCES), "deep": self.deep,
                  "items": self.items, "dotted.key": lambda: {"x": self.count()}, "mixed": self.mixed}
        return {name: self.field(make) for name, make in fields.items() if self.chance(0.8)}

    def field(self, make):
        odd = self.random.random()
        if odd < 0.06:
            return None
        if odd < 0.10:
            return []
        if odd < 0.25:
            return [make() for _ in range(self.random.randint(1, 4))]
        if odd < 0.28:
            return [make(), None]
        if odd < 0.31:
            return self.mixed()
        return make()

    def city(self):
        return self.random.choice(CITIES)

    def count(self):
        return self.random.randint(-3, 12) if self.chance(0.95) else self.random.choice([2**53 - 1, -(2**40)])

    def price(self):
        return round(self.random.uniform(-2, 10), 2) if self.chance(0.8) else float(self.random.randint(0, 9))

    def when(self):
        """A moment of early 2024 in one of the forms Qdrant reads."""
        moment = datetime(2024, 1, 1, tzinfo=timezone.utc) + timedelta(hours=self.random.randint(0, 24 * 90))
        form = self.random.choice(["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.250Z", "%Y-%m-%dT%H:%M:%S+02:00",
                                   "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d"])
        return moment.strftime(form)

    def deep(self):
        return {"number": self.count(), "word": self.random.choice(KINDS)}

    def items(self):
        item = {"kind": self.random.choice(KINDS), "size": self.count()}
        if self.chance(0.5):
            item["tags"] = self.some(KINDS)
        return item

    def mixed(self):
        return self.random.choice(["Berlin", 1, 1.0, 1.5, True, False, None, {"x": 1}, {}, "7", "2024-01-05", [[1, 2]]])

    # Filters.

    def filter(self, ids, vector_names, depth=0):
        """A random filter; now and then with several clauses, empty ones, or filters inside."""
        def conditions(most):
            return [self.condition(ids, vector_names, depth) for _ in range(self.random.randint(1, most))]
        clauses = {}
        if self.chance(0.6):
            clauses["must"] = conditions(2)
        if self.chance(0.35):
            clauses["should"] = conditions(3)
        if self.chance(0.3):
            clauses["must_not"] = conditions(2)
        if self.chance(0.15):
            wanted = conditions(4)
            clauses["min_should"] = models.MinShould(
                conditions=wanted, min_count=self.random.randint(1, len(wanted)))
        if self.chance(0.05):
            clauses[self.random.choice(["must", "should", "must_not"])] = []
        if not clauses:
            clauses["must"] = conditions(1)
        return models.Filter(**clauses)

    def condition(self, ids, vector_names, depth):
        choice = self.random.random()
        if depth < 2 and choice < 0.12:
            return self.filter(ids, vector_names, depth + 1)
        if choice < 0.20:
            return self.nested()
        if choice < 0.26:
            return models.HasIdCondition(has_id=self.some(ids, 1, 20))
        if choice < 0.30:
            return models.HasVectorCondition(has_vector=self.random.choice([*vector_names, "unknown"]))
        key = self.random.choice([*INDEXABLE, "items", "items[].tags", "items[0].kind", "items.kind", "deep",
                                  "missing.key", "mixed"])
        if choice < 0.50:
            return self.about_presence(key)
        return self.about_value(key)

    def about_presence(self, key):
        match self.random.randrange(5):
            case 0:
                return models.IsEmptyCondition(is_empty=models.PayloadField(key=key))
            case 1:
                return models.IsNullCondition(is_null=models.PayloadField(key=key))
            case 2:
                return models.FieldCondition(key=key, is_empty=self.chance(0.5))
            case 3:
                return models.FieldCondition(key=key, is_null=self.chance(0.5))
        bound = self.random.choice(["gt", "gte", "lt", "lte"])
        return models.FieldCondition(key=key, values_count=models.ValuesCount(**{bound: self.random.randint(0, 3)}))

    def about_value(self, key):
        kind = self.random.choice(["value", "value", "any", "except", "range", "range"])
        if key == "when" or (key == "mixed" and self.chance(0.2)):
            return models.FieldCondition(key=key, range=self.datetime_range())
        if kind == "range":
            return models.FieldCondition(key=key, range=self.number_range())
        if kind == "value":
            return models.FieldCondition(key=key, match=models.MatchValue(value=self.value_for(key)))
        values = self.values_for(key)
        match_ = models.MatchAny(any=values) if kind == "any" else models.MatchExcept(**{"except": values})
        return models.FieldCondition(key=key, match=match_)

    def value_for(self, key):
        if key == "flag" or (key == "mixed" and self.chance(0.3)):
            return self.chance(0.5)
        return self.random.choice(self.values_for(key, at_least=1))

    def values_for(self, key, at_least=0):
        """Strings or integers (one list never holds both), mostly of the kind the field holds."""
        if key in ("city", "mixed"):
            pool = CITIES
        elif key == "reference":
            pool = REFERENCES
        elif key.endswith(("count", "number", "size", ".x")):
            pool = list(range(-3, 13))
        else:
            pool = KINDS
        if self.chance(0.1):
            pool = [1, 7] if isinstance(pool[0], str) else ["1", "Berlin"]
        return self.some(pool, at_least, 5)

    def number_range(self):
        low = self.random.uniform(-3, 8) if self.chance(0.5) else self.random.randint(-3, 8)
        bounds = {}
        if self.chance(0.8):
            bounds[self.random.choice(["gt", "gte"])] = low
        if self.chance(0.6) or not bounds:
            bounds[self.random.choice(["lt", "lte"])] = low + self.random.randint(0, 6)
        return models.Range(**bounds)

    def datetime_range(self):
        low = datetime(2024, 1, 1, tzinfo=timezone.utc) + timedelta(hours=self.random.randint(0, 24 * 80))
        bounds = {}
        if self.chance(0.8):
            bounds[self.random.choice(["gt", "gte"])] = low
        if self.chance(0.6) or not bounds:
            bounds[self.random.choice(["lt", "lte"])] = low + timedelta(days=self.random.randint(0, 30))
        return models.DatetimeRange(**bounds)

    def nested(self):
        inner = {"must": [self.random.choice([
            models.FieldCondition(key="kind", match=models.MatchValue(value=self.random.choice(KINDS))),
            models.FieldCondition(key="tags", match=models.MatchAny(any=self.some(KINDS))),
            models.IsEmptyCondition(is_empty=models.PayloadField(key="tags")),
        ])]}
        if self.chance(0.6):
            inner[self.random.choice(["must_not", "should"])] = [
                models.FieldCondition(key="size", range=self.number_range())]
        return models.NestedCondition(nested=models.Nested(
            key=self.random.choice(["items", "items", "items[]", "deep", "missing"]), filter=models.Filter(**inner)))
