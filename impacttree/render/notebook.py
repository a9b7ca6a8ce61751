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

    All come as plain text and as HTML, which follows the notebook's theme; a picture comes as SVG as well.
    Without the package that draws a chart, its text form stands alone: a cell never fails.

    Examples
    --------
    >>> sorted(mimebundle(Headline("+1% engagement adds $17k")))
    ['text/html', 'text/plain']
    """
    bundle = {"text/plain": to_text(view)}
    try:
        if not isinstance(view, Headline | Table):
            bundle["image/svg+xml"] = fitted(find(view, "svg").draw(view).decode())
        return bundle | {"text/html": to_html(view)}
    except MissingDependency:
        return bundle
