"""The slide before several bets: what each asks, what is left of it, and which is best."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from impacttree.analyses.decide import Decided, WeighedAct, decide
from impacttree.answers.decision import Act, Decision
from impacttree.answers.samples import percentage
from impacttree.answers.verdict import payback_text
from impacttree.answers.words import lowered
from impacttree.errors import QuestionError
from impacttree.reports.bet.bet import Bet
from impacttree.views import Cell, Column, Table
from impacttree.views.slides import Slide, SlidePart

__all__ = ["which_bet"]

MOST_DRAWN = 5
"""Bets whose table leaves room for a picture."""
ROW = 0.075
"""Of the height of a slide, a row of a table at most."""


def which_bet(bets: Sequence[Bet]) -> Iterator[Slide]:
    """Yield the bets side by side; nothing of one alone, or where some have no cost."""
    acts = [Act({bet.metric: bet.change}, cost=bet.cost, label=bet.label) for bet in bets if bet.cost is not None]
    if len(bets) < 2 or len(acts) < len(bets):
        return
    first = bets[0]
    found = decide(first.subject, Decision(acts, on=first.on), scenario=first.scenario, basis=first.basis)
    table = _table(bets, found)
    parts = [SlidePart(table)]
    if len(bets) <= MOST_DRAWN:
        end = ROW * (len(bets) + 3)
        drawn = replace(found.picture(), title="", subtitle="", notes=())
        parts = [SlidePart(table, 0, 12, 0.0, end), SlidePart(drawn, 0, 12, end + 0.04, 1.0)]
    name = lowered(found.words.titled(found.outcome))
    subtitle = f"{first.net} of what each bet costs, {name}, by {found.words.period}; one of them is taken"
    footer = (found.provenance.origin, f"Basis: {found.provenance.basis}.")
    yield Slide(found.title, tuple(parts), subtitle, (*found.view().notes, *found.warnings), footer)


def _table(bets: Sequence[Bet], found: Decided) -> Table:
    stages = bets[0].stages
    heads = [f"{bets[0].net} {bets[0].by_shortly(t)}" for t in stages]
    further = ["Best in samples"] if found.standings[0].shares else []
    further += [f"{_value(bets)} today", "IRR"] if _value(bets) else []
    columns = (Column("Bet"), Column("We ask", "right"), *(Column(head, "right") for head in heads),
               Column("Paid back", "right"), *(Column(head, "right") for head in further))  # fmt: skip
    rows = [_row(bet, act, found, number) for number, (bet, act) in enumerate(zip(bets, found.acts, strict=True))]
    best = found.standings[-1].best
    return Table("", columns, tuple(rows), accent=best)


def _row(bet: Bet, act: WeighedAct, found: Decided, number: int) -> tuple[Cell, ...]:
    returned = act.returns
    back = payback_text(bet.words, returned, spread=False).removeprefix("in ")
    back = bet.at(returned.payback) if returned.payback else back
    nets = [Cell(bet.signed(returned.net[t - 1]), returned.net[t - 1]) for t in bet.stages]
    shares = found.standings[-1].shares
    best = [Cell(percentage(shares[number]), shares[number])] if found.standings[0].shares else []
    cash = bet.cash if _value([bet]) else None
    today = [] if cash is None else [Cell(bet.signed(cash.npv), cash.npv), Cell(cash.irr_words[0])]
    return (Cell(act.label), Cell(bet.amount(returned.cost), returned.cost), *nets, Cell(back), *best, *today)


def _value(bets: Sequence[Bet]) -> str:
    """Return what the value of the bets in cash is called; nothing where some have none, or their net says it."""
    names = {"" if bet.words.net(bet.outcome.name) == "NPV" else _name(bet) for bet in bets}
    return names.pop() if len(names) == 1 else ""


def _name(bet: Bet) -> str:
    try:
        return bet.cash.value_name if bet.cash is not None else ""
    except QuestionError:
        return ""
