from __future__ import annotations

import pytest

import impacttree as it
from impacttree.answers.words import Words, is_still, joined, lowered
from impacttree.quantity import Weights, parse_change

TREE = """
name: Words
currency: GBP
period: week
horizon: 8
outcome: margin
metrics:
  margin: {label: Margin, value: £5k/week, kind: financial}
  costs: {label: Costs, value: £3k/week, better: lower}
  cash: {label: Cash, value: £90k, aggregate: last}
  users: {label: Users, value: 500 users}
  dau: {label: DAU, value: 40 users, aggregate: mean}
  late: {label: Late orders, value: 12 orders/week, better: lower}
  tickets: {label: Backlog, value: 80 tickets, better: lower}
  work: {label: Work, value: 30 hours/week, better: lower}
  wait: {label: Waiting time, value: 6 minutes/ticket, better: lower}
  churn: {label: Churn, value: 2%/week, better: lower}
  nps: {label: NPS, value: 30 points}
  ratio: {label: LTV/CAC, value: 4x}
  ltv: {label: LTV, value: £90/user}
  plain: {label: Score, value: 7}
  yen: {label: Yen, value: ¥900/week}
"""


@pytest.fixture(scope="module")
def words() -> Words:
    return it.loads(TREE)._subject.words


@pytest.mark.parametrize(
    ("name", "before", "after", "text"),
    [
        ("margin", 40e3, 41.2e3, "adds £1.2k margin"),
        ("margin", 40e3, 39e3, "costs £1k margin"),
        ("margin", -1e3, -400, "adds £600 margin"),
        ("costs", 24e3, 23e3, "saves £1k costs"),
        ("costs", 24e3, 25e3, "adds £1k costs"),
        ("cash", 90e3, 95e3, "adds £5k cash"),
        ("users", 500, 530, "adds 30 users"),
        ("late", 96, 90, "saves 6 late orders"),
        ("work", 240, 210, "saves 30 hours of work"),
        ("dau", 40, 44, "raises DAU by 4 users"),
        ("tickets", 80, 71, "lowers backlog by 9 tickets"),
        ("wait", 6, 5.5, "lowers waiting time by 0.5 minutes"),
        ("churn", 0.02, 0.018, "lowers churn by 0.2pp"),
        ("nps", 30, 31, "raises NPS by 1 point"),
        ("ratio", 4, 4.5, "raises LTV/CAC by 0.5x"),
        ("ltv", 90, 93.5, "raises LTV by £3.50"),
        ("plain", 7, 6, "lowers score by 1"),
        ("yen", 7200, 7900, "adds ¥700 yen"),
        ("margin", 40e3, 40e3, "does not change margin"),
        ("margin", 40e3, 40e3 + 1e-9, "does not change margin"),
    ],
)
def test_effects(words, name, before, after, text):
    assert words.effect(name, before, after) == text


def test_effects_of_several_things(words):
    assert words.effect("margin", 1, 2, plural=True) == "add £1 margin"
    assert words.effect("costs", 1, 2, plural=True) == "add £1 costs"
    assert words.effect("costs", 2, 1, plural=True) == "save £1 costs"
    assert words.effect("churn", 0.02, 0.03, plural=True) == "raise churn by 1pp"
    assert words.effect("margin", 1, 1, plural=True) == "do not change margin"


@pytest.mark.parametrize(
    ("name", "change", "figure", "would"),
    [
        ("margin", 1200, "+£1.2k", "would be +£1.2k"),
        ("margin", -1200, "-£1.2k", "would be -£1.2k"),
        ("costs", -1200, "saves £1.2k", "would save £1.2k"),
        ("costs", 1200, "costs £1.2k", "would cost £1.2k"),
        ("costs", 0, "£0", "would be £0"),
        ("churn", -0.002, "-0.2pp", "would be -0.2pp"),
        ("work", -3, "saves 3 hours", "would save 3 hours"),
    ],
)
def test_figures(words, name, change, figure, would):
    assert words.figure(name, change) == figure
    assert words.would(name, change) == would


