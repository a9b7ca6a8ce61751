"""Many rows at once against one row at a time: plain recursion over the syntax tree, and the scalar engine."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from impacttree.engine import vector
from impacttree.engine.model import Model
from impacttree.engine.program import array_function
from impacttree.engine.vector import evaluate_many
from impacttree.errors import EvaluationError, QuestionError
from impacttree.formula import FUNCTIONS
from impacttree.formula.ast import Binary, Call, Compare, Name, Negate, Number, Parameter
from impacttree.graph import build
from impacttree.quantity import Intervention
from impacttree.spec import load_text
from tests.benchmarks.peers import ADDRESSES, TREE
from tests.engine.support import ANY_TREE, Compiled
from tests.strategies import changes, examples

NAN = math.nan


def compiled(metrics, horizon=3):
    """Compile the lines of a file's metrics; the last one is the outcome."""
    outcome = metrics[-1].partition(":")[0]
    listed = "\n".join(f"  {line}" for line in metrics)
    return Model(build(load_text(f"horizon: {horizon}\noutcome: {outcome}\nmetrics:\n{listed}")))


def slots(model, *names):
    return [model.graph.by_name[name] for name in names]


class Plain:
    """One row, worked out by recursion over the formulas: (value, whether the metric's own rule failed)."""

    def __init__(self, model, parameters, changes, periods, cut=()):
        self.model, self.graph, self.parameters, self.changes = model, model.graph, parameters, changes
        self.periods, self.cut = periods, cut
        self.known, self.faulty = {}, set()

    def without(self, name):
        if not hasattr(self, "other"):
            changes = {other: change for other, change in self.changes.items() if other != name}
            self.other = Plain(self.model, self.parameters, changes, self.periods)
            self.other.everything()
        return self.other

    def everything(self):
        for metric in self.graph.metrics:
            for t in range(self.periods + 1):
                self.at(metric.name, t)
            self.horizon(metric.name)

    def settled(self, name, value, own, t):
        kind, scale, shift = self.changes.get(name, ("", 1.0, 0.0)) if t else ("", 1.0, 0.0)
        if kind == "fix":
            return shift
        if kind == "wrap" and self.graph[name].on_loop:
            other = self.without(name)
            before = other.horizon(name) if t < 0 else other.at(name, t)
            self.faulty |= other.faulty
            value, own = before * scale + shift, False
        elif kind == "wrap":
            value = value * scale + shift
        lost = own or math.isinf(value)
        today_alone = t == 0 and self.model.is_static and self.changes
        if lost and not today_alone:
            self.faulty.add(name)
        return NAN if math.isinf(value) else value

    def at(self, name, t):
        if (name, t) not in self.known:
            metric = self.graph[name]
            fixed = t and self.changes.get(name, ("",))[0] == "fix"
            looped = t and name in self.changes and metric.on_loop
            rule = metric.start if t == 0 and metric.start is not None else metric.rule
            value, own = (0.0, False) if fixed or looped else self.compute(rule, t, self.read)
            self.known[name, t] = self.settled(name, value, own, t)
        return self.known[name, t]

    def read(self, function, name, t, n):
        match function:
            case "baseline":
                return self.model.base[self.graph.by_name[name]]
            case "cumulative":
                return sum(self.at(name, k) for k in range(1, t + 1))
        return self.at(name, max(0, t - n))

    def horizon(self, name):
        metric = self.graph[name]
        path = [self.at(name, t) for t in range(1, self.periods + 1)]
        match metric.aggregation:
            case "sum":
                total = sum(path)
            case "mean":
                total = sum(path) / len(path)
            case "last":
                return path[-1]
            case "recompute":
                if (name, -1) not in self.known:
                    value, own = self.compute(metric.rule, -1, self.read_total)
                    self.known[name, -1] = self.settled(name, value, own, -1)
                return self.known[name, -1]
        if math.isinf(total):
            self.faulty.add(name)
            return NAN
        return total

    def read_total(self, function, name, t, n):
        if function == "baseline":
            times = self.periods if self.graph[name].aggregation == "sum" else 1
            return self.model.base[self.graph.by_name[name]] * times
        return self.horizon(name)

    def compute(self, node, t, read):
        match node:
            case Number():
                return node.value, False
            case Parameter():
                return self.parameters.get(node.address, node.value), False
            case Name():
                return read("now", node.name, t, 0), False
            case Call(function="prev" | "lag" | "baseline" | "cumulative" as function):
                n = int(node.arguments[1].value) if function == "lag" else 1
                return read(function, node.arguments[0].name, t, n), False
            case Negate():
                value, own = self.compute(node.operand, t, read)
                return -value, own
            case Binary():
                (a, own_a), (b, own_b) = (self.compute(side, t, read) for side in (node.left, node.right))
                value, own = operate(lambda: OPERATORS[node.op](a, b), a, b)
                return value, own or own_a or own_b
            case Call(function="if", arguments=(Compare() as test, then, otherwise)):
                (a, own_a), (b, own_b) = (self.compute(side, t, read) for side in (test.left, test.right))
                if math.isnan(a) or math.isnan(b):
                    return NAN, own_a or own_b
                return self.compute(then if COMPARE[test.op](a, b) else otherwise, t, read)
            case Call():
                found = [self.compute(argument, t, read) for argument in node.arguments]
                values = [value for value, _ in found]
                value, own = operate(lambda: CALLS[node.function](*values), *values)
                return value, own or any(own for _, own in found)
        raise AssertionError(node)


