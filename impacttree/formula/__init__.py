"""The formula language: text -> syntax tree, the registry of functions, the rules of units."""

from impacttree.formula.ast import (
    Binary,
    Call,
    Compare,
    Expr,
    Name,
    Negate,
    Number,
    Parameter,
    Span,
    children,
    fold,
    walk,
)
from impacttree.formula.functions import EXAMPLE_METRICS, FUNCTIONS, Function
from impacttree.formula.parser import parse, parse_expression

__all__ = [
    "EXAMPLE_METRICS",
    "FUNCTIONS",
    "Binary",
    "Call",
    "Compare",
    "Expr",
    "Function",
    "Name",
    "Negate",
    "Number",
    "Parameter",
    "Span",
    "children",
    "fold",
    "parse",
    "parse_expression",
    "walk",
]
