"""Every function of the formula language, as data: adding one is adding an entry here."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Mapping
from dataclasses import field
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Literal

from impacttree.records import dataclass

__all__ = ["EXAMPLE_METRICS", "FUNCTIONS", "MAX_ARGUMENTS", "Function", "FunctionKind", "UnitRule"]

MAX_ARGUMENTS = 99

FunctionKind = Literal["math", "time", "clock", "conversion", "condition"]
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
    "clock",
    "flow",
    "rate",
    "duration",
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Function:
    """One function: how it is called, what it does to units, how it is computed, differentiated and spelled.

    A function has a `definition` in the formula language, or is a primitive with a word in every backend; what the
    others are (``min max interpolate if``, time functions, clocks) says `impacttree.formula.core`. Spellings are
    templates over the parameter names (``EXP({x})``) which may repeat a parameter: an exporter gives a name to what is
    more than a name.
    """

    name: str
    parameters: tuple[str, ...]
    """Names, as the documentation shows them; of the last ones, ``max_args - min_args`` may be left out."""
    min_args: int
    max_args: int
    summary: str
    unit_rule: UnitRule
    kind: FunctionKind = "math"
    definition: str = ""
    """The function as a formula over its parameter names, which stands in place of the call. What a branch of it reads,
    the condition of that branch has read."""
    python: Callable[..., float] | None = None
    complex: Callable[..., complex] | None = None
    """Continues `python` to complex numbers, from which a derivative is read (complex step)."""
    numpy: Callable[[Any], Callable[..., Any]] | None = None
    """Gives the function for arrays, from the module numpy."""
    sympy: Callable[[Any], Callable[..., Any]] | None = None
    """Gives the function for expressions, from the module sympy."""
    excel: str = ""
    javascript: str = ""
    sql: str = ""
    partials: tuple[str, ...] = ()
    """Derivative by each parameter, in Python; ``{y}`` stands for the function's own value."""
    steps: bool = False
    """Whether the value stays the same but for jumps as the first argument moves."""
    defaults: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    """Values of the parameters that may be left out."""
    whole: Mapping[str, tuple[int, int]] = field(default_factory=lambda: MappingProxyType({}))
    """Parameters that are whole numbers as written, and the least and greatest of each."""
    examples: tuple[tuple[str, float], ...]
    """Formula and value; names stand for `EXAMPLE_METRICS` at t = 2. Run as tests, shown in the documentation."""

    @property
    def is_primitive(self) -> bool:
        """Whether every evaluator has a word for it."""
        return self.python is not None

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


def _one(
    name: str,
    summary: str,
    rule: UnitRule,
    partial: str,
    *examples: tuple[str, float],
    excel: str = "",
    sql: str = "",
    sympy: Callable[[Any], Callable[..., Any]] | None = None,
) -> Function:
    """Describe a smooth function of one argument that every backend knows, by its own name unless told otherwise."""
    return Function(
        name=name,
        parameters=("x",),
        min_args=1,
        max_args=1,
        summary=summary,
        unit_rule=rule,
        python=getattr(math, name),
        complex=getattr(cmath, name),
        numpy=attrgetter(name),
        sympy=sympy or attrgetter(name),
        excel=excel or f"{name.upper()}({{x}})",
        javascript=f"Math.{name}({{x}})",
        sql=sql or f"{name.upper()}({{x}})",
        partials=(partial,),
        examples=examples,
    )


def _whole(name: str, summary: str, excel: str, *examples: tuple[str, float]) -> Function:
    """Describe a function that steps from one whole number to the next."""
    chosen: Callable[[float], int] = getattr(math, name)

    def python(x: float) -> float:
        return float(chosen(x))

    return Function(
        name=name,
        parameters=("x",),
        min_args=1,
        max_args=1,
        summary=summary,
        unit_rule="same",
        python=python,
        complex=lambda x: complex(python(x.real)),
        numpy=attrgetter(name),
        sympy=attrgetter({"ceil": "ceiling"}.get(name, name)),
        excel=excel,
        javascript=f"Math.{name}({{x}})",
        sql=f"{name.upper()}({{x}})",
        partials=("0.0",),
        steps=True,
        examples=examples,
    )


def _rounded(x: float, digits: float = 0.0) -> float:
    """Return the multiple of ``10**-digits`` nearest to x; of two, the one further from zero.

    ``abs(x) * 10**digits`` is computed in double precision and then rounded exactly, whatever its last decimals say:
    2.675 is a little less than it looks, so ``round(2.675, 2)`` is 2.67.
    """
    scale = math.pow(10.0, digits)
    scaled = abs(x) * scale
    if not math.isfinite(scaled):
        return x
    below = float(math.floor(scaled))
    nearest = below + (1.0 if scaled - below >= 0.5 else 0.0)
    return math.copysign(nearest, x) / scale


def _rounded_complex(x: complex, digits: float = 0.0) -> complex:
    return complex(_rounded(x.real, digits))


def _rounded_array(np: Any) -> Callable[..., Any]:
    def rounded(x: Any, digits: Any) -> Any:
        scale = 10.0**digits
        scaled = np.abs(x) * scale
        below = np.floor(scaled)
        nearest = np.copysign(below + np.where(scaled - below >= 0.5, 1.0, 0.0), x) / scale
        return np.where(np.isfinite(scaled), nearest, x)

    return rounded


def _rounded_symbolic(sympy: Any) -> Callable[..., Any]:
    def rounded(x: Any, digits: Any) -> Any:
        return sympy.sign(x) * sympy.floor(sympy.Abs(x) * 10**digits + sympy.Rational(1, 2)) / 10**digits

    return rounded


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


