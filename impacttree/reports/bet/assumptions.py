"""The fourth slide: what must be true, beside what the worth rests on."""

from __future__ import annotations

import re
from collections.abc import Iterator

from impacttree.analyses.break_even import BreakEven, SwitchingValue
from impacttree.analyses.uncertainty import uncertainty
from impacttree.answers.cost import COST
from impacttree.answers.number_names import size_per
from impacttree.answers.samples import percentage
from impacttree.answers.words import lowered
from impacttree.errors import QuestionError
from impacttree.quantity.timing import around, untimed
from impacttree.reports.bet.bet import Bet
from impacttree.spec.address import Address
from impacttree.views import Bar, Bars, Cell, Column, Table
from impacttree.views.slides import Passage, Prose, Slide, SlidePart

__all__ = ["number_name", "what_must_hold"]

MOST_ROWS = 6
"""Switching values on a slide."""
MOST_BARS = 6


def what_must_hold(bet: Bet) -> Slide | None:
    """Return switching values beside the tornado of the worth; None where nothing can be switched."""
    try:
        found = bet.break_even
    except QuestionError:
        return None
    rows = found.shown[:MOST_ROWS]
    condition = "It keeps its sign if" if bet.cost is None else "It pays if" if found.pays else "It would pay if"
    columns = (Column("What must hold"), Column("We assume"), Column(condition), Column("P10 to P90"), Column(""))
    head = "Where it would stop paying, one at a time" if bet.cost is not None else "Where it would turn around"
    accent = 0 if rows and rows[0] is found.lift else None
    left = Table(head, columns, tuple(_cells(bet, found, row) for row in rows), accent=accent)
    tornado = _tornado(bet)
    wide = 7 if tornado else 12
    said = Prose("", tuple(map(Passage, _said(bet, tornado))))
    parts = [SlidePart(left, 0, wide, 0.0, 0.78), SlidePart(said, 0, wide, 0.8, 1.0)]
    parts += [SlidePart(tornado, 7, 5)] if tornado else []
    until = f"the net {bet.end} is zero" if bet.cost is not None else f"the effect {bet.end} changes sign"
    subtitle = f"Each assumption moved alone until {until}"
    subtitle += " (left) and across its range (right)" if tornado else ""
    return Slide(_title(bet, found), tuple(parts), subtitle, notes=found.notes)


def _said(bet: Bet, tornado: Bars | None) -> Iterator[str]:
    said = "The check mark: it holds over the whole range, P10 to P90."
    if bet.returns.loss is not None and bet.cost is not None:
        said += f" At {bet.worth.change}, {percentage(1 - bet.returns.loss)} of all samples pay."
    yield said
    ends = [bet.sign * end for bar in tornado.bars for end in (bar.low, bar.high)] if tornado else []
    if bet.cost and bet.counts_in_full and ends and min(ends) > bet.returns.cost:
        yield f"No bar at the right reaches down to the {bet.asked} that we ask."


def _title(bet: Bet, found: BreakEven) -> str:
    if bet.cost is None:
        return _turning(bet, found)
    lift, within = found.lift, f"within {bet.words.periods(bet.horizon)}"
    first = bet.returns.stages[0]
    sooner = "" if first.pays == found.pays else f"{'pays' if first.pays else 'does not pay'} within {first.periods}"
    if lift is None:
        said = f"{bet.lift} {'pays' if found.pays else 'does not pay'} {within}, whatever its size"
        return f"{said}, but {sooner}" if sooner else said
    bound, side = found.bound(lift)
    size = around(found.written(lift, bound), f"{lowered(bet.words.label(bet.metric))} or {side}")
    assumed = untimed(found.written(lift, lift.today))
    said = f"{within} it {'pays' if found.pays else 'would pay'} at {size}; we assume {assumed}"
    return f"{said}, which {sooner}" if sooner else said


def _turning(bet: Bet, found: BreakEven) -> str:
    """Say which assumption would turn the effect around first."""
    row = next((row for row in found.rows if row.at is not None), None)
    if row is None:
        return found.title
    bound, side = found.bound(row)
    size, assumed = (found.written(row, level, per=False) for level in (bound, row.today))
    gain = bet.sign * bet.worth.total
    keeps = "It pays" if gain > 0 else "It costs"
    return f"{keeps} as long as {lowered(_name(bet, row))} stays at {size} or {side}; we assume {assumed}"


def _cells(bet: Bet, found: BreakEven, row: SwitchingValue) -> tuple[Cell, ...]:
    """Return a row in few words: what an effect is counted per stands in its name, a unit once in a range."""
    bound, side = found.bound(row)
    if row.low is not None and row.high is not None:
        spread = _range(*(found.written(row, end, per=False) for end in (row.low, row.high)))
    else:
        spread = "our target" if row is found.lift else "not stated"
    return (
        Cell(_name(bet, row), row.address),
        Cell(untimed(found.written(row, row.today, per=False)), row.today),
        Cell(f"{untimed(found.written(row, bound, per=False))} or {side}", row.at, "favourable"),
        Cell(spread),
        Cell("" if row.within_range is None or not found.pays else "not all" if row.within_range else "✓"),
    )


def _range(low: str, high: str) -> str:
    """Write two ends with their unit once: ``2.3 to 2.8%``."""
    unit = re.search(r"\D*$", high)
    return f"{low.removesuffix(unit.group()) if unit else low} to {high}"


def _name(bet: Bet, row: SwitchingValue) -> str:
    """Name a number with what an effect is counted per: ``Monthly churn per +1pp weekly engagement``."""
    is_effect = Address.parse(row.address).source is not None
    per = size_per(bet.words, row.address, row.today)[1] if is_effect else ""
    return number_name(bet, row.address, row.label, per)


def number_name(bet: Bet, address: str, label: str, per: str = "") -> str:
    """Name a number as people at a table do: ``Monthly churn per weekly engagement``."""
    number, words = Address.parse(address), bet.words
    if number.source is not None:
        return " ".join(filter(None, (words.label(number.metric), "per", per, lowered(words.label(number.source)))))
    if number.key == "lift":
        return f"{words.label(number.metric)}, the lift"
    if address == COST and len(bet.returns.outlays) == 1:
        return "Cost of the bet"
    return label.partition(", written off")[0]


def _tornado(bet: Bet) -> Bars | None:
    """Return what the worth rests on: each uncertain number alone from its P10 to its P90."""
    changes = {bet.metric: bet.change}
    found = uncertainty(
        bet.subject, bet.on, 2**8, changes=changes, horizon=bet.horizon, scenario=bet.scenario, basis=bet.basis
    )
    name, words = bet.outcome.name, bet.words
    bars = []
    for row in found.rows[:MOST_BARS]:
        if row.outcome_low is not None and row.outcome_high is not None and row.swing:
            ends = (row.outcome_low, row.outcome_high)
            tones = (words.tone(name, ends[0] - found.central), words.tone(name, ends[1] - found.central))
            label = number_name(bet, row.address, row.label)
            low_text, high_text = map(bet.signed, ends)
            bars.append(Bar(label, *ends, low_text, high_text, *tones))
    if not bars:
        return None
    title = f"What the {bet.amount(found.central)} rests on, P10 to P90 each"
    return Bars(title, "", found.central, bet.signed(found.central), tuple(bars))
