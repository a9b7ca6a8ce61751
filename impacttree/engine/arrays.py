"""The type of the arrays that the engine computes with."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["Array"]

Array = npt.NDArray[np.float64]
"""One number for each row, sample or point."""
