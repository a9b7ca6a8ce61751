"""Words for days and months."""

from __future__ import annotations

import datetime

__all__ = ["MONTHS", "ONE_DAY", "day_text", "days_in", "days_text", "joined_ends", "month_number"]

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
ONE_DAY = datetime.timedelta(days=1)


def day_text(day: datetime.date, *, short: bool = False) -> str:
    """Write a day: ``31 October 2026``, or ``31 Oct 2026``."""
    name = MONTHS[day.month - 1]
    return f"{day.day} {name[:3] if short else name} {day.year}"


def month_number(text: str) -> int | None:
    """Return 1 to 12 for ``January`` to ``Dec``, in any case; None for any other text.

    Examples
    --------
    >>> month_number("February"), month_number("sep"), month_number("Sept"), month_number("13")
    (2, 9, 9, None)
    """
    word = text.strip().lower()
    return next((n for n, name in enumerate(MONTHS, 1) if len(word) >= 3 and name.lower().startswith(word)), None)


def days_in(year: int, month: int) -> int:
    """Return how many days a month has; the standard module for this also loads locales.

    Examples
    --------
    >>> days_in(2027, 2), days_in(2028, 2), days_in(2027, 12)
    (28, 29, 31)
    """
    return 31 if month == 12 else (datetime.date(year, month + 1, 1) - ONE_DAY).day


def days_text(first: datetime.date, last: datetime.date) -> str:
    """Write the days from first to last: ``1 Nov 2026 to 31 Oct 2027``."""
    return joined_ends(day_text(first, short=True), day_text(last, short=True))


def joined_ends(first: str, last: str) -> str:
    """Write the names of two ends as one name: ``FY27 to FY28``, or ``FY27`` where they are the same."""
    return first if first == last else f"{first} to {last}"
