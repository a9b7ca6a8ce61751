"""What a simulation says, against numpy on its samples and closed forms."""

from __future__ import annotations

import math
import os
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest

import impacttree as it
from impacttree.errors import FormulaError, QuestionError
from impacttree.views import Distribution, Lines, Table

SHOP = """
currency: USD
horizon: 12
outcome: profit
outcomes: [revenue, profit]
metrics:
  visits: {value: 90k visits/month (80k visits/month to 101.25k visits/month)}
  conversion: {value: 2% (1.6% to 2.5%), bounds: 0% to 100%}
  basket: {value: $40/order}
  revenue: {formula: visits * conversion * basket, unit: USD/month, kind: financial}
  cost: {value: $50k/month}
  profit: {formula: revenue - cost, unit: USD/month, kind: financial}
  cover: {formula: revenue / cost, unit: x, guardrail: {min: 1.2x}}
"""
Z = 1.2815515655446004


@pytest.fixture(scope="module")
def shop():
    return it.loads(SHOP).simulate(seed=3)


def test_outcomes_and_guarded_metrics_are_kept(shop):
    assert shop.names == ("profit", "revenue", "cover")
    assert shop.uncertain == ("conversion.value", "visits.value")
    assert (shop.count, shop.provenance.samples, shop.provenance.seed) == (2**14, 2**14, 3)
    assert shop.central == pytest.approx((12 * (90e3 * 0.02 * 40 - 50e3), 12 * 90e3 * 0.02 * 40, 1.44))


def test_only_what_is_asked_for_is_kept():
    found = it.loads(SHOP).simulate(64, on=["cover", "visits"])
    assert found.names == ("cover", "visits")
    assert [rail.metric for rail in found.guardrails] == ["cover"]
    assert it.loads(SHOP).simulate(64, on="visits").guardrails == ()
    with pytest.raises(
        QuestionError, match=r"the samples of 'profit' were not kept: ask simulate\(on=\[\.\.\., 'profit'\]\)"
    ):
        found.mean("profit")
    with pytest.raises(QuestionError, match=r"no metric 'covr' \(did you mean 'cover'\?\)"):
        found.samples("covr")
    with pytest.raises(QuestionError, match="there is no metric"):
        found.samples(["cover"])
    for on in ((), [], 3, [3], "nobody"):
        with pytest.raises(QuestionError):
            it.loads(SHOP).simulate(64, on=on)


def test_quantiles_are_those_of_the_samples(shop):
    values = shop.samples("revenue")
    assert shop.quantiles("revenue") == pytest.approx(np.quantile(values, [0.1, 0.5, 0.9]))
    assert shop.quantiles("revenue", (0.05, 0.95)) == pytest.approx(np.quantile(values, [0.05, 0.95]))
    assert shop.mean("revenue") == pytest.approx(values.mean())
    assert shop.range("revenue").p10 == shop.quantiles("revenue")[0]
    assert shop.quantiles() == shop.quantiles("profit")
    with pytest.raises(ValueError, match="read-only"):
        values[0] = 1.0


def test_revenue_in_closed_form(shop):
    """Visits are lognormal, conversion logit-normal, which is nearly lognormal: so nearly is the product."""
    low, middle, high = shop.quantiles("revenue")
    spread = math.hypot(math.log(101.25 / 80) / 2, math.log(2.5 / 1.6) / 2)
    assert middle == pytest.approx(12 * 90e3 * 0.02 * 40, rel=0.01)
    assert math.log(high / low) / 2 == pytest.approx(spread, rel=0.01)


# ---- conditions


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("profit < 0", lambda s: s("profit") < 0),
        ("cover < 1.2", lambda s: s("cover") < 1.2),
        ("profit > 30% * revenue", lambda s: s("profit") > 0.3 * s("revenue")),
        ("revenue - profit >= 600_000", lambda s: s("revenue") - s("profit") >= 600_000),
        ("max(profit, 0) == 0", lambda s: np.maximum(s("profit"), 0) == 0),
        ("if(cover > 1.5, profit, -1) < 0", lambda s: np.where(s("cover") > 1.5, s("profit"), -1) < 0),
    ],
)
def test_probabilities_are_shares_of_the_samples(shop, condition, holds):
    assert shop.probability(condition) == pytest.approx(holds(shop.samples).mean())


def test_a_probability_in_closed_form(shop):
    limit = 1.2 * 600e3 / (12 * 90e3 * 0.02 * 40)
    sd = math.hypot(math.log(101.25 / 80) / 2, math.log(2.5 / 1.6) / 2) / Z
    assert shop.probability("cover < 1.2") == pytest.approx(
        0.5 * math.erfc(-math.log(limit) / sd / math.sqrt(2)), abs=0.01
    )


