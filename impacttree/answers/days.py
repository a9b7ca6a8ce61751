"""Days as answers write them."""

from __future__ import annotations

import datetime

from impacttree.spec import TreeSpec

__all__ = ["MONTHS", "day_text", "latest_day"]

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def day_text(day: datetime.date) -> str:
    """Write a day: ``31 October 2026``.

    Examples
    --------
    >>> day_text(datetime.date(2026, 10, 31))
    '31 October 2026'
    """
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def latest_day(spec: TreeSpec) -> datetime.date | None:
    """Return the day that the newest of the tree's numbers stands for."""
    return max((metric.as_of for metric in spec.metrics if metric.as_of), default=None)
