"""The models of qdrant-client in those of qdrant-edge-py: values, filters, field indexes, formulas."""

import re

import qdrant_edge as edge
from qdrant_client import models

DISTANCES = {models.Distance.COSINE: edge.Distance.Cosine, models.Distance.DOT: edge.Distance.Dot,
             models.Distance.EUCLID: edge.Distance.Euclid, models.Distance.MANHATTAN: edge.Distance.Manhattan}
DATATYPES = {"float32": edge.VectorStorageDatatype.Float32, "float16": edge.VectorStorageDatatype.Float16,
             "uint8": edge.VectorStorageDatatype.Uint8, "turbo4": edge.VectorStorageDatatype.Turbo4}
MODES = {models.UpdateMode.UPSERT: edge.UpdateMode.Upsert, models.UpdateMode.INSERT_ONLY: edge.UpdateMode.InsertOnly,
         models.UpdateMode.UPDATE_ONLY: edge.UpdateMode.UpdateOnly}
MAX_SIM = edge.MultiVectorConfig(edge.MultiVectorComparator.MaxSim)


def value_of(option):
    """The word of an enumeration, or the word itself."""
    return getattr(option, "value", option)


def given(model, *names):
    """The named fields of a model that were set."""
    return {name: getattr(model, name) for name in names if getattr(model, name) is not None}


# Collections and points.

def datatype_of(params):
    return params.datatype and DATATYPES[value_of(params.datatype)]


def dense_params(params):
    return edge.EdgeVectorParams(
        size=params.size, distance=DISTANCES[params.distance], datatype=datatype_of(params),
        multivector_config=MAX_SIM if params.multivector_config else None)


def modifier_of(params):
    return edge.Modifier.Idf if params.modifier == models.Modifier.IDF else None


def edge_config(layout):
    dense = {name: dense_params(params) for name, params in layout.dense.items()}
    return edge.EdgeConfig(
        vectors=dense[""] if layout.is_unnamed else dense,
        sparse_vectors={name: edge.EdgeSparseVectorParams(modifier=modifier_of(params))
                        for name, params in layout.sparse.items()})


def edge_value(vector):
    """One vector of any kind."""
    if isinstance(vector, models.SparseVector):
        pairs = sorted(zip(vector.indices, vector.values))  # A shard expects what the interface above it has sorted.
        return edge.SparseVector([index for index, _ in pairs], [value for _, value in pairs])
    if vector and isinstance(vector[0], list):
        return [list(map(float, row)) for row in vector]
    return list(map(float, vector))


def edge_vector(vector):
    if isinstance(vector, dict):
        return {name: edge_value(value) for name, value in vector.items()}
    return edge_value(vector)


# Field indexes.

def camel(word):
    return "".join(part.capitalize() for part in word.split("_"))


def edge_index(schema):
    """A type by name, or with options."""
    if isinstance(schema, models.PayloadSchemaType):
        return getattr(edge.PayloadSchemaType, camel(schema.value))
    kind = value_of(schema.type)
    options = given(schema, *(name for name in type(schema).model_fields if name not in ("type", "memory", "nested", "scoring")))
    if "tokenizer" in options:
        options["tokenizer"] = getattr(edge.TokenizerType, camel(value_of(options["tokenizer"])))
    if "stopwords" in options:
        options["stopwords"] = edge_stopwords(options["stopwords"])
    if "stemmer" in options:
        options["stemmer"] = edge.SnowballParams(getattr(edge.SnowballLanguage, camel(value_of(options["stemmer"].language)))) \
            if isinstance(options["stemmer"], models.SnowballParams) else edge.DisabledStemmer()
    return getattr(edge, camel(kind) + "IndexParams")(**options)


def edge_stopwords(stopwords):
    def language(name):
        return getattr(edge.Language, camel(value_of(name)))
    if isinstance(stopwords, models.StopwordsSet):
        return edge.StopwordsSet(languages=stopwords.languages and {language(each) for each in stopwords.languages},
                                 custom=stopwords.custom and set(stopwords.custom))
    return language(stopwords)


# Filters.

def edge_match(match):
    match match:
        case models.MatchValue():
            return edge.MatchValue(match.value)
        case models.MatchAny():
            return edge.MatchAny(list(match.any))
        case models.MatchExcept():
            return edge.MatchExcept(list(match.except_))
        case models.MatchText():
            return edge.MatchText(match.text)
        case models.MatchTextAny():
            return edge.MatchTextAny(match.text_any)
        case models.MatchPhrase():
            return edge.MatchPhrase(match.phrase)
        case models.MatchPrefix():
            return edge.MatchPrefix(match.prefix)
    raise NotImplementedError(match)


def edge_range(bounds):
    chosen = {name: getattr(bounds, name) for name in ("gt", "gte", "lt", "lte")}
    if isinstance(bounds, models.DatetimeRange):
        return edge.RangeDateTime(**{name: value if value is None or isinstance(value, str) else value.isoformat()
                                     for name, value in chosen.items()})
    return edge.RangeFloat(**chosen)


def edge_point(point):
    return edge.GeoPoint(point.lon, point.lat)


