"""The sampler: what it finds uncertain, what its draws are, and what leaves them as they are."""

from __future__ import annotations

import pickle
import subprocess
import sys
from math import log, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impacttree.engine.model import Model
from impacttree.engine.sampling import CHUNK, Sampler
from impacttree.engine.simulation import Job, Wanted, simulate_many
from impacttree.engine.vector import evaluate_many
from impacttree.errors import QuestionError
from impacttree.graph import UncertainNumber, build
from impacttree.quantity import parse_quantity
from impacttree.quantity.spread_checks import Z_P90
from impacttree.spec import Driver, MetricSpec, TreeSpec, load_text

SHOP = """
outcome: paid
metrics:
  visits: {value: 1000/month (800 to 1250)}
  rate: {value: 3% (2% to 5%), bounds: 0% to 100%}
  price: {value: $30 ($25 to $36)}
  tax: {value: 20%}
  stock: {start: 100 (90 to 110), formula: 'prev(stock) * 1.01'}
  score:
    value: 40 points (35 to 44)
    bounds: -100 to 100 points
    drivers:
      rate: {slope: 2 points per pp, evidence: experiment}
      price: {slope: -0.5 points per $, range: -1 points to -0.2 points per $}
  basket:
    value: 2
    drivers: {score: {saturating: {ceiling: 4, half: 30 points (20 to 45)}}}
  paid: {formula: visits * rate * basket * price * (1 - tax) * stock, kind: financial, unit: USD/month}
"""

ADDRESSES = [
    "basket.score.half",
    "price.value",
    "rate.value",
    "score.price.slope",
    "score.rate.slope",
    "score.value",
    "stock.start",
    "visits.value",
]


def sampler(text: str = SHOP, **keys: object) -> Sampler:
    return Sampler(Model(build(load_text(text))), **keys)  # type: ignore[arg-type]


CORRELATED = SHOP + "correlations: [[price.value, visits.value, -0.6], [visits.value, rate.value, 0.3]]"


def test_everything_with_a_range_is_found_in_the_order_of_addresses() -> None:
    found = sampler()
    assert [uncertain.address for uncertain in found.inputs] == ADDRESSES
    assert [uncertain.address for uncertain in found.inputs if not uncertain.stated] == ["score.rate.slope"]
    assert [uncertain.metric for uncertain in found.inputs] == [address.split(".")[0] for address in ADDRESSES]


def test_inputs_are_parameters_of_the_model_with_its_central_values() -> None:
    model = Model(build(load_text(SHOP)))
    central = dict(zip(model.addresses, model.parameters, strict=True))
    for uncertain in Sampler(model).inputs:
        assert uncertain.distribution.central == central[uncertain.address]


@pytest.mark.parametrize("seed", [0, 1, 2**80])
def test_draws_have_the_stated_quantiles(seed: int) -> None:
    draws = sampler(seed=seed).draw(0, CHUNK)
    expected = {
        "visits.value": (800, 1000, 1250),
        "rate.value": (0.02, 0.03, 0.05),
        "price.value": (25, 30, 36),
        "stock.start": (90, 100, 110),
        "score.value": (35, 40, 44),
        "score.price.slope": (-1, -0.5, -0.2),
        "score.rate.slope": (200 / 1.3, 200, 260),
        "basket.score.half": (20, 30, 45),
    }
    assert set(draws) == set(expected)
    for address, quantiles in expected.items():
        found = np.quantile(draws[address], [0.1, 0.5, 0.9])
        np.testing.assert_allclose(found, quantiles, rtol=2e-4, err_msg=address)


def test_a_certain_tree_has_nothing_to_draw() -> None:
    certain = sampler("metrics: {a: {value: 2}, b: {formula: 3 * a}}")
    assert certain.inputs == ()
    assert certain.draw(0, 10) == {}


def test_the_order_of_the_file_changes_nothing() -> None:
    spec = load_text(SHOP)
    backwards = TreeSpec(outcome="paid", metrics=list(spec.metrics[::-1]))
    one, other = (Sampler(Model(build(each))).draw(0, 500) for each in (spec, backwards))
    assert list(one) == list(other)
    for address, draws in one.items():
        np.testing.assert_array_equal(draws, other[address])


