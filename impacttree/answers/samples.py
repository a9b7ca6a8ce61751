"""Numbers of many samples: their quantiles and mean, kept so that nobody can alter them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from numbers import Real
from typing import TYPE_CHECKING, Any

from impacttree.errors import QuestionError, printable
from impacttree.records import dataclass

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["Range", "Samples", "percentage", "visibly_differ"]


@dataclass(frozen=True, slots=True)
class Range:
    """What many samples say of a number: four times in five it lies between P10 and P90.

    Parameters
    ----------
    p10, p50, p90
        Quantiles.
    mean
        None where it does not settle.
    mean_missing
        Why not, and what to state; empty where there is a mean.
    mean_error
        Standard error of the mean, as of independent samples, which Sobol points mostly stay below.
    is_point
        Whether all samples are the same but for rounding.
    beyond
        Share of the samples outside P10 to P90; of a rare event, which no quantile shows, how often it happens.
    below_zero, above_zero
        Shares of the samples.

    Examples
    --------
    >>> Range(9e3, 17e3, 26e3, 17.2e3).times(12).p90
    312000.0
    """

    p10: float
    p50: float
    p90: float
    mean: float | None
    mean_missing: str = ""
    mean_error: float | None = None
    is_point: bool = False
    beyond: float = 0.2
    below_zero: float = 0.0
    above_zero: float = 0.0

    def times(self, factor: float) -> Range:
        """Return the range of the number times a factor above zero."""
        return replace(
            self,
            p10=self.p10 * factor,
            p50=self.p50 * factor,
            p90=self.p90 * factor,
            mean=None if self.mean is None else self.mean * factor,
            mean_error=None if self.mean_error is None else self.mean_error * factor,
        )

    def as_dict(self) -> dict[str, float | str | None]:
        return {
            "p10": self.p10,
            "p50": self.p50,
            "p90": self.p90,
            "mean": self.mean,
            "mean_missing": self.mean_missing or None,
            "mean_error": self.mean_error,
        }


POINT = 1e-10
"""Largest distance from the median, relative to the numbers at hand, that rounding leaves in the furthest samples."""
ROUNDED = 1e-12
"""The same, of all but a few of the samples."""
FEW = 0.01


class Samples:
    """The numbers of all samples, in the order of their index; NaN where a sample has no value.

    Equal to others with the same numbers.

    Parameters
    ----------
    values
        One number for each sample.

    Examples
    --------
    >>> import numpy as np
    >>> samples = Samples(np.array([1.0, 2.0, 3.0, 4.0, np.nan]))
    >>> samples.quantile(0.5), samples.mean, samples.missing
    (2.5, 2.5, 1)
    """

    __slots__ = ("values",)

    values: npt.NDArray[np.float64]

    def __init__(self, values: npt.NDArray[np.float64]) -> None:
        kept = values.view()
        kept.flags.writeable = False
        object.__setattr__(self, "values", kept)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("samples never change; copy their values")

    def __reduce__(self) -> tuple[type[Samples], tuple[Any]]:
        return Samples, (self.values,)

    def __len__(self) -> int:
        return len(self.values)

    def __eq__(self, other: object) -> bool:
        import numpy as np

        return isinstance(other, Samples) and np.array_equal(self.values, other.values, equal_nan=True)

    def __hash__(self) -> int:
        return hash(self.values.tobytes())

    def __repr__(self) -> str:
        return f"<Samples: {len(self)} numbers>"

    @property
    def present(self) -> npt.NDArray[np.float64]:
        """The numbers of the samples that have one.

        Raises
        ------
        QuestionError
            When none has.
        """
        import numpy as np

        there = np.isfinite(self.values)
        if not there.any():
            raise QuestionError(f"none of {len(self):,} samples has a value")
        return self.values if there.all() else self.values[there]

    @property
    def missing(self) -> int:
        """How many samples have no value."""
        import numpy as np

        return len(self) - int(np.isfinite(self.values).sum())

    @property
    def mean(self) -> float:
        return float(self.present.mean())

    def quantile(self, share: float) -> float:
        """Return the number below which a share of the samples lies, between its neighbours in proportion."""
        return self.quantiles((share,))[0]

    def quantiles(self, shares: Sequence[float]) -> tuple[float, ...]:
        """Return the numbers below which these shares of the samples lie.

        Raises
        ------
        QuestionError
            When a share is not from 0 to 1, or no sample has a value.
        """
        import numpy as np

        return tuple(map(float, np.quantile(self.present, _shares(shares))))

    def range(self, scale: float = 0.0, *, mean_missing: str = "") -> Range:
        """Return P10, P50, P90 and mean of the samples that have a value.

        Parameters
        ----------
        scale
            Size of what the numbers are differences of: beside it, rounding is to be seen.
        mean_missing
            Why they have no mean; empty where they have one.
        """
        import numpy as np

        present = self.present
        p10, p50, p90 = self.quantiles((0.1, 0.5, 0.9))
        apart = np.abs(present - p50)
        size = max(scale, abs(float(present.min())), abs(float(present.max())))
        rounded = float((apart > ROUNDED * size).mean()) < FEW
        return Range(
            p10,
            p50,
            p90,
            mean=None if mean_missing else self.mean,
            mean_missing=mean_missing,
            mean_error=None if mean_missing else float(present.std()) / math.sqrt(len(present)),
            is_point=rounded and float(apart.max()) <= POINT * size,
            beyond=float(((present < p10) | (present > p90)).mean()),
            below_zero=float((present < 0).mean()),
            above_zero=float((present > 0).mean()),
        )

    def share(self, holds: npt.NDArray[np.bool_]) -> float:
        """Return in which share of the samples that have a value something holds."""
        import numpy as np

        there = np.isfinite(self.values)
        count = int(there.sum())
        return int((holds & there).sum()) / count if count else math.nan


def _shares(given: object) -> tuple[float, ...]:
    if isinstance(given, str) or not isinstance(given, Iterable):
        shown = printable(repr(given), 40)
        raise QuestionError(f"quantiles are asked for as a list of shares, such as [0.1, 0.9], not {shown}")
    shares = tuple(given)
    for share in shares:
        if isinstance(share, bool) or not isinstance(share, Real) or not 0 <= float(share) <= 1:
            shown = printable(repr(share), 40)
            raise QuestionError(f"a quantile is a share between 0 and 1, such as 0.9, not {shown}")
    return tuple(map(float, shares))


def percentage(share: float) -> str:
    """Write a share of samples; never 0% of what does happen, nor 100% of what may fail.

    Examples
    --------
    >>> percentage(0.12), percentage(0.0042), percentage(0.00004), percentage(0.9999)
    ('12%', '0.4%', 'under 0.1%', 'over 99.9%')
    """
    if 0 < share < 0.001:
        return "under 0.1%"
    if 0.999 < share < 1:
        return "over 99.9%"
    text = f"{share:.1%}" if share < 0.01 or share > 0.99 else f"{share:.0%}"
    return text.replace(".0%", "%")


def visibly_differ(middle: float, other: float) -> bool:
    """Return whether of a point, a median and a mean one is so far from another that both are printed.

    Examples
    --------
    >>> visibly_differ(17_200.0, 16_700.0), visibly_differ(16_800.0, 16_700.0)
    (True, False)
    """
    return abs(middle - other) > VISIBLE * abs(other)


VISIBLE = 0.02
"""Relative to the number beside it."""