def edge_ring(ring):
    return [edge_point(each) for each in ring.points]


def edge_field(condition):
    counts, box, circle, polygon = (
        condition.values_count, condition.geo_bounding_box, condition.geo_radius, condition.geo_polygon)
    return edge.FieldCondition(
        condition.key,
        match=condition.match and edge_match(condition.match),
        range=condition.range and edge_range(condition.range),
        geo_bounding_box=box and edge.GeoBoundingBox(edge_point(box.top_left), edge_point(box.bottom_right)),
        geo_radius=circle and edge.GeoRadius(edge_point(circle.center), circle.radius),
        geo_polygon=polygon and edge.GeoPolygon(
            edge_ring(polygon.exterior), polygon.interiors and [edge_ring(each) for each in polygon.interiors]),
        values_count=counts and edge.ValuesCount(lt=counts.lt, gt=counts.gt, lte=counts.lte, gte=counts.gte),
        is_empty=condition.is_empty, is_null=condition.is_null)


def edge_condition(condition, ids_holding):
    match condition:
        case models.FieldCondition(match=models.MatchValue(value=bool() as wanted)):
            return edge.HasIdCondition(ids_holding(condition.key, wanted))
        case models.FieldCondition(is_null=bool()):
            asked = edge_field(condition)
            known = ids_holding(condition.key, asked)
            return asked if known is None else edge.HasIdCondition(known)
        case models.FieldCondition():
            return edge_field(condition)
        case models.IsEmptyCondition():
            return edge.IsEmptyCondition(condition.is_empty.key)
        case models.IsNullCondition():
            asked = edge.IsNullCondition(condition.is_null.key)
            known = ids_holding(condition.is_null.key, asked)
            return asked if known is None else edge.HasIdCondition(known)
        case models.HasIdCondition():
            return edge.HasIdCondition(set(condition.has_id))
        case models.HasVectorCondition():
            return edge.HasVectorCondition(condition.has_vector)
        case models.SliceCondition():
            return edge.SliceCondition(condition.slice.total, condition.slice.index)
        case models.NestedCondition():
            return edge.NestedCondition(condition.nested.key, edge_filter(condition.nested.filter, no_booleans_nested))
        case models.Filter():
            return edge_filter(condition, ids_holding)
    raise NotImplementedError(condition)


def no_booleans_nested(key, wanted):
    if not isinstance(wanted, bool):
        return None
    raise NotImplementedError(f"a boolean inside a nested filter: {key} = {wanted}")


def edge_filter(filter, ids_holding):
    """The binding takes True for the integer 1: a condition on a boolean is asked as the ids of the points
    that hold it, which `ids_holding(key, value)` knows. A field with an index is null to Qdrant if a null is among
    its values, without one only if it is null as a whole: `ids_holding(key, condition)` knows who passes without one."""
    if filter is None:
        return None

    def clause(conditions):
        if conditions is None:
            return None
        return [edge_condition(each, ids_holding)
                for each in (conditions if isinstance(conditions, list) else [conditions])]

    at_least = filter.min_should
    return edge.Filter(
        must=clause(filter.must), should=clause(filter.should), must_not=clause(filter.must_not),
        min_should=at_least and edge.MinShould(clause(at_least.conditions), at_least.min_count))


# Formulas.

TERM = edge.Expression
DECAYS = {"lin_decay": edge.DecayKind.Lin, "exp_decay": edge.DecayKind.Exp, "gauss_decay": edge.DecayKind.Gauss}


def edge_expression(term, condition):
    """`condition` translates a condition of a filter."""
    def inner(each):
        return edge_expression(each, condition)

    match term:
        case str():
            return TERM.Variable(term)
        case int() | float():
            return TERM.Constant(float(term))
        case models.SumExpression():
            return TERM.Sum([inner(each) for each in term.sum])
        case models.MultExpression():
            return TERM.Mult([inner(each) for each in term.mult])
        case models.DivExpression():
            return TERM.Div(inner(term.div.left), inner(term.div.right), term.div.by_zero_default)
        case models.PowExpression():
            return TERM.Pow(inner(term.pow.base), inner(term.pow.exponent))
        case models.GeoDistance():
            return TERM.GeoDistance(edge_point(term.geo_distance.origin), term.geo_distance.to)
        case models.DatetimeExpression():
            return TERM.Datetime(term.datetime)
        case models.DatetimeKeyExpression():
            return TERM.DatetimeKey(term.datetime_key)
    decay = re.fullmatch(r"(Lin|Exp|Gauss)DecayExpression", type(term).__name__)
    if decay:
        name = decay[1].lower() + "_decay"
        params = getattr(term, name)
        return TERM.Decay(DECAYS[name], inner(params.x), None if params.target is None else inner(params.target),
                          params.midpoint, params.scale)
    unary = re.fullmatch(r"(Neg|Abs|Sqrt|Exp|Ln|Log10)Expression", type(term).__name__)
    if unary:
        return getattr(TERM, unary[1])(inner(getattr(term, unary[1].lower())))
    return TERM.Condition(condition(term))
