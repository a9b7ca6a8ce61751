"""One metric changed in a tree of 2,000, and the outcome again, against modelx."""

from __future__ import annotations

import itertools
import math
import warnings
from typing import Any

import pytest

import impacttree as it
from impacttree.engine.model import Model
from impacttree.formula import unparse
from impacttree.formula.ast import Call, Name, walk
from impacttree.graph import Graph, build
from impacttree.quantity import Intervention
from impacttree.spec import load_text
from tests.benchmarks import models
from tests.benchmarks.ratios import medians, report

COUNT = 2_000


@pytest.fixture(scope="module")
def graph() -> Graph:
    return build(load_text(models.text(COUNT)))


def test_what_if_against_modelx(graph: Graph) -> None:
    model, outcome = Model(graph), graph.by_name[models.outcome(COUNT)]
    cells = Cells(model)
    with_own = itertools.cycle((7.0, 8.0))
    with_theirs = itertools.cycle((7.0, 8.0))

    def ours() -> float:
        return model.run(1, {1: Intervention("fix", shift=next(with_own))}).rows[0][outcome]

    def theirs() -> float:
        return cells.outcome_with("m1", next(with_theirs))

    for _ in range(2):
        assert theirs() == pytest.approx(ours(), rel=1e-12)
    slow, quick = medians(theirs, ours, repetitions=7)
    report(f"modelx's what-if to one of ours, {COUNT:,} metrics", slow / quick, ">= 50", (slow, quick))


def test_what_if_as_asked_of_a_tree() -> None:
    """The whole question, guardrails and outcomes included, to the two evaluations that it rests on."""
    tree = it.loads(models.text(COUNT))
    model = Model(build(load_text(models.text(COUNT))))
    whole, evaluation = medians(lambda: tree.what_if({"m1": "+1%"}), lambda: model.run(12), repetitions=5)
    report(f"tree.what_if to one evaluation, {COUNT:,} metrics", whole / evaluation, "", (whole, evaluation))
    assert tree.what_if({"m1": "+1%"}).moves


class Cells:
    """The same tree as a modelx model: a cell for each metric, which modelx computes once and clears as needed."""

    def __init__(self, model: Model) -> None:
        import modelx

        warnings.simplefilter("ignore")
        graph = model.graph
        self.space: Any = modelx.new_model().new_space("Tree")
        for metric in graph.metrics:
            self.space.new_cells(metric.name, formula=f"lambda: {python(metric, model)}")
        self.space.sqrt = math.sqrt
        self.outcome = getattr(self.space, graph.outcome)

    def outcome_with(self, metric: str, value: float) -> float:
        setattr(self.space, metric, value)
        return float(self.outcome())


def python(metric: Any, model: Model) -> str:
    """Return a rule as Python that calls the cells it reads; the rules here are our own (see `models`)."""
    text = unparse(metric.rule)
    for node in walk(metric.rule):
        if isinstance(node, Call) and node.function == "baseline":
            name = node.arguments[0]
            assert isinstance(name, Name)
            text = text.replace(f"baseline({name.name})", repr(model.base[model.graph.by_name[name.name]]))
    for name in {node.name for node in walk(metric.rule) if isinstance(node, Name)}:
        text = (
            text.replace(f"{name} ", f"{name}() ").replace(f"{name})", f"{name}())").replace(f"{name},", f"{name}(),")
        )
        text = text + "()" if text.endswith(name) else text
    return text
