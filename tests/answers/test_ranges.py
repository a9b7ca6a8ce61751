"""Ranges of answers against closed forms; what is uncertain but moves nothing has no spread."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import impacttree as it
from impacttree.answers import ranges
from impacttree.answers.samples import Range
from impacttree.errors import ImpactTreeError
from impacttree.templates import text
from impacttree.views import Headline
from tests.strategies import Sketch, examples, trees

Z = 1.2815515655446004

SHOP = """
currency: USD
horizon: 12
outcome: profit
outcomes: [revenue, profit]
metrics:
  visits: {value: 90k visits/month (80k visits/month to 110k visits/month)}
  conversion: {value: 2%, bounds: 0% to 100%}
  basket: {value: $40/order ($36/order to $44/order)}
  revenue: {formula: visits * conversion * basket, unit: USD/month, kind: financial}
  cost: {value: $50k/month ($45k/month to $56k/month)}
  profit: {formula: revenue - cost, unit: USD/month, kind: financial, guardrail: {min: $10k/month}}
"""


def facts(answer):
    view = answer.view()
    assert isinstance(view, Headline)
    return {fact.label: fact.rows for fact in view.facts}


def test_the_range_of_a_lift_in_closed_form():
    """The lift adds a hundredth of revenue, a product of two lognormals with P50 90k and 40: one lognormal."""
    worth = it.loads(
        SHOP.replace("(80k visits/month to 110k visits/month)", "(80k visits/month to 101.25k visits/month)")
    ).worth("conversion", "+1%")
    spread = math.hypot(math.log(101.25 / 80) / 2, math.log(44 / 36) / 2)
    middle = 12 * 90e3 * 0.02 * math.sqrt(36 * 44) * 0.01
    assert worth.range.p10 == pytest.approx(middle * math.exp(-spread), rel=0.01)
    assert worth.range.p50 == pytest.approx(middle, rel=0.01)
    assert worth.range.p90 == pytest.approx(middle * math.exp(spread), rel=0.01)
    assert worth.range.mean == pytest.approx(middle * math.exp((spread / Z) ** 2 / 2), rel=0.01)
    assert worth.run_rate_range.p90 == pytest.approx(worth.range.p90, rel=1e-9)
    assert worth.provenance.samples == 2**13
    assert worth.provenance.seed == 0


def test_what_moves_both_sides_alike_does_not_widen_the_range():
    worth = it.loads(SHOP).worth("cost", "-$1k")
    assert worth.range.is_point
    assert worth.range.p50 == pytest.approx(12e3, rel=1e-9)
    assert facts(worth)["range"] == (("none: no uncertain number moves it",),)
    text = SHOP.replace("revenue - cost", "revenue + cost - cost - cost")
    assert it.loads(text).worth("cost", "-$1k").range.is_point


def test_without_anything_uncertain_there_is_no_range():
    tree = it.loads("metrics: {a: {value: 3}, b: {formula: 2 * a, guardrail: {min: 1}}}")
    worth = tree.worth("a", "+1%")
    assert (worth.range, worth.run_rate_range, worth.provenance.samples) == (None, None, None)
    assert "range" not in facts(worth)
    assert worth.guardrails[0].risk is None


def test_a_range_is_of_what_is_upstream_alone():
    tree = it.loads(SHOP.replace("cost: {value", "unread: {value: 3 (1 to 9)}\n  cost: {value"))
    assert tree.worth("conversion", "+1%", on="revenue").range is not None
    certain = SHOP.replace(" (80k visits/month to 110k visits/month)", "").replace(" ($36/order to $44/order)", "")
    worth = it.loads(certain).worth("conversion", "+1%", on="revenue")
    assert worth.range is None
    assert worth.outcomes[1].range.is_point
    assert worth.guardrails[0].risk is not None


def test_range_can_be_left_out():
    quick = it.loads(SHOP).worth("conversion", "+1%", range=False)
    full = it.loads(SHOP).worth("conversion", "+1%")
    assert (quick.range, quick.provenance.samples) == (None, None)
    assert (quick.total, quick.paths) == (full.total, full.paths)


def test_the_line_of_the_range():
    worth = it.loads(SHOP).worth("conversion", "+1%")
    ((ends, *beside),) = facts(worth)["range"]
    assert ends == f"{worth.words.span('profit', worth.range.p10, worth.range.p90)} (P10 to P90)"
    assert re.fullmatch(r"\+\$7\.\d+k to \+\$10\.\dk \(P10 to P90\)", ends)
    assert beside == [f"mean of samples {worth.words.figure('profit', worth.range.mean)}"]


def test_median_and_mean_are_printed_where_they_visibly_differ():
    words = it.loads(SHOP)._subject.words
    cells = ranges.range_cells(words, "profit", 100e3, Range(20e3, 90e3, 400e3, 150e3))
    assert cells == ("+$20k to +$400k (P10 to P90)", "median of samples +$90k", "mean of samples +$150k")
    assert ranges.range_cells(words, "profit", 100e3, Range(20e3, 99e3, 180e3, 101e3)) == (
        "+$20k to +$180k (P10 to P90)",
    )


@pytest.mark.parametrize(
    ("low", "high", "written"),
    [(-26e3, -9e3, "saves $9k to $26k"), (9e3, 26e3, "costs $9k to $26k"), (-2e3, 5e3, "saves $2k to costs $5k")],
)
def test_ranges_of_what_is_better_lower(low, high, written):
    tree = it.loads("metrics: {cost: {value: $9k/month, kind: financial, better: lower}}")
    assert tree._subject.words.span("cost", low, high) == written


# ---- guardrails


def test_the_risk_of_a_breach_in_closed_form():
    """Profit below 10k a month: revenue fixed, cost lognormal with P10 45k, P50 50k, P90 56k."""
    certain = SHOP.replace(" (80k visits/month to 110k visits/month)", "").replace(" ($36/order to $44/order)", "")
    limit = certain.replace("min: $10k/month", "min: $16k/month").replace(
        "$50k/month ($45k/month to $56k/month)", "$45k/month to $56k/month"
    )
    (check,) = it.loads(limit).check_guardrails().checks
    middle, sd = math.sqrt(45 * 56), math.log(56 / 45) / 2 / Z
    beyond = math.log((72 - 16) / middle) / sd
    assert check.risk == pytest.approx(0.5 * math.erfc(beyond / math.sqrt(2)), abs=2e-3)
    assert check.text.endswith(f"; broken in {check.risk:.0%} of samples")


def test_a_breach_in_any_period_counts():
    source = """
    horizon: 12
    metrics:
      flow: {value: 10 (5 to 20)}
      level: {formula: prev(level) - flow, start: 100, guardrail: {min: -20}}
    """
    (check,) = it.loads(source).check_guardrails().checks
    assert check.risk == pytest.approx(0.5, abs=2e-3)


def test_a_certain_verdict_says_so():
    rail = it.loads(SHOP.replace("$10k/month", "-$900k/month")).worth("conversion", "+1%").guardrails[0]
    assert rail.risk == 0
    assert rail.text.endswith("holds, in all samples")
    broken = it.loads(SHOP.replace("$10k/month", "$900k/month")).worth("conversion", "+1%").guardrails[0]
    assert broken.risk == 1
    assert broken.text.endswith(", in all samples")


# ---- lifts that are not certain, correlations


CERTAIN = SHOP.replace(" (80k visits/month to 110k visits/month)", "").replace(" ($36/order to $44/order)", "")


@pytest.mark.parametrize(
    ("change", "p10", "p90"),
    [
        ("+1% (+0.5% to +2%)", 0.005, 0.02),
        ("-2% (-4% to -1%)", -0.04, -0.01),
        ("+0.02pp (0.01pp to 0.05pp)", 0.0001 / 0.02, 0.0005 / 0.02),
        ("=2.1% (2.05% to 2.2%)", 0.025, 0.1),
    ],
)
def test_a_lift_may_be_uncertain_itself(change, p10, p90):
    worth = it.loads(CERTAIN).worth("conversion", change, on="revenue")
    whole = 12 * 90e3 * 0.02 * 40
    assert worth.range.p10 == pytest.approx(whole * p10, rel=5e-3)
    assert worth.range.p90 == pytest.approx(whole * p90, rel=5e-3)
    assert worth.range.p50 == pytest.approx(worth.total, rel=5e-3)
    assert worth.change == change.replace("(0.01pp to 0.05pp)", "(+0.01pp to +0.05pp)")


def test_bounds_shape_the_level_that_a_metric_is_set_to():
    """On the logit scale of the bounds the range never leaves them; on a logarithmic one it would."""
    worth = it.loads(CERTAIN).worth("conversion", "=95% (90% to 99.5%)", on="revenue")
    each = 12 * 90e3 * 40
    found = [worth.range.p10, worth.range.p50, worth.range.p90]
    assert found == pytest.approx([each * (level - 0.02) for level in (0.9, 0.95, 0.995)], rel=5e-3)
    assert not any("bounds" in warning for warning in worth.warnings)


def test_a_value_that_is_set_stays_within_the_bounds_of_its_metric():
    """Logit-normal, as a stated value would be; what adds to the metric may reach beyond."""
    source = "outcome: y\nmetrics: {x: {value: 90%, bounds: 0% to 100%, guardrail: {max: 100%}}, y: {formula: 2 * x}}"
    tree = it.loads(source)
    assert tree.worth("x", "=95% (90% to 99%)").guardrails[0].risk == 0
    assert tree.worth("x", "+5pp (0pp to 9pp)").guardrails[0].risk > 0.05
    with pytest.raises(it.ChangeError, match=r"cannot be =95% .*: the range lies outside the bounds"):
        tree.worth("x", "=95% (90% to 105%)")


def test_several_uncertain_changes_draw_apart():
    tree = it.loads(CERTAIN)
    answer = tree.what_if({"conversion": ["+10% (5% to 20%)", "+0.2pp (0.1pp to 0.4pp)"]}, on="revenue")
    wide = [math.log(20 / 5) / 2, math.log(0.4 / 0.1) / 2]
    assert answer.range.p10 < answer.total < answer.range.p90
    mean = 0.02 * 0.1 * math.exp((wide[0] / Z) ** 2 / 2) + 0.002 * math.exp((wide[1] / Z) ** 2 / 2)
    assert answer.range.mean == pytest.approx(12 * 90e3 * 40 * mean, rel=0.02)
    assert it.loads(CERTAIN).check_guardrails({"conversion": "-2% (-9% to -1%)"}).checks[0].risk is not None


def test_an_uncertain_lift_of_what_does_not_lead_there_has_no_range():
    worth = it.loads(CERTAIN).worth("cost", "+$1k ($500 to $2k)", on="revenue")
    assert worth.range is None


@pytest.mark.parametrize(("correlation", "widen"), [(0.9, True), (-0.9, False)])
def test_correlated_numbers_vary_together(correlation, widen):
    """A product of two lognormals: variances of the logarithms add, with twice their covariance."""
    source = SHOP.replace("110k", "101.25k") + f"correlations:\n  - [visits.value, basket.value, {correlation}]\n"
    worth = it.loads(source).worth("conversion", "+1%", on="revenue")
    a, b = math.log(101.25 / 80) / 2, math.log(44 / 36) / 2
    spread = math.sqrt(a * a + b * b + 2 * correlation * a * b)
    assert math.log(worth.range.p90 / worth.range.p10) / 2 == pytest.approx(spread, rel=0.02)
    alone = it.loads(SHOP.replace("110k", "101.25k")).worth("conversion", "+1%", on="revenue")
    assert (worth.range.p90 > alone.range.p90) is widen


def test_what_is_known_tells_trees_apart():
    prints = {
        it.loads(source)._subject.fingerprint
        for source in (
            SHOP,
            SHOP.replace("110k", "111k"),
            SHOP + "correlations:\n  - [visits.value, basket.value, 0.5]\n",
            SHOP + "correlations:\n  - [visits.value, basket.value, 0.6]\n",
        )
    }
    assert len(prints) == 4


# ---- what samples leave out


def test_samples_without_a_value_are_said():
    source = """
    outcome: y
    metrics:
      x: {value: {normal: {mean: 2, sd: 1}}}
      z: {value: 3 (2 to 4)}
      root: {formula: sqrt(x)}
      y: {formula: z * root}
    """
    worth = it.loads(source).worth("z", "+1%")
    (warning,) = (text for text in worth.warnings if "left out" in text)
    share = 0.5 * math.erfc(2 / math.sqrt(2))
    number = int(warning.split()[0].replace(",", ""))
    assert number / 2**13 == pytest.approx(share, rel=0.05)
    assert warning.endswith(f"of 8,192 samples are left out: no finite value of Root ({number})")


ROOT = """
outcome: w
outcomes: [w, y]
metrics:
  a: {value: {normal: {mean: 1, sd: 1}}}
  k: {value: 0}
  y: {formula: sqrt(a + k)}
  w: {formula: a * (1 + k)}
