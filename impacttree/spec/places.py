"""Where in a file each key and value stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

__all__ = ["NOWHERE", "Key", "Place", "Places"]

Key = str | int
"""A mapping's key, or a position in a sequence."""


class Place(NamedTuple):
    """Where one entry stands: lines and columns count from 1; `start` and `end` are offsets of its value's text."""

    key_line: int
    key_column: int
    line: int
    column: int
    key_start: int
    start: int
    end: int
    style: str
    """``plain``, ``quoted``, ``literal`` (`|` and `>`), ``flow`` (braces) or ``block``."""
    children: Mapping[Key, Place] | None = None


class Places:
    """The places of a whole file, with its text; of nothing at all for a model made in Python.

    Places never tell two models apart: any two are equal.

    Parameters
    ----------
    file
        Its name.
    root
        The places of its keys; or what finds them in the text, which is called when they are first asked for.
    text
        What the file holds.
    """

    __slots__ = ("_root", "file", "text")

    def __init__(
        self,
        file: str = "",
        root: Mapping[Key, Place] | Callable[[str], Mapping[Key, Place]] | None = None,
        text: str = "",
    ) -> None:
        self.file = file
        self.text = text
        self._root = root or {}

    @property
    def root(self) -> Mapping[Key, Place]:
        """The places of the keys of the file itself."""
        if callable(self._root):
            self._root = self._root(self.text)
        return self._root

    def find(self, *path: Key) -> tuple[int, int]:
        """Return line and column of the value at `path`, or of the nearest that is known above it; (0, 0) if none.

        A mapping, a sequence and what is not written stand where their key stands.
        """
        place = self._nearest(path)
        if place is None:
            return (0, 0)
        at_key = place.children is not None or place.style == "literal" or place.start == place.end
        return (place.key_line, place.key_column) if at_key else (place.line, place.column)

    def find_key(self, *path: Key) -> tuple[int, int]:
        """Return line and column of the key at `path`, or of the nearest that is known above it; (0, 0) if none."""
        place = self._nearest(path)
        return (place.key_line, place.key_column) if place else (0, 0)

    def exact(self, *path: Key) -> Place | None:
        """Return the place of the entry at `path`; None if it is not in the file."""
        place, children = None, self.root
        for key in path:
            place = children.get(key)
            if place is None:
                return None
            children = place.children or {}
        return place

    def _nearest(self, path: tuple[Key, ...]) -> Place | None:
        nearest, children = None, self.root
        for key in path:
            place = children.get(key)
            if place is None:
                break
            nearest, children = place, place.children or {}
        return nearest

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Places)

    def __hash__(self) -> int:
        return hash(Places)


NOWHERE = Places()
