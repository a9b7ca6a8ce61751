"""The interval of a ratio of two estimates.

E. C. Fieller, "Some problems in interval estimation", Journal of the Royal Statistical Society B 16 (1954), 175-185.
"""

from __future__ import annotations

import math
from typing import NamedTuple

__all__ = ["Estimate", "ratio_interval"]


class Estimate(NamedTuple):
    """A normally distributed estimate and its standard error."""

    value: float
    error: float


def ratio_interval(
    numerator: Estimate, denominator: Estimate, score: float, correlation: float = 0.0
) -> tuple[float, float] | None:
    """Return the ends of Fieller's interval of ``numerator / denominator``, None if it has none.

    All ratios r belong to it for which ``numerator - r * denominator`` is at most `score` of its own standard errors
    away from zero. They lie between two ends if the denominator is clear of zero by the same measure; otherwise no
    ratio is too large.

    Parameters
    ----------
    numerator, denominator
        Both estimates.
    score
        The normal score of the upper end: 1.2816 for P10 to P90.
    correlation
        That of the two estimates, between -1 and 1.

    Examples
    --------
    >>> ratio_interval(Estimate(6.0, 0.0), Estimate(2.0, 0.5), score=2.0)
    (2.0, 6.0)
    >>> ratio_interval(Estimate(6.0, 1.0), Estimate(2.0, 1.0), score=2.0) is None
    True
    """
    reach = abs(score * denominator.error)
    if reach >= abs(denominator.value):
        return None
    ratio = numerator.value / denominator.value
    above = abs(score * numerator.error / denominator.value)
    below = reach / abs(denominator.value)
    open_share = (1.0 - below) * (1.0 + below)
    # The discriminant as a sum of squares, which no rounding can turn negative.
    aside = ratio * below - correlation * above
    apart = above * math.sqrt((1.0 - correlation) * (1.0 + correlation) * open_share)
    middle, half = ratio - correlation * above * below, math.hypot(aside, apart)
    return (middle - half) / open_share, (middle + half) / open_share
