from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import impacttree as it
from impacttree.spec import series as reading
from impacttree.spec.load import load_file, load_text

HEAD = "start_date: 2027-01-01\nhorizon: 3\noutcome: a\nmetrics:\n  a: "


def values_of(tree: it.ImpactTree, name: str = "a") -> list[float]:
    return list(tree.project(3)[name])[1:]


@pytest.mark.parametrize(
    "body",
    [
        "{values: [$1/month, $2/month, $3/month]}",
        "{values: [$1/month, $2, $3]}",
        "{values: [1, 2, 3], unit: USD/month}",
        "{values: {2027-01: 1, 2027-02: 2, 2027-03: 3}, unit: USD/month}",
        "{values: {Mar 2027: 3, Jan 2027: 1, Feb 2027: 2}, unit: USD/month}",
        "{values: {1: 1, month 2: 2, 3: 3}, unit: USD/month}",
        "{values: {2027-01-01: 1, 2027-02-28: 2, 2027-03-01: 3}, unit: USD/month}",
    ],
)
def test_forms_of_one_series(body: str) -> None:
    tree = it.loads(HEAD + body)
    assert values_of(tree) == [1, 2, 3]
    assert str(tree["a"].unit) == "USD/month"
    assert values_of(it.loads(tree.to_yaml())) == [1, 2, 3]
    assert load_text(tree.to_yaml()).metrics[0] == tree.spec.metrics[0]


def test_python_states_the_same() -> None:
    metric = it.Metric("a", values=[1, 2, 3], unit="USD/month")
    days = pd.date_range("2027-01-01", periods=3, freq="MS")
    for values in (
        np.array([1.0, 2.0, 3.0]),
        pd.Series([1.0, 2.0, 3.0], index=days),
        dict.fromkeys((1, 2, 3), 1) | {2: 2, 3: 3},
    ):
        tree = it.ImpactTree(
            metrics=[it.Metric("a", values=values, unit="USD/month")], horizon=3, start_date="2027-01-01"
        )
        assert values_of(tree) == [1, 2, 3]
    assert metric.values is not None
    assert metric.values.text == "3 values, from 1 to 3"


@pytest.mark.parametrize(
    ("body", "parts"),
    [
        ("{value: 1, values: [1]}", ["has both a value and values"]),
        ("{values: [1], formula: b}", ["has both values and a formula"]),
        ("{value: 1, then: hold}", ["`then` says what comes after the last of `values`"]),
        ("{formula: b * 2, seasonality: [1, 1, 1, 1]}", ["a season is one of a stated value"]),
        ("{values: 100}", ["'100' is neither a list of values", "one number for all periods is `value: 100`"]),
        ("{values: some}", ["'some' is neither a list of values", "write the numbers: [100, 110, 120]"]),
        ("{values: []}", ["the list is empty"]),
        ("{values: [1, 2 to 3, x, 4]}", ["these are not one number: 2 to 3 (value 2): write one", "values.2: "]),
        ("{values: {2027-01: 9 (8 to 10), 2027-02: 9}}", ["9 (8 to 10) (2027-01)", "{value: 100% (90% to 110%)}"]),
        ("{values: [1 user, 2, 3 users, $4]}", ["these have another unit: $4 (value 4)"]),
        ("{values: [$1/month, $2, 3]}", ["the first value is $1/month", "another unit: 3 (value 3)"]),
        ("{values: [1, -5], bounds: 0 to 100}", ["-5 lies outside the bounds"]),
        ("{values: [1, 200, -5], bounds: 0 to 100}", ["200, -5 lie outside the bounds"]),
        ("{values: [1, 2, 3], then: decline}", ["'decline' does not say what comes after"]),
        ("{values: [1, 2, 3], then: grow $1}", ["'$1' is not a growth per period"]),
        ("{value: 1, seasonality: [1, 1, 1]}", ["has 3 factors"]),
        ("{value: 1, seasonality: [1, 1, 1, 2]}", ["average to 1.25", "[0.8, 0.8, 0.8, 1.6]"]),
        ("{value: 1, seasonality: [2, 2, 1, -1]}", ["-1 is below zero"]),
        ("{value: 1, seasonality: {Q1: 1, Q2: 1, Q3: 2}}", ["has no factor for Q4"]),
        ("{value: 1, seasonality: {Q1: 1, Jan: 1, Q3: 2, Q4: 1}}", ["has months and quarters"]),
        ("{value: 1, seasonality: {Jan: 1, january: 2}}", ["January is stated twice"]),
        ("{value: 1, seasonality: {Spring: 1, Fall: 2}}", ["Spring, Fall is not a month or quarter"]),
        ("{value: 1, seasonality: [x, 1, 1, 1]}", ["seasonality"]),
    ],
)
def test_what_is_written_wrongly(body: str, parts: list[str]) -> None:
    with pytest.raises(it.ModelError) as raised:
        it.loads(HEAD + body)
    for part in parts:
        assert part in str(raised.value)


