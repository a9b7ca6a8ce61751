"""The same question has one verdict: in the worth, what must hold, the choice, the picture and every slide."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest

import impacttree as it
from impacttree.reports.phrases import typeset
from impacttree.views.slides import Slide

TREE = """
name: Shop
outcome: profit
horizon: {horizon}
period: {period}
{more}
metrics:
  sold: {{value: 100 orders/{period}, kind: product}}
  price: {{value: $10/order (9 to 11)}}
  profit: {{formula: sold * price, kind: financial}}
"""


@cache
def shop(period: str = "month", more: str = "", horizon: int = 12) -> it.Tree:
    return it.loads(TREE.format(period=period, more=more, horizon=horizon))


@dataclass(frozen=True)
class Asked:
    """What is asked, and whether it pays at each horizon."""

    change: Any
    cost: Any
    pays: tuple[bool, ...]
    tree: dict[str, Any] = field(default_factory=dict)
    basis: str = "horizon"


FISCAL = "start_date: 2026-11-01\nfiscal_calendar: {start: February}"
CASH = "finance: {discount_rate: 12%/year, cash: profit}"
CASES = {
    "later": Asked("+10%", "$2000", (False, True, True)),
    "at once": Asked("+10%", "$50", (True, True, True)),
    "never": Asked("+10%", "$9000", (False, False, False)),
    "lost again": Asked("+10%", "$200; $5000 in month 30", (True, True, False)),
    "paid in parts": Asked("+10%", ["$900", "$700 in month 3 over 24 months"], (False, True, True)),
    "paid after the horizon": Asked("+10%", "$900; $600 in month 20", (True, True, True)),
    "a lift in time": Asked(it.lift("+10%", start="month 4", ramp="3 months"), "$1000", (False, True, True)),
    "fiscal": Asked("+10%", "$2000", (False, True, True), {"more": FISCAL}),
    "present value": Asked("+10%", "$1150", (False, True, True), {"more": CASH}, "pv"),
    "days": Asked("+10%", "$2000", (False, True, True), {"period": "day", "more": "start_date: 2027-01-04"}),
    "weeks": Asked("+10%", "$2000", (False, True, True), {"period": "week", "more": "start_date: 2027-01-04"}),
}


@pytest.mark.parametrize("asked", CASES.values(), ids=CASES)
def test_every_answer_to_a_question_has_the_same_verdict(asked: Asked) -> None:
    tree, given = shop(**asked.tree), {"cost": asked.cost, "basis": asked.basis}
    worth = tree.worth("sold", asked.change, **given)
    assert worth.pays is not None
    assert tuple(stage.pays for stage in worth.pays.stages) == asked.pays
    verdict = worth.verdict.partition(f"for {worth.pays.text} ")[2]
    assert ("does not pay back within 12" in verdict) == (
        asked.pays != (True,) * 3 and not asked.pays[0] and asked.pays[2]
    )

    deck = tree.deck("sold", asked.change, **given)
    assert deck.slides[0].title.endswith(typeset(verdict))
    _agrees(deck.slides[2], asked.pays)
    _agrees(deck.slides[3], asked.pays)

    must = tree.break_even("sold", asked.change, **given)
    assert must.pays == asked.pays[0]
    assert (verdict in must.title) == (len(set(asked.pays)) > 1)
    if len(set(asked.pays)) == 1:
        assert ("would pay" in must.title or "does not pay" in must.title) != asked.pays[0]

    decided = tree.decide(it.Decision([it.Act({"sold": asked.change}, cost=asked.cost)]), basis=asked.basis)
    assert tuple(standing.best == 0 for standing in decided.standings) == asked.pays
    assert decided.title.startswith("The horizon decides") == (len(set(asked.pays)) > 1)
    if asked.basis == "horizon":
        picture = tree.diagram(lift=("sold", asked.change), cost=asked.cost)
        assert picture.drawn.title.endswith(verdict)


def _agrees(slide: Slide, pays: tuple[bool, ...]) -> None:
    """A title that tells how it stands at the end tells where one horizon says otherwise."""
    if pays[0] != pays[-1] and "lost it again" not in slide.title:
        assert re.search(r"within 12\b", slide.title)
        assert re.search(r"within 36\b", slide.title, flags=re.IGNORECASE)
    assert ("pay within" in slide.title or "pay back" in slide.title or "lost it" in slide.title
            or "would pay" in slide.title) == (not all(pays))  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "metric", "change", "cost"),
    [
        ("saas", "engagement", "+5%", "$250k"),
        ("internal", "deploy_minutes", "-10%", "$50k"),
        ("duolingo", "mau", "+2%", "$20M"),
    ],
)
def test_decks_of_the_templates_say_what_the_worth_says(name: str, metric: str, change: str, cost: str) -> None:
    tree = it.template(name)
    worth = tree.worth(metric, change, cost=cost, range=False)
    assert worth.pays is not None
    deck = tree.deck(metric, change, cost=cost)
    assert deck.slides[0].title.endswith(typeset(worth.verdict.partition(f"for {worth.pays.text} ")[2]))