def operate(function, *args):
    if any(math.isnan(arg) for arg in args):
        return NAN, False
    try:
        value = function()
    except (ZeroDivisionError, OverflowError, ValueError):
        return NAN, True
    return (value, False) if math.isfinite(value) else (NAN, True)


OPERATORS = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": math.pow,
}
COMPARE = {"<": lambda a, b: a < b, ">": lambda a, b: a > b, "==": lambda a, b: a == b, ">=": lambda a, b: a >= b}
CALLS = {
    "exp": math.exp,
    "log": math.log,
    "log10": math.log10,
    "sqrt": math.sqrt,
    "abs": abs,
    "min": min,
    "max": max,
    "clip": lambda x, low, high: min(max(x, low), high),
    "interpolate": lambda x, x1, y1, x2, y2: y1 + (y2 - y1) / (x2 - x1) * (x - x1),
    "saturate": lambda x, ceiling, half: ceiling * x / finite(x + half),
    "logistic": lambda x, low, high, middle, slope: low + (high - low) / finite(1 + math.exp(-slope * (x - middle))),
}


def finite(value):
    if math.isinf(value):
        raise OverflowError
    return value


FORMULAS = (
    "{a} + {b} * {c} - {k}",
    "{a} / ({b} - {k})",
    "if({a} > {k}, {b}, {c} / ({a} - {k}))",
    "if({a} == 0, {k}, {b} / {a})",
    "if({a} >= {b}, log({c}), sqrt({b}) + if({c} < {k}, 1 / {b}, {a}))",
    "max({a}, {b}, {k}) - min({c}, {b})",
    "abs({a} - {b}) ** {k}",
    "{a} ** 2 + {b} ** -1",
    "exp({a}) / (1 + exp({a}))",
    "log({a}) * {b} + log10({c})",
    "1 / (1 + exp({a} * {b}))",
    "clip({a}, {k}, 5) + saturate({b}, 3, {k})",
    "interpolate({a}, 0, 1, 2, 5) * logistic({b}, 0, 1, {k}, 2)",
    "{a}",
    "sqrt({a}) * (1e200 * {b} * 1e200 / 1e300)",
)
TIMED = (
    "prev({a}) * 0.5 + {b}",
    "lag({a}, 2) / {b} + cumulative({c})",
    "{a} / baseline({a}) * {b}",
    "cumulative({a}) / {k} - lag({b}, 3)",
)
LOOPED = ("prev({own}) * 0.9 + {a}", "prev({own}) / {b} + prev({last}) * 0.1")
NASTY = st.sampled_from((-2.0, -1.0, -0.0, 0.0, 1.0, 1.5, 2.0, 3.0, 700.0, 1e160, 1e-300))


