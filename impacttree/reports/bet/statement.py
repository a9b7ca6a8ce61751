"""The fifth slide: profit and loss before and after, and the guardrails."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from impacttree.analyses.pnl import Pnl
from impacttree.answers.guardrail_checks import NOTABLE, gauges_part
from impacttree.answers.words import is_still, joined, lowered
from impacttree.reports.bet.bet import Bet
from impacttree.views import Cell, Table
from impacttree.views.slides import Slide, SlidePart

__all__ = ["statement_and_guardrails"]


def statement_and_guardrails(bet: Bet) -> Slide | None:
    """Return the statement before and after beside the guardrails; None where the tree has neither.

    Where there are fiscal years it has a column for each. It is never discounted.
    """
    checks, plain = bet.worth.guardrails, bet.as_it_comes
    if bet.pnl is None and not checks:
        return None
    parts = []
    wide = 8 if checks else 12
    if plain.pnl is not None:
        table = _by_year(plain, plain.pnl) if bet.is_fiscal else _with_cost(plain, plain.pnl)
        if bet.words.is_discounted:
            table = replace(table, title=f"{table.title}, undiscounted")
        parts.append(SlidePart(table, 0, wide))
    parts += gauges_part(bet.words, checks, bet.horizon, 8 if bet.pnl else 0, bet.before)
    notes = tuple(check.text for check in checks)
    return Slide(_statement_title(plain), tuple(parts), _statement_subtitle(bet), notes, plain.footer)


def _statement_title(bet: Bet) -> str:
    broken = [check.label for check in bet.worth.guardrails if not check.holds]
    likely = max((check.risk or 0.0 for check in bet.worth.guardrails), default=0.0)
    kept = "every guardrail holds" if likely < NOTABLE else "every guardrail holds as stated"
    rails = kept if not broken else f"{joined(broken)} {'breaks' if len(broken) == 1 else 'break'}"
    rails += "" if not broken else " its guardrail" if len(broken) == 1 else " their guardrails"
    if bet.pnl is None:
        return rails[:1].upper() + rails[1:]
    last, words = bet.pnl.lines[-1], bet.words
    if is_still(last.before, last.after):
        said = f"{last.label} does not move over {words.periods(bet.horizon)}"
    else:
        verb = "rises" if last.change > 0 else "falls"
        to_level = words.value(last.metric, last.after)
        said = f"{last.label} {verb} {bet.amount(last.change)} to {to_level} over {words.periods(bet.horizon)}"
    return f"{said}, and {rails}" if bet.worth.guardrails else said


def _statement_subtitle(bet: Bet) -> str:
    """Say which scenario of the file breaks a guardrail without the bet."""
    plain = f"Profit and loss over {bet.words.periods(bet.horizon)}, rounded so that rows and columns add up"
    if bet.scenario or not bet.subject.graph.spec.scenarios:
        return plain
    for (_, found), title in zip(bet.compared.scenarios, bet.compared.titles, strict=True):
        check = next((check for check in found.guardrails if not check.holds), None)
        if check is not None:
            value, limit = bet.words.apart(check.metric, check.value, check.limit)
            where = f"In the scenario {lowered(title)}, without the bet, {check.label} stands at {value}"
            return f"{where}, {'below its floor' if check.side == 'floor' else 'above its cap'} of {limit}"
    return plain


def _with_cost(bet: Bet, statement: Pnl) -> Table:
    """Return the statement with the cost of the bet, and what is left after it, below."""
    table = statement.view()
    if bet.cost is None or not statement.changes:
        return replace(table, notes=())
    step = 10.0 ** statement.scale[0]
    before, after, change = statement.shown()[-1]
    paid = bet.sign * bet.spent
    net = round((statement.lines[-1].change - paid) / step)
    spent = net - change
    cost = (Cell("Cost of the bet"), Cell(""), Cell(f"{spent:,}"), Cell(f"{spent:+,}"), Cell(""))
    last = statement.lines[-1]
    relative = bet.words.percent(last.before, last.change - paid)
    texts = ("After the cost", f"{before:,}", f"{after + spent:,}", f"{net:+,}" if net else "0", relative)
    left = tuple(map(Cell, texts))
    totals = table.totals | {len(table.rows) + 1}
    return replace(table, rows=(*table.rows, cost, left), totals=totals, notes=())


def _by_year(bet: Bet, statement: Pnl) -> Table:
    """Return what the bet changes in each fiscal year, with what of its cost is paid then."""
    statement = statement.by("year")
    table = statement.view()
    heads = [bet.called(part) for part in statement.parts]
    columns = (table.columns[0], *(replace(table.columns[1], label=head) for head in heads), table.columns[-1])
    title = f"{table.title.partition(',')[0]} by fiscal year, {statement.scale[1]}"
    table = replace(table, title=title, columns=columns, notes=())
    if bet.cost is None:
        return table
    step = 10.0 ** statement.scale[0]
    spent = [0, *(round(-bet.sign * bet.returns.paid[part[-1] - 1] / step) for part in statement.parts)]
    cost = [*(later - earlier for earlier, later in pairwise(spent)), spent[-1]]
    last = [int(cell.value or 0) for cell in table.rows[-1][1:]]
    left = [before + paid for before, paid in zip(last, cost, strict=True)]
    rows = [(label, *(f"{amount:,}" for amount in amounts)) for label, amounts in
            (("Cost of the bet", cost), ("After the cost", left))]  # fmt: skip
    totals = table.totals | {len(table.rows) + 1}
    return replace(table, rows=(*table.rows, *(tuple(map(Cell, row)) for row in rows)), totals=totals)
