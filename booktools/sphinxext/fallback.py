"""A page that an edition has not translated may name what only its source has.

Labels are the same in all languages, but terms of a glossary are not.  A term
that the edition's glossary lacks is text there; that the source's has it, the
build of the source sees to.
"""

from typing import Any

from docutils import nodes  # type: ignore[import-untyped]
from sphinx.application import Sphinx

from booktools.sphinxext.order import Stage, connect
from booktools.sphinxext.state import build


def setup(app: Sphinx) -> None:
    """Show unknown terms as text, if this is an edition."""
    if build(app).origin:
        connect(app, Stage.UNKNOWN, _show_text)


def _show_text(
    app: Sphinx, _: Any, reference: nodes.Element, shown: nodes.Node
) -> nodes.Node | None:
    """Return what stands for a reference to nothing; None if it is wrong."""
    is_term = reference.get("reftype") == "term"
    page = reference.get("refdoc")
    return shown if is_term and page in build(app).untranslated else None
