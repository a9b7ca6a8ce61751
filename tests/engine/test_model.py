from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impacttree import loads
from impacttree.quantity import Intervention
from tests.engine.support import ANY_TREE, SMOOTH_TREE, Compiled, assert_values, is_close, model_of
from tests.oracles.unrolled import absolute_slope
from tests.strategies import Sketch, changes, examples, trees

VALUE = 1e-11
"""Share of a value's size (at least 1) that rounding may cost."""


def assert_run(compiled: Compiled, given_changes: dict[str, tuple[str, float, float]]) -> None:
    run = compiled.model.run(compiled.horizon, compiled.interventions(given_changes))
    assert_values(compiled, run, compiled.oracle.world(given_changes), VALUE)


# ---- values


@examples(60)
@given(ANY_TREE)
def test_values_are_those_of_the_design(sketch: Sketch) -> None:
    assert_run(Compiled(sketch), {})


@pytest.mark.slow
@examples(120)
@given(ANY_TREE, st.data())
def test_changes_wrap_the_value_without_them(sketch: Sketch, data: st.DataObject) -> None:
    assert_run(Compiled(sketch), data.draw(changes(sketch, most=3)))


@examples(30)
@given(trees(stepped=True, kinks=True), st.data())
def test_more_periods_do_not_change_the_first(sketch: Sketch, data: st.DataObject) -> None:
    compiled = Compiled(sketch)
    interventions = compiled.interventions(data.draw(changes(sketch)))
    short = compiled.model.run(compiled.horizon, interventions)
    long = compiled.model.run(compiled.horizon + 3, interventions)
    assert long.first(compiled.horizon).rows == short.rows
    assert long.horizon(compiled.horizon) == short.horizon()


@examples(40)
@given(ANY_TREE, st.data())
def test_a_change_that_changes_nothing_is_exactly_zero(sketch: Sketch, data: st.DataObject) -> None:
    compiled = Compiled(sketch)
    before = compiled.model.run(compiled.horizon)
    name = data.draw(st.sampled_from(list(sketch.metrics)))
    slot = compiled.slot(name)
    kept = compiled.model.run(compiled.horizon, {slot: Intervention("wrap")})
    assert (kept.rows, kept.horizon()) == (before.rows, before.horizon())
    if "value" in sketch.metrics[name] and "drivers" not in sketch.metrics[name]:
        today = compiled.model.run(compiled.horizon, {slot: Intervention("fix", shift=before.initial[slot])})
        assert today.horizon() == before.horizon()


def test_time_by_hand() -> None:
    text = """
    horizon: 3
    outcome: y
    metrics:
      new: {value: 10, aggregate: sum}
      stock: {start: 100, formula: prev(stock) * 0.5 + new}
      seen: {formula: "cumulative(new) + lag(stock, 2)"}
      y: {formula: baseline(stock) + seen, aggregate: sum}
    """
    run = model_of(text).run(3)
    names = ["new", "stock", "seen", "y"]
    rows = [dict(zip(names, run.at(t), strict=False)) for t in range(4)]
    assert [row["stock"] for row in rows] == [100, 60, 40, 30]
    assert [row["seen"] for row in rows] == [0 + 100, 10 + 100, 20 + 100, 30 + 60]
    assert dict(zip(names, run.horizon(), strict=False)) == {"new": 30, "stock": 30, "seen": 90, "y": 620}


def test_a_change_on_a_loop_acts_on_the_path_without_it() -> None:
    text = """
    horizon: 3
    outcome: stock
    metrics:
      stock: {start: 100, formula: prev(stock) * 0.5 + shown}
      shown: {formula: prev(stock) / 10, aggregate: last}
    """
    model = model_of(text)
    run = model.run(3, {0: Intervention("wrap", 1.1, 1.0)})
    free = [100.0, 60.0, 36.0, 21.6]
    assert [run.at(t)[0] for t in range(4)] == pytest.approx([100, *(value * 1.1 + 1 for value in free[1:])], rel=1e-15)
    assert [run.at(t)[1] for t in range(4)] == pytest.approx([10, 10, 6.7, 4.06], rel=1e-15)


