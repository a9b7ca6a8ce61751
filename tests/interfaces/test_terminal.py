"""The program as a process: start-up, pipes, terminals, signals."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from impacttree.interfaces import terminal
from impacttree.render import to_text
from impacttree.render.characters import width
from impacttree.tree import template

pytestmark = pytest.mark.slow

HEAVY = {"numpy", "sympy", "networkx", "graphviz", "matplotlib", "scipy", "pandas", "ruamel", "importlib.metadata"}
unix = pytest.mark.skipif(sys.platform == "win32", reason="terminals and signals of Unix")


def loaded(*arguments):
    code = f"""
import sys
from impacttree.interfaces.cli import main
try:
    main({list(arguments)!r})
finally:
    print(",".join(sys.modules), file=sys.stderr)
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return set(done.stderr.strip().split(","))


@pytest.mark.parametrize("arguments", [["--help"], ["worth", "--help"], ["--version"]])
def test_help_loads_no_library(arguments):
    assert not loaded(*arguments) & (HEAVY | {"pydantic", "yaml", "rich", "impacttree.tree"})


def test_a_quick_worth_loads_nothing_heavy():
    modules = loaded("worth", "saas", "engagement", "+1%", "--no-range")
    assert "impacttree.analyses.worth" in modules
    assert not modules & (HEAVY | {"yaml", "rich"})


def test_a_range_loads_no_more_than_it_takes():
    modules = loaded("worth", "saas", "engagement", "+1%")
    assert "scipy.special" in modules
    assert not modules & (HEAVY - {"numpy", "scipy", "importlib.metadata"} | {"rich", "scipy.stats", "scipy.optimize"})


def test_piped_answers_are_full_width_and_the_same_every_time(start):
    plain = to_text(template("saas").worth("engagement", "+1%").view())
    for columns in ("40", "300"):
        output, errors = start("worth", "saas", "engagement", "+1%", env={"COLUMNS": columns}).communicate()
        assert output.decode() == f"{plain}\n"
        assert errors == b""


@unix
def test_a_closed_pipe_makes_no_noise(start):
    with start("schema") as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode != 0


@unix
def test_a_full_disk_is_one_message(start):
    with Path("/dev/full").open("wb") as full:
        process = start("values", "saas", stdout=full)
        _, errors = process.communicate()
    assert process.returncode == 2
    assert errors == b"Error: the answer cannot be written: No space left on device\n"


@unix
def test_a_closed_error_output_does_no_harm(start):
    process = start("values", "sas", preexec_fn=lambda: os.close(2))
    assert process.communicate() == (b"", b"")
    assert process.returncode == 2


def test_being_interrupted_makes_no_noise(run, monkeypatch):
    def interrupted(name):
        raise KeyboardInterrupt

    monkeypatch.setattr("impacttree.interfaces.cli.open_tree", interrupted)
    result = run("show", "saas")
    assert (result.exit_code, result.output) == (terminal.INTERRUPTED, "")


def test_a_mistake_has_no_traceback(start):
    process = start("worth", "saas", "engagment", "+1%")
    output, errors = process.communicate()
    assert process.returncode == 2
    assert output == b""
    assert errors.decode().startswith("Error: there is no metric 'engagment' (did you mean 'engagement'?)")
    assert len(errors.splitlines()) == 1


def test_an_output_without_such_characters_shows_question_marks(start):
    output, errors = start("values", "saas", env={"PYTHONIOENCODING": "latin-1"}).communicate()
    assert errors == b""
    assert b"?????" in output.splitlines()[2]


def on_terminal(start, *arguments, columns, status=0, cwd=None, **environment):
    import fcntl
    import pty
    import struct
    import termios

    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    env = {"TERM": "xterm-256color", "NO_COLOR": "", "COLUMNS": "", **environment}
    process = start(*arguments, stdin=follower, stdout=follower, stderr=follower, env=env, cwd=cwd)
    os.close(follower)
    seen = b""
    while True:
        try:
            piece = os.read(leader, 65536)
        except OSError:  # the program has closed its end
            break
        if not piece:
            break
        seen += piece
    os.close(leader)
    assert process.wait() == status, seen
    return seen.decode().replace("\r\n", "\n")


def without_codes(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


@unix
@pytest.mark.parametrize("columns", [80, 140])
@pytest.mark.parametrize("arguments", [["worth", "saas", "engagement", "+1%"], ["show", "saas"], ["compare", "saas"]])
def test_on_a_terminal_lines_fit_its_width(start, columns, arguments):
    lines = without_codes(on_terminal(start, *arguments, columns=columns)).splitlines()
    assert max(width(line.rstrip()) for line in lines) <= columns
    assert any(width(line) > columns // 2 for line in lines)


@unix
def test_color_stays_away_when_it_is_not_wanted(start):
    arguments = ["guardrails", "saas", "cac=+90%", "--no-range"]
    colored = on_terminal(start, *arguments, columns=80)
    assert "\x1b[31m   BREACHED" in colored
    assert on_terminal(start, *arguments, columns=80, NO_COLOR="1") == without_codes(colored)


@unix
def test_names_are_never_broken(start):
    text = without_codes(on_terminal(start, "values", "saas", columns=80))
    for name in template("saas"):
        assert f" {name} " in text


@unix
def test_a_mistake_breaks_between_words_and_keeps_its_carets_in_place(start, tmp_path):
    model = "name: W\noutcome: b\nmetrics: {a: {value: 2}, b: {formula: a * conversion + basket}}\n"
    (tmp_path / "wrong.yaml").write_text(model)
    text = on_terminal(start, "show", "wrong.yaml", columns=60, status=2, cwd=tmp_path)
    lines = text.splitlines()
    assert max(map(width, lines)) <= 60
    at = lines.index("    a * conversion + basket")
    assert lines[at + 1] == "        ^^^^^^^^^^"
    piped = start("show", "wrong.yaml", cwd=tmp_path).communicate()[1].decode()
    assert text.split() == piped.split()


@unix
@pytest.mark.parametrize("arguments", [["worth", "saas", "arpu", "+1%"], ["sensitivity", "saas"], ["check", "missing"]])
def test_no_color_leaves_no_escapes(start, arguments):
    status = 2 if arguments[0] == "check" else 0
    seen = on_terminal(start, *arguments, columns=80, status=status, NO_COLOR="1")
    assert "\x1b" not in seen
    assert len(seen) > 40


@unix
@pytest.mark.parametrize("arguments", [["show", "saas"], ["sensitivity", "saas"], ["project", "saas"]])
def test_twenty_columns_are_enough(start, arguments):
    lines = without_codes(on_terminal(start, *arguments, columns=20)).splitlines()
    assert max(width(line.rstrip()) for line in lines) <= 20


@unix
@pytest.mark.parametrize("arguments", [["values", "saas"], ["worth", "saas", "arpu", "+1%", "--json"], ["schema"]])
def test_a_closed_output_is_no_success(start, arguments):
    process = start(*arguments, stdout=None, preexec_fn=lambda: os.close(1))
    _, errors = process.communicate()
    assert process.returncode == 2
    assert errors.decode() == "Error: the standard output is closed, so the answer cannot be written\n"


def test_a_picture_is_written_though_the_output_is_closed(start, tmp_path):
    process = start("diagram", "saas", str(tmp_path / "tree.svg"), stdout=None, preexec_fn=lambda: os.close(1))
    assert process.communicate()[1] == b""
    assert process.returncode == 0
    assert (tmp_path / "tree.svg").stat().st_size > 1000
