"""Random query requests of every kind, trees of prefetches included."""

from qdrant_client import models

from generate import KINDS

EXACT = models.SearchParams(exact=True)
SCORE = "$score"
# The range of a random formula stays where every function of it is defined.
DEFAULTS = {"count": 1, "price": 0.5, "deep.number": 2, "missing": 3.5, "when": "2024-01-01T00:00:00Z",
            "place": {"lon": 1.0, "lat": 2.0}}
VECTOR_KINDS = ["nearest", "nearest", "nearest", "recommend", "recommend", "discover", "context", "feedback", "mmr"]


class QueryGenerator:
    """`having` maps a vector's name to the points that have it; `others`, those of the collection `lookup`.
    `orderable` are the fields that may be ordered by."""

    def __init__(self, generator, layout, filters, having, orderable, lookup=None, others=None):
        self.generator, self.random = generator, generator.random
        self.layout, self.filters = layout, filters
        self.having, self.orderable = having, orderable
        self.lookup, self.others = lookup, others or {}

    def chance(self, probability):
        return self.generator.chance(probability)

    @property
    def ordering(self):
        return ["order_by"] if self.orderable else []

    def request(self):
        """A root request. What needs prefetches has some; what has no score has no threshold."""
        kind = self.random.choice([*VECTOR_KINDS, "none", "sample", "fusion", "fusion", "formula", "formula", *self.ordering])
        shape = dict(limit=self.random.choice([1, 5, 20, 200]), offset=self.random.choice([None, None, 0, 3]),
                     filter=self.maybe_filter())
        if kind in ("fusion", "formula") or kind in VECTOR_KINDS and self.chance(0.25):
            shape["prefetch"] = [self.prefetch(1) for _ in range(self.random.randint(1, 3))]
            if len(shape["prefetch"]) == 1 and self.chance(0.3):
                shape["prefetch"] = shape["prefetch"][0]
        return self.of_kind(models.QueryRequest, kind, shape)

    def prefetch(self, depth):
        kind = self.random.choice([*VECTOR_KINDS[:-1], "none", *self.ordering])
        shape = dict(limit=self.random.choice([3, 10, 50]), filter=self.maybe_filter() if self.chance(0.4) else None)
        if depth < 3 and self.chance(0.15):
            kind = self.random.choice(["fusion", "nearest"])
            shape["prefetch"] = [self.prefetch(depth + 1) for _ in range(self.random.randint(1, 2))]
        return self.of_kind(models.Prefetch, kind, shape)

    def maybe_filter(self):
        choice = self.random.random()
        return None if choice < 0.4 else self.filters.wide() if choice < 0.75 else self.filters.filter()

    def of_kind(self, model, kind, shape):
        if kind in VECTOR_KINDS:
            self.add_vector_query(kind, shape)
        elif kind == "order_by":
            shape["query"] = self.order_by()
        elif kind == "sample":
            shape["query"] = models.SampleQuery(sample=models.Sample.RANDOM)
            shape.pop("offset", None)
        elif kind == "fusion":
            shape["query"] = self.fusion(len(shape["prefetch"]) if isinstance(shape["prefetch"], list) else 1)
        elif kind == "formula":
            shape["query"] = models.FormulaQuery(
                formula=self.expression(3), defaults={key: value for key, value in DEFAULTS.items() if self.chance(0.9)})
        return model(**shape)

    # Queries of vectors.

    def add_vector_query(self, kind, shape):
        using = self.random.choice(self.layout.names)
        if kind in ("discover", "context") and self.generator.has_zeros:
            kind = "recommend"
        shape["using"] = using
        shape["params"] = self.params(using)
        if kind != "context" and self.lookup and self.chance(0.15) and self.others.get(using):
            shape["lookup_from"] = models.LookupLocation(
                collection=self.lookup, vector=using if self.chance(0.5) and using else None)
        pool = list(self.others[using] if "lookup_from" in shape else self.having.get(using) or [])
        shape["query"] = self.vector_query(kind, using, pool)
        if kind == "mmr":
            shape["offset"] = None
            shape.pop("prefetch", None)

    def params(self, using):
        if not self.layout.has_idf(using) or self.chance(0.6):
            return EXACT
        idf = models.IdfScope.GLOBAL if self.chance(0.3) else models.IdfCorpusParams(corpus=self.filters.wide())
        return models.SearchParams(exact=True, idf=idf)

    def operand(self, using, pool):
        """An id, taken out of the pool, or a vector. (What is both liked and disliked would be a matter of rounding.)"""
        if pool and self.chance(0.5):
            return pool.pop(self.random.randrange(len(pool)))
        return self.generator.vector(self.layout, using)

    def pair(self, using, pool):
        return models.ContextPair(positive=self.operand(using, pool), negative=self.operand(using, pool))

    def vector_query(self, kind, using, pool):
        def operands(at_least, at_most):
            return [self.operand(using, pool) for _ in range(self.random.randint(at_least, at_most))]
        match kind:
            case "nearest":
                vector = self.operand(using, pool)
                return vector if self.chance(0.7) else models.NearestQuery(nearest=vector)
            case "mmr":
                # At half of each, points that lie behind a picked one are equally good by Manhattan distance.
                even = [] if not self.layout.is_sparse(using) and self.layout.dense[using].distance == models.Distance.MANHATTAN \
                    else [None]
                return models.NearestQuery(nearest=self.operand(using, pool), mmr=models.Mmr(
                    diversity=self.random.choice([0.0, 0.3, 0.8, *even]),
                    candidates_limit=self.random.choice([None, 10, 50, 300])))
            case "recommend":
                strategy = self.random.choice([None, *models.RecommendStrategy])
                averages = strategy in (None, models.RecommendStrategy.AVERAGE_VECTOR)
                positive = operands(1 if averages else 0, 3)
                return models.RecommendQuery(recommend=models.RecommendInput(
                    positive=positive, negative=operands(0 if positive else 1, 2), strategy=strategy))
            case "discover":
                return models.DiscoverQuery(discover=models.DiscoverInput(
                    target=self.operand(using, pool),
                    context=[self.pair(using, pool) for _ in range(self.random.randint(0, 3))]))
            case "context":
                pairs = [self.pair(using, pool) for _ in range(self.random.randint(1, 3))]
                return models.ContextQuery(context=pairs[0] if len(pairs) == 1 and self.chance(0.3) else pairs)
        feedback = [models.FeedbackItem(example=example, score=round(self.random.uniform(-1, 1), 3))
                    for example in operands(1, 4)]
        return models.RelevanceFeedbackQuery(relevance_feedback=models.RelevanceFeedbackInput(
            target=self.operand(using, pool), feedback=feedback,
            strategy=models.NaiveFeedbackStrategy(naive=models.NaiveFeedbackStrategyParams(
                a=round(self.random.uniform(0, 2), 2), b=round(self.random.uniform(0, 2), 2),
                c=round(self.random.uniform(0, 2), 2)))))

    # Queries of payloads and scores.

    def order_by(self):
        key = self.random.choice(self.orderable)
        if self.chance(0.2):
            return models.OrderByQuery(order_by=key)
        return models.OrderByQuery(order_by=models.OrderBy(
            key=key, direction=self.random.choice([None, *models.Direction]), start_from=self.start_from(key)))

    def start_from(self, key):
        if self.chance(0.5):
            return None
        return {"count": self.random.randint(-2, 9), "deep.number": self.random.randint(-2, 9),
                "price": self.random.uniform(0, 8), "when": "2024-02-01T00:00:00Z"}[key]

    def fusion(self, sources):
        match self.random.randrange(4):
            case 0:
                return models.FusionQuery(fusion=models.Fusion.RRF)
            case 1:
                return models.FusionQuery(fusion=models.Fusion.DBSF)
            case 2:
                return models.RrfQuery(rrf=models.Rrf(k=self.random.choice([None, 1, 2, 10, 60])))
        return models.RrfQuery(rrf=models.Rrf(k=self.random.choice([None, 5]), weights=[
            self.random.choice([0.5, 1.0, 2.0, 3.5]) for _ in range(sources)]))

    def expression(self, depth):
        """A formula of at most this depth; the arguments of roots, logarithms and powers are kept in their range."""
        if depth == 0:
            return self.leaf()
        inner = self.expression
        match self.random.randrange(15):
            case 0 | 1 | 2:
                return models.SumExpression(sum=[inner(depth - 1) for _ in range(self.random.randint(1, 3))])
            case 3 | 4:
                return models.MultExpression(mult=[inner(depth - 1) for _ in range(self.random.randint(1, 3))])
            case 5:
                return models.NegExpression(neg=inner(depth - 1))
            case 6:
                return models.AbsExpression(abs=inner(depth - 1))
            case 7:
                return models.DivExpression(div=models.DivParams(
                    left=inner(depth - 1), right=self.positive(depth - 1),
                    by_zero_default=self.random.choice([None, 0.0, 2.5])))
            case 8:
                return models.SqrtExpression(sqrt=models.AbsExpression(abs=inner(depth - 1)))
            case 9:
                return models.LnExpression(ln=self.positive(depth - 1)) if self.chance(0.5) else \
                    models.Log10Expression(log10=self.positive(depth - 1))
            case 10:
                return models.PowExpression(pow=models.PowParams(
                    base=self.positive(depth - 1), exponent=self.random.choice([0.5, 2.0, -1.0])))
            case 11:
                return models.ExpExpression(exp=models.NegExpression(neg=models.AbsExpression(abs=inner(depth - 1))))
            case 12 | 13:
                return self.decay(depth)
        return self.leaf()

    def positive(self, depth):
        return models.SumExpression(sum=[models.AbsExpression(abs=self.expression(depth)), 0.5])

    def decay(self, depth):
        params = models.DecayParamsExpression(
            x=self.expression(depth - 1), target=self.random.choice([None, 1.5, "price"]),
            scale=self.random.choice([None, 0.5, 20.0]), midpoint=self.random.choice([None, 0.1, 0.7]))
        match self.random.randrange(3):
            case 0:
                return models.LinDecayExpression(lin_decay=params)
            case 1:
                return models.ExpDecayExpression(exp_decay=params)
        return models.GaussDecayExpression(gauss_decay=params)

    def leaf(self):
        match self.random.randrange(10):
            case 0 | 1 | 2:
                return self.random.choice([SCORE, SCORE, SCORE + "[0]", SCORE + "[1]"])
            case 3:
                return round(self.random.uniform(-2, 5), 2)
            case 4 | 5:
                return self.random.choice(["count", "price", "deep.number", "missing"])
            case 6:
                return models.FieldCondition(key="items[].kind", match=models.MatchAny(any=self.generator.some(KINDS)))
            case 7:
                return self.filters.condition(1)
            case 8:
                return models.GeoDistance(geo_distance=models.GeoDistanceParams(origin=self.filters.point(), to="place"))
        return models.DivExpression(div=models.DivParams(
            left=models.SumExpression(sum=[models.DatetimeKeyExpression(datetime_key="when"), models.NegExpression(
                neg=models.DatetimeExpression(datetime="2024-01-15T00:00:00Z"))]), right=86400.0))
