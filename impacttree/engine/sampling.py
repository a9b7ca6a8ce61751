"""What is uncertain in a tree, and draws of it.

Numbers are drawn at scrambled Sobol points by their quantile functions. What is drawn depends on a number's address,
the seed and the index of the sample alone: not on the order of the file, the number of workers, or how a run is cut up.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from impacttree.engine.correlations import Correlation, linked
from impacttree.engine.distributions import Distribution, distribution_of
from impacttree.engine.model import Model
from impacttree.engine.sobol import CHUNK, MAX_SAMPLES, Points, chunks_of
from impacttree.errors import ModelError, QuantityError, QuestionError
from impacttree.graph.checks import bounds_of
from impacttree.graph.evidence import DEFAULTS, EvidenceDefaults, uncertain_effects
from impacttree.graph.findings import Findings
from impacttree.graph.model import Metric
from impacttree.quantity import Bounds, Quantity

__all__ = ["CHUNK", "MAX_SAMPLES", "Correlation", "Sampler", "Uncertain", "chunks_of"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Uncertain:
    """One number that is not known for certain."""

    address: str
    """``arpu.value``, ``customers.start``, ``churn.nps.slope``"""
    metric: str
    """The metric that it belongs to."""
    distribution: Distribution
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
    correlations
        Pairs of addresses and the correlation of their normal scores.
    defaults
        What evidence grades stand for.
    copies
        Independent sets of draws; more of them leave the first as it is.
    extra
        Uncertain numbers that are not of the tree: what a decision costs, say.

    Attributes
    ----------
    inputs : tuple of Uncertain
        In the order of their addresses.
    correlated : frozenset of str
        Addresses of those that are not drawn apart from the others.

    Raises
    ------
    ModelError
        When ranges or correlations cannot hold; lists all of them.

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

    def __init__(
        self,
        model: Model,
        *,
        seed: int = 0,
        correlations: Sequence[Correlation] = (),
        defaults: EvidenceDefaults = DEFAULTS,
        copies: int = 1,
        extra: Sequence[Uncertain] = (),
    ) -> None:
        if isinstance(seed, bool) or not isinstance(seed, int):
            raise QuestionError(f"a seed is a whole number, not {seed!r}")
        findings = Findings(model.graph.spec, [])
        known = sorted((one for metric in model.graph.metrics for one in _known(metric, defaults)), key=_address)
        self.seed = seed
        self.inputs = tuple(sorted((*_distributions(known, findings), *extra), key=_address))
        addresses = sorted([*map(_address, known), *map(_address, extra)])
        self._linked = linked(correlations, addresses, model.addresses, findings)
        if findings.problems:
            raise ModelError(*findings.sorted())
        self._positions = {address: position for position, address in enumerate(addresses)}
        self._group_of = {position: group for group in self._linked for position in group.members}
        self.correlated = frozenset(addresses[position] for position in self._group_of)
        self._points = Points(addresses, seed, copies)

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


class _Known(NamedTuple):
    """What is known of one number, and where it is written."""

    address: str
    keys: tuple[str, ...]
    quantity: Quantity
    bounds: Bounds | None
    stated: bool


def _address(known: _Known | Uncertain) -> str:
    return known.address


def _known(metric: Metric, defaults: EvidenceDefaults) -> Iterator[_Known]:
    bounds = bounds_of(metric.spec)
    for key, quantity in (("value", metric.spec.value), ("start", metric.spec.start)):
        if quantity is not None and quantity.spread is not None:
            yield _Known(f"{metric.name}.{key}", (key,), quantity, bounds, True)
    for effect in uncertain_effects(metric, defaults):
        _, source, parameter = effect.address.split(".")
        yield _Known(effect.address, ("drivers", source, parameter), effect.quantity, None, effect.stated)


def _distributions(known: Iterable[_Known], findings: Findings) -> Iterator[Uncertain]:
    """Return the distributions of what is known; ranges that cannot hold go to the findings."""
    for one in known:
        metric = one.address.partition(".")[0]
        try:
            distribution = distribution_of(one.quantity, one.bounds)
        except QuantityError as error:
            findings.extend(metric, one.keys, error)
        else:
            yield Uncertain(one.address, metric, distribution, one.stated)
