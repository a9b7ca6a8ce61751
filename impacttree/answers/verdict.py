"""Whether what is done pays, in words: the verdict of every headline, the net at each horizon, and the payback.

Answers, slides and pictures read the verdict here, so that they agree on it, and so that none tells of a longer time
alone where a shorter one says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from impacttree.answers.net_over_time import Returns, Stage
from impacttree.answers.samples import percentage
from impacttree.answers.words import Words
from impacttree.quantity.calendar import ending

__all__ = ["is_turned", "net_text", "payback_text", "stage_rows", "verdict"]


def verdict(words: Words, outcome: str, found: Returns, *, nets: bool = True) -> str:
    """Write ``does not pay back within 12 months (-$164k) but does within 36 (+$499k), in month 21``.

    Horizons that agree are told by the first and the last of them. Without `nets` the amounts stand elsewhere.
    """
    first, *others = [list(group) for _, group in groupby(_told(found.stages), key=lambda stage: stage.pays)]
    parts = [_opening(words, found, first[-1]) + (_nets(words, outcome, first) if nets else "")]
    before = first[-1]
    for group in others:
        parts.append(_turn(words, found, before, group[0], _nets(words, outcome, group) if nets else ""))
        before = group[-1]
    link = ", " if " but " in parts[0] else " but "
    return ", and ".join([link.join(parts[:2]), *parts[2:]])


def is_turned(found: Returns) -> bool:
    """Return whether a longer look has another verdict than one horizon, so that a sentence must say both."""
    return any(stage.pays != found.stages[0].pays for stage in found.stages)


def _told(stages: Sequence[Stage]) -> list[Stage]:
    """Return the stages that belong into the headline: the ends, and one that differs from both."""
    ends = (stages[0].pays, stages[-1].pays)
    return [stage for number, stage in enumerate(stages) if number in (0, len(stages) - 1) or stage.pays not in ends]


def _opening(words: Words, found: Returns, stage: Stage) -> str:
    """Return what is said of the first horizons, as far as they agree with each other."""
    if found.payback is None or found.payback > stage.periods:
        return "pays" if stage.pays else f"does not pay back within {words.periods(stage.periods)}"
    back = f"pays back {words.placed('in', found.payback)}"
    return back if stage.pays else f"{back} but has lost it again {words.by(stage.periods)}"


def _turn(words: Words, found: Returns, before: Stage, stage: Stage, nets: str) -> str:
    """Return what is said of a horizon with another verdict than the one before it."""
    if not stage.pays:
        return f"has lost it again {words.by(stage.periods)}{nets}"
    if found.payback is not None and before.periods < found.payback <= stage.periods:
        return f"does within {stage.periods}{nets}, {words.placed('in', found.payback)}"
    return f"is ahead again {words.by(stage.periods)}{nets}"


def _nets(words: Words, outcome: str, stages: Sequence[Stage]) -> str:
    """Write `` (-$166k)``, of several horizons `` (+$10.7k after 12, +$57k after 36)``."""
    nets = [words.signed(outcome, stage.net) for stage in stages]
    if len(stages) > 1:
        nets = [f"{net} after {stage.periods}" for net, stage in zip(nets, stages, strict=True)]
    if words.net(outcome) == "NPV":
        nets[0] = f"NPV {nets[0]}"
    elif words.is_discounted:
        nets[-1] += " discounted" if len(nets) == 1 else ", discounted"
    return f" ({', '.join(nets)})"


def stage_rows(words: Words, outcome: str, found: Returns) -> Iterator[tuple[str, ...]]:
    """Yield the net at each horizon, its range, and in how many samples it pays, as the cells of a fact."""
    for stage in found.stages:
        cells = [words.periods(stage.periods), words.signed(outcome, stage.net)]
        if stage.range is not None and not stage.range.is_point:
            ends = words.changes_apart(outcome, stage.range.p10, stage.range.p90)
            share = percentage(stage.range.above_zero).replace("under ", "<").replace("over ", ">")
            cells += [f"{ends[0]} to {ends[1]}", f"{share} of samples pay"]
        yield tuple(cells)


def net_text(words: Words, outcome: str, stages: Sequence[Stage]) -> str:
    """Write ``-$166k after 12 months, +$79.2k after 24, +$456k after 36``."""
    first, *others = stages
    parts = [f"{words.signed(outcome, first.net)} after {words.periods(first.periods)}"]
    return ", ".join([*parts, *(f"{words.signed(outcome, stage.net)} after {stage.periods}" for stage in others)])


def payback_text(words: Words, found: Returns, *, spread: bool = True) -> str:
    """Write ``in month 21 (P10 to P90: month 17 to 30)``, and in how many samples where not in all of them."""
    within = f"within {words.periods(found.periods)}"
    when = words.placed("in", found.payback) if found.payback else f"not {within}"
    if found.share is None or not spread:
        return when
    if found.payback_low is not None and found.payback_low != found.payback_high:
        late = _end(words, found.payback_high) if found.payback_high else f"after {_end(words, found.periods)}"
        when = f"{when} (P10 to P90: {ending(words.at(found.payback_low))} to {late})"
    if found.share == 1:
        return when
    share = f"in {percentage(found.share)} of samples"
    return f"{when}; {within} {share}" if found.payback else f"{when}, but {share}"


def _end(words: Words, t: int) -> str:
    """Write the second of two periods: by its name, or by its number alone."""
    return str(t) if words.calendar is None else ending(words.at(t))
