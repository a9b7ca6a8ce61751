"""Correlations between uncertain numbers: whether they name what is there, and can hold together."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from math import sqrt
from operator import mul

from impacttree.errors import QuestionError, printable
from impacttree.graph.findings import Findings
from impacttree.graph.model import Correlated
from impacttree.graph.reach import reached
from impacttree.spec.address import Address

__all__ = ["ROUNDING", "check_correlations"]

Pairs = dict[tuple[str, str], float]

MAX_LINKED = 100
"""Most numbers that hang together by correlations."""

MAX_REFUSED = 10
"""Most groups whose impossibility is explained."""

MAX_NAMED = 6
"""Pairs that one message names."""

ROUNDING = 1e-10
"""How far below zero an eigenvalue may be by rounding."""


def check_correlations(
    uncertain: Collection[str], certain: Collection[str], silent: Collection[str], findings: Findings
) -> tuple[Correlated, ...]:
    """Check the correlations of a specification and return the groups that they make.

    Parameters
    ----------
    uncertain, certain
        Addresses of the numbers that are not known for certain, and of the others.
    silent
        Metrics with problems of their own: what is said of their numbers is not judged.
    findings
        Where problems go. Entries that could not be read have one already.
    """
    listed = findings.spec.correlations
    if not listed:
        return ()
    reported = (problem.key for problem in findings.problems if not problem.metric)
    unread = {key.split(".")[1] for key in reported if key.startswith("correlations.")}
    positions = (at for at in range(len(listed) + len(unread)) if str(at) not in unread)
    names = _Names(frozenset(uncertain), frozenset(certain), frozenset(silent), findings)
    pairs: Pairs = {}
    is_whole = not unread
    for position, (first, second, quantity) in zip(positions, listed, strict=True):
        assert quantity.value is not None
        pair = (min(first, second), max(first, second))
        wrong = names.wrong(first, second) or _wrong_value(quantity.value)
        if wrong is None and pair in pairs:
            wrong = f"{first} and {second} are listed twice", "keep one"
        if wrong is not None:
            is_whole = False
            if wrong[0]:
                findings.add_at(("correlations", position), *wrong)
        else:
            pairs[pair] = quantity.value
    return tuple(_possible(pairs, findings)) if is_whole else ()


class _Names:
    """The addresses of a tree."""

    def __init__(
        self, uncertain: frozenset[str], certain: frozenset[str], silent: frozenset[str], findings: Findings
    ) -> None:
        self.uncertain, self.certain, self.silent, self.findings = uncertain, certain, silent, findings
        self.known = sorted(uncertain) + sorted(certain)
        shown = ", ".join(self.known[: min(MAX_NAMED, len(uncertain))])
        self.example = f"numbers with a range are e.g. {shown}" if shown else "no number of this tree has a range"

    def wrong(self, first: str, second: str) -> tuple[str, str] | None:
        """Return the reason and the fix, both empty where the metric itself is to blame."""
        for name in (first, second):
            if name in self.uncertain:
                continue
            if self.is_silent(name):
                return "", ""
            if name in self.certain:
                return f"{name} is certain, so nothing correlates with it", "state its range, or leave this out"
            hint = self.findings.suggestion(name, self.known)
            return f"there is no number '{printable(name, 80)}' in this tree{hint}", self.example
        if first == second:
            return f"{first} is correlated with itself", "name two different numbers"
        return None

    def is_silent(self, name: str) -> bool:
        try:
            return Address.parse(name).metric in self.silent
        except QuestionError:
            return False


def _wrong_value(value: float) -> tuple[str, str] | None:
    if -1 <= value <= 1:
        return None
    return f"a correlation lies between -1 and 1, and {value:g} does not", "write e.g. 0.3"


# ---- what can hold together


def _possible(pairs: Pairs, findings: Findings) -> Iterator[Correlated]:
    refused = 0
    for members in _components(pairs):
        wrong = _impossible(members, pairs)
        if wrong is None:
            inside = combinations(members, 2)
            yield Correlated(members, tuple((*pair, pairs[pair]) for pair in inside if pair in pairs))
            continue
        findings.add_at(("correlations",), *wrong)
        refused += 1
        if refused == MAX_REFUSED:
            reason = f"more than {MAX_REFUSED} groups of correlations cannot hold together; the rest is not checked"
            findings.add_at(("correlations",), reason, "correct these first")
            return


def _components(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, ...]]:
    neighbours: dict[str, set[str]] = {}
    for first, second in pairs:
        neighbours.setdefault(first, set()).add(second)
        neighbours.setdefault(second, set()).add(first)
    components: list[tuple[str, ...]] = []
    seen: set[str] = set()
    for start in sorted(neighbours):
        if start in seen:
            continue
        component = reached([start], neighbours.__getitem__)
        seen |= component
        components.append(tuple(sorted(component)))
    return components


def _impossible(members: Sequence[str], pairs: Pairs) -> tuple[str, str] | None:
    """Return the reason and the fix if no numbers can have these correlations, else None."""
    if len(members) > MAX_LINKED:
        reason = f"{len(members)} numbers hang together by correlations, more than {MAX_LINKED}"
        return reason, "leave out the correlations that matter least"
    if _fails_at(members, pairs) is None:
        return None
    among = sorted(_guilty(members, pairs))
    guilty = [pair for pair in combinations(among, 2) if pairs.get(pair)]
    named = ", ".join(f"{first} and {second} {pairs[first, second]:g}" for first, second in guilty[:MAX_NAMED])
    more = f", and {len(guilty) - MAX_NAMED} more" if len(guilty) > MAX_NAMED else ""
    factor = _shrunk(members, pairs)
    fix = f"{_completion(among, pairs)}move them towards 0, e.g. all of them times {factor:g}"
    return f"these correlations cannot hold together: {named}{more}", fix


def _completion(members: Sequence[str], pairs: Pairs) -> str:
    """Return the way out that is to list the pairs left out, which count as uncorrelated; empty where none is.

    What follows for a pair from one number that both hang together with is the product of their correlations with it.
    """
    left = [pair for pair in combinations(members, 2) if pair not in pairs]
    if not left:
        return ""
    implied: Pairs = {}
    for first, second in left:
        others = [other for other in members if other not in (first, second)]
        through = (_correlation(first, other, pairs) * _correlation(second, other, pairs) for other in others)
        implied[first, second] = max(through, key=abs, default=0.0)
    named = ", ".join(f"{first} and {second}" for first, second in left[:MAX_NAMED])
    more = f", and {len(left) - MAX_NAMED} more" if len(left) > MAX_NAMED else ""
    are = "are" if len(left) > 1 else "is"
    values = ", ".join(f"{implied[pair]:.4g}" for pair in left[:MAX_NAMED])
    works = _fails_at(members, {**pairs, **implied}) is None
    example = f" (e.g. {values})" if works else ""
    return f"list {named}{more}{example}, which {are} taken as uncorrelated, or "


def _correlation(one: str, other: str, pairs: Mapping[tuple[str, str], float]) -> float:
    return pairs.get((min(one, other), max(one, other)), 0.0)


def _fails_at(members: Sequence[str], pairs: Mapping[tuple[str, str], float], scale: float = 1.0) -> int | None:
    """Return the position of the first member that cannot correlate so with those before it; None if all can.

    Cholesky's factorization, row by row: it exists as long as the matrix has no negative eigenvalue, rounding aside.
    """
    rows: list[list[float]] = []
    for position, member in enumerate(members):
        row: list[float] = []
        for other, above in zip(members, rows, strict=False):
            value = scale * _correlation(member, other, pairs)
            row.append((value - sum(map(mul, row, above))) / above[-1])
        square = 1.0 + ROUNDING - sum(map(mul, row, row))
        if square <= 0.0:
            return position
        rows.append([*row, sqrt(square)])
    return None


def _guilty(members: Sequence[str], pairs: Pairs) -> list[str]:
    """Return few members whose correlations alone cannot hold.

    Whoever fails first is needed for the failure of those up to there. He goes to the front, the others up to there
    stay behind, and so on, until the ones in front fail by themselves.
    """
    needed: list[str] = []
    order = list(members)
    while True:
        position = _fails_at(order, pairs)
        if position is None:  # by rounding, as close to possible as that
            return order
        if position < len(needed) or len(needed) > MAX_NAMED:
            return order[: position + 1]
        rest = order[len(needed) : position]
        needed.insert(0, order[position])
        order = needed + rest


def _shrunk(members: Sequence[str], pairs: Pairs) -> float:
    """Return the largest factor, in hundredths, by which all correlations can hold together."""
    low, high = 0, 100
    while high - low > 1:
        middle = (low + high) // 2
        if _fails_at(members, pairs, middle / 100) is None:
            low = middle
        else:
            high = middle
    return low / 100
