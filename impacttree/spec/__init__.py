"""What the user wrote: frozen models that mirror the model file, read with line numbers and written back with care."""

from __future__ import annotations

from typing import TYPE_CHECKING

from impacttree.contents import contents

if TYPE_CHECKING:
    from impacttree.spec.effects import Driver, Evidence, EvidenceDefaults
    from impacttree.spec.finance import Finance
    from impacttree.spec.fiscal import FiscalCalendar
    from impacttree.spec.forms import Grade, Parameters
    from impacttree.spec.load import Reading, load_file, load_text, read_file, read_text
    from impacttree.spec.models import (
        Aggregate,
        Agreed,
        Better,
        Correlation,
        Guardrail,
        Kind,
        MetricSpec,
        Scenario,
        TreeSpec,
    )
    from impacttree.spec.places import Places
    from impacttree.spec.schema import json_schema
    from impacttree.spec.treatments import Treatment
    from impacttree.spec.write import save, to_yaml

__all__ = [
    "Aggregate",
    "Agreed",
    "Better",
    "Correlation",
    "Driver",
    "Evidence",
    "EvidenceDefaults",
    "Finance",
    "FiscalCalendar",
    "Grade",
    "Guardrail",
    "Kind",
    "MetricSpec",
    "Parameters",
    "Places",
    "Reading",
    "Scenario",
    "Treatment",
    "TreeSpec",
    "json_schema",
    "load_file",
    "load_text",
    "read_file",
    "read_text",
    "save",
    "to_yaml",
]

_HOME = {
    "Aggregate": "models",
    "Agreed": "models",
    "Better": "models",
    "Correlation": "models",
    "Driver": "effects",
    "Evidence": "effects",
    "EvidenceDefaults": "effects",
    "Finance": "finance",
    "FiscalCalendar": "fiscal",
    "Grade": "forms",
    "Guardrail": "models",
    "Kind": "models",
    "MetricSpec": "models",
    "Parameters": "forms",
    "Places": "places",
    "Reading": "load",
    "Scenario": "models",
    "Treatment": "treatments",
    "TreeSpec": "models",
    "json_schema": "schema",
    "load_file": "load",
    "load_text": "load",
    "read_file": "load",
    "read_text": "load",
    "save": "write",
    "to_yaml": "write",
}

__getattr__, __dir__ = contents(__name__, _HOME)
