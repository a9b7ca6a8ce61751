"""What the page draws against the library: the same points, curves and correlations, hence the same ranges."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

import impacttree as it
from impacttree import ImpactTree, loads
from impacttree.answers.asked import Basis
from impacttree.answers.case import Case
from impacttree.answers.net_over_time import returns
from impacttree.engine.distributions import Discrete, ProbabilityDistribution, distribution_of
from impacttree.engine.horizon import HORIZONS, discounted
from impacttree.engine.model import Model
from impacttree.engine.sampling import Sampler
from impacttree.engine.vector import evaluate_many
from impacttree.errors import QuestionError
from impacttree.export.draws import curve, draws_data
from impacttree.export.page import page_data
from impacttree.export.script import model_data, script
from impacttree.quantity import Intervention, parse_quantity
from tests.export.javascript import in_node, told
from tests.notebook.test_told import financed
from tests.strategies import Sketch, changes, timed, trees, with_series

pytestmark = pytest.mark.slow

SAMPLES = 1024
ENGINE = ("beta.js", "model.js", "lift.js", "words.js", "state.js", "samples.js", "cautions.js", "answers.js")
CURVES = {
    "$30": ["$30 ($25 to $36)", "$25 to $36", "$30 ($29 to $60)", "$30 ($5 to $31)", "-$30 (-$36 to -$20)"],
    "5%": [
        "5% (3% to 9%)",
        "50% (20% to 95%)",
        {"value": "5%", "ci95": "3% to 7%"},
        {"beta": {"alpha": 2, "beta": 30}},
    ],
    "beta": [{"beta": {"alpha": 0.4, "beta": 0.7}}, {"beta": {"alpha": 4000, "beta": 90}}],
    "4": ["4 (-3 to 9)", {"uniform": "2 to 5"}, {"triangular": {"low": 1, "mode": 2, "high": 7}}],
    "outcomes": [{"normal": {"mean": 3, "sd": 2}}, {"lognormal": {"mean": 3, "sd": 2}}],
}


def _told(values: Any) -> list[float]:
    return [math.nan if value is None else value for value in values]


def test_shares_and_curves_are_those_of_the_library(tmp_path: Path) -> None:
    bounds = {"5%": (0.0, 1.0), "beta": (0.0, 1.0)}
    known: list[ProbabilityDistribution] = [
        (distribution_of(parse_quantity(raw), bounds.get(key), cut=cut))
        for key, raws in CURVES.items()
        for raw in raws
        for cut in (0.0, 0.01)
    ]
    known.append(Discrete((0.0, 7.0, 100.0), (0.5, 0.2, 0.3)))
    shares = [1e-9, 0.001, 0.02, 0.1, 0.31, 0.5, 0.75, 0.9, 0.999, 1 - 1e-9]
    code = script(ENGINE) + "function answer({curve, shares}) { return shares.map((share) => valueAt(curve, share)); }"
    answers = in_node(code, [{"curve": curve(one), "shares": shares} for one in known], tmp_path)
    for one, answer in zip(known, answers, strict=True):
        assert_allclose(answer, one.quantile(np.array(shares)), rtol=1e-11, atol=1e-300, err_msg=str(one))


def test_normal_and_beta_shares_are_exact(tmp_path: Path) -> None:
    from scipy.special import betainc, ndtr, ndtri

    scores = [-12.0, -5.0, -3.01, -2.99, -1.0, -1e-9, 0.0, 0.3, 2.99, 3.01, 6.0]
    shares = [1e-300, 1e-30, 1e-6, 0.07, 0.075, 0.3, 0.5, 0.9, 0.93, 1 - 1e-12]
    betas = [(a, b, x) for a, b in ((0.5, 0.5), (2.0, 30.0), (700.0, 40.0)) for x in (0.0, 1e-6, 0.06, 0.5, 0.95, 1.0)]
    code = script(ENGINE) + (
        "function answer({scores, shares, betas}) { return [scores.map(normalShare), shares.map(normalQuantile),"
        " betas.map((one) => betaShare(...one))]; }"
    )
    ((below, quantiles, found),) = in_node(code, [{"scores": scores, "shares": shares, "betas": betas}], tmp_path)
    assert_allclose(below, ndtr(scores), rtol=1e-13)
    assert_allclose(quantiles, ndtri(shares), rtol=1e-13, atol=1e-15)
    assert_allclose(found, [betainc(*one) for one in betas], rtol=1e-10, atol=1e-300)


CORRELATED = """
correlations: [[a.value, b.value, 0.7], [a.value, c.value, -0.4]]
metrics:
  a: {value: 10 (8 to 13)}
  b: {value: 20 (15 to 22)}
  c: {value: 5 (4 to 7)}
  d: {value: {beta: [2, 30]}}
  all: {formula: a * b - c + d}
