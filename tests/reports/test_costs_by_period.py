"""Decks of bets whose costs come later, or have a life; on present values; in fiscal years; of several bets."""

from __future__ import annotations

import io
import re
from functools import cache
from itertools import accumulate, pairwise

import pptx
import pytest

import impacttree as it
from impacttree.errors import QuestionError
from impacttree.render.pptx.slides import slides_to_pptx
from impacttree.reports.deck import Deck
from impacttree.views import Panel, Table
from impacttree.views.slides import Course, Figures, Slide, SlidePicture, Spans
from tests.render.pptx.paints import flat

SHOP = """
name: Shop
outcome: profit
horizon: 12
{more}
finance: {{discount_rate: 12%/year{finance}}}
metrics:
  sold: {{value: 100 orders/month}}
  price: {{value: $10/order}}
  paid: {{formula: sold * price}}
  unit_cost: {{value: $6/order, better: lower}}
  spent: {{formula: sold * unit_cost}}
  profit: {{formula: paid - spent}}
  cash: {{label: Free cash flow, formula: profit * 0.8}}
"""
COSTS = ["$1000", "$1200 in month 3 over 24 months", "$600 in month 20"]


def shop(finance: str = "", more: str = "") -> it.Tree:
    return it.loads(SHOP.format(finance=finance, more=more))


def pictures(slide: Slide, kind: type[SlidePicture]) -> list[SlidePicture]:
    return [part.picture for part in slide.parts if isinstance(part.picture, kind)]


def course(deck: Deck) -> Course:
    (found,) = pictures(deck.slides[2], Course)
    assert isinstance(found, Course)
    return found


def tiles(slide: Slide) -> dict[str, Panel]:
    return {
        panel.head: panel
        for picture in pictures(slide, Figures)
        if isinstance(picture, Figures)
        for panel in picture.panels
    }


def said(deck: Deck) -> str:
    return str(deck.slides)


def by_hand(months: int = 36) -> list[float]:
    """The net of 25% more orders, $100 of profit a month, after each month."""
    net, left = [], 0.0
    for month in range(1, months + 1):
        left += 100 - (1000 if month == 1 else 0) - (600 if month == 20 else 0)
        left -= 1200 if month == 3 else 0
        net.append(left)
    return net


def test_what_is_paid_later_is_taken_off_when_it_is_paid() -> None:
    deck = shop().deck("sold", "+25%", cost=COSTS)
    net = by_hand()
    assert course(deck).lines.series[0].values == pytest.approx(net)
    assert net[-1] == pytest.approx(3600 - 1000 - 1200 - 600)
    ask = tiles(deck.slides[0])["We ask"]
    assert (ask.body, ask.detail) == ("$2.8k", "in 3 parts, month 1 to month 20")
    deepest = tiles(deck.slides[2])["Deepest outlay"]
    assert deepest.detail == f"after month {net.index(min(net)) + 1}"
    (spans,) = pictures(deck.slides[0], Spans)
    assert isinstance(spans, Spans)
    assert [bar.point for bar in spans.spans] == pytest.approx(
        [net[11], net[23], net[35]]
    )  # unlike costs: what is left
    assert spans.threshold == 0.0
    payments = [event.when for event in deck.slides[5].parts[-1].picture.events if "paid" in event.text]  # type: ignore[union-attr]
    assert payments[:1] == ["Month 1"]
    assert "Month 20" in payments
    assert "$1200 in month 3, written off over 24 months" in said(deck)


def test_what_is_written_off_beyond_the_end_is_paid_all_the_same() -> None:
    deck = shop().deck("sold", "+25%", cost="$1000; $3600 over 48 months")
    table = next(p for p in pictures(deck.slides[4], Table) if isinstance(p, Table))
    cost, after = (row[-2].text for row in table.rows[-2:])
    assert (cost, after) == ("−4,600", "−1,000")
    assert tiles(deck.slides[0])["Net by month 36"].body == "−$1k"
    equation = tiles(deck.slides[1])
    assert equation["The ask"].body == "$4.6k"
    assert equation["Net"].body == "−$1k"


def test_payback_is_counted_from_the_first_spend() -> None:
    deck = shop().deck("sold", "+25%", cost="$900 in month 6")
    panel = tiles(deck.slides[2])["Payback"]
    assert panel.body == "month 9"
    assert panel.detail.startswith("3 months after the first spend")
    names = [mark.text for mark in course(deck).milestones]
    assert names == ["−$300 deepest outlay, and first spend, month 6", "Pays back in month 9"]


