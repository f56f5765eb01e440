"""Random filters: every condition there is, nested as deep as a reader can follow."""

from datetime import timedelta

from qdrant_client import models

from generate import CITIES, INDEXABLE, KINDS, REFERENCES, WORDS


class FilterGenerator:
    """`kinds` restricts the conditions: "everything", or "plain" for those that every engine reads alike."""

    def __init__(self, generator, layout, ids):
        self.generator, self.random = generator, generator.random
        self.layout, self.ids = layout, ids

    def chance(self, probability):
        return self.generator.chance(probability)

    def some(self, *arguments):
        return self.generator.some(*arguments)

    def filter(self, depth=0):
        """Mostly one or two clauses; now and then more, empty ones, or filters inside."""
        def conditions(most):
            return [self.condition(depth) for _ in range(self.random.randint(1, most))]
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

    def wide(self):
        """A filter that leaves most points: for queries, where an empty answer tells little."""
        narrow = self.condition(2)
        return models.Filter(must_not=[narrow]) if self.chance(0.7) else models.Filter(should=[
            narrow, self.condition(2), models.FieldCondition(key="count", range=models.Range(gte=-1))])

    def condition(self, depth):
        choice = self.random.random()
        if depth < 2 and choice < 0.11:
            return self.filter(depth + 1)
        if choice < 0.18:
            return self.nested()
        if choice < 0.23:
            return models.HasIdCondition(has_id=self.some(self.ids, 1, 20) if self.ids else [])
        if choice < 0.27:
            return models.HasVectorCondition(has_vector=self.random.choice([*self.layout.names, "unknown"]))
        if choice < 0.30:
            total = self.random.randint(1, 5)
            return models.SliceCondition(slice=models.Slice(total=total, index=self.random.randrange(total)))
        if choice < 0.42:
            return self.about_text()
        if choice < 0.50:
            return self.about_place()
        key = self.random.choice([*INDEXABLE, "items", "items[].tags", "items[0].kind", "items.kind", "deep",
                                  "missing.key", "mixed", "large"])
        return self.about_presence(key) if choice < 0.64 else self.about_value(key)

    # Fields.

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
        elif key == "large":
            pool = [2**53 - 1, 2**53, 2**53 + 1, 2**62, 2**63 - 1, -(2**63)]
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
        low = self.generator.moment(80)
        bounds = {}
        if self.chance(0.8):
            bounds[self.random.choice(["gt", "gte"])] = low
        if self.chance(0.6) or not bounds:
            bounds[self.random.choice(["lt", "lte"])] = low + timedelta(days=self.random.randint(0, 30))
        return models.DatetimeRange(**bounds)

    # Texts and places.

    def about_text(self):
        key = self.random.choice(["text", "text", "text", "city", "items[].kind", "mixed", "missing"])
        if key != "text" or self.chance(0.2):
            prefix = self.random.choice(["", "B", "Berlin", "p", "qu", "Qu", "東", "pi"])
            if self.chance(0.7):
                return models.FieldCondition(key=key, match=models.MatchPrefix(prefix=prefix))
        asked = self.random.choice([self.generator.text(2), self.random.choice(WORDS), self.random.choice(WORDS)[:3], ""])
        match_ = self.random.choice([models.MatchText(text=asked), models.MatchTextAny(text_any=asked),
                                     models.MatchPhrase(phrase=asked)])
        return models.FieldCondition(key=key, match=match_)

    def point(self, reach=18):
        return models.GeoPoint(lon=round(self.random.uniform(-reach, reach), 3), lat=round(self.random.uniform(-14, 14), 3))

    def about_place(self):
        key = self.random.choice(["place", "place", "place", "mixed", "missing"])
        match self.random.randrange(3):
            case 0:
                return models.FieldCondition(key=key, geo_radius=models.GeoRadius(
                    center=self.point(), radius=self.random.choice([1.0, 3e5, 1e6, 3e6, 2e7])))
            case 1:
                return models.FieldCondition(key=key, geo_bounding_box=self.box())
        return models.FieldCondition(key=key, geo_polygon=self.polygon())

    def box(self):
        a, b = self.point(), self.point()
        west, east = sorted((a.lon, b.lon))
        if self.chance(0.15):
            west, east = 170.0, -170.0  # Across the antimeridian.
        return models.GeoBoundingBox(
            top_left=models.GeoPoint(lon=west, lat=max(a.lat, b.lat) + 0.5),
            bottom_right=models.GeoPoint(lon=east, lat=min(a.lat, b.lat) - 0.5))

    def polygon(self):
        def ring(west, south, east, north):
            """A rectangle with one corner drawn out, closed."""
            corners = [(west, south), (east, south), (east + 1.37, north + 0.71), (west, north), (west, south)]
            return models.GeoLineString(points=[models.GeoPoint(lon=lon, lat=lat) for lon, lat in corners])
        a, b = self.point(), self.point()
        west, east = sorted((a.lon, b.lon))
        south, north = sorted((a.lat, b.lat))
        east, north = east + 2, north + 2
        width, height = (east - west) / 4, (north - south) / 4
        holes = [ring(west + width, south + height, east - width - 1.4, north - height - 0.8)] \
            if self.chance(0.3) and width > 1 and height > 1 else None
        return models.GeoPolygon(exterior=ring(west, south, east, north), interiors=holes)

    def nested(self):
        inner = {"must": [self.random.choice([
            models.FieldCondition(key="kind", match=models.MatchValue(value=self.random.choice(KINDS))),
            models.FieldCondition(key="tags", match=models.MatchAny(any=self.some(KINDS))),
            models.FieldCondition(key="kind", match=models.MatchPrefix(prefix="p")),
            models.IsEmptyCondition(is_empty=models.PayloadField(key="tags")),
        ])]}
        if self.chance(0.6):
            inner[self.random.choice(["must_not", "should"])] = [
                models.FieldCondition(key="size", range=self.number_range())]
        return models.NestedCondition(nested=models.Nested(
            key=self.random.choice(["items", "items", "items[]", "deep", "missing"]), filter=models.Filter(**inner)))
