"""The page "Rates and units": every formula in its table is a tree that comes out as the page says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from impacttree import loads
from impacttree.quantity import Unit

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "rates-and-units.md"


class Row(NamedTuple):
    formula: str
    period: str
    inputs: dict[str, str]
    declared: str
    unit: str
    today: float
    over: float


def rows() -> list[Row]:
    lines = PAGE.read_text(encoding="utf-8").partition("<!-- rows:")[2].partition("\n## ")[0].splitlines()
    found = []
    for line in lines:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        match = re.fullmatch(r"`([^`]+)`( \*yearly\*)?", cells[0])
        if match and len(cells) == 6:
            inputs = dict(part.strip().split(": ", 1) for part in cells[1].split(";"))
            period = "year" if match[2] else "month"
            found.append(Row(match[1], period, inputs, cells[2], cells[3], float(cells[4]), float(cells[5])))
    return found


def test_the_page_has_its_formulas() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert "## Twenty-four formulas" in page
    assert len(rows()) == 24


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.formula)
def test_row(row: Row) -> None:
    metrics: dict[str, Any] = {name: {"value": text} for name, text in row.inputs.items()}
    metrics["other"] = {"value": "1"}
    metrics["m"] = {"formula": row.formula} | ({"unit": row.declared} if row.declared else {})
    tree = loads(json.dumps({"period": row.period, "outcome": "other", "metrics": metrics}))
    assert tree.values()["m"] == pytest.approx(row.today, rel=5e-6)
    assert tree.values({"other": "+0"})["m"] == pytest.approx(row.over, rel=5e-6)
    assert Unit.parse(str(tree["m"].unit)).factors == Unit.parse(row.unit).factors
