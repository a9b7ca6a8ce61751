"""Every command, its answer held against the library or against arithmetic; every mistake, as one message."""

import json
import re
import shlex
from typing import get_args

import pytest
from click.testing import CliRunner

import impacttree as it
from impacttree.answers.asked import Basis
from impacttree.interfaces.argument_types import Command
from impacttree.interfaces.cli import SECTIONS, main

VISITS, CONVERSION, BASKET, COSTS = 90_000, 0.02, 40, 50_000
REVENUE = VISITS * CONVERSION * BASKET
PROFIT = REVENUE - COSTS
YEAR = 12


def data(run, *arguments):
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


# -- answers ----------------------------------------------------------------------------------------------------------


def test_worth(run, shop):
    found = data(run, "worth", str(shop), "conversion", "+1%")
    assert found["total"] == pytest.approx(0.01 * REVENUE * YEAR)
    assert [row["path"] for row in found["rows"]] == ["conversion > revenue > profit"]
    assert run("worth", str(shop), "conversion", "+1%").stdout.startswith(found["sentence"])


@pytest.mark.parametrize(
    ("metric", "change", "monthly"),
    [
        ("conversion", "-1%", -0.01 * REVENUE),
        ("conversion", "-1pp", -0.5 * REVENUE),
        ("conversion", "=3%", 0.5 * REVENUE),
        ("basket", "-$3", -3 * VISITS * CONVERSION),
        ("basket", "-USD 3", -3 * VISITS * CONVERSION),
        ("visits", "-900 visits/month", -0.01 * REVENUE),
        ("costs", "-$5k/month", 5000),
    ],
)
def test_a_change_that_begins_with_a_minus_is_a_value(run, shop, metric, change, monthly):
    assert data(run, "worth", str(shop), metric, change)["total"] == pytest.approx(monthly * YEAR)
    assert data(run, "what-if", str(shop), f"{metric}={change}")["total"] == pytest.approx(monthly * YEAR)


@pytest.mark.parametrize(
    "order",
    ["--json --on revenue {} basket -$3", "{} basket -$3 --json --on revenue", "--json --on=revenue -- {} basket -$3"],
)
def test_options_stand_anywhere_around_values_that_look_like_them(run, shop, order):
    result = run("worth", *order.format(shop).split())
    assert json.loads(result.stdout)["total"] == pytest.approx(-3 * VISITS * CONVERSION * YEAR)


def test_what_if_applies_several_changes_together(run, shop):
    found = data(run, "what-if", str(shop), "conversion=+1%", "basket==$41", "--on", "revenue")
    assert found["total"] == pytest.approx((VISITS * CONVERSION * 1.01 * 41 - REVENUE) * YEAR)
    assert found["changes"] == {"conversion": "+1%", "basket": "=$41"}


def test_what_if_takes_several_changes_of_one_metric(run, shop):
    found = data(run, "what-if", str(shop), "basket=+$2", "basket=+10%")
    assert found["total"] == pytest.approx((VISITS * CONVERSION * (40 * 1.1 + 2) - REVENUE) * YEAR)


def test_a_change_that_starts_later_and_comes_in_bit_by_bit(run, shop):
    found = data(run, "worth", str(shop), "conversion", "+1% from month 4 over 3 months")
    assert found["total"] == pytest.approx(0.01 * REVENUE * (1 / 3 + 2 / 3 + 7))
    both = data(run, "what-if", str(shop), "conversion=+1% from month 4 until month 9", "basket=+$2 from 7")
    by_hand = 3 * 0.01 * REVENUE + 3 * (1.01 * 42 / 40 - 1) * REVENUE + 3 * (42 / 40 - 1) * REVENUE
    assert both["total"] == pytest.approx(by_hand)
    wrong = run("worth", str(shop), "conversion", "+1% from month 4 until month 3")
    assert (wrong.exit_code, wrong.stdout) == (2, "")
    assert "cannot end (month 3) before it starts (month 4)" in wrong.stderr


def test_values_by_period_come_from_a_file_beside_the_model(run, shop):
    text = shop.read_text("utf-8").replace("{value: $40/order}", "{values: plan.csv, unit: USD/order, then: repeat}")
    shop.write_text(text, "utf-8")
    (shop.parent / "plan.csv").write_text("month,basket\n1,40\n2,50\n", "utf-8")
    worth = data(run, "worth", str(shop), "basket", "+10%", "--on", "revenue", "--horizon", "3")
    assert worth["total"] == pytest.approx(0.1 * REVENUE * (1 + 1.25 + 1))
    (shop.parent / "plan.csv").write_text("month,basket\n1,40\n3,50\n", "utf-8")
    wrong = run("check", str(shop))
    assert wrong.exit_code == 2
    assert "no value for month 2" in wrong.stdout + wrong.stderr


