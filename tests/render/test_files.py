from __future__ import annotations

from pathlib import Path

import pytest

from impacttree.errors import OutputError
from impacttree.render import save, to_text
from tests.render.views import HEADLINE, TABLE


def test_the_suffix_chooses_the_format(tmp_path: Path) -> None:
    save(HEADLINE, tmp_path / "worth.txt")
    save(HEADLINE, tmp_path / "worth.HTML")
    assert (tmp_path / "worth.txt").read_text(encoding="utf-8") == to_text(HEADLINE) + "\n"
    assert (tmp_path / "worth.HTML").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("worth.xyz", r"suffix '\.xyz' names no known format"),
        ("worth.tx", r"did you mean '\.txt'"),
        ("worth", "a file name without a suffix"),
        ("worth.csv", "a Headline cannot be written as 'csv'"),
        ("missing/worth.txt", "cannot be written: No such file or directory"),
        ("nul\0byte.txt", "cannot be written: embedded null byte"),
    ],
)
def test_what_cannot_be_written_says_why(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(OutputError, match=message):
        save(HEADLINE, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_overwriting_can_be_refused(tmp_path: Path) -> None:
    target = tmp_path / "worth.txt"
    save(HEADLINE, target, overwrite=False)
    with pytest.raises(OutputError, match="exists already: choose another name, or allow overwriting"):
        save(TABLE, target, overwrite=False)
    assert "adds $17k" in target.read_text(encoding="utf-8")
    save(TABLE, target)
    assert "Elasticity" in target.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", [b"worth.txt", 3, None])
def test_a_path_is_text(path: object) -> None:
    with pytest.raises(OutputError, match=r"a path is text or a pathlib.Path, not (bytes|int|NoneType)"):
        save(HEADLINE, path)  # type: ignore[arg-type] - what a user passes by mistake
