"""Three trees, as model files and as numpy that somebody would write for them by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

__all__ = ["ADDRESSES", "BLOCK", "STEPPED", "TREE", "blocked", "by_hand", "saas_by_hand", "stepped_by_hand"]

TREE = """
name: A shop of twenty metrics
horizon: 12
outcome: profit
metrics:
  visits: {value: 90k visits/month (80k visits/month to 100k visits/month)}
  trial_rate: {value: 3% (2.5% to 3.5%), bounds: 0% to 100%}
  trials: {formula: visits * trial_rate, unit: trials/month}
  conversion: {value: 18% (16% to 20%), bounds: 0% to 100%}
  new: {formula: trials * conversion, unit: customers/month}
  engagement: {value: 42% (40% to 45%), bounds: 0% to 100%}
  churn:
    value: 2.5% (2.3% to 2.8%)
    bounds: 0% to 100%
    drivers:
      engagement: {elasticity: -0.4, range: -0.6 to -0.2, evidence: experiment}
  lifetime: {formula: 1 / churn}
  arpu: {value: $29/customer ($28/customer to $30/customer)}
  cost: {value: $5.5/customer ($5/customer to $6/customer)}
  margin: {formula: 1 - cost / arpu}
  ltv: {formula: arpu * margin * lifetime}
  ads: {value: $9k/month ($8k/month to $10k/month)}
  spend: {value: $30k/month ($28k/month to $32k/month)}
  cac: {formula: (ads + spend) / new}
  ratio: {formula: ltv / cac}
  value: {formula: new * ltv, unit: USD/month}
  fixed: {value: $50k/month ($45k/month to $55k/month)}
  gross: {formula: value - ads - spend, unit: USD/month}
  profit: {formula: "max(gross - fixed, gross * 0.5)", unit: USD/month, kind: financial}
"""
ADDRESSES = (
    "visits.value", "trial_rate.value", "conversion.value", "engagement.value", "churn.value",
    "churn.engagement.elasticity", "arpu.value", "cost.value", "ads.value", "spend.value", "fixed.value",
)  # fmt: skip
BLOCK = 16_384


def by_hand(x: Mapping[str, Any], maximum: Any = np.maximum) -> Any:
    """Return profit over twelve months; what it rests on is computed once, as in the file."""
    trials = x["visits.value"] * x["trial_rate.value"]
    new = trials * x["conversion.value"]
    churn = x["churn.value"] * (x["engagement.value"] / 0.42) ** x["churn.engagement.elasticity"]
    lifetime = 1 / churn
    margin = 1 - x["cost.value"] / x["arpu.value"]
    ltv = x["arpu.value"] * margin * lifetime
    value = new * ltv
    gross = value - x["ads.value"] - x["spend.value"]
    profit = maximum(gross - x["fixed.value"], gross * 0.5)
    return 12 * profit


def blocked(draws: Mapping[str, Any], work: Callable[[Mapping[str, Any]], Any] = by_hand) -> Any:
    """Return what `work` gives for many samples, a block at a time, so that what is worked on stays in the cache."""
    count = len(next(iter(draws.values())))
    found = np.empty(count)
    for first in range(0, count, BLOCK):
        rows = slice(first, first + BLOCK)
        found[rows] = work({address: values[rows] for address, values in draws.items()})
    return found


def saas_by_hand(x: Mapping[str, Any], periods: int = 12) -> Any:
    """Return the profit of the template ``saas`` over so many months; what stays the same is computed once."""
    engagement, arpu = x["engagement.value"], x["arpu.value"]
    effect = x["nps.engagement.slope"] * (engagement - 0.42)
    nps = x["nps.value"] + effect
    traffic = x["traffic.value"]  # what it responds to, the costs of sales, is the same in every month
    traffic = traffic * (x["sales_and_marketing.value"] / 330e3) ** x["traffic.sales_and_marketing.elasticity"]
    conversion = x["conversion.value"] * (x["activation.value"] / 0.45) ** x["conversion.activation.elasticity"]
    conversion = conversion * (arpu / 29) ** x["conversion.arpu.elasticity"]
    new = traffic * x["trial_rate.value"] * conversion
    churn = x["churn.value"] + x["churn.engagement.slope"] * (engagement - 0.42)
    churn = churn + x["churn.nps.slope"] * (nps - 38) + x["churn.arpu.slope"] * (arpu - 29)
    stays = 1 - churn + x["referral_rate.value"] + x["referral_rate.nps.slope"] * (nps - 38)
    growth = 1 + x["expansion_rate.value"] - x["contraction_rate.value"]
    costs = [x["sales_and_marketing.value"], 400e3, 185e3, 35e3]
    customers, index, total = 65_800.0, 1.0, 0.0
    for _ in range(periods):
        customers = customers * stays + new
        index = index * growth
        profit = customers * arpu * index - customers * x["cost_to_serve.value"]
        for cost in costs:
            profit = profit - cost
        total = total + profit
    return total


STEPPED = """
name: A subscription of twenty metrics
period: month
horizon: 36
outcome: profit
metrics:
  traffic: {value: 90k visits/month (80k visits/month to 100k visits/month)}
  trial_rate: {value: 3% (2.5% to 3.5%), bounds: 0% to 100%}
  conversion: {value: 18% (16% to 20%), bounds: 0% to 100%}
  referral: {value: 0.4%/month (0.3%/month to 0.5%/month), bounds: 0%/month to 100%/month}
  churn: {value: 2.5%/month (2.3%/month to 2.8%/month), bounds: 0%/month to 100%/month}
  arpu: {value: $29/customer/month ($28/customer/month to $30/customer/month)}
  cost: {value: $5.5/customer/month ($5/customer/month to $6/customer/month)}
  ads: {value: $30k/month ($28k/month to $32k/month)}
  fixed: {value: $50k/month ($45k/month to $55k/month)}
  trend: {value: 100.5% (100.2% to 100.8%)}
  index: {start: 1x, formula: prev(index) * trend, unit: x}
  trials: {formula: traffic * trial_rate * index, unit: trials/month}
  won: {formula: trials * conversion, unit: customers/month}
  referred: {formula: prev(customers) * referral, unit: customers/month}
  lost: {formula: prev(customers) * churn, unit: customers/month}
  customers: {start: 9k customers, formula: prev(customers) + won + referred - lost}
  revenue: {formula: customers * arpu, unit: USD/month}
  served: {formula: customers * cost, unit: USD/month}
  gross: {formula: revenue - served, unit: USD/month}
  profit: {formula: gross - ads - fixed, unit: USD/month, kind: financial}
"""


def stepped_by_hand(x: Mapping[str, Any], periods: int = 36) -> Any:
    """Return profit of `STEPPED` over so many months; every metric is there, and what stays the same computed once."""
    trials_at_first = x["traffic.value"] * x["trial_rate.value"]
    customers, index, total = 9_000.0, 1.0, 0.0
    for _ in range(periods):
        index = index * x["trend.value"]
        trials = trials_at_first * index
        won = trials * x["conversion.value"]
        referred = customers * x["referral.value"]
        lost = customers * x["churn.value"]
        customers = customers + won + referred - lost
        revenue = customers * x["arpu.value"]
        served = customers * x["cost.value"]
        gross = revenue - served
        profit = gross - x["ads.value"] - x["fixed.value"]
        total = total + profit
    return total
