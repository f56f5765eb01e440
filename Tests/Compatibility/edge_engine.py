"""Qdrant Edge behind the interface of engines.py."""

from pathlib import Path

import numpy as np
import qdrant_edge as edge
from qdrant_client import models
from qdrant_client.local.payload_value_extractor import value_by_key

from edge_models import (DISTANCES, MODES, datatype_of, dense_params, edge_condition, edge_config, edge_expression,
                         edge_filter, edge_index, edge_value, edge_vector, modifier_of, MAX_SIM)
from engines import hits_of, ids_of, merged, plain_id, prefetches_of, selector_of, tree
from layout import comparable

EXACT = edge.SearchParams(exact=True)
EVERYTHING = 1_000_000


class EdgeEngine:
    """The engine of Qdrant 1.19. It knows vectors only, so operands that are ids are looked up here, and what the
    collection above it does is done here as its definition says: leaving out operands, average recommendation,
    grouping, the matrix of distances.

    Qdrant's answers change when a field of mixed types gets an index (`except` on a keyword index misses the
    numbers, `range` on an integer index the floats). Quiver's must not, so the shard that answers has text indexes
    only, which are meant to change answers; a second one, with all other indexes, orders, counts values and evaluates
    formulas (which take a number from its index if there is one), and is told by ids which points pass a filter.

    A segment's sparse index keeps terms of vectors that were deleted or replaced until the segment is rewritten: it
    finds them, and counts them when it weighs how rare a term is. Quiver does not, so sparse queries go to a shard
    into which the present points are put anew. So do all queries once a vector name was dropped: what is deleted of
    that name stays deleted when it is made again.
    """

    def __init__(self, directory):
        self.directory = Path(directory)

    def create(self, layout, **_):
        self.layout = layout.copy()

        def shard(name):
            (self.directory / name).mkdir(parents=True)
            return edge.EdgeShard.create(str(self.directory / name), edge_config(layout))

        self.shard, self.indexed_shard = shard("plain"), shard("indexed")
        self.indexes = {}  # Those that were made, by key.
        self.rewritten, self.rewritten_shards = 0, {}
        self.dropped_a_name = False
        self.lookups = {}

    def drop(self):
        self._forget_rewritten()
        self.shard.close()
        self.indexed_shard.close()

    def companion(self):
        return EdgeEngine(self.directory.with_name(f"{self.directory.name}_others"))

    def _forget_rewritten(self):
        for each in self.rewritten_shards.values():
            each.close()
        self.rewritten_shards = {}

    def _rewritten(self, indexed):
        """A shard like one of the two, that never held anything but the present points."""
        if indexed not in self.rewritten_shards:
            self.rewritten += 1
            directory = self.directory / f"rewritten{self.rewritten}"
            directory.mkdir()
            shard = edge.EdgeShard.create(str(directory), edge_config(self.layout))
            for key, schema in self.indexes.items():
                if is_for(schema, indexed):
                    shard.update(edge.UpdateOperation.create_field_index(key, edge_index(schema)))
            found, _ = self.shard.scroll(edge.ScrollRequest(limit=EVERYTHING, with_payload=True, with_vector=True))
            shard.update(edge.UpdateOperation.upsert_points(
                [edge.Point(record.id, record.vector, record.payload) for record in found]))
            self.rewritten_shards[indexed] = shard
        return self.rewritten_shards[indexed]

    # Writing.

    def _apply(self, operation):
        self._forget_rewritten()
        self.shard.update(operation)
        self.indexed_shard.update(operation)

    def _filter(self, filter):
        return edge_filter(filter, self._ids_holding)

    def _ids_holding(self, key, wanted):
        if not isinstance(wanted, bool):
            if key not in self.indexes or is_for(self.indexes[key], indexed=True):
                return None
            found, _ = self.indexed_shard.scroll(edge.ScrollRequest(
                limit=EVERYTHING, filter=edge.Filter(must=[wanted])))
            return {plain_id(record.id) for record in found}
        return {point_id for point_id, (payload, _) in self.records(with_vectors=False).items()
                if any(value is wanted for value in value_by_key(payload, key) or [])}

    def _selected(self, action, selector, *arguments, **named):
        """Runs an update that exists in a form by ids and a form by filter."""
        if isinstance(selector, models.Filter):
            self._by_ids(action, self._matching(selector), *arguments, **named)
        else:
            self._by_ids(action, selector, *arguments, **named)

    def _by_ids(self, action, ids, *arguments, **named):
        self._apply(getattr(edge.UpdateOperation, action)(list(ids), *arguments, **named))

    def _matching(self, filter):
        found, _ = self.shard.scroll(edge.ScrollRequest(limit=EVERYTHING, filter=self._filter(filter)))
        return [plain_id(record.id) for record in found]

    def update(self, operations):
        for operation in operations:
            self._update(operation)

    def _update(self, operation):
        match operation:
            case models.UpsertOperation(upsert=points):
                self._apply(edge.UpdateOperation.upsert_points(
                    [edge.Point(point.id, edge_vector(point.vector), point.payload) for point in points.points],
                    condition=self._condition(points.update_filter),
                    update_mode=points.update_mode and MODES[points.update_mode]))
            case models.DeleteOperation(delete=selector):
                self._selected("delete_points", ids_or_filter(selector))
            case models.SetPayloadOperation(set_payload=change):
                self._selected("set_payload", selector_of(change), change.payload, key=change.key)
            case models.OverwritePayloadOperation(overwrite_payload=change):
                self._selected("overwrite_payload", selector_of(change), change.payload)
            case models.DeletePayloadOperation(delete_payload=change):
                self._selected("delete_payload", selector_of(change), change.keys)
            case models.ClearPayloadOperation(clear_payload=selector):
                self._selected("clear_payload", ids_or_filter(selector))
            case models.UpdateVectorsOperation(update_vectors=change):
                self._apply(edge.UpdateOperation.update_vectors(
                    [edge.PointVectors(point.id, edge_vector(point.vector)) for point in change.points],
                    condition=self._condition(change.update_filter)))
            case models.DeleteVectorsOperation(delete_vectors=change):
                self._selected("delete_vectors", selector_of(change), change.vector)

    def _condition(self, filter):
        """Both shards have to change the same points, so what matches is said in ids."""
        return filter and edge.Filter(must=[edge.HasIdCondition(set(self._matching(filter)))])

    def create_index(self, key, schema):
        self._forget_rewritten()
        self.indexes[key] = schema
        shard = self.indexed_shard if is_for(schema, indexed=True) else self.shard
        shard.update(edge.UpdateOperation.create_field_index(key, edge_index(schema)))

    def drop_index(self, key):
        self.indexes.pop(key, None)
        self._apply(edge.UpdateOperation.delete_field_index(key))

    def create_vector(self, name, config):
        if isinstance(config, models.SparseVectorNameConfig):
            params = models.SparseVectorParams(modifier=config.sparse.modifier)
            self.layout.sparse[name] = params
            self._apply(edge.UpdateOperation.create_sparse_vector(name, modifier=modifier_of(params)))
            return
        params = models.VectorParams(**config.dense.model_dump())
        self.layout.dense[name] = params
        self._apply(edge.UpdateOperation.create_dense_vector(
            name, params.size, DISTANCES[params.distance], datatype=datatype_of(params),
            multivector_config=MAX_SIM if params.multivector_config else None))

    def drop_vector(self, name):
        self.layout.dense.pop(name, None)
        self.layout.sparse.pop(name, None)
        self.dropped_a_name = True
        self._apply(edge.UpdateOperation.delete_vector_name(name))

    # Reading.

    def count(self, filter=None):
        return self.shard.count(edge.CountRequest(exact=True, filter=self._filter(filter)))

    def page(self, filter=None, limit=10, offset=None):
        records, following = self.shard.scroll(
            edge.ScrollRequest(offset=offset, limit=limit, filter=self._filter(filter)))
        return [plain_id(record.id) for record in records], None if following is None else plain_id(following)

    def records(self, filter=None, with_payload=True, with_vectors=True):
        found, _ = self.shard.scroll(edge.ScrollRequest(
            limit=EVERYTHING, filter=self._filter(filter), with_payload=edge_selector(with_payload), with_vector=with_vectors))
        return {plain_id(record.id): (record.payload, comparable(record.vector)) for record in found}

    def retrieve(self, ids, with_payload=True, with_vectors=False):
        found = self.shard.retrieve(ids, with_payload=edge_selector(with_payload), with_vector=with_vectors)
        return {plain_id(record.id): (record.payload, comparable(record.vector)) for record in found}

    def having(self, name):
        """The ids of the points that have the named vector."""
        return self._matching(models.Filter(must=[models.HasVectorCondition(has_vector=name)]))

    def ordered(self, key, direction, start_from, filter, limit):
        matching = filter and edge.Filter(must=[edge.HasIdCondition(set(self._matching(filter)))])
        records, _ = self.indexed_shard.scroll(edge.ScrollRequest(
            limit=limit, filter=matching, order_by=edge.OrderBy(key, edge_direction(direction), start_from)))
        return [(plain_id(record.id), record.order_value) for record in records]

    def facet(self, key, filter=None, limit=10):
        matching = edge.Filter(must=[edge.HasIdCondition(set(self._matching(filter or models.Filter())))])
        answer = self.indexed_shard.facet(edge.FacetRequest(key, limit=EVERYTHING, exact=True, filter=matching))
        # A value that no point has any more may still be listed with a count of 0; Quiver lists what is there.
        return [(plain_value(hit.value), hit.count) for hit in answer.hits if hit.count][:limit]

    def matrix(self, using, filter, sample, limit):
        """Only of a sample that is everything."""
        asked = models.Filter(must=[each for each in (filter, models.HasVectorCondition(has_vector=using)) if each])
        ids = self._matching(asked)
        assert len(ids) <= sample
        found = {}
        for each in ids if len(ids) > 1 else []:
            request = models.QueryRequest(query=each, using=using, limit=limit, filter=models.Filter(
                must=[models.HasIdCondition(has_id=ids)]))
            found[each] = self.query(request)
        return found

    # Queries.

    def query(self, request):
        """The hits of a whole request, as the collection above a shard would ask for them."""
        indexed = any(isinstance(each.query, (models.OrderByQuery, models.FormulaQuery)) for each in tree(request))
        anew = self.dropped_a_name or any(self.layout.is_sparse(each.using or "") for each in tree(request))
        shard = self._rewritten(indexed) if anew else self.indexed_shard if indexed else self.shard
        translation = Translation(self, by_ids=indexed)
        limit, offset = request.limit or 10, request.offset or 0
        operands = [each for part in tree(request) if part.lookup_from is None for each in ids_of(part.query)]
        without = models.Filter(must_not=[models.HasIdCondition(has_id=operands)]) if operands else None
        root = merged(request.filter, without)
        diverse = isinstance(request.query, models.NearestQuery) and request.query.mmr is not None
        if diverse and self.layout.is_sparse(request.using or ""):
            return self._diverse_sparse(request)
        points = shard.query(edge.QueryRequest(
            limit=limit if diverse else offset + limit,
            query=translation.scoring(request, limit), prefetches=translation.prefetches(request, root),
            filter=translation.filter_of(request, root),
            score_threshold=request.score_threshold, params=translation.params(request.params)))
        # A shard leaves skipping to the collection above it, and diversification is cut before something is skipped.
        return hits_of(points, request.query)[offset:]

    def _diverse_sparse(self, request):
        """Edge cannot diversify sparse vectors: the best of λ·similarity to the query less (1 − λ)·similarity to
        what was picked, both plain dot products, among the candidates nearest to the query."""
        vector, mmr = Translation(self, by_ids=False).vector(request.query.nearest, request), request.query.mmr
        weight = 1 - (0.5 if mmr.diversity is None else mmr.diversity)
        ids = set(ids_of(request.query))
        nearest = self.query(request.model_copy(update={
            "query": vector, "limit": (mmr.candidates_limit or request.limit or 10) + len(ids)}))
        scores = {each: score for each, score in nearest if each not in ids}
        scores = dict(list(scores.items())[:mmr.candidates_limit or request.limit or 10])
        stored = {each: vectors[request.using] for each, (_, vectors) in self.retrieve(list(scores), False, True).items()}
        query, picked = dict(zip(vector.indices, vector.values)), []
        while len(picked) < min(request.limit or 10, len(scores)):
            picked.append(max((each for each in scores if each not in picked), key=lambda each: weight * dot(query, stored[each])
                              - (1 - weight) * max((dot(stored[each], stored[other]) for other in picked), default=0)
                              if picked else dot(query, stored[each])))
        return [(each, scores[each]) for each in picked]

    def batch(self, requests):
        return [self.query(each) for each in requests]

    def groups(self, request, group_by, group_size, limit, with_lookup=None):
        payloads = {point_id: payload for point_id, (payload, _) in self.records(with_vectors=False).items()}
        groups = {}
        for point_id, score in self.query(request.model_copy(update={"limit": 100_000, "offset": None})):
            values = value_by_key(payloads[point_id], group_by, flat=False) or []
            keys = [key for value in values for key in (value if isinstance(value, list) else [value])]
            # A point that has any value which cannot name a group is in no group at all.
            if any(type(key) not in (str, int) for key in keys):
                continue
            for key in dict.fromkeys((type(key), key) for key in keys):
                hits = groups.setdefault(key, []) if key in groups or len(groups) < limit else None
                if hits is not None and len(hits) < group_size:
                    hits.append((point_id, score))
        return [(key[1], hits, self._looked_up(key[1], with_lookup)) for key, hits in groups.items()]

    def _looked_up(self, key, with_lookup):
        if with_lookup is None:
            return None
        records = self.lookups[with_lookup].retrieve([key]) if is_id(key) else {}
        return next((payload for payload, _ in records.values()), None)


