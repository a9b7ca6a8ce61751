"""The worth of knowing numbers, against closed forms of normal numbers and against sums over all cases."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from scipy import special

from impacttree.engine.information import SCRAMBLINGS, Information, _restricted_cubic
from impacttree.engine.sobol import SobolPoints

SAMPLES = 2**14
SIZES = [SAMPLES // SCRAMBLINGS] * SCRAMBLINGS
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
    information = Information(mean + sum(draws.values()), SIZES)
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
        found = Information(net, SIZES).of_each(["a"], draws.__getitem__)["a"]
        estimates.append(found.value)
        errors.append(found.error)
    assert 0.5 < np.std(estimates) / np.mean(errors) < 1.5
    assert np.mean(estimates) == pytest.approx(gain(0.3, 1.0), abs=4 * np.mean(errors) / math.sqrt(40))


def nets(seed: int, names: list[str]) -> dict[str, np.ndarray]:
    """Normal draws at the points of independent scramblings."""
    parts: dict[str, list[np.ndarray]] = {name: [] for name in names}
    for scrambling in range(SCRAMBLINGS):
        points = SobolPoints(names, SCRAMBLINGS * seed + scrambling)
        for position, name in enumerate(names):
            parts[name].append(special.ndtri(points.shares(position, 0, SIZES[scrambling])))
    return {name: np.concatenate(found) for name, found in parts.items()}


BENEFITS = {
    # Two numbers that add up, as in Oakley's example; exp: lopsided, and as close a choice as can be; corners.
    "sum": lambda d: 1 + d["a"] - 2 * d["b"],
    "exp": lambda d: np.exp(0.5 * d["a"] + 0.8 * d["b"]) - math.exp(0.445),
    "corners": lambda d: np.maximum(d["a"], 0) - 0.8 * np.maximum(d["b"], 0.3),
}


@pytest.mark.parametrize("case", BENEFITS)
def test_errors_are_those_over_seeds_of_scrambled_nets(case):
    found = {"all": [], "a": [], "b": []}
    for seed in range(24):
        draws = nets(seed, ["a", "b"])
        information = Information(BENEFITS[case](draws), SIZES)
        found["all"].append(information.of_all)
        for name, one in information.of_each(["a", "b"], draws.__getitem__).items():
            found[name].append(one)
    exact = {"all": gain(1, math.sqrt(5)), "a": gain(1, 1), "b": gain(1, 2)} if case == "sum" else {}
    for name, estimates in found.items():
        scatter = np.std([one.value for one in estimates], ddof=1)
        printed = math.sqrt(np.mean([one.error**2 for one in estimates]))
        assert 0.55 < scatter / printed < 1.6, name
        if name in exact:
            assert np.mean([one.value for one in estimates]) == pytest.approx(exact[name], abs=4 * scatter / 24**0.5)


def test_a_step_that_no_spline_follows_is_seen_by_groups():
    draws = nets(7, ["a", "b"])
    net = np.where(draws["b"] > 1.2, -2.0, 0.1) + 0.01 * draws["a"]
    found = Information(net, SIZES).of_each(["b"], draws.__getitem__)["b"]
    share = 1 - NORMAL.cdf(1.2)
    exact = 0.1 * (1 - share) - max(0.1 * (1 - share) - 2 * share, 0)
    assert found.value == pytest.approx(exact, rel=0.05)


def test_a_number_that_says_nothing_is_worth_nothing():
    found = []
    for seed in range(20):
        draws = normals(200 + seed, a=1.0, other=1.0)
        found.append(Information(draws["a"], SIZES).of_each(list(draws), draws.__getitem__)["other"])
    assert all(one.value <= 3 * one.error for one in found)
    assert sum(one.value == 0 for one in found) >= 8


def test_a_number_with_few_values_has_the_mean_of_each():
    random = np.random.default_rng(3)
    draws = {"a": random.choice([0.0, 100.0], SAMPLES, p=[0.7, 0.3]), "b": random.choice([-50.0, 50.0], SAMPLES)}
    net = draws["a"] + draws["b"] - 20
    found = Information(net, SIZES).of_each(["a", "b"], draws.__getitem__)
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
    plain = Information(net, SIZES).of_each(["a"], draws.__getitem__)
    assert Information(net, SIZES).of_each(["a"], warped.__getitem__) == plain


def test_a_correlated_number_tells_about_the_others():
    random = np.random.default_rng(5)
    first = random.normal(size=SAMPLES)
    second = 0.8 * first + 0.6 * random.normal(size=SAMPLES)
    draws = {"first": first, "second": second}
    found = Information(first + second, SIZES).of_each(["first", "second"], draws.__getitem__, ("first", "second"))
    for one in found.values():
        assert one.value == pytest.approx(gain(0.0, 1.8), abs=5 * one.error)


def test_splines_are_straight_beyond_the_outer_knots_and_smooth_between():
    knots = np.array([-2.0, -1.0, 0.0, 0.5, 2.0])
    x = np.linspace(-6, 6, 1201)
    columns = _restricted_cubic(x, knots).T
    assert columns.shape == (1201, 5)
    bend = np.diff(columns, 2, axis=0)
    outside = (x[1:-1] < -2.01) | (x[1:-1] > 2.01)
    np.testing.assert_allclose(bend[outside], 0, atol=1e-9)
    assert np.abs(np.diff(bend, axis=0)).max() < 0.01
