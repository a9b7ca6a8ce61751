"""The forms in which an assumed effect can be stated: one entry says all of a form.

Reading, the schema, checking, wording, computing and the documentation go over this table. `Driver` repeats of it only
the type of each key, for type checkers.

With x0 the baseline of the driving metric, the rule of a driven one is::

    m = (value + sum of what is added) * product of what multiplies

    added:       slope * (x - x0)      per_doubling * log2(x/x0)      S(x) - S(x0) of points
    multiplied:  (x/x0)**elasticity    exp(semi_elasticity * (x - x0))    S(x)/S(x0) of saturating, logistic

Of a correlation a share counts: of the one parameter, and of S(x) - S(x0) and S(x)/S(x0) - 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, NamedTuple, get_args

from impacttree.errors import ChangeError
from impacttree.formula.ast import Binary, Call, Expr, Number, Parameter
from impacttree.quantity import (
    Add,
    Change,
    Points,
    Quantity,
    Relative,
    Set,
    Spread,
    at,
    effect_misfit,
    format_percent_change,
    in_unit_of_effect,
    parse_change,
    parse_slope,
    parse_slope_spread,
    parse_spread,
    recipe,
    slope_misfit,
    spoken_unit,
)
from impacttree.quantity.ratio_interval import Estimate, ratio_interval
from impacttree.quantity.spread_checks import Z_P90
from impacttree.records import dataclass
from impacttree.spec import leaves
from impacttree.spec.base import As
from impacttree.spec.fields import as_amount, as_parameters, mistake
from impacttree.spec.forms.shared import Effect, Pair, RefusedError, ValuelessError
from impacttree.spec.leaves import Finding, wrong
from impacttree.spec.treatments import READ_TREATMENT, Treatment

__all__ = ["CURVES", "FORMS", "KEYS", "Form", "FormCurve", "FormKey", "Grade", "Parameters"]

Grade = Literal["experiment", "quasi_experiment", "correlation", "benchmark", "judgement"]
"""How an effect is known, the strongest first."""
Parameters = tuple[tuple[str, Quantity], ...]
"""Named quantities, as pairs."""
Rescaling = Callable[[float], float]
"""From the size of a change to the number that counts."""

DOUBLES = "doubles"
"""What `when` says of a driving metric that becomes twice as large."""

MAX_POINTS = 100
"""Most points of one driver's curve."""


class FormKey(NamedTuple):
    """A key of a form: how it is read, and what it means."""

    read: As
    description: str


@dataclass(frozen=True, slots=True)
class FormCurve:
    """How an effect with one parameter p joins the rule of the driven metric."""

    joins: Literal["+", "*"]
    term: Callable[[Expr, Expr, Expr], Expr]
    """From p, x and x0."""
    words: Callable[[Pair, float], str]
    """From the parameter as stated: ``-0.03pp of Monthly churn per +1pp``."""
    positive: str = ""
    """What needs a driving metric above zero; empty where any will do."""


def _nothing_wrong(*_: Any) -> Iterator[Finding]:
    return iter(())


def _no_range(_: Any) -> bool:
    return False


def _spread_alone(raw: Any, *_: Any, currency: str) -> object:
    return parse_spread(raw, currency=currency)


def _slope_spread(raw: Any, text: str, *, currency: str) -> object:
    return parse_slope_spread(raw, currency=currency, like=parse_slope(text, currency=currency, percent=True))


def _semi_elasticity_spread(raw: Any, text: str, *, currency: str) -> object:
    like = parse_slope(text, currency=currency, percent=True)
    return parse_slope_spread(raw, currency=currency, percent=True, like=like)


