"""Units of whole trees: what is inferred, what wins, and what is refused with which fix (DESIGN section 6)."""

from __future__ import annotations

import pytest

from impacttree.errors import ModelError, Problem
from impacttree.formula import unparse
from impacttree.graph import Graph, build
from impacttree.spec import MetricSpec, TreeSpec


def tree(**bodies: dict[str, object]) -> Graph:
    metrics = [MetricSpec(name, **body) for name, body in bodies.items()]
    return build(TreeSpec(metrics=metrics, outcome=metrics[-1].name))


def value(text: object, **keys: object) -> dict[str, object]:
    return {"value": text, **keys}


def formula(text: str, **keys: object) -> dict[str, object]:
    return {"formula": text, **keys}


def only_problem(**bodies: dict[str, object]) -> Problem:
    with pytest.raises(ModelError) as caught:
        tree(**bodies)
    (problem,) = caught.value.problems
    return problem


@pytest.mark.parametrize(
    ("bodies", "unit"),
    [
        ({"m": value("42%")}, "%"),
        ({"m": value(42)}, ""),
        ({"m": value("$29", unit="USD/user/month")}, "USD/user/month"),
        ({"m": value(29, unit="USD/user/month")}, "USD/user/month"),
        ({"visits": value("5 visits/month"), "m": formula("visits * 3%", unit="trials/month")}, "trials/month"),
        ({"visits": value("5 visits"), "orders": value("2 orders"), "m": formula("orders / visits")}, ""),
        ({"arpu": value("$29/user/month"), "churn": value("2%/month"), "m": formula("arpu / churn")}, "USD/user"),
        ({"a": value(3), "m": formula("if(a > 3, 100, 200)", unit="USD/month")}, "USD/month"),
        ({"a": value(3), "m": formula("if(a > 3, 100, 200)")}, ""),
        ({"new": value("5 users/month"), "m": formula("prev(m) + new", start="100 users")}, "users"),
        ({"new": value("5 users/month"), "m": formula("prev(m) + new", start=100, unit="users")}, "users"),
        ({"new": value("5 users/month"), "m": formula("prev(m) + new", start=100)}, ""),
        ({"flow": value("$5/month"), "m": formula("cumulative(flow)", aggregate="last")}, "USD"),
        ({"year": value("$12k/year"), "m": formula("per_month(year)")}, "USD/month"),
        ({"wait": value("30 minutes"), "m": formula("in_hours(wait)")}, "hours"),
        ({"a": value("42%", drivers={"b": {"elasticity": 1}}), "b": value("3 users"), "m": formula("a * b")}, "users"),
    ],
)
def test_unit_of_the_last_metric(bodies: dict[str, dict[str, object]], unit: str) -> None:
    assert str(tree(**bodies)["m"].unit) == unit


def test_order_of_the_file_does_not_matter() -> None:
    graph = tree(c=formula("b * 2"), b=formula("a * share"), share=value("5%"), a=value("$3/month"))
    assert [str(graph[name].unit) for name in "abc"] == ["USD/month"] * 3


def test_units_through_a_loop_of_two_stocks() -> None:
    bodies = {
        "inflow": value("$5/month"),
        "opening": formula("prev(closing)", aggregate="last"),
        "closing": formula("opening + inflow * one_month", start="$100", aggregate="last"),
        "one_month": value("1 months"),
    }
    assert str(tree(**bodies)["opening"].unit) == "USD"
    problem = only_problem(**{**bodies, "closing": {**bodies["closing"], "start": 100}})
    assert problem.metric in ("opening", "closing")
    assert "unit" in problem.fix


def test_conversions_are_multiplied_out() -> None:
    graph = tree(
        salary=value("$120k/year"), wait=value("90 minutes/month"), m=formula("per_month(salary) / in_hours(wait)")
    )
    assert unparse(graph["m"].rule) == "salary / 12 / (wait / 60)"
    assert str(graph["m"].unit) == "USD/hour"


