"""What holds for every question: a new analysis is one file, found here and held to the same promises."""

from __future__ import annotations

import ast
import datetime
import importlib
import inspect
import io
import json
import math
import pickle
import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import FrozenInstanceError, fields, is_dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import impacttree.analyses
from impacttree import Decision, ImpactTree, deck, template
from impacttree.answers.result import Provenance, Result
from impacttree.answers.samples import Samples
from impacttree.answers.subject import Subject
from impacttree.errors import ImpactTreeError, OutputError, QuestionError
from impacttree.render import formats_of, renderers
from impacttree.spec import Finance
from impacttree.spec.base import Entry
from impacttree.views import Chart
from tests.strategies import Sketch, examples, trees

ARGUMENTS: Mapping[str, Mapping[str, Any]] = {
    "saas": {
        "metric": "engagement",
        "change": "+1%",
        "changes": {"engagement": "+1%", "arpu": "=$32"},
        "cost": "$15k ($10k to $20k)",
        "horizon": "18 months",
        "scenario": "downturn",
        "low": "40%",
        "high": "50%",
    },
    "internal": {
        "metric": "deploy_minutes",
        "change": "-10%",
        "changes": {"deploy_minutes": "-10%"},
        "cost": "$80k",
        "low": "15 minutes/deploy",
        "high": "20 minutes/deploy",
    },
    "duolingo": {
        "metric": "engagement",
        "change": "+1pp",
        "changes": {"engagement": "+1pp", "mau": "+2%"},
        "cost": "$15M",
        "horizon": "6 quarters",
        "low": "30%",
        "high": "40%",
    },
}
"""What a question of each template is asked with, by the name of the parameter."""
FURTHER: Mapping[str, Any] = {
    "periods": 6,
    "cut": "board",
    "size": "poster",
    "on": None,
    "scenarios": None,
    "range": True,
    "samples": 2_048,
    "seed": 3,
    "executor": None,
    "basis": "pv",
    "horizon": "6 months",
    "scenario": None,
    "steps": 5,
    "after_tax": True,
    "over": None,
    "by": "quarter",
}
DECISIONS: Mapping[str, Decision] = {
    "saas": Decision("engagement", "+1%", cost="$15k ($10k to $20k)"),
    "internal": Decision("deploy_minutes", "-10%", cost="$80k"),
    "duolingo": Decision({"engagement": "+1pp", "mau": "+2%"}, cost="$15M", on="operating_profit"),
}
MODULES = sorted(module.name for module in pkgutil.iter_modules(impacttree.analyses.__path__))


def questions() -> dict[str, Callable[..., Result]]:
    """Return every question: a public function of a subject that returns a result."""
    found: dict[str, Callable[..., Result]] = {}
    for name in MODULES:
        module = importlib.import_module(f"impacttree.analyses.{name}")
        for public in module.__all__:
            function = getattr(module, public)
            if inspect.isfunction(function) and next(iter(inspect.signature(function).parameters), "") == "subject":
                result = vars(module).get(str(inspect.signature(function).return_annotation))
                if inspect.isclass(result) and issubclass(result, Result):
                    found[public] = function
    return found


QUESTIONS = questions()


def arguments(function: Callable[..., Result], name: str, *, every: bool) -> dict[str, Any]:
    """Return what to ask with: the parameters that must be given, or every one."""
    known = FURTHER | ARGUMENTS[name] | {"lift": (ARGUMENTS[name]["metric"], ARGUMENTS[name]["change"])}
    known |= {"decision": DECISIONS[name]}
    given_arguments = {}
    for parameter in list(inspect.signature(function).parameters.values())[1:]:
        if every or parameter.default is inspect.Parameter.empty:
            assert parameter.name in known, (
                f"say in ARGUMENTS what to ask {function.__name__}({parameter.name}=...) with"
            )
            given_arguments[parameter.name] = known[parameter.name]
    return given_arguments


def fresh(name: str) -> ImpactTree:
    """Return a template, with how amounts of later periods are weighed: questions about cash need it."""
    finance = Finance(discount_rate="10%/year", tax_rate="25%")
    return ImpactTree.from_spec(template(name).spec.with_keys(finance=finance))


@cache
def tree_of(name: str) -> ImpactTree:
    return fresh(name)


@cache
def answer(question: str, name: str, every: bool) -> Result:
    function = QUESTIONS[question]
    return function(tree_of(name)._subject, **arguments(function, name, every=every))


CASES = [(question, name, every) for question in sorted(QUESTIONS) for name in ARGUMENTS for every in (False, True)]
each_answer = pytest.mark.parametrize(("question", "name", "every"), CASES)
each_question = pytest.mark.parametrize("question", sorted(QUESTIONS))


