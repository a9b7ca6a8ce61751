"""Sphinx settings; `./dev sphinx-build -W -b html docs docs/_build/html` builds the pages."""

import shutil
from pathlib import Path

import impacttree

HERE = Path(__file__).parent

# Notebooks live at the top of the project; Sphinx reads only what is below this folder. What an earlier build left
# behind (a page of a name that is gone) would end up in this one.
for left in (HERE / "notebooks", HERE / "reference" / "generated"):
    shutil.rmtree(left, ignore_errors=True)
shutil.copytree(HERE.parent / "notebooks", HERE / "notebooks")

# Pages go by the name of a class; this one is shown under the name that users write.
impacttree.Metric.__name__ = "Metric"

project = "impacttree"
author = "the impacttree authors"
release = version = impacttree.__version__

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
]
exclude_patterns = ["_build", "_templates", "**/.ipynb_checkpoints"]
templates_path = ["_templates"]
source_suffix = {".rst": "restructuredtext", ".md": "myst-nb", ".ipynb": "myst-nb"}

# Code on a page runs when the page is built, and a failing cell fails the build.
nb_execution_mode = "auto"
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_merge_streams = True
nb_render_markdown_format = "gfm"  # tables in what a cell prints
myst_enable_extensions = ["deflist", "dollarmath", "colon_fence"]
myst_heading_anchors = 3

autosummary_generate = True
autodoc_typehints = "none"  # the numpy docstrings and the signatures already say them
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

html_theme = "pydata_sphinx_theme"
html_title = "impacttree"
html_theme_options = {"show_toc_level": 2, "navigation_with_keys": False, "show_prev_next": False}
html_show_sourcelink = False
