"""One bet: a change and its cost, every answer that its slides show, and how they write amounts."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

from impacttree.analyses.break_even import BreakEven, SwitchingValue, break_even
from impacttree.analyses.cash_flow import CashFlow, cash_flow
from impacttree.analyses.pnl import Pnl, pnl
from impacttree.analyses.what_if import Comparison, compare
from impacttree.analyses.worth import Worth, worth
from impacttree.answers.asked import NOTHING, Basis
from impacttree.answers.case import Case
from impacttree.answers.guardrail_checks import GuardrailCheck
from impacttree.answers.net_over_time import Returns, returns
from impacttree.answers.outlays import Costs
from impacttree.answers.subject import Subject
from impacttree.answers.verdict import verdict
from impacttree.answers.words import Words, is_still, joined, lowered
from impacttree.errors import Problem, QuestionError
from impacttree.graph.model import Metric
from impacttree.quantity import Change
from impacttree.quantity.calendar import placed
from impacttree.records import dataclass

__all__ = ["AXIS_STEPS", "Bet"]

AXIS_STEPS = 6
"""Of the axis of an amount over a slide's width, at most."""
SAMPLES = 2**12
"""Of what stands beside the worth: the cash, and what it is worth to know more."""
MOST_STAGES = 4
"""Ends of fiscal years that are told beside each other, at most."""
SHORT = ("day", "week", "month")
"""Periods that fiscal quarters are made of."""
MOST_PARTS = 3
"""Of a cost, that are told one by one."""


