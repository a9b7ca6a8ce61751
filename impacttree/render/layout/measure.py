"""How wide text is, and how it breaks: from the width table of the vendored font, without a font library."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache

from impacttree.render.fonts import widths

__all__ = ["balanced", "clean", "fit", "is_covered", "printed", "text_width", "uncovered", "wrap"]

_UNITS = 2048.0
_POINTS = 72.0
_ELLIPSIS = "…"
_ARABIC = 0.62
"""Mean advance of unshaped Arabic in em."""
_BIDI_CONTROLS = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C)))
MAX_LETTERS = 400
_MINUS = re.compile(r"(?<![\w.])-(?=[^\w\s]?\d)")
"""A hyphen before an amount: ``$1k to -$3k``, ``(-$3k)``."""


@cache
def _table(bold: bool) -> dict[str, float]:
    groups = widths.BOLD if bold else widths.REGULAR
    return {ch: advance / _UNITS for advance, letters in groups.items() for ch in letters}


@cache
def _advance(ch: str, bold: bool) -> float:
    known = _table(bold).get(ch)
    if known is not None:
        return known
    if unicodedata.category(ch) in ("Mn", "Me", "Cf"):
        return 0.0
    if _is_wide(ch):
        return 1.0
    return _ARABIC if "\u0600" <= ch <= "\u08ff" or "\ufb50" <= ch <= "\ufeff" else 0.75


def _is_wide(ch: str) -> bool:
    return unicodedata.east_asian_width(ch) in ("W", "F")


@lru_cache(maxsize=8192)
def text_width(text: str, size: float, bold: bool = False) -> float:
    """Return the width of `text` in inches at `size` points.

    >>> round(text_width("Revenue", 10.5, bold=True), 3)
    0.608
    """
    return sum(_advance(ch, bold) for ch in text) * size / _POINTS


def is_covered(text: str) -> bool:
    """Return whether the vendored font can show all of `text`."""
    return not uncovered(text)


def uncovered(text: str) -> str:
    """Return the letters of `text`, each once, that the vendored font lacks."""
    table = _table(False)
    return "".join(sorted({ch for ch in text if ch not in table and ch not in "\n\t\u200b\u200c\u200d"}))


def printed(text: str) -> str:
    """Return text with signs and arrows as set in print.

    >>> printed("churn <- engagement, -0.1pp (-$3k) for self-serve")
    'churn ← engagement, −0.1pp (−$3k) for self-serve'
    """
    return _MINUS.sub("−", text.replace(" <- ", " ← ").replace(" -> ", " → "))


def clean(text: str) -> str:
    r"""Return text as it may be drawn: one line, bounded, controls and bidi overrides as boxes, true signs and arrows.

    >>> clean("-0.64%\tof\nbase"), clean("churn <- engagement, -0.1pp to -$3k")
    ('−0.64% of base', 'churn ← engagement, −0.1pp to −$3k')
    """
    if len(text) > MAX_LETTERS:
        text = text[:MAX_LETTERS] + _ELLIPSIS
    text = " ".join(text.split())
    if not text.isprintable():
        text = "".join("□" if _is_control(ch) else ch for ch in text)
    text = printed(text)
    return "−" + text[1:] if len(text) > 1 and text[0] == "-" and not text[1].isspace() else text


def _is_control(ch: str) -> bool:
    return ch in _BIDI_CONTROLS or unicodedata.category(ch) in ("Cc", "Cs", "Cn", "Co")


def fit(text: str, size: float, width: float, bold: bool = False) -> str:
    """Return `text`, or as much of it as fits into `width` with an ellipsis; empty when not even that fits."""
    if text_width(text, size, bold) <= width:
        return text
    room = width - text_width(_ELLIPSIS, size, bold)
    used = 0.0
    for position, ch in enumerate(text):
        used += _advance(ch, bold) * size / _POINTS
        if used > room:
            kept = text[:position].rstrip(" ,;:-(")
            return kept + _ELLIPSIS if kept else ""
    return text


def wrap(text: str, size: float, width: float, lines: int, bold: bool = False) -> tuple[str, ...]:
    """Break `text` into at most `lines` lines of `width` inches; what is left over ends in an ellipsis."""
    rows: list[str] = []
    rest = text
    while rest and len(rows) < lines:
        if len(rows) == lines - 1:
            rows.append(fit(rest, size, width, bold))
            break
        head, rest = _first_line(rest, size, width, bold)
        rows.append(head)
    return tuple(row for row in rows if row)


def balanced(text: str, size: float, width: float, bold: bool = False) -> tuple[str, ...]:
    """Break `text` into two lines of about equal length when one is not enough, and not in brackets if it can be."""
    if text_width(text, size, bold) <= width:
        return (text,) if text else ()
    spaces = [position for position, ch in enumerate(text) if ch == " "]
    breaks = [(text[:position], text[position + 1 :]) for position in spaces]
    fitting = [pair for pair in breaks if all(text_width(half, size, bold) <= width for half in pair)]
    if not fitting:
        return wrap(text, size, width, 2, bold)

    def cost(halves: tuple[str, str]) -> tuple[bool, float]:
        widths = [text_width(half, size, bold) for half in halves]
        return halves[0].count("(") > halves[0].count(")"), abs(widths[0] - widths[1])

    return min(fitting, key=cost)


def _first_line(text: str, size: float, width: float, bold: bool) -> tuple[str, str]:
    used = 0.0
    cut = 0
    for position, ch in enumerate(text):
        if ch == " " or (position and (_is_wide(ch) or text[position - 1] in "-/")):
            cut = position
        used += _advance(ch, bold) * size / _POINTS
        if used > width:
            return _cut(text, cut, position)
    return text, ""


def _cut(text: str, cut: int, position: int) -> tuple[str, str]:
    """Break at `cut`, or with a hyphen inside a word that is too long."""
    if cut:
        return text[:cut].rstrip(), text[cut:].lstrip()
    position = max(position - 1, 1)
    hyphen = "-" if position > 2 and text[position - 1].isalpha() and text[position].isalpha() else ""
    return text[:position] + hyphen, text[position:]
