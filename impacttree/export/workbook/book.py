"""A tree as an Excel workbook of live formulas: inputs, changes, the tree without and with them, and a check."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from impacttree.analyses.cash_flow import CashFlow, cash_flow
from impacttree.analyses.what_if import what_if
from impacttree.answers.asked import Changes
from impacttree.answers.case import Case
from impacttree.answers.outlays import Costs, read_outlays
from impacttree.answers.subject import Horizon, Subject
from impacttree.errors import OutputError, Problem, QuestionError
from impacttree.export.workbook.cash import CashSheet
from impacttree.export.workbook.changes import ChangesSheet
from impacttree.export.workbook.check import check_sheet
from impacttree.export.workbook.columns import TODAY, PeriodColumns
from impacttree.export.workbook.inputs import InputSheets
from impacttree.export.workbook.model_sheets import ModelSheets
from impacttree.export.workbook.rows import SheetRows
from impacttree.export.workbook.sheets import absolute
from impacttree.export.workbook.summary import SummarySheet
from impacttree.export.workbook.xlsx import to_xlsx
from impacttree.files import written_name
from impacttree.graph.model import Metric

__all__ = ["MOST_CELLS", "workbook", "workbook_name"]

MOST_CELLS = 100_000
"""Metrics times periods of a workbook."""
SAMPLES = 16
"""Drawn of a range that the workbook does not show."""
MOST_PERIODS = 16_000
"""Excel has 16,384 columns."""


def workbook(
    subject: Subject,
    changes: Changes | None = None,
    *,
    scenario: str | None = None,
    horizon: Horizon = None,
    cost: Costs | None = None,
    after_tax: bool = False,
    people: bool = True,
) -> bytes:
    """Return the workbook of a tree.

    Parameters
    ----------
    subject
        The tree.
    changes
        What is done, by metric.
    scenario
        A scenario of the model file, held without and with the changes.
    horizon
        Periods; by default the tree's.
    cost
        What is paid, of a tree that states ``finance``.
    after_tax
        Whether profits are taxed on the way to cash.
    people
        Whether owners and sources are in the file.

    Raises
    ------
    QuestionError
        When something is paid and the tree cannot be discounted, or tax is asked for and no rate is stated.
    OutputError
        When the tree is too large for a workbook.
    MissingDependency
        Without XlsxWriter (the extra ``excel``).

    Examples
    --------
    >>> import impacttree as it
    >>> workbook(it.template("saas")._subject, {"engagement": "+5%"})[:2]
    b'PK'
    """
    case = Case.of(subject, changes, horizon, scenario)
    words, graph = case.words, subject.graph
    _check_size(len(graph.metrics), case.periods)
    answer = None
    if graph.outcome:
        answer = what_if(subject, changes or {}, range=False, horizon=horizon, scenario=scenario)
    columns = PeriodColumns(words, case.periods)
    rows = SheetRows(graph, columns.first_row)
    base = "Without" if case.asked.recipes else "Model"
    inputs = InputSheets(
        words, columns, lambda slot: f"'{base}'!{absolute(rows.metrics[slot], TODAY)}", subject.today, people
    )
    inputs.fill()
    done = ChangesSheet(words, columns, case.held, case.together, case.scenario)
    if case.together.recipes:
        done.fill()
    models = ModelSheets(case, columns, rows, inputs, done, base)
    held = f"Scenario: {case.scenario}." if case.scenario else "The tree as stated."
    before = models.of(case.held, base, held)
    after = models.of(case.together, "With", "The tree with the changes.") if case.asked.recipes else before
    runs = [before] if before is after else [before, after]
    shown = _shown(case)
    cash, no_cash = None, ""
    try:
        found = _cash_flow(case, changes, cost, after_tax=after_tax, scenario=scenario)
    except QuestionError as error:
        if cost is not None or after_tax:
            raise
        no_cash = error.problems[0].reason
    else:
        if found is not None:
            outlays = read_outlays(replace(case, subject=subject.on_basis("pv")), graph[found.metric], cost)
            cash = CashSheet(case, found, outlays, columns, rows, inputs, before, after)
            cash.fill()
    figures = () if cash is None else tuple(cash.figures)
    check = check_sheet(case, columns, rows, inputs, runs, shown, figures)
    summary = SummarySheet(case, columns, rows, inputs, before, after, answer, shown, check, figures, no_cash)
    summary.fill()
    sheets = [
        summary.sheet,
        inputs.sheet,
        *([inputs.by_period] if inputs.series else []),
        *([done.sheet] if case.together.recipes else []),
        *(one.sheet for one in (*runs, *models.paths)),
        *([] if cash is None else [cash.sheet]),
        check,
    ]
    return to_xlsx(sheets, inputs.names, graph.spec.name)


def _cash_flow(
    case: Case, changes: Changes | None, cost: Costs | None, *, after_tax: bool, scenario: str | None
) -> CashFlow | None:
    """Return the library's answer about cash; None of a tree that says nothing about finance, where nothing is paid."""
    if case.words.graph.spec.finance is None and cost is None and not after_tax:
        return None
    return cash_flow(
        case.subject, changes, cost=cost, after_tax=after_tax, horizon=case.periods, scenario=scenario, samples=SAMPLES
    )


def workbook_name(path: str | os.PathLike[str]) -> str:
    """Return the name of a workbook's file.

    Raises
    ------
    OutputError
        When it does not end in ``.xlsx``.
    """
    name = written_name(path)
    if Path(name).suffix.lower() != ".xlsx":
        fix = f"write {Path(name).with_suffix('.xlsx').name}"
        raise OutputError(Problem(reason=f"a workbook is an Excel file, {Path(name).name} is not", fix=fix))
    return name


def _check_size(metrics: int, periods: int) -> None:
    if periods > MOST_PERIODS:
        reason = f"a workbook has {MOST_PERIODS:,} columns for periods, and {periods:,} are asked for"
        raise OutputError(Problem(reason=reason, fix="ask for a shorter horizon"))
    if metrics * periods > MOST_CELLS:
        reason = f"{metrics:,} metrics in {periods:,} periods are more than the {MOST_CELLS:,} cells of a workbook"
        raise OutputError(
            Problem(reason=reason, fix="ask for a shorter horizon, or take a part: tree.subtree('profit')")
        )


def _shown(case: Case) -> Sequence[Metric]:
    """Return the outcomes: those of the tree, else what is financial, else all that it has."""
    graph = case.subject.graph
    if graph.outcome:
        return [graph[name] for name in case.beside(graph[graph.outcome])]
    financial = [metric for metric in graph.metrics if metric.spec.kind == "financial"]
    return financial or list(graph.metrics)
