"""The page in Chromium: what a reader sees, types, links to and saves."""

from __future__ import annotations

import functools
import json
import operator
import random
import re
from importlib.resources import files
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

import impacttree as it
from impacttree.answers.guardrail_checks import breach_words
from impacttree.answers.net_over_time import Returns, Stage
from impacttree.answers.samples import percentage
from impacttree.answers.verdict import verdict
from impacttree.answers.words import lowered
from impacttree.errors import OutputError, QuestionError
from impacttree.export.page import page, page_data
from impacttree.export.script import OWN, SHORT, as_json, script
from impacttree.quantity import Unit, format_percent_change, format_signed, format_value
from impacttree.quantity.formatting import style_of
from impacttree.spec import Finance
from tests.export.javascript import in_node, until

pytestmark = pytest.mark.slow

LIFT = ("engagement", "+5%")
WIDTHS = (390, 1280, 1920)


@pytest.fixture(scope="module")
def saas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "saas.html"
    it.template("saas").to_html(path, LIFT, cost="$250k")
    return path


class Opened:
    """A page in a tab that fails on any error, refused load or request."""

    def __init__(self, browser: Any, path: Path, fragment: str = "", width: int = 1440, **more: Any) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 900}, **more)
        self.tab = self.context.new_page()
        self.wrong: list[str] = []
        self.tab.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.tab.on("console", lambda message: self.wrong.append(message.text))
        self.tab.on(
            "request", lambda asked: None if asked.url.startswith(("file:", "data:")) else self.wrong.append(asked.url)
        )
        self.tab.goto(f"file://{path}{fragment}")

    def __enter__(self) -> Any:
        return self.tab

    def __exit__(self, *_: object) -> None:
        self.context.close()
        assert self.wrong == []


def _range(worth: Any) -> str:
    low, high = (format_signed(end, Unit.parse("USD")) for end in (worth.range.p10, worth.range.p90))
    return f"{low} to {high} (P10 to P90)"


@functools.cache
def _needed() -> str:
    """The least engagement, in tenths of a percent, that is worth $50k: by trying one after the other."""
    tree = it.template("saas")
    for tenths in range(421, 500):
        if tree.worth("engagement", f"={tenths / 10}%", range=False).total >= 50_000:
            return f"{tenths / 10}%"
    raise AssertionError("never")


def _address_has(tab: Any, part: str) -> str:
    """Return the address, once it has the part."""
    until(tab, lambda: part in tab.evaluate("location.hash"))
    return str(tab.evaluate("location.hash"))


def _needs(tab: Any, said: str) -> None:
    until(tab, lambda: tab.inner_text("#needs").replace("\n", " ").startswith(said))


def test_the_page_opens_with_the_librarys_sentence(browser: Any, saas: Path) -> None:
    worth = it.template("saas").worth(*LIFT, cost="$250k")
    with Opened(browser, saas) as tab:
        assert tab.inner_text("#sentence") == f"+5% Weekly engagement {worth.claim}"
        assert _range(worth) in tab.inner_text("#sub")
        assert worth.payback is not None
        assert worth.words.at(worth.payback) in tab.inner_text("#net")
        total = tab.evaluate("impacttree.found.total")
        assert abs(total - worth.total) <= 1e-9 * abs(worth.total)
        flows = tab.evaluate(
            "Object.fromEntries(impacttree.found.flows.map(([s, t, amount]) => [`${s} ${t}`, amount]))"
        )
    names = {m.name: m.index for m in it.template("saas")._graph.metrics}
    for edge in worth.edges:
        if not edge.lag:
            assert abs(flows[f"{names[edge.source]} {names[edge.target]}"] - edge.amount) <= 1e-9 * abs(worth.total)


def _sampled(tab: Any) -> None:
    until(tab, lambda: tab.evaluate("window.impacttree.ranges && window.impacttree.ranges.isAll"))


def test_ranges_risks_and_the_band_follow_a_move(browser: Any, saas: Path) -> None:
    worth = it.template("saas").worth("engagement", "+10%", cost="$100k")
    with Opened(browser, saas) as tab:
        tab.fill("#v-0", "46.2%")
        tab.fill("#cost", "$100k")
        assert "P10 to P90 follows" in tab.inner_text("#sub") or "P10 to P90)" in tab.inner_text("#sub")
        _sampled(tab)
        assert _range(worth) in tab.inner_text("#sub")
        first = max((edge for edge in worth.edges if edge.source == "engagement"), key=lambda edge: edge.amount)
        assert first.target == "churn"
        assert f"{first.amount / worth.total:.0%} of it through lower monthly churn" in tab.inner_text("#sub")
        assert _range(worth).removesuffix(" (P10 to P90)") in tab.inner_text("#tree")
        risks = tab.evaluate("window.impacttree.ranges.risks")
        assert risks == [check.risk for check in worth.guardrails]
        assert tab.inner_text("#guards").count("risk") == len(risks)
        assert tab.locator("#line .f-spread").count() == 1
        assert "P10 to P90: " in tab.inner_text("#net")
        tab.click("#reset")
        assert _range(it.template("saas").worth(*LIFT)) in tab.inner_text("#sub")


def test_a_slider_moves_everything(browser: Any, saas: Path) -> None:
    with Opened(browser, saas) as tab:
        before = tab.inner_text("#sentence")
        tab.focus("input[type=range]")
        for _ in range(20):
            tab.keyboard.press("ArrowRight")
        after = tab.inner_text("#sentence")
        assert after != before
        assert tab.input_value("#v-0") != "44.1%"
        until(tab, lambda: tab.inner_text("#status") == after)
        assert "engagement=" in tab.evaluate("location.hash")
        tab.click("#reset")
        assert tab.inner_text("#sentence") == before