def test_sensitivity_ranks(run, shop):
    rows = data(run, "sensitivity", str(shop))["rows"]
    assert rows[0]["metric"] == "visits"
    assert rows[0]["worth_of_plausible"] == pytest.approx(0.1 * REVENUE * YEAR)
    on_revenue = {row["metric"] for row in data(run, "sensitivity", str(shop), "--on", "revenue")["rows"]}
    assert on_revenue == {"visits", "conversion", "basket"}


def test_value_of_information_of_a_decision(run):
    arguments = (
        "value-of-information",
        "saas",
        "engagement",
        "+1%",
        "--cost",
        "$15k",
        "--samples",
        "1024",
        "--seed",
        "3",
    )
    found = data(run, *arguments)
    decision = it.Decision("engagement", "+1%", cost="$15k")
    assert found == json.loads(it.template("saas").value_of_information(decision, 1024, 3).to_json())
    assert found["rows"][0]["number"] == "churn.engagement.slope"
    assert run(*arguments).stdout.startswith("Measure next: Monthly churn <- Weekly engagement, slope.")


def test_value_of_information_on_another_outcome_by_a_change_with_a_minus(run):
    options = ("--cost", "$300k to $400k", "--on", "revenue", "--samples", "1024", "--json")
    result = run("value-of-information", "saas", "churn", "-0.2pp", *options)
    found = json.loads(result.stdout)
    assert (found["outcome"], found["cost"]) == ("revenue", "$300k to $400k")
    assert "decision.cost" in {row["number"] for row in found["rows"]}


def test_value_of_information_without_a_decision_takes_the_closest(run):
    found = data(run, "value-of-information", "saas", "--samples", "1024")
    assert found["is_closest"]
    assert found["expected"] == 0


def test_decide_weighs_acts(run):
    acts = (
        "--act",
        "Onboarding: engagement=+5%, nps=+1 point",
        "$250k to $300k",
        "--act",
        "cost_to_serve=-4%",
        "$150k",
    )
    found = data(run, "decide", "saas", *acts, "--samples", "1024", "--seed", "3")
    onboarding = it.Act({"engagement": "+5%", "nps": "+1 point"}, cost="$250k to $300k", label="Onboarding")
    decision = it.Decision([onboarding, it.Act("cost_to_serve", "-4%", cost="$150k")])
    assert found == json.loads(it.template("saas").decide(decision, samples=1024, seed=3).to_json())
    assert list(found["acts"]) == ["Onboarding", "-4% Cost to serve"]
    assert run("decide", "saas", *acts, "--horizon", "24", "--no-range").exit_code == 2


def test_values_show_names_beside_labels(run, shop):
    result = run("values", str(shop))
    [line] = [line for line in result.stdout.splitlines() if "Site visits" in line]
    assert line.split() == ["Site", "visits", "visits", "90k", "per", "month"]
    rows = {row["metric"]: row["value"] for row in data(run, "values", str(shop))["rows"]}
    assert rows["profit"] == pytest.approx(PROFIT)


def test_values_under_changes_are_those_over_the_horizon(run, shop):
    rows = {row["metric"]: row for row in data(run, "values", str(shop), "visits=-10%")["rows"]}
    assert rows["revenue"]["value"] == pytest.approx(0.9 * REVENUE * YEAR)
    assert rows["revenue"]["before"] == pytest.approx(REVENUE * YEAR)


def test_project(run, shop):
    rows = data(run, "project", str(shop), "--periods", "3", "visits=+10%")["rows"]
    assert [row["period"] for row in rows] == [0, 1, 2, 3]
    assert [row["profit"] for row in rows] == pytest.approx([PROFIT, *[1.1 * REVENUE - COSTS] * 3])
    assert len(data(run, "project", str(shop))["rows"]) == 1 + YEAR


