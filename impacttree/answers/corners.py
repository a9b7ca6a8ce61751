"""Where a limit binds before a lift, and where a branch switches along it."""

from __future__ import annotations

from collections.abc import Iterator

from impacttree.answers.subject import Subject
from impacttree.answers.words import joined
from impacttree.engine.flows import Lift
from impacttree.engine.model import Run
from impacttree.engine.tape import Instruction, Select
from impacttree.graph.model import Metric

__all__ = ["bottlenecks", "kinks"]


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
    for block in run.model.step.branching:
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
