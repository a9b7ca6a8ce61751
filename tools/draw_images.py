"""Draws the pictures of the documentation anew: ``docs/images/saas.svg`` and slides of the deck of `docs/how-to`.

Run by hand after a change of what they show: ``./dev python tools/draw_images.py``. Slides become pictures by
LibreOffice and pdftoppm (Debian: ``libreoffice-impress``, ``poppler-utils``), which the tests need, too.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

import impacttree as it

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
SLIDES = (1, 2, 3, 4, 5, 6, 7, 15)
"""The six slides of the bet, its cash, and the first part of the tree."""
WIDE = 720
COLORS = 255


def main() -> int:
    """Draw all of them, and return 0."""
    tree = it.template("saas")
    tree.diagram(lift=("engagement", "+1%")).save(str(IMAGES / "saas.svg"))
    with tempfile.TemporaryDirectory() as folder:
        deck, profile = Path(folder) / "deck.pptx", Path(folder, "profile").as_uri()
        tree.deck("engagement", "+5%", cost="$250k").save(deck)
        office = ["soffice", "--headless", f"-env:UserInstallation={profile}", "--convert-to", "pdf"]
        _run(*office, "--outdir", folder, str(deck))
        for number, slide in enumerate(SLIDES, 1):
            page = Path(folder) / "page"
            only = ["-f", str(slide), "-l", str(slide), "-singlefile"]
            size = ["-scale-to-x", str(2 * WIDE), "-scale-to-y", "-1"]
            _run("pdftoppm", "-png", *only, *size, str(deck.with_suffix(".pdf")), str(page))
            drawn = Image.open(page.with_suffix(".png")).convert("RGB")
            small = drawn.resize((WIDE, round(WIDE * drawn.height / drawn.width)), Image.Resampling.LANCZOS)
            few = small.quantize(COLORS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
            few.save(IMAGES / f"deck-{number}.png", optimize=True)
    return 0


def _run(program: str, *arguments: str) -> None:
    found = shutil.which(program) or program
    subprocess.run([found, *arguments], check=True, capture_output=True)  # noqa: S603 - what is run is written above


if __name__ == "__main__":
    sys.exit(main())