def test_periods_are_named_with_over(run, shop):
    year = data(run, "what-if", str(shop), "visits=+10%", "--no-range")["total"]
    part = data(run, "what-if", str(shop), "visits=+10%", "--no-range", "--over", "months 4 to 6")
    assert part["total"] == pytest.approx(year / 4)
    assert part["window"] == "months 4 to 6"
    assert [row["period"] for row in data(run, "project", str(shop), "--over", "month 5")["rows"]] == [5]
    said = run("pnl", "saas", "--over", "2027", "--by", "quarter").stdout
    assert "Q1 2027" in said
    assert "Q4 2027" in said
    refused = run("worth", str(shop), "visits", "+1%", "--over", "2027")
    assert refused.exit_code == 2
    assert "states no start_date" in refused.stderr


def test_compare_shows_the_scenarios_of_the_file(run, shop):
    rows = {row["metric"]: row for row in data(run, "compare", str(shop))["rows"]}
    assert rows["profit"]["change"] == pytest.approx(-0.2 * REVENUE * YEAR)
    assert "Slump" in run("compare", str(shop)).stdout


def test_guardrails(run, shop):
    assert [row["holds"] for row in data(run, "guardrails", str(shop))["rows"]] == [True]
    breached = run("guardrails", str(shop), "costs=+40%")
    assert "BREACHED" in breached.stdout
    assert breached.exit_code == 0


def test_headroom(run, shop):
    found = data(run, "headroom", str(shop))
    assert run("headroom", str(shop)).stdout.startswith(found["headline"])
    (costs,) = data(run, "headroom", str(shop), "costs")["rows"]
    assert costs["metric"] == "costs"
    assert {row["metric"]: row["at"] for row in found["rows"]}["costs"] == costs["at"]
    assert costs["at"] == pytest.approx((1 - costs["limit"]) * REVENUE)


def test_verify(run, shop):
    found = data(run, "verify", str(shop))
    by_name = {row["metric"]: row for row in found["rows"]}
    assert by_name["costs"]["reverse"] == by_name["costs"]["symbolic"]
    assert "agree" in run("verify", str(shop)).stdout


def test_verify_that_fails_has_status_1(run, shop, monkeypatch):
    monkeypatch.setattr("impacttree.analyses.verify.TOLERANCE", -1.0)
    assert run("verify", str(shop)).exit_code == 1


def test_show(run, shop):
    text = run("show", str(shop)).stdout
    assert text.startswith("Shop\n")
    assert "7 metrics by month, over 12 months; outcome Profit (profit)" in text
    assert "  Revenue" in text
    assert "    Site visits" in text
    found = data(run, "show", str(shop))
    assert {row["metric"]: row["kind"] for row in found["metrics"]}["visits"] == "product"
    assert {"source": "costs", "target": "profit"}.items() <= found["links"][4].items()
    assert found["scenarios"] == {"slump": {"visits": "-20%"}}


def test_templates(run):
    rows = data(run, "templates")
    assert [row["template"] for row in rows] == ["saas", "internal", "duolingo"]
    for row in rows:
        assert row["metrics"] == len(it.template(row["template"]))
        assert row["template"] in run("templates").stdout


# -- files ------------------------------------------------------------------------------------------------------------


def test_diagram_draws_by_suffix(run, shop, tmp_path):
    for name, start in (("a.svg", b"<svg"), ("a.png", b"\x89PNG"), ("a.dot", b"digraph"), ("a.txt", b"Shop")):
        result = run("diagram", str(shop), str(tmp_path / name))
        assert result.stdout == f"{tmp_path / name} written\n"
        assert (tmp_path / name).read_bytes().startswith(start)


def test_diagram_of_a_lift(run, shop, tmp_path):
    output = tmp_path / "lift.txt"
    lifted = run("diagram", str(shop), str(output), "--lift", "conversion", "-1%", "--on", "revenue", "--cut", "board")
    assert lifted.exit_code == 0
    assert output.read_text().startswith("-1% Conversion")
    assert "$8.64k" in output.read_text()


def test_a_page_is_written(run, shop, tmp_path):
    output = tmp_path / "shop.html"
    written = run("page", str(shop), str(output), "--lift", "conversion", "-1%", "--cost", "$5k", "--no-people")
    assert written.output == f"{output} written; open it in a browser.\n"
    expected = tmp_path / "library.html"
    it.load(shop).to_html(expected, ("conversion", "-1%"), cost="$5k", people=False)
    assert output.read_text("utf-8") == expected.read_text("utf-8")
    assert run("page", str(shop), str(output), "--cost", "-1").exit_code == 2


