from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from impacttree.quantity import Spread
from impacttree.quantity.spread_checks import deviation

positive = st.floats(1e-6, 1e6)


@given(st.floats(1e-6, 1e6), st.floats(1e-6, 1e6))
def test_a_probability_stands_at_its_mean(alpha: float, beta: float) -> None:
    assert Spread("beta", (alpha, beta)).central() == pytest.approx(stats.beta(alpha, beta).mean(), rel=1e-12)


@given(positive, positive)
def test_lognormal_median_agrees_with_scipy(mean: float, sd: float) -> None:
    variance = math.log1p((sd / mean) ** 2)
    oracle = stats.lognorm(s=math.sqrt(variance), scale=mean * math.exp(-variance / 2))
    assert Spread("lognormal", (mean, sd)).central() == pytest.approx(oracle.median(), rel=1e-9)


@given(st.floats(-100, 100), st.floats(0, 50), st.floats(0, 50))
def test_triangular_median_agrees_with_scipy(low: float, rise: float, fall: float) -> None:
    if rise + fall < 1e-3:
        return
    oracle = stats.triang(rise / (rise + fall), loc=low, scale=rise + fall)
    middle = Spread("triangular", (low, low + rise, low + rise + fall)).central()
    assert oracle.cdf(middle) == pytest.approx(0.5, abs=1e-6)


@given(st.floats(0.01, 0.98), st.floats(0.01, 0.98), st.floats(-5, 5), st.floats(0.1, 100))
def test_a_range_within_bounds_is_symmetric_on_the_logit_scale(a: float, b: float, floor: float, width: float) -> None:
    low, high = sorted((a, b))
    if low == high:
        return
    spread = Spread("p10_p90", (floor + low * width, floor + high * width))
    middle = (spread.central((floor, floor + width)) - floor) / width
    assert special.logit(middle) == pytest.approx((special.logit(low) + special.logit(high)) / 2, abs=1e-6)


@given(positive, positive)
def test_a_positive_range_has_its_geometric_mean_in_the_middle_and_mirrors(a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert Spread("ci95", (low, high)).central() == pytest.approx(math.exp((math.log(low) + math.log(high)) / 2))
    assert Spread("ci95", (-high, -low)).central() == -Spread("ci95", (low, high)).central()


@pytest.mark.parametrize(
    ("numbers", "bounds", "shape"),
    [
        ((0.4, 0.45), (0.0, 1.0), "logit_normal"),
        ((0.4, 0.45), None, "lognormal"),
        ((0.4, 1.0), (0.0, 1.0), "lognormal"),
        ((0.0, 0.4), (0.0, 1.0), "normal"),
        ((-2.0, -1.0), None, "mirrored_lognormal"),
        ((-2.0, 1.0), None, "normal"),
    ],
)
def test_shape_of_a_range(numbers: tuple[float, float], bounds: tuple[float, float] | None, shape: str) -> None:
    assert Spread("p10_p90", numbers).shape(bounds) == shape


def test_other_middles() -> None:
    assert Spread("p10_p90", (-1.0, 3.0)).central() == 1.0
    assert Spread("p10_p50_p90", (1.0, 2.0, 9.0)).central() == 2.0
    assert Spread("normal", (5.0, 1.0)).central() == 5.0
    assert Spread("uniform", (1.0, 4.0)).central() == 2.5
    assert Spread("discrete", (0.0, 0.75, 100.0, 0.25)).central() == 25.0
    assert Spread("p10_p90", (-1.7e308, 1.7e308)).central() == 0.0


def test_only_stated_percentiles_are_a_low_and_high() -> None:
    assert Spread("p10_p50_p90", (1.0, 2.0, 9.0)).low_high() == (1.0, 9.0)
    assert Spread("ci95", (1.0, 2.0)).low_high() is None


@given(
    st.sampled_from(["p10_p90", "ci95", "p10_p50_p90", "uniform", "triangular", "normal", "lognormal", "discrete"]),
    st.floats(-50, 50).filter(lambda factor: abs(factor) > 1e-3),
)
def test_a_spread_times_a_factor_is_that_of_the_product(kind: str, factor: float) -> None:
    numbers = {
        "p10_p50_p90": (1.0, 2.0, 4.0), "triangular": (1.0, 2.0, 4.0), "discrete": (1.0, 0.25, 5.0, 0.75)
    }.get(kind, (1.0, 4.0))  # fmt: skip
    spread = Spread(kind, numbers)  # type: ignore[arg-type]
    scaled = spread.times(factor)
    if kind == "lognormal" and factor < 0:
        assert scaled is None
        return
    assert scaled is not None
    assert scaled.central() == pytest.approx(factor * spread.central())
    assert deviation(scaled) == pytest.approx(abs(factor) * deviation(spread))
    assert scaled.ends() == pytest.approx(tuple(sorted(factor * end for end in spread.ends())))


def test_a_beta_has_no_other_scale_than_its_own() -> None:
    beta = Spread("beta", (2.0, 3.0))
    assert beta.times(0.5) is None
    assert beta.times(1.0) == beta


def test_quantiles_go_through_monotone_functions_and_nothing_else_does() -> None:
    assert Spread("p10_p50_p90", (1.0, 2.0, 4.0)).through(math.log2) == Spread("p10_p50_p90", (0.0, 1.0, 2.0))
    assert Spread("ci95", (1.0, 4.0)).through(lambda x: -x) == Spread("ci95", (-4.0, -1.0))
    assert Spread("uniform", (1.0, 4.0)).through(math.log) is None
