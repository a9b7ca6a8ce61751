from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impacttree.errors import ChangeError
from impacttree.quantity import Weights, lift, parse_change, recipe, relative
from impacttree.quantity.calendar import Calendar
from impacttree.quantity.timing import around, split, timing_of
from impacttree.quantity.units import Unit
from tests.strategies import examples, weightings

MONTHS = Calendar(datetime.date(2027, 1, 1), "month")


def test_weights_by_hand() -> None:
    ramp = Weights(start=3, ramp=4, until=9, decay=0.5)
    assert [ramp.at(t) for t in range(1, 11)] == [0, 0, 0.25, 0.5, 0.75, 1, 0.5, 0.25, 0.125, 0]
    s = Weights(ramp=2, shape="s")
    assert [s.at(t) for t in (1, 2, 3)] == [0.5, 1.0, 1.0]
    assert Weights(ramp=4, shape="s").at(1) == 3 / 16 - 2 / 64
    assert Weights().is_steady
    assert not Weights(start=2).is_steady


@examples(50)
@given(weightings(12), st.integers(1, 40))
def test_a_share_is_never_below_nothing_nor_above_all(weights: Weights, t: int) -> None:
    assert 0.0 <= weights.at(t) <= 1.0


@examples(50)
@given(weightings(12))
def test_a_ramp_only_rises_and_a_decay_only_falls(weights: Weights) -> None:
    end = weights.full if weights.until is None else min(weights.full, weights.until)
    rising = [weights.at(t) for t in range(1, end + 1)]
    falling = [weights.at(t) for t in range(weights.full, weights.full + 20)]
    assert rising == sorted(rising)
    assert falling == sorted(falling, reverse=True)


@pytest.mark.parametrize(
    "text",
    [
        "+1% from 2027-04",
        "+1% (+0.5% to +2%) from 2027-04 over 3 months",
        "-$3 over 2 quarters shape s until FY27 Q4",
        "=45% from month 4 until month 9 decay 5%/month",
        "+10% relative from 4",
    ],
)
def test_what_is_written_is_read_and_written_again(text: str) -> None:
    change = parse_change(text)
    assert change.timing is not None
    again = str(change) if "relative" not in text else text
    assert again == text
    assert parse_change(again) == change


def test_python_and_text_say_the_same() -> None:
    said = lift("+1%", start="2027-04", ramp="3 months", shape="s", until=datetime.date(2027, 12, 31), decay="5%/month")
    assert said == parse_change("+1% from 2027-04 over 3 months shape s until 2027-12-31 decay 5%/month")
    assert lift("+1%", decay=0.05).timing == timing_of(decay="5%")
    assert lift(relative(0.01), start=4) == parse_change("+1% relative from 4")
    assert lift("+1%") == parse_change("+1%")


def test_a_tree_finds_the_periods() -> None:
    timing = timing_of(start="2027-04", ramp="3 months", until="2027 Q4", decay="5%/month")
    assert timing is not None
    assert timing.weights("month", MONTHS) == Weights(4, 3, "linear", 12, 0.05)
    numbered = timing_of(start="month 4")
    assert numbered is not None
    assert numbered.weights("month", MONTHS) == numbered.weights("month") == Weights(4)


@pytest.mark.parametrize(
    ("said", "parts"),
    [
        ({"ramp": "3 weeks months"}, ["ramp of a lift: '3 weeks months' is not a number of periods"]),
        ({"ramp": 0, "decay": "5 users"}, ["ramp of a lift: '0'", "decay of a lift: '5 users'"]),
        ({"shape": "z", "ramp": 2}, ["shape of a lift: 'z' is not known"]),
        ({"shape": "s"}, ["comes in at once has no shape"]),
        ({"start": True}, ["start of a lift: a period is a date, a label or a number"]),
        ({"decay": "120%/month"}, ["decay of a lift: '120%/month' is not a share"]),
    ],
)
def test_what_is_written_wrongly_is_listed(said: dict[str, object], parts: list[str]) -> None:
    with pytest.raises(ChangeError) as raised:
        lift("+1%", **said)  # type: ignore[arg-type]  # what is wrong
    for part in parts:
        assert part in str(raised.value)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("+1% from month 4 until month 3", ["cannot end (month 3) before it starts (month 4)"]),
        (
            "+1% from 4 over 3 weeks until 3",
            ["ramp of a lift is stated by week", "cannot end (3) before it starts (4)"],
        ),
        ("+1% until never", ["the end of a lift: 'never' does not name periods"]),
        ("+1% over 3 weeks decay 5%/year", ["ramp of a lift is stated by week", "decay of a lift is stated by year"]),
        ("+1% from week 3", ["'week 3' is a week, and the tree steps by month"]),
        ("+1% from month 0", ["before the tree's first month"]),
        ("+1% from 2026-04", ["lies before the first month of the tree"]),
        ("+1% from soon until later", ["'soon' does not name periods", "'later' does not name periods"]),
    ],
)
def test_what_does_not_fit_a_tree_is_listed(text: str, parts: list[str]) -> None:
    with pytest.raises(ChangeError) as raised:
        recipe([parse_change(text)], name="arpu", unit=Unit.parse("USD"), base=29.0, period="month", calendar=MONTHS)
    for part in parts:
        assert part in str(raised.value)


@pytest.mark.parametrize("text", ["+1% starting 2027-04", "=32 after month 3", "+1% Ramping over 3 months"])
def test_other_words_for_when_a_change_is_in_force_are_told_the_known_ones(text: str) -> None:
    with pytest.raises(ChangeError, match=r"when it is in force is written `\+1% from 2027-04 over 3 months"):
        parse_change(text)
    assert parse_change("+1% From 2027-04 OVER 3 months") == parse_change("+1% from 2027-04 over 3 months")


def test_a_date_needs_a_calendar() -> None:
    with pytest.raises(ChangeError, match=r"write e\.g\. month 4, or state the tree's `start_date`"):
        recipe([parse_change("+1% from 2027-04")], name="arpu", unit=Unit.parse("USD"), base=29.0)


def test_the_words_stand_around_the_label() -> None:
    assert around("+1%", "ARPU") == "+1% ARPU"
    assert around("+1% from 4", "ARPU") == "+1% ARPU from 4"
    assert around("+1% then +$2 from 4", "ARPU") == "+1% then +$2 from 4 ARPU"
    assert split("+1% over 3 months")[0] == "+1%"
    with pytest.raises(ChangeError, match="'over' stands twice"):
        split("+1% over 3 months over 4 months")
