"""What is allowed and rarely meant: noticed when a tree is checked, and let pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from impacttree.formula import unparse
from impacttree.formula.ast import Call, Expr, walk
from impacttree.formula.parser import literal
from impacttree.graph.central_values import Today
from impacttree.graph.findings import Findings
from impacttree.graph.model import Metric
from impacttree.graph.seen import seen_ranges
from impacttree.quantity import Unit, format_value
from impacttree.spec import TreeSpec

__all__ = ["note_oddities"]


def note_oddities(metrics: Sequence[Metric], today: Today, spec: TreeSpec, findings: Findings) -> None:
    """Note ranges that lack today's value, lags beyond the horizon, limits the wrong way round, and names alike."""
    units = {metric.name: metric.unit for metric in metrics}
    alike: dict[str, str] = {}
    for metric in metrics:
        findings.note(metric.name, _ranges(metric, units, today, spec))
        findings.note(metric.name, _lags(metric, spec))
        findings.note(metric.name, _limits(metric.rule))
        other = alike.setdefault(metric.name.casefold(), metric.name)
        if other != metric.name:
            note = f"another metric is called `{other}`: only the case of letters tells them apart"
            findings.note(metric.name, (note,))


def _ranges(metric: Metric, units: dict[str, Unit], today: Today, spec: TreeSpec) -> Iterator[str]:
    plausible = metric.spec.plausible
    if plausible is not None:
        ends = plausible.low_high()
        value = today[metric.name]
        if ends and value is not None and not ends[0] <= value <= ends[1]:
            shown = format_value(value, metric.unit, currency=spec.currency)
            yield f"plausible is {plausible.text}, which leaves out today's {shown}"
    for seen in seen_ranges(metric):
        value = today[seen.source]
        if value is not None and not seen.low <= value <= seen.high:
            shown, low, high = (
                format_value(number, units[seen.source], currency=spec.currency)
                for number in (value, seen.low, seen.high)
            )
            what = f"points for {seen.source} go" if seen.by_points else f"the effect of {seen.source} was observed"
            yield f"{what} from {low} to {high}, which leaves out today's {shown}"


def _lags(metric: Metric, spec: TreeSpec) -> Iterator[str]:
    horizon = spec.horizon_periods
    for ref in metric.references:
        if ref.lag > horizon:
            back = f"reads {ref.source} {ref.lag} {spec.period}s before, further back than the horizon of {horizon}"
            yield f"{back}: today's value throughout"


def _limits(rule: Expr) -> Iterator[str]:
    for node in walk(rule):
        if isinstance(node, Call) and node.function == "clip":
            low, high = (literal(limit) for limit in node.arguments[1:])
            if low is not None and high is not None and low > high:
                yield f"{unparse(node)} has its lower limit above its upper one: it is always {high:g}"
