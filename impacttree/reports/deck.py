"""A deck: slides of several answers, written as one presentation of native, editable slides."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from impacttree.answers.result import Result
from impacttree.errors import OutputError, Problem, QuestionError
from impacttree.records import dataclass
from impacttree.reports.phrases import typeset
from impacttree.views.slides import Slide

__all__ = ["Deck", "deck"]

MOST_SLIDES = 200


@dataclass(frozen=True)
class Deck:
    """Slides, and the company template that they are drawn on.

    Attributes
    ----------
    slides : tuple of Slide
        In order, each as plain data.
    template : bytes or None
        A company's presentation; None for our own page.
    """

    slides: tuple[Slide, ...]
    template: bytes | None = None

    def __repr__(self) -> str:
        titles = "\n".join(f"  {number}. {slide.title}" for number, slide in enumerate(self.slides, 1))
        return f"<Deck of {len(self.slides)} slides>\n{titles}"

    def to_bytes(self) -> bytes:
        """Return the presentation as a file's content; the same slides give the same bytes.

        Raises
        ------
        MissingDependency
            Without python-pptx (the extra ``deck``).
        OutputError
            When the template is not a presentation without macros and links.
        """
        from impacttree.render.pptx.slides import slides_to_pptx

        return slides_to_pptx(self.slides, self.template)

    def save(self, path: str | os.PathLike[str], overwrite: bool = True) -> None:
        """Write the presentation to a ``.pptx`` file; an old file stays as it was if that fails."""
        from impacttree.files import replace_file, written_name

        name = written_name(path)
        if Path(name).suffix.lower() != ".pptx":
            fix = f"write {Path(name).with_suffix('.pptx').name}"
            raise OutputError(Problem(reason=f"a deck is a PowerPoint file, {Path(name).name} is not", fix=fix))
        replace_file(name, self.to_bytes(), overwrite)


def deck(
    results: Sequence[Result],
    *,
    title: str = "",
    as_of: str = "",
    template: str | os.PathLike[str] | bytes | None = None,
) -> Deck:
    """Put answers together: the slides of each, in order.

    Parameters
    ----------
    results
        Answers of any question.
    title
        What the deck is about; stands in the footer of every slide, before the tree's name.
    as_of
        The day that the numbers stand for, as it is to be read; by default that of the tree's newest number.
    template
        A company's presentation (``.pptx``), whose fonts, theme colors, logo, layouts and size are kept.

    Raises
    ------
    QuestionError
        When there is no answer, or something else is among them.

    Examples
    --------
    >>> import impacttree as it
    >>> tree = it.template("saas")
    >>> made = deck([tree.pnl({"engagement": "+5%"}), tree.sensitivity()], title="Northwind", as_of="31 October 2026")
    >>> [slide.footer[0] for slide in made.slides][0]
    'Source: Northwind; Northwind CRM tree. Illustrative data. As of 31 October 2026. Version ...'
    """
    answers = tuple(results)
    wrong = next((one for one in answers if not isinstance(one, Result)), None)
    if not answers or wrong is not None:
        reason = (
            "a deck needs answers" if not answers else f"a deck is made of answers, not of a {type(wrong).__name__}"
        )
        raise QuestionError(Problem(reason=reason, fix="give some: it.deck([tree.worth('engagement', '+1%')])"))
    slides = tuple(map(typeset, (slide for answer in answers for slide in _headed(answer, title, as_of).slides())))
    if len(slides) > MOST_SLIDES:
        raise QuestionError(Problem(reason=f"that are {len(slides)} slides", fix=f"a deck has at most {MOST_SLIDES}"))
    return Deck(slides, read_template(template))


def _headed(answer: Result, title: str, as_of: str) -> Result:
    """Return an answer whose footers begin with the deck's title and state its day."""
    told = answer.provenance
    heads = filter(None, (title, told.source))
    return replace(answer, provenance=replace(told, source="; ".join(heads), as_of=as_of or told.as_of))


def page_width(template: bytes | None) -> float:
    """Return how wide the slides of a template are, in inches; of our own page where there is none."""
    from impacttree.render.pptx.package import EMU, WIDTH, new_presentation

    return (WIDTH if template is None else new_presentation(template).slide_width) / EMU


def read_template(template: str | os.PathLike[str] | bytes | None) -> bytes | None:
    """Return the content of a template that is given as a file or as what it holds."""
    if template is None or isinstance(template, bytes):
        return template
    from impacttree.render.pptx.package import MOST_BYTES

    try:
        with Path(template).open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        reason = f"the template {Path(template).name} cannot be read: {error.strerror or type(error).__name__}"
        raise OutputError(Problem(reason=reason, fix="name a .pptx file")) from error
