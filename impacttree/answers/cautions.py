"""What a reader should know before using a figure: no path, extrapolation, unmoved inputs, values outside bounds."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence

from impacttree.answers.asked import Asked
from impacttree.answers.subject import Subject
from impacttree.answers.words import Words, is_still, joined
from impacttree.engine.model import Run
from impacttree.engine.program import Row
from impacttree.graph.model import Metric
from impacttree.graph.reach import delay, upstream
from impacttree.graph.seen import Seen
from impacttree.spec.address import Address

__all__ = ["beyond_bounds", "beyond_bounds_today", "extrapolations", "seasonal", "unmoved", "unreached", "untimely"]


def unreached(subject: Subject, slots: Sequence[int], outcome: Metric, periods: int) -> Iterator[str]:
    """Yield a warning when nothing that was changed can move the outcome, or all of it later than is asked about."""
    if not slots:
        return
    labels, words = [subject.graph.metrics[slot].label for slot in slots], subject.words
    waited = delay(subject.graph, slots, outcome.index)
    started = [] if waited is not None else _started(subject, slots, outcome)
    if started:
        yield (
            f"{joined(labels, 'or')} bears on {outcome.label} only by where {joined(started)} starts, and what is "
            f"changed acts {words.placed('from', 1)} on: give it another value in the model instead"
        )
    elif waited is None:
        yield f"no path in this tree leads from {joined(labels, 'or')} to {outcome.label}"
    elif waited >= periods:
        yield (
            f"{joined(labels, 'or')} moves {outcome.label} with a lag of {words.periods(waited)}, "
            f"{words.placed('from', waited + 1)} on: nothing of it falls {words.through('within', periods)}"
        )


def _started(subject: Subject, slots: Sequence[int], outcome: Metric) -> list[str]:
    """Return the labels of metrics on the way to the outcome whose start reads one of some metrics."""
    changed = {subject.graph.metrics[slot].name for slot in slots}
    on_the_way = (subject.graph.metrics[slot] for slot in sorted(subject.upstream(outcome)))
    return [metric.label for metric in on_the_way if not changed.isdisjoint(metric.starts_from)]


def untimely(words: Words, asked: Asked, periods: int) -> Iterator[str]:
    """Yield the changes of which nothing, or never all, is in force within the horizon."""
    for slot, recipe in asked.recipes:
        label = words.graph.metrics[slot].label
        for weights in recipe.weights:
            if weights is None:
                continue
            last = periods if weights.until is None else min(periods, weights.until)
            if weights.start > periods:
                yield (
                    f"the change of {label} starts {words.placed('in', weights.start)}: nothing of it falls "
                    f"{words.through('within', periods)}"
                )
            elif words.is_run_rate and not weights.at(periods):
                yield f"the change of {label} is over {words.by(periods)}, which a run rate takes for a whole year"
            elif weights.full > last:
                ends = "ends before" if last < periods else "is in full only after the horizon"
                yield f"the change of {label} {ends}: it would be in full {words.placed('in', weights.full)}"


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
    low, high = (words.value(seen.source, end) for end in (seen.low, seen.high))
    known = f"{seen.metric.label} has its points" if seen.by_points else f"the effect on {seen.metric.label} was seen"
    return f"extrapolated: {words.label(seen.source)} at {shown}, outside {low} to {high}, where {known}"


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
            aside = "" if found is not None else " without the change"
            found = found or _outside(metric, base, since)
            if found is not None:
                t, value = found
                when = subject.words.placed("in", t) if t else "today"
                yield _beyond(subject, metric, value, when + aside)


def beyond_bounds_today(subject: Subject) -> Iterator[str]:
    """Yield the metrics whose values at t = 0 are outside their bounds."""
    for metric in subject.bounded:
        value = subject.model.base[metric.index]
        if _is_outside(metric, value):
            yield _beyond(subject, metric, value, "today")


def _outside(metric: Metric, run: Run, since: int) -> tuple[int, float] | None:
    """Return the first time from `since` on at which a metric is outside its bounds, and its value there."""
    rows = [*([] if since else [run.initial]), *run.rows]
    timed = ((t, row[metric.index]) for t, row in enumerate(rows, since))
    return next(((t, value) for t, value in timed if _is_outside(metric, value)), None)


def _is_outside(metric: Metric, value: float) -> bool:
    low, high = _ends(metric)
    return not low <= value <= high


def _ends(metric: Metric) -> tuple[float, float]:
    ends = metric.spec.bounds.low_high() if metric.spec.bounds is not None else None
    return ends or (-math.inf, math.inf)


def _beyond(subject: Subject, metric: Metric, value: float, when: str) -> str:
    words, name, (low, high) = subject.words, metric.name, _ends(metric)
    shown, _ = words.apart(name, value, low if value < low else high)
    return (
        f"{metric.label} at {shown} {when}, outside the bounds {words.value(name, low)} to {words.value(name, high)}; "
        "put a limit into the formula with clip() if no value can go there"
    )


def unmoved(subject: Subject, slots: Sequence[int], outcome: Metric) -> Iterator[str]:
    """Yield a warning when inputs of a changed formula reach the outcome by another route and stay as they are."""
    moving = subject.upstream(outcome)
    for slot in slots:
        metric = subject.graph.metrics[slot]
        if metric.origin != "formula" or metric is outcome or slot not in moving:
            continue
        sources = dict.fromkeys(ref.source for ref in metric.references if ref.timing != "baseline")
        reaching = upstream(subject.graph, (outcome.index,), around=(slot,))
        inputs = [subject.graph.by_name[name] for name in sources if name != metric.name]
        others = [source for source in inputs if source not in slots and source in reaching]
        if others:
            labels = [subject.graph.metrics[other].label for other in others]
            yield (
                f"unmoved inputs of {metric.label}: {joined(labels)} would also move {outcome.label} by another route; "
                f"to include that, turn the formula of {metric.name} round or change its inputs instead"
            )
