"""Specs to YAML and back; saving into files that people keep."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import impacttree
from impacttree.errors import ImpactTreeError, ModelError, OutputError
from impacttree.spec import (
    Agreed,
    Driver,
    Evidence,
    Guardrail,
    MetricSpec,
    Scenario,
    TreeSpec,
    load_file,
    load_text,
    save,
    to_yaml,
    write,
)
from impacttree.spec.yaml_text import flow_text, scalar_text

TEMPLATES = sorted((Path(impacttree.__file__).parent / "templates").glob("*.yaml"))

# ---- specs

names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,6}", fullmatch=True)
characters = st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp"], include_characters="\u200d")
nasty = st.sampled_from(
    ["no", "null", "~", "1e3", "a: b", "a #b", "- a", "? a", "'a", '"', "a:", "{a}", "[", "*a", "&a", "!a", "%a", "@",
     "|", ">", "#", "---", "...", "=", "<<", "0123", "1:30", "a\\", "\u00a0a", "x, y", "key: [1, 2]", "- ", "`"]
)  # fmt: skip
lines = (nasty | st.text(characters, min_size=1, max_size=200)).filter(str.strip)
prose = lines | st.lists(nasty | st.text(characters, max_size=20), min_size=2, max_size=4).map("\n".join).filter(
    str.strip
)
dates = st.dates(min_value=datetime.date(1900, 1, 1))
amounts = st.one_of(
    st.integers(-(10**6), 10**6),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.sampled_from(
        ["42%", "1.2M", "65_800 customers", "$29/user/month", "-3 USD", "1 to 5", "42% (40% to 45%)", "1e3", "5."]
    ),
    st.sampled_from(
        [{"p10": 1, "p90": "3"}, {"discrete": [["$1", "30%"], ["$2", 0.7]]}, {"value": 3, "ci95": "1 to 4"}]
    ),
)
changes = st.sampled_from(["+1%", "+10% relative", "-0.3pp", "+500", "-$3", "+5 points"])
ranges = st.sampled_from(["0 to 1", "0% to 100%", "-5 to 5 points", "$1 to $2"])
evidence = st.builds(
    Evidence,
    st.none() | st.sampled_from(["experiment", "quasi_experiment", "correlation", "benchmark", "judgement"]),
    source=st.none() | lines,
    date=st.none() | dates,
    note=st.none() | prose,
)
forms = st.one_of(
    st.fixed_dictionaries({"when": changes, "then": changes}),
    st.fixed_dictionaries({"slope": st.sampled_from(["-0.01pp per point", "$2 per point", 3, -0.5])}),
    st.fixed_dictionaries({"elasticity": st.floats(-3, 3)}),
    st.just({"points": [["38%", "2.8%"], ["46%", "2.3%"]]}),
    st.just({"groups": {"without": "3.4%", "with": "1.9% (1% to 2%)"}}),
    st.just({"saturating": {"ceiling": "92%", "half": "4 paths", "shape": 2}}),
    st.fixed_dictionaries(
        {
            "treatment": st.fixed_dictionaries(
                {
                    "on_source": st.sampled_from(
                        ["+2pp (1.2pp to 2.8pp)", {"value": "+2pp", "ci95": "0.8pp to 3.2pp"}]
                    ),
                    "on_target": st.just("-$3 (-$4 to -$2)"),
                },
                optional={"what": lines, "correlation": st.sampled_from([0.3, "-0.3"])},
            )
        }
    ),
)


def optional(**strategies):
    return st.fixed_dictionaries({}, optional=strategies)


drivers = st.builds(
    lambda source, form, rest: Driver(source, **form, **rest),
    names,
    forms,
    optional(lag=st.integers(0, 12), observed=ranges, evidence=evidence, note=prose),
)
ranged = st.builds(
    lambda source, elasticity, known: Driver(source, elasticity=elasticity, range=known),
    names,
    st.integers(-3, 3),
    st.sampled_from(["-4 to 4", {"ci95": "-4 to 4"}, {"p10": -4, "p90": "4"}, {"discrete": [[-4, "50%"], [4, 0.5]]}]),
)
described = optional(
    label=lines,
    description=prose,
    kind=st.sampled_from(["product", "driver", "financial"]),
    unit=st.sampled_from(["$/month", "USD/user/month", "%", "customers", "points", "x", 1]),
    plausible=ranges,
    better=st.sampled_from(["higher", "lower"]),
    guardrail=st.builds(lambda low: Guardrail(min=low), st.integers(0, 9)),
    aggregate=st.sampled_from(["sum", "mean", "last", "recompute"]),
    owner=lines,
    source=lines,
    as_of=dates,
    agreed=st.builds(Agreed, lines, dates),
    not_modelled=st.dictionaries(names, lines, min_size=1, max_size=2),
    notes=prose,
    placeholder=st.booleans(),
)
unique_drivers = st.lists(drivers | ranged, max_size=3, unique_by=lambda driver: driver.source)
rules = st.one_of(
    st.fixed_dictionaries({"value": amounts}),
    st.fixed_dictionaries({"value": amounts, "drivers": unique_drivers}),
    st.fixed_dictionaries({"formula": prose}),
    st.fixed_dictionaries({"formula": prose, "start": amounts}),
)


@st.composite
def specs(draw):
    metrics = [
        MetricSpec(name, **draw(rules), **draw(described))
        for name in draw(st.lists(names, min_size=1, max_size=4, unique=True))
    ]
    said = optional(label=lines, description=prose)
    changed = st.dictionaries(names, changes, min_size=1, max_size=3)
    scenario = st.builds(lambda name, done, words: Scenario(name, done, **words), names, changed, said)
    head = optional(
        name=lines,
        description=prose,
        currency=st.sampled_from(["USD", "EUR", "CAD"]),
        period=st.sampled_from(["day", "week", "month", "quarter", "year"]),
        horizon=st.integers(1, 60),
        start_date=st.dates(datetime.date(1900, 1, 1), datetime.date(2199, 12, 31)),
        outcome=names,
        outcomes=st.lists(names, min_size=1, max_size=3, unique=True),
        scenarios=st.lists(scenario, max_size=2, unique_by=lambda scenario: scenario.name),
        evidence_defaults=optional(judgement=st.integers(2, 9), causal_share=st.sampled_from(["30%", 1, "0.5"])),
        correlations=st.lists(st.tuples(lines, lines, st.floats(-1, 1)), min_size=1, max_size=6),
    )
    return TreeSpec(metrics=metrics, **draw(head))


# ---- scalars


@given(text=lines, in_braces=st.booleans())
def test_every_yaml_library_reads_a_scalar_as_the_same_text(text, in_braces):
    text = text.strip()
    for loader in (yaml.CSafeLoader, yaml.SafeLoader, yaml.BaseLoader):
        written = scalar_text(text, in_braces=in_braces)
        found = yaml.load(f"{{a: {written}, b: 1}}" if in_braces else f"a: {written}\nb: 1", Loader=loader)["a"]
        assert found == text or (
            not isinstance(found, str) and loader is not yaml.BaseLoader and written[0] in "+-.0123456789"
        )


def test_plain_text_stays_plain():
    for text in (
        "42% (40% to 45%)",
        "-0.3pp",
        "$29/user/month",
        "+10% relative",
        "prev(a) * (1 - b)",
        "=45%",
        "Größe 客户",
    ):
        assert scalar_text(text) == scalar_text(text, in_braces=True) == text


@given(data=st.recursive(lines.map(str.strip), lambda d: st.lists(d) | st.dictionaries(names, d), max_leaves=8))
def test_flow_text_reads_back(data):
    assert yaml.load(f"a: {flow_text(data)}", Loader=yaml.BaseLoader)["a"] == data


# ---- canonical


@pytest.mark.slow
@settings(max_examples=80)
@given(spec=specs())
def test_a_spec_survives_the_round_trip(spec):
    text = to_yaml(spec)
    assert load_text(text) == spec
    assert to_yaml(load_text(text)) == text
    assert load_text(text).model_fields_set >= {"metrics"}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_templates_survive_the_round_trip(path):
    assert load_text(to_yaml(load_file(path))) == load_file(path)


def test_only_what_was_stated_is_written_as_it_was_written():
    text = """\