def test_what_is_lost_again_is_not_called_back() -> None:
    deck = shop().deck("sold", "+25%", cost="$200; $5000 in month 30")
    back = "pays back in month 2 (+$1k) but has lost it again by month 36 (−$1.6k)"
    assert deck.slides[0].title.endswith(back)
    assert deck.slides[2].title.endswith("has lost it again by month 36; the net stands at −$1.6k by month 36")


def test_a_deck_on_present_values_says_so_and_adds_up() -> None:
    deck = shop().deck("sold", "+25%", cost=COSTS, basis="pv")
    factors = [1.12 ** (-month / 12) for month in range(37)]
    paid = {3: 1200.0, 20: 600.0}
    amounts = [100 * factors[t] - paid.get(t, 0.0) * factors[t] for t in range(1, 37)]
    amounts[0] -= 1000.0
    assert course(deck).lines.series[0].values == pytest.approx(list(accumulate(amounts)))
    returned = sum(100 * factor for factor in factors[1:])
    year, whole = f"−${-sum(amounts[:12]) / 1e3:.2f}k discounted", f"+${sum(amounts):.0f} discounted"
    assert f"back within 12 months ({year}) but does within 36 ({whole}), in month " in deck.slides[0].title
    assert f"stands at {whole} by month 36" in deck.slides[2].title
    least = float(re.search(r"\+([\d.]+)% sold or more", deck.slides[3].title)[1])  # type: ignore[index]  # it is there
    assert least == pytest.approx(25 * (returned - sum(amounts)) / returned, abs=0.1)
    assert not re.search(r"\bNPV\b|present value", said(deck), flags=re.IGNORECASE)  # no cash is stated
    assert "undiscounted" in deck.slides[4].footer[1]
    table = next(p for p in pictures(deck.slides[4], Table) if isinstance(p, Table))
    assert table.title.endswith("undiscounted")
    assert next(row for row in table.rows if row[0].text == "Profit")[3].text == "+3,600"
    plain = shop().deck("sold", "+25%", cost=COSTS)
    assert "discounted" not in said(plain).replace("undiscounted", "")


def test_cash_has_a_net_present_value() -> None:
    tree = shop(", cash: cash")
    deck = tree.deck("sold", "+25%", "cash", cost="$1000", basis="pv")
    npv = sum(80 * 1.12 ** (-month / 12) for month in range(1, 37)) - 1000
    assert tiles(deck.slides[0])["NPV by month 36"].body == f"+${npv / 1e3:.2f}k"
    assert f"but does within 36 (NPV +${npv / 1e3:.2f}k), in month " in deck.slides[0].title
    (slide,) = (slide for slide in deck.slides if slide.title.startswith("The NPV"))
    assert slide.title.startswith(f"The NPV is +${npv / 1e3:.2f}k in cash after tax, with an IRR of ")


def test_a_deck_of_profit_tells_the_npv_of_the_same_answer() -> None:
    tree = shop(", tax_rate: 25%, cash: {profit: profit}")
    deck = tree.deck("sold", "+25%", cost=COSTS)
    flow = tree.cash_flow({"sold": "+25%"}, cost=COSTS, after_tax=True, horizon=36)
    tile = tiles(deck.slides[0])["NPV by month 36"]
    assert tile.body == f"+${flow.npv:,.0f}".replace("+$-", "−$")
    assert tile.detail == f"cash after tax, 36 months; IRR {flow.irr_words[0]}"
    slide = deck.slides[6]
    (table,) = pictures(slide, Table)
    assert isinstance(table, Table)
    assert [row[0].text for row in table.rows][-3:] == ["Net cash", "Discounted to today", "Added up"]
    assert table.rows[-1][-1].value == pytest.approx(flow.npv)
    assert tiles(slide)["Discounted payback"].body == f"{flow.discounted_payback} months"
    assert slide.footer[1].startswith("Basis: cash, after tax at 25%")
    assert f"undiscounted {flow.payback} months" in tiles(slide)["Discounted payback"].detail


