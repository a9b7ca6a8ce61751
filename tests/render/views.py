"""Views that the tests of the renderers share: the everyday ones, the awkward ones, the hostile ones."""

from __future__ import annotations

import dataclasses
import math
from itertools import pairwise
from typing import Any

from impacttree.views import (
    Band,
    Bar,
    Bars,
    Callout,
    Card,
    Cell,
    Column,
    Diagram,
    Distribution,
    Fact,
    Headline,
    Lines,
    Link,
    Mark,
    Panel,
    Series,
    Step,
    Table,
    View,
    Waterfall,
)

HEADLINE = Headline(
    title="+1% Weekly engagement (42.0% -> 42.4%, +0.4pp) adds $17k operating profit in the first 12 months (+0.2%)",
    facts=(
        Fact(
            "range (P10 to P90)",
            (("$9k to $26k", "run rate by month 12", "$33k a year", "first 36 months", "$131k"),),
        ),
        Fact("also", (("revenue +$21k, gross profit +$17k, contribution +$17k", "+1pp would be $41k"),)),
        Fact(
            "through",
            (
                ("Monthly churn > Customers > Revenue > Gross profit", "+$16k", "92%"),
                ("NPS > Monthly churn > Customers > Revenue > Gross profit", "+$1k", "5%"),
                ("2 more paths", "+$1k", "3%"),
            ),
        ),
        Fact(
            "rests on",
            (("churn <- engagement: experiment, 2026-03 (92%) · nps <- engagement, churn <- nps: judgement (8%)",),),
        ),
        Fact("guardrails", (("LTV/CAC 4.5x, floor 3.0x: holds",),)),
        Fact(
            "basis",
            (("accrual, pre-tax, undiscounted, before the cost of achieving it; lift held from month 1",),),
        ),
    ),
)
"""The sample of the design, cell by cell."""

HEADLINE_TEXT = """\
+1% Weekly engagement (42.0% -> 42.4%, +0.4pp) adds $17k operating profit in the first 12 months (+0.2%)
  range (P10 to P90)   $9k to $26k        run rate by month 12   $33k a year        first 36 months   $131k
  also                 revenue +$21k, gross profit +$17k, contribution +$17k        +1pp would be $41k
  through              Monthly churn > Customers > Revenue > Gross profit           +$16k   92%
                       NPS > Monthly churn > Customers > Revenue > Gross profit      +$1k    5%
                       2 more paths                                                  +$1k    3%
  rests on             churn <- engagement: experiment, 2026-03 (92%) · nps <- engagement, churn <- nps: judgement (8%)
  guardrails           LTV/CAC 4.5x, floor 3.0x: holds
  basis                accrual, pre-tax, undiscounted, before the cost of achieving it; lift held from month 1"""


def _row(name: str, today: str, elasticity: float, worth: float, plausible: str, owner: str) -> tuple[Cell, ...]:
    tone = "favourable" if worth > 0 else "adverse"
    return (
        Cell(name),
        Cell(today),
        Cell(f"{elasticity:+.2f}", elasticity),
        Cell(f"{'+' if worth > 0 else '-'}${abs(worth):.0f}k", worth * 1000.0, tone),
        Cell(plausible),
        Cell(owner, owner),
    )


TABLE = Table(
    title="What moves operating profit: first 12 months, each metric +1% in its better direction",
    columns=(
        Column("Metric"),
        Column("Today", "right"),
        Column("Elasticity", "right"),
        Column("Worth of 1%", "right"),
        Column("Plausible move"),
        Column("Owner"),
    ),
    rows=(
        _row("ARPU", "$29", 2.31, 217, "$29 to $31: +$1.5M", "Pricing"),
        _row("Monthly churn", "2.5%", -0.62, 58, "2.5% to 2.2%: +$700k", "Retention"),
        _row("Weekly engagement", "42.0%", 0.18, 17, "42.0% to 46.0%: +$163k", "Core PM"),
        _row("Support cost per customer", "$4.10", -0.31, -29, "unranked: no plausible range", "Support"),
    ),
    notes=(
        "basis: accrual, pre-tax, undiscounted, before the cost of achieving it; lift held from month 1",
        "elasticity: % of operating profit per 1% of the metric, at today's values",
    ),
)

