"""Diagrams for Hypothesis: trees with money that adds up, and anything a caller could pass."""

from __future__ import annotations

from hypothesis import strategies as st

from impacttree.views import Callout, Card, Diagram, Link
from tests.render.diagrams import random_diagram

LABELS = st.one_of(
    st.sampled_from(
        ["Revenue", "Weekly engaged accounts", "NPS", "LTV / CAC", "Net revenue retention of enterprise customers"]
    ),
    st.text(max_size=40),
)


def tree_diagrams(largest: int = 22) -> st.SearchStrategy[Diagram]:
    """Layered trees with loops through time; money is the flow from the lifted card to the outcome."""
    return st.builds(
        random_diagram,
        size=st.integers(1, largest),
        seed=st.integers(0, 10_000),
        extra=st.floats(0.0, 0.55),
        loops=st.integers(0, 2),
    )


@st.composite
def wild_diagrams(draw: st.DrawFn) -> Diagram:
    """Any cards and links: circles, repeats, links to nowhere, any text, any path."""
    names = draw(st.lists(st.sampled_from("abcdefghij"), min_size=1, max_size=9, unique=True))
    cards = tuple(
        Card(
            id=name,
            kind=draw(st.sampled_from(["product", "driver", "financial"])),
            label=draw(LABELS),
            value=draw(st.sampled_from(["42%", "$1,234.5M", "", "65,800 customers a week"])),
            unit=draw(st.sampled_from(["", "per month", "of trials that were started in the period"])),
            owner=draw(st.sampled_from(["", "CFO", "Onboarding and lifecycle PM"])),
            change=draw(st.sampled_from(["", "+0.64%", "-1,234.56% vs plan"])),
            tone=draw(st.sampled_from(["favourable", "adverse", "neutral"])),
            guardrail=draw(st.sampled_from(["", "floor 3.0x"])),
            breached=draw(st.booleans()),
            memory=draw(st.booleans()),
        )
        for name in names
    )
    ends = st.sampled_from([*names, "nowhere"])
    links = tuple(
        Link(
            source=draw(ends),
            target=draw(ends),
            assumed=draw(st.booleans()),
            back=draw(st.booleans()),
            delay=draw(st.sampled_from(["", "next month", "after 3 months"])),
            money=draw(st.sampled_from([0.0, 1.0, -3.0, 1e6])),
            money_text=draw(st.sampled_from(["", "+$1.23M", "-$987"])),
            elasticity_text=draw(st.sampled_from(["", "+1.00"])),
        )
        for _ in range(draw(st.integers(0, 14)))
    )
    path = tuple(draw(st.lists(ends, max_size=5)))
    return Diagram(
        title=draw(LABELS),
        subtitle=draw(LABELS),
        cards=cards,
        links=links,
        outcome=draw(ends),
        path=path,
        lifted=draw(st.sampled_from(["", names[0]])),
        cut=draw(st.sampled_from(["full", "full", "full", "board"])),
        callout=draw(
            st.none() | st.just(Callout("First 12 months", "+$122k", "operating profit", "P10 to P90 $82k to $164k"))
        ),
        notes=(draw(LABELS),),
    )
