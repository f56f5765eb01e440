"""Every call of qdrant-client gives on Quiver what it gives in local mode: reading.

The comparison that qdrant-client makes between its local mode and a server, on data and calls of our own. The points
are the same for all tests here; test_congruence_updates.py changes things.
"""

import pytest
from qdrant_client import QdrantClient, models

from congruence import COUNT, DENSE, EXACT, SIZES, SPARSE, WORDS, Clients, Data
from conftest import AGAINST_MEMORY

pytestmark = [pytest.mark.skipif(AGAINST_MEMORY, reason="there is no server to compare"), pytest.mark.filterwarnings("ignore")]
INDEXES = {"digit": "integer", "number": "float", "word": "keyword", "city.name": "keyword", "city.geo": "geo", "when": "datetime",
           "available": "bool", "uuid": "uuid", "tags": "keyword"}
data = Data(11)
QUERY = {name: data.vector(name) for name in [*DENSE, *SPARSE]}
OTHER = {name: data.vector(name) for name in [*DENSE, *SPARSE]}


@pytest.fixture(scope="module")
def clients(client):
    pair = Clients(client, QdrantClient(":memory:"), "congruence")
    points, others = data.points(with_gaps=True), Data(12).points(30)
    for each in (pair.server, pair.local):
        for name, some in (("congruence", points), ("congruence_other", others)):
            each.create_collection(name, vectors_config=DENSE, sparse_vectors_config=SPARSE)
            each.upload_points(name, some, batch_size=32, wait=True)
        for key, kind in INDEXES.items():
            each.create_payload_index("congruence", key, kind, wait=True)
    yield pair
    for name in ("congruence", "congruence_other"):
        client.delete_collection(name)


def field(key, **condition):
    return models.FieldCondition(key=key, **condition)


def value(key, wanted):
    return field(key, match=models.MatchValue(value=wanted))


def box(west, north, east, south):
    return models.GeoBoundingBox(top_left={"lon": west, "lat": north}, bottom_right={"lon": east, "lat": south})


def ring(*corners):
    return models.GeoLineString(points=[models.GeoPoint(lon=lon, lat=lat) for lon, lat in [*corners, corners[0]]])


def nested(key, *conditions, **clauses):
    return models.NestedCondition(nested=models.Nested(key=key, filter=models.Filter(must=list(conditions) or None, **clauses)))


CONDITIONS = {
    "value": value("word", "cat"), "integer": value("digit", 3), "bool": value("available", True),
    "any": field("word", match=models.MatchAny(any=["cat", "owl"])), "any integers": field("digit", match=models.MatchAny(any=[1, 2])),
    "except": field("word", match=models.MatchExcept(**{"except": ["cat"]})), "array": value("tags", "fox"),
    "range": field("number", range=models.Range(gt=-1, lte=2)), "datetimes": field(
        "when", range=models.DatetimeRange(gte="2024-03-01T00:00:00Z", lt="2024-09-01T00:00:00Z")),
    "radius": field("city.geo", geo_radius=models.GeoRadius(center=models.GeoPoint(lon=10, lat=10), radius=6e6)),
    "box": field("city.geo", geo_bounding_box=box(-60, 50, 100, -40)),
    "polygon": field("city.geo", geo_polygon=models.GeoPolygon(
        exterior=ring((-100, -60), (120, -50), (110, 60), (-90, 70)), interiors=[ring((-20, -20), (30, -10), (20, 30))])),
    "values count": field("tags", values_count=models.ValuesCount(gte=1, lt=3)),
    "values count of objects": field("nested.array", values_count=models.ValuesCount(gt=1)),
    "empty": models.IsEmptyCondition(is_empty=models.PayloadField(key="tags")),
    "missing": models.IsEmptyCondition(is_empty=models.PayloadField(key="maybe")),
    "null": models.IsNullCondition(is_null=models.PayloadField(key="maybe_null")),
    "ids": models.HasIdCondition(has_id=[1, 5, 7, 1000]), "vector": models.HasVectorCondition(has_vector="image"),
    "sparse vector": models.HasVectorCondition(has_vector="terms"),
    "multivector": models.HasVectorCondition(has_vector="rows"),
    "slice": models.SliceCondition(slice=models.Slice(total=4, index=1)),
    "prefix": field("word", match=models.MatchPrefix(prefix="o")),
    "nested": nested("nested.array", value("word", "cat"), field("number", range=models.Range(gte=3))),
    "nested must not": nested("nested.array", value("word", "cat"), must_not=[field("number", range=models.Range(lt=5))]),
    "inside arrays": value("nested.array[].word", "dog"),
    "at a place": field("nested.array[0].number", range=models.Range(lt=5)),
}
CLAUSES = [lambda each: models.Filter(must=[each]), lambda each: models.Filter(must_not=[each]),
           lambda each: models.Filter(should=[each, value("digit", 4)], must_not=[value("word", "elk")]),
           lambda each: models.Filter(min_should=models.MinShould(conditions=[each, value("digit", 4), value("available", True)], min_count=2))]