def test_an_irr_that_is_not_there_and_a_large_terminal_value_are_said() -> None:
    tree = shop(", cash: {profit: profit}, terminal: {perpetuity: {growth: 2%/year}}")
    never = tree.deck("sold", "+25%", cost="$10 in month 5")
    assert "; IRR none" in never.slides[6].title
    assert tiles(never.slides[6])["IRR"].detail == "no rate makes these amounts worth nothing today"
    share = tree.cash_flow({"sold": "+25%"}, cost="$1000", horizon=36).terminal_share
    slide = tree.deck("sold", "+25%", cost="$1000").slides[6]
    assert f"{share:.0%} of the value comes after month 36" in slide.title
    fading = tree.deck("sold", it.lift("+25%", decay="5%/month"), cost="$1000")
    assert "cannot be told" in fading.slides[6].title


def test_several_bets_are_weighed_first() -> None:
    tree = shop(", cash: {profit: profit}")
    acts = [
        it.Act("sold", "+25%", cost=COSTS, label="More orders"),
        it.Act("price", "+5%", cost=["$400 in month 2"], label="Dearer"),
    ]
    deck = tree.deck(acts)
    decided = tree.decide(it.Decision(acts))
    assert deck.slides[0].title == decided.title.replace("-$", "−$")
    table, *_ = pictures(deck.slides[0], Table)
    assert isinstance(table, Table)
    for row, act, asked in zip(table.rows, decided.acts, acts, strict=True):
        assert row[0].text == act.label
        assert [cell.value for cell in row[2:5]] == pytest.approx([stage.net for stage in act.returns.stages])
        flow = tree.cash_flow({move.metric: move.change for move in act.moves}, cost=list(asked.cost), horizon=36)
        assert row[-2].value == pytest.approx(flow.npv)
    assert [column.label for column in table.columns][-2:] == ["NPV today", "IRR"]
    asks = [slide.title for slide in deck.slides if slide.title.startswith("We ask")]
    assert len(asks) == 2
    assert asks[1].startswith("We ask $400: +5% price pays back in month ")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"metric": [it.Act({"sold": "+1%", "price": "+1%"}, cost="$1")]}, "an act has several"),
        ({"metric": [it.Act("sold", "+1%", cost="$1")], "cost": "$2"}, "acts have their own costs"),
        ({"metric": "sold", "change": "+1%", "basis": "run rate"}, "there is no basis 'run rate'"),
        ({"metric": "sold", "change": "+1%", "basis": "run_rate"}, "a run rate is what a year comes to"),
        ({"metric": "sold", "change": "+1%", "cost": ["-$5", "$3 in month 99"]}, "below zero"),
    ],
)
def test_what_a_deck_refuses(given: dict[str, object], message: str) -> None:
    with pytest.raises(QuestionError, match=message):
        shop().deck(**given)  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.slow
def test_with_fiscal_years_slides_speak_of_them() -> None:
    tree = shop(", cash: {profit: profit}", "start_date: 2026-11-01\nfiscal_calendar: {start: February}")
    deck = tree.deck("sold", "+25%", cost="$1000; $1200 in 2027-01 over 24 months")
    net = [0.0, *accumulate(
        100 - (1000 if month == 1 else 0) - (1200 if month == 3 else 0) for month in range(1, 37)
    )]  # fmt: skip
    (spans,) = pictures(deck.slides[0], Spans)
    assert isinstance(spans, Spans)
    ends = {"By the end of FY27": 3, "By the end of FY28": 15, "By the end of FY29": 27, "By the end of FY30 Q3": 36}
    assert {bar.label: bar.point for bar in spans.spans} == {
        label: pytest.approx(100 * month) for label, month in ends.items()
    }
    assert spans.threshold == pytest.approx(2200)  # all of it is paid before the first stage
    back = next(month for month in range(1, 37) if net[month] >= 0)
    assert back == 22
    assert deck.slides[0].title.endswith("in Aug 2028")
    assert tiles(deck.slides[0])["Pays back in"].body == "FY29 Q3"
    names = [(month, name) for month, name in enumerate(course(deck).names, 1) if name]
    assert names[:5] == [(3, "FY27"), (6, "Q1"), (9, "Q2"), (12, "Q3"), (15, "FY28")]
    table = next(p for p in pictures(deck.slides[4], Table) if isinstance(p, Table))
    assert [column.label for column in table.columns[1:]] == ["FY27 Q4", "FY28", "FY29", "FY30, 9 months", "Total"]
    left = [int(cell.text.replace("−", "-").replace(",", "")) for cell in table.rows[-1][1:]]
    assert left == pytest.approx([after - before for before, after in pairwise([0.0, *(net[m] for m in ends.values())])]
                                 + [net[36]], abs=1)  # fmt: skip
    cash, *_ = pictures(deck.slides[6], Table)
    assert isinstance(cash, Table)
    assert [column.label for column in cash.columns[2:]] == ["FY27 Q4", "FY28", "FY29", "FY30, 9 months", "Total"]