@pytest.mark.parametrize(
    ("name", "before", "after", "text"),
    [
        ("margin", 40e3, 40.4e3, "£40k -> £40.4k"),
        ("users", 500, 505, "500 -> 505"),
        ("churn", 0.02, 0.018, "2.0% -> 1.8%, -0.2pp"),
        ("churn", 0.42, 0.4242, "42.0% -> 42.42%, +0.42pp"),
        ("churn", 0.42, 0.4325, "42.0% -> 43.25%, +1.25pp"),
        ("churn", 0.05, 0.25, "5.0% -> 25.0%, +20pp"),
        ("churn", 0.02, 0.02001, "2.0% -> 2.001%, +0.001pp"),
        ("churn", 0.02, 0.02, "2.0% -> 2.0%"),
        ("cash", 90e3, 90_001, "£90k -> £90.001k"),
    ],
)
def test_moves(words, name, before, after, text):
    assert words.move(name, before, after) == text


def test_a_move_may_say_when(words):
    assert words.move("margin", 5e3, 6e3, " in week 3") == "£5k -> £6k in week 3"
    assert words.move("churn", 0.02, 0.03, " in week 3") == "2.0% -> 3.0%, +1pp in week 3"


def test_a_sum_says_over_how_many_periods(words):
    assert words.during("margin", 8) == " in 8 weeks"
    assert words.during("margin", 1) == " in 1 week"
    assert words.during("churn", 8) == words.during("users", 8) == ""


@pytest.mark.parametrize(
    ("name", "change", "text"),
    [
        ("margin", "+1%", "+1%"),
        ("margin", "-£300", "-£300/week"),
        ("margin", "=£5_250.5/week", "=£5.2505k/week"),
        ("cash", "+£1k", "+£1k"),
        ("users", "+20", "+20"),
        ("users", "+20 users", "+20"),
        ("late", "-2 orders/week", "-2/week"),
        ("work", "+1 hours/week", "+1 hour/week"),
        ("churn", "+0.25pp", "+0.25pp"),
        ("churn", "=1.75%", "=1.75%"),
        ("nps", "+5 points", "+5 points"),
        ("ltv", "=£91", "=£91"),
        ("ratio", "=5x", "=5x"),
    ],
)
def test_changes(words, name, change, text):
    assert words.change(name, parse_change(change, currency="GBP")) == text


def test_when(words):
    assert words.over("margin", 8) == "in the first 8 weeks"
    assert words.over("margin", 1) == "in the first week"
    assert words.over("churn", 8) == "by week 8"
    assert words.over("dau", 8) == "on average over the first 8 weeks"
    assert words.formed("margin", 1) == "sum of 1 week"
    assert words.horizon("margin", 8) == "first 8 weeks (flow per week: summed)"


def test_basis(words):
    money = "accrual, pre-tax, undiscounted, before the cost of achieving it; lift held from week 1"
    assert words.basis("margin") == money
    assert words.basis("users", lifted=False) == "before the cost of achieving it; changes held from week 1"


@pytest.fixture(scope="module")
def yearly() -> Words:
    """The words of run rates."""
    return it.loads(TREE)._subject.on_basis("run_rate").words


@pytest.mark.parametrize(
    ("weights", "text"),
    [
        (None, "held from week 1"),
        (Weights(start=4), "from week 4"),
        (Weights(start=4, until=9), "from week 4 until week 9"),
        (Weights(start=4, ramp=3), "from week 4, in full from week 6"),
        (Weights(start=4, ramp=3, until=9), "from week 4, in full from week 6, until week 9"),
        (Weights(start=4, ramp=3, until=6, decay=0.05), "from week 4, in full from week 6, until week 6"),
        (Weights(start=4, ramp=3, until=5, decay=0.05), "from week 4 until week 5"),
        (Weights(decay=0.05), "from week 1, losing 5% a week after that"),
    ],
)
def test_when_a_change_is_in_force(words, weights, text):
    assert words.in_force(weights) == text
    assert words.held("lift", (weights,)) == f"lift {text}"


