from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impacttree import template
from impacttree.engine.derivative_checks import complex_step, symbolic_chain
from impacttree.engine.model import Model
from tests.engine.support import ANY_TREE, Compiled, is_close
from tests.oracles.unrolled import absolute_slope
from tests.strategies import Sketch, examples, trees


@pytest.mark.slow
@examples(40)
@given(ANY_TREE)
def test_complex_step_is_the_difference_quotient(sketch: Sketch) -> None:
    compiled = Compiled(sketch)
    run, oracle = compiled.model.run(compiled.horizon), compiled.oracle
    for name in sketch.metrics:
        found = complex_step(compiled.model, run, compiled.slot(name), compiled.outcome)
        size = absolute_slope(oracle, sketch.outcome, name)
        assert is_close(found, oracle.slope(sketch.outcome, name), size, 1e-12), name


@examples(15)
@given(st.one_of(trees(most=6, horizon=3), trees(most=6, horizon=3, kinks=True, jumps=True)))
def test_all_four_derivatives_agree(sketch: Sketch) -> None:
    """Promise 4: reverse sweep, complex step, sympy and the difference quotient, to 1e-12 of the absolute paths."""
    compiled = Compiled(sketch)
    model, run, oracle = compiled.model, compiled.model.run(compiled.horizon), compiled.oracle
    chain = symbolic_chain(model, run, compiled.outcome)
    reverse = model.gradient(run, compiled.outcome)
    for name in sketch.metrics:
        slot = compiled.slot(name)
        symbolic, through = chain[slot]
        size = absolute_slope(oracle, sketch.outcome, name)
        exact = oracle.slope(sketch.outcome, name)
        assert through <= size * (1 + 1e-9)
        for found in (reverse[slot], complex_step(model, run, slot, compiled.outcome), symbolic):
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
