"""Northwind CRM against plain arithmetic, month by month."""

from __future__ import annotations

import pytest

import impacttree as it
from impacttree.templates import instantiate


def northwind(engagement=0.42, *, activation=0.45, spend=330e3, months=12, nps_moves=True, referrals_move=True):
    """Every metric of the template in months 1 to `months`, written out by hand from the file."""
    by_month = []
    customers = 65_800.0
    for month in range(1, months + 1):
        moved = (engagement - 0.42) if month > 1 else 0.0
        moved_before = (engagement - 0.42) if month > 2 else 0.0
        nps = 38 + 1.0 / 0.042 * moved
        nps_before = 38 + 1.0 / 0.042 * moved_before
        churn = 0.025 - 0.0016 / 0.042 * moved - (0.0001 * (nps_before - 38) if nps_moves else 0.0)
        referral_rate = 0.004 + (0.00005 * (nps - 38) if nps_moves and referrals_move else 0.0)
        traffic = 290e3 * ((spend / 330e3) ** 0.35 if month > 1 else 1.0)
        trials = traffic * 0.03
        counted = 0.5  # of a correlation
        new_customers = trials * 0.18 * (activation / 0.45) ** (0.8 * counted)
        referrals = customers * referral_rate
        customers = customers - customers * churn + new_customers + referrals
        revenue = customers * 29
        cogs = customers * 5.5
        contribution = revenue - cogs - spend
        margin = 1 - cogs / revenue
        by_month.append(
            {
                "engagement": engagement,
                "nps": nps,
                "churn": churn,
                "referral_rate": referral_rate,
                "traffic": traffic,
                "trials": trials,
                "new_customers": new_customers,
                "referrals": referrals,
                "customers": customers,
                "mrr": revenue,
                "revenue": revenue,
                "cogs": cogs,
                "gross_profit": revenue - cogs,
                "gross_margin": margin,
                "contribution": contribution,
                "profit": contribution - 430e3 - 190e3,
                "ltv": 29 * margin / churn,
                "cac": spend / new_customers,
                "ltv_to_cac": 29 * margin / churn / (spend / new_customers),
                "cac_payback": spend / new_customers / (29 * margin),
            }
        )
    return by_month


def total(months, metric):
    return sum(month[metric] for month in months)


@pytest.fixture(scope="module")
def tree():
    return it.template("saas")


@pytest.fixture(scope="module")
def worth(tree):
    return tree.worth("engagement", "+1%")


def assert_months_agree(projection, by_hand):
    for month, expected in enumerate(by_hand, 1):
        found = {name: projection[name][month] for name in expected}
        assert found == pytest.approx(expected, rel=1e-12), f"month {month}"


def test_three_years_without_a_change(tree):
    assert_months_agree(tree.project(36), northwind(months=36))


@pytest.mark.parametrize("engagement", [0.40, 0.4242, 0.46])
def test_three_years_with_another_engagement(tree, engagement):
    assert_months_agree(tree.project(36, {"engagement": it.to(engagement)}), northwind(engagement, months=36))


@pytest.mark.parametrize("activation", [0.43, 0.49])
def test_three_years_with_another_activation(tree, activation):
    by_hand = northwind(activation=activation, months=36)
    assert_months_agree(tree.project(36, {"activation": it.to(activation)}), by_hand)


@pytest.mark.parametrize("spend", [280e3, 400e3])
def test_three_years_with_another_marketing_budget(tree, spend):
    assert_months_agree(tree.project(36, {"sales_and_marketing": it.to(spend)}), northwind(spend=spend, months=36))


def test_worth_of_engagement(worth):
    base, lifted = northwind(months=36), northwind(0.42 * 1.01, months=36)
    gained = [after["profit"] - before["profit"] for before, after in zip(base, lifted, strict=True)]
    assert worth.by_period == pytest.approx(gained[:12], rel=1e-9)
    assert worth.total == pytest.approx(sum(gained[:12]), rel=1e-9)
    assert worth.run_rate == pytest.approx(12 * gained[11], rel=1e-9)
    assert worth.long == pytest.approx((sum(gained[:12]), sum(gained[:24]), sum(gained)), rel=1e-9)
    changes = {outcome.name: outcome.change for outcome in worth.outcomes}
    assert changes == pytest.approx(
        {
            name: total(lifted[:12], name) - total(base[:12], name)
            for name in ("revenue", "gross_profit", "contribution", "profit")
        },
        rel=1e-9,
    )


def test_the_story_that_the_template_tells(worth):
    """The size that the documentation speaks of: about $17k in the first year, $33k a year by then."""
    assert worth.total == pytest.approx(17e3, rel=0.03)
    assert worth.run_rate == pytest.approx(33e3, rel=0.03)
    assert worth.paths[0].share == pytest.approx(0.92, abs=0.005)


def test_paths_against_runs_with_an_effect_taken_out(worth):
    """A lift this small is close to linear, so what a path carries is what goes when its effect is removed."""
    whole = total(northwind(0.4242), "profit") - total(northwind(), "profit")
    direct = total(northwind(0.4242, nps_moves=False), "profit") - total(northwind(), "profit")
    no_referral = total(northwind(0.4242, referrals_move=False), "profit") - total(northwind(), "profit")
    found = {path.metrics[1:3]: path.amount for path in worth.paths}
    assert set(found) == {("churn", "customers"), ("nps", "churn"), ("nps", "referral_rate")}
    assert found["churn", "customers"] == pytest.approx(direct, rel=0.002)
    assert found["nps", "churn"] == pytest.approx(no_referral - direct, rel=0.002)
    assert found["nps", "referral_rate"] == pytest.approx(whole - no_referral, rel=0.002)
    assert sum(found.values()) == pytest.approx(worth.total, rel=1e-9)


def test_guardrails_hold_today_and_a_downturn_breaks_the_floor(tree):
    assert all(check.holds for check in tree.check_guardrails().checks)
    downturn = tree.check_guardrails({"new_customers": "-20%", "churn": "+0.5pp", "arpu": "-3%"})
    assert {check.metric for check in downturn.checks if not check.holds} == {"ltv_to_cac"}


def test_profit_and_loss_adds_up_whatever_is_changed(tree):
    changes = {"arpu": "+5%", "cost_to_serve": "-$0.50", "churn": "+0.3pp", "traffic": "+10%"}
    months = tree.project(12, changes)
    for t in range(13):
        at = {name: months[name][t] for name in months.names}
        assert at["revenue"] - at["cogs"] == pytest.approx(at["gross_profit"], rel=1e-12)
        assert at["cogs"] == pytest.approx(at["customers"] * at["cost_to_serve"], rel=1e-12)
        assert at["gross_profit"] / at["revenue"] == pytest.approx(at["gross_margin"], rel=1e-12)


def test_a_new_file_counts_its_template_values():
    worth = it.loads(instantiate("saas")).worth("engagement", "+1%")
    assert worth.placeholders == (20, 20)
