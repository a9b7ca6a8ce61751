"""The case that questions start from: its figures a second way, each computed once, and one rule for its warnings."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import impacttree as it
from impacttree.answers.asked import NOTHING
from impacttree.answers.case import Case
from impacttree.engine.model import Model
from impacttree.errors import EvaluationError
from impacttree.quantity import Intervention
from tests.analyses.models import SHOP, shop
from tests.strategies import Sketch, examples, trees

OUTSIDE = """
horizon: 3
outcome: y
metrics:
  a: {value: 2}
  r: {formula: a * 1, bounds: 0 to 1}
  y: {formula: r * 10, guardrail: {min: 1}}
  b: {value: "1 (0.9 to 1.1)", plausible: 1 to 1.5}
  z: {formula: b * 2, guardrail: {min: 1}}
"""
"""A computed value that is outside its bounds from the start, and an outcome that does not rest on it."""
TOLD = "R at 2 {when}, outside the bounds 0 to 1; put a limit into the formula with clip() if no value can go there"

DRIFTING = """
horizon: 4
outcome: y
metrics:
  push: {value: 1}
  x: {start: 10, formula: prev(x) + push}
  still: {value: 3}
  y: {value: 5, drivers: {x: {slope: "1", observed: 0 to 12}, still: {slope: "1", observed: 4 to 5}}}
  z: {formula: still * 2}
