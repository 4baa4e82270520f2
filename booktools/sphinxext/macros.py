"""The author's own TeX commands are written out, for all that reads formulas.

So notebooks, copies and checks show what pages show.
"""

from docutils import nodes  # type: ignore[import-untyped]
from sphinx.application import Sphinx
from sphinx.config import Config

from booktools.source.macros import expand
from booktools.source.text import mapping
from booktools.sphinxext.order import Stage, connect


def setup(app: Sphinx) -> None:
    """Write commands out as soon as a page is parsed."""
    # When macros change, all pages are read again.
    app.add_config_value("booktools_macros", {}, "env", dict)
    connect(app, Stage.SETTINGS, _configure)
    connect(app, Stage.PARSED, _expand)


def _configure(app: Sphinx, config: Config) -> None:
    tex = (config.mathjax3_config or {}).get("tex") or {}
    config.booktools_macros = mapping(tex.get("macros"))


def _expand(app: Sphinx, doctree: nodes.document) -> None:
    for kind in (nodes.math, nodes.math_block):
        for node in doctree.findall(kind):
            tex = expand(node.astext(), app.config.booktools_macros)
            if tex != node.astext():
                node["written"] = node.astext()
                node[:] = [nodes.Text(tex)]
