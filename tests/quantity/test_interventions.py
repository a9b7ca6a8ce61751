from __future__ import annotations

import pickle
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impacttree.quantity import (
    Intervention,
    Recipe,
    Weights,
    relative,
)
from tests.strategies import examples, weightings


def test_a_recipe_takes_a_number_for_each_change() -> None:
    assert Recipe(()).effect([]) == (1.0, 0.0)
    with pytest.raises(ValueError, match="shorter"):
        Recipe((relative("1% (0.5% to 2%)"),)).effect([])


STEPS = st.builds(
    lambda kind, scale, shift, weights: Intervention("wrap" if weights else kind, scale, shift, weights),
    st.sampled_from(["wrap", "fix"]), st.integers(-3, 3), st.integers(-9, 9), st.none() | weightings(6),
)  # fmt: skip


@examples(100)
@given(st.lists(STEPS, min_size=1, max_size=6), st.integers(1, 9), st.integers(-5, 5))
def test_what_is_done_in_steps_is_each_step_after_the_other_however_they_are_joined(
    steps: list[Intervention], t: int, value: int
) -> None:
    shown = float(value)
    for step in steps:
        if step.kind == "fix":
            shown = step.shift
        else:
            share = 1.0 if step.weights is None else step.weights.at(t)
            shown += share * ((step.scale - 1) * shown + step.shift)
    left, right = reduce(Intervention.then, steps), reduce(lambda done, step: step.then(done), reversed(steps))
    for done in (left, right):
        assert done.at(t).apply(float(value)) == pytest.approx(shown, rel=1e-12, abs=1e-9)
        assert done.mapped(float).at(t) == done.at(t)


def test_thousands_of_steps_need_no_recursion() -> None:
    steps = 3_000
    done = Recipe((relative(0.001),) * steps, (Weights(start=2),) * steps).intervention()
    assert done.at(1).apply(5.0) == 5.0
    assert done.at(2).apply(5.0) == pytest.approx(5 * 1.001**steps)
    again = pickle.loads(pickle.dumps(done.mapped(float)))
    assert again == done
