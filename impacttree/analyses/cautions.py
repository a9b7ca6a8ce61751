"""What a reader should know before using a figure: extrapolation, unmoved inputs, bounds, binding limits, switches."""

from __future__ import annotations

from collections.abc import Iterator

from impacttree.analyses.asking import Subject
from impacttree.analyses.words import joined
from impacttree.engine.flows import Lift
from impacttree.engine.model import Run
from impacttree.engine.tape import Select
from impacttree.graph.model import Metric

__all__ = ["beyond_bounds", "bottlenecks", "cautions", "extrapolations", "kinks"]


def cautions(subject: Subject, lift: Lift, after: Run) -> tuple[str, ...]:
    """Return the warnings of one lift."""
    found = [*extrapolations(subject, after, lift.touched), *_unmoved(subject, lift), *beyond_bounds(subject, after)]
    noise = 1e-9 * max(abs(lift.total), sum(abs(flow.amount) for flow in lift.flows))
    if abs(lift.closure) > noise:
        missing = subject.words.signed(subject.graph.metrics[lift.outcome].name, lift.closure)
        found.append(f"{missing} of the change comes at jumps that the paths do not show")
    return tuple(found)


def extrapolations(subject: Subject, run: Run, among: frozenset[int] | None = None) -> Iterator[str]:
    """Yield the assumed effects whose source leaves the range in which they were seen."""
    words = subject.words
    for metric in subject.graph.metrics:
        if among is not None and metric.index not in among:
            continue
        for influence in metric.influences:
            if influence.observed is None:
                continue
            low, high = influence.observed
            slot = subject.graph.by_name[influence.source]
            furthest = max((row[slot] for row in run.rows), key=lambda value: max(low - value, value - high))
            if not low <= furthest <= high:
                seen = f"{words.value(influence.source, low)} to {words.value(influence.source, high)}"
                yield (
                    f"extrapolated: {words.label(influence.source)} at {words.value(influence.source, furthest)} is "
                    f"outside {seen}, where its effect on {metric.label} was seen"
                )


def beyond_bounds(subject: Subject, run: Run) -> Iterator[str]:
    """Yield the metrics whose computed values leave their bounds."""
    words = subject.words
    for metric in subject.graph.metrics:
        bounds = metric.spec.bounds.low_high() if metric.spec.bounds else None
        if bounds is None:
            continue
        outside = [(t, row[metric.index]) for t, row in enumerate(run.rows, 1)]
        outside = [(t, value) for t, value in outside if not bounds[0] <= value <= bounds[1]]
        if outside:
            t, value = outside[0]
            yield (
                f"{metric.label} is {words.value(metric.name, value)} in {words.period} {t}, outside its bounds "
                f"{words.value(metric.name, bounds[0])} to {words.value(metric.name, bounds[1])}; "
                "put a limit into the formula with clip() if it cannot go there"
            )


def _unmoved(subject: Subject, lift: Lift) -> Iterator[str]:
    """Yield a warning when inputs of the lifted formula reach the outcome by another route and stay as they are."""
    metric = subject.graph.metrics[lift.slot]
    if metric.origin != "formula":
        return
    sources = dict.fromkeys(ref.source for ref in metric.references if ref.timing != "baseline")
    others = [name for name in sources if name != metric.name and _reaches(subject, name, lift)]
    if others:
        labels = [subject.words.label(name) for name in others]
        yield (
            f"{metric.label} is lifted alone: {joined(labels)} also reach{'es' * (len(others) == 1)} the outcome by "
            f"another route and stay{'s' * (len(others) == 1)} unmoved; if they would move together, turn the formula "
            f"of {metric.name} round or lift its inputs"
        )


def _reaches(subject: Subject, name: str, lift: Lift) -> bool:
    """Whether `name` moves the outcome without passing the lifted metric."""
    onward = subject.onward
    seen, pending = {subject.graph.by_name[name]}, [subject.graph.by_name[name]]
    while pending:
        for target in onward.get(pending.pop(), ()):
            if target == lift.outcome:
                return True
            if target != lift.slot and target not in seen:
                seen.add(target)
                pending.append(target)
    return False


def kinks(subject: Subject, lift: Lift) -> tuple[str, ...]:
    """Return where a limit binds before the lift, and where a branch switches along it."""
    found = list(bottlenecks(subject, lift.before, lift.touched - {lift.slot}))
    switched: dict[tuple[int, int], list[float]] = {}
    for switch in lift.switches:
        switched.setdefault((switch.slot, switch.select), []).append(switch.at)
    for (slot, _), places in switched.items():
        metric = subject.graph.metrics[lift.model.owners[slot]]
        what = f"{metric.label} switches branch at {min(places):.0%}" + (
            f" to {max(places):.0%}" if max(places) - min(places) > 0.005 else ""
        )
        found.append(f"{what} of the lift")
    return tuple(found)


def bottlenecks(subject: Subject, run: Run, among: frozenset[int]) -> Iterator[str]:
    """Yield what binds in each ``min`` or ``max`` of two metrics in `among`: derivatives are those of that side."""
    for block in run.model.step.blocks:
        for select in block.selects if block.slot in among else ():
            if select.source in ("min", "max") and all(select.operands):
                yield _binding(subject, subject.graph.metrics[block.slot], select, run)


def _binding(subject: Subject, metric: Metric, select: Select, run: Run) -> str:
    left, right = (subject.graph.by_name[name] for name in select.operands)
    takes_left = [(row[left] <= row[right]) == (select.source == "min") or row[left] == row[right] for row in run.rows]
    labels = [subject.words.label(name) for name in select.operands]
    count = sum(takes_left)
    if count in (0, len(takes_left)):
        return f"{metric.label} follows {labels[0 if count else 1]}, the {_side(select)} of {joined(labels)}"
    periods = f"{count} of {len(takes_left)} {subject.words.period}s"
    return f"{metric.label} follows {labels[0]} in {periods}, else {labels[1]} ({select.source} of the two)"


def _side(select: Select) -> str:
    return "lower" if select.source == "min" else "higher"