WIDE_TABLE = Table(
    title="Month by month, base case",
    columns=(Column("Metric"), *(Column(f"2027-{month:02d}", "right") for month in range(1, 13))),
    rows=tuple(
        (Cell(name), *(Cell(f"${base * 1.01**month:,.1f}k", base * 1.01**month) for month in range(12)))
        for name, base in (("Revenue", 1908.0), ("Gross profit", 1560.0), ("Operating profit", 712.0))
    ),
    notes=("basis: accrual, pre-tax, undiscounted",),
)

_ASSUMPTIONS = (
    ("Churn elasticity to engagement", -48.0, 48.0, True),
    ("Base annual churn", -9.0, 10.0, True),
    ("New customers a year", -7.0, 7.0, False),
    ("ARPU", -7.0, 7.0, False),
    ("NPS elasticity to engagement", -6.0, 6.0, False),
    ("Churn elasticity to NPS", -6.0, 5.0, True),
    ("COGS per customer", -5.0, 5.0, True),
    ("Referral elasticity to NPS", -3.0, 3.0, False),
)

TORNADO = Bars(
    title="The $149k depends mostly on how strongly engagement cuts churn",
    subtitle="Operating profit per year from +1% engagement when each assumption moves across its 80% range",
    base=149.0,
    base_text="base $149k",
    bars=tuple(
        Bar(
            label=label,
            low=149.0 + (up if falls else down),
            high=149.0 + (down if falls else up),
            low_text=f"${149 + (up if falls else down):.0f}k",
            high_text=f"${149 + (down if falls else up):.0f}k",
            low_tone="favourable" if falls else "adverse",
            high_tone="adverse" if falls else "favourable",
        )
        for label, down, up, falls in _ASSUMPTIONS
    ),
    notes=("One assumption at a time; the others stay at base.", "basis: run rate, accrual, pre-tax, undiscounted"),
)

SHARES = dataclasses.replace(
    TORNADO,
    bars=tuple(
        dataclasses.replace(bar, note=f"{share}%")
        for bar, share in zip(TORNADO.bars, (62, 14, 8, 8, 4, 2, 1, 1), strict=True)
    ),
    note_head="share of spread",
)

ONE_SIDED = Bars(
    title="Both ends can lie on one side",
    subtitle="First 12 months",
    base=100.0,
    base_text="base $100k",
    bars=(
        Bar("Price, past its best point", 96.0, 91.0, "$96k", "$91k", "adverse", "adverse"),
        Bar("No effect at all", 100.0, 100.0, "$100k", "$100k", "neutral", "neutral"),
    ),
)

MANY_BARS = Bars(
    title="A long list of assumptions, with names that were written by a committee and never shortened afterwards",
    subtitle="First 12 months, operating profit",
    base=0.0,
    base_text="base $0",
    bars=tuple(
        Bar(
            label=f"Assumption {index} on the response of trial conversion to onboarding, in segment {index}",
            low=-float(40 - index),
            high=float(40 - index),
            low_text=f"-${40 - index}k",
            high_text=f"+${40 - index}k",
            low_tone="adverse",
            high_tone="favourable",
        )
        for index in range(1, 31)
    ),
    notes=("basis: first 12 months, accrual, pre-tax, undiscounted; " * 6 + "end",),
)

WATERFALL = Waterfall(
    title="Lower churn brings almost all of the gain",
    subtitle="Operating profit per year from +1% engagement, by path",
    steps=(
        Step("Churn, direct", 137.1, "+$137.1k", "change", "favourable"),
        Step("NPS to churn", 7.5, "+$7.5k", "change", "favourable"),
        Step("NPS to referral", 4.7, "+$4.7k", "change", "favourable"),
        Step("Support load", -0.3, "-$0.3k", "change", "adverse"),
        Step("Operating profit", 149.0, "$149.0k", "total", "neutral"),
    ),
    notes=("Paths add up to the exact change.", "basis: run rate, accrual, pre-tax, undiscounted"),
)

