"""Changing a model text in place: what stays the same keeps every character, comments included.

The text is cut at its keys. Each entry is the lines from its key (and the comment right above) to the next; entries
that differ are changed at the smallest spot that holds the difference, new ones are written, dropped ones are left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from impacttree.records import dataclass
from impacttree.spec.models import Scenario
from impacttree.spec.places import Place
from impacttree.spec.yaml_events import read_yaml
from impacttree.spec.yaml_text import entry_lines, flow_text, scalar_text

__all__ = ["edited"]

KeyPath = tuple[str, ...]
Children = Mapping[Any, Place]
Data = Mapping[str, Any]


def edited(text: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    r"""Return `text`, which states `old`, changed to state `new`.

    Parameters
    ----------
    text
        A model file.
    old, new
        Statements: nested dicts, lists and texts.

    Examples
    --------
    >>> text = "metrics:  # ours\n  nps: {value: 38}   # surveyed\n"
    >>> old, new = ({"metrics": {"nps": {"value": number}}} for number in ("38", "41"))
    >>> print(edited(text, old, new), end="")
    metrics:  # ours
      nps: {value: 41}   # surveyed
    """
    root = read_yaml(text).root
    assert root is not None
    assert root.children is not None
    editor = _Editor(text, "\r\n" if "\r\n" in text else "\n")
    if root.style == "flow":
        return text[: root.start] + editor.braces((), root, old, new) + text[root.end :]
    return editor.block((), root.children, old, new, (0, len(text)))


@dataclass(frozen=True, slots=True)
class _Editor:
    text: str
    newline: str

    def block(self, path: KeyPath, places: Children, old: Data, new: Data, area: tuple[int, int]) -> str:
        """Return the changed lines of a block mapping; `area` holds it and what stands before its first entry."""
        starts = [self.first_line(place, with_comment=bool(path) or at > 0) for at, place in enumerate(places.values())]
        indent = next(iter(places.values())).key_column - 1
        gap = self.gap(starts[-1], area[1], indent)
        chunks = dict(zip(places, pairwise([*starts, gap]), strict=True))
        parts = [self.text[area[0] : starts[0]]]
        blank_line = 2 * self.newline
        for key in _order(path, list(places), old, new):
            if key in chunks:
                part = self.entry((*path, key), places[key], old.get(key), new.get(key), chunks[key])
            else:
                lines = entry_lines((*path, key), new[key], indent)
                blank = [""] if len(starts) > 1 and self.text.endswith(blank_line, 0, starts[-1]) else []
                lines = [*lines, *blank] if parts[-1].endswith(blank_line) else [*blank, *lines]
                part = self.newline.join([*lines, ""])
            parts.append(part if not part or part.endswith("\n") else part + self.newline)
        rest = self.text[gap : area[1]]
        if parts[-1].endswith(blank_line):
            rest = rest.removeprefix(self.newline)
        if not rest and area[1] == len(self.text) and not self.text.endswith("\n"):
            parts[-1] = parts[-1].removesuffix(self.newline)
        return "".join([*parts, rest])

    def entry(self, path: KeyPath, place: Place, old: Any, new: Any, chunk: tuple[int, int]) -> str:
        """Return the changed lines of one entry of a block mapping."""
        start, end = chunk
        if old == new:
            return self.text[start:end]
        if place.style == "block" and place.children and isinstance(old, Mapping) and isinstance(new, Mapping):
            below = self.text.index("\n", place.key_start) + 1
            return self.text[start:below] + self.block(path, place.children, old, new, (below, end))
        if place.style in ("block", "literal"):
            key = self.text.rfind("\n", 0, place.key_start) + 1
            stop = key + len(self.text[key : min(place.end, end)].rstrip())
            lines = entry_lines(path, new, place.key_column - 1)
            return self.text[start:key] + self.newline.join(lines) + self.text[stop:end]
        return self.text[start : place.start] + self.inline(path, place, old, new, "block") + self.text[place.end : end]

    def inline(self, path: KeyPath, place: Place, old: Any, new: Any, around: str) -> str:
        """Return the changed text of a value that stands within a line or in braces."""
        if old == new:
            return self.text[place.start : place.end]
        if place.children and isinstance(old, Mapping) and isinstance(new, Mapping):
            return self.braces(path, place, old, new)
        return scalar_text(new) if isinstance(new, str) and around == "block" else flow_text(new)

    def braces(self, path: KeyPath, place: Place, old: Data, new: Data) -> str:
        """Return the changed text of a mapping in braces; additions go to its end."""
        places: Children = place.children or {}
        order = _order(path, list(places), old, new, at_end=True)
        if order[: len(places)] != list(places):
            return flow_text({key: new[key] for key in order if key in new})
        parts, position = [], place.start
        for key, child in places.items():
            parts += [
                self.text[position : child.start],
                self.inline((*path, key), child, old.get(key), new.get(key), ""),
            ]
            position = child.end
        parts += [f", {flow_text({key: new[key]})[1:-1]}" for key in order[len(places) :]]
        return "".join([*parts, self.text[position : place.end]])

    def first_line(self, place: Place, *, with_comment: bool) -> int:
        """Return where the entry's lines start: at its key, or at the comment right above that stands no deeper."""
        start = self.text.rfind("\n", 0, place.key_start) + 1
        while with_comment and start:
            above = self.text.rfind("\n", 0, start - 1) + 1
            line = self.text[above:start]
            if not line.lstrip(" ").startswith("#") or len(line) - len(line.lstrip(" ")) >= place.key_column:
                break
            start = above
        return start

    def gap(self, start: int, end: int, indent: int) -> int:
        """Return where the blank lines and outer comments begin that end the text from `start` to `end`."""
        while end > start:
            above = self.text.rfind("\n", start, end - 1) + 1
            line = self.text[above:end]
            outside = len(line) - len(line.lstrip(" ")) <= indent
            if above <= start or (line.strip() and not (outside and line.lstrip().startswith("#"))):
                break
            end = above
        return end


def _order(path: KeyPath, keys: Sequence[str], old: Data, new: Data, *, at_end: bool = False) -> list[str]:
    """Return the keys of the result: in the new order where order is part of the model, else as the file has them."""
    if not (_holds_fields(path) or _is_labelled_scenario(path, old, new)):
        return list(new)
    order = [key for key in keys if key in new or key not in old]
    before = ""
    for key in new:
        if key not in order:
            order.insert(order.index(before) + 1 if before and not at_end else len(order), key)
        before = key
    return order


def _is_labelled_scenario(path: KeyPath, *statements: Data) -> bool:
    """Return whether a mapping holds the fields of a scenario, not its changes alone."""
    return len(path) == 2 and path[0] == "scenarios" and not any(map(Scenario.is_body, statements))


def _holds_fields(path: KeyPath) -> bool:
    """Return whether a mapping holds a model's fields, and not names, whose order counts."""
    if path[:1] != ("metrics",):
        return path[:1] in ((), ("evidence_defaults",), ("finance",), ("fiscal_calendar",))
    return len(path) in (2, 4) or path[-1] in ("guardrail", "agreed", "evidence")