"""


@pytest.mark.parametrize("guardrail", ["", ", guardrail: {min: 0.1}"])
def test_samples_that_only_another_outcome_or_a_guardrail_leaves_out_are_said(guardrail):
    source = ROOT.replace("sqrt(a + k)", f"sqrt(a + k){guardrail}")
    source = source if not guardrail else source.replace("outcomes: [w, y]\n", "")
    lost = 1_300 if not guardrail else 186
    for answer in (it.loads(source).worth("k", "+1"), it.loads(source).what_if({"k": "+1"})):
        (warning,) = (text for text in answer.warnings if "left out" in text)
        assert int(warning.split()[0].replace(",", "")) == pytest.approx(lost, rel=0.03)
    if guardrail:
        report = it.loads(source).check_guardrails({"k": "+1"})
        assert re.fullmatch(r"(18\d) of 8,192 samples are left out: no finite value of Y \(\1\)", report.notes[0])
        assert report.notes[0] in str(report)


def test_a_fault_that_the_lift_mends_is_named():
    """Without the lift the stock is drawn below zero from period 2; today there is a value."""
    source = """
    horizon: 4
    outcome: y
    metrics:
      flow: {value: {normal: {mean: 0, sd: 1}}}
      k: {value: 0}
      stock: {start: 1, formula: prev(stock) + flow + k}
      y: {formula: sqrt(stock)}
    """
    (warning,) = (text for text in it.loads(source).worth("k", "+100").warnings if "left out" in text)
    assert re.fullmatch(r"3,28\d of 8,192 samples are left out: no finite value of Y \(3,28\d\)", warning)


def test_leaving_bounds_in_many_samples_is_a_warning():
    source = """
    metrics:
      x: {value: {normal: {mean: 40%, sd: 20%}}, unit: "%", bounds: 0% to 100%}
      y: {formula: x * 2}
    """
    worth = it.loads(source).worth("x", "+1%")
    assert "X leaves its bounds in 2% of samples" in worth.warnings


def test_large_trees_take_fewer_samples(monkeypatch):
    monkeypatch.setattr(ranges, "CELLS", 6 * 1_500)
    worth = it.loads(SHOP).worth("conversion", "+1%")
    assert worth.provenance.samples == 1_024
    monkeypatch.setattr(ranges, "CELLS", 6 * 2_048 + 100)
    assert it.loads(SHOP).worth("conversion", "+1%").provenance.samples == 2_048


# ---- properties


def uncertain(sketch: Sketch) -> Sketch:
    """Give the plain values of a sketch ranges that hold them."""
    from dataclasses import replace

    metrics = {}
    for name, keys in sketch.metrics.items():
        value = keys.get("value")
        span = sketch.spans[name]
        if "formula" in keys or value is None or "drivers" in keys or span.low >= span.high:
            metrics[name] = keys
            continue
        number = float(value)
        width = 0.05 * abs(number) or 0.1
        metrics[name] = {**keys, "value": f"{number!r} ({number - width!r} to {number + 2 * width!r})"}
    return replace(sketch, metrics=metrics)


@pytest.mark.slow
@examples(30)
@given(trees(), st.data())
def test_ranges_are_of_the_answer_they_stand_beside(sketch, data):
    tree = uncertain(sketch).tree()
    metric = data.draw(st.sampled_from(sorted(sketch.metrics)))
    try:
        worth = tree.worth(metric, "+1%")
    except ImpactTreeError:
        assume(False)
    if worth.range is None:
        return
    assert worth.range.p10 <= worth.range.p50 <= worth.range.p90
    quick = tree.worth(metric, "+1%", range=False)
    assert quick.total == worth.total
    again = it.loads(tree.to_yaml()).worth(metric, "+1%")
    assert again.range == worth.range


def test_the_template_answers_with_the_range_of_the_design():
    """The design's example, set before there were samples: $9k to $26k around $17k."""
    worth = it.loads(text("saas")).worth("engagement", "+1%")
    assert 8e3 < worth.range.p10 < 10e3
    assert 24e3 < worth.range.p90 < 28e3
    assert worth.range.p10 < worth.total < worth.range.p90