@dataclass(frozen=True, slots=True)
class Form:
    """One way to state how strong an effect is.

    Parameters
    ----------
    keys
        Its keys in a file, the one that names the form first.
    example
        As it stands in a file.
    effect
        From the two metrics and what the keys hold to the effect.
    curve
        How its one parameter joins the rule, where it has one of its own.
    check
        Yields what is wrong with what the keys hold, given the currency, as far as the two metrics need not be known.
    no_range
        What to do instead of stating `range`; empty where `range` may be stated.
    parse_range
        How `range` is read, given what the keys hold.
    has_range
        Whether the range is stated beside the effect itself.
    unstated
        The grade of an effect that does not state one.
    at_most
        The strongest grade of evidence that an effect in this form can have.
    """

    keys: Mapping[str, FormKey]
    example: str
    effect: Callable[..., Effect]
    curve: FormCurve | None = None
    check: Callable[..., Iterator[Finding]] = _nothing_wrong
    no_range: str = ""
    parse_range: Callable[..., Any] = _spread_alone
    has_range: Callable[[Any], bool] = _no_range
    unstated: Grade = "judgement"
    at_most: Grade = "experiment"

    @property
    def name(self) -> str:
        return next(iter(self.keys))

    def grade(self, stated: Grade | None) -> Grade:
        """Return the grade that evidence of a stated grade, or none, has in this form."""
        return max(stated or self.unstated, self.at_most, key=get_args(Grade).index)


# ---- one parameter


def _of_curve(pair: Pair, name: str, stated: float, spread: Spread | None, note: str = "") -> Effect:
    """Return the effect of one parameter, of which a correlation counts in part."""
    curve = CURVES[name]
    known = (stated, *(spread.numbers if spread is not None else ()))
    if not all(math.isfinite(number * max(1.0, pair.step())) for number in known):
        raise RefusedError(pair.form, "the effect is too large for a number", "correct its numbers")
    if curve.positive:
        pair.need_positive(curve.positive)
    parameter = Parameter(pair.address(name), stated * pair.counted)
    return Effect(
        curve=name,
        joins=curve.joins,
        term=curve.term(parameter, pair.x, pair.x0),
        words=f"{curve.words(pair, stated)} of {pair.source.label}{pair.start()}{note}",
        parameters=((parameter.address, parameter.value),),
        spread=pair.scaled(spread, pair.counted),
    )


def _relative_words(pair: Pair, value: float) -> str:
    shown = format_percent_change(math.expm1(min(value * pair.step(), 700.0)))
    return f"{shown} of {pair.target.label} {pair.per_step()}"


def _slope(pair: Pair, text: str) -> Effect:
    slope = parse_slope(text, currency=pair.currency)
    if slope.above.display == "%":
        fix = "write `pp` for points of a share; a ratio is an `elasticity` or `semi_elasticity`"
        raise RefusedError("slope", "`%` in a slope could mean points or a ratio", fix)
    wrong = slope_misfit(slope.above, slope.below, pair.target.unit, pair.source.unit)
    if wrong is not None:
        reason, unit = wrong
        side = pair.target if unit is pair.target.unit else pair.source
        where = f"'{side.name}' is in {unit or 'plain numbers'}"
        raise RefusedError("slope", f"{reason} ({where})", f"write e.g. {pair.slope_example()}")
    return _of_curve(pair, "slope", slope.value, pair.spread_of_slope(slope))


def _semi_elasticity(pair: Pair, text: str) -> Effect:
    rate = parse_slope(text, currency=pair.currency, percent=True)
    spread = pair.spread_of_slope(rate, percent=True)
    example = f"write e.g. -0.02 per {pair.step_words()}"
    if not rate.above.is_pure or rate.above.display:
        raise RefusedError("semi_elasticity", f"a relative change is a plain number, not {rate.above}", example)
    wrong = effect_misfit(rate.below, pair.source.unit)
    if wrong is not None:
        where = f"'{pair.source.name}' is in {pair.source.unit or 'plain numbers'}"
        raise RefusedError("semi_elasticity", f"{wrong[0]} ({where})", example)
    return _of_curve(pair, "semi_elasticity", rate.value, spread)


def _elasticity(pair: Pair, stated: Quantity) -> Effect:
    elasticity, spread, apart = stated.central(), stated.spread, pair.spread()
    if apart is not None:
        if apart.unit is not None and not apart.unit.is_pure:
            raise RefusedError("range", "an elasticity has no unit", "write plain numbers: 0.2 to 0.5")
        spread = pair.holding(elasticity, apart.spread)
    return _of_curve(pair, "elasticity", elasticity, spread)


def _check_elasticity(stated: Quantity, _: str) -> Iterator[Finding]:
    if not (stated.unit is None or stated.unit.is_pure):
        yield mistake("an elasticity has no unit", "write a plain number, e.g. -0.4", "elasticity")


