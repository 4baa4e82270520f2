"""How long a chapter takes to read, and which ones have been read.

A chapter is a page with code; appendices are looked up, not read.  What has
been read is known to the reader's browser alone (assets/progress.js).
"""

import math
import unicodedata
from html import escape
from typing import Any

from docutils import nodes  # type: ignore[import-untyped]
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

# A beginner at a text with formulas, who runs the code and thinks about it.
CHARACTERS_PER_MINUTE = 250
LINES_PER_MINUTE = 10


def setup(app: Sphinx) -> dict[str, Any]:
    """Measure chapters when they are read, tell pages about them."""
    app.connect("doctree-read", _measure)
    app.connect("env-purge-doc", _forget)
    # After notebooks are made: they say nothing about reading.
    app.connect("doctree-resolved", _add_reading_time, priority=950)
    app.connect("html-page-context", _add_chapters)
    app.add_css_file("progress.css")
    app.add_js_file("progress.js", loading_method="defer")
    return {"parallel_read_safe": False, "parallel_write_safe": True}


def _minutes(env: BuildEnvironment) -> dict[str, int]:
    """Return the minutes that each chapter takes, by docname."""
    if not hasattr(env, "booktools_minutes"):
        env.booktools_minutes = {}  # type: ignore[attr-defined]
    return env.booktools_minutes  # type: ignore[attr-defined,no-any-return]


def _measure(app: Sphinx, doctree: nodes.document) -> None:
    cells = doctree.findall(
        lambda node: (
            isinstance(node, nodes.container)
            and node.get("nb_element") == "cell_code_source"
        )
    )
    lines = sum(len(cell.astext().splitlines()) for cell in cells)
    if not lines:
        return
    characters = sum(
        unicodedata.category(character) == "Lo"
        for text in doctree.findall(nodes.Text)
        if not isinstance(text.parent, nodes.literal_block)
        for character in text
    )
    minutes = characters / CHARACTERS_PER_MINUTE + lines / LINES_PER_MINUTE
    _minutes(app.env)[app.env.docname] = math.ceil(minutes / 5) * 5


def _forget(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    _minutes(env).pop(docname, None)


def _add_reading_time(
    app: Sphinx, doctree: nodes.document, docname: str
) -> None:
    minutes = _minutes(app.env).get(docname)
    title = next(doctree.findall(nodes.title), None)
    if app.builder.format == "html" and minutes and title:
        text = f"读一遍约 {minutes} 分钟，不算做练习"
        line = f'<p class="reading-time">{text}</p>'
        title.parent.insert(1, nodes.raw("", line, format="html"))


def _add_chapters(
    app: Sphinx, page: str, template: str, context: dict[str, Any], _: object
) -> None:
    minutes = _minutes(app.env)
    top = app.env.toctree_includes.get(app.config.root_doc, [])
    order = [*top, *sorted(minutes)]
    chapters = [name for name in dict.fromkeys(order) if name in minutes]
    content = escape(" ".join(chapters))
    meta = f'\n<meta name="book-chapters" content="{content}">'
    context["metatags"] = context.get("metatags", "") + meta
