"""All derivatives of an outcome at once, against one evaluation, central differences and casadi."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import casadi
import numpy as np
import pytest

import impacttree as it
from impacttree.engine.compiled import CompiledProgram, Work
from impacttree.engine.compiled import interpreter as load_interpreter
from impacttree.engine.held import Held
from impacttree.engine.model import Model
from impacttree.formula import FUNCTIONS
from impacttree.formula.ast import Binary, Call, Compare, Expr, Name, Negate, Number, Parameter, fold
from impacttree.graph import build
from impacttree.spec import load_text
from tests.benchmarks import models
from tests.benchmarks.peers import STEPPED
from tests.benchmarks.ratios import crossings, medians, report


def compiled(count: int, *, money: bool = True) -> tuple[Model, int]:
    """Return a tree that stays with the pure evaluator."""
    graph = build(load_text(models.text(count, money=money)))
    model = Model(graph)
    model._work = Never()
    return model, graph.by_name[models.outcome(count)]


def one_gradient(model: Model, outcome: int) -> list[float]:
    """Evaluate, and return the derivatives with respect to every metric."""
    return model.gradient(model.simulate(1), outcome)


def central_differences(model: Model, outcome: int) -> list[float]:
    """Return the same derivatives by two evaluations for each metric, an amount being added to it."""
    slopes = []
    for slot in range(len(model.graph.metrics)):
        step = 1e-6
        ends = [model.simulate(1, Held({slot: "wrap"}, {slot: (1.0, end)})).rows[0][outcome] for end in (-step, step)]
        slopes.append((ends[1] - ends[0]) / (2 * step))
    return slopes


@pytest.mark.parametrize("count", [20, 200, 2_000])
def test_gradient_of_a_flow_against_evaluation(count: int) -> None:
    model, outcome = compiled(count)
    assert model.aggregations[outcome] == "sum"
    evaluation, gradient = medians(lambda: model.simulate(1), lambda: one_gradient(model, outcome))
    what = f"gradient by all {count:,} metrics, its evaluation included, to one evaluation"
    report(what, gradient / evaluation, "<= 6", (gradient, evaluation))
    assert len(one_gradient(model, outcome)) == count


def test_gradient_of_a_recomputed_outcome_against_evaluation() -> None:
    """Its value over the horizon takes a second evaluation, of the totals; so does its gradient take a second pass."""
    model, outcome = compiled(2_000, money=False)
    assert model.aggregations[outcome] == "recompute"
    evaluation, gradient = medians(lambda: model.simulate(1).horizon(), lambda: one_gradient(model, outcome))
    report("  the same, 2,000 metrics, outcome recomputed", gradient / evaluation, "<= 6", (gradient, evaluation))
    assert len(one_gradient(model, outcome)) == 2_000


@pytest.mark.parametrize("evaluator", ["compiled", "pure"])
def test_gradient_through_time_against_a_projection(evaluator: str) -> None:
    """By all inputs one reverse pass does; each metric on a loop through time, four here, takes one more."""
    model = Model(build(load_text(STEPPED)))
    if evaluator == "pure":
        model._work = Never()
    else:
        pytest.importorskip("numba")
        model.expect(10**9, 1)
    outcome = model.graph.by_name["profit"]
    projection, inputs, metrics = medians(
        lambda: model.simulate(36).horizon(),
        lambda: model.adjoints(model.simulate(36), outcome).all_held(),
        lambda: model.gradient(model.simulate(36), outcome),
        repetitions=41,
    )
    what = f"gradient over 36 periods by all inputs to one projection, {evaluator}"
    report(what, inputs / projection, "<= 6", (inputs, projection))
    what = "  the same by all twenty metrics, four of them on a loop through time"
    report(what, metrics / projection, "", (metrics, projection))


def test_gradient_against_central_differences() -> None:
    model, outcome = compiled(2_000)
    gradient = one_gradient(model, outcome)
    np.testing.assert_allclose(gradient, central_differences(model, outcome), rtol=1e-4, atol=1e-6)
    slow, quick = medians(
        lambda: central_differences(model, outcome), lambda: one_gradient(model, outcome), repetitions=3
    )
    report("central differences to the gradient, 2,000 metrics", slow / quick, ">= 100", (slow, quick))


@pytest.mark.parametrize("count", [20, 200, 2_000])
def test_gradient_against_casadi(count: int) -> None:
    model, outcome = compiled(count)
    peer = CasadiPeer(model, outcome)
    np.testing.assert_allclose(peer.value(), model.simulate(1).rows[0][outcome], rtol=1e-12)
    np.testing.assert_allclose(peer.gradient(), one_gradient(model, outcome), rtol=1e-9, atol=1e-12)
    ours, theirs = medians(lambda: model.simulate(1), peer.value)
    report(f"evaluation to that of casadi, {count:,} metrics", ours / theirs, "", (ours, theirs))
    ours, theirs = medians(lambda: one_gradient(model, outcome), peer.gradient)
    report(f"gradient to that of casadi, {count:,} metrics", ours / theirs, "", (ours, theirs))


@pytest.mark.parametrize(
    ("count", "values", "slopes"), [(20, 1.4, 1.3), (200, 0.8, 0.6), (2_000, 0.8, 0.6), (20_000, 0.9, 0.6)]
)
def test_compiled_against_casadi(count: int, values: float, slopes: float) -> None:
    """One call each, on memory that is there already."""
    pytest.importorskip("numba")
    model, outcome = compiled(count)
    peer, ours = CasadiPeer(model, outcome), InterpreterPeer(model, outcome)
    assert ours.value() == model.simulate(1).rows[0][outcome]
    np.testing.assert_allclose(ours.gradient(), peer.gradient(), rtol=1e-9, atol=1e-12)
    for what, target, mine, theirs in (
        ("values", values, ours.value, peer.value),
        ("gradient", slopes, ours.gradient, peer.gradient),
    ):
        seconds = medians(mine, theirs, repetitions=41)
        line = f"compiled {what} to {'those' if what == 'values' else 'that'} of casadi, {count:,} metrics"
        report(line, seconds[0] / seconds[1], f"<= {target}", seconds)


def test_sensitivity_compiled_against_pure() -> None:
    pytest.importorskip("numba")
    quick, pure = (it.loads(models.text(2_000)) for _ in range(2))
    quick._subject.model.expect(10**9, 1)
    pure._subject.model._work = Never()
    assert quick.sensitivity().to_dicts() == pure.sensitivity().to_dicts()
    slow, fast = medians(pure.sensitivity, quick.sensitivity, repetitions=3)
    report("sensitivity by the pure evaluator to the compiled one, 2,000 metrics", slow / fast, ">= 15", (slow, fast))


VERIFY_RATIO = 2400.0
"""What `verify` of 2,000 metrics took when its target was set, by processor time on a busy machine.

