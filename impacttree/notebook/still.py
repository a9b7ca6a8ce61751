"""The state of the sliders as a picture, for where no sliders run: a page made of a notebook, a preview."""

from __future__ import annotations

from base64 import b64encode

from impacttree.analyses.diagram import changed_diagram
from impacttree.answers.case import Case
from impacttree.graph.model import Metric
from impacttree.render import mimebundle

__all__ = ["still"]

SVG = "image/svg+xml"


def still(case: Case, outcome: Metric, name: str) -> dict[str, str]:
    """Return the picture of a state by MIME type; in HTML, it hides where the sliders called `name` are to be seen."""
    bundle = mimebundle(changed_diagram(case, outcome))
    data = b64encode(bundle[SVG].encode()).decode()
    hides = f'body:has([data-impacttree="{name}"]) #impacttree-{name}{{display:none}}'
    picture = f'<img id="impacttree-{name}" alt="" src="data:{SVG};base64,{data}" style="max-width:100%">'
    return bundle | {"text/html": f"<style>{hides}</style>{picture}"}
