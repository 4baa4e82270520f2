"""What a link leads to, a term, a formula or a figure, is shown beside it."""

from typing import Any

from sphinx.application import Sphinx

from booktools.sphinxext.order import Stage, connect


def setup(app: Sphinx) -> None:
    """Add a script to pages with such links."""
    connect(app, Stage.CONTEXT, _add_script)
    app.add_css_file("tooltips.css")


def _add_script(
    app: Sphinx, page: str, template: str, context: dict[str, Any], _: Any
) -> None:
    body = context.get("body", "")
    if any(sign in body for sign in ("std-term", "std-numref", "#equation-")):
        app.add_js_file("tooltips.js", loading_method="defer")