def test_the_questions_are_found() -> None:
    assert {"worth", "values", "project", "sensitivity", "what_if", "compare", "check_guardrails", "verify"} <= set(
        QUESTIONS
    )


# ---- results


@each_answer
def test_a_result_is_frozen_data(question: str, name: str, every: bool) -> None:
    result = answer(question, name, every)
    assert isinstance(result, Result)
    assert list(mutable(result, question)) == []
    with pytest.raises(FrozenInstanceError):
        result.provenance = Provenance("", "", "")  # type: ignore[misc]  # it is frozen: that is the test


def mutable(value: object, path: str) -> Iterator[str]:
    """Yield the places below a value that can be altered."""
    if value is None or isinstance(value, str | bytes | int | float | range | datetime.date):
        return
    if isinstance(value, Samples) and not value.values.flags.writeable:
        return
    if isinstance(value, tuple | frozenset):
        for position, item in enumerate(value):
            yield from mutable(item, f"{path}[{position}]")
    elif isinstance(value, MappingProxyType):
        for key, item in value.items():
            yield from mutable(item, f"{path}[{key!r}]")
    elif is_dataclass(value) and not isinstance(value, type):
        with suppress(FrozenInstanceError):
            setattr(value, "anything", None)  # noqa: B010 - whatever its fields are called
            yield f"{path}: {type(value).__name__} is not frozen"
        for field in fields(value):
            yield from mutable(getattr(value, field.name), f"{path}.{field.name}")
    elif isinstance(value, Entry):
        assert type(value).model_config["frozen"]
        for key in type(value).model_fields:
            yield from mutable(getattr(value, key), f"{path}.{key}")
    else:
        yield f"{path}: {type(value).__name__}"


@each_answer
def test_a_result_records_how_it_came_about(question: str, name: str, every: bool) -> None:
    result = answer(question, name, every)
    assert result.provenance.method
    assert result.provenance.fingerprint == tree_of(name)._subject.fingerprint
    changes = inspect.signature(QUESTIONS[question]).parameters.keys() & {"change", "changes", "lift", "scenarios"}
    if "$" in str(result) and changes and every:
        assert result.provenance.basis
    if tree_of(name).spec.illustrative and result.provenance.basis:
        assert result.provenance.basis.endswith("; illustrative template figures")


@each_answer
def test_asking_again_gives_the_same(question: str, name: str, every: bool) -> None:
    first = answer(question, name, every)
    function = QUESTIONS[question]
    again = function(Subject(fresh(name)._subject.graph), **arguments(function, name, every=every))
    assert again.to_json() == first.to_json()
    assert str(again) == str(first)
    assert again.view() == first.view()
    assert again.picture() == first.picture()


@each_answer
def test_a_result_survives_pickling(question: str, name: str, every: bool) -> None:
    result = answer(question, name, every)
    copy = pickle.loads(pickle.dumps(result))
    assert copy == result
    assert str(copy) == str(result)


# ---- ways out


@each_answer
def test_rows_are_plain_data_and_the_same_everywhere(question: str, name: str, every: bool) -> None:
    result = answer(question, name, every)
    rows = result.to_dicts()
    assert rows or question in ("compare", "check_guardrails", "headroom")
    for row in rows:
        assert list(row) == list(rows[0])
        for value in row.values():
            assert value is None or isinstance(value, str | int | float)
            assert not isinstance(value, float) or math.isfinite(value)
    assert rows is not result.to_dicts()
    frame = result.to_frame()
    assert len(frame) == len(rows)
    assert list(frame.columns) == (list(rows[0]) if rows else [])
    document = json.loads(result.to_json(), parse_constant=pytest.fail)
    assert document["rows"] == json.loads(json.dumps(rows))
    assert document["fingerprint"] == result.provenance.fingerprint
    assert {"question", "method", "basis"} <= document.keys()


@each_answer
def test_a_result_shows_itself(question: str, name: str, every: bool) -> None:
    result = answer(question, name, every)
    text = str(result)
    assert text.strip()
    assert repr(result) == text
    assert all(mark.isprintable() or mark == "\n" for mark in text)
    assert not re.search(r"\b(nan|inf|None|True|False)\b|<impacttree|0x[0-9a-f]{6}", text)
    bundle = result._repr_mimebundle_(include=None, exclude=None)
    assert bundle["text/plain"]
    assert bundle["text/html"]
    assert set(bundle) <= {"text/plain", "text/html", "image/svg+xml"}