def test_a_first_day_that_cannot_be_read_is_one_problem() -> None:
    """What needs it is not blamed as well; what is wrong otherwise still is."""
    rest = (
        "fiscal_calendar: {start: February}\nmetrics:\n  a: {values: {2027-01: 1}, then: hold, unit: USD/month}\n"
        "  b: {value: 1, seasonality: [1, 1, 1, 1]}\n  c: {formula: month_of_year() * a, unit: USD/month}\n"
        "scenarios: {late: {a: +1% from 2027-04}}\noutcome: c\n"
    )
    with pytest.raises(it.ModelError) as raised:
        it.loads(f"start_date: 2027/01/01\n{rest}")
    assert [problem.key for problem in raised.value.problems] == ["start_date"]
    with pytest.raises(it.ModelError) as raised:
        it.loads(f"start_date: 2027/01/01\n{rest}".replace("then: hold", "then: fall"))
    assert sorted(problem.key for problem in raised.value.problems) == ["start_date", "then"]
    with pytest.raises(it.ModelError) as raised:
        it.loads(rest)
    assert len(raised.value.problems) == 5


def test_how_sure_all_numbers_are_is_a_metric_that_multiplies_them() -> None:
    """What the error about ranges says to write: one draw for all periods, which does not average out."""
    tree = it.loads(
        "horizon: 3\noutcome: sold\nmetrics:\n  plan: {values: [100, 200, 300], unit: orders/month}\n"
        "  level: {value: 100% (90% to 110%)}\n  sold: {formula: plan * level, unit: orders/month}\n"
    )
    spread = tree.simulate(2**12, seed=1).quantiles("sold")
    assert spread == pytest.approx((540, 600, 660), rel=1e-2)
    assert [row.address for row in tree.uncertainty(samples=256).rows] == ["level.value"]


# ---- files


def folder(tmp_path: Path, table: str = "month,a,b\n2027-01,1,9\n2027-02,2,9\n2027-03,3,9\n") -> Path:
    model = tmp_path / "models" / "tree.yaml"
    model.parent.mkdir()
    model.write_text(HEAD + "{values: plan.csv, unit: USD/month}", "utf-8")
    (model.parent / "plan.csv").write_text(table, "utf-8")
    return model


@pytest.mark.parametrize(
    "table",
    [
        "month,a,b\n2027-01,1,9\n2027-02,2,9\n2027-03,3,9\n",
        "month;b;a\r\n2027-01;9;1\r\n2027-02;9;2\r\n2027-03;9;3\r\n",
        "month\tplan\nJan 2027\t1\nFeb 2027\t2\nMar 2027\t3\n",
    ],
)
def test_a_file_beside_the_model(tmp_path: Path, table: str) -> None:
    model = folder(tmp_path, table)
    tree = it.load(model)
    assert values_of(tree) == [1, 2, 3]
    assert values_of(it.loads(tree.to_yaml())) == [1, 2, 3]
    changed = tree.with_metric(it.Metric("c", value="$5"))
    assert values_of(changed) == [1, 2, 3]
    changed.save(model)
    assert "values: plan.csv" in model.read_text("utf-8")
    assert values_of(it.load(model)) == [1, 2, 3]
    elsewhere = tmp_path / "elsewhere.yaml"
    changed.save(elsewhere)
    assert values_of(it.load(elsewhere)) == [1, 2, 3]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("/etc/passwd.csv", "is not beside the model"),
        ("../outside.csv", "is not beside the model"),
        ("sub/../../outside.csv", "is not beside the model"),
        ("link.csv", "leads out of the folder of the model"),
        ("linked/outside.csv", "leads out of the folder of the model"),
        ("loop.csv", "cannot be read"),
        ("missing.csv", "there is no such file"),
        ("folder.csv", "is a folder"),
        ("pipe.csv", "is a named pipe"),
        ("plan.txt", "neither a list of values nor a .csv file"),
        ("large.csv", "at most 1,000,000 are read"),
        ("empty.csv", "has no values"),
        ("binary.csv", "NUL byte"),
        ("other.csv", "the file has no column 'a'"),
        ("gaps.csv", "no value for 2027-02"),
    ],
)
def test_no_other_file_is_touched(tmp_path: Path, name: str, reason: str) -> None:
    model = folder(tmp_path)
    beside, outside = model.parent, tmp_path / "outside.csv"
    outside.write_text("month,a\n2027-01,1\n2027-02,2\n2027-03,3\n", "utf-8")
    (beside / "link.csv").symlink_to(outside)
    (beside / "linked").symlink_to(tmp_path)
    (beside / "loop.csv").symlink_to("loop.csv")
    (beside / "folder.csv").mkdir()
    os.mkfifo(beside / "pipe.csv")
    (beside / "plan.txt").write_text("x", "utf-8")
    (beside / "large.csv").write_text("month,a\n" + "2027-01,1\n" * 110_000, "utf-8")
    (beside / "empty.csv").write_text("month,a\n", "utf-8")
    (beside / "binary.csv").write_bytes(b"month,a\n\x00,1\n")
    (beside / "other.csv").write_text("month,x,y\n2027-01,1,1\n", "utf-8")
    (beside / "gaps.csv").write_text("month,a\n2027-01,1\n2027-02,\n2027-03,3\n", "utf-8")
    model.write_text(HEAD + f"{{values: {name}}}", "utf-8")
    with pytest.raises(it.ModelError) as raised:
        load_file(model)
    assert len(raised.value.problems) == 1
    assert reason in str(raised.value)


