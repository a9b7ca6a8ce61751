"""The Gaussian copula: correlations arrive, margins stay, impossible ones are named."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from impacttree.engine.correlations import Correlation, Linked, _least_impossible, linked
from impacttree.engine.sobol import CHUNK, Points
from impacttree.errors import Problem
from impacttree.graph.findings import Findings
from impacttree.spec import MetricSpec, TreeSpec

NAMES = ["a.value", "b.value", "c.value", "d.value", "e.value"]


def check(*correlations: Correlation) -> tuple[tuple[Linked, ...], list[Problem]]:
    findings = Findings(TreeSpec(metrics=[MetricSpec("a", value=1)]), [])
    groups = linked(correlations, NAMES, [*NAMES, "f.value"], findings)
    return groups, findings.problems


def scores(group: Linked) -> np.ndarray:
    points = Points(NAMES, seed=2)
    return special.ndtri(group.apply(np.array([points.shares(member, 0, CHUNK) for member in group.members])))


def test_correlations_arrive_and_margins_stay() -> None:
    (first, second), problems = check(
        ("a.value", "c.value", 0.3), ("c.value", "e.value", -0.8), ("d.value", "b.value", 0.5)
    )
    assert not problems
    assert (first.members, second.members) == ((0, 2, 4), (1, 3))
    drawn = scores(first)
    np.testing.assert_allclose(np.corrcoef(drawn), [[1, 0.3, 0], [0.3, 1, -0.8], [0, -0.8, 1]], atol=0.005)
    np.testing.assert_allclose(drawn.mean(axis=1), 0.0, atol=0.005)
    np.testing.assert_allclose(drawn.std(axis=1), 1.0, atol=0.005)
    np.testing.assert_allclose(np.quantile(drawn, [0.1, 0.9], axis=1).T, [[-1.2816, 1.2816]] * 3, atol=0.02)


def test_the_first_of_a_group_keeps_its_own_draws() -> None:
    (group,), _ = check(("b.value", "a.value", 0.7))
    own = special.ndtri(Points(NAMES, seed=2).shares(0, 0, CHUNK))
    np.testing.assert_allclose(scores(group)[0], own, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("value", [1, -1.0])
def test_full_correlation_is_one_number_twice(value: float) -> None:
    (group,), problems = check(("a.value", "b.value", value))
    assert not problems
    drawn = scores(group)
    np.testing.assert_allclose(drawn[1], value * drawn[0], atol=1e-9)


def test_a_number_that_follows_from_two_others() -> None:
    half = 0.5**0.5
    (group,), problems = check(("a.value", "c.value", half), ("b.value", "c.value", half))
    assert not problems
    drawn = scores(group)
    np.testing.assert_allclose(drawn[2], half * (drawn[0] + drawn[1]), atol=1e-6)


def test_impossible_correlations_are_named_and_only_those() -> None:
    groups, problems = check(
        ("a.value", "b.value", 0.9),
        ("b.value", "c.value", 0.9),
        ("a.value", "c.value", -0.9),
        ("c.value", "d.value", 0.2),
    )
    assert groups == ()
    (problem,) = problems
    assert problem.reason == (
        "these correlations cannot hold together: "
        "a.value and b.value 0.9, a.value and c.value -0.9, b.value and c.value 0.9"
    )
    assert "all of them times 0.5" in problem.fix


def test_what_is_not_listed_counts_as_none() -> None:
    _, problems = check(("a.value", "b.value", 0.9), ("b.value", "c.value", 0.9))
    assert "a.value and b.value 0.9, b.value and c.value 0.9" in problems[0].reason
    assert "not listed are uncorrelated" in problems[0].fix


@given(st.lists(st.floats(-1, 1), min_size=10, max_size=10), st.integers(1, 10))
@settings(max_examples=60)
def test_possible_is_what_has_no_negative_eigenvalue_and_the_fix_works(values: list[float], count: int) -> None:
    pairs = [(i, j) for i in range(5) for j in range(i)][:count]
    matrix = np.eye(5)
    for (i, j), value in zip(pairs, values, strict=False):
        matrix[i, j] = matrix[j, i] = value
    listed = [(NAMES[i], NAMES[j], value) for (i, j), value in zip(pairs, values, strict=False)]
    least = np.linalg.eigvalsh(matrix)[0]
    _, problems = check(*listed)
    if abs(least) > 1e-9:
        assert bool(problems) == (least < 0)
    for problem in problems:
        scale = float(problem.fix.split("times ")[1].split(";")[0])
        named = [
            (NAMES[i], NAMES[j], v) for (i, j), v in zip(pairs, values, strict=False) if f"{v:g}" in problem.reason
        ]
        assert named
    if problems:
        assert not check(*((a, b, scale * value) for a, b, value in listed))[1]


@pytest.mark.parametrize(
    ("correlation", "reason"),
    [
        (("a.value", "b.value", 1.01), "lies between -1 and 1, and 1.01 does not"),
        (("a.value", "b.value", float("nan")), "lies between -1 and 1, and nan does not"),
        (("a.value", "b.value", True), "lies between -1 and 1, and True does not"),
        (("a.value", "b.value", "0.3"), "lies between -1 and 1, and 0.3 does not"),
        (("a.value", "b.valu", 0.3), "no number 'b.valu' in this tree (did you mean 'b.value'?)"),
        (("a.value", "f.value", 0.3), "f.value is certain"),
        (("a.value", "a.value", 1.0), "correlated with itself"),
    ],
    ids=str,
)
def test_each_wrong_correlation_is_one_problem(correlation: Correlation, reason: str) -> None:
    _, problems = check(correlation, ("c.value", "d.value", 0.1))
    (problem,) = problems
    assert reason in problem.reason
    assert problem.key == "correlations.0"
    assert problem.fix


def test_a_pair_that_is_listed_twice_is_refused_either_way_round() -> None:
    _, problems = check(("a.value", "b.value", 0.1), ("b.value", "a.value", 0.1))
    assert [problem.reason for problem in problems] == ["b.value and a.value are listed twice"]


def test_groups_are_bounded() -> None:
    names = [f"m{k}.value" for k in range(202)]
    findings = Findings(TreeSpec(metrics=[MetricSpec("a", value=1)]), [])
    linked([(names[k], names[k + 1], 0.1) for k in range(201)], names, names, findings)
    assert "202 numbers hang together" in findings.problems[0].reason


def test_named_numbers_are_impossible_together_and_possible_without_any_one() -> None:
    random = np.random.default_rng(0)
    checked = 0
    while checked < 100:
        draws = np.where(random.random((6, 6)) < 0.6, random.uniform(-1, 1, (6, 6)), 0.0)
        matrix = np.tril(draws, -1) + np.tril(draws, -1).T + np.eye(6)
        if np.linalg.eigvalsh(matrix)[0] > -0.01:
            continue
        checked += 1
        chosen = _least_impossible(matrix)
        assert np.linalg.eigvalsh(matrix[np.ix_(chosen, chosen)])[0] < 0
        for left_out in chosen:
            rest = [position for position in chosen if position != left_out]
            assert np.linalg.eigvalsh(matrix[np.ix_(rest, rest)])[0] > -1e-9
