"""One small interface over what is compared: a qdrant-client (Quiver, or local mode) and Qdrant Edge.

Everything is spoken in the models of qdrant-client; `EdgeEngine` translates them. Results come back plain:
hits as [(id, score)], records as {id: (payload, vectors)}, vectors always as {name: array}.
"""

from pathlib import Path

import numpy as np
import qdrant_edge as edge
from qdrant_client import models
from qdrant_client.local.payload_value_extractor import value_by_key

from generate import ORDERABLE

EXACT = models.SearchParams(exact=True)


def plain_id(point_id):
    return point_id if isinstance(point_id, int) else str(point_id)


def vectors_by_name(vector):
    """Vectors of a record as {name: array}; the unnamed vector has the name ""."""
    if vector is None:
        return {}
    if isinstance(vector, dict):
        return {name: np.asarray(values, dtype=np.float32) for name, values in vector.items()}
    return {"": np.asarray(vector, dtype=np.float32)}


class ClientEngine:
    """What a user holds: a QdrantClient, connected to Quiver or in local mode."""

    def __init__(self, client, name):
        self.client = client
        self.name = name

    def create(self, vectors):
        self.client.create_collection(self.name, vectors_config=vectors)

    def drop(self):
        self.client.delete_collection(self.name)

    # Writing.

    def upsert(self, points):
        self.client.upsert(self.name, points=points, wait=True)

    def delete(self, selector):
        self.client.delete(self.name, points_selector=selector, wait=True)

    def set_payload(self, payload, selector, key=None):
        self.client.set_payload(self.name, payload=payload, points=selector, key=key, wait=True)

    def overwrite_payload(self, payload, selector):
        self.client.overwrite_payload(self.name, payload=payload, points=selector, wait=True)

    def delete_payload(self, keys, selector):
        self.client.delete_payload(self.name, keys=keys, points=selector, wait=True)

    def clear_payload(self, selector):
        self.client.clear_payload(self.name, points_selector=selector, wait=True)

    def update_vectors(self, points):
        self.client.update_vectors(self.name, points=points, wait=True)

    def delete_vectors(self, names, selector):
        self.client.delete_vectors(self.name, vectors=names, points=selector, wait=True)

    def create_index(self, key, schema):
        self.client.create_payload_index(self.name, field_name=key, field_schema=schema, wait=True)

    def drop_index(self, key):
        self.client.delete_payload_index(self.name, field_name=key, wait=True)

    # Reading.

    def count(self, filter=None):
        return self.client.count(self.name, count_filter=filter, exact=True).count

    def page(self, filter=None, limit=10, offset=None):
        records, following = self.client.scroll(
            self.name, scroll_filter=filter, limit=limit, offset=offset, with_payload=False)
        return [plain_id(record.id) for record in records], None if following is None else plain_id(following)

    def records(self, filter=None):
        found, following = self.client.scroll(
            self.name, scroll_filter=filter, limit=100_000, with_payload=True, with_vectors=True)
        assert following is None
        return {plain_id(record.id): (record.payload, vectors_by_name(record.vector)) for record in found}

    def ordered(self, key, direction, start_from, filter, limit):
        order = models.OrderBy(key=key, direction=direction, start_from=start_from)
        records, _ = self.client.scroll(
            self.name, scroll_filter=filter, limit=limit, order_by=order, with_payload=True)
        return [(plain_id(record.id), record.order_value) for record in records]

    def query(self, query, using, filter=None, limit=10, offset=0, score_threshold=None):
        points = self.client.query_points(
            self.name, query=query, using=using or None, query_filter=filter, limit=limit, offset=offset,
            score_threshold=score_threshold, search_params=EXACT).points
        return [(plain_id(point.id), point.score) for point in points]

    def groups(self, query, using, filter, group_by, group_size, limit):
        answer = self.client.query_points_groups(
            self.name, query=query, using=using or None, query_filter=filter, group_by=group_by,
            group_size=group_size, limit=limit, search_params=EXACT)
        return [(group.id, [(plain_id(hit.id), hit.score) for hit in group.hits]) for group in answer.groups]


DISTANCES = {models.Distance.COSINE: edge.Distance.Cosine, models.Distance.DOT: edge.Distance.Dot,
             models.Distance.EUCLID: edge.Distance.Euclid, models.Distance.MANHATTAN: edge.Distance.Manhattan}


def edge_vector(vector):
    return {name: list(map(float, values)) for name, values in vector.items()} if isinstance(vector, dict) \
        else list(map(float, vector))


def edge_match(match):
    match match:
        case models.MatchValue():
            return edge.MatchValue(match.value)
        case models.MatchAny():
            return edge.MatchAny(list(match.any))
        case models.MatchExcept():
            return edge.MatchExcept(list(match.except_))
    raise NotImplementedError(match)


