"""What a reader should know before using a figure: no path, extrapolation, unmoved inputs, values outside bounds."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence

from impacttree.answers.asked import Asked
from impacttree.answers.subject import Subject
from impacttree.answers.words import Words, is_still, joined
from impacttree.engine.model import Run
from impacttree.engine.program import Row
from impacttree.graph.model import Metric
from impacttree.graph.reach import delay, upstream
from impacttree.graph.seen import Seen
from impacttree.quantity import Weights
from impacttree.spec.address import Address

__all__ = [
    "SAYS",
    "beyond_bounds",
    "beyond_bounds_today",
    "extrapolations",
    "lateness",
    "limits_of",
    "other_routes",
    "seasonal",
    "started_from",
    "unmoved",
    "unreached",
    "untimely",
    "where_seen",
]

SAYS: Mapping[str, str] = {
    "started": (
        "{} bears on {} only by where {} starts, and what is changed acts {} on: give it another value in the "
        "model instead"
    ),
    "unreached": "no path in this tree leads from {} to {}",
    "lagged": "{} moves {} with a lag of {}, {} on: nothing of it falls {}",
    "untimely": "the change of {} {}",
    "extrapolated": "extrapolated: {} at {}, outside {} to {}, where {}",
    "beyond": (
        "{} at {} {}, outside the bounds {} to {}; put a limit into the formula with clip() if no value can go there"
    ),
    "today": "today",
    "aside": " without the change",
    "unmoved": (
        "unmoved inputs of {}: {} would also move {} by another route; to include that, turn the formula of {} round "
        "or change its inputs instead"
    ),
}
"""How cautions are worded that follow from what is moved: the page words its own by them."""


def unreached(subject: Subject, slots: Sequence[int], outcome: Metric, periods: int) -> Iterator[str]:
    """Yield a warning when nothing that was changed can move the outcome, or all of it later than is asked about."""
    if not slots:
        return
    labels, words = [subject.graph.metrics[slot].label for slot in slots], subject.words
    waited = delay(subject.graph, slots, outcome.index)
    started = [] if waited is not None else started_from(subject, slots, outcome)
    moved, label = joined(labels, "or"), outcome.label
    if started:
        yield SAYS["started"].format(moved, label, joined([one.label for one in started]), words.placed("from", 1))
    elif waited is None:
        yield SAYS["unreached"].format(moved, label)
    elif waited >= periods:
        lag, since = words.periods(waited), words.placed("from", waited + 1)
        yield SAYS["lagged"].format(moved, label, lag, since, words.through("within", periods))


def started_from(subject: Subject, slots: Sequence[int], outcome: Metric) -> list[Metric]:
    """Return the metrics on the way to the outcome whose start reads one of some metrics."""
    changed = {subject.graph.metrics[slot].name for slot in slots}
    on_the_way = (subject.graph.metrics[slot] for slot in sorted(subject.upstream(outcome)))
    return [metric for metric in on_the_way if not changed.isdisjoint(metric.starts_from)]


def untimely(words: Words, asked: Asked, periods: int) -> Iterator[str]:
    """Yield the changes of which nothing, or never all, is in force within the horizon."""
    for slot, recipe in asked.recipes:
        label = words.graph.metrics[slot].label
        for late in (lateness(words, weights, periods) for weights in recipe.weights):
            if late:
                yield SAYS["untimely"].format(label, late)


def lateness(words: Words, weights: Weights | None, periods: int) -> str:
    """Return how a change falls outside the horizon, or is over before its end; empty where it does not."""
    if weights is None:
        return ""
    last = periods if weights.until is None else min(periods, weights.until)
    if weights.start > periods:
        return f"starts {words.placed('in', weights.start)}: nothing of it falls {words.through('within', periods)}"
    if words.is_run_rate and not weights.at(periods):
        return f"is over {words.by(periods)}, which a run rate takes for a whole year"
    if weights.full > last:
        ends = "ends before" if last < periods else "is in full only after the horizon"
        return f"{ends}: it would be in full {words.placed('in', weights.full)}"
    return ""


def seasonal(subject: Subject, resting: Collection[int], last: int) -> Iterator[str]:
    """Yield the seasons that a run rate takes for the whole year: of what it rests on, as they stand in its period."""
    graph, words = subject.graph, subject.words
    for index in sorted(resting):
        season = graph.schedules.get(str(Address(graph.metrics[index].name, key="seasonality")))
        if season is not None and season.at(last) != 1.0:
            yield (
                f"the run rate {words.placed('takes', last)} for a whole year, and the season of "
                f"{graph.metrics[index].label} is at {season.at(last):.3g} times its average then"
            )


def extrapolations(
    subject: Subject, rows: Sequence[Row], moved_from: Sequence[Row], among: Collection[int] | None = None
) -> Iterator[str]:
    """Yield the assumed effects and curves whose source is moved out of the range in which they were seen.

    Parameters
    ----------
    subject
        The tree.
    rows, moved_from
        Values in each distinct period, and those that they are moved from.
    among
        Metrics on which effects count; all unless given.
    """
    for seen in subject.seen:
        slot = subject.graph.by_name[seen.source]
        if (among is not None and seen.metric.index not in among) or _stays(slot, rows, moved_from):
            continue
        outside = [row[slot] for row in rows if row[slot] < seen.low or row[slot] > seen.high]
        if outside:
            furthest = max(outside, key=lambda value: max(seen.low - value, value - seen.high))
            yield _extrapolated(subject.words, seen, furthest)


def _stays(slot: int, rows: Sequence[Row], moved_from: Sequence[Row]) -> bool:
    return all(is_still(was[slot], row[slot]) for was, row in zip(moved_from, rows, strict=True))


def _extrapolated(words: Words, seen: Seen, value: float) -> str:
    shown, _ = words.apart(seen.source, value, seen.low if value < seen.low else seen.high)
    low, high, known = where_seen(words, seen)
    return SAYS["extrapolated"].format(words.label(seen.source), shown, low, high, known)


def where_seen(words: Words, seen: Seen) -> tuple[str, str, str]:
    """Write the ends of a range in which a metric was seen to follow another, and what is known of that."""
    low, high = (words.value(seen.source, end) for end in (seen.low, seen.high))
    return (
        low,
        high,
        f"{seen.metric.label} has its points" if seen.by_points else f"the effect on {seen.metric.label} was seen",
    )


def beyond_bounds(subject: Subject, base: Run, run: Run, among: Collection[int]) -> Iterator[str]:
    """Yield the metrics whose computed values leave their bounds, with the change or only without it.

    Parameters
    ----------
    subject
        The tree.
    base, run
        Without and with the change; one and the same for a base case, of which today counts too.
    among
        Metrics that the answer shows or rests on; those that the change moves count besides.
    """
    since = 0 if run is base else 1
    for metric in subject.bounded:
        if metric.index in among or not _stays(metric.index, run.rows, base.rows):
            found = _outside(metric, run, since)
            aside = "" if found is not None else SAYS["aside"]
            found = found or _outside(metric, base, since)
            if found is not None:
                t, value = found
                when = subject.words.placed("in", t) if t else SAYS["today"]
                yield _beyond(subject, metric, value, when + aside)


def beyond_bounds_today(subject: Subject) -> Iterator[str]:
    """Yield the metrics whose values at t = 0 are outside their bounds."""
    for metric in subject.bounded:
        value = subject.model.base[metric.index]
        if _is_outside(metric, value):
            yield _beyond(subject, metric, value, SAYS["today"])


def _outside(metric: Metric, run: Run, since: int) -> tuple[int, float] | None:
    """Return the first time from `since` on at which a metric is outside its bounds, and its value there."""
    rows = [*([] if since else [run.initial]), *run.rows]
    timed = ((t, row[metric.index]) for t, row in enumerate(rows, since))
    return next(((t, value) for t, value in timed if _is_outside(metric, value)), None)


def _is_outside(metric: Metric, value: float) -> bool:
    low, high = limits_of(metric)
    return value < low or value > high


def limits_of(metric: Metric) -> tuple[float, float]:
    """Return the bounds of a metric; infinite where it states none."""
    ends = metric.spec.bounds.low_high() if metric.spec.bounds is not None else None
    return ends or (-math.inf, math.inf)


def _beyond(subject: Subject, metric: Metric, value: float, when: str) -> str:
    words, name, (low, high) = subject.words, metric.name, limits_of(metric)
    shown, _ = words.apart(name, value, low if value < low else high)
    return SAYS["beyond"].format(metric.label, shown, when, words.value(name, low), words.value(name, high))


def unmoved(subject: Subject, slots: Sequence[int], outcome: Metric) -> Iterator[str]:
    """Yield a warning when inputs of a changed formula reach the outcome by another route and stay as they are."""
    for slot in slots:
        metric = subject.graph.metrics[slot]
        others = [other.label for other in other_routes(subject, metric, outcome) if other.index not in slots]
        if others:
            yield SAYS["unmoved"].format(metric.label, joined(others), outcome.label, metric.name)


def other_routes(subject: Subject, metric: Metric, outcome: Metric) -> list[Metric]:
    """Return the inputs of a metric's formula that reach the outcome by a route that does not lead through it."""
    if metric.origin != "formula" or metric is outcome or metric.index not in subject.upstream(outcome):
        return []
    graph = subject.graph
    sources = dict.fromkeys(ref.source for ref in metric.references if ref.timing != "baseline")
    reaching = upstream(graph, (outcome.index,), around=(metric.index,))
    return [graph[name] for name in sources if name != metric.name and graph.by_name[name] in reaching]
