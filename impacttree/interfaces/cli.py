"""The program `impacttree`: one command for each question, and a few for model files.

Commands import the library when they run, so that ``--help`` loads none of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from impacttree import __version__
from impacttree.errors import Problem, QuestionError, printable
from impacttree.interfaces.argument_types import (
    ActTexts,
    Command,
    acts_of,
    change,
    changes_of,
    is_path,
    metric_and_change,
    metric_of,
    open_tree,
)
from impacttree.interfaces.terminal import (
    STANDARD,
    CommandGroup,
    Mistake,
    answer,
    listed,
    print_json,
    print_view,
    put,
    write,
)

if TYPE_CHECKING:
    from impacttree.answers.asked import Basis
    from impacttree.quantity.calendar import YearPart
    from impacttree.tree import ImpactTree

__all__ = ["main"]

F = TypeVar("F", bound=Callable[..., Any])
NamedTexts = tuple[tuple[str, str], ...]

SECTIONS = {
    "Questions": (
        "worth",
        "what-if",
        "sweep",
        "sensitivity",
        "values",
        "project",
        "compare",
        "guardrails",
        "pnl",
        "cash-flow",
        "verify",
    ),
    "How sure": ("break-even", "decide", "simulate", "uncertainty", "value-of-information", "headroom"),
    "Pictures": ("show", "diagram", "page", "deck", "excel"),
    "Model files": ("templates", "new", "check", "schema"),
}
WORDS = (
    (
        "TREE",
        "A model file, named by its path (northwind.yaml, ./northwind), a template, named by a word (saas), or - for "
        "a model on the standard input.",
    ),
    ("METRIC", "The name of a metric; `impacttree values TREE` lists them."),
    ("CHANGE", "+1% multiplies, +2pp adds percentage points, +500 and '-$3' add in the metric's unit, '=45%' sets."),
    ("", "Keep a $ or a leading = in single quotes: a shell would read them."),
)


@click.group(cls=CommandGroup, sections=SECTIONS, words=WORDS, context_settings={"max_content_width": 100})
@click.version_option(__version__, message="impacttree %(version)s")
def main() -> None:
    """What is a change in a product metric worth? Begin with: impacttree worth saas engagement +1%"""


def command(name: str, *examples: str) -> Callable[[Callable[..., None]], click.Command]:
    """Make a function a command of the program."""
    return main.command(name, cls=Command, examples=examples)


def on_option(function: F) -> F:
    text = "The outcome that the question is about; if not given, the tree's own."
    return click.option("--on", metavar="METRIC", help=text)(function)


def range_option(function: F) -> F:
    text = "Draw samples of what is uncertain, for ranges and risks; without, the answer is quicker."
    return click.option("--range/--no-range", "ranged", default=True, show_default=True, help=text)(function)


def samples_option(count: int) -> Callable[[F], F]:
    text = "How many samples are drawn; powers of two are spread best."
    return click.option("--samples", type=int, default=count, show_default=True, metavar="N", help=text)


def seed_option(function: F) -> F:
    text = "The same seed gives the same samples."
    return click.option("--seed", type=int, default=0, show_default=True, metavar="N", help=text)(function)


def horizon_option(function: F) -> F:
    text = "Over which periods, as 36 or '36 months'; if not given, the tree's own."
    return over_option("--horizon")(click.option("--horizon", metavar="PERIODS", help=text)(function))


def over_option(other: str) -> Callable[[F], F]:
    text = f"Over which periods by name, as FY27, 'FY27 Q2', 2027 or '2027-04 to 2027-09', in place of {other}."
    return click.option("--over", metavar="PERIODS", help=text)


def scenario_option(function: F) -> F:
    text = "A scenario of the model file that is held without and with what is asked."
    return click.option("--scenario", metavar="NAME", help=text)(function)


def basis_option(function: F) -> F:
    text = (
        "How amounts count: as they come, as the last period annualised (run_rate), or discounted to today (pv) at "
        "the rate of the model's `finance`."
    )
    choice = click.Choice(["horizon", "run_rate", "pv"])
    return click.option("--basis", type=choice, default="horizon", show_default=True, help=text)(function)


def sampled_options(function: F) -> F:
    """Add the options of what is asked within: the horizon, a scenario, and how samples are drawn."""
    text = "How many samples are drawn; as many as there is time for unless given."
    samples = click.option("--samples", type=int, metavar="N", help=text)
    return horizon_option(scenario_option(samples(seed_option(function))))


def cost_option(function: F) -> F:
    """Add the option of what may be paid in several parts, later, or over a life."""
    text = (
        "What it costs: '$250k' today, which may be a range, '$20k in month 3', '$100k over 36 months', which is paid "
        "at once and written off over that life; several as 'A; B'."
    )
    return click.option("--cost", metavar="AMOUNT", help=text)(function)


def changes_argument(function: F) -> F:
    return click.argument("changes", nargs=-1, callback=metric_and_change, metavar="[METRIC=CHANGE]...")(function)


tree_argument = click.argument("tree")
json_option = click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")


def save_option(function: F) -> F:
    text = (
        "Write the answer to FILE instead: its picture (.svg .png .pdf) where it has one, .html .md .csv .json .txt; "
        "- is the picture as SVG on the standard output. An old file is replaced."
    )
    return click.option("--save", "output", metavar="FILE", help=text)(function)


@command(
    "worth", "saas engagement +1%", "saas churn -0.2pp --on revenue", "saas engagement +5% --cost '$250k' --horizon 24"
)
@tree_argument
@click.argument("metric")
@click.argument("change_", metavar="CHANGE", callback=change)
@on_option
@range_option
@cost_option
@basis_option
@sampled_options
@json_option
@save_option
def worth(
    tree: str,
    metric: str,
    change_: str,
    on: str | None,
    ranged: bool,
    cost: str | None,
    as_json: bool,
    output: str | None,
    **within: Any,
) -> None:
    """What a change of one metric is worth.

    Prints the sentence with the money, how sure it is, the paths through which it comes, the evidence that it rests
    on, and whether guardrails hold. With --cost, whether it pays, at one, two and three horizons, and when.
    """
    opened = open_tree(tree)
    found = opened.worth(metric_of(opened, metric), change_, _on(opened, on), ranged, cost=cost, **within)
    answer(found, as_json, output)


@command("break-even", "saas engagement +5% --cost '$250k' --horizon '36 months'", "saas churn -0.2pp")
@tree_argument
@click.argument("metric")
@click.argument("change_", metavar="CHANGE", callback=change)
@on_option
@cost_option
@basis_option
@horizon_option
@scenario_option
@json_option
@save_option
def break_even(
    tree: str,
    metric: str,
    change_: str,
    on: str | None,
    cost: str | None,
    as_json: bool,
    output: str | None,
    **within: Any,
) -> None:
    """What must be true for a change to pay.

    Prints how far the size of the change, each number and each assumed effect may move, alone, before the answer
    changes sign: net of its cost where one is given.
    """
    opened = open_tree(tree)
    found = opened.break_even(metric_of(opened, metric), change_, _on(opened, on), cost=cost, **within)
    answer(found, as_json, output)


@command("what-if", "saas engagement=+1% churn=-0.2pp", "saas 'arpu==$32' engagement=-1%")
@tree_argument
@click.argument("changes", nargs=-1, required=True, callback=metric_and_change, metavar="METRIC=CHANGE...")
@on_option
@range_option
@basis_option
@sampled_options
@json_option
@save_option
def what_if(
    tree: str, changes: NamedTexts, on: str | None, ranged: bool, as_json: bool, output: str | None, **within: Any
) -> None:
    """What several changes at once do to the outcomes.

    Of several changes of one metric, one that sets it comes first, then those that multiply, then those that add.
    """
    opened = open_tree(tree)
    answer(opened.what_if(changes_of(opened, changes), _on(opened, on), ranged, **within), as_json, output)


@command("sweep", "saas arpu '$25' '$35'", "saas churn 2% 4% --steps 41 --save churn.svg")
@tree_argument
@click.argument("metric")
@click.argument("low", callback=change)
@click.argument("high", callback=change)
@click.option("--steps", type=int, default=21, show_default=True, metavar="N", help="How many values, both ends too.")
@on_option
@basis_option
@horizon_option
@scenario_option
@json_option
@save_option
def sweep(
    tree: str,
    metric: str,
    low: str,
    high: str,
    steps: int,
    on: str | None,
    as_json: bool,
    output: str | None,
    **within: Any,
) -> None:
    """The outcome along a row of values of a metric.

    The metric is held at each value from LOW to HIGH; the answer says where the slope changes, because a limit binds.
    """
    opened = open_tree(tree)
    answer(opened.sweep(metric_of(opened, metric), low, high, steps, _on(opened, on), **within), as_json, output)


@command("sensitivity", "saas", "saas --on ltv_to_cac", "saas --save tornado.png")
@tree_argument
@on_option
@basis_option
@horizon_option
@scenario_option
@json_option
@save_option
def sensitivity(tree: str, on: str | None, as_json: bool, output: str | None, **within: Any) -> None:
    """Which metrics move the outcome most.

    Each is moved alone: to the better end of what is plausible for it, which ranks it, and by 1%.
    """
    opened = open_tree(tree)
    answer(opened.sensitivity(_on(opened, on), **within), as_json, output)


@command("value-of-information", "saas", "saas engagement +1% --cost '$15k'", "saas arpu '+$1' --cost '$600k to $900k'")
@tree_argument
@click.argument("metric", required=False)
@click.argument("change_", metavar="[CHANGE]", required=False)
@cost_option
@on_option
@basis_option
@click.option("--samples", type=int, default=2**14, show_default=True, metavar="N", help="How many are drawn.")
@click.option("--seed", type=int, default=0, show_default=True, metavar="N", help="The same seed, the same samples.")
@horizon_option
@scenario_option
@json_option
@save_option
def value_of_information(
    tree: str,
    metric: str | None,
    change_: str | None,
    cost: str | None,
    on: str | None,
    samples: int,
    seed: int,
    as_json: bool,
    output: str | None,
    **within: Any,
) -> None:
    """Which number to measure before a decision.

    Doing it is CHANGE at its --cost, leaving it is worth nothing; no measurement should cost more than what is printed.
    Without METRIC and CHANGE, the lever with most at stake is taken, at a cost equal to its expected worth.
    """
    opened = open_tree(tree)
    decision = None
    if metric is not None and change_ is not None and cost is not None:
        from impacttree.answers.decision import Decision

        decision = Decision(metric_of(opened, metric), change(None, None, change_), cost=cost, on=_on(opened, on))
    elif any(given is not None for given in (metric, cost, on)):
        raise Mistake("a decision is METRIC, CHANGE and --cost: engagement +1% --cost '$15k'")
    answer(opened.value_of_information(decision, samples, seed, **within), as_json, output)


@command(
    "decide",
    "saas --act 'engagement=+5%' '$250k' --act 'cost_to_serve=-4%' '$150k'",
    "saas --act 'Onboarding: engagement=+5% churn=-0.05pp' '$250k to $320k' --act 'Pricing: arpu=+$1' '$600k'",
)
@tree_argument
@click.option(
    "--act",
    "acts",
    nargs=2,
    multiple=True,
    required=True,
    metavar="CHANGES COST",
    callback=acts_of,
    help="What may be done, as 'engagement=+5%' or 'Onboarding: engagement=+5% churn=-0.1pp', and its cost; repeat it.",
)
@on_option
@basis_option
@sampled_options
@json_option
@save_option
def decide(
    tree: str, acts: Sequence[ActTexts], on: str | None, as_json: bool, output: str | None, **within: Any
) -> None:
    """Which of several acts to take, if any, at which horizon.

    Prints the net of each at one, two and three horizons, when it is paid back, in how many samples it is best, and
    what knowing every number before choosing is worth.
    """
    from impacttree.answers.decision import Act, Decision

    opened = open_tree(tree)
    weighed = [Act(changes_of(opened, changes), cost=cost, label=label) for label, changes, cost in acts]
    answer(opened.decide(Decision(weighed, on=_on(opened, on)), **within), as_json, output)


@command("values", "saas", "saas engagement=+1%", "saas --over 2027")
@tree_argument
@changes_argument
@horizon_option
@scenario_option
@json_option
@save_option
def values(tree: str, changes: NamedTexts, as_json: bool, output: str | None, **within: str | None) -> None:
    """Every metric: its name and its value today.

    With changes or periods, its value over the periods, beside that of the base case.
    """
    opened = open_tree(tree)
    answer(opened.values(changes_of(opened, changes), **within), as_json, output)


@command("project", "saas", "saas engagement=+1% --periods 24")
@tree_argument
@changes_argument
@click.option("--periods", type=int, metavar="N", help="How many; if not given, the tree's horizon.")
@over_option("--periods")
@json_option
@save_option
def project(
    tree: str, changes: NamedTexts, periods: int | None, over: str | None, as_json: bool, output: str | None
) -> None:
    """The outcomes, period by period.

    With --json, every metric.
    """
    opened = open_tree(tree)
    answer(opened.project(periods, changes_of(opened, changes), over=over), as_json, output)


@command("compare", "saas")
@tree_argument
@range_option
@basis_option
@horizon_option
@json_option
@save_option
def compare(tree: str, ranged: bool, as_json: bool, output: str | None, **within: Any) -> None:
    """The scenarios of a model file, side by side."""
    opened = open_tree(tree)
    if not opened.spec.scenarios:
        fix = "add some to the file, as `scenarios: {downturn: {traffic: -20%}}`, or ask `impacttree what-if`"
        raise QuestionError(Problem(reason=f"{printable(tree)} has no scenarios", fix=fix))
    answer(opened.compare(range=ranged, **within), as_json, output)


@command("pnl", "saas", "saas engagement=+5% --over 2027 --by quarter", "saas engagement=+5% --save pnl.pptx")
@tree_argument
@changes_argument
@horizon_option
@click.option(
    "--by",
    type=click.Choice(("month", "quarter", "year")),
    help="A column for each; fiscal ones where these are stated.",
)
@scenario_option
@json_option
@save_option
def pnl(
    tree: str,
    changes: NamedTexts,
    horizon: str | None,
    over: str | None,
    by: YearPart | None,
    scenario: str | None,
    as_json: bool,
    output: str | None,
) -> None:
    """The profit and loss statement, before and after changes.

    Its lines are those of `statement:` in the model file, else the sums and differences that lead to the outcome.
    """
    opened = open_tree(tree)
    answer(
        opened.pnl(changes_of(opened, changes), horizon=horizon, over=over, by=by, scenario=scenario), as_json, output
    )


@command(
    "cash-flow",
    "northwind.yaml conversion=+5% --cost '$250k' --horizon 36",
    "northwind.yaml conversion=+5% --cost '$50k in month 3; $200k over 36 months' --after-tax",
)
@tree_argument
@changes_argument
@cost_option
@click.option("--after-tax", is_flag=True, help="Tax profits, and what is paid, at the `tax_rate` of the model.")
@sampled_options
@json_option
@save_option
def cash_flow(
    tree: str,
    changes: NamedTexts,
    cost: str | None,
    after_tax: bool,
    as_json: bool,
    output: str | None,
    **within: Any,
) -> None:
    """What a change brings in cash, and its NPV.

    NPV, IRR and payback, from the metric that the model's `finance` says is cash, or from a profit down to cash.
    """
    opened = open_tree(tree)
    found = opened.cash_flow(changes_of(opened, changes), cost=cost, after_tax=after_tax, **within)
    answer(found, as_json, output)


@command("guardrails", "saas", "saas cac=+30%")
@tree_argument
@changes_argument
@range_option
@sampled_options
@json_option
@save_option
def guardrails(tree: str, changes: NamedTexts, ranged: bool, as_json: bool, output: str | None, **within: Any) -> None:
    """Whether guardrails hold, and the risk of a breach."""
    opened = open_tree(tree)
    answer(opened.check_guardrails(changes_of(opened, changes), ranged, **within), as_json, output)


@command(
    "simulate",
    "saas",
    "saas --samples 100000 --probability 'ltv_to_cac < 3'",
    "saas arpu=+3% --chart fan --save fan.png",
)
@tree_argument
@changes_argument
@samples_option(2**14)
@seed_option
@click.option("--on", metavar="METRIC", multiple=True, help="Keep this metric's samples; may be given several times.")
@click.option(
    "--probability",
    metavar="CONDITION",
    multiple=True,
    help="Say how often this holds, as 'profit < 0'; may be given several times.",
)
@click.option(
    "--chart",
    type=click.Choice(["histogram", "cdf", "fan"]),
    default="histogram",
    show_default=True,
    help="Which picture --save writes: of the outcome, or of the first metric given by --on.",
)
@basis_option
@horizon_option
@scenario_option
@json_option
@save_option
def simulate(
    tree: str,
    changes: NamedTexts,
    samples: int,
    seed: int,
    on: tuple[str, ...],
    probability: tuple[str, ...],
    chart: str,
    as_json: bool,
    output: str | None,
    **within: Any,
) -> None:
    """How the outcomes spread, given all that is uncertain.

    Values over the horizon: P10, P50, P90 and mean of many samples.
    """
    opened = open_tree(tree)
    names = [metric_of(opened, name) for name in on]
    found = opened.simulate(samples, seed, names or None, changes=changes_of(opened, changes), **within)
    if output is not None:
        write(getattr(found, chart)(*names[:1]) if _is_picture(output) else found, output)
        return
    shares = {condition: found.probability(condition) for condition in probability}
    if as_json:
        import json

        print_json(json.loads(found.to_json()) | ({"probabilities": shares} if shares else {}))
        return
    print_view(found.view())
    for condition, share in shares.items():
        put(f"P({printable(condition)}) = {share:.4g}")


@command("uncertainty", "saas", "saas --on ltv_to_cac", "saas engagement=+5% --horizon 36")
@tree_argument
@changes_argument
@on_option
@samples_option(2**13)
@seed_option
@basis_option
@horizon_option
@scenario_option
@json_option
@save_option
def uncertainty(
    tree: str,
    changes: NamedTexts,
    on: str | None,
    samples: int,
    seed: int,
    as_json: bool,
    output: str | None,
    **within: Any,
) -> None:
    """Which uncertain numbers drive the spread of the outcome.

    With changes, of what these do to it. Each is moved alone from its P10 to its P90, and its share of the variance.
    """
    opened = open_tree(tree)
    found = opened.uncertainty(_on(opened, on), samples, seed, changes=changes_of(opened, changes), **within)
    answer(found, as_json, output)


@command("headroom", "saas", "saas churn")
@tree_argument
@click.argument("metric", required=False, metavar="[METRIC]")
@horizon_option
@json_option
@save_option
def headroom(
    tree: str, metric: str | None, as_json: bool, output: str | None, horizon: str | None, over: str | None
) -> None:
    """How far metrics may move before a guardrail breaks.

    Moves each metric that has a stated value, alone and to both sides, against the guardrail that it breaks first; or
    only METRIC, which may have a formula, against every guardrail.
    """
    opened = open_tree(tree)
    answer(opened.headroom(_on(opened, metric), horizon=horizon, over=over), as_json, output)


@command("verify", "saas")
@tree_argument
@on_option
@json_option
@save_option
@click.pass_context
def verify(ctx: click.Context, tree: str, on: str | None, as_json: bool, output: str | None) -> None:
    """Prove the tree's derivatives in two other ways.

    Compares them with sympy's closed forms and with complex-step differentiation. The exit status is 1 if they
    disagree.
    """
    opened = open_tree(tree)
    found = opened.verify(_on(opened, on))
    answer(found, as_json, output)
    ctx.exit(0 if found.agrees else 1)


@command("show", "saas")
@tree_argument
@json_option
def show(tree: str, as_json: bool) -> None:
    """A tree as an outline, with today's values."""
    from impacttree.interfaces.overview import outline_of, summary, summary_data

    opened = open_tree(tree)
    if as_json:
        print_json(summary_data(opened))
        return
    print_view(summary(opened))
    put("")
    print_view(outline_of(opened))


