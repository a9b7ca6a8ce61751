"""Means that settle and means that do not: false alarms and misses over seeds, and which operation is named."""

from __future__ import annotations

import numpy as np
import pytest

import impacttree as it
from impacttree.engine import row_program
from impacttree.engine.simulation import Job, Wanted, simulate_many
from impacttree.engine.tails import _median, _watched, cause_of, denominators, is_heavy, tail
from impacttree.quantity import Intervention

SAMPLES = 2**13
SEEDS = 24


def causes(formula: str, **values: str) -> list[str | None]:
    """Return, for each seed, why the mean of a formula does not settle: the kind, and what is divided by."""
    listed = "\n".join(f"  {name}: {{value: {value}}}" for name, value in values.items())
    subject = it.loads(f"outcome: y\nmetrics:\n{listed}\n  y: {{formula: '{formula}'}}\n")._subject
    slot = subject.graph.by_name["y"]
    found: list[str | None] = []
    for seed in range(SEEDS):
        job = Job.of(subject.model, 1, Wanted(totals=(slot,)), seed=seed)
        (run,) = simulate_many(job, SAMPLES)
        draws = job.sampler.draw(0, SAMPLES, only=job.drawn)
        values = run.totals[slot]
        heavy = is_heavy(values[np.isfinite(values)])
        cause = cause_of(job, slot, values, draws, heavy=heavy)
        if cause is None:
            found.append(None)
        else:
            divisor = "" if cause.denominator is None else f" {subject.graph.metrics[cause.denominator].name}"
            found.append(cause.kind + divisor)
    return found


def normal(mean: float, sd: float) -> str:
    return f"{{normal: {{mean: {mean}, sd: {sd}}}}}"


UNIFORM = "{uniform: 0 to 1}"

HEALTHY = {
    "a normal": ("a", {"a": normal(5, 2)}),
    "exp, sd 1": ("exp(a)", {"a": normal(0, 1)}),
    "exp, sd 1.5": ("exp(a)", {"a": normal(0, 1.5)}),
    "exp, sd 2": ("exp(a)", {"a": normal(0, 2)}),
    "lognormal of sd 2 to 3 by itself": ("3 * a / b", {"a": "{lognormal: {mean: 1, sd: 50}}", "b": "1 to 2"}),
    "Pareto 1.5": ("u ** (-1 / 1.5)", {"u": UNIFORM}),
    "Pareto 2": ("1 / sqrt(u)", {"u": UNIFORM}),
    "a ratio far from zero": ("a / b", {"a": "1 to 9", "b": normal(5, 1)}),
    "a ratio of lognormals": ("a / b", {"a": "1 to 9", "b": "1 to 9"}),
    "a rare event": ("a * b", {"a": "{discrete: [[0, 99%], [1000, 1%]]}", "b": "1 to 2"}),
    "a rare event in a denominator": ("a / b", {"a": "1 to 2", "b": "{discrete: [[0.001, 0.3%], [1, 99.7%]]}"}),
    "a denominator of two signs, never near zero": ("a / b", {"a": "1 to 2", "b": "{discrete: [[-1, 4%], [2, 96%]]}"}),
    "a guarded zero": ("if(b == 0, 0, a / b)", {"a": "1 to 2", "b": "{discrete: [[0, 10%], [1, 90%]]}"}),
    "a guarded pole": ("if(a > b + 1, 30 / (a - b), 1)", {"a": "8 to 12", "b": "5 to 12"}),
    "a pole that does not reach the outcome": ("a + min(1, abs(1 / b))", {"a": normal(100, 30), "b": normal(2, 1)}),
}  # fmt: skip


@pytest.mark.parametrize("case", HEALTHY)
def test_false_alarms(case: str) -> None:
    formula, values = HEALTHY[case]
    found = causes(formula, **values)
    assert sum(cause is not None for cause in found) <= (2 if case == "exp, sd 2" else 1), found


SICK = {
    "a pole often passed": ("30 / b", {"b": normal(2, 1)}, "pole b"),
    "a pole passed in one of 740": ("30 / b", {"b": normal(3, 1)}, "pole b"),
    "a pole passed in one of 4,300": ("30 / b", {"b": normal(3.5, 1)}, "pole b"),
    "a difference": ("30 / (a - b)", {"a": "8 to 12", "b": "5 to 12"}, "pole"),
    "a power below zero": ("b ** -1", {"b": normal(2, 1)}, "pole"),
    "a rest that may be nothing": ("30 / u", {"u": UNIFORM}, "tail u"),
    "zero in some samples": ("a / b", {"a": "1 to 2", "b": "{discrete: [[0, 10%], [1, 90%]]}"}, "zero b"),
    "a wide exponent": ("3 ** e", {"e": "{lognormal: {mean: 1, sd: 1}}"}, "tail"),
    "exp of something wide": ("exp(a)", {"a": normal(0, 3)}, "tail"),
}


@pytest.mark.parametrize("case", SICK)
def test_misses(case: str) -> None:
    formula, values, expected = SICK[case]
    found = causes(formula, **values)
    assert sum(cause == expected for cause in found) >= SEEDS - 1, found


