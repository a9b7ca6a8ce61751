"""YAML text to plain data: every scalar stays the text that was written, every key and value keeps its place.

The parser's events are walked with a stack, so nothing recurses and nothing is expanded: anchors, aliases, merges and
tags are refused, and what YAML would lose without a word (a repeated key, a formula cut at a comma or at ``#``) is
reported. What is wrong is repaired as far as that lets the rest be checked.
"""

from __future__ import annotations

import re
from dataclasses import field
from typing import TYPE_CHECKING, Any, Final

from impacttree.errors import Edit, Problem, printable
from impacttree.patterns import pattern
from impacttree.records import dataclass
from impacttree.spec.places import Key, Place
from impacttree.spec.yaml_text import scalar_text

if TYPE_CHECKING:
    from yaml import YAMLError
    from yaml.events import Event

__all__ = ["BROKEN", "MAX_DEPTH", "MAX_NODES", "MAX_PROBLEMS", "Broken", "Document", "read_yaml"]

MAX_DEPTH = 32
"""Deepest nesting of mappings and sequences that is read."""
MAX_NODES = 1_000_000
"""Most keys and values that are read."""
MAX_PROBLEMS = 1_000
"""Reading ends after this many problems."""


class Broken:
    """Stands for a value that could not be understood and is reported already."""


BROKEN: Final = Broken()


@dataclass(frozen=True, slots=True)
class Document:
    """What a YAML text says.

    `data` nests dicts, lists and texts; None stands where nothing is written (also ``~`` and ``null``).
    `root` is the place of all of it, None for an empty text.
    `complete` is False when the text could not be read to its end; `data` then holds nothing.
    """

    data: Any
    root: Place | None
    problems: tuple[Problem, ...]
    complete: bool


def read_yaml(text: str) -> Document:
    r"""Read one YAML document from `text`; problems carry line and column, and no file.

    Examples
    --------
    >>> read_yaml("value: 0123\nlabel: no").data
    {'value': '0123', 'label': 'no'}
    >>> print(read_yaml("{formula: max(a, b), unit: USD}").problems[0].fix)
    put quotes around it: formula: "max(a, b)"
    """
    import yaml

    reader = _Reader(text)
    parser = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        for event in yaml.parse(text, Loader=parser):
            reader.take(event)
    except yaml.YAMLError as error:
        reader.problems.append(_syntax_problem(error, text))
    except _StopReading:
        pass
    else:
        return Document(reader.root.result, reader.root.places.get(0), tuple(reader.problems), complete=True)
    return Document(None, None, tuple(reader.problems), complete=False)


class _StopReading(Exception):
    """A limit is reached."""


@dataclass(slots=True)
class _Frame:
    """A mapping or sequence that is still open."""

    kind: str
    """``mapping``, ``sequence``, or ``stream`` around everything."""
    style: str
    opened: Event | None = None
    result: Any = None
    places: dict[Key, Place] = field(default_factory=dict)
    key: Event | None = None
    """Key that waits for its value."""
    previous: str | None = None
    """Key of the last entry, when its value is plain text: what a comma may have cut."""
    split: tuple[str, int, int] | None = None
    """Key and extent of a text that commas have cut."""


