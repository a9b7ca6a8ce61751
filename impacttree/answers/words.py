"""How answers speak: labels, periods, amounts and the sentence with the money, the same in every output."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import pairwise

from impacttree.answers.asked import Basis
from impacttree.answers.placeholders import ILLUSTRATIVE, headed
from impacttree.formula import NOT_MEANINGFUL
from impacttree.graph.model import Aggregation, Graph
from impacttree.quantity import (
    MONEY,
    PERIODS_PER_YEAR,
    TIMES,
    Add,
    Change,
    Set,
    Unit,
    Weights,
    cents_place,
    format_percent_change,
    format_signed,
    format_value,
    is_noun,
)
from impacttree.quantity.calendar import Calendar, placed
from impacttree.quantity.formatting import DIGITS, FACTOR
from impacttree.quantity.numbers import exact
from impacttree.quantity.timing import around
from impacttree.records import dataclass
from impacttree.views import Tone

__all__ = [
    "Words",
    "counted",
    "counted_noun",
    "is_still",
    "joined",
    "lowered",
    "noted",
    "sentence",
    "undefined",
]


@dataclass(frozen=True, eq=False)
class Words:
    """The vocabulary of one tree.

    Parameters
    ----------
    graph
        The checked graph, for labels, units, currency and period.
    since
        The first of the periods that answers are about.
    on_basis
        How amounts count over the horizon.
    """

    graph: Graph
    since: int = 1
    on_basis: Basis = "horizon"

    @property
    def is_discounted(self) -> bool:
        """Whether amounts over the horizon are discounted."""
        return self.on_basis == "pv"

    @property
    def is_run_rate(self) -> bool:
        """Whether the last period alone counts, amounts being annualised."""
        return self.on_basis == "run_rate"

    @property
    def undiscounted(self) -> str:
        """What is put after a run rate that stands beside discounted amounts; nothing beside others."""
        return " (undiscounted)" if self.is_discounted else ""

    @property
    def currency(self) -> str:
        return self.graph.spec.currency

    @property
    def period(self) -> str:
        return self.graph.spec.period

    def label(self, name: str) -> str:
        return self.graph[name].label

    def titled(self, name: str) -> str:
        """Return what a metric over the horizon is called: its label, where amounts are discounted with that said.

        Only what the model says is cash has a present value; any other amount is a discounted one.
        """
        label = self.label(name)
        if not self.is_discounted or self.graph[name].aggregation != "sum":
            return label
        return f"Present value of {lowered(label)}" if self.is_cash(name) else f"Discounted {lowered(label)}"

    def is_cash(self, name: str) -> bool:
        """Return whether the model says that a metric is cash, after tax."""
        finance = self.graph.spec.finance
        return finance is not None and finance.cash_metric == name

    def net(self, name: str) -> str:
        """Return what a metric over the horizon less an outlay is called: ``NPV`` of cash that is discounted."""
        return "NPV" if self.is_discounted and self.is_cash(name) else "net"

    def unit(self, name: str) -> Unit:
        return self.graph[name].unit

    def value(self, name: str, value: float, digits: int | None = None, step: int | None = None) -> str:
        """Write a value of a metric, without its denominators; a stated one with the digits that were written."""
        if math.isnan(value):
            return "undefined"
        digits = digits or self._digits(name, value)
        return format_value(value, self.unit(name), currency=self.currency, digits=digits, step=step)

    def _digits(self, name: str, value: float) -> int | None:
        """Return how many digits a value was written with, where it was stated with more than are shown otherwise."""
        spec = self.graph[name].spec
        stated = spec.start or spec.level
        if stated is None or stated.value != value:
            return None
        digits = len(str(abs(exact(value)[0])).rstrip("0"))
        return digits if DIGITS < digits <= MOST_DIGITS else None

    def signed(self, name: str, value: float, digits: int | None = None) -> str:
        """Write a difference of a metric with its sign; of shares in percentage points."""
        return format_signed(value, self.unit(name), currency=self.currency, digits=digits)

    def unsigned(self, name: str, value: float) -> str:
        return self.signed(name, abs(value)).removeprefix("+")

    def percent(self, before: float, change: float) -> str:
        """Write a change relative to the size of what it started from; empty when that was zero.

        From 1,000 % on it reads as a multiple of that: ``24.5x as much``.
        """
        if not before:
            return ""
        multiple = (before + change) / before
        if abs(change / before) < FACTOR or multiple <= 0:
            return format_percent_change(change / abs(before))
        return f"{format_value(multiple, TIMES)} as much"

    def apart(self, name: str, first: float, second: float) -> tuple[str, str]:
        """Write two values of a metric with as many digits as it takes to tell them apart, and both to the cent."""
        unit = self.unit(name)
        places = (
            cents_place(value, unit, currency=self.currency, digits=self._digits(name, value))
            for value in (first, second)
        )
        step = min((place for place in places if place is not None), default=None)
        written = self._digits(name, first) or self._digits(name, second)

        def write(value: float, digits: int | None) -> str:
            return self.value(name, value, digits) if digits else self.value(name, value, written, step)

        digits = _digits_apart(first, second, write)
        return write(first, digits), write(second, digits)

    def spread(self, name: str, low: float, high: float, *others: float) -> tuple[str, ...]:
        """Write the ends of a spread of values, told apart, and others of its values with as many digits as these."""
        digits = _digits_apart(low, high, lambda value, digits: self.value(name, value, digits))
        return (*self.apart(name, low, high), *(self.value(name, value, digits) for value in others))

    def changes_apart(self, name: str, low: float, high: float, *others: float) -> tuple[str, ...]:
        """Write the ends of a spread of differences, told apart, and others with as many digits as these."""
        digits = _digits_apart(low, high, lambda value, digits: self.signed(name, value, digits))
        return tuple(self.signed(name, value, digits) for value in (low, high, *others))

    def levels(self, name: str, values: Sequence[float]) -> tuple[tuple[float, str], ...]:
        """Write the levels of an axis, each beside its value, with as many digits as it takes to tell them apart."""

        def write(value: float, digits: int | None) -> str:
            return self.value(name, value, digits)

        digits = max((_digits_apart(*pair, write) or 0 for pair in pairwise(values)), default=0)
        return tuple((value, write(value, digits or None)) for value in values)

    def move(self, name: str, before: float, after: float, when: str = "") -> str:
        """Write ``42.0% -> 42.42%, +0.42pp``: from, to and, for shares, the points; `when` says at what time.

        Shares and points have the same decimals, and enough of them that one recomputes the change.
        """
        metric = self.graph[name]
        if not metric.unit.is_share or before == after:
            return f"{' -> '.join(self.apart(name, before, after))}{when}"
        lead = math.floor(math.log10(abs(after - before) * 100))
        place = min(-2, lead - 1)
        texts = [self.value(name, value, step=place) for value in (before, after)]
        if texts[0] == texts[1]:
            texts = [*self.apart(name, before, after)]
        points = format_signed(after - before, metric.unit, digits=max(lead - place + 1, 1))
        return f"{' -> '.join(texts)}, {points}{when}"

    def change(self, name: str, change: Change) -> str:
        """Write a change before the label of its metric: ``+1%``, ``=45%``, ``+$3k/month``, ``+20``."""
        if not isinstance(change, Add | Set) or change.spread is not None:
            return str(change)
        metric = self.graph[name]
        when = "" if change.timing is None else f" {change.timing}"
        if isinstance(change, Add):
            text = format_signed(change.amount, metric.unit, currency=self.currency, digits=EXACT_DIGITS)
        else:
            text = f"={self.value(name, change.value, EXACT_DIGITS)}"
        per = f"/{self.period}" if metric.aggregation == "sum" and metric.unit.per(self.period) else ""
        return f"{text}{per}{when}"

    def changed(self, name: str, change: str, *, low: bool = False) -> str:
        """Write a metric with what is done to it: ``+1% Weekly engagement from month 4``; `low` within a sentence."""
        return around(change, lowered(self.label(name)) if low else self.label(name))

    def tone(self, name: str, change: float) -> Tone:
        """Return whether a change of a metric is good for the business."""
        if change == 0:
            return "neutral"
        return "favourable" if (change > 0) == (self.graph[name].spec.better == "higher") else "adverse"

    def is_amount(self, name: str) -> bool:
        """Return whether changes of a metric are amounts that are added or saved, not levels that are raised."""
        metric = self.graph[name]
        above = [base for base, power in metric.unit.factors if power > 0]
        below = [base for base, power in metric.unit.factors if power < 0]
        if metric.unit.is_share or self.count(name, metric.unit):
            return False
        if metric.aggregation == "sum":
            return True
        counted = bool(above) and all(base in MONEY or is_noun(base) for base in above)
        return counted and not metric.unit.display and all(base in PERIODS_PER_YEAR for base in below)

    def verb(self, name: str, change: float) -> str:
        """Return ``adds``, ``saves``, ``costs``, ``raises`` or ``lowers``."""
        if not self.is_amount(name):
            return "raises" if change >= 0 else "lowers"
        lower = self.graph[name].spec.better == "lower"
        if lower:
            return "saves" if change <= 0 else "costs"
        return "adds" if change >= 0 else "costs"

    def effect(self, name: str, before: float, after: float, *, plural: bool = False) -> str:
        """Write ``adds $17k operating profit``, ``saves 64 support hours``, ``raises LTV/CAC by 0.1x``."""
        change, label = after - before, lowered(self.titled(name))
        if is_still(before, after):
            return f"{'do' if plural else 'does'} not change {label}"
        verb = self.verb(name, change)
        if verb == "costs" and self.graph[name].spec.better == "lower":
            verb = "adds"  # what costs and what adds to costs are two things
        verb = verb.removesuffix("s" if plural else "")
        if self.is_amount(name):
            return f"{verb} {self.amount_of(name, change)}"
        amount = f"{self.unsigned(name, change)} {self.count(name, self.unit(name))}".rstrip()
        return f"{verb} {label} by {amount}"

    def amount_of(self, name: str, change: float) -> str:
        """Write ``$17k operating profit``, ``64 support hours``, ``64 hours of downtime``."""
        amount, label = self.unsigned(name, change), lowered(self.titled(name))
        number, _, word = amount.partition(" ")
        if not word or number[:1].isalpha():
            return f"{amount} {label}"
        return f"{number} {label}" if word in label.lower().split() else f"{amount} of {label}"

    def figure(self, name: str, change: float, digits: int | None = None) -> str:
        """Write a change of an outcome: ``+$17k``; of one that is better lower ``saves $17k`` or ``costs $17k``."""
        if not change or not self.is_amount(name) or self.graph[name].spec.better == "higher":
            return self.signed(name, change, digits)
        return f"{self.verb(name, change)} {self.signed(name, abs(change), digits).removeprefix('+')}"

    def span(self, name: str, low: float, high: float) -> str:
        """Write a range of changes of an outcome: ``+$9k to +$26k``, ``saves $9k to $26k``."""
        digits = _digits_apart(low, high, lambda value, digits: self.figure(name, value, digits))
        first, second = self.figure(name, low, digits), self.figure(name, high, digits)
        if first == second:
            return first
        for verb in ("saves ", "costs "):
            if first.startswith(verb) and second.startswith(verb):
                ends = (first, second) if verb == "costs " else (second, first)
                return f"{ends[0]} to {ends[1].removeprefix(verb)}"
        return f"{first} to {second}"

    def would(self, name: str, change: float) -> str:
        """Write ``would be +$40k`` or ``would save $40k``."""
        figure = self.figure(name, change)
        verb, _, amount = figure.partition(" ")
        return f"would {verb.removesuffix('s')} {amount}" if verb in ("saves", "costs") else f"would be {figure}"

    def each(self, name: str) -> str:
        """Return `` a month`` after the value of a single period of a flow, else nothing."""
        return f" a {self.period}" if self.graph[name].aggregation == "sum" else ""

    def periods(self, count: int) -> str:
        """Write ``12 months``."""
        return f"{count} {self.period}{'' if count == 1 else 's'}"

    @cached_property
    def calendar(self) -> Calendar | None:
        """What periods are called; None where the tree states no first day."""
        return self.graph.spec.calendar

    def at(self, t: int) -> str:
        """Write what a period is called: ``Oct 2027``, without a first day ``month 12``."""
        return self.graph.spec.named(t)

    def placed(self, preposition: str, t: int) -> str:
        """Write when something is: ``in Oct 2027``, ``on 4 Jan 2027``, ``from month 4``."""
        return self.graph.spec.placed(preposition, t)

    def quarter(self, t: int) -> str:
        """Write the fiscal quarter that a period lies in: ``FY27 Q2``; nothing where none is stated."""
        if self.calendar is None or self.calendar.fiscal is None:
            return ""
        try:
            return f"{self.calendar.fiscal_year(t)} Q{self.calendar.fiscal_quarter(t)}"
        except (OverflowError, ValueError):
            return ""

    def ended(self, t: int) -> str:
        """Write the fiscal year or quarter that ends with a period: ``FY27``, ``FY27 Q2``; nothing where none does."""
        now, later = self.quarter(t), self.quarter(t + 1)
        if not now or now == later:
            return ""
        return now if now[:-3] == later[:-3] else now[:-3]

    def called(self, periods: range) -> str:
        """Write what periods are called together: ``FY27 Q2``, without a first day ``months 4 to 6``."""
        return replace(self, since=periods[0]).first(periods[-1])

    def ticks(self, first: int, last: int) -> tuple[str, ...]:
        """Write periods below an axis, as short as they are told apart: ``1``, ``Nov 26``."""
        return tuple(self._tick(t) for t in range(first, last + 1))

    def _tick(self, t: int) -> str:
        if self.calendar is None:
            return str(t)
        return "today" if t == 0 else self.calendar.tick(t)

    @property
    def today(self) -> str:
        """What t = 0 is called below an axis: ``today``, with its number where periods go by theirs."""
        return "today (0)" if self.calendar is None else "today"

    def end(self, last: int, times: int) -> int:
        """Return the last period of a time that is several times as long as that up to `last`."""
        return self.since - 1 + times * self.count_to(last)

    def count_to(self, last: int) -> int:
        """Return how many periods answers up to `last` are about."""
        return last - self.since + 1

    def first(self, last: int) -> str:
        """Write the periods up to `last` that answers are about: ``first 12 months``, ``FY27``, ``months 13 to 24``."""
        if self.calendar is not None:
            return self.calendar.label(self.since, last)
        if self.since > 1:
            return f"{self.period} {last}" if self.since == last else f"{self.period}s {self.since} to {last}"
        return f"first {self.period}" if last == 1 else f"first {self.periods(last)}"

    def window(self, last: int) -> str:
        """Write the same within a sentence: ``the first 12 months``, ``FY27``."""
        return self.through("", last).lstrip()

    def through(self, preposition: str, last: int) -> str:
        """Write the same after a preposition: ``in FY27``, ``from Nov 2026 to Oct 2027``, ``on 4 Jan 2027``."""
        return placed(preposition, self.first(last).replace("Week of", "week of"))

    def lasting(self, last: int) -> str:
        """Write for how long: ``12 months``; where periods have names, the window: ``FY27``."""
        return self.periods(last) if self._by_number else self.window(last)

    @property
    def _by_number(self) -> bool:
        """Whether answers are about the first periods, and these have no names."""
        return self.calendar is None and self.since == 1

    def during(self, name: str, last: int, value: float | None = None) -> str:
        """Return which time a value over the periods up to `last` belongs to: `` in 12 months``, `` by month 12``.

        Nothing where the value is today's: of what does not change with time, or is the stated one.
        """
        metric = self.graph[name]
        if metric.aggregation == "sum":
            return (
                f" {self.over(name, last)}" if self.is_run_rate or not self._by_number else f" in {self.periods(last)}"
            )
        stated = metric.spec.start or metric.spec.level
        if metric.index not in self._moving or (stated is not None and stated.value == value):
            return ""
        return f" {self.over(name, last)}"

    def yearly(self, years: Sequence[tuple[str, float]], last: int) -> str:
        """Write at the head of figures of fiscal years what they are: ``by year``; of run rates ``at year ends``.

        Where they reach beyond the last period that the headline speaks of, the head says how far: ``by year to Jan
        2030``.
        """
        head = "at year ends" if self.is_run_rate else "by year"
        end = self.calendar.named(years[-1][0])[-1] if self.calendar is not None and years else last
        if end <= last:
            return head
        is_fiscal = self.ended(last) and self.first(last).endswith(self.ended(last))
        return f"{head} to {self.ended(end)}" if is_fiscal else f"{head} {self.placed('to', end)}"

    def by_year(self, name: str, years: Sequence[tuple[str, float]]) -> tuple[str, ...]:
        """Write changes of an outcome by fiscal year: ``FY27 +$72``, ``FY28 +$468``."""
        return tuple(f"{year} {self.figure(name, amount)}" for year, amount in years)

    def by(self, last: int) -> str:
        """Write ``by month 12``, ``by Oct 2027``."""
        return self.placed("by", last)

    def over(self, name: str, last: int) -> str:
        """Write when an amount of a metric arises, by its aggregation: ``in the first 12 months``, ``in FY27``.

        A run rate is ``a year by month 12``.
        """
        return self.taken(self.graph[name].aggregation, last)

    def taken(self, rule: Aggregation, last: int) -> str:
        """Write the same of any metric that is taken over the periods by a rule."""
        if self.is_run_rate and rule != "last":
            return f"a year {self.by(last)}" if rule == "sum" else self.placed("in", last)
        match rule:
            case "sum":
                return self.through("in", last)
            case "last":
                return self.by(last)
            case "mean":
                return f"on average {self.through('over', last)}"
            case "recompute":
                return f"as measured {self.through('over', last)}"

    def when(self, name: str, last: int) -> str:
        """Write the same where no sentence leads to it: ``first 12 months``, ``FY27``, ``by Oct 2027``."""
        if self.graph[name].aggregation != "sum":
            return self.over(name, last)
        return f"annual run rate {self.by(last)}" if self.is_run_rate else self.first(last)

    def across(self, last: int) -> str:
        """Write what values are taken over: ``over the first 12 months``, ``at the run rate of month 12``."""
        return self.placed("at the run rate of", last) if self.is_run_rate else self.through("over", last)

    def spanning(self, last: int) -> str:
        """Write beside an amount what it is of: ``in 12 months``, ``in 12 months, discounted``, ``a year``."""
        if self.is_run_rate:
            return "a year"
        return f"in {self.periods(self.count_to(last))}{', discounted' if self.is_discounted else ''}"

    def reaching(self, last: int, lead: str = "over") -> str:
        """Write up to when an answer looks: ``over 36 months``, of run rates ``by month 36``."""
        return self.by(last) if self.is_run_rate else f"{lead} {self.periods(self.count_to(last))}"

    @cached_property
    def _moving(self) -> frozenset[int]:
        """The metrics that may differ from period to period: by themselves, or by what they read, directly or not."""
        metrics, by_name = self.graph.metrics, self.graph.by_name
        moving = set(self.graph.differing)
        for index in self.graph.order:
            references = metrics[index].references
            if any(r.timing in ("prev", "cumulative") or by_name[r.source] in moving for r in references):
                moving.add(index)
        return frozenset(moving)

    def heading(self, name: str, last: int) -> str:
        """Write the same at the head of a chart: ``First 12 months``, ``By month 12``."""
        when = self.when(name, last)
        return f"{when[:1].upper()}{when[1:]}"

    def formed(self, name: str, last: int) -> str:
        """Write how a value over the horizon is formed: ``sum of 12 months``, ``month 12, annualised``."""
        rule, lasting = self.graph[name].aggregation, self.periods(self.count_to(last))
        if self.is_run_rate:
            return f"{self.at(last)}, annualised" if rule == "sum" else self.at(last)
        match rule:
            case "sum":
                return f"{'discounted ' if self.is_discounted else ''}sum of {lasting}"
            case "last":
                return self.at(last)
            case "mean":
                return f"mean of {lasting}"
            case "recompute":
                return f"recomputed over {lasting}"

    def total_unit(self, name: str) -> Unit:
        """Return the unit of a value over the horizon: a sum is no longer per period, a run rate is per year."""
        metric = self.graph[name]
        if metric.aggregation != "sum":
            return metric.unit
        factors = tuple(factor for factor in metric.unit.factors if factor != (self.period, -1))
        return Unit(metric.unit.display, (*factors, ("year", -1)) if self.is_run_rate else factors)

    def count(self, name: str, unit: Unit) -> str:
        """Return the noun that a value counts, where neither its text nor its label says it: ``users``."""
        noun, label = counted_noun(unit), self.label(name).lower()
        return "" if noun in label or noun.removesuffix("s") in label else noun

    def headed(self, title: str, *outcomes: str) -> str:
        """Return the title of an answer on `outcomes` (none: on all metrics): ``Illustrative: ...`` or as it is."""
        return headed(self.graph, title, outcomes)

    def basis(
        self,
        outcome: str,
        lifted: bool = True,
        costed: bool = False,
        cost: str = "",
        in_full: bool = False,
        weights: Sequence[Weights | None] = (),
    ) -> str:
        """Return what the figures of an answer on `outcome` mean.

        Parameters
        ----------
        outcome
            The metric.
        lifted
            Whether one metric is changed, or several.
        costed
            Whether the cost is taken off all figures.
        cost
            What is taken off those that are called net, and when it is paid.
        in_full
            Whether a change has no range of its own, so that it is taken to be achieved.
        weights
            When each change is in force; None, and those left out, for every period.
        """
        told = f"{'after' if costed else 'before'} {THE_COST}"
        cost = f"{told}; {self.after_cost(outcome, cost)}" if cost else told
        meant = self.meant(outcome)
        parts = [f"{meant}, " if meant else "", cost]
        held = f"; {self.held('lift' if lifted else 'changes', weights)}"
        return "".join(parts) + held + (IN_FULL if in_full else "")

    def after_cost(self, outcome: str, cost: str) -> str:
        """Write what is off the figures that are called net: ``NPV is after a cost of $250k, paid once today``."""
        return f"{self.net(outcome)} is after a cost of {cost}"

    def marked(self, basis: str) -> str:
        """Return what figures mean, and that they are invented where the tree says so of itself."""
        return f"{basis}; {ILLUSTRATIVE}" if basis and self.graph.spec.illustrative else basis

    def meant(self, *names: str) -> str:
        """Return what values of metrics mean: of money `accounting`, else how amounts count where that is not plain."""
        money = [name for name in names if self.unit(name).is_money]
        if money:
            return self.accounting(*money)
        return "" if self.on_basis == "horizon" else self.counting

    def accounting(self, *outcomes: str) -> str:
        """Return what amounts of money mean: ``accrual, pre-tax, undiscounted``, of cash ``cash, after tax, ...``."""
        cash = [name for name in outcomes if self.is_cash(name)]
        parts = ["cash, after tax"] if cash and len(cash) == len(outcomes) else ["accrual, pre-tax"]
        if 0 < len(cash) < len(outcomes):
            parts = [f"accrual, pre-tax, but {lowered(self.label(cash[0]))} is cash, after tax"]
        finance = self.graph.spec.finance
        ends = self.is_discounted and finance is not None and finance.terminal is not None
        return ", ".join([*parts, self.counting, *(["without the terminal value"] if ends else [])])

    @property
    def counting(self) -> str:
        """Return how amounts of later periods count: ``undiscounted``, ``discounted to today at 12% a year``."""
        finance = self.graph.spec.finance
        if self.is_run_rate:
            return f"undiscounted, the last {self.period} alone, amounts annualised"
        if not self.is_discounted or finance is None:
            return "undiscounted"
        when = "at the end" if finance.timing == "end" else "in the middle"
        rate = finance.discount_rate.text.partition("/")[0]
        return f"discounted to today at {rate} a year, amounts {when} of each {self.period}"

    def held(self, what: str, weights: Sequence[Weights | None] = ()) -> str:
        """Write when changes are in force: ``lift held from month 1``, ``lift from month 4, in full from month 6``."""
        first = weights[0] if weights else None
        if any(other != first for other in weights):
            return f"{what} {EACH}"
        return f"{what} {self.in_force(first)}"

    @property
    def at_start(self) -> str:
        """When an amount is paid that is paid at the start: ``in month 1``; where amounts are discounted ``today``."""
        return "today" if self.is_discounted else self.placed("in", 1)

    def in_force(self, weights: Weights | None) -> str:
        """Write when a change is: ``held from month 1``, ``from month 4, in full from month 6``."""
        if weights is None:
            return f"held {self.placed('from', 1)}"
        parts, last = [self.placed("from", weights.start)], weights.until or math.inf
        parts += [f"in full {self.placed('from', weights.full)}"] if weights.ramp > 1 and weights.full <= last else []
        if weights.decay and weights.full < last:
            parts.append(f"losing {100 * weights.decay:g}% a {self.period} after that")
        if weights.until is not None and len(parts) == 1:
            return f"{parts[0]} {self.placed('until', weights.until)}"
        return ", ".join([*parts, *([self.placed("until", weights.until)] if weights.until is not None else [])])

    def horizon(self, outcome: str, last: int) -> str:
        """Return how the outcome's figure over the horizon is formed: ``first 12 months (flow per month: summed)``."""
        reason = self.graph[outcome].aggregation_reason
        if self.is_run_rate:
            return f"{self.formed(outcome, last)} ({reason.removesuffix(': summed')})"
        if self.is_discounted and self.graph[outcome].aggregation == "sum":
            reason = f"{reason}, discounted"
        lasting = "" if self.calendar is None else f", {self.periods(self.count_to(last))}"
        if self.calendar is not None and self.period == "week":
            lasting += f", {self.calendar.days(self.since, last)}"
        return f"{self.first(last)}{lasting} ({reason})"


