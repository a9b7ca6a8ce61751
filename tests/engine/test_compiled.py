"""The compiled evaluator against the pure one: the same bits, the same faults, the same decisions."""

from __future__ import annotations

import math
import os
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import impacttree as it
from impacttree.engine import compiled as program
from impacttree.engine import flat
from impacttree.engine.horizon import HORIZONS, HorizonRule, run_rates
from impacttree.engine.model import Model
from impacttree.errors import EvaluationError
from impacttree.graph import Graph, build
from impacttree.graph.model import Aggregation
from impacttree.quantity import Intervention, Weights
from impacttree.spec import load_text
from impacttree.templates import names
from tests.engine.support import ANY_TREE, Compiled
from tests.strategies import Sketch, changes, examples, trees

pytest.importorskip("numba")

EXAMPLE = """
horizon: 4
outcome: left
metrics:
  a: {value: 2}
  b: {value: 3}
  c: {formula: "a * 0.5 + b * 0.25 - a * b"}
  d: {formula: "if(a < b and not c > 5, log(a) + sqrt(b), exp(c))"}
  e: {formula: "round(a * 10.7, 1) + floor(c) + ceil(d) + log10(b) + sin(a) * cos(b)"}
  f: {formula: "max(c, d, 1) ** 2 + min(a, b) ** c + (a + b) ** (a / b)"}
  g: {formula: "prev(f) * 0.1 + lag(e, 3) + cumulative(d) + baseline(c) - d"}
  left: {formula: "interpolate(g, 0, 0, 1, 5, 20, 7) - abs(c) * e * e / f"}
"""


def bits(*rows: list[float]) -> list[bytes]:
    """Return the bits of numbers; the two zeros are one."""
    return [struct.pack("d", value + 0.0) for row in rows for value in row]


def ready(graph: Graph) -> Model:
    """Return a model that uses the compiled evaluator at once."""
    model = Model(graph)
    model.expect(10**9, 1)
    return model


def answers(model: Model, interventions: Mapping[int, Intervention], periods: int) -> list[object]:
    """Return all that a model computes, to the bit; the fault where there is one."""
    outcome = model.graph.by_name[model.graph.outcome]
    try:
        run = model.run(periods, interventions)
        totals = run.horizon()
    except EvaluationError as error:
        return [str(error)]
    partials, horizon = model.partials(run, run.held)
    return [
        bits(*run.rows, totals),
        bits(model.gradient(run, outcome), model.relative_gradient(run, outcome)),
        bits(*partials, horizon),
        [(position, dict(taken)) for position, taken in model.decisions(run)],
    ]


