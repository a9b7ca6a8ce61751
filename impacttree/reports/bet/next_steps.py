"""The sixth slide: the decision, who does what, the next number to measure, and when."""

from __future__ import annotations

import math
from collections.abc import Iterator

from impacttree.analyses.value_of_information import value_of_information
from impacttree.answers.decision import Decision
from impacttree.answers.words import Words, lowered
from impacttree.quantity.dates import day_text
from impacttree.reports.bet.assumptions import number_name
from impacttree.reports.bet.bet import SAMPLES, Bet
from impacttree.views import Cell, Column, Table
from impacttree.views.slides import Event, Passage, Prose, Slide, SlidePart, Timeline

__all__ = ["what_happens_next"]


def what_happens_next(bet: Bet) -> Slide:
    """Return the decision that is asked for, who does what, and the next numbers to measure."""
    words = bet.words
    check = _check(bet)
    on_day = _on_last_day(words, check)
    needs = _needs(bet, check)
    what = lowered(words.label(bet.metric))
    ask = f"Approve {bet.asked}" if bet.cost is not None else f"Decide on {bet.lift}"
    title = f"{ask}; {on_day} {what} must stand at {needs}" if needs else f"{ask}; check {what} {on_day}"
    release = f"Release {bet.asked} for {bet.lift}" if bet.cost is not None else f"Commit to {bet.lift}"
    is_held = not bet.case.asked.weights
    passages = [
        Passage(f"{release}, held for {words.periods(bet.horizon)}." if is_held else f"{release}.", strong=True)
    ]
    passages += [Passage(f"It is paid in parts: {bet.parts}.")] if bet.parts else []
    passages += [Passage(text) for text in _worth_knowing(bet)]
    rows = [
        ("Owner", bet.owner(bet.metric), f"delivers {_plan(bet, bet.metric, check)} {what}"),
        ("Approves", bet.owner(bet.outcome.name), f"answers for {lowered(bet.outcome.label)}"),
    ]
    people = Table("", (Column("Role"), Column("Who"), Column("What")),
                   tuple(tuple(map(Cell, row)) for row in rows))  # fmt: skip
    parts = (
        SlidePart(Prose("Decision requested", tuple(passages), accent=True), 0, 7, 0.0, 0.34),
        SlidePart(people, 0, 7, 0.38, 0.62),
        SlidePart(_numbers(bet, check, needs), 7, 5, 0.0, 0.36),
        *([SlidePart(Prose("", (Passage(_or_else(bet, needs)),)), 7, 5, 0.4, 0.62)] if needs else []),
        SlidePart(Timeline(tuple(_events(bet, check))), 0, 12, 0.68, 1.0),
    )
    return Slide(title, parts, "One decision, one owner, one day at which we act if the number is not there")


def _check(bet: Bet) -> int:
    """Return when the numbers are measured: after a quarter of the horizon, once the change is in force in full."""
    first = max(1, round(bet.subject.periods() / 4))
    weights = bet.case.asked.weights
    return max(range(first, bet.horizon + 1), key=lambda t: sum(1.0 if one is None else one.at(t) for one in weights))


def _at(bet: Bet, name: str, check: int) -> tuple[float, float]:
    """Return a metric in the period in which it is measured, without the change and with it."""
    slot, case = bet.subject.graph.by_name[name], bet.case.plain
    return case.told_before.at(check)[slot], case.told_after.at(check)[slot]


def _today(bet: Bet, name: str) -> str:
    metric = bet.subject.graph[name]
    return "not known" if bet.subject.missing_today(metric) else bet.words.value(name, bet.subject.today[metric.index])


def _plan(bet: Bet, name: str, check: int) -> str:
    return bet.words.value(name, _at(bet, name, check)[1])


def _on_last_day(words: Words, period: int) -> str:
    """Write ``on 31 January 2027``; ``by month 3`` where the tree states no first day, or none that reaches so far."""
    try:
        return words.by(period) if words.calendar is None else f"on {day_text(words.calendar.last_day(period))}"
    except (OverflowError, ValueError):
        return words.by(period)


def _or_else(bet: Bet, needs: str) -> str:
    limit, _, side = needs.partition(" or ")
    beyond = "Below" if side == "more" else "Above"
    who = bet.owner(bet.metric)
    return f"{beyond} {limit} the {bet.asked} does not come back {bet.end}" + (f": {who} acts." if who else ".")


def _needs(bet: Bet, check: int) -> str:
    """Return the level at which the bet still pays, rounded to the side that does: ``42.8% or more``."""
    if bet.cost is None:
        return ""
    first = next((row for row in bet.switching if row.address == f"{bet.metric}.lift"), None)
    if first is None or first.at is None or not first.today:
        return ""
    before, target = _at(bet, bet.metric, check)
    level = before + (target - before) * first.at / first.today
    rising = target > before
    return f"{_rounded_level(bet, level, target, up=rising)} or {'more' if rising else 'less'}"