@command(
    "diagram",
    "saas tree.svg",
    "saas impact.png --lift engagement +1% --cut board",
    "saas bet.svg --lift engagement +5% --cost '$250k'",
)
@tree_argument
@click.argument("output")
@click.option("--lift", nargs=2, metavar="METRIC CHANGE", help="Draw the money that this change carries.")
@on_option
@cost_option
@click.option(
    "--cut",
    type=click.Choice(["full", "board"]),
    default="full",
    show_default=True,
    help="Every metric, or at most six along the main path.",
)
@click.option(
    "--size",
    type=click.Choice(["slide", "poster"]),
    default="slide",
    show_default=True,
    help="A slide folds the far ends of a large tree; a poster shows all.",
)
@basis_option
@horizon_option
@scenario_option
def diagram(
    tree: str, output: str, lift: tuple[str, str] | None, on: str | None, cut: Any, size: Any, **within: Any
) -> None:
    """A tree as a picture, in a file.

    The suffix of OUTPUT says which kind: .svg .png .pdf .html .md .dot .mmd .txt; - is SVG on the standard output. An
    old file is replaced.
    """
    opened = open_tree(tree)
    if lift is not None:
        lift = (metric_of(opened, lift[0]), change(None, None, lift[1]))
    write(opened.diagram(lift, _on(opened, on), cut, size, **within), output)


