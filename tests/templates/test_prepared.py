"""Templates are loaded as graphs made beforehand: they say what the text says, and nothing tells the two ways apart."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

import impacttree as it
from impacttree.errors import QuestionError
from impacttree.graph import Graph
from impacttree.spec.places import Key, Place, Places
from impacttree.templates import _Prepared, graph, names, text
from tools.prepare_templates import FOLDER, Preparing, checked


def parts(value: Any, path: str = "") -> Iterator[tuple[str, type, object]]:
    """Yield all that a graph is made of: where it stands, its type, and what it is."""
    if is_dataclass(value):
        yield path, type(value), None
        inner: Mapping[Any, Any] = {field.name: getattr(value, field.name) for field in fields(value)}
    elif isinstance(value, BaseModel):
        yield path, type(value), frozenset(value.model_fields_set)
        inner = vars(value) | (value.__pydantic_private__ or {})
    elif isinstance(value, Mapping):
        yield path, type(value), tuple(value)
        inner = value
    elif isinstance(value, tuple):
        yield path, type(value), len(value)
        inner = dict(enumerate(value))
    elif isinstance(value, Places):
        yield path, type(value), (value.file, value.text)
        inner = {}
    else:
        yield path, type(value), str.__str__(value) if isinstance(value, str) else value
        inner = {}
    for key, item in inner.items():
        yield from parts(item, f"{path}.{key}")


def places(inside: Mapping[Key, Place], above: tuple[Key, ...] = ()) -> Iterator[tuple[Key, ...]]:
    for key, place in inside.items():
        yield (*above, key)
        yield from places(place.children or {}, (*above, key))


@pytest.mark.parametrize("name", names())
def test_what_was_prepared_is_what_the_text_says(name: str) -> None:
    kept, made = graph(name), checked(name)
    fresh = list(parts(kept)) == list(parts(made))
    assert fresh, f"{name}.yaml or the graph has changed: run `python tools/prepare_templates.py`"
    assert all(metric.spec is spec for metric, spec in zip(kept.metrics, kept.spec.metrics, strict=True))


@pytest.mark.parametrize("name", names())
def test_nothing_tells_a_template_from_its_text(name: str, tmp_path: Path) -> None:
    ours, theirs = it.template(name), it.loads(text(name), f"{name}.yaml")
    assert ours == theirs
    assert ours._subject.fingerprint == theirs._subject.fingerprint
    assert ours.to_yaml() == theirs.to_yaml()
    assert ours._graph.notes == theirs._graph.notes
    assert pickle.loads(pickle.dumps(ours)) == ours
    for path in places(theirs.spec.places.root):
        assert ours.spec.places.exact(*path) == theirs.spec.places.exact(*path)
    saved = tmp_path / f"{name}.yaml"
    saved.write_text(text(name), encoding="utf-8")
    ours.save(saved)
    assert saved.read_text(encoding="utf-8") == text(name)


def test_only_values_of_the_package_are_read() -> None:
    for foreign in (subprocess.run, Path("x"), sys.exit):
        content = BytesIO()
        Preparing(content, 5).dump(foreign)
        with pytest.raises(pickle.UnpicklingError, match="has no place in a template"):
            _Prepared("saas", content.getvalue()).load()
    assert isinstance(_Prepared("saas", (FOLDER / "saas.pickle").read_bytes()).load(), Graph)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(QuestionError, match="did you mean 'saas'"):
        it.template("sas")


def test_a_template_is_neither_parsed_nor_checked() -> None:
    code = "import sys, impacttree; impacttree.template('saas'); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert "impacttree.graph.model" in loaded
    checking = {
        "impacttree.graph.builder",
        "impacttree.graph.units",
        "impacttree.formula.units",
        "impacttree.spec.load",
    }
    assert not (checking | {"yaml", "numpy", "json"}) & set(loaded)


def test_a_template_compiles_no_pattern_of_the_package() -> None:
    code = (
        "import re, sys\nfrom pydantic import BaseModel, Field\nfrom impacttree import patterns\n"
        "made = []\nnamed = patterns.re.compile\n"
        "patterns.re = type(re)('re')\npatterns.re.compile = lambda *given: (made.append(given[0]), named(*given))[1]\n"
        "import impacttree; impacttree.template('saas')\nprint(made)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