def test_a_workbook_is_written(run, shop, tmp_path):
    output, expected = tmp_path / "shop.xlsx", tmp_path / "library.xlsx"
    written = run("excel", str(shop), str(output), "conversion=-1%", "--horizon", "6", "--no-people")
    assert written.output == f"{output} written; change a blue cell and the workbook follows.\n"
    it.load(shop).to_excel(expected, {"conversion": "-1%"}, horizon=6, people=False)
    assert output.read_bytes() == expected.read_bytes()
    assert run("excel", str(shop), str(tmp_path / "shop.csv")).exit_code == 2


def test_a_diagram_is_a_slide_or_a_poster(run, tmp_path):
    for size in ("slide", "poster"):
        run("diagram", "internal", str(tmp_path / "cli.svg"), "--size", size)
        it.template("internal").diagram(size=size).save(tmp_path / f"{size}.svg")
        assert (tmp_path / "cli.svg").read_bytes() == (tmp_path / f"{size}.svg").read_bytes()
    assert (tmp_path / "slide.svg").read_bytes() != (tmp_path / "poster.svg").read_bytes()


def test_a_failed_diagram_leaves_the_old_file(run, shop, tmp_path):
    old = tmp_path / "old.svg"
    old.write_text("precious")
    assert run("diagram", str(shop), str(old), "--lift", "conversion", "1%").exit_code == 2
    assert old.read_text() == "precious"


def test_new_marks_every_stated_value(run, tmp_path):
    path = tmp_path / "mine.yaml"
    result = run("new", "saas", str(path))
    assert f"impacttree check {path}" in result.stdout
    tree = it.load(path)
    numbers = {metric.name: metric.value or metric.start for metric in tree.spec.metrics}
    stated = [name for name, number in numbers.items() if number and not number.is_formula]
    assert [metric.name for metric in tree.spec.metrics if metric.placeholder] == stated
    effects = [f"{metric.name} <- {driver.source}" for metric in tree.spec.metrics for driver in metric.drivers]
    marked = len(stated) + len(effects)
    assert f"{marked} of its values and effects" in result.stdout
    assert data(run, "check", str(path))["placeholders"] == [*stated, *effects]
    assert f"{marked} of {marked} inputs are template values" in run("worth", str(path), "nps", "+1%").stdout


