"""The widget without a browser: the state it shares, what it takes from a view, and what it says."""

from __future__ import annotations

import math
import sys
from typing import Any

import pytest

import impacttree as it
from impacttree.errors import ChangeError, MissingDependency, QuestionError
from impacttree.export.page import MODULES
from tests.notebook.test_told import financed

pytestmark = pytest.mark.slow

pytest.importorskip("anywidget")
LIFT = ("engagement", "+5%")


@pytest.fixture(scope="module")
def tree() -> it.ImpactTree:
    return it.template("saas")


class View:
    """A view of a widget, as its script is: it sends questions and sees what is told."""

    def __init__(self, explorer: Any) -> None:
        self.explorer, self.number = explorer, 0

    def ask(self, tree: it.ImpactTree, moves: dict[str, Any], **more: Any) -> dict[str, Any]:
        slots = tree._graph.by_name
        self.number += 1
        asked = {"view": "one", "number": self.number, "revision": self.explorer._told["revision"], "cost": None}
        changes = [[slots[name], move] for name, move in moves.items()]
        self.explorer._asked = asked | {"changes": changes, "horizon": 12, "dragged": None, "settled": False} | more
        told: dict[str, Any] = self.explorer._told
        return told


def wrap(scale: float = 1.0, shift: float = 0.0) -> dict[str, Any]:
    return {"kind": "wrap", "scale": scale, "shift": shift}


def test_it_begins_with_the_lift_and_the_librarys_figures(tree: it.ImpactTree) -> None:
    explorer = tree.explore(LIFT)
    worth = tree.worth(*LIFT)
    assert explorer.changes == {"engagement": "+5%"}
    assert explorer.worth.total == worth.total
    assert explorer.worth.range == worth.range
    known = {name: value for name, value in tree.values(explorer.changes).items() if value is not None}
    assert {name: value for name, value in explorer.values.items() if not math.isnan(value)} == known
    assert explorer._told["now"]["total"] == worth.total


def test_without_a_lift_values_are_over_the_horizon(tree: it.ImpactTree) -> None:
    explorer = tree.explore(on="revenue")
    assert explorer.changes == {}
    assert explorer.worth.outcome == "revenue"
    assert explorer.values["revenue"] == explorer.worth.before == explorer.worth.after


def test_assigning_changes_moves_all_and_tells_whoever_observes(tree: it.ImpactTree) -> None:
    explorer, seen = tree.explore(LIFT), []
    explorer.observe(lambda change: seen.append((change["name"], explorer.values["arpu"])), ["changes", "values"])
    explorer.changes = {"arpu": ["+2%", it.add(1)], "engagement": it.relative(0.02)}
    assert explorer.changes == {"arpu": ["+2%", "+$1/customer/month"], "engagement": "+2%"}
    assert {name for name, _ in seen} == {"changes", "values"}
    assert explorer.worth.total == tree.what_if(explorer.changes).total
    assert explorer._told["revision"] == 1


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"engagement": "5%"}, ChangeError),
        ({"engagement": "=140%"}, ChangeError),
        ({"engagement": 5}, ChangeError),
        ({"engagement": []}, ChangeError),
        (3, ChangeError),
        ({"engagment": "+1%"}, QuestionError),
    ],
)
def test_wrong_changes_are_refused_and_leave_all_as_it_was(tree: it.ImpactTree, wrong: Any, error: type) -> None:
    explorer = tree.explore(LIFT)
    before = (explorer.changes, explorer.values, explorer._told)
    with pytest.raises(error):
        explorer.changes = wrong
    assert (explorer.changes, explorer.values, explorer._told) == before
    with pytest.raises(error):
        tree.what_if(wrong)


def test_values_cannot_be_assigned(tree: it.ImpactTree) -> None:
    import traitlets

    with pytest.raises(traitlets.TraitError, match="read-only"):
        tree.explore().values = {}


def test_a_dragged_slider_gets_the_change_of_fewest_digits_near_it(tree: it.ImpactTree) -> None:
    explorer = tree.explore(LIFT)
    slot = tree._graph.by_name["engagement"]
    told = View(explorer).ask(tree, {"engagement": wrap(1.0713)}, dragged=slot)
    ends = explorer._data["metrics"][slot]["input"]
    step = (ends["most"] - ends["least"]) / 400
    assert explorer.changes == {"engagement": "+7.1%"}
    assert abs(explorer.values["engagement"] - 0.42 * 1.0713) <= step / 2
    assert told["error"] == ""
    assert told["now"]["total"] == tree.worth("engagement", "+7.1%", range=False).total