def test_of_independent_draws_few_healthy_tails_are_taken_for_sick_ones() -> None:
    rates = {}
    for name, draw in {
        "lognormal 1.5": lambda random: np.exp(1.5 * random.normal(size=SAMPLES)),
        "lognormal 2": lambda random: np.exp(2 * random.normal(size=SAMPLES)),
        "Pareto 1.5": lambda random: random.random(SAMPLES) ** (-1 / 1.5),
        "Pareto 1": lambda random: 1 / random.random(SAMPLES),
    }.items():
        rates[name] = np.mean([is_heavy(draw(np.random.default_rng(seed))) for seed in range(100)])
    assert rates["lognormal 1.5"] == 0
    assert rates["lognormal 2"] <= 0.08
    assert rates["Pareto 1.5"] <= 0.08
    assert rates["Pareto 1"] >= 0.9


@pytest.mark.parametrize("exponent", [0.8, 1.0, 1.5])
def test_the_tail_of_a_power_is_one_over_its_exponent(exponent: float) -> None:
    u = (np.arange(2**16) + 0.5) / 2**16
    assert tail(u ** (-1 / exponent)) == pytest.approx(1 / exponent, rel=0.1)


@pytest.mark.parametrize("power", [0.05, 0.5, 0.8, 0.85, 0.9, 1.5])
def test_a_tail_is_heavy_where_its_h_is_large(power: float) -> None:
    for seed in range(20):
        random = np.random.default_rng(seed)
        for values in (random.random(SAMPLES) ** -power, np.exp(3 * power * random.normal(size=SAMPLES))):
            assert is_heavy(values) == (tail(values) >= 0.85)


def test_ties_few_numbers_and_rare_events_are_not_a_tail() -> None:
    random = np.random.default_rng(1)
    assert np.isnan(tail(np.zeros(1000)))
    assert np.isnan(tail((random.random(8192) < 0.05) * 1.0))
    assert np.isnan(tail(random.normal(size=8192) + 1000.0 * (random.random(8192) < 0.003)))
    assert np.isnan(tail(random.normal(size=50)))


def test_what_is_divided_by_is_found_without_what_does_not_vary() -> None:
    subject = it.loads("""
outcome: y
metrics:
  a: {value: 5}
  b: {value: 2}
  x: {value: 3, drivers: {a: {elasticity: 0.5}}}
  y: {formula: a / b + a / 7 + b ** -2 + a ** 2 + x}
""")._subject
    by_name = subject.graph.by_name
    assert denominators(subject.model.part((by_name["y"],))) == ((by_name["b"],), False)
    assert denominators(subject.model.part((by_name["x"],))) == ((), False)
    other = it.loads("outcome: y\nmetrics:\n  a: {value: 5}\n  y: {formula: 1 / (a - 2)}\n")._subject
    assert denominators(other.model.part((1,))) == ((), True)


def test_a_later_run_is_looked_at_where_it_differs_from_the_first() -> None:
    text = f"""
outcome: y
metrics:
  a: {{value: {normal(8, 1)}}}
  b: {{value: {normal(20, 1)}}}
  u: {{value: {normal(9, 1)}}}
  far: {{formula: 1 / u}}
  near: {{formula: 1 / b}}
  y: {{formula: far + near + a}}
"""
    subject = it.loads(text)._subject
    slot = subject.graph.by_name
    for shift, expected in ((-18.0, "near"), (5.0, None)):
        runs = ({}, {slot["b"]: Intervention("wrap", 1.0, shift)})
        job = Job.of(subject.model, 1, Wanted(totals=(slot["y"],)), runs=runs)
        assert _watched(job, slot["y"], 0) == {slot["far"], slot["near"]}
        assert _watched(job, slot["y"], 1) == {slot["near"]}
        before, after = simulate_many(job, SAMPLES)
        change = after.totals[slot["y"]] - before.totals[slot["y"]]
        cause = cause_of(job, slot["y"], change, job.draws(0, SAMPLES), heavy=is_heavy(change))
        assert (cause and subject.graph.metrics[cause.slot].name) == expected


def test_the_median_is_that_of_numpy() -> None:
    random = np.random.default_rng(2)
    for count in (1, 2, 3, 8, 1001, 1002):
        values = random.normal(size=count) * 10.0 ** random.integers(-9, 9)
        assert _median(values) == np.median(values)


def test_what_is_watched_needs_no_functions_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    subject = it.loads(
        "outcome: y\nmetrics:\n  a: {value: 1 to 2}\n  b: {value: 3}\n  y: {formula: b / (a - 1.5)}\n"
    )._subject
    job = Job.of(subject.model, 1, Wanted(totals=(2,)))
    (run,) = simulate_many(job, SAMPLES)

    def refuse(*_: object) -> None:
        raise AssertionError("compiled once more")

    monkeypatch.setattr(row_program, "compiled_function", refuse)
    cause = cause_of(job, 2, run.totals[2], job.draws(0, SAMPLES), heavy=True)
    assert cause is not None
    assert cause.kind == "pole"
