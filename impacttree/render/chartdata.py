"""What the drawn charts and the text charts share: checks, running levels, which text stands at which end."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from impacttree.errors import OutputError, Problem
from impacttree.views import Bar, Bars, Chart, Distribution, Lines, Mark, Step, Tone, Waterfall

__all__ = [
    "CUT_NOTE",
    "axis_start",
    "bar_parts",
    "check_finite",
    "end_texts",
    "is_adverse",
    "is_central",
    "mark_name",
    "running_levels",
    "to_span_marks",
    "visible_levels",
    "whisker",
    "with_threshold",
]

CUT_NOTE = "Totals are cut: the axis does not start at zero."
CUT_BELOW = 0.3
"""An axis is cut when the changes play out within this share of the largest level."""

REACH = 0.5
"""A mark is shown when it is no farther from the bins than this share of their span."""
EMPTY_AROUND = 7
"""Empty bins on each side of a value that all samples share."""


def check_finite(view: Chart) -> None:
    """Raise `OutputError` naming the first row of `view` that has no finite value."""
    for label, value in _values(view):
        if not math.isfinite(value):
            raise OutputError(
                Problem(reason=f"{view.title}: {label} is {value}, which cannot be drawn", fix="leave that row out")
            )


def _values(view: Chart) -> Iterator[tuple[str, float]]:
    match view:
        case Bars():
            yield "the base", view.base
            for bar in view.bars:
                yield bar.label, bar.low
                yield bar.label, bar.high
        case Waterfall():
            for step in view.steps:
                yield from ((step.label, value) for value in (step.amount, step.low, step.high) if value is not None)
        case Lines():
            for series in view.series:
                yield from ((series.label, value) for value in series.values)
            for band in view.bands:
                yield from ((band.label, value) for value in (*band.low, *band.high))
            yield from ((text, level) for level, text in view.levels)
        case Distribution():
            yield from (("an edge", edge) for edge in view.edges)
            yield from (("a share", share) for share in view.shares)
            yield from (("the curve", value) for point in view.curve for value in point)
            yield from ((mark_name(mark), mark.at) for mark in with_threshold(view))
            yield from ((view.central_text or "the central range", end) for end in view.central or ())
            yield from ((text, level) for level, text in view.levels)


def end_texts(bar: Bar, base: float) -> tuple[str, str]:
    """Return the texts left and right of a tornado's bar; both on one side when both ends lie there."""
    low, high = (bar.low, bar.low_text), (bar.high, bar.high_text)
    (left, left_text), (right, right_text) = (low, high) if bar.low <= bar.high else (high, low)
    if right < base:
        return f"{left_text}, {right_text}", ""
    if left > base:
        return "", f"{left_text}, {right_text}"
    return left_text, right_text


def bar_parts(bar: Bar, base: float) -> tuple[tuple[float, float, Tone], ...]:
    """Return what is painted for a tornado's bar: start, end and tone, from the base to each end.

    When both ends lie on one side the bar reaches from end to end and leaves the base alone, in the outer end's tone.
    """
    low, high = (bar.low, bar.low_tone), (bar.high, bar.high_tone)
    if min(bar.low, bar.high) <= base <= max(bar.low, bar.high):
        return tuple((base, end, tone) for end, tone in (low, high))
    (inner, _), (outer, tone) = sorted((low, high), key=lambda end: abs(end[0] - base))
    return ((inner, outer, tone),)


def running_levels(view: Waterfall) -> tuple[tuple[float, float], ...]:
    """Return where each step starts and ends: a total stands on zero, a change on what came before.

    Examples
    --------
    >>> from impacttree.views import Step
    >>> steps = Step("Plan", 9.0, "$9M", "total", "neutral"), Step("Churn", -2.0, "-$2M", "change", "adverse")
    >>> running_levels(Waterfall("", "", steps))
    ((0.0, 9.0), (9.0, 7.0))
    """
    level = 0.0
    pairs = []
    for step in view.steps:
        before = 0.0 if step.role == "total" else level
        level = before + step.amount
        pairs.append((before, level))
    return tuple(pairs)


