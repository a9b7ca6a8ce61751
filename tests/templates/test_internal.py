"""The platform team against plain arithmetic."""

from __future__ import annotations

import pytest

import impacttree as it


def platform(*, minutes=24.0, paths=6.0, month=12):
    """Every computed metric of one month, written out by hand from the file."""
    later = month > 1
    adoption = 0.55 * ((paths / (paths + 4)) / (6 / 10) if later else 1.0)
    adoption_before = 0.55 * ((paths / (paths + 4)) / (6 / 10) if month > 2 else 1.0)
    counted = 0.5  # of a correlation
    failure_rate = 0.02 + counted * (0.014 - 0.027) * (adoption_before - 0.55)
    deploys_per_engineer = 15 * ((minutes / 24) ** -0.2 if later else 1.0)
    deploys = 180 * deploys_per_engineer
    deploy_hours = deploys * minutes / 60
    incidents = deploys * failure_rate
    released = 180 * 2 * adoption * 95 * 0.6
    capacity = deploy_hours * 95 + 180 * 3 * 95 + incidents * 9 * 95 - released
    cash = incidents * 650 + 38e3
    return {
        "adoption": adoption,
        "change_failure_rate": failure_rate,
        "deploys": deploys,
        "deploy_hours": deploy_hours,
        "incidents": incidents,
        "deploy_cost": deploy_hours * 95,
        "manual_cost": 180 * 3 * 95,
        "capacity_released": released,
        "incident_time_cost": incidents * 9 * 95,
        "incident_cash_cost": incidents * 650,
        "capacity_cost": capacity,
        "cash_cost": cash,
        "cost": capacity + cash,
    }


@pytest.fixture(scope="module")
def tree():
    return it.template("internal")


@pytest.mark.parametrize(
    ("changes", "by_hand"),
    [
        ({}, {}),
        ({"deploy_minutes": "=15 minutes/deploy"}, {"minutes": 15.0}),
        ({"golden_paths": "+3 paths"}, {"paths": 9.0}),
    ],
)
def test_a_year_month_by_month(tree, changes, by_hand):
    months = tree.project(12, changes or None)
    for month in range(1, 13):
        expected = platform(**by_hand, month=month)
        found = {name: months[name][month] for name in expected}
        assert found == pytest.approx(expected, rel=1e-12), f"month {month}"


def test_a_shorter_deploy_saves_capacity_not_cash(tree):
    worth = tree.worth("deploy_minutes", "-1%")
    base = [platform(month=month) for month in range(1, 13)]
    faster = [platform(minutes=24 * 0.99, month=month) for month in range(1, 13)]
    changes = {outcome.name: outcome.change for outcome in worth.outcomes}
    for name in ("cost", "cash_cost", "capacity_cost"):
        expected = sum(month[name] for month in faster) - sum(month[name] for month in base)
        assert changes[name] == pytest.approx(expected, rel=1e-9)
    assert changes["capacity_cost"] < 0 < changes["cash_cost"]
    assert " saves " in worth.title


def test_each_further_path_saves_less_than_the_one_before(tree):
    saved = [-tree.worth("golden_paths", f"+{extra} paths").total for extra in (1, 2, 3, 4)]
    steps = [b - a for a, b in zip([0.0, *saved], saved, strict=False)]
    assert steps == sorted(steps, reverse=True)
    assert steps[-1] > 0
