"""Points tied to names: what they are by definition, how they cover, and what leaves them as they are."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from impacttree.engine.sobol import CHUNK, MAX_SAMPLES, SobolPoints, chunks_of, dimensions_of
from impacttree.engine.sobol_directions import BITS, DIMENSIONS, directions
from impacttree.errors import QuestionError

NAMES = [f"metric_{k}.value" for k in range(12)]
MANY = [f"metric_{k}.value" for k in range(300)]


def by_definition(name: str, seed: int, dimension: int, index: int) -> float:
    """One coordinate, digit by digit: matrix times direction numbers times index, plus shift, modulo two."""
    digest = hashlib.shake_128(f"{seed}\0{0}\0{name}".encode()).digest(4 * (BITS + 1))
    random = [int.from_bytes(digest[4 * k : 4 * k + 4], "little") for k in range(BITS + 1)]
    digits = [0] * BITS
    for k, number in enumerate(directions(dimension)):
        if index >> k & 1:
            digits = [digit ^ (number >> (BITS - 1 - place) & 1) for place, digit in enumerate(digits)]
    scrambled = []
    for place in range(BITS):
        own = digits[place]
        for earlier in range(place):
            own ^= digits[earlier] & (random[earlier] >> (BITS - 1 - place) & 1)
        scrambled.append(own ^ (random[BITS] >> (BITS - 1 - place) & 1))
    return (sum(digit << (BITS - 1 - place) for place, digit in enumerate(scrambled)) + 0.5) / 2**BITS


@given(st.integers(0, MAX_SAMPLES - 1), st.integers(-(2**70), 2**70), st.sampled_from(range(len(NAMES))))
@settings(max_examples=30)
def test_points_are_what_the_definition_says(index: int, seed: int, position: int) -> None:
    (dimensions,) = dimensions_of(NAMES)
    dimension = dimensions[position]
    assert dimension is not None
    (share,) = SobolPoints(NAMES, seed).shares(position, index, 1)
    assert share == by_definition(NAMES[position], seed, dimension, index)


@pytest.mark.parametrize("chunk", [0, 1, 777, 1023])
def test_every_name_is_stratified_in_every_chunk(chunk: int) -> None:
    points = SobolPoints(MANY, seed=3)
    (dimensions,) = dimensions_of(MANY)
    assert None in dimensions
    for position in range(0, len(MANY), 7):
        shares = points.shares(position, chunk * CHUNK, CHUNK)
        assert np.array_equal(np.sort(np.floor(shares * CHUNK)), np.arange(CHUNK))


def test_chunks_together_are_stratified_more_finely() -> None:
    points = SobolPoints(NAMES, seed=5)
    for position in range(len(NAMES)):
        shares = points.shares(position, 0, 8 * CHUNK)
        assert np.array_equal(np.sort(np.floor(shares * 8 * CHUNK)), np.arange(8 * CHUNK))


def test_pairs_of_names_are_as_good_as_unrelated() -> None:
    points = SobolPoints(MANY, seed=0)
    scores = stats.norm.ppf([points.shares(position, 0, CHUNK) for position in range(len(MANY))])
    correlations = np.abs(np.corrcoef(scores)[np.triu_indices(len(MANY), 1)])
    assert correlations.max() < 0.05
    in_table = [position for position, dimension in enumerate(dimensions_of(MANY)[0]) if dimension is not None]
    within = np.corrcoef(scores[in_table])[np.triu_indices(len(in_table), 1)]
    assert np.sqrt((within**2).mean()) < 0.25 / np.sqrt(CHUNK)


def test_means_converge_much_faster_than_by_chance() -> None:
    """Ishigami's function, whose mean is known: 3.5."""
    errors = []
    for seed in range(20):
        points = SobolPoints(["a", "b", "c"], seed)
        a, b, c = (np.pi * (2 * points.shares(position, 0, CHUNK) - 1) for position in range(3))
        values = np.sin(a) + 7 * np.sin(b) ** 2 + 0.1 * c**4 * np.sin(a)
        errors.append(values.mean() - 3.5)
    by_chance = values.std() / np.sqrt(CHUNK)
    assert np.sqrt(np.mean(np.square(errors))) < by_chance / 10


