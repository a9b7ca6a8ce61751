"""Work counted, not timed: a count is the same on every machine, however busy it is."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType

__all__ = ["calls", "growth"]


def calls(action: Callable[[], object]) -> int:
    """Return how many functions are called while `action` runs, those written in C included.

    Examples
    --------
    >>> calls(lambda: abs(-1)) - calls(lambda: None)
    1
    """
    count = 0

    def seen(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(seen)
    try:
        action()
    finally:
        sys.setprofile(before)
    return count


def growth(action: Callable[[int], object], size: int, times: int = 4) -> float:
    """Return how many times as many functions are called for a case `times` as large as one of `size`.

    About `times` where the work is in proportion to the size, its square where every part looks at every other.
    """
    small, large = calls(lambda: action(size)), calls(lambda: action(times * size))
    return large / small