def edge_range(bounds):
    chosen = {name: getattr(bounds, name) for name in ("gt", "gte", "lt", "lte")}
    if isinstance(bounds, models.DatetimeRange):
        return edge.RangeDateTime(**{name: value if value is None or isinstance(value, str) else value.isoformat()
                                     for name, value in chosen.items()})
    return edge.RangeFloat(**chosen)


def edge_condition(condition, ids_holding):
    match condition:
        case models.FieldCondition(match=models.MatchValue(value=bool() as wanted)):
            return edge.HasIdCondition(ids_holding(condition.key, wanted))
        case models.FieldCondition():
            counts = condition.values_count
            return edge.FieldCondition(
                condition.key,
                match=condition.match and edge_match(condition.match),
                range=condition.range and edge_range(condition.range),
                values_count=counts and edge.ValuesCount(lt=counts.lt, gt=counts.gt, lte=counts.lte, gte=counts.gte),
                is_empty=condition.is_empty, is_null=condition.is_null)
        case models.IsEmptyCondition():
            return edge.IsEmptyCondition(condition.is_empty.key)
        case models.IsNullCondition():
            return edge.IsNullCondition(condition.is_null.key)
        case models.HasIdCondition():
            return edge.HasIdCondition(set(condition.has_id))
        case models.HasVectorCondition():
            return edge.HasVectorCondition(condition.has_vector)
        case models.NestedCondition():
            return edge.NestedCondition(condition.nested.key, edge_filter(condition.nested.filter, no_booleans_nested))
        case models.Filter():
            return edge_filter(condition, ids_holding)
    raise NotImplementedError(condition)


def no_booleans_nested(key, wanted):
    raise NotImplementedError(f"a boolean inside a nested filter: {key} = {wanted}")


def edge_filter(filter, ids_holding):
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


