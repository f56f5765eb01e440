"""Where qdrant-client's local mode differs from Qdrant 1.19; everywhere else it is a second witness."""

from qdrant_client import models

from engines import ClientEngine


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


# (a condition it concerns, why the answers differ)
KNOWN_DIFFERENCES = [
    (asks_for_null, "local mode follows 1.20, where [null] counts as null"),
]


def known_difference(filter):
    """The reason why local mode cannot be compared for this filter, or None."""
    for condition in conditions_of(filter) if filter else ():
        for applies, reason in KNOWN_DIFFERENCES:
            if applies(condition):
                return reason
    return None


class LocalMode(ClientEngine):
    """Local mode, brought to what Qdrant stores where an update would leave something else behind."""
