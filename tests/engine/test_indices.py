"""Sobol indices against functions whose indices are known in closed form, and against SALib's on the same points."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impacttree.engine.indices import Outputs, indices_of, sample_factors, swings
from impacttree.engine.model import Model
from impacttree.engine.sampling import Sampler
from impacttree.engine.simulation import Job, Wanted
from impacttree.engine.sobol import SobolPoints
from impacttree.graph import build
from impacttree.spec import load_text
from tests.strategies import examples


def outputs_of(function, count, samples, seed=0):
    """Evaluate a function of the unit cube at the base points and their mixtures."""
    points = SobolPoints([f"x{i}" for i in range(count)], seed, copies=2)
    a, b = (np.array([points.shares(i, 0, samples, copy) for i in range(count)]) for copy in (0, 1))
    mixed = []
    for i in range(count):
        rows = a.copy()
        rows[i] = b[i]
        mixed.append(function(rows))
    return Outputs(function(a), function(b), np.array(mixed))


def ishigami(u, a=7.0, b=0.1):
    x = math.pi * (2 * u - 1)
    return np.sin(x[0]) + a * np.sin(x[1]) ** 2 + b * x[2] ** 4 * np.sin(x[0])


def ishigami_indices(a=7.0, b=0.1):
    """Ishigami and Homma, 1990: the variance of each part in closed form."""
    pi = math.pi
    first = 0.5 * (1 + b * pi**4 / 5) ** 2
    second = a**2 / 8
    both = b**2 * pi**8 * (1 / 18 - 1 / 50)
    variance = first + second + both
    return [first / variance, second / variance, 0.0], [(first + both) / variance, second / variance, both / variance]


WEIGHTS = (0.0, 0.5, 3.0, 9.0, 99.0)


def sobol_g(u):
    return np.prod([(abs(4 * x - 2) + a) / (1 + a) for x, a in zip(u, WEIGHTS, strict=True)], axis=0)


def sobol_g_indices():
    """Saltelli and Sobol', 1995."""
    parts = [1 / (3 * (1 + a) ** 2) for a in WEIGHTS]
    variance = math.prod(1 + part for part in parts) - 1
    others = [math.prod(1 + p for j, p in enumerate(parts) if j != i) for i in range(len(parts))]
    return [p / variance for p in parts], [p * o / variance for p, o in zip(parts, others, strict=True)]


@pytest.mark.parametrize(
    ("function", "count", "expected"),
    [(ishigami, 3, ishigami_indices()), (sobol_g, len(WEIGHTS), sobol_g_indices())],
)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_indices_of_functions_with_known_ones(function, count, expected, seed):
    indices = indices_of(outputs_of(function, count, 2**14, seed))
    for index, first, total in zip(indices, *expected, strict=True):
        assert index.first.value == pytest.approx(first, abs=0.01)
        assert index.total.value == pytest.approx(total, abs=0.01)
        for estimate, truth in ((index.first, first), (index.total, total)):
            width = estimate.high - estimate.low
            assert estimate.low - width <= truth <= estimate.high + width
            assert estimate.low <= estimate.value <= estimate.high


def test_intervals_of_random_points_hold_the_truth_about_as_often_as_they_say():
    first, total = ishigami_indices()
    held = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        a, b = rng.random((2, 3, 512))
        mixed = []
        for i in range(3):
            rows = a.copy()
            rows[i] = b[i]
            mixed.append(ishigami(rows))
        indices = indices_of(Outputs(ishigami(a), ishigami(b), np.array(mixed)))
        held += [index.first.low <= truth <= index.first.high for index, truth in zip(indices, first, strict=True)]
        held += [index.total.low <= truth <= index.total.high for index, truth in zip(indices, total, strict=True)]
    assert np.mean(held) > 0.88


def test_salib_agrees():
    analyze = pytest.importorskip("SALib.analyze.sobol").analyze
    outputs = outputs_of(ishigami, 3, 2**12)
    listed = np.concatenate([[outputs.a], outputs.mixed, [outputs.b]]).T.ravel()
    problem = {"num_vars": 3, "names": ["a", "b", "c"], "bounds": [[0, 1]] * 3}
    theirs = analyze(problem, listed, calc_second_order=False, num_resamples=100, seed=1)
    indices = indices_of(outputs)
    assert [index.first.value for index in indices] == pytest.approx(theirs["S1"], abs=5e-3)
    assert [index.total.value for index in indices] == pytest.approx(theirs["ST"], abs=5e-3)
    widths = [(index.total.high - index.total.low) / 2 for index in indices]
    assert widths == pytest.approx(theirs["ST_conf"], rel=0.35)


@examples(20)
@given(st.lists(st.floats(-3, 3).filter(lambda w: abs(w) > 0.2), min_size=2, max_size=6), st.integers(0, 99))
def test_a_sum_has_no_interactions(weights, seed):
    outputs = outputs_of(lambda u: np.tensordot(weights, u, 1), len(weights), 2**12, seed)
    whole = sum(w * w for w in weights)
    for index, weight in zip(indices_of(outputs), weights, strict=True):
        assert index.first.value == pytest.approx(weight**2 / whole, abs=0.03)
        assert index.total.value == pytest.approx(index.first.value, abs=0.03)


def test_what_does_not_vary_has_no_indices():
    still = np.full(64, 3.0)
    assert indices_of(Outputs(still, still, np.array([still]))) is None
    assert indices_of(Outputs(still * math.nan, still, np.array([still]))) is None


def test_points_without_a_value_are_left_out():
    outputs = outputs_of(ishigami, 3, 2**12)
    holes = Outputs(outputs.a.copy(), outputs.b, outputs.mixed)
    holes.a[::50] = math.nan
    for index, whole in zip(indices_of(holes), indices_of(outputs), strict=True):
        assert index.total.value == pytest.approx(whole.total.value, abs=0.03)


PRODUCT = """
horizon: 12
metrics:
  price: {value: $30/unit ($25/unit to $36/unit)}
  sold: {value: 50 units/month ({low} to 60)}
  paid: {formula: price * sold, unit: USD/month}
""".replace("{low}", "42")


def job(model):
    return Job.of(model, 12, Wanted(totals=(model.graph.by_name["paid"],)))


def test_a_product_of_independent_lognormals():
    """Var of a product: (1 + v1)(1 + v2) - 1 over the squared mean, v = exp(s^2) - 1 each."""
    model = Model(build(load_text(PRODUCT)))
    sampler = Sampler(model, copies=2)
    factors = [("price.value",), ("sold.value",)]
    outputs = sample_factors(job(model), sampler, model.graph.by_name["paid"], factors, 2**14)
    spreads = [math.log(36 / 25) / (2 * 1.2815515655446004), math.log(60 / 50) / 1.2815515655446004]
    v = [math.expm1(s * s) for s in spreads]
    variance = (1 + v[0]) * (1 + v[1]) - 1
    price, sold = indices_of(outputs)
    assert price.first.value == pytest.approx(v[0] / variance, abs=0.01)
    assert sold.first.value == pytest.approx(v[1] / variance, abs=0.02)
    assert price.total.value == pytest.approx(v[0] * (1 + v[1]) / variance, abs=0.01)


def test_swings_move_one_number_at_a_time():
    model = Model(build(load_text(PRODUCT)))
    found = swings(job(model), Sampler(model), model.graph.by_name["paid"])
    assert found["price.value"] == pytest.approx((12 * 25 * 50, 12 * 36 * 50))
    assert found["sold.value"] == pytest.approx((12 * 30 * 42, 12 * 30 * 60))