def agree(graph: Graph, interventions: Mapping[int, Intervention], periods: int) -> None:
    """Hold the two to each other, over all periods, over the later ones, and at the pace of the last one."""
    for since in {1, (periods + 1) // 2}:
        agree_on(Model(graph).counting(since), ready(graph).counting(since), interventions, periods)
    agree_on(Model(graph).taking(run_rates(12.0)), ready(graph).taking(run_rates(12.0)), interventions, periods)


def agree_on(pure: Model, quick: Model, interventions: Mapping[int, Intervention], periods: int) -> None:
    expected, found = answers(pure, interventions, periods), answers(quick, interventions, periods)
    assert found == expected
    outcome = pure.graph.by_name[pure.graph.outcome]
    total = quick.total(periods, interventions, outcome)
    if total is not None:
        assert bits([total]) == bits([pure.run(periods, interventions).horizon()[outcome]])


def template(name: str) -> Graph:
    """Return a template without what has no value in it."""
    tree = it.template(name)  # type: ignore[arg-type]  # any of the names
    return tree.subtree(*(metric.name for metric in tree.metrics if metric.today is not None))._graph


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_templates_to_the_bit_under_every_change_of_one_metric(name: str) -> None:
    graph = template(name)
    agree(graph, {}, 12)
    for metric in graph.metrics:
        for change in (Intervention("wrap", 1.01), Intervention("fix", shift=1.0), Intervention("wrap", -1.0, 3.0)):
            agree(graph, {metric.index: change}, 3)


@pytest.mark.slow
def test_every_operation_to_the_bit() -> None:
    graph = build(load_text(EXAMPLE))
    a, b = graph.by_name["a"], graph.by_name["b"]
    for first in (-3.0, -0.5, 0.0, 0.7, 2.0, 3.0, 40.0):
        for second in (-2.0, 0.0, 1e-3, 3.0, 7.5):
            agree(graph, {a: Intervention("fix", shift=first), b: Intervention("fix", shift=second)}, 5)
    for metric in graph.metrics:
        agree(graph, {metric.index: Intervention("wrap", 1.1, 0.1), a: Intervention("wrap", 0.9)}, 5)


def test_a_fault_is_told_as_by_the_pure_evaluator() -> None:
    graph = build(load_text("outcome: c\nmetrics: {a: {value: 2}, b: {formula: 1 / (1 - 1 / a)}, c: {formula: b + 3}}"))
    a = graph.by_name["a"]
    for value in (1.0, 0.0, 1e-320, -1e308):
        agree(graph, {a: Intervention("fix", shift=value)}, 1)


def together(
    graph: Graph,
    interventions: Mapping[int, Intervention],
    slots: Sequence[int],
    rules: Mapping[Aggregation, HorizonRule] = HORIZONS,
) -> int:
    """Hold totals that are computed together to those of the pure evaluator; return how many have a value."""
    pure, quick, count = Model(graph, rules), ready(graph).taking(rules), 0
    moves = (Intervention("wrap", 0.5), Intervention("wrap", -1.0, 0.1), Intervention("fix", shift=0.0))
    each = [{}, interventions]
    each += [{**interventions, metric.index: move} for metric in graph.metrics for move in moves]
    for slot in slots:
        for changed, found in zip(each, quick.totals((2, 7), each, slot), strict=True):
            alone = [quick.total(periods, changed, slot) for periods in (2, 7)]
            assert (found is None) == (None in alone)
            if found is not None:
                count += 1
                assert bits([*found]) == bits([pure.run(periods, changed).horizon()[slot] for periods in (2, 7)])
    return count


def test_totals_of_many_changes_are_those_of_each() -> None:
    """Among them ones after which a later one would find infinite numbers, if it were not computed anew."""
    graph = build(
        load_text("""
outcome: f
metrics:
  a: {value: 2}
  b: {value: 3 $/month}
  c: {formula: "if(a == 0, 1, 1 / (a * a) ** 200)"}
  d: {formula: "b * (1 + c)"}
  e: {formula: "max(d, b) / a"}
  f: {formula: "if(a < 1, b / (a - 0.1), e - d) * 2"}
""")
    )
    assert together(graph, {}, range(6)) > 60
    assert together(graph, {0: Intervention("wrap", 1.0, 1e-5), 3: Intervention("wrap", 1.5)}, range(6)) > 60


def test_totals_of_periods_that_differ_are_left_to_runs() -> None:
    graph, timed = template("saas"), Intervention("wrap", 1.1, weights=Weights(start=3))
    assert ready(graph).totals((12,), [{}, {0: Intervention("wrap", 1.1)}], 0) == [None, None]
    static = build(load_text("outcome: b\nmetrics: {a: {value: 2}, b: {formula: a * 2}}"))
    assert ready(static).totals((12,), [{0: timed}], 1) == [None]


@examples(25)
@given(trees(stepped=False, kinks=True, jumps=True), st.data())
def test_totals_of_random_trees_together_are_those_of_each(sketch: Sketch, data: st.DataObject) -> None:
    tree = Compiled(sketch)
    done = tree.interventions(data.draw(changes(sketch, most=2)))
    for rules in (HORIZONS, run_rates(12.0)):
        together(tree.model.graph, done, [tree.outcome], rules)


def check(sketch: Sketch, data: st.DataObject) -> None:
    tree = Compiled(sketch)
    interventions = tree.interventions(data.draw(changes(sketch, most=2)))
    agree(tree.model.graph, interventions, sketch.horizon)


@pytest.mark.slow
@examples(30)
@given(ANY_TREE, st.data())
def test_random_trees_to_the_bit(sketch: Sketch, data: st.DataObject) -> None:
    check(sketch, data)


@pytest.mark.slow
@examples(1_000)
@given(ANY_TREE, st.data())
def test_a_thousand_random_trees_to_the_bit(sketch: Sketch, data: st.DataObject) -> None:
    check(sketch, data)


@pytest.mark.slow
def test_compiled_code_is_loaded_only_where_the_work_repays_it() -> None:
    code = """
import sys
import impacttree as it
tree = it.template("saas").subtree("profit")
tree.worth("engagement", "+1%", range=False)
tree.sensitivity()
print("numba" in sys.modules)
tree._subject.model.expect(10**9, 12)
tree.sensitivity()
print("numba" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["False", "True"]


@pytest.mark.slow
def test_of_processes_that_start_together_one_compiles_and_all_agree(tmp_path: Path) -> None:
    code = """
import sys
from impacttree.engine.compiled import interpreter
from tests.engine.test_compiled import EXAMPLE, answers, build, load_text, ready
found = interpreter()
kept = [one.stats for one in found.DISPATCHERS]
print(sum(len(one.cache_misses) for one in kept), sum(len(one.cache_hits) for one in kept), len(kept))
print(answers(ready(build(load_text(EXAMPLE))), {}, 5)[:3])
"""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    started = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment)
        for _ in range(2)
    ]
    told = [process.communicate()[0].splitlines() for process in started]
    assert [process.returncode for process in started] == [0, 0]
    count = told[0][0].split()[2]
    assert sorted(lines[0] for lines in told) == [f"0 {count} {count}", f"{count} 0 {count}"]
    assert told[0][1] == told[1][1] == str(answers(Model(build(load_text(EXAMPLE))), {}, 5)[:3])
    assert {path.suffixes[-2] for path in tmp_path.rglob("*.nbc")} == {".1"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("from numba.core import config; config.CACHE_LOCATOR_CLASSES = 'ZipCacheLocator'", "None"),
        (
            "from impacttree.engine import flat; flat.CODES = {**flat.CODES, 'new': 99}",
            "ImportError: the operations of",
        ),
    ],
)
def test_compiled_code_that_cannot_be_kept_or_is_not_of_these_operations_is_not_used(before: str, after: str) -> None:
    code = f"{before}\nfrom impacttree.engine.compiled import interpreter\nprint(interpreter())"
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert after in (done.stdout + done.stderr).splitlines()[-1]


def test_arrays_that_do_not_go_together_never_reach_compiled_code() -> None:
    """It does not look where it reads and writes."""
    np = pytest.importorskip("numpy")
    model = ready(build(load_text(EXAMPLE)))
    pair, run = model._pair, model.run(5)
    assert pair is not None
    assert run.stepped is not None
    step, own = pair.step, run.stepped
    held, whole = step.changes({0: "fix"}, [{0: 1.0}] * 5), step.changes({}, [{}] * 5)
    rows, four = np.zeros((5, model.size)), step.changes({0: "fix"}, [{0: 1.0}] * 4)
    step.carry_back(own, (), rows.copy(), held)
    part = ready(build(load_text(EXAMPLE))).cut({0})
    assert part._pair is not None
    for call in (
        lambda: step.carry_back(own, (), rows[:4].copy(), whole),
        lambda: step.carry_back(own, (), rows[:, 1:].copy(), whole),
        lambda: step.carry_back(own, (), rows.copy(), four),
        lambda: step.carry_back(own, [[1.0]] * 5, rows.copy(), whole),
        lambda: part._pair.step.carry_back(own, (), rows.copy(), whole),
        lambda: step.run(5, (), four),
        lambda: step.run(5, [[1.0]] * 5, whole),
        lambda: step.local_slopes(rows, [[1.0]] * 5),
        lambda: step.local_slopes(rows[:, 1:].copy(), ()),
        lambda: step.local_slopes(np.asfortranarray(rows), ()),
        lambda: step.local_slopes(rows.astype(int), ()),
        lambda: step.carry_back(own, (), np.zeros((10, model.size))[::2], whole),
        lambda: step.decisions(rows[:, 1:].copy(), (), 0),
        lambda: pair.recomputed.each([{}], rows.copy()),
    ):
        with pytest.raises(ValueError, match=r"are needed|another program"):
            call()


def test_a_part_of_a_tree_takes_the_values_of_a_run_of_all_of_it_and_not_its_registers() -> None:
    graph = build(load_text(EXAMPLE))
    for slot in range(len(graph.metrics)):
        found, exact = (model.cut({slot}).gradient(model.run(5), slot) for model in (ready(graph), Model(graph)))
        assert bits(found) == bits(exact)


def test_without_numba_answers_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = template("saas")
    monkeypatch.setattr(program, "find_spec", lambda _: None)
    model = ready(graph)
    run = model.run(12)
    assert run.stepped is None
    assert model.total(12, {}, graph.by_name[graph.outcome]) is None
    assert bits(*run.rows) == bits(*Model(graph).run(12).rows)


def test_a_function_that_the_interpreter_has_not_is_left_to_the_pure_evaluator(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = build(load_text("outcome: b\nmetrics: {a: {value: 2}, b: {formula: exp(a)}}"))
    known = {name: code for name, code in flat.CODES.items() if name != "exp"}
    monkeypatch.setattr(flat, "CODES", known)
    run = ready(graph).run(1)
    assert run.stepped is None
    assert run.rows[0][1] == math.exp(2)
