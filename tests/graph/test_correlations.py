"""Correlations in a file: what they name, and whether they can hold together, against numpy's eigenvalues."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impacttree.errors import ModelError, Problem
from impacttree.graph import Correlated, build
from impacttree.graph.correlations import _fails_at, _guilty, check_correlations
from impacttree.graph.findings import Findings
from impacttree.spec import MetricSpec, TreeSpec, load_text, read_text

Correlation = tuple[str, str, float]
NAMES = ["a.value", "b.value", "c.value", "d.value", "e.value"]


def check(*correlations: Correlation, names: list[str] = NAMES) -> tuple[tuple[Correlated, ...], list[Problem]]:
    spec = TreeSpec(metrics=[MetricSpec("a", value=1)], correlations=correlations)
    findings = Findings(spec, [])
    groups = check_correlations(names, ["f.value"], [], findings)
    return groups, findings.problems


def test_what_is_listed_makes_groups() -> None:
    groups, problems = check(("a.value", "c.value", 0.3), ("e.value", "c.value", -0.8), ("d.value", "b.value", 0.5))
    assert not problems
    assert groups == (
        Correlated(("a.value", "c.value", "e.value"), (("a.value", "c.value", 0.3), ("c.value", "e.value", -0.8))),
        Correlated(("b.value", "d.value"), (("b.value", "d.value", 0.5),)),
    )


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
    assert "a.value and c.value (e.g. 0.81), which is taken as uncorrelated" in problems[0].fix


def test_certain_together_and_following_from_others_are_possible() -> None:
    half = 0.5**0.5
    for listed in (
        [("a.value", "b.value", 1)],
        [("a.value", "b.value", -1)],
        [("a.value", "c.value", half), ("b.value", "c.value", half)],
    ):
        assert not check(*listed)[1]


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
    if problems:
        scale = float(problems[0].fix.split("times ")[1].split(";")[0])
        assert not check(*((a, b, scale * value) for a, b, value in listed))[1]
        assert check(*((a, b, min(scale + 0.01, 1) * value) for a, b, value in listed))[1]


def test_named_numbers_are_impossible_together_and_possible_without_any_one() -> None:
    random = np.random.default_rng(0)
    names = [f"n{position}" for position in range(6)]
    checked = 0
    while checked < 100:
        draws = np.where(random.random((6, 6)) < 0.6, random.uniform(-1, 1, (6, 6)), 0.0)
        matrix = np.tril(draws, -1) + np.tril(draws, -1).T + np.eye(6)
        if np.linalg.eigvalsh(matrix)[0] > -0.01:
            continue
        checked += 1
        pairs = {(names[i], names[j]): float(matrix[i, j]) for j in range(6) for i in range(j)}
        chosen = sorted(names.index(name) for name in _guilty(names, pairs))
        assert np.linalg.eigvalsh(matrix[np.ix_(chosen, chosen)])[0] < 0
        for left_out in chosen:
            rest = [position for position in chosen if position != left_out]
            assert np.linalg.eigvalsh(matrix[np.ix_(rest, rest)])[0] > -1e-9
            assert _fails_at([names[position] for position in rest], pairs) is None


def test_groups_are_bounded() -> None:
    names = [f"m{k}.value" for k in range(101)]
    _, problems = check(*((names[k], names[k + 1], 0.1) for k in range(100)), names=names)
    assert "101 numbers hang together" in problems[0].reason
    assert not check(*((names[k], names[k + 1], 0.1) for k in range(99)), names=names)[1]


def test_few_impossible_groups_are_explained() -> None:
    names = [f"m{k:03}.value" for k in range(60)]
    triples = [names[k : k + 3] for k in range(0, 60, 3)]
    listed = [pair for a, b, c in triples for pair in ((a, b, 0.9), (b, c, 0.9), (a, c, -0.9))]
    _, problems = check(*listed, names=names)
    assert len(problems) == 11
    assert "the rest is not checked" in problems[-1].reason


def test_many_numbers_that_only_fail_all_together_are_named_in_part() -> None:
    names = [f"m{k:02}.value" for k in range(40)]
    listed = [(a, b, -1 / 38.5) for i, a in enumerate(names) for b in names[:i]]
    _, problems = check(*listed, names=names)
    assert "and 774 more" in problems[0].reason


# ---- in a file

TEXT = """
outcome: paid
metrics:
  visits: {value: 1000/month (800 to 1250)}
  price: {value: $30 ($25 to $36)}
  tax: {value: 20%}
  score: {value: 40, drivers: {visits: {elasticity: 0.3}}}
  paid: {formula: visits * price * (1 - tax) * score}
