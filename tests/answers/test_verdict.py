"""Whether and when a lift pays: worked out by hand, and against the worth at each number of months."""

from __future__ import annotations

import numpy as np
import pytest

import impacttree as it
from impacttree.answers.net_over_time import Returns, Stage
from impacttree.answers.verdict import verdict
from impacttree.errors import QuestionError
from tests.analyses.models import CLUB, COST, GROWS


def test_net_and_payback_worked_out_by_hand():
    worth = it.loads(GROWS).worth("push", "+1 unit", cost="$30")
    assert (worth.total, worth.cost, worth.net, worth.payback) == (10, 30, -20, 8)
    assert [(s.periods, s.worth, s.net, s.pays) for s in worth.pays.stages] == [
        (4, 10, -20, False),
        (8, 36, 6, True),
        (12, 78, 48, True),
    ]
    assert worth.title.endswith(
        "for $30 does not pay back within 4 months (-$20) but does within 12 (+$48), in month 8"
    )
    assert "net is after a cost of $30, paid once in month 1" in worth.basis


def test_without_a_cost_nothing_is_said_of_it():
    worth = it.loads(GROWS).worth("push", "+1 unit")
    assert (worth.cost, worth.net, worth.payback, worth.pays) == (None, None, None, None)
    assert "net is" not in str(worth)
    assert "payback" not in worth.to_json()


def test_what_never_pays_says_so():
    worth = it.loads(GROWS).worth("push", "+1 unit", cost="$1k")
    assert worth.payback is None
    assert worth.title.endswith("for $1k does not pay back within 12 months (-$990 after 4, -$922 after 12)")


def test_a_verdict_that_differs_in_the_middle_is_told():
    text = GROWS.replace("prev(level) + push", '"prev(level) + push * if(clock < 6, 1, -2)"')
    text = text.replace("  price:", "  clock: {start: 0, formula: prev(clock) + 1}\n  price:")
    worth = it.loads(text).worth("push", "+1 unit", cost="$15")
    assert [stage.pays for stage in worth.pays.stages] == [False, True, False]
    assert worth.title.endswith(
        "for $15 does not pay back within 4 months (-$5) but does within 8 (+$3), in month 5, "
        "and has lost it again by month 12 (-$21)"
    )


def test_the_horizon_that_is_asked_for_is_the_first_of_three():
    worth = it.loads(GROWS).worth("push", "+1 unit", cost="$30", horizon="8 months")
    assert [stage.periods for stage in worth.pays.stages] == [8, 16, 24]
    assert worth.net == 6
    assert worth.payback == 8


def test_a_level_pays_once_it_is_high_enough_and_what_is_better_lower_by_what_it_saves():
    reserve = it.loads(CLUB).worth("fee", "+€1", on="reserve", cost="€30k", range=False)
    each = [it.loads(CLUB).worth("fee", "+€1", on="reserve", horizon=t, range=False).total for t in range(1, 19)]
    assert reserve.payback == next(t for t, total in enumerate(each, 1) if total >= 30e3)
    assert reserve.net == pytest.approx(each[5] - 30e3)
    cost = it.loads(COST).worth("minutes", "-10%", cost="€20k")
    saved = 12_000 * 0.8 * 1.5 / 60 * 32
    assert cost.net == pytest.approx(4 * saved - 20e3)
    assert cost.payback == 3
    assert "pays back in quarter 3 (+€10.7k after 4, " in cost.title


def test_a_cost_in_another_unit_is_refused():
    with pytest.raises(QuestionError, match="the cost is 3 units"):
        it.loads(GROWS).worth("push", "+1 unit", cost="3 units")


