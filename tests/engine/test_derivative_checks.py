from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impacttree import loads, template
from impacttree.engine import derivative_checks
from impacttree.engine.derivative_checks import complex_steps, symbolic_chain
from impacttree.engine.model import Model
from impacttree.engine.symbolic import Closed
from tests.engine.support import ANY_TREE, Compiled, is_close
from tests.oracles.unrolled import absolute_slope
from tests.strategies import Sketch, examples, trees


@pytest.mark.slow
@examples(40)
@given(ANY_TREE)
def test_complex_step_is_the_difference_quotient(sketch: Sketch) -> None:
    compiled = Compiled(sketch)
    run, oracle = compiled.model.run(compiled.horizon), compiled.oracle
    slots = [compiled.slot(name) for name in sketch.metrics]
    stepped = complex_steps(compiled.model, run, slots, compiled.outcome)
    for name, found in zip(sketch.metrics, stepped, strict=True):
        size = absolute_slope(oracle, sketch.outcome, name)
        assert is_close(found, oracle.slope(sketch.outcome, name), size, 1e-12), name


@pytest.mark.slow
@examples(15)
@given(st.one_of(trees(most=6, horizon=3), trees(most=6, horizon=3, kinks=True, jumps=True)))
def test_all_four_derivatives_agree(sketch: Sketch) -> None:
    """Promise 4: reverse sweep, complex step, sympy and the difference quotient, to 1e-12 of the absolute paths."""
    compiled = Compiled(sketch)
    model, run, oracle = compiled.model, compiled.model.run(compiled.horizon), compiled.oracle
    chain = symbolic_chain(Closed(model.graph), model, run, compiled.outcome)
    reverse = model.gradient(run, compiled.outcome)
    slots = [compiled.slot(name) for name in sketch.metrics]
    stepped = complex_steps(model, run, slots, compiled.outcome)
    for name, slot, by_step in zip(sketch.metrics, slots, stepped, strict=True):
        symbolic, through = chain[slot]
        size = absolute_slope(oracle, sketch.outcome, name)
        exact = oracle.slope(sketch.outcome, name)
        assert through <= size * (1 + 1e-9)
        for found in (reverse[slot], by_step, symbolic):
            assert is_close(found, exact, size, 1e-12), name
    assert compiled.tree.verify().agrees


@pytest.mark.parametrize("name", ["saas", "internal", "duolingo"])
def test_the_templates_verify_on_every_outcome(name: str) -> None:
    tree = template(name)
    for outcome in dict.fromkeys((tree.outcome, *tree.spec.outcomes)):
        verification = tree.verify(outcome)
        assert verification.agrees
        assert verification.worst <= 1e-12


def test_a_wrong_gradient_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    gradient = Model.gradient

    def off(self: Model, run: object, outcome: int) -> list[float]:
        slopes = gradient(self, run, outcome)
        return [slopes[0] * (1 + 1e-8), *slopes[1:]]

    tree = template("duolingo")
    monkeypatch.setattr(Model, "gradient", off)
    verification = tree.verify()
    assert not verification.agrees
    assert verification.worst == pytest.approx(1e-8, rel=0.5)
    assert "DISAGREE" in str(verification)


@examples(15)
@given(ANY_TREE)
def test_complex_points_together_are_those_one_by_one(sketch: Sketch) -> None:
    compiled = Compiled(sketch)
    model, run = compiled.model, compiled.model.run(compiled.horizon)
    slots = [compiled.slot(name) for name in sketch.metrics]
    together = complex_steps(model, run, slots, compiled.outcome)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(derivative_checks, "MOST_COLUMNS", 2)
        assert complex_steps(model, run, slots, compiled.outcome) == pytest.approx(together, rel=1e-13, abs=1e-300)
    for slot, found in zip(slots, together, strict=True):
        assert complex_steps(model, run, [slot], compiled.outcome) == pytest.approx([found], rel=1e-13, abs=1e-300)


def test_sides_that_are_not_taken_and_powers_of_zero_have_no_say() -> None:
    tree = loads("""
outcome: all
metrics:
  z: {value: 0}
  a: {value: 2}
  power: {formula: z ** a}
  side: {formula: "if(z == 0, a, a / z) + if(a > 1, 3 * a, log(z))"}
  step: {formula: "floor(a * 1.6) + round(a / 3, 1)"}
  all: {formula: power + side + step}
""")
    model = tree._subject.model
    assert complex_steps(model, model.run(1), [0, 1], 5) == [0.0, 4.0]
    assert tree.verify().agrees