def test_changes_on_two_loops_meet_whatever_the_order_of_the_file() -> None:
    # The second loop reads the first one a period later, so nothing within a period puts the first one first.
    text = """
    horizon: 4
    outcome: late
    metrics:
      late: {start: 1, formula: prev(late) * 0.5 + prev(early)}
      early: {start: 1, formula: prev(early) * 0.9 + 0.6}
    """
    model = model_of(text)
    early, late = model.graph["early"].index, model.graph["late"].index
    both = model.run(4, {late: Intervention("wrap", 1.2), early: Intervention("wrap", 1.1)})
    one = model.run(4, {early: Intervention("wrap", 1.1)})
    assert [row[late] for row in both.rows] == pytest.approx([1.2 * row[late] for row in one.rows], rel=1e-15)
    assert [row[early] for row in both.rows] == [row[early] for row in one.rows]


# ---- derivatives


@pytest.mark.slow
@examples(60)
@given(SMOOTH_TREE)
def test_gradient_is_the_difference_quotient(sketch: Sketch) -> None:
    assert_gradient(Compiled(sketch))


@pytest.mark.slow
@examples(40)
@given(st.one_of(trees(kinks=True), trees(kinks=True, jumps=True)))
def test_at_kinks_the_gradient_is_that_of_the_branch_taken(sketch: Sketch) -> None:
    assert_gradient(Compiled(sketch))


def assert_gradient(compiled: Compiled) -> None:
    gradient = compiled.model.gradient(compiled.model.run(compiled.horizon), compiled.outcome)
    oracle, outcome = compiled.oracle, compiled.sketch.outcome
    for name in compiled.sketch.metrics:
        size = absolute_slope(oracle, outcome, name)
        assert is_close(gradient[compiled.slot(name)], oracle.slope(outcome, name), size, 1e-12), name


@pytest.mark.slow
@examples(40)
@given(SMOOTH_TREE)
def test_relative_gradient_is_the_difference_quotient(sketch: Sketch) -> None:
    compiled = Compiled(sketch)
    run = compiled.model.run(compiled.horizon)
    found = compiled.model.relative_gradient(run, compiled.outcome)
    oracle, totals = compiled.oracle, run.horizon()
    for name in sketch.metrics:
        slot = compiled.slot(name)
        largest = max([abs(row[slot]) for row in run.rows] + [abs(totals[slot])])
        size = absolute_slope(oracle, sketch.outcome, name) * largest
        assert is_close(found[slot], oracle.slope(sketch.outcome, name, relative=True), size, 1e-12), name


@examples(30)
@given(st.lists(st.tuples(st.floats(0.01, 100), st.integers(-3, 3)), min_size=1, max_size=6), st.integers(1, 12))
def test_elasticities_of_a_product_are_its_exponents_and_add_up(factors: list[tuple[float, int]], horizon: int) -> None:
    inputs = "".join(f"  x{k}: {{value: {value!r}}}\n" for k, (value, _) in enumerate(factors))
    powers = " * ".join(f"x{k} ** {power}" for k, (_, power) in enumerate(factors))
    model = model_of(f"horizon: {horizon}\noutcome: y\nmetrics:\n{inputs}  y: {{formula: {powers}, aggregate: sum}}\n")
    run = model.run(horizon)
    outcome = len(factors)
    elasticities = [g / run.horizon()[outcome] for g in model.relative_gradient(run, outcome)]
    assert elasticities[:-1] == pytest.approx([power for _, power in factors], rel=1e-12, abs=1e-12)
    assert elasticities[-1] == pytest.approx(1, rel=1e-12)
    assert math.fsum(elasticities[:-1]) == pytest.approx(sum(power for _, power in factors), rel=1e-12, abs=1e-12)


def test_guards_have_value_and_derivative() -> None:
    text = """
    outcome: y
    metrics:
      a: {value: 3}
      b: {value: 0}
      safe: {formula: "if(b == 0, 0, a / b)"}
      root: {formula: "if(b > 0, sqrt(b), b * 2)"}
      level: {formula: "if(b <= 0, a, log(b))"}
      y: {formula: safe + root + level}
    """
    model = model_of(text)
    run = model.run(12)
    assert run.at(1) == [3, 0, 0, 0, 3, 3]
    gradient = model.gradient(run, model.graph["y"].index)
    assert gradient == [1, 2, 1, 1, 1, 1]


