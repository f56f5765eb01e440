"""Where an answer may differ from that of a witness, and why. Everywhere else all of them have to agree.

Edge is the authority; qdrant-client's local mode is compared where it is known to follow Qdrant 1.19.
docs/COMPATIBILITY.md names these tables.
"""

from qdrant_client import models

from engines import ClientEngine, ids_of


def conditions_of(filter):
    """Every condition of a filter, those of filters inside it included."""
    for clause in (filter.must, filter.should, filter.must_not, filter.min_should and filter.min_should.conditions):
        for condition in clause if isinstance(clause, list) else [clause] if clause else []:
            match condition:
                case models.Filter():
                    yield from conditions_of(condition)
                case models.NestedCondition():
                    yield condition
                    yield from conditions_of(condition.nested.filter)
                case _:
                    yield condition


def asks_for_null(condition):
    return isinstance(condition, models.IsNullCondition) \
        or isinstance(condition, models.FieldCondition) and condition.is_null is not None


def asks_for_text(condition):
    return isinstance(condition, models.FieldCondition) and isinstance(
        condition.match, (models.MatchText, models.MatchTextAny, models.MatchPhrase))


# (a condition it concerns, why the answers of local mode differ)
EXPLAINED_CONDITIONS = [
    (asks_for_null, "local mode follows 1.20, where [null] counts as null"),
    (asks_for_text, "local mode has no text indexes, and follows 1.20, which compares words where there is none"),
]

# (a question it concerns, with the layout of the collection; why the answers of local mode differ)
EXPLAINED_QUESTIONS = [
    (lambda question, layout: layout.stores_other_than_float32, "local mode stores float32 only"),
    (lambda question, layout: question.action == "ordered" or any(
        isinstance(each.query, models.OrderByQuery) for each in question.requests),
     "local mode has no index, so it orders every value it can, a date among integers too"),
    (lambda question, layout: any(each.prefetch for each in question.requests) and any(
        ids_of(each.query) for each in question.requests),
     "local mode leaves out the operands of a prefetch in that prefetch only"),
    (lambda question, layout: any(layout.has_idf(each.using or "") for each in question.requests) or layout.has_idf(
        question.arguments.get("using") or ""),
     "local mode counts points with an empty vector, too, when it weighs how rare a term is"),
    (lambda question, layout: any(isinstance(each.query, models.RelevanceFeedbackQuery) and (
        layout.is_multi(each.using or "") or layout.is_sparse(each.using or "")) for each in question.requests),
     "local mode takes feedback on plain vectors only"),
    (lambda question, layout: any(isinstance(each.query, models.RelevanceFeedbackQuery) and each.lookup_from
                                  for each in question.requests),
     "local mode looks up the examples of feedback in the collection itself"),
    (lambda question, layout: any(isinstance(each.query, models.FormulaQuery) for each in question.requests),
     "local mode has no index, from which a formula takes its numbers, so that other values of the field are as none"),
    (lambda question, layout: question.action == "facet",
     "local mode counts every value of a field, whatever the type of its index"),
]


def explained_condition(filter):
    """The reason why local mode cannot be compared for this filter, or None."""
    for condition in conditions_of(filter) if filter else ():
        for applies, reason in EXPLAINED_CONDITIONS:
            if applies(condition):
                return reason
    return None


def explained(question, layout):
    """The reason why local mode cannot be compared for this question, or None."""
    for applies, reason in EXPLAINED_QUESTIONS:
        if applies(question, layout):
            return reason
    return next(filter(None, map(explained_condition, question.filters)), None)


class LocalMode(ClientEngine):
    """Local mode; it takes no notice of indexes."""

    def create_index(self, key, schema):
        pass

    def drop_index(self, key):
        pass