def test_a_single_point_is_uniform_over_seeds() -> None:
    shares = [float(SobolPoints(["a"], seed).shares(0, 12_345, 1)[0]) for seed in range(400)]
    assert stats.kstest(shares, "uniform").pvalue > 0.01


def test_neither_order_nor_cutting_changes_a_draw() -> None:
    whole = SobolPoints(NAMES, seed=1)
    reordered = SobolPoints(NAMES[::-1], seed=1)
    for position in (0, 5, 11):
        shares = whole.shares(position, 0, 3 * CHUNK)
        np.testing.assert_array_equal(reordered.shares(len(NAMES) - 1 - position, 0, 3 * CHUNK), shares)
        for first, count in ((0, 1), (100, 3000), (CHUNK - 5, 10), (2 * CHUNK, CHUNK), (17, 2 * CHUNK)):
            np.testing.assert_array_equal(whole.shares(position, first, count), shares[first : first + count])


def test_shuffled_names_can_be_cut_as_well() -> None:
    position = dimensions_of(MANY)[0].index(None)
    points = SobolPoints(MANY, seed=1)
    shares = points.shares(position, 0, 2 * CHUNK)
    np.testing.assert_array_equal(points.shares(position, CHUNK - 700, 1500), shares[CHUNK - 700 : CHUNK + 800])
    assert not np.array_equal(np.argsort(shares[:CHUNK]), np.argsort(shares[CHUNK:]))


@given(st.integers(0, 10_000))
@settings(max_examples=40)
def test_a_new_name_moves_at_most_a_few_others(number: int) -> None:
    (before,) = dimensions_of(NAMES)
    (after,) = dimensions_of([f"new_{number}.slope", *NAMES])
    moved = sum(one != other for one, other in zip(before, after[1:], strict=True))
    assert moved <= 2


def test_most_new_names_move_nothing() -> None:
    (before,) = dimensions_of(NAMES)
    untouched = sum(dimensions_of([f"new_{k}.slope", *NAMES])[0][1:] == before for k in range(100))
    assert untouched >= 90


@given(st.lists(st.text(max_size=8), unique=True, max_size=250), st.integers(1, 2))
@settings(max_examples=25)
def test_no_two_names_share_a_dimension(names: list[str], copies: int) -> None:
    chosen = [dimension for copy in dimensions_of(names, copies) for dimension in copy if dimension is not None]
    assert len(set(chosen)) == len(chosen)
    assert all(0 <= dimension < DIMENSIONS for dimension in chosen)


def test_copies_are_independent_and_leave_the_first_as_it_is() -> None:
    one, two = SobolPoints(NAMES, seed=1), SobolPoints(NAMES, seed=1, copies=2)
    first = two.shares(4, 0, CHUNK)
    np.testing.assert_array_equal(one.shares(4, 0, CHUNK), first)
    assert abs(np.corrcoef(first, two.shares(4, 0, CHUNK, copy=1))[0, 1]) < 0.01


def test_another_seed_gives_other_points() -> None:
    assert not np.array_equal(SobolPoints(NAMES, 0).shares(0, 0, 100), SobolPoints(NAMES, 1).shares(0, 0, 100))


def test_shares_never_reach_zero_or_one() -> None:
    points = SobolPoints(NAMES, seed=0)
    for position in range(3):
        shares = points.shares(position, 0, 2**18)
        assert 0 < shares.min() < shares.max() < 1


def test_chunks_cover_all_samples() -> None:
    for samples in (1, CHUNK - 1, CHUNK, CHUNK + 1, 100_000):
        chunks = list(chunks_of(samples))
        assert [first for first, _ in chunks] == list(range(0, samples, CHUNK))
        assert sum(count for _, count in chunks) == samples


@pytest.mark.parametrize("samples", [0, -1, MAX_SAMPLES + 1, True, 1e5, "many"])
def test_a_number_of_samples_that_is_none_is_refused(samples: object) -> None:
    with pytest.raises(QuestionError, match="a simulation takes 1 to 16_777_216 samples"):
        chunks_of(samples)  # type: ignore[arg-type]
