"""The unit of every metric: what is declared, what its formula gives, and whether the two agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from impacttree.errors import FormulaError
from impacttree.formula import infer_unit
from impacttree.formula.ast import Expr
from impacttree.graph.cycles import components
from impacttree.graph.findings import Findings
from impacttree.quantity import NUMBER, Period, Quantity, Unit, misfit
from impacttree.spec import MetricSpec

__all__ = ["Units", "declared_unit", "unit_words", "units_of"]


@dataclass(frozen=True, slots=True)
class Units:
    """Unit of every metric (None where a problem hides it), and the formulas with their conversions multiplied out."""

    by_name: Mapping[str, Unit | None]
    formulas: Mapping[str, Expr]


def declared_unit(metric: MetricSpec) -> Unit | None:
    """Return the unit that is written: in ``unit:``, or else beside the value or the start."""
    if metric.unit is not None:
        return metric.unit
    stated = metric.value or metric.start
    if stated is None:
        return None
    return NUMBER if stated.unit is None and metric.formula is None else stated.unit


def units_of(
    metrics: Sequence[MetricSpec],
    formulas: Mapping[str, Expr],
    reads: Mapping[str, Sequence[str]],
    period: Period,
    findings: Findings,
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
    """
    units: dict[str, Unit | None] = {}
    assumed: set[str] = set()
    for metric in metrics:
        declared = declared_unit(metric)
        _check_stated(metric, declared, findings)
        if declared is not None or metric.name not in formulas or metric.name in findings.faulty:
            units[metric.name] = declared
    checked = dict(formulas)
    for metric in _inputs_first(metrics, units, reads):
        if metric.name not in formulas:
            continue
        inputs = reads[metric.name]
        for name in inputs:
            if name not in units:
                units[name] = NUMBER
                assumed.add(name)
        units.setdefault(metric.name, None)
        if all(units[name] is not None for name in inputs):
            _infer(metric, formulas[metric.name], units, assumed, checked, period, findings)
    return Units(units, checked)


def _inputs_first(
    metrics: Sequence[MetricSpec], known: Mapping[str, Unit | None], reads: Mapping[str, Sequence[str]]
) -> list[MetricSpec]:
    """Order metrics so that each follows the metrics whose unit it needs and nobody declared."""
    position = {metric.name: index for index, metric in enumerate(metrics)}
    inputs = [
        [position[name] for name in reads.get(metric.name, ()) if name in position and name not in known]
        for metric in metrics
    ]
    return [metrics[index] for members in components(inputs) for index in members]


def _check_stated(metric: MetricSpec, declared: Unit | None, findings: Findings) -> None:
    """Check that value and start are written in the declared unit; beside ``unit:`` money may be a bare number."""
    if declared is None:
        return
    for key in ("value", "start"):
        quantity: Quantity | None = getattr(metric, key)
        if quantity is None or (quantity.unit is None and metric.unit is not None and not declared.is_share):
            continue
        wrong = misfit(quantity.unit, declared)
        if wrong is not None:
            findings.add(metric.name, (key,), *wrong)


def _infer(
    metric: MetricSpec,
    formula: Expr,
    units: dict[str, Unit | None],
    assumed: set[str],
    checked: dict[str, Expr],
    period: Period,
    findings: Findings,
) -> None:
    """Infer the unit of one formula, whose inputs are known, and hold it against the declared one."""
    name, declared = metric.name, units[metric.name]

    def unit_of(source: str) -> Unit:
        return units.get(source) or NUMBER

    text = metric.formula or ""
    try:
        inferred = infer_unit(formula, unit_of, period=period, own=name)
    except FormulaError as error:
        if name in assumed and metric.start is not None:
            hint = f"if `start: {metric.start.text}` has a unit, write it there"
            error = FormulaError(*(replace(problem, fix=f"{hint}; else {problem.fix}") for problem in error.problems))
        findings.extend(name, ("formula",), error, formula=text)
        return
    checked[name] = inferred.expr
    if declared is None:
        units[name] = inferred.unit
        _check_stated(metric, inferred.unit, findings)
    elif not inferred.bare and declared.hard() != inferred.unit.hard():
        reason = f"the formula gives {unit_words(inferred.unit)}, but the metric is declared in {unit_words(declared)}"
        fix = _fix(text, inferred.unit, declared)
        if name in assumed:
            reason = f"the formula gives {unit_words(inferred.unit)}, and comes back to itself through time"
            fix = f"state the unit that it has at the start: `unit: {str(inferred.unit) or 1}`"
        findings.add(name, ("formula",), reason, fix, text, (0, len(text)))
    findings.note(name, (*inferred.notes, *inferred.warnings))


def _fix(formula: str, inferred: Unit, declared: Unit) -> str:
    """Say how to bring the two together: by a conversion where only the period differs."""
    given, wanted = inferred.calendar, declared.calendar
    same_otherwise = _without_calendar(inferred) == _without_calendar(declared)
    if same_otherwise and len(given) == len(wanted) == 1 and given[0][1] == wanted[0][1] == -1:
        if inferred.is_share:
            return f"rates do not convert linearly: compound it, or declare `unit: {inferred}`"
        return f"write per_{wanted[0][0]}({formula}), or declare `unit: {inferred}`"
    return f"multiply by a metric in {declared.hard() / inferred}, or declare `unit: {str(inferred) or 1}`"


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
