"""One tree of twenty metrics, as a model file and as numpy that somebody would write for it by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["ADDRESSES", "BLOCK", "TREE", "blocked", "by_hand"]

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
    """Return profit over twelve months; every metric is computed once, as in the file."""
    trials = x["visits.value"] * x["trial_rate.value"]
    new = trials * x["conversion.value"]
    churn = x["churn.value"] * (x["engagement.value"] / 0.42) ** x["churn.engagement.elasticity"]
    lifetime = 1 / churn
    margin = 1 - x["cost.value"] / x["arpu.value"]
    ltv = x["arpu.value"] * margin * lifetime
    cac = (x["ads.value"] + x["spend.value"]) / new
    ratio = ltv / cac
    value = new * ltv
    gross = value - x["ads.value"] - x["spend.value"]
    profit = maximum(gross - x["fixed.value"], gross * 0.5)
    assert ratio is not None
    return 12 * profit


def blocked(draws: Mapping[str, Any]) -> Any:
    """Return `by_hand` of many samples, a block at a time, so that what is worked on stays in the cache."""
    count = len(draws["visits.value"])
    profit = np.empty(count)
    for first in range(0, count, BLOCK):
        rows = slice(first, first + BLOCK)
        profit[rows] = by_hand({address: draws[address][rows] for address in ADDRESSES})
    return profit
