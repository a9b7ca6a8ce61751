"""A compiled tree as plain data, and the script that computes with it: no line of code comes from a model."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from itertools import groupby
from string import ascii_lowercase, ascii_uppercase, digits
from typing import Any

from impacttree.engine.horizon import Window
from impacttree.engine.model import Model
from impacttree.engine.tape import Block, Body, Instruction, Select
from impacttree.formula import FUNCTIONS
from impacttree.graph.cycles import components

__all__ = ["as_json", "called", "model_data", "packed", "script", "squeezed"]

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
    "slot position metric change periods block part digits element text first number share HORIZON place load shape "
    "totals button numbers second weight temporary middle field row written given one constants node right "
    "partials columns wide edge slots parts longest sorted pending fragment isMoved slope steps program carried "
    "finite margin below past inside baseOver taken rounded out loads money carefulSum margins isSmall isStated "
    "fraction needed long isMain callout without branching slopes #decisions still paint tangent central "
    "edges reached shown order address into labels points thick score isStatic isRecomputed choose isBase waiting "
    "horizonBase branches backward quantile digitsApart above exponent otherwise largest isThere wrapped done "
    "moving inward DIGITS column throughout shownValue slope_of_exponent power tightest rounding highest "
    "betaQuantile adjoints BASELINE #movedBy room isStill word isMoney way shortened roundings deltaOver "
    "shares branch starts isResting basisText coefficient #inOnePiece tries scenarioButtons bars isToday amounts "
    "widths switches pushes lowest logGamma isSummed horizonButtons drawLine crossing others term output degree "
    "counts #compute verb ends apart isChosen arriving firstSpend two wideOperation MOST_SWITCHES decisions "
    "magnitude level filled placed levels leading kindOf jumping isTight isLoop isDone hasZero during "
    "inRecomputed copiedByHand compare ceiling FACTOR #firstSwitch arrows lasting isGuard inForce capital visit "
    "touching simulate relative piece periodic markText isWithin isTiming isBroken isBeyond drawTornado constant "
    "computer #roundingAt other begun furthest #secants #margins #between formatShare standAlone roundedOut "
    "member fields args MOST_NODES JUMP_NODES summed longer #structure guarded later weighed typed spent gauss "
    "ahead STEPS NAMED roundTo isWrong hasLine grouped focused drawnAt density Program GLIMPSE COMPARE "
    "#worked FUNCTIONS tail away startOver operation isInverse isAssumed drawGauge backwards WideBlock TOLERANCE "
    "NARROWEST #switched #simulate follow arg runs best sides large jumps isLow isCut delta boxes alike RULES "
    "PLAIN HEADS valueY theirs partly joined isLive inPart halves figure asking SHIFTS #leaps #alike paidBack "
    "isPoints isBetter isAsMade drawTree drawCard decision SUFFIXES ROUNDING Cautions #correct slope_of_base "
    "adjoint isDrawn half TABS widthOf verdict picture missing isStart isPoint isFresh drawnIn costing choices "
    "boxesOf befores Sampler ROUNDED LARGEST #settle #closes #bisect bar terms stays loops fromY fromX exact "
    "early child SPACE KINDS #done plus note nets waited places isUnit isOpen isMade isHere isFree inStep "
    "centre WIDEST SCALES PAINTS CURVES there PARTIALS cut sums odds lead foot feet bend SCAN ticks isTwo isSet "
    "gains arrow TYPED STILL POINT PAUSE LATER CELLS Block #jump",
)
"""Names that the script alone uses, which a page has in two signs: nothing that comes from elsewhere has them."""
ALIASES = {"$M": "Math", "$N": "Number", "$F": "Float64Array"}
CALLS = {"$A": "Math.abs", "$I": "Math.min", "$X": "Math.max", "$Q": "Number.isFinite"}
_SIGNS = (f"{start}{end}" for start in f"_${ascii_uppercase}" for end in ascii_lowercase + digits)
_FREE = (sign for sign in _SIGNS if sign not in ALIASES and sign not in CALLS)
MEMBERS = {
    name: next(_FREE)
    for name in (
        "addEventListener", "replaceChildren", "textContent", "append", "horizon", "setAttribute", "forEach",
        "recomputed", "metrics", "filter", "changes", "values", "length", "slice", "includes", "startsWith",
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


def script(modules: Iterable[str] = ENGINE, functions: Collection[str] = FUNCTIONS) -> str:
    """Return functions of the registry and some modules as one script, in which no name is imported.

    Parameters
    ----------
    modules
        Of the page's folder, in the order in which they need each other.
    functions
        The functions that are called; all unless given.

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
    return f"let {','.join(names)};\n{squeezed(_ASIDE.sub('', _ASIDE.sub('', _spelled(functions) + plain)))}"


def squeezed(code: str) -> str:
    """Return code without what means nothing to a browser, long names of its own being short.

    Texts and regular expressions stay as they are, and so do templates but for the code in their braces.

    Examples
    --------
    >>> squeezed('const a = b ? `${c + d} = e` : "f = g", h = i.match(/ = /);')
    'let a=b?`${c+d} = e`:"f = g",h=i.match(/ = /);'
    """
    parts, start = [], 0
    while (found := _OPAQUE.search(code, start)) is not None:
        first = found.start("pattern") if found["pattern"] else found.start()
        text, end = _template(code, found.end()) if found["template"] else (code[first : found.end()], found.end())
        parts += [_plain(code[start:first]), text]
        start = end
    return "".join((*parts, _plain(code[start:])))