@pytest.mark.parametrize(
    ("condition", "error", "message"),
    [
        ("profit", FormulaError, "this is not a comparison: write e.g. profit < 0"),
        ("1 < 2", FormulaError, "the condition is always the same"),
        ("0 < profit < 9", FormulaError, "comparisons cannot be chained: join them: a < b and b < c"),
        ("profit < 0, 1, 0) + if(revenue < 1", FormulaError, "comma"),
        ("profit < prev(profit)", FormulaError, "prev has no place here"),
        ("profit < cover", FormulaError, "USD"),
        ("profit > visits", QuestionError, "the samples of 'visits' were not kept"),
        ("profitt > 0", QuestionError, r"no metric 'profitt' \(did you mean 'profit'\?\)"),
        ("__import__('os') < 1", FormulaError, "holds no text"),
        (3, QuestionError, "a condition is text"),
    ],
)
def test_a_wrong_condition_is_refused_in_a_sentence(shop, condition, error, message):
    with pytest.raises(error, match=message):
        shop.probability(condition)


def test_samples_without_a_value_do_not_count():
    source = """
    outcome: y
    metrics: {x: {value: {normal: {mean: 0, sd: 1}}}, y: {formula: sqrt(x)}, z: {formula: x + 1}}
    """
    with pytest.raises(it.EvaluationError):
        it.loads(source.replace("mean: 0", "mean: -1")).simulate(64)
    found = it.loads(source).simulate(2**12)
    assert dict(found.faults)["y"] == pytest.approx(2**11, abs=40)
    assert found.probability("y < 0.8212733") == pytest.approx(0.5, abs=0.01)
    assert "samples are left out: no finite value of Y" in str(found)


# ---- bounds and guardrails


def test_leaving_bounds_is_counted():
    source = 'metrics: {x: {value: {normal: {mean: 40%, sd: 20%}}, unit: "%", bounds: 0% to 100%}, y: {formula: 2 * x}}'
    found = it.loads(source).simulate()
    expected = 0.5 * math.erfc(2 / math.sqrt(2)) + 0.5 * math.erfc(3 / math.sqrt(2))
    assert dict(found.outside)["x"] == pytest.approx(expected, abs=1e-3)
    assert "X leaves its bounds in 2% of samples" in str(found)


def test_samples_without_a_value_count_neither_as_within_bounds_nor_as_outside():
    source = """
    outcome: y
    metrics:
      x: {value: {normal: {mean: 1, sd: 1}}}
      y: {formula: sqrt(x), bounds: 0 to 1, guardrail: {max: 1}}
    """
    found = it.loads(source).simulate()
    assert dict(found.outside)["y"] == found.guardrails[0].risk == found.probability("y > 1")
    assert dict(found.outside)["y"] == pytest.approx(0.5 / 0.8413447, rel=1e-3)


def test_the_risk_of_a_guardrail_is_the_share_of_samples_that_break_it(shop):
    (rail,) = shop.guardrails
    assert (rail.metric, rail.side, rail.limit) == ("cover", "floor", 1.2)
    assert rail.risk == pytest.approx((shop.samples("cover") < 1.2).mean())


# ---- what it shows


def test_the_title_says_median_range_and_the_mean_where_it_differs(shop):
    low, middle, high = (shop.words.value("profit", value) for value in shop.quantiles("profit"))
    assert shop.title.startswith(f"Profit in the first 12 months: {middle} (P50), {low} to {high} (P10 to P90)")
    assert shop.title.endswith(f", mean {shop.words.value('profit', shop.mean('profit'))}")
    even = it.loads("metrics: {x: {value: {normal: {mean: 9, sd: 1}}}, y: {formula: 2 * x}}").simulate()
    assert "mean" not in even.title


def test_without_anything_uncertain_it_says_so():
    found = it.loads("metrics: {a: {value: 3}, b: {formula: 2 * a}}").simulate(8)
    assert found.title == "B 6 as measured over the first 12 months: nothing uncertain moves it"
    assert "Nothing that these metrics rest on is uncertain" in str(found)
    assert isinstance(found.picture(), Distribution)


def test_the_table(shop):
    view = shop.view()
    assert isinstance(view, Table)
    assert [cell.value for cell in view.rows[1][3:6]] == pytest.approx(list(shop.quantiles("revenue")))
    assert "16,384 samples of 2 uncertain numbers, seed 3." in view.notes


