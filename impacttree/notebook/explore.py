"""`explore`, which a tree is asked; the widget itself is loaded with it, when anywidget is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from impacttree.answers.asked import Basis
from impacttree.answers.outlays import Costs
from impacttree.answers.subject import Subject
from impacttree.errors import MissingDependency, Problem
from impacttree.quantity import Change

if TYPE_CHECKING:
    from impacttree.notebook.explorer import Explorer

__all__ = ["explore"]


def explore(
    subject: Subject,
    lift: tuple[str, str | Change] | None = None,
    on: str | None = None,
    *,
    cost: Costs | None = None,
    basis: Basis = "horizon",
) -> Explorer:
    """Return sliders for a notebook, which move the tree and are moved from Python.

    Parameters
    ----------
    subject
        The tree.
    lift
        A metric and its change, to begin with; without it, the tree is as stated.
    on
        The outcome; by default the tree's.
    cost
        What the change costs, as in every question: ``"$250k"`` today, ``"$20k in month 3"``, or a list of these; it
        may be a range. Another total that is typed is paid in the same parts.
    basis
        How amounts count: as they come, with ``"run_rate"`` as the last period annualised, or with ``"pv"`` discounted
        to today as the model's ``finance`` says.

    Raises
    ------
    MissingDependency
        When anywidget (the extra ``notebook``) is not installed.

    Examples
    --------
    >>> import impacttree as it
    >>> explorer = it.template("saas").explore(("engagement", "+5%"))
    >>> explorer.changes
    {'engagement': '+5%'}
    >>> explorer.changes = {"engagement": "+5%", "arpu": "=$32"}
    >>> explorer.values["arpu"], explorer.worth.total > 100_000
    (32.0, True)
    """
    try:
        import anywidget  # noqa: F401 - only whether it is there
    except ImportError as error:
        fix = "run: pip install 'impacttree[notebook]', or tree.to_html(path) for the same sliders in a file"
        raise MissingDependency(Problem(reason="sliders in a notebook need anywidget", fix=fix)) from error
    from impacttree.notebook.explorer import Explorer

    return Explorer(subject, lift, on, cost=cost, basis=basis)
