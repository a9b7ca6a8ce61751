"""The forms in which an assumed effect can be stated; a new form is one entry of `table`."""

from impacttree.spec.forms.shared import Effect, Pair, RefusedError, Side, ValuelessError
from impacttree.spec.forms.table import CURVES, FORMS, KEYS, Form, FormCurve, Grade, Parameters

__all__ = [
    "CURVES",
    "FORMS",
    "KEYS",
    "Effect",
    "Form",
    "FormCurve",
    "Grade",
    "Pair",
    "Parameters",
    "RefusedError",
    "Side",
    "ValuelessError",
]