@st.composite
def trees(draw):
    """Lines of a model file: three inputs, then formulas over what stands before (and, through time, after)."""
    lines = [f"i{k}: {{value: {draw(st.sampled_from((0.5, 1.25, 2.0, 3.0)))}}}" for k in range(3)]
    names = ["i0", "i1", "i2"]
    count = draw(st.integers(1, 6))
    for number in range(count):
        name = f"f{number}"
        pool = draw(st.sampled_from((FORMULAS, FORMULAS, TIMED, LOOPED)))
        a, b, c = (draw(st.sampled_from(names)) for _ in range(3))
        k = draw(st.sampled_from((0.25, 1, 2)))
        text = draw(st.sampled_from(pool)).format(a=a, b=b, c=c, k=k, own=name, last=f"f{count - 1}")
        start = ", start: 1.5" if "prev(f" in text else ""
        rules = ("sum", "mean", "last", "recompute") if pool is FORMULAS else ("sum", "mean", "last")
        lines.append(f"{name}: {{formula: '{text}', aggregate: {draw(st.sampled_from(rules))}{start}}}")
        names.append(name)
    return lines, names


def check_row(batch, model, row, plain, periods):
    names = [metric.name for metric in model.graph.metrics]
    for slot, name in enumerate(names):
        expected = [plain.at(name, t) for t in range(periods + 1)]
        np.testing.assert_allclose(batch.paths[slot][:, row], expected, rtol=1e-9, atol=1e-300, err_msg=name)
        np.testing.assert_allclose(batch.totals[slot][row], plain.horizon(name), rtol=1e-9, atol=1e-300, err_msg=name)
    return plain.faulty


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_rows_agree_with_plain_recursion_fault_by_fault(data):
    lines, names = data.draw(trees())
    model = compiled(lines)
    assume(not model.missing_today)
    count, periods = 4, 4
    given = data.draw(st.dictionaries(st.sampled_from(names[:3]), st.lists(NASTY, min_size=count, max_size=count)))
    parameters = {f"{name}.value": np.array(values) for name, values in given.items()}
    changed = data.draw(st.sampled_from(names))
    kind = data.draw(st.sampled_from(("wrap", "fix")))
    scale, shift = (np.array(data.draw(st.lists(NASTY, min_size=count, max_size=count))) for _ in range(2))
    everything = range(len(model.graph.metrics))
    batch = evaluate_many(
        model,
        periods,
        parameters=parameters,
        interventions={model.graph.by_name[changed]: Intervention(kind, scale, shift)},
        paths=everything,
        totals=everything,
    )
    faults = {}
    for row in range(count):
        values = {address: float(array[row]) for address, array in parameters.items()}
        plain = Plain(model, values, {changed: (kind, float(scale[row]), float(shift[row]))}, periods)
        for name in check_row(batch, model, row, plain, periods):
            faults[name] = faults.get(name, 0) + 1
    assert batch.count == count
    assert {model.graph.metrics[slot].name: found for slot, found in batch.faults.items()} == faults


def test_a_fault_of_today_alone_does_not_count_off_time_where_something_is_changed():
    """Of a logarithm: what is below zero today is above it with the change, and nothing reads today's."""
    model = compiled(["x: {value: 0.5}", "y: {formula: log(x), aggregate: sum}"])
    change = {model.graph.by_name["x"]: Intervention("wrap", np.array([-2.0, 1.0]), np.array([0.0, 0.0]))}
    batch = evaluate_many(model, 3, parameters={"x.value": np.array([-2.0, -2.0])}, interventions=change, totals=[1])
    assert batch.faults == {1: 1}
    np.testing.assert_allclose(batch.totals[1], [3 * math.log(4), NAN])