@command(
    "deck",
    "saas engagement +5% --cost '$250k' --save board.pptx",
    "saas --save board.pptx",
    "saas arpu '+$1' --no-people --save board.pptx",
)
@tree_argument
@click.argument("metric", required=False)
@click.argument("change_", metavar="[CHANGE]", required=False)
@cost_option
@on_option
@scenario_option
@basis_option
@click.option("--template", metavar="FILE", help="A company's presentation: its fonts, colors, logo, layouts and size.")
@click.option("--people/--no-people", default=True, show_default=True, help="Name the owners of metrics.")
@click.option("--save", "output", required=True, metavar="FILE", help="A .pptx file. An old file is replaced.")
def deck(
    tree: str,
    metric: str | None,
    change_: str | None,
    on: str | None,
    output: str,
    **within: Any,
) -> None:
    """Slides for the people who decide, in PowerPoint.

    Six slides on one change (the decision, how it makes money, when it comes back, what must hold, profit and loss,
    what happens next) and an appendix; native shapes, tables and charts that can be edited. Without METRIC and CHANGE,
    the metric whose plausible move gains most is taken. Without --cost the deck asks for nothing.
    """
    opened = open_tree(tree)
    if metric is not None and change_ is None:
        raise Mistake("say what is done to it: METRIC CHANGE, as engagement +1%")
    done = None if change_ is None else change(None, None, change_)
    name = None if metric is None else metric_of(opened, metric)
    made = opened.deck(name, done, _on(opened, on), **within)
    made.save(output)
    click.echo(f"{printable(output)} written: {len(made.slides)} slides")


