from __future__ import annotations

import copy
import csv
import dataclasses
import io
import json
import pickle
import sys
from collections.abc import Mapping

import pytest

import impacttree as it
from impacttree.answers.result import Result
from impacttree.errors import MissingDependency, OutputError
from impacttree.render import to_text
from tests.analyses.models import CLUB, SHOP

QUESTIONS = {
    "worth": lambda tree: tree.worth("spirit", "+5pp"),
    "values today": lambda tree: tree.values(),
    "values": lambda tree: tree.values({"spirit": "+5pp"}),
    "project": lambda tree: tree.project(3, {"spirit": "+5pp"}),
    "what_if": lambda tree: tree.what_if({"spirit": "+5pp", "fee": "+€1"}),
    "compare": lambda tree: tree.compare({"dear": {"fee": "+€5"}}),
    "sensitivity": lambda tree: tree.sensitivity(),
    "guardrails": lambda tree: tree.check_guardrails({"fee": "-€1"}),
    "verify": lambda tree: tree.verify(),
    "diagram": lambda tree: tree.diagram(lift=("spirit", "+5pp")),
}


@pytest.fixture(scope="module", params=QUESTIONS)
def ask(request):
    return QUESTIONS[request.param]


@pytest.fixture
def answer(ask):
    return ask(it.loads(CLUB))


@pytest.mark.slow
def test_an_answer_prints_itself_at_the_prompt(answer):
    assert repr(answer) == str(answer) == to_text(answer.view())
    assert "object at 0x" not in repr(answer)
    assert len(str(answer).splitlines()) > 2


def test_equal_trees_give_equal_answers(ask, answer):
    again = ask(it.loads(it.loads(CLUB).to_yaml()))
    assert again == answer
    assert hash(again) == hash(answer)
    assert ask(it.loads(CLUB.replace("€490k", "€491k"))) != answer


def test_answers_pickle_and_copy(answer):
    for again in (pickle.loads(pickle.dumps(answer)), copy.copy(answer), copy.deepcopy(answer)):
        assert again == answer
        assert str(again) == str(answer)
        assert again.to_json() == answer.to_json()


def test_nothing_in_an_answer_can_be_altered(answer):
    for field in dataclasses.fields(answer):
        value = getattr(answer, field.name)
        assert not isinstance(value, list | dict | set | bytearray), field.name
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(answer, field.name, None)
    if hasattr(answer, "words"):
        with pytest.raises(AttributeError):
            answer.words.graph = None
        with pytest.raises(TypeError):
            answer.words.graph.by_name["new"] = 0


def test_rows_are_the_callers_own(answer):
    before = answer.to_json()
    for row in answer.to_dicts():
        row.clear()
    answer.to_dicts().clear()
    answer.summary().clear()
    assert answer.to_json() == before


def test_json_holds_the_question_its_method_and_the_rows(answer):
    data = json.loads(answer.to_json())
    assert data["rows"] == answer.to_dicts()
    assert data["method"] == answer.provenance.method != ""
    assert data["basis"] == answer.provenance.basis
    assert data["fingerprint"] == answer.provenance.fingerprint
    assert len(data["fingerprint"]) == 12


def test_rows_are_plain_and_alike(answer):
    rows = answer.to_dicts()
    assert rows
    assert len({tuple(row) for row in rows}) == 1
    assert all(isinstance(value, float | int | str | bool | None) for row in rows for value in row.values())


def test_a_frame_is_the_rows(answer):
    frame = answer.to_frame()
    rows = answer.to_dicts()
    assert list(frame.columns) == list(rows[0])
    assert len(frame) == len(rows)
    back = frame.astype(object).where(frame.notna(), None).to_dict("records")
    assert back == rows


def test_a_frame_without_pandas_names_what_to_install(answer, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingDependency, match="a data frame needs pandas, which is not installed: run: pip install"):
        answer.to_frame()


@pytest.mark.parametrize("name", [name for name in QUESTIONS if name not in ("worth", "diagram")])
def test_tables_go_to_spreadsheets_with_their_numbers(name, tmp_path):
    answer = QUESTIONS[name](it.loads(CLUB))
    path = tmp_path / "answer.csv"
    answer.save(path)
    head, *rows = csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig")))
    assert head == [column.label for column in answer.view().columns]
    assert len(rows) == len(answer.view().rows)
    for row, cells in zip(rows, answer.view().rows, strict=True):
        for text, cell in zip(row, cells, strict=True):
            if isinstance(cell.value, float):
                assert float(text) == cell.value


def test_what_is_not_a_table_goes_to_spreadsheets_as_its_rows(tmp_path):
    for name in ("worth", "diagram"):
        answer = QUESTIONS[name](it.loads(CLUB))
        answer.save(tmp_path / "answer.csv")
        head, *rows = csv.reader(io.StringIO((tmp_path / "answer.csv").read_text(encoding="utf-8-sig")))
        for texts, row in zip(rows, answer.to_dicts(), strict=True):
            assert head == list(row)
            for text, value in zip(texts, row.values(), strict=True):
                plain = isinstance(value, bool) or value is None
                assert text == {None: "", True: "true", False: "false"}[value] if plain else type(value)(text) == value


def test_json_in_a_file_is_that_of_the_answer(answer, tmp_path):
    answer.save(tmp_path / "answer.json")
    assert json.loads((tmp_path / "answer.json").read_text(encoding="utf-8")) == json.loads(answer.to_json())
    with pytest.raises(OutputError, match="exists already"):
        answer.save(tmp_path / "answer.json", overwrite=False)


def test_every_answer_can_be_saved_as_text_and_page(answer, tmp_path):
    for suffix in (".txt", ".html", ".md", ".csv"):
        answer.save(tmp_path / f"answer{suffix}")
        assert (tmp_path / f"answer{suffix}").stat().st_size > 50
    with pytest.raises(OutputError):
        answer.save(tmp_path / "answer.txt", overwrite=False)
    with pytest.raises(OutputError, match=r"\.xyz"):
        answer.save(tmp_path / "answer.xyz")


def test_a_notebook_gets_a_bundle(answer):
    bundle = answer._repr_mimebundle_()
    assert isinstance(bundle, Mapping)
    assert "text/plain" in bundle


CHARTS = {"worth", "project", "sensitivity"}


@pytest.mark.parametrize("name", QUESTIONS)
def test_charts_of_those_that_have_one(name):
    answer = QUESTIONS[name](it.loads(CLUB))
    if name in CHARTS:
        assert answer.plot().axes
    else:
        with pytest.raises(
            OutputError, match=rf"a {type(answer).__name__} has no chart; print it, or use to_frame\(\)"
        ):
            answer.plot()


def test_pictures_are_saved_of_those_that_have_one(tmp_path):
    it.loads(CLUB).worth("spirit", "+5pp").save(tmp_path / "worth.svg")
    assert "<svg" in (tmp_path / "worth.svg").read_text(encoding="utf-8")[:500]


def test_same_question_same_bytes(ask):
    assert ask(it.loads(CLUB)).to_json() == ask(it.loads(CLUB)).to_json()


def test_results_cannot_be_made_without_a_view():
    with pytest.raises(TypeError, match="abstract"):
        Result(it.loads(SHOP).values().provenance)