def test_a_typed_value_is_kept_to_the_last_digit(tree: it.ImpactTree) -> None:
    explorer = tree.explore(LIFT)
    View(explorer).ask(tree, {"engagement": wrap(0.45 / 0.42), "churn": wrap(shift=-0.00123)})
    assert abs(explorer.values["engagement"] - 0.45) <= 1e-12
    assert explorer.changes["churn"] == "-0.123pp"


def test_what_a_move_does_not_touch_keeps_its_words(tree: it.ImpactTree) -> None:
    explorer = tree.explore()
    explorer.changes = {"engagement": "+1% (0.5% to 2%)", "arpu": "+$1"}
    moves = {tree._graph.metrics[slot].name: move for slot, move in explorer._told["changes"]}
    View(explorer).ask(tree, moves | {"nps": wrap(shift=1.5)})
    assert explorer.changes == {"engagement": "+1% (0.5% to 2%)", "arpu": "+$1", "nps": "+1.5 points"}


def test_after_a_pause_ranges_are_told(tree: it.ImpactTree) -> None:
    explorer = tree.explore(LIFT)
    told = View(explorer).ask(tree, {"engagement": wrap(1.05)}, settled=True, cost=20_000)
    worth = tree.worth(*LIFT)
    assert worth.range is not None
    assert told["ranges"]["total"] == [worth.range.p10, worth.range.p90]
    assert len(told["ranges"]["net"]["low"]) == len(told["now"]["net"]["line"]) == max(explorer._data["horizons"])
    assert told["ranges"]["risks"] == [check.risk for check in explorer.worth.guardrails]


def test_costs_by_period_are_those_of_every_question(tree: it.ImpactTree) -> None:
    costs = ["$5k ($4k to $7k)", "$3k in 2027-02", "$2k in month 15"]
    explorer, paid = tree.explore(LIFT, cost=costs), tree.worth(*LIFT, cost=costs).pays
    assert paid is not None
    assert explorer._told["now"]["net"]["line"] == list(paid.net)
    told = View(explorer).ask(tree, {"engagement": wrap(1.05)}, settled=True, cost=10_000)
    assert told["now"]["net"]["payback"] == paid.payback
    assert told["ranges"]["net"]["payback"] == [paid.payback_low, paid.payback_high]
    assert told["ranges"]["net"]["low"] == list(paid.low or ())
    doubled = tree.worth(*LIFT, cost="$10k; $6k in 2027-02; $4k in month 15").pays
    told = View(explorer).ask(tree, {"engagement": wrap(1.05)}, settled=True, cost=20_000)
    assert doubled is not None
    assert told["now"]["net"]["line"] == pytest.approx(doubled.net, rel=1e-12)
    assert told["ranges"]["net"]["low"] == pytest.approx(doubled.low, rel=1e-12)


def test_a_cost_is_in_the_unit_of_the_outcome() -> None:
    tree = it.loads(
        "outcome: saved\nmetrics: {runs: {value: 50 runs/month}, each: {value: 3 hours/run}, "
        "saved: {formula: runs * each}}"
    )
    told = View(tree.explore(("runs", "+10%"))).ask(tree, {"runs": wrap(1.1)}, cost=40)
    assert told["error"] == ""
    assert told["now"]["net"]["line"] == pytest.approx([15.0 * t - 40 for t in range(1, 37)])


def test_what_a_reader_should_know_is_told(tree: it.ImpactTree) -> None:
    explorer = tree.explore(LIFT)
    explorer.changes = {"engagement": "+30% (10% to 40%)"}
    assert explorer._told["now"]["notes"] == list(tree.worth("engagement", "+30%", range=False).warnings)
    assert explorer._told["now"]["notes"]
    assert not explorer._told["now"]["isFull"]


