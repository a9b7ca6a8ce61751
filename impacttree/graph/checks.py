"""What must hold beyond single formulas: limits in the metric's unit, sensible outcomes, scenarios that apply."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from impacttree.errors import ChangeError, Edit, Problem
from impacttree.graph.aggregate import other_flow
from impacttree.graph.central_values import Today
from impacttree.graph.findings import Findings
from impacttree.graph.model import Reference
from impacttree.quantity import Relative, Unit, misfit, parse_change, recipe
from impacttree.spec import MetricSpec, Scenario, TreeSpec

__all__ = [
    "bounds_of",
    "check_aggregate",
    "check_finance",
    "check_flow",
    "check_limits",
    "check_not_modelled",
    "check_scenarios",
    "default_outcome",
]

MAX_LISTED = 8
"""Names that one message lists."""


def bounds_of(metric: MetricSpec) -> tuple[float, float] | None:
    """Return the metric's bounds as numbers."""
    return metric.bounds.low_high() if metric.bounds else None


def check_limits(metric: MetricSpec, unit: Unit, value: float | None, findings: Findings) -> None:
    """Check that bounds, plausible range and guardrail are in the metric's unit, and the value within the bounds."""
    guardrail = metric.guardrail
    limits = (
        (("bounds",), metric.bounds),
        (("plausible",), metric.plausible),
        (("guardrail", "min"), guardrail and guardrail.min),
        (("guardrail", "max"), guardrail and guardrail.max),
    )
    wrong_bounds = False
    for keys, quantity in limits:
        wrong = quantity and misfit(quantity.unit, unit)
        if quantity and wrong:
            findings.add(metric.name, keys, f"{quantity.text}: {wrong[0]}", wrong[1])
            wrong_bounds = wrong_bounds or keys == ("bounds",)
    bounds = bounds_of(metric)
    if bounds is None or value is None or wrong_bounds or metric.name in findings.faulty:
        return
    if not bounds[0] <= value <= bounds[1]:
        assert metric.bounds is not None
        reason = f"the middle of this range, {value:g}, lies outside the bounds {metric.bounds.text}"
        findings.add(metric.name, ("start" if metric.start else "value",), reason, "correct the number or the bounds")


def check_not_modelled(metric: MetricSpec, known: Collection[str], unread: Collection[str], findings: Findings) -> None:
    """Check that what is left out are other metrics of the tree."""
    for name, _ in metric.not_modelled:
        keys = ("not_modelled", name)
        if name == metric.name:
            fix = "name a metric that may respond to it"
            problem = Problem(reason=f"'{name}' is this metric itself", fix=fix)
        elif name in known or name in unread:
            continue
        else:
            likely = findings.meant(name, known)
            problem = Problem(
                reason=f"there is no metric '{name}'" + (f" (did you mean '{likely}'?)" if likely else ""),
                fix="correct the name, or add the metric",
                edit=Edit(0, len(name), likely) if likely else None,
            )
        findings.add_at_key(metric.name, keys, problem)


def check_aggregate(metric: MetricSpec, unit: Unit, can_recompute: bool, findings: Findings) -> None:
    """Check that the rule over the horizon is stated where it must be, and possible where it is."""
    if metric.aggregate is None:
        if metric.kind == "financial" and unit.is_money and all(power > 0 for _, power in unit.factors):
            reason = f"{unit} alone does not say whether this is an amount per period or a balance"
            period = findings.spec.period
            fix = f"write the unit {unit}/{period}, or state `aggregate: last` (a balance) or `aggregate: sum`"
            findings.add(metric.name, (), reason, fix)
    elif metric.aggregate == "recompute" and not can_recompute:
        what = "a formula that reads other periods" if metric.formula else "a stated value"
        reason = f"{what} cannot be recomputed from horizon values"
        findings.add(metric.name, ("aggregate",), reason, "write sum, mean or last")


def check_flow(metric: MetricSpec, unit: Unit, findings: Findings) -> None:
    """Refuse an outcome that flows in another period than the tree's, unless it is stated to be a level."""
    period = findings.spec.period
    other = other_flow(unit, period)
    if other is None or metric.aggregate in ("mean", "last", "recompute"):
        return
    reason = f"the outcome '{metric.name}' is per {other}, but the tree steps by {period}"
    shown = metric.formula or metric.name
    fix = f"write per_{period}({shown}) as its formula, or state `aggregate: last` if it is a level"
    if not metric.formula:
        fix = (
            f"make an outcome with the formula per_{period}({metric.name}), or state `aggregate: last` if it is a level"
        )
    findings.add(metric.name, (), reason, fix)


