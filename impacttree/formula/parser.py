"""Tokens -> syntax tree, by precedence climbing on explicit stacks: bounded, and never recursive.

Precedence and associativity are Python's: ``**`` (right to left), unary minus, ``* /``, ``+ -``, comparisons, ``not``,
``and``, ``or``.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple, NoReturn

from impacttree.errors import Edit, meant, printable
from impacttree.formula.ast import Binary, Call, Compare, Expr, Logic, Name, Negate, Number, Span, walk
from impacttree.formula.calculations import worked_out
from impacttree.formula.functions import FUNCTIONS, MAX_ARGUMENTS, Function
from impacttree.formula.spreadsheets import NO_FUNCTION, other_name, spelled_out
from impacttree.formula.tokens import MAX_CHARACTERS, MAX_TOKENS, Token, refuse, refuse_earlier, tokenize

__all__ = [
    "MAX_ARGUMENTS",
    "MAX_CHARACTERS",
    "MAX_DEPTH",
    "MAX_IF_DEPTH",
    "MAX_TOKENS",
    "parse",
    "parse_condition",
    "parse_expression",
]

MAX_DEPTH = 100
"""Nesting of parentheses, calls, unary minus and powers."""
MAX_IF_DEPTH = 50

_COMPARISONS = frozenset(("<", "<=", ">", ">=", "==", "!="))
_NEGATE = "negate"
_OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _UNARY, _POWER = range(1, 9)
_PRECEDENCE = {
    "or": _OR, "and": _AND, "not": _NOT, "+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, _NEGATE: _UNARY,
    "**": _POWER,
} | dict.fromkeys(_COMPARISONS, _COMPARE)  # fmt: skip
_LOGIC = frozenset(("and", "or", "not"))
_ARITHMETIC = frozenset(("+", "-", "*", "/", "**"))

_WORD_FIXES = {
    "and": "conditions stand in if, in small letters: if(a > 0 and b > 0, x, y)",
    "or": "conditions stand in if, in small letters: if(a > 0 or b > 0, x, y)",
    "not": "conditions stand in if, in small letters: if(not a > 0, x, y)",
    "if": "choices are written if(condition, a, b)",
    "else": "choices are written if(condition, a, b)",
    "then": "choices are written if(condition, a, b)",
    "in": "compare with == and nest if",
    "is": "compare with ==",
    "lambda": "a formula is one expression; give the part a metric of its own",
    "for": "there are no loops; earlier periods are prev(x), lag(x, 2) and cumulative(x)",
    "mod": "there is no remainder function",
    "div": "write '/' to divide",
    "times": "write '*' to multiply",
    "per": "write '/' to divide",
    "return": "a formula is one expression; leave 'return' out",
}


def parse(text: str) -> Expr:
    """Read a metric's formula.

    Parameters
    ----------
    text
        The formula as written.

    Returns
    -------
    Expr
        The syntax tree; every node knows the span of characters it came from.

    Raises
    ------
    FormulaError
        With one problem: position, reason and fix. A formula or condition that reads no metric is refused too.

    Examples
    --------
    >>> parse("customers * arpu").op
    '*'
    >>> parse("customers ^ 2")
    Traceback (most recent call last):
        ...
    impacttree.errors.FormulaError: powers are not written '^': powers are written '**': x**2
        customers ^ 2
                  ^
    """
    expression = parse_expression(text)
    if not _reads_metric(expression):
        number = worked_out(expression)
        fix = f"write 'value: {number}' in its place" if number else "write a number as 'value:' in its place"
        refuse(text, expression.span, "the formula reads no metric", fix)
    if "if" in text:
        _check_comparisons(text, expression)
    return expression


def parse_expression(text: str) -> Expr:
    """Read an expression that need not read a metric (``exp(1)``): examples and definitions in the registry.

    Raises
    ------
    FormulaError
        As `parse` does, but for expressions and conditions that read no metric.

    Examples
    --------
    >>> parse_expression("2 * 3").op
    '*'
    """
    return _Parser(text).run()


def _check_comparisons(text: str, expression: Expr) -> None:
    for node in walk(expression):
        if type(node) is Compare and not _reads_metric(node):
            fix = "compare a metric with a number or with another metric"
            refuse(text, node.span, "the condition is always the same: it reads no metric", fix)


def parse_condition(text: str) -> Compare | Logic:
    """Read a condition by itself, as the first argument of ``if`` is written.

    Raises
    ------
    FormulaError
        When it is not a condition, or one of its comparisons reads no metric.

    Examples
    --------
    >>> parse_condition("ltv_to_cac < 3").op
    '<'
    """
    condition = _Parser(text, is_condition=True).run()
    if not isinstance(condition, Compare | Logic):
        refuse(text, condition.span, "this is not a comparison", "write e.g. profit < 0")
    _check_comparisons(text, condition)
    return condition


def _reads_metric(expression: Expr) -> bool:
    """Return whether an expression reads a metric, or the period."""
    return any(type(node) is Name or (type(node) is Call and _is_clock(node)) for node in walk(expression))


def _is_clock(call: Call) -> bool:
    return FUNCTIONS[call.function].kind == "clock"


class _Frame:
    """An open parenthesis: of a call, or of a group when `function` is None."""

    __slots__ = ("commas", "function", "operands", "operators", "start")

    def __init__(self, function: Function | None, start: int, operators: int, operands: int) -> None:
        self.function = function
        self.start = start
        self.operators = operators
        """How many operators were waiting when it opened."""
        self.operands = operands
        """How many operands were finished when it opened."""
        self.commas = 0


class _Operator(NamedTuple):
    symbol: Any
    """A key of `_PRECEDENCE`."""
    precedence: int
    start: int


class _Parser:
    def __init__(self, text: str, *, is_condition: bool = False) -> None:
        self.text = text
        self.is_condition = is_condition
        self.tokens = tokenize(text)
        self.position = 0
        self.operands: list[Expr] = []
        self.extents: list[Span] = []
        """Span of each operand with the parentheses around it."""
        self.operators: list[_Operator] = []
        self.frames: list[_Frame] = [_Frame(None, 0, 0, 0)]
        self.depth = 0
        self.ifs = 0

    def run(self) -> Expr:
        tokens = self.tokens
        wants_operand = True
        while True:
            token = tokens[self.position]
            if wants_operand:
                wants_operand = self._operand(token)
            elif token.kind == "end":
                break
            else:
                wants_operand = self._operator(token)
            self.position += 1
        if len(self.frames) > 1:
            start = self.frames[-1].start
            opened = self.text.index("(", start)
            self._refuse((opened, opened + 1), "this parenthesis is never closed", "add ')'")
        self._reduce(0)
        return self.operands[0]

    def _operand(self, token: Token) -> bool:
        """Take a token where a value may start; return whether a value is still wanted."""
        kind, text = token.kind, token.text
        if kind == "name":
            following = self.tokens[self.position + 1]
            if text == "not" and self._is_negation(following):
                self._check_place(token)
                self._deepen(token)
                self.operators.append(_Operator(text, _NOT, token.start))
                return True
            if following.text == "(":
                self._open_call(token)
                self.position += 1
                return True
            self._push(Name(text, (token.start, token.end)))
            return False
        if kind == "number":
            self._push(Number(token.value, text, (token.start, token.end)))
            return False
        if text == "-":
            self._deepen(token)
            self.operators.append(_Operator(_NEGATE, _UNARY, token.start))
        elif text == "(":
            self._deepen(token)
            self.frames.append(_Frame(None, token.start, len(self.operators), len(self.operands)))
        elif text == ")" and self._is_empty_call():
            self._close(token)
            return False
        elif text != "+":
            self._refuse_missing_operand(token)
        return True

    def _operator(self, token: Token) -> bool:
        """Take a token that follows a value; return whether a value is wanted next."""
        text = token.text
        if text in _ARITHMETIC:
            precedence = _PRECEDENCE[text]
            if text == "**":
                self._deepen(token)
            else:
                self._reduce(precedence)
            self.operators.append(_Operator(text, precedence, token.start))
            return True
        if text == ",":
            self._next_argument(token)
            return True
        if text == ")":
            self._close(token)
            return False
        if text in ("and", "or"):
            self._check_place(token)
            self._reduce(_PRECEDENCE[text])
            self.operators.append(_Operator(text, _PRECEDENCE[text], token.start))
            return True
        if text not in _COMPARISONS:
            self._refuse_missing_operator(token)
        self._compare(token)
        return True

    @staticmethod
    def _is_negation(following: Token) -> bool:
        """Return whether a ``not`` before this is the word; otherwise it is the name of a metric."""
        return following.kind in ("name", "number") or following.text == "("

    def _is_in_condition(self) -> bool:
        """Return whether this place is in the first argument of ``if``, or parentheses around a part of it."""
        innermost = next((frame for frame in reversed(self.frames) if frame.function is not None), None)
        if innermost is None:
            return self.is_condition
        return innermost.function is not None and innermost.function.name == "if" and not innermost.commas

    def _check_place(self, word: Token) -> None:
        if not self._is_in_condition():
            reason = f"'{word.text}' stands only in a condition, the first argument of if"
            self._refuse((word.start, word.end), reason, _WORD_FIXES[word.text])

    def _push(self, node: Expr) -> None:
        self.operands.append(node)
        self.extents.append(node.span)

    def _deepen(self, token: Token) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            reason = f"the formula nests deeper than {MAX_DEPTH} levels"
            self._refuse((token.start, token.end), reason, "give parts of it metrics of their own")

    def _reduce(self, precedence: int) -> None:
        """Apply the waiting operators of the innermost parenthesis that bind at least as strongly as `precedence`."""
        operators, operands, extents = self.operators, self.operands, self.extents
        base = self.frames[-1].operators
        while len(operators) > base and operators[-1].precedence >= precedence:
            operator = operators.pop()
            symbol = operator.symbol
            end = extents.pop()[1]
            right = operands.pop()
            self._check_kind(symbol, right)
            if symbol in (_NEGATE, "not"):
                self.depth -= 1
                start = operator.start
                span = (start, end)
                node: Expr = Negate(right, span) if symbol == _NEGATE else Logic("not", (right,), span)
            else:
                if symbol == "**":
                    self.depth -= 1
                start = extents.pop()[0]
                left = operands.pop()
                self._check_kind(symbol, left)
                node = _two_sided(symbol, left, right, (start, end))
            operands.append(node)
            extents.append((start, end))

    def _check_kind(self, symbol: str, operand: Expr) -> None:
        """Refuse a value where a condition stands, and the reverse."""
        is_condition = isinstance(operand, Compare | Logic)
        if symbol in _LOGIC and not is_condition:
            part = self.text[slice(*operand.span)]
            fix = f"write e.g. {part} > 0" if len(part) <= 40 else "compare it, e.g. with 0"
            self._refuse(operand.span, f"'{symbol}' joins comparisons, and this is a value", fix)
        if symbol not in _LOGIC and is_condition:
            fix = f"join comparisons by and, or and not; a number is if({self.text[slice(*operand.span)]}, 1, 0)"
            self._refuse(operand.span, "a condition is not a number", fix)

    def _compare(self, token: Token) -> None:
        span = (token.start, token.end)
        if not self._is_in_condition():
            reason = "a comparison stands only in a condition, the first argument of if"
            self._refuse(span, reason, "write if(a > b, x, y)")
        self._reduce(_COMPARE)
        if isinstance(self.operands[-1], Compare | Logic):
            self._refuse(span, "comparisons cannot be chained", "join them: a < b and b < c")
        self.operators.append(_Operator(token.text, _COMPARE, token.start))

    def _open_call(self, token: Token) -> None:
        function = FUNCTIONS.get(token.text)
        if function is None:
            self._refuse_unknown_function(token)
        self._deepen(token)
        if token.text == "if":
            self.ifs += 1
            if self.ifs > MAX_IF_DEPTH:
                reason = f"if is nested deeper than {MAX_IF_DEPTH} levels"
                self._refuse((token.start, token.end), reason, "use interpolate, or give parts metrics of their own")
        self.frames.append(_Frame(function, token.start, len(self.operators), len(self.operands)))

    def _is_empty_call(self) -> bool:
        return self.frames[-1].function is not None and self.tokens[self.position - 1].text == "("

    def _next_argument(self, token: Token) -> None:
        frame = self.frames[-1]
        if frame.function is None:
            self._refuse_comma(token)
        self._reduce(0)
        frame.commas += 1
        if frame.commas >= MAX_ARGUMENTS:
            reason = f"{frame.function.name} has more than {MAX_ARGUMENTS} arguments"
            self._refuse((token.start, token.end), reason, "nest calls, or give parts metrics of their own")

    def _close(self, token: Token) -> None:
        if len(self.frames) == 1:
            self._refuse((token.start, token.end), "this parenthesis was never opened", "delete it, or add '('")
        self._reduce(0)
        frame = self.frames.pop()
        self.depth -= 1
        span = (frame.start, token.end)
        if frame.function is None:
            self.extents[-1] = span
            return
        arguments = tuple(self.operands[frame.operands :])
        del self.operands[frame.operands :], self.extents[frame.operands :]
        _check_call(self.text, frame.function, arguments, span)
        if frame.function.name == "if":
            self.ifs -= 1
        self._push(Call(frame.function.name, arguments, span))

    def _refuse(self, span: Span, reason: str, fix: str, new: str | Edit | None = None) -> NoReturn:
        refuse(self.text, span, reason, fix, new)

    def _refuse_unknown_function(self, token: Token) -> NoReturn:
        opened = self.tokens[self.position + 1].start
        refuse_earlier(self.text, opened)
        reason, span = f"there is no function '{token.text}'", (token.start, token.end)
        known = other_name(token.text)
        if known:
            self._refuse(span, reason, f"write {known}", known)
        arguments, end = self._call()
        spelled = spelled_out(token.text, arguments)
        if spelled:
            self._refuse(span, reason, f"write {printable(spelled, 80)}", Edit(token.start, end, spelled))
        if token.text.lower() in NO_FUNCTION:
            self._refuse(span, reason, NO_FUNCTION[token.text.lower()])
        likely = meant(token.text, FUNCTIONS)
        hint = f" (did you mean '{likely}'?)" if likely else ""
        fix = f"the functions are {', '.join(FUNCTIONS)}; to multiply a metric, write {token.text} * (...)"
        self._refuse(span, reason + hint, fix, likely or None)

    def _call(self) -> tuple[list[str], int]:
        """Return the texts of the arguments of the call at the current token, and where its parenthesis closes.

        There are none where it is not closed.
        """
        depth, start, texts = 0, 0, []
        for token in self.tokens[self.position + 1 :]:
            if token.text == "(":
                depth += 1
                start = start or token.end
            elif token.text == ")":
                depth -= 1
            if not depth or (depth == 1 and token.text == ","):
                texts.append(self.text[start : token.start].strip())
                start = token.end
            if not depth:
                return texts, token.end
        return [], 0

    def _refuse_comma(self, token: Token) -> NoReturn:
        before, after = self.tokens[self.position - 1], self.tokens[self.position + 1]
        fix = "a comma separates the arguments of a function"
        if before.kind == after.kind == "number":
            fix = f"the decimal sign is a point: {before.text}.{after.text}; thousands are written 1_200"
        self._refuse((token.start, token.end), "this comma stands outside a function", fix)

    def _refuse_missing_operand(self, token: Token) -> NoReturn:
        span = (token.start, token.end)
        before = self.tokens[self.position - 1] if self.position else None
        if token.kind == "end":
            if before is None:
                self._refuse((0, 1), "the formula is empty", "write a formula, or a 'value:'")
            self._refuse(span, f"the formula ends after '{before.text}'", "add what follows it, or delete it")
        if before is None:
            self._refuse(span, f"the formula starts with '{token.text}'", "write what stands before it, or delete it")
        if before.text == "(" and token.text == ")":
            self._refuse((before.start, token.end), "these parentheses are empty", "delete them")
        reason = f"a value is missing between '{before.text}' and '{token.text}'"
        self._refuse((before.start, token.end), reason, "add a metric or a number, or delete one of the signs")

    def _refuse_missing_operator(self, token: Token) -> NoReturn:
        before = self.tokens[self.position - 1]
        span = (before.start, token.end)
        for word in (token, before):
            if word.kind == "name" and word.text.lower() in _WORD_FIXES:
                reason = f"'{word.text}' is not a word of the formula language"
                self._refuse((word.start, word.end), reason, _WORD_FIXES[word.text.lower()])
        reason = f"an operator is missing between '{before.text}' and '{token.text}'"
        times = Edit(before.end, token.start, " * ")
        if "x" in (before.text, token.text) and before.kind != "symbol":
            sign = before if before.text == "x" else token
            self._refuse((sign.start, sign.end), "'x' does not multiply", "write '*' to multiply", "*")
        if before.text.endswith("%"):
            self._refuse(span, reason, f"write {before.text} * {token.text}; there is no remainder", times)
        elif before.kind == token.kind == "name":
            fix = f"write {before.text} * {token.text} to multiply, or {before.text}_{token.text} if it is one name"
        else:
            shown = {"(": "(...)", ")": "(...)"}
            fix = f"write {shown.get(before.text, before.text)} * {shown.get(token.text, token.text)} to multiply"
            self._refuse(span, reason, fix, times)
        self._refuse(span, reason, fix)


def _two_sided(symbol: Any, left: Expr, right: Expr, span: Span) -> Expr:
    if symbol in _LOGIC:
        return Logic(symbol, (left, right), span)
    return Compare(symbol, left, right, span) if symbol in _COMPARISONS else Binary(symbol, left, right, span)


def _check_call(text: str, function: Function, arguments: tuple[Expr, ...], span: Span) -> None:
    """Refuse what a function's call may not look like, whatever the values are."""
    count = len(arguments)
    if not function.min_args <= count <= function.max_args:
        low, high = function.min_args, function.max_args
        wants = f"{low}" if low == high else f"{low} or more" if high == MAX_ARGUMENTS else f"{low} to {high}"
        noun = "argument" if wants == "1" else "arguments"
        refuse(text, span, f"{function.name} takes {wants} {noun}, not {count}", f"write {function.signature}")
    if function.kind == "time":
        _check_time(text, function, arguments, span)
    elif function.name == "if":
        if not isinstance(arguments[0], Compare | Logic):
            fix, new = "write a comparison: if(a > b, x, y)", None
            if isinstance(arguments[0], Name):
                new = f"{arguments[0].name} != 0"
                fix = f"write a comparison: {new}"
            refuse(text, arguments[0].span, "the first argument of if is not a comparison", fix, new)
    elif function.name == "interpolate":
        _check_points(text, arguments, span)
    elif function.whole:
        _check_whole(text, function, arguments)