def test_a_number_is_typed_within_bounds(browser: Any, saas: Path) -> None:
    what_if = it.template("saas").what_if({"engagement": "=45%", "arpu": "=$30"}, range=False)
    with Opened(browser, saas) as tab:
        tab.fill("#v-0", "45%")
        tab.fill(f"#v-{_slot('arpu')}", "$30")
        total = tab.evaluate("impacttree.found.total")
        assert abs(total - what_if.total) <= 1e-9 * abs(what_if.total)
        assert "and" in tab.inner_text("#sentence")
        tab.fill("#v-0", "+5%")
        assert tab.get_attribute("#v-0", "aria-invalid") == "true"
        tab.fill("#v-0", "140%")
        assert tab.get_attribute("#v-0", "aria-invalid") == "true"
        assert tab.evaluate("impacttree.state.value(0)") == 0.45


def _slot(name: str) -> int:
    return it.template("saas")._graph.by_name[name]


def test_on_a_phone_a_target_is_found_and_sent_back(browser: Any, saas: Path) -> None:
    """Who only has the file finds what engagement must be for +$50k, takes it, and sends that state as a link."""
    phone = {"width": 390, "has_touch": True, "is_mobile": True}
    with Opened(browser, saas, **phone) as tab:
        for part in ("#focus-home .slider", "#need", "#needs"):
            box = tab.locator(part).bounding_box()
            assert box["y"] + box["height"] <= 844, part
        tab.tap("#need")
        tab.keyboard.type("50k")
        _needs(tab, f"$50k needs weekly engagement at {_needed()}")
        tab.tap("#take")
        _address_has(tab, "engagement=")
        total = tab.evaluate("impacttree.found.total")
        sentence = tab.inner_text("#sentence")
        assert tab.input_value("#focus-home .slider input:not([type=range])") == _needed()
        tab.tap("#tabs button[data-tab=Share]")
        tab.evaluate(
            "const writeText = async (text) => { window.copied = text; };"
            "Object.defineProperty(navigator, 'clipboard', { value: { writeText } })"
        )
        tab.tap("#link")
        until(tab, lambda: tab.evaluate("Boolean(window.copied)"))
        link = tab.evaluate("window.copied")
        assert link == tab.evaluate("location.href")
    assert total == pytest.approx(it.template("saas").worth("engagement", f"={_needed()}", range=False).total, rel=1e-9)
    assert total >= 50_000
    with Opened(browser, saas, f"#{link.partition('#')[2]}", **phone) as tab:
        assert tab.inner_text("#sentence") == sentence
        assert tab.input_value("#need") == "$50k"
    with Opened(browser, saas, **phone) as tab:
        tab.tap("#tabs button[data-tab=Share]")
        tab.fill("#given", link)
        assert tab.inner_text("#sentence") == sentence
        assert tab.locator("#rows").is_visible()


def test_a_target_says_what_it_needs(browser: Any, saas: Path) -> None:
    with Opened(browser, saas, width=390) as tab:
        tab.fill("#need", "$50k")
        _needs(tab, f"$50k needs weekly engagement at {_needed()}")
        link = _address_has(tab, "need=")
    assert it.template("saas").worth("engagement", f"={_needed()}", range=False).total >= 50_000
    with Opened(browser, saas, link, width=390) as tab:
        _needs(tab, f"$50k needs weekly engagement at {_needed()}")
        assert tab.evaluate("location.hash") == link


def test_scenarios_and_horizons(browser: Any, saas: Path) -> None:
    scenario = dict(it.template("saas").compare(range=False).scenarios)["downturn"]
    with Opened(browser, saas) as tab:
        tab.click("button:has-text('Downturn')")
        assert abs(tab.evaluate("impacttree.found.total") - scenario.total) <= 1e-9 * abs(scenario.total)
        flows = tab.evaluate(
            "impacttree.found.flows.filter(([, target]) => target === impacttree.data.outcome)"
            ".map(([, , amount]) => amount)"
        )
        assert abs(sum(flows) - scenario.total) <= 1e-8 * sum(map(abs, flows))
        tab.click("button:has-text('Your case')")
        tab.click("button:has-text('Nov 2026 to Oct 2029')")
        long = it.template("saas").worth(*LIFT, range=False).long[2]
        assert abs(tab.evaluate("impacttree.found.total") - long) <= 1e-9 * abs(long)
        tab.click("button:has-text('As stated')")
        assert tab.inner_text("#sentence").startswith("As stated, operating profit is")


LATER = ("engagement", "+5% from 2027-04 over 3 months")
IN_FORCE = "from Apr 2027, in full from Jun 2027"


@pytest.fixture(scope="module")
def launch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the page of a lift in time, with a scenario of changes that hold at several times."""
    path = tmp_path_factory.mktemp("launch") / "launch.html"
    launched().to_html(path, LATER, cost="$250k")
    return path


@functools.cache
def launched() -> it.ImpactTree:
    keys = yaml.safe_load((files("impacttree") / "templates" / "saas.yaml").read_text(encoding="utf-8"))
    changes = {"churn": "+0.5pp from 2027-02 until 2027-08", "arpu": "-3% from month 4"}
    keys["scenarios"]["squeeze"] = changes
    return it.loads(yaml.safe_dump(keys, sort_keys=False))


def _total(tab: Any) -> float:
    found: float = tab.evaluate("impacttree.found.total")
    return found


SHOP = """
finance: {discount_rate: 12%/year}
outcome: profit
metrics:
  visits: {values: [1k visits/month, 1.1k visits/month], then: grow 1%/month, kind: product}
  conversion: {value: 3%, plausible: 2.7% to 3.5%, kind: product}
  basket: {value: $60/visit ($57 to $63)}
  margin: {value: 30%}
  overhead: {value: $5k/month}
  profit: {formula: visits * conversion * basket * margin - overhead, unit: USD/month}
