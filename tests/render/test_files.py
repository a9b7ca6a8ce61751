from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from impacttree.errors import OutputError
from impacttree.render import files, save, to_text, write_file
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
    with pytest.raises(OutputError, match="exists: allow overwriting, or choose another name"):
        save(TABLE, target, overwrite=False)
    assert "adds $17k" in target.read_text(encoding="utf-8")
    save(TABLE, target)
    assert "Elasticity" in target.read_text(encoding="utf-8")


@pytest.mark.parametrize("overwrite", [True, False])
def test_a_failure_leaves_the_folder_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, overwrite: bool
) -> None:
    old = tmp_path / "old.txt"
    old.write_text("old")

    def fail(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", fail)
    with pytest.raises(OutputError, match="No space left on device"):
        write_file(old if overwrite else tmp_path / "new.txt", b"new", overwrite)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("old.txt", "old")]


def test_links_are_followed_and_permissions_kept(tmp_path: Path) -> None:
    target, link = tmp_path / "target.txt", tmp_path / "link.txt"
    target.write_text("old")
    target.chmod(0o640)
    link.symlink_to(target)
    write_file(link, b"new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_a_new_file_follows_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_file(tmp_path / "new.txt", b"x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new.txt").stat().st_mode) == 0o640


def test_only_regular_files_are_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "folder.txt"
    folder.mkdir()
    with pytest.raises(OutputError, match="not a regular file"):
        write_file(folder, b"x")
    pipe = tmp_path / "pipe.txt"
    os.mkfifo(pipe)
    with pytest.raises(OutputError, match="not a regular file"):
        write_file(pipe, b"x")