def _per_doubling(pair: Pair, stated: Quantity) -> Effect:
    amount = pair.difference(stated, "per_doubling").central()
    spread = pair.spread_of_differences(amount, pair.said(amount)) if pair.range is not None else stated.spread
    return _of_curve(pair, "per_doubling", amount, spread)


def _groups(pair: Pair, groups: Parameters) -> Effect:
    given = dict(groups)
    unit, share = pair.source.unit, pair.source.value
    inside = share is None or 0 <= share <= 1
    if not unit.is_pure or unit.display not in ("", "%") or not inside:
        reason = f"`groups` needs the share of the group: '{pair.source.name}' is not a share"
        raise RefusedError("groups", reason, "drive it by the share (0% to 100%) of the group, or use a slope")
    numbers = {key: pair.fitting(quantity, pair.target, f"groups.{key}") for key, quantity in given.items()}
    slope = numbers["with"] - numbers["without"]
    return _of_curve(pair, "slope", slope, pair.spread_of_differences(slope, pair.said(slope)))


# ---- two changes


def _when(pair: Pair, when_text: str, then_text: str) -> Effect:
    doubles = when_text == DOUBLES
    when = Relative(1.0, stated=True) if doubles else parse_change(when_text, currency=pair.currency)
    then = parse_change(then_text, currency=pair.currency)
    curve, cause, response = _scales(pair, when, then, ("when", "then"))
    if doubles and curve == "slope":
        curve, cause = "per_doubling", float
    step, amount = cause(_amount(when)), _amount(then)
    if not step:
        return _of_curve(pair, curve, math.inf, None)
    if isinstance(then, Relative):
        spread = _spread_of_ratio(pair, then, step)
    else:
        spread = pair.scaled(pair.spread_of_differences(amount, then), 1.0 / step)
    return _of_curve(pair, curve, response(amount) / step, spread)


def _scales(pair: Pair, when: Change, then: Change, keys: tuple[str, str]) -> tuple[str, Rescaling, Rescaling]:
    """Return which parameter two changes give, and the scales on which their ratio is that parameter."""
    for key, change, side in ((keys[0], when, pair.source), (keys[1], then, pair.target)):
        if isinstance(change, Relative) and side.value is None:
            raise ValuelessError
        try:
            unit = spoken_unit(change, side.unit)
            recipe([change], name=side.name, unit=unit, base=side.value or 0.0, in_file=True)
        except ChangeError as error:
            raise RefusedError(key, error.problems[0].reason, error.problems[0].fix) from None
    if not isinstance(then, Relative):
        today = pair.source.value or 0.0 if isinstance(when, Relative) else 1.0
        return "slope", lambda amount: amount * today, lambda amount: amount
    _refuse_total_loss(then, keys[1])
    if not isinstance(when, Relative):
        return "semi_elasticity", lambda amount: amount, math.log1p
    _refuse_total_loss(when, keys[0])
    return "elasticity", math.log1p, math.log1p


def _spread_of_ratio(pair: Pair, then: Relative, growth: float) -> Spread | None:
    """Return the range of the parameter that a relative ``then`` becomes; quantiles alone go along."""
    quantity = pair.spread()
    if quantity is None:
        return None
    if quantity.unit is not None and (quantity.unit.display != "%" or not quantity.unit.is_pure):
        raise RefusedError("range", f"the effect is relative ({then}), the range is not", "write e.g. -5% to -1%")
    spread = pair.holding(then.ratio, in_unit_of_effect(quantity, then))
    assert spread is not None
    if spread.is_range and spread.numbers[0] <= -1:
        raise RefusedError("range", "the range reaches a loss of all, which no curve can follow", "narrow it")
    converted = spread.through(lambda ratio: math.log1p(ratio) / growth)
    if converted is None:
        reason = f"a relative effect becomes an exponent, and {spread.kind} does not stay what it is on the way"
        raise RefusedError("range", reason, "write its quantiles: -5% to -1%, or {ci95: -6% to 0%}")
    return converted