"""


def test_draws_are_those_of_the_library(tmp_path: Path) -> None:
    model = Model(loads(CORRELATED)._graph)
    sampler = Sampler(model)
    addresses = [one.address for one in sampler.inputs]
    data = draws_data(sampler, addresses, 512)
    assert data["count"] == 512
    code = script(ENGINE) + (
        "function answer(data) { const one = new Draws(data);"
        " return [0, 256].map((first) => one.take(first, 256).map((column) => Array.from(column))); }"
    )
    ((first, second),) = in_node(code, [data], tmp_path)
    draws = sampler.draw(0, 512)
    for place, one in enumerate(data["inputs"]):
        assert_allclose(first[place] + second[place], draws[one["address"]], rtol=1e-11)


def test_points_that_are_no_net_are_not_drawn() -> None:
    tree = ImpactTree(
        metrics={
            **{f"m{n}": {"value": f"{n + 5} ({n + 4} to {n + 7})"} for n in range(170)},
            "all": {"formula": " + ".join(f"m{n}" for n in range(170))},
        },
        outcome="all",
    )
    assert page_data(tree._subject)["draws"]["count"] == 0


# -- the tree in columns ----------------------------------------------------------------------------------------------

WIDE = """
function answer({model: data, periods, changes, slot, drawn}) {
  const model = new Model(data), wide = new Columns(model, [slot], 8);
  const column = (shift) => Array.isArray(shift) ? Float64Array.from(shift) : shift;
  const columns = (change) => ({...change, shift: column(change.shift), before: change.before?.map(columns)});
  const given = new Map(changes.map(([at, change]) => [at, columns(change)]));
  const run = wide.run(periods, drawn.map(([at, column]) => [at, Float64Array.from(column)]), given);
  const shown = (row) => Array.from(row, (x) => (Number.isFinite(x) ? x : null));
  return { path: run.rows.map((row) => shown(row[slot])), total: shown(wide.over(run, periods)[slot]) };
}
"""


@st.composite
def _asked(draw: Any) -> tuple[Sketch, dict[str, Intervention], str, list[float], list[float], bool]:
    sketch = draw(trees(kinks=draw(st.booleans()), jumps=draw(st.booleans())))
    if draw(st.booleans()):
        sketch = draw(with_series(sketch))
    factors = st.lists(st.floats(0.7, 1.3), min_size=8, max_size=8)
    drawn = {name: draw(timed(change, sketch.horizon)) for name, change in draw(changes(sketch)).items()}
    on = draw(st.sampled_from(list(sketch.metrics)))
    return sketch, drawn, on, draw(factors), draw(factors), draw(st.booleans())


def _columns(count: int) -> list[tuple[dict[str, Any], Any]]:
    found: list[tuple[dict[str, Any], Any]] = []

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(_asked())
    def collect(asked: tuple[Sketch, dict[str, Intervention], str, list[float], list[float], bool]) -> None:
        sketch, given_changes, on, factors, shifts, is_discounted = asked
        graph = loads(sketch.text)._graph
        rows = {
            graph.by_name[name]: replace(one, shift=one.shift + np.array(shifts) - 1)
            for name, one in given_changes.items()
        }
        model = Model(graph, discounted(0.12, 12, "end") if is_discounted else HORIZONS).marking().beside(rows)
        periods, slot = graph.spec.horizon_periods, graph.by_name[on]
        drawn = {
            address: np.array(factors) * value
            for place, (address, value) in enumerate(zip(model.addresses, model.parameters, strict=True))
            if place not in model.schedules
        }
        batch = evaluate_many(
            model, periods, parameters=drawn, interventions=rows, paths=[slot], totals=[slot], count=8
        )
        timings: dict[str, Any] = {}
        asked_of = {
            "changes": [(at, told(one, periods, timings)) for at, one in rows.items()],
            "model": {**model_data(model, [periods]), "timings": timings},
            "periods": periods,
            "slot": slot,
            "drawn": [(place, drawn[one].tolist()) for place, one in enumerate(model.addresses) if one in drawn],
        }
        found.append((asked_of, (batch.paths[slot], batch.totals[slot])))

    collect()
    return found


def test_columns_are_the_librarys_rows_on_random_trees(tmp_path: Path) -> None:
    questions = _columns(120)
    answers = in_node(script(ENGINE) + WIDE, [asked for asked, _ in questions], tmp_path)
    for (asked, (path, total)), answer in zip(questions, answers, strict=True):
        scale = np.nanmax(np.abs(path), initial=1.0)
        theirs = np.array([_told(row) for row in answer["path"]])
        if len(theirs) < asked["periods"]:
            theirs = np.repeat(theirs, asked["periods"], axis=0)
        assert_allclose(theirs, path[1:], rtol=1e-9, atol=1e-11 * scale)
        assert_allclose(_told(answer["total"]), total, rtol=1e-9, atol=1e-10 * scale)


# -- what is said of the whole ----------------------------------------------------------------------------------------

ASKED = """
function answer({data, asked}) {
  new State(data);
  const answers = new Answers(data);
  const changes = new Map(asked.changes), told = [];
  for (const step of answers.sampler.sample(asked, changes, (part) => told.push(part.ranges))) ;
  return { ...told[told.length - 1], told: told.length, tornado: answers.tornado(asked, changes) };
}
"""


def _page_says(
    folder: Path, subject: Any, lift: Any, cost: str | None, basis: Basis = "horizon", **asked: Any
) -> dict[str, Any]:
    data = page_data(subject, lift, cost=cost, basis=basis)
    question = {"changes": data["changes"], "horizon": data["horizons"][0], "cost": data["cost"], "need": None}
    (answer,) = in_node(script(ENGINE) + ASKED, [{"data": data, "asked": {**question, **asked}}], folder)
    return answer


@pytest.mark.parametrize(
    ("name", "lift", "cost", "basis"),
    [
        ("saas", ("engagement", "+5%"), "$250k", "horizon"),
        ("saas", ("engagement", "+2pp (1pp to 4pp)"), "$250k ($200k to $400k)", "horizon"),
        ("saas", ("churn", "-0.2pp"), None, "horizon"),
        ("internal", ("deploy_minutes", "-5 minutes/deploy"), "$100k", "horizon"),
        ("duolingo", ("engagement", "=36%"), None, "horizon"),
        ("saas", ("engagement", "+5% (2% to 9%) from 2027-04 over 3 months decay 2%/month"), "$250k", "pv"),
        ("saas", ("engagement", "+5% from 2027-04 over 3 months"), None, "run_rate"),
        ("saas", ("churn", ["=2.2%", "-0.2pp (-0.3pp to -0.1pp) from 2027-02 until 2027-12"]), "$250k", "horizon"),
        ("saas", ("engagement", "+5%"), "$50k ($30k to $90k) in month 3; $120k; $80k ($70k to $95k) in month 15", "pv"),
        (
            "internal",
            ("deploy_minutes", "-5 minutes/deploy (-6 to -3 minutes/deploy) from 4 over 2"),
            "$100k",
            "horizon",
        ),
    ],
)
def test_ranges_risks_and_payback_are_the_librarys(
    name: Any, lift: Any, cost: str | None, basis: Basis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("impacttree.export.page.sample_count", lambda *_: SAMPLES)
    tree = financed(name)
    subject, outcome = tree._subject.on_basis(basis), tree._graph[tree.outcome]
    case = Case.of(subject.marked, dict([lift]), samples=SAMPLES)
    found, answer = case.ranges(outcome), _page_says(tmp_path, subject, lift, cost, basis=basis)
    expected = found.of(outcome.name)
    assert answer["samples"] == SAMPLES
    assert answer["isAll"]
    assert answer["told"] == 1
    if expected is None or expected.is_point:
        assert answer["total"] is None
    else:
        assert_allclose(answer["total"], (expected.p10, expected.p90), rtol=1e-9)
    assert found.risks is not None
    assert answer["risks"] == list(found.risks.shares)
    assert (answer["net"] is None) == (basis == "run_rate" or answer["total"] is None)
    if answer["net"] is not None:
        longest = max(page_data(subject)["horizons"])
        net = returns(Case.of(subject.marked, dict([lift]), longest, samples=SAMPLES), outcome, cost)
        assert net.low is not None
        assert net.high is not None
        assert_allclose(answer["net"]["low"], net.low, rtol=1e-9, atol=1e-6)
        assert_allclose(answer["net"]["high"], net.high, rtol=1e-9, atol=1e-6)
        assert (answer["net"]["payback"] or [None, None]) == [net.payback_low, net.payback_high]


def test_bars_move_one_number_at_a_time(tmp_path: Path) -> None:
    tree = it.template("saas")
    model, outcome = tree._subject.model, tree._graph.by_name[tree.outcome]
    bars = _page_says(tmp_path, tree._subject, ("engagement", "+5%"), None)["tornado"]
    lift = {tree._graph.by_name["engagement"]: Intervention("wrap", 1.05)}
    inputs = {
        f"{tree._graph[one.metric].label}": one for one in Sampler(model).inputs if one.address.endswith(".value")
    }
    checked = 0
    for bar in bars:
        if bar["label"] not in inputs:
            continue
        one = inputs[bar["label"]]
        drawn = {one.address: one.distribution.quantile(np.array([0.1, 0.9]))}
        before, after = (
            evaluate_many(model, 12, parameters=drawn, interventions=given, totals=[outcome], count=2).totals[outcome]
            for given in ({}, lift)
        )
        assert_allclose(bar["worths"], after - before, rtol=1e-9)
        checked += 1
    assert checked >= 2


def test_a_cost_is_an_amount_of_an_outcome_that_adds_up() -> None:
    with pytest.raises(QuestionError, match="does not add up"):
        page_data(it.template("saas")._subject, on="ltv_to_cac", cost="3x")
