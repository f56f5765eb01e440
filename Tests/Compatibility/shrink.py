"""The smallest case that still shows a disagreement, as requests to type in."""

import shutil
import tempfile
import time
from pathlib import Path

from qdrant_client import models

from edge_engine import EdgeEngine
from engines import ClientEngine
from trial import judge, operation

SECONDS = 30
LONGEST_REQUEST = 4000
REFUSAL = "Unexpected Response"


class Case:
    """A layout, what is done to it, and a question whose answers differ."""

    def __init__(self, layout, history, question):
        self.layout, self.history, self.question = layout, history, question

    def changed(self, **parts):
        return Case(**{"layout": self.layout, "history": self.history, "question": self.question, **parts})


class Shrinker:
    """Replays cases on new collections of Quiver and of Edge."""

    def __init__(self, client, directory, found):
        self.client, self.directory = client, Path(directory)
        # A question that Edge refuses is another one than a question that it answers.
        self.answered, self.refused = found.answered, REFUSAL in str(found)
        self.deadline = time.monotonic() + SECONDS
        self.runs = 0

    def disagreement(self, case):
        """What differs, or None if the engines agree on this case or if it cannot be carried out."""
        self.runs += 1
        name = f"shrunk_{self.runs}"
        quiver, edge = ClientEngine(self.client, name), EdgeEngine(self.directory / name)
        try:
            edge.create(case.layout)
            quiver.create(case.layout)
            for action, arguments in case.history:
                getattr(edge, action)(*arguments)
                getattr(quiver, action)(*arguments)
            try:
                expected, refusal = case.question.ask(edge), None
            except Exception as problem:
                expected, refusal = None, problem
            if (refusal is None) == self.answered:
                judge(case.question, quiver, edge, expected, refusal, "smallest case")
        except AssertionError as found:
            return str(found)
        except Exception:
            return None
        finally:
            edge.drop()
            quiver.drop()
            shutil.rmtree(edge.directory, ignore_errors=True)
        return None

    def fails(self, case):
        """Whether it fails as the first case did: by another answer, or by a refusal."""
        if time.monotonic() > self.deadline:
            return False
        found = self.disagreement(case)
        return found is not None and (REFUSAL in found) == self.refused

    def without_parts(self, parts, rebuilt):
        """The shortest list of these parts found, by halves, quarters and so on, for which rebuilt(parts) fails."""
        size = max(1, len(parts) // 2)
        while parts and time.monotonic() < self.deadline:
            start = 0
            while start < len(parts):
                fewer = parts[:start] + parts[start + size:]
                if self.fails(rebuilt(fewer)):
                    parts = fewer
                else:
                    start += size
            if size == 1:
                break
            size //= 2
        return parts


def smallest_case(trial, found, directory, client, watch):
    """The requests of the smallest case that still differs, or a note that only the whole trial shows it."""
    shrinker = Shrinker(client, tempfile.mkdtemp(dir=directory), found)
    case = Case(trial.first_layout, trial.history, found.question)
    whole = as_one_upsert(trial, case)
    if whole is not None and shrinker.fails(whole):
        case = whole
    elif not shrinker.fails(case):
        return "a new collection with the same updates and the same question does not show it"
    case = case.changed(history=shrinker.without_parts(split(case.history), lambda parts: case.changed(history=parts)))
    case = thinner_points(shrinker, case)
    case = simpler_question(shrinker, case)
    watch.recorded = []
    difference = shrinker.disagreement(case)
    requests, watch.recorded = watch.recorded, None
    lines = [f"{method} {path}\n    {body[:LONGEST_REQUEST]}" if body else f"{method} {path}"
             for method, path, body in requests if method != "DELETE" or "/points" in path]
    return "The smallest case found:\n" + "\n".join(lines) + f"\n{difference}"


def as_one_upsert(trial, case):
    """The points as they are now, put in at once."""
    if any(action in ("create_vector", "drop_vector") for action, _ in case.history):
        return None
    points = []
    for point_id, (payload, vectors) in trial.authority.records().items():
        vector = {name: models.SparseVector(indices=list(value), values=list(value.values())) if isinstance(value, dict)
                  else value.tolist() for name, value in vectors.items()}
        points.append(models.PointStruct(
            id=point_id, payload=payload, vector=vector[""] if set(vector) == {""} and not case.layout.sparse else vector))
    indexes = [("create_index", (key, schema)) for key, schema in trial.indexed.items()]
    return case.changed(history=[*indexes, ("update", ([operation("upsert", models.PointsList(points=points))],))])


def split(history):
    """One operation to an update, one point to an upsert."""
    parts = []
    for action, arguments in history:
        if action != "update":
            parts.append((action, arguments))
            continue
        for each in arguments[0]:
            if isinstance(each, models.UpsertOperation):
                parts += [(action, ([operation("upsert", each.upsert.model_copy(update={"points": [point]}))],))
                          for point in each.upsert.points]
            else:
                parts.append((action, ([each],)))
    return parts


def thinner_points(shrinker, case):
    """Leaves out payload fields, of all points at once."""
    def payloads(history):
        return [point.payload or {} for _, arguments in history if arguments and isinstance(arguments[0], list)
                for each in arguments[0] if isinstance(each, models.UpsertOperation) for point in each.upsert.points]

    def with_fields(fields):
        history = []
        for action, arguments in case.history:
            if action == "update":
                arguments = ([operation("upsert", each.upsert.model_copy(update={"points": [
                    point.model_copy(update={"payload": {key: value for key, value in (point.payload or {}).items() if key in fields}})
                    for point in each.upsert.points]})) if isinstance(each, models.UpsertOperation) else each
                    for each in arguments[0]],)
            history.append((action, arguments))
        return case.changed(history=history)

    fields = sorted({key for payload in payloads(case.history) for key in payload})
    return with_fields(shrinker.without_parts(fields, with_fields)) if fields else case


def simpler_question(shrinker, case):
    """Leaves out one part of the question after the other: clauses, conditions, prefetches, options."""
    progress = True
    while progress and time.monotonic() < shrinker.deadline:
        progress = False
        for name, value in case.question.arguments.items():
            for simpler in simpler_values(value):
                question = type(case.question)(case.question.action, {**case.question.arguments, name: simpler})
                if shrinker.fails(case.changed(question=question)):
                    case, progress = case.changed(question=question), True
                    break
            if progress:
                break
    return case


def simpler_values(value):
    """Copies of a value with one thing less in it."""
    if isinstance(value, list):
        if len(value) > 1 and not isinstance(value[0], float):
            for number in range(len(value)):
                yield value[:number] + value[number + 1:]
        for number, each in enumerate(value):
            for simpler in simpler_values(each) if hasattr(each, "model_fields_set") else ():
                yield [*value[:number], simpler, *value[number + 1:]]
    elif hasattr(value, "model_fields_set"):
        fields = type(value).model_fields
        for name in fields:
            part = getattr(value, name)
            if part is None:
                continue
            if not fields[name].is_required() and name not in ("params", "using", "limit", "query"):
                yield value.model_copy(update={name: None})
            for simpler in simpler_values(part):
                yield value.model_copy(update={name: simpler})
