"""What drives the spread: swings against exact evaluations, indices against closed forms, correlated numbers as one."""

from __future__ import annotations

import json
import math

import pytest

import impacttree as it
from impacttree.errors import QuestionError
from impacttree.views import Bars, Table

Z = 1.2815515655446004
SHOP = """
currency: USD
horizon: 12
outcome: profit
metrics:
  visits: {value: 90k visits/month (80k visits/month to 101.25k visits/month)}
  conversion: {value: 2%, bounds: 0% to 100%}
  basket: {value: $40/order ($32/order to $50/order)}
  revenue: {formula: visits * conversion * basket, unit: USD/month, kind: financial}
  cost: {value: $50k/month ($45k/month to $55k/month), better: lower}
  unread: {value: 3 (1 to 9)}
  profit: {formula: revenue - cost, unit: USD/month, kind: financial}
"""


@pytest.fixture(scope="module")
def shop():
    return it.loads(SHOP).uncertainty()


def test_rows_are_what_the_outcome_rests_on_widest_swing_first(shop):
    assert [row.address for row in shop.rows] == ["basket.value", "visits.value", "cost.value"]
    assert [row.label for row in shop.rows] == ["Basket", "Visits", "Cost"]
    assert shop["basket.value"].span == "$32 to $50"
    with pytest.raises(QuestionError, match=r"not one of the uncertain numbers that move profit \(did you mean"):
        shop["basket.valeu"]


def test_swings_are_exact(shop):
    at = {row.address: (row.outcome_low, row.outcome_high, row.swing) for row in shop.rows}
    assert at["basket.value"][:2] == pytest.approx((12 * (90e3 * 0.02 * 32 - 50e3), 12 * (90e3 * 0.02 * 50 - 50e3)))
    assert at["cost.value"] == pytest.approx((12 * (72e3 - 45e3), 12 * (72e3 - 55e3), 12 * 10e3))
    what_if = it.loads(SHOP).what_if({"visits": "=80k visits/month"}, range=False)
    assert at["visits.value"][0] == pytest.approx(what_if.after)


def test_indices_are_those_of_a_product_and_a_sum(shop):
    """Revenue is a product of lognormals a and b: (1 + va)(1 + vb) - 1 = va + vb + va vb; cost is added."""
    va, vb = (math.expm1((math.log(high / low) / 2 / Z) ** 2) for low, high in ((80, 101.25), (32, 50)))
    revenue = 0.02 * 90e3 * 40 * math.sqrt((1 + va) * (1 + vb))
    cost = 50e3 * math.log(55 / 45) / 2 / Z
    whole = revenue**2 * (va + vb + va * vb) + cost**2
    for address, alone, other in (("visits.value", va, vb), ("basket.value", vb, va)):
        assert shop[address].first.value == pytest.approx(revenue**2 * alone / whole, abs=0.01)
        assert shop[address].total.value == pytest.approx(revenue**2 * alone * (1 + other) / whole, abs=0.01)
    assert shop["cost.value"].first.value == pytest.approx(cost**2 / whole, abs=0.01)
    for row in shop.rows:
        assert row.first.low <= row.first.value <= row.first.high
        assert row.total.low <= row.total.value <= row.total.high


def test_the_range_is_that_of_a_simulation(shop):
    low, middle, high = it.loads(SHOP).simulate(2**15, seed=9).quantiles("profit")
    found = (shop.range.p10, shop.range.p50, shop.range.p90)
    assert found == pytest.approx((low, middle, high), abs=0.01 * (high - low))


def test_correlated_numbers_share_the_indices_of_their_group():
    tied = it.loads(SHOP + "correlations:\n  - [visits.value, basket.value, 0.6]\n").uncertainty()
    assert tied["visits.value"].with_others == ("basket.value",)
    assert tied["visits.value"].first == tied["basket.value"].first
    assert tied["cost.value"].with_others == ()
    assert tied["visits.value"].first.value + tied["cost.value"].first.value == pytest.approx(1, abs=0.02)
    notes = " ".join(tied.view().notes)
    assert "~ correlated: Basket and Visits" in notes
    assert "Their indices are those of the group together" in notes
    assert any(cell.text.endswith(" ~") for row in tied.view().rows for cell in row)


def test_ranges_from_a_grade_alone_are_marked():
    source = """
    outcome: y
    metrics:
      x: {value: 5 (4 to 6)}
      y: {value: 10, drivers: {x: {slope: 2, evidence: judgement}}}
      z: {formula: y}
    """
    found = it.loads(source).uncertainty(on="y", samples=2**14)
    assert {row.address: row.stated for row in found.rows} == {"x.value": True, "y.x.slope": False}
    assert found["y.x.slope"].span == "0.33 to 3.00 times"
    assert "* range from the evidence grade alone." in found.view().notes
    assert any(note.startswith("An assumed effect moves nothing while") for note in found.view().notes)
    assert found["y.x.slope"].swing == 0
    assert found["y.x.slope"].total.value > 0.05
    assert found["y.x.slope"].first.value == pytest.approx(0, abs=0.05)


