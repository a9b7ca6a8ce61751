"""Assumed effects as they are known -> one expression per metric, and each effect in words.

The rule (DESIGN section 4), with x0 the baseline of the driving metric::

    m = (value + sum slope*(x - x0)) * prod (x/x0)**e * prod exp(k*(x - x0)) * prod S(x)/S(x0)

Of a correlation a share counts: of slope, e and k, and of S(x)/S(x0) - 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

from impacttree.errors import ChangeError, QuantityError, nearest
from impacttree.formula.ast import Binary, Call, Expr, Name, Number, Parameter
from impacttree.graph.central_values import evaluate
from impacttree.graph.model import Influence
from impacttree.graph.ratio_interval import Estimate, ratio_interval
from impacttree.quantity import (
    Add,
    Change,
    Points,
    Quantity,
    Relative,
    Slope,
    Spread,
    Unit,
    at,
    format_percent_change,
    format_signed,
    format_value,
    misfit,
    parse_change,
    parse_slope,
    parse_slope_spread,
    parse_spread,
    resolve,
)
from impacttree.quantity.spread_checks import Z_P90
from impacttree.spec import Driver, Evidence, EvidenceDefaults
from impacttree.spec.address import Address

__all__ = ["Effect", "RefusedError", "Side", "combine", "effect_of"]

Form = Literal["slope", "elasticity", "semi_elasticity", "points", "saturating", "logistic"]
Range = tuple[float, float]
Scale = Callable[[float], float]
"""From the size of a change to the number that counts."""


class Side(NamedTuple):
    """One end of an assumed effect: a metric, its unit, and its value today where it has one."""

    name: str
    label: str
    unit: Unit
    value: float | None

    def shown(self, value: float, currency: str) -> str:
        return format_value(value, self.unit, currency=currency)


class Effect(NamedTuple):
    """One driver, checked: how it joins the rule, and how outputs name it."""

    joins: Literal["+", "*"]
    term: Expr
    influence: Influence


class RefusedError(Exception):
    """A driver cannot be used: at which key, why, and what to do."""

    def __init__(self, key: str, reason: str, fix: str) -> None:
        super().__init__(key, reason, fix)
        self.key, self.reason, self.fix = key, reason, fix


class ValuelessError(Exception):
    """A driver asks for today's value of a metric that has none."""


def combine(value: Parameter, effects: Iterable[Effect]) -> Expr:
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