@pytest.mark.parametrize("condition", CONDITIONS)
def test_filters(clients, condition):
    for clause in CLAUSES:
        filter = clause(CONDITIONS[condition])
        clients.same(lambda client, name: client.count(name, count_filter=filter, exact=True))
        clients.same(lambda client, name: client.scroll(name, scroll_filter=filter, limit=200))
        clients.same_points(lambda client, name: client.query_points(
            name, QUERY["text"], using="text", query_filter=filter, limit=7, search_params=EXACT))


def test_scroll_and_retrieve(clients):
    for options in ({}, {"limit": 7}, {"limit": 7, "offset": 50}, {"with_payload": False, "with_vectors": ["terms", "code"]},
                    {"with_payload": ["id", "city.name", "nested.array[].word"]}, {"limit": 200, "with_vectors": True},
                    {"with_payload": models.PayloadSelectorExclude(exclude=["city", "nested.array[].number"])}):
        clients.same(lambda client, name: client.scroll(name, **options))
    for options in ({}, {"with_vectors": True}, {"with_payload": ["word"], "with_vectors": ["rows"]}):
        clients.same(lambda client, name: sorted(client.retrieve(name, [3, 1, 99, 4711], **options), key=lambda each: each.id))


@pytest.mark.parametrize("key", ["digit", "number", "when"])
@pytest.mark.parametrize("direction", list(models.Direction))
def test_scroll_in_order(clients, key, direction):
    def values(client, name, start_from=None, **options):
        records, _ = client.scroll(name, limit=40, order_by=models.OrderBy(
            key=key, direction=direction, start_from=start_from), **options)
        return [each.order_value for each in records]
    start = {"digit": 4, "number": 0.5, "when": "2024-06-01T00:00:00Z"}[key]
    assert len(clients.same(values)) == 40
    clients.same(lambda client, name: values(client, name, start_from=start))
    clients.same(lambda client, name: values(client, name, scroll_filter=models.Filter(must=[value("available", True)])))


KINDS = {
    "vector": lambda name: QUERY[name], "id": lambda name: 1 if name != "terms" else OTHER[name],
    "nearest": lambda name: models.NearestQuery(nearest=OTHER[name]),
    "average": lambda name: models.RecommendQuery(recommend=models.RecommendInput(positive=[QUERY[name]], negative=[OTHER[name]])),
    "best": lambda name: models.RecommendQuery(recommend=models.RecommendInput(
        positive=[QUERY[name]], negative=[OTHER[name]], strategy=models.RecommendStrategy.BEST_SCORE)),
    "only negative": lambda name: models.RecommendQuery(recommend=models.RecommendInput(
        negative=[OTHER[name]], strategy=models.RecommendStrategy.BEST_SCORE)),
    "sums": lambda name: models.RecommendQuery(recommend=models.RecommendInput(
        positive=[QUERY[name]], negative=[OTHER[name]], strategy=models.RecommendStrategy.SUM_SCORES)),
    "discover": lambda name: models.DiscoverQuery(discover=models.DiscoverInput(
        target=QUERY[name], context=[models.ContextPair(positive=OTHER[name], negative=QUERY[name])])),
    "discover without context": lambda name: models.DiscoverQuery(discover=models.DiscoverInput(target=QUERY[name], context=[])),
    "context": lambda name: models.ContextQuery(context=[models.ContextPair(positive=QUERY[name], negative=OTHER[name])]),
    "diverse": lambda name: models.NearestQuery(nearest=QUERY[name], mmr=models.Mmr(diversity=0.4, candidates_limit=40)),
}


