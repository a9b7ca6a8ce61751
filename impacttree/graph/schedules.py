"""Numbers that differ by period: series put into their periods, seasons, and the clocks that formulas read."""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from impacttree.errors import QuestionError, printable
from impacttree.formula.core import Clock, Core, walk
from impacttree.graph.findings import Findings
from impacttree.patterns import pattern
from impacttree.quantity import Count, Month, Schedule, Season, ValueSeries
from impacttree.quantity.calendar import Calendar, numbered_period
from impacttree.spec import MetricSpec, TreeSpec
from impacttree.spec.address import Address
from impacttree.spec.leaves import MAX_HORIZON

__all__ = ["schedules_of"]

_DAY = pattern(r"(\d{4})-(\d{2})-(\d{2})(?:[T ]00:00(?::00(?:\.0+)?)?)?", re.ASCII)
_LISTED = 8
_START = "state the first day of period 1: start_date: 2027-01-01"


def schedules_of(spec: TreeSpec, cores: Mapping[str, Core], findings: Findings) -> dict[str, Schedule]:
    """Return the numbers that differ by period, by address; what is wrong with them is reported.

    Parameters
    ----------
    spec
        The tree.
    cores
        Its formulas.
    findings
        Takes the problems.
    """
    found: dict[str, Schedule] = {}
    months = None if spec.calendar is None else Month(spec.calendar)
    for metric in spec.metrics:
        if metric.values is not None:
            series = _series(metric, spec, findings)
            if series is not None:
                found[str(Address(metric.name))] = series
        if metric.seasonality is not None:
            season = _season(metric, spec, findings)
            if season is not None:
                found[str(Address(metric.name, key="seasonality"))] = season
        for clock in _clocks(cores.get(metric.name)):
            if clock.function == "period_number":
                found[clock.address] = Count()
            elif months is not None:
                found[clock.address] = months
            elif not findings.undated:
                reason = f"{clock.function}() needs to know when the tree starts"
                findings.add(metric.name, ("formula",), reason, _START, metric.formula or "", clock.span)
    return found


def _clocks(core: Core | None) -> Iterator[Clock]:
    return (node for node in walk(core) if isinstance(node, Clock)) if core is not None else iter(())


# ---- series


class _Placed(NamedTuple):
    """Which periods the entries of a series are of, and those of which none can be told."""

    periods: list[int]
    unreadable: list[str]
    others: list[str]
    """Other stretches of time than a period of the tree."""
    early: list[str]
    """Before the first period."""


def _series(metric: MetricSpec, spec: TreeSpec, findings: Findings) -> ValueSeries | None:
    stated, then = metric.values, metric.then
    assert stated is not None
    numbers = [number.central() for _, number in stated.entries]
    before = len(findings.problems)
    if stated.entries[0][0]:
        labels = [label for label, _ in stated.entries]
        placed = _placed(labels, spec)
        for reason, fix in _wrong(labels, placed, spec):
            if not (fix == _START and findings.undated):
                findings.add(metric.name, ("values",), reason, fix)
        if placed.unreadable:
            return None
        if len(findings.problems) == before:
            numbers = [number for _, number in sorted(zip(placed.periods, numbers, strict=True))]
    if then is not None and then.period not in ("", spec.period):
        reason = f"the growth is stated by {then.period}, and the tree steps by {spec.period}"
        findings.add(metric.name, ("then",), reason, f"state it by {spec.period}: grow 1%/{spec.period}")
    if len(findings.problems) > before:
        return None
    growth = (then.then, then.growth) if then else ("", 0.0)
    series = ValueSeries(tuple(numbers), *growth, metric.name, spec.period, spec.calendar)
    if series.last is not None and series.last < spec.horizon_periods:
        named = _named(series.last, spec)
        reason = f"the values end with {named}, and the horizon is {spec.horizon_periods} {spec.period}s"
        fix = "state more values, a shorter `horizon`, or what comes `then`: hold, grow 1%/month or repeat"
        findings.add(metric.name, ("values",), reason, fix.replace("month", spec.period))
    return series