def test_new_replaces_only_when_told(run, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("precious")
    refused = run("new", "saas", str(path))
    assert (refused.exit_code, path.read_text()) == (2, "precious")
    assert "--force" in refused.stderr
    assert run("new", "saas", str(path), "--force").exit_code == 0
    assert it.load(path).name == it.template("saas").name


def test_check_of_a_good_file(run, shop):
    result = run("check", str(shop))
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{shop}: no problems")
    found = data(run, "check", str(shop))
    assert found["problems"] == []
    assert [row["metric"] for row in found["guardrails"]] == ["margin"]


def test_check_lists_all_problems_with_their_lines(run, tmp_path):
    path = tmp_path / "wrong.yaml"
    wrong = [f"  m{i}: {{formula: x{i} * 2}}" for i in range(60)]
    path.write_text("\n".join(["name: Wrong", "outcome: m0", "metrics:", *wrong, ""]))
    result = run("check", str(path))
    assert (result.exit_code, result.stdout) == (2, "")
    assert "60 problems" in result.stderr
    for i in range(60):
        assert f"{path}:{4 + i}: m{i}.formula: there is no metric 'x{i}'" in result.stderr
    as_json = run("check", str(path), "--json")
    assert as_json.exit_code == 2
    assert [problem["line"] for problem in json.loads(as_json.stdout)["problems"]] == list(range(4, 64))


def test_check_computes_the_scenarios(run, tmp_path):
    path = tmp_path / "pole.yaml"
    model = "name: Pole\noutcome: c\nmetrics: {a: {value: 2}, b: {value: 1}, c: {formula: a / (b - 2)}}\n"
    path.write_text(f"{model}scenarios: {{fine: {{b: +10%}}, pole: {{b: +1}}}}\n")
    result = run("check", str(path))
    assert result.exit_code == 2
    assert "in the scenario pole, " in result.stderr
    assert "fine" not in result.stderr
    path.write_text(model.replace("value: 1", "value: 2"))
    assert run("check", str(path)).exit_code == 2


def test_check_shows_notes(run, tmp_path):
    path = tmp_path / "notes.yaml"
    path.write_text("name: N\noutcome: b\nmetrics: {a: {value: 2}, b: {formula: a * 2}, lonely: {value: 3}}\n")
    notes = it.load(path).notes
    assert notes
    assert all(note in run("check", str(path)).stdout for note in notes)
    assert data(run, "check", str(path))["notes"] == list(notes)


def test_check_and_show_tell_of_values_outside_their_bounds(run, tmp_path):
    path = tmp_path / "outside.yaml"
    path.write_text(
        "name: O\noutcome: y\nmetrics: {a: {value: 2}, r: {formula: a, bounds: 0 to 1}, y: {formula: r * 10}}\n"
    )
    for command in ("check", "show"):
        shown = run(command, str(path))
        assert shown.exit_code == 0
        assert "R at 2 today, outside the bounds 0 to 1" in " ".join(shown.stdout.split())
        assert len(data(run, command, str(path))["warnings"]) == 1


def test_schema(run, tmp_path):
    printed = run("schema").stdout
    assert json.loads(printed)["title"] == "impacttree model"
    path = tmp_path / "impacttree.schema.json"
    assert run("schema", str(path)).exit_code == 0
    assert path.read_text() == printed


# -- mistakes ---------------------------------------------------------------------------------------------------------

MISTAKES = {
    "worth saas engagment +1%": "there is no metric 'engagment' (did you mean 'engagement'?)",
    "worth saas 'weekly engagement' +1%": "there is no metric 'weekly engagement' (did you mean 'engagement'?)",
    "worth saas engagement +1% --on proft": "there is no metric 'proft' (did you mean 'profit'?)",
    "worth sas engagement +1%": "there is no template 'sas' (did you mean 'saas'?)",
    "worth northwind engagement +1%": "a file is named by its path (./northwind.yaml)",
    "worth missing.yaml engagement +1%": "missing.yaml: there is no such file",
    "worth ./missing engagement +1%": "./missing: there is no such file",
    "worth . engagement +1%": "there is no template '.'",
    "worth ./ engagement +1%": "is a folder, not a regular file",
    "worth saas engagement 1%": "write '+1%' to multiply or '=1%' to set",
    "worth saas engagement -": "write it in single quotes, '-$3'",
    "worth saas engagement +90pp": "outside its bounds",
    "worth saas arpu -3": "does not say which money",
    "worth saas engagement": "Missing argument 'CHANGE'",
    "worth saas engagement +1% -1%": "Got unexpected extra argument (-1%)",
    "worth saas engagement +1% --jsn": "there is no option --jsn (did you mean '--json'?)",
    "worth saas engagement -1% -x": "there is no option -x",
    "worth --hlep saas engagement -1%": "there is no option --hlep (did you mean '--help'?)",
    "what-if saas": "Missing argument 'METRIC=CHANGE...'",
    "what-if saas engagement": "'engagement' is not a metric and its change: write engagement=+1%",
    "what-if saas engagement +1%": "'engagement' is not a metric and its change: write engagement=+1%",
    "what-if saas =+1%": "'=+1%' is not a metric and its change",
    "what-if saas 'arpu=$32'": "write 'arpu=+$32' to add it, 'arpu==$32' to set it",
    "what-if saas arpu=-": "write it in single quotes, '-$3'",
    "what-if saas nsp=+1%": "there is no metric 'nsp' (did you mean 'nps'?)",
    "what-if saas arpu=+x%": "+x%",
    "values saas nsp=+1%": "there is no metric 'nsp' (did you mean 'nps'?)",
    "project saas --periods 0": "is not a whole number from 1",
    "project saas --periods many": "'many' is not a valid integer",
    "sensitivity saas --on nothing": "there is no metric 'nothing'",
    "value-of-information saas nsp +1% --cost $1k": "there is no metric 'nsp' (did you mean 'nps'?)",
    "value-of-information saas nps +1%": "a decision is METRIC, CHANGE and --cost",
    "value-of-information saas nps --cost $1k": "a decision is METRIC, CHANGE and --cost",
    "value-of-information saas --on revenue": "a decision is METRIC, CHANGE and --cost",
    "value-of-information saas nps +1% --cost 10": "the cost is 10",
    "value-of-information saas nps - --cost $1k": "write it in single quotes, '-$3'",
    "value-of-information saas --samples 10": "give a whole number from 200",
    "decide saas": "Missing option '--act'",
    "decide saas --act engagement=+5%": "--act",
    "decide saas --act engagement $1k": "'engagement' is not a metric and its change: write engagement=+1%",
    "decide saas --act 'Onboarding:' $1k": "changes nothing: write 'engagement=+5%'",
    "decide saas --act engagement=+5% 3": "the cost is 3",
    "decide saas --act nsp=+5% $1k": "there is no metric 'nsp' (did you mean 'nps'?)",
    "verify saas --on nothing": "there is no metric 'nothing'",
    "guardrails saas nsp=+1%": "there is no metric 'nsp'",
    "headroom saas nsp": "there is no metric 'nsp'",
    "diagram saas tree.sgv": "'.sgv' names no known format",
    "diagram saas missing/tree.svg": "missing/tree.svg: cannot be written",
    "diagram saas tree.svg --cut half": "'half' is not one of 'full', 'board'",
    "diagram saas tree.svg --lift engagement": "--lift",
    "diagram saas tree.svg --lift engagment +1%": "there is no metric 'engagment'",
    "diagram saas tree.svg --cost $1k": "a cost is that of a lift, and there is none",
    "diagram saas tree.svg --lift arpu -": "write it in single quotes",
    "new sas mine.yaml": "there is no template 'sas' (did you mean 'saas'?)",
    "new saas mine": "write mine.yaml",
    "new saas missing/mine.yaml": "missing/mine.yaml: cannot be written",
    "check missing.yaml": "missing.yaml: there is no such file",
    "check sas": "there is no template 'sas'",
    "schema model.yaml": "the name of a schema ends in .json, model.yaml does not",
    "schema missing/x.json": "cannot be written",
    "wort saas engagement +1%": "there is no command wort (did you mean 'worth'?)",
    "saas engagement +1%": "there is no command saas",
    "--jsn": "--jsn",
}


@pytest.mark.parametrize(("line", "message"), MISTAKES.items())
def test_a_mistake_is_one_message_and_status_2(run, tmp_path, monkeypatch, line, message):
    monkeypatch.chdir(tmp_path)
    result = run(*shlex.split(line))
    assert result.exit_code == 2
    assert result.stdout == ""
    assert message in result.stderr
    assert result.stderr.count("Error: ") == 1
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_named_like_a_template_is_pointed_at(run, shop, monkeypatch):
    monkeypatch.chdir(shop.parent)
    assert "write shop.yaml" in run("show", "shop").stderr
    (shop.parent / "plain").write_text("name: x")
    assert "write ./plain" in run("show", "plain").stderr


def test_compare_without_scenarios_says_how_to_add_some(run, tmp_path):
    path = tmp_path / "bare.yaml"
    path.write_text("name: B\noutcome: b\nmetrics: {a: {value: 2}, b: {formula: a * 2}}\n")
    result = run("compare", str(path))
    assert result.exit_code == 2
    assert "has no scenarios" in result.stderr


def test_all_problems_of_a_file_come_in_one_message(run, tmp_path):
    path = tmp_path / "two.yaml"
    path.write_text("name: T\noutcome: b\nmetrics: {a: {value: 2, lable: A}, b: {formula: a * c}}\n")
    stderr = run("worth", str(path), "a", "+1%").stderr
    assert stderr.startswith("Error: 2 problems\n")
    assert "'lable' is not known in a metric (did you mean 'label'?)" in stderr
    assert "there is no metric 'c'" in stderr


@pytest.mark.parametrize("command", ["show", "values", "check", "worth"])
def test_what_stands_in_a_file_cannot_steer_the_terminal(run, tmp_path, command):
    path = tmp_path / "hostile\x1b[31m.yaml"
    for text in ("T\\e[31m", "T\\u202E", "T<b>[red]|"):
        path.write_text(
            f'name: "{text}"\noutcome: b\nmetrics: {{a: {{value: 2, label: "{text}"}}, b: {{formula: a * 2}}}}\n'
        )
        result = run(command, str(path), *(["a", "+1%"] if command == "worth" else []))
        assert result.output
        assert "\x1b" not in result.output
        assert "\u202e" not in result.output


# -- help -------------------------------------------------------------------------------------------------------------


def test_help_lists_every_command_once(run):
    listed = [name for names in SECTIONS.values() for name in names]
    assert sorted(listed) == sorted(main.commands)
    text = run("--help").stdout
    for name in listed:
        summary = main.commands[name].get_short_help_str(200)
        assert sum(line.split()[:1] == [name] and summary in line for line in text.splitlines()) == 1
    for word in ("TREE", "METRIC", "CHANGE", "single quotes"):
        assert word in text


@pytest.mark.parametrize("name", main.commands)
def test_help_of_a_command(run, name):
    made = main.commands[name]
    text = run(name, "--help").stdout
    assert text.startswith(f"Usage: impacttree {name} ")
    for parameter in made.params:
        if parameter.param_type_name == "option":
            assert f"  {parameter.opts[0]}" in text
    own = {option for parameter in made.params for option in (*parameter.opts, *parameter.secondary_opts)}
    assert set(re.findall(r"(?<!\S)--[a-z][a-z-]*", text)) <= {*own, "--help"}
    assert isinstance(made, Command)
    assert made.examples
    assert all(f"  {example}\n" in text for example in made.examples)


@pytest.mark.parametrize(
    "asked",
    [
        "worth shop.yaml conversion +1% --no-range",
        "break-even shop.yaml conversion +1%",
        "value-of-information saas engagement +1% --samples 256",
        "cash-flow shop.yaml conversion=+1%",
        "diagram shop.yaml shop.svg --lift conversion +1%",
        "deck shop.yaml conversion +1% --save shop.pptx",
        "page shop.yaml shop.html --lift conversion +1%",
        "excel shop.yaml shop.xlsx conversion=+1%",
    ],
)
def test_a_cost_may_be_paid_later_where_the_help_says_so(run, shop, monkeypatch, asked):
    monkeypatch.chdir(shop.parent)
    finance = "finance: {discount_rate: 12%/year}\n"
    (shop.parent / "shop.yaml").write_text(finance + shop.read_text(encoding="utf-8"), encoding="utf-8")
    name, *arguments = asked.split()
    (help_text,) = (one.help for one in main.commands[name].params if one.name == "cost")
    result = run(name, *arguments, "--cost", "$5k; $1k in month 3")
    assert result.exit_code == (0 if "in month 3" in help_text else 2), result.output


@pytest.mark.slow
@pytest.mark.parametrize("example", [line for made in main.commands.values() for line in made.examples])
def test_examples_of_the_help_work(run, shop, tmp_path, monkeypatch, example):
    monkeypatch.chdir(tmp_path)
    if " check " in example:
        shop.rename(tmp_path / "northwind.yaml")
    if " cash-flow " in example:
        finance = "finance: {discount_rate: 12%/year, tax_rate: 25%}\n"
        (tmp_path / "northwind.yaml").write_text(finance + shop.read_text(encoding="utf-8"), encoding="utf-8")
    result = run(*shlex.split(example)[1:])
    assert result.exit_code == 0, result.stderr
    assert result.stdout


def test_every_answer_comes_as_json():
    silent = {"deck", "diagram", "excel", "new", "page", "schema"}
    for name, made in main.commands.items():
        assert any("--json" in parameter.opts for parameter in made.params) == (name not in silent)


def test_version(run):
    assert run("--version").stdout == f"impacttree {it.__version__}\n"


# -- files, standard input and output ---------------------------------------------------------------------------------

PICTURED = {
    "worth": ("worth", "saas", "engagement", "+1%", "--no-range"),
    "sensitivity": ("sensitivity", "saas"),
    "project": ("project", "saas", "engagement=+1%"),
    "uncertainty": ("uncertainty", "saas", "--samples", "64"),
    "value-of-information": ("value-of-information", "saas", "--samples", "512"),
    "decide": ("decide", "saas", "--act", "engagement=+5%", "$250k", "--samples", "256"),
    "simulate": ("simulate", "saas", "--samples", "256"),
    "sweep": ("sweep", "saas", "engagement", "40%", "44%"),
    "pnl": ("pnl", "saas", "engagement=+1%"),
}
TABLED = {
    "what-if": ("what-if", "saas", "engagement=+1%", "--no-range"),
    "values": ("values", "saas"),
    "compare": ("compare", "saas", "--no-range"),
    "guardrails": ("guardrails", "saas", "--no-range"),
    "headroom": ("headroom", "saas", "churn"),
    "verify": ("verify", "saas"),
    "break-even": ("break-even", "saas", "engagement", "+5%"),
}


def test_every_answer_is_saved():
    assert {name for name in main.commands if any(p.name == "output" for p in main.commands[name].params)} == {
        *PICTURED, *TABLED, "cash-flow", "deck", "diagram", "schema",
    }  # fmt: skip


def test_a_cash_flow_is_saved_as_a_picture_and_a_table(run, shop, tmp_path):
    model = tmp_path / "northwind.yaml"
    model.write_text("finance: {discount_rate: 12%}\n" + shop.read_text(encoding="utf-8"), encoding="utf-8")
    for suffix, mark in ((".svg", "<svg"), (".md", "|"), (".csv", "Discounted to today")):
        path = tmp_path / f"answer{suffix}"
        assert run("cash-flow", str(model), "conversion=+5%", "--cost", "$5k", "--save", str(path)).exit_code == 0
        assert mark in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PICTURED)
