"""Samples, ranges and indices: against numpy by hand, mcerp, SALib, and the same answer without a range."""

from __future__ import annotations

import os
import tracemalloc
import warnings

import numpy as np
import pytest

import impacttree as it
from impacttree.engine.model import Model
from impacttree.engine.sampling import Sampler
from impacttree.engine.simulation import Job, Wanted, simulate_many
from impacttree.engine.vector import evaluate_many
from impacttree.graph import build
from impacttree.spec import load_text
from tests.benchmarks.peers import ADDRESSES, TREE, blocked, by_hand
from tests.benchmarks.ratios import medians, process, report


@pytest.fixture(scope="module")
def model():
    return Model(build(load_text(TREE)))


def profit_of(model):
    return model.graph.by_name["profit"]


def draws_of(model, samples):
    return Sampler(model).draw(0, samples)


def test_a_million_samples_on_the_same_draws(model, beside):
    draws, profit = draws_of(model, 1_000_000), profit_of(model)
    assert set(draws) == set(ADDRESSES)

    def ours():
        return evaluate_many(model, 12, parameters=draws, totals=(profit,)).totals[profit]

    np.testing.assert_allclose(ours(), blocked(draws), rtol=1e-12)
    mine, hand = medians(ours, lambda: blocked(draws), repetitions=15)
    report(f"1,000,000 samples, ours / numpy by hand in blocks, {beside}", mine / hand, "<= 1.2", (mine, hand))


def test_memory_beyond_the_draws_and_what_is_kept(model):
    draws, profit, samples = draws_of(model, 1_000_000), profit_of(model), 1_000_000
    tracemalloc.start()
    evaluate_many(model, 12, parameters=draws, totals=(profit,))
    evaluation = (tracemalloc.get_traced_memory()[1] - 8 * samples) / 2**20
    tracemalloc.stop()
    job = Job.of(model, 12, Wanted(totals=(profit,)))
    tracemalloc.start()
    simulate_many(job, samples)
    whole = (tracemalloc.get_traced_memory()[1] - 8 * samples) / 2**20
    tracemalloc.stop()
    met = "met" if max(evaluation, whole) <= 16 else "MISSED"
    print(f"\n1,000,000 samples, peak beyond what is kept (and draws): {evaluation:.1f} MB, <= 16 {met}", end="")
    print(f"\n  with drawing, all told: {whole:.1f} MB beyond what is kept", end="")


def test_a_hundred_thousand_samples_end_to_end(model, beside):
    mcerp = pytest.importorskip("mcerp")
    samples, profit = 100_000, profit_of(model)
    mcerp.npts = samples

    def drawn():
        """The same eleven numbers as mcerp's own distributions of about the same middle and width."""
        middle = dict(zip(model.addresses, model.parameters, strict=True))
        return {address: mcerp.N(middle[address], abs(middle[address]) / 20) for address in ADDRESSES}

    def maximum(one, other):
        return (one + other + abs(one - other)) / 2

    def theirs():
        found = by_hand(drawn(), maximum)
        return found.mean, np.quantile(found._mcpts, [0.1, 0.5, 0.9])

    def ours():
        (run,) = simulate_many(Job.of(model, 12, Wanted(totals=(profit,))), samples)
        found = run.totals[profit]
        return found.mean(), np.quantile(found, [0.1, 0.5, 0.9])

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mine, other = medians(ours, theirs, repetitions=5)
        report(f"100,000 samples end to end: mcerp / ours, {beside}", other / mine, ">= 15", (other, mine))
        inputs, draws = drawn(), draws_of(model, samples)
        mine, other = medians(
            lambda: evaluate_many(model, 12, parameters=draws, totals=(profit,)),
            lambda: by_hand(inputs, maximum),
            repetitions=5,
        )
    report("  evaluation alone", other / mine, "", (other, mine))


def test_indices(beside):
    sobol = pytest.importorskip("SALib.sample.sobol")
    analyze = pytest.importorskip("SALib.analyze.sobol").analyze
    tree = it.loads(TREE)
    model = tree._subject.model
    distributions = {one.address: one.distribution for one in Sampler(model).inputs}
    problem = {"num_vars": len(ADDRESSES), "names": list(ADDRESSES), "bounds": [[0.0, 1.0]] * len(ADDRESSES)}

    def theirs():
        points = sobol.sample(problem, 2**14, calc_second_order=False, seed=1)
        shares = np.clip(points, 1e-12, 1 - 1e-12)
        draws = {a: distributions[a].quantile(np.ascontiguousarray(shares[:, i])) for i, a in enumerate(ADDRESSES)}
        return analyze(problem, by_hand(draws), calc_second_order=False, seed=1)

    def ours():
        return tree.uncertainty(samples=2**14)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found, other = ours(), theirs()
        for position, address in enumerate(ADDRESSES):
            assert found[address].total.value == pytest.approx(other["ST"][position], abs=0.01)
        mine, peer = medians(ours, theirs, repetitions=3)
    what = f"Sobol indices, 2**14 base points: SALib with a vectorised model / ours, {beside}"
    report(what, peer / mine, ">= 30", (peer, mine))


def test_two_threads(monkeypatch):
    model = Model(build(load_text(it.template("saas").to_yaml())))
    job, samples = Job.of(model, 12, Wanted(totals=(profit_of(model),))), 2**20

    def working(threads):
        def run():
            monkeypatch.setattr(os, "cpu_count", lambda: threads)
            (found,) = simulate_many(job, samples)
            return found.totals[profit_of(model)]

        return run

    np.testing.assert_array_equal(working(1)(), working(2)())
    one, two = medians(working(1), working(2), repetitions=7)
    report("saas, 12 months, 2**20 samples drawn and worked: one thread / two", one / two, ">= 1.6", (one, two))


def test_a_worth_with_its_range(beside):
    tree = it.template("saas")
    with_range, without = medians(
        lambda: tree.worth("engagement", "+1%"), lambda: tree.worth("engagement", "+1%", range=False), repetitions=15
    )
    more = with_range - without
    met = "met" if more <= 0.3 else "MISSED"
    print(f"\nworth of saas with range, {beside}: {more * 1e3:.0f} ms more, <= 300 {met}", end="")
    shell = "import sys; from impacttree.interfaces.cli import main; main(sys.argv[1:])"
    command = ("-c", shell, "worth", "saas", "engagement", "+1%")
    from_shell, quick = medians(process(*command), process(*command, "--no-range"), repetitions=5)
    more = from_shell - quick
    met = "met" if more <= 2.5 else "MISSED"
    print(f"\n  from the shell: {more:.2f} s more, <= 2.5 {met} ({from_shell:.2f} : {quick:.2f} s)", end="")
