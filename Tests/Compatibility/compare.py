"""What it means for two answers to agree."""

import json
from collections import Counter

import numpy as np

TOLERANCE = 1e-4


def margin(score):
    return TOLERANCE * max(1.0, abs(score))


def assert_same_hits(actual, expected, context, offset=0):
    """Scores agree place by place; ids agree except among equals at the edge of the page.

    The order of equal scores is not promised, so an id may be missing on one side only when its score
    equals that of the last hit (it was cut off there), or of the first hit when a page was skipped.
    """
    assert len({each for each, _ in actual}) == len(actual), f"{context}: an id came twice in {actual}"
    assert len(actual) == len(expected), f"{context}: {len(actual)} hits instead of {len(expected)}\n{both(actual, expected)}"
    for (_, score), (_, wanted) in zip(actual, expected):
        assert abs(score - wanted) <= margin(wanted), f"{context}: scores differ\n{both(actual, expected)}"
    if not expected:
        return
    cuts = [expected[-1][1]] + ([expected[0][1]] if offset else [])
    by_id, wanted_by_id = dict(actual), dict(expected)
    for point_id in by_id.keys() | wanted_by_id.keys():
        scores = [hits[point_id] for hits in (by_id, wanted_by_id) if point_id in hits]
        if len(scores) == 2:
            assert abs(scores[0] - scores[1]) <= margin(scores[1]), \
                f"{context}: point {point_id} scored {scores[0]}, not {scores[1]}"
        else:
            assert any(abs(scores[0] - cut) <= margin(cut) for cut in cuts), \
                f"{context}: point {point_id} is on one side only\n{both(actual, expected)}"


def assert_same_order(actual, expected, context, offset=0):
    """The same values in the same order. Points of equal value come in any order, so of the values where the page
    was cut, the last one and after an offset the first, only the number of points has to agree."""
    values, wanted = [value for _, value in actual], [value for _, value in expected]
    assert values == wanted, f"{context}\n{both(only(actual, expected), only(expected, actual))}"
    if expected:
        cuts = {expected[-1][1]} | ({expected[0][1]} if offset else set())
        before_cut = [[hit for hit in hits if hit[1] not in cuts] for hits in (actual, expected)]
        assert not only(*before_cut) and not only(*reversed(before_cut)), f"{context}\n{both(*before_cut)}"


def is_decided(hits):
    """Whether no rounding can change which of these hits come first, or their order."""
    scores = [score for _, score in hits]
    return all(abs(a - b) > 4 * margin(a) for a, b in zip(scores, scores[1:]))


def only(these, those):
    """What is in these and not in those, counted."""
    return list((Counter(these) - Counter(those)).elements())


def assert_same_groups(actual, expected, context):
    """Groups are ranked by their best hit. One point can lead several groups, so groups of equal rank come in
    any order, and those that rank last may be other ones."""
    shown = f"{context}\n{both(actual, expected)}"
    assert len({(type(key), key) for key, *_ in actual}) == len(actual) == len(expected), shown
    assert_same_hits([((type(key), key), hits[0][1]) for key, hits, _ in actual],
                     [((type(key), key), hits[0][1]) for key, hits, _ in expected], context)
    wanted = {(type(key), key): (hits, lookup) for key, hits, lookup in expected}
    for key, hits, lookup in actual:
        if (type(key), key) in wanted:
            others, other_lookup = wanted[type(key), key]
            assert_same_hits(hits, others, f"{context}, group {key!r}")
            assert canonical(lookup) == canonical(other_lookup), f"{context}, what is looked up for group {key!r}"


def assert_same_matrix(actual, expected, context):
    assert list(actual) == list(expected), f"{context}: the points are {list(actual)}, not {list(expected)}"
    for point_id, neighbours in expected.items():
        assert_same_hits(actual[point_id], neighbours, f"{context}: neighbours of {point_id}")


def assert_same_records(actual, expected, context, tolerance=1e-5):
    assert list(actual) == list(expected), \
        f"{context}: ids or their order differ\n{sorted(actual.keys() ^ expected.keys(), key=str)[:10]}"
    for point_id, (payload, vectors) in actual.items():
        wanted_payload, wanted_vectors = expected[point_id]
        assert canonical(payload) == canonical(wanted_payload), \
            f"{context}: payload of {point_id}\n  {canonical(payload)}\n  {canonical(wanted_payload)}"
        assert vectors.keys() == wanted_vectors.keys(), \
            f"{context}: {point_id} has the vectors {sorted(vectors)}, not {sorted(wanted_vectors)}"
        for name, values in vectors.items():
            assert_same_vector(values, wanted_vectors[name], f"{context}: vector {name!r} of {point_id}", tolerance)


def assert_same_vector(actual, expected, context, tolerance=1e-5):
    if isinstance(expected, dict):
        assert list(actual) == list(expected), f"{context}: indices {list(actual)}, not {list(expected)}"
        actual, expected = list(actual.values()), list(expected.values())
    assert np.shape(actual) == np.shape(expected), f"{context}: shape {np.shape(actual)}, not {np.shape(expected)}"
    np.testing.assert_allclose(actual, expected, atol=tolerance, rtol=tolerance, err_msg=context)


def canonical(payload):
    """JSON text in which True, 1 and 1.0 stay apart; no payload equals an empty one."""
    return json.dumps(payload or {}, sort_keys=True, ensure_ascii=False)


def both(actual, expected):
    return f"  got      {actual[:12]}\n  expected {expected[:12]}"
