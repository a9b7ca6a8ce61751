"""What the page says that a reader should know is what the library says: the same cautions, in the same words."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import impacttree as it
from impacttree.answers.asked import Basis
from impacttree.answers.case import Case
from impacttree.export.changes import changes_data, timings_data
from impacttree.export.page import modules, page_data
from impacttree.export.script import script
from tests.export.javascript import in_node
from tests.notebook.test_told import financed

pytestmark = pytest.mark.slow

SAID = """
function answer({data, asked}) {
  new State(data);
  return asked.map(({ timings, isStatic, changes, horizon }) => {
    Object.assign(data.model, { timings, static: isStatic });
    const { notes, isFull } = new Answers(data).now({ horizon, cost: null }, new Map(changes));
    return { notes, isFull };
  });
}
"""
LIFTS: Mapping[Any, Any] = {
    "saas": [
        {},
        {"engagement": "+5%"},
        {"engagement": "+40% from 2027-04 over 3 months"},
        {"arpu": "+45%", "sales_and_marketing": "+90% from month 30"},
        {"churn": "+40pp from 2027-08 over 5 months until 2027-10"},
        {"capex": "+10%"},
    ],
    "internal": [
        {},
        {"deploy_minutes": "-5 minutes/deploy from 4 over 2 until 7"},
        {"deploy_minutes": "=1 minutes/deploy from 2 decay 5%/month"},
        {"golden_paths": "+60 paths"},
    ],
    "duolingo": [{}, {"engagement": "=36%"}, {"engagement": "+80% from quarter 3 over 4 quarters"}],
}


def _said(
    folder: Path, subject: Any, basis: Basis, lifts: list[dict[str, Any]], made: dict[str, Any] | None = None
) -> set[str]:
    """Check what the page says of some changes against the library; return all that is said."""
    data = page_data(subject, *(made or {}).items(), basis=basis)
    marked, outcome = subject.on_basis(basis).marked, subject.on_basis(basis).outcome(None)
    cases = [Case.of(marked, lift, horizon) for lift in lifts for horizon in data["horizons"]]
    asked = []
    for case in cases:
        timings = timings_data([case.asked], case.words, data["horizons"])
        is_static = data["model"]["static"] and not timings
        changes = changes_data(case.asked)
        asked.append({"timings": timings, "isStatic": is_static, "changes": changes, "horizon": case.periods})
    (answers,) = in_node(script(modules(data)) + SAID, [{"data": data, "asked": asked}], folder)
    said: set[str] = set()
    for case, answer in zip(cases, answers, strict=True):
        expected = case.warnings(outcome)
        assert sorted(note.replace("−", "-") for note in answer["notes"]) == sorted(expected), case.asked
        assert answer["isFull"] == case.asked.in_full
        said.update(expected)
    return said


@pytest.mark.parametrize("basis", ["horizon", "pv", "run_rate"])
@pytest.mark.parametrize("name", list(LIFTS))
def test_cautions_of_templates_are_the_librarys(name: str, basis: Basis, tmp_path: Path) -> None:
    said = _said(tmp_path, financed(name)._subject, basis, LIFTS[name])
    if name == "saas":
        assert {"extrapolated", "the", "no"} <= {note.split()[0].strip(":") for note in said}


ALL = """
start_date: 2026-01-11
period: week
horizon: 4 weeks
fiscal_calendar: {start: February, pattern: 4-4-5, year_end: last Saturday of January}
outcome: profit
metrics:
  price: {value: 30, bounds: 5 to 90}
  visits: {value: 100}
  waited: {formula: "lag(visits, 6)"}
  first: {value: 50}
  stock: {formula: prev(stock) * 0.9 + 6, start: first, bounds: 5 to 51}
  sold: {formula: "interpolate(price, 10, 60, 40, 20) + stock / 10 + 0.001 * waited"}
  demand:
    value: 10
    bounds: 1 to 12
    drivers: {price: {slope: -0.2, observed: 25 to 35, evidence: judgement}}
  aside: {formula: price * 2}
  profit: {formula: price * (sold + demand), aggregate: sum}
"""
CHANGES: list[dict[str, Any]] = [
    {},
    {"price": "+1%"},
    {"price": "=85"},
    {"price": "=8 from week 3"},
    {"visits": "+10%"},
    {"first": "+10%"},
    {"visits": "+10%", "first": "+5%"},
    {"sold": "+1%"},
    {"sold": "+1%", "price": "+2%"},
    {"demand": "+19%"},
    {"stock": "-20%"},
    {"aside": "+5%"},
    {"price": "+40% from 3 over 8 until 5"},
]


@pytest.mark.parametrize("made", [None, {"sold": "+5%"}, {"aside": "+5%"}, {"stock": "-9%"}])
def test_every_caution_is_the_librarys(made: dict[str, Any] | None, tmp_path: Path) -> None:
    movable = {"price", "visits", "first", "demand", *(made or {})}
    lifts = [lift for lift in CHANGES if set(lift) <= movable] + [made or {}]
    said = _said(tmp_path, it.loads(ALL)._subject, "horizon", lifts, made)
    expected = ["extrapolated: Price", "Demand at", "Stock at", "Visits moves", "First bears", "the change", "FY26 has"]
    expected += [
        {"sold": "unmoved inputs", "aside": "no path", "stock": "without the change"}[one] for one in made or ()
    ]
    for text in expected:
        assert any(text in note for note in said), text


@pytest.mark.parametrize("change", ["+5% (1% to 8%)", ["+1% (0% to 2%)", "+3 (1 to 4)"], ["+1% (0% to 2%)", "+3"]])
def test_a_change_with_a_range_is_not_told_as_achieved_in_full(change: Any, tmp_path: Path) -> None:
    _said(tmp_path, it.loads(ALL)._subject, "horizon", [{}, {"price": "+6%"}, {"price": change}], {"price": change})
