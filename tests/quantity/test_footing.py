from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impacttree.quantity.footing import footed
from tests.strategies import examples

AMOUNTS = st.floats(-1e6, 1e6, allow_nan=False)
LINES = st.lists(st.tuples(AMOUNTS, st.one_of(st.just(0.0), st.floats(-500.0, 500.0))), min_size=1, max_size=12)


@pytest.mark.slow
@examples(300)
@given(LINES)
def test_every_line_and_running_total_stands_within_one_of_its_number(lines: list[tuple[float, float]]) -> None:
    before, change = ([line[k] for line in lines] for k in (0, 1))
    was, moved = footed(before, change)
    after, shown_after = ([a + b for a, b in zip(x, y, strict=True)] for x, y in ((before, change), (was, moved)))
    for exact, shown in ((before, was), (change, moved), (after, shown_after)):
        for number, whole in zip(accumulate(exact), accumulate(shown), strict=True):
            assert abs(number - whole) <= 1.0 + 1e-6
    for exact, shown in ((before, was), (change, moved)):
        for number, whole in zip(exact, shown, strict=True):
            assert abs(number - whole) <= 1.0 + 1e-6


@given(LINES)
def test_the_change_of_a_running_total_is_rounded_to_the_nearest_and_no_change_shows_none(
    lines: list[tuple[float, float]],
) -> None:
    _, moved = footed([line[0] for line in lines], [line[1] for line in lines])
    for exact, shown in zip(accumulate(line[1] for line in lines), accumulate(moved), strict=True):
        assert abs(exact - shown) <= 0.5 + 1e-6
    assert all(shown == 0 for (_, change), shown in zip(lines, moved, strict=True) if change == 0.0)


@given(st.lists(st.tuples(st.integers(-9999, 9999), st.integers(-99, 99)), min_size=1, max_size=12))
def test_whole_numbers_stay(lines: list[tuple[int, int]]) -> None:
    before, change = (tuple(line[k] for line in lines) for k in (0, 1))
    assert footed([float(one) for one in before], [float(one) for one in change]) == (before, change)


def test_the_example_that_does_not_foot_when_each_number_is_rounded_by_itself() -> None:
    (revenue, cogs), (more, cost) = footed([71_517.44, -13_563.63], [870.4, -164.9])
    assert round(71_517.44) - round(13_563.63) != round(71_517.44 - 13_563.63)
    assert revenue + cogs in (57_953, 57_954)
    assert more + cost == round(870.4 - 164.9)
