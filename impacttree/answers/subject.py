"""Turn what a question is given (names, changes, an outcome) into what the engine takes, or say what is wrong."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, get_args

from impacttree.answers.asked import NOTHING, Asked, Basis, Changes
from impacttree.answers.days import latest_day
from impacttree.answers.result import Provenance
from impacttree.answers.words import Words, joined, lowered, undefined
from impacttree.engine.horizon import HORIZONS, Discounted, HorizonRule, RunRate, discounted, run_rates
from impacttree.engine.model import Model, Run
from impacttree.engine.program import Row
from impacttree.engine.rounding import Settled, settled, settled_today, sizes
from impacttree.errors import ChangeError, Problem, QuestionError, nearest, printable
from impacttree.formula import unparse
from impacttree.graph.model import Aggregation, Graph, Metric
from impacttree.graph.reach import upstream
from impacttree.graph.seen import Seen, seen_ranges
from impacttree.quantity import PERIODS_PER_YEAR, Change, Recipe, parse_change, recipe
from impacttree.quantity.dates import day_text
from impacttree.records import dataclass
from impacttree.spec import leaves

if TYPE_CHECKING:
    from impacttree.engine.symbolic import Closed
    from impacttree.spec import Scenario

__all__ = ["Horizon", "Over", "Subject"]

Horizon = int | str | None
"""Over which periods a question is answered: ``36``, ``"36 months"``; None for the tree's own."""

Over = str | None
"""The periods that a question is about, by name: ``"FY27"``, ``"2027-04 to 2027-09"``; None for the first ones."""