"""


@pytest.mark.parametrize(
    ("is_stated", "hints"),
    [
        (True, {"visits": "slider", "conversion": "plausible 2.7% to 3.5%", "basket": "plausible $57 to $63"}),
        (False, {"conversion": "slider 1.13% to 4.88%", "basket": "slider $22.50 to $97.50"}),
    ],
)
def test_plausible_is_said_of_what_the_model_states(browser: Any, tmp_path: Path, is_stated: bool, hints: Any) -> None:
    text = SHOP if is_stated else SHOP.replace(", plausible: 2.7% to 3.5%", "").replace(" ($57 to $63)", "")
    tree, path = it.loads(text), tmp_path / "shop.html"
    tree.to_html(path)
    slots = {metric.name: metric.index for metric in tree._graph.metrics}
    with Opened(browser, path) as tab:
        for name, said in {**hints, "margin": "slider 11.2% to 48.8%", "overhead": "slider"}.items():
            slider = tab.locator(f".slider:has(#v-{slots[name]})")
            assert said in slider.locator(".hint").text_content()
            assert slider.locator(".band").count() == said.startswith("plausible")
        assert tab.inner_text("#key").split() == (["today", "plausible", "range"] if is_stated else ["today"])


@pytest.mark.parametrize(("basis", "said"), [("pv", "discounted"), ("horizon", "12 mo."), ("run_rate", "a year")])
def test_a_sum_is_marked_wherever_it_stands_by_itself(browser: Any, tmp_path: Path, basis: Any, said: str) -> None:
    """In the line of what carries no money, below the sentence and above its details, as on its card."""
    tree, path = it.loads(SHOP), tmp_path / "shop.html"
    tree.to_html(path, ("margin", "+5%"), basis=basis)
    counts = {"horizon": [1.0] * 12, "run_rate": [0.0] * 11 + [12.0], "pv": [1.12 ** (-t / 12) for t in range(1, 13)]}
    each = [1_000, *(1_100 * 1.01**t for t in range(11))]
    sums = [sum(map(operator.mul, counts[basis], amounts)) for amounts in (each, [5_000] * 12)]
    visits, overhead = (format_value(amount, Unit.parse(unit)) for amount, unit in zip(sums, ("", "USD"), strict=True))
    with Opened(browser, path) as tab:
        rest = tab.inner_text("#rest-text")
        assert f"Visits {visits} ({said})" in rest
        assert f"Overhead {overhead} ({said})" in rest
        assert "Conversion 3.0%," in f"{rest},"
        tab.click(".card:has-text('Profit')")
        assert tab.inner_text("#panel .top b").endswith(f" ({said})")
    tree.to_html(path, ("overhead", "+5%"), basis=basis)
    with Opened(browser, path) as tab:
        assert f" ({said})." in tab.inner_text("#sub")


def test_a_lift_in_time_is_shown_and_said_as_the_library_does(browser: Any, launch: Path) -> None:
    tree = launched()
    worth = tree.worth(*LATER, cost="$250k")
    with Opened(browser, launch) as tab:
        assert tab.inner_text("#sentence") == f"+5% Weekly engagement from 2027-04 over 3 months {worth.claim}"
        assert _range(worth) in tab.inner_text("#sub")
        assert _total(tab) == pytest.approx(worth.total, rel=1e-9)
        assert f"lift {IN_FORCE}" in tab.inner_text("#basis")
        assert f"lift {IN_FORCE}" in worth.provenance.basis
        assert "held from" not in tab.inner_text("#basis")
        _sampled(tab)
        assert tab.evaluate("impacttree.ranges.risks") == [check.risk for check in worth.guardrails]


def test_several_changes_of_one_metric_are_told_one_after_the_other(browser: Any, tmp_path: Path) -> None:
    lift: Any = ("arpu", ["-3% from month 4", "+$0.5/customer/month", "=$30 from 2027-01"])
    worth, path = launched().worth(*lift), tmp_path / "several.html"
    launched().to_html(path, lift)
    with Opened(browser, path) as tab:
        said = tab.inner_text("#sentence").replace("−", "-")
        assert said == f"=$30 from 2027-01 then -3% from month 4 then +$0.50 ARPU {worth.claim}"
        assert _total(tab) == pytest.approx(worth.total, rel=1e-9)
        assert "lift each in force when stated" in tab.inner_text("#basis")
        tab.fill(f"#v-{_slot('arpu')}", "$31")
        assert "lift held from Nov 2026" in tab.inner_text("#basis")
        tab.click("#reset")
        assert tab.inner_text("#sentence").replace("−", "-") == said


def test_a_slider_keeps_the_time_of_its_lift(browser: Any, launch: Path) -> None:
    tree = launched()
    with Opened(browser, launch) as tab:
        tab.fill("#v-0", "45.36%")
        assert tab.inner_text("#sentence").startswith("+8% Weekly engagement from 2027-04 over 3 months adds")
        assert _total(tab) == pytest.approx(
            tree.worth("engagement", LATER[1].replace("5", "8"), range=False).total, rel=1e-9
        )
        tab.fill("#v-0", "42%")
        tab.fill("#v-0", "45.36%")
        tab.fill(f"#v-{_slot('arpu')}", "$30")
        both = {"engagement": "+8% from 2027-04 over 3 months", "arpu": "=$30"}
        assert _total(tab) == pytest.approx(tree.what_if(both, range=False).total, rel=1e-9)
        flows = tab.evaluate(
            "impacttree.found.flows.filter(([, target]) => target === impacttree.data.outcome)"
            ".map(([, , amount]) => amount)"
        )
        assert sum(flows) == pytest.approx(_total(tab), rel=1e-8)
        assert "changes each in force when stated" in tab.inner_text("#basis")
        tab.fill("#need", "$900k")
        until(tab, lambda: IN_FORCE in tab.inner_text("#needs") or "$30" in tab.inner_text("#needs"))
        link, total, sentence = _address_has(tab, "need="), _total(tab), tab.inner_text("#sentence")
        tab.click("button:has-text('As stated')")
        tab.fill("#v-0", "45.36%")
        assert tab.inner_text("#sentence").startswith("+8% Weekly engagement adds")
        assert "lift held from Nov 2026" in tab.inner_text("#basis")
        assert _total(tab) == pytest.approx(tree.worth("engagement", "+8%", range=False).total, rel=1e-9)
    with Opened(browser, launch, link) as tab:
        assert (_total(tab), tab.inner_text("#sentence")) == (total, sentence)


def test_a_scenario_whose_changes_hold_at_several_times(browser: Any, launch: Path) -> None:
    scenario = dict(launched().compare(range=False).scenarios)["squeeze"]
    with Opened(browser, launch) as tab:
        tab.click("button:has-text('Squeeze')")
        assert _total(tab) == pytest.approx(scenario.total, rel=1e-9)
        said = tab.inner_text("#sentence").replace("−", "-")
        assert "+0.5pp Monthly churn from 2027-02 until 2027-08 and -3% ARPU from month 4" in said
        link = _address_has(tab, "from")
    with Opened(browser, launch, link) as tab:
        assert _total(tab) == pytest.approx(scenario.total, rel=1e-9)
    hostile = link.replace("until", "constructor").replace("from", "__proto__")
    with Opened(browser, launch, hostile) as tab:
        assert tab.inner_text("#sentence").startswith("As stated")


@functools.cache
def financed() -> it.ImpactTree:
    """Return the template with a discount rate, its free cash flow being cash after tax."""
    finance = Finance(discount_rate="12%/year", cash="free_cash_flow")
    return it.ImpactTree.from_spec(it.template("saas").spec.with_keys(finance=finance))


@pytest.mark.parametrize(
    ("on", "basis", "head"),
    [
        ("free_cash_flow", "pv", "Cumulative NPV of the $250k"),
        ("profit", "pv", "Cumulative net of the $250k"),
        ("profit", "run_rate", "Operating profit, Nov 2026 to Oct 2027"),
    ],
)
def test_a_basis_is_shown_and_said_as_the_library_does(
    browser: Any, on: str, basis: Any, head: str, tmp_path: Path
) -> None:
    tree, path = financed(), tmp_path / "basis.html"
    cost = "$250k" if basis == "pv" else None
    worth = tree.worth(*LATER, on, cost=cost, basis=basis)
    tree.to_html(path, LATER, on, cost=cost, basis=basis)
    words = worth.words
    with Opened(browser, path) as tab:
        assert tab.inner_text("#sentence") == f"+5% Weekly engagement from 2027-04 over 3 months {worth.claim}"
        assert _range(worth) in tab.inner_text("#sub")
        assert tab.inner_text("#line-head").startswith(head)
        assert f"Basis: {worth.basis}." in tab.inner_text("#basis")
        _sampled(tab)
        assert _range(worth) in tab.inner_text("#sub")
        if worth.pays is not None:
            line = tab.evaluate("impacttree.found.net.line")
            assert line == pytest.approx(worth.pays.net, rel=1e-9)
            assert tab.inner_text("#net").startswith("NPV" if on == "free_cash_flow" else "Net")
            assert words.at(worth.payback) in tab.inner_text("#net")
        assert tab.locator("#cost-box").is_visible() == (basis == "pv")
        tab.fill("#v-0", "45.36%")
        moved = tree.worth("engagement", LATER[1].replace("5", "8"), on, range=False, basis=basis)
        assert _total(tab) == pytest.approx(moved.total, rel=1e-9)
        tab.click("button:has-text('As stated')")
        assert tab.inner_text("#sentence").startswith(f"As stated, {lowered(words.titled(on))} is ")
        tab.click("button:has-text('Downturn')")
        scenario = dict(tree._subject.graph.spec.scenarios[0].changes)
        expected = tree.what_if(scenario, on, range=False, basis=basis)
        assert _total(tab) == pytest.approx(expected.total, rel=1e-9)


@pytest.mark.parametrize("basis", ["horizon", "pv"])
def test_costs_by_period_are_counted_and_told_as_the_library_does(browser: Any, basis: Any, tmp_path: Path) -> None:
    costs, path = "$150k in 2027-01; $100k ($80k to $140k) in 2027-04 over 36 months", tmp_path / "paid.html"
    worth = financed().worth(*LATER, cost=costs, basis=basis)
    financed().to_html(path, LATER, cost=costs, basis=basis)
    words = worth.words
    assert worth.pays is not None
    with Opened(browser, path) as tab:
        assert tab.evaluate("impacttree.found.net.line") == pytest.approx(worth.pays.net, rel=1e-9)
        assert tab.input_value("#cost") == "$250k"
        assert f"Basis: {worth.basis}." in tab.inner_text("#basis")
        assert worth.pays is not None
        told = verdict(words, worth.outcome, worth.pays, nets=False)
        assert f"{told[0].upper()}{told[1:]}" in tab.inner_text("#net")
        assert tab.inner_text("#net").endswith(f"Paid: {worth.pays.terms}")
        _sampled(tab)
        back = (
            words.at(one) if one else f"after {words.at(36)}"
            for one in (worth.pays.payback_low, worth.pays.payback_high)
        )
        assert f"(P10 to P90: {' to '.join(back)})" in tab.inner_text("#net")
        tab.fill("#cost", "$50k")
        parts = financed().worth(*LATER, cost="$30k in 2027-01; $20k in 2027-04", basis=basis, range=False)
        assert parts.pays is not None
        assert tab.evaluate("impacttree.found.net.line") == pytest.approx(parts.pays.net, rel=1e-9)
        assert tab.evaluate("impacttree.found.net.payback") == parts.payback
        assert tab.inner_text("#net").endswith("Paid in the same parts: $30k in Jan 2027 and $20k in Apr 2027")
        assert f"Basis: {parts.basis}." in tab.inner_text("#basis")
        link = _address_has(tab, "cost=50000")
        net = tab.inner_text("#net")
    with Opened(browser, path, link) as tab:
        assert tab.inner_text("#net").split("\n")[0] == net.split("\n")[0]


def test_what_comes_back_before_it_is_spent_is_not_paid_back_and_may_be_lost_again(
    browser: Any, tmp_path: Path
) -> None:
    tree, path = it.template("saas"), tmp_path / "lost.html"
    lift, costs = ("engagement", "+5% until 2027-06"), "$5k in 2027-03; $400k in 2029-09"
    worth = tree.worth(*lift, cost=costs, range=False)
    assert worth.pays is not None
    assert worth.pays.is_lost_again
    tree.to_html(path, lift, cost=costs)
    with Opened(browser, path) as tab:
        assert tab.evaluate("impacttree.found.net.payback") == worth.payback
        when = f"{worth.words.at(worth.payback)} but has lost it again by {worth.words.at(36)}"
        assert f"Pays back in {when}" in tab.inner_text("#net")


def test_what_a_reader_should_know_follows_a_move(browser: Any, saas: Path) -> None:
    tree = it.template("saas")
    worth, far = tree.worth(*LIFT, cost="$250k"), tree.worth("engagement", "=60%", range=False)
    with Opened(browser, saas) as tab:
        assert tab.inner_text("#notes") == "\n".join(f"Note: {note}." for note in worth.warnings)
        tab.fill("#v-0", "60%")
        assert tab.inner_text("#notes") == "\n".join(f"Note: {note}." for note in far.warnings)
        assert "extrapolated: Weekly engagement at 60.0%" in tab.inner_text("#notes")
        assert f"Basis: {worth.basis}." in tab.inner_text("#basis")
        tab.click("button:has-text('As stated')")
        assert tab.inner_text("#basis").startswith(f"Basis: {worth.words.marked(worth.words.meant('profit'))}.")
        assert "extrapolated" not in tab.inner_text("#notes")


def test_what_is_not_modelled_is_said_of_the_change_that_it_is_of(browser: Any, tmp_path: Path) -> None:
    tree, path = it.template("saas"), tmp_path / "left.html"
    name = next(m.name for m in tree._graph.metrics if m.spec.not_modelled and m.origin == "value")
    worth = tree.worth(name, "-4%", range=False)
    assert worth.not_modelled
    tree.to_html(path, (name, "-4%"))
    slot = tree._graph.by_name[name]
    with Opened(browser, path) as tab:
        assert "Not modelled: " in tab.inner_text("#notes")
        tab.focus(f"#v-{slot}-range")
        tab.keyboard.press("ArrowRight")
        assert "Not modelled: " not in tab.inner_text("#notes")


@pytest.mark.parametrize("basis", ["pv", "run_rate"])
def test_a_page_without_a_lift_is_on_its_basis(basis: Any) -> None:
    tree = financed()
    data, drawn = page_data(tree._subject, basis=basis), tree.diagram(basis=basis).drawn
    scenario = tree.what_if(dict(tree._subject.graph.spec.scenarios[0].changes), range=False, basis=basis)
    assert data["scenarios"][0]["worth"] == scenario.total
    assert data["views"][0]["path"] == [tree._graph.by_name[name] for name in drawn.path]


def test_a_basis_that_cannot_be_is_refused() -> None:
    with pytest.raises(QuestionError, match="discount rate"):
        page_data(it.template("internal")._subject, basis="pv")
    with pytest.raises(QuestionError, match="a level has no present value"):
        page_data(financed()._subject, on="customers", basis="pv")
    with pytest.raises(QuestionError, match="run rate"):
        page_data(financed()._subject, LATER, cost="$250k", basis="run_rate")


def test_a_card_tells_its_details(browser: Any, saas: Path) -> None:
    with Opened(browser, saas) as tab:
        tab.focus(f".card[data-slot='{_slot('churn')}']")
        tab.keyboard.press("Enter")
        panel = tab.inner_text("#panel")
        assert "Monthly churn" in panel
        churn = it.template("saas")._graph["churn"].spec
        evidence = next(one.evidence for one in it.template("saas")._graph["churn"].influences)
        for said in ("→ 2.", churn.owner, f"{evidence.grade}, {evidence.source}", "lower is better"):
            assert said in panel
        assert tab.evaluate("document.activeElement.dataset.slot") == str(_slot("churn"))
        tab.click("#whole")
        assert tab.locator(".card").count() == len(it.template("saas"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_screen(browser: Any, saas: Path, width: int, scheme: str) -> None:
    with Opened(browser, saas, width=width, color_scheme=scheme) as tab:
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        if width == 390:
            small = """[...document.querySelectorAll('button, input')].map((one) => one.getBoundingClientRect())
                .filter((box) => box.width && box.height && box.height < 44).length"""
            assert tab.evaluate(small) == 0
            for part in ("Inputs", "Guardrails", "Share", "Tree"):
                tab.click(f"#tabs button[data-tab={part}]")
                assert tab.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_axe_finds_nothing(browser: Any, saas: Path, width: int, scheme: str) -> None:
    """Axe-core comes from PyPI, in a package of bindings that brings its script."""
    bindings = pytest.importorskip("axe_playwright_python", reason="axe-core is in requirements-wide.txt")
    axe = Path(bindings.__file__).with_name("axe.min.js").read_text(encoding="utf-8")
    with Opened(browser, saas, width=width, color_scheme=scheme, bypass_csp=True) as tab:
        tab.evaluate(axe)
        for part in ("Tree", "Inputs", "Guardrails", "Share") if width == 390 else ("",):
            if part:
                tab.click(f"#tabs button[data-tab={part}]")
            if part in ("", "Tree"):
                tab.fill("#need", "$50k")
                _needs(tab, "$50k needs")
            found = tab.evaluate("axe.run()")
            told = [
                (one["id"], one["impact"], [node["target"] for node in one["nodes"]]) for one in found["violations"]
            ]
            assert told == [], part
            assert len(found["passes"]) > 15


def test_every_control_has_a_name(browser: Any, saas: Path) -> None:
    unnamed = """[...document.querySelectorAll('button, input, [role=button], [role=img]')].filter((e) =>
        !(e.getAttribute('aria-label') || e.textContent.trim() || (e.labels && e.labels.length))).length"""
    with Opened(browser, saas) as tab:
        assert tab.evaluate(unnamed) == 0
        assert tab.locator("h1").count() == 1
        assert tab.evaluate("document.documentElement.lang") == "en"


def test_the_tree_is_worked_from_the_keyboard(browser: Any, saas: Path) -> None:
    """Tab reaches the skip link, every control and every card, each with a visible mark where it is."""
    count = len(it.template("saas")._graph.metrics)
    with Opened(browser, saas) as tab:
        reached = set()
        for _ in range(6 * count):
            tab.keyboard.press("Tab")
            at = tab.evaluate(
                "[document.activeElement.tagName, document.activeElement.id, document.activeElement.dataset.slot]"
            )
            if at[0] == "BODY":
                break
            reached.add((at[0].lower(), at[1] or at[2] or ""))
        assert ("a", "") in reached
        assert {name for kind, name in reached if kind == "input"} >= {"need", "cost", "v-0", "v-0-range"}
        assert len([name for kind, name in reached if kind == "g"]) == tab.locator(".card").count()


def test_it_prints_on_one_page(browser: Any, saas: Path, tmp_path: Path) -> None:
    with Opened(browser, saas) as tab:
        printed = tab.pdf(prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type\s*/Page[^s]", printed)) == 1
    width, height = map(float, re.search(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", printed).groups())  # type: ignore[union-attr] - a page has a size
    assert width > height


def test_picture_and_sentence_are_taken_along(browser: Any, saas: Path, tmp_path: Path) -> None:
    with Opened(browser, saas, accept_downloads=True) as tab:
        with tab.expect_download() as waiting:
            tab.click("#save")
        content = Path(waiting.value.path()).read_bytes()
        assert waiting.value.suggested_filename.endswith(".png")
        assert content.startswith(b"\x89PNG")
        assert len(content) > 20_000
        tab.evaluate("document.execCommand = () => { window.copied = document.activeElement.value; return true; }")
        tab.evaluate(
            "const writeText = async () => { throw new Error(); };"
            "Object.defineProperty(navigator, 'clipboard', { value: { writeText } })"
        )
        tab.click("#copy")
        until(tab, lambda: tab.evaluate("Boolean(window.copied)"))
        assert tab.evaluate("window.copied").startswith(tab.inner_text("#sentence"))


HOSTILE = "</script><img src=x onerror=alert(1)><b>&amp;"


def test_hostile_labels_stay_text(browser: Any, tmp_path: Path) -> None:
    tree = it.ImpactTree(
        name=HOSTILE,
        metrics=[
            it.Metric(
                "a", label=HOSTILE, value="30", description=HOSTILE, owner=HOSTILE, source=HOSTILE, notes=HOSTILE
            ),
            it.Metric("b", label=f"b {HOSTILE}", formula="2 * a", kind="financial"),
        ],
        scenarios={"worse": {"a": "-10%"}},
        outcome="b",
    )
    path = tmp_path / "hostile.html"
    tree.to_html(path, ("a", "+10%"))
    with Opened(browser, path, "#v.a=1e999&c.b=%3Cscript%3E&h=7&focus=__proto__&v.=3&card=constructor") as tab:
        assert tab.locator("img").count() == 0
        assert HOSTILE in tab.inner_text("#panel")
        assert tab.title() == HOSTILE


def test_people_can_be_left_out() -> None:
    subject = it.template("saas")._subject
    told, untold = (as_json(page_data(subject, LIFT, people=people)) for people in (True, False))
    assert "Retention PM" in told
    for key in ("owner", "source", "notes"):
        assert f'"{key}":"' in told
        assert f'"{key}":"' not in untold
    for source in {one.evidence.source for metric in subject.graph.metrics for one in metric.influences} - {None, ""}:
        assert source in told
        assert source not in untold


def test_the_policy_allows_its_own_script_alone() -> None:
    text = page(it.template("saas")._subject, LIFT)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy[1]
    markup = re.sub(r"(?s)<(script|style)\b.*?</\1>", "", text)
    assert not re.search(r"\son\w+\s*=|\sstyle\s*=", markup)
    assert not re.search(r"\beval\(|new Function|javascript:|https?://(?!www\.w3\.org/2000/svg)", text)


def test_short_names_are_known_to_the_script_alone(browser: Any) -> None:
    """No data, no other script and nothing of a browser that is used has a name that is shortened, or a short one."""
    folder = files("impacttree") / "export" / "page"
    texts = [path.read_text(encoding="utf-8") for path in folder.iterdir() if path.name.endswith(".js")]
    plain = re.sub(r"(?m)^\s*(//|/\*\*).*$|^import .*$", "", "\n".join(texts))
    asked_by_text = set(re.findall(r'"(\w+)"', "".join(re.findall(r'\[(?:"\w+",? ?)+\]|mean\("\w+"\)', plain))))
    other = (files("impacttree") / "notebook" / "explorer.js").read_text(encoding="utf-8")
    other = re.sub(r"(?m)^\s*(//|/\*\*).*$|\"[^\"\n]*\"", "", other)
    shared = set(re.findall(r"(?<=[\w)\]]\.)\w+|\b\w+(?=:)|(?<=[{,] )\w+(?=[,}]| })|(?<=new )\w+", other))
    own = {name for name in OWN if not name.startswith("#")}
    assert {"kind", "scale", "shift"} <= asked_by_text
    assert not own & asked_by_text
    known_apart = {"number", "address"}  # keys of the explorer's messages and of draws; the script reads neither
    assert own & (_told() | shared) <= known_apart
    assert not re.search(r"\.number\b", plain)
    assert not set(SHORT.values()) & set(re.findall(r"(?<!\$)#?[\w$]+", plain)) - {"$", "As"}  # of texts alone
    known = """() => Object.getOwnPropertyNames(window).flatMap((name) => {
        let thing;
        try { thing = window[name]; } catch { return [name]; }
        const parts = thing?.prototype ? [thing, thing.prototype] : typeof thing === "object" && thing ? [thing] : [];
        return [name, ...parts.flatMap((part) => Object.getOwnPropertyNames(part))];
    })"""
    with Opened(browser, Path(__file__)) as tab:
        names = set(tab.evaluate(known))
    assert {"replaceChildren", "addEventListener", "textContent"} <= names
    members = set(re.findall(r"(?<=\.)\w+", plain))
    assert own & names & members <= OURS
    assert not own & set(re.findall(r"(?:dataset|style)\.(\w+)|(?<=[{ ])(\w+)(?=: (?:true|\"nearest\"))", plain))


OURS = {"position", "node", "weight", "part", "order", "labels", "margin", "points", "text", "address"}
OURS |= {"waiting", "first", "slot", "shape"}
"""Members of the script's own objects that a browser's other objects have, too."""


def _told() -> set[str]:
    """Return every key that Python tells the script, in a page and in a notebook."""
    folder = files("impacttree")
    names = ("export/page", "export/script", "export/changes", "export/draws", "export/cautions")
    sources = [folder / f"{name}.py" for name in (*names, "notebook/told", "notebook/explorer")]
    texts = [path.read_text(encoding="utf-8") for path in sources]
    data = as_json(page_data(launched()._subject, LATER, cost="$1k; $2k ($1k to $4k) in month 3"))
    return {key for text in texts for key in re.findall(r'"(\w+)"(?=:|\])', text)} | set(re.findall(r'"(\w+)":', data))


@pytest.mark.parametrize(("lift", "basis"), [(LIFT, "horizon"), (LATER, "pv")])
def test_forty_metrics_with_all_that_is_told_of_them_stay_small(lift: tuple[str, str], basis: Any) -> None:
    """Of the fullest template, 40 metrics with texts, owners, sources, drivers, ranges, guardrails and scenarios."""
    kept = yaml.safe_load((files("impacttree") / "templates" / "saas.yaml").read_text(encoding="utf-8"))
    while len(kept["metrics"]) > 40:
        kept["metrics"].pop(_unread(kept))
    kept["finance"] = {"discount_rate": "12%/year"}
    tree = it.loads(yaml.safe_dump(kept, sort_keys=False))
    assert len(tree) == 40
    assert len(page(tree._subject, lift, cost="$250k", basis=basis).encode()) <= 145_000


def _unread(keys: dict[str, Any]) -> str:
    """Return the last metric that nothing else in a model file names."""

    def names(part: Any) -> set[str]:
        return set(re.findall(r"\w+", yaml.safe_dump(part)))

    head = names({key: part for key, part in keys.items() if key != "metrics"})
    return next(
        name
        for name in reversed(keys["metrics"])
        if name not in head.union(*(names(part) for other, part in keys["metrics"].items() if other != name))
    )


def test_forty_metrics_stay_small() -> None:
    keys: dict[str, Any] = {
        f"m{n}": {"value": f"{n + 10} ({n + 8} to {n + 13})", "owner": "Growth PM"} for n in range(14)
    }
    for n in range(14, 39):
        keys[f"m{n}"] = {"formula": f"0.5 * m{n - 14} + 0.3 * m{n - 7}", "description": "What is counted, and how."}
    keys["profit"] = {"formula": " + ".join(f"m{n}" for n in range(32, 39)), "kind": "financial"}
    tree = it.ImpactTree(metrics=keys, outcome="profit")
    assert len(tree) == 40
    assert len(page(tree._subject, ("m0", "+5%")).encode()) < 150_000


def test_pages_of_all_templates_open(browser: Any, tmp_path: Path) -> None:
    for name in ("internal", "duolingo"):
        tree = it.template(name)  # type: ignore[arg-type] - a name from the line above
        tree.to_html(tmp_path / f"{name}.html")
        with Opened(browser, tmp_path / f"{name}.html") as tab:
            assert tab.inner_text("#sentence").startswith("As stated")
            tab.focus("input[type=range]")
            for _ in range(30):
                tab.keyboard.press("ArrowRight")
            until(tab, lambda: not tab.inner_text("#sentence").startswith("As stated"))


def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    tree = it.template("saas")
    path = tmp_path / "a.html"
    tree.to_html(path)
    with pytest.raises(OutputError):
        tree.to_html(path, overwrite=False)
    for cost in (-1.0, float("nan"), "250k", "-$3", "$1 per user", "€250k"):
        with pytest.raises(QuestionError, match="cost"):
            tree.to_html(path, cost=cost)
    with pytest.raises(QuestionError, match="nothing pays back"):
        tree.to_html(path, on="ltv_to_cac", cost="3x")


def test_shares_and_spans_are_said_as_the_library_says_them(tmp_path: Path) -> None:
    words = it.template("internal")._subject.words
    names = ("cost", "incidents", "adoption")
    drawn = random.Random(3)
    pairs = [(drawn.gauss(0, 1) * 10**k, drawn.gauss(0, 1) * 10**k) for k in range(-3, 8) for _ in range(12)]
    pairs += [(1000.1, 1000.2), (-1000.1, -1000.2), (5.0, 5.0), (-3.0, 4.0)]
    shares = [0.0, 1.0, 1e-5, 0.0009, 0.001, 0.0042, 0.00995, 0.01, 0.1234, 0.5, 0.98765, 0.9904, 0.9989, 0.9995, 1 / 3]
    metrics = {}
    for name in names:
        spec, unit = words.graph[name].spec, words.graph[name].unit
        metrics[name] = {"isShare": unit.is_share, "isAmount": words.is_amount(name), "better": spec.better}
        metrics[name] |= {"style": style_of(unit), "signed": style_of(unit, difference=True)}
    asked = [{"metric": metrics[name], "pairs": pairs, "shares": shares} for name in names]
    code = script(["words.js"]) + (
        "function answer({metric, pairs, shares}) { const words = new Words({});"
        " return [pairs.map(([a, b]) => words.span(metric, a, b)), shares.map(percentage)]; }"
    )
    for name, (spans, said) in zip(names, in_node(code, asked, tmp_path), strict=True):
        assert [text.replace("−", "-") for text in spans] == [words.span(name, *pair) for pair in pairs]
        assert said == [percentage(share) for share in shares]


OUTCOMES = """
outcome: profit
metrics:
  profit: {value: $4/month, kind: financial}
  cost: {value: $4/month, better: lower, kind: financial}
  paid: {value: CHF 4/month}
  hours: {label: Support hours, value: 3 hours/month, better: lower}
  down: {label: Downtime, value: 3 hours/month, better: lower}
  orders: {value: 3 orders/month}
  sold: {label: Demand, value: 3 orders/month}
  wait: {label: Waiting, value: 3 minutes/order, better: lower}
  share: {value: 5%}
  nps: {label: NPS, value: 5 points}
  ltv: {label: LTV/CAC, value: 3x}
  price: {value: $3/order}
