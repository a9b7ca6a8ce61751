"""Text on a character grid: making it printable, its width, wrapping and padding."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

__all__ = ["clean", "pad", "width", "wrap"]


def clean(text: str) -> str:
    r"""Return `text` on one line with nothing that a terminal would act on; all of it stays readable.

    Examples
    --------
    >>> print(clean("churn\x1b[31m\nred"))
    churn\x1b[31m\nred
    """
    if text.isprintable():
        return text
    return "".join(ch if ch.isprintable() or _joins(text, at) else _visible(ch) for at, ch in enumerate(text))


def _joins(text: str, at: int) -> bool:
    """Return whether a character joins its neighbours into one sign, as scripts and emoji are written."""
    inner = text[at] in _JOINERS and 0 < at < len(text) - 1
    return inner and not (text[at - 1].isascii() or text[at + 1].isascii())


_EMOJI_JOINER = "\u200d"
_JOINERS = f"\u200c{_EMOJI_JOINER}"


def _visible(ch: str) -> str:
    return " " if unicodedata.category(ch) == "Zs" else ch.encode("unicode_escape").decode("ascii")


def width(text: str) -> int:
    """Return how many terminal columns `text` takes; wide characters take two, combining marks none.

    Examples
    --------
    >>> width("churn"), width("解約率")
    (5, 6)
    """
    if text.isascii():
        return len(text)
    joined = text.count(_EMOJI_JOINER) and sum(
        _char_width(after) for before, after in pairwise(text) if before == _EMOJI_JOINER
    )
    return sum(map(_char_width, text)) - joined


def _char_width(ch: str) -> int:
    if unicodedata.category(ch) in ("Mn", "Me") or ch in _JOINERS:
        return 0
    return 2 if unicodedata.east_asian_width(ch) in "WF" else 1


def wrap(text: str, columns: int) -> tuple[str, ...]:
    """Break `text` into lines of at most `columns`: between words, and inside a word only where it must.

    Examples
    --------
    >>> wrap("lower churn brings the gain", 12)
    ('lower churn', 'brings the', 'gain')
    """
    if width(text) <= columns:
        return (text,)
    lines: list[list[str]] = [[]]
    used = -1
    for word in text.split(" "):
        size = width(word)
        if used + 1 + size > columns and lines[-1]:
            lines.append([])
            used = -1
        if size > columns:
            pieces = _pieces(word, max(columns, 2))
            lines[-1:] = [[piece] for piece in pieces]
            used = width(pieces[-1])
        else:
            lines[-1].append(word)
            used += 1 + size
    return tuple(" ".join(line) for line in lines)


def _pieces(word: str, columns: int) -> list[str]:
    starts = [0]
    used = 0
    for place, ch in enumerate(word):
        size = _char_width(ch)
        if used + size > columns:
            starts.append(place)
            used = 0
        used += size
    return [word[start:end] for start, end in pairwise([*starts, len(word)])]


def pad(text: str, columns: int, right: bool = False) -> str:
    """Fill `text` with spaces up to `columns`, on the left when `right` aligned."""
    blank = " " * (columns - width(text))
    return blank + text if right else text + blank
