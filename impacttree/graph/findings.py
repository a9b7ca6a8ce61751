"""The problems and notes of one check, each with its place in the model file."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import field

from impacttree.errors import Edit, ImpactTreeError, Problem, meant
from impacttree.records import dataclass
from impacttree.spec import TreeSpec
from impacttree.spec.places import Key
from impacttree.spec.placing import put

__all__ = ["Findings"]

COMPARED = 60_000
"""Names compared in search of what an unknown name may have meant; beyond, problems come without a suggestion."""


@dataclass(slots=True)
class Findings:
    """What a check has found so far.

    Parameters
    ----------
    spec
        The tree that is checked; it knows where things stand in the file.
    problems
        What was found before; a metric named there is not blamed again for what it lacks.
    """

    spec: TreeSpec
    problems: list[Problem]
    notes: list[str] = field(default_factory=list)
    faulty: set[str] = field(init=False)
    """Metrics with a problem of their own, whose readers stay silent."""

    _compared: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.faulty = {problem.metric for problem in self.problems if problem.metric}

    @property
    def undated(self) -> bool:
        """Whether the first day of the tree is stated, but could not be read: nobody is blamed for lacking it."""
        return any(problem.key == "start_date" for problem in self.problems)

    def add(
        self,
        metric: str,
        keys: Sequence[Key],
        reason: str,
        fix: str,
        formula: str = "",
        span: tuple[int, int] = (0, 0),
        new: str | None = None,
    ) -> None:
        """Record a problem of a metric, at the entry that `keys` lead to; `new` corrects it in place of the span."""
        edit = None if new is None else Edit(*span, new)
        problem = Problem(reason=reason, fix=fix, edit=edit, formula=formula, span=span)
        self._record(problem, ("metrics", metric), keys)

    def add_at(self, keys: Sequence[Key], reason: str, fix: str, edit: Edit | None = None) -> None:
        """Record a problem of the tree itself, at a top-level entry."""
        self._record(Problem(reason=reason, fix=fix, edit=edit), (), keys)

    def add_unknown(self, keys: Sequence[Key], name: str, known: Collection[str], *, at_key: bool = False) -> None:
        """Record that there is no metric called so, at a top-level entry which names it."""
        likely = self.meant(name, known)
        reason = f"there is no metric '{name}'" + (f" (did you mean '{likely}'?)" if likely else "")
        edit = Edit(0, len(name), likely) if likely else None
        self._record(Problem(reason=reason, fix="name a metric of this tree", edit=edit), (), keys, at_key=at_key)

    def add_at_key(self, metric: str, keys: Sequence[Key], problem: Problem) -> None:
        """Record a problem with the key itself that `keys` lead to."""
        self._record(problem, ("metrics", metric), keys, at_key=True)

    def extend(self, metric: str, keys: Sequence[Key], error: ImpactTreeError, formula: str = "") -> None:
        """Record all problems of an error that a lower layer raised over a metric's entry."""
        for problem in error.problems:
            self._record(problem.at(formula=formula), ("metrics", metric), keys)

    def _record(self, problem: Problem, above: tuple[str, ...], keys: Sequence[Key], *, at_key: bool = False) -> None:
        metric = above[1] if above else ""
        key = ".".join(str(part) for part in keys)
        self.problems.append(put(problem, self.spec.places, (*above, *keys), at_key=at_key).at(metric=metric, key=key))
        if metric:
            self.faulty.add(metric)

    def note(self, metric: str, texts: Iterable[str]) -> None:
        """Record what was noticed about a metric and let pass."""
        self.notes.extend(f"{metric}: {text}" for text in texts)

    def suggestion(self, name: str, known: Collection[str]) -> str:
        """Return ``(did you mean ...?)``, or an empty string."""
        likely = self.meant(name, known)
        return f" (did you mean '{likely}'?)" if likely else ""

    def meant(self, name: str, known: Collection[str]) -> str:
        """Return the known name that `name` is a slip of, as long as the search for all unknown names stays short."""
        self._compared += len(known)
        return meant(name, known) if self._compared <= COMPARED else ""

    def sorted(self) -> tuple[Problem, ...]:
        """Return the problems in the order of the file."""
        return tuple(sorted(self.problems, key=lambda problem: (problem.file, problem.line, problem.column)))