def test_ranges_of_net_and_payback_are_those_of_the_samples():
    text = GROWS.replace("$1/unit/month", "$1/unit/month ($0.5/unit/month to $2/unit/month)")
    worth = it.loads(text).worth("push", "+1 unit", cost="$30", samples=2**12, seed=5)
    prices = it.loads(text).simulate(2**12, 5, on="price").samples()
    gains = np.cumsum(np.arange(1, 13))[:, None] * prices
    net = gains[3] - 30
    stage = worth.pays.stages[0]
    assert stage.range.p10 == pytest.approx(np.quantile(net, 0.1), rel=1e-6)
    assert stage.range.p90 == pytest.approx(np.quantile(net, 0.9), rel=1e-6)
    assert stage.range.above_zero == float((net > 0).mean())
    reached = np.where((gains >= 30).any(axis=0), (gains >= 30).argmax(axis=0) + 1.0, np.inf)
    p10, p90 = np.quantile(reached, [0.1, 0.9], method="inverted_cdf")
    assert (worth.pays.payback_low, worth.pays.payback_high) == (p10, p90)
    assert worth.pays.share == float(np.isfinite(reached).mean())
    assert worth.provenance.samples == 2**12
    assert worth.provenance.seed == 5
    costly = it.loads(GROWS).worth("push", "+1 unit", cost="$30 ($20 to $50)")
    assert costly.pays.stages[2].range.p90 == pytest.approx(78 - 20, rel=1e-3)
    assert costly.range is None


def test_the_template_pays_back_after_21_months():
    worth = it.template("saas").worth("engagement", "+5%", cost="$250k")
    assert [stage.pays for stage in worth.pays.stages] == [False, True, True]
    assert worth.payback == 21
    assert worth.title.endswith(
        "for $250k does not pay back within 12 months (-$164k) but does within 36 (+$499k), in Jul 2028"
    )
    assert worth.picture().title.endswith("in Jul 2028")


def test_a_scenario_is_held_on_both_sides():
    tree = it.template("saas")
    (downturn,) = (dict(s.changes) for s in tree.spec.scenarios if s.name == "downturn")
    within = tree.worth("engagement", "+5%", scenario="downturn", range=False)
    both = tree.what_if({**downturn, "engagement": "+5%"}, range=False)
    alone = tree.what_if(downturn, range=False)
    assert within.total == pytest.approx(both.total - alone.total, rel=1e-9)
    assert within.title.startswith("Downturn: +5% Weekly engagement")
    assert within.summary()["scenario"] == "Downturn"
    assert tree.what_if({"engagement": "+5%"}, scenario="downturn", range=False).total == pytest.approx(within.total)


def told(nets, payback):
    """The verdict of these nets at one, two and three horizons of 12 months."""
    words = it.loads(GROWS)._subject.words
    stages = tuple(Stage(12 * number, net + 30.0, net) for number, net in enumerate(nets, 1))
    found = Returns(30.0, "$30", (30.0,) * 36, (0.0,) * 36, stages, payback, payback, payback)
    return verdict(words, "paid", found)


@pytest.mark.parametrize(
    ("nets", "payback", "text"),
    [
        ((-1, -2, -3), None, "does not pay back within 36 months (-$1 after 12, -$3 after 36)"),
        ((1, 2, 3), 5, "pays back in month 5 (+$1 after 12, +$3 after 36)"),
        ((1, -2, -3), 5, "pays back in month 5 (+$1) but has lost it again by month 36 (-$3)"),
        ((-1, -2, 3), 30, "does not pay back within 12 months (-$1) but does within 36 (+$3), in month 30"),
        ((1, -2, 3), 5, "pays back in month 5 (+$1) but has lost it again by month 24 (-$2), and is ahead again by "
         "month 36 (+$3)"),
        ((-1, 2, -3), 5, "pays back in month 5 but has lost it again by month 12 (-$1), is ahead again by month 24 "
         "(+$2), and has lost it again by month 36 (-$3)"),
        ((-1,), None, "does not pay back within 12 months (-$1)"),
        ((1, 2, 3), None, "pays (+$1 after 12, +$3 after 36)"),
    ],
)  # fmt: skip
def test_every_course_is_told_in_words(nets, payback, text):
    assert told(nets, payback) == text
