"""Pictures tell their size before they are loaded, and load when needed."""

from pathlib import Path
from typing import Any

from docutils import nodes  # type: ignore[import-untyped]
from sphinx.application import Sphinx
from sphinx.util.images import get_image_size
from sphinx.writers.html5 import HTML5Translator


def setup(app: Sphinx) -> dict[str, Any]:
    """Add to how pictures are written, and a style."""
    app.add_node(nodes.image, override=True, html=(_visit, _depart))
    app.add_css_file("figures.css")
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _visit(self: HTML5Translator, node: nodes.image) -> None:
    path = Path(self.builder.srcdir, node["uri"])
    attributes = 'decoding="async"'
    # Nobody waits for a picture below the first heading inside a page.
    parent = node.parent
    while not isinstance(parent, nodes.section | nodes.document):
        parent = parent.parent
    if isinstance(parent.parent, nodes.section):
        attributes += ' loading="lazy"'
    # The style may make it smaller, but not before it knows how high it is.
    if path.is_file() and (size := get_image_size(str(path))):
        attributes += f' width="{size[0]}" height="{size[1]}"'
    start = len(self.body)
    type(self).visit_image(self, node)
    tag = self.body[start]
    self.body[start] = tag.replace("<img ", f"<img {attributes} ", 1)


def _depart(self: HTML5Translator, node: nodes.image) -> None:
    type(self).depart_image(self, node)
