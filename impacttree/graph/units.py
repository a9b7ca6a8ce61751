"""The unit of every metric: what is declared, what its formula gives, and whether the two agree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from impacttree.errors import FormulaError, Problem
from impacttree.formula import infer_unit
from impacttree.formula.ast import Binary, Expr, Name, walk
from impacttree.formula.conversions import brought_to, period_of, without_ratio
from impacttree.formula.printer import brief, unparse
from impacttree.formula.rates import Memory, beside_one, rate_of, rate_period
from impacttree.formula.units import About, Inferred
from impacttree.graph.cycles import components
from impacttree.graph.findings import Findings
from impacttree.quantity import NUMBER, PERCENT, PERIODS_PER_YEAR, Period, Unit, misfit
from impacttree.records import dataclass
from impacttree.spec import MetricSpec

__all__ = ["Units", "declared_unit", "unit_words", "units_of"]

HIGH = 0.5
"""From here on a stated rate per period is rather what stays than what goes."""
MAX_TRIED = 5_000
"""Formulas that are read again in search of a reading of their rates."""
MAX_BETWEEN = 200
"""Formulas between a metric and the rates that it rests on, in that search."""
MAX_RATES = 6
"""Rates of one metric that are tried, and rates whose reading their size decides."""


@dataclass(frozen=True, slots=True)
class Units:
    """Unit of every metric (None where a problem hides it), and the formulas with their conversions multiplied out."""

    by_name: Mapping[str, Unit | None]
    formulas: Mapping[str, Expr]
    starts: Mapping[str, Expr]
    """The formulas of starts, by metric."""


def declared_unit(metric: MetricSpec) -> Unit | None:
    """Return the unit that is written: in ``unit:``, or else beside the value or the start."""
    stated = metric.level or metric.start
    if metric.unit is not None:
        is_same = stated is not None and stated.unit == metric.unit
        return stated.unit if is_same and stated is not None else metric.unit
    if stated is None:
        return None
    return NUMBER if stated.unit is None and metric.formula is None else stated.unit


def units_of(
    metrics: Sequence[MetricSpec],
    formulas: Mapping[str, Expr],
    reads: Mapping[str, Sequence[str]],
    period: Period,
    findings: Findings,
    starts: Mapping[str, Expr],
) -> Units:
    """Find and check all units, inputs before what reads them.

    Parameters
    ----------
    metrics
        All metrics of the tree.
    formulas
        The formulas that could be read, by metric.
    reads
        The names in each of them, in any period.
    period
        The tree's time step.
    findings
        Takes the problems and notes.
    starts
        The formulas of starts, by metric.
    """
    declared = {metric.name: declared_unit(metric) for metric in metrics}
    begun = {name: _start(name, expr, declared, period, findings) for name, expr in starts.items()}
    for metric in metrics:
        _check_stated(metric, declared[metric.name], findings)
    _check_multiples(metrics, findings)
    tree = _Tree(metrics, formulas, reads, period, declared, frozenset(findings.faulty))
    reading = _Readings(tree).best()
    for metric in tree.order:
        found = reading.found.get(metric.name)
        if found is None:
            continue
        for problem in found.problems:
            findings.add(metric.name, ("formula",), problem.reason, problem.fix, metric.formula or "", problem.span)
        if not found.problems and declared[metric.name] is None:
            _check_stated(metric, found.unit, findings)
        findings.note(metric.name, found.notes)
    for name, note in reading.notes.items():
        findings.note(name, (note,))
    units = {metric.name: reading.unit(metric.name) for metric in metrics}
    return Units(units, dict(formulas) | {name: found.expr for name, found in reading.found.items()}, begun)


def _start(name: str, expr: Expr, declared: dict[str, Unit | None], period: Period, findings: Findings) -> Expr:
    """Find the unit of a start that is a formula, and hold it against the declared one."""
    text = unparse(expr)
    try:
        inferred = infer_unit(expr, lambda source: declared.get(source) or NUMBER, period=period)
    except FormulaError as error:
        findings.extend(name, ("start",), error, text)
        return expr
    wanted = declared[name]
    if wanted is None:
        declared[name] = inferred.unit
    elif not inferred.bare and wanted.hard() != inferred.unit.hard():
        reason = f"the start is in {unit_words(inferred.unit)}, but the metric is declared in {unit_words(wanted)}"
        fix = f"read metrics in {unit_words(wanted)}, or declare `unit: {str(inferred.unit) or 1}`"
        findings.add(name, ("start",), reason, fix, text, (0, len(text)))
    return inferred.expr


def _inputs_first(metrics: Sequence[MetricSpec], inputs: Mapping[str, Iterable[str]]) -> list[list[MetricSpec]]:
    """Order metrics so that each follows what it reads; those on one loop stand together."""
    position = {metric.name: index for index, metric in enumerate(metrics)}
    edges = [[position[name] for name in inputs.get(metric.name, ()) if name in position] for metric in metrics]
    return [[metrics[index] for index in members] for members in components(edges)]


def _check_stated(metric: MetricSpec, declared: Unit | None, findings: Findings) -> None:
    """Check that value and start are written in the declared unit; beside ``unit:`` money may be a bare number."""
    if declared is None:
        return
    stated = (("value" if metric.values is None else "values", metric.level), ("start", metric.start))
    for key, quantity in stated:
        if (
            quantity is None
            or quantity.is_formula
            or (quantity.unit is None and metric.unit is not None and not declared.is_share)
        ):
            continue
        wrong = misfit(quantity.unit, declared)
        if wrong is not None:
            findings.add(metric.name, (key,), *wrong)


def _check_multiples(metrics: Sequence[MetricSpec], findings: Findings) -> None:
    """Refuse a noun that is a thousand or a million of another: ``kwidgets`` beside ``widgets``."""
    nouns: dict[str, str] = {}
    for metric in metrics:
        stated = (metric.unit, *(quantity.unit for quantity in (metric.level, metric.start) if quantity))
        for noun, _ in (factor for unit in stated if unit is not None for factor in unit.nouns):
            nouns.setdefault(noun, metric.name)
    for noun, name in nouns.items():
        if noun[0] in "kmbt" and noun[1:] in nouns:
            suffix = noun[0] if noun[0] == "k" else noun[0].upper()
            reason = f"counts in `{noun}`, while `{nouns[noun[1:]]}` counts in `{noun[1:]}`"
            fix = f"write the multiple at the number: 3{suffix} {noun[1:]}, $2/1{suffix} {noun[1:]}"
            findings.add(name, ("value",), reason, fix)


@dataclass(frozen=True, slots=True)
class _Found:
    """What one formula gives, held against what is declared."""

    unit: Unit | None
    """As outputs show it."""
    seen: Unit | None
    """As other formulas read it."""
    memory: Memory | None
    expr: Expr
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    is_added: bool = False
    """Whether a factor of one period is declared per that period."""


class _Tree:
    """What the search for units reads, and never changes."""

    def __init__(
        self,
        metrics: Sequence[MetricSpec],
        formulas: Mapping[str, Expr],
        reads: Mapping[str, Sequence[str]],
        period: Period,
        declared: Mapping[str, Unit | None],
        faulty: frozenset[str],
    ) -> None:
        self.by_name = {metric.name: metric for metric in metrics}
        self.formulas, self.reads, self.period, self.declared = formulas, reads, period, declared
        self.faulty = faulty
        self.order = self._ordered(metrics)
        self.position = {metric.name: index for index, metric in enumerate(self.order)}

    def _ordered(self, metrics: Sequence[MetricSpec]) -> list[MetricSpec]:
        """Order all formulas, those on a loop by what nobody declared."""
        computed = [metric for metric in metrics if metric.name in self.formulas]
        place = {metric.name: index for index, metric in enumerate(metrics)}
        order: list[MetricSpec] = []
        for members in _inputs_first(computed, self.reads):
            if len(members) == 1:
                order += members
                continue
            open_reads = {
                metric.name: [name for name in self.reads[metric.name] if self.declared.get(name) is None]
                for metric in sorted(members, key=lambda metric: place[metric.name])
            }
            order += [
                metric
                for inner in _inputs_first([self.by_name[name] for name in open_reads], open_reads)
                for metric in inner
            ]
        return order

    def stated_rate(self, name: str) -> str | None:
        """Return the period of a rate that is stated in %, not computed."""
        metric, unit = self.by_name.get(name), self.declared.get(name)
        is_stated = metric is not None and metric.formula is None and unit is not None and unit.is_share
        return rate_period(unit) if is_stated and unit is not None else None

    def is_high(self, name: str) -> bool:
        stated = self.by_name[name].level
        return self.stated_rate(name) is not None and stated is not None and stated.central() >= HIGH


class _Reading:
    """The units of all metrics, where each rate in `stays` is read as what stays of one period."""

    def __init__(self, tree: _Tree, stays: frozenset[str] = frozenset()) -> None:
        self.tree, self.stays = tree, stays
        self.found: dict[str, _Found] = {}
        self.assumed: set[str] = set()
        self.notes: dict[str, str] = {}

    def all(self) -> _Reading:
        for metric in self.tree.order:
            self.read(metric)
        return self

    def read(self, metric: MetricSpec) -> None:
        tree, name = self.tree, metric.name
        inputs = tree.reads[name]
        for source in inputs:
            if self.seen(source) is None and source in tree.formulas and source not in self.found:
                self.assumed.add(source)
        if name not in tree.faulty and all(self.seen(source) is not None for source in inputs):
            self.found[name] = self._infer(metric, tree.formulas[name])

    def unit(self, name: str) -> Unit | None:
        """Return the unit of a metric, None where a problem hides it."""
        if name in self.found:
            return self.found[name].unit
        return self.tree.declared[name]

    def seen(self, name: str) -> Unit | None:
        """Return the unit that other formulas read."""
        if name in self.stays:
            return PERCENT
        if name in self.found:
            return self.found[name].seen
        return self.tree.declared.get(name) or (NUMBER if name in self.assumed else None)

    def _about(self, name: str) -> About:
        tree = self.tree
        metric = tree.by_name[name]
        memory = self.found[name].memory if name in self.found else None
        if name in self.stays:
            memory = Memory(tree.stated_rate(name) or "", "factor")
        is_plain = tree.declared[name] is None
        stays = metric.level.text if metric.level and name not in self.stays and tree.is_high(name) else ""
        return About(memory, metric.start is not None, tree.formulas.get(name) if is_plain else None, stays)

    def _infer(self, metric: MetricSpec, formula: Expr) -> _Found:
        """Infer the unit of one formula, whose inputs are known, and hold it against the declared one."""
        name, tree = metric.name, self.tree
        declared = tree.declared[name]
        if declared is None and name in tree.reads[name]:
            self.assumed.add(name)
        try:
            inferred = infer_unit(
                formula,
                lambda source: self.seen(source) or NUMBER,
                period=tree.period,
                own=name,
                declared=declared,
                about=self._about,
            )
        except FormulaError as error:
            problems = error.problems
            if name in self.assumed and metric.start is not None:
                hint = f"if `start: {metric.start.text}` has a unit, write it there"
                problems = tuple(
                    problem if "goes by" in problem.reason else replace(problem, fix=f"{hint}; else {problem.fix}")
                    for problem in problems
                )
            return _Found(declared, declared, None, formula, problems)
        notes = (*inferred.notes, *inferred.warnings)
        if declared is None:
            if name in self.assumed and inferred.unit.hard().factors and not inferred.bare:
                return self._assumed_wrongly(metric, inferred, notes)
            notes += _converted_by_hand(formula, inferred.unit, tree.period)
            return _Found(inferred.unit, inferred.unit, inferred.memory, inferred.expr, (), notes)
        agreed = _agreed(declared, inferred, tree.period)
        if agreed is None:
            problem = self._mismatch(metric, formula, inferred, declared)
            return _Found(declared, declared, None, inferred.expr, (problem,), notes)
        seen, memory = agreed
        shown = seen if seen.factors == declared.factors and seen.is_share and not declared.display else declared
        is_added = memory is not None and declared != seen and not declared.is_pure
        return _Found(shown, seen, memory, inferred.expr, (), notes, is_added)

    def _assumed_wrongly(self, metric: MetricSpec, inferred: Inferred, notes: tuple[str, ...]) -> _Found:
        given = inferred.unit
        reason = f"the formula gives {unit_words(given)}, and comes back to itself through time"
        fix = f"state the unit that it has at the start: `unit: {str(given) or 1}`"
        span = (0, len(metric.formula or ""))
        return _Found(NUMBER, NUMBER, None, inferred.expr, (Problem(reason=reason, fix=fix, span=span),), notes)

    def _mismatch(self, metric: MetricSpec, formula: Expr, inferred: Inferred, declared: Unit) -> Problem:
        given = inferred.unit
        reason = f"the formula gives {unit_words(given)}, but the metric is declared in {unit_words(declared)}"
        fix = self._bare_rate(formula, given, declared) or _fix(formula, given, declared)
        return Problem(reason=reason, fix=fix, span=(0, len(metric.formula or "")))

    def _bare_rate(self, formula: Expr, given: Unit, declared: Unit) -> str:
        """Return the fix where one ``/period`` fails and a share without it stands below the line."""
        step = Unit("", ((self.tree.period, -1),))
        if (declared.hard() * step).factors != given.hard().factors:
            return ""
        below = [node.right for node in walk(formula) if isinstance(node, Binary) and node.op == "/"]
        for node in (node for side in below for node in walk(side)):
            if isinstance(node, Name) and self.tree.declared.get(node.name) == PERCENT:
                stated = self.tree.by_name[node.name].level
                text = (
                    stated.text.partition("(")[0].strip() if stated is not None and stated.value is not None else "3%"
                )
                fits = f"write `{node.name}` as {text}/{self.tree.period}"
                return f"{fits}, or declare `unit: {str(given) or 1}`"
        return ""


class _Readings:
    """The search for what each stated rate per period is: what goes (a churn), or what stays (a retention).

    A rate is what goes, unless a declared unit comes out only where it is what stays; where no unit tells, a rate of
    50% or more that is subtracted from 1 is what stays. One reading holds in the whole tree.
    """

    def __init__(self, tree: _Tree) -> None:
        self.tree = tree
        self.left = MAX_TRIED

    def best(self) -> _Reading:
        plain = _Reading(self.tree).all()
        beside = {name: self._beside_one(name) for name in plain.found}
        if not any(beside.values()):
            return plain
        because: dict[str, str] = {}
        for name, found in plain.found.items():
            if found.problems and self.tree.declared[name] is not None:
                for rate in self._needed(name, beside):
                    because.setdefault(rate, name)
        needed = _Reading(self.tree, frozenset(because)).all() if because else plain
        self._refuse_both(plain, needed, because)
        chosen = self._by_size(needed, beside, because)
        self._note(chosen, because)
        return chosen

    def _beside_one(self, name: str) -> tuple[str, ...]:
        """Return the stated rates that a formula subtracts from 1."""
        return tuple(rate for rate in beside_one(self.tree.formulas[name]) if self.tree.stated_rate(rate))

    def _needed(self, name: str, beside: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
        """Return the rates that must be what stays for a metric's declared unit to come out."""
        between = self._between(name)
        rates = list(dict.fromkeys(rate for source in between for rate in beside.get(source, ())))[:MAX_RATES]
        tries = [(rate,) for rate in rates] + ([tuple(rates)] if len(rates) > 1 else [])
        for tried in tries:
            self.left -= len(between)
            if self.left < 0:
                break
            reading = _Reading(self.tree, frozenset(tried))
            for source in between:
                reading.read(self.tree.by_name[source])
            if name in reading.found and not reading.found[name].problems:
                return tried
        return ()

    def _between(self, name: str) -> list[str]:
        """Return the formulas that a metric's unit rests on, itself included, inputs first."""
        tree, found, stack = self.tree, {name}, [name]
        while stack and len(found) < MAX_BETWEEN:
            for source in tree.reads[stack.pop()]:
                if source in tree.formulas and source not in found and self._is_open(source):
                    found.add(source)
                    stack.append(source)
        return sorted(found, key=tree.position.__getitem__)

    def _is_open(self, name: str) -> bool:
        """Tell whether what others read of a formula may depend on a reading."""
        declared = self.tree.declared[name]
        return declared is None or declared.is_pure or rate_period(declared) is not None

    def _refuse_both(self, plain: _Reading, needed: _Reading, because: Mapping[str, str]) -> None:
        """Refuse formulas that need a rate to be what goes, where another needs it to be what stays."""
        for name, found in needed.found.items():
            if not found.problems or plain.found[name].problems:
                continue
            rates = [rate for source in self._between(name) for rate in self.tree.reads[source] if rate in because]
            if not rates:
                continue
            rate, other = rates[0], because[rates[0]]
            period = self.tree.stated_rate(rate)
            unit = unit_words(self.tree.declared[other] or NUMBER)
            reason = f"`{rate}` is what goes in a {period} here, but what stays in `{other}`, to come out in {unit}"
            fix = f"write one metric for each: `churn: 3%/{period}` and `retention: 1 - churn`"
            span = (0, len(self.tree.by_name[name].formula or ""))
            needed.found[name] = replace(found, problems=(Problem(reason=reason, fix=fix, span=span),))

    def _by_size(self, needed: _Reading, beside: Mapping[str, Sequence[str]], because: dict[str, str]) -> _Reading:
        """Read high rates as what stays where no declared unit tells, unless other units suffer."""
        rates: dict[str, str] = {}
        for name, found in needed.found.items():
            is_open = self.tree.declared[name] is None or found.is_added
            if is_open and not found.problems:
                for rate in beside[name]:
                    if rate not in because and self.tree.is_high(rate):
                        rates.setdefault(rate, name)
        chosen = needed
        for rate, name in list(rates.items())[:MAX_RATES]:
            tried = _Reading(self.tree, chosen.stays | {rate}).all()
            if _is_as_good(tried, chosen):
                chosen = tried
                because[rate] = name
        return chosen

    def _note(self, reading: _Reading, because: Mapping[str, str]) -> None:
        """Say of each rate how it is read, with its value, and why."""
        for rate in sorted(reading.stays, key=list(self.tree.by_name).index):
            stated, name, period = self.tree.by_name[rate].level, because[rate], self.tree.stated_rate(rate)
            assert stated is not None
            declared, found = self.tree.declared[name], reading.found[name]
            why = f"only so `{name}` comes out in {unit_words(declared)}" if declared and not found.is_added else ""
            why = why or f"`{name}` subtracts it from 1, and it is 50% or more"
            fix = f"to be sure, write `churn: 3%/{period}` and `retention: 1 - churn`"
            reading.notes[rate] = f"{stated.text} is read as what stays of a {period}, not as what goes: {why}; {fix}"


