"""Specification -> checked graph; every independent problem is found before any is raised."""

from __future__ import annotations

import copyreg
from bisect import bisect_right
from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType

from impacttree.errors import Edit, FormulaError, ModelError, Problem, printable
from impacttree.formula import FUNCTIONS, Core, lowered, names, parse, parse_expression, walk
from impacttree.formula.ast import Binary, Call, Expr, Name, Parameter
from impacttree.formula.core import Clock
from impacttree.formula.core import walk as walk_core
from impacttree.graph.aggregate import aggregation
from impacttree.graph.central_values import Today, evaluate
from impacttree.graph.checks import (
    bounds_of,
    check_aggregate,
    check_finance,
    check_flow,
    check_limits,
    check_not_modelled,
    check_scenarios,
    default_outcome,
)
from impacttree.graph.correlations import check_correlations
from impacttree.graph.drivers import Drive, RefusedError, Side, ValuelessError, combine, drive_of
from impacttree.graph.evidence import uncertain_numbers
from impacttree.graph.findings import Findings
from impacttree.graph.first_period import unknown_today
from impacttree.graph.model import Aggregation, Correlated, Graph, Metric, Reference, UncertainNumber
from impacttree.graph.oddities import note_oddities
from impacttree.graph.order import Orders, orders_of
from impacttree.graph.references import references
from impacttree.graph.schedules import schedules_of
from impacttree.graph.statement import stated_line
from impacttree.graph.units import Units, units_of
from impacttree.patterns import pattern
from impacttree.quantity import Schedule
from impacttree.quantity.spread_checks import impossible
from impacttree.spec import Driver, MetricSpec, TreeSpec
from impacttree.spec.address import Address
from impacttree.spec.leaves import as_name

__all__ = ["build"]

Reads = dict[Reference, tuple[int, int]]


def build(spec: TreeSpec, problems: Sequence[Problem] = ()) -> Graph:
    """Check a specification and return its graph.

    Parameters
    ----------
    spec
        As written, or as far as it could be understood.
    problems
        What reading it found already; raised together with what is found here.

    Raises
    ------
    ModelError
        With every independent problem, in file order.

    Examples
    --------
    >>> from impacttree.spec import load_text
    >>> graph = build(load_text('''
    ... outcome: revenue
    ... metrics:
    ...   customers: {value: 65_800 customers}
    ...   arpu: {value: $29/customer/month}
    ...   revenue: {formula: customers * arpu, kind: financial}
    ... '''))
    >>> str(graph["revenue"].unit), graph["revenue"].aggregation_reason
    ('USD/month', 'flow per month: summed')
    """
    return _Build(spec, problems).graph()


def _written(graph: Graph) -> tuple[Callable[[TreeSpec], Graph], tuple[TreeSpec]]:
    """Pickle what was written; it is checked again where it arrives."""
    return build, (graph.spec,)


copyreg.pickle(Graph, _written)


