"""The formula language: text -> syntax tree, the registry of functions, the rules of units."""

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
from impacttree.formula.evaluate import NOT_MEANINGFUL, Fault, evaluate
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
