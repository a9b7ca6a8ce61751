"""The worth of knowing numbers, against closed forms of normal numbers and against sums over all cases."""

import math
from statistics import NormalDist

import numpy as np
import pytest

from impacttree.engine.information import Information, _restricted_cubic

SAMPLES = 2**14
NORMAL = NormalDist()


def gain(mean: float, sd: float) -> float:
    """E[max(X, 0)] - max(E[X], 0) of a normal X: the unit normal loss integral."""
    d = abs(mean) / sd
    return sd * NORMAL.pdf(d) - abs(mean) * NORMAL.cdf(-d)


def normals(seed: int, **deviations: float) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    return {name: random.normal(0.0, sd, SAMPLES) for name, sd in deviations.items()}


@pytest.mark.parametrize("mean", [-3.0, -0.5, 0.0, 0.2, 2.0])
def test_a_sum_of_normals_has_its_closed_forms(mean):
    deviations = {"a": 2.0, "b": 1.0, "c": 0.3}
    draws = normals(1, **deviations)
    information = Information(mean + sum(draws.values()), seed=0)
    whole = information.of_all
    assert whole.value == pytest.approx(gain(mean, math.hypot(*deviations.values())), abs=4 * whole.error)
    for name, found in information.of_each(list(draws), draws.__getitem__).items():
        # Of independent draws, the average of all is off by chance, too.
        slack = 4 * whole.error + 4 * found.error
        assert found.value == pytest.approx(gain(mean, deviations[name]), abs=slack)
        assert 0 <= found.value <= whole.value


def test_standard_errors_say_how_far_estimates_scatter():
    estimates, errors = [], []
    for seed in range(40):
        draws = normals(100 + seed, a=1.0, b=3.0)
        # b is not additive: what it does is not taken out, and stays as noise.
        net = 0.3 + draws["a"] + draws["b"] * np.sign(draws["a"])
        found = Information(net, seed).of_each(["a"], draws.__getitem__)["a"]
        estimates.append(found.value)
        errors.append(found.error)
    assert 0.5 < np.std(estimates) / np.mean(errors) < 1.5
    assert np.mean(estimates) == pytest.approx(gain(0.3, 1.0), abs=4 * np.mean(errors) / math.sqrt(40))


def test_a_number_that_says_nothing_is_worth_nothing():
    found = []
    for seed in range(20):
        draws = normals(200 + seed, a=1.0, other=1.0)
        found.append(Information(draws["a"], seed).of_each(list(draws), draws.__getitem__)["other"])
    assert all(one.value <= 3 * one.error for one in found)
    assert sum(one.value == 0 for one in found) >= 8


def test_a_number_with_few_values_has_the_mean_of_each():
    random = np.random.default_rng(3)
    draws = {"a": random.choice([0.0, 100.0], SAMPLES, p=[0.7, 0.3]), "b": random.choice([-50.0, 50.0], SAMPLES)}
    net = draws["a"] + draws["b"] - 20
    found = Information(net, 0).of_each(["a", "b"], draws.__getitem__)
    for name, one in found.items():
        means = [(net[draws[name] == value].mean(), (draws[name] == value).mean()) for value in set(draws[name])]
        by_hand = sum(max(mean, 0) * share for mean, share in means) - max(net.mean(), 0)
        assert one.value == pytest.approx(by_hand, abs=4 * one.error + 0.5)
    assert found["a"].value == pytest.approx(14, abs=1.5)
    assert found["b"].value == pytest.approx(20, abs=1.5)


def test_the_scale_of_a_number_does_not_matter():
    draws = normals(4, a=1.0, b=1.0)
    net = draws["a"] + draws["b"]
    warped = draws | {"a": np.exp(3 * draws["a"])}
    plain = Information(net, 0).of_each(["a"], draws.__getitem__)
    assert Information(net, 0).of_each(["a"], warped.__getitem__) == plain


def test_a_correlated_number_tells_about_the_others():
    random = np.random.default_rng(5)
    first = random.normal(size=SAMPLES)
    second = 0.8 * first + 0.6 * random.normal(size=SAMPLES)
    draws = {"first": first, "second": second}
    found = Information(first + second, 0).of_each(["first", "second"], draws.__getitem__, ("first", "second"))
    for one in found.values():
        assert one.value == pytest.approx(gain(0.0, 1.8), abs=5 * one.error)


def test_splines_are_straight_beyond_the_outer_knots_and_smooth_between():
    knots = np.array([-2.0, -1.0, 0.0, 0.5, 2.0])
    x = np.linspace(-6, 6, 1201)
    columns = _restricted_cubic(x, knots)
    assert columns.shape == (1201, 5)
    bend = np.diff(columns, 2, axis=0)
    outside = (x[1:-1] < -2.01) | (x[1:-1] > 2.01)
    np.testing.assert_allclose(bend[outside], 0, atol=1e-9)
    assert np.abs(np.diff(bend, axis=0)).max() < 0.01