name: Shop
currency: CAD
outcomes: [revenue]
metrics:
  orders:
    kind: driver
    value: 1_200 orders/month (1k orders/month to 1.4k orders/month)
    drivers:
      nps: {when: +10 points, then: +2%, range: 1% to 3%, evidence: judgement}
    unit: orders/month
    guardrail: {min: 900 orders/month}
  basket:
    value: {p10: $30, p50: $40, p90: $55}
    unit: $/order
    notes: |-
      Net of tax:

        since 2026 #1
  revenue:
    formula: orders * basket
    start: 123.
scenarios:
  low: {orders: -20%, basket: =$35}
"""
    assert to_yaml(load_text(text)) == text


def test_long_texts_are_folded_and_wide_mappings_spread():
    note = " ".join(["word"] * 60)
    spec = TreeSpec(metrics=[MetricSpec("a", value=1, notes=note, drivers=[Driver("b", slope=1, note=note)])])
    text = to_yaml(spec)
    assert max(map(len, text.split("\n"))) <= 110
    assert load_text(text) == spec


# ---- saving

KEPT = """\
# Northwind, kept by Core PM

name:   Northwind   # the company
horizon: 12
metrics:

  # Users

  engagement:
    value: '42%'       # surveyed
    owner: Core PM
  # churn is monthly
  churn: {value: 2.5%/month,   # from billing
          better: lower}

  customers:
    formula: >-
      prev(customers)
      * (1 - churn)
    start: 65_800 customers

  # Money

  revenue:
    formula: customers * arpu

