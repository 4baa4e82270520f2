"""Footnotes that cite: `{footcite}`, which MyST takes for some without a text.

sphinxcontrib-bibtex writes their texts where `{footbibliography}` stands; MyST
looks for them among its own.
"""

import logging

from docutils import nodes  # type: ignore[import-untyped]
from sphinx.application import Sphinx

from booktools.sphinxext.order import Stage, connect

# By which Sphinx hands on what docutils and MyST warn of.
LOGGER = "sphinx.sphinx.util.docutils"


def setup(app: Sphinx) -> None:
    """Hear no warning about footnotes that have their text elsewhere."""

    def is_right(record: logging.LogRecord) -> bool:
        names = app.env.temp_data.get("bibtex_footcite_names", {}).values()
        start = "No footnote definitions found for label: "
        text = record.getMessage()
        return not any(f"{start}'{name}'" in text for name in names)

    logging.getLogger(LOGGER).addFilter(is_right)
    connect(app, Stage.READ, _remove_line)


def _remove_line(app: Sphinx, doctree: nodes.document) -> None:
    """Remove the line above MyST's own footnotes, where there are none."""
    for line in list(doctree.findall(nodes.transition)):
        below = line.parent[line.parent.index(line) + 1 :]
        empty = all(isinstance(n, nodes.system_message) for n in below)
        if "footnotes" in line["classes"] and empty:
            line.parent.remove(line)