def test_rows_agree_with_the_scalar_engine_under_changes():
    model = compiled(
        [
            "rate: {value: 0.1}",
            "price: {value: 30}",
            "stock: {formula: prev(stock) * (1 - rate) + 20, start: 100}",
            "sold: {formula: 'min(stock, 90) * price', aggregate: sum}",
            "margin: {formula: sold / (price * 100), aggregate: recompute}",
        ]
    )
    everything = range(5)
    for name in ("rate", "stock", "sold", "margin"):
        slot = model.graph.by_name[name]
        scale, shift = np.array([1.0, 0.9, 1.2]), np.array([0.0, 0.05, -0.02])
        changes = {slot: Intervention("wrap", scale, shift), 1: Intervention("fix", shift=28.0)}
        batch = evaluate_many(model, 6, interventions=changes, paths=everything, totals=everything)
        for row in range(3):
            one = {slot: Intervention("wrap", scale[row], shift[row]), 1: Intervention("fix", shift=28.0)}
            run = model.run(6, one)
            for kept in everything:
                expected = [run.at(t)[kept] for t in range(7)]
                np.testing.assert_allclose(batch.paths[kept][:, row], expected, rtol=1e-13)
                np.testing.assert_allclose(batch.totals[kept][row], run.horizon()[kept], rtol=1e-13)


