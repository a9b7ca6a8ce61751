"""How far a metric may move: closed forms worked out by hand, and what-ifs just before and just after."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import impacttree as it
from impacttree.errors import ImpactTreeError, QuestionError
from tests.analyses.models import COST
from tests.strategies import Sketch, examples, trees

ECONOMICS = """
horizon: 3
metrics:
  arpu: {value: $30/customer/month, plausible: $24 to $33}
  cost: {value: $6/customer/month, better: lower, plausible: $5 to $8}
  churn: {value: 2%/month, bounds: 0%/month to 100%/month, better: lower, plausible: 1.5%/month to 3%/month}
  cac: {label: CAC, value: $300/customer, better: lower}
  margin: {formula: 1 - cost / arpu, unit: "%"}
  ltv_to_cac: {label: LTV/CAC, formula: arpu * margin / churn / cac, unit: x, guardrail: {min: 3x}}
"""
"""LTV/CAC = (arpu - cost) / churn / cac = 24 / 0.02 / 300 = 4."""


def rooms(text, metric=None):
    return it.loads(text).headroom(metric).rows


def only(text, metric, direction=None):
    (room,) = [r for r in rooms(text) if r.metric == metric and direction in (None, r.direction)]
    return room


@pytest.mark.parametrize(
    ("metric", "at", "direction", "within"),
    [
        ("churn", 24 / (3 * 300), "adverse", True),
        ("cac", 24 / (3 * 0.02), "adverse", None),
        ("arpu", 6 + 3 * 0.02 * 300, "adverse", True),
        ("cost", 30 - 3 * 0.02 * 300, "adverse", False),
    ],
)
def test_unit_economics_solved_by_hand(metric, at, direction, within):
    room = only(ECONOMICS, metric)
    assert room.at == pytest.approx(at, rel=1e-10)
    assert room.change == pytest.approx(at - room.today, rel=1e-10)
    assert room.relative == pytest.approx(at / room.today - 1, rel=1e-10)
    assert (room.effect, room.guardrail, room.side, room.limit) == ("breaks", "ltv_to_cac", "floor", 3.0)
    assert (room.direction, room.within_plausible, room.period, room.held) == (direction, within, 1, "value")


def test_the_nearest_comes_first_by_plausible_moves_and_then_by_the_relative_change():
    assert [(room.metric, room.rank) for room in rooms(ECONOMICS)] == [
        ("churn", 1), ("arpu", 2), ("cost", 3), ("cac", 4),
    ]  # fmt: skip
    churn, arpu, cost, cac = rooms(ECONOMICS)
    assert churn.plausible_moves == pytest.approx((24 / 900 - 0.02) / 0.01)
    assert arpu.plausible_moves == pytest.approx(6 / 6)
    assert cost.plausible_moves == pytest.approx(6 / 2)
    assert cac.plausible_moves is None


def test_the_sentence_is_about_the_nearest():
    answer = it.loads(ECONOMICS).headroom()
    assert answer.view().title == "Churn may rise to 2.67% (+0.667pp) before LTV/CAC breaks its floor of 3.0x"
    rows = {row[0].value: [cell.text for cell in row] for row in answer.view().rows}
    assert rows["churn"] == ["Churn", "2.0%", "2.67%", "+0.667pp", "LTV/CAC floor 3.0x", "WITHIN 1.5% to 3.0%"]
    assert rows["cost"] == ["Cost", "$6", "$12", "+100%", "LTV/CAC floor 3.0x", "beyond $8"]
    assert rows["cac"][-1] == "not stated"
    tones = {row[0].value: row[-1].tone for row in answer.view().rows}
    assert tones == {"churn": "adverse", "arpu": "adverse", "cost": "neutral", "cac": "neutral"}


def test_the_saas_template():
    tree = it.template("saas")
    room = {row.metric: row for row in reversed(tree.headroom().rows)}
    new, earned = 290_000 * 0.03 * 0.18, {month: 29 * 1.002**month - 5.5 for month in (1, 4)}
    assert room["churn"].at == pytest.approx(earned[1] / 3 / (330_000 / new))
    assert room["trial_rate"].at == pytest.approx(0.03 * 330_000 / new / (12 * earned[1]))
    spent = room["sales_and_marketing"]  # of month 1, in the CAC of month 4; it brings visits with elasticity 0.35
    assert spent.at == pytest.approx(330_000 * (12 * earned[4] * new / 330_000) ** (1 / 0.65))
    assert spent.period == 4
    assert room["cost_to_serve"].at == pytest.approx(29 * 1.002 * 0.25)
    assert room["arpu"].at == pytest.approx(5.5 / 0.25 / 1.002)
    assert "research_and_development" not in room
    assert tree.headroom().rows[0].metric == "trial_rate"


@pytest.mark.parametrize("metric", [None, "x"])
def test_both_directions(metric):
    text = "metrics: {x: {value: 10}, y: {formula: x * x, guardrail: {min: 25, max: 144}}}"
    down, up = rooms(text, metric)
    assert (down.direction, down.at, down.side, up.direction, up.side) == (
        "adverse", pytest.approx(5), "floor", "favourable", "cap",
    )  # fmt: skip
    assert up.at == pytest.approx(12)
    title = it.loads(text).headroom().view().title
    assert title == "X may fall to 5 (-50%) before Y breaks its floor of 25"
    assert it.loads(text).headroom().view().rows[1][4].text == "Y cap 144, moving the better way"


def test_a_move_the_better_way_within_what_is_plausible_is_seen_first():
    text = "metrics: {x: {value: 10, plausible: 8 to 13}, y: {formula: x * x, guardrail: {min: 25, max: 144}}}"
    up, down = rooms(text)
    assert (up.direction, up.within_plausible, down.direction, down.within_plausible) == (
        "favourable", True, "adverse", False,
    )  # fmt: skip


def test_a_metric_breaks_its_own_limit():
    text = "metrics: {x: {value: 10, plausible: 5 to 20, guardrail: {max: 20}}, y: {formula: x}}"
    (room,) = rooms(text)
    assert (room.at, room.within_plausible) == (pytest.approx(20, rel=1e-10), True)
    assert it.loads(text).headroom().headline == "X may rise to 20 (+100%) before it breaks its cap of 20"


def test_bounds_end_the_search():
    text = "metrics: {x: {value: 40%, bounds: 0% to 100%}, y: {formula: 1 / x, guardrail: {max: 5, min: LOW}}}"
    (room,) = rooms(text.replace("LOW", "0.5"))
    assert (room.at, room.side, room.searched[1]) == (pytest.approx(0.2), "cap", 1.0)
    low, high = rooms(text.replace("LOW", "1.25"))
    assert (low.at, high.at) == (pytest.approx(0.2), pytest.approx(0.8))
    answer = it.loads(text.replace("max: 5, min: LOW", "min: 0.5")).headroom()
    (room,) = answer.rows
    assert (room.effect, room.at, room.until, room.searched) == ("none", None, "bounds", (0.0, 1.0))
    assert answer.view().rows[0][4].text == "Y floor 0.5: no breach within its bounds"
    assert answer.headline == "No move of a single metric breaks a guardrail, as far as was searched"


def test_without_bounds_it_says_how_far_was_searched():
    answer = it.loads("metrics: {x: {value: 10}, y: {formula: x + 1, guardrail: {min: 0.5}}}").headroom()
    assert answer.rows[0].searched == (0.0, 110.0)
    assert answer.view().rows[0][4].text == "Y floor 0.5: no breach from 0 to 110"
    (room,) = rooms("metrics: {x: {value: -10}, y: {formula: x, guardrail: {max: 5}}}")
    assert room.searched == (-110.0, 0.0)
    (room,) = rooms("metrics: {x: {value: 0, plausible: -1 to 4}, y: {formula: x, guardrail: {max: 50}}}")
    assert room.searched == (-40.0, 40.0)
    (room,) = rooms("metrics: {x: {value: 0}, y: {formula: x, guardrail: {max: 5}}}")
    assert (room.at, room.relative) == (pytest.approx(5), None)


def test_where_values_end_before_a_breach_it_says_so():
    text = "metrics: {x: {value: 10}, y: {formula: log(x - 4), guardrail: {min: -1000}}}"
    answer = it.loads(text).headroom()
    (room,) = answer.rows
    assert (room.effect, room.until, room.searched[0]) == ("none", "values", pytest.approx(4))
    assert answer.view().rows[0][4].text.endswith("no breach from 4 to 110, where values end")


def test_the_first_of_several_breaches_is_the_one():
    """|x - 10| > 2 breaks the limit until 14, where a switch restores it until 20."""
    formula = "if(x > 14, if(x > 20, 9, 0), max(x - 10, 10 - x))"
    down, up = rooms(f"metrics: {{x: {{value: 10}}, y: {{formula: '{formula}', guardrail: {{max: 2}}}}}}")
    assert (down.at, up.at) == (pytest.approx(8), pytest.approx(12))
    jump = "metrics: {x: {value: 10}, y: {formula: 'if(x > 14, 9, 0)', guardrail: {max: 2}}}"
    (room,) = rooms(jump)
    assert room.at == pytest.approx(14)


STOCK = """
horizon: 12
metrics:
  flow: {value: 2, better: lower}
  level: {start: 100, formula: prev(level) - flow, guardrail: {min: 40}}
