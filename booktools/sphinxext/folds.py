"""Nodes for what is folded on a page, which needs no script.

Not a feature: features use it.
"""

from typing import Any

from docutils import nodes  # type: ignore[import-untyped]
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator


class fold(nodes.General, nodes.Element):  # type: ignore[misc]  # noqa: N801
    """What is folded under a line that unfolds it."""


class summary(nodes.TextElement):  # type: ignore[misc]  # noqa: N801
    """That line."""


def setup(app: Sphinx) -> dict[str, Any]:
    """Add the nodes, however many features ask for it."""
    app.add_node(fold, html=(_open, _close))
    app.add_node(summary, html=(_open, _close))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _open(self: HTML5Translator, node: fold | summary) -> None:
    tag = "details" if isinstance(node, fold) else "summary"
    self.body.append(self.starttag(node, tag, ""))


def _close(self: HTML5Translator, node: fold | summary) -> None:
    tag = "details" if isinstance(node, fold) else "summary"
    self.body.append(f"</{tag}>\n")