correlations:
  - [price.value, visits.value, -0.4]
  - LINE
"""


def problems_of(text: str) -> tuple[Problem, ...]:
    reading = read_text(text, "m.yaml")
    assert reading.spec is not None
    with pytest.raises(ModelError) as caught:
        build(reading.spec, reading.problems)
    return caught.value.problems


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("[price.value, score.visits.elasticity, 1.01]", "between -1 and 1, and 1.01 does not"),
        ("[price.value, score.visits.elasticty, 0.3]", "(did you mean 'score.visits.elasticity'?)"),
        ("[price, visits.value, 0.3]", "there is no number 'price' in this tree"),
        ("[price.value, tax.value, 0.3]", "tax.value is certain"),
        ("[price.value, price.value, 1]", "correlated with itself"),
        ("[visits.value, price.value, 0.3]", "listed twice"),
        ("[price.value, visits.value]", "a correlation is two numbers of the tree and how they go together"),
        ("[price.value, visits.value, 0.3, 1]", "two numbers of the tree"),
        ("price.value", "a correlation is a list, not text"),
        ("{price.value: 0.3}", "a correlation is a list, not a mapping"),
        ("[price.value, [visits.value], 0.3]", "this is text, not a list"),
        ("[price.value, score.visits.elasticity, 30%]", "'30%' is not a correlation"),
        ("[price.value, score.visits.elasticity, 0.1 to 0.3]", "is not a correlation"),
        ("[price.value, score.visits.elasticity, much]", "not a number"),
        ("[price.value, score.visits.elasticity, nan]", "finite"),
        ("[price.value, ~, 0.3]", "nothing is written"),
    ],
)
def test_each_wrong_entry_is_one_problem_with_its_line(line: str, reason: str) -> None:
    (problem,) = problems_of(TEXT.replace("LINE", line))
    assert reason in problem.reason
    assert (problem.file, problem.line) == ("m.yaml", 11)
    assert problem.key.startswith("correlations.1")
    assert problem.fix


def test_entries_that_cannot_be_read_leave_the_others_in_their_place() -> None:
    lines = "[price.value]\n  - [price.value, tx.value, 0.2]\n  - [a]\n  - [tax.value, price.value, 0.2]"
    found = [(problem.line, problem.key) for problem in problems_of(TEXT.replace("LINE", lines))]
    assert found == [
        (11, "correlations.1"), (12, "correlations.2"), (13, "correlations.3"), (14, "correlations.4")
    ]  # fmt: skip


def test_numbers_of_a_metric_with_a_problem_of_its_own_are_not_judged() -> None:
    text = TEXT.replace("LINE", "[price.value, score.visits.elasticity, 0.3]").replace("elasticity: 0.3}", "slop: 1}")
    assert [problem.metric for problem in problems_of(text)] == ["score"]


def test_a_file_with_correlations_builds() -> None:
    graph = build(load_text(TEXT.replace("LINE", "[score.visits.elasticity, price.value, 0.2]")))
    assert graph.correlations == (
        Correlated(
            ("price.value", "score.visits.elasticity", "visits.value"),
            (("price.value", "score.visits.elasticity", 0.2), ("price.value", "visits.value", -0.4)),
        ),
    )


@pytest.mark.parametrize(("raw", "reason"), [("[]", "empty"), ("x", "is a list, not text"), ("{a: 1}", "is a list")])
def test_the_key_is_a_list(raw: str, reason: str) -> None:
    with pytest.raises(ModelError, match=reason):
        load_text(f"metrics: {{a: {{value: 1}}}}\ncorrelations: {raw}")


@pytest.mark.parametrize(("value", "implied"), [(1.0, "1"), (0.9, "0.81"), (-0.9, "0.81")])
def test_a_pair_that_was_left_out_is_named_as_the_way_out_which_works(value: float, implied: str) -> None:
    groups, problems = check(("a.value", "b.value", value), ("b.value", "c.value", value))
    assert groups == ()
    (problem,) = problems
    assert problem.fix.startswith(f"list a.value and c.value (e.g. {implied}), which is taken as uncorrelated, or move")
    listed = ("a.value", "c.value", float(implied))
    groups, problems = check(("a.value", "b.value", value), ("b.value", "c.value", value), listed)
    assert len(groups) == 1
    assert not problems