def _named(t: int, spec: TreeSpec) -> str:
    return f"{spec.period} {t}" if spec.calendar is None else f"{spec.period} {t} ({spec.calendar.label(t)})"


def _placed(labels: Sequence[str], spec: TreeSpec) -> _Placed:
    placed = _Placed([], [], [], [])
    for label in labels:
        found = _periods(label, spec)
        if found is None:
            placed.unreadable.append(label)
        elif found and found[0] < 1:
            placed.early.append(label)
        elif len(found) != 1:
            placed.others.append(label)
        else:
            placed.periods.append(found[0])
    return placed


def _periods(label: str, spec: TreeSpec) -> Sequence[int] | None:
    """Return the periods that a label names, none where they are not whole ones; None where it names none at all."""
    calendar = spec.calendar
    numbered, day = numbered_period(label, calendar), _DAY.fullmatch(label)
    if numbered is not None:
        return (numbered[0],) if numbered[1] in ("", spec.period) else ()
    if calendar is None:
        return None
    return _day_period(day, calendar) if day else _label_periods(label, calendar)


def _day_period(day: re.Match[str], calendar: Calendar) -> Sequence[int] | None:
    """Return the period that begins or ends with a day."""
    try:
        found = datetime.date(*(int(part) for part in day.groups()))
        t = calendar.containing(found)
        return (t,) if found in (calendar.first_day(t), calendar.last_day(t)) else ()
    except (OverflowError, ValueError):
        return None


def _label_periods(label: str, calendar: Calendar) -> Sequence[int] | None:
    try:
        return calendar.touched(label)
    except QuestionError:
        return None


def _wrong(labels: Sequence[str], placed: _Placed, spec: TreeSpec) -> Iterator[tuple[str, str]]:
    """Yield all that is wrong with the periods of a series, one entry for each kind."""
    period = spec.period
    example = f"{period} 1" if spec.calendar is None else spec.calendar.label(1)
    if placed.unreadable:
        dated = spec.calendar is None and any(re.match(r"\d{4}\b|[A-Z]{1,2}", label) for label in placed.unreadable)
        why = f"a {period} has no date where the tree has no start" if dated else f"not the name of a {period}"
        yield f"{_listed(placed.unreadable)}: {why}", _START if dated else f"write e.g. {example}"
    if placed.others:
        yield f"{_listed(placed.others)}: not one {period} of the tree", f"state a value for each {period}: {example}"
    if placed.early:
        yield f"{_listed(placed.early)}: before the first {period} of the tree ({example})", "leave it out"
    twice = [t for t, count in sorted(Counter(placed.periods).items()) if count > 1]
    if twice:
        yield f"stated more than once: {_listed(_named(t, spec) for t in twice)}", "keep one value of each"
    if placed.periods and len(labels) == len(placed.periods):
        last, known = max(placed.periods), set(placed.periods)
        if last > MAX_HORIZON:
            yield f"{_named(last, spec)} is beyond any horizon", "leave it out"
            return
        gaps = [t for t in range(1, last) if t not in known]
        if gaps:
            fix = f"state one for each {period} from the first"
            yield f"no value for {_listed(_named(t, spec) for t in gaps)}", fix


def _listed(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - _LISTED} more" if len(listed) > _LISTED else ""
    return ", ".join(printable(name, 40) for name in listed[:_LISTED]) + more


# ---- seasons


def _season(metric: MetricSpec, spec: TreeSpec, findings: Findings) -> Season | None:
    assert metric.seasonality is not None
    factors = metric.seasonality.factors
    if spec.period == "year" or (spec.period == "quarter" and len(factors) == 12):
        what = "a year has all its seasons" if spec.period == "year" else "a quarter has no months of its own"
        fix = "leave it out" if spec.period == "year" else "state four factors, by quarter"
        findings.add(metric.name, ("seasonality",), f"{what} in a tree that steps by {spec.period}", fix)
    elif spec.calendar is None:
        if not findings.undated:
            findings.add(metric.name, ("seasonality",), "a season needs to know when the tree starts", _START)
    else:
        return Season(factors, spec.calendar)
    return None
