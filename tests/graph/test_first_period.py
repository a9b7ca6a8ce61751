from __future__ import annotations

import pytest

import impacttree as it

TREE = """
outcome: mrr
metrics:
  churn: {value: 16%, bounds: 0% to 100%}
  arpa: {value: $350/customer/month}
  cohort: {start: 100 customers, formula: prev(cohort) * 0.84}
  mrr: {formula: cohort * arpa}
  last: {formula: prev(mrr)}
  x: {formula: FORMULA START}
"""


def unknown(formula: str, start: str = "") -> bool:
    start = f", start: {start}" if start else ""
    return "x" in it.loads(TREE.replace("FORMULA START", f'"{formula}"{start}'))._graph.unknown_today


@pytest.mark.parametrize(
    "formula",
    [
        "mrr / prev(mrr)",
        "mrr / prev(mrr) - 1",
        "mrr / lag(mrr, 12)",
        "mrr - prev(mrr)",
        "if(mrr > prev(mrr), 1, 0)",
        "mrr / last",
        "churn * (mrr - prev(mrr))",
    ],
)
def test_a_comparison_with_the_own_past_has_no_value_today(formula: str) -> None:
    assert unknown(formula)


@pytest.mark.parametrize(
    "formula",
    [
        "prev(mrr)",
        "mrr / prev(cohort)",
        "prev(mrr) / lag(mrr, 2)",
        "min(mrr, prev(cohort) * arpa)",
        "mrr / baseline(mrr)",
        "last / 2",
    ],
)
def test_what_reads_the_past_alone_has_one(formula: str) -> None:
    assert not unknown(formula)


def test_a_stated_start_is_a_value() -> None:
    assert not unknown("mrr - prev(mrr)", "$100/month")
