"""What Python tells the sliders is what the script of the page computes by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import impacttree as it
from impacttree.answers.asked import Basis
from impacttree.answers.case import Case
from impacttree.export.changes import changes_data, timings_data
from impacttree.export.page import modules, page_contents
from impacttree.export.script import script
from impacttree.notebook.told import figures, plain
from impacttree.spec import Finance
from tests.export.javascript import in_node

pytestmark = pytest.mark.slow
NOW = """
function answer({data, asked}) {
  new State(data);
  return new Answers(data).now(asked, new Map(asked.changes));
}
"""


def _close(ours: Any, theirs: Any, where: str) -> None:
    """Check that two pieces of plain data are the same, their numbers to a billionth of the largest beside them."""
    if isinstance(ours, dict):
        assert ours.keys() == theirs.keys(), where
        for key, one in ours.items():
            _close(one, theirs[key], f"{where}.{key}")
    elif isinstance(ours, list) and any(isinstance(one, list | dict) for one in ours):
        assert len(ours) == len(theirs), where
        for place, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            _close(one, other, f"{where}[{place}]")
    elif isinstance(ours, list):
        assert [one is None for one in ours] == [one is None for one in theirs], where
        numbers = [[one for one in side if one is not None] for side in (ours, theirs)]
        size = max(map(abs, numbers[0]), default=0.0)
        assert numbers[1] == pytest.approx(numbers[0], rel=1e-9, abs=1e-12 * size), where
    elif isinstance(ours, float):
        assert theirs == pytest.approx(ours, rel=1e-9, abs=1e-12), where
    else:
        assert ours == theirs, where


def financed(name: Any) -> it.ImpactTree:
    """Return a template that states how later amounts are weighed."""
    finance = Finance(discount_rate="12%/year", timing="mid")
    return it.ImpactTree.from_spec(it.template(name).spec.with_keys(finance=finance))


@pytest.mark.parametrize(
    ("name", "changes", "cost", "basis"),
    [
        ("saas", {"engagement": "+5%"}, "$250k", "horizon"),
        ("saas", {"engagement": "+5%"}, None, "horizon"),
        ("saas", {"churn": "+1pp", "arpu": "=$20", "sales_and_marketing": "+60%"}, "$10k", "horizon"),
        ("saas", {}, None, "horizon"),
        ("internal", {"deploy_minutes": "-5 minutes/deploy"}, "$100k", "horizon"),
        ("duolingo", {"engagement": "=36%"}, None, "horizon"),
        ("saas", {"engagement": "+5% from 2027-04 over 3 months"}, "$250k", "horizon"),
        ("saas", {"engagement": "+5% from 2027-04 over 3 months"}, "$250k", "pv"),
        ("saas", {"churn": "+1pp", "arpu": "=$20", "sales_and_marketing": "+60%"}, "$10k", "pv"),
        ("saas", {"engagement": "+5%"}, "$50k in month 3; $120k; $80k in month 15 over 12 months", "horizon"),
        ("saas", {"engagement": "+5%"}, "$50k in month 3; $80k in month 15", "pv"),
        ("saas", {"arpu": "+60% from month 11 over 4 months"}, "$50k in month 30", "horizon"),
        ("saas", {"engagement": "+5% from 2027-04 over 3 months"}, None, "run_rate"),
        ("internal", {"deploy_minutes": "-5 minutes/deploy"}, None, "run_rate"),
        ("internal", {"deploy_minutes": "=20 minutes/deploy from 3 over 4 shape s until 9"}, "$100k", "horizon"),
    ],
)
def test_figures_are_those_of_the_script(
    name: Any, changes: dict[str, str], cost: str | None, basis: Basis, tmp_path: Path
) -> None:
    plain_subject = financed(name)._subject
    subject = plain_subject.on_basis(basis)
    data, outlays = page_contents(plain_subject, cost=cost, basis=basis)
    outcome = subject.outcome(None)
    horizon = data["horizons"][0]
    case = Case.of(subject.marked, changes, horizon)
    timings = timings_data([case.asked], subject.words, data["horizons"])
    data = {**data, "model": {**data["model"], "timings": timings, "static": data["model"]["static"] and not timings}}
    asked = {
        "changes": changes_data(case.asked),
        "horizon": horizon,
        "cost": data["cost"],
        "need": None,
        "focus": data["focus"],
    }
    (theirs,) = in_node(script(modules(data)) + NOW, [{"data": data, "asked": asked}], tmp_path)
    ours = plain(figures(case, outcome, data["horizons"], outlays))
    flows = {(source, target): amount for source, target, amount in theirs.pop("flows")}
    if len(changes) < 2:
        told = {(source, target): amount for source, target, amount in ours.pop("flows")}
        assert flows == pytest.approx(told, rel=1e-9)
    theirs |= {key: [list(row.values()) for row in theirs[key]] for key in ("rows", "baseRows")}
    theirs |= {key: list(theirs[key].values()) for key in ("before", "after")}
    notes = [sorted(told.replace("−", "-") for told in one.pop("notes")) for one in (ours, theirs)]
    assert notes[0] == notes[1]
    assert any(check["broken"] for check in ours["guardrails"]) == ("sales_and_marketing" in changes)
    _close(ours, theirs, "now")