def test_another_metric_leaves_the_draws_as_they_are() -> None:
    grown = SHOP.replace("  tax: {value: 20%}", "  tax: {value: 20% (19% to 21%)}")
    before, after = sampler().draw(0, 500), sampler(grown).draw(0, 500)
    assert set(after) - set(before) == {"tax.value"}
    for address, draws in before.items():
        np.testing.assert_array_equal(draws, after[address])


@given(st.lists(st.sampled_from(ADDRESSES), unique=True), st.integers(0, 2 * CHUNK), st.integers(1, CHUNK))
@settings(max_examples=20)
def test_parts_are_the_same_as_the_whole(only: list[str], first: int, count: int) -> None:
    whole = sampler(CORRELATED)
    part = whole.draw(first, count, only=only)
    assert list(part) == sorted(only)
    everything = whole.draw(0, first + count)
    for address, draws in part.items():
        np.testing.assert_allclose(draws, everything[address][first:], rtol=1e-13)


def test_a_sampler_travels_to_other_processes() -> None:
    original = sampler(CORRELATED, seed=4, copies=2)
    copied = pickle.loads(pickle.dumps(original))
    for copy in (0, 1):
        one, other = original.draw(CHUNK, 100, copy=copy), copied.draw(CHUNK, 100, copy=copy)
        assert all(np.array_equal(one[address], other[address]) for address in ADDRESSES)


def test_numbers_that_are_not_of_the_tree_are_drawn_beside_it() -> None:
    fee = UncertainNumber("decision.fee", "paid", parse_quantity("$8 to $15"), None, True)
    job = pickle.loads(pickle.dumps(Job(build(load_text(SHOP)), 3, Wanted(totals=(7,)), extra=(fee,))))
    assert sorted(one.address for one in job.sampler.inputs) == sorted([*ADDRESSES, "decision.fee"])
    (run,) = simulate_many(job, CHUNK)
    draws, plain = job.sampler.draw(0, CHUNK), sampler().draw(0, CHUNK)
    np.testing.assert_allclose(np.quantile(draws["decision.fee"], [0.1, 0.9]), [8, 15], rtol=1e-3)
    for address, numbers in plain.items():
        np.testing.assert_array_equal(draws[address], numbers)
        assert abs(np.corrcoef(numbers, draws["decision.fee"])[0, 1]) < 0.02
    assert np.isfinite(run.totals[7]).all()


def test_correlations_are_of_the_numbers_they_name() -> None:
    draws = sampler(CORRELATED).draw(0, CHUNK)
    independent = sampler().draw(0, CHUNK)
    logs = np.log([draws["price.value"], draws["visits.value"], draws["score.rate.slope"]])
    np.testing.assert_allclose(np.corrcoef(logs)[0], [1, -0.6, 0], atol=0.01)
    np.testing.assert_array_equal(draws["score.value"], independent["score.value"])
    np.testing.assert_allclose(draws["price.value"], independent["price.value"], rtol=1e-12)


def test_draws_feed_the_evaluator_and_a_product_has_its_known_moments() -> None:
    text = "metrics: {a: {value: 20 (10 to 40)}, b: {value: 3 (2 to 4.5)}, c: {formula: a * b}}"
    graph = build(load_text(text))
    model = Model(graph)
    drawn = Sampler(model, seed=1).draw(0, 4 * CHUNK)
    batch = evaluate_many(model, 1, parameters=drawn, totals=[graph.by_name["c"]])
    product = batch.totals[graph.by_name["c"]]
    variance = (log(2) ** 2 + log(1.5) ** 2) / Z_P90**2
    assert product.mean() == pytest.approx(60 * np.exp(variance / 2), rel=1e-3)
    assert np.log(product).std() == pytest.approx(sqrt(variance), rel=1e-3)
    np.testing.assert_allclose(
        np.quantile(product, [0.1, 0.5, 0.9]), 60 * np.exp(np.array([-1, 0, 1]) * Z_P90 * sqrt(variance)), rtol=5e-3
    )


