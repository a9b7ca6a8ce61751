"""Texts fitted to their room before they are written: smaller down to 12 points, then cut with an ellipsis."""

from __future__ import annotations

import re

from impacttree.render.layout.measure import clean, fit, text_width, wrap

__all__ = ["LEAST", "ROOM", "fitted", "height_of", "lines_in", "one_line", "title_lines"]

LEAST = 12.0
"""No text of a slide is smaller, its footer included."""
LEADING = 1.2
ROOM = 0.97
"""Share of its width that a text may fill: another font of the same kind runs a little wider."""
_STEP = 0.5


def lines_in(text: str, size: float, width: float, *, bold: bool = False, most: int = 50) -> tuple[str, ...]:
    """Return the lines that a text takes at a size."""
    return wrap(clean(text), size, width * ROOM, most, bold)


def height_of(lines: int, size: float) -> float:
    """Return how high so many lines stand, in inches."""
    return lines * size * LEADING / 72


def fitted(
    text: str, size: float, width: float, height: float, *, bold: bool = False, least: float = LEAST
) -> tuple[str, float]:
    """Return a text and the largest size, at most `size`, at which it stands in a rectangle; cut where none does.

    >>> fitted("Weekly engagement", 25.0, 5.0, 0.83, bold=True)
    ('Weekly engagement', 25.0)
    >>> fitted("word " * 100, 14.0, 2.0, 0.4)[1]
    12.0
    """
    text = clean(text)
    at = size
    while at >= least:
        lines = lines_in(text, at, width, bold=bold)
        longest = max((text_width(line, at, bold) for line in lines), default=0.0)
        if height_of(len(lines), at) <= height and longest <= width and lines[-1:] != ("…",):
            return text, at
        at -= _STEP
    most = max(1, int(height / height_of(1, least)))
    return " ".join(lines_in(text, least, width, bold=bold, most=most)), least


def one_line(text: str, size: float, width: float, *, bold: bool = False, least: float = LEAST) -> tuple[str, float]:
    """Return a text and a size at which it is one line, cut where it is too long at the least size."""
    text = clean(text)
    at = size
    while at > least and text_width(text, at, bold) > width * ROOM:
        at = max(least, at - _STEP)
    return fit(text, at, width * ROOM, bold), at


def title_lines(text: str, size: float, width: float) -> tuple[str, ...]:
    """Return a title in one line, or in two that break at a clause and never inside a number, a range or brackets.

    >>> title_lines("We ask $250k: +5% engagement returns $706k ($369k to $1.11M) and pays back in month 21", 25.0, 9.0)
    ('We ask $250k: +5% engagement returns $706k', '($369k to $1.11M) and pays back in month 21')
    """
    text = clean(text)
    if text_width(text, size, True) <= width * ROOM:
        return (text,)
    words = text.split(" ")
    halves = [(" ".join(words[:k]), " ".join(words[k:])) for k in range(1, len(words))]
    fitting = [pair for pair in halves if all(text_width(half, size, True) <= width * ROOM for half in pair)]
    if not fitting:
        return lines_in(text, size, width, bold=True)
    return min(fitting, key=lambda pair: _awkwardness(pair[0], pair[1], size))


def _awkwardness(first: str, second: str, size: float) -> float:
    """Return how badly a title breaks here: inches of unevenness, less a clause's end, more inside a figure."""
    before, after = first.rsplit(" ", 1)[-1], second.split(" ", 1)[0]
    uneven = abs(text_width(first, size, True) - text_width(second, size, True))
    clause = (
        before[-1:] in ",;:)" or after[:1] == "(" or (after in _OPENS and not second.startswith(("or more", "or less")))
    )
    inside = first.count("(") > first.count(")")
    figure = bool(_FIGURE.search(after)) or "to" in (before, after) or bool(_FIGURE.fullmatch(before[-1:]))
    sentence = before[-1:] in ";:"
    return uneven - 4.0 * clause - 7.0 * sentence + 20.0 * inside + 6.0 * (figure and not clause)


_OPENS = ("and", "but", "or", "while", "through", "in", "over")
_FIGURE = re.compile(r"\d")
