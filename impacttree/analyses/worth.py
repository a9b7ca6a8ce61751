"""What is a lift of a metric worth, through which paths, resting on what?"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from impacttree.answers.asked import Basis
from impacttree.answers.case import Case, OutcomeChange
from impacttree.answers.corners import kinks
from impacttree.answers.grounds import UNSTATED, Grounds, grounds_of, share_by_formulas
from impacttree.answers.guardrail_checks import GuardrailCheck, guardrail_row
from impacttree.answers.left_out import LeftOut, left_out, left_out_row, left_out_texts
from impacttree.answers.local import local
from impacttree.answers.net_over_time import Returns, returns
from impacttree.answers.outlays import Costs
from impacttree.answers.placeholders import placeholder_note, placeholders
from impacttree.answers.ranges import UNSAMPLED, range_cells
from impacttree.answers.result import Result, Scalar
from impacttree.answers.routes import Edge, Path, Route, edges_of, paths_of, routes_of, shortened, told_apart
from impacttree.answers.samples import Range
from impacttree.answers.subject import Horizon, Over, Subject
from impacttree.answers.verdict import payback_text, stage_rows, verdict
from impacttree.answers.words import Words, is_still, joined, lowered
from impacttree.engine.flows import Lift
from impacttree.errors import ChangeError, EvaluationError
from impacttree.graph.model import Metric
from impacttree.quantity import Change, shown_shares
from impacttree.records import dataclass
from impacttree.views import Fact, Headline, Panel, Step, Waterfall

if TYPE_CHECKING:
    from impacttree.views.slides import ShareOfBar, Slide

__all__ = ["Worth", "worth"]


@dataclass(frozen=True, repr=False)
class Worth(Result):
    """What a lift is worth on one outcome.

    Attributes
    ----------
    total : float
        Change of the outcome over the first `horizon` periods, by its aggregation rule, with every number at its
        stated point.
    range : Range or None
        P10, P50, P90 and mean of the total over many samples; None where nothing that it rests on is uncertain.
    by_period : tuple of float
        Change of the outcome in each period.
    run_rate : float or None
        Change in the last period, annualised; None for outcomes that are not amounts per period.
    run_rate_range : Range or None
        Of the run rate.
    long : tuple of float
        The total over one, two and three horizons; shorter when the tree has no value that far.
    by_year : tuple of (str, float)
        Where the tree states a fiscal calendar, what the lift is worth in each fiscal year within three horizons, and
        in what comes before the first whole one; on the basis of run rates, at the end of each.
    before, after : float
        The outcome over the horizon without and with the lift.
    relative : float or None
        `total` relative to the size of `before`; None when that is zero.
    metric_before, metric_after : float
        The lifted metric over the horizon, by its aggregation rule.
    outcomes : tuple of OutcomeChange
        The tree's outcomes shown together.
    paths : tuple of Path
        Largest first; with `rest` they add up to `total`.
    rest : float
        What comes through paths that are not listed.
    edges : tuple of Edge
        The amount each edge carries; they add up over any cut (edges that lead back count negative).
    rests_on : tuple of Grounds
        Shares of the worth by evidence grade, strongest first.
    by_formulas : float
        The share that comes through exact formulas alone, for which no evidence is stated: of the sum of absolute path
        amounts, as those of `rests_on`.
    not_modelled : tuple of LeftOut
        What the lifted metric states as left out of the tree, and how far it may move before the gain is gone, at one
        and three horizons.
    placeholders : tuple of int and int
        N of M inputs are still a template's values.
    guardrails : tuple of GuardrailCheck
        With the lift, at their tightest period.
    kinks : tuple of str
        Where a limit binds or a branch switches along the lift.
    warnings : tuple of str
        What a reader should know before using the figure.
    case : Case
        The tree without and with the lift, from which the figures come.
    pays : Returns or None
        What it returns against its cost: net at one, two and three horizons, and payback; None where no cost is stated.
    """

    metric: str
    change: str
    outcome: str
    horizon: int
    total: float
    range: Range | None
    by_period: tuple[float, ...]
    run_rate: float | None
    run_rate_range: Range | None
    long: tuple[float, ...]
    by_year: tuple[tuple[str, float], ...]
    before: float
    after: float
    relative: float | None
    metric_before: float
    metric_after: float
    one_point: float | None
    """For a metric shown in %: what +1pp would be worth."""
    outcomes: tuple[OutcomeChange, ...]
    paths: tuple[Path, ...]
    rest: float
    edges: tuple[Edge, ...]
    rests_on: tuple[Grounds, ...]
    by_formulas: float
    not_modelled: tuple[LeftOut, ...]
    placeholders: tuple[int, int]
    guardrails: tuple[GuardrailCheck, ...]
    kinks: tuple[str, ...]
    warnings: tuple[str, ...]
    case: Case = field(compare=False)
    pays: Returns | None = None

    @property
    def cost(self) -> float | None:
        """What it costs, at its stated point; None where no cost is stated."""
        return None if self.pays is None else self.pays.cost

    @property
    def net(self) -> float | None:
        """Worth over the horizon less the cost: above zero it pays; None where no cost is stated."""
        return None if self.pays is None else self.pays.stages[0].net

    @property
    def payback(self) -> int | None:
        """The first period up to which the change of the outcome covers the cost; None where none does."""
        return None if self.pays is None else self.pays.payback

    @property
    def words(self) -> Words:
        return self.case.words

    @property
    def note(self) -> str:
        """What the lifted metric says that a reader should know."""
        return " ".join((self.words.graph[self.metric].spec.notes or "").split())

    @property
    def basis(self) -> str:
        """What the figures mean."""
        return self.provenance.basis

    @property
    def title(self) -> str:
        """The sentence with the money."""
        words = self.words
        still = is_still(self.before, self.after)
        relative = "" if still or not self.before else f" ({words.percent(self.before, self.total)})"
        lift = self.provenance.told(self.case.moves[0].text)
        if self.pays is None:
            return words.headed(f"{lift} {self.claim}{relative}", self.outcome)
        return words.headed(f"{lift} {self.verdict}", self.outcome)

    @property
    def verdict(self) -> str:
        """``for $250k does not pay back within 12 months (-$164k) but does within 36 (+$499k), in month 21``.

        Empty where no cost is stated.
        """
        if self.pays is None:
            return ""
        return f"for {self.pays.text} {verdict(self.words, self.outcome, self.pays)}"

    @property
    def claim(self) -> str:
        """``adds $17k operating profit in the first 12 months``."""
        when = self.words.over(self.outcome, self.horizon)
        return f"{self.words.effect(self.outcome, self.before, self.after)} {when}"

    def view(self) -> Headline:
        facts = [
            Fact("not modelled", tuple((text,) for text in self._left_out())),
            Fact(
                self.words.net(self.outcome),
                tuple(stage_rows(self.words, self.outcome, self.pays)) if self.pays else (),
            ),
            Fact("payback", ((payback_text(self.words, self.pays),),) if self.pays and self.pays.cost else ()),
            *self._before_cost(),
            *self._through(),
            Fact("rests on", tuple((text,) for text in self._rests_on())),
            Fact("guardrails", tuple((check.text,) for check in self.guardrails)),
            Fact("limits", tuple((kink,) for kink in self.kinks)),
            Fact("note", ((self.note,),) if self.note else ()),
            Fact("basis", ((self.basis,),)),
        ]
        return Headline(self.title, tuple(fact for fact in facts if any(row for row in fact.rows)), self.warnings)

    def _before_cost(self) -> list[Fact]:
        """Return the facts on what the lift brings: under a cost, with a head that says it is not off."""
        spread, also = range_cells(self.words, self.outcome, self.total, self.range), tuple(self._also())
        name, amounts = self._amounts()
        if self.pays is None:
            years = Fact(self._yearly, (self.words.by_year(self.outcome, self.by_year),))
            return [years, Fact("range", (spread,)), Fact(name, (amounts,)), Fact("also", (also,))]
        words = self.words
        total = f"{words.figure(self.outcome, self.total)} {words.over(self.outcome, self.horizon)}"
        yearly = ", ".join(words.by_year(self.outcome, self.by_year))
        rows = [
            ", ".join([total, *spread]),
            f"{self._yearly}: {yearly}" if yearly else "",
            ", ".join(amounts),
            f"also {'; '.join(also)}" if also else "",
        ]
        return [Fact("before cost", tuple((row,) for row in rows if row))]

    def _amounts(self) -> tuple[str, tuple[str, ...]]:
        """Return what is said of the run rate and of three horizons, and the label of it."""
        words, name = self.words, self.outcome
        if not any(self.long) and not self.run_rate:
            return "run rate", ()
        later = words.over(name, self._furthest)
        longest = self.long[-1]
        figure = words.figure(name, 0.0 if is_still(self.before, self.before + longest) else longest)
        if self.run_rate is None or words.is_run_rate:
            return "later", (f"{figure} {later}",)
        rate = f"{words.figure(name, self.run_rate)} a year {words.by(self.horizon)}{words.undiscounted}"
        return "run rate", (rate, f"{figure} {later}")

    @property
    def _yearly(self) -> str:
        return self.words.yearly(self.by_year, self.horizon)

    @property
    def _furthest(self) -> int:
        """The last period of the longest horizon in `long`."""
        return self.words.end(self.horizon, len(self.long))

    def _also(self) -> list[str]:
        main = self.words.over(self.outcome, self.horizon)
        groups: dict[str, list[str]] = {}
        for outcome in self.outcomes:
            if outcome.name != self.outcome:
                groups.setdefault(self.words.over(outcome.name, self.horizon), []).append(outcome.text)
        others = [", ".join(texts) + ("" if when == main else f" {when}") for when, texts in groups.items()]
        cells = ["; ".join(others)] if others else []
        if self.one_point and self.change != "+1pp":
            cells.append(f"+1pp {self.words.would(self.outcome, self.one_point)}")
        return cells

    @cached_property
    def routes(self) -> tuple[Route, ...]:
        """The paths, put together where only formulas part them; largest first, and with `rest` they add up."""
        return routes_of(self.words.graph, self.paths, self.total)

    def _through(self) -> list[Fact]:
        if not self.paths and not self.rest:
            return []
        shown = self.routes if len(self.routes) <= SHOWN_ROUTES + 1 else self.routes[:SHOWN_ROUTES]
        left = sum(len(route.paths) for route in self.routes[len(shown) :])
        amounts = [route.amount for route in shown]
        names = [shortened(route) for route in shown]
        if left or self.rest:
            amounts.append(math.fsum(route.amount for route in self.routes[len(shown) :]) + self.rest)
            names.append(f"{left} more path{'s' * (left != 1)}" if left else "other paths")
        texts = [self.words.signed(self.outcome, amount) for amount in amounts]
        offset = not self.total or any(amount * self.total < 0 for amount in amounts)
        shares = [""] * len(amounts) if offset else shown_shares([amount / self.total for amount in amounts])
        rows = list(zip(names, texts, shares, strict=True))
        if len(rows) > 1:
            whole = self.words.signed(self.outcome, self.total)
            rows.append((f"= {lowered(self.words.titled(self.outcome))}", whole, "" if offset else "100%"))
        parts = ", ".join(self._parts(shown[0])) if shown else ""
        rows[1:1] = [(f"of which {parts}", "", "")] if parts else []
        return [Fact("through", tuple(rows))]

    def _parts(self, route: Route) -> Iterator[str]:
        """Yield ``revenue +$97k``, ``COGS -$18.1k``: what comes through each part, the least of many together."""
        shown = route.parts if len(route.parts) <= SHOWN_PARTS + 1 else route.parts[:SHOWN_PARTS]
        for label, amount in shown:
            yield f"{lowered(label)} {self.words.signed(self.outcome, amount)}"
        if len(shown) < len(route.parts):
            others = math.fsum(amount for _, amount in route.parts[len(shown) :])
            yield f"{len(route.parts) - len(shown)} more {self.words.signed(self.outcome, others)}"

    def _left_out(self) -> list[str]:
        return left_out_texts(self.words, self.not_modelled)

    def _rests_on(self) -> list[str]:
        if not self.rests_on and not self.by_formulas:
            return []
        *shares, by_formulas = self._shares
        parts = [
            f"{', '.join(grounds.effects)} ({share})" for grounds, share in zip(self.rests_on, shares, strict=True)
        ]
        if not parts:
            parts = [f"formulas alone: {UNSTATED}"]
        elif self.by_formulas:
            parts.append(f"the rest by formulas alone, {UNSTATED} ({by_formulas})")
        note = placeholder_note(self.placeholders)
        return [" · ".join(parts), *([note] if note else [])]

    @property
    def _shares(self) -> tuple[str, ...]:
        """The shares of `rests_on`, and that of formulas alone, as they are shown."""
        return shown_shares([*(grounds.share for grounds in self.rests_on), self.by_formulas])

    @property
    def evidence_mix(self) -> tuple[str, ...]:
        """What it rests on, in a few words: ``("92% experiment", "8% judgement")``."""
        pairs = zip(self.rests_on, self._shares, strict=False)
        return tuple(f"{share} {grounds.grade.replace('_', '-')}" for grounds, share in pairs)

    @property
    def evidence_shares(self) -> tuple[ShareOfBar, ...]:
        """What it rests on as shares of one bar: each grade of evidence, and what formulas alone carry."""
        from impacttree.views.slides import ShareOfBar

        mix = zip(self.evidence_mix, self.rests_on, strict=True)
        graded = [ShareOfBar(text, grounds.share) for text, grounds in mix]
        if not graded:
            return (ShareOfBar("formulas alone, no evidence stated", 1.0),)
        formulas = [ShareOfBar(f"{self._shares[-1]} formulas", self.by_formulas)] if self.by_formulas else []
        return (*graded, *formulas)

    def waterfall(self) -> Waterfall:
        """Return the worth as steps from the outcome without the lift to the outcome with it, path by path."""
        words, name = self.words, self.outcome
        shown = self.paths[:MOST_STEPS]
        others = math.fsum(path.amount for path in self.paths[MOST_STEPS:]) + self.rest
        names = told_apart(shown)
        parts = [(name, path.amount) for name, path in zip(names, shown, strict=True)]
        if others:
            parts.append(("Other paths", others))
        steps = [
            Step(label, amount, words.signed(name, amount), "change", words.tone(name, amount))
            for label, amount in parts
        ]
        whole = self._whole()
        subtitle = f"Paths from {words.label(self.metric)} to {words.titled(name)}"
        return Waterfall(self.title.replace("->", "→"), subtitle, (*steps, whole), (f"Basis: {self.basis}.",))

    def _whole(self) -> Step:
        words, name = self.words, self.outcome
        text, tone = words.signed(name, self.total), words.tone(name, self.total)
        if self.range is None or self.range.is_point:
            return Step("Worth", self.total, text, "total", tone)
        ends = words.span(name, self.range.p10, self.range.p90)
        return Step("Worth", self.total, text, "total", tone, self.range.p10, self.range.p90, ends)

    def picture(self) -> Waterfall:
        return self.waterfall()

    def slides(self) -> tuple[Slide, ...]:
        from impacttree.views.slides import Figures, Shares, Slide, SlidePart

        words, name = self.words, self.outcome
        lift = words.changed(self.metric, self.change)
        spread = "" if self.range is None or self.range.is_point else words.span(name, self.range.p10, self.range.p90)
        title = self.provenance.told(f"{lift} {self.claim}{f' ({spread})' if spread else ''}")
        drawn = self.waterfall()
        bare = tuple(replace(step, range_text="") for step in drawn.steps)
        steps = replace(drawn, title="The paths that it takes", subtitle="", steps=bare, notes=())
        parts = [SlidePart(Figures(tuple(self._tiles(spread))), bottom=0.28)]
        parts.append(SlidePart(steps, columns=8 if self.rests_on else 12, top=0.33))
        if self.rests_on:
            told = (joined(self.evidence_mix), *(text for grounds in self.rests_on for text in grounds.effects[:2]))
            parts.append(SlidePart(Shares("How good is the evidence", self.evidence_shares, told), 8, 4, 0.33))
        moved = words.move(self.metric, self.metric_before, self.metric_after)
        notes = (self.title, *self.warnings, *(check.text for check in self.guardrails))
        subtitle = f"{lift} {self.verdict}" if self.pays else f"{words.label(self.metric)} {moved}"
        return (Slide(title, tuple(parts), subtitle, notes, self.footer),)

    def _tiles(self, spread: str) -> Iterator[Panel]:
        words, name = self.words, self.outcome
        when = words.heading(name, self.horizon)
        yield Panel(when, words.signed(name, self.total), f"P10 to P90: {spread}" if spread else "", accent=True)
        if len(self.long) > 1:
            yield Panel(words.heading(name, self._furthest), words.signed(name, self.long[-1]), "")
        if self.run_rate is not None and not words.is_run_rate:
            told = f"a year, {words.by(self.horizon)}{words.undiscounted}"
            yield Panel("Run rate", words.signed(name, self.run_rate), told)
        if self.pays is not None:
            yield Panel("Cost", self.pays.text, f"payback {payback_text(words, self.pays, spread=False)}")

    def to_dicts(self) -> list[dict[str, Scalar]]:
        return [
            {
                "path": " > ".join(path.metrics),
                "labels": " > ".join(path.labels),
                "amount": path.amount,
                "unit": str(self.words.total_unit(self.outcome)),
                "share": path.share,
                "grade": path.grade,
            }
            for path in self.paths
        ]

    def summary(self) -> dict[str, Any]:
        return super().summary() | {
            "metric": self.metric,
            "change": self.change,
            "outcome": self.outcome,
            "unit": str(self.words.total_unit(self.outcome)),
            "over": self.words.formed(self.outcome, self.horizon),
            "horizon": self.horizon,
            "total": self.total,
            "range": self.range and self.range.as_dict(),
            "run_rate": self.run_rate,
            "run_rate_range": self.run_rate_range and self.run_rate_range.as_dict(),
            "long": list(self.long),
            "by_year": dict(self.by_year),
            **(self.pays.as_dict() if self.pays else {}),
            "before": self.before,
            "after": self.after,
            "relative": self.relative,
            "metric_before": self.metric_before,
            "metric_after": self.metric_after,
            "by_period": list(self.by_period),
            "outcomes": {outcome.name: outcome.change for outcome in self.outcomes},
            "rest": self.rest,
            "rests_on": {grounds.grade: grounds.share for grounds in self.rests_on},
            "by_formulas": self.by_formulas,
            "not_modelled": [left_out_row(one) for one in self.not_modelled],
            "placeholders": list(self.placeholders),
            "guardrails": [guardrail_row(check) for check in self.guardrails],
            "limits": list(self.kinks),
            "warnings": list(self.warnings),
            "sentence": self.title,
        }


METHOD = "two exact evaluations; split by Gauss-Legendre integration of local flows, loops of a path erased"
SHOWN_ROUTES = 2
SHOWN_PARTS = 2
MOST_STEPS = 5


@local
def worth(
    subject: Subject,
    metric: str,
    change: str | Change,
    on: str | None = None,
    range: bool = True,  # noqa: A002 - the word that users know
    *,
    cost: Costs | None = None,
    horizon: Horizon = None,
    over: Over = None,
    scenario: str | None = None,
    basis: Basis = "horizon",
    samples: int | None = None,
    seed: int = 0,
) -> Worth:
    """Compute what a lift of one metric is worth.

    The total is the difference of two exact evaluations over the horizon. It is split over edges and paths by the
    integral of local flows along the lift (Aumann and Shapley, "Values of Non-Atomic Games", 1974; Sundararajan and
    others, "Axiomatic Attribution for Deep Networks", 2017), so that the parts add up to it.

    Parameters
    ----------
    subject
        The tree.
    metric
        What is lifted.
    change
        ``"+1%"``, ``"+2pp"``, ``"-$3"``, ``"=45%"``, one that is not certain as ``"+1% (0.5% to 2%)"``, or a typed
        change.
    on
        The outcome; by default the tree's.
    range
        Whether to draw samples of what is uncertain, for the range of the worth and the risk of guardrails. They are
        the same draws without and with the lift, so what does not move the worth does not widen it.
    cost
        What it costs, in the outcome's unit: any form of a quantity, so it may have a range, paid today, or as
        ``"$20k in month 3"`` or ``"$100k over 36 months"``, or a list of these. With it the answer says whether it
        pays, at one, two and three horizons, and when it has paid back.
    horizon
        Periods, or text such as ``"36 months"``; by default the tree's.
    over
        Periods by name in place of a horizon: ``"FY27"``, ``"FY27 Q2"``, ``"2027-04 to 2027-09"``.
    scenario
        A scenario of the model file, held without and with the lift.
    basis
        How amounts count: as they come, with ``"run_rate"`` as the last period annualised, or with ``"pv"`` discounted
        to today as the model's ``finance`` says.
    samples
        How many are drawn; as many as there is time for unless given.
    seed
        The same seed gives the same samples.

    Raises
    ------
    QuestionError
        When a metric does not exist.
    ChangeError
        When the change is written wrongly or does not fit the metric.

    Examples
    --------
    >>> import impacttree as it
    >>> worth = it.template("saas").worth("engagement", "+1%")
    >>> worth.change, worth.outcome, worth.guardrails[0].holds
    ('+1%', 'profit', True)
    """
    subject = subject.over(over, horizon).on_basis(basis)
    lifted, outcome = subject.metric(metric), subject.outcome(on)
    case = Case.of(subject, {metric: change}, horizon, scenario, samples, seed)
    lift = Lift(case.base, case.run, lifted.index, outcome.index)
    total, slot = case.change(outcome), outcome.index
    paths, rest = paths_of(subject.graph, lift, total)
    pace = subject.pace(outcome)
    ranges = case.ranges(outcome) if range else UNSAMPLED
    pays = None if cost is None else returns(case.furthest, outcome, cost, case.periods, sampled=range)
    spent = "" if pays is None else pays.terms
    meant = case.words.basis(outcome.name, cost=spent, in_full=case.asked.in_full, weights=case.asked.weights)
    return Worth(
        provenance=case.sampled(METHOD, meant, ranges),
        metric=metric,
        change=case.asked.texts[0][1],
        outcome=outcome.name,
        horizon=case.periods,
        total=total,
        range=ranges.of(outcome.name),
        by_period=case.by_period(outcome),
        run_rate=case.run_rate(outcome),
        run_rate_range=ranges.last.times(pace.per_year) if ranges.last and pace is not None else None,
        long=_long(case, outcome),
        by_year=case.by_year(outcome),
        before=case.before[slot],
        after=case.after[slot],
        relative=total / abs(case.before[slot]) if case.before[slot] else None,
        metric_before=case.plain.before[lifted.index],
        metric_after=case.plain.after[lifted.index],
        one_point=_one_point(case, lifted, outcome),
        outcomes=case.outcomes(outcome, ranges),
        paths=paths,
        rest=rest,
        edges=edges_of(subject.graph, lift),
        rests_on=grounds_of(subject.graph, paths),
        by_formulas=share_by_formulas(paths),
        not_modelled=left_out(case, outcome, 0.0 if pays is None else pays.cost),
        placeholders=placeholders(subject.graph),
        guardrails=ranges.beside(case.guardrails),
        kinks=kinks(subject, lift),
        warnings=(
            *case.warnings(outcome),
            *case.run_rate_warnings(outcome),
            *_unclosed(case, lift, outcome),
            *ranges.notes,
        ),
        case=case,
        pays=pays,
    )


def _long(case: Case, outcome: Metric) -> tuple[float, ...]:
    """Return the change over one, two and three horizons, as far as the tree has values."""
    far = case.furthest
    return tuple(far.change_over(outcome, end) for end in case.ends)


def _one_point(case: Case, metric: Metric, outcome: Metric) -> float | None:
    """Return what one percentage point, held from period 1, would be worth, where a share has room for it."""
    if not metric.unit.is_share or case.asked.weights:
        return None
    try:
        return case.asking({metric.name: "+1pp"}).change(outcome)
    except (ChangeError, EvaluationError):
        return None


def _unclosed(case: Case, lift: Lift, outcome: Metric) -> Iterator[str]:
    """Yield a warning when paths miss more of the change than rounding explains."""
    if abs(lift.closure) > lift.allowance:
        missing = case.words.signed(outcome.name, lift.closure)
        yield f"{missing} of the change is on no path: no slope along the lift accounts for it"