def default_outcome(
    spec: TreeSpec, reads: Sequence[Mapping[Reference, tuple[int, int]]], findings: Findings
) -> str | None:
    """Return the only financial metric that no other reads, else the only metric; report the candidates if several."""
    read = {
        ref.source
        for metric, refs in zip(spec.metrics, reads, strict=True)
        for ref in refs
        if ref.source != metric.name
    }
    sinks = [metric for metric in spec.metrics if metric.name not in read]
    if not sinks:
        reason = "no outcome is stated, and each metric is read by another: none ends the tree"
        findings.add_at(("outcome",), reason, f"write e.g. `outcome: {spec.metrics[-1].name}`")
        return None
    financial = [metric.name for metric in sinks if metric.kind == "financial"]
    names = financial or [metric.name for metric in sinks]
    if len(names) == 1:
        return names[0]
    listed = ", ".join(names[:MAX_LISTED]) + (f" and {len(names) - MAX_LISTED} more" if len(names) > MAX_LISTED else "")
    if not names:
        names = [spec.metrics[-1].name] if spec.metrics else []
        reason = "no outcome is stated, and no metric ends the tree: each is read by another"
    elif financial:
        reason = f"no outcome is stated, and {len(financial)} financial metrics could be it: {listed}"
    else:
        reason = f"no outcome is stated, and no financial metric ends the tree; it ends in {listed}"
    findings.add_at(("outcome",), reason, f"write e.g. `outcome: {names[-1]}`")
    return None


def check_finance(
    spec: TreeSpec,
    units: Mapping[str, Unit | None],
    summed: Collection[str],
    unread: Collection[str],
    findings: Findings,
) -> None:
    """Check that metrics named under ``finance`` are money: flows of a period, or balances."""
    first: dict[str, str | None] = {}
    for below, name, what, kind in spec.finance.named() if spec.finance is not None else ():
        keys = ("finance", *below)
        if name not in units:
            if name not in unread:
                findings.add_unknown(keys, name, units)
            continue
        unit = units[name]
        if unit is None:
            continue
        shown = f"{name} is in {str(unit) or 'plain numbers'}"
        if kind == "flow" and (name not in summed or not unit.is_money):
            reason = f"{what} is an amount of money per {spec.period}, and {shown}"
            reason += "" if name in summed else ", which does not add up over time"
            findings.add_at(keys, reason, f"name a metric in {spec.currency}/{spec.period}")
        elif kind == "balance" and (name in summed or not unit.is_money):
            reason = f"{what} is a balance of money, and {shown}"
            findings.add_at(keys, reason, f"name a metric in {spec.currency} that is a level")
        elif not unit.is_money:
            findings.add_at(keys, f"{what} is of money, and {shown}", f"name a metric in {spec.currency}")
        elif unit.money != first.setdefault("money", unit.money):
            findings.add_at(keys, f"{shown}, and cash is in {first['money']}", f"name a metric in {first['money']}")


def check_scenarios(
    spec: TreeSpec, units: Mapping[str, Unit | None], today: Today, unknown: set[str], findings: Findings
) -> None:
    """Check that each change of each scenario names a metric and applies to it."""
    metrics = {metric.name: metric for metric in spec.metrics}
    for scenario in spec.scenarios:
        for name, text in scenario.changes:
            if name not in metrics:
                if name not in unknown:
                    findings.add_unknown(_keys_of_change(spec, scenario, name), name, metrics, at_key=True)
                continue
            unit = units[name]
            if unit is None:
                continue
            try:
                change = parse_change(text, currency=spec.currency)
                if change.timing is not None and findings.undated:
                    continue
                base = today[name]
                if base is None and isinstance(change, Relative):
                    continue
                bounds = bounds_of(metrics[name]) if base is not None else None
                recipe(
                    [change], name=name, unit=unit, base=base or 0.0, bounds=bounds, in_file=True,
                    period=spec.period, calendar=spec.calendar,
                )  # fmt: skip
            except ChangeError as error:
                for problem in error.problems:
                    keys = _keys_of_change(spec, scenario, name)
                    findings.add_at(keys, problem.reason, problem.fix, problem.edit)


def _keys_of_change(spec: TreeSpec, scenario: Scenario, name: str) -> tuple[str, ...]:
    """Return where a change stands: below `changes`, or in the scenario itself."""
    keys = ("scenarios", scenario.name, "changes", name)
    if spec.places.exact(*keys) is None and scenario.is_body(scenario.written()):
        return ("scenarios", scenario.name, name)
    return keys
