"""Prepositions of days, weeks, months, quarters and years, in every sentence that names a period."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

import impacttree as it

TREE = """
name: Shop
outcome: profit
horizon: 12
{more}
finance: {{discount_rate: 12%/year, cash: profit}}
metrics:
  sold:
    value: 100 orders/{period} (90 to 110)
    kind: product
    plausible: 90 orders/{period} to 120 orders/{period}
  stock: {{start: 5000 orders, formula: prev(stock) - sold, guardrail: {{min: 3_500}}}}
  price: {{value: $10/order}}
  profit: {{formula: sold * price, kind: financial}}
"""
STEPS = {
    "days": ("period: day\nstart_date: 2027-01-04", "on 15 Jan 2027"),
    "weeks": ("period: week\nstart_date: 2027-01-04", "in the week of 22 Mar 2027"),
    "fiscal weeks": (
        "period: week\nstart_date: 2027-01-31\n"
        "fiscal_calendar: {start: February, pattern: 4-4-5, year_end: last Saturday of January}",
        "in FY28 W12",
    ),
    "months": ("start_date: 2027-01-01", "in Dec 2027"),
    "months from the 15th": ("start_date: 2027-01-15", "between 15 Dec 2027 and 14 Jan 2028"),
    "quarters": ("period: quarter\nstart_date: 2027-01-01", "in Q4 2029"),
    "fiscal quarters": ("period: quarter\nstart_date: 2027-02-01\nfiscal_calendar: {start: February}", "in FY30 Q4"),
    "years": ("period: year\nstart_date: 2027-01-01", "in 2038"),
    "by number": ("", "in month 12"),
}
WRONG = re.compile(
    r"\bin \d{1,2} [A-Z][a-z]{2} \d{4}"  # in 4 Jan 2027
    r"|\b(?:in|by|from|until|after|of|over|takes) week of"
    r"|\b(?:by|until|after) \d{1,2} [A-Z][a-z]{2} \d{4} to \d"  # by 15 Nov 2026 to 14 Dec 2026
    r"|\b(?:on|in the|on the) (?:Q\d|FY|\d{4}\b|[A-Z][a-z]{2} \d{4}|month \d)"
    r"|to \d{1,2} [A-Z][a-z]{2} \d{4} to \d"
)


def told(tree: it.Tree) -> Iterator[str]:
    """Yield what answers say, with all that is below them."""
    late = it.lift("+20%", start=4, ramp=f"3 {tree.spec.period}s", until=11)
    for change in ("+20%", late):
        yield str(tree.worth("sold", change, cost=f"$2000; $300 in {tree.spec.period} 3"))
        yield str(tree.what_if({"sold": change}))
        yield str(tree.project(12, {"sold": change}))
    yield str(tree.worth("sold", late, basis="run_rate", range=False))
    yield str(tree.worth("sold", it.lift("+20%", start=20), range=False))
    yield str(tree.worth("stock", "+1", range=False))
    yield str(tree.break_even("sold", "+20%", cost="$2500"))
    yield str(tree.decide(it.Decision([it.Act({"sold": "+20%"}, cost=f"$2500; $10 in {tree.spec.period} 2")])))
    yield str(tree.check_guardrails({"sold": "+20%"}))
    yield str(tree.headroom())
    yield str(tree.cash_flow({"sold": "+20%"}, cost="$2500"))
    yield str(tree.sensitivity())
    yield str(tree.values())
    for slide in tree.deck("sold", "+20%", cost="$2500").slides:
        yield from (slide.title, slide.subtitle, *slide.notes, *slide.footer, str(slide.parts))


@pytest.mark.slow
@pytest.mark.parametrize("stated", STEPS, ids=STEPS)
def test_prepositions_go_with_what_periods_are_called(stated: str) -> None:
    more, last = STEPS[stated]
    period = re.search(r"period: (\w+)", more)
    tree = it.loads(TREE.format(more=more, period=period.group(1) if period else "month"))
    assert tree._subject.words.placed("in", 12) == last
    wrong = [found.group() for text in told(tree) for found in WRONG.finditer(text)]
    assert wrong == []
