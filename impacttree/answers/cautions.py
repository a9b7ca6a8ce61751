"""What a reader should know before using a figure: extrapolation, unmoved inputs, bounds, binding limits, switches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from impacttree.answers.subject import Subject
from impacttree.answers.words import is_still, joined
from impacttree.engine.flows import Lift
from impacttree.engine.model import Run
from impacttree.engine.tape import Instruction, Select
from impacttree.graph.model import Metric

__all__ = ["beyond_bounds", "bottlenecks", "cautions", "extrapolations", "kinks", "unmoved", "unreached"]


def cautions(subject: Subject, lift: Lift, after: Run) -> tuple[str, ...]:
    """Return the warnings of one lift."""
    outcome = subject.graph.metrics[lift.outcome]
    found = [
        *unreached(subject, (lift.slot,), outcome),
        *extrapolations(subject, after, moved_from=lift.before),
        *unmoved(subject, (lift.slot,), outcome),
        *beyond_bounds(subject, after),
    ]
    if abs(lift.closure) > lift.allowance:
        missing = subject.words.signed(outcome.name, lift.closure)
        found.append(f"{missing} of the change is on no path: no slope along the lift accounts for it")
    return tuple(found)


def unreached(subject: Subject, slots: Sequence[int], outcome: Metric) -> Iterator[str]:
    """Yield a warning when nothing that was changed can move the outcome."""
    upstream = subject.upstream(outcome)
    if slots and not any(slot in upstream for slot in slots):
        labels = [subject.graph.metrics[slot].label for slot in slots]
        yield f"no path in this tree leads from {joined(labels, 'or')} to {outcome.label}"


def extrapolations(subject: Subject, run: Run, *, moved_from: Run | None = None) -> Iterator[str]:
    """Yield the assumed effects whose source leaves the range in which they were seen.

    With `moved_from`, only effects whose source differs from that run: what a difference of the two rests on.
    """
    words = subject.words
    for metric in subject.influenced:
        for influence in metric.influences:
            if influence.observed is None:
                continue
            low, high = influence.observed
            slot = subject.graph.by_name[influence.source]
            if moved_from and all(is_still(a[slot], b[slot]) for a, b in zip(moved_from.rows, run.rows, strict=True)):
                continue
            furthest = max((row[slot] for row in run.rows), key=lambda value: max(low - value, value - high))
            if not low <= furthest <= high:
                edge = low if furthest < low else high
                shown, _ = words.apart(influence.source, furthest, edge)
                seen = f"{words.value(influence.source, low)} to {words.value(influence.source, high)}"
                yield (
                    f"extrapolated: {words.label(influence.source)} at {shown}, outside {seen}, where the effect on "
                    f"{metric.label} was seen"
                )


def beyond_bounds(subject: Subject, run: Run) -> Iterator[str]:
    """Yield the metrics whose computed values leave their bounds."""
    words = subject.words
    for metric in subject.bounded:
        bounds = metric.spec.bounds.low_high() if metric.spec.bounds else None
        if bounds is None:
            continue
        outside = [(t, row[metric.index]) for t, row in enumerate(run.rows, 1)]
        outside = [(t, value) for t, value in outside if not bounds[0] <= value <= bounds[1]]
        if outside:
            t, value = outside[0]
            shown, _ = words.apart(metric.name, value, bounds[0] if value < bounds[0] else bounds[1])
            yield (
                f"{metric.label} at {shown} in {words.period} {t}, outside the bounds "
                f"{words.value(metric.name, bounds[0])} to {words.value(metric.name, bounds[1])}; "
                "put a limit into the formula with clip() if no value can go there"
            )


def unmoved(subject: Subject, slots: Sequence[int], outcome: Metric) -> Iterator[str]:
    """Yield a warning when inputs of a changed formula reach the outcome by another route and stay as they are."""
    upstream = subject.upstream(outcome)
    for slot in slots:
        metric = subject.graph.metrics[slot]
        if metric.origin != "formula" or metric is outcome or slot not in upstream:
            continue
        sources = dict.fromkeys(ref.source for ref in metric.references if ref.timing != "baseline")
        inputs = [subject.graph.by_name[name] for name in sources if name != metric.name]
        others = [source for source in inputs if source not in slots and _reaches(subject, source, slot, outcome.index)]
        if others:
            labels = [subject.graph.metrics[other].label for other in others]
            yield (
                f"unmoved inputs of {metric.label}: {joined(labels)} would also move {outcome.label} by another route; "
                f"to include that, turn the formula of {metric.name} round or change its inputs instead"
            )


def _reaches(subject: Subject, source: int, around: int, outcome: int) -> bool:
    """Whether `source` moves the outcome without passing the metric `around`."""
    onward = subject.onward
    seen, pending = {source}, [source]
    while pending:
        for target in onward.get(pending.pop(), ()):
            if target == outcome:
                return True
            if target != around and target not in seen:
                seen.add(target)
                pending.append(target)
    return source == outcome


def kinks(subject: Subject, lift: Lift) -> tuple[str, ...]:
    """Return where a limit binds before the lift, and where a branch switches along it."""
    found = list(bottlenecks(subject, lift.before, lift.touched - {lift.slot}))
    steps = {(block.slot, step.out): step for block in lift.model.step.blocks for step in block.branches}
    switched: dict[tuple[int, int], list[float]] = {}
    for switch in lift.switches:
        switched.setdefault((switch.slot, switch.select), []).append(switch.at)
    for key, places in switched.items():
        label = subject.graph.metrics[lift.model.owners[key[0]]].label
        spread = max(places) - min(places) > 0.005
        when = f"at {min(places):.0%}" + (f" to {max(places):.0%}" if spread else "") + " of the lift"
        found.append(_switched(label, steps[key], when))
    return tuple(dict.fromkeys(found))


def _switched(label: str, step: Select | Instruction, when: str) -> str:
    if isinstance(step, Instruction):
        return f"{when} {label} takes a step of {step.function}()"
    match step.source:
        case "if":
            return f"{when} the condition of {label} changes sides"
        case "min" | "max" as source if all(step.operands):
            return f"{when} {'the bottleneck' if source == 'min' else 'what is in force'} for {label} changes"
        case "min" | "max" | "clip":
            return f"{when} a limit of {label} begins or ceases to bind"
        case _:
            return f"{when} the formula of {label} has a corner"


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
    what = f"{'bottleneck' if select.source == 'min' else 'in force'} for {metric.label}"
    if count in (0, len(takes_left)):
        side = "lower" if select.source == "min" else "higher"
        return f"{what}: {labels[0 if count else 1]}, the {side} of {joined(labels)}"
    return f"{what}: {labels[0]} in {count} of {len(takes_left)} {subject.words.period}s, else {labels[1]}"