def _treatment(pair: Pair, treatment: Treatment) -> Effect:
    on_source, on_target = treatment.effects(pair.currency)
    keys = ("treatment.on_source", "treatment.on_target")
    curve, cause, response = _scales(pair, on_source[0], on_target[0], keys)
    below, above = _estimate(*on_source, cause), _estimate(*on_target, response)
    correlation = treatment.correlation.central() if treatment.correlation else 0.0
    ends = ratio_interval(above, below, Z_P90, correlation)
    if ends is None:
        reason = (
            f"the treatment did not clearly move '{pair.source.name}' ({on_source[0]}), "
            "so that the ratio of its two effects could be anything"
        )
        raise RefusedError(keys[0], reason, "measure it more closely, or state a `slope` with a wide `range`")
    what = f" of {treatment.what}" if treatment.what else ""
    note = f", ratio of two measured effects (Fieller interval){what}"
    return _of_curve(pair, curve, above.value / below.value, Spread("p10_p90", ends), note)


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


def _estimate(change: Change, score: float, scale: Rescaling) -> Estimate:
    """Return a measured effect on a scale; its standard error is half its range there, by the score of its ends."""
    assert change.spread is not None
    low, *_, high = (scale(_amount(at(change, end))) for end in change.spread.numbers)
    return Estimate(scale(_amount(change)), (high - low) / 2 / score)


def _read_when(raw: object, currency: str) -> str:
    if isinstance(raw, str) and raw.strip() == DOUBLES:
        return DOUBLES
    return leaves.change(raw, currency)


def _check_when(when: str, then: str, currency: str) -> Iterator[Finding]:
    for key, text in (("when", when), ("then", then)):
        if text == DOUBLES:
            continue
        change = parse_change(text, currency=currency)
        if isinstance(change, Set):
            yield mistake("`=` sets a value; here a change is meant", "write e.g. +10% relative or +2pp", key)
        elif change.spread is not None:
            fix = "give the P10 and P90 of the effect as `range`" if key == "then" else "write the change that was seen"
            yield mistake(f"`{key}` is one amount, not a range", fix, key)
        elif key == "when" and _amount(change) == 0:
            yield mistake("a change of zero says nothing about the effect", "write the change that was seen", key)


# ---- curves


def _points(pair: Pair, points: tuple[tuple[Quantity, Quantity], ...]) -> Effect:
    numbers: list[Expr] = []
    for index, (x, y) in enumerate(points):
        for quantity, side in ((x, pair.source), (y, pair.target)):
            value = pair.fitting(quantity, side, f"points.{index}")
            numbers.append(Number(value, repr(value)))
    ends = [
        f"{pair.source.shown(x.central(), pair.currency)} -> {pair.target.shown(y.central(), pair.currency)}"
        for x, y in points
    ]
    shown = ends if len(ends) <= 6 else [*ends[:3], "…", *ends[-2:]]
    words = f"straight lines through {', '.join(shown)} ({pair.source.label} -> {pair.target.label}){pair.start()}"
    now, then = (Call("interpolate", (x, *numbers)) for x in (pair.x, pair.x0))
    return Effect("points", "+", pair.part(Binary("-", now, then)), words)


def _read_points(raw: object, currency: str) -> tuple[tuple[Quantity, Quantity], ...]:
    points: list[tuple[Quantity, Quantity]] = []
    for position, pair in leaves.items(raw, "points", _POINTS):
        point = tuple(leaves.quantity(item, currency) for _, item in leaves.items(pair, "a point", "[38%, 2.8%]"))
        if len(point) != 2 or any(number.value is None or number.spread for number in point):
            fix = f"write {_POINTS}; in brackets 1,200 is two numbers: write 1200"
            raise wrong("a point is two numbers, the driver's value and the metric's", fix, position)
        if points and point[0].central() <= points[-1][0].central():
            raise wrong("points go from left to right, each x once", "sort them", position)
        if len(points) == MAX_POINTS:
            raise wrong(f"more than {MAX_POINTS} points", "keep those that show the shape", position)
        points.append((point[0], point[1]))
    if len(points) < 2:
        raise wrong("fewer than two points give no curve", f"write e.g. {_POINTS}")
    return tuple(points)


_POINTS = "[[38%, 2.8%], [46%, 2.3%]]"
_POINT_SCHEMA = {"type": "array", "items": {"$ref": "#/$defs/quantity"}, "minItems": 2, "maxItems": 2}


