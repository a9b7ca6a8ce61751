"""Acts side by side: worked out by hand, against `worth`, and the value of knowing more by brute force."""

from __future__ import annotations

import numpy as np
import pytest

import impacttree as it
from impacttree.errors import QuestionError
from tests.analyses.models import GROWS

SURE = GROWS.replace("$1/unit/month", "$10/unit/month")
"""A push of 1 unit raises what is paid by $10, $20 ...: $100 in 4 months, $360 in 8, $780 in 12."""
UNSURE = GROWS.replace("$1/unit/month", "$10/unit/month ($4/unit/month to $20/unit/month)")
PUSH = it.Act("push", "+1 unit", cost="$200", label="Push")
RAISE = it.Act("price", "+10%", cost="$30")


def test_the_best_act_at_each_horizon_worked_out_by_hand() -> None:
    answer = it.loads(SURE).decide(it.Decision([PUSH, RAISE]))
    # A price of $11 earns 10 units x $1 a month: $40, $80, $120; less $30.
    assert [[stage.net for stage in act.returns.stages] for act in answer.acts] == [
        [-100, 160, 580],
        pytest.approx([10, 50, 90]),
    ]
    assert [standing.best for standing in answer.standings] == [1, 0, 0]
    assert [act.returns.payback for act in answer.acts] == [6, 3]
    assert answer.best == "+10% Price"
    assert answer.title == (
        "The horizon decides: +10% Price within 4 months (+$10 net), Push within 8 months (+$160 net) and 12 (+$580)"
    )
    assert answer.evpi is None
    assert answer.acts[0].returns == it.loads(SURE).worth("push", "+1 unit", cost="$200").pays


def test_what_pays_nowhere_is_left() -> None:
    acts = [it.Act("push", "+1 unit", cost="$10k"), it.Act("price", "+10%", cost="$1k")]
    answer = it.loads(SURE).decide(it.Decision(acts))
    assert answer.best is None
    assert answer.title == "None of the 2 acts pays within 12 months: leave all as it is"
    one = it.loads(SURE).decide(it.Decision("push", "+1 unit", cost="$10k"))
    assert one.title == "It does not pay within 12 months: leave all as it is"
    assert one.view().accent == 1


def test_an_act_that_is_best_throughout() -> None:
    answer = it.loads(SURE).decide(it.Decision([it.Act("push", "+1 unit", cost="$50", label="Push"), RAISE]))
    assert answer.title == "Push is best at every horizon: net +$50 after 4 months and +$730 after 12 months"
    pays = it.loads(SURE).decide(it.Decision("price", "+10%", cost="$30"))
    assert pays.title == "+10% Price pays: net +$10 after 4 months and +$90 after 12 months"


def test_perfect_information_by_brute_force() -> None:
    """At each sampled price the nets are 10 and 4 times it: knowing it before choosing is worth what the mean loses."""
    answer = it.loads(UNSURE).decide(it.Decision([PUSH, RAISE]), samples=2**12, seed=3)
    prices = it.loads(UNSURE).simulate(2**12, 3, on="price").samples()
    for standing, factors in zip(answer.standings, ((10, 4), (36, 8), (78, 12)), strict=True):
        nets = np.array([factors[0] * prices - 200, factors[1] * prices - 30, 0 * prices])
        known = nets.max(axis=0).mean() - nets.mean(axis=1).max()
        assert standing.evpi == pytest.approx(known, rel=1e-6)
        best = np.bincount(nets.argmax(axis=0), minlength=3) / 2**12
        assert standing.shares == pytest.approx(best)
        assert [None if i == 2 else i for i in [int(nets.mean(axis=1).argmax())]] == [standing.best_on_average]
    assert [row[-2].value for row in answer.view().rows] == list(answer.standings[0].shares)
    below = [(prices < 20).mean(), (prices < 7.5).mean(), 0.0]
    assert [row[-1].value for row in answer.view().rows] == pytest.approx(below)
    assert answer.provenance.samples == 2**12
    assert answer.provenance.seed == 3
    assert "Knowing every number before choosing is worth up to $" in str(answer)


