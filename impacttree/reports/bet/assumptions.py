"""The fourth slide: what must be true, beside what the worth rests on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from impacttree.analyses.break_even import BreakEven
from impacttree.analyses.uncertainty import uncertainty
from impacttree.answers.cost import COST
from impacttree.answers.samples import percentage
from impacttree.answers.words import lowered
from impacttree.errors import QuestionError
from impacttree.reports.bet.bet import Bet
from impacttree.spec.address import Address
from impacttree.views import Bar, Bars, Cell, Column, Table
from impacttree.views.slides import Passage, Prose, Slide, SlidePart

__all__ = ["number_name", "what_must_hold"]

MOST_ROWS = 6
"""Switching values on a slide."""
MOST_BARS = 8


def what_must_hold(bet: Bet) -> Slide | None:
    """Return switching values beside the tornado of the worth; None where nothing can be switched."""
    try:
        found = bet.break_even
    except QuestionError:
        return None
    table = found.view()
    rows = [_short(bet, row) for row in table.rows[:MOST_ROWS]]
    condition = table.columns[2].label
    columns = (Column("What must hold"), Column("We assume"), Column(condition), Column("P10 to P90"), Column(""))
    head = "Where it would stop paying, one at a time" if bet.cost is not None else "Where it would turn around"
    left = Table(head, columns, tuple(rows), accent=table.accent)
    said = "The check mark: it holds over the whole range, P10 to P90."
    if bet.returns.loss is not None and bet.cost is not None:
        said += f" At {bet.worth.change}, {percentage(1 - bet.returns.loss)} of all samples pay."
    tornado = _tornado(bet)
    wide = 7 if tornado else 12
    parts = [SlidePart(left, 0, wide, 0.0, 0.8), SlidePart(Prose("", (Passage(said),)), 0, wide, 0.83, 1.0)]
    parts += [SlidePart(tornado, 7, 5)] if tornado else []
    until = f"the net {bet.end} is zero" if bet.cost is not None else f"the effect {bet.end} changes sign"
    subtitle = f"Each assumption moved alone until {until}"
    subtitle += " (left) and across its range (right)" if tornado else ""
    return Slide(_must_title(bet, found, rows), tuple(parts), subtitle, notes=table.notes)


def _must_title(bet: Bet, found: BreakEven, rows: Sequence[tuple[Cell, ...]]) -> str:
    if table_lift := next((row for row in rows if row[0].value == f"{bet.metric}.lift"), None):
        needs = table_lift[2].text
        would = "pays" if found.pays else "would pay"
        label = lowered(bet.words.label(bet.metric))
        size, _, side = needs.partition(" or ")
        bare, assumed = size.lstrip("+-"), table_lift[1].text.lstrip("+-")
        if size[:1] not in "+-" or size[:1] != table_lift[1].text[:1]:
            return f"It {would} if {label} moves by {needs}; we assume {table_lift[1].text}"
        way = "rises" if size.startswith("+") else "falls"
        most = "at least" if (side == "more") == (way == "rises") else "at most"
        return f"It {would} if {label} {way} {most} {bare}; we assume {assumed}"
    return found.title


def _short(bet: Bet, row: Sequence[Cell]) -> tuple[Cell, ...]:
    """Return a row in fewer words: what an effect is counted per stands in its name, a unit once in a range."""
    name, *amounts, spread, mark = row
    per = _PER.search(amounts[0].text)
    texts = [_PER.sub("", cell.text) for cell in (*amounts, spread)]
    low, between, high = texts[-1].partition(" to ")
    unit = re.search(r"\D*$", high)
    if between and unit and unit.group() and low.endswith(unit.group()):
        texts[-1] = f"{low.removesuffix(unit.group())}{between}{high}"
    shown = number_name(bet, name)
    if per is not None:
        shown = replace(shown, text=shown.text.replace(" per ", f" per {per.group(1)} ", 1))
    cells = (replace(cell, text=text) for cell, text in zip((*amounts, spread), texts, strict=True))
    return (shown, *cells, _mark(mark))


_PER = re.compile(r" per (\+\S+)")


def number_name(bet: Bet, cell: Cell) -> Cell:
    """Name a number as people at a table do: ``Monthly churn per weekly engagement``."""
    address, words = Address.parse(str(cell.value)), bet.words
    if address.source is not None:
        return replace(cell, text=f"{words.label(address.metric)} per {lowered(words.label(address.source))}")
    if address.key == "lift":
        return replace(cell, text=f"{words.label(address.metric)}, the lift")
    return replace(cell, text="Cost of the bet") if cell.value == COST else cell


def _mark(cell: Cell) -> Cell:
    return Cell("✓") if cell.text == "over its range" else Cell("not all") if cell.text.startswith("NOT") else Cell("")


def _tornado(bet: Bet) -> Bars | None:
    """Return what the worth rests on: each uncertain number alone from its P10 to its P90."""
    changes = {bet.metric: bet.change}
    found = uncertainty(bet.subject, bet.on, 2**8, changes=changes, horizon=bet.horizon, scenario=bet.scenario)
    name, words = bet.outcome.name, bet.words
    bars = []
    for row in found.rows[:MOST_BARS]:
        if row.outcome_low is not None and row.outcome_high is not None and row.swing:
            ends = (row.outcome_low, row.outcome_high)
            tones = (words.tone(name, ends[0] - found.central), words.tone(name, ends[1] - found.central))
            label = number_name(bet, Cell(row.label, row.address)).text
            low_text, high_text = map(bet.signed, ends)
            bars.append(Bar(label, *ends, low_text, high_text, *tones))
    if not bars:
        return None
    title = f"What the {bet.amount(found.central)} rests on, P10 to P90 each"
    return Bars(title, "", found.central, bet.signed(found.central), tuple(bars))