@pytest.mark.slow
@examples(60)
@given(data=st.data())
def test_rows_agree_with_the_scalar_engine_on_any_tree(data):
    whole = Compiled(data.draw(ANY_TREE))
    model, periods = whole.model, whole.horizon
    name = data.draw(st.sampled_from(sorted(whole.sketch.metrics)))
    rows = [whole.interventions(data.draw(changes(whole.sketch, among=[name]))) for _ in range(3)]
    ((slot, first),) = rows[0].items()
    column = [row[slot] for row in rows if row[slot].kind == first.kind]
    effect = Intervention(first.kind, np.array([c.scale for c in column]), np.array([c.shift for c in column]))
    everything = range(len(model.graph.metrics))
    batch = evaluate_many(model, periods, interventions={slot: effect}, paths=everything, totals=everything)
    assert (batch.count, batch.faults) == (len(column), {})
    for number, change in enumerate(column):
        run = model.run(periods, {slot: change})
        totals = run.horizon()
        for kept in everything:
            expected = [run.at(t)[kept] for t in range(periods + 1)]
            np.testing.assert_allclose(batch.paths[kept][:, number], expected, rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(batch.totals[kept][number], totals[kept], rtol=1e-9, atol=1e-12)


def test_a_side_not_taken_neither_raises_nor_counts():
    model = compiled(["a: {value: 6}", "b: {value: 2}", "c: {formula: 'if(b == 0, 0, a / b)'}"])
    batch = evaluate_many(model, 1, parameters={"b.value": np.array([0.0, 3.0])}, totals=slots(model, "c"))
    assert batch.totals[2].tolist() == [0.0, 2.0]
    assert batch.faults == {}


def test_a_fault_stays_in_its_row_and_is_counted_where_it_arose():
    model = compiled(
        ["a: {value: 6}", "b: {value: 2}", "c: {formula: a / b}", "d: {formula: c + 1}", "e: {formula: a * b}"]
    )
    wanted = slots(model, "c", "d", "e")
    b = np.array([0.0, 3.0, -0.0, 1e-308])
    batch = evaluate_many(model, 1, parameters={"b.value": b}, totals=wanted, paths=wanted)
    np.testing.assert_array_equal(batch.totals[3], [NAN, 3.0, NAN, NAN])
    np.testing.assert_array_equal(batch.totals[4], 6 * b)
    assert batch.faults == {2: 3}
    for row, value in enumerate(b):
        if row == 1:
            continue
        model.parameters[1] = float(value)
        with pytest.raises(EvaluationError, match="c"):
            model.simulate(1)


def test_an_overflow_that_a_quotient_would_hide_is_a_fault():
    model = compiled(["a: {value: 1}", "b: {formula: 1 / exp(a)}"])
    batch = evaluate_many(model, 1, parameters={"a.value": np.array([0.0, 800.0])}, totals=[1])
    np.testing.assert_array_equal(batch.totals[1], [1.0, NAN])
    assert batch.faults == {1: 1}


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
@pytest.mark.parametrize("address", ADDRESSES)
def test_one_number_that_is_not_finite_is_refused_wherever_it_stands(address, value):
    """Sums and products show it; quotients, powers and branches may hide it."""
    model = Model(build(load_text(TREE)))
    central = dict(zip(model.addresses, model.parameters, strict=True))
    rows = {one: np.full(vector.SMALLEST_BLOCK, central[one]) for one in ADDRESSES}
    rows[address][7] = value
    with pytest.raises(QuestionError, match=f"{address} is not a finite number in every row"):
        evaluate_many(model, 12, parameters=rows, totals=[model.graph.by_name["profit"]])


def test_off_time_a_fault_of_the_outcome_itself_counts():
    model = compiled(["a: {value: 2}", "b: {formula: log(a) + 1}"])
    batch = evaluate_many(model, 3, parameters={"a.value": np.array([2.0, -1.0])}, totals=[1])
    assert np.isnan(batch.totals[1]).tolist() == [False, True]
    assert batch.faults == {1: 1}


def test_a_sum_over_the_horizon_that_overflows_is_a_fault():
    model = compiled(["a: {value: 1}", "b: {formula: prev(b) + a, start: 0, aggregate: sum}"])
    batch = evaluate_many(model, 3, parameters={"a.value": np.array([1.0, 5e307])}, totals=[1], paths=[1])
    np.testing.assert_array_equal(batch.totals[1], [6.0, NAN])
    np.testing.assert_array_equal(batch.paths[1][:, 1], np.array([0.0, 5e307, 1e308, 1.5e308]))
    assert batch.faults == {1: 1}


def test_a_literal_overflow_is_a_fault_in_every_row():
    model = compiled(["a: {value: 1}", "b: {formula: 'if(a > 1, 1e308 * 10, a)'}"])
    batch = evaluate_many(model, 1, parameters={"a.value": np.array([2.0, 1.0, 3.0])}, totals=[1])
    np.testing.assert_array_equal(batch.totals[1], [NAN, 1.0, NAN])
    assert batch.faults == {1: 2}


def test_blocks_do_not_show(monkeypatch):
    model = compiled(
        [
            "a: {value: 2}",
            "b: {value: 1}",
            "c: {formula: 'lag(c, 2) + a / b', start: 1}",
            "d: {formula: cumulative(c) * b}",
        ]
    )
    rng = np.random.default_rng(5)
    given = {"a.value": rng.normal(size=50), "b.value": rng.integers(0, 5, 50).astype(float)}
    whole = evaluate_many(model, 5, parameters=given, paths=range(4), totals=range(4))
    monkeypatch.setattr(vector, "BLOCK", 8)
    parts = evaluate_many(model, 5, parameters=given, paths=range(4), totals=range(4))
    assert whole.faults == parts.faults == {2: int((given["b.value"] == 0).sum())}
    for slot in range(4):
        np.testing.assert_array_equal(whole.paths[slot], parts.paths[slot])
        np.testing.assert_array_equal(whole.totals[slot], parts.totals[slot])


def test_what_baseline_reads_stays_central():
    model = compiled(["a: {value: 2}", "b: {formula: a / baseline(a)}"])
    batch = evaluate_many(model, 1, parameters={"a.value": np.array([2.0, 3.0])}, totals=[1])
    assert batch.totals[1].tolist() == [1.0, 1.5]


def test_off_time_every_period_is_there():
    model = compiled(["a: {value: 2}", "b: {formula: a * 3, aggregate: sum}"], horizon=4)
    change = {0: Intervention("fix", shift=np.array([1.0, 5.0]))}
    batch = evaluate_many(model, 4, interventions=change, paths=[1], totals=[1])
    assert batch.paths[1].tolist() == [[6, 6], [3, 15], [3, 15], [3, 15], [3, 15]]
    assert batch.totals[1].tolist() == [12, 60]


def test_without_arrays_there_is_one_row():
    model = compiled(["a: {value: 2}", "b: {formula: a * 3}"])
    batch = evaluate_many(model, 1, parameters={"a.value": 4.0}, paths=[1], totals=[1])
    assert (batch.count, batch.totals[1].tolist()) == (1, [12.0])


@pytest.mark.slow
def test_a_long_chain_needs_no_recursion():
    lines = ["m0: {value: 1}", *(f"m{k}: {{formula: m{k - 1} + 1}}" for k in range(1, 10_000))]
    batch = evaluate_many(compiled(lines), 1, parameters={"m0.value": np.array([0.0, 1.0])}, totals=[9_999])
    assert batch.totals[9_999].tolist() == [9_999, 10_000]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"a.valeu": 1.0}, "did you mean 'a.value'"),
        ({"a.value": np.array([1.0, NAN])}, "a.value is not a finite number in every row"),
        ({"a.value": math.inf}, "a.value is not a finite number"),
        ({"a.value": np.ones((2, 2))}, "a.value has 2 dimensions"),
        ({"a.value": np.ones(2), "b.value": np.ones(3)}, "rows differ in number: a.value has 2, b.value has 3"),
    ],
)
def test_what_is_given_is_checked(parameters, message):
    model = compiled(["a: {value: 2}", "b: {value: 2}", "c: {formula: a * b}"])
    with pytest.raises(QuestionError, match=message):
        evaluate_many(model, 1, parameters=parameters)


