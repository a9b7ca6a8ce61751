"""Reading only regular files, replacing them whole or not at all."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from impacttree import files
from impacttree.errors import ModelError, OutputError
from impacttree.files import decode, read_regular, replace_file


def refusal(path) -> str:
    with pytest.raises(ModelError) as caught:
        read_regular(path)
    (problem,) = caught.value.problems
    assert problem.file == os.fspath(path)
    return problem.reason


def test_reads_a_file_and_a_link_to_one(tmp_path):
    file, link = tmp_path / "a.yaml", tmp_path / "b.yaml"
    file.write_bytes(b"x\r\n\xff")
    link.symlink_to(file)
    assert read_regular(file) == read_regular(str(link)) == b"x\r\n\xff"


def test_refuses_what_is_no_regular_file(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        monkeypatch.chdir(tmp_path)  # names of sockets must be short
        server.bind("socket")
        assert "socket" in refusal(tmp_path / "socket")
    assert "folder" in refusal(tmp_path)
    assert "named pipe" in refusal(tmp_path / "pipe")
    assert "named pipe" in refusal(tmp_path / "link")
    assert "device" in refusal("/dev/zero")
    assert "no such file" in refusal(tmp_path / "missing")
    assert "cannot be read" in refusal("a\0b")
    assert "cannot be read" in refusal("x" * 5000)


def test_a_loop_of_links_is_refused(tmp_path):
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert "cannot be read" in refusal(tmp_path / "a")
    with pytest.raises(OutputError):
        replace_file(tmp_path / "a", b"x")


def test_large_files_are_not_read(tmp_path):
    file = tmp_path / "large.yaml"
    with file.open("wb") as handle:
        handle.truncate(100_000_000)
    assert "100,000,000 bytes" in refusal(file)
    os.truncate(file, files.MAX_BYTES)
    assert len(read_regular(file)) == files.MAX_BYTES


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a: 1".encode("utf-16"), "UTF-16"),
        ("a: 1".encode("utf-16-be"), "NUL"),
        ("\ufeffa: 1".encode("utf-16-be"), "UTF-16"),
        ("a: 1".encode("utf-32"), "UTF-32"),
        (b"a: 1\nb: \x00", "NUL"),
        ("a: é".encode("latin-1"), "0xe9"),
        (b"\x89PNG\r\n\x1a\n", "0x89"),
        ("a: é".encode()[:-1], "0xc3"),
    ],
)
def test_other_encodings_are_named(content, words):
    with pytest.raises(ModelError, match=words) as caught:
        decode(content, "m.yaml")
    problem = caught.value.problems[0]
    assert problem.fix
    assert problem.line == 1 + content.startswith(b"a: 1\n")


def test_writes_a_new_file_with_the_usual_permissions(tmp_path):
    plain, written = tmp_path / "plain", tmp_path / "written"
    plain.write_bytes(b"")
    replace_file(written, b"x")
    assert written.read_bytes() == b"x"
    assert written.stat().st_mode == plain.stat().st_mode
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plain", "written"]


def test_replaces_the_target_of_a_link_and_keeps_its_permissions(tmp_path):
    file, link = tmp_path / "a", tmp_path / "b"
    file.write_bytes(b"old")
    file.chmod(0o640)
    link.symlink_to(file)
    replace_file(link, b"new")
    assert link.is_symlink()
    assert file.read_bytes() == b"new"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_refuses_to_overwrite_when_told(tmp_path):
    file, dangling = tmp_path / "a", tmp_path / "b"
    file.write_bytes(b"old")
    dangling.symlink_to(tmp_path / "nowhere")
    for path in (file, dangling):
        with pytest.raises(OutputError, match="exists already"):
            replace_file(path, b"new", overwrite=False)
    assert file.read_bytes() == b"old"


def test_refuses_folders_pipes_and_missing_folders(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "missing" / "a", "a\0b"):
        with pytest.raises(OutputError, match="cannot be written"):
            replace_file(path, b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]


@pytest.mark.parametrize("path", [b"a.yaml", 3, None])
def test_a_path_is_text(path):
    with pytest.raises(ModelError, match=r"a path is text or a pathlib.Path, not (bytes|int|NoneType)"):
        read_regular(path)
    with pytest.raises(OutputError, match=r"a path is text or a pathlib.Path, not (bytes|int|NoneType)"):
        replace_file(path, b"")


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_failure_leaves_the_folder_as_it_was(tmp_path, monkeypatch, failing):
    def fail(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(*((os, "fsync") if failing == "fsync" else (Path, "replace")), fail)
    with pytest.raises(OutputError, match="No space left on device"):
        replace_file(tmp_path / "a", b"new", overwrite=False)
    assert list(tmp_path.iterdir()) == []


KILLED = """
import os, signal, sys
from impacttree.files import replace_file
os.fsync = lambda descriptor: os.kill(os.getpid(), signal.SIGKILL)
replace_file(sys.argv[1], b"half")
"""


def test_what_a_killed_writer_left_is_removed_by_the_next(tmp_path):
    file, other = tmp_path / "a.yaml", tmp_path / ".b.yaml.impacttree-0011223344556677.tmp"
    other.write_bytes(b"of another file")
    done = subprocess.run([sys.executable, "-c", KILLED, str(file)], check=False)
    assert done.returncode == -signal.SIGKILL
    (left,) = set(tmp_path.iterdir()) - {other}
    assert left.name.startswith(".a.yaml.impacttree-")
    replace_file(file, b"new")
    assert set(tmp_path.iterdir()) == {file, other}
    assert file.read_bytes() == b"new"


def test_what_another_writer_holds_open_stays(tmp_path):
    temporary, descriptor = files._temporary(tmp_path / "a")
    try:
        replace_file(tmp_path / "a", b"new")
        assert temporary.exists()
    finally:
        os.close(descriptor)
    replace_file(tmp_path / "a", b"newer")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, failing):
    def fail(*arguments):
        raise OSError(28, "No space left on device")

    file = tmp_path / "a"
    file.write_bytes(b"old")
    monkeypatch.setattr(*((os, "fsync") if failing == "fsync" else (Path, "replace")), fail)
    with pytest.raises(OutputError, match="No space left on device"):
        replace_file(file, b"new")
    assert file.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_file_that_another_program_holds_open_is_our_error(tmp_path, monkeypatch):
    """Windows refuses to replace such a file; here the refusal is imitated."""

    def refuse(*arguments):
        raise PermissionError(13, "The process cannot access the file because it is being used by another process")

    file = tmp_path / "board.yaml"
    file.write_bytes(b"old")
    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OutputError, match="being used by another process: close it in other programs"):
        replace_file(file, b"new")
    assert file.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["board.yaml"]


def test_an_interruption_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    def interrupt(*arguments):
        raise KeyboardInterrupt

    file = tmp_path / "a"
    file.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        replace_file(file, b"new")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


def test_who_holds_a_file_alone_is_waited_for_and_not_for_ever(tmp_path, monkeypatch):
    path = tmp_path / "held"
    path.touch()
    slept = []
    held = files.alone(path, 60.0)
    held.__enter__()

    def let_go_after_three(seconds):
        slept.append(seconds)
        if len(slept) == 3:
            held.__exit__(None, None, None)

    monkeypatch.setattr(files.time, "sleep", let_go_after_three)
    with files.alone(path, 60.0):
        assert len(slept) == 3
        with files.alone(path, 0.0):
            assert len(slept) == 3
    with files.alone(path, 60.0), files.alone(tmp_path / "missing", 60.0):
        assert len(slept) == 3
