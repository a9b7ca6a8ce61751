"""Net by period and payback: against questions over other horizons, and against the samples themselves."""

from __future__ import annotations

import numpy as np
import pytest

import impacttree as it
from impacttree.answers.case import Case
from impacttree.answers.net_over_time import returns
from tests.analyses.models import CLUB

RENTED = """
horizon: 3
outcome: paid
metrics:
  rooms: {value: 10 rooms}
  price: {value: $100/room/month ($60/room/month to $150/room/month)}
  paid: {formula: rooms * price, unit: USD/month}
"""


@pytest.mark.parametrize("outcome", ["result", "reserve", "mean_members", "churn"])
def test_the_gain_up_to_each_period_is_the_change_over_so_short_a_horizon(outcome):
    """Of what is summed, of a level, of a mean, and of what is better lower."""
    tree = it.loads(CLUB)
    case = Case.of(tree._subject, {"spirit": "+5pp"}, 12)
    found = returns(case, tree._graph[outcome], step=6)
    sign = -1 if tree[outcome].better == "lower" else 1
    for periods in range(1, 13):
        shorter = tree.what_if({"spirit": "+5pp"}, on=outcome, horizon=periods, range=False)
        assert found.gain[periods - 1] == pytest.approx(sign * shorter.total, rel=1e-9)
    assert found.net == found.gain
    assert [stage.periods for stage in found.stages] == [6, 12]
    assert (found.payback, found.payback_low, found.share, found.text) == (None, None, None, "")


def test_ranges_before_and_after_a_cost_that_is_uncertain_itself():
    tree = it.loads(RENTED)
    case = Case.of(tree._subject, {"rooms": "+1 room"}, 9, samples=2**12, seed=2)
    found = returns(case, tree._graph["paid"], "$400 ($200 to $900)", 3)
    prices = tree.simulate(2**12, 2, on="price").samples()
    for periods in (1, 4, 9):
        low, point, high = found.after(periods)
        assert point == pytest.approx(100 * periods)
        assert (low, high) == pytest.approx(tuple(np.quantile(periods * prices, (0.1, 0.9))), rel=1e-6)
        spread = found.high[periods - 1] - found.low[periods - 1]
        assert spread > 0
    assert found.high[0] - found.low[0] > found.after(1)[2] - found.after(1)[0]  # the cost's own spread comes on top
    costs = 3 * prices - found.stages[0].samples.values
    assert np.quantile(costs, (0.1, 0.9)) == pytest.approx((200, 900), rel=0.02)
    back = np.array([periods * prices >= costs for periods in range(1, 10)])
    assert found.share == pytest.approx(back.any(axis=0).mean())
    assert found.loss == pytest.approx((9 * prices < costs).mean())
    assert found.deepest == (1, pytest.approx(100 - 400))


def test_a_mean_that_does_not_exist_is_missing_in_the_range_of_the_net():
    text = """
    horizon: 2
    metrics:
      a: {value: 2 (1 to 3)}
      b: {value: {normal: {mean: 1, sd: 1}}}
      out: {formula: a / b, aggregate: sum}
    """
    worth = it.loads(text).worth("a", "+10%", cost="0.1", samples=2**11)
    assert worth.pays.stages[0].range.mean is None
    assert "B, which passes through zero" in worth.pays.stages[0].range.mean_missing
    answer = it.loads(text).decide(it.Decision("a", "+10%", cost="0.1"), samples=2**11)
    assert answer.evpi is None
    assert "What knowing more is worth to this choice cannot be said, no mean: " in str(answer)