def test_pictures_are_saved(run, tmp_path, name):
    path = tmp_path / "answer.svg"
    result = run(*PICTURED[name], "--save", str(path))
    assert (result.exit_code, result.stdout) == (0, f"{path} written\n")
    assert "<svg" in path.read_text(encoding="utf-8")
    assert run(*PICTURED[name], "--save", "-").stdout_bytes == path.read_bytes()


@pytest.mark.parametrize("name", TABLED)
def test_tables_are_saved_and_have_no_picture(run, tmp_path, name):
    path = tmp_path / "answer.md"
    assert run(*TABLED[name], "--save", str(path)).exit_code == 0
    assert "|" in path.read_text(encoding="utf-8") or name == "what-if"
    result = run(*TABLED[name], "--save", str(tmp_path / "answer.png"))
    assert result.exit_code == 2
    assert "cannot be written as 'png'" in result.stderr
    assert run(*TABLED[name], "--save", "-").exit_code == 2


def test_each_picture_of_a_simulation_is_saved(run, tmp_path):
    seen = set()
    for chart in ("histogram", "cdf", "fan"):
        for on in ((), ("--on", "revenue")):
            path = tmp_path / "answer.svg"
            arguments = ("simulate", "saas", "--samples", "256", *on, "--chart", chart, "--save", str(path))
            assert run(*arguments).exit_code == 0
            seen.add(path.read_bytes())
    assert len(seen) == 6


