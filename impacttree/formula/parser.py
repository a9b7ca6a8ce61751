"""Tokens -> syntax tree, by precedence climbing on explicit stacks: bounded, and never recursive.

Precedence and associativity are Python's: ``**`` (right to left), unary minus, ``* /``, ``+ -``, comparisons.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple, NoReturn

from impacttree.errors import Edit, meant, printable
from impacttree.formula.ast import Binary, Call, Compare, Expr, Name, Negate, Number, Span, walk
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
_COMPARE, _UNARY, _POWER = 1, 4, 5
_PRECEDENCE = {"+": 2, "-": 2, "*": 3, "/": 3, _NEGATE: _UNARY, "**": _POWER} | dict.fromkeys(_COMPARISONS, _COMPARE)
_ARITHMETIC = frozenset(("+", "-", "*", "/", "**"))

_WORD_FIXES = {
    "and": "conditions are nested: if(a > 0, if(b > 0, x, y), y)",
    "or": "conditions are nested: if(a > 0, x, if(b > 0, x, y))",
    "not": "write the opposite comparison, or swap the branches of if",
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
        for node in walk(expression):
            if type(node) is Call and node.function == "if" and not _reads_metric(node.arguments[0]):
                fix = "compare a metric with a number or with another metric"
                refuse(text, node.arguments[0].span, "the condition is always the same: it reads no metric", fix)
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


def parse_condition(text: str) -> Compare:
    """Read a comparison by itself, as the first argument of ``if`` is written.

    Raises
    ------
    FormulaError
        When it is none, or reads no metric.

    Examples
    --------
    >>> parse_condition("ltv_to_cac < 3").op
    '<'
    """
    condition = _Parser(text, is_condition=True).run()
    if not isinstance(condition, Compare):
        refuse(text, condition.span, "this is not a comparison", "write e.g. profit < 0")
    if not _reads_metric(condition):
        fix = "compare a metric with a number or with another metric"
        refuse(text, condition.span, "the condition is always the same: it reads no metric", fix)
    return condition


def _reads_metric(expression: Expr) -> bool:
    return any(type(node) is Name for node in walk(expression))


class _Frame:
    """An open parenthesis: of a call, or of a group when `function` is None."""

    __slots__ = ("commas", "compared", "function", "operands", "operators", "start")

    def __init__(self, function: Function | None, start: int, operators: int, operands: int) -> None:
        self.function = function
        self.start = start
        self.operators = operators
        """How many operators were waiting when it opened."""
        self.operands = operands
        """How many operands were finished when it opened."""
        self.commas = 0
        self.compared = False


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
        if text not in _COMPARISONS:
            self._refuse_missing_operator(token)
        self._compare(token)
        return True

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
            if symbol == _NEGATE:
                self.depth -= 1
                start = operator.start
                node: Expr = Negate(right, (start, end))
            else:
                if symbol == "**":
                    self.depth -= 1
                start = extents.pop()[0]
                left = operands.pop()
                two_sided = Compare if operator.precedence == _COMPARE else Binary
                node = two_sided(symbol, left, right, (start, end))
            operands.append(node)
            extents.append((start, end))

    def _compare(self, token: Token) -> None:
        frame = self.frames[-1]
        span = (token.start, token.end)
        alone = self.is_condition and len(self.frames) == 1
        if not alone and (frame.function is None or frame.function.name != "if" or frame.commas):
            reason = "a comparison stands only as the first argument of if, without parentheses around it"
            self._refuse(span, reason, "write if(a > b, x, y)")
        if frame.compared:
            fix = "ask for each by itself" if alone else "nest them: if(a < b, if(b < c, x, y), y)"
            self._refuse(span, "comparisons cannot be chained", fix)
        frame.compared = True
        self._reduce(_COMPARE)
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
        if not isinstance(arguments[0], Compare):
            fix, new = "write a comparison: if(a > b, x, y)", None
            if isinstance(arguments[0], Name):
                new = f"{arguments[0].name} != 0"
                fix = f"write a comparison: {new}"
            refuse(text, arguments[0].span, "the first argument of if is not a comparison", fix, new)
    elif function.name == "interpolate":
        _check_points(text, arguments, span)


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
        number = _literal(argument)
        if number is None:
            fix = "write interpolate(x, 0, 10%, 50, 12%)"
            refuse(text, argument.span, "the points of interpolate are numbers", fix)
        numbers.append(number)
    for index, (left, right) in enumerate(pairwise(numbers[::2])):
        if left >= right:
            reason = "the points of interpolate do not go from left to right"
            refuse(text, arguments[2 * index + 3].span, reason, "put them in order of x, each x once")


def _literal(node: Expr) -> float | None:
    if isinstance(node, Negate) and isinstance(node.operand, Number):
        return -node.operand.value
    return node.value if isinstance(node, Number) else None
