"""What cannot be computed stays local: a metric without a value stops only the answers that read it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from impacttree.answers.subject import Subject
from impacttree.errors import EvaluationError

__all__ = ["known", "local", "marking"]

P = ParamSpec("P")
R = TypeVar("R")


def local(question: Callable[Concatenate[Subject, P], R]) -> Callable[Concatenate[Subject, P], R]:
    """Return the question, asked of what it reads alone where the tree as a whole has no value.

    An answer reads its outcome, the outcomes shown with it, what is changed, and the metrics with a guardrail.
    """

    @wraps(question)
    def answered(subject: Subject, /, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return question(subject, *args, **kwargs)
        except EvaluationError:
            return question(subject.cut(_read(subject, (args, kwargs))), *args, **kwargs)

    return answered


def marking(question: Callable[Concatenate[Subject, P], R]) -> Callable[Concatenate[Subject, P], R]:
    """Return the question, asked of a tree that marks what has no value where it has none: for views of all of it."""

    @wraps(question)
    def answered(subject: Subject, /, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return question(subject, *args, **kwargs)
        except EvaluationError:
            return question(subject.marked, *args, **kwargs)

    return answered


def known(value: float) -> float | None:
    """Return a value, or None in place of the mark of what has none."""
    return None if math.isnan(value) else value


def _read(subject: Subject, given: object) -> frozenset[int]:
    """Return the metrics that an answer reads: those named in what it was given, shown with every answer, or cash."""
    graph = subject.graph
    texts = set(_texts(given))
    texts |= {name for one in graph.spec.scenarios if one.name in texts for name, _ in one.changes}
    named = {text for text in texts if text in graph.by_name}
    shown = (graph.outcome, *graph.spec.outcomes, *(m.name for m in graph.metrics if m.spec.guardrail is not None))
    weighed = graph.spec.finance.metrics if graph.spec.finance is not None else ()
    return frozenset(graph.by_name[name] for name in (*named, *shown, *weighed) if name)


def _texts(given: object) -> Iterable[str]:
    """Yield the texts within arguments: names, lists of them, changes by metric, decisions."""
    pending: list[object] = [given]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, Mapping):
            pending += [*item.keys(), *item.values()]
        elif isinstance(item, list | tuple | set | frozenset):
            pending += item
        elif hasattr(item, "changes"):
            pending += [item.changes, getattr(item, "on", None)]
