from __future__ import annotations

import math
import re
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import impacttree as it
from impacttree.errors import ImpactTreeError, QuestionError
from impacttree.render.layout import layout
from impacttree.render.layout.cut import board
from impacttree.render.scene import Text
from tests.analyses.models import CLUB, COST, SHOP, asked, can_be_asked, club, near, over, shop
from tests.render.checks import frame, groups, hard
from tests.strategies import Sketch, changes, examples, trees


def cards(picture):
    return {card.id: card for card in picture.view().cards}


def links(picture):
    return {(link.source, link.target): link for link in picture.view().links}


def test_a_plain_picture_shows_today():
    picture = it.loads(CLUB).diagram()
    view = picture.view()
    assert view.title == "Club"
    assert view.subtitle == "What drives Result: 10 metrics, values today"
    shown = cards(picture)
    assert (shown["churn"].value, shown["churn"].unit) == ("5.0%", "per quarter")
    assert (shown["members"].value, shown["members"].unit) == ("10k", "stock")
    assert shown["members"].memory
    assert not shown["fees"].memory
    assert {card.change for card in shown.values()} == {""}
    assert shown["reserve"].guardrail == "floor €95k"
    assert shown["spirit"].kind == "product"


def test_links_are_the_references_with_their_delay():
    shown = links(it.loads(CLUB).diagram())
    assert set(shown) == {
        ("spirit", "churn"), ("churn", "members"), ("joins", "members"), ("members", "mean_members"),
        ("members", "fees"), ("fee", "fees"), ("fees", "result"), ("staff", "result"), ("result", "reserve"),
    }  # fmt: skip
    assert shown["spirit", "churn"].assumed
    assert shown["spirit", "churn"].delay == "next quarter"
    assert not any(link.back for link in shown.values())
    assert sum(link.assumed for link in shown.values()) == 1


SEATS = """
outcome: rev
metrics:
  seats: {value: 10 seats}
  per: {value: 3 users/seat}
  users: {start: seats * per, formula: prev(users) * (1 + 0 * per), unit: users}
  price: {value: $2/user/month}
  rev: {formula: users * price, kind: financial}
"""


def test_what_only_decides_a_start_has_an_edge():
    shown = links(it.loads(SEATS).diagram())
    assert shown["seats", "users"].delay == "at the start"
    assert not shown["seats", "users"].back
    assert shown["per", "users"].delay == ""
    assert it.loads(SEATS).graph.edges["seats", "users"]["timing"] == "start"


def test_a_loop_has_a_return_edge():
    tree = it.loads(
        "outcome: customers\nmetrics: {rate: {value: 2%/month}, referrals: {formula: prev(customers) * rate},"
        " customers: {start: 9 customers, formula: prev(customers) + referrals}}"
    )
    shown = links(tree.diagram())
    assert {pair for pair, link in shown.items() if link.back} == {("customers", "referrals")}
    assert not shown["referrals", "customers"].back


def test_elasticities_on_arrows_of_a_tree_without_time():
    shown = {pair: link.elasticity for pair, link in links(it.loads(SHOP).diagram()).items()}
    month = shop()
    assert shown == pytest.approx(
        {
            ("speed", "conversion"): 0.0002 * 80 / 0.02,
            ("speed", "basket"): 0.1 * 80 / 40,
            ("visits", "orders"): 1,
            ("conversion", "orders"): 1,
            ("orders", "revenue"): 1,
            ("basket", "revenue"): 1,
            ("revenue", "profit"): month["revenue"] * 0.3 / month["profit"],
            ("margin", "profit"): month["revenue"] * 0.3 / month["profit"],
            ("fixed", "profit"): -month["fixed"] / month["profit"],
            ("profit", "profit_share"): 1,
            ("revenue", "profit_share"): -1,
        }
    )


def test_a_lift_shows_the_horizon_and_what_moves():
    tree = it.loads(CLUB)
    picture = tree.diagram(lift=("spirit", "+5pp"))
    base, lifted = over(club()), over(club(spirit=0.45))
    shown = cards(picture)
    for name, card in shown.items():
        moves = not math.isclose(base[name], lifted[name], rel_tol=1e-12)
        assert bool(card.change) == moves
    assert shown["spirit"].change == "+12.5%"
    assert (shown["fees"].value, shown["fees"].unit) == ("€2.97M", "in 6 quarters")
    assert shown["churn"].tone == "favourable"
    assert shown["fees"].tone == "favourable"
    assert shown["staff"].tone == "neutral"