def _rounded_level(bet: Bet, level: float, target: float, *, up: bool) -> str:
    """Write a level with three digits, rounded to the side that still holds; with more where that passes the target."""
    for digits in range(3, 7):
        places = digits - 1 - math.floor(math.log10(abs(level))) if level else 0
        scaled = level * 10.0**places
        rounded = (math.ceil(scaled - 1e-9) if up else math.floor(scaled + 1e-9)) / 10.0**places
        seen_apart = round(rounded * 10.0**places) != round(target * 10.0**places)
        if seen_apart and (rounded - target) * (level - target) > 0:
            break
    return bet.words.apart(bet.metric, rounded, target)[0]


def _worth_knowing(bet: Bet) -> Iterator[str]:
    """Say what it is worth, and where it costs something to wait and learn."""
    if bet.cost is None:
        low, point, high = bet.returns.after(bet.horizon)
        spread = f", {bet.span(low, high, signed=True)} (P10 to P90)" if low != high else ""
        yield f"It is worth {bet.signed(point)} {bet.end}{spread}, before any cost."
        return
    asked = Decision(bet.metric, bet.change, cost=bet.cost, on=bet.on)
    found = value_of_information(
        bet.subject, asked, SAMPLES, horizon=bet.horizon, scenario=bet.scenario, basis=bet.basis
    )  # fmt: skip
    if not found.evpi:
        yield f"No measurement can change this decision: {found.choice}."
        return
    most = found.evpi + 2.0 * (found.evpi_error or 0.0)
    yield f"Waiting to learn everything first is worth at most {bet.amount(most)}."
    if found.measure is not None:
        number = number_name(bet, found.measure.address, found.measure.label)
        yield f"The number to measure next: {lowered(number)}."


def _numbers(bet: Bet, check: int, needs: str) -> Table:
    """Return what the numbers are today, and what they are to be in the period in which they are measured."""
    first = bet.first_step
    names = [bet.metric, *([first[0]] if first is not None and first[0] != bet.outcome.name else [])]
    limit = needs.removesuffix(" or more").removesuffix(" or less") or "watch"
    rows = [(_named(bet, name), _today(bet, name), _plan(bet, name, check), limit if name == bet.metric else "watch")
            for name in names]  # fmt: skip
    side = "Act above" if needs.endswith("less") else "Act below"
    columns: tuple[Column, ...] = (
        Column(""), Column("Today", "right"), Column("Plan", "right"), Column(side, "right")
    )  # fmt: skip
    shown = slice(0, 4 if needs else 3)
    when = _on_last_day(bet.words, check).removeprefix("on ")
    title = f"Next number{'s' * (len(rows) > 1)} to measure, {when}"
    return Table(title, columns[shown], tuple(tuple(map(Cell, row[shown])) for row in rows), accent=0)


def _named(bet: Bet, name: str) -> str:
    """Write what is measured: ``Orders a month``, ``Conversion``."""
    each = f" a {bet.words.period}" if bet.subject.graph[name].aggregation == "sum" else ""
    return f"{bet.words.label(name)}{each}"


def _events(bet: Bet, check: int) -> Iterator[Event]:
    words, found, last = bet.words, bet.returns, bet.horizon

    def when(period: int) -> str:
        name = bet.at_length(period)
        number = "" if words.calendar is None or bet.exactly(period) else f", {words.period} {period}"
        return f"{name[:1].upper()}{name[1:]}{number}"

    def at(period: int) -> float:
        return (period - 1) / max(1, last - 1)

    events = {1: Event(0.0, "begin", when(1), "money")}
    events |= {t: Event(at(t), text, when(t), "money") for t, text in _payments(bet)}
    net = f"{words.net(bet.outcome.name)} " if bet.cost is not None else ""
    events[last] = Event(1.0, f"{net}{bet.signed(found.net[-1])}", when(last))
    if found.payback and found.payback not in events:
        events[found.payback] = Event(at(found.payback), "paid back", when(found.payback))
    later = events.get(check)
    text = f"{later.text}; first check" if later else "first check"
    events[check] = Event(at(check), text, when(check), later.role if later else "check")
    one = bet.stages[0]
    events.setdefault(one, Event(at(one), f"{bet.signed(found.after(one)[1])} returned", when(one)))
    yield from (events[period] for period in sorted(events))


def _payments(bet: Bet) -> Iterator[tuple[int, str]]:
    """Yield in which periods is paid, and how much: the first and the last one."""
    amounts: dict[int, float] = {}
    for one in bet.returns.outlays:
        t = max(one.period, 1)
        amounts[t] = amounts.get(t, 0.0) + one.amount
    for t in dict.fromkeys((min(amounts), max(amounts))) if amounts else ():
        yield t, f"{bet.amount(amounts[t])} paid"