def test_the_histogram_counts_the_samples(shop):
    chart = shop.histogram("revenue", bins=25)
    drawn = chart.drawn
    assert isinstance(drawn, Distribution)
    values = shop.samples("revenue")
    rows = chart.to_dicts()
    assert 8 <= len(rows) <= 26
    for row in rows:
        within = (values >= row["low"]) & (values < row["high"])
        assert row["share"] == pytest.approx(within.mean(), abs=2 / len(values))
        assert row["share_below_high"] == pytest.approx((values < row["high"]).mean(), abs=2 / len(values))
    assert [mark.label for mark in drawn.marks][:3] == ["P10", "P50", "P90"]
    with pytest.raises(QuestionError, match="1 to 200 bins"):
        shop.histogram(bins=0)


def test_the_cumulative_distribution(shop):
    rows = shop.cdf("revenue").to_dicts()
    values = shop.samples("revenue")
    for row in rows[::10]:
        assert (values < row["value"]).mean() == pytest.approx(row["share_below"], abs=1e-3)


def test_the_fan_is_of_each_period():
    source = """
    horizon: 6
    metrics:
      flow: {value: 10 (8 to 13)}
      level: {formula: prev(level) + flow, start: 100}
    """
    found = it.loads(source).simulate(2**12)
    rows = found.fan("level").to_dicts()
    assert [row["period"] for row in rows] == list(range(7))
    assert list(rows[0])[:3] == ["metric", "period", "scenario"]
    assert {(row["metric"], row["scenario"]) for row in rows} == {("level", "base")}
    assert rows[0]["p10"] == rows[0]["p90"] == 100
    for t, row in enumerate(rows):
        assert (row["p10"], row["p90"]) == pytest.approx((100 + 8 * t, 100 + 13 * t), rel=5e-3)
    drawn = found.fan("level").drawn
    assert isinstance(drawn, Lines)
    assert [band.label for band in drawn.bands] == ["P10 to P90", "P25 to P75"]


def test_workers_change_nothing(shop):
    with ThreadPoolExecutor(8) as pool:
        found = it.loads(SHOP).simulate(seed=3, executor=pool)
    assert found == shop
    assert found.to_json() == shop.to_json()


@pytest.mark.parametrize("seed", [0.5, "1", None, True])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises(QuestionError, match="a seed is a whole number"):
        it.loads(SHOP).simulate(64, seed=seed)


def test_an_executor_that_takes_no_more_work_is_our_error():
    closed = ThreadPoolExecutor(1)
    closed.shutdown()
    with pytest.raises(QuestionError, match="does not do the work: cannot schedule new futures after shutdown"):
        it.loads(SHOP).simulate(64, executor=closed)


def test_a_worker_that_dies_is_our_error():
    with (
        ProcessPoolExecutor(1, initializer=os._exit, initargs=(1,)) as pool,
        pytest.raises(QuestionError, match="the executor does not do the work"),
    ):
        it.loads(SHOP).simulate(64, executor=pool)


@pytest.mark.parametrize("executor", [True, 4, "threads", object()])
def test_an_executor_takes_work(executor):
    with pytest.raises(QuestionError, match=r"an executor is one of concurrent\.futures"):
        it.loads(SHOP).simulate(64, executor=executor)


def test_a_limit_of_a_flow_is_one_of_each_period():
    source = "{currency: USD, metrics: {cost: {value: $9k/month (8k to 12k), guardrail: {max: $10k/month}}}}"
    assert "cap $10k a month broken in" in str(it.loads(source).simulate(256, on="cost"))


def test_a_small_spread_on_a_large_level_shows_in_every_figure():
    tree = it.loads("metrics: {l: {value: '50_000_650 (50_000_600 to 50_000_700)'}, m: {formula: l * 1}}")
    told = tree.simulate(seed=1)
    row = told.view().rows[0]
    low, middle, high, mean = (cell.text for cell in row[3:])
    assert low != high
    assert middle in (low, high)
    assert mean in (low, high)
    assert middle in told.title
    assert f"{low} to {high}" in told.title
    assert len({mark.text for mark in told.histogram().drawn.marks if mark.label in ("P10", "P90")}) == 2
    for chart in (told.histogram(), told.fan()):
        levels = [text for _, text in chart.drawn.levels]
        assert len(set(levels)) == len(levels)
    spread = tree.uncertainty(seed=1)
    assert f"{low} to {high} (P10 to P90)" in str(spread)
    ends = spread.view().rows[0][2:4]
    assert (ends[0].text, ends[1].text) == (low, high)
