from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impacttree.answers.samples import Range, Samples, percentage
from impacttree.errors import QuestionError
from tests.strategies import examples

NUMBERS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60)


@examples(60)
@given(NUMBERS, st.integers(0, 5))
def test_what_is_missing_counts_for_nothing(numbers, missing):
    samples = Samples(np.array([*numbers, *[math.nan] * missing]))
    assert samples.missing == missing
    assert len(samples) == len(numbers) + missing
    assert samples.mean == pytest.approx(np.mean(numbers))
    assert samples.quantiles((0.0, 0.5, 1.0)) == pytest.approx((min(numbers), float(np.median(numbers)), max(numbers)))
    found = samples.range()
    assert min(numbers) <= found.p10 <= found.p50 <= found.p90 <= max(numbers)


def test_samples_are_values():
    one, same, other = (Samples(np.array(numbers)) for numbers in ([1.0, math.nan], [1.0, math.nan], [1.0, 2.0]))
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert one != "samples"
    assert pickle.loads(pickle.dumps(one)) == one
    with pytest.raises(ValueError, match="read-only"):
        one.values[0] = 3.0
    with pytest.raises(AttributeError, match="never change"):
        one.values = other.values


def test_where_no_sample_has_a_value_there_is_no_quantile():
    with pytest.raises(QuestionError, match="none of 3 samples has a value"):
        Samples(np.full(3, math.nan)).quantile(0.5)


@pytest.mark.parametrize("share", [-0.1, 1.1, "0.5", True, None])
def test_a_quantile_is_a_share(share):
    with pytest.raises(QuestionError, match="a share between 0 and 1"):
        Samples(np.arange(3.0)).quantiles((share,))


def range_of(*numbers: float, scale: float = 0.0) -> Range:
    return Samples(np.array(numbers)).range(scale)


def test_a_point_is_where_all_samples_are_the_same_but_for_rounding():
    assert range_of(3.0, 3.0, 3.0).is_point
    assert range_of(0.0, 0.0).is_point
    assert range_of(1e9, 1e9 * (1 + 2**-50), 1e9).is_point
    assert range_of(0.0, 1e-17, -1e-17, scale=0.3).is_point
    assert not range_of(1.0, 2.0, 3.0).is_point
    assert not range_of(0.0, 1e-17, -1e-17).is_point


@pytest.mark.parametrize("spread", [1.0, 1e-2, 1e-3])
def test_a_small_spread_on_a_large_level_is_one(spread):
    random = np.random.default_rng(1)
    found = Samples(50e6 + spread * random.normal(size=8192)).range()
    assert not found.is_point


@pytest.mark.parametrize("share", [0.05, 0.001, 1 / 8192])
def test_a_rare_event_is_a_spread_that_no_quantile_shows(share):
    values = np.zeros(8192)
    values[: round(8192 * share)] = 200.0
    found = Samples(values).range()
    assert (found.p10, found.p50, found.p90, found.is_point) == (0.0, 0.0, 0.0, False)
    assert found.beyond == found.above_zero == pytest.approx(share, rel=0.03)
    assert found.mean == pytest.approx(200 * share, rel=0.03)
    assert found.mean_error == pytest.approx(200 * math.sqrt(share * (1 - share) / 8192), rel=0.03)


def test_what_has_no_mean_says_why():
    found = Samples(np.arange(11.0)).range(mean_missing="churn passes through zero")
    assert (found.mean, found.mean_error, found.mean_missing) == (None, None, "churn passes through zero")
    assert found.times(2.0).mean is None
    assert (found.times(2.0).p90, found.times(2.0).below_zero) == (18.0, found.below_zero)
    assert found.as_dict()["mean_missing"] == "churn passes through zero"
    assert range_of(1.0, 2.0).as_dict()["mean_missing"] is None
    assert range_of(1.0, 2.0).times(12.0).mean == 18.0


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0%"), (1e-6, "under 0.1%"), (0.004, "0.4%"), (0.01, "1%"), (0.256, "26%"), (0.99, "99%"),
        (0.995, "99.5%"), (0.99999, "over 99.9%"), (1.0, "100%"),
    ],
)  # fmt: skip
def test_shares_of_samples(share, text):
    assert percentage(share) == text


@pytest.mark.parametrize("shares", [0.5, None, "half"])
def test_quantiles_are_asked_for_as_a_list(shares):
    with pytest.raises(QuestionError, match=r"a list of shares, such as \[0\.1, 0\.9\]"):
        Samples(np.arange(3.0)).quantiles(shares)


def test_shares_may_be_numbers_of_numpy():
    found = Samples(np.arange(5.0)).quantiles(np.array([0.5, 1.0], dtype=np.float32))
    assert found == Samples(np.arange(5.0)).quantiles([np.float64(0.5), np.int64(1)]) == (2.0, 4.0)