@command("page", "saas saas.html", "saas saas.html --lift engagement +5% --cost '$250k'")
@tree_argument
@click.argument("file")
@click.option("--lift", nargs=2, metavar="METRIC CHANGE", help="The change with which the page opens.")
@on_option
@cost_option
@basis_option
@click.option("--people/--no-people", default=True, show_default=True, help="Put in owners, sources and notes.")
def page(
    tree: str,
    file: str,
    lift: tuple[str, str] | None,
    on: str | None,
    cost: str | None,
    basis: Basis,
    people: bool,
) -> None:
    """A page in which the tree is moved, in a file.

    One HTML file with a slider for each input: it opens in a browser without a network, on a phone too, and computes
    by itself. An old file is replaced.
    """
    opened = open_tree(tree)
    if lift is not None:
        lift = (metric_of(opened, lift[0]), change(None, None, lift[1]))
    opened.to_html(file, lift, _on(opened, on), cost=cost, people=people, basis=basis)
    click.echo(f"{printable(file)} written; open it in a browser.")


@command(
    "excel",
    "saas saas.xlsx",
    "saas saas.xlsx engagement=+5% --cost '$250k' --horizon 36",
    "saas saas.xlsx --scenario downturn",
)
@tree_argument
@click.argument("file")
@changes_argument
@click.option("--horizon", metavar="PERIODS", help="Over which periods, as 36 or '36 months'; if not, the tree's own.")
@scenario_option
@cost_option
@click.option("--after-tax", is_flag=True, help="Tax profits on the way to cash, at the `tax_rate` of the model.")
@click.option("--people/--no-people", default=True, show_default=True, help="Put in owners and sources.")
def excel(tree: str, file: str, changes: NamedTexts, **within: Any) -> None:
    """A workbook of live formulas, for finance.

    An .xlsx file without macros and links: inputs, changes, the tree without and with them by period, cash where the
    model states `finance`, and a check against the library's own values. An old file is replaced.
    """
    opened = open_tree(tree)
    opened.to_excel(file, changes_of(opened, changes), **within)
    click.echo(f"{printable(file)} written; change a blue cell and the workbook follows.")


