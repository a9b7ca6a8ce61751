"""The slide behind the bet that finance asks for: its cash by period, and what all of it is worth today."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from impacttree.analyses.cash_flow import CashFlow
from impacttree.answers.placeholders import ILLUSTRATIVE
from impacttree.answers.samples import percentage
from impacttree.errors import QuestionError
from impacttree.reports.bet.bet import Bet
from impacttree.reports.bet.payback import value_head
from impacttree.views import Panel, Table
from impacttree.views.slides import Figures, Passage, Prose, Slide, SlidePart

__all__ = ["cash_today"]

COLUMNS = (6, 5, 4, 3, 2)
"""Between today and the total, as many as find room with every figure whole."""


def cash_today(bet: Bet) -> Iterator[Slide]:
    """Yield the way to cash beside NPV, internal rate and payback; nothing where the tree does not name cash."""
    try:
        cash = bet.cash
    except QuestionError as error:
        reason = error.problems[0]
        said = Prose("", (Passage(f"{reason.reason[:1].upper()}{reason.reason[1:]}: {reason.fix}."),))
        yield Slide("what it is worth today in cash cannot be told", (SlidePart(said, 0, 12, 0.0, 0.3),))
        return
    if cash is None:
        return
    table, *narrower = (_lines(cash.table(most, bet.called)) for most in COLUMNS)
    tiles = Figures(tuple(_tiles(bet, cash)), upright=True)
    parts = (SlidePart(table, 0, 9, narrower=tuple(narrower)), SlidePart(tiles, 9, 3))
    subtitle = "From profit to cash, and what it counts today; what is paid stands below zero"
    basis = cash.provenance.basis.removesuffix(f"; {ILLUSTRATIVE}")  # the source says that, too
    footer = (cash.provenance.origin, f"Basis: {basis}.")
    yield Slide(_title(bet, cash), parts, subtitle, cash.view().notes, footer)


def _title(bet: Bet, cash: CashFlow) -> str:
    """``the NPV is +$311k in cash after tax (+$73.7k to +$596k), with an IRR of 97.9%``."""
    said = f"the {cash.value_name} is {bet.signed(cash.npv)} in cash {bet.tax}"
    spread = cash.npv_range
    if spread is not None and not spread.is_point:
        said += f" ({bet.span(spread.p10, spread.p90, signed=True)})"
    if cash.costs:
        rate, _ = cash.irr_words
        said += f", with an IRR of {rate}" if rate.endswith("%") else f"; IRR {rate}"
    if cash.is_mostly_terminal:
        said += (
            f"; {percentage(cash.terminal_share or 0.0)} of the value comes {bet.words.placed('after', bet.horizon)}"
        )
    return said


def _tiles(bet: Bet, cash: CashFlow) -> Iterator[Panel]:
    loss = cash.probability_of_loss
    told = [f"below zero in {percentage(loss)} of samples"] if loss is not None else []
    if cash.terminal_share is not None:
        told.append(f"terminal value {percentage(cash.terminal_share)} of the value")
    yield Panel(value_head(bet, cash), bet.signed(cash.npv), "; ".join(told) or f"in cash, {bet.tax}", accent=True)
    if not cash.costs:
        return
    rate, why = cash.irr_words
    yield Panel("IRR", rate, why)
    plain, present = (_count(bet, count) for count in (cash.payback, cash.discounted_payback))
    yield Panel("Discounted payback", present, f"undiscounted {plain}; both of cash, from the first payment")


def _count(bet: Bet, count: int | None) -> str:
    return "not yet" if count is None else bet.words.periods(count) if count else "at once"


def _lines(table: Table) -> Table:
    """Return the table without the lines on which nothing stands."""
    kept = [k for k, row in enumerate(table.rows) if any(cell.value for cell in row[1:])]
    totals = frozenset(place for place, k in enumerate(kept) if k in table.totals)
    accent = kept.index(table.accent) if table.accent in kept else None
    rows = tuple(table.rows[k] for k in kept)
    return replace(table, title="", notes=(), rows=rows, totals=totals, accent=accent)
