"""A printed book -> what is drawn without a glyph, or in another font.

Where no font has a letter, a browser draws an empty box, and says nothing.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from bs4 import Tag
from fontTools.ttLib import TTFont
from pypdf import PdfReader
from pypdf.generic import ContentStream

from booktools.problem import Problem

# What browsers call a font that says no name of its own, as KaTeX's subsets.
_NAMELESS = "OTS-derived-font"
_SHOWS_TEXT = (b"Tj", b"TJ", b"'", b'"')
# Glyph 0, an empty box, in a string, which Chromium writes as <0A1B0000>; or a
# string written in another way.  To parse what has none would take minutes.
# What a glyph means, as two letters in one, is not drawn.
_MAY_HAVE_BOX = re.compile(rb"<(?:[0-9A-Fa-f]{4})*0000|(?<!/ActualText )\(")
# Characters that are not drawn.
_INVISIBLE = ("Cc", "Cf", "Zl", "Zp", "Zs")
_SELECTORS = range(0xFE00, 0xFE10)


def find_gaps(data: bytes, fonts: Iterable[Path]) -> dict[int, str]:
    """Find text that is not drawn with the glyphs of these fonts.

    Parameters
    ----------
    data : bytes
        A PDF file that Chromium has printed.
    fonts : iterable of Path
        Files of fonts.

    Returns
    -------
    dict of int to str
        Page, counted from 1 -> what is wrong with its first such text.
    """
    reader = PdfReader(BytesIO(data))
    names = {_NAMELESS, *map(_name, fonts)}
    gaps: dict[int, str] = {}
    for number, page in enumerate(reader.pages, 1):
        for fault in _faults(page, page.get_contents(), reader, names):
            gaps.setdefault(number, fault)
    return gaps


def find_letters(
    articles: Iterable[tuple[Path, str, Tag]],
    fonts: Iterable[Path],
    maths: Iterable[Path],
) -> list[Problem]:
    """Find the letters of texts that no font has.

    Parameters
    ----------
    articles : iterable of (Path, str, Tag)
        Each text: the file that it was made from, the path by which a problem
        calls that, and what is printed.
    fonts : iterable of Path
        Files of the fonts of all text.
    maths : iterable of Path
        Files of the fonts that only formulas have.
    """
    known = characters(fonts)
    in_maths = known | characters(maths)
    problems = []
    for file, path, article in articles:
        formulas = "".join(tag.get_text() for tag in article.select(".katex"))
        text = "".join(
            string
            for string in article.strings
            if not string.find_parent(class_="katex")
        )
        missing = {*text} - known | {*formulas} - in_maths
        source = file.read_text("utf-8") if file.is_file() else ""
        for letter in missing:
            if not is_drawn(letter):
                continue
            line = source.partition(letter)[0].count("\n") + 1
            name = unicodedata.name(letter, "without a name")
            what = (
                f"no font of the printed book has {letter!r}"
                f" (U+{ord(letter):04X}, {name})"
            )
            hint = "say it with other letters, or show a picture of it"
            line = line if letter in source else 1
            problems.append(Problem(path, line, "no-glyph", what, hint))
    return problems


def _faults(
    page: Any, contents: Any, reader: PdfReader, names: set[str]
) -> Iterator[str]:
    """Yield what is wrong with the text of a page, or of a part of it."""
    resources = page.get("/Resources", {}).get_object()
    fonts = {
        key: font.get_object()
        for key, font in resources.get("/Font", {}).items()
    }
    for font in fonts.values():
        name = str(font.get("/BaseFont", "/?")).removeprefix("/")
        name = name.partition("+")[2] or name
        if font["/Subtype"] != "/Type0" or name not in names:
            yield f"in a font of this computer, {name}"
    data = contents.get_data() if fonts and contents is not None else b""
    if _MAY_HAVE_BOX.search(data):
        for operands, operator in ContentStream(contents, reader).operations:
            if operator in _SHOWS_TEXT and any(
                _has_box(part) for part in _strings(operands)
            ):
                yield "with an empty box"
    for part in resources.get("/XObject", {}).values():
        form = part.get_object()
        if form["/Subtype"] == "/Form":
            yield from _faults(form, form, reader, names)


def _strings(operands: Any) -> Iterator[bytes]:
    for operand in operands:
        if isinstance(operand, list):
            yield from _strings(operand)
        elif isinstance(operand, bytes):
            yield operand
        elif isinstance(operand, str):
            yield operand.original_bytes  # type: ignore[attr-defined]


def _has_box(text: bytes) -> bool:
    """Tell whether glyph 0 is among glyphs of two bytes each."""
    return any(not any(text[i : i + 2]) for i in range(0, len(text), 2))


def _name(file: Path) -> str:
    with TTFont(file, lazy=True) as font:
        names = font.get("name")
        return str((names and names.getDebugName(6)) or _NAMELESS)


def characters(files: Iterable[Path]) -> set[str]:
    """Return the characters for which fonts have glyphs."""
    found: set[str] = set()
    for file in files:
        with TTFont(file, lazy=True) as font:
            found.update(map(chr, font.getBestCmap() or ()))
    return found


def is_drawn(letter: str) -> bool:
    """Tell whether a character needs a glyph."""
    return not (
        unicodedata.category(letter) in _INVISIBLE or ord(letter) in _SELECTORS
    )
