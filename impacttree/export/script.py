"""A compiled tree as plain data, and the script that computes with it: no line of code comes from a model."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from itertools import groupby
from string import ascii_letters, digits
from typing import Any

from impacttree.engine.horizon import Window
from impacttree.engine.model import Model
from impacttree.engine.tape import Block, Body, Instruction, Select
from impacttree.formula import FUNCTIONS
from impacttree.graph.cycles import components

__all__ = ["as_json", "model_data", "script", "squeezed"]

ENGINE = ("model.js", "lift.js")
WHEN = {"now": -2, "baseline": -1}
"""What stands for a lag where a value is not read of an earlier period: `NOW` and `BASELINE` in ``model.js``."""
WHOLE = 2.0**53
_IMPORT = re.compile(r"^import .*?;\n", re.MULTILINE)
_EXPORT = re.compile(r"^export ", re.MULTILINE)
_ASIDE = re.compile(r"^\s+|^(//|/\*\*).*\n", re.MULTILINE)
"""Indentation, and comments on a line of their own."""
_OPAQUE = re.compile(
    r"""(?P<template>`)|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'"""
    r"""|(?<=[(=,:?!&|\[])\ *(?P<pattern>/(?![*/])(?:[^/\\\[\n]|\\.|\[(?:[^\]\\]|\\.)*\])+/)"""
)
"""Text in quotes, where a template begins, and regular expressions."""
_BLANKS = re.compile(r" *([=<>!?:;,(){}\[\]*/%|&^]+) *")
_BREAKS = re.compile(r"(?<=[;{,(\[:?=&|>])\n|\n(?=[}\]).?:&|])")
"""Blanks beside signs that mean the same without them."""
_SUMS = re.compile(r"(?<=[^ +-]) ([+-]) (?=[^ +-])")
"""Blanks beside a plus or a minus that would not run together with another one."""
_ZERO = re.compile(r"(?<![\w.$])0(?=\.\d)")
"""A zero before a point."""
OWN = re.findall(
    r"\S+",
    "position HORIZON temporary field constants partials distinct program tangent carried carefulSum past inside "
    "baseOver taken margins isSmall needed isRecomputed branching slopes decisions #decisions slope_of_exponent "
    "central thick score isStatic choose power isStated horizonBase branches backward shortened otherwise largest "
    "isThere slope_of_base moving inward DIGITS tightest rounding highest betaQuantile adjoints adjoint BASELINE "
    "#movedBy room roundings deltaOver coefficient #inOnePiece scenarioButtons wrapped isToday amounts "
    "widths switches pushes lowest logGamma isSummed horizonButtons drawLine crossing wideOperation MOST_SWITCHES "
    "magnitude FUNCTIONS periods block numbers totals row columns sorted longest steps loads still edges "
    "long slots into reached quantile column throughout shares others branch tries filled "
    "digitsApart term output degree placed levels counts leading kindOf jumping isTight isStill isLoop isDrawn "
    "isDone hasZero during guarded inRecomputed copiedByHand compare ceiling between another FACTOR #compute visit "
    "touching there simulate relative piece periodic markText later isWithin isTiming isBroken isBeyond drawTornado "
    "derivatives constant computer #firstSwitch standAlone roundedOut member follow fields args MOST_NODES JUMP_NODES "
    "#roundingAt weighed typed spent",
)
"""Names that the script alone uses, which a page has in two signs or three: no browser, data or text knows them."""
ALIASES = {"$M": "Math", "$N": "Number", "$F": "Float64Array"}
CALLS = {"$A": "Math.abs", "$I": "Math.min", "$X": "Math.max", "$Q": "Number.isFinite"}
_ENDS = ascii_letters + digits
_SIGNS = (f"{start}{end}" for start in ("_", "$", "$$", "__") for end in _ENDS)
_FREE = (sign for sign in _SIGNS if sign not in ALIASES and sign not in CALLS)
MEMBERS = {
    name: next(_FREE)
    for name in (
        "addEventListener", "replaceChildren", "textContent", "append", "horizon", "setAttribute", "forEach",
        "recomputed", "metrics", "filter", "changes", "values",
    )
}  # fmt: skip
"""Members that are asked for by a name in a variable."""
SHORT = {name: "#" * name.startswith("#") + next(_FREE) for name in OWN}
SHORT |= {name: sign for sign, name in ALIASES.items()}
_WORD = re.compile(r"(?<![\w$#])#?[A-Za-z_$][\w$]*")
_CALLED = {name: sign for sign, name in CALLS.items()}
_CALL = re.compile("|".join(rf"\b{re.escape(name)}\b" for name in CALLS.values()))
_MEMBER = re.compile(rf"(?<!\.)(\?\.|\.)({'|'.join(MEMBERS)})\b")
_SLOPES = """function slope_of_base(base, exponent) {
  return exponent ? exponent * Math.pow(base, exponent - 1) : 0;
}
function slope_of_exponent(base, power) {
  return base === 0 && power === 0 ? 0 : base > 0 ? power * Math.log(base) : NaN;
}
const { sin, cos } = Math;
"""


def script(modules: Iterable[str] = ENGINE) -> str:
    """Return the functions of the registry and some modules as one script, in which no name is imported.

    Examples
    --------
    >>> "class Model" in script(), "import " in script()
    (True, False)
    """
    folder = files("impacttree.export") / "page"
    texts = ((folder / name).read_text(encoding="utf-8") for name in modules)
    plain = "".join(_EXPORT.sub("", _IMPORT.sub("", text)) for text in texts)
    names = [f"{sign}={name}" for sign, name in (*ALIASES.items(), *CALLS.items())]
    names += [f'{sign}="{name}"' for name, sign in MEMBERS.items()]
    return f"let {','.join(names)};\n{squeezed(_ASIDE.sub('', _ASIDE.sub('', _functions() + plain)))}"


def squeezed(code: str) -> str:
    """Return code without what means nothing to a browser, long names of its own being short.

    Texts, templates and regular expressions stay as they are.

    Examples
    --------
    >>> squeezed('const a = b ? `${c} = d` : "e = f", g = h.match(/ = /);')
    'let a=b?`${c} = d`:"e = f",g=h.match(/ = /);'
    """
    parts, start = [], 0
    while (found := _OPAQUE.search(code, start)) is not None:
        end = _end_of_template(code, found.end()) if found["template"] else found.end()
        first = found.start("pattern") if found["pattern"] else found.start()
        parts += [_plain(code[start:first]), code[first:end]]
        start = end
    return "".join((*parts, _plain(code[start:])))


def _plain(code: str) -> str:
    dense = _ZERO.sub("", _SUMS.sub(r"\1", _BREAKS.sub("", _BLANKS.sub(r"\1", code))))
    called = _CALL.sub(lambda call: _CALLED[call[0]], dense)
    asked = _MEMBER.sub(lambda found: f"{found[1].rstrip('.') and '?.'}[{MEMBERS[found[2]]}]", called)
    named = _WORD.sub(lambda word: SHORT.get(word[0], word[0]), asked)
    return re.sub(r"\bconst\b", "let", named.replace(";}", "}"))


def _end_of_template(code: str, place: int) -> int:
    """Return where a template ends; templates within its braces are passed over."""
    open_templates, braces = 1, [0]
    while open_templates:
        sign = code[place]
        is_text = len(braces) == open_templates and not braces[-1]
        if sign == "\\":
            place += 1
        elif sign == "`" and is_text:
            open_templates -= 1
            braces.pop()
        elif sign == "`":
            open_templates += 1
            braces.append(0)
        elif sign == "{" and (not is_text or code[place - 1] == "$"):
            braces[-1] += 1
        elif sign == "}" and not is_text:
            braces[-1] -= 1
        place += 1
    return place


def _functions() -> str:
    """Return each primitive function and its derivatives as they are spelled in the registry."""
    values, partials = [], []
    for function in FUNCTIONS.values():
        if function.is_primitive:
            given = ", ".join(function.parameters)
            names = {name: name for name in function.parameters}
            values.append(f"  {function.name}: ({given}) => {function.javascript.format(**names)},")
            slopes = ", ".join(f"({given}, y) => {one.format(**names, y='y')}" for one in function.partials)
            partials.append(f"  {function.name}: [{slopes}],")
    lines = ["const FUNCTIONS = {", *values, "};", "const PARTIALS = {", *partials, "};", ""]
    return _SLOPES + "\n".join(lines)


def model_data(model: Model, horizons: Sequence[int]) -> dict[str, Any]:
    """Return all that is needed to run a tree.

    Parameters
    ----------
    model
        The compiled tree; NaN marks what has no value.
    horizons
        The periods over which values are taken; it may be run up to the last of them.
    """
    periods = max(horizons)
    blocks: dict[int, Block] = {id(b): b for b in (*model.initial.blocks, *model.step.blocks, *model.recomputed.blocks)}
    places = {key: place for place, key in enumerate(blocks)}
    return {
        "size": model.size,
        "parameters": model.parameters,
        "schedules": [[place, [one.at(t) for t in range(1, periods + 1)]] for place, one in model.schedules.items()],
        "lags": model.lags,
        "static": model.is_static,
        "rules": [_rule(model, slot) for slot in range(model.size)],
        "ways": [_ways(model, count) for count in horizons],
        "rank": _ranks(model),
        "owners": model.owners,
        "blocks": [_block(block) for block in blocks.values()],
        "initial": [places[id(block)] for block in model.initial.blocks],
        "step": [places[id(block)] for block in model.step.blocks],
        "recomputed": [places[id(block)] for block in model.recomputed.blocks],
    }


def as_json(data: Mapping[str, Any]) -> str:
    """Return data as JSON that may stand inside a script element."""
    text = json.dumps(_short(data), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _short(data: Any) -> Any:
    """Return data in which whole numbers have no fraction; one of JSON's is the same to a browser either way."""
    match data:
        case Mapping():
            return {key: _short(value) for key, value in data.items()}
        case list() | tuple():
            return [_short(value) for value in data]
        case float() if data.is_integer() and abs(data) < WHOLE and (data or math.copysign(1.0, data) > 0):
            return int(data)
    return data


def _ways(model: Model, periods: int) -> Sequence[Any]:
    """Return how values are taken over the first periods: the first of those that count, and how, by rule.

    A rule is runs of periods that count alike, and a divisor: an average is told as one, so that it is exact of what
    stays the same.
    """
    counted = model.counted(periods)
    before, count = counted.start - 1, len(counted)
    ways = []
    for name, rule in model.rules.items():
        weights = rule.adjoint(1.0, Window(count, count, before, counted.start))
        is_mean = set(weights) == {1.0 / count}
        each = [*[0.0] * before, *([1.0] * count if is_mean else weights)]
        ways.append([name, [[len(list(alike)), weight] for weight, alike in groupby(each)], count if is_mean else 1])
    return [periods, before, ways]


def _rule(model: Model, slot: int) -> str:
    return "" if model.horizons[slot] is None else model.aggregations[slot]


def _ranks(model: Model) -> list[int]:
    """Return, by slot, its place among time loops, each after those that can move it; -1 off loops."""
    graph = model.graph
    inputs = [[graph.by_name[ref.source] for ref in m.references if ref.timing != "baseline"] for m in graph.metrics]
    ranks = {slot: number for number, members in enumerate(components(inputs)) for slot in members}
    on_loop = {metric.index for metric in graph.metrics if metric.on_loop}
    return [ranks[slot] if slot in on_loop else -1 for slot in range(model.size)]


def _block(block: Block) -> Sequence[Any]:
    """Return the slot of a rule, how many temporaries it has, what goes into them, and its steps."""
    temporaries = [*block.loads, *block.parameters, *block.constants, *(step.out for step in block.steps)]
    loads = [(temporary, load.slot, WHEN.get(load.timing, load.lag)) for temporary, load in block.loads.items()]
    given = (loads, list(block.parameters.items()), list(block.constants.items()))
    return [block.slot, 1 + max(temporaries), *given, _body(block.body)]


def _body(body: Body) -> Sequence[Any]:
    """Return a body as nested lists; bodies are as deep as branches are, which the parser bounds."""
    return [[_step(step) for step in body.instructions], body.result]


def _step(step: Instruction | Select) -> Sequence[Any]:
    if isinstance(step, Select):
        sides = (_body(step.then), _body(step.otherwise))
        return ["if", step.out, step.op, step.left, step.right, *sides, int(step.may_jump)]
    if step.operation == "call":
        return ["step" if step.may_jump else "call", step.out, step.function, *step.args]
    return [step.operation, step.out, *step.args]
