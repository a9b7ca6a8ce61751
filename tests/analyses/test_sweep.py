"""The outcome as one metric goes from one value to another: every point again as a what-if, bends by hand."""

from __future__ import annotations

import pytest

import impacttree as it
from impacttree.errors import ChangeError, QuestionError
from tests.analyses.models import SHOP, shop

CAPPED = """
horizon: 4
outcome: sales
metrics:
  staff: {value: 8 people, plausible: 6 to 12 people}
  each: {value: 10 units/person/month}
  stock: {value: 100 units/month}
  sales: {formula: "min(staff * each, stock)", unit: units/month}
"""


def test_every_point_is_the_what_if_of_that_value():
    answer = it.loads(SHOP).sweep("fixed", "$8k/month", "$12k/month", steps=5)
    assert [point.value for point in answer.points] == [8e3, 9e3, 10e3, 11e3, 12e3]
    for point in answer.points:
        assert point.outcome == pytest.approx(shop(fixed=point.value)["profit"])
        assert point.change == pytest.approx(shop(fixed=point.value)["profit"] - shop()["profit"], abs=1e-8)
    assert [point.slope for point in answer.points[:-1]] == pytest.approx([-12] * 4)
    assert answer.points[-1].slope is None
    assert answer.bends == ()
    assert (answer.today, answer.base) == (10e3, pytest.approx(shop()["profit"]))


def test_numbers_are_in_base_units_and_texts_say_theirs():
    tree = it.loads(SHOP)
    assert tree.sweep("margin", 0.2, 0.4, 3).points == tree.sweep("margin", "20%", "40%", 3).points
    assert tree.sweep("margin", 0.4, 0.2, 3).points[0].value == 0.4


def test_the_value_at_which_a_limit_binds_is_found():
    answer = it.loads(CAPPED).sweep("staff", 5, 15, steps=4)
    assert answer.bends == ((pytest.approx(10), "sales"),)
    assert "The slope changes at 10: a limit or a condition of Sales." in str(answer)
    assert [point.outcome for point in answer.points] == pytest.approx([200, 4 * 250 / 3, 400, 400])
    assert answer.points[0].slope == pytest.approx(40)


def test_an_effect_beyond_where_it_was_seen_is_marked():
    answer = it.loads(SHOP).sweep("speed", "75 points", "95 points", steps=5)
    assert [point.extrapolated for point in answer.points] == [False, False, False, True, True]
    assert "90 points *" in str(answer)


def test_what_has_no_value_there_is_said():
    text = "outcome: r\nmetrics: {a: {value: 2}, r: {formula: 1 / a}}"
    answer = it.loads(text).sweep("a", -1, 1, steps=3)
    assert [point.outcome for point in answer.points] == [-1, None, 1]
    assert [point.slope for point in answer.points] == [None, None, None]
    assert "no value" in str(answer)
    assert len(answer.picture().ticks) == 2


def test_a_sweep_is_a_line_and_a_long_frame():
    answer = it.loads(SHOP).sweep("fixed", "$8k/month", "$12k/month", steps=5, on="profit", horizon="24 months")
    picture = answer.picture()
    assert picture.ticks == ("$8k", "$9k", "$10k", "$11k", "$12k")
    assert [series.label for series in picture.series] == ["Operating profit", "As stated"]
    assert list(answer.to_dicts()[0]) == [
        "metric", "period", "scenario", "moved", "moved_to", "value", "change", "slope", "extrapolated"
    ]  # fmt: skip
    first = answer.to_dicts()[0]
    assert [first[key] for key in ("metric", "period", "scenario", "moved")] == ["profit", 24, "base", "fixed"]
    assert answer.title.startswith("Fixed cost from $8k to $12k: operating profit ")


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        (("fixed", "$8k/month", "$8k/month"), QuestionError, "is one value"),
        (("fixed", "$8k/month", "$9k/month", 1), QuestionError, "steps is 1: give a whole number from 2"),
        (("fixed", "$8k/month", "$9k/month", 10**9), QuestionError, "steps is"),
        (("fixed", "3 orders", "$9k/month"), ChangeError, "fixed"),
        (("margin", "20%", "140%"), ChangeError, "margin"),
        (("fixed", "$8k ($7k to $9k)", "$12k"), ChangeError, "one value"),
        (("fxed", 1, 2), QuestionError, "no metric 'fxed'"),
        (("fixed", "", "$9k"), ChangeError, "fixed"),
    ],
)
def test_what_cannot_be_swept(arguments, error, match):
    with pytest.raises(error, match=match):
        it.loads(SHOP).sweep(*arguments)
