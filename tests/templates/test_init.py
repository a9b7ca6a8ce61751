"""What the package's own model files promise before anything is computed from them."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest
import yaml

import impacttree as it
from impacttree.errors import QuestionError
from impacttree.graph import build
from impacttree.spec import load_text, to_yaml
from impacttree.templates import instantiate, names, text

NAMES = names()
KINDS = {"product", "driver", "financial"}


def plain(model: str) -> dict:
    """The file as PyYAML reads it: another reader than the package's own."""
    return yaml.load(model, Loader=yaml.CSafeLoader)


def stated(metric: dict) -> bool:
    """Tell whether a number is stated: a start may be a formula."""
    return "value" in metric or str(metric.get("start", "("))[0] in "-$0123456789"


def test_every_shipped_file_is_named_and_every_name_has_a_file():
    entries = [Path(str(entry)) for entry in files("impacttree.templates").iterdir()]
    shipped = {entry.stem for entry in entries if entry.suffix == ".yaml"}
    assert shipped == set(NAMES)


def test_an_unknown_name_suggests_the_nearest_and_lists_all():
    with pytest.raises(QuestionError) as caught:
        text("saass")
    message = str(caught.value)
    assert "did you mean 'saas'?" in message
    assert all(name in message for name in NAMES)


@pytest.mark.parametrize("name", ["../saas", "saas.yaml", "", "saas\x1b[2J", "SAAS"])
@pytest.mark.parametrize("function", [text, instantiate])
def test_no_other_text_names_a_file(name, function):
    with pytest.raises(QuestionError) as caught:
        function(name)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("name", NAMES)
def test_every_metric_says_what_it_is_where_it_comes_from_and_whose_it_is(name):
    for key, metric in plain(text(name))["metrics"].items():
        assert {"label", "description", "kind", "owner", "source"} <= metric.keys(), key
        assert metric["kind"] in KINDS, key
        assert stated(metric) or "unit" in metric, f"{key}: unit not written"
        assert not ("value" in metric and "as_of" not in metric), f"{key}: value without its date"


@pytest.mark.parametrize("name", NAMES)
def test_every_assumed_effect_carries_grade_source_and_date(name):
    for key, metric in plain(text(name))["metrics"].items():
        for source, driver in metric.get("drivers", {}).items():
            assert {"grade", "source", "date"} <= driver["evidence"].keys(), f"{key} <- {source}"


@pytest.mark.parametrize("name", ["saas", "internal"])
def test_invented_numbers_are_called_illustrative(name):
    model = plain(text(name))
    assert "illustrative" in model["description"]
    for key, metric in model["metrics"].items():
        assert not stated(metric) or "(illustrative)" in metric["source"], key


@pytest.mark.parametrize("name", NAMES)
def test_a_new_file_marks_stated_values_and_effects_drops_evidence_and_changes_nothing_else(name):
    old, new = text(name), instantiate(name)
    marked = plain(new)
    for key, metric in marked["metrics"].items():
        assert metric.pop("placeholder", False) is stated(metric), key
        assert all(driver.pop("placeholder") is True for driver in metric.get("drivers", {}).values()), key
    asked = plain(old)
    assert asked.pop("illustrative") is True
    for metric in asked["metrics"].values():
        for driver in metric.get("drivers", {}).values():
            del driver["evidence"]
    assert marked == asked
    dropped = ("        evidence: ", "illustrative: ")
    assert [line for line in new.splitlines() if line.strip() != "placeholder: true"] == [
        line for line in old.splitlines() if not line.startswith(dropped)
    ]


@pytest.mark.parametrize("name", NAMES)
def test_a_bundled_template_keeps_its_sentence_and_says_so_beside_its_basis(name):
    tree, new = it.template(name), it.loads(instantiate(name))
    for metric in (m for m in tree.metrics if m.kind == "product"):
        asked, begun = tree.worth(metric.name, "+1%"), new.worth(metric.name, "+1%")
        assert not asked.title.startswith("Illustrative:")
        assert asked.basis.endswith("; illustrative template figures")
        assert begun.title.startswith("Illustrative: +1%") or not begun.total
        assert "illustrative" not in begun.basis


GRADES = ("experiment", "quasi-experiment", "correlation", "benchmark")


def test_replacing_values_but_not_effects_never_prints_a_grade():
    tree = it.loads(instantiate("saas"))
    numbers = {m.name: m.value or m.start for m in tree.metrics if m.value or m.start}
    stated = {name: number.text for name, number in numbers.items() if not number.is_formula}
    replaced = tree.with_values(stated)
    for answer in (
        replaced.worth("engagement", "+1%"),
        replaced.worth("activation", "+1%"),
        replaced.diagram(lift=("engagement", "+1%"), cut="board"),
    ):
        assert not any(grade in str(answer) for grade in GRADES)
        assert "Illustrative:" in str(answer)
    assert {g.grade for g in replaced.worth("engagement", "+1%").rests_on} == {"template values"}
    assert replaced.worth("arpu", "+1%").title.startswith("Illustrative:")  # churn's effects are behind profit
    assert not replaced.worth("traffic", "+1%", on="new_customers").title.startswith("+1%")


@pytest.mark.parametrize("name", NAMES)
def test_checks_find_nothing_to_say(name):
    graph = build(load_text(text(name), file=f"{name}.yaml"))
    assert graph.notes == ()
    assert graph.spec.outcome in graph.spec.outcomes


@pytest.mark.parametrize("name", NAMES)
def test_every_metric_is_read_by_another_or_is_an_answer_in_itself(name):
    graph = build(load_text(text(name)))
    read = {reference.source for metric in graph.metrics for reference in metric.references}
    answers = {metric.name for metric in graph.metrics} - read
    reported = {"ltv_to_cac", "cac_payback", "arr", "nrr", "grr", "rule_of_40", "magic_number", "burn_multiple"}
    assert answers <= {*graph.spec.outcomes, *reported, "cogs", "gross_margin"}


@pytest.mark.parametrize("name", NAMES)
def test_written_out_and_read_again_it_is_the_same(name):
    spec = load_text(instantiate(name))
    assert load_text(to_yaml(spec)) == spec