BRIDGE = Waterfall(
    title="Operating profit came in $0.6M under plan, mostly on churn",
    subtitle="FY26, plan to actual; exact Shapley",
    steps=(
        Step("Plan", 9400.0, "$9.40M", "total", "neutral"),
        Step("New customers", 220.0, "+$0.22M", "change", "favourable"),
        Step("Monthly churn", -640.0, "-$0.64M", "change", "adverse"),
        Step("Price", 130.0, "+$0.13M", "change", "favourable"),
        Step("Support cost per customer", -210.0, "-$0.21M", "change", "adverse"),
        Step("Opex", -100.0, "-$0.10M", "change", "adverse"),
        Step("Actual", 8800.0, "$8.80M", "total", "neutral"),
    ),
    notes=("basis: accrual, pre-tax; method: exact Shapley",),
)

WITH_RANGE = dataclasses.replace(
    WATERFALL,
    steps=(
        *WATERFALL.steps[:-1],
        dataclasses.replace(WATERFALL.steps[-1], low=100.0, high=201.0, range_text="$100k to $201k"),
    ),
)

BRIDGE_WITH_RANGE = dataclasses.replace(
    BRIDGE,
    steps=(
        *BRIDGE.steps[:-1],
        dataclasses.replace(BRIDGE.steps[-1], low=8300.0, high=9350.0, range_text="$8.30M to $9.35M"),
    ),
)

LOSS = Waterfall(
    title="Two bad quarters turn the profit into a loss",
    subtitle="Operating profit, by quarter",
    steps=(
        Step("Q1", 120.0, "$120k", "total", "neutral"),
        Step("Q2", -90.0, "-$90k", "change", "adverse"),
        Step("Q3", -80.0, "-$80k", "change", "adverse"),
        Step("Year", -50.0, "-$50k", "total", "neutral"),
    ),
)

LONG_WATERFALL = Waterfall(
    title="Which initiatives build the plan",
    subtitle="Operating profit, first 12 months",
    steps=(
        Step("Today", 300.0, "$300k", "total", "neutral"),
        *(
            Step(
                f"Initiative {index} with a name of some length",
                (-1.0) ** index * (30.0 - index),
                f"{'+' if index % 2 == 0 else '-'}${30 - index}k",
                "change",
                "favourable" if index % 2 == 0 else "adverse",
            )
            for index in range(14)
        ),
        Step("Plan", 307.0, "$307k", "total", "neutral"),
    ),
    notes=("basis: first 12 months, accrual, pre-tax, undiscounted",),
)

LOSS_WITH_RANGE = dataclasses.replace(
    LOSS,
    steps=(*LOSS.steps[:-1], dataclasses.replace(LOSS.steps[-1], low=-130.0, high=40.0, range_text="-$130k to $40k")),
)

LONG_WITH_RANGE = dataclasses.replace(
    LONG_WATERFALL,
    steps=(
        *LONG_WATERFALL.steps[:-1],
        dataclasses.replace(LONG_WATERFALL.steps[-1], low=250.0, high=360.0, range_text="$250k to $360k"),
    ),
)

LINES = Lines(
    title="The lift pays slowly: half of the year's worth comes in the last four months",
    subtitle="Operating profit per month, with and without +1% engagement",
    ticks=tuple(f"2027-{month:02d}" for month in range(1, 13)),
    series=(
        Series("With the lift", tuple(712.0 + 0.4 * month**1.6 for month in range(12)), "$731k", accent=True),
        Series("Base", tuple(712.0 + 0.02 * month for month in range(12)), "$712k"),
    ),
    levels=((710.0, "$710k"), (720.0, "$720k"), (730.0, "$730k")),
    notes=("basis: accrual, pre-tax, undiscounted; lift held from month 1",),
)

