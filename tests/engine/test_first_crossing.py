"""Where something first happens, against closed forms; the grid's own limits are said here as well."""

from __future__ import annotations

import math

import pytest

from impacttree.engine.first_crossing import Lever, first_crossings, grid_steps
from impacttree.engine.model import Model
from impacttree.graph import build
from impacttree.spec import load_text


def found(formula, limit, ends, value=1.0, kind="add", horizon=1, further=""):
    """Return where `y` falls below a limit as `x` is moved down and up: the amount, or whether values end."""
    text = f"horizon: {horizon}\nmetrics: {{x: {{value: {value}}}, {further} y: {{formula: '{formula}'}}}}"
    model = Model(build(load_text(text)))
    x, y = model.graph.by_name["x"], model.graph.by_name["y"]
    crossings = first_crossings(
        model, horizon, [Lever(x, kind, ends)], lambda batch: batch.lows[y] - limit, extremes=[y], paths=[y]
    )
    return list(crossings)


@pytest.mark.parametrize(
    ("formula", "limit", "side", "exact"),
    [
        ("3 / x", 2.0, 1, 0.5),
        ("3 / x - x", 1.0, 1, (math.sqrt(13) - 3) / 2),
        ("exp(x)", 1.0 + 1e-6, -1, math.log1p(1e-6) - 1),
        ("1 - max(0, x - 4)", 0.0, 1, 4.0),
        ("if(x > 4, 0, 1)", 0.5, 1, 3.0),
        ("10 - x ** 2", 9 - 1e-9, 1, math.sqrt(1 + 1e-9) - 1),
    ],
)
def test_the_amount_is_exact(formula, limit, side, exact):
    down, up = found(formula, limit, (-1.0, 20.0))
    crossing, other = (up, down) if side > 0 else (down, up)
    assert crossing.side == side
    assert crossing.holds == pytest.approx(exact, rel=1e-10 if abs(exact) > 1e-3 else 1e-6)
    assert crossing.happens == pytest.approx(crossing.holds, rel=1e-11, abs=1e-14)
    assert crossing.holds <= crossing.happens if side > 0 else crossing.happens <= crossing.holds
    assert other.happens is None


def test_the_first_of_several_crossings_is_found():
    """Positive up to 3, negative up to 4, positive up to 6 and negative from there."""
    _, up = found("(3 - x) * (4 - x) * (6 - x)", 0.0, (-1.0, 20.0))
    assert up.holds == pytest.approx(2.0, rel=1e-11)


def test_what_is_undone_within_a_step_of_the_grid_is_not_seen():
    _, up = found("abs(x - 8)", 1e-6, (-1.0, 20.0))
    assert up.happens is None


def test_values_that_end_are_told_from_what_is_looked_for():
    down, up = found("2 + log(x)", -1e6, (-5.0, 20.0))
    assert (down.happens, down.is_fault, up.happens, up.is_fault) == (None, True, None, False)
    assert down.holds == pytest.approx(-1.0, rel=1e-10)
    assert up.holds == 20.0
    assert down.paths == up.paths == {}


def test_ratios_multiply_the_path_and_paths_are_those_where_it_happens():
    grows = "s: {start: 10, formula: prev(s) + 1},"
    text = f"horizon: 4\nmetrics: {{{grows} y: {{formula: 100 - 2 * s}}}}"
    model = Model(build(load_text(text)))
    s, y = model.graph.by_name["s"], model.graph.by_name["y"]
    lever = Lever(s, "multiply", (-1.0, 10.0))
    down, up = first_crossings(model, 4, [lever], lambda batch: batch.lows[y] - 50, extremes=[y], paths=[y, s])
    assert down.happens is None
    assert up.happens == pytest.approx(25 / 14 - 1)
    assert up.paths[s] == pytest.approx([(11 + t) * 25 / 14 for t in range(4)])
    assert up.paths[y][-1] == pytest.approx(50)


def test_levers_of_one_loop_are_each_moved_alone():
    text = """
    horizon: 3
    metrics:
      a: {start: 1, formula: 0.5 * prev(b) + 1}
      b: {start: 1, formula: 0.5 * prev(a) + 1}
      y: {formula: a + b}
    """
    model = Model(build(load_text(text)))
    a, b, y = (model.graph.by_name[name] for name in "aby")
    levers = [Lever(slot, "multiply", (-1.0, 10.0)) for slot in (a, b)]
    crossings = list(first_crossings(model, 3, levers, lambda c: 5 - c.highs[y], extremes=[y], paths=[]))
    alone = [list(first_crossings(model, 3, [one], lambda c: 5 - c.highs[y], extremes=[y], paths=[])) for one in levers]
    assert [c.happens for c in crossings] == [c.happens for pair in alone for c in pair]
    assert crossings[1].happens == pytest.approx(crossings[3].happens)


def test_many_levers_are_found_in_groups():
    count = 300
    inputs = ", ".join(f"x{k}: {{value: {k + 1}}}" for k in range(count))
    sums = " + ".join(f"x{k}" for k in range(count))
    model = Model(build(load_text(f"metrics: {{{inputs}, y: {{formula: {sums}}}}}")))
    y = model.graph.by_name["y"]
    limit = count * (count + 1) / 2 + 0.5
    levers = [Lever(model.graph.by_name[f"x{k}"], "add", (-k - 1.0, 10.0 * (k + 1))) for k in range(count)]
    crossings = list(first_crossings(model, 1, levers, lambda b: limit - b.highs[y], extremes=[y], paths=[], steps=16))
    assert [c.lever for c in crossings[1::2]] == levers
    assert [c.happens for c in crossings[::2]] == [None] * count
    assert [c.happens for c in crossings[1::2]] == pytest.approx([0.5] * count)


def test_a_side_without_room_is_not_searched():
    down, up = found("1 / x", 0.5, (0.0, 20.0))
    assert (down.happens, down.holds) == (None, 0.0)
    assert up.happens == pytest.approx(1.0)


def test_large_trees_take_fewer_steps():
    assert grid_steps(30, 12, 20) == 64
    assert grid_steps(2_000, 12, 1_000) == 20
    assert grid_steps(10_000, 60, 5_000) == 16