@pytest.mark.parametrize(
    "message",
    [
        "hello",
        {},
        {"changes": [[0]], "horizon": 12},
        {"changes": [[999, wrap()]], "horizon": 12},
        {"changes": [[True, wrap()]], "horizon": 12},
        {"changes": [[0, wrap(float("nan"))]], "horizon": 12},
        {"changes": [[0, {"kind": "exec", "scale": 1, "shift": 0}]], "horizon": 12},
        {"changes": [], "horizon": 10**9},
        {"changes": [], "horizon": 12, "cost": -1},
        {"changes": [], "horizon": 12, "dragged": "x"},
    ],
)
def test_a_message_that_cannot_be_read_is_answered_with_one_error(tree: it.ImpactTree, message: Any) -> None:
    explorer = tree.explore(LIFT)
    before = (explorer.changes, explorer.values)
    explorer._asked = message
    assert "cannot be read" in explorer._told["error"]
    assert (explorer.changes, explorer.values) == before


def test_a_move_that_is_refused_is_answered_with_why_and_the_state_that_stands(tree: it.ImpactTree) -> None:
    explorer = tree.explore(LIFT)
    standing = explorer._told["changes"]
    told = View(explorer).ask(tree, {"engagement": wrap(10.0)})
    assert "outside its bounds" in told["error"]
    assert told["number"] == 1
    assert told["changes"] == standing
    assert explorer.changes == {"engagement": "+5%"}


def test_a_question_from_before_an_assignment_changes_nothing(tree: it.ImpactTree) -> None:
    explorer = tree.explore(LIFT)
    explorer.changes = {"arpu": "+1%"}
    told = View(explorer).ask(tree, {"engagement": wrap(1.2)}, revision=0)
    assert explorer.changes == {"arpu": "+1%"}
    assert told["number"] is None


def test_the_horizon_of_a_view_is_that_of_the_answers() -> None:
    tree = it.loads(
        "metrics: {sold: {value: 50 orders/month}, price: {value: $30/order}, paid: {formula: sold * price}}"
    )
    explorer = tree.explore(("sold", "+5%"))
    View(explorer).ask(tree, {"sold": wrap(1.05)}, horizon=36)
    assert explorer.worth.horizon == 36
    assert explorer.worth.total == tree.what_if({"sold": "+5%"}, horizon=36).total
    assert explorer.values["paid"] == explorer.worth.after


def test_what_has_no_value_is_told_as_none_and_does_not_stop_the_rest() -> None:
    tree = it.loads(
        "outcome: c\nmetrics: {a: {value: 2, bounds: 0 to 4}, b: {value: 3}, c: {formula: a * b}, "
        "d: {formula: 1 / (a - 2)}, e: {formula: d + b}}"
    )
    explorer = tree.explore()
    told = View(explorer).ask(tree, {"b": wrap(2.0)})
    assert told["error"] == ""
    slots = tree._graph.by_name
    assert told["now"]["after"][slots["d"]] is None
    assert told["now"]["total"] == 6.0
    assert str(explorer.values["e"]) == "nan"


def test_it_brings_a_picture_for_what_cannot_show_it(tree: it.ImpactTree) -> None:
    explorer = tree.explore(LIFT)
    bundle, _ = explorer._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert "+5% Weekly engagement" in bundle["image/svg+xml"]
    assert bundle["text/plain"] == "<Explorer of 'Northwind CRM': {'engagement': '+5%'}>"
    explorer.changes = {"engagement": "+5%", "arpu": "+$1"}
    assert "ARPU" in explorer._repr_mimebundle_()[0]["image/svg+xml"].split("</title>")[0]


def test_without_anywidget_it_says_how_to_get_it(tree: it.ImpactTree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "anywidget", None)
    with pytest.raises(MissingDependency, match=r"pip install 'impacttree\[notebook\]'"):
        tree.explore()


def test_its_script_is_that_of_the_page_and_its_style_knows_no_window(tree: it.ImpactTree) -> None:
    explorer = tree.explore()
    assert "class Page" in explorer._esm
    assert "export default" in explorer._esm
    assert "page.js" in MODULES
    assert "prefers-color-scheme" not in explorer._sheet
    assert ":host([data-theme=dark]){--back" in explorer._sheet
    assert "@media (max-width" not in explorer._sheet
    assert "@container (max-width" in explorer._sheet


def test_labels_stay_data() -> None:
    tree = it.loads("metrics: {a: {value: 2, label: '</script><img src=x onerror=alert(1)>'}, b: {formula: a * 2}}")
    assert "<img" not in tree.explore()._contents


