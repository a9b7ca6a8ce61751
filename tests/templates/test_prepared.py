"""Templates are loaded from JSON made beforehand: it says what the text says, and nothing tells the two ways apart."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import impacttree as it
from impacttree.errors import ModelError, QuestionError
from impacttree.graph import build
from impacttree.spec import read_parsed, read_text
from impacttree.templates import names, parsed, text
from tools.prepare_templates import FOLDER, prepared


def paths(data: Any, above: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield above
    if isinstance(data, dict | list):
        for key, item in data.items() if isinstance(data, dict) else enumerate(data):
            yield from paths(item, (*above, key))


@pytest.mark.parametrize("name", names())
def test_what_was_prepared_is_what_the_text_says(name: str) -> None:
    fresh = (FOLDER / f"{name}.json").read_text(encoding="utf-8") == prepared(name)
    assert fresh, f"{name}.yaml has changed: run `python tools/prepare_templates.py`"


@pytest.mark.parametrize("name", names())
def test_nothing_tells_a_template_from_its_text(name: str, tmp_path: Path) -> None:
    ours, theirs = it.template(name), it.loads(text(name), f"{name}.yaml")
    assert ours == theirs
    assert ours._subject.fingerprint == theirs._subject.fingerprint
    assert ours.to_yaml() == theirs.to_yaml()
    assert ours._graph.notes == theirs._graph.notes
    assert pickle.loads(pickle.dumps(ours)) == ours
    for path in paths(parsed(name)):
        assert ours.spec.places.exact(*path) == theirs.spec.places.exact(*path)
    saved = tmp_path / f"{name}.yaml"
    saved.write_text(text(name), encoding="utf-8")
    ours.save(saved)
    assert saved.read_text(encoding="utf-8") == text(name)


def test_a_mistake_in_a_template_has_its_line() -> None:
    wrong, data = text("saas").replace("formula: ", "formula: 1 * * ", 1), parsed("saas")
    name = next(name for name, metric in data["metrics"].items() if "formula" in metric)
    data["metrics"][name]["formula"] = f"1 * * {data['metrics'][name]['formula']}"
    found = []
    for reading in (read_parsed(data, wrong, "saas.yaml"), read_text(wrong, "saas.yaml")):
        assert reading.spec is not None
        with pytest.raises(ModelError) as caught:
            build(reading.spec, reading.problems)
        found.append(str(caught.value))
    assert found[0] == found[1]
    assert f"saas.yaml:{wrong[: wrong.index('1 * * ')].count(chr(10)) + 1}" in found[0]


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(QuestionError, match="did you mean 'saas'"):
        it.template("sas")


def test_a_template_parses_no_yaml() -> None:
    code = "import sys, impacttree; impacttree.template('saas'); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert "impacttree.graph.build" in loaded
    assert not {"yaml", "numpy"} & set(loaded)