@pytest.mark.slow
@each_question
def test_a_result_is_saved_in_every_format_that_its_views_have(question: str, tmp_path: Path) -> None:
    result = answer(question, "saas", True)
    formats = {*formats_of(result.view()), *formats_of(result.picture())}
    saved = 0
    for renderer in renderers():
        if renderer.format in formats and renderer.suffixes:
            path = tmp_path / f"{question}{renderer.suffixes[0]}"
            result.save(path)
            first = path.read_bytes()
            assert first
            with pytest.raises(OutputError):
                result.save(path, overwrite=False)
            result.save(path)
            assert path.read_bytes() == first
            saved += 1
    assert saved >= 2
    with pytest.raises(OutputError):
        result.save(tmp_path / "answer.nonsense")


@each_answer
def test_a_result_has_slides_of_its_own(question: str, name: str, every: bool) -> None:
    result = answer(question, name, every)
    slides = result.slides()
    assert slides
    assert list(mutable(slides, question)) == []
    for slide in slides:
        assert re.search(r"\d", slide.title), slide.title
        assert slide.parts
        assert slide.footer[0].startswith(f"Source: {tree_of(name)._graph.spec.name} tree. Illustrative data. As of ")
        assert f"Version {result.provenance.fingerprint}." in slide.footer[0]
        assert re.match(r"(Basis|Method): .+\.$", slide.footer[1])


@each_question
def test_the_slides_of_a_result_make_a_deck(question: str) -> None:
    import pptx

    result = answer(question, "saas", True)
    made = deck([result], title="Board", as_of="31 October 2026")
    assert [slide.footer[0].startswith("Source: Board; ") for slide in made.slides] == [True] * len(made.slides)
    pages = pptx.Presentation(io.BytesIO(made.to_bytes())).slides
    assert len(pages) == len(result.slides())
    texts = (text for page in pages for text in page.element.itertext())
    assert not [text for text in texts if re.fullmatch(r"\d+ more rows?", text.strip())]


@each_question
def test_a_result_plots_or_says_that_it_has_no_chart(question: str) -> None:
    result = answer(question, "saas", True)
    if isinstance(result.picture(), Chart):
        import matplotlib.pyplot as plt

        figure = result.plot()
        assert figure.axes
        plt.close(figure)
    else:
        with pytest.raises(OutputError, match="has no chart"):
            result.plot()


# ---- questions


@each_question
def test_a_question_leaves_the_tree_as_it_was(question: str) -> None:
    tree = fresh("saas")
    before = (tree.to_yaml(), tree.values().to_dicts())
    function = QUESTIONS[question]
    function(tree._subject, **arguments(function, "saas", every=True))
    assert (tree.to_yaml(), tree.values().to_dicts()) == before


@each_question
def test_the_tree_asks_it_under_the_same_name_with_the_same_parameters(question: str) -> None:
    function = inspect.signature(QUESTIONS[question])
    method = inspect.signature(getattr(ImpactTree, question))
    asked = [(p.name, p.default) for p in list(method.parameters.values())[1:]]
    assert asked == [(p.name, p.default) for p in list(function.parameters.values())[1:]][: len(asked)]
    assert method.return_annotation == function.return_annotation


@each_question
def test_a_question_says_what_it_takes(question: str) -> None:
    text = inspect.getdoc(QUESTIONS[question]) or ""
    assert text
    for parameter in list(inspect.signature(QUESTIONS[question]).parameters)[1:]:
        assert f"\n{parameter}\n" in text, parameter


LIFT = ("engagement", "+1%")
WINDOWED = [name for name in sorted(QUESTIONS) if "over" in inspect.signature(QUESTIONS[name]).parameters]


@each_question
def test_a_question_with_a_horizon_takes_periods_by_name(question: str) -> None:
    assert question in WINDOWED or not {"horizon", "periods"} & inspect.signature(QUESTIONS[question]).parameters.keys()


@pytest.mark.parametrize("question", WINDOWED)
def test_periods_by_name_are_those_by_number(question: str) -> None:
    function = QUESTIONS[question]
    asked = arguments(function, "saas", every=False)
    horizon = "periods" if question == "project" else "horizon"
    named = function(tree_of("saas")._subject, **asked, over="Nov 2026 to Apr 2027")
    numbered = function(tree_of("saas")._subject, **asked, **{horizon: 6})
    assert named.to_json() == numbered.to_json()
    assert str(named) == str(numbered)
    with pytest.raises(QuestionError, match="how many is stated as well"):
        function(tree_of("saas")._subject, **asked, over="2027", **{horizon: 6})
    with pytest.raises(QuestionError, match="before the first month"):
        function(tree_of("saas")._subject, **asked, over="2026-09 to 2026-12")