@command("templates", "")
@json_option
def templates(as_json: bool) -> None:
    """The trees that come with the program."""
    from impacttree.interfaces.overview import template_rows, template_table

    if as_json:
        print_json(template_rows())
    else:
        print_view(template_table())


@command("new", "saas northwind.yaml")
@click.argument("template")
@click.argument("file")
@click.option("--force", is_flag=True, help="Replace FILE if there is one.")
def new(template: str, file: str, force: bool) -> None:
    """Begin a model file from a template; - prints it.

    Each value and assumed effect is marked `placeholder: true`, and no effect has a grade; write your own in its place
    and remove the mark. Until then, answers begin with "Illustrative:".
    """
    from impacttree.files import replace_file
    from impacttree.templates import instantiate

    text, shown = instantiate(template), printable(file)
    if file == STANDARD:
        put(text, end=False)
        return
    if not is_path(file):
        raise Mistake(f"{shown} would be taken for the name of a template: write {shown}.yaml")
    if not force and os.path.lexists(file):
        raise Mistake(f"{shown} exists: choose another name, or replace it with --force")
    replace_file(file, text.encode(), overwrite=force)
    marked = text.count("placeholder: true")
    click.echo(f"{shown} written; {marked} of its values and effects are marked `placeholder: true`.")
    click.echo(f"Write your own in their place, remove the marks, and run: impacttree check {shown}")


