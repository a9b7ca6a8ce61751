"""Lines of text as pieces that each play a role: what a terminal colors, and plain text joins."""

from __future__ import annotations

from itertools import islice
from typing import Literal

from impacttree.render.characters import clean, width, wrap

__all__ = ["Line", "Piece", "Role", "folded", "head_lines", "wrapped"]

Role = Literal["plain", "title", "label", "muted", "favourable", "adverse"]
Piece = tuple[str, Role]
Line = tuple[Piece, ...]


def head_lines(title: str, subtitle: str, width: int) -> list[Line]:
    """Return the head of a picture; an empty title or subtitle takes no line."""
    return [*wrapped(title, width, "title"), *wrapped(subtitle, width, "muted")]


def wrapped(text: str, width: int, role: Role, *, start: str = "", indent: str | None = None) -> list[Line]:
    """Return `text` as lines of one role, with `start` before the first and `indent` (else `start`) before others."""
    text = clean(text)
    if not text:
        return []
    later = start if indent is None else indent
    first, *more = wrap(text, width - max(len(start), len(later)))
    return [((start + first, role),), *(((later + line, role),) for line in more)]


def folded(line: Line, columns: int) -> list[Line]:
    """Return `line` in as many lines of at most `columns` as it takes; what only fills up the end of it is left out.

    Examples
    --------
    >>> folded((("Revenue ", "label"), ("$1.91M  ", "plain")), 10)
    [(('Revenue ', 'label'), ('$1', 'plain')), (('.91M', 'plain'),)]
    """
    text = "".join(piece for piece, _ in line).rstrip(" ")
    if width(text) <= columns:
        return [line]
    drawn: list[list[Piece]] = [[]]
    used = 0
    letters = ((letter, role) for piece, role in line for letter in piece)
    for letter, role in islice(letters, len(text)):
        size = width(letter)
        if used + size > columns:
            drawn.append([])
            used = 0
        used += size
        if drawn[-1] and drawn[-1][-1][1] == role:
            drawn[-1][-1] = (drawn[-1][-1][0] + letter, role)
        else:
            drawn[-1].append((letter, role))
    return [tuple(pieces) for pieces in drawn]