def axis_start(view: Waterfall) -> float:
    """Return where the value axis of a waterfall starts: 0, or above it when only the tops of tall totals matter."""
    levels = [after for _, after in running_levels(view)]
    levels += [end for step in view.steps for end in whisker(step) or ()]
    if not levels or view.steps[0].role != "total" or min(levels) <= 0:
        return 0.0
    low, high = min(levels), max(levels)
    return low - (high - low) * 0.6 if 0 < high - low < CUT_BELOW * high else 0.0


def whisker(step: Step) -> tuple[float, float] | None:
    """Return the ends of a step's range, the lower first."""
    return (
        (min(step.low, step.high), max(step.low, step.high)) if step.low is not None and step.high is not None else None
    )


def visible_levels(view: Waterfall) -> tuple[tuple[float, float], ...]:
    """Return `running_levels` with totals standing on the start of the axis."""
    start = axis_start(view)
    pairs = zip(view.steps, running_levels(view), strict=True)
    return tuple((start, after) if step.role == "total" else (before, after) for step, (before, after) in pairs)


def with_threshold(view: Distribution) -> tuple[Mark, ...]:
    """Return the marks of a distribution in the order of their places, the threshold among them."""
    limit = () if view.threshold is None else (Mark(view.threshold, "", view.threshold_text),)
    return tuple(sorted((*view.marks, *limit), key=lambda mark: mark.at))


def mark_name(mark: Mark) -> str:
    """Return a mark in one line: ``P50 $17k``."""
    return f"{mark.label} {mark.text}".strip()


def is_adverse(view: Distribution, value: float) -> bool:
    """Return whether `value` lies beyond the threshold."""
    if view.threshold is None:
        return False
    return value < view.threshold if view.adverse == "below" else value > view.threshold


def is_central(view: Distribution, low: float, high: float) -> bool:
    """Return whether most of `low` to `high` lies in the emphasised range, or a range that is one value lies in it.

    Without an emphasised range everything does.
    """
    if view.central is None:
        return True
    start, end = sorted(view.central)
    return low <= start <= high if start == end else start <= (low + high) / 2 <= end


def to_span_marks(view: Distribution) -> Distribution:
    """Return `view` with empty bins out to the marks beside its own; marks that are too far off become notes.

    Examples
    --------
    >>> view = Distribution("", "", (10.0, 20.0, 30.0), (0.5, 0.5), threshold=0.0, threshold_text="break-even")
    >>> to_span_marks(view).edges
    (0.0, 10.0, 20.0, 30.0)
    >>> to_span_marks(replace(view, threshold=-500.0)).notes
    ('break-even lies left of what is shown.',)
    """
    edges, shares = _bins(view)
    low, high, width = edges[0], edges[-1], (edges[-1] - edges[0]) / len(shares)
    reach = REACH * (high - low)
    marks = with_threshold(view)
    before = math.ceil(max((low - mark.at for mark in marks if low - reach <= mark.at < low), default=0) / width)
    after = math.ceil(max((mark.at - high for mark in marks if high < mark.at <= high + reach), default=0) / width)
    far = [(mark, "left") for mark in marks if mark.at < low - reach]
    far += [(mark, "right") for mark in marks if mark.at > high + reach]
    return replace(
        view,
        edges=(
            *(low - width * number for number in range(before, 0, -1)),
            *edges,
            *(high + width * number for number in range(1, after + 1)),
        ),
        shares=(*(0.0,) * before, *shares, *(0.0,) * after),
        notes=(*view.notes, *(f"{mark_name(mark)} lies {side} of what is shown." for mark, side in far)),
    )


def _bins(view: Distribution) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return bins that have a width: samples that are all equal become one narrow bin amid empty ones."""
    ends = view.edges or tuple(mark.at for mark in with_threshold(view)) or (0.0, 1.0)
    low, high = min(ends), max(ends)
    if high > low:
        return (view.edges, view.shares) if view.shares else ((low, high), (0.0,))
    width = abs(low) * 0.01 or 1.0
    around = (0.0,) * EMPTY_AROUND
    edges = tuple(low + width * (number - EMPTY_AROUND - 0.5) for number in range(2 * EMPTY_AROUND + 2))
    return edges, (*around, sum(view.shares), *around)
