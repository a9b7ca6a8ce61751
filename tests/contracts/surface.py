"""What users rely on, as text: ``./dev python -m tests.contracts.surface`` writes it to ``surface.txt`` beside this."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

import click
from click.testing import CliRunner

import impacttree as it
from impacttree import questions
from impacttree.answers.result import Result
from impacttree.interfaces.cli import main
from impacttree.interfaces.terminal import INTERRUPTED

FROZEN = Path(__file__).with_name("surface.txt")

TREE = """
finance: {discount_rate: 10%/year}
outcome: profit
metrics:
  speed: {value: 80 points (70 to 90), plausible: 70 to 95 points}
  visits: {value: 40_000 visits/month}
  conversion: {value: 2%, drivers: {speed: {slope: 0.01pp per point, evidence: experiment}}}
  basket: {value: $40/order, guardrail: {min: $30/order}}
  orders: {formula: visits * conversion, unit: orders/month}
  profit: {formula: orders * basket, unit: USD/month, kind: financial, guardrail: {min: $1k/month}}
statement: [profit]
scenarios: {fast: {speed: +5 points}}
"""
ARGUMENTS = {
    "metric": "speed",
    "change": "+5 points",
    "changes": {"speed": "+5 points"},
    "samples": 256,
    "low": "70 points",
    "high": "90 points",
    "decision": it.Decision("speed", "+5 points", cost="$1k"),
}
"""What a question is asked with, by the name of the parameter."""


def surface() -> str:
    """Return the names, arguments, keys, options and exit codes that users rely on, a line each."""
    parts = (
        ("Names of impacttree", names()),
        ("ImpactTree", members(it.ImpactTree)),
        ("What a metric of a tree tells beside its keys", facts()),
        ("Keys of the rows of answers, in to_dicts(), to_frame() and --json", keys()),
        ("Command line", commands()),
        ("Exit codes", exit_codes()),
    )
    return "\n".join(f"# {head}\n\n" + "\n".join(lines) + "\n" for head, lines in parts)


def names() -> Iterator[str]:
    for name in it.__all__:
        value = getattr(it, name)
        if inspect.isclass(value) and issubclass(value, Exception):
            yield f"{name}: {', '.join(base.__name__ for base in value.__bases__)}"
        elif name == "Problem":
            yield f"{name}({', '.join(inspect.signature(value).parameters)})"
        else:
            yield f"{name}{arguments(value)}"


def facts() -> Iterator[str]:
    yield from sorted(name for name, value in vars(it.Metric).items() if isinstance(value, property))


def members(cls: type) -> Iterator[str]:
    for name in sorted(vars(cls)):
        if name.startswith("_"):
            continue
        member = getattr(cls, name)
        yield f"{name}{arguments(member)}" if callable(member) else name


def arguments(function: object) -> str:
    """Write the arguments of a callable with their defaults, and without types."""
    assert callable(function)
    signature = inspect.signature(function)
    listed = [
        parameter.replace(annotation=inspect.Parameter.empty)
        for parameter in signature.parameters.values()
        if parameter.name not in ("self", "unknown")
    ]
    return str(signature.replace(parameters=listed, return_annotation=inspect.Signature.empty))


def keys() -> Iterator[str]:
    tree = it.loads(TREE)
    for name in sorted(questions.__all__):
        method = getattr(tree, name)
        wanted = inspect.signature(method).parameters
        answer = method(
            **{key: value for key, value in ARGUMENTS.items() if key in wanted and key != "metric"}
            | (
                {"metric": "speed"}
                if "metric" in wanted and wanted["metric"].default is inspect.Parameter.empty
                else {}
            )
        )
        assert isinstance(answer, Result)
        yield f"{name}: {', '.join(dict.fromkeys(key for row in answer.to_dicts() for key in row))}"


def commands() -> Iterator[str]:
    for name, command in sorted(main.commands.items()):
        parameters = []
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                parameters.append("/".join((*parameter.opts, *parameter.secondary_opts)))
            else:
                parameters.append(parameter.make_metavar(click.Context(command)))
        yield f"{name} {' '.join(parameters)}".rstrip()


def exit_codes() -> Iterator[str]:
    runner = CliRunner()
    for meaning, given in (
        ("an answer", ["values", "saas"]),
        ("a metric that is not there", ["worth", "saas", "nothing", "+1%"]),
        ("a file that is not there", ["check", "nowhere.yaml"]),
        ("an option that is not there", ["worth", "--nothing"]),
    ):
        yield f"{runner.invoke(main, given).exit_code}: {meaning}"
    yield f"{INTERRUPTED}: interrupted"


if __name__ == "__main__":
    FROZEN.write_text(surface(), encoding="utf-8")
