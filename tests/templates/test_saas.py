"""Northwind CRM against plain arithmetic, month by month."""

from __future__ import annotations

import math

import pytest

import impacttree as it
from impacttree.templates import instantiate


def northwind(
    engagement=0.42,
    *,
    activation=0.45,
    arpu=29.0,
    spend=330e3,
    research=400e3,
    months=12,
    nps_moves=True,
    referrals_move=True,
):
    """Every metric of the template in months 1 to `months`, written out by hand from the definitions."""
    by_month = []
    customers, bought, nrr, grr = 65_800.0, 1.0, (0.975 * 1.002) ** 12, (0.975 * 0.996) ** 12
    mrr, deferred, price = customers * 29, 2.29e6, 29.0
    closings = [mrr]
    kept, kept_gross, spent = [0.975 * 1.002] * 12, [0.975 * 0.996] * 12, [330e3] * 3
    for month in range(1, months + 1):
        moved = (engagement - 0.42) if month > 1 else 0.0
        moved_before = (engagement - 0.42) if month > 2 else 0.0
        nps = 38 + 1.0 / 0.042 * moved
        nps_before = 38 + 1.0 / 0.042 * moved_before
        churn = 0.025 - 0.0016 / 0.042 * moved - (0.0001 * (nps_before - 38) if nps_moves else 0.0)
        churn += 0.001 / 2.9 * (arpu - 29) if month > 1 else 0.0
        referral_rate = 0.004 + (0.00005 * (nps - 38) if nps_moves and referrals_move else 0.0)
        traffic = 290e3 * ((spend / 330e3) ** 0.35 if month > 1 else 1.0)
        counted = 0.5  # of a correlation
        conversion = 0.18 * (activation / 0.45) ** (0.8 * counted) * (arpu / 29) ** -0.3
        new_customers = traffic * 0.03 * conversion

        won, stayed = new_customers + customers * referral_rate, customers - customers * churn
        bought += bought * (0.006 - 0.004)
        opening, old_price = mrr, price
        price = arpu
        new_mrr = won * price * bought
        churned = opening * churn
        remaining = opening - churned
        contraction = remaining * 0.004
        expansion = remaining * 1.002 * price / old_price - (remaining - contraction)
        customers = stayed + won
        mrr = opening + new_mrr + expansion - contraction - churned
        net_new = 12 * (new_mrr + expansion - contraction - churned)
        closings.append(mrr)
        growth = mrr / closings[month - 12] - 1 if month >= 12 else net_new / opening

        kept.append((opening + expansion - contraction - churned) / opening)
        kept_gross.append((opening - contraction - churned) / opening)
        nrr, grr = math.prod(kept[-12:]), math.prod(kept_gross[-12:])

        cogs = customers * 5.5
        gross_profit = mrr - cogs
        contribution = gross_profit - spend
        ebitda = contribution - research - 185e3
        deferred_before, deferred = deferred, mrr * 1.2
        cash = ebitda + (deferred - deferred_before) - 40e3

        before = sum(spent[-3:]) / 3
        spent.append(spend)
        lifetime = min(1 / churn, 60.0)
        ltv = gross_profit / customers * lifetime
        by_month.append(
            {
                "engagement": engagement,
                "nps": nps,
                "activation": activation,
                "traffic": traffic,
                "trial_rate": 0.03,
                "conversion": conversion,
                "new_customers": new_customers,
                "churn": churn,
                "referral_rate": referral_rate,
                "customers": customers,
                "arpu": arpu,
                "expansion_rate": 0.006,
                "contraction_rate": 0.004,
                "expansion_index": bought,
                "opening_mrr": opening,
                "new_mrr": new_mrr,
                "expansion_mrr": expansion,
                "contraction_mrr": contraction,
                "churned_mrr": churned,
                "mrr": mrr,
                "arr": 12 * mrr,
                "net_new_arr": net_new,
                "net_retention": kept[-1],
                "nrr": nrr,
                "grr": grr,
                "revenue": mrr,
                "cost_to_serve": 5.5,
                "cogs": cogs,
                "gross_profit": gross_profit,
                "sales_and_marketing": spend,
                "contribution": contribution,
                "research_and_development": research,
                "general_and_administrative": 185e3,
                "ebitda": ebitda,
                "depreciation": 35e3,
                "profit": ebitda - 35e3,
                "prepaid_months": 1.2,
                "deferred_revenue": deferred,
                "capex": 40e3,
                "free_cash_flow": cash,
                "gross_margin": gross_profit / mrr,
                "ltv": ltv,
                "cac": before / new_customers,
                "ltv_to_cac": ltv * new_customers / before,
                "cac_payback": before / new_customers * customers / gross_profit,
                "rule_of_40": growth + ebitda / mrr,
                "magic_number": net_new / before,
                "burn_multiple": -cash / net_new if cash < 0 < net_new else math.nan,
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
    assert set(projection.names) == set(by_hand[0])
    for month, expected in enumerate(by_hand, 1):
        found = {name: math.nan if projection[name][month] is None else projection[name][month] for name in expected}
        assert found == pytest.approx(expected, rel=1e-12, nan_ok=True), f"month {month}"


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


@pytest.mark.parametrize("arpu", [27.0, 29.87, 32.0])
def test_three_years_with_another_price(tree, arpu):
    assert_months_agree(tree.project(36, {"arpu": it.to(arpu)}), northwind(arpu=arpu, months=36))


def test_three_years_at_a_loss(tree):
    by_hand = northwind(research=1.2e6, months=36)
    assert all(month["burn_multiple"] > 0 for month in by_hand[:12])
    assert_months_agree(tree.project(36, {"research_and_development": it.to(1.2e6)}), by_hand)


def test_a_bet_in_cash_by_hand(tree):
    """EBITDA after 25% tax and what customers pay ahead, discounted at 12% from the middle of each month."""
    base, lifted = northwind(months=36), northwind(0.42 * 1.05, months=36)
    npv, reached, value, back = -250e3, -250e3, 0.0, None
    before = 0.0
    for month, (without, having) in enumerate(zip(base, lifted, strict=True), 1):
        profit = having["ebitda"] - without["ebitda"]
        taxed = profit - (250e3 if month == 1 else 0.0)
        ahead = having["deferred_revenue"] - without["deferred_revenue"]
        cash = profit - 0.25 * taxed + ahead - before
        before = ahead
        reached += cash
        npv += cash / 1.12 ** ((month - 0.5) / 12)
        back = month if back is None and reached >= 0 else back
        value += profit / 1.12 ** ((month - 0.5) / 12)
    answer = tree.cash_flow({"engagement": "+5%"}, cost="$250k", after_tax=True, horizon=36)
    assert answer.npv == pytest.approx(npv, rel=1e-9)
    assert math.fsum(answer.net) == pytest.approx(reached, rel=1e-9)
    assert answer.payback == back
    discounted = tree.worth("engagement", "+5%", on="ebitda", basis="pv", horizon=36, range=False)
    assert discounted.total == pytest.approx(value, rel=1e-9)
    assert "discounted EBITDA" in discounted.title  # cash alone has a present value


HIT = {"arpu": "-4%", "churn": "+1pp", "expansion_rate": "+0.2pp", "contraction_rate": "=0.6%", "trial_rate": "+10%"}


@pytest.mark.parametrize("changes", [{}, {"arpu": "+5%"}, HIT, {"engagement": "+2pp", "sales_and_marketing": "-20%"}])
def test_mrr_rolls_forward(tree, changes):
    """Closing MRR is customers at their price; opening MRR and the four movements come to the same, and so does ARR."""
    months = tree.project(36, changes)
    for t in range(1, 37):
        at = {name: months[name][t] for name in months.names}
        movement = at["new_mrr"] + at["expansion_mrr"] - at["contraction_mrr"] - at["churned_mrr"]
        assert at["opening_mrr"] == months["mrr"][t - 1]
        assert at["opening_mrr"] + movement == pytest.approx(at["mrr"], rel=1e-12)
        assert at["arr"] == pytest.approx(12 * at["mrr"], rel=1e-15)
        assert at["net_new_arr"] == pytest.approx(at["arr"] - months["arr"][t - 1], rel=1e-9)


@pytest.mark.parametrize("changes", [{}, {"arpu": "+5%"}, HIT])
def test_retention_is_that_of_the_customers_of_a_year_ago(tree, changes):
    """From month 12 on: their MRR is followed through the year, without and with what they add."""
    months = tree.project(36, changes)
    for end in (12, 24, 36):
        gross = net = months["mrr"][end - 12]
        for t in range(end - 11, end + 1):
            gross *= (1 - months["churn"][t]) * (1 - months["contraction_rate"][t])
            stayed = net * (1 - months["churn"][t])
            added = stayed * (months["expansion_rate"][t] - months["contraction_rate"][t])
            net = (stayed + added) * months["arpu"][t] / months["arpu"][t - 1]
        assert months["nrr"][end] == pytest.approx(net / months["mrr"][end - 12], rel=1e-12)
        assert months["grr"][end] == pytest.approx(gross / months["mrr"][end - 12], rel=1e-12)
    assert all(value <= 1 for value in months["grr"])


def test_a_lifetime_ends_after_five_years(tree):
    months = tree.project(12, {"churn": "=1%"})
    for t in range(1, 13):
        assert months["ltv"][t] == pytest.approx(60 * months["gross_profit"][t] / months["customers"][t], rel=1e-12)


def test_a_burn_multiple_needs_burn_and_growth(tree):
    spent = {"research_and_development": "=$1.2M"}
    shrinking = spent | {"churn": "+1.5pp"}
    assert all(value > 0 for value in tree.project(12, spent)["burn_multiple"][1:])
    for changes in ({}, shrinking):
        months = tree.project(12, changes)
        assert all(value is None for value in months["burn_multiple"][1:])
        assert "not meaningful" in str(tree.values(changes or {"engagement": "+1%"}))
    assert all(value < 0 for value in tree.project(12, shrinking)["free_cash_flow"][1:])


def test_what_worse_service_costs_is_said_to_be_left_out(tree):
    (left_out, _) = tree.worth("cost_to_serve", "-5%", range=False).not_modelled
    assert (left_out.metric, left_out.by) == ("churn", "cost_to_serve")
    assert not tree.worth("arpu", "+3%", range=False).not_modelled


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
    """The size that the documentation speaks of: about $17k in the first year, $34k a year by then."""
    assert worth.total == pytest.approx(17e3, rel=0.03)
    assert worth.run_rate == pytest.approx(34e3, rel=0.03)
    assert sum(path.share for path in worth.paths if path.metrics[1] == "churn") == pytest.approx(0.92, abs=0.005)


def test_paths_against_runs_with_an_effect_taken_out(worth):
    """A lift this small is close to linear, so what a path carries is what goes when its effect is removed."""
    whole = total(northwind(0.4242), "profit") - total(northwind(), "profit")
    direct = total(northwind(0.4242, nps_moves=False), "profit") - total(northwind(), "profit")
    no_referral = total(northwind(0.4242, referrals_move=False), "profit") - total(northwind(), "profit")
    found: dict[tuple[str, ...], float] = {}
    for path in worth.paths:
        first = path.metrics[1 : path.metrics.index("customers")] if "customers" in path.metrics else path.metrics[1:3]
        found[first] = found.get(first, 0.0) + path.amount
    assert set(found) == {("churn",), ("nps", "churn"), ("nps", "referral_rate")}
    assert found["churn",] == pytest.approx(direct, rel=0.002)
    assert found["nps", "churn"] == pytest.approx(no_referral - direct, rel=0.002)
    assert found["nps", "referral_rate"] == pytest.approx(whole - no_referral, rel=0.002)
    assert sum(found.values()) == pytest.approx(worth.total, rel=1e-9)


def test_guardrails_hold_today_and_a_downturn_breaks_the_floor(tree):
    assert all(check.holds for check in tree.check_guardrails().checks)
    downturn = tree.check_guardrails({"new_customers": "-20%", "churn": "+0.5pp", "arpu": "-3%"})
    assert {check.metric for check in downturn.checks if not check.holds} == {"ltv_to_cac"}


def test_profit_and_loss_and_cash_add_up_whatever_is_changed(tree):
    changes = {"arpu": "+5%", "cost_to_serve": "-$0.50", "churn": "+0.3pp", "traffic": "+10%"}
    months = tree.project(12, changes)
    for t in range(1, 13):
        at = {name: months[name][t] for name in months.names}
        assert at["cogs"] == pytest.approx(at["customers"] * at["cost_to_serve"], rel=1e-12)
        spent = at["cogs"] + at["sales_and_marketing"] + at["research_and_development"]
        spent += at["general_and_administrative"] + at["depreciation"]
        assert at["revenue"] - spent == pytest.approx(at["profit"], rel=1e-12)
        deferred = at["deferred_revenue"] - months["deferred_revenue"][t - 1]
        cash = at["profit"] + at["depreciation"] + deferred - at["capex"]
        assert at["free_cash_flow"] == pytest.approx(cash, rel=1e-12)


def test_each_cost_stands_between_its_subtotals(tree):
    lines = [(line.role, line.label) for line in tree.pnl({"engagement": "+5%"}).lines]
    assert lines == [
        ("+", "Revenue"),
        ("-", "COGS"),
        ("=", "Gross profit"),
        ("-", "Sales and marketing"),
        ("=", "Contribution after S&M"),
        ("-", "R&D"),
        ("-", "G&A"),
        ("=", "EBITDA"),
        ("-", "D&A"),
        ("=", "Operating profit"),
    ]


def test_a_new_file_counts_its_template_values():
    worth = it.loads(instantiate("saas")).worth("engagement", "+1%")
    assert worth.placeholders == (30, 30)