SPIDER = Lines(
    title="Worth along each assumption",
    subtitle="Operating profit per year from +1% engagement",
    ticks=("P10", "base", "P90"),
    series=(
        Series("Churn elasticity to engagement", (197.0, 149.0, 101.0), "$101k"),
        Series("Base annual churn", (159.0, 149.0, 140.0), "$140k"),
        Series("New customers a year", (142.0, 149.0, 156.0), "$156k"),
        Series("ARPU", (142.0, 149.0, 156.0), "$156k"),
        Series("NPS elasticity to engagement", (143.0, 149.0, 155.0), "$155k"),
    ),
    levels=tuple((float(value), f"${value}k") for value in range(100, 201, 20)),
)

LONG_LINES = Lines(
    title="Five years, many scenarios",
    subtitle="Customers at the end of each month",
    ticks=tuple(f"month {month}" for month in range(61)),
    series=tuple(
        Series(f"Scenario {index}", tuple(1000.0 + index * month * 3 for month in range(61)), f"{1000 + index * 180:,}")
        for index in range(-2, 10)
    ),
    levels=((500.0, "500"), (1000.0, "1,000"), (2000.0, "2,000")),
)

FAN = Lines(
    title="The launch breaks even in autumn, in winter at worst",
    subtitle="Cumulative operating profit",
    ticks=tuple(f"month {month}" for month in range(1, 13)),
    series=(
        Series("Median", tuple(-40.0 + 4.0 * month for month in range(12)), "$4k", accent=True),
        Series("Plan", tuple(-30.0 + 5.0 * month for month in range(12)), "$25k"),
    ),
    levels=((-60.0, "-$60k"), (-30.0, "-$30k"), (0.0, "$0k"), (30.0, "$30k")),
    notes=("basis: accrual, pre-tax, undiscounted",),
    bands=(
        Band(
            tuple(-41.0 + 3.5 * month for month in range(12)),
            tuple(-39.0 + 5.0 * month for month in range(12)),
            "P25 to P75",
            "P25 -$3k",
            "P75 $16k",
        ),
        Band(
            tuple(-43.0 + 2.8 * month for month in range(12)),
            tuple(-38.0 + 7.0 * month for month in range(12)),
            "P10 to P90",
            "P10 -$12k",
            "P90 $39k",
        ),
    ),
)

BAND_OF_ONE = Lines(
    "One", "", ("month 1",), (), (), bands=(Band((1.0,), (3.8,), "P10 to P90", "P10 $1k", "P90 $3.8k"),)
)

ONE_POINT = Lines("One period", "", ("month 1",), (Series("Profit", (3.0,), "$3k"),), ((0.0, "$0k"), (4.0, "$4k")))


def below(value: float, middle: float, spread: float) -> float:
    """Return the share of a normal distribution below a value."""
    return 0.5 * math.erfc((middle - value) / (spread * math.sqrt(2.0)))


def _bins(low: float, high: float, count: int, middle: float, spread: float) -> dict[str, Any]:
    edges = tuple(low + (high - low) * number / count for number in range(count + 1))
    heights = [below(edge, middle, spread) for edge in edges]
    shares = tuple(after - before for before, after in pairwise(heights))
    return {"edges": edges, "shares": shares, "curve": tuple(zip(edges, heights, strict=True))}


DISTRIBUTION = Distribution(
    title="+1% Weekly engagement adds $9k to $26k operating profit in the first 12 months",
    subtitle="Operating profit; 16,384 samples, seed 7",
    **_bins(0.5, 34.5, 34, 17.5, 6.63),
    marks=(
        Mark(17.5, "P50", "$17k", accent=True),
        Mark(9.0, "P10", "$9k"),
        Mark(26.0, "P90", "$26k"),
        Mark(17.7, "mean", "$18k"),
    ),
    levels=tuple((float(value), f"${value}k") for value in range(0, 40, 5)),
    central=(9.0, 26.0),
    central_text="P10 to P90",
    threshold=0.0,
    threshold_text="break-even",
    notes=("basis: first 12 months, accrual, pre-tax, undiscounted", "0.5% of the samples lie on either side."),
)

