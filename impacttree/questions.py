"""Every question by its name, its module imported when it is first asked for: what `ImpactTree` binds."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from impacttree.analyses.break_even import break_even
    from impacttree.analyses.cash_flow import cash_flow
    from impacttree.analyses.decide import decide
    from impacttree.analyses.diagram import diagram
    from impacttree.analyses.guardrails import check_guardrails
    from impacttree.analyses.headroom import headroom
    from impacttree.analyses.pnl import pnl
    from impacttree.analyses.project import project
    from impacttree.analyses.sensitivity import sensitivity
    from impacttree.analyses.simulate import simulate
    from impacttree.analyses.sweep import sweep
    from impacttree.analyses.uncertainty import uncertainty
    from impacttree.analyses.value_of_information import value_of_information
    from impacttree.analyses.values import values
    from impacttree.analyses.verify import verify
    from impacttree.analyses.what_if import compare, what_if
    from impacttree.analyses.worth import worth

__all__ = [
    "break_even",
    "cash_flow",
    "check_guardrails",
    "compare",
    "decide",
    "diagram",
    "headroom",
    "pnl",
    "project",
    "sensitivity",
    "simulate",
    "sweep",
    "uncertainty",
    "value_of_information",
    "values",
    "verify",
    "what_if",
    "worth",
]

_HOME = {"check_guardrails": "guardrails", "compare": "what_if"}
"""Modules that are not named like their question."""


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"there is no question {name!r}")
    question: object = getattr(import_module(f"impacttree.analyses.{_HOME.get(name, name)}"), name)
    return question