"""
"""What drives one effect leaves where it was seen by itself; what drives the other was never there, and stays."""


# ---- the two runs


def test_the_figures_of_a_case():
    tree = it.loads(SHOP)
    case = Case.of(tree._subject, {"speed": "+5 points", "fixed": "-10%"})
    before, after = shop(), shop(speed=85, fixed=9e3)
    for metric in tree._subject.graph.metrics:
        assert case.before[metric.index] == pytest.approx(before[metric.name])
        assert case.after[metric.index] == pytest.approx(after[metric.name])
        assert case.change(metric) == pytest.approx(after[metric.name] - before[metric.name], abs=1e-9)
        each = [after[metric.name] - before[metric.name]] * 12
        assert len(case.by_period(metric)) == 12
        if metric.aggregation == "sum":
            assert case.by_period(metric) == pytest.approx([amount / 12 for amount in each], abs=1e-9)
    assert [(move.metric, move.change) for move in case.moves] == [("speed", "+5 points"), ("fixed", "-10%")]
    assert [one.name for one in case.outcomes(tree._graph["revenue"], case.ranges(tree._graph["revenue"]))] == [
        "revenue",
        "profit",
        "basket",
    ]


def test_the_same_question_over_other_periods():
    tree = it.loads(SHOP)
    case = Case.of(tree._subject, {"fixed": "-10%"}, 7)
    assert case.change(tree._graph["profit"]) == pytest.approx(7_000)
    assert case.over(36).change(tree._graph["profit"]) == pytest.approx(36_000)
    assert case.over(36).change_over(tree._graph["profit"], 5) == pytest.approx(5_000)
    assert case.moves[0].text == "-10% Fixed cost ($70k -> $63k in 7 months)"
    assert case.asking({"fixed": "+10%"}).change(tree._graph["profit"]) == pytest.approx(-7_000)


def test_the_furthest_case_has_values_over_its_own_horizon():
    metrics = "metrics: {left: {formula: prev(left) - 1, start: %s}, y: {formula: 8 / left}}"
    fall = f"period: month\nhorizon: 4\noutcome: y\n{metrics}"
    lengths = [Case.of(it.loads(fall % start)._subject).furthest.periods for start in (20.5, 9, 5)]
    assert lengths == [12, 8, 4]
    with pytest.raises(EvaluationError):
        _ = Case.of(it.loads(fall % 3)._subject).furthest


def test_nothing_asked_is_the_base_case():
    case = Case.of(it.loads(SHOP)._subject)
    assert case.run is case.base
    assert case.after is case.before
    assert case.moves == ()
    assert case.ranges(case.subject.outcome()).risks is None


@pytest.mark.slow
@examples(60)
@given(trees(kinks=True), st.data())
def test_what_is_held_moves_both_runs(sketch: Sketch, data: st.DataObject) -> None:
    tree = sketch.tree()
    subject = tree._subject
    held, asked = data.draw(st.lists(st.sampled_from(sorted(sketch.metrics)), min_size=2, max_size=2, unique=True))
    assume(
        not (
            tree._graph[held].on_loop
            and tree._graph[asked].on_loop
            and tree._graph[held].loop == tree._graph[asked].loop
        )
    )
    first, then = {held: it.add(0.01)}, {asked: it.add(0.02)}
    case = Case(subject, subject.changes(then), subject.periods(None), subject.changes(first))
    alone, both = Case.of(subject, first), Case.of(subject, first | then)
    assert case.before == alone.after
    assert case.after == both.after


def test_of_one_metric_what_is_held_comes_first():
    tree = it.loads("outcome: y\nmetrics: {a: {value: 10}, y: {formula: a * 1, aggregate: last}}")
    subject = tree._subject
    held, asked = subject.changes({"a": "=20"}), subject.changes({"a": ["+10%", "+1"]})
    case = Case(subject, asked, 1, held)
    assert (case.before[1], case.after[1]) == (20, 23)
    with pytest.raises(it.ChangeError, match="'a' is set twice"):
        _ = Case(subject, held, 1, held).run
    assert subject.together(NOTHING, asked) == subject.together(asked, NOTHING) == asked


@pytest.mark.parametrize(("first", "shown"), [("+50%", 31), ("=7", 15), (["+10%", "+2"], 27)])
def test_further_moves_act_on_what_is_shown(first, shown):
    tree = it.loads("outcome: y\nmetrics: {a: {value: 10}, y: {formula: a * 1, aggregate: last}}")
    case = Case.of(tree._subject, {"a": first})
    assert case.moved({0: Intervention("wrap", 2.0, 1.0)}).at(1)[1] == pytest.approx(shown)
    assert case.moved({0: Intervention("fix", shift=4.0)}).at(1)[1] == 4


def test_an_uncertain_change_that_is_held_cancels_sample_by_sample():
    """Without common draws of what is held, the range of what is asked would be as wide as both together."""
    tree = it.loads("outcome: y\nmetrics: {a: {value: 10}, y: {formula: a * 1, aggregate: last}}")
    subject, outcome = tree._subject, tree["y"]
    held, asked = subject.changes({"a": "+20% (10% to 30%)"}), subject.changes({"a": "+1 (0.5 to 1.5)"})
    found = Case(subject, asked, 1, held).ranges(outcome).of("y")
    alone = Case(subject, asked, 1).ranges(outcome).of("y")
    assert found is not None
    assert alone is not None
    assert (found.p10, found.p90) == pytest.approx((alone.p10, alone.p90), rel=0.02)


def test_a_case_survives_pickling():
    case = Case.of(it.loads(SHOP)._subject, {"speed": "+5 points"})
    copy = pickle.loads(pickle.dumps(case))
    assert (copy.before, copy.after, copy.moves) == (case.before, case.after, case.moves)


# ---- once


@pytest.fixture
def runs(monkeypatch):
    """How often the tree was run."""
    made: list[int] = []
    run = Model.run

    def counted(self, periods, interventions=None):
        made.append(periods)
        return run(self, periods, interventions)

    monkeypatch.setattr(Model, "run", counted)
    return made


def test_a_diagram_asks_nothing_that_its_worth_has_asked(runs):
    it.loads(SHOP).worth("speed", "+5 points")
    alone = len(runs)
    runs.clear()
    it.loads(SHOP).diagram(("speed", "+5 points"))
    assert len(runs) == alone


def test_the_base_case_is_run_once_for_all_questions(runs):
    tree = it.loads(SHOP)
    tree.project()
    tree.what_if({})
    tree.check_guardrails(range=False)
    tree.diagram()
    tree.compare({})
    tree.headroom()
    assert runs == [12]


# ---- warnings


def every_base_answer(tree: it.ImpactTree):
    """Each answer on the base case that shows the outcome, as what it warns of and how it prints."""
    for answer in (
        tree.values(),
        tree.show(),
        tree.project(),
        tree.project(5),
        tree.sensitivity(),
        tree.check_guardrails(range=False),
        tree.headroom(),
        tree.what_if({}),
        tree.compare({}).base,
        tree.uncertainty(samples=2),
        tree.simulate(samples=4),
    ):
        yield answer.warnings, str(answer)
    yield tuple(note.removeprefix("Note: ").removesuffix(".") for note in tree.diagram().view().notes), TOLD


def test_every_answer_on_the_base_case_tells_of_a_value_outside_its_bounds():
    told = TOLD.format(when="today")
    for warnings, text in every_base_answer(it.loads(OUTSIDE)):
        assert told in warnings
        assert "outside the bounds 0 to 1" in " ".join(text.split())


def test_answers_that_do_not_rest_on_it_do_not():
    tree = it.loads(OUTSIDE.replace("guardrail: {min: 1}", "", 1))
    told = TOLD.format(when="in month 1")
    assert tree.worth("b", "+1%", on="z").warnings == ()
    assert tree.what_if({"b": "+1%"}, on="z").warnings == ()
    assert tree.sensitivity(on="z").warnings == tree.check_guardrails().warnings == tree.headroom().warnings == ()
    assert told in tree.worth("b", "+1%").warnings
    assert tree.values({"b": "+1%"}).warnings == tree.project(3, {"b": "+1%"}).warnings == (told,)
    assert f"Note: {told}." in tree.diagram(("b", "+1%"), on="z").view().notes


def test_what_is_asked_is_told_of_wherever_it_leads():
    tree = it.loads("outcome: y\nmetrics: {a: {value: 1}, r: {formula: a, bounds: 0 to 1}, y: {formula: a * 10}}")
    assert tree.worth("a", "+1%").warnings[0].startswith("R at 1.01 in month 1, outside the bounds")


def test_a_value_that_is_outside_only_without_the_change():
    tree = it.loads(OUTSIDE)
    assert tree.what_if({"a": "=0.5"}).warnings == (TOLD.format(when="in month 1 without the change"),)
    assert tree.check_guardrails({"a": "=0.5"}).warnings == tree.what_if({"a": "=0.5"}).warnings


def test_a_value_that_leaves_its_bounds_in_time():
    text = "outcome: x\nhorizon: 5\nmetrics: {g: {value: 1}, x: {start: 1, formula: prev(x) + g, bounds: 0 to 3}}"
    tree = it.loads(text)
    told = "X at 4 in month 3, outside the bounds 0 to 3"
    assert tree.project().warnings[0].startswith(told)
    assert tree.project(2).warnings == tree.values().warnings == ()


@pytest.mark.parametrize("price", ["visits", "margin"])
def test_a_change_is_extrapolated_only_where_it_touches(price):
    tree = it.loads(SHOP.replace("70 to 85 points", "85 to 90 points"))
    for answer in (
        tree.worth(price, "+1%"),
        tree.what_if({price: "+1%"}),
        tree.values({price: "+1%"}),
        tree.project(None, {price: "+1%"}),
        tree.check_guardrails({price: "+1%"}),
        tree.value_of_information(it.Decision(price, "+1%", cost="$1k"), samples=200),
    ):
        assert not any("extrapolated" in warning for warning in answer.warnings)


def test_a_base_case_is_extrapolated_where_it_moves_by_itself():
    told = "extrapolated: X at 14, outside 0 to 12, where the effect on Y was seen"
    tree = it.loads(DRIFTING)
    for answer in (tree.project(), tree.what_if({}), tree.sensitivity(), tree.compare({}).base):
        assert answer.warnings == (told,)
    assert f"Note: {told}." in tree.diagram().view().notes
    assert tree.values().warnings == tree.sensitivity(on="z").warnings == tree.what_if({}, on="z").warnings == ()


def test_a_projection_warns_in_its_table_its_picture_and_its_data():
    tree = it.loads(SHOP)
    answer = tree.project(3, {"speed": "+6 points"})
    (told,) = answer.warnings
    assert told.startswith("extrapolated: Page speed at 86 points, outside 70 points to 85 points")
    assert told in answer.view().notes
    assert f"Note: {told}." in answer.picture().notes
    assert answer.summary()["warnings"] == [told]
    assert tree.values({"speed": "+6 points"}).warnings == tree.worth("speed", "+6 points").warnings == (told,)


def test_what_breaks_a_guardrail_without_a_change_is_not_compared_with_itself():
    tree = it.loads("outcome: y\nmetrics: {a: {value: 1}, y: {formula: a * 1, guardrail: {min: 2}}}")
    assert tree.what_if({}).guardrails == tree.check_guardrails().checks == tree.compare({}).base.guardrails
    assert tree.what_if({}).guardrails[0].text.endswith("BREACHED in every month")
    assert tree.what_if({"a": "+1%"}).guardrails[0].text.endswith("BREACHED in every month, as without the change")