@pytest.mark.parametrize(
    ("formula", "slopes"),
    [
        ("min(a, b)", [1, 0]),
        ("max(a, b)", [1, 0]),
        ("max(b, a)", [0, 1]),
        ("abs(a - b)", [1, -1]),
        ("clip(a, b, 5)", [1, 0]),
        ("clip(a, 0, b)", [1, 0]),
        ("interpolate(a, 0, 0, 2, 2, 4, 10) + 0 * b", [1, 0]),
        ("if(a >= b, 3 * a, b)", [3, 0]),
    ],
)
def test_ties_take_the_first_operand_and_the_right_slope_of_abs(formula: str, slopes: list[float]) -> None:
    inputs = "a: {value: 2}, b: {value: 2}"
    model = model_of(f'{{outcome: y, metrics: {{{inputs}, y: {{formula: "{formula}"}}}}}}')
    assert model.gradient(model.run(12), 2)[:2] == slopes


# ---- names and order


HOSTILE = ("E", "pi", "lambda_", "N", "S", "beta", "lambda", "if", "max", "None", "True", "I", "prev", "oo", "zeta")


@pytest.mark.slow
@examples(40)
@given(ANY_TREE, st.permutations(HOSTILE), st.data())
def test_names_and_order_of_the_file_change_values_only_by_rounding(
    sketch: Sketch, hostile: list[str], data: st.DataObject
) -> None:
    new = dict(zip(sketch.metrics, hostile, strict=False))
    order = data.draw(st.permutations(list(new.values())))
    other = Compiled(sketch.renamed(new).reordered(order))
    compiled = Compiled(sketch)
    drawn = data.draw(changes(sketch, most=2))
    run = compiled.model.run(compiled.horizon, compiled.interventions(drawn))
    same = other.model.run(other.horizon, other.interventions({new[name]: change for name, change in drawn.items()}))
    before, after = run.horizon(), same.horizon()
    slopes = compiled.model.gradient(run, compiled.outcome)
    others = other.model.gradient(same, other.outcome)
    for name in sketch.metrics:
        mine, theirs = compiled.slot(name), other.slot(new[name])
        assert [row[mine] for row in run.rows] == pytest.approx(
            [row[theirs] for row in same.rows], rel=1e-12, abs=1e-12
        )
        assert before[mine] == pytest.approx(after[theirs], rel=1e-12, abs=1e-12)
        assert slopes[mine] == pytest.approx(others[theirs], rel=1e-9, abs=1e-9)


# ---- size


@pytest.fixture(scope="module")
def chain() -> str:
    links = "".join(f"  m{k}: {{formula: m{k - 1} * 1.0001 + 0.5}}\n" for k in range(1, 10_000))
    return f"outcome: m9999\nmetrics:\n  m0: {{value: 2}}\n{links}"


@pytest.fixture(scope="module")
def wide() -> str:
    inputs = "".join(f"  x{k}: {{value: {k % 7 + 1}}}\n" for k in range(10_000))
    return f"outcome: y\nmetrics:\n{inputs}  y: {{formula: {' + '.join(f'x{k} * 2' for k in range(10_000))}}}\n"


@pytest.mark.slow
def test_a_chain_of_ten_thousand(chain: str) -> None:
    tree = loads(chain)
    model = tree._subject.model
    run = model.run(12)
    value = 2.0
    for _ in range(9_999):
        value = value * 1.0001 + 0.5
    assert run.at(1)[9_999] == pytest.approx(value, rel=1e-14)
    gradient = model.gradient(run, 9_999)
    assert gradient[0] == pytest.approx(1.0001**9_999, rel=1e-11)
    worth = tree.worth("m0", "+1%")
    assert worth.total == pytest.approx(0.02 * 1.0001**9_999, rel=1e-7)
    assert [len(path.metrics) for path in worth.paths] == [10_000]
    assert worth.rest == 0


@pytest.mark.slow
def test_a_sum_of_ten_thousand(wide: str) -> None:
    tree = loads(wide)
    model = tree._subject.model
    run = model.run(12)
    assert run.at(1)[10_000] == sum(2 * (k % 7 + 1) for k in range(10_000))
    assert model.gradient(run, 10_000) == [*[2.0] * 10_000, 1.0]
    assert tree.worth("x3", "+1%").total == pytest.approx(0.08, rel=1e-9)
