"""A decision: what may be done, each act with what it costs, or to leave all as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from impacttree.answers.asked import Changes
from impacttree.answers.outlays import Costs
from impacttree.errors import Problem, QuestionError, printable
from impacttree.quantity import Change
from impacttree.records import dataclass

__all__ = ["Act", "Decision"]

WRITE = "write it.Decision('engagement', '+1%', cost='$10k'), or it.Decision({'engagement': '+1%'}, cost='$10k')"
ACTS = "write it.Decision([it.Act('engagement', '+1%', cost='$10k'), it.Act('arpu', '+1%', cost='$5k')])"
MOST_ACTS = 20

OneChange = str | Change | Sequence[str | Change]


@dataclass(frozen=True, init=False)
class Act:
    """Something that may be done: changes of metrics, and what they cost.

    Parameters
    ----------
    metric
        The metric that is changed; or a mapping of metric to change, for several at once.
    change
        What is done to it; left out when `metric` is a mapping.
    cost
        What it costs, in the outcome's unit: any form of a quantity, so it may have a range, paid today, or as
        ``"$20k in month 3"`` or ``"$100k over 36 months"``, or a list of these.
    label
        What it is called in answers; by its changes unless given.

    Examples
    --------
    >>> Act({"engagement": "+5%"}, cost="$250k", label="Onboarding").changes
    (('engagement', '+5%'),)
    """

    changes: tuple[tuple[str, OneChange], ...]
    cost: Costs
    label: str

    def __init__(
        self,
        metric: str | Changes,
        change: OneChange | None = None,
        *,
        cost: Costs | None = None,
        label: str = "",
    ) -> None:
        if isinstance(metric, Mapping) == (change is not None):
            raise QuestionError(Problem(reason="a decision names a metric and what is done to it", fix=WRITE))
        given = metric.items() if isinstance(metric, Mapping) else [(metric, change)]
        changes = tuple((name, tuple(one) if isinstance(one, list) else one) for name, one in given)
        if not changes:
            raise QuestionError(Problem(reason="the decision changes nothing", fix=WRITE))
        if cost is None:
            raise QuestionError(Problem(reason="the decision has no cost to weigh its worth against", fix=WRITE))
        for name, value in (
            ("changes", changes),
            ("cost", tuple(cost) if isinstance(cost, list) else cost),
            ("label", label),
        ):
            object.__setattr__(self, name, value)


@dataclass(frozen=True, init=False)
class Decision:
    """To do something or to leave it; or which of several acts to take, if any.

    Parameters
    ----------
    metric
        The metric that is changed; or a mapping of metric to change, for several at once; or a list of acts, of which
        one at most is taken.
    change
        What is done to it; left out when `metric` is a mapping or a list.
    cost
        What it costs, as that of an act. Acts have their own.
    on
        The outcome that it is done for; by default the tree's.

    Examples
    --------
    >>> Decision("engagement", "+1%", cost="$10k ($8k to $15k)").changes
    (('engagement', '+1%'),)
    >>> two = Decision([Act("engagement", "+5%", cost="$250k"), Act("arpu", "+3%", cost="$50k", label="Price rise")])
    >>> [act.cost for act in two.acts]
    ['$250k', '$50k']
    """

    acts: tuple[Act, ...]
    on: str | None

    def __init__(
        self,
        metric: str | Changes | Sequence[Act],
        change: OneChange | None = None,
        *,
        cost: Costs | None = None,
        on: str | None = None,
    ) -> None:
        if isinstance(metric, str | Mapping):
            acts: tuple[Act, ...] = (Act(metric, change, cost=cost),)
        else:
            acts = _acts(metric, change, cost)
        object.__setattr__(self, "acts", acts)
        object.__setattr__(self, "on", on)

    @property
    def changes(self) -> tuple[tuple[str, OneChange], ...]:
        """What is changed, of all acts."""
        return tuple(change for act in self.acts for change in act.changes)


def _acts(given: object, change: object, cost: object) -> tuple[Act, ...]:
    acts = tuple(given) if isinstance(given, Sequence) else ()
    if not acts or not all(isinstance(act, Act) for act in acts):
        raise QuestionError(Problem(reason="a decision is between acts, each with its cost", fix=ACTS))
    if change is not None or cost is not None:
        raise QuestionError(Problem(reason="acts have their own changes and costs", fix=ACTS))
    if len(acts) > MOST_ACTS:
        raise QuestionError(Problem(reason=f"{len(acts)} acts are more than {MOST_ACTS}", fix="leave some out"))
    labels = [act.label for act in acts if act.label]
    twice = next((label for label in labels if labels.count(label) > 1), None)
    if twice is not None:
        raise QuestionError(Problem(reason=f"two acts are called '{printable(twice, 60)}'", fix="give each its own"))
    return acts
