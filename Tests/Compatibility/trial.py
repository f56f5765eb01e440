"""One random trial: a collection that is filled, changed and asked about on every engine."""

import random

from qdrant_client import models

from engines import ClientEngine
from generate import FACETABLE, INDEXABLE, ORDERABLE, REFERENCES, Generator
from generate_filters import FilterGenerator
from generate_queries import EXACT, VECTOR_KINDS, QueryGenerator
from local_mode import explained, explained_condition
from questions import Question, assert_agrees, has_one_answer, prefetches_alone

OPERATIONS = {"upsert": models.UpsertOperation, "delete": models.DeleteOperation,
              "set_payload": models.SetPayloadOperation, "overwrite_payload": models.OverwritePayloadOperation,
              "delete_payload": models.DeletePayloadOperation, "clear_payload": models.ClearPayloadOperation,
              "update_vectors": models.UpdateVectorsOperation, "delete_vectors": models.DeleteVectorsOperation}


class Disagreement(AssertionError):
    """An engine answered a question otherwise than the authority."""

    def __init__(self, message, engine, question, answered):
        super().__init__(message)
        self.engine, self.question, self.answered = engine, question, answered


def operation(kind, argument):
    return OPERATIONS[kind](**{kind: argument})


class Trial:
    """`engines` are compared with the authority, each under its name; all of them begin empty."""

    def __init__(self, seed, authority, engines):
        self.seed = seed
        self.random = random.Random(seed)
        self.generator = Generator(self.random)
        self.authority = authority
        self.engines = engines
        self.others, self.other_ids = None, {}  # The name of a second collection to look up in, and who has which vector.
        self.layout = self.generator.layout()
        self.first_layout = self.layout.copy()
        self.history = []
        self.indexed = {}
        self.live = []
        self.having = {}
        self.refusals = self.questions = 0

    # Doing.

    def run(self, questions):
        options = {"optimizers_config": models.OptimizersConfigDiff(indexing_threshold=1)} if self.random.random() < 0.4 else {}
        for engine in [self.authority, *self.engines.values()]:
            engine.create(self.first_layout, **options)
        try:
            self.make_others()
            self.go_on(questions)
        finally:
            if self.others:
                for engine in self.engines.values():
                    engine.companion().drop()

    def make_others(self):
        """For some trials a second collection, whose ids are values that points of the first are grouped by."""
        if self.random.random() < 0.6:
            return
        self.others = f"{next(iter(self.engines.values())).name}_others"
        points = self.generator.points([*range(13), *REFERENCES], self.layout)
        self.authority.lookups[self.others] = self.authority.companion()
        for engine in [self.authority.lookups[self.others], *(each.companion() for each in self.engines.values())]:
            engine.create(self.first_layout)
            engine.update([operation("upsert", models.PointsList(points=points))])
        self.other_ids = {name: self.authority.lookups[self.others].having(name) for name in self.layout.names}

    def go_on(self, questions):
        if self.random.random() < 0.5:
            self.create_indexes()
        self.upsert(self.generator.ids(self.random.choice([3, 30, 120, 250])))
        self.compare("after loading", questions)
        for number in range(2):
            for _ in range(self.random.randint(1, 6)):
                self.update()
            self.compare(f"after the updates of round {number}", questions)
        self.create_indexes()
        self.compare("after creating indexes", questions)
        for key in self.generator.some(sorted(self.indexed)):
            self.everywhere("drop_index", key)
            del self.indexed[key]
        self.compare("after dropping indexes", questions // 2)

    def everywhere(self, action, *arguments):
        self.history.append((action, arguments))
        for name, engine in [("authority", self.authority), *self.engines.items()]:
            try:
                getattr(engine, action)(*arguments)
            except Exception as problem:
                problem.add_note(f"seed {self.seed}, {name}: {action}{arguments!r:.3000}")
                raise

    def look_around(self):
        """What there is now, as the authority knows it."""
        self.live = list(self.authority.records(with_payload=False, with_vectors=False))
        self.having = {name: self.authority.having(name) for name in self.layout.names}

    def upsert(self, ids):
        points = self.generator.points(ids, self.layout)
        for start in range(0, len(points), 100):
            self.everywhere("update", [operation("upsert", models.PointsList(points=points[start:start + 100]))])
        self.look_around()

    def create_indexes(self):
        for key in self.generator.some(list(INDEXABLE)):
            if key not in self.indexed:
                self.indexed[key] = self.random.choice(INDEXABLE[key])
                self.everywhere("create_index", key, self.indexed[key])

    def update(self):
        if self.random.random() < 0.08:
            self.change_vector_names()
        elif self.random.random() < 0.25:
            # Each operation is made for the points there are when it is its turn, so only ids select here.
            found = [self.operation(self.generator.some(self.live, 1, 10)) for _ in range(self.random.randint(2, 4))]
            found = sorted(filter(None, found), key=lambda each: isinstance(each, models.DeleteOperation))
            self.everywhere("update", found or [operation("clear_payload", models.PointIdsList(points=self.live[:1]))])
        else:
            selector = self.generator.some(self.live, 1, 10) if self.random.random() < 0.6 else self.selecting_filter()
            found = self.operation(selector)
            if found:
                self.everywhere("update", [found])
        self.look_around()
        if len(self.live) < 3:
            self.upsert(self.generator.ids(20))

    def operation(self, selector):
        """A random update operation for the points of a selector: a list of ids or a filter."""
        target = {"filter": selector} if isinstance(selector, models.Filter) else {"points": selector}
        chosen = models.FilterSelector(**target) if "filter" in target else models.PointIdsList(**target)
        some = self.generator.some(self.live, 1, 10)
        match self.random.randrange(12):
            case 0 | 1:
                ids = list(dict.fromkeys(some + self.generator.ids(5)))
                return operation("upsert", models.PointsList(
                    points=self.generator.points(ids, self.layout), **self.upsert_rule()))
            case 2:
                return operation("delete", chosen)
            case 3 | 4:
                return operation("set_payload", models.SetPayload(payload=self.without_nulls(self.generator.payload()), **target))
            case 5 | 6:
                key = self.random.choice(["deep", "deep.more", "added.here", '"dotted.key"', "items[]", "items[0]", "place", "count"])
                return operation("set_payload", models.SetPayload(payload={"word": "new", "number": 5}, key=key, **target))
            case 7:
                return operation("overwrite_payload", models.SetPayload(payload=self.generator.payload(), **target))
            case 8:
                keys = [self.random.choice(["city", "count", "items", "mixed", "text"]), "deep.word", "items[].kind", "items[0]"]
                return operation("delete_payload", models.DeletePayload(keys=self.generator.some(keys), **target))
            case 9:
                return operation("clear_payload", chosen)
            case 10:
                return self.update_vectors(some)
        return operation("delete_vectors", models.DeleteVectors(vector=self.generator.some(self.layout.names), **target)) \
            if self.layout.names != [""] else None

    def upsert_rule(self):
        if self.random.random() < 0.5:
            return {}
        return {"update_mode": self.random.choice([None, *models.UpdateMode]),
                "update_filter": self.selecting_filter() if self.random.random() < 0.6 else None}

    def update_vectors(self, ids):
        points = [models.PointVectors(id=each, vector=self.some_vectors()) for each in ids]
        return operation("update_vectors", models.UpdateVectors(
            points=points, update_filter=self.selecting_filter() if self.random.random() < 0.3 else None))

    def some_vectors(self):
        if self.layout.names == [""]:
            return self.generator.vector(self.layout, "")
        return {name: self.some_vector(name) for name in self.generator.some(self.layout.names)}

    def some_vector(self, name):
        """Not an empty one: an update of nothing else is refused."""
        vector = self.generator.vector(self.layout, name)
        return self.some_vector(name) if isinstance(vector, models.SparseVector) and not vector.indices else vector

    def without_nulls(self, payload):
        """A null removes its key here, and is stored on a point that never had a payload: an accident of Qdrant's
        storage that nothing should rely on."""
        return {key: value for key, value in payload.items() if value is not None} or {"city": "Rome"}

    def change_vector_names(self):
        if "added" in self.layout.names:
            self.everywhere("drop_vector", "added")
            self.layout.dense.pop("added", None)
            self.layout.sparse.pop("added", None)
            return
        if self.random.random() < 0.4:
            params = self.generator.sparse()
            config = models.SparseVectorNameConfig(sparse=models.SparseVectorConfig(modifier=params.modifier))
            self.layout.sparse["added"] = params
        else:
            params = self.generator.dense(exotic=False)
            config = models.DenseVectorNameConfig(dense=models.DenseVectorConfig(
                size=params.size, distance=params.distance, multivector_config=params.multivector_config))
            self.layout.dense["added"] = params
        self.everywhere("create_vector", "added", config)
        some = self.generator.some(self.live, 1, 30)
        self.everywhere("update", [operation("update_vectors", models.UpdateVectors(points=[
            models.PointVectors(id=each, vector={"added": self.some_vector("added")}) for each in some]))])

    # Asking.

    @property
    def filters(self):
        return FilterGenerator(self.generator, self.layout, self.live)

    def filter(self):
        return self.filters.filter() if self.random.random() < 0.85 else None

    def selecting_filter(self):
        """A filter for an update: every engine has to select the same points, or all later answers differ."""
        for _ in range(50):
            filter = self.filters.filter()
            if not explained_condition(filter):
                return filter
        return models.Filter(must=[models.HasIdCondition(has_id=self.live[:5])])

    def compare(self, phase, questions):
        self.ask(phase, Question("records"))
        for _ in range(questions):
            question = self.question()
            if question is not None:
                self.ask(phase, question)

    def question(self):
        choices = {self.about_filter: 4, self.about_page: 1, self.about_query: 8, self.about_batch: 1, self.about_groups: 1,
                   self.about_order: 1, self.about_facet: 1, self.about_matrix: 0.4, self.about_records: 0.7}
        return self.random.choices(list(choices), list(choices.values()))[0]()

    def about_filter(self):
        return Question(self.random.choice(["page", "count"]), {"filter": self.filter()}) if self.random.random() < 0.5 \
            else Question("page", {"filter": self.filter(), "limit": 1000})

    def about_page(self):
        offset = self.random.choice([None, self.random.choice(self.live), self.random.randint(0, 1000)])
        return Question("page", {"filter": self.filter(), "limit": self.random.choice([1, 7, 1000]), "offset": offset})

    def about_records(self):
        selector = self.random.choice([
            True, False, ["city", "deep.word"], models.PayloadSelectorInclude(include=["items[].kind", "count", "missing"]),
            models.PayloadSelectorExclude(exclude=["items", "deep.number", "text"]), ["items[].tags", '"dotted.key".x']])
        vectors = self.random.choice([True, False, self.generator.some(self.layout.names, 1)])
        ids = list(dict.fromkeys(self.generator.some(self.live, 1, 10) + [10**9]))
        return Question("retrieve", {"ids": ids, "with_payload": selector, "with_vectors": vectors}) \
            if self.random.random() < 0.3 else \
            Question("records", {"filter": self.filter(), "with_payload": selector, "with_vectors": vectors})

    def query_generator(self):
        return QueryGenerator(
            self.generator, self.layout, self.filters, self.having, self.orderable, self.others, self.other_ids)

    @property
    def orderable(self):
        return [key for key in ORDERABLE if key in self.indexed]

    def request(self):
        """A query with one right answer; thresholds lie well between two scores."""
        for _ in range(20):
            request = self.query_generator().request()
            try:
                if not has_one_answer(request, self.authority):
                    continue
                if not self.add_thresholds(request) or has_one_answer(request, self.authority):
                    return request
            except Exception as problem:
                if isinstance(request.query, models.FormulaQuery):
                    return request  # Refused for the value of a payload; then everyone has to refuse it.
                problem.add_note(f"seed {self.seed}: {Question('query', {'request': request})}")
                raise
        return models.QueryRequest(limit=5)

    def add_thresholds(self, request):
        """Returns whether a prefetch got one, which may leave another answer open."""
        unscored, changed = (type(None), models.OrderByQuery, models.SampleQuery), False
        for prefetch, alone in prefetches_alone(request):
            if not isinstance(prefetch.query, unscored) and self.random.random() < 0.15:
                prefetch.score_threshold = self.threshold(alone)
                changed = True
        if not isinstance(request.query, unscored) and self.random.random() < 0.2:
            request.score_threshold = self.threshold(request)
        return changed

    def threshold(self, request):
        hits = self.authority.query(request.model_copy(update={"limit": 1000, "offset": None, "score_threshold": None}))
        scores = [score for _, score in hits]
        gaps = [(a + b) / 2 for a, b in zip(scores, scores[1:]) if abs(a - b) > 0.01 * max(1, abs(a))]
        return self.random.choice(gaps) if gaps else None

    def about_query(self):
        return Question("query", {"request": self.request()})

    def about_batch(self):
        requests = [self.request() for _ in range(self.random.randint(1, 4))]
        return Question("batch", {"requests": [each for each in requests if not isinstance(each.query, models.FormulaQuery)]
                                  or [models.QueryRequest(limit=3)]})

    def about_groups(self):
        shape = {"filter": self.query_generator().maybe_filter()}
        generator = self.query_generator()
        generator.add_vector_query(self.random.choice([each for each in VECTOR_KINDS if each not in ("context", "mmr")]), shape)
        key = self.random.choice(["city", "count", "reference", "deep.word", "items[].kind", "large", "missing"])
        return Question("groups", {"request": models.QueryRequest(**shape), "group_by": key,
                                   "group_size": self.random.randint(1, 4), "limit": self.random.randint(1, 6),
                                   **({"with_lookup": self.others} if self.others and key in ("count", "reference") else {})})

    def about_order(self):
        if not self.orderable:
            return None
        key = self.random.choice(self.orderable)
        return Question("ordered", {
            "key": key, "direction": self.random.choice(list(models.Direction)),
            "start_from": self.query_generator().start_from(key), "filter": self.filter(),
            "limit": self.random.choice([1, 10, 1000])})

    def about_facet(self):
        usable = [key for key in FACETABLE if key in self.indexed]
        return Question("facet", {"key": self.random.choice(usable), "filter": self.filter(),
                                  "limit": self.random.choice([1, 3, 100])}) if usable else None

    def about_matrix(self):
        """Small enough for the sample to be everything."""
        using = self.random.choice(self.layout.names)
        ids = self.generator.some(self.live, 1, 12)
        return Question("matrix", {"using": using, "sample": 20, "limit": self.random.randint(1, 4), "filter": models.Filter(
            must=[models.HasIdCondition(has_id=ids)])})

    def ask(self, phase, question):
        self.questions += 1
        try:
            expected, refusal = question.ask(self.authority), None
        except Exception as problem:
            if not any(isinstance(each.query, models.FormulaQuery) for each in question.requests):
                problem.add_note(f"seed {self.seed}, {phase}: {question}")
                raise
            expected, refusal = None, problem
            self.refusals += 1
        for name, engine in self.engines.items():
            if isinstance(engine, ClientEngine) and name == "local mode" and (refusal or explained(question, self.layout)):
                continue
            self.check(phase, name, engine, question, expected, refusal)

    def check(self, phase, name, engine, question, expected, refusal):
        context = f"seed {self.seed}, {phase}, {name}, {question}\n  indexed: {sorted(self.indexed)}"
        try:
            judge(question, engine, self.authority, expected, refusal, context)
        except AssertionError as problem:
            raise Disagreement(str(problem), name, question, refusal is None) from None


def judge(question, engine, authority, expected, refusal, context):
    """Raises AssertionError where the engine's answer is not the authority's."""
    try:
        actual = question.ask(engine)
    except AssertionError:
        raise
    except Exception as problem:
        status = getattr(problem, "status_code", None)
        assert refusal is not None and status and 400 <= status < 500, \
            f"{context}\n  {type(problem).__name__}: {str(problem)[:600]}\n  expected {expected if refusal is None else refusal!s:.600}"
        return
    assert refusal is None, f"{context}\n  got      {actual!s:.300}\n  expected to be refused: {refusal}"
    assert_agrees(question, actual, authority, expected, context)
