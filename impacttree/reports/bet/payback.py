"""The third slide: when the money comes back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from impacttree.analyses.cash_flow import CashFlow
from impacttree.answers.axis import round_levels
from impacttree.answers.verdict import verdict
from impacttree.answers.words import lowered
from impacttree.errors import QuestionError
from impacttree.quantity.calendar import placed
from impacttree.reports.bet.bet import AXIS_STEPS, Bet
from impacttree.views import Band, Lines, Panel, Series
from impacttree.views.slides import Course, Figures, Milestone, Slide, SlidePart

__all__ = ["payback_texts", "value_head", "value_today", "when_it_comes_back"]

MOST_QUARTERS = 14
"""That an axis names; beyond, it names years."""


def when_it_comes_back(bet: Bet) -> Slide:
    """Return the cumulative net by period, with its deepest outlay, its payback and its range."""
    found, words = bet.returns, bet.words
    ticks = words.ticks(1, bet.horizon)
    last = bet.signed(found.net[-1])
    bands: tuple[Band, ...] = ()
    ends = [0.0, min(found.net), max(found.net)]
    if found.low is not None and found.high is not None and found.low != found.high:
        texts = (f"P10 {bet.signed(found.low[-1])}", f"P90 {bet.signed(found.high[-1])}")
        bands = (Band(found.low, found.high, "P10 to P90", *texts),)
        ends += [min(found.low), max(found.high)]
    places = round_levels(min(ends), max(ends), AXIS_STEPS)
    step = places[1] - places[0]
    if min(ends) < 0 and min(ends) - places[0] < step / 2:  # the name of the lowest point stands below it
        places.insert(0, places[0] - step)
    levels = tuple((level, bet.signed(level)) for level in places)
    lines = Lines("", "", ticks, (Series("Net", found.net, last, accent=True),), levels, (), bands)
    course = Course(lines, tuple(_milestones(bet)), words.period.capitalize())
    course = replace(course, **_fiscal_axis(bet))
    what = "Cumulative net effect" if bet.cost is not None else "Cumulative effect"
    subtitle = f"{what} on {lowered(words.titled(bet.outcome.name))} by {words.period}; line as stated"
    subtitle += ", band P10 to P90" if bands else ""
    parts = (SlidePart(course, 0, 9), SlidePart(Figures(tuple(_stations(bet)), upright=True), 9, 3))
    return Slide(_when_title(bet), parts, subtitle)


def payback_texts(bet: Bet) -> tuple[str, str]:
    """Return the period of payback in large letters, and its range below."""
    found, words = bet.returns, bet.words
    if found.payback is None:
        return "not yet", f"not within {words.periods(bet.horizon)}"
    exactly = bet.exactly(found.payback)
    if found.payback_low is None or found.payback_low == found.payback_high:
        return bet.at(found.payback), exactly
    early, late = (words.ticks(end, end)[0] if end else "later" for end in (found.payback_low, found.payback_high))
    return bet.at(found.payback), "; ".join(filter(None, (exactly, f"{early} to {late} (P10 to P90)")))


def value_today(bet: Bet) -> Iterator[Panel]:
    """Yield what it is worth today in cash; nothing where the model does not say what cash is, or the net is that."""
    try:
        cash = bet.cash
    except QuestionError:
        return
    if cash is None or bet.net == "NPV":
        return
    rate = cash.irr_words[0] if cash.costs else ""  # why there is none stands on the slide of cash
    more = f"; IRR {rate}" if rate.endswith("%") else ""
    more = more if cash.terminal_share is None else " and later"
    told = f"cash {bet.tax}, {bet.words.periods(bet.horizon)}{more}"
    yield Panel(value_head(bet, cash), bet.signed(cash.npv), told)


def value_head(bet: Bet, cash: CashFlow) -> str:
    """Write what the value today is called: ``NPV by Dec 2035``; without an end where a terminal value counts later."""
    name = cash.value_name[:1].upper() + cash.value_name[1:]
    return f"{name} {bet.by_shortly(bet.horizon)}" if cash.costs and cash.terminal_share is None else name


def _milestones(bet: Bet) -> Iterator[Milestone]:
    """Yield where is first spent, where that is later than the start, the deepest net, and where it is paid back."""
    found, words = bet.returns, bet.words
    period, amount = found.deepest
    spent = found.first_spend or 0
    if spent > 1 and spent not in (period, found.payback):
        yield Milestone(spent - 1, found.net[spent - 1], f"First spend, {bet.at(spent)}")
    if bet.cost is not None and amount < 0:
        first = "and first spend, " if spent > 1 and spent == period else ""
        yield Milestone(period - 1, amount, f"{bet.signed(amount)} deepest outlay, {first}{bet.at(period)}")
    if found.payback:
        when = bet.exactly(found.payback) or ("" if words.calendar is None else f"{words.period} {found.payback}")
        at = found.payback - 1
        yield Milestone(at, found.net[at], f"Pays back {bet.placed('in', found.payback)}", when, drops=True)


def _fiscal_axis(bet: Bet) -> dict[str, Any]:
    """Return what stands below the axis where there are fiscal years: their quarters, and each year at its end."""
    if not bet.is_fiscal:
        return {}
    ends = [(t, bet.words.ended(t)) for t in range(1, bet.horizon + 1)]
    quarters = sum(bool(text) for _, text in ends)
    names = [text if " " not in text else text.split()[-1] if quarters <= MOST_QUARTERS else "" for _, text in ends]
    return {"names": tuple(names), "axis": "Fiscal quarters and years, at their ends"}


def _when_title(bet: Bet) -> str:
    found = bet.returns
    net = bet.signed(found.net[-1])
    if bet.cost is None:
        rate = bet.run_rate
        tail = f", at a run rate of {bet.signed(rate)} a year" if rate is not None else ""
        return f"{bet.lift} stands at {net}{bet.way} {bet.end}{tail}"
    name = bet.outcome.name
    what = bet.words.net(name)
    told = verdict(bet.words, name, found, nets=False)
    return f"The {bet.asked} {told}; the {what} stands at {net}{bet.way if what == 'net' else ''} {bet.end}"


def _stations(bet: Bet) -> Iterator[Panel]:
    found = bet.returns
    rate = f"run rate {bet.signed(bet.run_rate)} a year{bet.words.undiscounted}" if bet.run_rate is not None else ""
    spread = ""
    if found.low is not None and found.high is not None:
        spread = f"{bet.span(found.low[-1], found.high[-1], signed=True)} (P10 to P90)"
    detail = "; ".join(text for text in (spread, rate) if text)
    if bet.cost is None:
        for period in bet.stages[:-1]:
            low, point, high = found.after(period)
            small = f"{bet.span(low, high, signed=True)} (P10 to P90)" if low != high else ""
            yield Panel(bet.headed("Worth", period), bet.signed(point), small)
        yield Panel(bet.headed("Worth", bet.horizon), bet.signed(found.net[-1]), detail, accent=True)
        return
    period, amount = found.deepest
    if amount < 0:
        yield Panel("Deepest outlay", bet.signed(amount), placed("after", bet.at_length(period)))
    else:
        yield Panel("Deepest outlay", "none", "what comes in pays for it")
    large, small = payback_texts(bet)
    yield Panel("Payback", large, "; ".join(text for text in (_after(bet), small) if text))
    yield Panel(bet.headed("Net", bet.horizon), bet.signed(found.net[-1]), detail, accent=True)


def _after(bet: Bet) -> str:
    """Write how long after the first payment it is paid back; nothing where that is the number of the period."""
    count, first = bet.returns.payback_after, bet.returns.first_spend
    if count is None or (not first and bet.words.calendar is None):
        return ""
    if not first:
        return f"after {bet.words.periods(count)}"
    return f"{bet.words.periods(count)} after the first spend" if count else "as soon as it is spent"
