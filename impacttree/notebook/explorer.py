"""`Explorer`: sliders in a notebook cell, on anywidget; the browser draws, Python computes and keeps the state."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.resources import files
from secrets import token_hex
from typing import Any

import anywidget
import traitlets

from impacttree.analyses.what_if import WhatIf, what_if
from impacttree.answers.asked import Basis
from impacttree.answers.case import Case
from impacttree.answers.outlays import Costs, Outlay, resized
from impacttree.answers.subject import Subject
from impacttree.errors import ChangeError, ImpactTreeError, Problem
from impacttree.export.changes import changes_data, timings_data
from impacttree.export.page import body, modules, page_contents
from impacttree.export.script import as_json, script
from impacttree.notebook.moves import Moved, Texts, texts_of, written
from impacttree.notebook.still import still
from impacttree.notebook.told import figures, plain, ranges
from impacttree.quantity import Change, Intervention
from impacttree.quantity.timing import InForce, split
from impacttree.records import dataclass

__all__ = ["Explorer"]

STEPS = 400
"""Of a slider, as in ``page.js``."""
MOST_STEPS, LONGEST = 20, 300
"""Changes that a message may make to one metric, and characters in which it may say when each is in force."""
ROUGH = 0.4
"""Part of a step by which the change of a dragged slider may be off: less than half, so that the slider stays there."""


def _front_end(data: Mapping[str, Any]) -> str:
    """Return the page's script as a module that draws into a cell."""
    own = (files("impacttree.notebook") / "explorer.js").read_text(encoding="utf-8")
    return f"{script(modules(data))}{own}"


def _style() -> str:
    """Return the page's style sheet for a part of a document, which has a width and a theme of its own."""
    page = (files("impacttree.export") / "page" / "page.css").read_text(encoding="utf-8")
    own = (files("impacttree.notebook") / "explorer.css").read_text(encoding="utf-8")
    dark = re.compile(r"@media (?:screen and )?\(prefers-color-scheme:dark\)\{:root,:host(\{[^}]*\})\}")
    narrow = re.compile(r"@media (?=\((?:min|max)-width:)")
    return narrow.sub("@container ", dark.sub(r":host([data-theme=dark])\1", page)) + own


