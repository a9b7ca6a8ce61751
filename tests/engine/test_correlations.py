"""The Gaussian copula: correlations arrive, and margins stay."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from impacttree.engine.correlations import Linked, linked
from impacttree.engine.sobol import CHUNK, SobolPoints
from impacttree.graph import Correlated

NAMES = ["a.value", "b.value", "c.value", "d.value", "e.value"]
POSITIONS = {name: position for position, name in enumerate(NAMES)}


def group(*pairs: tuple[str, str, float]) -> Linked:
    members = tuple(sorted({name for first, second, _ in pairs for name in (first, second)}))
    return linked(Correlated(members, pairs), POSITIONS)


def scores(group: Linked) -> np.ndarray:
    points = SobolPoints(NAMES, seed=2)
    return special.ndtri(group.apply(np.array([points.shares(member, 0, CHUNK) for member in group.members])))


def test_correlations_arrive_and_margins_stay() -> None:
    found = group(("a.value", "c.value", 0.3), ("c.value", "e.value", -0.8))
    assert found.members == (0, 2, 4)
    drawn = scores(found)
    np.testing.assert_allclose(np.corrcoef(drawn), [[1, 0.3, 0], [0.3, 1, -0.8], [0, -0.8, 1]], atol=0.005)
    np.testing.assert_allclose(drawn.mean(axis=1), 0.0, atol=0.005)
    np.testing.assert_allclose(drawn.std(axis=1), 1.0, atol=0.005)
    np.testing.assert_allclose(np.quantile(drawn, [0.1, 0.9], axis=1).T, [[-1.2816, 1.2816]] * 3, atol=0.02)


def test_the_first_of_a_group_keeps_its_own_draws() -> None:
    own = special.ndtri(SobolPoints(NAMES, seed=2).shares(0, 0, CHUNK))
    np.testing.assert_allclose(scores(group(("a.value", "b.value", 0.7)))[0], own, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("value", [1, -1.0])
def test_full_correlation_is_one_number_twice(value: float) -> None:
    drawn = scores(group(("a.value", "b.value", value)))
    np.testing.assert_allclose(drawn[1], value * drawn[0], atol=1e-9)


def test_a_number_that_follows_from_two_others() -> None:
    half = 0.5**0.5
    drawn = scores(group(("a.value", "c.value", half), ("b.value", "c.value", half)))
    np.testing.assert_allclose(drawn[2], half * (drawn[0] + drawn[1]), atol=1e-6)