def test_run_rates_are_told_as_such(yearly: Words) -> None:
    assert [yearly.over(name, 8) for name in ("margin", "users", "churn")] == [
        "a year by week 8",
        "by week 8",
        "by week 8",
    ]
    assert yearly.during("margin", 8) == " a year by week 8"
    assert yearly.heading("margin", 8) == "Annual run rate by week 8"
    assert [yearly.formed(name, 8) for name in ("margin", "users")] == ["week 8, annualised", "week 8"]
    assert yearly.horizon("margin", 8) == "week 8, annualised (flow per week)"
    assert str(yearly.total_unit("margin")) == "GBP/year"
    assert yearly.basis("margin").startswith("accrual, pre-tax, undiscounted, the last week alone, amounts annualised")
    assert yearly.basis("users").startswith("undiscounted, the last week alone, amounts annualised, before")
    assert [yearly.reaching(24), yearly.reaching(24, "in")] == ["by week 24"] * 2
    assert "first" not in yearly.over("margin", 1) + yearly.when("margin", 1)


def test_tones(words):
    assert words.tone("margin", 1) == words.tone("costs", -1) == "favourable"
    assert words.tone("margin", -1) == words.tone("costs", 1) == "adverse"
    assert words.tone("costs", 0) == "neutral"


def test_units_over_the_horizon(words):
    assert str(words.total_unit("margin")) == "GBP"
    assert str(words.total_unit("ltv")) == "GBP/user"
    assert str(words.total_unit("churn")) == "%/week"
    assert words.count("dau", words.unit("dau")) == "users"
    assert words.count("users", words.unit("users")) == ""
    assert words.count("late", words.unit("late")) == ""


LABELS = {"Operating profit": "operating profit", "LTV/CAC": "LTV/CAC", "G&A": "G&A", "R": "R", "A b": "a b", "": ""}


@pytest.mark.parametrize(("label", "text"), LABELS.items())
def test_labels_inside_a_sentence(label, text):
    assert lowered(label) == text


def test_lists():
    assert [joined(items) for items in ((), ("a",), ("a", "b"), ("a", "b", "c"))] == ["", "a", "a and b", "a, b and c"]
    assert joined(("a", "b"), "or") == "a or b"


def test_still():
    assert is_still(0, 0)
    assert is_still(1e6, 1e6 + 1e-7)
    assert not is_still(0, 1e-300)
    assert not is_still(1, 1 + 1e-9)


def test_rounding_is_not_told_apart():
    words = Words(it.loads("outcome: a\nmetrics: {a: {value: 8.7 months}}")._graph)
    assert words.apart("a", 8.70643356385, 8.70643356385 * (1 + 5e-16)) == ("8.71 months", "8.71 months")
    assert words.apart("a", 8.70643, 8.70644) == ("8.70643 months", "8.70644 months")


def test_fiscal_quarters_and_what_ends_with_them():
    def words_of(period, fiscal):
        text = f"start_date: 2027-01-31\n{fiscal}\nperiod: {period}\nmetrics: {{a: {{value: 3}}}}"
        return it.loads(text)._subject.words

    weeks = words_of(
        "week", 'fiscal_calendar: {start: February, pattern: 4-5-4, year_end: "Saturday nearest 31 January"}'
    )
    assert [weeks.quarter(t) for t in (1, 13, 14, 53)] == ["FY28 Q1", "FY28 Q1", "FY28 Q2", "FY29 Q1"]
    assert [weeks.ended(t) for t in (12, 13, 52)] == ["", "FY28 Q1", "FY28"]
    plain = words_of("week", "")
    assert (plain.quarter(1), plain.ended(13)) == ("", "")