THE_COST = "the cost of achieving it"
IN_FULL = ", if achieved in full"
EACH = "each in force when stated"
"""What a basis says of changes that are in force at several times."""
MOST_DIGITS = 6
"""Numbers that were written with more digits are shown rounded, as those that are computed."""
EXACT_DIGITS = 12
"""Digits of a stated amount: none of them is rounded away."""
STILL = 1e-12
"""Changes below this, relative to the values, are rounding."""


def _digits_apart(first: float, second: float, write: Callable[[float, int | None], str]) -> int | None:
    """Return how many digits tell the texts of two numbers apart; None where each alone does, or rounding differs."""
    if is_still(first, second) or write(first, None) != write(second, None):
        return None
    return next((digits for digits in range(4, 12) if write(first, digits) != write(second, digits)), 12)


def undefined(reason: str) -> str:
    """Say that there is no value, and why.

    Examples
    --------
    >>> undefined("division by zero in month 1"), undefined("not meaningful in month 1")
    ('undefined: division by zero in month 1', 'not meaningful in month 1')
    """
    return reason if reason.startswith(NOT_MEANINGFUL) else f"undefined: {reason}"


def is_still(before: float, after: float) -> bool:
    """Return whether two values are the same but for rounding."""
    return abs(after - before) <= STILL * max(abs(before), abs(after))