@command("check", "northwind.yaml")
@click.argument("tree", metavar="FILE")
@json_option
@click.pass_context
def check(ctx: click.Context, tree: str, as_json: bool) -> None:
    """Everything that is wrong with a model file.

    Computes its base case and its scenarios, too. The exit status is 2 if there is a problem; notes and breached
    guardrails are not problems.
    """
    from impacttree.interfaces.overview import inspect

    found = inspect(tree)
    if as_json:
        print_json(found.data())
        ctx.exit(2 if found.problems else 0)
    if found.problems:
        raise Mistake(listed(found.problems))
    print_view(found.view())


@command("schema", "", "impacttree.schema.json")
@click.argument("output", required=False)
def schema(output: str | None) -> None:
    """The JSON schema of model files, for editors.

    With it, editors complete and check keys. Printed, or written to OUTPUT, whose name ends in .json.
    """
    import json

    from impacttree.files import replace_file
    from impacttree.spec import json_schema

    text = json.dumps(json_schema(), indent=2, ensure_ascii=False)
    if output in (None, STANDARD):
        put(text)
        return
    if Path(output).suffix.lower() != ".json":
        raise Mistake(f"the name of a schema ends in .json, {printable(output)} does not")
    replace_file(output, f"{text}\n".encode())
    click.echo(f"{printable(output)} written")


def _is_picture(output: str) -> bool:
    return output == STANDARD or Path(output).suffix.lower() in (".svg", ".png", ".pdf")


def _on(tree: ImpactTree, name: str | None) -> str | None:
    return None if name is None else metric_of(tree, name)