"""


def test_a_stock_breaks_late():
    room = only(STOCK, "flow")
    assert (room.at, room.period) == (pytest.approx(5), 12)
    assert it.loads(STOCK).headroom().headline == (
        "Flow may rise to 5 (+150%) before Level breaks its floor of 40 in month 12"
    )


def test_a_lag_delays_the_breach():
    text = "horizon: 6\nmetrics: {x: {value: 10}, y: {formula: 'lag(x, 3)', guardrail: {min: 4}}}"
    room = only(text, "x")
    assert (room.at, room.period) == (pytest.approx(4), 4)


def test_a_metric_that_moves_over_time_keeps_its_course():
    """The level falls to 76 in month 12: 40/76 of it breaks the floor there."""
    answer = it.loads(STOCK).headroom("level")
    (room,) = answer.rows
    assert (room.held, room.today, room.at, room.period) == ("change", 76, pytest.approx(40), 12)
    assert room.relative == pytest.approx(40 / 76 - 1)
    assert answer.headline == "Level may fall by 47.4%, to 40 (month 12), before it breaks its floor of 40 in month 12"
    assert "changed by the same share" in str(answer)


def test_a_metric_that_crosses_zero_is_added_to():
    text = "horizon: 3\nmetrics: {s: {start: -2, formula: prev(s) + 1.5}, y: {formula: s, guardrail: {min: -4}}}"
    (room,) = rooms(text, "s")
    assert (room.change, room.period) == (pytest.approx(-3.5), 1)
    flow = text.replace("+ 1.5}", "+ 1.5, aggregate: sum}")
    (room,) = rooms(flow, "s")
    assert (room.today, room.change) == (pytest.approx(3.0), pytest.approx(-3 * 3.5))


def test_a_formula_is_moved_when_named_against_each_limit():
    text = ECONOMICS.replace('unit: "%"', 'unit: "%", guardrail: {min: 50%}')
    assert {room.metric for room in rooms(text)} == {"churn", "arpu", "cost", "cac"}
    own, other = sorted(rooms(text, "margin"), key=lambda room: room.guardrail != "margin")
    assert (own.at, other.at) == (pytest.approx(0.5), pytest.approx(3 * 0.02 * 300 / 30))
    assert [room.guardrail for room in rooms(text, "churn")] == ["ltv_to_cac"]
    assert sorted(room.at for room in rooms(text, "cost")) == pytest.approx([12, 15])


BROKEN = ECONOMICS.replace("min: 3x", "min: 4.8x")


def test_a_limit_that_is_broken_already_is_restored_the_good_way():
    answer = it.loads(BROKEN).headroom()
    by_name = {room.metric: room for room in answer.rows}
    assert {room.effect for room in answer.rows} == {"restores"}
    assert by_name["churn"].at == pytest.approx(24 / (4.8 * 300))
    assert by_name["arpu"].at == pytest.approx(6 + 4.8 * 0.02 * 300)
    assert by_name["cost"].at == pytest.approx(30 - 4.8 * 0.02 * 300)
    assert {room.direction for room in answer.rows} == {"favourable"}
    assert [column.label for column in answer.view().columns][2:5] == ["To", "Change", "Guardrail"]
    assert answer.view().rows[0][4].text == "restores LTV/CAC floor 4.8x"
    assert answer.headline.startswith("LTV/CAC breaks its floor of 4.8x already, but holds once Churn falls to 1.67%")
    assert answer.view().notes[0] == ("Broken already: LTV/CAC 4.0x, floor 4.8x: BREACHED in every month.")


def test_what_mends_stands_before_what_breaks():
    text = "metrics: {x: {value: 10}, y: {formula: 2 * x, guardrail: {min: 30}}, z: {formula: x, guardrail: {max: 40}}}"
    answer = it.loads(text + "\noutcome: z").headroom()
    assert [(room.effect, room.guardrail, round(room.at, 6)) for room in answer.rows] == [
        ("restores", "y", 15), ("breaks", "z", 40),
    ]  # fmt: skip
    assert answer.view().rows[1][4].text == "breaks Z cap 40, moving the better way"
    assert "What restores a limit comes before what breaks one." in answer.view().notes


def test_a_limit_that_nothing_mends():
    answer = it.loads("metrics: {x: {value: 1}, y: {formula: 'min(x, 2)', guardrail: {min: 3}}}").headroom()
    assert answer.rows == ()
    assert answer.headline == "No move of a single metric breaks or restores a guardrail, as far as was searched"
    assert "Broken already: Y 1, floor 3" in str(answer)


def test_assumed_effects_are_not_stretched_silently():
    text = """
    metrics:
      x: {value: 40%, bounds: 0% to 100%}
      y: {value: 10, drivers: {x: {slope: 0.5 per pp, observed: SEEN, evidence: judgement}}, guardrail: {min: 5}}
    """
    assert only(text.replace("SEEN", "35% to 45%"), "x").extrapolated
    room = only(text.replace("SEEN", "20% to 45%"), "x")
    assert (room.extrapolated, room.at) == (False, pytest.approx(0.3))
    assert not only(text.replace("SEEN", "35% to 45%"), "y").extrapolated
    assert "* extrapolated" in str(it.loads(text.replace("SEEN", "35% to 45%")).headroom())


def test_a_tree_without_guardrails_says_so():
    answer = it.loads(COST).headroom()
    assert answer.rows == ()
    assert "The tree has no guardrails." in str(answer)


def test_a_metric_that_moves_no_guarded_one():
    answer = it.template("saas").headroom("capex")
    assert (answer.rows, answer.headline) == ((), "Capex moves no guarded metric")
    with pytest.raises(QuestionError, match="no metric 'churm'"):
        it.template("saas").headroom("churm")
    lone = it.loads("metrics: {a: {start: 2, formula: prev(a), guardrail: {min: 1}}}").headroom()
    assert (lone.rows, lone.headline) == ((), "No metric with a stated value moves a guarded metric")


def test_rows_and_json():
    answer = it.loads(ECONOMICS).headroom("churn")
    (row,) = answer.to_dicts()
    assert (row["metric"], row["guardrail"], row["at"], row["rank"]) == (
        "churn", "ltv_to_cac", pytest.approx(24 / 900), 1,
    )  # fmt: skip
    data = json.loads(answer.to_json())
    assert (data["question"], data["metric"], data["broken"]) == ("headroom", "churn", [])
    assert data["headline"].startswith("Churn may rise")


# ---- any tree


def guarded_sketch(sketch: Sketch, data: st.DataObject) -> Sketch:
    """Return the sketch with a limit on one metric, near what it is."""
    name = data.draw(st.sampled_from(list(sketch.metrics)))
    span = sketch.spans[name]
    size = max(span.width, span.size / 3)
    side, sign = data.draw(st.sampled_from([("min", -1), ("max", 1)]))
    limit = (span.low if sign < 0 else span.high) + sign * size * data.draw(st.integers(-5, 12)) / 20
    keys = dict(sketch.metrics[name]) | {"guardrail": {side: repr(limit)}}
    return replace(sketch, metrics={**sketch.metrics, name: keys})


@pytest.mark.slow
@examples(60)
@given(st.one_of(trees(), trees(stepped=True), trees(kinks=True, jumps=True)), st.data())
def test_just_before_the_limit_holds_just_after_it_breaks(sketch: Sketch, data: st.DataObject) -> None:
    try:
        tree = guarded_sketch(sketch, data).tree()
    except ImpactTreeError:
        assume(False)
    lever = data.draw(st.sampled_from(list(sketch.metrics)))
    rooms = tree.headroom(data.draw(st.sampled_from([None, lever]))).rows
    for room in [room for room in rooms if room.effect != "none" and not is_at_its_limit(room)][:4]:
        as_today = room.effect == "breaks"
        before = {holds(tree, room, step * room.change) for step in (0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 1 - 1e-6)}
        after = {holds(tree, room, step * room.change) for step in (1 + 1e-9, 1 + 1e-6)}
        assert before <= {as_today, None}
        assert after & {not as_today, None}
    for room in [room for room in rooms if room.effect == "none"][:2]:
        for end in room.searched:
            assert {holds(tree, room, step * (end - room.today)) for step in (0.03, 0.3, 0.9)} <= {True, None}


def is_at_its_limit(room):
    return abs(room.change) < 1e-9 * max(1, abs(room.today))


def holds(tree, room, change):
    """Return whether the limit of a room holds with its metric moved by so much; None where the tree has no value."""
    path = tree.project()[room.metric]
    if room.held == "value":
        move = it.to(room.today + change)
    elif min(path) > 0:
        move = it.relative(change / room.today)
    else:
        move = it.add(change / (tree.spec.horizon_periods if tree[room.metric].aggregation == "sum" else 1))
    try:
        checks = tree.check_guardrails({room.metric: move}, range=False).checks
    except ImpactTreeError:
        return None
    return all(check.holds for check in checks)
