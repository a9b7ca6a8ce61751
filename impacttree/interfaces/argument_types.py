"""What commands are given: trees by name or path, metrics, and changes such as ``-1%`` that only look like options."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from impacttree.errors import Problem, QuestionError, nearest, printable
from impacttree.files import MAX_BYTES, MODEL_SUFFIXES
from impacttree.patterns import pattern

if TYPE_CHECKING:
    from impacttree.tree import ImpactTree

__all__ = [
    "ActTexts",
    "Command",
    "acts_of",
    "change",
    "changes_of",
    "is_path",
    "metric_and_change",
    "metric_of",
    "open_tree",
    "with_long_help",
]

NEGATIVE = pattern(r"-(?:$|[^A-Za-z-]|[^-].*\d)")
"""``-1%``, ``-$3``, ``-USD 3``, and the ``-`` that is left of ``-$3`` when a shell has replaced ``$3``."""


class Command(click.Command):
    """A command whose values may begin with a minus sign; options that it does not have are still refused.

    Parameters
    ----------
    examples
        Arguments that work, for its help.
    """

    def __init__(self, *args: Any, examples: Sequence[str] = (), **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.ignore_unknown_options = True  # `parse_args` below refuses them
        self.examples = tuple(f"impacttree {self.name} {example}".rstrip() for example in examples)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        names = (n for parameter in self.get_params(ctx) for n in (*parameter.opts, *parameter.secondary_opts))
        known = {name for name in names if name.startswith("-")}
        args = with_long_help(args)
        for argument in takewhile(lambda argument: argument != "--", args):
            name = argument.partition("=")[0]
            if argument.startswith("-") and not NEGATIVE.match(argument) and name not in known:
                raise click.UsageError(f"there is no option {printable(name)}{nearest(name, known)}", ctx)
        return super().parse_args(ctx, args)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_epilog(ctx, formatter)
        if self.examples:
            with formatter.section("Examples"):
                formatter.write("".join(f"{'':{formatter.current_indent}}{line}\n" for line in self.examples))


def with_long_help(args: Sequence[str]) -> list[str]:
    """Return arguments with ``--help`` for ``-h``; click would see an ``h`` in ``-$5k/month``, too."""
    end = args.index("--") if "--" in args else len(args)
    return [*("--help" if argument == "-h" else argument for argument in args[:end]), *args[end:]]


def change(ctx: click.Context | None, parameter: click.Parameter | None, value: str) -> str:
    """Return the text of a change; what is wrong with it otherwise, the library says.

    Raises
    ------
    click.BadParameter
        When a shell has taken the number away.
    """
    if value.strip() in ("", "+", "-", "="):
        raise click.BadParameter(
            f"{printable(value)!r} has no number; a shell reads the $3 of -$3 as a name of its own: "
            "write it in single quotes, '-$3'",
            ctx,
            parameter,
        )
    return value


def metric_and_change(
    ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    """Return ``("engagement", "+1%")`` for each ``engagement=+1%``.

    Raises
    ------
    click.BadParameter
        When one is not a metric and its change.
    """
    pairs = []
    for value in values:
        metric, equals, text = (part.strip() for part in value.partition("="))
        shown = printable(value)
        if not metric or not equals:
            raise click.BadParameter(f"'{shown}' is not a metric and its change: write engagement=+1%", ctx, parameter)
        if text[:1].isdigit() or text[:1] in "$€£¥":
            name, amount = printable(metric), printable(text)
            reason = f"'{shown}' does not say whether {amount} is added or set"
            fix = f"write '{name}=+{amount}' to add it, '{name}=={amount}' to set it"
            raise click.BadParameter(f"{reason}: {fix}", ctx, parameter)
        pairs.append((metric, change(ctx, parameter, text)))
    return tuple(pairs)


ActTexts = tuple[str, tuple[tuple[str, str], ...], str]
"""What an act is called (empty: by its changes), its changes, and its cost."""


def acts_of(
    ctx: click.Context, parameter: click.Parameter, values: tuple[tuple[str, str], ...]
) -> tuple[ActTexts, ...]:
    """Return ``("Pricing", (("arpu", "+$1"),), "$600k")`` for each ``'Pricing: arpu=+$1' '$600k'``.

    Raises
    ------
    click.BadParameter
        When one does not name a metric and its change.
    """
    acts = []
    for text, cost in values:
        head, colon, rest = text.partition(":")
        label, changes = (head.strip(), rest) if colon and "=" not in head else ("", text)
        parts = tuple(part for part in CHANGES.split(changes) if part.strip())
        if not parts:
            shown = printable(text, 60)
            raise click.BadParameter(f"'{shown}' changes nothing: write 'engagement=+5%'", ctx, parameter)
        acts.append((label, metric_and_change(ctx, parameter, parts), cost))
    return tuple(acts)


CHANGES = pattern(r"[\s,]+(?=[A-Za-z_]\w*\s*=)")
"""Between two changes of one text: what stands before the next ``metric=``."""


def is_path(name: str) -> bool:
    """Tell whether `name` is the path of a model file; if not, it is the name of a template.

    Examples
    --------
    >>> is_path("northwind.yaml"), is_path("./northwind"), is_path("saas")
    (True, True, False)
    """
    return name.lower().endswith(MODEL_SUFFIXES) or any(separator in name for separator in {os.sep, os.altsep or "/"})


def open_tree(name: str) -> ImpactTree:
    """Return the tree of a model file, of the standard input (``-``), or the template of that name.

    Raises
    ------
    ModelError
        With every problem of the file.
    QuestionError
        When there is no such template.
    """
    from impacttree.tree import load, loads, template

    if name == "-":
        return loads(_standard_input(), "standard input")
    if is_path(name):
        return load(name)
    from impacttree.templates import names

    if name not in names():
        beside = next(
            (path for path in (*(name + suffix for suffix in MODEL_SUFFIXES), name) if Path(path).is_file()), ""
        )
        if beside:
            reason = f"there is no template '{printable(name)}', and a file is named by its path"
            path = beside if is_path(beside) else f".{os.sep}{beside}"
            raise QuestionError(Problem(reason=reason, fix=f"write {printable(path)}"))
    return template(cast("Any", name))


def _standard_input() -> bytes:
    """Return what the standard input holds, of a model's size at most and one byte more, which is then refused."""
    if sys.stdin is None or sys.stdin.isatty():
        fix = "send it a model, as in: impacttree new saas - | impacttree show -"
        raise QuestionError(Problem(reason="the standard input is not a file or a pipe", fix=fix))
    content: bytes = sys.stdin.buffer.read(MAX_BYTES + 1)
    return content


def metric_of(tree: ImpactTree, name: str) -> str:
    """Return `name` if the tree has such a metric.

    Raises
    ------
    QuestionError
        When it has none; the message names the nearest.
    """
    if name in tree:
        return name
    labelled = next((known for known in tree if tree[known].title.casefold() == name.casefold()), "")
    likely = f" (did you mean '{labelled}'?)" if labelled else nearest(name, tree)
    reason = f"there is no metric '{printable(name)}'{likely}"
    raise QuestionError(Problem(reason=reason, fix="`impacttree values TREE` lists the names"))


def changes_of(tree: ImpactTree, pairs: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    """Return the changes by metric, several on one metric in the order given."""
    changes: dict[str, list[str]] = {}
    for metric, text in pairs:
        changes.setdefault(metric_of(tree, metric), []).append(text)
    return changes
