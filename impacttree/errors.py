"""Every error that impacttree raises, and the problems they carry.

::

    ImpactTreeError
    ├── ModelError          a model (file or Python) is wrong; lists every independent problem
    ├── FormulaError        a formula's text is wrong, with the position
    ├── QuantityError       a quantity, unit or range is written wrongly
    ├── ChangeError         a change ("+1%") is written wrongly or cannot be applied
    ├── EvaluationError     a formula has no finite real value (zero denominator, log of zero, overflow)
    ├── QuestionError       a question names what does not exist or cannot be answered
    ├── OutputError         a picture or file cannot be written
    └── MissingDependency   an optional package or program is needed; the message names the extra

Messages say where, why and what to do, in that order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cached_property
from typing import Any

from impacttree.records import dataclass

__all__ = [
    "ChangeError",
    "Edit",
    "EvaluationError",
    "FormulaError",
    "ImpactTreeError",
    "MissingDependency",
    "ModelError",
    "OutputError",
    "Problem",
    "QuantityError",
    "QuestionError",
    "meant",
    "nearest",
    "printable",
]


def printable(text: str, limit: int = 200) -> str:
    """Return `text` safe for a terminal: control and bidi characters escaped, overlong text cut in the middle."""
    if len(text) > limit:
        text = f"{text[: limit // 2]}…{text[-limit // 4 :]}"
    return "".join(ch if ch.isprintable() else ch.encode("unicode_escape").decode("ascii") for ch in text)


COMPARED = 20_000
"""Most known names that one is compared with."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``" (did you mean 'x'?)"`` for the known name that `name` is a slip of, or an empty string."""
    found = meant(name, known)
    return f" (did you mean '{found}'?)" if found else ""


def meant(name: str, known: Iterable[str]) -> str:
    """Return the known name that `name` is a slip of, or an empty string; words of another meaning are not slips.

    Case, separators and a plural do not count, else one letter in four may differ; other digits are other names.

    Examples
    --------
    >>> meant("valeu", ["value", "unit"]), meant("Take-Rate", ["basket", "take_rate"])
    ('value', 'take_rate')
    >>> meant("take", ["basket"]), meant("sin", ["min"]), meant("users1", ["users2"])
    ('', '', '')
    """
    import difflib

    names = list(known)[:COMPARED]
    plain = _plain(name[:100])
    same = next((other for other in names if _plain(other) == plain), "")
    if same or not plain:
        return same
    close = difflib.get_close_matches(name[:100], names, n=5, cutoff=0.6)
    return next((other for other in close if _is_slip(name[:100], other)), "")


def _plain(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())


def _is_slip(name: str, other: str) -> bool:
    """Return whether each word of `name` is a word of `other` but for a few letters."""
    words, others = (text.casefold().replace("-", "_").replace(" ", "_").split("_") for text in (name, other))
    if len(words) != len(others):
        words, others = [_plain(name)], [_plain(other)]
    return all(_is_slip_of_word(one, two) for one, two in zip(words, others, strict=True))