def test_money_on_edges_is_that_of_the_worth():
    tree = it.loads(CLUB)
    worth = tree.worth("spirit", "+5pp")
    picture = tree.diagram(lift=("spirit", "+5pp"))
    carried = {pair: link.money for pair, link in links(picture).items() if link.money}
    expected: dict = {}
    for edge in worth.edges:
        if edge.source != edge.target:
            expected[edge.source, edge.target] = expected.get((edge.source, edge.target), 0.0) + edge.amount
    assert carried == pytest.approx(expected)
    assert picture.view().path == worth.paths[0].metrics
    assert picture.view().callout.amount == "+€69.5k"
    assert picture.view().callout.head == "First 6 quarters"
    assert picture.view().lifted == "spirit"


def test_the_headline_and_what_stands_below():
    view = it.loads(CLUB).diagram(lift=("spirit", "+5pp")).view()
    assert view.title == "+5pp Team spirit adds €69.5k result in the first 6 quarters"
    (check,) = it.loads(CLUB).check_guardrails({"spirit": "+5pp"}).checks
    assert view.subtitle == f"100% through lower churn; {check.text}"
    board = it.loads(CLUB).diagram(lift=("spirit", "+5pp"), cut="board").view()
    assert board.title == "+5pp Team spirit (40.0% → 45.0%, +5pp) adds €69.5k result in the first 6 quarters"
    assert board.notes[0].startswith(
        "Basis: accrual, pre-tax, undiscounted, before the cost of achieving it; lift held"
    )


def test_a_broken_guardrail_is_broken_on_its_card_and_in_the_subtitle():
    plain = it.loads(CLUB).diagram()
    assert cards(plain)["reserve"].breached
    lifted = it.loads(CLUB).diagram(lift=("fee", "-€1"))
    assert cards(lifted)["reserve"].breached
    assert "; Reserve €5.26k in quarter 6, floor €95k: BREACHED from quarter 2" in lifted.view().subtitle
    held = it.loads(CLUB).diagram(lift=("fee", "+€1"))
    assert not cards(held)["reserve"].breached
    several = SHOP.replace("{min: 15%, max: 40%}", "{min: 20%}").replace(
        "value: $40/order", "value: $40/order\n    guardrail: {min: $50/order}"
    )
    subtitle = it.loads(several).diagram(lift=("visits", "+1%")).view().subtitle
    assert "; Basket $40, floor $50: BREACHED in every month" in subtitle
    assert "; Profit share 16.2%, floor 20.0%: BREACHED in every month" in subtitle


def test_a_picture_under_a_cost_shows_the_net_and_payback_of_the_worth():
    tree = it.loads(SHOP)
    worth = tree.worth("conversion", "+1%", cost="$2k")
    assert [stage.pays for stage in worth.pays.stages] == [True] * 3
    costly = tree.worth("conversion", "+1%", cost="$5k")
    assert [stage.pays for stage in costly.pays.stages] == [False, True, True]
    for cost, answer in (("$2k", worth), ("$5k", costly)):
        for cut in ("full", "board"):
            drawn = tree.diagram(("conversion", "+1%"), cut=cut, cost=cost).view()
            assert drawn.title.endswith(answer.title.partition(") for ")[2])
            assert drawn.callout.head == "First 12 months, before cost"
            shown = [answer.words.signed("profit", stage.net) for stage in answer.pays.stages]
            note = next(note for note in drawn.notes if note.startswith(f"Net of {cost}: "))
            assert note.startswith(
                f"Net of {cost}: {shown[0]} after 12 months, {shown[1]} after 24, {shown[2]} after 36"
            )
            assert f"paid back in month {answer.payback}" in note
        net = drawn.panels[-1]
        assert (net.head, net.body) == (f"Net of {cost} after 12 months", shown[0])
        assert net.detail.endswith(f"; paid back in month {answer.payback}")
    with pytest.raises(QuestionError, match="a cost is that of a lift"):
        tree.diagram(cost="$1k")


def test_the_board_says_what_it_saves():
    panels = it.loads(COST).diagram(lift=("self_service", "+1pp"), cut="board").view().panels
    assert (panels[0].head, panels[0].body) == ("Saves, first 4 quarters", "€3.84k")
    assert "run rate saves €3.84k a year" in panels[0].detail
    worse = it.loads(COST).diagram(lift=("self_service", "-1pp"), cut="board").view().panels
    assert (worse[0].head, worse[0].body) == ("Costs, first 4 quarters", "€3.84k")
    adds = it.loads(SHOP).diagram(lift=("speed", "+1 points"), cut="board").view().panels
    assert (adds[0].head, adds[0].body) == ("Worth, first 12 months", "+$3.25k")
    assert (adds[1].body, adds[1].detail) == ("80% experiment", "20% judgement; inputs carry no date")
    assert [panel.head for panel in adds[2:]] == ["Guardrails", "The ask"]


