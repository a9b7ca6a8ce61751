"""In which share of the samples does a comparison hold?"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from impacttree.answers.samples import Samples
from impacttree.answers.words import Words
from impacttree.errors import FormulaError, Problem, QuestionError
from impacttree.formula import FUNCTIONS, Call, Expr, Number, infer_unit, names, parse_condition, walk

__all__ = ["share_that_holds"]


def share_that_holds(
    condition: str, words: Words, kept: Mapping[str, Samples], unkept: Callable[[str], QuestionError]
) -> float:
    """Return the share of the samples with a value for which a comparison holds.

    Parameters
    ----------
    condition
        In the formula language.
    words
        Of the tree, for the units of values over the horizon.
    kept
        Samples by metric.
    unkept
        Gives the error for a metric that has none.
    """
    import numpy as np

    from impacttree.engine.single_formula import evaluate_rows

    if not isinstance(condition, str):
        raise QuestionError("a condition is text such as 'profit < 0'")
    holding = _checked(condition, words, kept, unkept)
    held = evaluate_rows(holding, {name: kept[name].values for name in names(holding)})
    there = np.isfinite(held)
    if not there.any():
        raise QuestionError(Problem(reason=f"no sample has a value for '{condition}'"))
    return float(held[there].mean())


def _checked(text: str, words: Words, kept: Mapping[str, Samples], unkept: Callable[[str], QuestionError]) -> Expr:
    """Return what is 1 where the comparison holds and 0 elsewhere, its conversions replaced by factors."""
    compared = parse_condition(text)
    for name in names(compared):
        if name not in kept:
            raise unkept(name)
    for node in walk(compared):
        if isinstance(node, Call) and FUNCTIONS[node.function].kind in ("time", "clock"):
            reason = f"{node.function} has no place here: a condition compares values over the horizon"
            raise FormulaError(Problem(reason=reason, fix="name metrics alone", formula=text, span=node.span))
    holding = Call("if", (compared, Number(1.0, "1"), Number(0.0, "0")), compared.span)
    try:
        return infer_unit(holding, words.total_unit, period=words.graph.spec.period).expr
    except FormulaError as error:
        raise FormulaError(*(problem.at(formula=text) for problem in error.problems)) from None