@pytest.mark.parametrize(
    ("bodies", "key", "reasons", "fix"),
    [
        (
            {"churn": value("2%/month"), "price": value("$120/year"), "m": formula("churn * price")},
            "formula", ("%/month", "USD/year"), "per_month(price)",
        ),
        (
            {"cost": value("$12k/year"), "revenue": value("$5k/month"), "m": formula("revenue - cost")},
            "formula", ("USD/month", "USD/year"), "per_month(cost)",
        ),
        (
            {"a": value("$5"), "b": value("€5"), "m": formula("a + b", aggregate="last")},
            "formula", ("USD", "EUR"), "USD/EUR",
        ),
        (
            {"cost": value("$12k/year"), "m": formula("cost", unit="USD/month")},
            "formula", ("USD/year", "USD/month"), "per_month(cost)",
        ),
        (
            {"churn": value("2%/month"), "m": formula("churn", unit="%/year")},
            "formula", ("%/month", "%/year"), "decay_per_year(churn)",
        ),
        (
            {"orders": value("12 orders/month"), "m": formula("orders * 40", unit="USD/month")},
            "formula", ("orders/month", "USD/month"), "multiply by a metric in USD/order",
        ),
        ({"m": value("5 users", unit="USD")}, "value", ("users",), "write it in USD"),
        ({"m": value(0.42, unit="%")}, "value", ("fraction or a percentage",), "%"),
        ({"m": value("$5/year", unit="USD/month")}, "value", ("USD/year", "USD/month"), "USD/month"),
        (
            {"p": value("$5"), "m": formula("prev(m) + p", start="5 users", unit="USD", aggregate="last")},
            "start", ("users",), "USD",
        ),
        (
            {"p": value("$5/month"), "m": formula("prev(m) + p", start=5, aggregate="last")},
            "formula", ("pure number", "USD"), "start: 5",
        ),
        ({"w": value("5 minutes"), "h": value("2 hours"), "m": formula("w + h")}, "formula", ("minute", "hour"), "in_"),
        ({"w": value("5 days"), "m": formula("exp(w)")}, "formula", ("day",), "divide"),
        ({"m": value("42%", bounds="0 to 1")}, "bounds", ("fraction or a percentage",), "%"),
        ({"m": value("42%", plausible="3 users to 4 users")}, "plausible", ("users", "%"), "%"),
        ({"m": value("$5/month", guardrail={"min": 3})}, "guardrail.min", ("which money",), "USD"),
        ({"m": value("$5/month", guardrail={"max": "3 users"})}, "guardrail.max", ("users",), "USD/month"),
        (
            {"m": value({"normal": {"mean": "150%", "sd": "1%"}}, bounds="0% to 100%")},
            "value", ("outside the bounds",), "bounds",
        ),
    ],
)  # fmt: skip
def test_refused_with_both_sides_and_the_fix(
    bodies: dict[str, dict[str, object]], key: str, reasons: tuple[str, ...], fix: str
) -> None:
    problem = only_problem(**bodies)
    assert (problem.metric, problem.key) == ("m", key)
    assert all(reason in str(problem) for reason in reasons)
    assert fix in problem.fix


def test_limits_may_leave_out_what_is_clear() -> None:
    graph = tree(m=value("2.5%/month", bounds="0% to 100%", plausible="2%/month to 3%/month", guardrail={"max": "4%"}))
    assert str(graph["m"].unit) == "%/month"


def test_notes_tell_what_was_let_pass() -> None:
    graph = tree(
        visits=value("5 visits"),
        orders=value("2 orders"),
        spare=value(3),
        mixed=formula("orders + visits", unit="orders"),
        m=formula("orders / visits + mixed * 0"),
    )
    notes = "\n".join(graph.notes)
    assert "spare: no other metric reads it" in notes
    assert "mixed: " in notes
    assert "visits" in notes
    assert "m: " in notes
