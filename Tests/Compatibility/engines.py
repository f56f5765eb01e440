"""One small interface over what is compared: a qdrant-client (Quiver, or local mode) and Qdrant Edge.

Everything is spoken in the models of qdrant-client, updates in its update operations, queries in its QueryRequest.
Answers come back plain: hits as [(id, score)], records as {id: (payload, vectors)}.
"""

from qdrant_client import models

from layout import comparable


def plain_id(point_id):
    return point_id if isinstance(point_id, int) else str(point_id)


def selector_of(operation):
    """The points an update of payloads or vectors is for."""
    return operation.points if operation.points is not None else operation.filter


def tree(request):
    """A query request and all its prefetches."""
    yield request
    for each in prefetches_of(request):
        yield from tree(each)


def prefetches_of(request):
    prefetches = request.prefetch or []
    return prefetches if isinstance(prefetches, list) else [prefetches]


def merged(outer, inner):
    """The filter of a stage below a stage that has one: clause by clause, as Qdrant does it. Of the conditions in
    both lists of `should` one has to hold."""
    if outer is None or inner is None:
        return inner if outer is None else outer

    def both(name):
        lists = [getattr(each, name) for each in (outer, inner)]
        lists = [each if isinstance(each, list) else [each] for each in lists if each is not None]
        return [condition for each in lists for condition in each] if lists else None

    counted = [each.min_should for each in (outer, inner) if each.min_should]
    return models.Filter(
        must=both("must"), should=both("should"), must_not=both("must_not"),
        min_should=models.MinShould(conditions=[each for one in counted for each in one.conditions],
                                    min_count=max(each.min_count for each in counted)) if counted else None)


def ids_of(query):
    """The ids among the operands of a query."""
    match query:
        case int() | str():
            return [query]
        case models.NearestQuery():
            operands = [query.nearest]
        case models.RecommendQuery():
            operands = [*(query.recommend.positive or []), *(query.recommend.negative or [])]
        case models.DiscoverQuery():
            operands = [query.discover.target, *in_pairs(query.discover.context)]
        case models.ContextQuery():
            operands = in_pairs(query.context)
        case models.RelevanceFeedbackQuery():
            operands = [query.relevance_feedback.target, *(item.example for item in query.relevance_feedback.feedback)]
        case _:
            operands = []
    return [each for each in operands if isinstance(each, (int, str))]


def in_pairs(context):
    pairs = context if isinstance(context, list) else [context] if context else []
    return [each for pair in pairs for each in (pair.positive, pair.negative)]


def hits_of(points, query=None):
    """Points of a query: with their score, or with the value that ordered them.
    (Points that a prefetch ordered may keep that value; what counts then is the score.)"""
    ordered = isinstance(query, models.OrderByQuery)
    return [(plain_id(point.id), point.order_value if ordered else point.score) for point in points]


