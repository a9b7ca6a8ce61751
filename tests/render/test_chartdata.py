from __future__ import annotations

import dataclasses
import math

import pytest

from impacttree.errors import OutputError
from impacttree.render.chartdata import axis_start, check_finite, end_texts, outer_first, running_levels, visible_levels
from impacttree.views import Bar, Lines, Series, Waterfall
from tests.render.views import BRIDGE, LOSS, TORNADO, WATERFALL


def bar(low: float, high: float) -> Bar:
    return Bar("x", low, high, "LOW", "HIGH", "adverse", "favourable")


@pytest.mark.parametrize(
    ("low", "high", "left", "right"),
    [
        (90.0, 110.0, "LOW", "HIGH"),
        (110.0, 90.0, "HIGH", "LOW"),
        (80.0, 90.0, "LOW, HIGH", ""),
        (120.0, 110.0, "", "HIGH, LOW"),
        (100.0, 110.0, "LOW", "HIGH"),
        (90.0, 100.0, "LOW", "HIGH"),
        (100.0, 90.0, "HIGH", "LOW"),
        (100.0, 100.0, "LOW", "HIGH"),
    ],
)
def test_each_text_stands_on_its_side_of_the_base(low: float, high: float, left: str, right: str) -> None:
    assert end_texts(bar(low, high), 100.0) == (left, right)


def test_the_farther_end_is_painted_first() -> None:
    assert outer_first(bar(96.0, 91.0), 100.0) == ((91.0, "favourable"), (96.0, "adverse"))


def test_changes_stand_on_what_came_before() -> None:
    levels = running_levels(BRIDGE)
    assert levels[0] == (0.0, 9400.0)
    assert levels[1] == (9400.0, 9620.0)
    assert levels[-1] == (0.0, 8800.0)
    assert levels[-2][1] == pytest.approx(8800.0)


def test_only_tall_totals_with_small_changes_are_cut() -> None:
    assert 8000 < axis_start(BRIDGE) < 8800
    assert axis_start(WATERFALL) == axis_start(LOSS) == axis_start(Waterfall("", "", ())) == 0.0
    assert visible_levels(BRIDGE)[0] == (axis_start(BRIDGE), 9400.0)
    assert visible_levels(LOSS) == running_levels(LOSS)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_a_number_is_not_drawn(bad: float) -> None:
    step = dataclasses.replace(WATERFALL.steps[0], amount=bad)
    views = (
        dataclasses.replace(TORNADO, base=bad),
        dataclasses.replace(TORNADO, bars=(bar(bad, 1.0),)),
        dataclasses.replace(WATERFALL, steps=(step,)),
        Lines("", "", ("1",), (Series("s", (bad,), ""),), ()),
        Lines("", "", ("1",), (), ((bad, "level"),)),
    )
    for view in views:
        with pytest.raises(OutputError, match="cannot be drawn"):
            check_finite(view)