MOST_KEPT = 4
"""Base cases kept, the last ones asked for: questions about one tree share them."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A tree as questions see it: the checked graph, its compiled model, its words.

    Parameters
    ----------
    graph
        As `impacttree.graph.build` returns it.
    kept
        The metrics that are computed, with what they rest on; all of them unless given.
    since, until
        The first and the last of the periods that questions are about; the tree is run from period 1 on. Where `until`
        is None, a question's own horizon ends them.
    basis
        How amounts are taken over the horizon.
    """

    graph: Graph
    kept: frozenset[int] | None = None
    since: int = 1
    until: int | None = None
    basis: Basis = "horizon"

    def __reduce__(self) -> tuple[type[Subject], tuple[Graph, frozenset[int] | None, int, int | None, Basis]]:
        """Pickle the graph; what was computed from it is computed again where it arrives."""
        return Subject, (self.graph, self.kept, self.since, self.until, self.basis)

    @cached_property
    def words(self) -> Words:
        return Words(self.graph, self.since, self.basis)

    @cached_property
    def whole(self) -> Model:
        """The model of all metrics."""
        model = Model(self.graph, self.rules)
        return model if self.since == 1 else model.counting(self.since)

    @property
    def rules(self) -> Mapping[Aggregation, HorizonRule]:
        """How metrics are taken over the horizon."""
        finance = self.graph.spec.finance
        if self.basis == "run_rate":
            return self._run_rates
        if self.basis == "horizon" or finance is None:
            return HORIZONS
        return discounted(finance.rate, PERIODS_PER_YEAR[self.graph.spec.period], finance.timing)

    def pace(self, metric: Metric) -> RunRate | None:
        """Return what makes a run rate of a metric's last period; None of a level or a ratio, which has none."""
        rule = self._run_rates.get(metric.aggregation)
        return rule if isinstance(rule, RunRate) else None

    @property
    def _run_rates(self) -> Mapping[Aggregation, HorizonRule]:
        return run_rates(PERIODS_PER_YEAR[self.graph.spec.period])

    def counts(self, t: int) -> float:
        """Return what an amount of period t counts, 0 being today: 1, or less where amounts are discounted."""
        rule = self.rules["sum"]
        return rule.factor(t) if isinstance(rule, Discounted) else 1.0

    def on_basis(self, basis: Basis) -> Subject:
        """Return the same tree, whose amounts are taken over the horizon on another basis.

        Raises
        ------
        QuestionError
            When there is no such basis, or the model states no discount rate.
        """
        if basis == self.basis:
            return self
        if basis not in get_args(Basis):
            shown = printable(str(basis), 40)
            reason = f"there is no basis '{shown}'{nearest(shown, get_args(Basis))}"
            raise QuestionError(Problem(reason=reason, fix=f"write one of {joined(get_args(Basis), 'or')}"))
        if basis == "pv" and self.graph.spec.finance is None:
            fix = "add it to the model: `finance: {discount_rate: 12%/year}`"
            raise QuestionError(Problem(reason="present values need a discount rate, which is not stated", fix=fix))
        if basis not in self._on_bases:
            other = replace(self, basis=basis)
            vars(other).update(whole=self.whole.taking(other.rules), model=self.model.taking(other.rules))
            self._on_bases[basis] = other
        return self._on_bases[basis]

    @cached_property
    def _on_bases(self) -> dict[Basis, Subject]:
        return {}

    def over(self, over: Over, horizon: Horizon = None) -> Subject:
        r"""Return the same tree, asked about the periods that a text names: the one meaning of ``over``.

        Raises
        ------
        QuestionError
            When it names no whole periods of the tree, or a horizon is given as well.

        Examples
        --------
        >>> import impacttree as it
        >>> tree = it.loads("metrics: {a: {value: 2 orders/month}}\nstart_date: 2026-11-01")
        >>> later = tree._subject.over("2027")
        >>> later.since, later.until, later.words.window(14)
        (3, 14, '2027')
        """
        if over is None:
            return self
        if horizon is not None:
            reason = "over names the periods that are meant, and how many is stated as well"
            raise QuestionError(Problem(reason=reason, fix="give one of the two"))
        return self.counting(self._named(over))

    def counting(self, periods: range) -> Subject:
        """Return the same tree, asked about some of its periods."""
        later = replace(self, since=periods[0], until=periods[-1])
        vars(later).update(whole=self.whole.counting(periods[0]), model=self.model.counting(periods[0]))
        return later

    def _named(self, over: str) -> range:
        """Return the periods that a text names, by the calendar or by their numbers."""
        spec = self.graph.spec
        plain = re.fullmatch(rf"{spec.period}s? (\d{{1,6}})(?: to (\d{{1,6}}))?", str(over).strip().lower(), re.ASCII)
        if plain is not None:
            named = range(int(plain[1]), int(plain[2] or plain[1]) + 1)
        elif spec.calendar is None:
            reason = f"the tree states no start_date, so '{printable(str(over), 60)}' does not name periods of it"
            raise QuestionError(Problem(reason=reason, fix=f"state `start_date:`, or write '{spec.period}s 1 to 6'"))
        else:
            named = spec.calendar.named(over, latest_day(spec))
        if not named or named[0] < 1 or named[-1] > leaves.MAX_HORIZON:
            reason = f"'{printable(str(over), 60)}' lies outside the periods that the tree can be run for"
            fix = f"name periods of 1 to {leaves.MAX_HORIZON:,}, the earlier one first"
            raise QuestionError(Problem(reason=reason, fix=fix))
        return named

    @cached_property
    def model(self) -> Model:
        return self.whole if self.kept is None else self.whole.cut(self.kept)

    def cut(self, kept: frozenset[int]) -> Subject:
        """Return the same tree, of which only some metrics are computed, with what they rest on."""
        part = replace(self, kept=kept)
        vars(part)["whole"] = self.whole
        return part

    @cached_property
    def marked(self) -> Subject:
        """The same tree, where NaN marks what has no value."""
        marked = replace(self, kept=None)
        vars(marked)["model"] = self.whole.marking()
        return marked

    def missing_today(self, metric: Metric) -> str:
        """Return why a metric has no value at t = 0; empty where it has one."""
        found, unknown = self.model.missing_today.get(metric.index), self.graph.unknown_today
        follows = any(ref.source in unknown for ref in metric.references)
        if metric.name in unknown and (follows or not found):
            return f"first known {self.words.placed('in', 1)}"
        return undefined(found.reason) if found else ""

    @cached_property
    def closed(self) -> Closed:
        """The tree's closed forms; loads sympy."""
        from impacttree.engine.symbolic import Closed

        return Closed(self.graph)

    @cached_property
    def base(self) -> Callable[[int], Run]:
        """Return the base case over some periods: ``subject.base(12)``."""
        return lru_cache(MOST_KEPT)(self.model.run)

    @cached_property
    def told(self) -> Callable[[int], Settled]:
        """Return the base case as it is told: ``subject.told(12)``."""
        return lru_cache(MOST_KEPT)(lambda periods: settled(self.base(periods)))

    @cached_property
    def sizes(self) -> Callable[[int], Row]:
        """Return, by slot, the size beside which rounding is to be seen in the base case: ``subject.sizes(12)``."""
        return lru_cache(MOST_KEPT)(lambda periods: sizes(self.base(periods)))

    @cached_property
    def today(self) -> Row:
        """The values at t = 0 as they are told: zero where only rounding is left."""
        return settled_today(self.model)

    @cached_property
    def fingerprint(self) -> str:
        """A short digest of all that decides the tree's numbers."""
        spec = self.graph.spec
        digest = hashlib.sha256(f"{spec.currency} {spec.period} {spec.horizon_periods} {self.graph.outcome}".encode())
        for metric in self.graph.metrics:
            start = unparse(metric.start) if metric.start is not None else ""
            line = f"\n{metric.name}|{metric.unit}|{metric.aggregation}|{unparse(metric.rule)}|{start}"
            digest.update(line.encode())
        if spec.finance is not None:
            digest.update(repr(spec.finance.written()).encode())
        if self.graph.schedules:
            digest.update(repr(sorted(self.graph.schedules.items())).encode())
        digest.update(repr(self.graph.doubts).encode())
        return digest.hexdigest()[:12]

    @cached_property
    def seen(self) -> tuple[Seen, ...]:
        """In which ranges metrics were seen to bear on others, beyond which is extrapolation."""
        return tuple(seen for metric in self.graph.metrics for seen in seen_ranges(metric))

    @cached_property
    def bounded(self) -> tuple[Metric, ...]:
        """Metrics that state bounds."""
        return tuple(metric for metric in self.graph.metrics if metric.spec.bounds is not None)

    @cached_property
    def _upstream(self) -> dict[int, frozenset[int]]:
        return {}

    def upstream(self, outcome: Metric) -> frozenset[int]:
        """Return the metrics that can move `outcome`, itself included."""
        if outcome.index not in self._upstream:
            self._upstream[outcome.index] = upstream(self.graph, (outcome.index,))
        return self._upstream[outcome.index]

    def correlated(self, addresses: Collection[str]) -> tuple[tuple[str, ...], ...]:
        """Return the groups among these uncertain numbers that are not independent of each other.

        What a question does not rest on takes no part: the others vary together as they do without it.
        """
        groups = (tuple(one for one in group.members if one in addresses) for group in self.graph.correlations)
        return tuple(group for group in groups if len(group) > 1)

    def provenance(
        self, method: str, basis: str = "", samples: int | None = None, seed: int | None = None
    ) -> Provenance:
        spec = self.graph.spec
        day = latest_day(spec)
        return Provenance(
            method,
            self.words.marked(basis),
            self.fingerprint,
            samples,
            seed,
            source=f"{spec.name} tree",
            as_of=day_text(day) if day else "",
            illustrative=spec.illustrative,
            window=self._window,
        )

    @property
    def _window(self) -> str:
        if self.since == 1 or self.until is None:
            return ""
        numbers = f"{self.words.period}s {self.since} to {self.until}"
        return numbers if self.words.calendar is None else f"{self.words.first(self.until)}, {numbers}"

    def metric(self, name: str) -> Metric:
        """Return the metric called `name`.

        Raises
        ------
        QuestionError
            When there is none; the message names the nearest.
        """
        if not isinstance(name, str) or name not in self.graph.by_name:
            fix = "name a metric of the tree; tree.values() lists them"
            if not isinstance(name, str):
                raise QuestionError(Problem(reason=f"a metric is named by text, not by {type(name).__name__}", fix=fix))
            shown = f"'{printable(name, 80)}'{nearest(name, self.graph.by_name)}"
            raise QuestionError(Problem(reason=f"there is no metric {shown}", fix=fix))
        return self.graph[name]

    def outcome(self, on: str | None = None) -> Metric:
        """Return the metric that a question is about: `on`, else the tree's outcome.

        Raises
        ------
        QuestionError
            When there is none, or it is a level and the basis discounts amounts.
        """
        if on is None and not self.graph.outcome:
            fix = "pass on='...' or add `outcome:` to the model"
            raise QuestionError(Problem(reason="the tree states no outcome", fix=fix))
        metric = self.metric(self.graph.outcome if on is None else on)
        if self.basis == "pv" and metric.aggregation in ("last", "mean"):
            reason = (
                f"{lowered(metric.label)} is a level, and a level has no present value: only amounts are discounted"
            )
            fix = f"ask about an amount per {self.words.period}, or leave the basis out"
            raise QuestionError(Problem(metric=metric.name, reason=reason, fix=fix))
        return metric

    def periods(self, horizon: Horizon = None) -> int:
        """Return the last period that is looked at: ``18``, ``"18"`` or ``"18 months"``, else the tree's horizon.

        Raises
        ------
        QuestionError
            When it is not a whole number of the tree's periods, or out of range.
        """
        if horizon is None and self.until is not None:
            return self.until
        if horizon is None:
            return self.graph.spec.horizon_periods
        try:
            number = leaves.periods(1, leaves.MAX_HORIZON)(horizon)
        except leaves.Wrong as error:
            problem = error.findings[0].problem
            raise QuestionError(replace(problem, reason=f"the horizon: {problem.reason}", edit=None)) from None
        if number.period not in ("", self.words.period):
            reason, fix = leaves.other_periods(number, self.graph.spec.period)
            raise QuestionError(Problem(reason=f"the horizon: {reason}", fix=fix))
        return int(number)

    def scenario(self, name: str | None) -> Scenario | None:
        """Return the scenario of the model file called `name`; None where none is asked for.

        Raises
        ------
        QuestionError
            When there is none; the message names the nearest.
        """
        if name is None:
            return None
        known = {scenario.name: scenario for scenario in self.graph.spec.scenarios}
        if not isinstance(name, str) or name not in known:
            shown = f"'{printable(str(name), 80)}'{nearest(str(name), known)}"
            fix = f"they are {joined(tuple(known))}" if known else "write some in the model, under `scenarios:`"
            raise QuestionError(Problem(reason=f"there is no scenario {shown}", fix=fix))
        return known[name]

    def changes(self, changes: Changes | None) -> Asked:
        """Return what `changes` do.

        Raises
        ------
        ChangeError
            When one is written wrongly, does not fit its metric, or two act on metrics of one time loop.
        """
        if changes is None:
            return NOTHING
        if not isinstance(changes, Mapping):
            raise ChangeError(
                Problem(
                    reason=f"changes are a mapping of metric to change, not {type(changes).__name__}",
                    fix="write {'engagement': '+1%'}",
                )
            )
        found: dict[int, Recipe] = {}
        texts = []
        for name, given in changes.items():
            metric = self.metric(name)
            parsed = self.read(metric, given)
            found[metric.index] = self.resolve(metric, parsed)
            texts.append((name, " then ".join(self.words.change(name, change) for change in parsed)))
        self._one_to_a_loop(found)
        return Asked(tuple(found.items()), tuple(texts))

    def read(self, metric: Metric, given: str | Change | Sequence[str | Change]) -> list[Change]:
        """Return the changes on one metric, parsed.

        Raises
        ------
        ChangeError
            When one is written wrongly, or there is none.
        """
        several = given if isinstance(given, list | tuple) else (given,)
        if not several:
            raise ChangeError(Problem(metric=metric.name, reason="no change is given", fix="write e.g. '+1%'"))
        try:
            return [parse_change(change, currency=self.words.currency) for change in several]
        except ChangeError as error:
            raise ChangeError(*(problem.at(metric=metric.name) for problem in error.problems)) from None

    def together(self, first: Asked, then: Asked) -> Asked:
        """Return what two sets of changes do at once: of several changes on one metric as of those of one question.

        Raises
        ------
        ChangeError
            When both set one metric, or act on metrics of one time loop.
        """
        if not first.recipes or not then.recipes:
            return first if first.recipes else then
        found = dict(first.recipes)
        for slot, more in then.recipes:
            changes = (*(found[slot].changes if slot in found else ()), *more.changes)
            found[slot] = self.resolve(self.graph.metrics[slot], changes)
        self._one_to_a_loop(found)
        return Asked(tuple(found.items()), (*first.texts, *then.texts))

    def first_known(self, metric: Metric) -> float:
        """Return a metric's value today, or where it has none in period 1.

        Raises
        ------
        EvaluationError
            When it has none there either.
        """
        today = self.today[metric.index]
        return self.base(1).rows[0][metric.index] if math.isnan(today) else today

    def resolve(self, metric: Metric, changes: Sequence[Change]) -> Recipe:
        return recipe(
            changes,
            name=metric.name,
            unit=metric.unit,
            base=self.first_known(metric),
            bounds=metric.spec.bounds.low_high() if metric.spec.bounds else None,
            period=self.graph.spec.period,
            calendar=self.graph.spec.calendar,
        )

    def _one_to_a_loop(self, changes: Mapping[int, Recipe]) -> None:
        loops: dict[int, Metric] = {}
        for slot in changes:
            metric = self.graph.metrics[slot]
            if not metric.on_loop:
                continue
            other = loops.setdefault(metric.loop, metric)
            if other is not metric:
                inputs = self._inputs_of_loop(metric.loop)
                fix = f"change inputs of the loop instead: {', '.join(inputs[:6])}" if inputs else "change only one"
                raise ChangeError(
                    Problem(
                        reason=f"{other.name} and {metric.name} stand in one time loop, so each change would alter "
                        "the path that the other one is applied to",
                        fix=fix,
                    )
                )

    def _inputs_of_loop(self, loop: int) -> list[str]:
        members = [metric for metric in self.graph.metrics if metric.loop == loop and metric.on_loop]
        names = {metric.name for metric in members}
        sources = (ref.source for metric in members for ref in metric.references)
        return list(dict.fromkeys(source for source in sources if source not in names))