class Translation:
    """Query requests in the models of Edge. `by_ids`: filters become the ids of the points that pass them."""

    def __init__(self, engine, by_ids):
        self.engine, self.by_ids = engine, by_ids

    def filter(self, filter):
        if filter is None or not self.by_ids:
            return self.engine._filter(filter)
        return edge.Filter(must=[edge.HasIdCondition(set(self.engine._matching(filter)))])

    def params(self, params):
        if params is None or params.idf is None:
            return EXACT
        corpus = params.idf.corpus if isinstance(params.idf, models.IdfCorpusParams) else None
        return edge.SearchParams(exact=True, idf=edge.IdfParams(self.filter(corpus)))

    def filter_of(self, request, whole):
        """Edge hands the filter of a request down to its prefetches. Said in ids it cannot be merged as Qdrant merges
        filters, so then those below all others get what was merged here, and those above none."""
        if not self.by_ids:
            return self.filter(request.filter if isinstance(request, models.Prefetch) else whole)
        return None if request.prefetch else self.filter(whole)

    def prefetches(self, request, above):
        found = []
        for each in prefetches_of(request):
            filter = merged(above, each.filter)
            limit = each.limit or 10
            found.append(edge.Prefetch(
                limit, query=self.scoring(each, limit), prefetches=self.prefetches(each, filter),
                filter=self.filter_of(each, filter),
                score_threshold=each.score_threshold, params=self.params(each.params)))
        return found

    def vector(self, operand, request):
        """A vector as it is, an id as the vector stored under it."""
        if not isinstance(operand, (int, str)):
            return operand
        engine, using = self.engine, request.using or ""
        if request.lookup_from is not None:
            engine = engine.lookups[request.lookup_from.collection]
            using = using if request.lookup_from.vector is None else request.lookup_from.vector
        record, = engine.shard.retrieve([operand], with_payload=False, with_vector=True)
        stored = record.vector[using] if isinstance(record.vector, dict) else record.vector
        return models.SparseVector(indices=stored.indices, values=stored.values) if hasattr(stored, "indices") else stored

    def scoring(self, request, limit):
        query, using = request.query, request.using or ""

        def operand(value):
            return edge_value(self.vector(value, request))

        def pairs(context):
            return [edge.ContextPair(operand(pair.positive), operand(pair.negative))
                    for pair in (context if isinstance(context, list) else [context or []]) if pair]

        match query:
            case None:
                return None
            case models.NearestQuery(nearest=vector, mmr=models.Mmr() as mmr):
                diversity = 0.5 if mmr.diversity is None else mmr.diversity
                return edge.Mmr(operand(vector), 1 - diversity, mmr.candidates_limit or limit, using=using)
            case models.NearestQuery(nearest=vector):
                return edge.Query.Nearest(operand(vector), using=using)
            case models.RecommendQuery(recommend=wanted):
                return self.recommendation(wanted, request, using)
            case models.DiscoverQuery(discover=wanted):
                return edge.Query.Discover(edge.DiscoverQuery(operand(wanted.target), pairs(wanted.context)), using=using)
            case models.ContextQuery(context=context):
                return edge.Query.Context(edge.ContextQuery(pairs(context)), using=using)
            case models.RelevanceFeedbackQuery(relevance_feedback=given):
                naive = given.strategy.naive
                return edge.Query.FeedbackNaive(edge.FeedbackNaiveQuery(
                    operand(given.target), [edge.FeedbackItem(operand(item.example), item.score) for item in given.feedback],
                    edge.NaiveFeedbackStrategy(naive.a, naive.b, naive.c)), using=using)
            case models.OrderByQuery(order_by=order):
                if isinstance(order, str):
                    return edge.OrderBy(order)
                start = order.start_from
                return edge.OrderBy(order.key, order.direction and edge_direction(order.direction),
                                    start.isoformat() if hasattr(start, "isoformat") else start)
            case models.SampleQuery():
                return edge.Sample.Random
            case models.FusionQuery(fusion=models.Fusion.RRF):
                return edge.Fusion.Rrf(2)
            case models.FusionQuery():
                return edge.Fusion.Dbsf()
            case models.RrfQuery(rrf=rrf):
                return edge.Fusion.Rrf(2 if rrf.k is None else rrf.k, rrf.weights)
            case models.FormulaQuery():
                def condition(each):
                    return self.filter(models.Filter(must=[each])) if self.by_ids else \
                        edge_condition(each, self.engine._ids_holding)
                return edge.Formula(edge_expression(query.formula, condition), query.defaults)
        return edge.Query.Nearest(operand(query), using=using)

    def recommendation(self, wanted, request, using):
        positive = [self.vector(each, request) for each in wanted.positive or []]
        negative = [self.vector(each, request) for each in wanted.negative or []]
        if wanted.strategy in (None, models.RecommendStrategy.AVERAGE_VECTOR):
            return edge.Query.Nearest(edge_value(average(positive, negative)), using=using)
        scoring = edge.Query.RecommendBestScore if wanted.strategy == models.RecommendStrategy.BEST_SCORE \
            else edge.Query.RecommendSumScores
        examples = edge.RecommendQuery([edge_value(each) for each in positive], [edge_value(each) for each in negative])
        return scoring(examples, using=using)