def having(name):
    return models.Filter(must=[models.HasVectorCondition(has_vector=name)])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("using", [*DENSE, "terms"])
def test_queries(clients, using, kind):
    known = clients.local.scroll(clients.collection, scroll_filter=having(using), limit=2)[0][0].id
    query = known if kind == "id" else KINDS[kind](using)
    found = clients.same_points(lambda client, name: client.query_points(
        name, query, using=using, limit=12, with_vectors=[using], search_params=EXACT))
    assert found
    if kind != "diverse":
        clients.same_points(lambda client, name: client.query_points(
            name, query, using=using, limit=6, offset=4, with_payload=["id"], search_params=EXACT), offset=4)
    if kind not in ("context", "diverse"):
        threshold = (found[5].score + found[6].score) / 2
        clients.same_points(lambda client, name: client.query_points(
            name, query, using=using, limit=20, score_threshold=threshold, search_params=EXACT,
            query_filter=models.Filter(must_not=[value("word", "bee")])))
    # Sparse vectors without a common term score equally, so the best group is open.
    groups = clients.do(lambda client, name: client.query_points_groups(
        name, "word", query=query, using=using, limit=4, group_size=3, search_params=EXACT).groups) \
        if kind not in ("context", "diverse") and (using, kind) != ("terms", "only negative") else ([], [])
    assert [[group.id, [hit.id for hit in group.hits]] for group in groups[0]] == \
        [[group.id, [hit.id for hit in group.hits]] for group in groups[1]]


def test_idf(clients):
    """Without gaps, for local mode counts otherwise how many points there are."""
    other = Clients(clients.server, clients.local, "congruence_other")
    for params in (None, models.SearchParams(idf=models.IdfScope.GLOBAL), models.SearchParams(
            idf=models.IdfCorpusParams(corpus=models.Filter(must=[value("available", True)])))):
        other.same_points(lambda client, name: client.query_points(name, QUERY["rare"], using="rare", limit=9, search_params=params))


def test_feedback(clients):
    query = models.RelevanceFeedbackQuery(relevance_feedback=models.RelevanceFeedbackInput(
        target=QUERY["text"], feedback=[models.FeedbackItem(example=data.vector("text"), score=score) for score in (0.9, 0.2, 0.5)],
        strategy=models.NaiveFeedbackStrategy(naive=models.NaiveFeedbackStrategyParams(a=1, b=0.5, c=0.8))))
    clients.same_points(lambda client, name: client.query_points(name, query, using="text", limit=10, search_params=EXACT))


def test_lookup_from(clients):
    for query in (3, models.RecommendQuery(recommend=models.RecommendInput(positive=[1, 2], negative=[4]))):
        clients.same_points(lambda client, name: client.query_points(
            name, query, using="text", limit=8, search_params=EXACT,
            lookup_from=models.LookupLocation(collection="congruence_other", vector="text")))
    for location in (models.LookupLocation(collection="nobody_made_this", vector="text"),
                     models.LookupLocation(collection="congruence_other", vector="unknown")):
        clients.refused(lambda client, name: client.query_points(name, 3, using="text", lookup_from=location))


def prefetch(name, limit=20, **options):
    return models.Prefetch(query=QUERY[name], using=name, limit=limit, params=EXACT, **options)