def _saturating(pair: Pair, parameters: Parameters) -> Effect:
    given = dict(parameters)
    numbers = {
        "ceiling": pair.fitting(given["ceiling"], pair.target, "saturating.ceiling"),
        "half": pair.fitting(given["half"], pair.source, "saturating.half"),
        "shape": _plain(given["shape"], "saturating.shape") if "shape" in given else 1.0,
    }
    pair.need_positive("a saturating curve")
    ceiling = pair.target.shown(numbers["ceiling"], pair.currency)
    half = pair.source.shown(numbers["half"], pair.currency)
    words = f"{pair.target.label} rises towards {ceiling} with {pair.source.label}, half of it at {half}{pair.start()}"
    return _ratio(pair, "saturate", numbers, words)


def _logistic(pair: Pair, parameters: Parameters) -> Effect:
    given = dict(parameters)
    numbers = {
        "floor": pair.fitting(given["floor"], pair.target, "logistic.floor"),
        "ceiling": pair.fitting(given["ceiling"], pair.target, "logistic.ceiling"),
        "middle": pair.fitting(given["middle"], pair.source, "logistic.middle"),
        "steepness": _plain(given["steepness"], "logistic.steepness"),
    }
    low, high = (pair.target.shown(numbers[key], pair.currency) for key in ("floor", "ceiling"))
    middle = pair.source.shown(numbers["middle"], pair.currency)
    words = (
        f"{pair.target.label} follows an S-curve from {low} to {high} with {pair.source.label}, "
        f"halfway at {middle}{pair.start()}"
    )
    return _ratio(pair, "logistic", numbers, words)


def _ratio(pair: Pair, function: str, numbers: Mapping[str, float], words: str) -> Effect:
    """Return ``S(x)/S(x0)``, of a correlation ``1 + share*(S(x)/S(x0) - 1)``."""
    parameters = tuple(Parameter(pair.address(key), value) for key, value in numbers.items())
    now, then = (Call(function, (x, *parameters)) for x in (pair.x, pair.x0))
    term: Expr = Binary("/", now, then)
    if pair.counted != 1:
        one = Number(1.0, "1")
        term = Binary("+", one, pair.part(Binary("-", term, one)))
    addresses = tuple((parameter.address, parameter.value) for parameter in parameters)
    return Effect(pair.form, "*", term, words, addresses, divisor=then)


def _plain(quantity: Quantity, key: str) -> float:
    if quantity.unit is not None and not quantity.unit.is_pure:
        raise RefusedError(key, f"{quantity.text} is not a plain number", "leave the unit out")
    return quantity.central()


def _above_zero(form: str, *keys: str) -> Callable[[Parameters, str], Iterator[Finding]]:
    def check(stated: Parameters, _: str) -> Iterator[Finding]:
        for key, quantity in stated:
            if key in keys and quantity.central() <= 0:
                yield mistake(f"`{key}` must be above zero", "", form, key)

    return check


# ---- the table

_CHANGE = as_amount(leaves.change, **{"$ref": "#/$defs/change"})
_WHEN = as_amount(_read_when, anyOf=[{"const": DOUBLES}, {"$ref": "#/$defs/change"}])
_SLOPE = as_amount(leaves.slope, **{"$ref": "#/$defs/slope"})
_SEMI_ELASTICITY = as_amount(leaves.semi_elasticity, **{"$ref": "#/$defs/slope"})
_QUANTITY = as_amount(leaves.quantity, **{"$ref": "#/$defs/quantity"})
_OF_CURVE = "give the numbers of the curve their own ranges"


def _in_brackets(text: str) -> bool:
    return "(" in text


def _has_spread(quantity: Quantity) -> bool:
    return quantity.spread is not None


