"""Many scenarios at once, against the scalar engine on one at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from impacttree import template
from impacttree.engine.horizon import discounted
from impacttree.engine.model import Model
from impacttree.engine.sampling import Sampler
from impacttree.engine.simulation import Job, Wanted
from impacttree.engine.vector import evaluate_many
from impacttree.graph import build
from impacttree.spec import load_text
from tests.benchmarks import models
from tests.benchmarks.peers import STEPPED, blocked, saas_by_hand, stepped_by_hand
from tests.benchmarks.ratios import medians, report


def varied(model: Model, rows: int) -> dict[str, Any]:
    rng = np.random.default_rng(7)
    return {
        address: value * rng.uniform(0.98, 1.02, rows)
        for address, value in zip(model.addresses, model.parameters, strict=True)
    }


@pytest.mark.parametrize(
    ("name", "source", "rows"),
    [
        ("profit of saas, 12 months", template("saas").subtree("profit").to_yaml(), 50_000),
        ("2,000 metrics off time", models.text(2_000), 8_192),
    ],
)
def test_a_row_against_a_scalar_run(name: str, source: str, rows: int) -> None:
    model = Model(build(load_text(source)))
    outcome = model.graph.by_name[model.graph.outcome]
    parameters = varied(model, rows)
    batch = evaluate_many(model, 12, parameters=parameters, totals=[outcome])
    assert np.isfinite(batch.totals[outcome]).all()
    one, many = medians(
        lambda: model.run(12).horizon(),
        lambda: evaluate_many(model, 12, parameters=parameters, totals=[outcome]),
        repetitions=5,
    )
    report(f"a scalar run to a row of {rows:,} at once, {name}", one / (many / rows), "", (one, many / rows))


def drawn(source: str, rows: int, periods: int) -> tuple[Model, dict[str, Any], Callable[[Model], Any]]:
    """Return a tree, draws of what its profit rests on, and how that is worked out over the horizon."""
    model = Model(build(load_text(source)))
    profit = model.graph.by_name["profit"]
    draws = Sampler(model).draw(0, rows, only=Job.of(model, periods, Wanted(totals=(profit,))).drawn)

    def worked(on: Model) -> Any:
        return evaluate_many(on, periods, parameters=draws, totals=[profit]).totals[profit]

    return model, draws, worked


@pytest.mark.parametrize(
    ("name", "source", "rows", "periods", "work", "target"),
    [
        ("saas, 12 months, 2**20 samples", template("saas").to_yaml(), 2**20, 12, saas_by_hand, "<= 1.3"),
        ("36 periods x 10,000 scenarios of twenty metrics", STEPPED, 10_000, 36, stepped_by_hand, "<= 1.3"),
    ],
)
def test_steps_against_numpy_by_hand(
    name: str, source: str, rows: int, periods: int, work: Callable[..., Any], target: str, beside: str
) -> None:
    model, draws, worked = drawn(source, rows, periods)
    np.testing.assert_allclose(worked(model), blocked(draws, work), rtol=1e-9)
    mine, hand = medians(lambda: worked(model), lambda: blocked(draws, work), repetitions=9)
    report(f"{name}, ours / numpy by hand in blocks, {beside}", mine / hand, target, (mine, hand))


def test_present_values_against_sums() -> None:
    model, _, worked = drawn(STEPPED, 10_000, 36)
    discounting = model.taking(discounted(0.1, 12, "end"))
    present, plain = medians(lambda: worked(discounting), lambda: worked(model), repetitions=31)
    report("36 periods x 10,000 scenarios, present value / sum", present / plain, "<= 1", (present, plain))