def counted_noun(unit: Unit) -> str:
    """Return the noun that values of a unit count: ``tickets`` of ``tickets/week``; nothing of money and shares."""
    if unit.is_money or unit.display or not any(is_noun(base) and power > 0 for base, power in unit.factors):
        return ""
    return str(unit).split("/")[0]


def lowered(label: str) -> str:
    """Return a label for the middle of a sentence: ``Operating profit`` -> ``operating profit``, ``LTV/CAC`` as it is.

    Examples
    --------
    >>> lowered("Operating profit"), lowered("LTV/CAC"), lowered("G&A")
    ('operating profit', 'LTV/CAC', 'G&A')
    """
    second = label[1:2]
    return label[:1].lower() + label[1:] if second.islower() or second == " " else label


def noted(warnings: Sequence[str]) -> tuple[str, ...]:
    """Write warnings as the notes under a picture."""
    return tuple(f"Note: {warning}." for warning in warnings)


def sentence(text: str) -> str:
    """Write a warning or a note as a sentence of its own.

    Examples
    --------
    >>> sentence("no path in this tree leads from NPS to Revenue")
    'No path in this tree leads from NPS to Revenue.'
    """
    return f"{text[:1].upper()}{text[1:]}."


def counted(count: int, what: str) -> str:
    """Write ``1 number`` or ``3 numbers``."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def joined(items: Sequence[str], last: str = "and") -> str:
    """Write ``a, b and c``."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}" if items else ""
