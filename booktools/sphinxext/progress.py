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

from booktools.sphinxext.order import Stage, connect
from booktools.sphinxext.state import build, memory
from booktools.sphinxext.texts import _

# A beginner at a text with formulas, who runs the code and thinks about it:
# half as fast as people read.
CHARACTERS_PER_MINUTE = 250
WORDS_PER_MINUTE = 120
LINES_PER_MINUTE = 10


def setup(app: Sphinx) -> None:
    """Measure chapters when they are read; write it on pages."""
    connect(app, Stage.READ, _measure)
    connect(app, Stage.LAID_OUT, _add_reading_time)
    connect(app, Stage.CONTEXT, _add_chapters)
    app.add_css_file("progress.css")
    app.add_js_file("progress.js", loading_method="defer")


def _measure(app: Sphinx, doctree: nodes.document) -> None:
    cells = [
        *doctree.findall(
            lambda node: (
                isinstance(node, nodes.container)
                and node.get("nb_element") == "cell_code_source"
            )
        )
    ]
    if not cells:
        return
    # Folded code is for those who want to know it.
    lines = sum(
        len(cell.astext().splitlines())
        for cell in cells
        if "tag_hide-input" not in cell.parent["classes"]
    )
    texts = [
        text
        for text in doctree.findall(nodes.Text)
        if not isinstance(text.parent, nodes.literal_block)
    ]
    if build(app).book.language.has_words:
        words = sum(
            any(character.isalpha() for character in word)
            for text in texts
            for word in text.split()
        )
        minutes = words / WORDS_PER_MINUTE
    else:
        characters = sum(
            unicodedata.category(character) == "Lo"
            for text in texts
            for character in text
        )
        minutes = characters / CHARACTERS_PER_MINUTE
    minutes += lines / LINES_PER_MINUTE
    memory(app.env).minutes[app.env.docname] = math.ceil(minutes / 5) * 5


def _add_reading_time(
    app: Sphinx, doctree: nodes.document, docname: str
) -> None:
    minutes = memory(app.env).minutes.get(docname)
    title = next(doctree.findall(nodes.title), None)
    if minutes and title:
        text = _("About {minutes} minutes to read, without the exercises")
        text = text.format(minutes=minutes)
        line = f'<p class="reading-time">{text}</p>'
        title.parent.insert(1, nodes.raw("", line, format="html"))


def _add_chapters(
    app: Sphinx, page: str, template: str, context: dict[str, Any], __: object
) -> None:
    minutes = memory(app.env).minutes
    top = app.env.toctree_includes.get(app.config.root_doc, [])
    order = [*top, *sorted(minutes)]
    chapters = [name for name in dict.fromkeys(order) if name in minutes]
    content = escape(" ".join(chapters))
    meta = f'\n<meta name="book-chapters" content="{content}">'
    context["metatags"] = context.get("metatags", "") + meta
