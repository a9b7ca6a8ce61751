"""`ImpactTree`, what users hold: it binds questions and exporters and holds no logic. `Formula` lives beside it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Never, Self

from impacttree import questions
from impacttree.asks import asks
from impacttree.errors import FormulaError, ModelError, Problem
from impacttree.records import dataclass

if TYPE_CHECKING:
    import graphviz
    import networkx
    import sympy

    from impacttree.answers.asked import Basis, Changes
    from impacttree.answers.outlays import Costs
    from impacttree.answers.subject import Horizon, Subject
    from impacttree.formula.ast import Expr
    from impacttree.graph import Graph
    from impacttree.notebook.explorer import Explorer
    from impacttree.quantity import Change, Period
    from impacttree.reports.deck import Deck
    from impacttree.spec import EvidenceDefaults, Finance, FiscalCalendar, MetricSpec, Reading, Scenario, TreeSpec
    from impacttree.spec.fields import Amount, Day
    from impacttree.spec.refresh import NewValues

__all__ = ["Formula", "ImpactTree", "from_networkx", "load", "loads", "template"]


def _bet_deck() -> Callable[..., Deck]:
    from impacttree.reports.bet_deck import bet_deck

    return bet_deck


def _explore() -> Callable[..., Explorer]:
    from impacttree.notebook.explore import explore

    return explore


class ImpactTree:
    """A checked tree of metrics, and every question that can be asked of it.

    Made by `load`, `loads` or `template`, or in Python from the same keys as a model file. It never changes;
    ``with_...`` methods return changed copies.

    Parameters
    ----------
    metrics
        The metrics, as `Metric` objects or as a mapping from names to the keys of a model file.
    name, description, currency, period, horizon
        What the model is about, its money, its time step, and how many periods are looked ahead.
    start_date, fiscal_calendar
        The first day of period 1, and how fiscal years are divided, as ``{"start": "February"}``.
    finance
        How amounts of later periods are weighed, as ``{"discount_rate": "12%/year"}``.
    outcome, outcomes
        The metric that questions are asked about by default, and the few that are shown together.
    statement
        The lines of the profit and loss statement: ``["revenue", "-cogs", "=gross_profit"]``.
    scenarios, evidence_defaults, correlations
        As in a model file.

    Raises
    ------
    ModelError
        With every problem of the model.

    Examples
    --------
    >>> import impacttree as it
    >>> tree = it.ImpactTree(
    ...     name="Shop",
    ...     metrics=[
    ...         it.Metric("visits", value="90k visits/month", kind="product"),
    ...         it.Metric("conversion", value="2%", kind="product"),
    ...         it.Metric("basket", value="$40/order"),
    ...         it.Metric("revenue", formula="visits * conversion * basket", unit="USD/month", kind="financial"),
    ...     ],
    ... )
    >>> round(tree.worth("conversion", "+1%").total)
    8640
    """

    def __init__(
        self,
        *,
        metrics: Iterable[MetricSpec] | Mapping[str, Mapping[str, Any]] | None = None,
        name: str | None = None,
        description: str | None = None,
        currency: str | None = None,
        period: Period | None = None,
        horizon: int | str | None = None,
        start_date: Day | None = None,
        fiscal_calendar: FiscalCalendar | Mapping[str, str] | None = None,
        finance: Finance | Mapping[str, Any] | None = None,
        outcome: str | None = None,
        outcomes: Sequence[str] | None = None,
        illustrative: bool | None = None,
        statement: Sequence[str] | None = None,
        scenarios: Iterable[Scenario] | Mapping[str, Mapping[str, str]] | None = None,
        evidence_defaults: EvidenceDefaults | Mapping[str, Amount] | None = None,
        correlations: Sequence[tuple[str, str, Amount]] | None = None,
        **unknown: Never,
    ) -> None:
        keys = {**locals(), **unknown}
        from impacttree.graph import build
        from impacttree.spec import TreeSpec

        vars(self)["_graph"] = build(TreeSpec(**{key: keys[key] for key in keys if key not in ("self", "unknown")}))

    @classmethod
    def from_spec(cls, spec: TreeSpec, problems: Sequence[Problem] = ()) -> Self:
        """Return the tree of a specification.

        Parameters
        ----------
        spec
            As written, or as far as it could be read.
        problems
            What reading it found wrong already.

        Raises
        ------
        ModelError
            With every problem of the model.
        """
        from impacttree.graph import build

        return cls._of(build(spec, problems))

    @classmethod
    def _of(cls, graph: Graph) -> Self:
        tree = cls.__new__(cls)
        vars(tree)["_graph"] = graph
        return tree

    _graph: Graph

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"an ImpactTree never changes, so {name} cannot be set: with_values() returns a copy")

    def __reduce__(self) -> tuple[Callable[[TreeSpec], ImpactTree], tuple[TreeSpec]]:
        return type(self).from_spec, (self.spec,)

    @cached_property
    def _subject(self) -> Subject:
        from impacttree.answers.subject import Subject

        return Subject(self._graph)

    # -- what the tree is ---------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def spec(self) -> TreeSpec:
        """The specification, as written."""
        return self._graph.spec

    @property
    def outcome(self) -> str:
        """The metric that questions are asked about by default."""
        return self._graph.outcome

    @property
    def notes(self) -> tuple[str, ...]:
        """What the checks noticed and let pass, and which metrics read as a cost without saying what is better."""
        from impacttree.answers.direction import direction_notes

        return (*self._graph.notes, *direction_notes(self._subject))

    @property
    def graph(self) -> networkx.DiGraph[str]:
        """The tree as a networkx graph; a copy, so changing it does not change the tree.

        Its attributes are the keys of the model beside ``metrics``. A node has the keys of its metric that were
        written, as text, and ``unit`` as checked. An edge leads from what acts to what it acts on and has ``kind``
        (``identity``: a formula, ``influence``: a driver) and ``timing`` (``now``, ``prev``, ``lag 3``, ``cumulative``,
        ``baseline``, ``start``); that of a driver has the driver's keys too, and the effect in ``words``.
        `from_networkx` reads it.
        """
        from impacttree.graph.networkx import to_networkx

        return to_networkx(self._graph)

    def __contains__(self, name: object) -> bool:
        return name in self._graph.by_name

    def __iter__(self) -> Iterator[str]:
        return iter(self._graph.by_name)

    def __len__(self) -> int:
        return len(self._graph.metrics)

    def __getitem__(self, name: str) -> MetricSpec:
        """Return one metric: an `it.Metric` with its keys as written, and its unit, value today and neighbours."""
        return self.metrics[self._subject.metric(name).index]

    @cached_property
    def metrics(self) -> tuple[MetricSpec, ...]:
        """The metrics in file order, each an `it.Metric` that knows its place in the tree."""
        from impacttree.answers.metrics import metrics

        return metrics(self._subject)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ImpactTree) and self.spec == other.spec

    def __hash__(self) -> int:
        return hash(self._subject.fingerprint)

    def __repr__(self) -> str:
        return f"<ImpactTree {self.name!r}: {len(self)} metrics, outcome {self.outcome or 'none'}>"

    def __str__(self) -> str:
        from impacttree.render import to_text

        return to_text(self.values().view())

    def _repr_mimebundle_(self, **options: Any) -> Mapping[str, str]:
        return self.diagram()._repr_mimebundle_(**options)

    # -- questions ----------------------------------------------------------------------------------------------

    show = asks(lambda: questions.values)
    values = asks(lambda: questions.values)
    project = asks(lambda: questions.project)
    worth = asks(lambda: questions.worth)
    what_if = asks(lambda: questions.what_if)
    pnl = asks(lambda: questions.pnl)
    cash_flow = asks(lambda: questions.cash_flow)
    compare = asks(lambda: questions.compare)
    sensitivity = asks(lambda: questions.sensitivity)
    sweep = asks(lambda: questions.sweep)
    check_guardrails = asks(lambda: questions.check_guardrails)
    headroom = asks(lambda: questions.headroom)
    simulate = asks(lambda: questions.simulate)
    uncertainty = asks(lambda: questions.uncertainty)
    break_even = asks(lambda: questions.break_even)
    decide = asks(lambda: questions.decide)
    value_of_information = asks(lambda: questions.value_of_information)
    verify = asks(lambda: questions.verify)
    diagram = asks(lambda: questions.diagram)
    deck = asks(_bet_deck)
    explore = asks(_explore)

    # -- closed forms -------------------------------------------------------------------------------------------

    def expression(self, metric: str, period: int | None = None) -> sympy.Expr:
        """Return a metric as a sympy expression of the tree's inputs.

        Examples
        --------
        >>> import impacttree as it
        >>> it.loads("metrics: {a: {value: 2}, b: {value: 3}, c: {formula: a * b}}").expression("c")
        a*b
        """
        self._subject.metric(metric)
        return self._subject.closed.expression(metric, self._period(period))

    def derivative(self, outcome: str, metric: str, period: int | None = None) -> sympy.Expr:
        """Return d outcome / d metric as a sympy expression.

        On a stepped tree it is d outcome(t) / d (lift held from period 1), and ``churn(3)`` is churn in period 3;
        `period` defaults to the first in which the derivative is not identically zero.
        """
        for name in (outcome, metric):
            self._subject.metric(name)
        return self._subject.closed.derivative(outcome, metric, self._period(period))

    def elasticity(self, outcome: str, metric: str, period: int | None = None) -> sympy.Expr:
        """Return % change of the outcome per % change of the metric, as a sympy expression."""
        for name in (outcome, metric):
            self._subject.metric(name)
        return self._subject.closed.elasticity(outcome, metric, self._period(period))

    def _period(self, period: int | None) -> int | None:
        return None if period is None else self._subject.periods(period)

    def to_graphviz(self, lift: tuple[str, str | Change] | None = None, on: str | None = None) -> graphviz.Digraph:
        """Return the tree as a `graphviz.Digraph`; rendering it needs the program ``dot``."""
        from impacttree.render import to_digraph

        return to_digraph(self.diagram(lift, on).view())

    def to_html(
        self,
        path: str | os.PathLike[str],
        lift: tuple[str, str | Change] | None = None,
        on: str | None = None,
        *,
        cost: Costs | None = None,
        people: bool = True,
        basis: Basis = "horizon",
        overwrite: bool = True,
    ) -> None:
        """Write a page in which the tree is moved: one HTML file that opens without a network and computes by itself.

        Parameters
        ----------
        path
            Of the file.
        lift
            A metric and its change, with which the page opens.
        on
            The outcome; by default the tree's.
        cost
            What the change costs, as in every question: ``"$250k"`` today, ``"$20k in month 3"``, or a list of these;
            it may be a range. Another total that is typed on the page is paid in the same parts.
        people
            Whether owners, sources and notes are in the file.
        basis
            How amounts count: as they come, with ``"run_rate"`` as the last period annualised, or with ``"pv"``
            discounted to today as the model's ``finance`` says.
        overwrite
            False refuses to replace a file.

        Raises
        ------
        OutputError
            When the file cannot be written.

        Examples
        --------
        >>> import impacttree as it
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     it.template("saas").to_html(f"{folder}/saas.html", ("engagement", "+5%"), cost="$250k")
        """
        from impacttree.export.page import page
        from impacttree.files import replace_file

        text = page(self._subject, lift, on, cost=cost, people=people, basis=basis)
        replace_file(path, text.encode(), overwrite)

    def to_excel(
        self,
        path: str | os.PathLike[str],
        changes: Changes | None = None,
        *,
        scenario: str | None = None,
        horizon: Horizon = None,
        cost: Costs | None = None,
        after_tax: bool = False,
        people: bool = True,
        overwrite: bool = True,
    ) -> None:
        """Write an Excel workbook of live formulas that finance can recalculate, change and check.

        It has no macros and no links: sheets of what is stated, of changes, of the tree without and with them, of cash
        where the model states ``finance``, and one that compares all of it with the library's own values.

        Parameters
        ----------
        path
            Of the ``.xlsx`` file.
        changes
            What is done, by metric, as ``{"engagement": "+1% from 2027-04 over 3 months"}``.
        scenario
            A scenario of the model file, held without and with the changes.
        horizon
            Periods, or text such as ``"36 months"``; by default the tree's.
        cost
            What is paid, of a model that states ``finance``, as ``"$250k"``, ``"$20k in month 3"`` or a list of these.
        after_tax
            Whether profits are taxed at the model's ``tax_rate`` on the way to cash.
        people
            Whether owners and sources are in the file.
        overwrite
            False refuses to replace a file.

        Raises
        ------
        OutputError
            When the tree is too large for a workbook, or the file cannot be written.
        MissingDependency
            When XlsxWriter (the extra ``excel``) is not installed.

        Examples
        --------
        >>> import impacttree as it
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     it.template("saas").to_excel(f"{folder}/saas.xlsx", {"engagement": "+5%"}, cost="$250k")
        """
        from impacttree.export.workbook import workbook, workbook_name
        from impacttree.files import replace_file

        name = workbook_name(path)
        content = workbook(
            self._subject, changes, scenario=scenario, horizon=horizon, cost=cost, after_tax=after_tax, people=people
        )
        replace_file(name, content, overwrite)

    # -- changed copies and files -------------------------------------------------------------------------------

    def with_values(self, values: NewValues) -> ImpactTree:
        """Return a copy with refreshed data: new stated values, to which assumed effects are anchored again.

        Parameters
        ----------
        values
            New values by metric: a mapping, or a pandas Series with the metrics as its index. A number is in the
            metric's base unit (0.43 for 43 %), text states its unit.
        """
        from impacttree.spec.refresh import with_values

        return ImpactTree.from_spec(with_values(self.spec, values))

    def with_metric(self, metric: MetricSpec) -> ImpactTree:
        """Return a copy with a metric added, or put in place of the one with the same name."""
        from impacttree.spec.refresh import with_metric

        return ImpactTree.from_spec(with_metric(self.spec, metric))

    def subtree(self, *outcomes: str) -> ImpactTree:
        """Return the part of the tree that the given outcomes rest on."""
        from impacttree.graph.part import subtree

        for name in outcomes:
            self._subject.metric(name)
        return ImpactTree.from_spec(subtree(self.spec, outcomes))

    def to_yaml(self) -> str:
        """Return the model as YAML text."""
        from impacttree.spec import to_yaml

        return to_yaml(self.spec)

    def save(self, path: str | os.PathLike[str], overwrite: bool = True) -> None:
        """Write the model to a file; an existing one keeps its comments, order and layout."""
        from impacttree.spec import save

        save(self.spec, path, overwrite=overwrite)


@dataclass(frozen=True)
class Formula:
    """One formula by itself.

    Parameters
    ----------
    text
        In the formula language.

    Raises
    ------
    FormulaError
        With the position, the reason and what to write instead.

    Examples
    --------
    >>> formula = Formula("customers * arpu")
    >>> formula.names, formula.evaluate(customers=100, arpu=29)
    (('customers', 'arpu'), 2900.0)
    """

    text: str
    _expr: Expr = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        from impacttree.formula import parse

        if not isinstance(self.text, str):
            raise FormulaError(f"a formula is text such as 'customers * arpu', not {type(self.text).__name__}")
        object.__setattr__(self, "_expr", parse(self.text))

    @property
    def names(self) -> tuple[str, ...]:
        """Metrics that the formula reads, each once, in reading order."""
        from impacttree.formula import names

        return names(self._expr)

    def evaluate(self, /, **values: float) -> float:
        """Compute the formula at the given values; time functions read the same value at every time.

        Raises
        ------
        EvaluationError
            When the result is not a finite number.
        QuestionError
            When a value is missing or not needed.
        """
        from impacttree.engine.single_formula import evaluate

        return evaluate(self.text, self._expr, values)

    def latex(self) -> str:
        """Return the formula as LaTeX."""
        from impacttree.engine.symbolic import latex

        return latex(self._expr)


def load(path: str | os.PathLike[str]) -> ImpactTree:
    """Read a model file.

    Raises
    ------
    ModelError
        With every problem of the file: line, metric, reason and fix.
    """
    from impacttree.spec import read_file

    return _checked(read_file(path))


def loads(text: str | bytes, file: str = "<text>") -> ImpactTree:
    """Read a model from text.

    Examples
    --------
    >>> loads("metrics: {a: {value: 2}, b: {formula: a * 3}}").values()["b"]
    6.0
    """
    from impacttree.spec import read_text

    if not isinstance(text, str | bytes):
        raise ModelError(f"a model is text or bytes, not {type(text).__name__}; load() reads a file")
    return _checked(read_text(text, file))


def _checked(reading: Reading) -> ImpactTree:
    if reading.spec is None:
        raise ModelError(*reading.problems)
    return ImpactTree.from_spec(reading.spec, reading.problems)


def template(name: Literal["saas", "internal", "duolingo"]) -> ImpactTree:
    """Return one of the trees that come with the package.

    Examples
    --------
    >>> template("duolingo").name
    'Duolingo, Q4 2024'
    """
    from impacttree.templates import graph

    return ImpactTree._of(graph(name))  # noqa: SLF001 - made in this module alone


def from_networkx(graph: networkx.DiGraph[Any]) -> ImpactTree:
    """Return the tree of a networkx graph whose attributes are those of `ImpactTree.graph`.

    Nodes carry the keys of a metric, edges those of a driver, the graph itself the other keys of a model. An edge
    without an effect stands for a name in the formula of its target.

    Raises
    ------
    ModelError
        With every problem, among them attributes that belong elsewhere.
    """
    from impacttree.graph.networkx import from_networkx as read

    return ImpactTree.from_spec(read(graph))
