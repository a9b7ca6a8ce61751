from __future__ import annotations

import dataclasses

import pytest

from impacttree.render import to_text
from impacttree.render.outline import outline
from impacttree.views import Card, Diagram, Link
from tests.render.views import DIAGRAM, PANELS


def labels(diagram: Diagram) -> list[str]:
    return [row[0].text for row in outline(diagram).rows]


def test_each_metric_stands_above_what_feeds_it() -> None:
    assert labels(DIAGRAM) == [
        "Operating profit",
        "  Revenue",
        "    Customers",
        "      Monthly churn",
        "        Weekly engagement",
        "        NPS",
        "          Weekly engagement",
        "          Customers",
        "    ARPU",
        "  COGS",
        "    Customers",
        "LTV/CAC",
        "  Monthly churn",
        "  ARPU",
    ]


def test_a_shared_metric_is_unfolded_once() -> None:
    rows = {row[0].text: [cell.text for cell in row[1:]] for row in outline(DIAGRAM).rows}
    assert rows["    Customers"] == ["see above", "", "-$4k", "exact +1.00", "", ""]
    assert rows["          Customers"] == ["", "", "", "assumed +0.05, next month", "", ""]


def test_what_the_picture_says_is_said() -> None:
    text = to_text(dataclasses.replace(DIAGRAM, panels=PANELS))
    for card in DIAGRAM.cards:
        assert f"{card.value} {card.unit}".strip() in text
        assert card.owner in text
        assert card.change in text
    for link in DIAGRAM.links:
        assert link.money_text in text
        assert link.elasticity_text in text
    assert "guardrail floor 3.0x holds" in text
    assert "First 12 months: +$17k operating profit ($9k to $26k)" in text
    assert "The ask: Fund the onboarding rebuild" in text
    assert "Evidence: 92% experiment; 8% judgement" in text
    assert DIAGRAM.notes[0] in text
    assert text.splitlines()[:2] == [DIAGRAM.title, DIAGRAM.subtitle]


def test_a_breached_guardrail_says_so() -> None:
    cards = tuple(dataclasses.replace(card, breached=True) for card in DIAGRAM.cards)
    assert "guardrail floor 3.0x breached" in to_text(dataclasses.replace(DIAGRAM, cards=cards))


def chain(length: int) -> Diagram:
    cards = tuple(Card(f"m{index}", "driver", f"Metric {index}", "1", "") for index in range(length))
    links = tuple(Link(f"m{index + 1}", f"m{index}", False, False) for index in range(length - 1))
    return Diagram("Chain", "", cards, links, "m0", ("m0",))


@pytest.mark.slow
def test_a_chain_of_ten_thousand_stays_readable_and_quick() -> None:
    text = to_text(chain(10_000))
    assert "[level 9999] Metric 9999" in text
    assert max(map(len, text.splitlines())) < 150


def test_a_loop_apart_from_the_outcome_is_listed_too() -> None:
    cards = tuple(Card(name, "driver", name.upper(), "1", "") for name in ("out", "a", "b"))
    links = (Link("a", "b", False, False), Link("b", "a", False, True, "next month"))
    diagram = Diagram("", "", cards, links, "out", ())
    assert labels(diagram) == ["OUT", "B", "  A", "    B"]
