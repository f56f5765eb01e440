"""Random collections, points, payloads and field indexes, all from one seeded generator."""

import uuid
from datetime import datetime, timedelta, timezone

import numpy as np
from qdrant_client import models

from layout import MAX_SIM, Layout

CITIES = ["Berlin", "London", "Paris", "São Paulo", "東京", "", "a b", "Berlin2"]
KINDS = ["pump", "valve", "pipe", "seal"]
REFERENCES = [str(uuid.UUID(int=number * 0x1234567890ABCDEF)) for number in range(1, 7)]
WORDS = ["Quick", "quick", "brown", "foxes", "fox", "the", "and", "jumping", "jumps", "Café", "cafe", "naïve", "Straße",
         "x1", "42", "lazy-dog", "it's", "東京", "под", "a"]
SEPARATORS = [" ", " ", " ", "  ", ", ", "-", ". ", "\t"]
LARGE = [2**53 - 1, -(2**40), 2**53, 2**62, 2**63 - 1, -(2**63)]

PLAIN = models.PayloadSchemaType


def text_index(**options):
    return models.TextIndexParams(type=models.TextIndexType.TEXT, **options)


WORD, WHITESPACE, PREFIX = models.TokenizerType.WORD, models.TokenizerType.WHITESPACE, models.TokenizerType.PREFIX
ENGLISH = models.SnowballParams(type=models.Snowball.SNOWBALL, language=models.SnowballLanguage.ENGLISH)
KEYWORDS = [PLAIN.KEYWORD, PLAIN.KEYWORD,
            models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, is_tenant=True, on_disk=True),
            models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, prefix=True)]
INTEGERS = [PLAIN.INTEGER, PLAIN.INTEGER,
            models.IntegerIndexParams(type=models.IntegerIndexType.INTEGER, lookup=True, range=True, is_principal=True)]
TEXTS = [PLAIN.TEXT, text_index(), text_index(tokenizer=WORD, lowercase=False), text_index(tokenizer=WHITESPACE),
         text_index(tokenizer=WORD, phrase_matching=True), text_index(tokenizer=WHITESPACE, phrase_matching=True),
         text_index(tokenizer=PREFIX, min_token_len=2, max_token_len=4),
         text_index(tokenizer=WORD, min_token_len=3, max_token_len=5), text_index(tokenizer=WORD, ascii_folding=True),
         text_index(tokenizer=WORD, stopwords=models.Language.ENGLISH, phrase_matching=True),
         text_index(tokenizer=WORD, stopwords=models.StopwordsSet(languages=[models.Language.GERMAN], custom=["Fox", "x1"])),
         text_index(tokenizer=WORD, stemmer=ENGLISH), text_index(tokenizer=WORD, stemmer=ENGLISH, phrase_matching=True)]

# Which indexes a field may get. A field keeps its kind, so that what an index makes of it can be told.
INDEXABLE = {
    "city": KEYWORDS, "count": INTEGERS,
    "price": [PLAIN.FLOAT, models.FloatIndexParams(type=models.FloatIndexType.FLOAT, is_principal=True)],
    "flag": [PLAIN.BOOL, models.BoolIndexParams(type=models.BoolIndexType.BOOL, on_disk=True)],
    "when": [PLAIN.DATETIME, models.DatetimeIndexParams(type=models.DatetimeIndexType.DATETIME, is_principal=True)],
    "reference": [PLAIN.UUID, models.UuidIndexParams(type=models.UuidIndexType.UUID, is_tenant=True)],
    "place": [PLAIN.GEO, models.GeoIndexParams(type=models.GeoIndexType.GEO, on_disk=True)],
    "text": TEXTS,
    "deep.number": INTEGERS, "deep.word": KEYWORDS, "items[].kind": KEYWORDS, "items[].size": INTEGERS,
    '"dotted.key".x': INTEGERS, "mixed": KEYWORDS,
}
# Fields whose index orders, and fields whose index counts values.
ORDERABLE = ["count", "price", "when", "deep.number"]
FACETABLE = ["city", "count", "flag", "reference", "deep.word", "items[].kind"]


