"""What cash does a change bring, period by period, and what is it worth today after what it costs?"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import field
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Any

from impacttree.answers.asked import Asked, Changes
from impacttree.answers.axis import round_levels
from impacttree.answers.case import Case
from impacttree.answers.cash_lines import CashLine, Flows, Paid, cash_lines
from impacttree.answers.local import local
from impacttree.answers.means import missing_mean
from impacttree.answers.outlays import Costs, Outlay, read_outlays
from impacttree.answers.ranges import sample_count
from impacttree.answers.rates_of_return import internal_rates, internal_rates_by_date, sign_changes
from impacttree.answers.result import Result, Scalar
from impacttree.answers.samples import Range, Samples, percentage
from impacttree.answers.subject import Horizon, Over, Subject
from impacttree.answers.words import Words, is_still, joined, lowered, sentence
from impacttree.engine.horizon import Discounted
from impacttree.errors import MissingDependency, Problem, QuestionError
from impacttree.graph.model import Metric
from impacttree.quantity import PERIODS_PER_YEAR
from impacttree.records import dataclass
from impacttree.spec.models import PERIODS_IN_A_YEAR
from impacttree.views import Cell, Column, Lines, Series, Table

__all__ = ["CashFlow", "CashFlowLine", "cash_flow"]

MOST_COLUMNS = 6
"""Between today and the total."""


@dataclass(frozen=True, slots=True)
class CashFlowLine:
    """One line of the way to cash; what is paid stands below zero."""

    line: str
    label: str
    amounts: tuple[float, ...]
    """Today, and in each period."""
    is_subtotal: bool = False

    @property
    def total(self) -> float:
        return math.fsum(self.amounts)


@dataclass(frozen=True, repr=False)
class CashFlow(Result):
    """The way to cash by period, and what it is worth today.

    Attributes
    ----------
    lines : tuple of CashFlowLine
        From the top; the last one is what is left.
    present : tuple of float
        What is left of each period, as it counts today.
    npv : float
        All of it today, net of what is paid, with the terminal value. Of amounts that are not cash it is not called so.
    npv_range : Range or None
        Of it over many samples; None where nothing that it rests on is uncertain.
    probability_of_loss : float or None
        Share of the samples in which it is below zero; None likewise.
    is_cash : bool
        Whether the model says what cash is.
    terminal, terminal_present : float
        What comes after the last period is worth at its end, and today; 0 without a terminal value.
    terminal_share : float or None
        Its share of the value before what is paid; None where there is no such value.
    cycle : int
        How many of the last periods stand for what comes after: one, or where cash has a season those of a year.
    left, left_saves : float
        What is still to be written off after the last period, and the tax that this saves as it counts today. A
        terminal value by a perpetuity holds it; without one it is not counted.
    later : tuple of CashFlowLine
        The lines of the periods after the last one that a perpetuity lays out before it goes on for ever.
    spent : float
        What is paid as it counts today.
    first_spend : int or None
        The period of the first payment, 0 for today; None where nothing is paid.
    payback, discounted_payback : int or None
        Periods from the first payment until what is left, added up, is zero or more; None where it is not within the
        horizon, or nothing is paid.
    """

    lines: tuple[CashFlowLine, ...]
    present: tuple[float, ...]
    npv: float
    npv_range: Range | None
    probability_of_loss: float | None
    metric: str
    is_cash: bool
    terminal: float
    terminal_present: float
    terminal_share: float | None
    cycle: int
    left: float
    left_saves: float
    later: tuple[CashFlowLine, ...]
    spent: float
    first_spend: int | None
    payback: int | None
    discounted_payback: int | None
    horizon: int
    costs: tuple[str, ...]
    changes: tuple[tuple[str, str], ...]
    moves: tuple[str, ...]
    warnings: tuple[str, ...]
    words: Words = field(compare=False)

    @property
    def net(self) -> tuple[float, ...]:
        """What is left today and in each period, with the terminal value in the last one."""
        *others, last = self.lines[-1].amounts
        return (*others, last + self.terminal)

    @property
    def irrs(self) -> tuple[float, ...]:
        """Every effective rate of a year at which what is left is worth nothing today.

        Raises
        ------
        MissingDependency
            When pyxirr (the extra ``finance``) is not installed.
        """
        amounts, per_year = self._at_equal_distances
        return internal_rates(amounts, per_year)

    @property
    def irr(self) -> float | None:
        """The internal rate of return, effective, of a year; None where there is none, or more than one."""
        found = self.irrs
        return found[0] if len(found) == 1 else None

    @property
    def xirr(self) -> float | None:
        """The same by the days on which periods end, today being the day before the first one; a year has 365 days.

        None where the tree states no first day, and where there is none, or more than one.
        """
        calendar = self.words.calendar
        if calendar is None:
            return None
        days = [calendar.last_day(t) for t in range(self.horizon + 1)]
        found = internal_rates_by_date(self.net, days)
        return found[0] if len(found) == 1 else None

    @property
    def profitability_index(self) -> float | None:
        """What comes back today for each unit that is paid; None where nothing is paid."""
        return (self.npv + self.spent) / self.spent if self.spent else None

    @property
    def _at_equal_distances(self) -> tuple[tuple[float, ...], float]:
        """What is left at equal distances, and how many of them a year has: half periods, where money comes halfway."""
        per_year = PERIODS_PER_YEAR[self.words.graph.spec.period]
        if self._finance.timing == "end":
            return self.net, per_year
        today, *later = self.net
        halves = [today]
        for amount in later:
            halves += [amount, 0.0]
        return tuple(halves[:-1]), 2 * per_year

    @property
    def _finance(self) -> Any:
        return self.words.graph.spec.finance

    @property
    def value_name(self) -> str:
        """What the value today is called: ``NPV``, ``present value``, ``discounted operating profit``."""
        if not self.is_cash:
            own = f"discounted {lowered(self.words.label(self.metric))}"
            return f"{own} less the cost" if self.costs else own
        return "NPV" if self.costs else "present value"

    @property
    def is_mostly_terminal(self) -> bool:
        """Whether so much of the value comes after the last period that the headline says so."""
        return self.terminal_share is not None and self.terminal_share > MUCH

    @property
    def title(self) -> str:
        """The sentence with the value today."""
        return self.words.headed(self.provenance.told(self._sentence), self.metric)

    @property
    def _sentence(self) -> str:
        words = self.words
        if self.moves:
            done = joined(self.moves)
        else:
            done = "Without a change" if self.costs or self.is_cash else words.label(self.metric)
        cost = f" for {joined(self.costs)}" if self.costs else ""
        shown = words.signed(self.metric, self.npv) if self.moves or self.costs else words.value(self.metric, self.npv)
        parts = [f"{done}{cost}: {self.value_name} {shown} {words.through('over', self.horizon)}"]
        if self.is_mostly_terminal:
            parts.append(f"{percentage(self.terminal_share or 0.0)} of the value comes after that")
        if self.costs:
            back = self._after(self.payback)
            parts.append(f"paid back {back}" if self.payback is not None else f"not paid back within {self._window}")
        return ", ".join(parts)

    @property
    def _window(self) -> str:
        return self.words.periods(self.horizon)

    def _after(self, count: int | None) -> str:
        """Write how long it is from the first payment: ``after 14 months``."""
        return (
            f"not within {self._window}"
            if count is None
            else f"after {self.words.periods(count)}"
            if count
            else "at once"
        )

    def to_dicts(self) -> list[dict[str, Scalar]]:
        unit = str(self.words.total_unit(self.metric))
        rows: list[dict[str, Scalar]] = []
        for line in self.lines:
            rows += [
                {"line": line.line, "label": line.label, "period": t, "amount": amount, "unit": unit}
                for t, amount in enumerate(line.amounts)
            ]
        if self._finance.terminal is not None:
            rows.append(
                {"line": "terminal", "label": TERMINAL, "period": self.horizon, "amount": self.terminal, "unit": unit}
            )
        rows += [
            {"line": "present", "label": "Discounted", "period": t, "amount": amount, "unit": unit}
            for t, amount in enumerate(self.present)
        ]
        return rows

    def summary(self) -> dict[str, Any]:
        return super().summary() | {
            "changes": dict(self.changes),
            "costs": list(self.costs),
            "metric": self.metric,
            "is_cash": self.is_cash,
            "horizon": self.horizon,
            "value": self.value_name,
            "npv": self.npv,
            "npv_range": self.npv_range and self.npv_range.as_dict(),
            "probability_of_loss": self.probability_of_loss,
            **self._rates(),
            "payback": self.payback,
            "discounted_payback": self.discounted_payback,
            "profitability_index": self.profitability_index,
            "terminal": self.terminal,
            "terminal_present": self.terminal_present,
            "terminal_share": self.terminal_share,
            "left": self.left,
            "left_saves": self.left_saves,
            "warnings": list(self.warnings),
            "sentence": self.title,
        }

    def _rates(self) -> Mapping[str, Any]:
        """Return the internal rates, where what works them out is installed."""
        try:
            return {"irr": self.irr, "irrs": list(self.irrs), "xirr": self.xirr}
        except MissingDependency:
            return {}

    def view(self) -> Table:
        return self.table()

    def table(self, most: int = MOST_COLUMNS, called: Callable[[range], str] | None = None) -> Table:
        """Return the lines by period, quarter or year, in so many columns between today and the total at most.

        Parameters
        ----------
        most
            Columns; where there are more years than that, the last ones stand together.
        called
            How the periods of a column are called at its head; as everywhere unless given.
        """
        parts = self._parts(most)
        heads = [(called or self.words.called)(part) for part in parts]
        columns = (Column(""), Column("Today", "right"), *(Column(h[:1].upper() + h[1:], "right") for h in heads))
        rows = [self._cells(line.label, line.amounts, parts) for line in self.lines]
        totals = {k for k, line in enumerate(self.lines) if line.is_subtotal}
        if self._finance.terminal is not None:
            rows.append(self._cells(TERMINAL, (*[0.0] * self.horizon, self.terminal), parts))
        rows.append(self._cells("Discounted to today", self._discounted, parts))
        rows.append(self._cells("Added up", tuple(accumulate(self._discounted)), parts, is_level=True))
        return Table(
            self.title, (*columns, Column("Total", "right")), tuple(rows), tuple(self._notes()),
            frozenset({*totals, len(rows) - 1}), len(rows) - 1,
        )  # fmt: skip

    @property
    def _discounted(self) -> tuple[float, ...]:
        *others, last = self.present
        return (*others, last + self.terminal_present)

    def _parts(self, most: int) -> tuple[range, ...]:
        """Return the periods of each column: each by itself where they are few, else by quarter or by year."""
        parts = self._evenly
        return parts if len(parts) <= most else (*parts[: most - 1], range(parts[most - 1].start, parts[-1].stop))

    @property
    def _evenly(self) -> tuple[range, ...]:
        words, per_year, first = self.words, PERIODS_PER_YEAR[self.words.graph.spec.period], self.words.since
        count = words.count_to(self.horizon)
        if count <= MOST_COLUMNS:
            return tuple(range(t, t + 1) for t in range(first, self.horizon + 1))
        by_quarter = per_year > 4 and count <= per_year * MOST_COLUMNS / 4
        if words.calendar is not None:
            return words.calendar.parts(first, self.horizon, "quarter" if by_quarter else "year")
        ends = [first - 1 + round(k * per_year / (4 if by_quarter else 1)) for k in range(count)]
        cut = [end for end in ends if end < self.horizon] + [self.horizon]
        return tuple(range(left + 1, right + 1) for left, right in pairwise(cut))

    def _cells(
        self, label: str, amounts: Sequence[float], parts: Sequence[range], *, is_level: bool = False
    ) -> tuple[Cell, ...]:
        sums = [amounts[part[-1]] if is_level else math.fsum(amounts[t] for t in part) for part in parts]
        whole = amounts[-1] if is_level else math.fsum(amounts)
        shown = [amounts[0], *sums, whole]
        return (Cell(label), *(Cell(self.words.value(self.metric, a) if a else "0", a) for a in shown))

    def _notes(self) -> Iterator[str]:
        words, name = self.words, self.metric
        told = self.value_name[:1].upper() + self.value_name[1:]
        if self.npv_range is not None and not self.npv_range.is_point:
            write = words.changes_apart if self.moves or self.costs else words.spread
            low, high, *_ = write(name, self.npv_range.p10, self.npv_range.p90)
            yield f"{told}: {low} to {high} (P10 to P90); below zero in {self._loss} of samples."
        if self.costs:
            plain, present = self._after(self.payback), self._after(self.discounted_payback)
            yield f"Payback, counted from the first payment: {plain}; discounted, {present}."
        if self.profitability_index is not None:
            index = f"{self.profitability_index:.2f}"
            yield f"Profitability index: {index}, what comes back for each unit that is paid, both today."
        yield from self._rate_notes()
        if self.terminal_share is not None:
            shown, share = words.value(name, self.terminal_present), percentage(self.terminal_share)
            yield f"{TERMINAL}: {shown} today, {share} of the value before what is paid; {self._terminal_text}."
        elif self._finance.terminal is None:
            yield "What comes after the last period is not counted: no terminal value is stated."
        yield from self._left_notes()
        yield from map(sentence, self.warnings)
        yield f"Basis: {self.provenance.basis}."

    def _left_notes(self) -> Iterator[str]:
        """Say what is written off after the last period, and whether the tax that it saves is counted."""
        name, terminal = self.metric, self._finance.terminal
        left, saves = (self.words.value(name, amount) for amount in (self.left, self.left_saves))
        spent = max(map(abs, (amount for line in self.lines for amount in line.amounts)), default=0.0)
        if is_still(spent, spent + self.left):
            return
        if terminal is not None and terminal.perpetuity is not None:
            counted = "the terminal value counts the tax that this saves"
        elif self._finance.losses == "refund":
            counted = f"the tax that this saves, {saves} today, is not counted"
        else:
            counted = f"the tax that this saves, at most {saves} today, is not counted"
        yield f"Still to be written off after the last {self.words.period}: {left}; {counted}."

    @property
    def _loss(self) -> str:
        return percentage(self.probability_of_loss or 0.0)

    @property
    def _terminal_text(self) -> str:
        terminal = self._finance.terminal
        if terminal.multiple is not None:
            return f"{terminal.multiple.x.text} times {lowered(self.words.label(terminal.multiple.of))} of a year"
        growth = terminal.perpetuity.growth.text.partition("/")[0]
        last = self.words.period if self.cycle == 1 else self.words.periods(self.cycle)
        return f"cash of the last {last} goes on for ever and grows by {growth} a year"

    def _rate_notes(self) -> Iterator[str]:
        if not self.costs:
            return
        rate, why = self.irr_words
        yield f"IRR: {rate} ({why})." if rate.endswith("%") else f"IRR: {rate}; {why}."
        with suppress(MissingDependency):
            if self.xirr is not None:
                yield f"XIRR: {_rate(self.xirr)} (by the days on which periods end, 365 to a year)."

    @property
    def irr_words(self) -> tuple[str, str]:
        """The internal rate of return as it is told, and by which convention: ``97.9%``; or ``none``, and why."""
        try:
            found = self.irrs
        except MissingDependency as error:
            return "not known", f"{error.problems[0].reason}; {error.problems[0].fix}"
        if len(found) == 1:
            when = "at period ends" if self._finance.timing == "end" else "in the middle of periods"
            return _rate(found[0]), f"effective a year, amounts {when}"
        if not found:
            return "none", "no rate makes these amounts worth nothing today"
        rates, changes = joined([_rate(rate) for rate in found]), sign_changes(self.net)
        return "none that decides", f"amounts change sign {changes} times, {rates} each make them worth nothing"

    def picture(self) -> Lines:
        """Return what is left, added up from today on: as it comes, and discounted."""
        words, name = self.words, self.metric
        plain = tuple(accumulate(self.lines[-1].amounts))
        present = tuple(accumulate(self.present))
        what = "cash" if self.is_cash else lowered(words.label(name))
        series = (
            Series("Discounted to today", present, words.signed(name, present[-1]), accent=True),
            Series("As it comes", plain, words.signed(name, plain[-1])),
        )
        levels = words.levels(name, round_levels(min(*plain, *present, 0.0), max(*plain, *present, 0.0)))
        subtitle = f"Net {what}, added up by {words.period} from {words.today}"
        notes = [f"Basis: {self.provenance.basis}."]
        if self._finance.terminal is not None:
            notes.insert(0, f"Not drawn: the terminal value, {words.value(name, self.terminal_present)} today.")
        return Lines(
            self.title.replace("->", "→"), subtitle, words.ticks(0, self.horizon), series, levels, tuple(notes)
        )


def _rate(rate: float) -> str:
    """Write an internal rate in %: ``43.2%``, ``1,380%``."""
    return f"{100 * rate:,.{1 if abs(rate) < 10 else 0}f}%"


BLOCK = 1_024
"""Samples whose lines are held at a time."""
MUCH = 0.5
"""Share of the value that comes after the last period, from which on the headline says so."""
TERMINAL = "Terminal value"
METHOD = "exact evaluations; amounts discounted by (1 + rate) ** -(t / periods a year)"
LABELS = {
    "opex": "Cost, expensed",
    "written_off": "Written off",
    "taxable": "Taxable profit",
    "tax": "Tax",
    "not_cash": "Written off, not cash",
    "capex": "Capital expenditure",
    "receivables": "Receivables",
    "deferred": "Deferred revenue",
}


@local
def cash_flow(
    subject: Subject,
    changes: Changes | None = None,
    *,
    cost: Costs | None = None,
    after_tax: bool = False,
    horizon: Horizon = None,
    over: Over = None,
    scenario: str | None = None,
    samples: int | None = None,
    seed: int = 0,
) -> CashFlow:
    """Lay out what a change brings and costs, period by period, and what all of it is worth today.

    What is weighed is the cash that ``finance`` names in the model: a metric, or the way to it from a profit. Where it
    names none, the outcome is weighed, and called discounted, never a present value.

    Parameters
    ----------
    subject
        The tree.
    changes
        What is done, by metric, from period 1; without, the tree as it is.
    cost
        What is paid: ``"$250k"`` today, ``"$20k in month 3"``, ``"$100k over 36 months"`` for what is written off over
        its life; or a list of these. Each may have a range.
    after_tax
        Whether profits are taxed at the model's ``tax_rate``. Cash that a metric states is after tax already: then only
        the cost is, which lowers what is taxed.
    horizon
        Periods, or text such as ``"36 months"``; by default the tree's.
    over
        Periods by name in place of a horizon, from the first one on where something is paid: ``"FY27"``.
    scenario
        A scenario of the model file, held without and with the changes.
    samples
        How many are drawn; as many as there is time for unless given.
    seed
        The same seed gives the same samples.

    Raises
    ------
    QuestionError
        When the model states no discount rate, tax is asked for and no rate is stated, or a cost cannot be read.

    Examples
    --------
    >>> import impacttree as it
    >>> tree = it.loads('''
    ... finance: {discount_rate: 12%/year, cash: paid}
    ... metrics: {sold: {value: 50 orders/month}, price: {value: $2/order}, paid: {formula: sold * price}}
    ... ''')
    >>> answer = tree.cash_flow({"sold": "+100%"}, cost="$1000")
    >>> round(answer.npv, 2), answer.payback, answer.discounted_payback
    (129.15, 10, 11)
    >>> round(answer.irr, 4)
    0.413
    """
    present = subject.over(over, horizon).on_basis("pv")
    finance = present.graph.spec.finance
    assert finance is not None
    if after_tax and finance.tax is None:
        fix = "add it to the model: `finance: {tax_rate: 25%}`"
        raise QuestionError(Problem(reason="after tax needs a tax rate, which is not stated", fix=fix))
    metric = _weighed(present)
    case = Case.of(present, changes, horizon, scenario, samples, seed)
    outlays = read_outlays(case, metric, cost)
    per_year = PERIODS_PER_YEAR[present.graph.spec.period]
    weighing = _Weighing(case, metric, outlays, after_tax)
    _check_terminal(case, weighing.cycle)
    paid = [Paid(one.amount, one.period, one.life) for one in outlays]
    flows = weighing.flows()
    found, before = (
        cash_lines(finance, per_year, flows, those, taxed=after_tax, since=weighing.since) for those in (paid, ())
    )
    spread, loss, drawn = weighing.sampled()
    first = min((one.period for one in outlays), default=None)
    method = METHOD if drawn is None else f"{METHOD}; ranges of {drawn:,} samples at scrambled Sobol points"
    rule = Discounted(finance.rate, per_year, finance.timing)

    def told(lines: Sequence[CashLine]) -> tuple[CashFlowLine, ...]:
        return tuple(
            CashFlowLine(line.key, _label(case.words, metric, line.key, after_tax), line.amounts, line.is_subtotal)
            for line in lines
        )

    return CashFlow(
        provenance=case.provenance(method, _basis(case, after_tax), drawn, None if drawn is None else seed),
        lines=told(found.lines),
        present=found.present,
        npv=math.fsum(found.present) + found.terminal_present,
        npv_range=spread,
        probability_of_loss=loss,
        metric=metric.name,
        is_cash=finance.cash is not None,
        terminal=found.terminal,
        terminal_present=found.terminal_present,
        terminal_share=_share(found.terminal_present, before.value) if finance.terminal is not None else None,
        cycle=weighing.cycle,
        left=found.left,
        left_saves=found.left_saves,
        later=told(found.later),
        spent=math.fsum(one.amount * rule.factor(one.period) for one in outlays),
        first_spend=first,
        payback=_payback(found.net, first),
        discounted_payback=_payback(found.present, first),
        horizon=case.periods,
        costs=tuple(one.text for one in outlays),
        changes=case.asked.texts,
        moves=tuple(move.text for move in case.moves),
        warnings=case.warnings(metric),
        words=case.plain.words,
    )


def _share(terminal: float, whole: float) -> float | None:
    return terminal / whole if whole > 0 else None


def _check_terminal(case: Case, cycle: int) -> None:
    """Refuse a terminal value of what does not last, changes that end or fade, and of less than a year with seasons."""
    finance = case.subject.graph.spec.finance
    if finance is not None and finance.terminal is not None and case.periods < cycle:
        asked = case.words.periods(case.periods)
        reason = f"cash has a season, so that a terminal value takes a whole year, and the horizon is {asked}"
        fix = f"ask about {case.words.periods(cycle)} or more, or write `terminal: none` in the model"
        raise QuestionError(Problem(reason=reason, fix=fix))
    ends = any(one is not None and (one.until is not None or one.decay) for one in case.together.weights)
    if finance is not None and finance.terminal is not None and ends:
        reason = "a terminal value counts what goes on after the last period, and a change ends or fades"
        fix = "leave out `until` and `decay`, or write `terminal: none` in the model"
        raise QuestionError(Problem(reason=reason, fix=fix))


def _weighed(subject: Subject) -> Metric:
    """Return the metric that the lines begin with: cash, the profit on the way to it, or the outcome."""
    finance = subject.graph.spec.finance
    assert finance is not None
    if finance.bridge is not None:
        return subject.graph[finance.bridge.profit]
    metric = subject.outcome(finance.cash_metric)
    if metric.aggregation != "sum" or not metric.unit.is_money:
        reason = f"{lowered(metric.label)} is not an amount of money per {subject.words.period}"
        fix = "say in the model what cash is: `finance: {cash: METRIC}`"
        raise QuestionError(Problem(metric=metric.name, reason=reason, fix=fix))
    return metric


@dataclass(frozen=True, eq=False)
class _Weighing:
    """What is weighed, as numbers and as samples."""

    case: Case
    metric: Metric
    outlays: tuple[Outlay, ...]
    taxed: bool

    @property
    def _read(self) -> Mapping[str, int]:
        """The metrics that are read, by what they are, as slots."""
        graph = self.case.subject.graph
        finance = graph.spec.finance
        assert finance is not None
        found = {"flow": self.metric.index}
        bridge = finance.bridge
        if bridge is not None:
            named = {
                "billed": bridge.receivables and bridge.receivables.of,
                "deferred": bridge.deferred_revenue,
                "capex": bridge.capex and bridge.capex.of,
            }
            found |= {key: graph.by_name[name] for key, name in named.items() if name}
        if finance.terminal is not None and finance.terminal.multiple is not None:
            found["ends_at"] = graph.by_name[finance.terminal.multiple.of]
        return found

    @property
    def since(self) -> int:
        """The first period that is counted: with today, unless it begins later."""
        first = self.case.words.since
        return first if first > 1 else 0

    @property
    def _sign(self) -> float:
        return 1.0 if self.metric.spec.better == "higher" else -1.0

    def _flows(self, paths: Mapping[str, Any]) -> Flows:
        """Return what is weighed from the path of each metric that is read."""
        finance = self.case.subject.graph.spec.finance
        assert finance is not None
        read = {key: tuple(path) for key, path in paths.items()}
        flow = tuple(self._sign * amount for amount in read.pop("flow"))
        ends, cycle = read.pop("ends_at", None), self.cycle
        ends_at = None if ends is None else self._a_year(ends[-cycle:])
        return Flows(flow, is_cash=finance.cash_metric is not None, ends_at=ends_at, cycle=cycle, **read)

    @cached_property
    def cycle(self) -> int:
        """How many of the last periods stand for what comes after: those of a year, where one of them has a season."""
        subject = self.case.subject
        rested = set[int]().union(*(subject.upstream(subject.graph.metrics[slot]) for slot in self._read.values()))
        has_season = subject.graph.spec.finance and not rested.isdisjoint(subject.graph.recurring)
        return PERIODS_IN_A_YEAR[subject.graph.spec.period] if has_season else 1

    def _a_year(self, ends: Sequence[Any]) -> Any:
        """Return what a multiple is taken of: a year at the pace of the last periods, or the last value of a level."""
        graph = self.case.subject.graph
        metric, period = graph.metrics[self._read["ends_at"]], graph.spec.period
        if metric.aggregation == "sum":
            return sum(ends) * (PERIODS_PER_YEAR[period] / len(ends))
        return ends[-1] * (PERIODS_PER_YEAR[period] if metric.unit.per(period) and not metric.unit.is_share else 1.0)

    def flows(self) -> Flows:
        """Return what is weighed, every number at its stated point."""
        before, after, n = self.case.told_before, self.case.told_after, self.case.periods
        changed = bool(self.case.asked.recipes)
        paths = {
            key: tuple(after.at(t)[slot] - (before.at(t)[slot] if changed else 0.0) for t in range(n + 1))
            for key, slot in self._read.items()
        }
        return self._flows(paths)

    def sampled(self) -> tuple[Range | None, float | None, int | None]:
        """Return the range of the value today, how often it is below zero, and of how many samples."""
        import numpy as np

        from impacttree.engine.simulation import Job, Wanted, simulate_many

        case, read = self.case, self._read
        subject, slots = case.subject, tuple(dict.fromkeys(self._read.values()))
        wanted = Wanted(paths=slots)
        asked: tuple[Asked, ...] = (case.held, case.together) if case.asked.recipes else (case.together,)
        costs = tuple(number for one in self.outlays for number in one.uncertain(self.metric))
        extra = (*case.together.uncertain(subject.graph), *costs)
        runs = tuple(one.drawn(subject.graph) for one in asked)
        job = Job.of(subject.model, case.periods, wanted, seed=case.seed, runs=runs, extra=extra)
        if not job.drawn:
            return None, None, None
        found = simulate_many(job, case.samples or sample_count(subject, wanted, case.periods))
        with np.errstate(all="ignore"):
            paths = {
                key: found[-1].paths[slot] - (found[0].paths[slot] if len(found) > 1 else 0.0)
                for key, slot in read.items()
            }
            count = paths["flow"].shape[1]
            paid = [np.broadcast_to(one.drawn(job, count), count) for one in self.outlays]
            blocks = [slice(first, first + BLOCK) for first in range(0, count, BLOCK)]
            values = np.concatenate([self._value(paths, paid, block) for block in blocks])
        samples = Samples(np.asarray(values, dtype=np.float64))
        if samples.missing == len(samples):
            return None, None, None
        why = missing_mean(case.words, job, self.metric.index, samples.values)
        loss = float((samples.present < 0).mean())
        return samples.range(case.sizes[self.metric.index], mean_missing=why), loss, len(samples)

    def _value(self, paths: Mapping[str, Any], amounts: Sequence[Any], block: slice) -> Any:
        """Return the value today in a block of the samples, since all lines of all of them would fill the memory."""
        spec = self.case.subject.graph.spec
        assert spec.finance is not None
        flows = self._flows({key: path[:, block] for key, path in paths.items()})
        paid = [Paid(a[block], one.period, one.life) for a, one in zip(amounts, self.outlays, strict=True)]
        per_year = PERIODS_PER_YEAR[spec.period]
        return cash_lines(spec.finance, per_year, flows, paid, taxed=self.taxed, since=self.since).value


def _payback(amounts: Sequence[float], first: int | None) -> int | None:
    """Return how many periods after the first payment amounts add up to zero or more."""
    if first is None:
        return None
    sums = list(accumulate(amounts))
    return next((t - first for t in range(first, len(sums)) if sums[t] >= 0), None)


def _label(words: Words, metric: Metric, key: str, taxed: bool) -> str:
    finance = words.graph.spec.finance
    assert finance is not None
    if key == "flow":
        return metric.label
    if key == "net":
        return "Net cash" if finance.cash is not None else f"Net {lowered(metric.label)}"
    if key == "tax" and finance.cash_metric is not None and taxed:
        return "Tax saved by the cost"
    return LABELS[key]


def _basis(case: Case, taxed: bool) -> str:
    """Return what the figures mean."""
    finance, words = case.subject.graph.spec.finance, case.words
    assert finance is not None
    kind, tax = ("cash" if finance.cash is not None else "accrual"), "pre-tax"
    if finance.cash_metric is not None:
        tax = f"after tax, what is paid for it {'after' if taxed else 'before'} tax"
    elif taxed and finance.tax_rate is not None:
        losses = "lower the tax of the same period" if finance.losses == "refund" else "are lost"
        tax = f"after tax at {finance.tax_rate.text}, losses {losses}"
    parts = [f"{kind}, {tax}, {words.counting}"]
    if case.asked.recipes:
        parts.append(words.held("changes", case.asked.weights))
    return "; ".join(parts)