"""


TIMES = {
    "by number": OUTCOMES,
    "months": f"start_date: 2026-11-01\n{OUTCOMES}",
    "months from the 15th": f"start_date: 2026-11-15\n{OUTCOMES}",
    "weeks": f"period: week\nhorizon: 12\nstart_date: 2026-11-02\n{OUTCOMES.replace('/month', '/week')}",
    "days": f"period: day\nhorizon: 12\nstart_date: 2026-11-02\n{OUTCOMES.replace('/month', '/day')}",
}


@pytest.mark.parametrize("stated", TIMES.values(), ids=TIMES)
def test_effects_breaches_and_verdicts_are_said_as_the_library_says_them(tmp_path: Path, stated: str) -> None:
    tree = it.loads(stated)
    words, names = tree._subject.words, [metric.name for metric in tree._graph.metrics]
    moves = [(100.0, 164.0), (164.0, 100.0), (100.0, 100.0), (3.0, 3.25), (0.0, -2.0)]
    breaches = [[1], [4], [12], [3, 4, 5], [5, 6, 7, 8, 9, 10, 11, 12], [2, 3, 7], list(range(1, 13))]
    ends, nets = (12, 24, 36), [*product((-1.0, 0.0, 1.0), repeat=3)]
    weighed = [(net, back) for net in nets for back in (None, 3, 12, 20, 36)]
    code = script(["words.js", "state.js"]) + (
        "function answer({data, moves, breaches, weighed}) { const words = new Words(data); new State(data);"
        " const effect = (metric, [before, after], plural) =>"
        " words.effect(metric, before, after, plural).filter(Boolean).join(' ');"
        " return [data.metrics.map((one) => moves.map((move) => [effect(one, move, false), effect(one, move, true)])),"
        " data.metrics.map((one) => moves.map(([before, after]) => words.tone(one, after - before))),"
        " [...breaches.map((broken) => words.breach(broken, 12)), words.breach([1], 1)],"
        " weighed.map(([nets, back]) => words.pays(nets.map((net, k) => [12 * k + 12, net]), back))]; }"
    )
    asked = {"data": page_data(tree._subject), "moves": moves, "breaches": breaches, "weighed": weighed}
    ((effects, tones, broken, verdicts),) = in_node(code, [asked], tmp_path)
    for (net, back), told in zip(weighed, verdicts, strict=True):
        stages = tuple(map(Stage, ends, net, net))
        found = Returns(1.0, "", (0.0,), (0.0,), stages, back, back, back)
        assert told == verdict(words, names[0], found, nets=False)
    tone = {"neutral": "", "favourable": "good", "adverse": "bad"}
    for name, said, toned in zip(names, effects, tones, strict=True):
        expected = [[words.effect(name, *move, plural=plural) for plural in (False, True)] for move in moves]
        assert [[text.replace("−", "-") for text in pair] for pair in said] == expected
        assert toned == [tone[words.tone(name, after - before)] for before, after in moves]
    assert broken == [*(breach_words(words, one, 12) for one in breaches), breach_words(words, [1], 1)]


TYPED = {
    "USD": {
        "$250k": 250e3,
        "250_000": 250e3,
        "$50,000": 5e4,
        "1.2M": 1.2e6,
        "250 k": 250e3,
        "−$3": -3.0,
        "+$1.5 million": 1.5e6,
    }
    | {"250k USD": 250e3, "$29/user/month": 29.0, ".5": 0.5, "$ 7": 7.0, "1 000 000": 1e6},
    "%": {"44.1%": 0.441, "44.1": 0.441, "2.5% a month": 0.025},
    "points": {"38 points": 38.0, "38": 38.0, "-4": -4.0},
}
REFUSED = {
    "USD": ["€250k", "250k EUR", "1,5", "$1,00", "ten", "", "$", "12%", "1.2.3", "1e5", "$5 6", "=3"],
    "%": ["$5", "4,2", "2pp"],
    "points": ["38%", "$38"],
}


def test_what_is_typed_is_read_or_refused(tmp_path: Path) -> None:
    code = script(["words.js"]) + (
        "function answer({style, texts}) { return texts.map((text) => { const read = parse(text, style, 'USD');"
        " return Number.isNaN(read) ? null : read; }); }"
    )
    texts = {unit: [*TYPED[unit], *REFUSED[unit]] for unit in TYPED}
    asked = [{"style": style_of(Unit.parse(unit)), "texts": texts[unit]} for unit in TYPED]
    for unit, answer in zip(TYPED, in_node(code, asked, tmp_path), strict=True):
        found = dict(zip(texts[unit], answer, strict=True))
        assert {text: found[text] for text in REFUSED[unit]} == dict.fromkeys(REFUSED[unit])
        for text, value in TYPED[unit].items():
            assert found[text] == pytest.approx(value, rel=1e-15), text


def test_numbers_are_written_by_the_librarys_rule(tmp_path: Path) -> None:
    values = [
        0.42,
        0.025,
        17_020.0,
        12.345,
        99.996,
        0.0,
        -3.5,
        1e-9,
        2.5e16,
        1234.5,
        0.005,
        1.0,
        10.0,
        12.5,
        999.6,
        83_812.4,
    ]
    drawn = random.Random(7)
    values += [drawn.choice((1, -1)) * round(10 ** drawn.uniform(-9, 17), drawn.randint(0, 12)) for _ in range(400)]
    values += [round(drawn.uniform(-2000, 2000), places) for places in (0, 1, 2, 3) for _ in range(60)]
    units = ["%", "USD/month", "x", "points", "days", "customers", "EUR"]
    asked = []
    for unit in map(Unit.parse, units):
        metric = {
            "isShare": unit.is_share,
            "style": style_of(unit),
            "signed": style_of(unit, difference=True),
        }
        for value in (*values, *(-value for value in values)):
            expected = [format_value(value, unit), format_signed(value, unit), format_percent_change(value)]
            asked.append({"metric": metric, "value": value, "expected": [text.replace("-", "−") for text in expected]})
    code = script(["words.js"]) + (
        "function answer({metric, value}) {"
        " return [formatValue(metric, value), formatSigned(metric, value), formatPercent(value)]; }"
    )
    for question, answer in zip(asked, in_node(code, asked, tmp_path), strict=True):
        assert [text.replace("e−", "e-").replace("-", "−") for text in answer] == question["expected"], json.dumps(
            question
        )