The aim is that divided by 6.
"""


def test_verify_against_counting_crossings() -> None:
    """Of a tree just loaded; both are plain Python, so what numba adds does not show here."""
    text = models.text(2_000)
    ours, load, plain = medians(lambda: it.loads(text).verify(), lambda: it.loads(text), crossings, repetitions=5)
    report(
        "verify, 2,000 metrics, to counting crossings of 250 lines",
        (ours - load) / plain,
        f"<= {VERIFY_RATIO / 6:.0f}",
        (ours - load, plain),
    )


class Never(Work):
    """Work that compiled code never repays."""

    def repays(self, blocks: int) -> bool:
        return False


class InterpreterPeer:
    """The compiled evaluator on fixed memory, as `buffered` has it of casadi."""

    def __init__(self, model: Model, outcome: int) -> None:
        interpreter = load_interpreter()
        assert interpreter is not None
        program = CompiledProgram(interpreter, model.step, model.size, model.parameters, model.base)
        code, registers = program.code, program.registers()
        registers[outcome - model.size] = 1.0
        shown, slopes = registers[outcome : outcome + 1], registers[model.size : 2 * model.size]

        def value(evaluate: Any = interpreter.evaluate) -> Any:
            assert evaluate(code, registers)
            return shown

        def gradient(differentiate: Any = interpreter.differentiate) -> Any:
            differentiate(code, registers, False)
            return slopes

        self.value, self.gradient = value, gradient


class CasadiPeer:
    """The same outcome as a function of an amount added to each metric, by casadi's scalar graph, without copies."""

    def __init__(self, model: Model, outcome: int) -> None:
        metrics = model.graph.metrics
        added = casadi.SX.sym("a", len(metrics))
        values: dict[str, Any] = {}
        for slot in model.graph.order:
            values[metrics[slot].name] = translated(metrics[slot].rule, values, model) + added[slot]
        shown = values[metrics[outcome].name]
        point = np.zeros(len(metrics))
        self.value = buffered(casadi.Function("f", [added], [shown]), point, 1)
        slopes = casadi.gradient(shown, added)
        self.gradient = buffered(casadi.Function("g", [added], [shown, slopes]), point, len(metrics))


def buffered(function: Any, point: Any, size: int) -> Callable[[], Any]:
    """Return a call of `function` that reads and writes fixed memory: casadi at its quickest, without conversions."""
    result = np.empty(size)
    buffer, call = function.buffer()
    buffer.set_arg(0, memoryview(point))
    buffer.set_res(function.n_out() - 1, memoryview(result))

    def evaluate(_alive: object = (function, buffer, point)) -> Any:
        call()
        return result

    return evaluate


def translated(rule: Expr, values: dict[str, Any], model: Model) -> Any:
    """Return a rule as a casadi expression."""

    def visit(node: Expr, below: Sequence[Any]) -> Any:
        match node:
            case Number() | Parameter():
                return node.value
            case Name():
                return values.get(node.name)
            case Negate():
                return -below[0]
            case Binary() | Compare():
                return OPERATORS[node.op](*below)
            case Call(function="baseline", arguments=(Name() as metric,)):
                return model.base[model.graph.by_name[metric.name]]
            case Call():
                assert FUNCTIONS[node.function].kind == "math"
                return CALLS[node.function](*below)

    return fold(rule, visit)


OPERATORS: dict[str, Any] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: a**b,
}
CALLS: dict[str, Any] = {"sqrt": casadi.sqrt, "max": casadi.fmax}
