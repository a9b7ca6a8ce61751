"""The page's script against the library: values, money along edges, and each function of the registry."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from impacttree import ImpactTree, loads, template
from impacttree.engine.flows import Lift
from impacttree.engine.held import Held
from impacttree.engine.horizon import HORIZONS, HorizonRule, discounted, run_rates
from impacttree.engine.model import Model, Run
from impacttree.engine.quadrature import HORIZON
from impacttree.export.script import model_data
from impacttree.formula import FUNCTIONS
from impacttree.graph.model import Aggregation
from impacttree.quantity import Intervention, Weights
from tests.export.javascript import ENGINES, run_all, told
from tests.strategies import Sketch, changes, timed, trees, with_series

TEMPLATES = (pytest.param("saas", marks=pytest.mark.slow), "internal", "duolingo")
EXACT = 1e-12
Rules = Mapping[Aggregation, HorizonRule]
BASES: tuple[Rules, ...] = (HORIZONS, run_rates(12), discounted(0.12, 12, "mid"))
LATER = Intervention("wrap", 1.05, -0.01, Weights(start=3, ramp=4, shape="s", until=10, decay=0.1))
TREES, PARTS = 104, 4


class Question:
    """One change of one tree, for both sides."""

    def __init__(
        self,
        tree: ImpactTree,
        given: Mapping[int, Intervention],
        outcome: int,
        *,
        lift: bool,
        rules: Rules = HORIZONS,
    ) -> None:
        self.model = Model(tree._graph, rules).marking().beside(given)
        self.given, self.outcome, self.lift = given, outcome, lift
        self.periods = tree.spec.horizon_periods

    @property
    def data(self) -> dict[str, Any]:
        timings: dict[str, Any] = {}
        changed = [(slot, told(change, self.periods, timings)) for slot, change in self.given.items()]
        return {
            "model": {**model_data(self.model, [self.periods]), "timings": timings},
            "periods": self.periods,
            "changes": changed,
            "outcome": self.outcome,
            "lift": self.lift,
        }

    def check(self, answer: dict[str, Any]) -> None:
        run = self.model.run(self.periods, self.given)
        sizes = _sizes(self.model, self.periods, self.given)
        for position, row in enumerate(run.rows):
            self._alike(row, answer["rows"][position], sizes[position], position)
        self._alike(run.horizon(), answer["horizon"], sizes[HORIZON], HORIZON)
        if self.lift:
            self._flows(run, answer)

    def _alike(self, ours: list[float], theirs: list[float | None], sizes: list[float], position: int) -> None:
        for slot, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            if not math.isfinite(one):
                assert other is None, (position, slot, one, other)
            else:
                assert other is not None, (position, slot, one)
                assert abs(one - other) <= EXACT * max(abs(one), sizes[slot]), (position, slot, one, other)

    def _flows(self, run: Run, answer: dict[str, Any]) -> None:
        (slot,) = self.given
        lift = Lift(self.model.run(self.periods), run, slot, self.outcome)
        ours = {(f.source, f.target, f.lag): f.amount for f in lift.flows}
        theirs = {(f["source"], f["target"], f["lag"]): f for f in answer["flows"]}
        assert ours.keys() == theirs.keys()
        assert answer["nodes"] == len(lift.nodes)
        whole = math.fsum(flow["size"] for flow in theirs.values())
        for key, amount in ours.items():
            assert abs(amount - theirs[key]["amount"]) <= EXACT * whole, (key, amount, theirs[key])


def _sizes(model: Model, periods: int, given: Mapping[int, Intervention]) -> dict[int, list[float]]:
    """Return the size of the terms that each value is made of: the local derivatives times what they read."""
    run = model.run(periods, given)
    rows, over = model.partials(run, Held())
    found = {position: [0.0] * model.size for position in (HORIZON, *range(len(rows)))}
    for position, partials in enumerate(rows):
        past = dict(zip(model.lags, run.past(position), strict=True))
        for edge, (slot, load) in enumerate(model.step.edges):
            row = run.rows[position] if load.timing == "now" else past[load.lag]
            size = found[position][load.slot] if load.timing == "now" else abs(row[load.slot])
            found[position][slot] += abs(partials[edge]) * max(size, abs(row[load.slot]))
    totals = run.horizon()
    for edge, (slot, load) in enumerate(model.recomputed.edges):
        found[HORIZON][slot] += abs(over[edge] * totals[load.slot])
    for slot in range(model.size):
        found[HORIZON][slot] += math.fsum(abs(row[slot]) for row in run.rows) * run.repeats
    return found


def _template_questions(name: str) -> list[Question]:
    tree = template(name)  # type: ignore[arg-type] - a name from the list above
    graph = tree._graph
    outcome = graph.by_name[tree.outcome]
    questions = []
    for metric in graph.metrics:
        if metric.index != outcome and metric.name not in graph.unknown_today:
            done = (Intervention("wrap", 1.05), Intervention("wrap", 1.0, -0.01), LATER)
            questions += [
                Question(tree, {metric.index: change}, outcome, lift=True, rules=rules)
                for change, rules in zip(done, BASES, strict=True)
            ]
    return questions


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", TEMPLATES)
def test_templates_give_the_same_values_and_money(engine: str, name: str, tmp_path: Path) -> None:
    questions = _template_questions(name)
    for question, answer in zip(questions, run_all(engine, [q.data for q in questions], tmp_path), strict=True):
        question.check(answer)


@st.composite
def _asked(draw: Any) -> tuple[Sketch, dict[str, Intervention], Rules, int]:
    sketch = draw(trees(kinks=draw(st.booleans()), jumps=draw(st.booleans())))
    if draw(st.booleans()):
        sketch = draw(with_series(sketch))
    drawn = {name: draw(timed(change, sketch.horizon)) for name, change in draw(changes(sketch)).items()}
    return sketch, drawn, draw(st.sampled_from(BASES)), draw(st.integers(0, 999))


@functools.cache
def _random_questions(part: int) -> list[Question]:
    """Return the questions of a part of the random trees, the outcome being a metric that is not moved itself."""
    found: list[Question] = []

    @seed(part)
    @settings(
        max_examples=TREES // PARTS,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(_asked())
    def collect(asked: tuple[Sketch, dict[str, Intervention], Rules, int]) -> None:
        sketch, given_changes, rules, place = asked
        tree = loads(sketch.text)
        graph = tree._graph
        given = {graph.by_name[name]: change for name, change in given_changes.items()}
        valued = [m.index for m in graph.metrics if m.index not in {*given, *Model(graph)._valueless}]
        outcome = (valued or [0])[place % max(len(valued), 1)]
        found.append(Question(tree, given, outcome, lift=bool(valued) and len(given) == 1, rules=rules))

    collect()
    return found


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("engine", ENGINES)
def test_random_trees_give_the_same_values_and_money(engine: str, part: int, tmp_path: Path) -> None:
    """Over all parts 100 trees and more, with and without series, seasons and clocks; most of them are lifted."""
    questions = _random_questions(part)
    assert len(questions) >= TREES // PARTS
    assert sum(q.lift for q in questions) >= 0.8 * len(questions)
    assert any(q.model.schedules for q in questions)
    assert any(one.varies for q in questions for one in q.given.values())
    assert any(q.model.rules is not HORIZONS for q in questions)
    for question, answer in zip(questions, run_all(engine, [q.data for q in questions], tmp_path), strict=True):
        question.check(answer)


FORMULAS = {name: [text for text, _ in f.examples] for name, f in FUNCTIONS.items() if f.kind in ("math", "condition")}
EDGES = ("round(-0.5)", "round(0.5)", "round(1.005, 2)", "round(-2.675, 2)", "round(1234.5678, 3)", "round(x / 7, 15)")


@pytest.mark.parametrize("engine", ENGINES)
def test_every_function_is_spelled_as_it_is_computed(engine: str, tmp_path: Path) -> None:
    texts = [*(text for found in FORMULAS.values() for text in found), *EDGES]
    assert {name for name, f in FUNCTIONS.items() if f.is_primitive} <= FORMULAS.keys()
    metrics = "".join(f"  f{n}: {{formula: '0 * x + ({text})'}}\n" for n, text in enumerate(texts))
    tree = loads(f"outcome: f0\nmetrics:\n  x: {{value: 15}}\n{metrics}")
    question = Question(tree, {}, 1, lift=False)
    (answer,) = run_all(engine, [question.data], tmp_path)
    question.check(answer)
    expected = [value for f in FUNCTIONS.values() if f.kind in ("math", "condition") for _, value in f.examples]
    for text, value, found in zip(texts, expected, answer["rows"][0][1:], strict=False):
        assert math.isclose(found, value, rel_tol=1e-15, abs_tol=1e-16), text


@pytest.mark.parametrize("engine", ENGINES)
def test_what_has_no_value_is_marked(engine: str, tmp_path: Path) -> None:
    tree = loads(
        "outcome: e\nmetrics: {a: {value: 0}, b: {formula: 1 / a}, c: {formula: 'if(b > 1, 1, 2)'},"
        " d: {formula: 'if(a == 0, 3, 1 / a)'}, e: {formula: b ** 0 + a}}"
    )
    question = Question(tree, {}, 4, lift=False)
    (answer,) = run_all(engine, [question.data], tmp_path)
    assert answer["rows"][0] == [0.0, None, None, 3.0, None]
