"""Samples against closed forms and other libraries, and the same on any number of workers."""

from __future__ import annotations

import math
import pickle
import threading
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impacttree.engine import simulation
from impacttree.engine.model import Model
from impacttree.engine.simulation import Corridor, Job, Wanted, simulate_many
from impacttree.engine.sobol import CHUNK
from impacttree.engine.vector import evaluate_many
from impacttree.errors import QuestionError
from impacttree.graph import build
from impacttree.quantity import Intervention
from impacttree.spec import load_text
from tests.strategies import examples

SHOP = """
horizon: 3
metrics:
  price: {value: $30/unit ($25/unit to $36/unit)}
  base: {value: {normal: {mean: 50 units/month, sd: 4 units/month}}}
  sold: {formula: prev(sold) * 0.5 + base, start: 100 units/month, unit: units/month}
  paid: {formula: price * sold, unit: USD/month, guardrail: {min: $2k/month}}
"""


def model_of(source):
    return Model(build(load_text(source)))


def slot(model, name):
    return model.graph.by_name[name]


def same(one, other):
    for name in ("totals", "paths"):
        mine, theirs = getattr(one, name), getattr(other, name)
        assert mine.keys() == theirs.keys()
        for key in mine:
            np.testing.assert_array_equal(mine[key], theirs[key])
    assert (one.outside, one.faults) == (other.outside, other.faults)


def everything(model):
    slots = tuple(range(len(model.graph.metrics)))
    return Wanted(totals=slots, spans=(Corridor(3, low=9e3), Corridor(2, high=150.0)), paths=slots)


def test_samples_are_rows_of_the_engine_at_the_draws():
    model = model_of(SHOP)
    job = Job.of(model, 3, everything(model), seed=5)
    (run,) = simulate_many(job, 1_000)
    batch = evaluate_many(model, 3, parameters=job.sampler.draw(0, 1_000), totals=range(4), paths=range(4))
    for key in range(4):
        np.testing.assert_array_equal(run.totals[key], np.broadcast_to(batch.totals[key], 1_000))
        np.testing.assert_array_equal(run.paths[key], np.broadcast_to(batch.paths[key], (4, 1_000)))


def test_samples_that_leave_a_span_are_counted():
    model = model_of(SHOP)
    spans = (Corridor(3, low=2_900.0), Corridor(3, high=3_500.0), Corridor(2, 95.0, 105.0), Corridor(0))
    (run,) = simulate_many(Job.of(model, 3, Wanted(spans=spans, paths=(2, 3))), 2 * CHUNK + 5)
    paid, sold = run.paths[3][1:], run.paths[2][1:]
    expected = [(paid < 2_900).any(axis=0), (paid > 3_500).any(axis=0), ((sold < 95) | (sold > 105)).any(axis=0)]
    assert [run.outside[span] for span in spans[:3]] == [(outside.sum(), 2 * CHUNK + 5) for outside in expected]
    assert all(0 < outside.mean() < 1 for outside in expected)
    assert run.outside[spans[3]].share == 0


def test_only_what_is_wanted_is_drawn_and_kept():
    model = model_of(SHOP)
    job = Job.of(model, 3, Wanted(totals=(slot(model, "sold"),)))
    assert job.drawn == ("base.value",)
    (run,) = simulate_many(job, 100)
    assert (list(run.totals), run.outside, run.paths) == ([slot(model, "sold")], {}, {})


def test_arrays_cannot_be_written_to():
    model = model_of(SHOP)
    (run,) = simulate_many(Job.of(model, 3, everything(model)), 100)
    for values in (*run.totals.values(), *run.paths.values()):
        with pytest.raises(ValueError, match="read-only"):
            values[..., 0] = 1.0


# ---- workers


class Backwards(Executor):
    """Runs what it is given last first, each when it is asked for."""

    def __init__(self):
        self.tasks = []
        self.lock = threading.Lock()

    def submit(self, fn, /, *args, **kwargs):
        future = Future()
        self.tasks.append((future, fn, args, kwargs))
        if len(self.tasks) >= 3:
            self.flush()
        else:
            threading.Timer(0.05, self.flush).start()
        return future

    def flush(self):
        with self.lock:
            tasks, self.tasks = self.tasks, []
        for future, fn, args, kwargs in reversed(tasks):
            future.set_result(fn(*args, **kwargs))


@pytest.fixture(scope="module")
def reference():
    model = model_of(SHOP)
    return simulate_many(Job.of(model, 3, everything(model), seed=1), 5 * CHUNK + 77)


@pytest.mark.parametrize("workers", [1, 8])
def test_threads_change_nothing(reference, workers):
    model = model_of(SHOP)
    with ThreadPoolExecutor(workers) as pool:
        found = simulate_many(Job.of(model, 3, everything(model), seed=1), 5 * CHUNK + 77, executor=pool)
    for one, other in zip(found, reference, strict=True):
        same(one, other)