_ENTRIES = (
    Form(
        {
            "when": FormKey(_WHEN, "A change of the driving metric: `+10% relative`, `+2pp`, `+5 points`, `doubles`."),
            "then": FormKey(_CHANGE, "What the change in `when` does to this metric, as `-0.3pp` or `-3%`."),
        },
        example="{when: +10% relative, then: -0.3pp}",
        effect=_when,
        check=_check_when,
    ),
    Form(
        {"slope": FormKey(_SLOPE, "Change of this metric per unit of the driving one: `-0.01pp per point`.")},
        example="{slope: -0.01pp per point}",
        effect=_slope,
        curve=FormCurve(
            "+",
            lambda p, x, x0: Binary("*", p, Binary("-", x, x0)),
            lambda pair, value: f"{pair.signed(value * pair.step())} of {pair.target.label} {pair.per_step()}",
        ),
        parse_range=_slope_spread,
        has_range=_in_brackets,
    ),
    Form(
        {"elasticity": FormKey(_QUANTITY, "Percent change of this metric per percent of the driving one.")},
        example="{elasticity: 0.35}",
        effect=_elasticity,
        curve=FormCurve(
            "*",
            lambda p, x, x0: Binary("**", Binary("/", x, x0), p),
            lambda pair, value: f"{format_percent_change(value / 100)} of {pair.target.label} per +1%",
            positive="an elasticity",
        ),
        check=_check_elasticity,
        has_range=_has_spread,
    ),
    Form(
        {
            "semi_elasticity": FormKey(
                _SEMI_ELASTICITY,
                "Relative change of this metric per unit of the driving one: `-2% per point` or `-0.02 per point`.",
            )
        },
        example="{semi_elasticity: -0.02 per point}",
        effect=_semi_elasticity,
        curve=FormCurve("*", lambda p, x, x0: Call("exp", (Binary("*", p, Binary("-", x, x0)),)), _relative_words),
        parse_range=_semi_elasticity_spread,
        has_range=_in_brackets,
    ),
    Form(
        {
            "per_doubling": FormKey(
                _QUANTITY,
                "What each doubling of the driving metric adds to this one, so that returns diminish: "
                "`+150 orders/month`.",
            )
        },
        example="{per_doubling: +150 orders/month}",
        effect=_per_doubling,
        curve=FormCurve(
            "+",
            lambda p, x, x0: Binary(
                "*", p, Binary("/", Call("log", (Binary("/", x, x0),)), Number(math.log(2), repr(math.log(2))))
            ),
            lambda pair, value: f"{pair.signed(value)} of {pair.target.label} per doubling",
            positive="an effect per doubling",
        ),
        has_range=_has_spread,
    ),
    Form(
        {
            "points": FormKey(
                as_amount(_read_points, type="array", items=_POINT_SCHEMA, minItems=2),
                f"Known points of the curve, driver first, from left to right: `{_POINTS}`.",
            )
        },
        example=f"{{points: {_POINTS}}}",
        effect=_points,
        no_range="leave it out",
    ),
    Form(
        {
            "groups": FormKey(
                as_parameters("with", "without"),
                "This metric in the group with and the group without; the driving metric is the share with.",
            )
        },
        example="{groups: {with: 1.9%, without: 3.4%}}",
        effect=_groups,
        unstated="correlation",
    ),
    Form(
        {
            "treatment": FormKey(
                READ_TREATMENT,
                "What a randomised feature did to the driving metric and to this one: the effect is the ratio.",
            )
        },
        example=f"{{treatment: {Treatment.example}}}",
        effect=_treatment,
        no_range="leave it out: it follows from those of both effects",
        unstated="quasi_experiment",
        at_most="quasi_experiment",
    ),
    Form(
        {
            "saturating": FormKey(
                as_parameters("ceiling", "half", optional=("shape",)),
                "A curve with diminishing returns (Hill): its `ceiling`, `half` way point and `shape`.",
            )
        },
        example="{saturating: {ceiling: 92%, half: 4 paths}}",
        effect=_saturating,
        check=_above_zero("saturating", "half", "shape"),
        no_range=_OF_CURVE,
    ),
    Form(
        {
            "logistic": FormKey(
                as_parameters("floor", "ceiling", "middle", "steepness"),
                "An S-shaped curve: its `floor`, `ceiling`, `middle` and `steepness`.",
            )
        },
        example="{logistic: {floor: 2%, ceiling: 6%, middle: 12 visits, steepness: 0.5}}",
        effect=_logistic,
        check=_above_zero("logistic", "steepness"),
        no_range=_OF_CURVE,
    ),
)

FORMS: Mapping[str, Form] = {form.name: form for form in _ENTRIES}
"""The forms by the key that names them, in the order in which they are listed to users."""

KEYS: Mapping[str, FormKey] = {key: entry for form in _ENTRIES for key, entry in form.keys.items()}
"""All their keys."""

CURVES: Mapping[str, FormCurve] = {form.name: form.curve for form in _ENTRIES if form.curve is not None}
"""How an effect with one parameter joins the rule, by the form that is named like the parameter."""
