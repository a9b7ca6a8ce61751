"""What `show`, `values`, `check` and `templates` say beyond a single answer."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from impacttree.errors import ImpactTreeError, ModelError, Problem
from impacttree.interfaces.argument_types import open_tree
from impacttree.records import dataclass
from impacttree.views import Cell, Column, Fact, Headline, Table

if TYPE_CHECKING:
    from impacttree.analyses.guardrails import GuardrailReport
    from impacttree.spec.models import Scenario
    from impacttree.tree import ImpactTree

__all__ = [
    "Inspection",
    "first_sentence",
    "inspect",
    "outline_of",
    "summary",
    "summary_data",
    "template_rows",
    "template_table",
]

OUTLINED = ("Metric", "Value", "Effect")


def summary(tree: ImpactTree) -> Headline:
    """Return what the tree is about, and how far it goes."""
    spec = tree.spec
    checks = tree.check_guardrails(range=False).checks
    facts = (
        Fact("about", ((spec.description,),) if spec.description else ()),
        Fact("scope", ((scope(tree),),)),
        Fact("guardrails", tuple((check.text,) for check in checks)),
        Fact("scenarios", ((", ".join(map(_named, spec.scenarios)),),) if spec.scenarios else ()),
        Fact("notes", tuple((note,) for note in tree.notes)),
    )
    return Headline(spec.name, tuple(fact for fact in facts if fact.rows), tree.values().warnings)


def scope(tree: ImpactTree) -> str:
    """Write ``28 metrics by month, over 12 months; outcome Operating profit``."""
    spec, horizon = tree.spec, tree.spec.horizon_periods
    count = f"{len(tree)} metric{'s' * (len(tree) != 1)}"
    over = f"by {spec.period}, over {horizon} {spec.period}{'s' * (horizon != 1)}"
    return f"{count} {over}; outcome {tree[tree.outcome].title} ({tree.outcome})"


def outline_of(tree: ImpactTree) -> Table:
    """Return the tree as an outline: the outcome, what feeds it, with values of today and the strength of each link."""
    from impacttree.render.outline import outline

    table = outline(tree.diagram().view())
    kept = [index for index, column in enumerate(table.columns) if column.label in OUTLINED]
    return Table(
        "",
        tuple(table.columns[index] for index in kept),
        tuple(tuple(row[index] for index in kept) for row in table.rows),
        ("Effect: % change of the metric above per % of this one. Assumed ones rest on evidence.",),
    )


def _named(scenario: Scenario) -> str:
    """Return the name of a scenario, and what it is called where that is stated."""
    return scenario.name if scenario.label is None else f"{scenario.name} ({scenario.label})"


def summary_data(tree: ImpactTree) -> dict[str, Any]:
    """Return what `summary` and `outline_of` say, as plain data."""
    spec = tree.spec
    return {
        "name": spec.name,
        "description": spec.description,
        "currency": spec.currency,
        "period": spec.period,
        "horizon": spec.horizon_periods,
        "outcome": tree.outcome,
        "outcomes": list(spec.outcomes),
        "metrics": [{**row, "kind": tree[str(row["metric"])].kind} for row in tree.values().to_dicts()],
        "links": tree.diagram().to_dicts(),
        "guardrails": tree.check_guardrails(range=False).to_dicts(),
        "scenarios": {scenario.name: dict(scenario.changes) for scenario in spec.scenarios},
        "notes": list(tree.notes),
        "warnings": list(tree.values().warnings),
    }


@dataclass(frozen=True, slots=True)
class Inspection:
    """Everything that checking a model file has found.

    Parameters
    ----------
    file
        As it was named.
    problems
        What is wrong; empty when every question can be answered.
    tree
        None when the model is wrong.
    guardrails
        Of the base case; None when it cannot be computed.
    warnings
        Of the base case, over the horizon: extrapolated effects, and values outside bounds.
    """

    file: str
    problems: tuple[Problem, ...]
    tree: ImpactTree | None = None
    guardrails: GuardrailReport | None = None
    warnings: tuple[str, ...] = ()

    @property
    def placeholders(self) -> list[str]:
        """Metrics whose value is still that of a template, and assumed effects that are."""
        metrics = self.tree.spec.metrics if self.tree else ()
        effects = [f"{m.name} <- {driver.source}" for m in metrics for driver in m.drivers if driver.placeholder]
        return [*(metric.name for metric in metrics if metric.placeholder), *effects]

    def view(self) -> Headline:
        """Return the findings of a model without problems."""
        assert self.tree is not None
        assert self.guardrails is not None
        scenarios = ", ".join(scenario.name for scenario in self.tree.spec.scenarios)
        facts = (
            Fact("tree", ((f"{self.tree.name}: {scope(self.tree)}",),)),
            Fact("guardrails", tuple((check.text,) for check in self.guardrails.checks)),
            Fact("scenarios", ((f"{scenarios}: can be computed",),) if scenarios else ()),
            Fact("placeholders", ((", ".join(self.placeholders),),) if self.placeholders else ()),
            Fact("notes", tuple((note,) for note in self.tree.notes)),
        )
        return Headline(f"{self.file}: no problems", tuple(fact for fact in facts if fact.rows), self.warnings)

    def data(self) -> dict[str, Any]:
        """Return the findings as plain data."""
        return {
            "file": self.file,
            "problems": [asdict(problem) for problem in self.problems],
            "notes": list(self.tree.notes) if self.tree else [],
            "warnings": list(self.warnings),
            "placeholders": self.placeholders,
            "guardrails": self.guardrails.to_dicts() if self.guardrails else [],
        }


def inspect(file: str) -> Inspection:
    """Read a model, compute its base case and its scenarios, and collect all that is wrong."""
    try:
        tree = open_tree(file)
    except ModelError as error:
        return Inspection(file, error.problems)
    try:
        guardrails, warnings = tree.check_guardrails(range=False), tree.project().warnings
    except ImpactTreeError as error:
        return Inspection(file, tuple(problem.at(file=file) for problem in error.problems), tree)
    problems: list[Problem] = []
    for scenario in tree.spec.scenarios:
        try:
            tree.what_if(dict(scenario.changes))
        except ImpactTreeError as error:
            where = f"in the scenario {scenario.name}, "
            problems += [replace(p, reason=where + p.reason).at(file=file) for p in error.problems]
    return Inspection(file, tuple(problems), tree, guardrails, warnings)


def first_sentence(text: str) -> str:
    """Return `text` up to the end of its first sentence.

    Examples
    --------
    >>> first_sentence("A business, month by month. Northwind is invented.")
    'A business, month by month.'
    """
    end = text.find(". ")
    return text if end < 0 else text[: end + 1]


def template_rows() -> list[dict[str, Any]]:
    """Return the templates as plain data."""
    from impacttree.templates import names

    rows = []
    for name in names():
        tree = open_tree(name)
        about = tree.spec.description or ""
        rows.append(
            {"template": name, "name": tree.name, "metrics": len(tree), "outcome": tree.outcome, "about": about}
        )
    return rows


def template_table() -> Table:
    """Return the templates as a table."""
    columns = (Column("Template"), Column("Metrics", "right"), Column("Outcome"), Column("About"))
    rows = tuple(
        (
            Cell(row["template"]),
            Cell(str(row["metrics"]), row["metrics"]),
            Cell(row["outcome"]),
            Cell(first_sentence(row["about"])),
        )
        for row in template_rows()
    )
    notes = ("See one: impacttree show saas", "Begin from one: impacttree new saas northwind.yaml")
    return Table("", columns, rows, notes)