def test_the_order_in_which_chunks_come_changes_nothing(reference, monkeypatch):
    monkeypatch.setattr(simulation, "TOGETHER", 1)
    model = model_of(SHOP)
    found = simulate_many(Job.of(model, 3, everything(model), seed=1), 5 * CHUNK + 77, executor=Backwards())
    same(found[0], reference[0])


def test_processes_change_nothing(reference):
    model = model_of(SHOP)
    with ProcessPoolExecutor(2) as pool:
        found = simulate_many(Job.of(model, 3, everything(model), seed=1), 5 * CHUNK + 77, executor=pool)
    same(found[0], reference[0])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # the cluster's own, about ports and clocks
def test_a_cluster_changes_nothing(reference, tmp_path):
    distributed = pytest.importorskip("distributed")
    model = model_of(SHOP)
    settings = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None, "local_directory": str(tmp_path)}
    with distributed.LocalCluster(**settings) as cluster, distributed.Client(cluster) as client:
        found = simulate_many(
            Job.of(model, 3, everything(model), seed=1), 5 * CHUNK + 77, executor=client.get_executor()
        )
    same(found[0], reference[0])


def test_a_job_travels_as_the_written_model():
    model = model_of(SHOP)
    job = Job.of(model, 3, Wanted(totals=(slot(model, "paid"),)), seed=3, runs=({}, {0: Intervention("wrap", 1.1)}))
    copy = pickle.loads(pickle.dumps(job))
    for one, other in zip(simulate_many(copy, 300), simulate_many(job, 300), strict=True):
        same(one, other)


def test_a_mistake_in_a_worker_ends_the_run():
    class Broken(ThreadPoolExecutor):
        def submit(self, fn, /, *args, **kwargs):
            return super().submit(lambda: 1 / 0)

    model = model_of(SHOP)
    with Broken(2) as pool, pytest.raises(ZeroDivisionError):
        simulate_many(Job.of(model, 3, Wanted(totals=(0,))), 20 * CHUNK, executor=pool)


def test_progress_is_told_to_the_end():
    model, told = model_of(SHOP), []
    simulate_many(Job.of(model, 3, Wanted(totals=(0,))), 3 * CHUNK, report=lambda *done: told.append(done))
    assert told[0] == (CHUNK, 3 * CHUNK)
    assert told[-1] == (3 * CHUNK, 3 * CHUNK)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


@pytest.mark.parametrize("samples", [0, -1, 2**24 + 1, 1.5, True, "many"])
def test_the_number_of_samples_is_checked(samples):
    model = model_of(SHOP)
    with pytest.raises(QuestionError, match="takes 1 to 16_777_216 samples"):
        simulate_many(Job.of(model, 3, Wanted(totals=(0,))), samples)


# ---- seeds and order


def test_a_seed_gives_the_same_and_another_seed_other_samples():
    model = model_of(SHOP)
    runs = [simulate_many(Job.of(model, 3, Wanted(totals=(3,)), seed=seed), 500)[0].totals[3] for seed in (0, 0, 1)]
    assert (runs[0] == runs[1]).all()
    assert (runs[0] != runs[2]).any()


def test_fewer_samples_are_the_first_of_more():
    model = model_of(SHOP)
    few, many = (simulate_many(Job.of(model, 3, Wanted(totals=(3,))), n)[0].totals[3] for n in (500, CHUNK + 9))
    np.testing.assert_array_equal(few, many[:500])


def test_the_order_of_the_file_changes_no_sample():
    lines = SHOP.strip().splitlines()
    turned = "\n".join([*lines[:2], lines[5], lines[4], lines[3], lines[2]])
    found = []
    for source in (SHOP, turned):
        model = model_of(source)
        wanted = Wanted(totals=(slot(model, "paid"),))
        found.append(simulate_many(Job.of(model, 3, wanted), 500)[0].totals[slot(model, "paid")])
    np.testing.assert_array_equal(*found)


# ---- memory


def test_values_of_every_period_are_kept_of_as_many_samples_as_there_is_room_for(monkeypatch):
    model = model_of(SHOP)
    monkeypatch.setattr(simulation, "PATHS", 8 * 4 * 20_000)
    job = Job.of(model, 3, Wanted(totals=(3,), paths=(3,)))
    assert job.path_rows(2**24) == 20_000
    (run,) = simulate_many(job, 3 * CHUNK)
    assert run.paths[3].shape == (4, 20_000)
    np.testing.assert_allclose(run.paths[3][1:].sum(axis=0), run.totals[3][:20_000], rtol=1e-12)


