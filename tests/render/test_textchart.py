from __future__ import annotations

import dataclasses

import pytest

from impacttree.render import to_text
from impacttree.render.characters import width
from impacttree.views import Bar, Bars, Distribution, Lines, Mark, Series, Step, View, Waterfall
from tests.render.views import (
    ALL_EQUAL,
    BRIDGE,
    CEILING,
    DISTRIBUTION,
    FAN,
    LINES,
    LONG_LINES,
    LOSS,
    MANY_BARS,
    ONE_SIDED,
    SHARES,
    SPIDER,
    TORNADO,
    WATERFALL,
    WITH_RANGE,
)


def test_a_tornado_prints_as_bars_around_its_base() -> None:
    bars = Bars(
        "Profit",
        "First 12 months",
        100.0,
        "$100k",
        (
            Bar("Churn", 110.0, 90.0, "$110k", "$90k", "favourable", "adverse"),
            Bar("Price", 95.0, 105.0, "$95k", "$105k", "adverse", "favourable"),
        ),
    )
    assert to_text(bars, 40) == (
        "Profit\n"
        "First 12 months\n"
        "                      │ $100k\n"
        "Churn  $90k ░░░░░░░░░░│███████████ $110k\n"
        "Price  $95k      ░░░░░│██████      $105k\n"
        "  █ better   ░ worse"
    )


def test_notes_of_bars_stand_at_the_right_under_their_head() -> None:
    lines = to_text(SHARES, 110).splitlines()
    head = next(line for line in lines if line.endswith("share of spread"))
    assert "base $149k" in head
    rows = [next(line for line in lines if line.startswith(bar.label)) for bar in SHARES.bars]
    assert {len(row) for row in rows} == {len(head)}
    assert [row.split()[-1] for row in rows] == [bar.note for bar in SHARES.bars]


def test_the_head_of_notes_gives_way_to_a_long_base() -> None:
    long = dataclasses.replace(SHARES, base_text="base case, before any one of these assumptions is moved, of $149k")
    lines = to_text(long, 110).splitlines()
    head = next(number for number, line in enumerate(lines) if line.endswith("share of spread"))
    assert lines[head].strip() == "share of spread"
    assert long.base_text in f"{lines[head + 1]}{lines[head + 2]}"


def test_a_range_stands_beside_its_total_and_ends_of_bands_below_the_lines() -> None:
    total = next(line for line in to_text(WITH_RANGE).splitlines() if line.startswith("Operating profit  "))
    assert total.endswith("▒  $100k to $201k")
    assert "P10 to P90: P10 -$12k to P90 $39k at month 12" in to_text(FAN)
    assert all(width(line) <= 80 for view in (WITH_RANGE, FAN, SHARES) for line in to_text(view, 80).splitlines()[3:])


def drawn(text: str, mark: str) -> list[int]:
    return [line.count(mark) for line in text.splitlines() if "│" in line][1:]


def test_bars_are_as_long_as_their_amounts_and_filled_by_tone() -> None:
    text = to_text(TORNADO)
    favourable, adverse = drawn(text, "█"), drawn(text, "░")
    for bar, better, worse in zip(TORNADO.bars, favourable, adverse, strict=True):
        gain = max(bar.low, bar.high) - TORNADO.base
        loss = TORNADO.base - min(bar.low, bar.high)
        assert better == pytest.approx(gain / 48 * 30, abs=1.5)
        assert worse == pytest.approx(loss / 48 * 30, abs=1.5)


def test_both_ends_on_one_side_are_printed_there() -> None:
    line = next(line for line in to_text(ONE_SIDED).splitlines() if line.startswith("Price"))
    assert "$91k, $96k ░" in line
    assert line.rstrip().endswith("│")


