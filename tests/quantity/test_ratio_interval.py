"""Fieller's interval against the test that it inverts, against simple limits, and by how often it holds the truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize

from impacttree.quantity.ratio_interval import Estimate, ratio_interval
from impacttree.quantity.spread_checks import Z_P90

values = st.floats(-5, 5).filter(lambda value: abs(value) > 0.01)
errors = st.floats(0.01, 3)
correlations = st.floats(-0.95, 0.95)


def statistic(ratio: float, numerator: Estimate, denominator: Estimate, correlation: float) -> float:
    """How many standard errors ``numerator - ratio * denominator`` is away from zero."""
    covariance = correlation * numerator.error * denominator.error
    variance = numerator.error**2 - 2 * ratio * covariance + ratio**2 * denominator.error**2
    return abs(numerator.value - ratio * denominator.value) / math.sqrt(variance)


@given(values, errors, values, errors, correlations, st.sampled_from([1.0, Z_P90, 1.96]))
def test_the_ends_are_where_the_test_just_accepts(
    b: float, b_error: float, a: float, a_error: float, correlation: float, score: float
) -> None:
    numerator, denominator = Estimate(b, b_error), Estimate(a, a_error)
    ends = ratio_interval(numerator, denominator, score, correlation)
    if abs(a) <= score * a_error:
        assert ends is None
        return
    if abs(a) < 1.001 * score * a_error:
        return
    assert ends is not None
    ratio = b / a

    def margin(at: float) -> float:
        return statistic(at, numerator, denominator, correlation) - score

    assert margin(ratio) == pytest.approx(-score)
    for end, away in zip(ends, (-1.0, 1.0), strict=True):
        step = 1.0
        while margin(ratio + away * step) < 0:
            step *= 2
        found = optimize.brentq(margin, *sorted((ratio, ratio + away * step)), xtol=1e-12, rtol=1e-14)
        assert end == pytest.approx(found, rel=1e-7, abs=1e-9)


@given(values, errors, values)
def test_a_known_denominator_only_scales(b: float, b_error: float, a: float) -> None:
    ends = ratio_interval(Estimate(b, b_error), Estimate(a, 0.0), Z_P90)
    half = Z_P90 * b_error / abs(a)
    assert ends == (pytest.approx(b / a - half, abs=1e-12), pytest.approx(b / a + half, abs=1e-12))


@given(values, errors, values, st.floats(0.001, 0.2), correlations)
def test_signs_mirror(b: float, b_error: float, a: float, share: float, correlation: float) -> None:
    denominator = Estimate(a, abs(a) * share)
    low, high = ratio_interval(Estimate(b, b_error), denominator, Z_P90, correlation) or (math.nan, math.nan)
    assert low < b / a < high
    mirrored = ratio_interval(Estimate(-b, b_error), denominator, Z_P90, -correlation)
    assert mirrored == (pytest.approx(-high), pytest.approx(-low))
    both = ratio_interval(Estimate(-b, b_error), Estimate(-a, abs(a) * share), Z_P90, correlation)
    assert both == (pytest.approx(low), pytest.approx(high))


@pytest.mark.parametrize("denominator", [Estimate(0.0, 0.0), Estimate(0.0, 1.0), Estimate(-1.0, 1.0)])
def test_no_interval_where_the_denominator_may_be_zero(denominator: Estimate) -> None:
    assert ratio_interval(Estimate(1.0, 1.0), denominator, 1.0) is None


@pytest.mark.parametrize("correlation", [-0.6, 0.0, 0.8])
@pytest.mark.parametrize("truth", [(-0.3, 2.0), (0.0, 2.0), (4.0, -2.5)])
def test_four_intervals_in_five_hold_the_true_ratio(truth: tuple[float, float], correlation: float) -> None:
    b, a = truth
    b_error, a_error = 0.2, 0.5
    covariance = correlation * b_error * a_error
    draws = np.random.default_rng(7).multivariate_normal(
        [b, a], [[b_error**2, covariance], [covariance, a_error**2]], size=20_000
    )
    held = 0
    for numerator, denominator in draws:
        ends = ratio_interval(Estimate(numerator, b_error), Estimate(denominator, a_error), Z_P90, correlation)
        held += ends is None or ends[0] <= b / a <= ends[1]
    assert held / len(draws) == pytest.approx(0.8, abs=4 * math.sqrt(0.8 * 0.2 / len(draws)) + 0.002)
