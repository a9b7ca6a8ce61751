"""The forms in which an assumed effect can be stated; a new form is one entry of `table`."""

from impacttree.spec.forms.shared import Effect, Pair, RefusedError, Side, ValuelessError
from impacttree.spec.forms.table import CURVES, FORMS, KEYS, Curve, Form, Grade, Parameters

__all__ = [
    "CURVES",
    "FORMS",
    "KEYS",
    "Curve",
    "Effect",
    "Form",
    "Grade",
    "Pair",
    "Parameters",
    "RefusedError",
    "Side",
    "ValuelessError",
]
