"""What Python tells the sliders: the figures of a state, as the page's script takes them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from impacttree.analyses.what_if import WhatIf
from impacttree.answers.case import Case
from impacttree.answers.cost import has_net
from impacttree.answers.net_over_time import returns_of
from impacttree.answers.outlays import Outlay
from impacttree.engine.flows import Lift
from impacttree.errors import EvaluationError
from impacttree.graph.model import Metric

__all__ = ["figures", "plain", "ranges"]

NOTHING = 1e-9
"""Share of the largest flow that is not told."""


def figures(case: Case, outcome: Metric, horizons: Sequence[int], outlays: tuple[Outlay, ...]) -> dict[str, Any]:
    """Return the figures of a state: what ``export/page/answers.js`` calls ``now``.

    The flows along edges are told where one metric is moved; of several moved together the browser computes them.

    Parameters
    ----------
    case
        The tree without and with the changes, what has no value being marked.
    outcome
        What is asked about.
    horizons
        Periods after which the net is told; the line of the net is as long as the longest.
    outlays
        What the changes cost.
    """
    longest = case.over(max(horizons))
    flows = _flows(case, outcome)
    is_set_off = has_net(case.words, outcome)
    found = returns_of(longest, outcome, outlays, sampled=False) if is_set_off else None
    slots = case.subject.graph.by_name
    return {
        "before": list(case.before),
        "after": list(case.after),
        "total": case.change(outcome),
        **({} if flows is None else {"flows": flows}),
        "rows": [list(row) for row in case.told_after.periods_of()],
        "baseRows": [list(row) for row in case.told_before.periods_of()],
        "net": found
        and {
            "line": found.net,
            "horizons": [[count, found.net[count - 1]] for count in horizons],
            "payback": found.payback,
        },
        "isFull": case.asked.in_full,
        "notes": list(case.warnings(outcome)),
        "guardrails": [
            {
                "index": slots[check.metric],
                "side": check.side,
                "limit": check.limit,
                "value": check.value,
                "period": check.period,
                "broken": list(check.breached),
            }
            for check in case.guardrails
        ],
    }


def _flows(case: Case, outcome: Metric) -> list[list[Any]] | None:
    """Return what each edge carries of the change of the outcome, all delays together; None of several moves."""
    slots = case.asked.slots
    if len(slots) != 1:
        return None if slots else []
    if slots[0] == outcome.index or not math.isfinite(case.change(outcome)):
        return []
    part = replace(case, subject=case.subject.cut(frozenset((*slots, outcome.index))))
    try:
        lift = Lift(part.base, part.run, slots[0], outcome.index)
    except EvaluationError:  # of what has no value, nothing is carried
        return []
    amounts: dict[tuple[int, int], float] = {}
    for flow in lift.flows:
        ends = flow.source, flow.target
        amounts[ends] = amounts.get(ends, 0.0) + flow.amount
    largest = max(map(abs, (case.change(outcome), *amounts.values())))
    return [[*ends, amount] for ends, amount in amounts.items() if abs(amount) > NOTHING * largest]


def ranges(worth: WhatIf, case: Case, horizons: Sequence[int], outlays: tuple[Outlay, ...]) -> dict[str, Any]:
    """Return what samples say of a state: what ``export/page/answers.js`` calls ``ranges``.

    Parameters
    ----------
    worth
        What the changes are worth.
    case
        The tree without and with them.
    horizons, outlays
        As in `figures`.
    """
    outcome, span = case.subject.graph[worth.outcome], worth.range
    is_known = span is not None and not span.is_point
    longest = case.over(max(horizons))
    found = returns_of(longest, outcome, outlays) if is_known and has_net(case.words, outcome) else None
    back = [found.payback_low, found.payback_high] if found is not None and found.cost else None
    return {
        "samples": worth.provenance.samples,
        "isAll": True,
        "total": [span.p10, span.p90] if span is not None and is_known else None,
        "net": None if found is None or found.low is None else {"low": found.low, "high": found.high, "payback": back},
        "risks": [check.risk for check in worth.guardrails],
    }


def plain(data: Any) -> Any:
    """Return data as any channel carries it: numbers of no type of ours, None for one that does not exist.

    Examples
    --------
    >>> plain({"before": [1.5, math.nan]})
    {'before': [1.5, None]}
    """
    if isinstance(data, Mapping):
        return {key: plain(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [plain(value) for value in data]
    if isinstance(data, int) and not isinstance(data, bool):
        return int(data)
    return None if isinstance(data, float) and not math.isfinite(data) else data
