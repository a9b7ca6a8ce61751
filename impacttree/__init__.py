"""impacttree: what a change in a product metric is worth in money.

>>> import impacttree as it
>>> it.__version__
'0.2.0'

Names are imported from their modules when they are first used, so that `import impacttree` costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from impacttree.contents import contents

if TYPE_CHECKING:
    from impacttree.answers.decision import Act, Decision
    from impacttree.errors import (
        ChangeError,
        Edit,
        EvaluationError,
        FormulaError,
        ImpactTreeError,
        MissingDependency,
        ModelError,
        OutputError,
        Problem,
        QuantityError,
        QuestionError,
    )
    from impacttree.quantity import add, lift, points, relative, to
    from impacttree.reports.deck import deck
    from impacttree.spec import Driver, Evidence
    from impacttree.spec import MetricSpec as Metric
    from impacttree.tree import Formula, ImpactTree, from_networkx, load, loads, template

__version__ = "0.2.0"

__all__ = [
    "Act",
    "ChangeError",
    "Decision",
    "Driver",
    "Edit",
    "EvaluationError",
    "Evidence",
    "Formula",
    "FormulaError",
    "ImpactTree",
    "ImpactTreeError",
    "Metric",
    "MissingDependency",
    "ModelError",
    "OutputError",
    "Problem",
    "QuantityError",
    "QuestionError",
    "add",
    "deck",
    "from_networkx",
    "lift",
    "load",
    "loads",
    "points",
    "relative",
    "template",
    "to",
]

_HOME = {
    "Act": "answers.decision",
    "ChangeError": "errors",
    "Decision": "answers.decision",
    "Driver": "spec",
    "Edit": "errors",
    "EvaluationError": "errors",
    "Evidence": "spec",
    "Formula": "tree",
    "FormulaError": "errors",
    "ImpactTree": "tree",
    "ImpactTreeError": "errors",
    "Metric": "spec:MetricSpec",
    "MissingDependency": "errors",
    "ModelError": "errors",
    "OutputError": "errors",
    "Problem": "errors",
    "QuantityError": "errors",
    "QuestionError": "errors",
    "add": "quantity",
    "deck": "reports.deck",
    "from_networkx": "tree",
    "load": "tree",
    "loads": "tree",
    "lift": "quantity",
    "points": "quantity",
    "relative": "quantity",
    "template": "tree",
    "to": "quantity",
}


__getattr__, __dir__ = contents(__name__, _HOME)
