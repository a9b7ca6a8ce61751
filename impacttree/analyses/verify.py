"""Does the numeric gradient agree with sympy and with complex-step differentiation, on this very tree?"""

from __future__ import annotations

import math
from typing import Any

from impacttree.answers.case import Case
from impacttree.answers.local import local
from impacttree.answers.result import Result, Scalar
from impacttree.answers.subject import Subject
from impacttree.records import dataclass
from impacttree.views import Cell, Column, Table

__all__ = ["Verification", "VerifiedMetric", "verify"]

TOLERANCE = 1e-10


@dataclass(frozen=True, slots=True)
class VerifiedMetric:
    """One derivative, computed three ways."""

    metric: str
    reverse: float
    complex_step: float
    symbolic: float
    error: float
    """Largest difference, relative to the sum of absolute path contributions."""


@dataclass(frozen=True, repr=False)
class Verification(Result):
    """Whether the derivatives of the outcome hold, metric by metric.

    Attributes
    ----------
    metrics : tuple of VerifiedMetric
        In file order; without those by which there is no finite derivative (a square root at zero).
    agrees : bool
        True when there is something to compare, and all three ways agree to `TOLERANCE` of the sum of absolute path
        contributions.
    """

    outcome: str
    metrics: tuple[VerifiedMetric, ...]

    @property
    def agrees(self) -> bool:
        return bool(self.metrics) and self.worst <= TOLERANCE

    @property
    def title(self) -> str:
        """What was found, in a sentence."""
        if not self.metrics:
            return f"Derivatives of {self.outcome}: nothing to compare, no metric has a finite derivative"
        verdict = "agree" if self.agrees else "DISAGREE"
        return f"Derivatives of {self.outcome} {verdict}: largest difference {self.worst:.1e}"

    @property
    def worst(self) -> float:
        return max((metric.error for metric in self.metrics), default=0.0)

    def to_dicts(self) -> list[dict[str, Scalar]]:
        return [
            {
                "metric": m.metric,
                "reverse": m.reverse,
                "complex_step": m.complex_step,
                "symbolic": m.symbolic,
                "error": m.error,
            }
            for m in self.metrics
        ]

    def summary(self) -> dict[str, Any]:
        return super().summary() | {"outcome": self.outcome, "agrees": self.agrees, "worst": self.worst}

    def view(self) -> Table:
        columns = (
            Column("Metric"),
            Column("Reverse", "right"),
            Column("Complex step", "right"),
            Column("sympy", "right"),
            Column("Difference", "right"),
        )
        rows = tuple(
            (
                Cell(m.metric, m.metric),
                Cell(f"{m.reverse:.6g}", m.reverse),
                Cell(f"{m.complex_step:.6g}", m.complex_step),
                Cell(f"{m.symbolic:.6g}", m.symbolic),
                Cell(f"{m.error:.1e}", m.error, "favourable" if m.error <= TOLERANCE else "adverse"),
            )
            for m in self.metrics
        )
        note = "Differences are relative to the sum of absolute path contributions."
        return Table(self.title, columns, rows, (note,) if rows else ())


@local
def verify(subject: Subject, on: str | None = None) -> Verification:
    """Compute the derivative of the outcome by every metric in three independent ways, and compare.

    The ways are the reverse sweep that answers use; complex-step differentiation of the evaluator (Squire and Trapp,
    "Using Complex Variables to Estimate Derivatives of Real Functions", SIAM Review 40, 1998); and the chain rule over
    sympy's partial derivatives of each formula, evaluated at the same values.

    Parameters
    ----------
    subject
        The tree.
    on
        The outcome; by default the tree's.
    """
    from impacttree.engine.derivative_checks import complex_steps, symbolic_chain

    outcome = subject.outcome(on)
    model, run = subject.model, Case.of(subject).base
    reverse = model.gradient(run, outcome.index)
    chain = symbolic_chain(subject.closed, model, run, outcome.index)
    finite = [
        metric
        for metric in subject.graph.metrics
        if math.isfinite(reverse[metric.index]) and math.isfinite(chain[metric.index][0])
    ]
    stepped = complex_steps(model, run, [metric.index for metric in finite], outcome.index)
    rows = []
    for metric, by_step in zip(finite, stepped, strict=True):
        by_sweep, (exact, size) = reverse[metric.index], chain[metric.index]
        largest = max(abs(by_sweep - by_step), abs(by_sweep - exact), abs(by_step - exact))
        rows.append(VerifiedMetric(metric.name, by_sweep, by_step, exact, largest / size if size else largest))
    provenance = subject.provenance("reverse sweep against complex step against sympy")
    return Verification(provenance, outcome.name, tuple(rows))
