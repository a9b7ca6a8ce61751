"""What is uncertain as plain data: the points at which it is drawn, and the curve of each number."""

from __future__ import annotations

import base64
import math
import struct
from collections.abc import Sequence
from typing import Any

from impacttree.engine.distributions import (
    BentNormal,
    Beta,
    Discrete,
    ProbabilityDistribution,
    Triangular,
    Uniform,
)
from impacttree.engine.sampling import Sampler

__all__ = ["curve", "draws_data"]


def draws_data(sampler: Sampler, addresses: Sequence[str], count: int) -> dict[str, Any]:
    """Return all that is needed to draw some numbers as the library draws them.

    Parameters
    ----------
    sampler
        Draws what is uncertain in the tree.
    addresses
        Of the numbers that are wanted.
    count
        How many draws are wanted of each. Where the points of one of them are not a plain net, which happens beyond
        some hundred numbers, the `count` that is returned is 0, and no draw can be repeated.
    """
    names, wanted = [one.address for one in sampler.inputs], set(addresses)
    groups = [group for group in sampler.linked if any(names[one] in wanted for one in group.members)]
    wanted |= {names[one] for group in groups for one in group.members}
    chosen = [one for one in sampler.inputs if one.address in wanted]
    places = {one.address: place for place, one in enumerate(chosen)}
    bits = max(count - 1, 1).bit_length()
    nets = [sampler.net(one.address, bits) for one in chosen]
    inputs = [
        {"address": one.address, "net": _packed(net or ()), "curve": curve(one.distribution)}
        for one, net in zip(chosen, nets, strict=True)
    ]
    linked = [
        {"members": [places[names[one]] for one in group.members], "factor": group.factor.tolist()} for group in groups
    ]
    return {"count": count if all(nets) else 0, "inputs": inputs, "linked": linked}


def _packed(words: Sequence[int]) -> str:
    """Return words of 32 bits as base64 of their bytes, the lowest first."""
    return base64.b64encode(struct.pack(f"<{len(words)}I", *words)).decode()


def curve(distribution: ProbabilityDistribution) -> list[Any]:
    """Return the kind of a quantile function, and its numbers.

    Examples
    --------
    >>> curve(Uniform(2.0, 3.0))
    ['uniform', 2.0, 3.0]
    """
    match distribution:
        case BentNormal():
            ends = [end if math.isfinite(end) else None for end in distribution.bounds]
            halves = (distribution.below, distribution.above, distribution.bend)
            cut = (distribution.cut, distribution.stretch if distribution.cut else 1.0)
            return ["bent", distribution.shape, distribution.central, *halves, *cut, *ends]
        case Uniform(low, high):
            return ["uniform", low, high]
        case Triangular(low, mode, high):
            return ["triangular", low, mode, high]
        case Beta(alpha, beta):
            return ["beta", alpha, beta]
        case Discrete(values, shares):
            reached = [math.fsum(shares[:place]) for place in range(1, len(shares))]
            return ["discrete", list(values), reached]
    raise TypeError(f"{type(distribution).__name__} has no curve")
