from __future__ import annotations

import datetime

from impacttree.quantity.dates import MONTHS, day_text, month_number


def test_words_for_months_and_days() -> None:
    assert [month_number(name) for name in MONTHS] == [*range(1, 13)]
    assert month_number("ja") is None
    assert day_text(datetime.date(2026, 10, 31)) == "31 October 2026"
