"""What the drawn charts and the text charts share: checks, running levels, which text stands at which end."""

from __future__ import annotations

import math
from collections.abc import Iterator

from impacttree.errors import OutputError, Problem
from impacttree.views import Bar, Bars, Lines, Tone, Waterfall

__all__ = ["CUT_NOTE", "axis_start", "check_finite", "end_texts", "outer_first", "running_levels", "visible_levels"]

CUT_NOTE = "Totals are cut: the axis does not start at zero."
CUT_BELOW = 0.3
"""An axis is cut when the changes play out within this share of the largest level."""


def check_finite(view: Bars | Waterfall | Lines) -> None:
    """Raise `OutputError` naming the first row of `view` that has no finite value."""
    for label, value in _values(view):
        if not math.isfinite(value):
            raise OutputError(
                Problem(reason=f"{view.title}: {label} is {value}, which cannot be drawn", fix="leave that row out")
            )


def _values(view: Bars | Waterfall | Lines) -> Iterator[tuple[str, float]]:
    match view:
        case Bars():
            yield "the base", view.base
            for bar in view.bars:
                yield bar.label, bar.low
                yield bar.label, bar.high
        case Waterfall():
            for step in view.steps:
                yield step.label, step.amount
        case Lines():
            for series in view.series:
                yield from ((series.label, value) for value in series.values)
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


def outer_first(bar: Bar, base: float) -> tuple[tuple[float, Tone], ...]:
    """Return the two ends with their tones, the one farther from the base first: painted first, it hides nothing."""
    low, high = (bar.low, bar.low_tone), (bar.high, bar.high_tone)
    return (low, high) if abs(bar.low - base) >= abs(bar.high - base) else (high, low)


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
    if not levels or view.steps[0].role != "total" or min(levels) <= 0:
        return 0.0
    low, high = min(levels), max(levels)
    return low - (high - low) * 0.6 if 0 < high - low < CUT_BELOW * high else 0.0


def visible_levels(view: Waterfall) -> tuple[tuple[float, float], ...]:
    """Return `running_levels` with totals standing on the start of the axis."""
    start = axis_start(view)
    pairs = zip(view.steps, running_levels(view), strict=True)
    return tuple((start, after) if step.role == "total" else (before, after) for step, (before, after) in pairs)