class Explorer(anywidget.AnyWidget):
    """Sliders in a notebook cell, and the state that they share with Python.

    Made by `tree.explore`. `changes` and `values` are traits: ``explorer.observe(function, "values")`` calls a function
    whenever a slider or an assignment has moved them.

    Attributes
    ----------
    changes : dict of str to str
        What is done, by metric, as in every question: ``{"engagement": "+5%"}``; a list of several changes on one
        metric. Assigning to it moves the sliders; wrong changes raise an error and leave all as it was.
    values : dict of str to float
        Every metric over the horizon that is shown, by its aggregation rule and on the basis of the sliders; NaN where
        one has no value. Read only.
    """

    changes: traitlets.Any = traitlets.Any()
    values: traitlets.Dict[str, float] = traitlets.Dict(read_only=True)

    _esm = traitlets.Unicode().tag(sync=True)
    _sheet = traitlets.Unicode().tag(sync=True)
    _name = traitlets.Unicode().tag(sync=True)
    """Of the element that the sliders are in, for the picture that hides beside them."""
    _body = traitlets.Unicode().tag(sync=True)
    _contents = traitlets.Unicode().tag(sync=True)
    _asked: traitlets.Any = traitlets.Any().tag(sync=True)
    """What a browser asks; it may be anything."""
    _told: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)
    """The state, and to which question of which view it answers."""

    def __init__(
        self,
        subject: Subject,
        lift: tuple[str, str | Change] | None = None,
        on: str | None = None,
        *,
        cost: Costs | None = None,
        basis: Basis = "horizon",
    ) -> None:
        data, outlays = page_contents(subject, lift, on, cost=cost, basis=basis)
        subject = subject.on_basis(basis)
        self._subject, self._data, self._on = subject, data, on
        self._outcome = subject.outcome(on)
        self._horizon = int(data["horizons"][0])
        self._stated: tuple[Outlay, ...] = outlays
        self._cost = _spent(data["cost"])
        self._revision = 0
        self._still: Any = None
        self._hears = False
        self._whole: WhatIf | None = None
        changes = texts_of(subject, {lift[0]: lift[1]} if lift is not None else {})
        self._case = self._case_of(changes)
        texts = {"_esm": _front_end(data), "_sheet": _style(), "_body": body(), "_contents": as_json(data)}
        super().__init__(**texts, _name=token_hex(8), _told=self._state(), changes=changes)
        self._hears = True

    def __repr__(self) -> str:
        return f"<Explorer of {self._subject.graph.spec.name!r}: {self.changes}>"

    @property
    def worth(self) -> WhatIf:
        """What the changes are worth over the horizon that is shown, with ranges: as `tree.what_if` answers."""
        if self._whole is None:
            subject = self._subject
            self._whole = what_if(subject, self.changes, self._on, horizon=self._horizon, basis=subject.basis)
        return self._whole

    @property
    def _outlays(self) -> tuple[Outlay, ...]:
        """What is paid: as it was stated, or the same parts of another total that a view has."""
        is_stated = self._cost == self._data["cost"]
        return self._stated if is_stated else resized(self._stated, self._cost)

    # -- the state ------------------------------------------------------------------------------------------------

    def _case_of(self, changes: Texts) -> Case:
        return Case.of(self._subject.marked, changes, self._horizon)

    @traitlets.validate("changes")
    def _understood(self, proposal: Mapping[str, Any]) -> Texts:
        """Return changes as text; nothing has moved yet when they are wrong."""
        given = proposal["value"]
        if not isinstance(given, Mapping):
            reason = f"changes are a mapping of metric to change, not {type(given).__name__}"
            raise ChangeError(Problem(reason=reason, fix="write {'engagement': '+1%'}"))
        changes = texts_of(self._subject, given)
        _ = self._case_of(changes).after
        return changes

    @traitlets.observe("changes")
    def _moved(self, _: object) -> None:
        self._compute()
        if self._hears:
            self._revision += 1
            self._tell()
            self._draw()

    def _compute(self) -> None:
        self._case, self._whole = self._case_of(self.changes), None
        metrics = self._subject.graph.metrics
        self.set_trait("values", {metric.name: self._case.after[metric.index] for metric in metrics})

    # -- what browsers ask ----------------------------------------------------------------------------------------

    @traitlets.observe("_asked")
    def _heard(self, change: Mapping[str, Any]) -> None:
        """Take what a view of the widget asks; a wrong question is answered with what is wrong, and the state stays."""
        asked = change["new"]
        named = asked if isinstance(asked, Mapping) else {}
        to = {"view": named.get("view"), "number": named.get("number")}
        if named.get("revision", self._revision) != self._revision:
            return  # Python has moved on since, and has said so
        try:
            question = _Question.read(asked, self._data)
            self._take(question)
            horizons, rests = self._data["horizons"], question.is_settled
            found = ranges(self.worth, self._case, horizons, self._outlays) if rests else None
        except ImpactTreeError as error:
            self._tell(**to, error=str(error))
            return
        self._tell(**to, ranges=found)
        if question.is_settled:
            self._draw()

    def _take(self, question: _Question) -> None:
        changes = written(self._subject, question.moves, self._rough(question), self.changes)
        former = self._horizon, self._cost
        self._horizon, self._cost = question.horizon, question.cost
        self._hears = False
        try:
            if changes != self.changes:
                self.changes = changes
            elif self._horizon != former[0]:
                self._compute()
        except ImpactTreeError:
            self._horizon, self._cost = former
            raise
        finally:
            self._hears = True

    def _rough(self, question: _Question) -> Mapping[int, float]:
        """Return by how much in its unit each metric may be off; a slider of shares moves by shares of its value."""
        metrics, inputs = self._subject.graph.metrics, self._data["metrics"]
        sizes = {
            slot: abs(self._subject.first_known(metrics[slot])) if inputs[slot]["input"]["kind"] == "ratio" else 1.0
            for slot in question.rough
        }
        return {slot: off * sizes[slot] for slot, off in question.rough.items()}

    def _tell(self, **more: Any) -> None:
        self._told = self._state(**more)

    def _state(self, **more: Any) -> dict[str, Any]:
        now = figures(self._case, self._outcome, self._data["horizons"], self._outlays)
        asked, words = self._case.asked, self._subject.words
        done = {"changes": changes_data(asked), "timings": timings_data((asked,), words, self._data["horizons"])}
        state = {"revision": self._revision, "horizon": self._horizon, "now": now, **done}
        told = {"view": None, "number": None, "ranges": None, "error": "", **state, **more}
        return {key: plain(value) for key, value in told.items()}

    # -- where nothing runs ---------------------------------------------------------------------------------------

    def _picture(self) -> dict[str, str]:
        return still(self._case, self._outcome, self._name)

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the widget, and the picture of its state for what cannot show one."""
        bundle, more = super()._repr_mimebundle_() or ({}, {})
        picture = {kind: data for kind, data in self._picture().items() if kind != "text/html"}
        return {**picture, **bundle, "text/plain": repr(self)}, more

    def _ipython_display_(self) -> None:
        """Show the sliders, and after them a picture of their state, which hides wherever the sliders run.

        The picture stands for itself so that it can follow the state without drawing the sliders anew.
        """
        from IPython.display import display

        show: Callable[..., Any] = display
        bundle, more = super()._repr_mimebundle_() or ({}, {})
        show({**bundle, "text/plain": repr(self)}, metadata=more, raw=True)
        self._still = show(self._picture(), raw=True, display_id=True)

    def _draw(self) -> None:
        """Draw the picture of the state again, where it stands."""
        if self._still is not None:
            self._still.update(self._picture(), raw=True)


@dataclass(frozen=True)
class _Question:
    """What a view of the widget asks, read from a message that may be anything."""

    moves: Mapping[int, Sequence[Moved]]
    rough: Mapping[int, float]
    """By slot, how far the value of what is dragged may be off, as its slider has it."""
    horizon: int
    cost: float
    is_settled: bool

    @classmethod
    def read(cls, asked: object, data: Mapping[str, Any]) -> _Question:
        """Return the question of a message.

        Raises
        ------
        ChangeError
            When it is not one.
        """
        try:
            if not isinstance(asked, Mapping):
                raise TypeError
            moves = dict(_moves(asked["changes"], len(data["metrics"])))
            dragged, horizon, cost = asked.get("dragged"), asked["horizon"], asked.get("cost")
            spent = _spent(cost)
            if horizon not in data["horizons"] or spent < 0 or (spent and not data["canCost"]):
                raise ValueError
            rough = {}
            if dragged is not None:
                ends = data["metrics"][_slot(dragged, len(data["metrics"]))]["input"]
                rough = {dragged: ROUGH * (ends["most"] - ends["least"]) / STEPS}
            return cls(moves, rough, horizon, spent, asked.get("settled") is True)
        except (AttributeError, ChangeError, KeyError, TypeError, ValueError):
            reason, fix = "what the browser asks cannot be read", "run the cell again, which draws the sliders anew"
            raise ChangeError(Problem(reason=reason, fix=fix)) from None


def _moves(given: Iterable[Any], count: int) -> Iterable[tuple[int, Sequence[Moved]]]:
    for slot, move in given:
        steps = [*move.get("before", ()), move]
        if len(steps) > MOST_STEPS:
            raise ValueError
        yield _slot(slot, count), [_step(step) for step in steps]


def _step(step: Mapping[str, Any]) -> Moved:
    kind = step["kind"]
    if kind not in ("wrap", "fix"):
        raise ValueError
    return Moved(Intervention(kind, _number(step["scale"]), _number(step["shift"])), _timing(step.get("when")))


def _timing(words: object) -> InForce | None:
    """Return the time that is in words as `changes_data` tells it."""
    if words is None:
        return None
    if not isinstance(words, str) or len(words) > LONGEST:
        raise ValueError
    body, timing = split(f"+1 {words}")
    if body != "+1":
        raise ValueError
    return timing


def _slot(value: object, count: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < count:
        raise ValueError
    return value


def _spent(cost: object) -> float:
    return 0.0 if cost is None else _number(cost)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError
    return float(value)