def _check_whole(text: str, function: Function, arguments: tuple[Expr, ...]) -> None:
    for parameter, argument in zip(function.parameters, arguments, strict=False):
        low, high = function.whole.get(parameter, (0, -1))
        value = argument.value if isinstance(argument, Number) else -1.0
        if low <= high and not (low <= value <= high and value.is_integer()):
            reason = f"{parameter} of {function.name} is a whole number from {low} to {high}"
            name = function.name
            fix = f"write e.g. {name}(x, 2); to thousands it is 1000 * {name}(x / 1000)"
            refuse(text, argument.span, reason, fix)


def _check_time(text: str, function: Function, arguments: tuple[Expr, ...], span: Span) -> None:
    first = arguments[0]
    if not isinstance(first, Name):
        fix = "give the expression a metric of its own and use its name"
        if isinstance(first, Call) and first.function in ("prev", "lag"):
            fix = "an earlier period is lag(x, 2)"
        refuse(text, first.span, f"{function.name} takes the name of a metric, not an expression", fix)
    if function.name == "lag":
        periods = arguments[1]
        if isinstance(periods, Number) and periods.value == 0:
            fix = f"write {first.name} alone for the value of this period"
            refuse(text, periods.span, "lag takes a whole number of periods, 1 or more", fix, Edit(*span, first.name))
        if not isinstance(periods, Number) or periods.value < 1 or periods.value % 1:
            fix = f"write e.g. lag({first.name}, 2)"
            refuse(text, periods.span, "lag takes a whole number of periods, 1 or more", fix)


def _check_points(text: str, arguments: tuple[Expr, ...], span: Span) -> None:
    if len(arguments) % 2 == 0:
        refuse(text, span, "interpolate has an x without its y", "write interpolate(x, x1, y1, x2, y2)")
    numbers: list[float] = []
    for argument in arguments[1:]:
        number = literal(argument)
        if number is None:
            fix = "write interpolate(x, 0, 10%, 50, 12%)"
            refuse(text, argument.span, "the points of interpolate are numbers", fix)
        numbers.append(number)
    for index, (left, right) in enumerate(pairwise(numbers[::2])):
        if left >= right:
            reason = "the points of interpolate do not go from left to right"
            refuse(text, arguments[2 * index + 3].span, reason, "put them in order of x, each x once")


def literal(node: Expr) -> float | None:
    """Return the number that is written, with its sign; None for anything else."""
    if isinstance(node, Negate) and isinstance(node.operand, Number):
        return -node.operand.value
    return node.value if isinstance(node, Number) else None
