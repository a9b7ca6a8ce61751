"""Lines of text as pieces that each play a role: what a terminal colors, and plain text joins."""

from __future__ import annotations

from typing import Literal

from impacttree.render.characters import clean, wrap

__all__ = ["Line", "Piece", "Role", "head_lines", "wrapped"]

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