class Generator:
    def __init__(self, random):
        self.random = random
        # Zero vectors are as near to a positive as to a negative example, but for the sign of a rounded zero.
        self.has_zeros = random.random() < 0.4
        self.numbers = np.random.default_rng(random.getrandbits(64))

    def chance(self, probability):
        return self.random.random() < probability

    def some(self, values, at_least=1, at_most=None):
        at_most = len(values) if at_most is None else min(at_most, len(values))
        return self.random.sample(values, self.random.randint(min(at_least, at_most), at_most))

    # Collections.

    def layout(self):
        """One unnamed vector or a few named ones, of any kind; now and then sparse ones only."""
        exotic = self.chance(0.3)
        layout = Layout()
        if self.chance(0.35):
            layout.dense = {"": self.dense(exotic)}
        elif self.chance(0.92):
            layout.dense = {name: self.dense(exotic) for name in self.some(["image", "text", "an odd name"])}
        if not layout.dense or self.chance(0.6):
            layout.sparse = {name: self.sparse() for name in self.some(["words", "terms"])}
        return layout

    def dense(self, exotic):
        return models.VectorParams(
            size=self.random.choice([2, 3, 8, 17, 32]), distance=self.random.choice(list(models.Distance)),
            datatype=self.random.choice([None, models.Datatype.FLOAT32, models.Datatype.FLOAT16, models.Datatype.UINT8])
            if exotic else None,
            multivector_config=MAX_SIM if self.chance(0.25) else None)

    def sparse(self):
        return models.SparseVectorParams(modifier=models.Modifier.IDF if self.chance(0.5) else None)

    # Vectors.

    def vector(self, layout, name):
        """A value of the named vector."""
        if layout.is_sparse(name):
            return self.sparse_vector(may_be_empty=not layout.has_idf(name))
        params = layout.dense[name]
        if layout.is_multi(name):
            return [self.row(params) for _ in range(self.random.randint(1, 4))]
        return self.row(params)

    def row(self, params):
        """Standard normal, now and then zero; never so short that it counts as zero only in some engines."""
        if self.has_zeros and self.chance(0.05):
            return [0.0] * params.size
        row = self.numbers.standard_normal(params.size, dtype=np.float32)
        if params.datatype == models.Datatype.UINT8:
            row = np.float32(128) + row * np.float32(60)
        elif row @ row < 1e-2:
            return self.row(params)
        return row.tolist()

    def sparse_vector(self, may_be_empty=False):
        if may_be_empty and self.chance(0.02):
            return models.SparseVector(indices=[], values=[])
        indices = self.some([*range(30), 10**6, 2**32 - 1], 1, 8)
        return models.SparseVector(indices=indices, values=[
            round(self.random.uniform(-0.5, 2), 4) or 0.5 for _ in indices])

    def vectors_of_point(self, layout, every_name=False):
        names = [name for name in layout.names if every_name or self.chance(0.8)]
        if layout.is_unnamed and not layout.sparse:
            return self.vector(layout, "")
        return {name: self.vector(layout, name) for name in names}

    # Points.

    def ids(self, count):
        numbers = self.random.sample(range(count * 3), count)
        return [str(uuid.UUID(int=self.random.getrandbits(128))) if self.chance(0.3) else
                number if self.chance(0.97) else 2**63 + number for number in numbers]

    def points(self, ids, layout):
        return [models.PointStruct(id=each, vector=self.vectors_of_point(layout), payload=self.payload())
                for each in ids]

    # Payloads. Every field is now and then missing, null, empty, a list or of another type.

    def payload(self):
        fields = {"city": self.city, "count": self.count, "price": self.price, "flag": lambda: self.chance(0.5),
                  "when": self.when, "reference": lambda: self.random.choice(REFERENCES), "deep": self.deep,
                  "items": self.items, "dotted.key": lambda: {"x": self.count()}, "mixed": self.mixed,
                  "place": self.place, "text": self.text, "large": lambda: self.random.choice([*LARGE, 2**64 - 1])}
        return {name: self.field(make) for name, make in fields.items() if self.chance(0.75)}

    def field(self, make):
        odd = self.random.random()
        if odd < 0.06:
            return None
        if odd < 0.10:
            return []
        if odd < 0.25:
            # Each value once: Qdrant counts a repeated one in the limit of an ordered page, and then leaves it out.
            return list({repr(value): value for value in (make() for _ in range(self.random.randint(1, 4)))}.values())
        if odd < 0.28:
            return [make(), None]
        if odd < 0.31:
            return self.mixed()
        return make()

    def city(self):
        return self.random.choice(CITIES)

    def count(self):
        return self.random.randint(-3, 12) if self.chance(0.95) else self.random.choice(LARGE[:2])

    def price(self):
        return round(self.random.uniform(-2, 10), 2) if self.chance(0.8) else float(self.random.randint(0, 9))

    def moment(self, days):
        return datetime(2024, 1, 1, tzinfo=timezone.utc) + timedelta(hours=self.random.randint(0, 24 * days))

    def when(self):
        """A moment of early 2024 in one of the forms Qdrant reads."""
        form = self.random.choice(["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.250Z", "%Y-%m-%dT%H:%M:%S+02:00",
                                   "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d"])
        return self.moment(90).strftime(form)

    def deep(self):
        return {"number": self.count(), "word": self.random.choice(KINDS)}

    def items(self):
        item = {"kind": self.random.choice(KINDS), "size": self.count()}
        if self.chance(0.5):
            item["tags"] = self.some(KINDS)
        return item

    def mixed(self):
        return self.random.choice(["Berlin", 1, 1.0, 1.5, True, False, None, {"x": 1}, {}, "7", "2024-01-05", [[1, 2]]])

    def place(self):
        """Mostly around the Gulf of Guinea, now and then beside the antimeridian or a pole."""
        if self.chance(0.1):
            return {"lon": self.random.choice([179.9, -179.9, 180.0, -180.0]), "lat": self.random.choice([0.5, 89.9, -90.0])}
        return {"lon": round(self.random.uniform(-20, 20), 4), "lat": round(self.random.uniform(-15, 15), 4)}

    def text(self, most=6):
        """Words of several scripts and cases, and what may stand between them."""
        words = [self.random.choice(WORDS) for _ in range(self.random.randint(1, most))]
        return "".join(word + self.random.choice(SEPARATORS) for word in words).strip() + self.random.choice(["", "", "!", "."])
