"""How the program speaks: answers on the standard output, one message for a mistake on the standard error."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any, Literal

import click

from impacttree.errors import ImpactTreeError, Problem, nearest, printable
from impacttree.interfaces.argument_types import with_long_help

if TYPE_CHECKING:
    from impacttree.answers.result import Result
    from impacttree.views import View

__all__ = ["STANDARD", "CommandGroup", "Mistake", "answer", "listed", "print_json", "print_view", "put", "write"]

STANDARD = "-"
"""Stands for the standard input in place of a model file, and for the standard output in place of another."""
INTERRUPTED = 130
"""Exit status that shells know for Ctrl-C."""


class Mistake(click.ClickException):
    """A user's mistake: its message is printed, and the exit status is 2."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        stream = sys.stderr if file is None else file
        text = f"Error: {self.format_message()}"
        if stream is not None:
            click.echo(_folded(text) if stream.isatty() else text, file=stream)


def _folded(text: str) -> str:
    """Break the lines of a message between words at the terminal's width, but not what shows a formula."""
    import shutil

    from impacttree.render.characters import wrap

    columns = shutil.get_terminal_size().columns - 2
    lines = (line if line.startswith("    ") else "\n  ".join(wrap(line, columns)) for line in text.splitlines())
    return "\n".join(lines)


def _discard_output() -> None:
    """Send what is left in the buffer of the standard output nowhere, so that Python does not fail on it at its end."""
    with contextlib.suppress(OSError, ValueError):  # a stream of a test has no file of its own
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class CommandGroup(click.Group):
    """The program: its mistakes are messages, and it stops in silence when interrupted.

    Parameters
    ----------
    sections
        Heads of the list of commands, and the commands under each.
    words
        What the help explains after the commands: words and their meaning.
    """

    def __init__(
        self, *args: Any, sections: Mapping[str, Sequence[str]], words: Sequence[tuple[str, str]], **settings: Any
    ) -> None:
        super().__init__(*args, **settings)
        self.sections = sections
        self.words = words

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, with_long_help(args[:1]) + args[1:])

    def invoke(self, ctx: click.Context) -> Any:
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure") and stream.errors == "strict":
                stream.reconfigure(errors="replace")  # what a terminal cannot show is a question mark there
        try:
            return super().invoke(ctx)
        except ImpactTreeError as error:
            raise Mistake(str(error)) from error
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)
        except OSError as error:
            if error.errno == errno.EPIPE:  # whoever reads has enough; click ends in silence
                raise
            _discard_output()
            raise Mistake(f"the answer cannot be written: {error.strerror}") from error

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in self.commands and not name.startswith("-"):
            raise click.UsageError(f"there is no command {printable(name)}{nearest(name, self.commands)}", ctx)
        return super().resolve_command(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - the signature is click's
        return [name for names in self.sections.values() for name in names]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        width = max(map(len, self.commands))
        for head, names in self.sections.items():
            with formatter.section(head):
                formatter.write_dl([(name.ljust(width), self.commands[name].get_short_help_str(200)) for name in names])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("What to write"):
            formatter.write_dl(self.words)
        super().format_epilog(ctx, formatter)


def put(content: str | bytes, *, end: bool = True) -> None:
    """Write to the standard output.

    Raises
    ------
    Mistake
        When a shell has closed it.
    """
    if sys.stdout is None:
        raise Mistake("the standard output is closed, so the answer cannot be written")
    click.echo(content, nl=end)


def print_view(view: View) -> None:
    """Print `view`: for a terminal's width and with its colors, else as plain lines as long as they need to be."""
    if sys.stdout is not None and sys.stdout.isatty():
        from rich.console import Console

        from impacttree.render import to_rich

        colors: Literal["auto"] | None = None if os.environ.get("NO_COLOR") else "auto"
        Console(highlight=False, color_system=colors).print(to_rich(view), crop=False)
    else:
        from impacttree.render import to_text

        put(to_text(view))


def print_json(data: object) -> None:
    """Print plain data as JSON."""
    import json

    put(json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False))


def answer(result: Result, as_json: bool, output: str | None = None) -> None:
    """Print the answer to a question, or write it to a file."""
    if output is not None:
        write(result, output)
    elif as_json:
        put(result.to_json())
    else:
        print_view(result.view())


def write(result: Result, output: str) -> None:
    """Write an answer to a file in the form that its suffix names; for ``-`` its picture, as SVG, to standard output.

    What the picture cannot show is noted on the standard error.
    """
    from impacttree.render import to_svg

    with warnings.catch_warnings(record=True) as noticed:
        warnings.simplefilter("always")
        if output == STANDARD:
            put(to_svg(result.picture()), end=False)
        else:
            result.save(output)
            click.echo(f"{printable(output)} written")
    for notice in noticed:
        click.echo(f"Note: {printable(str(notice.message))}", err=True)


def listed(problems: Iterable[Problem]) -> str:
    """Return all problems as one message."""
    lines = [str(problem) for problem in problems]
    return lines[0] if len(lines) == 1 else "\n".join([f"{len(lines)} problems", *(f"- {line}" for line in lines)])
