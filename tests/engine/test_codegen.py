from __future__ import annotations

import io
import keyword
import math
import tokenize

import pytest
from hypothesis import given

from impacttree import loads
from impacttree.engine import codegen
from impacttree.engine.program import Program
from tests.engine.support import ANY_TREE, Compiled, is_close, model_of
from tests.oracles.unrolled import Oracle
from tests.strategies import Sketch, examples

WORDS = set(keyword.kwlist) - {"import", "lambda", "global", "exec"}
WORDS |= {"get", "tuple", "__class__", "check", "real", "inf", "slope_of_base", "slope_of_exponent"}
WORDS |= {"exp", "log", "log10", "sqrt", "pow"}
HOSTILE = ["__import__", "exec", "lambda", "eval", "EE", "import", "sys", "globals", "os"]


def written(model) -> list[str]:
    blocks, lags = model.step.blocks, model.lags
    lines = [*codegen.write_reverse(blocks, lags, changed=True), *codegen.write_branches(blocks, lags)]
    for spelling in ("real", "complex"):
        lines += codegen.write_values(blocks, lags, spelling, heeding=[block.slot for block in blocks])
        lines += codegen.write_branches(blocks, lags, spelling)
    for block in blocks:
        lines += codegen.write_partials(block, 0, lags)
    return lines


@examples(30)
@given(ANY_TREE)
def test_the_source_holds_nothing_that_a_user_wrote(sketch: Sketch) -> None:
    new = {name: HOSTILE[k] for k, name in enumerate(sketch.metrics)}
    source = "\n".join(written(Compiled(sketch.renamed(new)).model))
    for token in tokenize.generate_tokens(io.StringIO(source + "\n").readline):
        if token.type == tokenize.NAME:
            numbered = token.string[1:].replace("_", "").isdigit()
            assert token.string in WORDS or len(token.string) == 1 or numbered, token.string
        assert token.type != tokenize.STRING


@examples(40)
@given(ANY_TREE)
def test_every_spelling_computes_the_same(sketch: Sketch) -> None:
    compiled = Compiled(sketch)
    model, run = compiled.model, compiled.model.run(compiled.horizon)
    for position, row in enumerate(run.rows):
        past = run.past(position)
        for function in model.step.values({}, "complex"):
            found = [0j] * model.size
            function(found, model.base, model.parameters, past, {})
            for value, expected in zip(found, row, strict=True):
                assert is_close(value.real, expected, max(1, abs(expected)), 1e-12)
                assert value.imag == 0


@pytest.mark.slow
@examples(40)
@given(ANY_TREE)
def test_local_derivatives_are_difference_quotients(sketch: Sketch) -> None:
    compiled = Compiled(sketch)
    model, run, oracle = compiled.model, compiled.model.run(compiled.horizon), compiled.oracle
    world = oracle.world()
    rows, _ = model.partials(run, run.held)
    for position, partials in enumerate(rows):
        t = position + 1
        found: dict[tuple[int, int, int], float] = {}
        for (slot, load), partial in zip(model.step.edges, partials, strict=True):
            if slot < len(sketch.metrics):
                found[slot, load.slot, load.lag] = partial
        exact, size = slopes(oracle, compiled, t, world)
        for key, partial in found.items():
            assert is_close(partial, exact.get(key, 0), size.get(key, 0), 1e-12), key


def slopes(oracle: Oracle, compiled: Compiled, t: int, world) -> tuple[dict, dict]:
    """Return the slope of every rule by every slot it loads, and the sum of the sizes of its mentions."""
    exact: dict[tuple[int, int, int], object] = {}
    size: dict[tuple[int, int, int], object] = {}
    for name in compiled.sketch.metrics:
        for spot in oracle.reads(name):
            if spot.timing == "baseline":
                continue
            source = compiled.slot(spot.source)
            if spot.timing == "cumulative":
                source = compiled.model.accumulator[source]
            key = (compiled.slot(name), source, spot.lag)
            slope = world._slope(name, t, spot)
            exact[key] = exact.get(key, 0) + slope
            size[key] = size.get(key, 0) + abs(slope)
    return exact, size


@pytest.mark.parametrize(
    ("formula", "value", "slope"),
    [
        ("if(b == 0, 0, a / b)", 0, 0),
        ("if(b > 0, sqrt(b), a)", 5, 0),
        ("if(b > 0, log(b), 0) + b", 0, 1),
        ("if(a > 1, b, 1 / b) * 2", 0, 2),
        ("if(a > 1, if(b == 0, 3 * b, 1 / b), 1 / b)", 0, 3),
        ("max(b, 0) ** 2 + if(b > 0, b ** 0.5, 0)", 0, 0),
        ("if(b > 0, b ** -1, b) * if(b < 0, log(-b), a)", 0, 5),
    ],
)
def test_what_is_not_taken_is_not_computed(formula: str, value: float, slope: float) -> None:
    model = model_of(f'{{outcome: y, metrics: {{a: {{value: 5}}, b: {{value: 0}}, y: {{formula: "{formula}"}}}}}}')
    run = model.run(12)
    assert run.at(1)[2] == value
    assert model.gradient(run, 2)[1] == slope


def test_a_chunk_compiles_without_builtins() -> None:
    model = loads("{outcome: y, metrics: {a: {value: 2}, y: {formula: a * 3}}}")._subject.model
    (function,) = model.step.values({})
    assert function.__globals__["__builtins__"] == {}
    assert isinstance(model.step, Program)
    assert math.pow is function.__globals__["pow"]
