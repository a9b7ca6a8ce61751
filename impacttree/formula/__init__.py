"""The formula language: text -> syntax tree, the registry of functions, the rules of units."""

from __future__ import annotations

from typing import TYPE_CHECKING

from impacttree.contents import contents

if TYPE_CHECKING:
    from impacttree.formula.ast import (
        Binary,
        Call,
        Compare,
        Expr,
        Logic,
        Name,
        Negate,
        Number,
        Parameter,
        Span,
        children,
        fold,
        walk,
    )
    from impacttree.formula.conversions import conversion_factor
    from impacttree.formula.core import Core, lowered
    from impacttree.formula.evaluation import NOT_MEANINGFUL, Fault, evaluate
    from impacttree.formula.functions import EXAMPLE_METRICS, FUNCTIONS, Function
    from impacttree.formula.parser import parse, parse_condition, parse_expression
    from impacttree.formula.printer import brief, names, same, unparse
    from impacttree.formula.units import Inferred, infer_unit

__all__ = [
    "EXAMPLE_METRICS",
    "FUNCTIONS",
    "NOT_MEANINGFUL",
    "Binary",
    "Call",
    "Compare",
    "Core",
    "Expr",
    "Fault",
    "Function",
    "Inferred",
    "Logic",
    "Name",
    "Negate",
    "Number",
    "Parameter",
    "Span",
    "brief",
    "children",
    "conversion_factor",
    "evaluate",
    "fold",
    "infer_unit",
    "lowered",
    "names",
    "parse",
    "parse_condition",
    "parse_expression",
    "same",
    "unparse",
    "walk",
]

_HOME = {
    "EXAMPLE_METRICS": "functions",
    "FUNCTIONS": "functions",
    "NOT_MEANINGFUL": "evaluation",
    "Binary": "ast",
    "Call": "ast",
    "Compare": "ast",
    "Core": "core",
    "Expr": "ast",
    "Fault": "evaluation",
    "Function": "functions",
    "Inferred": "units",
    "Logic": "ast",
    "Name": "ast",
    "Negate": "ast",
    "Number": "ast",
    "Parameter": "ast",
    "Span": "ast",
    "brief": "printer",
    "children": "ast",
    "conversion_factor": "conversions",
    "evaluate": "evaluation",
    "fold": "ast",
    "infer_unit": "units",
    "lowered": "core",
    "names": "printer",
    "parse": "parser",
    "parse_condition": "parser",
    "parse_expression": "parser",
    "same": "printer",
    "unparse": "printer",
    "walk": "ast",
}

__getattr__, __dir__ = contents(__name__, _HOME)
