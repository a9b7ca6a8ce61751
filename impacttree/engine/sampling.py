"""What is uncertain in a tree, and draws of it.

Numbers are drawn at scrambled Sobol points by their quantile functions. What is drawn depends on a number's address,
the seed and the index of the sample alone: not on the order of the file, the number of workers, or how a run is cut up.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from impacttree.engine.arrays import Array
from impacttree.engine.correlations import linked
from impacttree.engine.distributions import GRADE_CUT, ProbabilityDistribution, distribution_of
from impacttree.engine.model import Model
from impacttree.engine.sobol import CHUNK, MAX_SAMPLES, SobolPoints, chunks_of
from impacttree.errors import QuestionError
from impacttree.graph.model import UncertainNumber
from impacttree.records import dataclass

__all__ = ["CHUNK", "MAX_SAMPLES", "Sampler", "Uncertain", "chunks_of"]


@dataclass(frozen=True, slots=True)
class Uncertain:
    """One number that is not known for certain."""

    address: str
    """``arpu.value``, ``customers.start``, ``churn.nps.slope``"""
    metric: str
    """The metric that it belongs to."""
    distribution: ProbabilityDistribution
    stated: bool
    """False where the range follows from an evidence grade alone."""


class Sampler:
    """Draws of everything that is uncertain in a tree.

    Parameters
    ----------
    model
        The compiled tree.
    seed
        Whole number; the same seed gives the same draws.
    copies
        Independent sets of draws; more of them leave the first as it is.
    extra
        Further numbers that a question adds, such as a lift that is not certain; all independent.

    Attributes
    ----------
    inputs : tuple of Uncertain
        In the order of their addresses.
    linked : tuple of Linked
        Groups of them that hang together, by their places.

    Raises
    ------
    QuestionError
        When the seed is not a whole number, or an extra number has the address of another.

    Examples
    --------
    >>> from impacttree.graph import build
    >>> from impacttree.spec import load_text
    >>> graph = build(load_text("metrics: {price: {value: $30 ($25 to $36)}, paid: {formula: 50 * price}}"))
    >>> sampler = Sampler(Model(graph), seed=7)
    >>> [uncertain.address for uncertain in sampler.inputs]
    ['price.value']
    >>> draws = sampler.draw(0, 16_384)
    >>> import numpy as np
    >>> np.quantile(draws["price.value"], [0.1, 0.5, 0.9]).round(2)
    array([25., 30., 36.])
    """

    def __init__(self, model: Model, *, seed: int = 0, copies: int = 1, extra: Sequence[UncertainNumber] = ()) -> None:
        if isinstance(seed, bool) or not isinstance(seed, int):
            raise QuestionError(f"a seed is a whole number, not {seed!r}")
        known = sorted((*model.graph.uncertain, *extra), key=lambda number: number.address)
        addresses = [number.address for number in known]
        self.seed = seed
        self.inputs = tuple(_drawable(number) for number in known)
        self._positions = {address: position for position, address in enumerate(addresses)}
        if len(self._positions) < len(addresses):
            raise QuestionError("two uncertain numbers have the same address")
        self.linked = tuple(linked(group, self._positions) for group in model.graph.correlations)
        self._group_of = {position: group for group in self.linked for position in group.members}
        self._points = SobolPoints(addresses, seed, copies)

    def net(self, address: str, bits: int) -> tuple[int, ...] | None:
        """Return what the points of a number are made of, as `SobolPoints.net` has it, before correlations."""
        return self._points.net(self._positions[address], bits)

    def draw(self, first: int, count: int, *, only: Collection[str] | None = None, copy: int = 0) -> dict[str, Array]:
        """Return `count` draws from index `first` on, by address.

        Parameters
        ----------
        only
            Addresses that are wanted; all if not given. The draws are the same either way.
        copy
            Which of the independent sets.
        """
        wanted = range(len(self.inputs)) if only is None else sorted(self._positions[address] for address in only)
        shares: dict[int, Array] = {}
        for position in wanted:
            group = self._group_of.get(position)
            if group is None:
                shares[position] = self._points.shares(position, first, count, copy)
            elif position not in shares:
                rows = np.array([self._points.shares(member, first, count, copy) for member in group.members])
                shares |= zip(group.members, group.apply(rows), strict=True)
        return {
            self.inputs[position].address: self.inputs[position].distribution.quantile(shares[position])
            for position in wanted
        }


def _drawable(number: UncertainNumber) -> Uncertain:
    distribution = distribution_of(number.quantity, number.bounds, cut=0.0 if number.stated else GRADE_CUT)
    return Uncertain(number.address, number.metric, distribution, number.stated)