def test_sentences_of_ranges_are_sentences_where_lower_is_better():
    source = """
    horizon: 4
    outcome: tickets
    metrics:
      bugs: {value: 12 bugs/month (8 to 20), better: lower}
      tickets: {label: Tickets, formula: 3 * bugs, unit: tickets/month, better: lower}
    scenarios: {fix: {bugs: -10%}}
    """
    tree = it.loads(source)
    notes = tree.what_if({"bugs": "-10%"}).view().notes
    assert any(
        re.fullmatch(r"Change of tickets: (median of samples saves .*, )?mean of samples saves \d.*", n) for n in notes
    )
    notes = tree.compare().view().notes
    assert any(re.match(r"Fix, change of tickets: saves .* to .* \(P10 to P90\)", note) for note in notes)


def test_what_follows_from_a_grade_alone_is_said():
    source = """
    outcome: y
    metrics:
      a: {value: 4}
      b: {value: 5}
      y:
        value: 10
        drivers:
          a: {slope: 2, evidence: correlation}
          b: {slope: 2, range: 1 to 3, evidence: {grade: judgement, date: 2026-06-15}}
    """
    tree = it.loads(source)
    assert tree.worth("a", "+1").rests_on[0].effects == (
        "y <- a: correlation, counted at 50%, range from the grade",
    )  # fmt: skip
    assert tree.worth("b", "+1").rests_on[0].effects == ("y <- b: judgement, 2026-06",)
    assert tree.worth("a", "+1").total == pytest.approx(1)
    assert tree.worth("a", "+1").range.p90 == pytest.approx(2, rel=0.01)
