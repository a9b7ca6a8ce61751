"""Every function of the formula language, as data: adding one is adding an entry here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

__all__ = ["EXAMPLE_METRICS", "FUNCTIONS", "MAX_ARGUMENTS", "Function", "Kind", "UnitRule"]

MAX_ARGUMENTS = 99

Kind = Literal["math", "time", "conversion", "condition"]
UnitRule = Literal[
    "pure",
    "root",
    "same",
    "condition",
    "saturate",
    "logistic",
    "interpolate",
    "keep",
    "cumulative",
    "flow",
    "rate",
    "duration",
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Function:
    """One function: how it is called, what it does to units, how it is computed and differentiated.

    Spellings are templates over the parameter names: ``exp({x})``, where every placeholder stands for one name. A
    function has either spellings, or a `definition` in the formula language, or neither when it is built into the
    evaluator (``if min max interpolate``, time and conversion functions).
    """

    name: str
    parameters: tuple[str, ...]
    """Names, as the documentation shows them; of the last ones, ``max_args - min_args`` may be left out."""
    min_args: int
    max_args: int
    summary: str
    unit_rule: UnitRule
    kind: Kind = "math"
    smooth: bool = True
    """False when the function has kinks or jumps, where its derivative is that of the branch taken."""
    python: str = ""
    partials: tuple[str, ...] = ()
    """Derivative by each parameter; ``{y}`` stands for the function's own value."""
    numpy: str = ""
    sympy: str = ""
    definition: str = ""
    """The function as a formula over its parameter names; evaluators put it in place of the call."""
    defaults: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    """Values of the parameters that may be left out."""
    examples: tuple[tuple[str, float], ...]
    """Formula and value; names stand for `EXAMPLE_METRICS` at t = 2. Run as tests, shown in the documentation."""

    @property
    def signature(self) -> str:
        """``saturate(x, ceiling, half, shape=1)``, ``min(a, b, ...)``."""
        shown = [f"{name}={self.defaults[name]:g}" if name in self.defaults else name for name in self.parameters]
        more = ["..."] if self.max_args > len(self.parameters) else []
        return f"{self.name}({', '.join(shown + more)})"


EXAMPLE_METRICS: Mapping[str, tuple[str, tuple[float, ...]]] = MappingProxyType(
    {
        "x": ("", (10.0, 12.0, 15.0)),
        "bookings": ("USD/month", (100.0, 120.0, 150.0)),
        "salary": ("USD/year", (60_000.0, 60_000.0, 73_000.0)),
        "rate": ("1/year", (0.1, 0.1, 0.1)),
        "wait": ("hours", (1.0, 1.0, 1.5)),
        "handling": ("minutes", (30.0, 30.0, 45.0)),
    }
)
"""Unit and values at t = 0, 1, 2 (months) of the names that examples read."""


def _one(name: str, summary: str, rule: UnitRule, partial: str, sympy: str, *examples: tuple[str, float]) -> Function:
    """Describe a smooth function of one argument that every evaluator knows by its own name."""
    return Function(
        name=name,
        parameters=("x",),
        min_args=1,
        max_args=1,
        summary=summary,
        unit_rule=rule,
        python=f"{name}({{x}})",
        numpy=f"{name}({{x}})",
        sympy=sympy,
        partials=(partial,),
        examples=examples,
    )


def _time(name: str, summary: str, rule: UnitRule, *examples: tuple[str, float]) -> Function:
    parameters = ("x", "n") if name == "lag" else ("x",)
    count = len(parameters)
    return Function(
        name=name,
        parameters=parameters,
        min_args=count,
        max_args=count,
        summary=summary,
        unit_rule=rule,
        kind="time",
        examples=examples,
    )


def _conversion(name: str, summary: str, rule: UnitRule, *examples: tuple[str, float]) -> Function:
    return Function(
        name=name,
        parameters=("x",),
        min_args=1,
        max_args=1,
        summary=summary,
        unit_rule=rule,
        kind="conversion",
        examples=examples,
    )


_RATES = (
    ("decay", "what is lost, compounding (churn)", (0.00028861728902231256, 0.0020185725656464903,
        0.008741610954696704, 0.02599625357470323, 0.1)),
    ("growth", "what grows, compounding (interest, growth, inflation)", (0.0002611578760678122,
        0.0018295380282136147, 0.007974140428903764, 0.02411368908444511, 0.1)),
    ("nominal", "what is stated as a nominal rate, divided (loans)", (0.1 / 365, 0.7 / 365, 0.1 / 12, 0.1 / 4, 0.1)),
)  # fmt: skip
"""Kinds of rates, what they are for, and the examples' values of 10%/year per day, week, month, quarter and year."""

