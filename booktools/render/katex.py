"""TeX -> HTML by KaTeX; glyphs -> the style and the fonts of a site."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from fontTools import subset

from booktools.render import node

SCRIPT = Path(__file__).with_name("assets") / "katex.js"
STYLE = "katex.css"


@dataclass(frozen=True)
class Answer:
    """What KaTeX makes of a formula.

    ``glyphs`` maps the names of fonts to the characters that the formula needs
    of them.  If ``error`` is not empty, it says what is wrong, and
    ``position`` where in the formula.
    """

    html: str = ""
    glyphs: dict[str, str] = field(default_factory=dict)
    error: str = ""
    position: int = 0


def version() -> str:
    """Return the version of KaTeX."""
    return node.package_version("katex")


def render(formulas: Iterable[tuple[str, bool]]) -> list[Answer]:
    """Render formulas, all in one go.

    Parameters
    ----------
    formulas : iterable of (str, bool)
        The TeX of each, and whether it stands on lines of its own.
    """
    katex = node.require_packages() / "katex"
    answers = node.run_script(SCRIPT, str(katex), data=list(formulas))
    return [Answer(**answer) for answer in answers]


def style(glyphs: Mapping[str, str]) -> dict[str, bytes]:
    """Return the files of a style with these glyphs only, by name.

    A font's name changes with its glyphs, so that nobody sees a page with a
    font that an earlier version of the site left in a cache.
    """
    dist = node.require_packages() / "katex" / "dist"
    files = {}
    text = (dist / "katex-swap.min.css").read_text("utf-8").strip()
    blocks = []
    # There are neither comments nor nested rules in this style.
    for block in text.removesuffix("}").split("}"):
        head, _, body = block.partition("{")
        if head == "@font-face":
            *rest, source = body.split(";")
            name = source.partition("fonts/")[2].partition(".")[0]
            if name not in glyphs:
                continue
            font = _subset(dist / "fonts" / f"{name}.woff2", glyphs[name])
            file = f"{name}-{hashlib.sha256(font).hexdigest()[:8]}.woff2"
            files[file] = font
            body = ";".join([*rest, f'src:url({file}) format("woff2")'])
        blocks.append(f"{head}{{{body}}}")
    return files | {STYLE: "".join(blocks).encode()}


def _subset(path: Path, characters: str) -> bytes:
    options = subset.Options(
        flavor="woff2", hinting=False, layout_features=[], name_IDs=[]
    )
    subsetter = subset.Subsetter(options)
    subsetter.populate(text=characters)
    file = BytesIO()
    with subset.load_font(path, options) as font:
        subsetter.subset(font)
        subset.save_font(font, file, options)
    return file.getvalue()