FILTER = models.Filter(must_not=[value("word", "fox")])
TREES = {
    "rescored": dict(prefetch=[prefetch("text"), prefetch("code")], query=QUERY["image"], using="image"),
    "one": dict(prefetch=prefetch("text"), query=QUERY["image"], using="image"),
    "deep": dict(prefetch=prefetch("code", 30, prefetch=prefetch("image", 40, prefetch=prefetch("text", 50))),
                 query=OTHER["image"], using="image"),
    "filtered": dict(prefetch=[prefetch("text", filter=FILTER), prefetch("code", filter=FILTER)], query=OTHER["text"], using="text"),
    "filtered above": dict(prefetch=[prefetch("text"), prefetch("code")], query=OTHER["text"], using="text", query_filter=FILTER),
    "thresholds": dict(prefetch=[prefetch("text", score_threshold=0.2), prefetch("code", score_threshold=11.0)],
                       query=OTHER["text"], using="text"),
    "offset": dict(prefetch=[prefetch("text", 40)], query=OTHER["text"], using="text", offset=5),
    "rrf": dict(prefetch=[prefetch("text"), prefetch("terms"), prefetch("rows")], query=models.FusionQuery(fusion=models.Fusion.RRF)),
    "rrf of k": dict(prefetch=[prefetch("text"), prefetch("code")], query=models.RrfQuery(rrf=models.Rrf(k=7))),
    "rrf weighted": dict(prefetch=[prefetch("text"), prefetch("code")], query=models.RrfQuery(rrf=models.Rrf(weights=[3.0, 0.5]))),
    "dbsf": dict(prefetch=[prefetch("text"), prefetch("image")], query=models.FusionQuery(fusion=models.Fusion.DBSF)),
    "fusion of fusions": dict(prefetch=[models.Prefetch(
        prefetch=[prefetch("text"), prefetch("code")], query=models.FusionQuery(fusion=models.Fusion.RRF), limit=15),
        prefetch("image")], query=models.FusionQuery(fusion=models.Fusion.DBSF)),
    "threshold of a fusion": dict(prefetch=[prefetch("text"), prefetch("image")], score_threshold=0.3,
                                  query=models.FusionQuery(fusion=models.Fusion.RRF)),
}


@pytest.mark.parametrize("tree", TREES)
def test_prefetches(clients, tree):
    # Ranks that mirror each other give equal scores, so a page must not end among them.
    assert clients.same_points(lambda client, name: client.query_points(
        name, **TREES[tree], limit=60, search_params=EXACT), offset=TREES[tree].get("offset", 0))


FORMULAS = {
    "score": "$score", "sum": models.SumExpression(sum=["$score", models.MultExpression(mult=[0.5, value("word", "cat")])]),
    "payload": models.MultExpression(mult=["digit", "number", models.NegExpression(neg="$score")]),
    "geo": models.GaussDecayExpression(gauss_decay=models.DecayParamsExpression(x=models.GeoDistance(
        geo_distance=models.GeoDistanceParams(origin=models.GeoPoint(lon=0, lat=0), to="city.geo")), scale=5e6)),
    "datetime": models.ExpDecayExpression(exp_decay=models.DecayParamsExpression(
        x=models.DatetimeKeyExpression(datetime_key="when"), target=models.DatetimeExpression(datetime="2024-06-01T00:00:00Z"),
        scale=86400.0 * 60)),
    "linear": models.LinDecayExpression(lin_decay=models.DecayParamsExpression(x="number", target=1.0, scale=3.0, midpoint=0.3)),
    "functions": models.SumExpression(sum=[
        models.SqrtExpression(sqrt=models.AbsExpression(abs="number")), models.LnExpression(ln=models.SumExpression(sum=["digit", 1.0])),
        models.Log10Expression(log10=models.SumExpression(sum=["digit", 1.0])), models.ExpExpression(exp="$score"),
        models.PowExpression(pow=models.PowParams(base="rating", exponent=2.0)),
        models.DivExpression(div=models.DivParams(left="number", right="digit", by_zero_default=9.0))]),
    "default": models.SumExpression(sum=["$score", "absent"]), "other score": models.SumExpression(sum=["$score[0]", "$score[1]"]),
}


@pytest.mark.parametrize("formula", FORMULAS)
def test_formulas(clients, formula):
    query = models.FormulaQuery(formula=FORMULAS[formula], defaults={"absent": 2.5})
    clients.same_points(lambda client, name: client.query_points(
        name, prefetch=[prefetch("text", 30), prefetch("image", 30)], query=query, limit=80))


def test_formulas_that_have_no_value(clients):
    for formula in (models.SumExpression(sum=["word"]), models.SumExpression(sum=["absent"]),
                    models.LnExpression(ln=-1.0), models.DivExpression(div=models.DivParams(left=1.0, right=0.0))):
        clients.refused(lambda client, name: client.query_points(
            name, prefetch=prefetch("text"), query=models.FormulaQuery(formula=formula)))