@dataclass(frozen=True, eq=False)
class Bet:
    """One change and its cost, and every answer that its slides show."""

    subject: Subject
    metric: str
    change: str | Change
    cost: Costs | None = None
    label: str = ""
    """What it is called among several; by its change where empty."""
    on: str | None = None
    scenario: str | None = None
    people: bool = True

    @property
    def basis(self) -> Basis:
        return self.subject.basis

    @cached_property
    def worth(self) -> Worth:
        case = Case.of(self.subject, {self.metric: self.change}, None, self.scenario).furthest
        return worth(
            self.subject, self.metric, self.change, self.on,
            horizon=case.periods, scenario=self.scenario, basis=self.basis,
        )  # fmt: skip

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
        return returns(self.case, outcome, self.cost, self.subject.periods())

    @property
    def verdict(self) -> str:
        """Whether it pays, as every answer says it, with what is left at each horizon."""
        return verdict(self.words, self.outcome.name, self.returns)

    @cached_property
    def pnl(self) -> Pnl | None:
        """The statement on the deck's basis; None where the tree has none that ends in the outcome."""
        try:
            found = pnl(self.subject, {self.metric: self.change}, horizon=self.horizon, scenario=self.scenario)
        except QuestionError:
            return None
        return found if found.lines[-1].metric == self.outcome.name else None

    @cached_property
    def as_it_comes(self) -> Bet:
        """The same bet without any discount: a profit and loss statement has none."""
        plain = self.subject.on_basis("horizon")
        return self if plain is self.subject else replace(self, subject=plain)

    @cached_property
    def cash(self) -> CashFlow | None:
        """What it is worth today in cash; None where the model does not say what cash is, or the outcome is not money.

        Profits are taxed where the model states a rate. Where the deck tells the NPV of cash itself, that is the one.

        Raises
        ------
        QuestionError
            When it has no value in cash: a terminal value of what ends or fades.
        """
        finance = self.subject.graph.spec.finance
        if finance is None or finance.cash is None or not self.outcome.unit.is_money:
            return None
        return cash_flow(
            self.subject, {self.metric: self.change},
            cost=self.cost, after_tax=self.is_taxed, horizon=self.horizon, scenario=self.scenario, samples=SAMPLES,
        )  # fmt: skip

    @property
    def is_taxed(self) -> bool:
        """Whether tax is taken of profits on the way to cash, or of what is paid where cash is after tax already."""
        finance = self.subject.graph.spec.finance
        return finance is not None and finance.tax is not None and self.net != "NPV"

    @cached_property
    def break_even(self) -> BreakEven:
        return break_even(
            self.subject, self.metric, self.change, self.on,
            cost=self.cost, horizon=self.horizon, scenario=self.scenario, basis=self.basis,
        )  # fmt: skip

    @property
    def switching(self) -> tuple[SwitchingValue, ...]:
        try:
            return self.break_even.rows
        except QuestionError:
            return ()

    @cached_property
    def compared(self) -> Comparison:
        """The scenarios of the file beside each other, without the bet."""
        return compare(self.subject, range=False, horizon=self.horizon, basis=self.basis)

    @cached_property
    def before(self) -> tuple[GuardrailCheck, ...]:
        """The guardrails without the bet."""
        case = replace(self.case, asked=NOTHING)
        return case.risks.beside(case.guardrails) if case.risks is not None else case.guardrails

    @property
    def tax(self) -> str:
        """Whether cash is after tax: ``after tax``."""
        finance = self.subject.graph.spec.finance
        is_after = self.is_taxed or (finance is not None and finance.cash_metric is not None)
        return "after tax" if is_after else "before tax"

    @property
    def words(self) -> Words:
        return self.subject.words

    @property
    def horizon(self) -> int:
        return self.worth.horizon

    @property
    def stages(self) -> tuple[int, ...]:
        """The ends of the fiscal years, where the tree states them, else of its horizons; the last one is the end."""
        years = [t for t in range(1, self.horizon) if self.words.ended(t) and " " not in self.words.ended(t)]
        if years and len(years) < MOST_STAGES:
            return (*years, self.horizon)
        step = self.subject.periods()
        return tuple(range(step, self.horizon + 1, step)) or (self.horizon,)

    @property
    def is_fiscal(self) -> bool:
        """Whether the tree states a fiscal calendar, so that slides speak of its years and quarters."""
        return bool(self.words.quarter(1))

    def at(self, t: int) -> str:
        """Write when something happens: ``Jul 2028``, ``month 21``; ``FY29 Q2`` where there are fiscal years."""
        return (self.words.quarter(t) if self.words.period in SHORT else "") or self.words.at(t)

    def placed(self, preposition: str, t: int) -> str:
        """Write the same after a preposition: ``in Jul 2028``, ``on 4 Jan 2027``."""
        return placed(preposition, self.at(t))

    def by(self, t: int) -> str:
        """Write by when: ``by Oct 2029``; ``by the end of FY28`` where a fiscal year or quarter ends."""
        ended = self.words.ended(t)
        return f"by the end of {ended}" if ended and self.words.period in SHORT else self.words.by(t)

    def exactly(self, t: int) -> str:
        """Write which period it is, where `at` names a longer time: ``Jul 2028``; nothing else."""
        return "" if self.at(t) == self.words.at(t) else self.words.at(t)

    def at_length(self, t: int) -> str:
        """Write both: ``FY29 Q2, Jul 2028``."""
        return ", ".join(filter(None, (self.at(t), self.exactly(t))))

    def called(self, part: range) -> str:
        """Write fiscal years or a quarter at the head of a column: ``FY28``, ``FY28 to FY30``; ``FY27, 3 months``."""
        whole, quarter = self.words.called(part), self.words.quarter(part[0])
        if not quarter or whole.startswith(quarter[:-3]):
            return whole
        last = self.words.quarter(part[-1])
        if quarter[:-3] != last[:-3]:
            return f"{quarter[:-3]} to {self.shortly(part[-1])}"
        name = quarter if quarter == last else quarter[:-3]
        return f"{name}, {self.words.periods(len(part))}"

    @property
    def end(self) -> str:
        return self.by(self.horizon)

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
        """What is asked for, all in all: ``$250k``."""
        return self.amount(self.returns.cost)

    @property
    def paid(self) -> str:
        """When that is paid: ``once in Nov 2026``, ``in 3 parts, Nov 2026 to Apr 2027``."""
        times = sorted({max(one.period, 1) for one in self.returns.outlays})
        first, last = self.words.at(times[0]), self.words.placed("to", times[-1])
        if len(times) > 1:
            return f"{self.briefly_paid}, {first} {last}"
        return f"{'once ' if len(self.returns.outlays) == 1 else ''}{self.words.placed('in', times[0])}"

    @property
    def briefly_paid(self) -> str:
        """The same where there is little room: ``in Nov 2026``, ``in 3 parts``."""
        times = {max(one.period, 1) for one in self.returns.outlays}
        return self.words.placed("in", min(times)) if len(times) == 1 else f"in {len(self.returns.outlays)} parts"

    @property
    def parts(self) -> str:
        """The parts of a cost one by one: ``$20k in Jan 2027, written off over 36 months``; nothing of one."""
        outlays = self.returns.outlays
        if len(outlays) == 1 and outlays[0].life is None:
            return ""
        told = [one.told(self.words) for one in outlays]
        more = [f"{len(told) - MOST_PARTS} more"] if len(told) > MOST_PARTS + 1 else []
        return joined([*told[: MOST_PARTS if more else len(told)], *more])

    @property
    def sign(self) -> float:
        """What a gain does to the outcome: 1 where higher is better, else -1."""
        return 1.0 if self.outcome.spec.better == "higher" else -1.0

    @property
    def spent(self) -> float:
        """What the cost counts in all: less than what is asked where some is paid later and amounts are discounted."""
        return self.returns.paid[-1]

    @property
    def counts_in_full(self) -> bool:
        """Whether all that is asked counts at its full amount."""
        return is_still(self.spent, self.returns.cost)

    @property
    def way(self) -> str:
        """How amounts count, after one of them: nothing where they are added up as they come."""
        if not self.words.is_discounted:
            return ""
        return " in present value" if self.words.is_cash(self.outcome.name) else " discounted"

    def headed(self, what: str, last: int | None = None) -> str:
        """Write what a total is called: ``Net by Oct 2029``; where amounts are discounted that, in place of by when."""
        if what == "Net" and self.net == "NPV":
            what = "NPV"
        elif self.words.is_discounted:
            return f"{what}, present value" if self.words.is_cash(self.outcome.name) else f"{what}, discounted"
        return what if last is None else f"{what} {self.by_shortly(last)}"

    @property
    def net(self) -> str:
        """What is left of a total after what is paid for it: ``Net``, ``NPV``."""
        name = self.words.net(self.outcome.name)
        return f"{name[:1].upper()}{name[1:]}"

    def shortly(self, t: int) -> str:
        """Write a period as a fiscal year or quarter that ends with it, else by its name."""
        return self.words.ended(t) or self.words.at(t)

    def by_shortly(self, t: int) -> str:
        """Write by when, as short: ``by FY28``, ``by Oct 2029``."""
        return placed("by", self.shortly(t))

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
        return None if rate is None else self.sign * rate

    @property
    def footer(self) -> tuple[str, str]:
        basis = self.words.basis(self.outcome.name, costed=False).partition(", before the cost")[0]
        held = self.words.held("lift", self.case.asked.weights)
        paid = f"; {self.asked} paid {self.paid}" if self.cost is not None else "; before any cost"
        within = f"; in the scenario {self.case.scenario}" if self.scenario else ""
        return self.worth.provenance.origin, f"Basis: {basis}; {held}{paid}{within}."
