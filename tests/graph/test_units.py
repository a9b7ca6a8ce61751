"""Units of whole trees: what is inferred, what wins, and what is refused with which fix (DESIGN section 6)."""

from __future__ import annotations

from itertools import permutations

import pytest

from impacttree.errors import ChangeError, ModelError, Problem
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
        (
            {"mrr": value("$9/month"), "churn": value("3%/month"), "m": formula("mrr * churn", unit="USD/month")},
            "formula", ("USD/month**2", "USD/month"), "multiply by a metric in months",
        ),
        (
            {"mrr": value("$9/month"), "churn": value("3%/month"), "m": formula("prev(mrr) * churn", unit="USD")},
            "formula", ("USD/month**2", "USD"), "multiply by a metric in months**2",
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


LTV = {"arpu": value("$30/user/month"), "ret": value("97%/month"), "ltv": formula("arpu / (1 - ret)", unit="USD/user")}


def test_a_rate_is_what_stays_where_only_so_the_declared_unit_comes_out() -> None:
    graph = tree(**LTV, lost=formula("users * (1 - ret)"), users=value("100 users"))
    assert str(graph["lost"].unit) == "users/month"
    (note,) = [note for note in graph.notes if note.startswith("ret: 97%/month is read as what stays of a month")]
    assert "only so `ltv` comes out in USD/user" in note


def test_a_reading_holds_through_metrics_between() -> None:
    between = {"gone": formula("1 - ret"), "ltv": formula("arpu / gone", unit="USD/user")}
    graph = tree(arpu=LTV["arpu"], ret=LTV["ret"], **between)
    assert str(graph["gone"].unit) == "%/month"


def test_two_readings_of_one_rate_are_refused_and_both_formulas_named() -> None:
    problem = only_problem(
        **LTV,
        users=value("100 users"),
        m=formula("users * ret * arpu / arpu", unit="users/month"),
    )
    assert problem.metric == "m"
    assert "`ret` is what goes in a month here, but what stays in `ltv`, to come out in USD/user" in problem.reason
    assert "retention: 1 - churn" in problem.fix


@pytest.mark.slow
def test_the_reading_does_not_depend_on_the_order_of_the_file() -> None:
    bodies = LTV | {"users": value("100 users"), "lost": formula("users * (1 - ret)")}
    units = [{name: str(tree(**dict(order))[name].unit) for name in bodies} for order in permutations(bodies.items())]
    assert all(unit == units[0] for unit in units)


@pytest.mark.parametrize(
    ("stated", "unit"), [("97%/month", "users/month"), ("3%/month", "users"), ("49%/month", "users")]
)
def test_where_no_unit_tells_the_size_does(stated: str, unit: str) -> None:
    graph = tree(users=value("100 users"), rate=value(stated), m=formula("users * (1 - rate)"))
    assert str(graph["m"].unit) == unit
    assert any("is read as what stays" in note for note in graph.notes) == (unit == "users/month")


def test_a_high_rate_stays_what_goes_where_other_units_need_it() -> None:
    graph = tree(
        users=value("100 users"), arpu=value("$30/user/month"), churn=value("60%/month"),
        left=formula("users * (1 - churn)"), m=formula("arpu / churn", unit="USD/user"),
    )  # fmt: skip
    assert str(graph["left"].unit) == "users"
    assert any("write `churn: 3%/month` and `retention: 1 - churn`" in note for note in graph.notes)


def test_a_high_rate_that_multiplies_a_level_is_noted() -> None:
    graph = tree(users=value("100 users"), ret=value("97%/month"), m=formula("users * ret"))
    assert any("`users * ret` takes it for what goes in a month" in note for note in graph.notes)


def test_a_reading_changes_no_number() -> None:
    from impacttree import loads

    text = "metrics: {{users: {{value: 100 users}}, ret: {{value: 97%/month}}, m: {{formula: users * (1 - ret){}}}}}"
    values = [
        loads("outcome: m\n" + text.format(unit)).values()["m"] for unit in ("", ", unit: users/month", ", unit: users")
    ]
    assert values == [values[0]] * 3


@pytest.mark.parametrize(
    ("bodies", "unit"),
    [
        ({"stock": formula("prev(stock) - m", start="9 users"), "ask": value("3 users/month"),
          "m": formula("min(ask, prev(stock))")}, "users/month"),
        ({"stock": formula("prev(stock) - m", start="9 users"), "ask": value("3 users/month"),
          "m": formula("min(ask, prev(stock))", unit="users/month")}, "users/month"),
        ({"flow": value("$3/month"), "dt": value("0.5 months"), "m": formula("prev(m) + dt * flow", start="$5",
          aggregate="last")}, "USD"),
        ({"goal": value("$4"), "lag_": value("4 months"), "m": formula("prev(m) + (goal - prev(m)) / lag_", start="$1",
          aggregate="last")}, "USD"),
        ({"sales": value("$9/month"), "growth": value("30%/year"), "m": formula("lag(sales, 12) * (1 + growth)")},
         "USD/month"),
        ({"mrr": value("$9/month"), "churn": value("3%/month"), "m": formula("prev(mrr) * churn", unit="USD/month")},
         "USD/month"),
        ({"won": value("5 users/month"), "arpu": value("$2/user/month"), "users": formula("prev(users) + won",
          start="9 users"), "rate": value("1%/month"), "m": formula("(won + prev(users) * rate) * arpu",
          unit="USD/month")}, "USD/month"),
        ({"income": value("$9/month"), "assets": value("$90"), "m": formula("income / assets", unit="1/month")},
         "%/month"),
    ],
)  # fmt: skip
def test_units_through_time(bodies: dict[str, dict[str, object]], unit: str) -> None:
    assert str(tree(**bodies)["m"].unit) == unit


@pytest.mark.parametrize(
    ("start", "unit"),
    [("opening", "users"), ("opening * share", "users"), ("opening * fee", "USD"), ("in_hours(wait)", "hours")],
)
def test_a_start_may_be_a_formula_over_stated_metrics(start: str, unit: str) -> None:
    graph = tree(
        opening=value("100 users"), share=value("50%"), fee=value("$3/user"), wait=value("90 minutes"),
        churn=value("2%/month"), m=formula("prev(m) * (1 - churn)", start=start, aggregate="last"),
    )  # fmt: skip
    assert str(graph["m"].unit) == unit


@pytest.mark.parametrize(
    ("start", "keys", "reason"),
    [
        ("opening", {"unit": "USD"}, "the start is in users, but the metric is declared in USD"),
        ("other", {}, "there is no metric 'other'"),
        ("m", {}, "'m' is not stated but computed"),
        ("prev(opening)", {}, "prev has no place in a start"),
        ("opening + price", {}, "cannot be added"),
    ],
)
def test_a_start_that_is_a_wrong_formula(start: str, keys: dict[str, object], reason: str) -> None:
    problem = only_problem(
        opening=value("100 users"), price=value("$3"), m=formula("prev(m) + 0", start=start, aggregate="last", **keys)
    )
    assert problem.key == "start"
    assert reason in problem.reason


def test_multiples_of_a_thing_are_not_a_thing_beside_it() -> None:
    problem = only_problem(widgets=value("5 widgets"), price=value("$2/Mwidgets"), m=formula("widgets * price"))
    assert "counts in `mwidget`, while `widgets` counts in `widget`" in problem.reason
    assert "$2/1M widget" in problem.fix


def test_a_price_of_many_takes_changes_of_as_many() -> None:
    from impacttree import loads

    model = loads(
        "outcome: m\nmetrics: {n: {value: 5M tokens}, p: {value: $2/1M tokens}, m: {formula: n * p, aggregate: last}}"
    )
    assert model.what_if({"p": "+$1/1M tokens"}).outcomes[0].change == pytest.approx(5.0)
    with pytest.raises(ChangeError, match="USD does not fit a metric in USD/token"):
        model.what_if({"p": "+$1"})


@pytest.mark.parametrize("keys", [{}, {"unit": "USD/token"}])
def test_limits_of_a_price_of_many_are_of_as_many(keys: dict[str, object]) -> None:
    problem = only_problem(m=value("$2/1M tokens", plausible="$1 to $3", **keys))
    assert problem.key == "plausible"
    assert "with the multiple: $3/1M tokens" in problem.fix
    assert tree(m=value("$2/1M tokens", plausible="$1/1M tokens to $3/1M tokens", **keys))


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


@pytest.mark.parametrize(
    ("bodies", "fix"),
    [
        ({"apr": value("8%/year"), "m": formula("prev(m) * (1 + apr / 12)", start="9 users")},
         "write nominal_per_month(apr) in place of apr / 12"),
        ({"apr": value("8%/year"), "r": formula("apr / 12"), "m": formula("prev(m) * (1 + r)", start="9 users")},
         "in `r` the number in it converts already, but leaves the unit: write nominal_per_month(apr)"),
        ({"apr": value("8%/year"), "m": formula("apr / 12", unit="%/month")}, "write nominal_per_month(apr)"),
        ({"mrr": value("$5/month"), "m": formula("mrr * 12", unit="USD/year", aggregate="last")},
         "write per_year(mrr)"),
        ({"mrr": value("$5/month"), "cost": value("$9/year"), "arr": formula("mrr * 12"), "m": formula("arr - cost")},
         "in `arr` the number in it converts already, but leaves the unit: write per_year(mrr)"),
        ({"churn": value("30%/year"), "m": formula("prev(m) - prev(m) * churn", start="9 users")},
         "`churn` goes by the year: rates do not convert linearly: write decay_per_month(churn)"),
        ({"arpu": value("$30/user/month"), "churn": value("3%"), "m": formula("arpu / churn", unit="USD/user")},
         "write `churn` as 3%/month"),
        ({"level": value("9 users"), "new": value("2 users/month"), "m": formula("level + new")},
         "a level that a flow adds to is a stock, with the level as its `start` and the formula prev(m) + new"),
    ],
)  # fmt: skip
def test_what_to_write_never_converts_twice_or_linearly(bodies: dict[str, dict[str, object]], fix: str) -> None:
    assert fix in only_problem(**bodies).fix


def test_a_flow_that_is_made_a_years_by_hand_is_noted() -> None:
    (note,) = tree(mrr=value("$5/month"), m=formula("mrr * 12")).notes
    assert "`mrr * 12` stays per month: if the number is to make it a year's, write per_year(mrr)" in note
