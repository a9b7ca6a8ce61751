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

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

__all__ = [
    "ChangeError",
    "EvaluationError",
    "FormulaError",
    "ImpactTreeError",
    "MissingDependency",
    "ModelError",
    "OutputError",
    "Problem",
    "QuantityError",
    "QuestionError",
    "nearest",
    "printable",
]


def printable(text: str, limit: int = 200) -> str:
    """Return `text` safe for a terminal: control and bidi characters escaped, overlong text cut in the middle."""
    if len(text) > limit:
        text = f"{text[: limit // 2]}…{text[-limit // 4 :]}"
    return "".join(ch if ch.isprintable() else ch.encode("unicode_escape").decode("ascii") for ch in text)


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``" (did you mean 'x'?)"`` for the known name nearest to `name`, or an empty string."""
    import difflib

    matches = difflib.get_close_matches(name[:100], list(known)[:20_000], n=1, cutoff=0.6)
    return f" (did you mean '{matches[0]}'?)" if matches else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong: where, why, and what to do.

    Parameters
    ----------
    reason
        What is wrong, in the words of the reader.
    fix
        What to do about it; may be empty when the reason says it all.
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

    def __init__(self, *problems: Problem | str) -> None:
        self.problems: tuple[Problem, ...] = tuple(
            Problem(reason=problem) if isinstance(problem, str) else problem for problem in problems
        )
        super().__init__(*problems)

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