def _is_as_good(tried: _Reading, chosen: _Reading) -> bool:
    """Tell whether a reading leaves no problem and no power of a period that the other does not have."""
    for name, found in tried.found.items():
        before = chosen.found.get(name)
        if found.problems and before is not None and not before.problems:
            return False
        if found.unit is not None and any(power < -1 for _, power in found.unit.calendar) and before != found:
            return False
    return True


def _agreed(declared: Unit, inferred: Inferred, period: str) -> tuple[Unit, Memory | None] | None:
    """Return how other formulas read a metric whose declared unit its formula fits, None where it does not fit."""
    given, memory = inferred.unit, inferred.memory
    if inferred.bare:
        return declared, None
    if declared.hard() == given.hard():
        is_rate = rate_period(given) is not None and given.is_share
        return (rate_of(rate_period(given) or ""), memory) if is_rate and not declared.nouns else (declared, memory)
    if inferred.loose and _without(declared, period) == _without(given, period):
        return declared, None
    wanted, has = rate_period(declared), rate_period(given)
    if given.is_pure and wanted:
        if memory is not None and memory.period == wanted:
            return (declared, None) if memory.role == "share" else (given, memory)
        return (declared, None) if wanted == period else None
    return (given, None) if declared.is_pure and has == period else None


def _without(unit: Unit, period: str) -> tuple[tuple[str, int], ...]:
    return tuple(factor for factor in unit.hard().factors if factor[0] != period)


