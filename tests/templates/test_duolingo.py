"""Duolingo, Q4 2024: the published figures, and the quarter written out by hand."""

from __future__ import annotations

import pytest

import impacttree as it

PUBLISHED = {  # millions, as printed; margins in percent
    "mau": 116.7,
    "dau": 40.5,
    "subscribers": 9.5,
    "subscription_revenue": 174.3,
    "other_revenue": 35.2,
    "revenue": 209.6,
}


def quarter(engagement=0.347, *, later=True):
    """Every computed metric of one quarter under a lift; `later` is any quarter after the first."""
    paid_share = 0.0814 + (0.1 * (engagement - 0.347) if later else 0.0)
    daily = 116.7e6 * engagement
    subscribers = 116.7e6 * paid_share
    subscription = subscribers * 18.353
    other = 35.22e6 * (engagement / 0.347) ** 0.4
    revenue = subscription + other
    today = 116.7e6 * 0.0814 * 18.353 + 35.22e6
    ai = 6.3e6 * engagement / 0.347
    stores = 0.251 * revenue
    gross = revenue - stores - ai
    return {
        "dau": daily,
        "paid_share": paid_share,
        "subscribers": subscribers,
        "subscription_revenue": subscription,
        "other_revenue": other,
        "revenue": revenue,
        "store_and_hosting_cost": stores,
        "ai_cost": ai,
        "cost_of_revenue": stores + ai,
        "gross_profit": gross,
        "gross_margin": gross / revenue,
        "research_and_development": 0.32 * today,
        "sales_and_marketing": 0.12 * today,
        "general_and_administrative": 0.22 * today,
        "operating_profit": gross - 0.66 * today,
    }


@pytest.fixture(scope="module")
def tree():
    return it.template("duolingo")


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_figures_come_back_within_rounding(tree, name):
    assert round(tree.values()[name] / 1e6, 1) == PUBLISHED[name]


def test_published_margin_comes_back_and_the_operating_result_is_near(tree):
    values = tree.values()
    assert round(100 * values["gross_margin"], 1) == 71.9
    assert values["operating_profit"] / values["revenue"] == pytest.approx(0.719 - 0.32 - 0.12 - 0.22, abs=0.0005)


@pytest.mark.parametrize("engagement", [0.33, 0.347, 0.347 * 1.01, 0.37])
def test_a_year_quarter_by_quarter(tree, engagement):
    quarters = tree.project(4, {"engagement": it.to(engagement)})
    for t in range(1, 5):
        expected = quarter(engagement, later=t > 1)
        found = {name: quarters[name][t] for name in expected}
        assert found == pytest.approx(expected, rel=1e-12), f"quarter {t}"


def test_ai_cost_runs_against_revenue_and_operating_cost_stays(tree):
    worth = tree.worth("engagement", "+1%")
    against = [path for path in worth.paths if "ai_cost" in path.metrics]
    assert against
    assert all(path.amount < 0 for path in against)
    assert worth.total == pytest.approx(
        sum(
            quarter(0.347 * 1.01, later=t > 1)["operating_profit"] - quarter()["operating_profit"] for t in range(1, 5)
        ),
        rel=1e-9,
    )
    fixed = {"research_and_development", "sales_and_marketing", "general_and_administrative"}
    assert not fixed & {name for path in worth.paths for name in path.metrics}


def test_everything_assumed_is_called_an_assumption(tree):
    for metric in tree.spec.metrics:
        for driver in metric.drivers:
            assert driver.evidence.grade == "judgement"
            assert "Assumption" in driver.note
        if metric.plausible is not None:
            assert "assumption" in (metric.notes or "").lower(), metric.name