class EdgeEngine:
    """The engine of Qdrant 1.19. It knows vectors only, so operands that are ids are looked up here,
    and average recommendation and grouping are computed here as their definition says.

    Its Python binding takes True for the integer 1. A condition that matches a boolean is therefore asked as
    the ids of the points that hold it.

    Qdrant's answers change when a field of mixed types gets an index (`except` on a keyword index misses the
    numbers, `range` on an integer index the floats). Quiver's must not, so the shard that answers has no index;
    a second one, with the indexes that order_by needs, only orders.
    """

    def __init__(self, directory):
        self.directory = Path(directory)

    def _filter(self, filter):
        return edge_filter(filter, self._ids_holding)

    def _ids_holding(self, key, wanted):
        return {point_id for point_id, (payload, _) in self.records().items()
                if any(value is wanted for value in value_by_key(payload, key) or [])}

    def create(self, vectors):
        self.distances = {"": vectors.distance} if isinstance(vectors, models.VectorParams) \
            else {name: params.distance for name, params in vectors.items()}

        def params(of):
            return edge.EdgeVectorParams(size=of.size, distance=DISTANCES[of.distance])

        config = edge.EdgeConfig(
            vectors=params(vectors) if isinstance(vectors, models.VectorParams)
            else {name: params(of) for name, of in vectors.items()})

        def shard(name):
            (self.directory / name).mkdir()
            return edge.EdgeShard.create(str(self.directory / name), config)

        self.shard, self.ordering_shard = shard("plain"), shard("ordering")
        for key, schema in ORDERABLE.items():
            kind = getattr(edge.PayloadSchemaType, schema.value.capitalize())
            self.ordering_shard.update(edge.UpdateOperation.create_field_index(key, kind))

    def drop(self):
        self.shard.close()
        self.ordering_shard.close()

    # Writing.

    def _apply(self, operation):
        self.shard.update(operation)
        self.ordering_shard.update(operation)

    def _update(self, action, selector, *arguments, **named):
        """Runs an update that exists in a form by ids and a form by filter."""
        if isinstance(selector, models.Filter):
            operation = getattr(edge.UpdateOperation, action + "_by_filter")(self._filter(selector), *arguments, **named)
        else:
            operation = getattr(edge.UpdateOperation, action)(selector, *arguments, **named)
        self._apply(operation)

    def upsert(self, points):
        self._apply(edge.UpdateOperation.upsert_points(
            [edge.Point(point.id, edge_vector(point.vector), point.payload) for point in points]))

    def delete(self, selector):
        self._update("delete_points", selector)

    def set_payload(self, payload, selector, key=None):
        self._update("set_payload", selector, payload, key=key)

    def overwrite_payload(self, payload, selector):
        self._update("overwrite_payload", selector, payload)

    def delete_payload(self, keys, selector):
        self._update("delete_payload", selector, keys)

    def clear_payload(self, selector):
        self._update("clear_payload", selector)

    def update_vectors(self, points):
        self._apply(edge.UpdateOperation.update_vectors(
            [edge.PointVectors(point.id, edge_vector(point.vector)) for point in points]))

    def delete_vectors(self, names, selector):
        self._update("delete_vectors", selector, names)

    def create_index(self, key, schema):
        pass

    def drop_index(self, key):
        pass

    # Reading.

    def count(self, filter=None):
        return self.shard.count(edge.CountRequest(exact=True, filter=self._filter(filter)))

    def page(self, filter=None, limit=10, offset=None):
        records, following = self.shard.scroll(
            edge.ScrollRequest(offset=offset, limit=limit, filter=self._filter(filter)))
        return [plain_id(record.id) for record in records], None if following is None else plain_id(following)

    def records(self, filter=None):
        found, _ = self.shard.scroll(edge.ScrollRequest(
            limit=100_000, filter=self._filter(filter), with_payload=True, with_vector=True))
        return {plain_id(record.id): (record.payload, vectors_by_name(record.vector)) for record in found}

    def ordered(self, key, direction, start_from, filter, limit):
        towards = {"asc": edge.Direction.Asc, "desc": edge.Direction.Desc}[models.Direction(direction).value]
        matching = filter and edge.Filter(must=[edge.HasIdCondition(set(self.records(filter)))])
        records, _ = self.ordering_shard.scroll(edge.ScrollRequest(
            limit=limit, filter=matching, order_by=edge.OrderBy(key, towards, start_from)))
        return [(plain_id(record.id), record.order_value) for record in records]

    def _vectors(self, operands, using):
        """The operands as vectors, and the ids among them."""
        vectors, ids = [], []
        for operand in operands:
            if isinstance(operand, (int, str)):
                record, = self.shard.retrieve([operand], with_payload=False, with_vector=True)
                ids.append(operand)
                operand = vectors_by_name(record.vector)[using]
            vectors.append(np.asarray(operand, dtype=np.float32))
        return vectors, ids

    def query(self, query, using, filter=None, limit=10, offset=0, score_threshold=None):
        scoring, ids = self._scoring(query, using)
        filter = self._filter(filter)
        if ids:
            filter = edge.Filter(must=[filter] if filter else None, must_not=[edge.HasIdCondition(set(ids))])
        # A shard leaves skipping `offset` to the collection above it.
        points = self.shard.query(edge.QueryRequest(
            limit=offset + limit, query=scoring, filter=filter, score_threshold=score_threshold,
            params=edge.SearchParams(exact=True)))
        return [(plain_id(point.id), point.score) for point in points[offset:]]

    def _scoring(self, query, using):
        if query is None:
            return None, []
        if not isinstance(query, models.RecommendQuery):
            (vector,), ids = self._vectors([query], using)
            return edge.Query.Nearest(vector.tolist(), using=using), ids
        wanted = query.recommend
        positive, positive_ids = self._vectors(wanted.positive or [], using)
        negative, negative_ids = self._vectors(wanted.negative or [], using)
        ids = positive_ids + negative_ids
        match wanted.strategy:
            case None | models.RecommendStrategy.AVERAGE_VECTOR:
                target = np.mean(positive, axis=0)
                if negative:
                    target = 2 * target - np.mean(negative, axis=0)
                return edge.Query.Nearest(target.tolist(), using=using), ids
            case models.RecommendStrategy.BEST_SCORE:
                scoring = edge.Query.RecommendBestScore
            case models.RecommendStrategy.SUM_SCORES:
                scoring = edge.Query.RecommendSumScores
        examples = edge.RecommendQuery([each.tolist() for each in positive], [each.tolist() for each in negative])
        return scoring(examples, using=using), ids

    def groups(self, query, using, filter, group_by, group_size, limit):
        payloads = {point_id: payload for point_id, (payload, _) in self.records(filter).items()}
        groups = {}
        for point_id, score in self.query(query, using, filter, limit=100_000):
            value = payloads[point_id].get(group_by)
            keys = value if isinstance(value, list) else [value]
            # A point that has any value which cannot name a group is in no group at all.
            if any(type(key) not in (str, int) for key in keys):
                continue
            for key in dict.fromkeys((type(key), key) for key in keys):
                hits = groups.setdefault(key, []) if key in groups or len(groups) < limit else None
                if hits is not None and len(hits) < group_size:
                    hits.append((point_id, score))
        return [(key[1], hits) for key, hits in groups.items()]
