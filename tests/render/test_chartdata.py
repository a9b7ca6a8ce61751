from __future__ import annotations

import dataclasses
import math

import pytest

from impacttree.errors import OutputError
from impacttree.render.chartdata import (
    axis_start,
    bar_parts,
    check_finite,
    end_texts,
    is_central,
    running_levels,
    to_span_marks,
    visible_levels,
    whisker,
)
from impacttree.views import Band, Bar, Distribution, Lines, Mark, Series, Waterfall
from tests.render.views import ALL_EQUAL, BRIDGE, DISTRIBUTION, LOSS, TORNADO, WATERFALL


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


def test_a_bar_reaches_from_the_base_to_each_end() -> None:
    assert bar_parts(bar(90.0, 130.0), 100.0) == ((100.0, 90.0, "adverse"), (100.0, 130.0, "favourable"))
    assert bar_parts(bar(100.0, 130.0), 100.0) == ((100.0, 100.0, "adverse"), (100.0, 130.0, "favourable"))


def test_a_bar_on_one_side_of_the_base_reaches_from_end_to_end() -> None:
    assert bar_parts(bar(96.0, 91.0), 100.0) == ((96.0, 91.0, "favourable"),)
    assert bar_parts(bar(110.0, 120.0), 100.0) == ((110.0, 120.0, "favourable"),)
    assert bar_parts(bar(120.0, 110.0), 100.0) == ((110.0, 120.0, "adverse"),)


def test_changes_stand_on_what_came_before() -> None:
    levels = running_levels(BRIDGE)
    assert levels[0] == (0.0, 9400.0)
    assert levels[1] == (9400.0, 9620.0)
    assert levels[-1] == (0.0, 8800.0)
    assert levels[-2][1] == pytest.approx(8800.0)


def test_a_whisker_has_two_ends_in_order() -> None:
    step = WATERFALL.steps[-1]
    assert whisker(step) is None
    assert whisker(dataclasses.replace(step, low=5.0)) is None
    assert whisker(dataclasses.replace(step, low=5.0, high=-1.0)) == (-1.0, 5.0)


def test_an_axis_is_cut_below_what_its_whiskers_reach() -> None:
    wide = dataclasses.replace(BRIDGE.steps[-1], low=7900.0, high=9500.0)
    assert 0 < axis_start(dataclasses.replace(BRIDGE, steps=(*BRIDGE.steps[:-1], wide))) < 7900.0
    below = dataclasses.replace(wide, low=-10.0)
    assert axis_start(dataclasses.replace(BRIDGE, steps=(*BRIDGE.steps[:-1], below))) == 0.0


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
        dataclasses.replace(WATERFALL, steps=(dataclasses.replace(WATERFALL.steps[0], low=bad),)),
        dataclasses.replace(WATERFALL, steps=(dataclasses.replace(WATERFALL.steps[0], high=bad),)),
        Lines("", "", ("1",), (), ((bad, "level"),)),
        Lines("", "", ("1",), (), (), bands=(Band((bad,), (1.0,), "P10 to P90"),)),
        Lines("", "", ("1",), (), (), bands=(Band((1.0,), (bad,), "P10 to P90"),)),
        dataclasses.replace(DISTRIBUTION, edges=(bad, *DISTRIBUTION.edges[1:])),
        dataclasses.replace(DISTRIBUTION, shares=(bad, *DISTRIBUTION.shares[1:])),
        dataclasses.replace(DISTRIBUTION, curve=((0.0, 0.0), (bad, 1.0))),
        dataclasses.replace(DISTRIBUTION, curve=((0.0, 0.0), (1.0, bad))),
        dataclasses.replace(DISTRIBUTION, marks=(Mark(bad, "P50", "$17k"),)),
        dataclasses.replace(DISTRIBUTION, levels=((bad, "$0k"),)),
        dataclasses.replace(DISTRIBUTION, central=(9.0, bad)),
        dataclasses.replace(DISTRIBUTION, threshold=bad),
    )
    for view in views:
        with pytest.raises(OutputError, match="cannot be drawn"):
            check_finite(view)


def test_bins_reach_out_to_marks_near_by() -> None:
    spanned = to_span_marks(DISTRIBUTION)
    assert spanned.edges[0] == -0.5
    assert spanned.edges[1:] == DISTRIBUTION.edges
    assert spanned.shares == (0.0, *DISTRIBUTION.shares)
    above = to_span_marks(dataclasses.replace(DISTRIBUTION, threshold=36.0))
    assert above.edges[-2:] == (35.5, 36.5)
    assert above.shares[-2:] == (0.0, 0.0)


def test_marks_far_off_are_said_and_not_drawn() -> None:
    far = dataclasses.replace(DISTRIBUTION, threshold=1e9, marks=(Mark(-300.0, "P1", "-$300k"),))
    spanned = to_span_marks(far)
    assert spanned.edges == DISTRIBUTION.edges
    assert spanned.notes[-2:] == (
        "P1 -$300k lies left of what is shown.",
        "break-even lies right of what is shown.",
    )


def test_equal_samples_are_one_narrow_bin() -> None:
    spanned = to_span_marks(ALL_EQUAL)
    assert len(spanned.shares) == 15
    assert spanned.shares[7] == sum(spanned.shares) == 1.0
    assert spanned.edges[7] < -500.0 < spanned.edges[8]
    assert is_central(spanned, *spanned.edges[7:9])
    assert not is_central(spanned, *spanned.edges[6:8])


def test_marks_alone_span_an_axis() -> None:
    assert to_span_marks(Distribution("", "", (), ())).edges == (0.0, 1.0)
    marks = (Mark(9.0, "P10", "$9k"), Mark(26.0, "P90", "$26k"))
    assert to_span_marks(Distribution("", "", (), (), marks=marks)).edges == (9.0, 26.0)