def test_a_run_takes_little_more_memory_than_what_it_keeps():
    import tracemalloc

    model = model_of(SHOP)
    job = Job.of(model, 3, Wanted(totals=(3,)))
    simulate_many(job, CHUNK)
    samples = 40 * CHUNK
    tracemalloc.start()
    try:
        simulate_many(job, samples)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 * samples + 16 * 2**20


# ---- closed forms


def quantiles(run, key):
    return np.quantile(run.totals[key], [0.1, 0.5, 0.9])


def test_a_product_of_independent_lognormals_in_closed_form():
    model = model_of("metrics: {a: {value: 30 (25 to 36)}, b: {value: 2 to 9}, c: {formula: a * b}}")
    (run,) = simulate_many(Job.of(model, 1, Wanted(totals=(2,))), 2**16)
    z = 1.2815515655446004
    spread = math.hypot(math.log(36 / 25), math.log(9 / 2)) / 2
    middle = 30 * math.sqrt(18)
    expected = [middle * math.exp(-spread), middle, middle * math.exp(spread)]
    assert quantiles(run, 2) == pytest.approx(expected, rel=5e-3)
    assert run.totals[2].mean() == pytest.approx(middle * math.exp((spread / z) ** 2 / 2), rel=3e-3)


@examples(15)
@given(
    st.lists(
        st.tuples(st.floats(-5, 5), st.floats(0.1, 3), st.floats(-2, 2).filter(lambda w: abs(w) > 0.1)),
        min_size=1,
        max_size=5,
    )
)
def test_a_sum_agrees_with_linear_propagation(terms):
    """The `uncertainties` package propagates standard deviations exactly through sums."""
    uncertainties = pytest.importorskip("uncertainties")
    lines = [f"  x{i}: {{value: {{normal: {{mean: {mean!r}, sd: {sd!r}}}}}}}" for i, (mean, sd, _) in enumerate(terms)]
    formula = " + ".join(f"({weight!r}) * x{i}" for i, (_, _, weight) in enumerate(terms))
    model = model_of("\n".join(["outcome: y", "metrics:", *lines, f"  y: {{formula: '{formula}'}}"]))
    (run,) = simulate_many(Job.of(model, 1, Wanted(totals=(len(terms),))), 2**14)
    expected = sum(weight * uncertainties.ufloat(mean, sd) for mean, sd, weight in terms)
    found = run.totals[len(terms)]
    assert found.std() == pytest.approx(expected.std_dev, rel=0.01)
    assert found.mean() == pytest.approx(expected.nominal_value, abs=0.01 * expected.std_dev)


def test_a_nonlinear_tree_with_small_spreads_agrees_with_linear_propagation():
    uncertainties = pytest.importorskip("uncertainties")
    source = """
    metrics:
      a: {value: {normal: {mean: 3, sd: 0.003}}}
      b: {value: {normal: {mean: 5, sd: 0.004}}}
      c: {formula: exp(a / b) * sqrt(b) / (1 + a)}
    """
    model = model_of(source)
    (run,) = simulate_many(Job.of(model, 1, Wanted(totals=(2,))), 2**14)
    from uncertainties.umath import exp, sqrt

    a, b = uncertainties.ufloat(3, 0.003), uncertainties.ufloat(5, 0.004)
    expected = exp(a / b) * sqrt(b) / (1 + a)
    assert run.totals[2].std() == pytest.approx(expected.std_dev, rel=2e-3)


# ---- common random numbers


def test_a_lift_on_the_same_draws_moves_only_what_it_lifts():
    model = model_of("metrics: {a: {value: 9 (5 to 20)}, b: {value: 4 (1 to 8)}, c: {formula: a + b - b}}")
    job = Job.of(
        model, 1, Wanted(totals=(2,)), runs=({}, {0: Intervention("wrap", shift=2.0)}, {1: Intervention("wrap", 3.0)})
    )
    base, lifted, other = simulate_many(job, 2_000)
    assert lifted.totals[2] - base.totals[2] == pytest.approx(np.full(2_000, 2.0), rel=1e-12)
    assert other.totals[2] - base.totals[2] == pytest.approx(np.zeros(2_000), abs=1e-12)


# ---- faults


def test_faults_are_counted_where_they_arise_and_leave_no_value():
    model = model_of("metrics: {a: {value: {normal: {mean: 1, sd: 1}}}, b: {formula: log(a)}, c: {formula: b + 1}}")
    (run,) = simulate_many(Job.of(model, 1, Wanted(totals=(0, 2))), 2**14)
    expected = (run.totals[0] <= 0).sum()
    assert run.faults == {1: expected}
    np.testing.assert_array_equal(np.isnan(run.totals[2]), run.totals[0] <= 0)
    assert expected / 2**14 == pytest.approx(0.158655, abs=2e-3)
