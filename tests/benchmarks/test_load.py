"""From a file's text to the first value of the outcome, against what PyYAML's C loader alone takes for the text."""

from __future__ import annotations

import pytest
import yaml

from impacttree.engine.model import Model
from impacttree.graph import build
from impacttree.spec import load_text, read_text
from tests.benchmarks import models
from tests.benchmarks.ratios import medians, report


@pytest.mark.parametrize(("count", "target", "repetitions"), [(2_000, "<= 10", 7), (20_000, "<= 12", 3)])
def test_load_check_and_compile(count: int, target: str, repetitions: int) -> None:
    text = models.text(count)

    def ours() -> float:
        graph = build(load_text(text))
        return Model(graph).run(12).rows[0][graph.by_name[models.outcome(count)]]

    def theirs() -> object:
        return yaml.load(text, Loader=yaml.CSafeLoader)

    assert len(theirs()["metrics"]) == count
    whole, plain = medians(ours, theirs, repetitions=repetitions)
    what = f"load, check, compile and evaluate {count:,} metrics to yaml.load(CSafeLoader)"
    report(what, whole / plain, target, (whole, plain))


def test_where_the_time_goes() -> None:
    text = models.text(2_000)
    reading = read_text(text, "x.yaml")
    assert reading.spec is not None
    graph = build(reading.spec, reading.problems)
    model = Model(graph)
    steps = {
        "yaml.load(CSafeLoader)": lambda: yaml.load(text, Loader=yaml.CSafeLoader),
        "read": lambda: read_text(text, "x.yaml"),
        "check": lambda: build(reading.spec, reading.problems),
        "lower": lambda: Model(graph),
        "compile and evaluate": lambda: Model(graph).run(12),
        "evaluate": lambda: model.run(12),
    }
    seconds = medians(*steps.values(), repetitions=5)
    for name, own in zip(steps, seconds, strict=True):
        report(f"  2,000 metrics: {name}", own / seconds[0], "", (own, seconds[0]))
    assert all(own > 0 for own in seconds)