def test_nobody_is_asked_to_fund_what_is_adverse():
    for text, metric, worse, better in ((CLUB, "fee", "-€1", "+€1"), (COST, "self_service", "-1pp", "+1pp")):
        tree = it.loads(text)
        heads = [[panel.head for panel in tree.diagram(lift=(metric, change), cut="board").view().panels]
                 for change in (worse, better)]  # fmt: skip
        assert "The ask" not in heads[0]
        assert "The ask" in heads[1]


def test_footnotes_explain_only_what_appears():
    tree = it.loads("outcome: b\nmetrics: {a: {value: 0}, b: {formula: a + 1}}")
    assert not any("Figures" in note for note in tree.diagram().view().notes)
    full, board = (
        it.template("saas").diagram(lift=("general_and_administrative", "-1%"), cut=cut).view()
        for cut in ("full", "board")
    )
    assert any("elasticity" in note and "amount carried" in note for note in full.notes)
    assert any("amount carried" in note and "elasticity" not in note for note in board.notes)
    assert not any("Below the path" in note for note in (*full.notes, *board.notes))
    joined = it.template("saas").diagram(lift=("engagement", "+1%"), cut="board").view()
    assert any("Below the path" in note for note in joined.notes)


def amount(text):
    sign, number, letter = re.fullmatch(r"([-−+]?)\D*([\d.]+)([kMB]?)", text).groups()
    return (-1 if sign in "-−" and sign else 1) * float(number) * {"": 1, "k": 1e3, "M": 1e6, "B": 1e9}[letter]


@pytest.mark.parametrize(
    ("name", "lift"),
    [("saas", ("engagement", "+1%")), ("saas", ("arpu", "+$1")), ("duolingo", ("engagement", "+1pp"))],
)
def test_what_is_written_on_a_board_foots(name, lift):
    tree = it.template(name)
    view = tree.diagram(lift=lift, cut="board").view()
    shown = board(view).diagram
    labels = {(link.source, link.target): link.money_text for link in shown.links}
    level = amount(view.callout.amount)
    for first, last in pairwise(shown.path):
        level += beside(view, first)
        assert level == pytest.approx(amount(labels[first, last])), (first, last)
    assert level + beside(view, shown.path[-1]) == pytest.approx(amount(view.callout.amount))


@pytest.mark.parametrize(
    ("name", "lift"),
    [("saas", ("engagement", "+1%")), ("saas", ("arpu", "+$1")), ("duolingo", ("engagement", "+1pp"))],
)
def test_what_stands_on_a_board_has_its_own_room(name, lift):
    scene = layout(it.template(name).diagram(lift=lift, cut="board").view())
    assert hard(scene) == []
    for panel in groups(scene, "panel"):
        left, top, right, bottom = frame(panel)
        for shape in panel.shapes:
            if isinstance(shape, Text):
                assert left < shape.x < right
                assert top < shape.y < bottom - 0.08


def beside(view, card):
    """Add up what joins a card, less what leaves it, as it is written."""
    return math.fsum(amount(one.text) * (1 if one.joins else -1) for one in view.asides if one.at == card)


def test_what_leaves_the_path_is_the_root_of_what_joins_it_again():
    view = it.template("saas").diagram(lift=("engagement", "+5%"), cut="board").view()
    nps = next(one for one in view.asides if one.card.id == "nps" and not one.joins)
    again = [one for one in view.asides if one.joins and one.root == "nps"]
    assert nps.at == "engagement"
    assert {one.at for one in again} == {"churn", "customers"}
    assert amount(nps.text) == pytest.approx(sum(amount(one.text) for one in again))


