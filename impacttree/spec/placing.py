"""Problems of a model put in their place in its file, and with them the replacements that correct them."""

from __future__ import annotations

from dataclasses import replace

from impacttree.errors import Edit, Problem
from impacttree.spec.places import Key, Place, Places
from impacttree.spec.yaml_events import read_yaml
from impacttree.spec.yaml_text import scalar_text

__all__ = ["put"]


def put(problem: Problem, places: Places, path: tuple[Key, ...], *, at_key: bool = False) -> Problem:
    """Return `problem` with its line and column: those of the value at `path`, or of the key itself.

    Its edit, of the text that was read, becomes one of the file; it is left out where that text is not found there.

    Examples
    --------
    >>> text = "take: 24 percnt"
    >>> places = Places("", read_yaml(text).root.children, text)
    >>> problem = put(Problem(reason="a slip", formula="24 percnt", edit=Edit(3, 9, "%")), places, ("take",))
    >>> problem.line, problem.edit.apply(text)
    (1, 'take: 24 %')
    """
    line, column = places.find_key(*path) if at_key else places.find(*path)
    edit = problem.edit
    if edit is not None and not edit.in_file and places.text:
        place = places.exact(*path)
        problem = replace(problem, edit=place and _in_file(edit, problem.formula, place, places.text, at_key))
    return problem.at(file=places.file, line=line, column=column)


def _in_file(edit: Edit, part: str, place: Place, text: str, at_key: bool) -> Edit | None:
    """Return an edit of `part` of a scalar (else all of it), or of its key, as one of the file."""
    if at_key:
        return Edit(place.key_start + edit.start, place.key_start + edit.end, edit.new, in_file=True)
    end = place.start + len(text[place.start : place.end].rstrip())
    whole = read_yaml(text[place.start : end]).data
    if not isinstance(whole, str):
        return None
    whole = whole.strip()
    part = part or whole
    if whole.count(part) != 1:
        return None
    at = whole.index(part)
    corrected = f"{whole[:at]}{edit.apply(part)}{whole[at + len(part) :]}"
    return Edit(place.start, end, scalar_text(corrected, in_braces=True), in_file=True)
