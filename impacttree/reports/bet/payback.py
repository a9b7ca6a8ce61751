"""The third slide: when the money comes back."""

from __future__ import annotations

from collections.abc import Iterator

from impacttree.answers.axis import round_levels
from impacttree.answers.words import lowered
from impacttree.reports.bet.bet import AXIS_STEPS, Bet
from impacttree.views import Band, Lines, Panel, Series
from impacttree.views.slides import Course, Figures, Milestone, Slide, SlidePart

__all__ = ["payback_texts", "when_it_comes_back"]


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
    what = "Cumulative net effect" if bet.cost is not None else "Cumulative effect"
    subtitle = f"{what} on {lowered(bet.outcome.label)} by {words.period}; line as stated"
    subtitle += ", band P10 to P90" if bands else ""
    parts = (SlidePart(course, 0, 9), SlidePart(Figures(tuple(_stations(bet)), upright=True), 9, 3))
    return Slide(_when_title(bet), parts, subtitle)


def payback_texts(bet: Bet) -> tuple[str, str]:
    """Return the period of payback in large letters, and its range below."""
    found, words = bet.returns, bet.words
    if found.payback is None:
        return "not yet", f"not within {words.periods(bet.horizon)}"
    if found.payback_low is None or found.payback_low == found.payback_high:
        return words.at(found.payback), ""
    early, late = (words.ticks(end, end)[0] if end else "later" for end in (found.payback_low, found.payback_high))
    return words.at(found.payback), f"P10 to P90: {early} to {late}"


def _milestones(bet: Bet) -> Iterator[Milestone]:
    """Yield where the net is deepest, and where it is paid back."""
    found, words = bet.returns, bet.words
    period, amount = found.deepest
    if bet.cost is not None and amount < 0:
        yield Milestone(period - 1, amount, f"{bet.signed(amount)} deepest outlay, {words.at(period)}")
    if found.payback:
        when = "" if words.calendar is None else f"{words.period} {found.payback}"
        at = found.payback - 1
        yield Milestone(at, found.net[at], f"Pays back in {words.at(found.payback)}", when, drops=True)


def _when_title(bet: Bet) -> str:
    found = bet.returns
    net = bet.signed(found.net[-1])
    if bet.cost is None:
        rate = bet.run_rate
        tail = f", at a run rate of {bet.signed(rate)} a year" if rate is not None else ""
        return f"{bet.lift} stands at {net} {bet.end}{tail}"
    if found.payback is None:
        return f"The {bet.asked} is not back {bet.end}: the net stands at {net}"
    if found.payback == bet.horizon:
        return f"The {bet.asked} is back only {bet.end}, with {net} to spare"
    return f"The {bet.asked} is back by {bet.words.at(found.payback)} and stands at {net} {bet.end}"


def _stations(bet: Bet) -> Iterator[Panel]:
    found, words = bet.returns, bet.words
    rate = f"run rate {bet.signed(bet.run_rate)} a year" if bet.run_rate is not None else ""
    spread = ""
    if found.low is not None and found.high is not None:
        spread = f"{bet.span(found.low[-1], found.high[-1], signed=True)} (P10 to P90)"
    detail = "; ".join(text for text in (spread, rate) if text)
    if bet.cost is None:
        for period in bet.stages[:-1]:
            low, point, high = found.after(period)
            small = f"{bet.span(low, high, signed=True)} (P10 to P90)" if low != high else ""
            yield Panel(f"Worth {bet.words.by(period)}", bet.signed(point), small)
        yield Panel(f"Worth {bet.end}", bet.signed(found.net[-1]), detail, accent=True)
        return
    period, amount = found.deepest
    yield Panel("Deepest outlay", bet.signed(amount), f"after {words.at(period)}")
    large, small = payback_texts(bet)
    after = "" if words.calendar is None or not found.payback else f"after {words.periods(found.payback)}"
    yield Panel("Payback", large, "; ".join(text for text in (after, small) if text))
    yield Panel(f"Net {bet.end}", bet.signed(found.net[-1]), detail, accent=True)
