"""Which row of a model sheet holds what: the same on each, metrics by kind in the order in which they are computed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Literal

from impacttree.export.workbook.spelling import SpelledFormula, spell
from impacttree.formula.core import lowered
from impacttree.graph.model import Graph, Metric
from impacttree.records import dataclass

__all__ = ["KINDS", "FormulaPart", "SheetRows"]

KINDS = {"product": "Product", "driver": "Drivers", "financial": "Financial"}
FormulaPart = tuple[int, Literal["rule", "start"]]
"""A slot, and which of its formulas: its rule, or what it is at t = 0."""


@dataclass(frozen=True, eq=False)
class SheetRows:
    """The rows below the head.

    Parameters
    ----------
    graph
        The tree.
    first
        The first of them.
    """

    graph: Graph
    first: int

    @cached_property
    def formulas(self) -> Mapping[FormulaPart, SpelledFormula]:
        """Every formula of the tree as a spreadsheet writes it."""
        found: dict[FormulaPart, SpelledFormula] = {}
        for metric in self.graph.metrics:
            found[metric.index, "rule"] = spell(metric.core)
            if metric.start is not None:
                found[metric.index, "start"] = spell(lowered(metric.start))
        return found

    @cached_property
    def sections(self) -> tuple[tuple[str, tuple[Metric, ...]], ...]:
        """The metrics by kind, in the order in which they are computed."""
        ordered = [self.graph.metrics[slot] for slot in self.graph.order]
        groups = ((title, tuple(one for one in ordered if one.spec.kind == kind)) for kind, title in KINDS.items())
        return tuple((title, metrics) for title, metrics in groups if metrics)

    @cached_property
    def _places(self) -> tuple[Mapping[str, int], Mapping[int, int], Mapping[tuple[FormulaPart, int], int], int]:
        titles: dict[str, int] = {}
        metrics: dict[int, int] = {}
        helpers: dict[tuple[FormulaPart, int], int] = {}
        row = self.first
        for title, members in self.sections:
            titles[title], row = row, row + 1
            for metric in members:
                metrics[metric.index], row = row, row + 1
                for part in self.parts(metric):
                    for number in range(len(self.formulas[part].helpers)):
                        helpers[part, number], row = row, row + 1
        return titles, metrics, helpers, row

    def parts(self, metric: Metric) -> Iterator[FormulaPart]:
        yield metric.index, "rule"
        if metric.start is not None:
            yield metric.index, "start"

    @property
    def titles(self) -> Mapping[str, int]:
        return self._places[0]

    @property
    def metrics(self) -> Mapping[int, int]:
        """By slot."""
        return self._places[1]

    @property
    def helpers(self) -> Mapping[tuple[FormulaPart, int], int]:
        """The rows of parts of long formulas."""
        return self._places[2]

    @property
    def end(self) -> int:
        return self._places[3]
