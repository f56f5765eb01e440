"""What the engines are asked, and when their answers agree."""

from dataclasses import dataclass, field

from qdrant_client import models

from compare import (assert_same_groups, assert_same_hits, assert_same_matrix, assert_same_order, assert_same_records,
                     canonical, is_decided)
from engines import ids_of, merged, prefetches_of, tree


@dataclass
class Question:
    """A call of an engine's method by that name."""
    action: str
    arguments: dict = field(default_factory=dict)

    def ask(self, engine):
        return getattr(engine, self.action)(**self.arguments)

    @property
    def requests(self):
        """The query requests in it, prefetches included."""
        roots = self.arguments.get("requests") or [self.arguments["request"]] if "request" in self.arguments \
            or "requests" in self.arguments else []
        return [each for root in roots for each in tree(root)]

    @property
    def filters(self):
        """Every filter in it."""
        found = [self.arguments.get("filter"), *(each.filter for each in self.requests)]
        for each in self.requests:
            if each.params and isinstance(each.params.idf, models.IdfCorpusParams):
                found.append(each.params.idf.corpus)
            if isinstance(each.query, models.FormulaQuery):
                found.append(models.Filter(must=list(conditions_of_formula(each.query.formula))))
        return [each for each in found if each is not None]

    def with_filter(self, filter):
        return Question(self.action, {**self.arguments, "filter": filter})

    def __str__(self):
        return f"{self.action}({', '.join(f'{name}={shown(value)}' for name, value in self.arguments.items())})"


def shown(value):
    if isinstance(value, list):
        return "[" + ", ".join(map(shown, value)) + "]"
    return value.model_dump_json(exclude_none=True) if hasattr(value, "model_dump_json") else repr(value)


def conditions_of_formula(term):
    """The conditions of a filter that a formula has as terms."""
    if isinstance(term, (int, float, str)):
        return
    fields = type(term).model_fields
    if len(fields) == 1 and type(term).__name__.endswith("Expression"):
        inner = getattr(term, next(iter(fields)))
        terms = inner if isinstance(inner, list) else [inner]
        for each in terms:
            if type(each).__name__.endswith(("Params", "ParamsExpression")):
                for name in type(each).model_fields:
                    value = getattr(each, name)
                    if value is not None and name in ("left", "right", "base", "exponent", "x", "target"):
                        yield from conditions_of_formula(value)
            else:
                yield from conditions_of_formula(each)
    elif not isinstance(term, models.GeoDistance):
        yield term


def assert_agrees(question, actual, authority, expected, context):
    match question.action:
        case "records" | "retrieve":
            assert_same_records(actual, expected, context, tolerance=tolerance_of(authority.layout))
        case "query":
            assert_same_answer(question.arguments["request"], actual, authority, expected, context)
        case "batch":
            for number, request in enumerate(question.arguments["requests"]):
                assert_same_answer(request, actual[number], authority, expected[number], f"{context}: request {number}")
        case "groups":
            assert_same_groups(actual, expected, context)
        case "ordered":
            assert_same_order(actual, expected, context)
        case "matrix":
            assert_same_matrix(actual, expected, context)
        case _:
            assert canonical(actual) == canonical(expected), f"{context}\n  got      {actual}\n  expected {expected}"


def assert_same_answer(request, actual, authority, expected, context):
    match request.query:
        case models.OrderByQuery():
            assert_same_order(actual, expected, context, request.offset or 0)
        case models.SampleQuery():
            matching = set(authority.records(request.filter, with_payload=False, with_vectors=False))
            found = [point_id for point_id, _ in actual]
            assert len(found) == len(set(found)) == min(len(matching), request.limit or 10), context
            assert matching.issuperset(found), context
        case None if not request.prefetch:
            assert actual == expected, f"{context}\n  got      {actual[:12]}\n  expected {expected[:12]}"
        case _:
            assert_same_hits(actual, expected, context, request.offset or 0)


def tolerance_of(layout):
    """Half precision may round on either side of what a normalised component is."""
    return 1e-3 if any(each.datatype == models.Datatype.FLOAT16 for each in layout.dense.values()) else 1e-5


# What Qdrant answers for a reason that Quiver does not share: (a request it concerns, with the layout; why).
EXPLAINED_OF_QDRANT = [
    (lambda request, layout: isinstance(request.query, models.FusionQuery) and request.query.fusion == models.Fusion.DBSF and any(
        isinstance(each.query, models.OrderByQuery) for each in tree(request)),
     "Qdrant sorts what dbsf fuses by the values that ordered a prefetch, not by score"),
    (lambda request, layout: isinstance(request.query, models.NearestQuery) and request.query.mmr and (
        request.using in layout.dense and layout.dense[request.using].datatype == models.Datatype.UINT8),
     "Qdrant diversifies with the query as it came, Quiver with the query as it would be stored, cut to whole numbers"),
]


# Ties. A prefetch that is cut between equal scores, or a fusion of their ranks, has several right answers.

def prefetches_alone(request, above=None):
    """Every prefetch of a request as a request of its own, with the filters that come down to it."""
    if above is None:
        operands = [each for part in tree(request) if part.lookup_from is None for each in ids_of(part.query)]
        above = models.Filter(must_not=[models.HasIdCondition(has_id=operands)] if operands else None)
    above = merged(request.filter, above)
    for each in prefetches_of(request):
        yield from prefetches_alone(each, above)
        yield each, models.QueryRequest(**{
            name: getattr(each, name) for name in type(each).model_fields if name != "filter"} | {
            "filter": merged(above, each.filter)})


def has_one_answer(request, authority):
    """Whether ties leave the answer open. What has no score is ordered by id, which is no tie."""
    if isinstance(request.query, models.NearestQuery) and request.query.mmr:
        wanted = request.query.mmr.candidates_limit or request.limit or 10
        candidates = request.model_copy(update={"query": request.query.nearest, "limit": wanted + 1, "offset": None})
        if not is_decided(authority.query(candidates)):
            return False
    for each in tree(request):
        if any(applies(each, authority.layout) for applies, _ in EXPLAINED_OF_QDRANT):
            return False
    for prefetch, alone in prefetches_alone(request):
        if prefetch.query is None:
            continue
        hits = authority.query(alone.model_copy(update={"limit": (alone.limit or 10) + 1}))
        ordered = isinstance(prefetch.query, models.OrderByQuery)
        if len({value for _, value in hits}) < len(hits) if ordered else not is_decided(hits):
            return False
    return True