@pytest.mark.parametrize("name", [name for name, function in FUNCTIONS.items() if function.is_primitive])
def test_every_function_is_the_same_on_arrays(name):
    points = np.array([0.25, 1.0, 2.5])
    model = compiled(["a: {value: 1}", f"b: {{formula: {name}(a)}}"])
    batch = evaluate_many(model, 1, parameters={"a.value": points}, totals=[1])
    np.testing.assert_allclose(batch.totals[1], [FUNCTIONS[name].python(x) for x in points], rtol=1e-15)
    others = FUNCTIONS[name].defaults.values()
    np.testing.assert_allclose(array_function(name)(points, *others), batch.totals[1], rtol=1e-15)


@pytest.mark.parametrize(
    "formula",
    ["max(b, 0)", "max(0, b)", "min(b, 5)", "clip(b, 0, 1)", "abs(b)", "if(b > 1, 2, 3)", "if(1 < b, a, 2)", "b ** 0"],
)
def test_what_is_missing_stays_missing(formula):
    model = compiled(["a: {value: 2}", "b: {formula: 1 / a}", f"c: {{formula: '{formula}'}}", "d: {formula: c + a}"])
    batch = evaluate_many(model, 1, parameters={"a.value": np.array([0.0, 2.0])}, totals=[2, 3])
    assert np.isnan(batch.totals[2]).tolist() == np.isnan(batch.totals[3]).tolist() == [True, False]
    assert batch.faults == {1: 1}


def test_a_fault_in_a_condition_is_one_of_the_metric():
    model = compiled(["a: {value: 2}", "b: {formula: 'if(1 / a > 1, 2, 3)'}", "c: {formula: 'if(1 > log(a), 2, 3)'}"])
    batch = evaluate_many(model, 1, parameters={"a.value": np.array([0.0, 2.0, 9.0])}, totals=[1, 2])
    np.testing.assert_array_equal(batch.totals[1], [NAN, 3, 3])
    np.testing.assert_array_equal(batch.totals[2], [NAN, 2, 3])
    assert batch.faults == {1: 1, 2: 1}