def _template(code: str, place: int) -> tuple[str, int]:
    """Return a template that begins before a place, the code in its braces squeezed, and where it ends."""
    parts, start = ["`"], place
    while code[place] != "`":
        if code.startswith("${", place):
            end = _end_of_braces(code, place + 2)
            parts += [code[start:place], "${", squeezed(code[place + 2 : end])]
            start = place = end
        else:
            place += 2 if code[place] == "\\" else 1
    return "".join((*parts, code[start : place + 1])), place + 1


def _end_of_braces(code: str, place: int) -> int:
    """Return where the brace closes that was open before a place."""
    depth = 0
    while code[place] != "}" or depth:
        depth += {"{": 1, "}": -1}.get(code[place], 0)
        found = _OPAQUE.match(code, place)
        if found is None:
            place += 1
        else:
            place = _template(code, found.end())[1] if found["template"] else found.end()
    return place


def _plain(code: str) -> str:
    dense = _ZERO.sub("", _SUMS.sub(r"\1", _BREAKS.sub("", _BLANKS.sub(r"\1", code))))
    called = _CALL.sub(lambda call: _CALLED[call[0]], dense)
    asked = _MEMBER.sub(lambda found: f"{found[1].rstrip('.') and '?.'}[{MEMBERS[found[2]]}]", called)
    named = _WORD.sub(lambda word: SHORT.get(word[0], word[0]), asked)
    return re.sub(r"\bconst\b", "let", named.replace(";}", "}"))


def _spelled(functions: Collection[str]) -> str:
    """Return primitive functions and their derivatives as they are spelled in the registry."""
    values, partials = [], []
    for function in FUNCTIONS.values():
        if function.is_primitive and function.name in functions:
            given = ", ".join(function.parameters)
            names = {name: name for name in function.parameters}
            values.append(f"  {function.name}: ({given}) => {function.javascript.format(**names)},")
            slopes = ", ".join(f"({given}, y) => {one.format(**names, y='y')}" for one in function.partials)
            partials.append(f"  {function.name}: [{slopes}],")
    lines = ["const FUNCTIONS = {", *values, "};", "const PARTIALS = {", *partials, "};", ""]
    return _SLOPES + "\n".join(lines)


def called(model: Mapping[str, Any]) -> frozenset[str]:
    """Return the functions that a tree calls, of what `model_data` tells of it."""
    return frozenset(name for *_, body in model["blocks"] for name in _calls(body))


def _calls(body: Sequence[Any]) -> Iterator[str]:
    for step in body[0]:
        if step[0] == "if":
            yield from (name for side in step[5:7] for name in _calls(side))
        elif step[0] in ("call", "step"):
            yield step[2]


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
        "ways": _ways(model, horizons),
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


def packed(data: Mapping[str, Any]) -> str:
    """Return data as JSON for `unpacked` of ``state.js``: a key that occurs often is one sign, and 1 stands for true.

    Examples
    --------
    >>> packed({"all": [{"label": "a"}, {"label": "b"}, {"label": "c"}, {"label": "d"}]})
    '{"keys":{"A":"label"},"data":{"all":[{"A":"a"},{"A":"b"},{"A":"c"},{"A":"d"}]}}'
    """
    counts = Counter(_keys(data))
    signs = (sign for sign in ascii_uppercase + ascii_lowercase if sign not in counts)
    often = sorted((key for key in counts if counts[key] * (len(key) - 1) > len(key) + 7), key=lambda key: -counts[key])
    short = dict(zip(often, signs, strict=False))
    return as_json({"keys": {sign: key for key, sign in short.items()}, "data": _renamed(data, short)})


def _keys(data: Any) -> Iterator[str]:
    for part in data.values() if isinstance(data, Mapping) else data if isinstance(data, list | tuple) else ():
        yield from _keys(part)
    if isinstance(data, Mapping):
        yield from data


def _renamed(data: Any, names: Mapping[str, str]) -> Any:
    match data:
        case Mapping():
            return {names.get(key, key): _renamed(value, names) for key, value in data.items()}
        case list() | tuple():
            return [_renamed(value, names) for value in data]
        case bool():
            return int(data)
    return data


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


def _ways(model: Model, horizons: Sequence[int]) -> list[list[Any]]:
    """Return how values are taken over each horizon, the longest first: the first period that counts, and by rule.

    A rule is runs of periods that count alike, and a divisor: an average is told as one, so that it is exact of what
    stays the same. Runs are left out of a shorter horizon in which periods count as in the longest.
    """
    first, *others = sorted(horizons, reverse=True)
    longest = _counts(model, first)
    told = [[first, model.counted(first).start - 1, [[name, _runs(each), by] for name, (each, by) in longest.items()]]]
    for count in others:
        ways = [
            [name, None if each == longest[name][0][:count] else _runs(each), by]
            for name, (each, by) in _counts(model, count).items()
        ]
        told.append([count, model.counted(count).start - 1, ways])
    return told


def _counts(model: Model, periods: int) -> dict[str, tuple[list[float], int]]:
    """Return, by rule, what each of the first periods counts, and by what their sum is divided."""
    counted = model.counted(periods)
    before, count = counted.start - 1, len(counted)
    found: dict[str, tuple[list[float], int]] = {}
    for name, rule in model.rules.items():
        weights = rule.adjoint(1.0, Window(count, count, before, counted.start))
        is_mean = set(weights) == {1.0 / count}
        each = [*[0.0] * before, *([1.0] * count if is_mean else weights)]
        found[name] = (each, count if is_mean else 1)
    return found


def _runs(each: Sequence[float]) -> list[list[float]]:
    return [[len(list(alike)), weight] for weight, alike in groupby(each)]


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