_ENTRIES = (
    _one("exp", "e to the power x", "pure", "{y}", "exp({x})", ("exp(0)", 1.0), ("exp(1)", 2.718281828459045)),
    _one("log", "natural logarithm", "pure", "1.0/{x}", "log({x})", ("log(1)", 0.0), ("log(10)", 2.302585092994046)),
    _one(
        "log10",
        "logarithm to base 10",
        "pure",
        "0.4342944819032518/{x}",
        "log({x})/log(10)",
        ("log10(1000)", 3.0),
        ("log10(2)", 0.3010299956639812),
    ),
    _one("sqrt", "square root", "root", "0.5/{y}", "sqrt({x})", ("sqrt(9)", 3.0), ("sqrt(2)", 1.4142135623730951)),
    Function(
        name="abs",
        parameters=("x",),
        min_args=1,
        max_args=1,
        summary="size without the sign",
        unit_rule="same",
        smooth=False,
        definition="if(x >= 0, x, -x)",
        examples=(("abs(-3)", 3.0), ("abs(x)", 15.0)),
    ),
    Function(
        name="min",
        parameters=("a", "b"),
        min_args=2,
        max_args=MAX_ARGUMENTS,
        summary="smallest of two or more; the first of equals",
        unit_rule="same",
        smooth=False,
        examples=(("min(3, 1, 2)", 1.0), ("min(x, 20)", 15.0)),
    ),
    Function(
        name="max",
        parameters=("a", "b"),
        min_args=2,
        max_args=MAX_ARGUMENTS,
        summary="largest of two or more; the first of equals",
        unit_rule="same",
        smooth=False,
        examples=(("max(3, 1, 2)", 3.0), ("max(x, 20)", 20.0)),
    ),
    Function(
        name="clip",
        parameters=("x", "low", "high"),
        min_args=3,
        max_args=3,
        summary="x, but not below low and not above high",
        unit_rule="same",
        smooth=False,
        definition="min(max(x, low), high)",
        examples=(("clip(x, 0, 12)", 12.0), ("clip(-1, 0, 12)", 0.0), ("clip(5, 0, 12)", 5.0)),
    ),
    Function(
        name="saturate",
        parameters=("x", "ceiling", "half", "shape"),
        min_args=3,
        max_args=4,
        summary="diminishing returns (Hill curve): rises to the ceiling, half of it at x = half",
        unit_rule="saturate",
        definition="ceiling * x**shape / (x**shape + half**shape)",
        defaults=MappingProxyType({"shape": 1.0}),
        examples=(("saturate(15, 100, 15)", 50.0), ("saturate(3, 10, 1, 2)", 9.0), ("saturate(0, 10, 1)", 0.0)),
    ),
    Function(
        name="logistic",
        parameters=("x", "floor", "ceiling", "middle", "steepness"),
        min_args=5,
        max_args=5,
        summary="S-curve from floor to ceiling, halfway at x = middle",
        unit_rule="logistic",
        definition="floor + (ceiling - floor) / (1 + exp(-steepness * (x - middle)))",
        examples=(("logistic(15, 2, 6, 15, 1)", 4.0), ("logistic(1, 0, 1, 0, 1)", 0.7310585786300049)),
    ),
    Function(
        name="interpolate",
        parameters=("x", "x1", "y1", "x2", "y2"),
        min_args=5,
        max_args=MAX_ARGUMENTS,
        summary="straight lines through the points (x1, y1), (x2, y2), ...; the end lines continue",
        unit_rule="interpolate",
        smooth=False,
        examples=(
            ("interpolate(15, 10, 1, 20, 2)", 1.5),
            ("interpolate(x, 0, 0, 10, 100, 20, 120)", 110.0),
            ("interpolate(30, 10, 1, 20, 2)", 3.0),
        ),
    ),
    Function(
        name="if",
        parameters=("condition", "then", "otherwise"),
        min_args=3,
        max_args=3,
        summary="one of two values; the condition is a comparison: if(x > 12, 1, 2)",
        unit_rule="condition",
        kind="condition",
        smooth=False,
        examples=(("if(x > 12, 1, 2)", 1.0), ("if(x == 0, 0, 30 / x)", 2.0)),
    ),
    _time("prev", "value one period ago", "keep", ("prev(x)", 12.0)),
    _time("lag", "value n periods ago; before the start, the value at the start", "keep", ("lag(x, 2)", 10.0)),
    _time("cumulative", "sum from period 1 to now; 0 at the start", "cumulative", ("cumulative(bookings)", 270.0)),
    _time("baseline", "value at the start of the base case", "keep", ("baseline(x)", 10.0)),
    _conversion("per_day", "a flow per day", "flow", ("per_day(salary)", 200.0)),
    _conversion("per_week", "a flow per week (7 days)", "flow", ("per_week(salary)", 1400.0)),
    _conversion("per_month", "a flow per month (1/12 year)", "flow", ("per_month(salary)", 6083.333333333333)),
    _conversion("per_quarter", "a flow per quarter", "flow", ("per_quarter(bookings)", 450.0)),
    _conversion("per_year", "a flow per year", "flow", ("per_year(bookings)", 1800.0)),
    *(
        _conversion(name := f"{kind}_per_{period}", f"a rate per {period} of {what}", "rate", (f"{name}(rate)", value))
        for kind, what, values in _RATES
        for period, value in zip(("day", "week", "month", "quarter", "year"), values, strict=True)
    ),
    _conversion("in_minutes", "a duration in minutes", "duration", ("in_minutes(wait)", 90.0)),
    _conversion("in_hours", "a duration in hours", "duration", ("in_hours(handling)", 0.75)),
)

FUNCTIONS: Mapping[str, Function] = MappingProxyType({function.name: function for function in _ENTRIES})