ON_A_BASIS = {
    "worth": "saas engagement +1% --no-range",
    "what-if": "saas engagement=+1% --no-range",
    "compare": "saas --no-range",
    "sweep": "saas churn 2% 4% --steps 3",
    "break-even": "saas engagement +1%",
    "sensitivity": "saas",
    "simulate": "saas --samples 256",
    "uncertainty": "saas --samples 64",
}
"""Commands that tell run rates; those that set a cost against them, and a picture, come by themselves."""


def test_every_command_on_a_basis_offers_those_that_there_are():
    bases = {name: [p for p in made.params if p.name == "basis"] for name, made in main.commands.items()}
    taking = {name: one[0].type.choices for name, one in bases.items() if one}
    assert taking.keys() - {"deck", "page"} == {*ON_A_BASIS, "decide", "value-of-information", "diagram"}
    assert {tuple(choices) for choices in taking.values()} == {get_args(Basis)}


@pytest.mark.parametrize("name", ON_A_BASIS)
def test_a_command_tells_run_rates(run, name):
    found = data(run, name, *ON_A_BASIS[name].split(), "--basis", "run_rate")
    assert "the last month alone, amounts annualised" in found["basis"]


def test_pictures_and_decisions_on_a_basis(run, tmp_path):
    path = tmp_path / "tree.svg"
    assert run("diagram", "saas", str(path), "--lift", "engagement", "+1%", "--basis", "run_rate").exit_code == 0
    assert "Annual run rate by Oct 2027" in path.read_text(encoding="utf-8")
    refused = run("decide", "saas", "--act", "engagement=+5%", "$250k", "--basis", "run_rate")
    assert refused.exit_code == 2
    assert "a run rate is what a year comes to" in refused.stderr


def test_a_model_comes_from_the_standard_input(shop):
    text = shop.read_bytes()
    runner = CliRunner()
    piped = runner.invoke(main, ["worth", "-", "conversion", "+1%", "--json"], input=text)
    named = runner.invoke(main, ["worth", str(shop), "conversion", "+1%", "--json"])
    assert json.loads(piped.stdout) == json.loads(named.stdout), piped.stderr
    wrong = runner.invoke(main, ["check", "-"], input=b"metrics: {a: {valeu: 1}}")
    assert wrong.exit_code == 2
    assert wrong.stderr.startswith("Error: standard input:1: a.valeu: 'valeu' is not known")
    assert runner.invoke(main, ["values", "-"], input=b"x" * 10_000_001).exit_code == 2


def test_a_template_and_the_schema_go_to_the_standard_output(run):
    text = run("new", "saas", "-").stdout
    assert it.loads(text).name == "Northwind CRM"
    assert json.loads(run("schema", "-").stdout) == json.loads(run("schema").stdout)


@pytest.mark.parametrize("name", [None, *sorted(main.commands)])
def test_h_is_help(run, name):
    command = () if name is None else (name,)
    assert run(*command, "-h").stdout == run(*command, "--help").stdout != ""