def _is_slip_of_word(one: str, two: str) -> bool:
    shorter, longer = sorted((one, two), key=len)
    few, more = sorted(("".join(filter(str.isdigit, word)) for word in (one, two)), key=len)
    if few != more and not (few and more.startswith(few)):
        return False
    if longer == f"{shorter}s":
        return True
    shared = next((at for at, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), len(shorter))
    allowed = max(len(shorter) // 4, 1 if shared else 0)
    return (shared >= STEM and shared >= len(shorter) - 1) or _slips(one, two) <= allowed


STEM = 5
"""Letters that two words begin with where one is a form of the other (``finance``, ``financial``)."""


def _slips(one: str, two: str) -> int:
    """Return how many letters were left out, added, replaced or exchanged with the next (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(two) + 1))
    for i, a in enumerate(one, 1):
        above, before, row = before, row, [i]
        for j, b in enumerate(two, 1):
            least = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == two[j - 2] and b == one[i - 2]:
                least = min(least, above[j - 2] + 1)
            row.append(least)
    return row[-1]


@dataclass(frozen=True, slots=True)
class Edit:
    """A replacement that corrects a problem, for a machine to apply.

    Parameters
    ----------
    start, end
        Half-open range of characters that is replaced.
    new
        What stands there instead.
    in_file
        Whether positions count in the whole model file; else in the text that was read (a formula, a quantity).

    Examples
    --------
    >>> Edit(6, 7, "*").apply("price × users")
    'price * users'
    """

    start: int
    end: int
    new: str
    in_file: bool = False

    def apply(self, text: str) -> str:
        """Return `text` with the replacement made."""
        return f"{text[: self.start]}{self.new}{text[self.end :]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong: where, why, and what to do.

    Parameters
    ----------
    reason
        What is wrong, in the words of the reader.
    fix
        What to do about it; may be empty when the reason says it all.
    edit
        The same as a replacement of text, where exactly one corrects the problem.
    file, line, column
        Place in a model file; line and column count from 1, 0 means unknown.
    metric
        Name of the metric concerned.
    key
        Key below the metric (``formula``, ``drivers.nps.slope``).
    formula, span
        The formula's text and the half-open range of characters in it to mark with carets.
    """

    reason: str
    fix: str = ""
    edit: Edit | None = None
    file: str = ""
    line: int = 0
    column: int = 0
    metric: str = ""
    key: str = ""
    formula: str = ""
    span: tuple[int, int] = (0, 0)

    @property
    def place(self) -> str:
        """``file:line: metric.key``, as far as each is known."""
        spot = printable(self.file) if self.file else ""
        if self.line:
            spot = f"{spot}:{self.line}" if spot else f"line {self.line}"
        address = ".".join(printable(part, 80) for part in (self.metric, self.key) if part)
        return ": ".join(part for part in (spot, address) if part)

    def __str__(self) -> str:
        text = ": ".join(part for part in (self.place, self.reason, self.fix) if part)
        return f"{text}\n{self._marked()}" if self.formula else text

    def _marked(self, width: int = 96) -> str:
        start, end = self.span
        left = max(0, min(start - width // 2, len(self.formula) - width))
        window = self.formula[left : left + width]
        shown = "".join(ch if ch.isprintable() else "·" for ch in window)
        carets = "^" * max(1, min(end, left + width) - start)
        return f"    {shown}\n    {' ' * (start - left)}{carets}"

    def at(self, **where: object) -> Problem:
        """Return a copy with more of its place filled in; what is already known stays."""
        known: dict[str, Any] = {key: value for key, value in where.items() if value and not getattr(self, key)}
        return replace(self, **known)


class ImpactTreeError(Exception):
    """Base of every error that impacttree raises on purpose.

    Attributes
    ----------
    problems : tuple of Problem
        What is wrong; one for most errors, all of them for a `ModelError`.
    """

    def __init__(self, *problems: Problem | str | Callable[[], Problem]) -> None:
        super().__init__(*problems)

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong, told when it is read: an error that is caught and answered needs no place in a file."""
        return tuple(
            told if isinstance(told, Problem) else told() if callable(told) else Problem(reason=told)
            for told in self.args
        )

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class ModelError(ImpactTreeError):
    """A model is wrong; `problems` holds every independent one, in file order."""

    shown = 50

    def __str__(self) -> str:
        if len(self.problems) == 1:
            return str(self.problems[0])
        lines = [f"{len(self.problems)} problems"]
        lines += [f"- {problem}" for problem in self.problems[: self.shown]]
        if len(self.problems) > self.shown:
            lines.append(f"- and {len(self.problems) - self.shown} more")
        return "\n".join(lines)


class FormulaError(ImpactTreeError):
    """A formula's text is wrong; the problem holds the text and the position."""


class QuantityError(ImpactTreeError, ValueError):
    """A quantity, unit or range is written wrongly."""


class ChangeError(ImpactTreeError, ValueError):
    """A change is written wrongly, or cannot be applied to its metric."""


class EvaluationError(ImpactTreeError, ArithmeticError):
    """A formula has no finite real value at the values it is given."""


class QuestionError(ImpactTreeError, ValueError):
    """A question names what the tree does not have, or cannot be answered on it."""


class OutputError(ImpactTreeError):
    """A picture or file cannot be written."""


class MissingDependency(ImpactTreeError, ImportError):
    """An optional package or program is not installed; the message says how to get it."""
