"""Which day an answer stands for."""

from __future__ import annotations

import datetime

from impacttree.spec import TreeSpec

__all__ = ["latest_day"]


def latest_day(spec: TreeSpec) -> datetime.date | None:
    """Return the day that the newest of the tree's numbers stands for."""
    return max((metric.as_of for metric in spec.metrics if metric.as_of), default=None)
