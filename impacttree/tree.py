"""`ImpactTree`, what users hold: it binds questions and exporters and holds no logic. `Formula` lives beside it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Self

from impacttree.errors import FormulaError, ModelError, Problem

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import graphviz
    import networkx
    import sympy

    from impacttree.analyses.diagram import Cut, Picture, Size
    from impacttree.analyses.guardrails import GuardrailReport
    from impacttree.analyses.headroom import Headroom
    from impacttree.analyses.project import Projection
    from impacttree.analyses.sensitivity import Sensitivity
    from impacttree.analyses.simulate import Simulation
    from impacttree.analyses.uncertainty import Uncertainty
    from impacttree.analyses.value_of_information import Decision, ValueOfInformation
    from impacttree.analyses.values import Values
    from impacttree.analyses.verify import Verification
    from impacttree.analyses.what_if import Comparison, WhatIf
    from impacttree.analyses.worth import Worth
    from impacttree.answers.asked import Changes
    from impacttree.answers.subject import Subject
    from impacttree.formula.ast import Expr
    from impacttree.graph import Graph, Metric
    from impacttree.quantity import Change
    from impacttree.spec import MetricSpec, Reading, TreeSpec

__all__ = ["Formula", "ImpactTree", "from_networkx", "load", "loads", "template"]


class ImpactTree:
    """A checked tree of metrics, and every question that can be asked of it.

    Made by `load`, `loads` or `template`, or in Python from the same keys as a model file. It never changes;
    ``with_...`` methods return changed copies.

    Parameters
    ----------
    **keys
        The keys of a model file: ``name, currency, period, horizon, outcome, outcomes, metrics, scenarios, ...``.

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

    def __init__(self, **keys: Any) -> None:
        from impacttree.graph import build
        from impacttree.spec import TreeSpec

        vars(self)["_graph"] = build(TreeSpec(**keys))

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

        tree = cls.__new__(cls)
        vars(tree)["_graph"] = build(spec, problems)
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
        """What the checks noticed and let pass."""
        return self._graph.notes

    @property
    def graph(self) -> networkx.DiGraph[str]:
        """The tree as a networkx graph with attributes; a copy, so changing it does not change the tree."""
        from impacttree.graph.networkx import to_networkx

        return to_networkx(self._graph)

    def __contains__(self, name: object) -> bool:
        return name in self._graph.by_name

    def __iter__(self) -> Iterator[str]:
        return iter(self._graph.by_name)

    def __len__(self) -> int:
        return len(self._graph.metrics)

    def __getitem__(self, name: str) -> Metric:
        """Return one metric, checked: unit, rule, aggregation, influences."""
        return self._subject.metric(name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ImpactTree) and self.spec == other.spec

    def __hash__(self) -> int:
        return hash(self._subject.fingerprint)

    def __repr__(self) -> str:
        return f"<ImpactTree {self.name!r}: {len(self)} metrics, outcome {self.outcome or 'none'}>"

    def __str__(self) -> str:
        from impacttree.render import to_text

        return to_text(self.show().view())

    def _repr_mimebundle_(self, **options: Any) -> Mapping[str, str]:
        return self.diagram()._repr_mimebundle_(**options)

    # -- questions ----------------------------------------------------------------------------------------------

    def show(self) -> Values:
        """Return a short summary: the metrics with their values today."""
        return self.values()

    def values(self, changes: Changes | None = None) -> Values:
        """Return every metric's value: today's, or over the horizon under `changes`."""
        from impacttree.analyses.values import values

        return values(self._subject, changes)

    def project(self, periods: int | None = None, changes: Changes | None = None) -> Projection:
        """Step through time, period by period."""
        from impacttree.analyses.project import project

        return project(self._subject, periods, changes)

    def worth(
        self,
        metric: str,
        change: str | Change,
        on: str | None = None,
        range: bool = True,  # noqa: A002 - the word that users know
    ) -> Worth:
        """Compute what a lift of one metric is worth, through which paths, resting on what, and how sure that is.

        Parameters
        ----------
        metric
            What is lifted.
        change
            ``"+1%"``, ``"+2pp"``, ``"-$3"``, ``"=45%"``, one that is not certain as ``"+1% (0.5% to 2%)"``, or a typed
            change.
        on
            The outcome; by default the tree's.
        range
            Whether to draw samples of what is uncertain, for P10 to P90 of the worth and the risk of guardrails;
            without, the answer is quicker.

        Raises
        ------
        QuestionError
            When a metric does not exist.
        ChangeError
            When the change is written wrongly or does not fit the metric.

        Examples
        --------
        >>> import impacttree as it
        >>> worth = it.template("saas").worth("engagement", "+1%")
        >>> worth.change, worth.outcome, worth.guardrails[0].holds
        ('+1%', 'profit', True)
        """
        from impacttree.analyses.worth import worth

        return worth(self._subject, metric, change, on, range)

    def sensitivity(self, on: str | None = None) -> Sensitivity:
        """Rank all metrics by what a plausible move of each is worth, beside elasticity and the worth of 1 %."""
        from impacttree.analyses.sensitivity import sensitivity

        return sensitivity(self._subject, on)

    def what_if(
        self,
        changes: Changes,
        on: str | None = None,
        range: bool = True,  # noqa: A002 - the word that users know
    ) -> WhatIf:
        """Compute the outcomes with several changes at once.

        Parameters
        ----------
        changes
            What is done, by metric, from period 1; several changes on one metric as a list.
        on
            The outcome that the sentence is about; by default the tree's.
        range
            Whether to draw samples of what is uncertain, for ranges and the risk of guardrails.

        Examples
        --------
        >>> import impacttree as it
        >>> answer = it.template("saas").what_if({"engagement": "+1%", "arpu": "=$32"})
        >>> answer.range.p10 < answer.total < answer.range.p90
        True
        """
        from impacttree.analyses.what_if import what_if

        return what_if(self._subject, changes, on, range)

    def compare(
        self,
        scenarios: Mapping[str, Changes] | None = None,
        range: bool = True,  # noqa: A002 - the word that users know
    ) -> Comparison:
        """Compare several sets of changes.

        Parameters
        ----------
        scenarios
            Changes by name; by default the scenarios of the model file.
        range
            Whether to draw samples of what is uncertain, for the range of each scenario's change.

        Examples
        --------
        >>> import impacttree as it
        >>> [name for name, scenario in it.template("saas").compare().scenarios if scenario.total < 0]
        ['downturn']
        """
        from impacttree.analyses.what_if import compare

        return compare(self._subject, scenarios, range)

    def check_guardrails(
        self,
        changes: Changes | None = None,
        range: bool = True,  # noqa: A002 - the word that users know
    ) -> GuardrailReport:
        """Check every guardrail in each period, and how likely a breach is.

        Parameters
        ----------
        changes
            What is done, by metric; nothing for the base case.
        range
            Whether to draw samples of what is uncertain, for the risk that a limit is broken in some period.

        Examples
        --------
        >>> import impacttree as it
        >>> report = it.template("saas").check_guardrails()
        >>> report.holds, max(check.risk for check in report.checks) < 0.01
        (True, True)
        """
        from impacttree.analyses.guardrails import check_guardrails

        return check_guardrails(self._subject, changes, range)

    def simulate(
        self,
        samples: int = 2**14,
        seed: int = 0,
        on: str | Sequence[str] | None = None,
        executor: Executor | None = None,
    ) -> Simulation:
        """Draw many samples of all that is uncertain, and see how the outcomes spread.

        A progress bar shows where there is a terminal or a notebook and the work lasts longer than a second.

        Parameters
        ----------
        samples
            How many, up to 2**24; powers of two are spread best.
        seed
            The same seed gives the same samples, whatever the workers.
        on
            Metrics whose samples are kept; by default the outcomes, and metrics with a guardrail.
        executor
            Where the work is done: any ``concurrent.futures`` executor, of processes or of a cluster (dask:
            ``client.get_executor()``); threads if not given.

        Raises
        ------
        QuestionError
            When a metric does not exist, or the number of samples, the seed or the executor is none.

        Examples
        --------
        >>> import impacttree as it
        >>> simulation = it.template("saas").simulate(seed=7)
        >>> low, middle, high = simulation.quantiles("profit")
        >>> low < middle < high, simulation.probability("ltv_to_cac < 3") < 0.01
        (True, True)
        """
        from impacttree.analyses.simulate import simulate
        from impacttree.render.progress import progress

        with progress("drawing samples") as report:
            return simulate(self._subject, samples, seed, on, executor, report)

    def uncertainty(self, on: str | None = None, samples: int = 2**13, seed: int = 0) -> Uncertainty:
        """Find which uncertain numbers drive the spread of an outcome: swings, and shares of the variance.

        Parameters
        ----------
        on
            The outcome; by default the tree's.
        samples
            Base points; the Sobol indices of k numbers take k + 2 times as many evaluations.
        seed
            Of the draws.

        Examples
        --------
        >>> import impacttree as it
        >>> it.template("saas").uncertainty(samples=2**10).rows[0].address
        'arpu.value'
        """
        from impacttree.analyses.uncertainty import uncertainty
        from impacttree.render.progress import progress

        with progress("sharing out the spread") as report:
            return uncertainty(self._subject, on, samples, seed, report)

    def value_of_information(
        self, decision: Decision | None = None, samples: int = 2**14, seed: int = 0
    ) -> ValueOfInformation:
        """Compute which uncertain number is most worth measuring before a decision, and what that may cost.

        Parameters
        ----------
        decision
            What may be done, and its cost. By default the lever with most at stake is moved to its favourable end at a
            cost equal to its expected worth, where the choice is closest.
        samples
            From 200 to 2**20; powers of two are spread best.
        seed
            Of the draws.

        Examples
        --------
        >>> import impacttree as it
        >>> decision = it.Decision("engagement", "+1%", cost="$15k")
        >>> answer = it.template("saas").value_of_information(decision)
        >>> answer.measure.label, answer.measure.evppi <= answer.evpi
        ('Monthly churn <- Weekly engagement, slope', True)
        """
        from impacttree.analyses.value_of_information import value_of_information

        return value_of_information(self._subject, decision, samples, seed)

    def headroom(self, metric: str | None = None) -> Headroom:
        """Find how far each metric may move the wrong way before a guardrail is breached.

        Parameters
        ----------
        metric
            Only this one, against every guardrail; by default every metric with a stated value, against the one that it
            breaks first.

        Examples
        --------
        >>> import impacttree as it
        >>> nearest = it.template("saas").headroom("churn").rows[0]
        >>> nearest.guardrail, nearest.side, round(nearest.at, 4)
        ('ltv_to_cac', 'floor', 0.0372)
        """
        from impacttree.analyses.headroom import headroom

        return headroom(self._subject, metric)

    def verify(self, on: str | None = None) -> Verification:
        """Prove the numeric gradient of this tree against sympy and complex-step differentiation."""
        from impacttree.analyses.verify import verify

        return verify(self._subject, on)

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

    # -- pictures -----------------------------------------------------------------------------------------------

    def diagram(
        self,
        lift: tuple[str, str | Change] | None = None,
        on: str | None = None,
        cut: Cut = "full",
        size: Size = "slide",
    ) -> Picture:
        """Draw the tree; with `lift`, the money that it carries along each edge.

        ``cut="board"`` shows at most six metrics along the main path; ``size="poster"`` shows all of a large tree.
        """
        from impacttree.analyses.diagram import diagram

        return diagram(self._subject, lift, on, cut, size)

    def to_graphviz(self, lift: tuple[str, str | Change] | None = None, on: str | None = None) -> graphviz.Digraph:
        """Return the tree as a `graphviz.Digraph`; rendering it needs the program ``dot``."""
        from impacttree.render import to_digraph

        return to_digraph(self.diagram(lift, on).view())

    # -- changed copies and files -------------------------------------------------------------------------------

    def with_values(self, values: Mapping[str, str | float]) -> ImpactTree:
        """Return a copy with refreshed data: new stated values, to which assumed effects are anchored again."""
        from impacttree.spec.refresh import with_values

        return ImpactTree.from_spec(with_values(self.spec, values))

    def with_metric(self, metric: MetricSpec) -> ImpactTree:
        """Return a copy with a metric added, or put in place of the one with the same name."""
        from impacttree.spec.refresh import with_metric

        return ImpactTree.from_spec(with_metric(self.spec, metric))

    def subtree(self, *outcomes: str) -> ImpactTree:
        """Return the part of the tree that the given outcomes rest on."""
        from impacttree.graph.subtree import subtree

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

    def evaluate(self, **values: float) -> float:
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
    from impacttree.templates import text

    return loads(text(name), f"{name}.yaml")


def from_networkx(graph: networkx.DiGraph[Any]) -> ImpactTree:
    """Return the tree of a networkx graph whose node and edge attributes are those of `ImpactTree.graph`."""
    from impacttree.graph.networkx import from_networkx as read

    return ImpactTree.from_spec(read(graph))
