"""TeX -> HTML by KaTeX; characters -> the style and the fonts of a site."""

import hashlib
import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from booktools.render import node

SCRIPT = Path(__file__).with_name("assets") / "katex.js"
STYLE = "katex.css"

# There are neither comments nor nested rules in KaTeX's style.
_FACE = re.compile(
    r"(?P<head>@font-face\{[^}]*)src:url\(fonts/(?P<name>[^.]*)[^}]*\}"
)

# It warns of the dates in KaTeX's fonts, which no reader gets.
logging.getLogger("fontTools.ttLib.tables._h_e_a_d").setLevel(logging.ERROR)

# What fonts draw that is known by a class, as katex.js knows it.
_KINDS = {
    "KaTeX_Main-Bold": "bold",
    "KaTeX_Math-BoldItalic": "math",
    "KaTeX_Math-Italic": "math",
}


@dataclass(frozen=True)
class Answer:
    """What KaTeX makes of a formula.

    ``math`` is what it draws with the fonts for letters of variables, ``bold``
    with the bold one, ``other`` with all others.  If ``error`` is not empty,
    it says what is wrong, and ``position`` where in the formula.
    """

    html: str = ""
    math: str = ""
    bold: str = ""
    other: str = ""
    error: str = ""
    position: int = 0


def version() -> str:
    """Return the version of KaTeX."""
    return node.package_version("katex", "katex")


def render(formulas: Iterable[tuple[str, bool]]) -> list[Answer]:
    """Render formulas, all in one go.

    Parameters
    ----------
    formulas : iterable of (str, bool)
        The TeX of each, and whether it stands on lines of its own.
    """
    katex = node.require_packages("katex") / "katex"
    answers = node.run_script(SCRIPT, str(katex), data=list(formulas))
    return [Answer(**answer) for answer in answers]


def characters(answers: Iterable[Answer]) -> dict[str, str]:
    """Return the characters that formulas draw, by the kind of their font."""
    answers = list(answers)
    return {
        kind: "".join(sorted({c for a in answers for c in getattr(a, kind)}))
        for kind in ("math", "bold", "other")
    }


def style(drawn: Mapping[str, str]) -> dict[str, bytes]:
    """Return the files of a style with just these `characters`, by name.

    Each of the ``other`` fonts has all of their characters, as far as it can:
    which of them needs which, only a browser knows; it loads what it needs.
    A font's name changes with its glyphs, so that nobody sees a page with a
    font that an earlier version of the site left in a cache.
    """
    dist = node.require_packages("katex") / "katex" / "dist"
    text = (dist / "katex-swap.min.css").read_text("utf-8").strip()
    files = {}

    def face(rule: re.Match[str]) -> str:
        name = rule["name"]
        wanted = drawn[_KINDS.get(name, "other")]
        # Not the compressed one, which takes longer to read than to reduce.
        font = _subset(dist / "fonts" / f"{name}.ttf", wanted)
        if not font:
            return ""
        file = f"{name}-{hashlib.sha256(font).hexdigest()[:8]}.woff2"
        files[file] = font
        return f'{rule["head"]}src:url({file}) format("woff2")}}'

    return {STYLE: _FACE.sub(face, text).encode(), **files}


def _subset(path: Path, characters: str) -> bytes:
    """Return a font with some characters only; nothing if it has none."""
    # Takes a tenth of a build in which nothing is drawn anew.
    from fontTools import subset

    options = subset.Options(
        flavor="woff2", hinting=False, layout_features=[], name_IDs=[]
    )
    subsetter = subset.Subsetter(options)
    subsetter.populate(text=characters)
    file = BytesIO()
    with subset.load_font(path, options) as font:
        if not font.getBestCmap().keys() & map(ord, characters):
            return b""
        subsetter.subset(font)
        subset.save_font(font, file, options)
    return file.getvalue()
