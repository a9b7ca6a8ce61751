"""Direction numbers against scipy's Sobol points."""

from __future__ import annotations

import numpy as np
from scipy.stats import qmc

from impacttree.engine.sobol_directions import BITS, DIMENSIONS, directions


def test_unscrambled_points_are_those_of_scipy() -> None:
    count = 2**12
    expected = qmc.Sobol(DIMENSIONS, scramble=False, bits=BITS).random(count)
    index = np.arange(count)
    gray = index ^ (index >> 1)
    for dimension in range(DIMENSIONS):
        words = np.zeros(count, dtype=np.uint64)
        for bit in range(12):
            words ^= np.where(gray >> bit & 1, np.uint64(directions(dimension)[bit]), np.uint64(0))
        np.testing.assert_array_equal(words / 2.0**BITS, expected[:, dimension])


def test_every_dimension_has_all_its_numbers_and_none_is_there_twice() -> None:
    numbers = [directions(dimension) for dimension in range(DIMENSIONS)]
    assert len(set(numbers)) == DIMENSIONS == 161
    for row in numbers:
        lowest_digit = [(number & -number).bit_length() for number in row]
        assert lowest_digit == list(range(BITS, 0, -1))
