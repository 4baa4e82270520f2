"""Pages load nothing from elsewhere, and say so to the browser."""

import base64
import hashlib
from pathlib import Path
from typing import Any

from docutils import nodes  # type: ignore[import-untyped]
from sphinx.application import Sphinx

from booktools.sphinxext.order import Stage, connect

# The script that stands in pages, see `page`.
_SCRIPT = Path(__file__).with_name("assets") / "mode.js"
_DIGEST = base64.b64encode(hashlib.sha256(_SCRIPT.read_bytes()).digest())

# Formulas are laid out by style attributes.  The search is WebAssembly.
POLICY = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval' "
    f"'sha256-{_DIGEST.decode()}'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "media-src 'self' data:; font-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'"
)


def setup(app: Sphinx) -> None:
    """Put the policy on every page."""
    connect(app, Stage.CONTEXT, _add_policy)
    # sphinx-thebe has added to every page what only thebe reads.
    connect(app, Stage.LAID_OUT, _drop_scripts)


def _add_policy(
    app: Sphinx, page: str, _: str, context: dict[str, Any], __: Any
) -> None:
    tag = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}" />'
    context["metatags"] = f"\n    {tag}" + context.get("metatags", "")


def _drop_scripts(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    for node in list(doctree.children):
        if isinstance(node, nodes.raw) and "<script" in node.astext():
            doctree.remove(node)
