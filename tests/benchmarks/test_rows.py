"""Many scenarios at once, against the scalar engine on one at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from impacttree import template
from impacttree.engine.model import Model
from impacttree.engine.vector import evaluate_many
from impacttree.graph import build
from impacttree.spec import load_text
from tests.benchmarks import models
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
