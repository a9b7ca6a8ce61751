"""Distributions against scipy.stats, mpmath-free closed forms, and the quantiles that were stated."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import integrate, special, stats

from impacttree.engine.distributions import (
    GRADE_CUT,
    BentNormal,
    Beta,
    Discrete,
    ProbabilityDistribution,
    Triangular,
    Uniform,
    distribution_of,
)
from impacttree.errors import QuantityError
from impacttree.quantity import Bounds, Quantity, Spread, parse_quantity

U = np.concatenate([2.0 ** -np.arange(33.0, 2.0, -3.0), np.linspace(0.05, 0.95, 19), 1 - 2.0 ** -np.arange(3.0, 33.0)])
TENTHS = np.array([0.1, 0.5, 0.9])
Z90 = float(special.ndtri(0.9))


def stated(kind: str, *numbers: float, point: float | None = None) -> Quantity:
    return Quantity(point, None, Spread(kind, numbers), f"{point} {kind} {numbers}")  # type: ignore[arg-type]


# ---- against scipy.stats


def lognormal(mean: float, sd: float) -> object:
    variance = math.log1p((sd / mean) ** 2)
    return stats.lognorm(math.sqrt(variance), scale=mean * math.exp(-variance / 2))


NAMED = [
    (stated("normal", 3.0, 2.0), stats.norm(3, 2)),
    (stated("lognormal", 29.0, 4.0), lognormal(29.0, 4.0)),
    (stated("lognormal", 1.0, 5.0), lognormal(1.0, 5.0)),
    (stated("uniform", -2.0, 7.0), stats.uniform(-2, 9)),
    (stated("triangular", 1.0, 2.0, 5.0), stats.triang(0.25, 1, 4)),
    (stated("triangular", 1.0, 1.0, 5.0), stats.triang(0.0, 1, 4)),
    (stated("triangular", 1.0, 5.0, 5.0), stats.triang(1.0, 1, 4)),
    (stated("beta", 19.0, 981.0), stats.beta(19, 981)),
    (stated("beta", 0.5, 0.5), stats.beta(0.5, 0.5)),
    (stated("p10_p90", 10.0, 1000.0), stats.lognorm(math.log(10) / Z90, scale=100.0)),
    (stated("p10_p90", -2.0, 4.0), stats.norm(1, 3 / Z90)),
    (stated("ci95", -1.0, 3.0), stats.norm(1, 2 / float(special.ndtri(0.975)))),
    (stated("ci95", 4.0, 9.0), stats.lognorm(math.log(1.5) / float(special.ndtri(0.975)), scale=6.0)),
]


@pytest.mark.parametrize(("quantity", "frozen"), NAMED, ids=lambda value: getattr(value, "text", ""))
def test_named_distributions_and_plain_ranges_are_those_of_scipy(
    quantity: Quantity, frozen: stats.rv_continuous
) -> None:
    distribution = distribution_of(quantity)
    np.testing.assert_allclose(distribution.quantile(U), frozen.ppf(U), rtol=1e-11, atol=1e-14)
    assert distribution.mean == pytest.approx(float(frozen.mean()), rel=1e-10)
    middle = frozen.mean() if isinstance(distribution, Beta) else frozen.median()
    assert distribution.central == pytest.approx(float(middle), rel=1e-11)


def test_a_range_within_bounds_is_logit_normal_on_the_bounds() -> None:
    distribution = distribution_of(stated("p10_p90", 0.01, 0.04), bounds=(0.0, 1.0))
    low, high = special.logit([0.01, 0.04])
    normal = stats.norm((low + high) / 2, (high - low) / (2 * Z90))
    np.testing.assert_allclose(distribution.quantile(U), special.expit(normal.ppf(U)), rtol=1e-12)
    exact, _ = integrate.quad(lambda z: special.expit(normal.ppf(special.ndtr(z))) * stats.norm.pdf(z), -9, 9)
    assert distribution.mean == pytest.approx(exact, rel=1e-9)


def test_bounds_shift_and_stretch_a_range() -> None:
    shares = distribution_of(stated("p10_p90", 0.4, 0.7), bounds=(0.0, 1.0)).quantile(U)
    points = distribution_of(stated("p10_p90", -20.0, 40.0), bounds=(-100.0, 100.0)).quantile(U)
    np.testing.assert_allclose(points, 200 * shares - 100, rtol=1e-11, atol=1e-11)


def test_a_negative_range_mirrors_the_positive_one() -> None:
    positive = distribution_of(stated("p10_p90", 0.1, 0.5, point=0.3))
    negative = distribution_of(stated("p10_p90", -0.5, -0.1, point=-0.3))
    np.testing.assert_allclose(negative.quantile(U), -positive.quantile(1 - U), rtol=1e-7)
    assert negative.mean == pytest.approx(-positive.mean)


def test_discrete_outcomes_come_with_their_probabilities() -> None:
    distribution = distribution_of(stated("discrete", 200.0, 0.3, -50.0, 0.5, 0.0, 0.2))
    grid = (np.arange(100_000) + 0.5) / 100_000
    values, counts = np.unique(distribution.quantile(grid), return_counts=True)
    assert dict(zip(values.tolist(), counts.tolist(), strict=True)) == {-50.0: 50_000, 0.0: 20_000, 200.0: 30_000}
    assert distribution.central == distribution.mean == pytest.approx(35.0)


# ---- what is stated is hit

number = st.floats(-1e6, 1e6).filter(lambda x: x == 0 or abs(x) > 1)


def close(x: float, scale: float) -> object:
    return pytest.approx(x, rel=1e-12, abs=1e-12 * scale)


@given(st.lists(number, min_size=3, max_size=3, unique=True), st.sampled_from(["p10", "p10_p50_p90", "ci95"]))
def test_three_quantiles_are_hit_exactly_whatever_they_are(numbers: list[float], form: str) -> None:
    low, point, high = sorted(numbers)
    assume(min(point - low, high - point) > 1e-9 * (high - low))
    if form == "p10_p50_p90":
        quantity = stated(form, low, point, high)
    else:
        quantity = stated("p10_p90" if form == "p10" else form, low, high, point=point)
    tail = 0.025 if form == "ci95" else 0.1
    distribution = distribution_of(quantity)
    found = distribution.quantile(np.array([tail, 0.5, 1 - tail]))
    scale = max(abs(low), abs(high)) if low <= 0 <= high else 0.0
    assert found.tolist() == [close(low, scale), close(point, scale), close(high, scale)]
    assert distribution.central == point
    assert rises(distribution)


@given(
    st.lists(st.floats(1e-6, 1 - 1e-6), min_size=3, max_size=3, unique=True),
    st.sampled_from([(0.0, 1.0), (-100.0, 100.0), (0.0, 24.0), (5.0, 5.5)]),
)
def test_within_bounds_three_quantiles_are_hit_and_no_value_leaves_the_bounds(
    shares: list[float], bounds: Bounds
) -> None:
    floor, ceiling = bounds
    low, point, high = sorted(floor + share * (ceiling - floor) for share in shares)
    assume(floor < low < point < high < ceiling and min(point - low, high - point) > 1e-9)
    distribution = distribution_of(stated("p10_p90", low, high, point=point), bounds)
    scale = max(abs(floor), abs(ceiling))
    assert distribution.quantile(TENTHS).tolist() == [close(low, scale), close(point, scale), close(high, scale)]
    assert rises(distribution)
    values = distribution.quantile(U)
    assert floor <= values.min() <= values.max() <= ceiling
    assert floor < distribution.mean < ceiling


def rises(distribution: ProbabilityDistribution) -> bool:
    grid = np.sort(np.concatenate([U, np.linspace(0.0005, 0.9995, 2001)]))
    values = distribution.quantile(grid)
    return bool(np.all(np.diff(values) >= -1e-13 * np.abs(values).max()))


@given(st.lists(st.floats(0.01, 1e6), min_size=2, max_size=2, unique=True))
def test_a_point_where_the_range_puts_it_changes_nothing(ends: list[float]) -> None:
    low, high = sorted(ends)
    assume(high > 1.0001 * low)
    range_only = distribution_of(stated("p10_p90", low, high))
    with_point = distribution_of(stated("p10_p90", low, high, point=range_only.central))
    np.testing.assert_allclose(with_point.quantile(U), range_only.quantile(U), rtol=1e-9)


@given(st.floats(0.02, 0.98))
def test_the_mean_is_the_integral_of_the_quantile_function(lean: float) -> None:
    distribution = distribution_of(stated("p10_p90", 10.0, 30.0, point=10.0 + 20.0 * lean))
    u = special.ndtr(np.linspace(-9.5, 9.5, 20_001))
    weights = np.diff(u, prepend=0.0, append=1.0)
    weights = (weights[1:] + weights[:-1]) / 2
    values = distribution.quantile(np.clip(u, 1e-18, 1 - 2**-53))
    mean = float(weights @ values)
    assert distribution.mean == pytest.approx(mean, rel=1e-4)


def test_the_bent_curve_is_used_up_to_where_it_would_turn_back() -> None:
    for ratio, smooth in ((4.4, True), (4.6, False)):
        distribution = BentNormal("normal", 0.0, 1.0, ratio)
        near = distribution.quantile(np.array([0.5 - 1e-6, 0.5, 0.5 + 1e-6]))
        left, right = np.diff(near)
        assert bool(right / left == pytest.approx(1.0, rel=1e-3)) is smooth
        assert rises(distribution)


def test_the_steepest_bend_is_the_one_at_which_the_density_first_fails() -> None:
    from impacttree.engine.distributions import STEEPEST

    z = np.linspace(-8, 8, 200_001)
    least = np.min(special.ndtr(z) - 0.5 + z * stats.norm.pdf(z))
    assert 0.9999 / -least < STEEPEST < 1 / -least


# ---- what an evidence grade stands for


@pytest.mark.parametrize("k", [1.3, 1.6, 2.5, 3.0, 20.0])
def test_the_range_of_a_grade_is_a_lognormal_cut_at_its_p1_and_p99(k: float) -> None:
    effect = distribution_of(stated("p10_p90", 0.6 / k, 0.6 * k, point=0.6), cut=GRADE_CUT)

    def zt(u: object) -> np.ndarray:
        return special.ndtri(0.01 + 0.98 * np.asarray(u))

    np.testing.assert_allclose(effect.quantile(U), 0.6 * np.exp(math.log(k) * zt(U) / zt(0.9)), rtol=1e-12)
    np.testing.assert_allclose(effect.quantile(TENTHS), [0.6 / k, 0.6, 0.6 * k], rtol=1e-13)
    exact, _ = integrate.quad(lambda u: float(0.6 * np.exp(math.log(k) * zt(u) / zt(0.9))), 0, 1)
    assert effect.mean == pytest.approx(exact, rel=1e-7)


@given(st.lists(number, min_size=3, max_size=3, unique=True))
def test_three_quantiles_of_a_cut_range_are_hit_as_well(numbers: list[float]) -> None:
    low, point, high = sorted(numbers)
    assume(min(point - low, high - point) > 1e-9 * (high - low))
    distribution = distribution_of(stated("p10_p90", low, high, point=point), cut=GRADE_CUT)
    scale = max(abs(low), abs(high)) if low <= 0 <= high else 0.0
    assert distribution.quantile(TENTHS).tolist() == [close(low, scale), close(point, scale), close(high, scale)]
    assert rises(distribution)
    ends = distribution.quantile(np.array([2.0**-53, 1 - 2.0**-53]))
    assert np.all(np.isfinite(ends))
    assert ends[0] <= distribution.mean <= ends[1]


# ---- what cannot be

REFUSED = [
    ("42% (42% to 45%)", None, "between P10 and P90"),
    ("45% (42% to 45%)", None, "between P10 and P90"),
    ({"value": 4, "ci95": "4 to 5"}, None, "between P2.5 and P97.5"),
    ("42% (0% to 45%)", (0.0, 1.0), "P10 stands on a bound"),
    ("99% to 100%", (0.0, 1.0), "P90 stands on a bound"),
    ("42% (40% to 120%)", (0.0, 1.0), "outside the bounds"),
    ({"ci95": "-5% to 10%"}, (0.0, 1.0), "outside the bounds"),
    ({"uniform": "-5% to 10%"}, (0.0, 1.0), "outside the bounds"),
    ({"triangular": ["10%", "20%", "120%"]}, (0.0, 1.0), "outside the bounds"),
    ({"discrete": [["50%", 0.5], ["150%", 0.5]]}, (0.0, 1.0), "outside the bounds"),
    ({"normal": ["150%", "10%"]}, (0.0, 1.0), "outside the bounds"),
    ({"value": 10, "normal": [12, 2]}, None, "not the P50 of its distribution, 12"),
    ({"value": "2%", "beta": [30, 970]}, None, "not the mean of its distribution, 3%"),
    ({"value": 100, "discrete": [[0, 0.5], [100, 0.5]]}, None, "not the mean of its distribution, 50"),
    ("1e-160 to 1e160", None, "too wide"),
    ("1e-100 to 1e100", None, "too wide"),
    ({"normal": [0, 1e200]}, None, "too wide"),
    ({"lognormal": [1e-100, 1e149]}, None, "too wide"),
    ("42%", None, "states no range"),
]


@pytest.mark.parametrize(("raw", "bounds", "reason"), REFUSED, ids=lambda value: str(value)[:40])
def test_impossible_numbers_are_one_clear_error(raw: object, bounds: Bounds | None, reason: str) -> None:
    quantity = parse_quantity(raw)  # type: ignore[arg-type]
    with pytest.raises(QuantityError, match=reason) as caught:
        distribution_of(quantity, bounds)
    assert len(caught.value.problems) == 1


@pytest.mark.parametrize("numbers", [(2.0, 2.0), (3.0, 2.0), (math.nan, 2.0)])
def test_quantiles_out_of_order_are_refused_when_made_in_python(numbers: tuple[float, float]) -> None:
    with pytest.raises(QuantityError, match="P10 must be below P90"):
        distribution_of(stated("p10_p90", *numbers))


def test_ends_may_stand_on_the_bounds_where_the_distribution_ends_there() -> None:
    assert distribution_of(parse_quantity({"uniform": "0% to 100%"}), (0.0, 1.0)) == Uniform(0.0, 1.0)
    assert distribution_of(parse_quantity({"triangular": [0, 0, 1]}), (0.0, 1.0)) == Triangular(0.0, 0.0, 1.0)
    assert distribution_of(parse_quantity({"beta": [2, 3]}), (0.0, 1.0)) == Beta(2.0, 3.0)
    two = parse_quantity({"value": 0.4, "discrete": [[1, 0.4], [0, 0.6]]})
    assert distribution_of(two, (0.0, 1.0)) == Discrete((0.0, 1.0), (0.6, 0.4))


@given(
    st.sampled_from([Beta(2.0, 30.0), Uniform(1.0, 2.0), Triangular(0.0, 1.0, 5.0), Discrete((0.0, 1.0), (0.4, 0.6))]),
    st.lists(st.floats(1e-9, 1 - 1e-9), min_size=2, max_size=50),
)
def test_a_higher_share_never_means_a_lower_number(distribution: ProbabilityDistribution, shares: list[float]) -> None:
    values = distribution.quantile(np.sort(shares))
    assert np.all(np.diff(values) >= 0)