def test_a_fault_is_not_forgotten_in_later_periods():
    model = compiled(
        [
            "a: {value: 0.5}",
            "b: {formula: prev(b) - 1, start: 2}",
            "c: {formula: 'max(lag(d, 2), 1)'}",
            "d: {formula: 'if(b == a, 1 / (b - a), 7)'}",
        ]
    )
    batch = evaluate_many(model, 4, parameters={"a.value": np.array([1.0, 9.0])}, paths=[2, 3])
    np.testing.assert_array_equal(batch.paths[3][:, 0], [7, NAN, 7, 7, 7])
    np.testing.assert_array_equal(batch.paths[2][:, 0], [7, 7, 7, NAN, 7])
    np.testing.assert_array_equal(batch.paths[2][:, 1], [7] * 5)
    assert batch.faults == {3: 1}


def test_results_cannot_be_changed():
    model = compiled(["a: {value: 2}", "b: {formula: a * 3}"])
    batch = evaluate_many(model, 3, parameters={"a.value": np.array([1.0, 2.0])}, paths=[1], totals=[1])
    for values in (batch.paths[1], batch.totals[1]):
        with pytest.raises(ValueError, match="read-only"):
            values[...] = 0.0


def test_an_overflow_of_a_change_on_a_loop_is_a_fault():
    model = compiled(["a: {value: 2}", "b: {formula: prev(b) * a, start: 1}", "c: {formula: 1 / b}"])
    change = {1: Intervention("wrap", scale=np.array([1.0, 1e307]))}
    batch = evaluate_many(model, 6, interventions=change, paths=[1, 2])
    np.testing.assert_array_equal(batch.paths[1][:, 1], [1, 2e307, 4e307, 8e307, 1.6e308, NAN, NAN])
    assert np.isnan(batch.paths[2][:, 1]).tolist() == [False] * 5 + [True] * 2
    assert batch.faults == {1: 1}


def test_baseline_counts_every_period_among_totals():
    model = compiled(
        [
            "a: {value: 2, aggregate: sum}",
            "b: {formula: a / baseline(a), aggregate: recompute}",
            "c: {formula: prev(c) + b, start: 0}",
        ]
    )
    batch = evaluate_many(model, 5, parameters={"a.value": np.array([2.0, 3.0])}, totals=[1])
    assert batch.totals[1].tolist() == [1.0, 1.5]


def test_faults_add_up_over_blocks(monkeypatch):
    monkeypatch.setattr(vector, "BLOCK", 4)
    model = compiled(["a: {value: 2}", "b: {formula: 1 / a}"])
    batch = evaluate_many(model, 1, parameters={"a.value": np.zeros(10)}, totals=[1])
    assert batch.faults == {1: 10}


@pytest.mark.parametrize("formula", ["sqrt(a)", "log(a)", "a ** 0.5"])
def test_what_is_not_a_real_number_is_a_fault(formula):
    model = compiled(["a: {value: 2}", f"b: {{formula: {formula}}}"])
    batch = evaluate_many(model, 1, parameters={"a.value": np.array([4.0, -4.0])}, totals=[1])
    assert np.isnan(batch.totals[1]).tolist() == [False, True]
    assert batch.faults == {1: 1}


def test_a_running_total_that_overflows_is_a_fault_of_what_it_totals():
    model = compiled(["a: {value: 2}", "b: {formula: cumulative(a) / 2}"])
    batch = evaluate_many(model, 2, parameters={"a.value": np.array([4.0, 1e308])}, paths=[1])
    np.testing.assert_array_equal(batch.paths[1], [[0, 0], [2, 5e307], [4, NAN]])
    assert batch.faults == {0: 1}
