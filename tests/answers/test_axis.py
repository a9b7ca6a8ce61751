from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from impacttree.answers.axis import round_levels, round_step
from tests.strategies import examples


@examples(200)
@given(st.floats(-1e9, 1e9), st.floats(1e-6, 1e9))
def test_levels_are_few_and_enclose_what_they_span(low, width):
    high = low + width
    levels = round_levels(low, high)
    assert 2 <= len(levels) <= 8
    assert levels[0] <= low + 1e-12 * abs(low) + 1e-9 * width
    assert levels[-1] >= high - 1e-9 * (abs(high) + width)


@examples(200)
@given(st.floats(1e-9, 1e12), st.integers(1, 100))
def test_a_step_is_round_and_wide_enough(width, count):
    step = round_step(width, count)
    assert step * count >= width * (1 - 1e-12)
    assert step <= 2.5 * width / count * (1 + 1e-12)
    leading = step / 10.0 ** math.floor(math.log10(step) + 1e-9)
    assert min(abs(leading - k) for k in (1, 2, 2.5, 5, 10)) < 1e-6


def test_a_width_of_zero_still_has_an_axis():
    assert round_levels(5.0, 5.0)[0] <= 5.0 <= round_levels(5.0, 5.0)[-1]
    assert len(round_levels(0.0, 0.0)) >= 2