def test_no_query_order_and_sample(clients):
    for options in ({}, {"offset": 10}, {"query_filter": FILTER, "with_vectors": True}):
        clients.same_points(lambda client, name: client.query_points(name, limit=10, **options))
    for options in ({}, {"prefetch": [prefetch("text"), prefetch("code")]}):
        clients.same(lambda client, name: [each.order_value for each in client.query_points(
            name, query=models.OrderByQuery(order_by="number"), limit=15, **options).points])
    for options in ({}, {"query_filter": FILTER}):
        clients.same_points(lambda client, name: sorted(client.query_points(
            name, query=models.SampleQuery(sample=models.Sample.RANDOM), limit=COUNT, **options).points, key=lambda each: each.id))


def test_batches(clients):
    requests = [models.QueryRequest(query=QUERY["text"], using="text", limit=4, with_payload=True),
                models.QueryRequest(prefetch=[prefetch("text"), prefetch("code")], query=OTHER["image"], using="image", limit=5),
                models.QueryRequest(query=QUERY["terms"], using="terms", limit=3, filter=FILTER), models.QueryRequest(limit=2)]
    for number in range(len(requests)):
        clients.same_points(lambda client, name: client.query_batch_points(name, requests)[number].points)


@pytest.mark.parametrize("key", ["word", "digit", "tags", "city.name", "nested.array[].word", "id"])
def test_groups(clients, key):
    def groups(client, name):
        return [(group.id, [hit.id for hit in group.hits], group.lookup and group.lookup.payload) for group in client.query_points_groups(
            name, key, query=QUERY["text"], using="text", limit=5, group_size=4, search_params=EXACT,
            with_lookup=models.WithLookup(collection="congruence_other", with_payload=["word"]) if key == "id" else None).groups]
    actual, expected = clients.do(groups)
    # One point can lead several groups, whose order is then open.
    assert sorted(map(str, actual)) == sorted(map(str, expected)) or key in ("tags", "nested.array[].word")
    assert [hits[:1] for _, hits, _ in actual] == [hits[:1] for _, hits, _ in expected]


@pytest.mark.parametrize("key", ["word", "digit", "available", "city.name", "uuid", "tags"])
def test_facets(clients, key):
    for options in ({"limit": 1000}, {"limit": 3}, {"limit": 1000, "facet_filter": FILTER}):
        clients.same(lambda client, name: client.facet(name, key, exact=True, **options))


@pytest.mark.parametrize("using", [*SIZES, "rows"])
def test_matrices(clients, using):
    filter = models.Filter(must=[models.HasIdCondition(has_id=list(range(15)))])
    pairs = clients.do(lambda client, name: {(each.a, each.b): each.score for each in client.search_matrix_pairs(
        name, query_filter=filter, sample=50, limit=4, using=using).pairs})
    assert pairs[0].keys() == pairs[1].keys() and pairs[0] == pytest.approx(pairs[1], abs=1e-4)
    clients.same(lambda client, name: client.search_matrix_offsets(name, query_filter=filter, sample=50, limit=4, using=using))


REFUSED = {
    "unknown vector": dict(query=[1.0] * 12, using="unknown"), "wrong size": dict(query=[1.0, 2.0], using="text"),
    "prefetch without query": dict(prefetch=[prefetch("text")]), "fusion alone": dict(query=models.FusionQuery(fusion=models.Fusion.RRF)),
    "formula alone": dict(query=models.FormulaQuery(formula="$score")), "unknown id": dict(query=4711, using="text"),
    "average of nothing": dict(query=models.RecommendQuery(recommend=models.RecommendInput(negative=[1])), using="text"),
    "weights of another number": dict(prefetch=[prefetch("text")], query=models.RrfQuery(rrf=models.Rrf(weights=[1.0, 2.0]))),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusals(clients, case):
    clients.refused(lambda client, name: client.query_points(name, **REFUSED[case]))


def test_info_and_existence(clients):
    assert clients.server.info().title == clients.local.info().title
    clients.same(lambda client, name: client.collection_exists(name))
    clients.same(lambda client, name: client.collection_exists("nobody_made_this"))
    clients.same(lambda client, name: client.get_collection(name).points_count)
    clients.same(lambda client, name: client.get_collection(name).config.params.vectors)
    clients.same(lambda client, name: sorted(client.get_collection(name).config.params.sparse_vectors))
    clients.refused(lambda client, name: client.get_collection("nobody_made_this"))
    assert WORDS