def test_a_link_within_the_folder_is_followed(tmp_path: Path) -> None:
    model = folder(tmp_path)
    (model.parent / "again.csv").symlink_to("plan.csv")
    model.write_text(HEAD + "{values: again.csv}", "utf-8")
    assert values_of(it.load(model)) == [1, 2, 3]


def test_a_text_has_no_folder() -> None:
    with pytest.raises(it.ModelError, match="read beside a model file alone"):
        it.loads(HEAD + "{values: plan.csv}")


def test_wrong_cells_are_named_by_their_period(tmp_path: Path) -> None:
    model = folder(tmp_path, "month,a\n2027-01,1\n2027-02,x\n2027-03,1 to 2\n")
    with pytest.raises(it.ModelError) as raised:
        it.load(model)
    assert "2027-02: " in str(raised.value)
    assert "these are not one number: 1 to 2 (2027-03)" in str(raised.value)


def test_wrong_numbers_and_wrong_periods_are_told_together(tmp_path: Path) -> None:
    model = folder(tmp_path, "month,a\n2027-01,1\nsoon,x\n2027-03,\n2027-05,1 to 2\n2027-05,4\n")
    with pytest.raises(it.ModelError) as raised:
        it.load(model)
    assert len(raised.value.problems) == 5
    told = ("soon: this is not a number", "no value for 2027-03", "1 to 2 (2027-05)", "soon: not the name of a month",
            "stated more than once: month 5")  # fmt: skip
    for part in told:
        assert part in str(raised.value)
    many = ", ".join(["x"] * 20)
    with pytest.raises(it.ModelError) as raised:
        it.loads(f"{HEAD}{{values: [1, {many}]}}")
    assert len(raised.value.problems) == 9
    assert "12 more of these cannot be read" in str(raised.value)


def test_how_many_files_a_model_reads_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_FILES", 1)
    model = folder(tmp_path)
    (model.parent / "other.csv").write_text("month,b\n2027-01,1\n2027-02,2\n2027-03,3\n", "utf-8")
    model.write_text(HEAD + "{values: plan.csv}\n  b: {values: other.csv}", "utf-8")
    with pytest.raises(it.ModelError, match="at most 1 files of values"):
        it.load(model)


# ---- refreshed


@pytest.fixture
def tree() -> it.ImpactTree:
    return it.loads(HEAD + "{values: [$1/month, $2/month, $3/month]}\n  s: {value: 40%}\n  d: {formula: a * s}")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([4, 5, 6], [4, 5, 6]),
        (["$4", "$5/month", "$6"], [4, 5, 6]),
        (np.array([4, 5, 6]), [4, 5, 6]),
        (pd.Series([4, 5, 6]), [4, 5, 6]),
        (pd.Series([6, 5, 4], index=["2027-03", "2027-02", "2027-01"]), [4, 5, 6]),
        ({"2027-01": 4, "2027-02": 5, "2027-03": 6}, [4, 5, 6]),
        (7, [7, 7, 7]),
        ("$8", [8, 8, 8]),
    ],
)
def test_new_values_take_the_place_of_a_series(tree: it.ImpactTree, given: Any, expected: list[float]) -> None:
    fresh = tree.with_values({"a": given})
    assert values_of(fresh) == expected
    assert str(fresh["a"].unit) == "USD/month"


def test_a_series_takes_the_place_of_a_value(tree: it.ImpactTree) -> None:
    fresh = tree.with_values({"s": [0.41, 0.42, "43%"]})
    assert values_of(fresh, "s") == [0.41, 0.42, 0.43]
    for wrong in ([41, 42, 43], ["$1", "$2", "$3"], [None, 1, 1]):
        with pytest.raises(it.QuestionError):
            tree.with_values({"s": wrong})


def test_what_is_now_a_series_is_no_longer_correlated() -> None:
    tree = it.loads(
        "correlations: [[a.value, b.value, 0.5]]\nhorizon: 2\noutcome: c\n"
        "metrics: {a: {value: 1 (0.5 to 1.5)}, b: {value: 2 (1 to 3)}, c: {formula: a + b}}"
    )
    assert not tree.with_values({"a": [1, 2]}).spec.correlations
