"""The PowerPoint file: opened from our own page or a company's template, and written the same way every time."""

from __future__ import annotations

import io
import re
import zipfile
from typing import TYPE_CHECKING

from impacttree.errors import MissingDependency, OutputError, Problem

if TYPE_CHECKING:
    from pptx.presentation import Presentation
    from pptx.slide import SlideLayout

__all__ = ["EMU", "new_presentation", "to_bytes"]

EMU = 914_400
"""English metric units in an inch, the unit of lengths in the file."""
WIDTH, HEIGHT = 12_192_000, 6_858_000
"""13.33 x 7.5 inches."""
_FONT = "Arial"
MOST_BYTES = 50 << 20
MOST_UNPACKED = 200 << 20
MOST_ENTRIES = 5_000
LEAST_WIDTH, LEAST_HEIGHT = 5.0, 4.0
_EXTERNAL = re.compile(rb"TargetMode\s*=\s*[\"']External", re.IGNORECASE)
_PROGRAM = re.compile(r"vbaProject|activeX|embeddings/|oleObject", re.IGNORECASE)
_FIXED = (1980, 1, 1, 0, 0, 0)
"""The time of every entry of the file."""
_STAMP = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*(</)")


def new_presentation(template: bytes | None = None) -> Presentation:
    """Return an empty presentation: of 16:9 slides in Arial, whose letters our texts are measured in, or a template's.

    Raises
    ------
    OutputError
        When `template` is not a presentation, is too large, runs macros or reaches outside of itself.
    MissingDependency
        Without python-pptx.
    """
    try:
        import pptx
    except ImportError:
        raise MissingDependency(
            Problem(
                reason="PowerPoint slides need the package 'python-pptx'",
                fix="pip install 'impacttree[deck]', or save as .svg, .png or .pdf",
            )
        ) from None
    if template is not None:
        return _from_template(template)
    presentation: Presentation = pptx.Presentation()
    presentation.slide_width, presentation.slide_height = WIDTH, HEIGHT
    _set_theme_font(presentation)
    return presentation


def _from_template(content: bytes) -> Presentation:
    """Return a company's presentation without its slides."""
    import pptx

    _check_template(content)
    try:
        presentation: Presentation = pptx.Presentation(io.BytesIO(content))
        titled = any(_has_title(layout) for layout in presentation.slide_layouts)
        width, height = presentation.slide_width / EMU, presentation.slide_height / EMU
    except (KeyError, ValueError, AttributeError, TypeError, SyntaxError) as error:
        raise _refused(f"it cannot be read as a presentation ({type(error).__name__})") from error
    if not titled:
        raise _refused("it has no layout with a title")
    if width < LEAST_WIDTH or height < LEAST_HEIGHT:
        raise _refused(f"its slides are smaller than {LEAST_WIDTH:g} x {LEAST_HEIGHT:g} inches")
    _without_slides(presentation)
    return presentation


def _has_title(layout: SlideLayout) -> bool:
    from pptx.enum.shapes import PP_PLACEHOLDER

    titles = (PP_PLACEHOLDER.TITLE, PP_PLACEHOLDER.CENTER_TITLE)
    return any(shape.placeholder_format.type in titles for shape in layout.placeholders)


def _without_slides(presentation: Presentation) -> None:
    listed = presentation.slides._sldIdLst  # noqa: SLF001 - python-pptx cannot remove a slide
    for entry in list(listed):
        presentation.part.drop_rel(entry.rId)
        listed.remove(entry)


def _check_template(content: bytes) -> None:
    if len(content) > MOST_BYTES:
        raise _refused(f"it is larger than {MOST_BYTES >> 20} MB")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            entries = file.infolist()
            if len(entries) > MOST_ENTRIES or sum(entry.file_size for entry in entries) > MOST_UNPACKED:
                raise _refused(f"it unpacks to more than {MOST_UNPACKED >> 20} MB or {MOST_ENTRIES:,} parts")
            names = {entry.filename for entry in entries}
            if "ppt/presentation.xml" not in names:
                raise _refused("it is not a PowerPoint presentation")
            if any(_PROGRAM.search(name) for name in names):
                raise _refused("it holds macros or embedded programs")
            for name in names:
                if name.endswith(".rels") and _EXTERNAL.search(file.read(name)):
                    raise _refused(f"{name} refers to something outside of the file")
    except (zipfile.BadZipFile, RuntimeError, OSError, EOFError, NotImplementedError) as error:
        raise _refused("it is not a .pptx file") from error


def _refused(why: str) -> OutputError:
    fix = "save the template as .pptx without macros and linked pictures, with a layout that has a title"
    return OutputError(Problem(reason=f"the template cannot be used: {why}", fix=fix))


def _set_theme_font(presentation: Presentation) -> None:
    for part in presentation.part.package.iter_parts():
        if "/theme/" in part.partname:
            part._blob = re.sub(  # noqa: SLF001 - python-pptx offers no other way to a theme
                rb'(<a:(?:major|minor)Font>\s*<a:latin typeface=")[^"]*', rb"\g<1>" + _FONT.encode(), part.blob
            )


def to_bytes(presentation: Presentation) -> bytes:
    """Return the file: entries in one order, every time of day fixed."""
    saved, written = io.BytesIO(), io.BytesIO()
    presentation.save(saved)
    with zipfile.ZipFile(saved) as source, zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                content = _STAMP.sub(rb"\g<1>2000-01-01T00:00:00Z\g<3>", content)
            entry = zipfile.ZipInfo(name, _FIXED)
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, content)
    return written.getvalue()