def _fix(formula: Expr, inferred: Unit, declared: Unit) -> str:
    """Say how to bring the two together: by a conversion where only the period differs."""
    given, wanted = inferred.calendar, declared.calendar
    same_otherwise = _without_calendar(inferred) == _without_calendar(declared)
    if same_otherwise and len(given) == len(wanted) == 1 and given[0][1] == wanted[0][1] == -1:
        return f"{brought_to(formula, inferred, wanted[0][0])}, or declare `unit: {inferred}`"
    return f"multiply by a metric in {declared.hard() / inferred}, or declare `unit: {str(inferred) or 1}`"


def _converted_by_hand(formula: Expr, unit: Unit, period: str) -> tuple[str, ...]:
    """Return the note on a flow of the tree's period that a number makes a year's (``mrr * 12``) and that is summed."""
    if period == "year" or period_of(unit) != period or unit.is_share:
        return ()
    shorter = without_ratio(formula, PERIODS_PER_YEAR[period])
    if shorter is None:
        return ()
    fix = f"if the number is to make it a year's, write per_year({unparse(shorter)})"
    return (f"`{brief(formula)}` stays per {period}: {fix}",)


def _without_calendar(unit: Unit) -> Unit:
    hard = unit.hard()
    return Unit("", tuple(factor for factor in hard.factors if factor not in hard.calendar))


def unit_words(unit: Unit) -> str:
    """Name a unit in a sentence.

    Examples
    --------
    >>> unit_words(NUMBER), unit_words(Unit.parse("USD/month"))
    ('a pure number', 'USD/month')
    """
    return str(unit) or "a pure number"