class ClientEngine:
    """What a user holds: a QdrantClient, connected to Quiver or in local mode."""

    def __init__(self, client, name):
        self.client = client
        self.name = name

    def create(self, layout, **options):
        self.client.create_collection(
            self.name, vectors_config=layout.vectors_config, sparse_vectors_config=layout.sparse or None, **options)

    def drop(self):
        self.client.delete_collection(self.name)

    def companion(self):
        """A second collection, to look up in."""
        return type(self)(self.client, f"{self.name}_others")

    # Writing.

    def update(self, operations):
        """Several operations go as one batch, a single one through the call made for it."""
        if len(operations) > 1:
            self.client.batch_update_points(self.name, update_operations=operations, wait=True)
            return
        client, name, operation = self.client, self.name, operations[0]
        match operation:
            case models.UpsertOperation(upsert=points):
                client.upsert(name, points=points.points, wait=True,
                              **only_given(update_filter=points.update_filter, update_mode=points.update_mode))
            case models.DeleteOperation(delete=selector):
                client.delete(name, points_selector=selector, wait=True)
            case models.SetPayloadOperation(set_payload=change):
                client.set_payload(name, payload=change.payload, points=selector_of(change), key=change.key, wait=True)
            case models.OverwritePayloadOperation(overwrite_payload=change):
                client.overwrite_payload(name, payload=change.payload, points=selector_of(change), wait=True)
            case models.DeletePayloadOperation(delete_payload=change):
                client.delete_payload(name, keys=change.keys, points=selector_of(change), wait=True)
            case models.ClearPayloadOperation(clear_payload=selector):
                client.clear_payload(name, points_selector=selector, wait=True)
            case models.UpdateVectorsOperation(update_vectors=change):
                client.update_vectors(name, points=change.points, wait=True, **only_given(update_filter=change.update_filter))
            case models.DeleteVectorsOperation(delete_vectors=change):
                client.delete_vectors(name, vectors=change.vector, points=selector_of(change), wait=True)

    def create_index(self, key, schema):
        self.client.create_payload_index(self.name, field_name=key, field_schema=schema, wait=True)

    def drop_index(self, key):
        self.client.delete_payload_index(self.name, field_name=key, wait=True)

    def create_vector(self, name, config):
        self.client.create_vector_name(self.name, name, config, wait=True)

    def drop_vector(self, name):
        self.client.delete_vector_name(self.name, name, wait=True)

    # Reading.

    def count(self, filter=None):
        return self.client.count(self.name, count_filter=filter, exact=True).count

    def page(self, filter=None, limit=10, offset=None):
        records, following = self.client.scroll(
            self.name, scroll_filter=filter, limit=limit, offset=offset, with_payload=False)
        return [plain_id(record.id) for record in records], None if following is None else plain_id(following)

    def records(self, filter=None, with_payload=True, with_vectors=True):
        found, following = self.client.scroll(
            self.name, scroll_filter=filter, limit=100_000, with_payload=with_payload, with_vectors=with_vectors)
        assert following is None
        return {plain_id(record.id): (record.payload, comparable(record.vector)) for record in found}

    def retrieve(self, ids, with_payload=True, with_vectors=False):
        found = self.client.retrieve(self.name, ids=ids, with_payload=with_payload, with_vectors=with_vectors)
        return {plain_id(record.id): (record.payload, comparable(record.vector)) for record in found}

    def ordered(self, key, direction, start_from, filter, limit):
        order = models.OrderBy(key=key, direction=direction, start_from=start_from)
        records, _ = self.client.scroll(
            self.name, scroll_filter=filter, limit=limit, order_by=order, with_payload=False)
        return [(plain_id(record.id), record.order_value) for record in records]

    def query(self, request):
        return hits_of(self.client.query_points(self.name, **self.as_arguments(request)).points, request.query)

    def as_arguments(self, request):
        return only_given(
            query=request.query, using=request.using or None, prefetch=request.prefetch, query_filter=request.filter,
            search_params=request.params, limit=request.limit, offset=request.offset,
            score_threshold=request.score_threshold, lookup_from=request.lookup_from) | {"with_payload": False}

    def batch(self, requests):
        answers = self.client.query_batch_points(self.name, requests=requests)
        return [hits_of(answer.points, request.query) for answer, request in zip(answers, requests, strict=True)]

    def groups(self, request, group_by, group_size, limit, with_lookup=None):
        arguments = self.as_arguments(request)
        arguments.pop("offset", None)
        answer = self.client.query_points_groups(
            self.name, group_by=group_by, group_size=group_size, with_lookup=with_lookup, **{**arguments, "limit": limit})
        return [(group.id, hits_of(group.hits), group.lookup and group.lookup.payload) for group in answer.groups]

    def facet(self, key, filter=None, limit=10):
        answer = self.client.facet(self.name, key=key, facet_filter=filter, limit=limit, exact=True)
        return [(hit.value, hit.count) for hit in answer.hits]

    def matrix(self, using, filter, sample, limit):
        """{point: [(neighbour, score)]} of every point of the sample, asked in both forms."""
        arguments = dict(query_filter=filter, sample=sample, limit=limit, using=using or None)
        pairs = self.client.search_matrix_pairs(self.name, **arguments).pairs
        offsets = self.client.search_matrix_offsets(self.name, **arguments)
        found = {plain_id(each): [] for each in offsets.ids}
        for pair in pairs:
            found[plain_id(pair.a)].append((plain_id(pair.b), pair.score))
        assert len(offsets.offsets_row) == len(offsets.offsets_col) == len(offsets.scores) == len(pairs)
        return found


def only_given(**arguments):
    return {name: value for name, value in arguments.items() if value is not None}