RISKY = Distribution(
    title="The price test loses money in one case of four",
    subtitle="Operating profit, first 12 months",
    **_bins(-120.0, 200.0, 200, 40.0, 60.0),
    marks=(Mark(-37.0, "P10", "-$37k"), Mark(40.0, "P50", "$40k", accent=True), Mark(117.0, "P90", "$117k")),
    levels=tuple((float(value), f"{'-' if value < 0 else ''}${abs(value)}k") for value in range(-100, 201, 20)),
    central=(-37.0, 117.0),
    central_text="P10 to P90",
    threshold=0.0,
    threshold_text="loss in 25% of the samples",
)

CEILING = Distribution(
    title="Churn may breach its ceiling",
    subtitle="At the end of month 12",
    edges=(2.0, 2.2, 2.4, 2.6, 2.8),
    shares=(0.1, 0.4, 0.3, 0.2),
    marks=(Mark(2.4, "P50", "2.4%"),),
    levels=((2.0, "2.0%"), (2.5, "2.5%")),
    threshold=2.7,
    threshold_text="ceiling 2.7%: breached in 10% of the samples, most of them by less than a tenth of a point",
    adverse="above",
)

ALL_EQUAL = Distribution(
    title="A model without ranges",
    subtitle="",
    edges=(-500.0, -500.0),
    shares=(1.0,),
    marks=tuple(Mark(-500.0, label, "-$500k") for label in ("P10", "P50", "P90", "mean")),
    levels=((-500.0, "-$500k"),),
    central=(-500.0, -500.0),
    central_text="P10 to P90",
    threshold=1e6,
    threshold_text="break-even",
)

ONE_BIN = Distribution("One bin", "", (0.0, 10.0), (1.0,), levels=((0.0, "$0"), (10.0, "$10")))

DIAGRAM = Diagram(
    title="+1% engagement adds $17k operating profit in the first 12 months",
    subtitle="92% of the effect runs through lower churn; LTV/CAC stays above its 3.0x floor",
    cards=(
        Card("engagement", "product", "Weekly engagement", "42.0%", "of users", "Core PM", "+1.00%", "favourable"),
        Card("nps", "product", "NPS", "38 points", "", "CX", "+0.30%", "favourable"),
        Card("churn", "driver", "Monthly churn", "2.5%", "per month", "Retention", "-0.58%", "favourable"),
        Card("customers", "driver", "Customers", "65.8k", "", "GM", "+0.60%", "favourable", memory=True),
        Card("arpu", "driver", "ARPU", "$29", "per customer per month", "Pricing"),
        Card("revenue", "financial", "Revenue", "$1.91M", "per month", "CFO", "+0.60%", "favourable"),
        Card("cogs", "financial", "COGS", "$348k", "per month", "Finance", "+0.60%", "adverse"),
        Card("profit", "financial", "Operating profit", "$712k", "per month", "CEO", "+1.59%", "favourable"),
        Card("ltv_cac", "financial", "LTV/CAC", "4.5x", "", "CFO", "+0.60%", "favourable", guardrail="floor 3.0x"),
    ),
    links=(
        Link("engagement", "churn", True, False, "next month", 16.0, "+$16k", -0.55, "-0.55"),
        Link("engagement", "nps", True, False, "", 1.0, "+$1k", 0.30, "+0.30"),
        Link("nps", "churn", True, False, "", 1.0, "+$1k", -0.10, "-0.10"),
        Link("churn", "customers", False, False, "", 17.0, "+$17k", -1.0, "-1.00"),
        Link("customers", "revenue", False, False, "", 21.0, "+$21k", 1.0, "+1.00"),
        Link("arpu", "revenue", False, False, "", 0.0, "", 1.0, "+1.00"),
        Link("customers", "cogs", False, False, "", -4.0, "-$4k", 1.0, "+1.00"),
        Link("revenue", "profit", False, False, "", 21.0, "+$21k", 2.66, "+2.66"),
        Link("cogs", "profit", False, False, "", -4.0, "-$4k", -0.27, "-0.27"),
        Link("churn", "ltv_cac", False, False, "", 0.0, "", -1.0, "-1.00"),
        Link("arpu", "ltv_cac", False, False, "", 0.0, "", 1.0, "+1.00"),
        Link("customers", "nps", True, True, "next month", 0.0, "", 0.05, "+0.05"),
    ),
    outcome="profit",
    path=("engagement", "churn", "customers", "revenue", "profit"),
    lifted="engagement",
    callout=Callout("First 12 months", "+$17k", "operating profit", "$9k to $26k"),
    notes=("basis: accrual, pre-tax, undiscounted, before the cost of achieving it; lift held from month 1",),
)