class _Reader:
    """Takes events one by one."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.problems: list[Problem] = []
        self.nodes = 0
        self.root = _Frame("stream", "block")
        self.frames = [self.root]
        self.take_by_type = {
            "ScalarEvent": self.scalar,
            "MappingStartEvent": self.open_mapping,
            "SequenceStartEvent": self.open_sequence,
            "MappingEndEvent": self.close,
            "SequenceEndEvent": self.close,
            "AliasEvent": self.alias,
            "DocumentStartEvent": self.document,
        }

    def take(self, event: Event) -> None:
        method = self.take_by_type.get(type(event).__name__)
        if method is not None:
            method(event)

    def report(self, mark: Any, reason: str, fix: str = "", edit: Edit | None = None) -> None:
        self.problems.append(Problem(reason=reason, fix=fix, edit=edit, line=mark.line + 1, column=mark.column + 1))
        if len(self.problems) >= MAX_PROBLEMS:
            self.stop(mark, f"more than {MAX_PROBLEMS:,} problems; the rest is not read", "correct these first")

    def stop(self, mark: Any, reason: str, fix: str) -> None:
        self.problems.append(Problem(reason=reason, fix=fix, line=mark.line + 1, column=mark.column + 1))
        raise _StopReading

    def document(self, event: Any) -> None:
        if self.root.places:
            self.stop(event.start_mark, "a second document starts here", "keep one model per file; remove `---`")
        if event.tags:
            self.report(event.start_mark, "%TAG directives are not read", "remove the line")

    # ---- values

    def scalar(self, event: Any) -> None:
        frame = self.frames[-1]
        self.check(event)
        style = event.style
        plain = not style
        if plain and _CUT.match(self.text, event.end_mark.index):
            self.report_comment(event)
        if frame.kind == "mapping" and frame.key is None:
            frame.key = event
            return
        if plain and event.value in _NOTHING:
            if event.value == "" and frame.style == "flow" and self.is_cut(frame, event):
                return
            self.put(frame, None, event, "plain")
        elif plain:
            self.put(frame, event.value, event, "plain")
        else:
            self.put(frame, event.value, event, "literal" if style in "|>" else "quoted")

    def alias(self, event: Any) -> None:
        self.count(event)
        self.report(
            event.start_mark,
            f"`*{printable(event.anchor, 40)}` is a YAML alias, which model files do not have",
            "put quotes around the text, or write the value out",
        )
        frame = self.frames[-1]
        if frame.kind == "mapping" and frame.key is None:
            frame.key = event
        else:
            self.put(frame, BROKEN, event, "plain")

    def open_mapping(self, event: Any) -> None:
        self.open(event, _Frame("mapping", "flow" if event.flow_style else "block", event, {}))

    def open_sequence(self, event: Any) -> None:
        self.open(event, _Frame("sequence", "flow" if event.flow_style else "block", event, []))

    def open(self, event: Any, frame: _Frame) -> None:
        self.check(event)
        if len(self.frames) > MAX_DEPTH:
            self.stop(event.start_mark, f"nested more than {MAX_DEPTH} deep", "a model needs only a few levels")
        above = self.frames[-1]
        if above.kind == "mapping" and above.key is None:
            self.report(event.start_mark, "a key must be a name, not a list or a mapping", "put quotes around the text")
        self.frames.append(frame)

    def close(self, event: Any) -> None:
        frame = self.frames.pop()
        if frame.split:
            self.report_split(frame)
        above = self.frames[-1]
        if above.kind == "mapping" and above.key is None:
            above.key = frame.opened
        else:
            assert frame.opened is not None
            self.put(above, frame.result, frame.opened, frame.style, event.end_mark.index, frame.places)

    def put(
        self,
        frame: _Frame,
        value: Any,
        event: Any,
        style: str,
        end: int | None = None,
        children: dict[Key, Place] | None = None,
    ) -> None:
        """Store a value under the key that waits for it, or at the end of the sequence."""
        start = event.start_mark
        if frame.split:
            self.report_split(frame)
        if frame.kind == "stream":
            key: Key = 0
            mark = start
            frame.result = value
        elif frame.kind == "sequence":
            key = len(frame.result)
            mark = start
            frame.result.append(value)
        else:
            known = self.known_key(frame)
            if known is None:
                return
            key, mark = known
            frame.result[key] = value
        frame.places[key] = Place(
            mark.line + 1, mark.column + 1, start.line + 1, start.column + 1,
            mark.index, start.index, event.end_mark.index if end is None else end, style, children,
        )  # fmt: skip

    def known_key(self, frame: _Frame) -> tuple[str, Any] | None:
        """Return the waiting key and its mark, or None if it is reported and its value is to be dropped."""
        event: Any = frame.key
        frame.key = frame.previous = None
        key = getattr(event, "value", None)
        if not isinstance(key, str):
            return None
        mark = event.start_mark
        if key in frame.result:
            first = frame.places[key].key_line
            self.report(mark, f"'{printable(key, 80)}' is stated twice, first in line {first}", "keep one of them")
            return None
        if not event.style and key in _NO_KEY:
            self.report(mark, *_NO_KEY[key])
            return None
        frame.previous = key
        return key, mark

    # ---- what YAML would lose

    def is_cut(self, frame: _Frame, event: Any) -> bool:
        """Return whether this nothing is what a comma leaves of a text in braces: a key without a colon."""
        key: Any = frame.key
        if frame.kind != "mapping" or key is None or ":" in self.text[key.end_mark.index : event.start_mark.index]:
            return False
        frame.key = None
        if frame.split:
            frame.split = (frame.split[0], frame.split[1], key.end_mark.index)
        elif frame.previous is not None and frame.places[frame.previous].style == "plain":
            frame.split = (frame.previous, frame.places[frame.previous].start, key.end_mark.index)
        else:
            self.report_valueless(frame, key)
        return True

    def report_valueless(self, frame: _Frame, key: Any) -> None:
        """Report a key alone in braces; what stands after a colon without a space is taken as its value."""
        written = getattr(key, "value", "")
        reason, start = f"'{printable(written, 80)}' has no value", key.start_mark.index
        name, colon, value = written.partition(":")
        if not (name and value) or key.style or name in frame.result:
            fix = "write a space after the colon" if colon else "write `key: value`"
            self.report(key.start_mark, reason, fix)
            return
        edit = Edit(start + len(name) + 1, start + len(name) + 1, " ", in_file=True)
        fix = f"write a space after the colon: {printable(name)}: {printable(value)}"
        self.report(key.start_mark, reason, fix, edit)
        mark, at = key.start_mark, start + len(name) + 1
        frame.result[name] = value
        frame.places[name] = Place(
            mark.line + 1, mark.column + 1, mark.line + 1, mark.column + 2 + len(name),
            start, at, key.end_mark.index, "plain",
        )  # fmt: skip

    def report_split(self, frame: _Frame) -> None:
        """Report the text that commas have cut, and put it together again."""
        assert frame.split is not None
        key, start, end = frame.split
        frame.split = None
        text = " ".join(self.text[start:end].split())
        place = frame.places[key]
        joined = _THOUSANDS.sub(_without_commas, text)
        if "," not in joined:
            fix = f"write the number without commas: {joined}"
            edit = Edit(start, end, joined, in_file=True)
            frame.result[key] = joined
        else:
            quoted = scalar_text(text, in_braces=True)
            fix = f"put quotes around it: {printable(key, 80)}: {printable(quoted)}"
            edit = Edit(start, end, quoted, in_file=True)
            frame.result[key] = text
        frame.places[key] = place._replace(end=end)
        reason = f"'{printable(text)}' is cut at the comma, because in braces a comma starts the next key"
        mark = _Mark(place.line - 1, place.column - 1)
        self.report(mark, reason, fix, edit)

    def report_comment(self, event: Any) -> None:
        line_end = self.text.find("\n", event.end_mark.index)
        rest = self.text[event.end_mark.index : line_end if line_end >= 0 else len(self.text)].strip()
        self.report(
            event.start_mark,
            f"'{printable(event.value, 80)}' is cut before '{printable(rest, 40)}', because ` #` starts a comment",
            'put quotes around the text: "...", or write a space after the # if it is a comment',
        )

    def check(self, event: Any) -> None:
        self.count(event)
        if event.anchor is not None:
            self.report(
                event.start_mark,
                f"`&{printable(event.anchor, 40)}` is a YAML anchor, which model files do not have",
                "put quotes around the text, or remove the anchor",
            )
        if event.tag is not None:
            self.report(
                event.start_mark,
                f"`{printable(event.tag, 40)}` is a YAML tag, which model files do not have",
                "put quotes around the text, or remove the tag",
            )

    def count(self, event: Any) -> None:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            self.stop(event.start_mark, f"has more than {MAX_NODES:,} keys and values", "split the model")


@dataclass(frozen=True, slots=True)
class _Mark:
    line: int
    column: int


_NOTHING = frozenset(("", "~", "null", "Null", "NULL"))
_NO_KEY = {
    "": ("a key is missing before the colon", "write `key: value`"),
    "<<": ("`<<` merges are not read", "write the keys out"),
}
_CUT = pattern(r"[ \t]+#+[^\s#]")
_THOUSANDS = pattern(r"(?<![\w.])\d{1,3}(?:, ?\d{3})+(?![\w,])|(?<=[$€£¥])\d{1,3}(?:, ?\d{3})+(?![\d,])")


def _without_commas(match: re.Match[str]) -> str:
    return re.sub(", ?", "", match[0])


_SYNTAX = {
    "mapping values are not allowed in this context": (
        "a second `: ` on this line, or wrong indentation",
        "put quotes around a text that contains `: `; indent keys of one level alike",
    ),
    "could not find expected ':'": (
        "this line is not a `key: value`",
        "write a space after the colon; put quotes around a text that goes over several lines",
    ),
    "did not find expected ',' or '}'": ("these braces { } are not closed, or a comma is missing", "close them"),
    "did not find expected ',' or ']'": ("these brackets [ ] are not closed, or a comma is missing", "close them"),
    "found unexpected end of stream": ("this quoted text is not closed", "close the quotes"),
    "did not find expected key": ("wrong indentation", "indent keys of one level alike, with spaces"),
    "did not find expected '-' indicator": ("wrong indentation", "indent the items of a list alike, with spaces"),
    "found unknown escape character": ("an unknown `\\` escape in double quotes", "write `\\\\`, or use single quotes"),
    "block sequence entries are not allowed in this context": (
        "`- ` starts a list item in the middle of a line",
        "put quotes around the text",
    ),
    "did not find expected node content": ("a value is missing here", "write one"),
}

_SAID_WHERE_IT_STARTS = frozenset(
    (
        "could not find expected ':'",
        "did not find expected ',' or '}'",
        "did not find expected ',' or ']'",
        "found unexpected end of stream",
    )
)


def _syntax_problem(error: YAMLError, text: str) -> Problem:
    """Say in plain words what the YAML parser has met."""
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        at = getattr(error, "position", 0)
        character = getattr(error, "character", 0)
        code = ord(character) if isinstance(character, str) and len(character) == 1 else character
        line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
        reason = f"character U+{code:04X} cannot stand in a text file" if isinstance(code, int) else "is not text"
        return Problem(reason=reason, fix="remove it", line=line, column=column)
    found = getattr(error, "problem", None) or "cannot be read"
    if found in _SAID_WHERE_IT_STARTS:
        mark = getattr(error, "context_mark", None) or mark
    if "cannot start any token" in found:
        reason, fix = _bad_start(text[mark.index : mark.index + 1])
    else:
        reason, fix = _SYNTAX.get(found, (found, "see the lines just above, too"))
    return Problem(reason=f"is not valid YAML: {reason}", fix=fix, line=mark.line + 1, column=mark.column + 1)


def _bad_start(character: str) -> tuple[str, str]:
    if character == "\t":
        return "a tab indents this line", "indent with spaces"
    return f"a text cannot start with `{printable(character)}`", "put quotes around it"
