from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import impacttree as it
from impacttree.errors import ModelError, QuestionError
from tests.strategies import examples

SHOP = """
currency: USD
outcome: profit
horizon: 3
metrics:
  orders: {value: 1000 orders/month}
  price: {value: $40/order}
  unit_cost: {value: $25/order}
  revenue: {formula: orders * price, unit: USD/month, kind: financial}
  cost: {formula: orders * unit_cost, unit: USD/month}
  gross: {formula: revenue - cost, unit: USD/month, kind: financial}
  rent: {value: $4k/month}
  pay: {value: $6k/month}
  profit: {formula: gross - (rent + pay), unit: USD/month, kind: financial}
"""


def statement(tree: it.ImpactTree) -> list[str]:
    return [line.role + line.metric for line in tree.pnl().lines]


def test_lines_follow_sums_and_differences_down_from_the_outcome() -> None:
    assert statement(it.loads(SHOP)) == ["+revenue", "-cost", "=gross", "-rent", "-pay", "=profit"]


def test_what_a_metric_leaves_of_a_whole_is_a_line_although_it_is_computed_from_it() -> None:
    text = SHOP.replace("formula: orders * unit_cost", "formula: revenue - gross")
    text = text.replace("{formula: revenue - cost, unit", "{formula: revenue * 0.375, unit")
    assert statement(it.loads(text)) == ["+revenue", "-cost", "=gross", "-rent", "-pay", "=profit"]


def test_what_is_only_made_from_a_metric_is_not_a_line() -> None:
    text = SHOP.replace("{formula: gross - (rent + pay), unit", "{formula: gross * 0.3, unit")
    text += "  tax: {formula: profit * 0.2, unit: USD/month}\n  net: {formula: profit - tax, unit: USD/month}\n"
    with pytest.raises(QuestionError, match="not a sum or difference"):
        it.loads(text).pnl()


def test_the_file_states_the_lines() -> None:
    tree = it.loads(SHOP + "statement: [revenue, -cost, -rent, -pay, =profit]\n")
    assert statement(tree) == ["+revenue", "-cost", "-rent", "-pay", "=profit"]
    assert it.loads(tree.to_yaml()) == tree


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ("[revenue, -costs]", r"no metric 'costs' \(did you mean 'cost'\?\)"),
        ("[revenue, -cost, =revenue]", "twice"),
        ("[=gross, -rent]", "begins with what is added up"),
        ("[]", "empty"),
        ("revenue", "is a list"),
        ("[2x]", "name"),
    ],
)  # fmt: skip
def test_a_wrong_statement_is_a_problem_of_the_file(stated: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        it.loads(f"{SHOP}statement: {stated}\n")


def test_a_subtotal_that_does_not_foot_is_an_error_with_the_amount() -> None:
    tree = it.loads(SHOP + "statement: [revenue, -cost, -rent, =profit]\n")
    with pytest.raises(QuestionError, match=r"Profit is \$15k in the first 3 months, .* \$33k: \$18k is too much"):
        tree.pnl()


def test_a_change_of_a_subtotal_itself_does_not_foot() -> None:
    with pytest.raises(QuestionError, match="with the changes"):
        it.loads(SHOP).pnl({"gross": "+10%"})


def test_a_line_that_does_not_add_up_over_time_is_refused() -> None:
    tree = it.loads(SHOP + "statement: [orders, -revenue]\n")
    with pytest.raises(QuestionError, match="is in USD/month"):
        tree.pnl()


@pytest.mark.parametrize("name", ["saas", "internal", "duolingo"])
def test_rows_add_up_to_the_total_of_the_horizon_and_agree_with_the_other_answers(name: str) -> None:
    tree = it.template(name)  # type: ignore[arg-type]
    changes = {"saas": {"engagement": "+5%"}, "internal": {"deploy_minutes": "-10%"}, "duolingo": {"mau": "+2%"}}[name]
    answer = tree.pnl(changes)
    rows = answer.to_dicts()
    whole = {row["line"]: row for row in rows if row["period"] is None}
    for line, row in whole.items():
        for key in ("before", "after", "change"):
            parts = sum(one[key] for one in rows if one["line"] == line and one["period"] is not None)
            assert parts == pytest.approx(row[key], rel=1e-9, abs=1e-4)
    asked = tree.what_if(changes, on=answer.lines[-1].metric)
    assert (asked.before, asked.after) == (answer.lines[-1].before, answer.lines[-1].after)


@examples(40)
@given(st.floats(0.5, 40.0), st.integers(1, 4_000_000), st.floats(1.0, 90.0))
def test_shown_rows_and_columns_add_up(percent: float, orders: int, price: float) -> None:
    text = SHOP.replace("1000 orders", f"{orders} orders").replace("$40", f"${price:.2f}")
    answer = it.loads(text).pnl({"orders": f"+{percent:.1f}%", "rent": f"-{percent / 2:.1f}%"})
    shown = {line.metric: cells for line, cells in zip(answer.lines, answer.shown(), strict=True)}
    for column in range(3):
        assert shown["revenue"][column] + shown["cost"][column] == shown["gross"][column]
        left = shown["gross"][column] + shown["rent"][column] + shown["pay"][column]
        assert left == shown["profit"][column]
    assert all(before + change == after for before, after, change in shown.values())
