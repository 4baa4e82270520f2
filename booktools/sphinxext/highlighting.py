"""Code in colours, with no element around words that have none of their own.

Most words of code are names, spaces and brackets in the colour of text.  An
element around each of them would be a tenth of what a page weighs.
"""

from collections.abc import Iterable
from typing import Any

from pygments.formatters import (  # type: ignore[import-untyped]
    HtmlFormatter,
)
from pygments.token import Token  # type: ignore[import-untyped]
from sphinx.application import Sphinx

from booktools.sphinxext.order import Stage, connect

# What the theme's styles give the colour of the text around it.
PLAIN = (
    Token.Name,
    Token.Name.Namespace,
    Token.Punctuation,
    Token.Text.Whitespace,
)


def setup(app: Sphinx) -> None:
    """Choose what makes HTML of code."""
    connect(app, Stage.BUILDER, _choose)


def _choose(app: Sphinx) -> None:
    builder: Any = app.builder
    if builder.format == "html":
        builder.highlighter.formatter = _Formatter


class _Formatter(HtmlFormatter):  # type: ignore[misc]
    def format_unencoded(
        self, tokensource: Iterable[tuple[Any, str]], outfile: Any
    ) -> None:
        tokens = (
            (Token.Text if kind in PLAIN else kind, text)
            for kind, text in tokensource
        )
        super().format_unencoded(tokens, outfile)
