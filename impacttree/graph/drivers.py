"""Assumed effects, in whatever form they are stated -> one expression per metric, and each effect in words.

The forms, and the rule by which they combine, stand in `impacttree.spec.forms`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from impacttree.errors import ChangeError, QuantityError, nearest
from impacttree.formula.ast import Binary, Expr, Parameter
from impacttree.graph.central_values import evaluate
from impacttree.graph.model import Influence
from impacttree.quantity import effect_misfit
from impacttree.spec import Driver, Evidence, EvidenceDefaults
from impacttree.spec.forms import Effect, Pair, RefusedError, Side, ValuelessError

__all__ = ["Drive", "RefusedError", "Side", "ValuelessError", "combine", "drive_of"]


class Drive(NamedTuple):
    """One driver, checked: how it joins the rule, and how outputs name it."""

    joins: Literal["+", "*"]
    term: Expr
    influence: Influence


def combine(value: Parameter, effects: Iterable[Drive]) -> Expr:
    """Return the rule of a metric: its stated value, plus what is added, times what multiplies.

    Examples
    --------
    >>> from impacttree.formula import unparse
    >>> unparse(combine(Parameter("churn.value", 0.025), ()))
    '0.025'
    """
    listed = tuple(effects)
    rule: Expr = value
    for joins in ("+", "*"):
        for effect in listed:
            if effect.joins == joins:
                rule = Binary(joins, rule, effect.term)
    return rule


def drive_of(driver: Driver, source: Side, target: Side, currency: str, defaults: EvidenceDefaults) -> Drive:
    """Turn one driver of `target` into its term of the rule.

    Parameters
    ----------
    driver
        As stated.
    source, target
        The driving metric and the one that holds the driver, with today's values.
    currency
        What ``$`` means.
    defaults
        How much of a correlation counts.

    Raises
    ------
    RefusedError
        If the driver does not fit the two metrics.
    ValuelessError
        If it needs today's value of the driving metric, and there is none.

    Examples
    --------
    >>> from impacttree.quantity import Unit
    >>> engagement = Side("engagement", "Weekly engagement", Unit.parse("%"), 0.42)
    >>> churn = Side("churn", "Monthly churn", Unit.parse("%/month"), 0.025)
    >>> driver = Driver("engagement", when="+10% relative", then="-0.3pp")
    >>> influence = drive_of(driver, engagement, churn, "USD", EvidenceDefaults()).influence
    >>> influence.words
    '-0.0714pp of Monthly churn per +1pp of Weekly engagement, from 42.0%'
    >>> [(address, round(value, 4)) for address, value in influence.parameters]
    [('churn.engagement.slope', -0.0714)]
    """
    evidence = _evidence(driver)
    counted = defaults.counted(evidence.grade)
    observed = _observed(driver, source)
    _check_randomised(evidence, source)
    name = driver.form.name
    try:
        effect = driver.form.effect(
            Pair(name, source, target, currency, driver.lag, driver.spread, counted), *driver.stated
        )
    except (ChangeError, QuantityError) as error:
        problem = error.problems[0]
        raise RefusedError(name, problem.reason, problem.fix) from None
    _check_divisor(effect, name, source, currency)
    influence = Influence(
        source=source.name,
        form=effect.curve,
        words=effect.words,
        parameters=effect.parameters,
        lag=driver.lag,
        evidence=evidence,
        observed=observed,
        spread=effect.spread,
        counted=counted,
        placeholder=driver.placeholder,
    )
    return Drive(effect.joins, effect.term, influence)


def _evidence(driver: Driver) -> Evidence:
    """Return the evidence of a driver: a ratio of two measured effects is not an experiment on what it divides by."""
    evidence = driver.evidence
    stated = evidence.grade if "grade" in evidence.stated_keys() else None
    grade = driver.form.grade(stated)
    return evidence if grade == evidence.grade else evidence.with_keys(grade=grade)


def _observed(driver: Driver, source: Side) -> tuple[float, float] | None:
    """Return where the effect was seen: what is stated, and of points no further than they reach."""
    stated, points = None, driver.points
    if driver.observed is not None:
        wrong = effect_misfit(driver.observed.unit, source.unit)
        if wrong is not None:
            raise RefusedError("observed", *wrong)
        stated = driver.observed.low_high()
    ends = (points[0][0].central(), points[-1][0].central()) if points else None
    if stated is None or ends is None:
        return stated or ends
    both = max(stated[0], ends[0]), min(stated[1], ends[1])
    return both if both[0] < both[1] else ends


def _check_randomised(evidence: Evidence, source: Side) -> None:
    randomised, name = evidence.randomised, source.name
    if evidence.grade == "experiment" and randomised is not None and randomised != name:
        reason = f"the experiment randomised '{randomised}'{nearest(randomised, [name])}, not '{name}'"
        fix = f"state its effect on both as a `treatment`, or grade what '{name}' does as quasi_experiment"
        raise RefusedError("evidence.randomised", f"{reason}: the effect is of something else", fix)


def _check_divisor(effect: Effect, form: str, source: Side, currency: str) -> None:
    """Refuse a curve that is not above zero today, since its ratio to today is what counts."""
    if effect.divisor is None:
        return
    if source.value is None:
        raise ValuelessError
    today = evaluate(effect.divisor, {source.name: source.value}.get)
    if today is None or today <= 0:
        reason = f"the curve is not above zero at today's {source.shown(source.value, currency)}"
        raise RefusedError(form, reason, "correct its parameters, or give `points`")