def test_the_tornado_is_coloured_by_better_and_worse(shop):
    view = shop.picture()
    assert isinstance(view, Bars)
    assert [(bar.low_tone, bar.high_tone) for bar in view.bars] == [
        ("adverse", "favourable"), ("adverse", "favourable"), ("favourable", "adverse")
    ]  # fmt: skip
    assert view.base == shop.central
    tornado = shop.tornado()
    assert tornado.drawn == view
    assert tornado.to_dicts()[0]["outcome_at_p10"] == view.bars[0].low
    assert "image/svg+xml" in tornado._repr_mimebundle_()
    costly = it.loads(SHOP).uncertainty(on="cost").picture()
    assert (costly.bars[0].low_tone, costly.bars[0].high_tone) == ("favourable", "adverse")


def test_the_table_and_the_data(shop):
    view = shop.view()
    assert isinstance(view, Table)
    assert view.title == "What drives the spread of profit in the first 12 months"
    data = json.loads(shop.to_json())
    assert data["rows"][0]["swing"] == shop.rows[0].swing
    assert data["rows"][0]["first_low"] == shop.rows[0].first.low
    assert (data["samples"], data["seed"]) == (2**13, 0)


def test_without_anything_uncertain_it_says_so():
    found = it.loads("metrics: {a: {value: 3}, b: {formula: 2 * a}}").uncertainty()
    assert found.rows == ()
    assert str(found).startswith("Nothing uncertain moves B")
    assert found.picture().bars == ()


def test_a_number_without_a_value_at_one_end_has_no_swing():
    source = "metrics: {a: {value: 3 (-1 to 4)}, b: {formula: sqrt(a)}}"
    found = it.loads(source).uncertainty(samples=256)
    assert found["a.value"].outcome_low is None
    assert found["a.value"].swing == 0
    assert "no value" in str(found)


def test_seeds_reproduce_and_differ(shop):
    assert it.loads(SHOP).uncertainty() == shop
    other = it.loads(SHOP).uncertainty(seed=1)
    assert other != shop
    for row in shop.rows:
        assert other[row.address].first.value == pytest.approx(row.first.value, abs=0.01)


def test_only_so_many_factors_have_indices(monkeypatch):
    from impacttree.analyses import uncertainty

    monkeypatch.setattr(uncertainty, "MOST_INDICES", 1)
    found = it.loads(SHOP).uncertainty(samples=512)
    assert [row.first is None for row in found.rows] == [False, True, True]
    assert "2 factors with the smallest swings have no indices." in found.view().notes


@pytest.mark.parametrize("samples", [0, 1, 2**17 + 1, 3.5, True])
def test_the_number_of_samples_is_checked(samples):
    with pytest.raises(QuestionError, match="indices take 2 to 131_072 samples"):
        it.loads(SHOP).uncertainty(samples=samples)


def test_what_the_figures_mean_is_said(shop):
    for notes in (shop.view().notes, shop.picture().notes):
        assert "8,192 samples for each index, seed 0." in notes
        assert "Basis: accrual, pre-tax, undiscounted." in notes
    assert any("95% interval" in note for note in shop.view().notes)


def test_what_rounding_leaves_of_zero_is_zero():
    source = "{currency: EUR, metrics: {cost: {value: 2k EUR (1k to 3k)}, paid: {formula: 3k - cost, unit: EUR}}}"
    found = it.loads(
        source.replace("paid: {", "paid: {aggregate: last, ").replace("cost: {", "cost: {aggregate: last, ")
    )
    assert found.uncertainty(on="paid", samples=64)["cost.value"].outcome_high == 0


def test_correlated_numbers_are_one_row_of_the_tornado():
    tree = it.loads("""
outcome: c
correlations:
  - [a.value, b.value, 0.5]
metrics:
  a: {value: 10 (8 to 12)}
  b: {value: 10 (9 to 11)}
  d: {value: 10 (9.5 to 10.5)}
  c: {formula: a * b * d}
""")
    found = tree.uncertainty(samples=64)
    labels = [bar.label for bar in found.picture().bars]
    assert len(labels) == 2
    assert labels[0] == "A, 8 to 12 (correlated with B)"
    assert any("Correlated numbers share a row" in note for note in found.picture().notes)
    assert len(found.rows) == 3
