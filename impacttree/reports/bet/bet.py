"""One bet: a change and its cost, every answer that its slides show, and how they write amounts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from impacttree.analyses.break_even import BreakEven, SwitchingValue, break_even
from impacttree.analyses.pnl import Pnl, pnl
from impacttree.analyses.worth import Worth, worth
from impacttree.answers.asked import NOTHING
from impacttree.answers.case import Case
from impacttree.answers.cost import read_cost
from impacttree.answers.guardrail_checks import GuardrailCheck
from impacttree.answers.net_over_time import Returns, returns
from impacttree.answers.subject import Subject
from impacttree.answers.words import Words, lowered
from impacttree.errors import Problem, QuestionError
from impacttree.graph.model import Metric
from impacttree.quantity import Change, RawQuantity

__all__ = ["AXIS_STEPS", "Bet"]

AXIS_STEPS = 6
"""Of the axis of an amount over a slide's width, at most."""


@dataclass(frozen=True, eq=False)
class Bet:
    """One change and its cost, and every answer that its slides show."""

    subject: Subject
    metric: str
    change: str | Change
    on: str | None
    scenario: str | None
    cost: RawQuantity | None
    people: bool

    @cached_property
    def worth(self) -> Worth:
        case = Case.of(self.subject, {self.metric: self.change}, None, self.scenario).furthest
        return worth(self.subject, self.metric, self.change, self.on, horizon=case.periods, scenario=self.scenario)

    @property
    def case(self) -> Case:
        return self.worth.case

    @cached_property
    def outcome(self) -> Metric:
        return self.subject.outcome(self.on)

    @cached_property
    def returns(self) -> Returns:
        outcome = self.outcome
        if outcome.aggregation != "sum":
            reason = f"{outcome.label} does not add up over time ({outcome.aggregation_reason})"
            raise QuestionError(Problem(metric=outcome.name, reason=reason, fix="ask about an amount per period"))
        if self.cost is not None:
            read_cost(self.case, outcome, self.cost)  # slides tell of one amount that is paid at the start
        return returns(self.case, outcome, self.cost)

    @cached_property
    def pnl(self) -> Pnl | None:
        """The statement; None where the tree has none that ends in the outcome."""
        try:
            found = pnl(self.subject, {self.metric: self.change}, horizon=self.horizon, scenario=self.scenario)
        except QuestionError:
            return None
        return found if found.lines[-1].metric == self.outcome.name else None

    @cached_property
    def break_even(self) -> BreakEven:
        return break_even(self.subject, self.metric, self.change, self.on, cost=self.cost, horizon=self.horizon)

    @property
    def switching(self) -> tuple[SwitchingValue, ...]:
        try:
            return self.break_even.rows
        except QuestionError:
            return ()

    @cached_property
    def before(self) -> tuple[GuardrailCheck, ...]:
        """The guardrails without the bet."""
        case = replace(self.case, asked=NOTHING)
        return case.risks.beside(case.guardrails) if case.risks is not None else case.guardrails

    @property
    def words(self) -> Words:
        return self.subject.words

    @property
    def horizon(self) -> int:
        return self.worth.horizon

    @property
    def stages(self) -> tuple[int, ...]:
        """The ends of the tree's horizons: months 12, 24 and 36."""
        step = self.subject.periods()
        return tuple(range(step, self.horizon + 1, step)) or (self.horizon,)

    @property
    def end(self) -> str:
        return self.words.by(self.horizon)

    def signed(self, amount: float) -> str:
        return self.words.signed(self.outcome.name, amount)

    def amount(self, amount: float) -> str:
        return self.words.unsigned(self.outcome.name, amount)

    def span(self, low: float, high: float, *, signed: bool) -> str:
        """Write P10 to P90 of what is returned."""
        write = self.signed if signed or low < 0 else self.amount
        return f"{write(low)} to {write(high)}"

    @property
    def asked(self) -> str:
        """What is asked for, as it was written: ``$250k``."""
        return self.amount(self.returns.cost)

    @property
    def lift(self) -> str:
        """``+5% weekly engagement``, ``deploy time at 12 minutes``."""
        change = self.worth.change
        if change.startswith("="):
            return f"{lowered(self.words.label(self.metric))} at {change[1:]}"
        return self.words.changed(self.metric, change, low=True)

    @cached_property
    def carried_first(self) -> dict[str, float]:
        """What the changed metric passes on, by the metric that it goes to."""
        amounts: dict[str, float] = {}
        for edge in self.worth.edges:
            if edge.source == self.metric:
                amounts[edge.target] = amounts.get(edge.target, 0.0) + edge.amount
        return amounts

    @property
    def first_step(self) -> tuple[str, float] | None:
        """The metric through which most of the effect leaves the one that is changed, and its share."""
        amounts, total = self.carried_first, self.worth.total
        if not amounts or not total:
            return None
        name = max(amounts, key=lambda one: amounts[one] / total)
        share = amounts[name] / total
        return (name, share) if 0.5 <= share <= 1.0 + 1e-9 else None

    def owner(self, name: str) -> str:
        """Return who owns a metric; nobody where people are left out."""
        return (self.subject.graph[name].spec.owner or "") if self.people else ""

    @property
    def run_rate(self) -> float | None:
        """What is returned in the last period, annualised."""
        rate = self.worth.run_rate
        return None if rate is None else rate if self.outcome.spec.better == "higher" else -rate

    @property
    def footer(self) -> tuple[str, str]:
        basis = self.words.basis(self.outcome.name, costed=False).partition(", before the cost")[0]
        held = self.words.held("lift", self.case.asked.weights)
        paid = f"; {self.asked} paid once in {self.words.at(1)}" if self.cost is not None else "; before any cost"
        within = f"; in the scenario {self.case.scenario}" if self.scenario else ""
        return self.worth.provenance.origin, f"Basis: {basis}; {held}{paid}{within}."
