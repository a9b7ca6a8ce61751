"""What users rely on changes only on purpose: `surface.txt` is reviewed, and a change has a line in the changelog."""

from __future__ import annotations

from tests.contracts.surface import FROZEN, surface


def test_what_users_rely_on_is_as_reviewed() -> None:
    assert surface() == FROZEN.read_text(encoding="utf-8"), (
        "what users rely on has changed: if that is meant, run `./dev python -m tests.contracts.surface`, "
        "review the difference, and say it in CHANGELOG.md"
    )