def test_costs_of_two_acts_are_drawn_independently_of_each_other() -> None:
    acts = [it.Act("price", change, cost="$30 ($20 to $45)") for change in ("+10%", "+10.0001%")]
    answer = it.loads(SURE).decide(it.Decision(acts), samples=2**12)
    first, second = (act.returns.stages[0].samples.values for act in answer.acts)
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.05
    # Of two independent and equal costs either is lower half of the time: exactly known, better by a positive amount.
    assert answer.standings[0].evpi > 1
    alone = it.loads(SURE).worth("price", "+10%", cost="$30 ($20 to $45)", samples=2**12)
    assert np.array_equal(first, alone.pays.stages[0].samples.values)


def test_where_every_sample_agrees_nothing_can_change_the_choice() -> None:
    answer = it.loads(UNSURE).decide(it.Decision("price", "+10%", cost="$0"))
    assert answer.evpi == 0
    assert "Nothing in this model can change the choice" in str(answer)


def test_an_act_that_is_certain_loses_in_all_samples_or_in_none() -> None:
    """Beside one that is not."""
    acts = [RAISE, it.Act("push", "+1 unit", cost="$500", label="Push"), it.Act("price", "=$12/unit/month", cost="$0")]
    text = SURE.replace("{value: 0 units}", "{value: 0 units (-1 unit to 1 unit)}")
    shown = it.loads(text).decide(it.Decision(acts), samples=2**10).view().rows
    assert [row[-1].value for row in shown[1:]] == [1.0, 0.0, 0.0]


def test_acts_are_told_with_what_the_tree_leaves_out_and_what_they_break() -> None:
    text = UNSURE.replace(
        "price: {value", "price: {not_modelled: {push: nobody asked}, guardrail: {max: $10.5/unit/month}, value"
    )
    answer = it.loads(text).decide(it.Decision([PUSH, RAISE]))
    notes = "\n".join(answer.view().notes)
    assert "+10% Price, not modelled: Push (nobody asked): the gain is gone if it goes from 0" in notes
    assert "+10% Price: Price $11, cap $10.50: BREACHED in every month" in notes


def test_rows_are_long_and_join_on_metric_and_period() -> None:
    rows = it.loads(SURE).decide(it.Decision([PUSH, RAISE])).to_dicts()
    assert [(row["act"], row["metric"], row["period"]) for row in rows] == [
        (act, "paid", period) for act in ("Push", "+10% Price") for period in (4, 8, 12)
    ]
    assert [row["best"] for row in rows] == [False, True, True, True, False, False]


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: it.Decision([]), "between acts"),
        (lambda: it.Decision(["push"]), "between acts, each with"),
        (lambda: it.Decision([PUSH], cost="$3"), "their own changes and costs"),
        (lambda: it.Decision([PUSH, PUSH]), "two acts are called 'Push'"),
        (lambda: it.Decision([RAISE] * 21), "21 acts are more than 20"),
        (lambda: it.Act("push", "+1 unit"), "no cost"),
        (lambda: it.Act({}, cost="$1"), "changes nothing"),
        (lambda: it.loads(SURE).decide(it.Decision([RAISE, RAISE])), "two acts are called '\\+10% Price'"),
        (lambda: it.loads(SURE).decide([PUSH]), "list is not a decision"),
        (lambda: it.loads(SURE).decide(it.Decision([it.Act("push", "+1 unit", cost="3 days")])), "the cost is 3 days"),
        (lambda: it.loads(UNSURE).value_of_information(it.Decision([PUSH, RAISE])), "one act at a time"),
    ],
)
def test_what_is_not_a_decision_is_refused(make, reason) -> None:
    with pytest.raises(QuestionError, match=reason):
        make()