def test_money_along_edges_of_one_move_is_that_of_the_library(tree: it.ImpactTree) -> None:
    explorer = tree.explore(("engagement", "+5%"))
    worth = tree.worth("engagement", "+5%", range=False)
    slots = tree._graph.by_name
    expected: dict[tuple[int, int], float] = {}
    for edge in worth.edges:
        ends = slots[edge.source], slots[edge.target]
        expected[ends] = expected.get(ends, 0.0) + edge.amount
    told = {(source, target): amount for source, target, amount in explorer._told["now"]["flows"]}
    assert told == pytest.approx({ends: amount for ends, amount in expected.items() if ends in told}, rel=1e-12)
    assert sum(map(abs, expected.values())) == pytest.approx(sum(map(abs, told.values())), rel=1e-8)
    explorer.changes = {"engagement": "+5%", "arpu": "=$32"}
    assert "flows" not in explorer._told["now"]
    explorer.changes = {}
    assert explorer._told["now"]["flows"] == []


LATER = "+5% from 2027-04 over 3 months"


def test_a_slider_keeps_the_time_of_its_lift_and_another_one_acts_from_the_start(tree: it.ImpactTree) -> None:
    explorer = tree.explore(("engagement", LATER))
    told = explorer._told
    assert told["changes"][0][1]["when"] == "from 2027-04 over 3 months"
    assert told["timings"]["from 2027-04 over 3 months"]["told"] == "from Apr 2027, in full from Jun 2027"
    assert told["now"]["total"] == tree.worth("engagement", LATER, range=False).total
    moved = {**wrap(1.07), "when": "from 2027-04 over 3 months"}
    View(explorer).ask(tree, {"engagement": moved, "nps": wrap(shift=1.5)})
    assert explorer.changes == {"engagement": "+7% from 2027-04 over 3 months", "nps": "+1.5 points"}
    assert explorer.worth.total == tree.what_if(explorer.changes).total


def test_several_steps_on_one_metric_come_back_in_words(tree: it.ImpactTree) -> None:
    explorer = tree.explore()
    changes = {"arpu": ["=$30 from 2027-02 until 2027-06", it.lift(it.add(1), start="2027-03")], "churn": "-0.1pp"}
    explorer.changes = changes
    assert explorer.changes["arpu"] == ["=$30 from 2027-02 until 2027-06", "+$1/customer/month from 2027-03"]
    moves = {tree._graph.metrics[slot].name: move for slot, move in explorer._told["changes"]}
    stated, told = explorer.changes, explorer._told
    View(explorer).ask(tree, moves)
    assert explorer.changes == stated
    assert told["now"]["total"] == tree.what_if(changes, range=False).total
    other = tree.explore()
    View(other).ask(tree, moves)
    assert other.worth.total == pytest.approx(explorer.worth.total, rel=1e-12)


@pytest.mark.parametrize("when", [3, "from 4 " * 90, "then +3", "from 4 over x", "from 2027-05 until 2027-04"])
def test_a_time_that_is_not_one_is_refused(tree: it.ImpactTree, when: Any) -> None:
    explorer = tree.explore(LIFT)
    told = View(explorer).ask(tree, {"engagement": {**wrap(1.1), "when": when}})
    assert told["error"]
    assert explorer.changes == {"engagement": "+5%"}


def test_a_basis_is_that_of_figures_values_and_ranges() -> None:
    tree = financed("saas")
    explorer = tree.explore(("engagement", LATER), basis="pv")
    worth = tree.worth("engagement", LATER, basis="pv")
    told = View(explorer).ask(tree, {"engagement": {**wrap(1.05), "when": "from 2027-04 over 3 months"}}, settled=True)
    assert told["now"]["total"] == explorer.worth.total == worth.total
    assert explorer.worth.provenance.basis.startswith("accrual, pre-tax, discounted")
    assert worth.range is not None
    assert told["ranges"]["total"] == [worth.range.p10, worth.range.p90]
    assert explorer.values["profit"] == explorer.worth.after
    paced = tree.explore(("engagement", "+5%"), basis="run_rate")
    assert paced._told["now"]["net"] is None
    assert paced.worth.total == tree.worth("engagement", "+5%", basis="run_rate", range=False).total
    with pytest.raises(QuestionError, match="discount rate"):
        it.template("internal").explore(basis="pv")