def effect_of(driver: Driver, source: Side, target: Side, currency: str, defaults: EvidenceDefaults) -> Effect:
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
    >>> engagement = Side("engagement", "Weekly engagement", Unit.parse("%"), 0.42)
    >>> churn = Side("churn", "Monthly churn", Unit.parse("%/month"), 0.025)
    >>> driver = Driver("engagement", when="+10% relative", then="-0.3pp")
    >>> influence = effect_of(driver, engagement, churn, "USD", EvidenceDefaults()).influence
    >>> influence.words
    '-0.0714pp of Monthly churn per +1pp of Weekly engagement, from 42.0%'
    >>> [(address, round(value, 4)) for address, value in influence.parameters]
    [('churn.engagement.slope', -0.0714)]
    """
    reading = _Reading(driver, source, target, currency, defaults)
    try:
        return reading.effect()
    except (ChangeError, QuantityError) as error:
        problem = error.problems[0]
        raise RefusedError(driver.form, problem.reason, problem.fix) from None


class _Reading:
    """One driver being turned into its effect."""

    def __init__(self, driver: Driver, source: Side, target: Side, currency: str, defaults: EvidenceDefaults) -> None:
        self.driver, self.source, self.target, self.currency = driver, source, target, currency
        self.evidence = _evidence(driver)
        self.counted = defaults.counted(self.evidence.grade)
        name = Name(source.name)
        lag = driver.lag
        self.x: Expr = Call("lag", (name, Number(float(lag), str(lag)))) if lag else name
        self.x0: Expr = Call("baseline", (name,))
        self.observed = self._observed()

    def effect(self) -> Effect:
        self._check_randomised()
        match self.driver.form:
            case "when":
                return self._when()
            case "slope":
                return self._slope()
            case "elasticity":
                return self._elasticity()
            case "semi_elasticity":
                return self._semi_elasticity()
            case "groups":
                return self._groups()
            case "treatment":
                return self._treatment()
            case "points":
                return self._points()
            case "saturating":
                return self._saturating()
            case "logistic":
                return self._logistic()

    # ---- what is known -> parameters

    def _when(self) -> Effect:
        assert self.driver.when is not None
        assert self.driver.then is not None
        when = parse_change(self.driver.when, currency=self.currency)
        then = parse_change(self.driver.then, currency=self.currency)
        form, cause, response = self._scales(when, then, ("when", "then"))
        step, amount = cause(_amount(when)), _amount(then)
        if not step:
            return self._of_form(form, math.inf, None)
        if isinstance(then, Relative):
            spread = self._spread_of_ratio(then, step)
        else:
            spread = self._scaled(self._holding(amount, self._differences()), 1.0 / step)
        return self._of_form(form, response(amount) / step, spread)

    def _scales(self, when: Change, then: Change, keys: tuple[str, str]) -> tuple[Form, Scale, Scale]:
        """Return which parameter two changes give, and the scales on which their ratio is that parameter."""
        for key, change, side in ((keys[0], when, self.source), (keys[1], then, self.target)):
            if isinstance(change, Relative) and side.value is None:
                raise ValuelessError
            try:
                resolve([change], name=side.name, unit=side.unit, base=side.value or 0.0, in_file=True)
            except ChangeError as error:
                raise RefusedError(key, error.problems[0].reason, error.problems[0].fix) from None
        if not isinstance(then, Relative):
            today = self.source.value or 0.0 if isinstance(when, Relative) else 1.0
            return "slope", lambda amount: amount * today, lambda amount: amount
        _refuse_total_loss(then, keys[1])
        if not isinstance(when, Relative):
            return "semi_elasticity", lambda amount: amount, math.log1p
        _refuse_total_loss(when, keys[0])
        return "elasticity", math.log1p, math.log1p

    def _treatment(self) -> Effect:
        treatment = self.driver.treatment
        assert treatment is not None
        on_source, on_target = treatment.effects(self.currency)
        keys = ("treatment.on_source", "treatment.on_target")
        form, cause, response = self._scales(on_source[0], on_target[0], keys)
        below, above = _estimate(*on_source, cause), _estimate(*on_target, response)
        correlation = treatment.correlation.central() if treatment.correlation else 0.0
        ends = ratio_interval(above, below, Z_P90, correlation)
        if ends is None:
            reason = (
                f"the treatment did not clearly move '{self.source.name}' ({on_source[0]}), "
                "so that the ratio of its two effects could be anything"
            )
            raise RefusedError(keys[0], reason, "measure it more closely, or state a `slope` with a wide `range`")
        what = f" of {treatment.what}" if treatment.what else ""
        note = f", ratio of two measured effects (Fieller interval){what}"
        return self._of_form(form, above.value / below.value, Spread("p10_p90", ends), note)

    def _slope(self) -> Effect:
        slope = parse_slope(self.driver.slope or "", currency=self.currency)
        self._check_slope(slope.above, slope.below)
        return self._of_form("slope", slope.value, self._spread_of_slope(slope))

    def _check_slope(self, above: Unit, below: Unit) -> None:
        """Refuse a slope whose parts do not fit the two metrics; a bare number may be a ratio of two like units."""
        own, other = self.target.unit, self.source.unit
        bare = not str(above) and not str(below)
        if bare and (own.money, own.is_share) == (other.money, other.is_share):
            return
        example = f"write e.g. {self._slope_example()}"
        for part, unit, side in ((above, own, self.target), (below, other, self.source)):
            wrong = misfit(part, unit)
            if wrong is not None:
                raise RefusedError("slope", f"{wrong[0]} ('{side.name}' is in {unit or 'plain numbers'})", example)

    def _elasticity(self) -> Effect:
        stated = self.driver.elasticity
        assert stated is not None
        elasticity = stated.central()
        spread = stated.spread
        if self.driver.range is not None:
            quantity = parse_spread(self.driver.spread, currency=self.currency)
            if quantity.unit is not None and not quantity.unit.is_pure:
                raise RefusedError("range", "an elasticity has no unit", "write plain numbers: 0.2 to 0.5")
            spread = self._holding(elasticity, quantity.spread)
        return self._of_form("elasticity", elasticity, spread)

    def _semi_elasticity(self) -> Effect:
        rate = parse_slope(self.driver.semi_elasticity or "", currency=self.currency)
        spread = self._spread_of_slope(rate)
        example = f"write e.g. -0.02 per {_step_words(self.source.unit)}"
        if not rate.above.is_pure or rate.above.display:
            raise RefusedError("semi_elasticity", f"a relative change is a plain number, not {rate.above}", example)
        wrong = misfit(rate.below, self.source.unit)
        if wrong is not None:
            name, unit = self.source.name, self.source.unit
            raise RefusedError("semi_elasticity", f"{wrong[0]} ('{name}' is in {unit or 'plain numbers'})", example)
        return self._of_form("semi_elasticity", rate.value, spread)

    def _groups(self) -> Effect:
        given = dict(self.driver.groups or ())
        unit, share = self.source.unit, self.source.value
        inside = share is None or 0 <= share <= 1
        if not unit.is_pure or unit.display not in ("", "%") or not inside:
            reason = f"`groups` needs the share of the group: '{self.source.name}' is no share"
            raise RefusedError("groups", reason, "drive it by the share (0% to 100%) of the group, or use a slope")
        numbers = {key: self._fitting(quantity, self.target, f"groups.{key}") for key, quantity in given.items()}
        slope = numbers["with"] - numbers["without"]
        return self._of_form("slope", slope, self._holding(slope, self._differences()))

    def _address(self, key: str) -> str:
        return str(Address(self.target.name, self.source.name, key))

    def _of_form(self, form: Form, stated: float, spread: Spread | None, note: str = "") -> Effect:
        """Return the effect of the three forms that have one parameter, of which a correlation counts in part."""
        address = self._address(form)
        parameter = Parameter(address, stated * self.counted)
        words = f"{self._response(form, stated)} of {self.source.label}{self._from()}{note}"
        known = ((address, parameter.value),)
        influence = self._influence(form, words, known, self._scaled(spread, self.counted))
        if form == "slope":
            return Effect("+", Binary("*", parameter, Binary("-", self.x, self.x0)), influence)
        if form == "elasticity":
            self._need_positive("an elasticity")
            return Effect("*", Binary("**", Binary("/", self.x, self.x0), parameter), influence)
        exponent = Binary("*", parameter, Binary("-", self.x, self.x0))
        return Effect("*", Call("exp", (exponent,)), influence)

    # ---- curves

    def _points(self) -> Effect:
        numbers: list[Expr] = []
        for index, (x, y) in enumerate(self.driver.points or ()):
            for quantity, side in ((x, self.source), (y, self.target)):
                value = self._fitting(quantity, side, f"points.{index}")
                numbers.append(Number(value, repr(value)))
        ends = [
            f"{self.source.shown(x.central(), self.currency)} -> {self.target.shown(y.central(), self.currency)}"
            for x, y in self.driver.points or ()
        ]
        shown = ends if len(ends) <= 6 else [*ends[:3], "…", *ends[-2:]]
        words = f"straight lines through {', '.join(shown)} ({self.source.label} -> {self.target.label}){self._from()}"
        now, then = (Call("interpolate", (x, *numbers)) for x in (self.x, self.x0))
        return Effect("+", self._part(Binary("-", now, then)), self._influence("points", words, ()))

    def _saturating(self) -> Effect:
        given = dict(self.driver.saturating or ())
        numbers = {
            "ceiling": self._fitting(given["ceiling"], self.target, "saturating.ceiling"),
            "half": self._fitting(given["half"], self.source, "saturating.half"),
            "shape": self._plain(given["shape"], "saturating.shape") if "shape" in given else 1.0,
        }
        self._need_positive("a saturating curve")
        ceiling = self.target.shown(numbers["ceiling"], self.currency)
        half = self.source.shown(numbers["half"], self.currency)
        words = (
            f"{self.target.label} rises towards {ceiling} with {self.source.label}, half of it at {half}{self._from()}"
        )
        return self._curve("saturating", "saturate", numbers, words)

    def _logistic(self) -> Effect:
        given = dict(self.driver.logistic or ())
        numbers = {
            "floor": self._fitting(given["floor"], self.target, "logistic.floor"),
            "ceiling": self._fitting(given["ceiling"], self.target, "logistic.ceiling"),
            "middle": self._fitting(given["middle"], self.source, "logistic.middle"),
            "steepness": self._plain(given["steepness"], "logistic.steepness"),
        }
        low, high = (self.target.shown(numbers[key], self.currency) for key in ("floor", "ceiling"))
        middle = self.source.shown(numbers["middle"], self.currency)
        words = (
            f"{self.target.label} follows an S-curve from {low} to {high} with {self.source.label}, "
            f"halfway at {middle}{self._from()}"
        )
        return self._curve("logistic", "logistic", numbers, words)

    def _curve(
        self, form: Literal["saturating", "logistic"], function: str, numbers: dict[str, float], words: str
    ) -> Effect:
        """Return ``S(x)/S(x0)``, of a correlation ``1 + share*(S(x)/S(x0) - 1)``; S must be above zero today."""
        parameters = tuple(Parameter(self._address(key), value) for key, value in numbers.items())
        now, then = (Call(function, (x, *parameters)) for x in (self.x, self.x0))
        if self.source.value is None:
            raise ValuelessError
        today = evaluate(then, {self.source.name: self.source.value}.get)
        if today is None or today <= 0:
            reason = f"the curve is not above zero at today's {self.source.shown(self.source.value, self.currency)}"
            raise RefusedError(form, reason, "correct its parameters, or give `points`")
        addresses = tuple((parameter.address, parameter.value) for parameter in parameters)
        term: Expr = Binary("/", now, then)
        if self.counted != 1:
            one = Number(1.0, "1")
            term = Binary("+", one, self._part(Binary("-", term, one)))
        return Effect("*", term, self._influence(form, words, addresses))

    def _part(self, response: Expr) -> Expr:
        """Return what counts of a response."""
        if self.counted == 1:
            return response
        return Binary("*", Number(self.counted, repr(self.counted)), response)

    # ---- checks

    def _check_randomised(self) -> None:
        randomised, source = self.evidence.randomised, self.source.name
        if self.evidence.grade == "experiment" and randomised is not None and randomised != source:
            reason = f"the experiment randomised '{randomised}'{nearest(randomised, [source])}, not '{source}'"
            fix = f"state its effect on both as a `treatment`, or grade what '{source}' does as quasi_experiment"
            raise RefusedError("evidence.randomised", f"{reason}: the effect is of something else", fix)

    def _need_positive(self, what: str) -> None:
        if self.source.value is None:
            raise ValuelessError
        if self.source.value <= 0:
            today = self.source.shown(self.source.value, self.currency)
            reason = f"{what} needs a driver above zero, and '{self.source.name}' is {today} today"
            key = self.driver.form if self.driver.form != "when" else "then"
            raise RefusedError(key, reason, f"use a slope: {self._slope_example()}")

    def _slope_example(self) -> str:
        own = self.target.unit
        amount = "-0.1pp" if own.is_share else f"{own.money} 2" if own.money else f"2 {own}".rstrip()
        return f"{amount} per {_step_words(self.source.unit)}"

    def _observed(self) -> Range | None:
        observed = self.driver.observed
        if observed is None:
            return None
        wrong = misfit(observed.unit, self.source.unit)
        if wrong is not None:
            raise RefusedError("observed", wrong[0], wrong[1])
        return observed.low_high()

    def _fitting(self, quantity: Quantity, side: Side, key: str) -> float:
        """Return the number of a quantity that is in the unit of one side."""
        wrong = misfit(quantity.unit, side.unit)
        if wrong is not None:
            raise RefusedError(key, f"{quantity.text}: {wrong[0]}", wrong[1])
        return quantity.central()

    def _plain(self, quantity: Quantity, key: str) -> float:
        if quantity.unit is not None and not quantity.unit.is_pure:
            raise RefusedError(key, f"{quantity.text} is not a plain number", "leave the unit out")
        return quantity.central()

    # ---- ranges

    def _spread_of_slope(self, slope: Slope) -> Spread | None:
        if self.driver.range is None:
            return slope.spread
        spread, *units = parse_slope_spread(self.driver.spread, currency=self.currency)
        if units != [slope.above, slope.below]:
            raise RefusedError("range", "the range is in other units than the effect", "write both in one unit")
        return self._holding(slope.value, spread)

    def _spread_of_ratio(self, then: Relative, growth: float) -> Spread | None:
        """Return the range of the parameter that a relative ``then`` becomes; quantiles alone go along."""
        if self.driver.range is None:
            return None
        quantity = parse_spread(self.driver.spread, currency=self.currency)
        if quantity.unit is None or quantity.unit.display != "%" or not quantity.unit.is_pure:
            raise RefusedError("range", f"the effect is relative ({then}), the range is not", "write e.g. -5% to -1%")
        spread = self._holding(then.ratio, quantity.spread)
        assert spread is not None
        if spread.is_range and spread.numbers[0] <= -1:
            raise RefusedError("range", "the range reaches a loss of all, which no curve can follow", "narrow it")
        converted = spread.through(lambda ratio: math.log1p(ratio) / growth)
        if converted is None:
            reason = f"a relative effect becomes an exponent, and {spread.kind} does not stay what it is on the way"
            raise RefusedError("range", reason, "write its quantiles: -5% to -1%, or {ci95: -6% to 0%}")
        return converted

    def _differences(self) -> Spread | None:
        """Return the stated range of differences of the driven metric; those of a share are in points."""
        if self.driver.range is None:
            return None
        quantity = parse_spread(self.driver.spread, currency=self.currency)
        wrong = misfit(quantity.unit, self.target.unit)
        if wrong is None and quantity.unit is not None and quantity.unit.display == "%":
            wrong = ("`%` could mean points or a ratio", "write differences of a share in pp: -0.5pp to -0.1pp")
        if wrong is not None:
            raise RefusedError("range", *wrong)
        return quantity.spread

    @staticmethod
    def _holding(effect: float, spread: Spread | None) -> Spread | None:
        """Return the spread, if the stated effect lies within it."""
        if spread is None:
            return None
        low, high = spread.ends()
        if not low - 1e-9 * (high - low) <= effect <= high + 1e-9 * (high - low):
            raise RefusedError(
                "range", "the effect lies outside its range", "a range is P10 to P90 and holds the effect"
            )
        if spread.kind == "p10_p50_p90" and abs(spread.numbers[1] - effect) > 1e-9 * (high - low):
            raise RefusedError("range", "the effect is not the P50 of its range", "leave p50 out, or mend one of them")
        return spread

    def _scaled(self, spread: Spread | None, factor: float) -> Spread | None:
        scaled = spread.times(factor) if spread else None
        if spread is not None and scaled is None:
            key = "range" if self.driver.range is not None else self.driver.form
            what = "a part" if spread.kind == "beta" else "the opposite"
            raise RefusedError(key, f"{what} of a {spread.kind} is none", "write its p10 and p90, or {ci95: ...}")
        return scaled

    # ---- words

    def _response(self, form: Form, value: float) -> str:
        """``-0.03pp of Monthly churn per +1pp``: the effect of a readable step."""
        if form == "elasticity":
            return f"{format_percent_change(value / 100)} of {self.target.label} per +1%"
        step = _step(self.source)
        per = f"per {format_signed(step, self.source.unit, currency=self.currency)}"
        if form == "slope":
            shown = format_signed(value * step, self.target.unit, currency=self.currency)
        else:
            shown = format_percent_change(math.expm1(min(value * step, 700.0)))
        return f"{shown} of {self.target.label} {per}"

    def _from(self) -> str:
        """Return what ends the words: the value today, and the share that counts."""
        start = "" if self.source.value is None else f", from {self.source.shown(self.source.value, self.currency)}"
        return start if self.counted == 1 else f"{start}, counted at {100 * self.counted:.4g}%"

    def _influence(
        self, form: Form, words: str, parameters: tuple[tuple[str, float], ...], spread: Spread | None = None
    ) -> Influence:
        for _, value in parameters:
            if not math.isfinite(value):
                raise RefusedError(self.driver.form, "the effect is too large for a number", "correct its numbers")
        return Influence(
            source=self.source.name,
            form=form,
            words=words,
            parameters=parameters,
            lag=self.driver.lag,
            evidence=self.evidence,
            observed=self.observed,
            spread=spread,
            counted=self.counted,
        )


def _evidence(driver: Driver) -> Evidence:
    """Return the evidence of a driver, its grade no stronger than its form can be."""
    evidence = driver.evidence
    if driver.form == "groups" and evidence.grade in ("experiment", "quasi_experiment"):
        return evidence.with_keys(grade="correlation")
    is_stated = "grade" in evidence.stated_keys()
    if driver.form == "treatment" and (evidence.grade == "experiment" or not is_stated):
        return evidence.with_keys(grade="quasi_experiment")
    return evidence


def _amount(change: object) -> float:
    """Return the size of a change: a ratio, or an amount in base units."""
    match change:
        case Relative():
            return change.ratio
        case Points():
            return change.points / 100
        case Add():
            return change.amount
    raise AssertionError(f"{change} sets a value")


def _refuse_total_loss(change: Relative, key: str) -> None:
    least = min(change.spread.numbers) if change.spread else change.ratio
    if least <= -1:
        raise RefusedError(key, f"{change} leaves nothing, which no curve can follow", "write a smaller loss")


def _estimate(change: Change, score: float, scale: Scale) -> Estimate:
    """Return a measured effect on a scale; its standard error is half its range there, by the score of its ends."""
    assert change.spread is not None
    low, *_, high = (scale(_amount(at(change, end))) for end in change.spread.numbers)
    return Estimate(scale(_amount(change)), (high - low) / 2 / score)


def _step(side: Side) -> float:
    """Return a readable step of a metric: 1pp of a share, else a power of ten well below today's value."""
    if side.unit.is_share:
        return 0.01
    size = abs(side.value or 1.0)
    exponent = math.floor(math.log10(size)) if size else 0
    return 10.0 ** (max(exponent - 1, 0) if size >= 1 else exponent - 1)


def _step_words(unit: Unit) -> str:
    if unit.is_share:
        return "pp"
    return "point" if unit.display == "points" else str(unit) or "1"