def _clock(name: str, summary: str, *examples: tuple[str, float]) -> Function:
    """Describe a number that depends on the period alone."""
    return Function(
        name=name,
        parameters=(),
        min_args=0,
        max_args=0,
        summary=summary,
        unit_rule="clock",
        kind="clock",
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
    _one("exp", "e to the power x", "pure", "{y}", ("exp(0)", 1.0), ("exp(1)", 2.718281828459045)),
    _one(
        "log",
        "natural logarithm",
        "pure",
        "1.0/{x}",
        ("log(1)", 0.0),
        ("log(10)", 2.302585092994046),
        excel="LN({x})",
        sql="LN({x})",
    ),
    _one(
        "log10",
        "logarithm to base 10",
        "pure",
        "0.4342944819032518/{x}",
        ("log10(1000)", 3.0),
        ("log10(2)", 0.3010299956639812),
        sympy=lambda sympy: lambda x: sympy.log(x) / sympy.log(10),
    ),
    _one(
        "sqrt",
        "square root",
        "root",
        "slope_of_base({x}, 0.5)",  # 0.5 / y would stop at zero, where only this one slope is infinite
        ("sqrt(9)", 3.0),
        ("sqrt(2)", 1.4142135623730951),
    ),
    _one("sin", "sine of x in radians", "pure", "cos({x})", ("sin(0)", 0.0), ("sin(1)", 0.8414709848078965)),
    _one("cos", "cosine of x in radians", "pure", "-sin({x})", ("cos(0)", 1.0), ("cos(1)", 0.5403023058681398)),
    _whole("floor", "greatest whole number up to x", "INT({x})", ("floor(2.7)", 2.0), ("floor(-2.7)", -3.0)),
    _whole("ceil", "least whole number from x on", "-INT(-{x})", ("ceil(2.1)", 3.0), ("ceil(-2.1)", -2.0)),
    Function(
        name="round",
        parameters=("x", "digits"),
        min_args=1,
        max_args=2,
        summary="x to so many decimal places; a half goes away from zero",
        unit_rule="same",
        defaults=MappingProxyType({"digits": 0.0}),
        whole=MappingProxyType({"digits": (0, 15)}),
        python=_rounded,
        complex=_rounded_complex,
        numpy=_rounded_array,
        sympy=_rounded_symbolic,
        excel=(
            "SIGN({x})*(INT(ABS({x})*10^{digits})+IF(ABS({x})*10^{digits}-INT(ABS({x})*10^{digits})>=0.5,1,0))"
            "/10^{digits}"
        ),
        javascript=(
            "Math.sign({x})*(Math.floor(Math.abs({x})*10**{digits})"
            "+(Math.abs({x})*10**{digits}-Math.floor(Math.abs({x})*10**{digits})>=0.5?1:0))/10**{digits}"
        ),
        sql=(
            "SIGN({x})*(FLOOR(ABS({x})*POWER(10,{digits}))"
            "+CASE WHEN ABS({x})*POWER(10,{digits})-FLOOR(ABS({x})*POWER(10,{digits}))>=0.5 THEN 1 ELSE 0 END)"
            "/POWER(10,{digits})"
        ),
        partials=("0.0", "0.0"),
        steps=True,
        examples=(("round(2.5)", 3.0), ("round(-2.5)", -3.0), ("round(2.345, 1)", 2.3)),
    ),
    Function(
        name="abs",
        parameters=("x",),
        min_args=1,
        max_args=1,
        summary="size without the sign",
        unit_rule="same",
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
        examples=(("min(3, 1, 2)", 1.0), ("min(x, 20)", 15.0)),
    ),
    Function(
        name="max",
        parameters=("a", "b"),
        min_args=2,
        max_args=MAX_ARGUMENTS,
        summary="largest of two or more; the first of equals",
        unit_rule="same",
        examples=(("max(3, 1, 2)", 3.0), ("max(x, 20)", 20.0)),
    ),
    Function(
        name="clip",
        parameters=("x", "low", "high"),
        min_args=3,
        max_args=3,
        summary="x, but not below low and not above high",
        unit_rule="same",
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
        summary="one of two values; the condition is made of comparisons, and, or, not: if(x > 12, 1, 2)",
        unit_rule="condition",
        kind="condition",
        examples=(("if(x > 12, 1, 2)", 1.0), ("if(x == 0, 0, 30 / x)", 2.0), ("if(x > 12 and not x > 20, 1, 2)", 1.0)),
    ),
    _time("prev", "value one period ago", "keep", ("prev(x)", 12.0)),
    _time("lag", "value n periods ago; before the start, the value at the start", "keep", ("lag(x, 2)", 10.0)),
    _time("cumulative", "sum from period 1 to now; 0 at the start", "cumulative", ("cumulative(bookings)", 270.0)),
    _time("baseline", "value at the start of the base case", "keep", ("baseline(x)", 10.0)),
    _clock(
        "period_number",
        "number of the period, 1 in the first; 0 at the start",
        ("period_number()", 2.0),
        ("if(period_number() < 2, 0, x)", 15.0),
    ),
    _clock(
        "month_of_year",
        "month that the period begins in, 1 for January; needs the tree's `start_date`",
        ("month_of_year()", 2.0),
        ("if(month_of_year() >= 11, 2, 1)", 1.0),
    ),
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

_REGISTERED = {function.name: function for function in _ENTRIES}
FUNCTIONS: Mapping[str, Function] = MappingProxyType(_REGISTERED)