class _Build:
    """One check of one specification, step by step."""

    def __init__(self, spec: TreeSpec, problems: Sequence[Problem]) -> None:
        self.spec = spec
        self.findings = Findings(spec, list(problems))
        self.by_name = {metric.name: index for index, metric in enumerate(spec.metrics)}
        self.unread = {as_name(name) for name in _names_in_file(spec, problems)} - self.by_name.keys()
        """Metrics that the file has, but that could not be read."""
        self.cut = _cut_metrics(spec, problems)
        """Metrics whose text was cut by the file format: what is left of it says nothing."""
        self.findings.faulty |= self.cut
        self.starts: dict[str, Expr] = {}
        """Formulas of starts that could be read."""
        self.formulas: dict[str, Expr] = {}
        """Formulas that could be read and whose names are all known."""
        self.cores: dict[str, Core] = {}
        """What they come to, conversions multiplied out."""
        unruled = any(problem.key in ("formula", "value") for problem in problems)
        self.is_whole = not (self.unread or self.cut or unruled)
        """Whether all that metrics read is known, so that what nobody reads can be told."""
        self.reads = [self._reads(metric) for metric in spec.metrics]
        for metric in spec.metrics:
            if metric.start is not None and metric.start.is_formula:
                self._read_start(metric, metric.start.text)

    def graph(self) -> Graph:
        spec, findings = self.spec, self.findings
        orders = orders_of(spec.metrics, self.reads, findings, self.starts)
        read = {name: [ref.source for ref in self.reads[self.by_name[name]]] for name in self.formulas}
        units = units_of(spec.metrics, self.formulas, read, spec.period, findings, self.starts)
        self.cores = {name: lowered(formula) for name, formula in units.formulas.items()}
        schedules = schedules_of(spec, self.cores, findings)
        clocks = {address: schedule.today for address, schedule in schedules.items()}
        today = Today(self.cores, _stated_values(spec.metrics, units.starts) | clocks)
        effects, valueless = self._effects(units, today)
        rules = self._aggregations(units, orders)
        self._check_metrics(units, today)
        uncertain = self._uncertain(units, effects)
        correlations = self._correlations(uncertain, effects)
        outcome = self._outcome(units)
        check_scenarios(spec, units.by_name, today, self.unread, findings)
        summed = {name for name, (rule, _) in rules.items() if rule == "sum"}
        check_finance(spec, units.by_name, summed, self.unread, findings)
        if not findings.problems:
            for metric, driver in valueless:
                reason = f"'{driver.source}' has no value today, so this effect has nothing to start from"
                fix = "correct its formula or the values that it reads, or state its `start`"
                findings.add(metric.name, ("drivers", driver.source), reason, fix)
        if findings.problems:
            raise ModelError(*findings.sorted())
        assert outcome is not None
        metrics = tuple(
            self._metric(index, units, orders, effects, rules, schedules) for index in range(len(spec.metrics))
        )
        self._note_unused(metrics, outcome)
        self._note_modelled(metrics)
        note_oddities(metrics, today, spec, findings)
        return Graph(
            spec=spec,
            metrics=metrics,
            by_name=MappingProxyType(self.by_name),
            order=orders.period,
            initial_order=orders.initial,
            notes=tuple(findings.notes),
            outcome=outcome,
            uncertain=uncertain,
            correlations=correlations,
            unknown_today=unknown_today(spec.metrics, self.reads),
            schedules=MappingProxyType(schedules),
        )

    # ---- what each metric reads

    def _reads(self, metric: MetricSpec) -> Reads:
        if metric.name in self.cut:
            return {}
        if metric.formula is not None:
            return self._formula_reads(metric, metric.formula)
        if metric.level is None and metric.name not in self.findings.faulty:
            self.findings.add(metric.name, (), "has neither a value nor a formula", "write value: 42%, or a formula")
        reads: Reads = {}
        for driver in metric.drivers:
            if self._is_usable(metric, driver):
                timing = Reference(driver.source, "prev", driver.lag) if driver.lag else Reference(driver.source, "now")
                reads[timing] = reads[Reference(driver.source, "baseline")] = (0, 0)
        return reads

    def _formula_reads(self, metric: MetricSpec, text: str) -> Reads:
        try:
            formula = parse(text)
        except FormulaError as error:
            self.findings.extend(metric.name, ("formula",), error, text)
            self.is_whole = False
            return {}
        reads = references(formula)
        unknown = {ref.source: span for ref, span in reads.items() if ref.source not in self.by_name}
        hyphenated = self._hyphenated(metric, text, unknown)
        for name, span in unknown.items():
            if name not in self.unread and name not in hyphenated:
                reason, fix, new = self._unknown(name)
                self.findings.add(metric.name, ("formula",), reason, fix, text, span, new)
        if unknown:
            self.is_whole = False
        else:
            self.formulas[metric.name] = formula
        return reads

    def _unknown(self, name: str) -> tuple[str, str, str | None]:
        """Return why a name in a formula is refused, what to do, and the name that it is a slip of."""
        clock = "period_number()" if name in _CLOCKS else "month_of_year()" if name == "month" else ""
        if clock:
            return f"there is no metric '{name}'", f"write {clock}", clock
        likely = self.findings.meant(name, self.by_name)
        hint = f" (did you mean '{likely}'?)" if likely else ""
        return f"there is no metric '{name}'{hint}", "correct the name, or add the metric", likely or None

    def _hyphenated(self, metric: MetricSpec, text: str, unknown: Collection[str]) -> set[str]:
        """Report names written with hyphens, which are read as differences, and return their parts."""
        parts: set[str] = set()
        for match in _HYPHENS.finditer(text):
            words, whole = match[0].split("-"), match[0].replace("-", "_")
            known = whole in self.by_name or whole in self.unread
            if known and not parts.issuperset(words) and any(word in unknown for word in words):
                reason = f"'{match[0]}' is read as {' minus '.join(words)}"
                fix = f"write {whole}"
                self.findings.add(metric.name, ("formula",), reason, fix, text, match.span(), whole)
                parts.update(words)
        return parts

    def _read_start(self, metric: MetricSpec, text: str) -> None:
        """Read the formula of a start, which reads nothing but stated metrics."""
        expression, problem = parse_expression(text), ("", "", (0, 0))
        read = {name: self.spec.metrics[self.by_name[name]] for name in names(expression) if name in self.by_name}
        for node in walk(expression):
            name = node.name if isinstance(node, Name) else ""
            if isinstance(node, Call) and FUNCTIONS[node.function].kind in ("time", "clock"):
                problem = (f"{node.function} has no place in a start: it is at t = 0", "name metrics alone", node.span)
            elif name and name not in self.by_name and name not in self.unread:
                hint = self.findings.suggestion(name, self.by_name)
                fix = "write a number such as 65_800 customers, or correct the name"
                problem = (f"there is no metric '{name}'{hint}", fix, node.span)
            elif name in read and read[name].formula is not None:
                problem = (
                    f"'{name}' is not stated but computed",
                    "read the stated metrics that it rests on",
                    node.span,
                )
        if problem[0]:
            self.findings.add(metric.name, ("start",), problem[0], problem[1], text, problem[2])
        elif self.unread.isdisjoint(names(expression)) and all(metric.level is not None for metric in read.values()):
            self.starts[metric.name] = expression

    def _is_usable(self, metric: MetricSpec, driver: Driver) -> bool:
        keys = ("drivers", driver.source)
        if driver.source == metric.name:
            fix = f"write a formula that reads prev({metric.name}), with a `start`"
            self.findings.add(metric.name, keys, "a metric cannot drive itself", fix)
        elif driver.source not in self.by_name and driver.source not in self.unread:
            likely = self.findings.meant(driver.source, self.by_name)
            hint = f" (did you mean '{likely}'?)" if likely else ""
            problem = Problem(
                reason=f"there is no metric '{driver.source}'{hint}",
                fix="correct the name, or add the metric",
                edit=Edit(0, len(driver.source), likely) if likely else None,
            )
            self.findings.add_at_key(metric.name, keys, problem)
        return driver.source in self.by_name and driver.source != metric.name

    # ---- assumed effects

    def _effects(
        self, units: Units, today: Today
    ) -> tuple[dict[str, tuple[Drive, ...]], list[tuple[MetricSpec, Driver]]]:
        """Return the effects on each metric with drivers, and the drivers that lack a value to start from."""
        effects: dict[str, tuple[Drive, ...]] = {}
        valueless: list[tuple[MetricSpec, Driver]] = []
        for metric in self.spec.metrics:
            target = self._side(metric, units, today) if metric.drivers else None
            if target is None:
                continue
            found: list[Drive] = []
            for driver in metric.drivers:
                index = self.by_name.get(driver.source)
                source = None if index is None else self._side(self.spec.metrics[index], units, today)
                if source is None or driver.source == metric.name:
                    continue
                try:
                    found.append(drive_of(driver, source, target, self.spec.currency, self.spec.evidence_defaults))
                except RefusedError as error:
                    keys = [int(key) if key.isdigit() else key for key in error.key.split(".")]
                    self.findings.add(metric.name, ("drivers", driver.source, *keys), error.reason, error.fix)
                except ValuelessError:
                    valueless.append((metric, driver))
            effects[metric.name] = tuple(found)
        return effects, valueless

    @staticmethod
    def _side(metric: MetricSpec, units: Units, today: Today) -> Side | None:
        unit = units.by_name[metric.name]
        return None if unit is None else Side(metric.name, metric.title, unit, today[metric.name])

    # ---- over the horizon

    def _aggregations(self, units: Units, orders: Orders) -> dict[str, tuple[Aggregation, str]]:
        rules: dict[str, tuple[Aggregation, str]] = {}

        def is_summed(name: str) -> bool:
            return name in rules and rules[name][0] == "sum"

        for index in orders.period:
            metric = self.spec.metrics[index]
            unit = units.by_name[metric.name]
            if unit is None:
                continue
            timeless = all(ref.timing in ("now", "baseline") for ref in self.reads[index])
            timeless = timeless and not _reads_clock(self.cores.get(metric.name))
            formula = units.formulas.get(metric.name) if timeless else None
            check_aggregate(metric, unit, formula is not None, self.findings)
            rules[metric.name] = aggregation(metric.aggregate, unit, self.spec.period, formula, is_summed)
        return rules

    # ---- checks

    def _check_metrics(self, units: Units, today: Today) -> None:
        for metric in self.spec.metrics:
            unit = units.by_name[metric.name]
            if unit is not None and (metric.bounds or metric.plausible or metric.guardrail):
                stated = metric.start or metric.level
                check_limits(metric, unit, today[metric.name] if stated else None, self.findings)
            if metric.not_modelled:
                check_not_modelled(metric, self.by_name, self.unread, self.findings)

    def _uncertain(self, units: Units, effects: Mapping[str, tuple[Drive, ...]]) -> tuple[UncertainNumber, ...]:
        """Return all that is not known for certain; what no distribution can say is reported."""
        numbers: list[UncertainNumber] = []
        for metric in self.spec.metrics:
            is_judged = units.by_name[metric.name] is None or metric.name in self.findings.faulty
            influences = (effect.influence for effect in effects.get(metric.name, ()))
            for keys, number in uncertain_numbers(metric, influences, self.spec.evidence_defaults):
                numbers.append(number)
                wrong = None if is_judged else impossible(number.quantity, number.bounds)
                if wrong is not None:
                    text = printable(number.quantity.text)
                    self.findings.add(metric.name, keys, f"{text}: {wrong[0]}", wrong[1])
        return tuple(sorted(numbers, key=lambda number: number.address))

    def _correlations(
        self, uncertain: Sequence[UncertainNumber], effects: Mapping[str, tuple[Drive, ...]]
    ) -> tuple[Correlated, ...]:
        if not self.spec.correlations:
            return ()
        known = {str(Address(metric.name)) for metric in self.spec.metrics if metric.level}
        known |= {str(Address(metric.name, key="start")) for metric in self.spec.metrics if metric.start}
        for found in effects.values():
            known |= {address for effect in found for address, _ in effect.influence.parameters}
        addresses = {number.address for number in uncertain}
        silent = self.findings.faulty | self.unread
        return check_correlations(addresses, known - addresses, silent, self.findings)

    def _outcome(self, units: Units) -> str | None:
        spec, findings = self.spec, self.findings
        named: list[tuple[tuple[str | int, ...], str]] = [(("outcome",), spec.outcome)] if spec.outcome else []
        named += [(("outcomes", index), name) for index, name in enumerate(spec.outcomes)]
        named += [(("statement", index), stated_line(text).metric) for index, text in enumerate(spec.statement)]
        for keys, name in named:
            if name not in self.by_name and name not in self.unread:
                findings.add_unknown(keys, name, self.by_name)
        faulty_key = any(problem.key == "outcome" and not problem.metric for problem in findings.problems)
        outcome = spec.outcome
        if outcome is None and self.is_whole and not faulty_key:
            outcome = default_outcome(spec, self.reads, findings)
        for name in dict.fromkeys((outcome or "", *spec.outcomes)):
            index = self.by_name.get(name)
            unit = units.by_name[spec.metrics[index].name] if index is not None else None
            if index is not None and unit is not None:
                check_flow(spec.metrics[index], unit, findings)
        return outcome

    # ---- the result

    def _metric(
        self,
        index: int,
        units: Units,
        orders: Orders,
        effects: Mapping[str, tuple[Drive, ...]],
        rules: Mapping[str, tuple[Aggregation, str]],
        schedules: Mapping[str, Schedule],
    ) -> Metric:
        metric = self.spec.metrics[index]
        name = metric.name
        unit = units.by_name[name]
        assert unit is not None
        on_metric = effects.get(name, ())
        rule: Expr
        if name in units.formulas:
            rule = units.formulas[name]
        else:
            assert metric.level is not None
            rule = combine(Parameter(str(Address(name)), metric.level.central(bounds_of(metric))), on_metric)
            season = str(Address(name, key="seasonality"))
            if season in schedules and not schedules[season].is_steady:
                rule = Binary("*", rule, Parameter(season, schedules[season].today))
        start: Expr | None = units.starts.get(name)
        if start is None and metric.start:
            start = Parameter(str(Address(name, key="start")), metric.start.central(bounds_of(metric)))
        chosen, reason = rules[name]
        return Metric(
            index=index,
            name=name,
            spec=metric,
            unit=unit,
            origin="formula" if metric.formula else "drivers" if metric.drivers else "value",
            rule=rule,
            core=self.cores[name] if name in self.cores else lowered(rule),
            start=start,
            references=tuple(self.reads[index]),
            influences=tuple(effect.influence for effect in on_metric),
            aggregation=chosen,
            aggregation_reason=reason,
            on_loop=orders.loops[index] >= 0,
            loop=orders.loops[index],
        )

    def _note_modelled(self, metrics: Sequence[Metric]) -> None:
        for metric in metrics:
            for name, _ in metric.spec.not_modelled:
                if any(ref.source == metric.name for ref in metrics[self.by_name[name]].references):
                    said = f"`not_modelled` names {name}, which reads {metric.name}; leave it out there"
                    self.findings.note(metric.name, (said,))

    def _note_unused(self, metrics: Sequence[Metric], outcome: str) -> None:
        read = {ref.source for metric in metrics for ref in metric.references if ref.source != metric.name}
        read |= {name for expression in self.starts.values() for name in names(expression)}
        for metric in metrics:
            asked = metric.name == outcome or metric.name in self.spec.outcomes
            if not asked and metric.name not in read and metric.spec.kind != "financial" and not metric.spec.guardrail:
                self.findings.note(metric.name, ("no other metric reads it",))