YEARS = """
name: Corner Shop
outcome: profit
horizon: {horizon}
currency: {currency}
start_date: 2027-01-01
fiscal_calendar: {{start: February}}
finance: {{discount_rate: 12%/year, tax_rate: 25%, cash: {{profit: profit}}}}
metrics:
  visits: {{values: [200k visits/month, 220k visits/month], then: grow 0.5%/month}}
  conversion: {{label: Conversion, kind: product, value: 3% (2.8% to 3.2%), owner: Growth PM}}
  orders: {{label: Orders, formula: visits * conversion, unit: orders/month}}
  margin: {{value: 18 {currency}/order}}
  overhead: {{value: 90k {currency}/month, better: lower}}
  profit: {{formula: orders * margin - overhead, unit: {currency}/month, kind: financial}}
"""
PARTS = "50k {currency} in month 3; 200k {currency} over 36 months"


@cache
def in_years(months: int, currency: str = "USD") -> tuple[it.Tree, Deck]:
    tree = it.loads(YEARS.format(horizon=months // 3, currency=currency))
    cost = PARTS.format(currency=currency)
    return tree, tree.deck("conversion", "+5% from 2027-04 over 3 months", cost=cost, basis="pv")


def titled(deck: Deck, start: str) -> Slide:
    return next(slide for slide in deck.slides if slide.title.startswith(start))


def measured(deck: Deck) -> Table:
    """The table of the numbers to measure."""
    found = pictures(titled(deck, "Approve"), Table)
    return next(one for one in found if isinstance(one, Table) and one.title.startswith("Next"))


def written(slide: Slide, template: bytes | None = None) -> list[list[str]]:
    """The cells of the first table of a slide, as they are in the file."""
    (page,) = pptx.Presentation(io.BytesIO(slides_to_pptx([slide], template))).slides
    table = next(shape.table for shape in page.shapes if shape.has_table)
    return [[cell.text for cell in row.cells] for row in table.rows]


def narrow_page() -> bytes:
    presentation = pptx.Presentation()  # four to three
    presentation.save(content := io.BytesIO())
    return content.getvalue()


@pytest.mark.parametrize("currency", ["USD", "CHF"])
@pytest.mark.parametrize("months", [36, *(pytest.param(months, marks=pytest.mark.slow) for months in (60, 108))])
def test_every_figure_of_the_way_to_cash_stands_whole(months: int, currency: str) -> None:
    tree, deck = in_years(months, currency)
    flow = tree.cash_flow(
        {"conversion": "+5% from 2027-04 over 3 months"},
        cost=PARTS.format(currency=currency), after_tax=True, horizon=months,
    )  # fmt: skip
    slide = titled(deck, "The NPV")
    part = slide.parts[0]
    assert isinstance(part.picture, Table)
    for table in (part.picture, *part.narrower):
        assert table.rows[-1][-1].value == pytest.approx(flow.npv)
        for row, line in zip(table.rows, [line for line in flow.lines if any(line.amounts)], strict=False):
            assert sum(cell.value or 0.0 for cell in row[1:-1]) == pytest.approx(line.total)
    for template in (None, narrow_page()):
        cells = written(slide, template)
        assert not [text for row in cells for text in row if text.endswith("…")]
        assert cells[0][1] == "Today"
        assert cells[0][-1] == "Total"
        assert len(cells[0]) >= 5
        assert len(cells) == len(part.picture.rows) + 1


@pytest.mark.slow
def test_years_without_room_stand_together() -> None:
    _, deck = in_years(108)
    assert written(titled(deck, "The NPV"))[0] == ["", "Today", "FY27 Q4, 1 month", "FY28", "FY29", "FY30", "FY31",
                                   "FY32 to Dec 2035", "Total"]  # fmt: skip


@pytest.mark.slow
def test_numbers_to_measure_are_those_of_a_period() -> None:
    tree, deck = in_years(108)
    table = measured(deck)
    assert table.title == "Next numbers to measure, 30 September 2027"
    today = tree.values()
    planned = tree.project(9, {"conversion": "+5% from 2027-04 over 3 months"})["orders"][9]
    assert today["orders"] == pytest.approx(6_000)
    conversion, orders = ([cell.text for cell in row] for row in table.rows)
    assert conversion[:3] == ["Conversion", "3.0%", "3.15%"]
    assert orders == ["Orders a month", "6k", f"{planned / 1e3:.2f}k", "watch"]


@pytest.mark.slow
def test_numbers_are_measured_once_a_change_is_in_force_in_full() -> None:
    _, deck = in_years(36)  # a quarter of its horizon is over before anything changes
    table = measured(deck)
    assert table.title == "Next numbers to measure, 30 June 2027"
    assert table.rows[0][2].text == "3.15%"


def test_the_tile_of_npv_says_how_it_differs_from_the_net() -> None:
    _, deck = in_years(108)
    tile = tiles(deck.slides[0])["NPV by Dec 2035"]
    assert tile.detail.startswith("cash after tax, 108 months; IRR ")


def test_boxes_of_discounted_totals_are_not_cut() -> None:
    _, deck = in_years(108)
    for slide in (deck.slides[1], *deck.slides[7:]):
        (page,) = pptx.Presentation(io.BytesIO(slides_to_pptx([slide]))).slides
        drawn = [shape.text_frame.text for shape in flat(page) if shape.has_text_frame]
        assert not [text for text in drawn if text.startswith("in 108 months") and text.endswith("…")]


def test_what_a_bet_costs_is_added_to_an_outcome_that_is_a_cost() -> None:
    tree = it.loads(
        "outcome: spend\nhorizon: 12\nmetrics:\n"
        "  hours: {value: 100 hours/month, better: lower}\n  rate: {value: $50/hour}\n"
        "  wages: {formula: hours * rate, better: lower, kind: financial}\n"
        "  tools: {value: $100/month, better: lower, kind: financial}\n"
        "  spend: {formula: wages + tools, better: lower, kind: financial}\n"
    )
    deck = tree.deck("hours", "-10%", cost="$2000")
    saved = 36 * 100 * 0.1 * 50  # $18,000
    assert tiles(deck.slides[0])["Net by month 36"].body == "+$16k"
    equation = tiles(deck.slides[1])
    assert [equation[head].body for head in ("Spend", "The ask", "After the ask")] == ["−$18k", "$2k", "−$16k"]
    (signs,) = (p.signs for p in pictures(deck.slides[1], Figures) if isinstance(p, Figures))
    assert signs == ("=", "+", "=")
    (table,) = (p for p in pictures(deck.slides[4], Table) if isinstance(p, Table))
    changes = [int(row[3].text.replace(",", "").replace("−", "-")) for row in table.rows[-3:]]
    assert changes == [-saved, 2000, -saved + 2000]


def test_what_is_paid_in_a_year_stands_in_that_year() -> None:
    tree = shop(", cash: {profit: profit}", "start_date: 2026-11-01\nfiscal_calendar: {start: February}")
    deck = tree.deck("sold", "+25.3%", cost="$1000.4; $1200.4 in 2027-01 over 24 months")
    (table,) = (p for p in pictures(deck.slides[4], Table) if isinstance(p, Table))
    cost, left = ([cell.text for cell in row[1:]] for row in table.rows[-2:])
    assert cost[1:-1] == ["0", "0", "0"]  # all of it is paid in FY27
    numbers = [[int(text.replace(",", "").replace("−", "-")) for text in row] for row in (cost, left)]
    assert all(sum(row[:-1]) == row[-1] for row in numbers)


def test_a_net_that_cash_does_not_earn_is_said_in_the_headline() -> None:
    tree = shop(", tax_rate: 25%, cash: {profit: profit}")
    deck = tree.deck("sold", "+25%", cost="$3300")
    npv = tree.cash_flow({"sold": "+25%"}, cost="$3300", after_tax=True, horizon=36).npv
    assert npv < 0
    assert deck.slides[0].title.endswith(f", in month 33, while its NPV is −${-npv:.0f}")