def test_defaults_of_evidence_decide_the_range_of_an_effect() -> None:
    wide = sampler(SHOP + "evidence_defaults: {experiment: 2}").draw(0, CHUNK, only=["score.rate.slope"])
    found = np.quantile(wide["score.rate.slope"], [0.1, 0.9])
    np.testing.assert_allclose(found, [100, 400], rtol=1e-3)


def test_a_question_adds_numbers_of_its_own() -> None:
    lift = UncertainNumber("lift.visits", "visits", parse_quantity("100 (50 to 200)"), None, True)
    with_lift = sampler(extra=[lift])
    assert [number.address for number in with_lift.inputs] == sorted([*ADDRESSES, "lift.visits"])
    draws = with_lift.draw(0, CHUNK)
    np.testing.assert_allclose(np.quantile(draws["lift.visits"], [0.1, 0.5, 0.9]), [50, 100, 200], rtol=2e-3)
    correlated = sampler(CORRELATED, extra=[lift]).draw(0, CHUNK)
    logs = np.log([correlated["price.value"], correlated["visits.value"], correlated["lift.visits"]])
    np.testing.assert_allclose(np.corrcoef(logs)[0], [1, -0.6, 0], atol=0.01)


def test_an_extra_number_has_an_address_of_its_own() -> None:
    twice = UncertainNumber("price.value", "price", parse_quantity("1 to 2"), None, True)
    with pytest.raises(QuestionError, match="same address"):
        sampler(extra=[twice])


@pytest.mark.parametrize(
    "value",
    [
        "42% (40% to 45%)", "{p10: 1, p50: 2, p90: 90}", "{ci95: -1 to 4}", "{normal: [0, 1e149]}", "1e-9 to 1e9",
        "{lognormal: [1, 1e6]}", "{beta: [1e-6, 1e6]}", "{triangular: [1, 1, 2]}", "{uniform: 0 to 1}", "-9 to -1",
        "{discrete: [[0, 50%], [1e149, 50%]]}",
    ],
)  # fmt: skip
def test_what_loads_can_be_drawn(value: str) -> None:
    draws = sampler(f"metrics: {{a: {{value: {value}}}}}", seed=3).draw(0, CHUNK)["a.value"]
    assert np.isfinite(draws).all()
    assert np.isfinite(draws.var())


@pytest.mark.parametrize("seed", [None, 1.0, "7", True])
def test_a_seed_is_a_whole_number(seed: object) -> None:
    with pytest.raises(QuestionError, match="a seed is a whole number"):
        sampler(seed=seed)


def test_many_uncertain_numbers_are_drawn_as_well() -> None:
    metrics = [
        MetricSpec(f"m{k}", value="10 (8 to 13)", drivers=[Driver(f"m{k - 1}", elasticity=0.1)] if k else ())
        for k in range(200)
    ]
    many = Sampler(Model(build(TreeSpec(metrics=metrics, outcome="m199"))))
    assert len(many.inputs) == 399
    draws = many.draw(0, 2048)
    medians = np.median([draws[f"m{k}.value"] for k in range(200)], axis=1)
    np.testing.assert_allclose(medians, 10, rtol=0.03)


@pytest.mark.slow
def test_scipy_is_loaded_when_something_is_drawn_and_its_statistics_never() -> None:
    code = (
        "import sys; from impacttree.engine.sampling import Sampler; from impacttree.engine.model import Model\n"
        "from impacttree.graph import build; from impacttree.spec import load_text\n"
        "model = Model(build(load_text('metrics: {a: {value: 2 (1 to 4)}, b: {formula: 3 * a}}')))\n"
        "sampler = Sampler(model)\n"
        "assert not any(name.startswith('scipy') for name in sys.modules)\n"
        "sampler.draw(0, 10)\n"
        "assert 'scipy.special' in sys.modules and 'scipy.stats' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
