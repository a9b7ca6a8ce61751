"""What the README shows is what happens."""

import doctest
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"]


def block(language: str) -> str:
    """Return the first fenced block in `language`."""
    found = re.search(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert found, language
    return found[1]


def test_the_command_prints_what_is_shown(monkeypatch):
    shown = block("text")
    assert "./dev impacttree worth saas engagement +1%" in README
    monkeypatch.setenv("COLUMNS", "160")
    code = "from impacttree.interfaces.cli import main; main()"
    command = [sys.executable, "-c", code, "worth", "saas", "engagement", "+1%"]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=True, cwd=ROOT)
    assert [line.rstrip() for line in done.stdout.splitlines()] == shown.splitlines()


def test_the_file_is_the_example():
    assert block("yaml") == (ROOT / "docs/examples/northwind.yaml").read_text(encoding="utf-8")


def test_the_questions_have_the_answers_shown(monkeypatch):
    monkeypatch.chdir(ROOT)
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    unfenced = README.replace("\n```\n", "\n\n")
    tests = doctest.DocTestParser().get_doctest(unfenced, {}, "README.md", "README.md", 0)
    assert len(tests.examples) > 5
    runner = doctest.DocTestRunner(optionflags=flags, verbose=False)
    printed: list[str] = []
    runner.run(tests, out=printed.append)
    assert not runner.failures, "".join(printed)


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = [target.partition("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in target]
    assert not [target for target in targets if target and not (ROOT / target).exists()]
