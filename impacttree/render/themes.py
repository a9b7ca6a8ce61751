"""Pictures in a dark notebook: which colour of the light picture becomes which, and where that holds."""

from __future__ import annotations

from typing import Final

__all__ = ["CLASS", "themed_style"]

CLASS: Final = "impacttree-picture"
TEXT: Final = {
    "#1b2430": "#eef2f6",
    "#5b6470": "#aeb8c4",
    "#6b4a33": "#e2c4ae",
    "#9a4300": "#ffa869",
    "#d55e00": "#ffa869",
    "#0072b2": "#62b6ee",
    "#2c6489": "#62b6ee",
    "#8a4fa3": "#cf9be6",
}
"""Of letters; those on dark cards and pills stay as they are."""
SHAPE: Final = {
    "#ffffff": "#11171e",
    "#f4f5f7": "#19212a",
    "#fdf1e8": "#2d2119",
    "#f8d8bd": "#5a3a22",
    "#16263f": "#274468",
    "#1b2430": "#eef2f6",
    "#5f6b7a": "#aeb8c4",
    "#5b6470": "#aeb8c4",
    "#8792a0": "#8792a0",
    "#a3acb8": "#6b7785",
    "#c6cdd5": "#3b4755",
    "#c9d0d8": "#3b4755",
    "#d6dbe1": "#2a343f",
    "#d55e00": "#f5873a",
    "#9a4300": "#ffa869",
    "#b04a00": "#ffa869",
    "#0072b2": "#62b6ee",
    "#2c6489": "#62b6ee",
    "#8a4fa3": "#cf9be6",
    "#7a6200": "#d9bd4a",
    "#2f8fa8": "#6fc3d8",
    "#a33c5c": "#ee8fac",
    "#dbeaf4": "#1d3346",
    "#b5d5e9": "#27485f",
    "#8fc0de": "#34637f",
    "#a3cbe4": "#2f5a78",
}
"""Of all else: fills and lines."""
DARK: Final = '[data-jp-theme-light="false"],.dark,.vscode-dark,html[theme="dark"]'
"""How JupyterLab, Notebook, marimo, VS Code and Colab say that they are dark."""
LIGHT: Final = "[data-jp-theme-light],.light,.vscode-light,html[theme]"
"""How they say that they have a theme of their own, whatever the system's is."""


def themed_style() -> str:
    """Return the style sheet by which pictures of the class `CLASS` follow the theme of what they stand in.

    Examples
    --------
    >>> "prefers-color-scheme:dark" in themed_style()
    True
    """
    rules: list[str] = []
    names: list[str] = []
    for kind, colours in (("t", TEXT), ("s", SHAPE)):
        which = f".{CLASS} {'text' if kind == 't' else ':not(text)'}"
        for light, dark in colours.items():
            name = f"--it-{kind}-{light[1:]}"
            names.append(f"{name}:{dark}")
            for paint in ("fill", "stroke")[: 1 if kind == "t" else 2]:
                painted = f':is([{paint}="{light}"],[style*="{paint}: {light}"])'
                rules += [f"{which}{painted}{{{paint}:var({name},{light})!important}}"]
    dark = f".{CLASS}{{{';'.join(names)}}}"
    own = f":is({DARK}) {dark}"
    system = f"@media (prefers-color-scheme:dark){{:root:not({LIGHT}):not(:has({LIGHT})) {dark}}}"
    fits = f".{CLASS} svg{{max-width:100%;height:auto}}"
    return "".join((fits, *rules, own, system))
