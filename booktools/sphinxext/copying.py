"""What is copied from a page stays readable: TeX, Markdown, links.

Each page has a file of its sections as Markdown, which the menu beside a
heading asks for (assets/copying.js).
"""

import json
from pathlib import Path
from typing import Any

from docutils import nodes  # type: ignore[import-untyped]
from sphinx.application import Sphinx

from booktools.sphinxext.markdown import Writer
from booktools.sphinxext.order import Stage, connect

FOLDER = "_sections"


def setup(app: Sphinx) -> None:
    """Write sections while pages are written."""
    connect(app, Stage.PARSED, _prefer_labels)
    connect(app, Stage.COMPLETE, _write_sections)
    connect(app, Stage.CONTEXT, _add_address)
    app.add_css_file("copying.css")
    app.add_js_file("copying.js", loading_method="defer")


def _prefer_labels(app: Sphinx, doctree: nodes.document) -> None:
    """Let links use a section's label, which stays when its title changes."""
    labels = {
        doctree.nameids[name]
        for name, is_explicit in doctree.nametypes.items()
        if is_explicit
    }
    for section in doctree.findall(nodes.section):
        section["ids"].sort(key=lambda name: name not in labels)


def _write_sections(
    app: Sphinx, doctree: nodes.document, docname: str
) -> None:
    # A writer makes links within the tree that it is given.  In an empty tree
    # there are none, so that every link leads to the published site.
    writer = Writer(app, docname, nodes.Element())
    sections = []
    for section in doctree.findall(nodes.section):
        parts = [
            writer.text(child)
            for child in section
            if not isinstance(child, nodes.section)
        ]
        level = 1
        above = section.parent
        while isinstance(above, nodes.section):
            level, above = level + 1, above.parent
        sections.append(
            {
                "id": section["ids"][0],
                "level": level,
                "text": "\n\n".join(filter(None, parts)),
            }
        )
    path = Path(app.outdir, FOLDER, f"{docname}.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(sections, ensure_ascii=False, indent=0)
    path.write_text(text, "utf-8", newline="\n")


def _add_address(
    app: Sphinx,
    page: str,
    template: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    if doctree:
        address = context["pathto"](f"{FOLDER}/{page}.json", 1)
        meta = f'\n<meta name="book-sections" content="{address}">'
        context["metatags"] = context.get("metatags", "") + meta