_CLOCKS = frozenset(("t", "time", "n", "period", "day", "week", "quarter", "year"))
"""What people call the number of the period."""
_HYPHENS = pattern(r"[A-Za-z_][A-Za-z0-9_]*(?:-[A-Za-z_][A-Za-z0-9_]*)+")


def _reads_clock(core: Core | None) -> bool:
    return core is not None and any(isinstance(node, Clock) for node in walk_core(core))


def _names_in_file(spec: TreeSpec, problems: Sequence[Problem]) -> set[str]:
    """Return the names of all metrics that the file holds or the problems speak of, readable or not."""
    if not problems:  # then all could be read
        return set()
    place = spec.places.root.get("metrics")
    written = {str(name) for name in place.children or ()} if place else set()
    return written | {problem.metric for problem in problems if problem.metric}


def _cut_metrics(spec: TreeSpec, problems: Sequence[Problem]) -> set[str]:
    """Return the metrics on whose lines the file itself is wrong: those problems name no metric and no key."""
    lines = [problem.line for problem in problems if problem.line and not problem.metric and not problem.key]
    place = spec.places.root.get("metrics") if lines else None
    if place is None:
        return set()
    below = [other.key_line for other in spec.places.root.values() if other.key_line > place.key_line]
    starts = {metric.name: spec.places.find_key("metrics", metric.name)[0] for metric in spec.metrics}
    ordered = sorted(set(starts.values()))
    within = [line for line in lines if ordered and ordered[0] <= line < min(below, default=line + 1)]
    hit = {ordered[bisect_right(ordered, line) - 1] for line in within}
    return {name for name, start in starts.items() if start in hit}


def _stated_values(metrics: Sequence[MetricSpec], starts: Mapping[str, Expr]) -> dict[str, float]:
    """Return the values at t = 0 that are stated: starts, and values with or without drivers."""
    stated = ((metric, metric.start or metric.level) for metric in metrics)
    values = {m.name: quantity.central(bounds_of(m)) for m, quantity in stated if quantity and not quantity.is_formula}
    computed = {name: evaluate(expression, values.get) for name, expression in starts.items()}
    return values | {name: value for name, value in computed.items() if value is not None}
