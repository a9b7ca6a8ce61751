"""What a notebook gets to choose from when a view is the value of a cell."""

from __future__ import annotations

from impacttree.errors import MissingDependency
from impacttree.render.html import to_html
from impacttree.render.registry import find
from impacttree.render.svg import fitted
from impacttree.render.text import to_text
from impacttree.views import Headline, Table, View

__all__ = ["mimebundle"]


def mimebundle(view: View) -> dict[str, str]:
    """Return the representations of `view` by MIME type, for ``_repr_mimebundle_``.

    A picture comes as SVG and plain text only, because JupyterLab would prefer HTML to SVG; headlines and tables come
    as HTML and plain text. Without the package that draws a chart, its text form stands alone: a cell never fails.

    Examples
    --------
    >>> sorted(mimebundle(Headline("+1% engagement adds $17k")))
    ['text/html', 'text/plain']
    """
    bundle = {"text/plain": to_text(view)}
    if isinstance(view, Headline | Table):
        return bundle | {"text/html": to_html(view)}
    try:
        return bundle | {"image/svg+xml": fitted(find(view, "svg").draw(view).decode())}
    except MissingDependency:
        return bundle