# what if
scenarios:
  low: { churn: +1pp }   # seen in 2020
# the end
"""


def saved(text: str, change) -> str:
    """Return what a file with `text` holds after saving the changed spec into it."""
    path = Path("model.yaml")
    path.write_bytes(text.encode())
    save(change(load_text(text)), path)
    return path.read_bytes().decode()


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def no_fallback(monkeypatch):
    monkeypatch.setattr(write, "to_yaml", lambda spec: pytest.fail("the layout was given up"))


def metric_changed(name: str, **keys):
    def change(spec):
        return spec.with_keys(metrics=[m.with_keys(**keys) if m.name == name else m for m in spec.metrics])

    return change


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_saving_without_a_change_keeps_every_byte(path, no_fallback):
    content = path.read_bytes()
    Path("copy.yaml").write_bytes(content)
    save(load_file(path), "copy.yaml")
    assert Path("copy.yaml").read_bytes() == content


@pytest.mark.parametrize(
    ("change", "old", "new"),
    [
        (metric_changed("engagement", value="43%"), "'42%' ", "43% "),
        (metric_changed("engagement", owner=None), "    owner: Core PM\n", ""),
        (
            metric_changed("engagement", label="E: 1"),
            "    owner: Core PM\n",
            '    owner: Core PM\n    label: "E: 1"\n',
        ),
        (metric_changed("churn", value="2%/month"), "2.5%/month", "2%/month"),
        (metric_changed("churn", label="a, b"), "better: lower}", 'better: lower, label: "a, b"}'),
        (metric_changed("customers", start="70k customers"), "65_800", "70k"),
        (
            metric_changed("customers", formula="prev(customers)"),
            ">-\n      prev(customers)\n      * (1 - churn)\n",
            "prev(customers)\n",
        ),
        (
            metric_changed("revenue", notes="a\nb"),
            "customers * arpu\n",
            "customers * arpu\n    notes: |-\n      a\n      b\n",
        ),
        (lambda spec: spec.with_keys(horizon=24), "horizon: 12", "horizon: 24"),
        (lambda spec: spec.with_keys(name=None), "name:   Northwind   # the company\n", ""),
        (lambda spec: spec.with_keys(name="North"), "Northwind   # the", "North   # the"),
        (
            lambda spec: spec.with_keys(scenarios=None),
            "# what if\nscenarios:\n  low: { churn: +1pp }   # seen in 2020\n",
            "",
        ),
        (
            lambda spec: spec.with_keys(scenarios=[Scenario("low", {"churn": "+2pp"})]),
            "{ churn: +1pp }",
            "{ churn: +2pp }",
        ),
        (
            lambda spec: spec.with_keys(scenarios=[Scenario("low", {"churn": "+1pp"}, label="Weak demand")]),
            "{ churn: +1pp }",
            "{label: Weak demand, changes: {churn: +1pp}}",
        ),
        (
            lambda spec: spec.with_keys(metrics=[*spec.metrics, MetricSpec("arpu", value="$30")]),
            "customers * arpu\n",
            "customers * arpu\n\n  arpu:\n    value: $30\n",
        ),
        (
            lambda spec: spec.with_keys(metrics=[m for m in spec.metrics if m.name != "churn"]),
            "  # churn is monthly\n  churn: {value: 2.5%/month,   # from billing\n          better: lower}\n\n",
            "",
        ),
        (
            lambda spec: spec.with_keys(metrics=[m for m in spec.metrics if m.name != "revenue"]),
            "  revenue:\n    formula: customers * arpu\n\n",
            "",
        ),
    ],
)
def test_only_what_differs_changes(no_fallback, change, old, new):
    assert KEPT.count(old) == 1
    after = saved(KEPT, change)
    assert after == KEPT.replace(old, new)


def test_empty_mappings_stay_and_can_be_filled(no_fallback):
    text = "metrics:\n  a:\n    value: 1\n    drivers: {}  # none yet\nscenarios: {}\n"
    assert saved(text, metric_changed("a", value=2)) == text.replace("value: 1", "value: 2")
    after = saved(text, metric_changed("a", drivers=[Driver("b", slope=1)]))
    assert after == text.replace("drivers: {}", "drivers: {b: {slope: 1}}")


def test_the_fields_of_every_part_stay_in_the_order_of_the_file(no_fallback):
    text = (
        "start_date: 2027-02-01\nfinance:\n  tax_rate: 25%\n  cash: {capex: {life: 36, of: a}, profit: a}\n"
        "  discount_rate: 12%/year  # agreed\nfiscal_calendar: {named_after: start, start: February}\n"
        "metrics:\n  a: {value: $1/month}\n"
    )
    finance, years = load_text(text).finance, load_text(text).fiscal_calendar
    capex = finance.cash.capex.with_keys(life=24)
    changed = finance.with_keys(discount_rate="9%/year", cash=finance.cash.with_keys(capex=capex))
    after = saved(
        text, lambda spec: spec.with_keys(finance=changed, fiscal_calendar=years.with_keys(named_after="end"))
    )
    assert after == text.replace("12%", "9%").replace("36", "24").replace("named_after: start", "named_after: end")


def test_units_stay_as_they_were_written(no_fallback):
    text = "currency: CAD\nmetrics:\n  a: {value: $5/month, unit: $/month, label: A}\n"
    assert saved(text, metric_changed("a", value="$6/month")) == text.replace("$5", "$6")
    assert saved(text, metric_changed("a", unit="CAD/month")) == text
    assert saved(text, metric_changed("a", unit="USD/month")) == text.replace("unit: $", "unit: USD")


def test_windows_line_ends_are_kept(no_fallback):
    text = KEPT.replace("\n", "\r\n")
    after = saved(
        text, lambda spec: spec.with_keys(metrics=[*spec.metrics, MetricSpec("arpu", value="$30")], horizon=6)
    )
    assert after.count("\r\n") == after.count("\n") == text.count("\n") + 3


def test_a_file_in_braces_is_edited_too(no_fallback):
    text = '{"name": "x", "metrics": {"a": {"value": 1}}}'
    assert (
        saved(text, metric_changed("a", value=2, label="A"))
        == '{"name": "x", "metrics": {"a": {"value": 2, label: A}}}'
    )
    assert saved(text, lambda spec: spec.with_keys(name=None)) == "{metrics: {a: {value: 1}}}"


def test_a_file_without_a_last_line_end(no_fallback):
    assert saved("metrics:\n  a: {value: 1}", metric_changed("a", value=2)) == "metrics:\n  a: {value: 2}"
    after = saved(
        "metrics:\n  a: {value: 1}", lambda spec: spec.with_keys(metrics=[*spec.metrics, MetricSpec("b", value=2)])
    )
    assert load_text(after).metrics[1].name == "b"


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@given(old=specs(), new=specs())
def test_any_spec_can_be_saved_over_any_other(old, new, tmp_path_factory):
    path = tmp_path_factory.mktemp("save") / "m.yaml"
    save(old, path)
    save(new, path)
    assert load_file(path) == new
    save(new, path)


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@given(spec=specs(), data=st.data())
def test_small_changes_keep_the_layout(spec, data):
    """Comments above, beside and between what does not change all survive."""
    text = "".join(
        f"# above {number}\n{line}\n" if line and not line.startswith(" ") else f"{line}\n"
        for number, line in enumerate(to_yaml(spec).split("\n")[:-1])
    )
    assume(not any("\n" in str(value) for value in [spec.description]))
    old = load_text(text)
    assert old == spec
    metrics = list(old.metrics)
    at = data.draw(st.integers(0, len(metrics) - 1))
    metrics[at] = metrics[at].with_keys(**data.draw(described))
    new = old.with_keys(metrics=metrics)
    after = write.edited(text, old.written(), new.written())
    assert load_text(after) == new
    assert after.count("# above") == text.count("# above")


def test_saving_refuses(tmp_path):
    spec = load_text("metrics: {a: {value: 1}}")
    for content in (b"not: a model", b"\x00", b"metrics: {a: {valeu: 1}}"):
        Path("other.yaml").write_bytes(content)
        with pytest.raises(OutputError, match="not replaced"):
            save(spec, "other.yaml")
        assert Path("other.yaml").read_bytes() == content
    Path("old.yaml").write_text("metrics: {a: {value: 2}}", encoding="utf-8")
    with pytest.raises(OutputError, match="exists already"):
        save(spec, "old.yaml", overwrite=False)
    for path in (tmp_path, tmp_path / "missing" / "a.yaml"):
        with pytest.raises(OutputError):
            save(spec, path)
    assert Path("old.yaml").read_text(encoding="utf-8") == "metrics: {a: {value: 2}}"


@pytest.mark.parametrize("name", ["m.svg", "m.json", "yaml", ".yaml", "m.yaml.bak"])
def test_a_model_is_saved_under_the_name_of_a_model_file(name):
    with pytest.raises(OutputError, match=r"the name of a model file ends in \.yaml"):
        save(load_text("metrics: {a: {value: 1}}"), name)
    assert not Path(name).exists()
    save(load_text("metrics: {a: {value: 1}}"), "m.YML")
    assert Path("m.YML").exists()


def test_saving_into_nothing_or_an_empty_file():
    spec = load_text("metrics: {a: {value: 1}}")
    save(spec, "new.yaml", overwrite=False)
    Path("empty.yaml").write_text("\n", encoding="utf-8")
    save(spec, "empty.yaml")
    for name in ("new.yaml", "empty.yaml"):
        assert Path(name).read_text(encoding="utf-8") == to_yaml(spec)


def test_a_failed_save_leaves_the_old_file(monkeypatch):
    Path("m.yaml").write_text(KEPT, encoding="utf-8")

    def fail(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OutputError, match="No space left"):
        save(load_text("metrics: {a: {value: 1}}"), "m.yaml")
    assert Path("m.yaml").read_text(encoding="utf-8") == KEPT
    assert [path.name for path in Path.cwd().iterdir()] == ["m.yaml"]


def test_errors_are_this_package_s():
    assert issubclass(OutputError, ImpactTreeError)
    with pytest.raises(ModelError):
        load_text(to_yaml(load_text("metrics: {a: {formula: b}}")).replace("formula", "formla"))
