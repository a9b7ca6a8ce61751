"""The first slide: what is asked, what it returns, how good the evidence is, and who signs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from impacttree.answers.axis import round_levels
from impacttree.answers.cost import pays
from impacttree.answers.samples import percentage
from impacttree.answers.words import joined, lowered
from impacttree.errors import QuestionError
from impacttree.graph.model import Influence
from impacttree.quantity.dates import MONTHS
from impacttree.reports.bet.bet import AXIS_STEPS, Bet
from impacttree.reports.bet.payback import payback_texts, value_today
from impacttree.views import Panel
from impacttree.views.slides import Figures, RangeBar, Shares, Signatures, Slide, SlidePart, Spans

__all__ = ["decision"]

NAMED = 0.5
"""A share of the bar of evidence that is larger has its name in it."""


def decision(bet: Bet) -> Slide:
    """Return the decision in one sentence, with its amounts, range, payback, evidence and lines to sign on."""
    stages = bet.stages
    parts = [SlidePart(Figures(tuple(_tiles(bet))), 0, 12, 0.0, 0.31)]
    parts.append(SlidePart(_spans(bet, stages), 0, 8, 0.36, 1.0))
    parts.append(SlidePart(_evidence(bet), 8, 4, 0.36, 0.69))
    parts.append(SlidePart(Signatures("Sign-off", _signing(bet)), 8, 4, 0.72, 1.0))
    title = _claim(bet) if bet.cost is None else f"We ask {bet.asked}: {bet.lift} {bet.verdict}{_value(bet)}"
    return Slide(title, tuple(parts), _subtitle(bet))


def _value(bet: Bet) -> str:
    """Say what it is worth today in cash where that has another sign than the net: ``, while its NPV is -$22k``."""
    try:
        cash = bet.cash
    except QuestionError:
        return ""
    if cash is None or pays(cash.npv) == bet.returns.stages[-1].pays:
        return ""
    return f", while its {cash.value_name} is {bet.signed(cash.npv)}"


def _claim(bet: Bet) -> str:
    """``+5% weekly engagement returns $749k by Oct 2029 ($392k to $1.18M)``."""
    low, point, high = bet.returns.after(bet.horizon)
    verb = "loses" if point < 0 else "returns" if bet.outcome.spec.better == "higher" else "saves"
    said = f"{bet.lift} {verb} {bet.amount(point)}{bet.way} {bet.end}"
    return said if low == high else f"{said} ({bet.span(low, high, signed=False)})"


def _subtitle(bet: Bet) -> str:
    answer, words = bet.worth, bet.words
    moved = " to ".join(words.apart(bet.metric, answer.metric_before, answer.metric_after))
    held = f"In the scenario {lowered(bet.case.scenario)}: " if bet.scenario else ""
    said = f"{held}{words.label(bet.metric)} from {moved}"
    first = bet.first_step
    if first is None:
        return said
    name, share = first
    slot = bet.subject.graph.by_name[name]
    way = "lower" if bet.case.after[slot] < bet.case.before[slot] else "higher"
    return f"{said}; {share:.0%} of the effect comes through {way} {lowered(words.label(name))}"


def _tiles(bet: Bet) -> Iterator[Panel]:
    found = bet.returns
    low, point, high = found.after(bet.horizon)
    spread = f"{bet.span(low, high, signed=False)} (P10 to P90)" if low != high else lowered(bet.outcome.label)
    if bet.cost is None:
        for period in bet.stages[:-1]:
            ends = found.after(period)
            small = f"{bet.span(ends[0], ends[2], signed=False)} (P10 to P90)" if ends[0] != ends[2] else ""
            yield Panel(bet.headed("Worth", period), bet.signed(ends[1]), small)
        yield Panel(bet.headed("Worth", bet.horizon), bet.signed(point), spread, accent=True)
        yield Panel("Run rate", bet.signed(bet.run_rate or 0.0), f"a year, {bet.end}{bet.words.undiscounted}")
        yield from value_today(bet)
        return
    yield Panel("We ask", bet.asked, bet.paid)
    yield Panel(bet.headed("Returns", bet.horizon), bet.signed(point), spread, accent=True)
    net = "after the cost" if bet.counts_in_full else f"after {bet.amount(bet.spent)} paid, discounted"
    low, _, high = _net_after(bet, bet.horizon)
    if bet.counts_in_full and low != high:
        net = f"{bet.span(low, high, signed=True)} (P10 to P90)"
    yield Panel(bet.headed("Net", bet.horizon), bet.signed(found.net[-1]), net)
    yield Panel("Pays back in", *payback_texts(bet))
    yield from value_today(bet)


def _spans(bet: Bet, stages: Sequence[int]) -> Spans:
    """Return what it returns against what it costs; where that differs from stage to stage, what is left of both."""
    costs = {round(bet.returns.paid[period - 1], 6) for period in stages}
    is_net = bet.cost is not None and len(costs) > 1
    rows = []
    for period in stages:
        low, point, high = _net_after(bet, period) if is_net else bet.returns.after(period)
        texts = (bet.amount(low) if low >= 0 else bet.signed(low), bet.amount(point), bet.amount(high))
        texts = texts if point >= 0 and not is_net else (bet.signed(low), bet.signed(point), bet.signed(high))
        label = f"By {bet.by(period).removeprefix('by ')}"
        rows.append(RangeBar(label, low, point, high, *texts, strong=period == stages[-1]))
    (cost, *_), name = sorted(costs), lowered(bet.words.titled(bet.outcome.name))
    ends = [0.0, *(row.low for row in rows), *(row.high for row in rows), 0.0 if is_net else cost]
    levels = tuple((level, _level(bet, level)) for level in round_levels(min(ends), max(ends), AXIS_STEPS))
    if bet.cost is None:
        return Spans(f"What it returns, {name}", tuple(rows), levels)
    if is_net:
        return Spans(f"{bet.net} of what is paid by then, {name}", tuple(rows), levels, 0.0, "even")
    told = f"{'ask' if bet.counts_in_full else 'cost'} {bet.amount(cost)}"
    return Spans(f"What it returns against what it costs, {name}", tuple(rows), levels, cost, told)


def _net_after(bet: Bet, period: int) -> tuple[float, float, float]:
    """Return P10, point and P90 of the net after so many periods."""
    found, at = bet.returns, period - 1
    if found.low is None or found.high is None:
        return (found.net[at],) * 3
    return found.low[at], found.net[at], found.high[at]


def _level(bet: Bet, level: float) -> str:
    return bet.words.value(bet.outcome.name, level)


def _evidence(bet: Bet) -> Shares:
    answer = bet.worth
    shares, notes = answer.evidence_shares, []
    told = answer.evidence_mix[1:] if shares[0].share > NAMED else answer.evidence_mix
    if told:
        notes.append(f"{joined(told)}.")
    source = next((one for one in _influences(bet) if one.evidence.source), None)
    if source is not None:
        dated = source.evidence.date
        when = f", {MONTHS[dated.month - 1]} {dated.year}" if dated else ""
        notes = [" ".join([*notes, f"{source.evidence.source}{when}."])]
    if bet.returns.loss is not None and bet.cost is not None:
        notes.append(f"Chance that it loses money {bet.by_shortly(bet.horizon)}: {percentage(bet.returns.loss)}")
    return Shares("How good is the evidence", shares, tuple(notes))


def _influences(bet: Bet) -> list[Influence]:
    """Return the assumed effects that the worth rests on, along its largest paths first."""
    graph = bet.subject.graph
    found: dict[tuple[str, str], Influence] = {}
    for path in bet.worth.paths:
        for source, target in zip(path.metrics, path.metrics[1:], strict=False):
            for influence in graph[target].influences:
                if influence.source == source:
                    found.setdefault((source, target), influence)
    return list(found.values())


def _signing(bet: Bet) -> tuple[tuple[str, str], ...]:
    return (("Owner", bet.owner(bet.metric)), ("Approves", bet.owner(bet.outcome.name)))