PANELS = (
    Panel("Cost", "$6k", "two sprints"),
    Panel("Evidence", "92% experiment", "8% judgement"),
    Panel("As of", "2026-10-31", "Product analytics"),
    Panel("The ask", "Fund the onboarding rebuild", "", accent=True),
)

EMPTY: tuple[View, ...] = (
    Headline(""),
    Table("", (Column("Metric"),), ()),
    Bars("", "", 0.0, "", ()),
    Waterfall("", "", ()),
    Lines("", "", (), (), ()),
    Distribution("", "", (), ()),
)

VIEWS: dict[str, View] = {
    "headline": HEADLINE,
    "table": TABLE,
    "wide-table": WIDE_TABLE,
    "tornado": TORNADO,
    "shares": SHARES,
    "one-sided": ONE_SIDED,
    "many-bars": MANY_BARS,
    "waterfall": WATERFALL,
    "bridge": BRIDGE,
    "with-range": WITH_RANGE,
    "bridge-with-range": BRIDGE_WITH_RANGE,
    "loss": LOSS,
    "loss-with-range": LOSS_WITH_RANGE,
    "long-with-range": LONG_WITH_RANGE,
    "long-waterfall": LONG_WATERFALL,
    "lines": LINES,
    "fan": FAN,
    "band-of-one": BAND_OF_ONE,
    "spider": SPIDER,
    "long-lines": LONG_LINES,
    "one-point": ONE_POINT,
    "distribution": DISTRIBUTION,
    "risky": RISKY,
    "ceiling": CEILING,
    "all-equal": ALL_EQUAL,
    "one-bin": ONE_BIN,
    "diagram": DIAGRAM,
}

HOSTILE_TEXTS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "a & b < c > d 'e' \"f\" &amp; &lt; &#60;",
    "]]> --> <!-- <![CDATA[",
    "back\\slash at the end\\",
    '"]; evil [label="x',
    "<b>bold?</b>",
    "%%{init: {}}%% ```mermaid click n0 call evil()",
    "#quot; #35; ; end\n  n0 --> n9",
    "$100k-$201k _x_ ^2 \\frac{1}{2}",
    '=HYPERLINK("http://x","y")',
    "+cmd|' /C calc'!A0",
    "@SUM(1)",
    "-2+3",
    "\ttab",
    "\x1b[31mred\x1b[0m \x07 \x9b1m",
    "\u202eevil\u2066 \u200b\u2028line",
    "解約率と売上",
    "\N{GRINNING FACE} e\u0301",
    "\x00\ufffe",
)


def hostile(view: View, text: str) -> View:
    """Return `view` with every text field, ids included, replaced by `text` (ids kept distinct by a number)."""
    renamed: dict[str, str] = {}

    def rename(name: str) -> str:
        return renamed.setdefault(name, f"{text}{len(renamed)}") if name else ""

    def change(value: Any, field: str) -> Any:
        if field in ("id", "source", "target", "outcome", "lifted"):
            return rename(value)
        if field == "path":
            return tuple(rename(name) for name in value)
        if isinstance(value, str):
            return value if field in FIXED else text
        if isinstance(value, tuple):
            return tuple(change(item, field) for item in value)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = dataclasses.fields(value)
            return dataclasses.replace(value, **{f.name: change(getattr(value, f.name), f.name) for f in fields})
        return value

    changed: View = change(view, "")
    return changed


FIXED = ("align", "tone", "low_tone", "high_tone", "role", "kind", "cut", "adverse")
"""Fields that hold a word of a closed list, not text."""