def average(positive, negative):
    """The target of a recommendation: twice the mean of the positives less that of the negatives.
    Of multivectors: all rows of the positives, and those of the negatives turned round."""
    if isinstance(positive[0], models.SparseVector):
        sums = {}
        for vectors, weight in ((positive, 2 if negative else 1), (negative, -1)):
            for vector in vectors:
                for index, value in zip(vector.indices, vector.values):
                    sums[index] = sums.get(index, 0.0) + weight * value / len(vectors)
        return models.SparseVector(indices=list(sums), values=list(sums.values()))
    if isinstance(positive[0][0], list):
        return [row for vector in positive for row in vector] + [[-each for each in row] for vector in negative for row in vector]
    mean = np.mean(np.asarray(positive, np.float32), axis=0)
    return (2 * mean - np.mean(np.asarray(negative, np.float32), axis=0) if negative else mean).tolist()


def dot(these, those):
    return sum(value * those[index] for index, value in these.items() if index in those)


def is_for(schema, indexed):
    """Whether an index belongs to the shard with the indexes, or to the other one, which has those of texts."""
    return indexed != (getattr(schema, "type", schema) in (models.PayloadSchemaType.TEXT, models.TextIndexType.TEXT))


def ids_or_filter(selector):
    return selector.points if isinstance(selector, models.PointIdsList) else selector.filter


def is_id(key):
    return isinstance(key, int) and key >= 0 or isinstance(key, str) and len(key) == 36


def plain_value(value):
    return value if isinstance(value, (int, bool)) else str(value)


def edge_direction(direction):
    return {"asc": edge.Direction.Asc, "desc": edge.Direction.Desc}[models.Direction(direction).value]


def edge_selector(selector):
    match selector:
        case models.PayloadSelectorInclude():
            return edge.PayloadSelector.Include(selector.include)
        case models.PayloadSelectorExclude():
            return edge.PayloadSelector.Exclude(selector.exclude)
    return selector