def test_changes_hang_between_the_totals() -> None:
    waterfall = Waterfall(
        "Bridge",
        "",
        (
            Step("Plan", 8.0, "$8k", "total", "neutral"),
            Step("Churn", -6.0, "-$6k", "change", "adverse"),
            Step("Price", 2.0, "+$2k", "change", "favourable"),
            Step("Actual", 4.0, "$4k", "total", "neutral"),
        ),
    )
    lines = [line.split("k  ")[1] for line in to_text(waterfall).splitlines() if "k  " in line]
    starts = [len(line) - len(line.lstrip()) for line in lines]
    ends = [len(line.rstrip()) for line in lines]
    assert starts[0] == starts[3] == 0
    assert ends[0] == ends[1] == 60
    assert starts[1] == starts[2] == pytest.approx(15, abs=1)
    assert ends[2] == ends[3] == pytest.approx(30, abs=1)


def test_a_cut_axis_is_said() -> None:
    assert "does not start at zero" in to_text(BRIDGE)
    assert "does not start at zero" not in to_text(WATERFALL)
    assert "does not start at zero" not in to_text(LOSS)


def test_lines_become_sparks_on_one_scale_with_their_last_value() -> None:
    lines = to_text(LINES).splitlines()
    lift = next(line for line in lines if line.startswith("With the lift"))
    base = next(line for line in lines if line.startswith("Base"))
    assert lift.endswith("█ $731k")
    assert set(base.split()[1]) == {"▁"}
    assert "2027-01 to 2027-12" in to_text(LINES)
    assert "axis $710k to $730k" in to_text(LINES)


def test_long_series_are_thinned_to_the_room() -> None:
    assert all(width(line) <= 70 for line in to_text(LONG_LINES, 70).splitlines())


@pytest.mark.parametrize("view", [TORNADO, MANY_BARS, WATERFALL, BRIDGE, LOSS, LINES, SPIDER])
def test_every_text_of_a_chart_is_printed(view: Bars | Waterfall | Lines) -> None:
    text = to_text(view)
    rows = view.bars if isinstance(view, Bars) else view.steps if isinstance(view, Waterfall) else view.series
    for row in rows:
        assert row.label in text
        for shown in ("text", "low_text", "high_text", "last_text"):
            assert getattr(row, shown, "") in text
    assert all(note in text for note in view.notes)


def test_a_distribution_prints_a_row_for_each_bin_and_names_its_marks() -> None:
    view = Distribution(
        "Profit",
        "First 12 months",
        (-10.0, 0.0, 10.0, 20.0, 30.0, 40.0),
        (0.1, 0.2, 0.4, 0.2, 0.1),
        marks=(Mark(16.0, "P50", "$16k"), Mark(5.0, "P10", "$5k"), Mark(35.0, "P90", "$35k")),
        levels=((0.0, "$0k"), (20.0, "$20k")),
        central=(5.0, 29.0),
        central_text="P10 to P90",
        threshold=0.0,
        threshold_text="loss: 10%",
    )
    assert to_text(view, 46) == (
        "Profit\n"
        "First 12 months\n"
        "      │░░░░░\n"
        "$0k   │██████████ loss: 10%, P10 $5k\n"
        "      │████████████████████ P50 $16k\n"
        "$20k  │██████████\n"
        "      │▒▒▒▒▒ P90 $35k\n"
        "  █ P10 to P90   ▒ outside it   ░ adverse"
    )


@pytest.mark.parametrize("view", [DISTRIBUTION, CEILING, ALL_EQUAL])
@pytest.mark.parametrize("columns", [None, 60])
def test_every_mark_of_a_distribution_is_named(view: Distribution, columns: int | None) -> None:
    text = to_text(view, columns)
    words = " ".join(text.replace("│", " ").replace("█", "").replace("░", "").split())
    for mark in view.marks:
        assert f"{mark.label} {mark.text}" in words
    assert view.threshold_text in words
    assert len(text.splitlines()) < 30


def test_flat_and_empty_charts_print() -> None:
    flat = Lines("Flat", "", ("1", "2"), (Series("Base", (5.0, 5.0), "$5"),), ())
    views: tuple[View, ...] = (flat, Bars("", "", 0.0, "", ()), Waterfall("", "", ()), Lines("", "", (), (), ()))
    assert "▅▅ $5" in to_text(flat)
    for view in views:
        assert to_text(view).isprintable() or "\n" in to_text(view)