@pytest.mark.slow
@examples(40)
@given(st.one_of(trees(), trees(kinks=True)), st.data())
def test_flows_into_each_card_add_up_to_what_leaves_it(sketch: Sketch, data: st.DataObject) -> None:
    tree = sketch.tree()
    drawn = data.draw(changes(sketch, [name for name in sketch.metrics if name != sketch.outcome]))
    assume(can_be_asked(sketch, drawn, tree.values()))
    ((metric, given_changes),) = asked(drawn).items()
    view = tree.diagram(lift=(metric, given_changes), cut="board").view()
    worth = tree.worth(metric, given_changes, range=False)
    total = worth.total
    size = math.fsum(abs(link.money) for link in view.links) + abs(total) + abs(worth.before)
    into, out = dict.fromkeys((card.id for card in view.cards), 0.0), dict.fromkeys((c.id for c in view.cards), 0.0)
    for link in view.links:
        out[link.source] += link.money
        into[link.target] += link.money
    into[view.lifted] += total
    out[view.outcome] += total
    for card in view.cards:
        assert into[card.id] == pytest.approx(out[card.id], abs=1e-6 * size), card.id
    shown = board(view).diagram
    arrows = {(link.source, link.target): link.money for link in shown.links}
    asides = dict.fromkeys(shown.path, 0.0)
    for one in view.asides:
        asides[one.at] += one.amount if one.joins else -one.amount
    level = total
    for first, last in pairwise(shown.path):
        level += asides[first]
        assert level == pytest.approx(arrows.get((first, last), 0.0), abs=1e-2 * size)
    assert level + asides[shown.path[-1]] == pytest.approx(total, abs=1e-2 * size)


def test_typed_changes_can_be_drawn():
    tree = it.loads(CLUB)
    for change in (it.to(0.45), it.add(0.05), it.points(5)):
        assert tree.diagram(lift=("spirit", change)).view().callout.amount == "+€69.5k"


def test_warnings_and_template_values_are_noted():
    one = SHOP.replace("kind: product}", "kind: product, placeholder: true}", 1)
    drawn = it.loads(one).diagram(lift=("speed", "+10 points")).view()
    notes = drawn.notes
    assert drawn.title.startswith("Illustrative: +10 points Page speed adds")
    assert it.loads(one).diagram(cut="board").view().title == "Illustrative: Shop"
    assert "1 of 8 inputs is a template value." in notes
    assert any(note.startswith("Note: extrapolated: Page speed at 90 points") for note in notes)


def test_one_metric_alone():
    view = it.loads("metrics: {revenue: {value: $10k/month, kind: financial}}").diagram().view()
    assert view.subtitle == "What drives Revenue: 1 metric, values today"


def test_rows_are_the_edges():
    rows = it.loads(CLUB).diagram(lift=("spirit", "+5pp")).to_dicts()
    row = next(row for row in rows if row["target"] == "churn")
    assert row["source"] == "spirit"
    assert row["delay"] == "next quarter"
    assert row["amount"] == pytest.approx(over(club(spirit=0.45))["result"] - over(club())["result"])


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"cut": "half"}, "cut is 'half'; use 'full' or 'board'"),
        ({"size": 3}, "size is 3; use 'slide' or 'poster'"),
        ({"lift": "spirit"}, "lift is a pair of a metric and its change, as"),
        ({"lift": ("spirit",)}, "lift is a pair of a metric and its change, as"),
        ({"on": "nothing"}, "there is no metric 'nothing'"),
    ],
)
def test_questions_that_cannot_be_drawn(keys, message):
    with pytest.raises(QuestionError, match=message):
        it.loads(CLUB).diagram(**keys)


@pytest.mark.slow
@examples(25)
@given(st.one_of(trees(), trees(kinks=True)), st.data())
def test_money_adds_up_at_the_outcome_and_leaves_the_lifted_metric(sketch: Sketch, data: st.DataObject) -> None:
    tree = sketch.tree()
    drawn = data.draw(changes(sketch, [name for name in sketch.metrics if name != sketch.outcome]))
    assume(can_be_asked(sketch, drawn, tree.values()))
    ((metric, given_changes),) = asked(drawn).items()
    worth = tree.worth(metric, given_changes)
    picture = tree.diagram(lift=(metric, given_changes))
    money = [link for link in picture.view().links if link.money]
    into = math.fsum(link.money for link in money if link.target == sketch.outcome)
    back = math.fsum(link.money for link in money if link.source == sketch.outcome)
    sizes = [link.money for link in money]
    assert near(into - back, worth.total, *sizes, worth.before, tolerance=1e-6)


def test_no_picture_of_what_has_no_value():
    tree = it.loads("outcome: b\nmetrics: {a: {value: 1}, b: {formula: 1 / a}}")
    with pytest.raises(ImpactTreeError, match="b"):
        tree.diagram(lift=("a", "=0"))
