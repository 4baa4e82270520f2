"""A long list of terms or messages has a field that leaves out the others."""

from typing import Any

from docutils import nodes  # type: ignore[import-untyped]
from sphinx.application import Sphinx

from booktools.sphinxext.order import Stage, connect

# Whoever sees fewer looks through them.
MANY = 20


def setup(app: Sphinx) -> None:
    """Add a script to pages with many entries."""
    connect(app, Stage.CONTEXT, _add_script)
    app.add_css_file("filters.css")


def _add_script(
    app: Sphinx,
    page: str,
    template: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    if doctree is None:  # such as the index, which has a search of its own
        return
    # Parameters are no entries: a function has all of them, or none.
    entries = [
        item
        for item in doctree.findall(nodes.definition_list_item)
        if "parameters" not in item.parent["classes"]
    ]
    if len(entries) >= MANY:
        app.add_js_file("filters.js", loading_method="defer")