@pytest.mark.parametrize("question", [name for name in WINDOWED if name not in ("decide", "value_of_information")])
def test_a_later_window_is_answered_by_its_name(question: str) -> None:
    function = QUESTIONS[question]
    asked = arguments(function, "saas", every=False) | ({"lift": LIFT} if question == "diagram" else {})
    result = function(tree_of("saas")._subject, **asked, over="2027-04 to 2027-09")
    assert result.to_dicts()
    said = str(result) + str(result.picture()) + result.to_json()
    assert "Sep 2027" in said
    assert "from month 1" not in said
    assert pickle.loads(pickle.dumps(result)) == result


@pytest.mark.parametrize("question", ["worth", "break_even", "decide", "value_of_information"])
def test_a_cost_is_paid_before_a_later_window(question: str) -> None:
    function = QUESTIONS[question]
    asked = arguments(function, "saas", every=False) | {"over": "2027"}
    asked |= {"decision": DECISIONS["saas"]} if question in ("decide", "value_of_information") else {"cost": "$15k"}
    with pytest.raises(QuestionError, match="the cost is paid in Nov 2026, and 2027 begins later"):
        function(tree_of("saas")._subject, **asked)


@each_question
def test_a_metric_that_is_not_there_is_named_in_a_sentence(question: str) -> None:
    function = QUESTIONS[question]
    given_arguments = arguments(function, "saas", every=True)
    wrong: dict[str, Any] = {
        "metric": "engagment",
        "on": "engagment",
        "changes": {"engagment": "+1%"},
        "lift": ("engagment", "+1%"),
        "scenarios": {"a": {"engagment": "+1%"}},
        "decision": Decision("engagment", "+1%", cost="$15k"),
    }
    for name in given_arguments.keys() & wrong.keys():
        with pytest.raises(QuestionError, match=r"no metric 'engagment' \(did you mean 'engagement'\?\)"):
            function(tree_of("saas")._subject, **given_arguments | {name: wrong[name]})


@pytest.mark.slow
@examples(60)
@given(st.one_of(trees(), trees(kinks=True, jumps=True)), st.data())
def test_any_tree_is_answered_or_refused_in_a_sentence(sketch: Sketch, data: st.DataObject) -> None:
    tree = sketch.tree()
    metric = data.draw(st.sampled_from(list(sketch.metrics)))
    change = data.draw(st.sampled_from(["+1%", "-5%", "+0.1", "=1.5", "+0%"]))
    asked = {"metric": metric, "change": change, "changes": {metric: change}, "lift": (metric, change)}
    asked |= {"low": "0.5", "high": "1.5", "decision": Decision(metric, change, cost="1")}
    function = QUESTIONS[data.draw(st.sampled_from(sorted(QUESTIONS)))]
    names = [name for name in inspect.signature(function).parameters if name in asked]
    try:
        result = function(tree._subject, **{name: asked[name] for name in names})
    except ImpactTreeError:
        return
    assert json.loads(result.to_json(), parse_constant=pytest.fail)
    assert not re.search(r"\b(nan|inf)\b", str(result))


# ---- modules


@pytest.mark.parametrize("name", MODULES)
def test_an_analysis_never_draws_and_loads_nothing_heavy(name: str) -> None:
    module = importlib.import_module(f"impacttree.analyses.{name}")
    body = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8")).body
    at_load = [node for node in body if isinstance(node, ast.Import | ast.ImportFrom)]
    imported = {alias.name for node in at_load if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in at_load if isinstance(node, ast.ImportFrom)}
    heavy = ("impacttree.render", "sympy", "scipy", "pandas", "matplotlib", "numpy", "networkx", "pptx", "xlsxwriter")
    assert [one for one in sorted(imported) if one.startswith(heavy)] == []
    assert module.__doc__


@pytest.mark.parametrize("name", MODULES)
def test_a_question_takes_its_runs_and_its_periods_from_a_case(name: str) -> None:
    module = importlib.import_module(f"impacttree.analyses.{name}")
    nodes = ast.walk(ast.parse(inspect.getsource(module)))
    read = [ast.unparse(node) for node in nodes if isinstance(node, ast.Attribute)]
    own = ("model.run", "subject.base", "subject.changes", "subject.periods", ".horizon_periods")
    assert [one for one in read if one.endswith(own)] == []


@pytest.mark.parametrize("name", MODULES)
def test_public_names_of_an_analysis_are_sorted_and_its_own(name: str) -> None:
    module = importlib.import_module(f"impacttree.analyses.{name}")
    assert list(module.__all__) == sorted(module.__all__)
    for public in module.__all__:
        assert hasattr(module, public)
