"""Lifts that start later, come in bit by bit, end or fade: what they are worth, and what answers say of it."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import impacttree as it
from tests.analyses.models import asked, can_be_asked
from tests.engine.support import ANY_TREE, Compiled, is_close
from tests.engine.test_by_period import plain, timed_changes
from tests.strategies import Sketch, examples

FLAT = """
horizon: 12
outcome: paid
metrics:
  price: {value: $30 ($28 to $32)}
  sold: {value: 50/month}
  paid: {formula: price * sold}
scenarios:
  launch: {price: "+10% from month 4 over 3 months"}
"""
DATED = FLAT.replace("horizon: 12", "start_date: 2027-01-01\nhorizon: 12")


@pytest.fixture(scope="module")
def flat() -> it.ImpactTree:
    return it.loads(FLAT)


@pytest.mark.parametrize(
    ("said", "shares"),
    [
        ({"start": 7}, 6.0),
        ({"start": "month 4", "ramp": "3 months"}, 1 / 3 + 2 / 3 + 7),
        ({"ramp": 4, "shape": "s"}, sum(3 * (n / 4) ** 2 - 2 * (n / 4) ** 3 for n in (1, 2, 3)) + 9),
        ({"start": 2, "until": 5}, 4.0),
        ({"decay": "10%/month"}, (1 - 0.9**12) / 0.1),
        ({"start": 3, "ramp": 2, "until": 8, "decay": "50%"}, 0.5 + 1 + 0.5 + 0.25 + 0.125 + 0.0625),
    ],
)
@pytest.mark.parametrize("text", ["+10%", "+$3", "=$33"])
def test_off_time_a_lift_is_worth_its_shares_added_up(
    flat: it.ImpactTree, said: dict[str, object], shares: float, text: str
) -> None:
    lift = it.lift(text, **said)  # type: ignore[arg-type]  # as the signature has it
    assert flat.worth("price", lift).total == pytest.approx(150 * shares, rel=1e-12)


def test_a_stock_that_fades_is_its_closed_form() -> None:
    """A burst of customers in one month that churn away: a first-order decay."""
    tree = it.loads(
        "horizon: 24\noutcome: customers\nmetrics: {churn: {value: 5%/month}, new: {value: 100 customers/month}, "
        "customers: {start: 2000 customers, formula: prev(customers) * (1 - churn) + new, aggregate: sum}}"
    )
    burst = tree.worth("new", "+40 customers/month from month 3 until month 3")
    assert burst.total == pytest.approx(40 * (1 - 0.95**22) / 0.05, rel=1e-12)
    assert burst.by_period[:4] == pytest.approx((0.0, 0.0, 40.0, 38.0))


def test_present_values_of_a_stock_that_fades_are_its_closed_form() -> None:
    """A burst of $40 a month that churns away: a growing annuity, at the rate of churn, from month 3 on."""
    tree = it.loads(
        "horizon: 24\noutcome: paid\nfinance: {discount_rate: 12%/year}\nmetrics: {churn: {value: 5%/month}, new: "
        "{value: 100 users/month}, users: {start: 2000 users, formula: prev(users) * (1 - churn) + new}, "
        "paid: {formula: users * price, unit: USD/month, kind: financial}, price: {value: $1/user/month}}"
    )
    month = 1.12 ** (1 / 12)
    burst = tree.worth("new", "+40 users/month from month 3 until month 3", basis="pv", range=False)
    closed = 40 / month**3 * (1 - (0.95 / month) ** 22) / (1 - 0.95 / month)
    assert burst.total == pytest.approx(closed, rel=1e-12)
    assert math.fsum(path.amount for path in burst.paths) == pytest.approx(closed, rel=1e-9)


def test_what_was_changed_is_told_while_it_was_on(flat: it.ImpactTree) -> None:
    """At the end of the horizon nothing of it may be left: a level would go from $30 to $30."""
    for text, told in (
        ("+10% until month 6", "($30 -> $33 in month 6)"),
        ("+10% over 3 months decay 5%/month", "($30 -> $33 in month 3)"),
        ("+10% from month 3 over 3 months until month 4", "($30 -> $32 in month 4)"),
        ("+10% from month 3", "($30 -> $33)"),
        ("+10%", "($30 -> $33)"),
    ):
        assert told in flat.what_if({"price": text}).title
    both = flat.what_if({"price": ["+10% until month 6", "+$1 from month 4 until month 5"]})
    assert "($30 -> $34 in month 5)" in both.title
    assert "($30 -> $33 in month 14)" in flat.what_if({"price": "+10% until month 14"}, over="months 13 to 18").title


@pytest.mark.parametrize("start", [1, 4])
def test_a_first_order_delay_is_its_closed_form(start: int) -> None:
    """What closes a quarter of the gap in each month: ``1 - (3/4)**k`` of a step has come through after k months."""
    tree = it.loads(
        "horizon: 12\noutcome: paid\nfinance: {discount_rate: 12%/year}\nmetrics: {aim: {value: 100 users}, users: "
        "{start: 100 users, formula: prev(users) + 0.25 * (aim - prev(users))}, "
        "paid: {formula: users * price, unit: USD/month, kind: financial}, price: {value: $2/user/month}}"
    )
    through = [0.0] * (start - 1) + [1 - 0.75**k for k in range(1, 14 - start)]
    for basis, month in (("horizon", 1.0), ("pv", 1.12 ** (1 / 12))):
        worth = tree.worth("aim", f"+10 users from {start}", basis=basis, range=False)  # type: ignore[arg-type]  # both are
        by_hand = math.fsum(20 * share / month**t for t, share in enumerate(through, 1))
        assert worth.total == pytest.approx(by_hand, rel=1e-12)
    plain = tree.worth("aim", f"+10 users from {start}", range=False)
    assert plain.total == pytest.approx(20 * (13 - start - 3 * (1 - 0.75 ** (13 - start))), rel=1e-12)


def test_paths_edges_and_ranges_are_those_of_the_lift_in_time() -> None:
    tree = it.template("saas")
    late = tree.worth("engagement", "+1% from 2027-02 over 3 months", samples=2048)
    assert math.fsum(path.amount for path in late.paths) + late.rest == pytest.approx(late.total)
    held = tree.worth("engagement", "+1%", samples=2048)
    assert late.range is not None
    assert held.range is not None
    assert late.range.p10 < late.total < late.range.p90 < held.range.p90
    both = tree.what_if({"engagement": "+1% from 2027-02 over 3 months"}, samples=2048)
    assert both.total == pytest.approx(late.total)


def test_a_range_of_a_lift_in_time_scales_with_it(flat: it.ImpactTree) -> None:
    found = flat.worth("sold", "+10% (+5% to +20%) from month 7", samples=8192).range
    whole = flat.worth("sold", "+10% (+5% to +20%)", samples=8192).range
    assert found is not None
    assert whole is not None
    assert (found.p10, found.p90) == pytest.approx((whole.p10 / 2, whole.p90 / 2))


# ---- what answers say


def test_the_basis_says_when_a_lift_is_in_force() -> None:
    flat, dated = it.loads(FLAT), it.loads(DATED)
    assert "lift held from month 1" in flat.worth("price", "+10%").provenance.basis
    said = flat.worth("price", "+10% from month 4 over 3 months until month 9 decay 5%/month").provenance.basis
    assert "lift from month 4, in full from month 6, losing 5% a month after that, until month 9" in said
    assert "held from" not in said
    assert (
        "lift from Apr 2027, in full from Jun 2027"
        in dated.worth("price", "+10% from 2027-04 over 3 months").provenance.basis
    )
    one = flat.what_if({"price": "+10% from month 4", "sold": "+5%"}).provenance.basis
    assert "changes each in force when stated" in one
    assert "changes from month 4, in full from month 6" in flat.compare().provenance.basis
    assert (
        "changes each in force when stated"
        in flat.compare({"a": {"price": "+1% from 4"}, "b": {"sold": "+1%"}}).provenance.basis
    )
    act = flat.decide(it.Decision([it.Act("price", "+10% from month 4", cost="$5")]))
    assert "changes from month 4" in act.provenance.basis
    assert "+10% Price from month 4 ($30 -> $33)" in str(flat.worth("price", "+10% from month 4"))


def test_at_once_from_the_first_period_is_held_from_there(flat: it.ImpactTree) -> None:
    assert "held from month 1" in flat.worth("price", it.lift("+10%", start=1, ramp=1)).provenance.basis
    assert flat.worth("price", it.lift("+10%", start=1, ramp=1)).total == flat.worth("price", "+10%").total


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("+10% from month 13", "starts in month 13: nothing of it falls within the first 12 months"),
        ("+10% from month 8 over 6 months", "is in full only after the horizon: it would be in full in month 13"),
        ("+10% over 6 months until month 3", "ends before: it would be in full in month 6"),
    ],
)
def test_what_the_horizon_does_not_hold_is_told(flat: it.ImpactTree, text: str, warning: str) -> None:
    assert any(warning in told for told in flat.worth("price", text).warnings)


def test_a_scenario_holds_in_time(flat: it.ImpactTree) -> None:
    shares = 1 / 3 + 2 / 3 + 7
    assert flat.what_if({"sold": "+2"}, scenario="launch").total == pytest.approx(2 * (30 * 12 + 3 * shares))
    with pytest.raises(it.ModelError, match="cannot end"):
        it.loads(FLAT.replace("over 3 months", "until month 2"))
    with pytest.raises(it.ModelError, match="start_date"):
        it.loads(FLAT.replace("month 4", "2027-04"))


@pytest.mark.parametrize("is_quick", [False, True])
def test_elasticities_off_time_count_every_period_of_what_holds_in_time(is_quick: bool) -> None:
    tree = it.loads(FLAT.replace("price * sold}", "price * sold - rent}\n  rent: {value: $500/month}"))
    if is_quick:
        pytest.importorskip("numba")
        tree._subject.model.expect(10**9, 12)
    paid, rent = 1500 * (12 + 0.1 * 8), 500 * 12
    exact = {"price": paid / (paid - rent), "sold": paid / (paid - rent), "rent": -rent / (paid - rent)}
    rows = tree.sensitivity(scenario="launch").rows
    assert {row.metric: row.elasticity for row in rows} == pytest.approx(exact)
    drawn = tree.diagram(scenario="launch").view().links
    assert {link.source: link.elasticity for link in drawn} == pytest.approx(exact)
    lifted = tree.diagram(lift=("price", "+10% from month 4")).view().links
    assert {link.source: link.elasticity for link in lifted} == pytest.approx({"price": 1.5, "sold": 1.5, "rent": -0.5})


def test_a_change_cannot_end_before_it_starts(flat: it.ImpactTree) -> None:
    with pytest.raises(it.ChangeError, match=r"price: a lift cannot end \(month 3\) before it starts \(month 4\)"):
        flat.worth("price", it.lift("+1%", start="month 4", until="month 3"))


def test_the_projection_shows_the_path() -> None:
    projection = it.loads(DATED).project(12, changes={"price": "=$40 from 2027-03 over 2 months until 2027-06"})
    assert list(projection["price"])[1:] == [30, 30, 35, 40, 40, 40, *[30] * 6]


def test_a_decision_is_weighed_by_the_lift_in_time() -> None:
    tree = it.template("saas")
    held, late = (tree.break_even("engagement", text, cost="$5k") for text in ("+1%", "+1% from 2027-06"))
    size = {one.address: one.at for one in held.rows}, {one.address: one.at for one in late.rows}
    assert size[0]["engagement.lift"] < size[1]["engagement.lift"]  # a later lift must be larger to pay


def test_a_sweep_holds_its_values_from_the_first_period(flat: it.ImpactTree) -> None:
    with pytest.raises(it.ChangeError, match="holds each value from month 1 on, and an end of it says 'from month 4'"):
        flat.sweep("price", "$20 from month 4", "$40")


@pytest.mark.slow
@examples(40)
@given(ANY_TREE, st.data())
def test_every_question_of_changes_in_time_agrees_with_plain_stepping(sketch: Sketch, data: st.DataObject) -> None:
    timed = data.draw(timed_changes(sketch))
    drawn = {name: change for name, (change, _) in timed.items()}
    tree, compiled = sketch.tree(), Compiled(sketch)
    assume(can_be_asked(sketch, drawn, tree.values()))
    given_changes = {
        name: [
            it.lift(one, start=w.start, ramp=w.ramp, shape=w.shape if w.ramp > 1 else "linear", until=w.until,
                    decay=w.decay or None)
            for one in changes
        ]
        for (name, changes), (_, w) in zip(asked(drawn).items(), timed.values(), strict=True)
    }  # fmt: skip
    world = compiled.oracle.world(plain(timed, compiled.horizon))
    name, last = sketch.outcome, compiled.horizon
    exact = float(world.over(name))
    size = max(1.0, abs(exact))
    answers = [
        tree.what_if(given_changes, range=False).after,
        tree.compare({"held": given_changes}, range=False)["held"].after,
        tree.values(given_changes)[name],
    ]
    if len(given_changes) == 1:
        ((metric, changes),) = given_changes.items()
        answers.append(tree.worth(metric, changes, range=False).after)
    for answer in answers:
        assert answer is not None
        assert is_close(answer, exact, size, 1e-9)
    months = tree.project(last, given_changes)
    for t in range(1, last + 1):
        step = world.value(name, t)
        assert is_close(months[name][t], step, max(1, abs(step)), 1e-9)
