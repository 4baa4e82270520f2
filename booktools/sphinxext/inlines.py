"""What stands within a line of a page -> Markdown.

Not a feature: `markdown` writes the rest.
"""

import html
import posixpath
import re
from collections.abc import Callable, Container, Iterable, Iterator
from typing import Any, TypeVar
from urllib.parse import quote, urljoin, urlsplit

from docutils import nodes  # type: ignore[import-untyped]
from sphinx.application import Sphinx
from sphinx.util import logging

from booktools.sphinxext.texts import _

_Any = TypeVar("_Any")

LOGGER = logging.getLogger(__name__)

PAGE_ONLY = "page-only"

# Kinds of nodes.  They are known by the names of their classes, and of those
# that these are made from: the packages that have them need not be there.
SILENT = """
    Invisible colspec label meta index highlightlang tabular_col_spec toctree
    check fontawesome HiddenCellNode sd_tab_input
"""
BOXES = "Admonition sidebar topic dropdown_main"
FOLDED = "solution_node dropdown_main"


class Inlines:
    """Writes what stands within the lines of one page.

    Links lead to the published site.  Where that is not known, they lead to
    notebooks, or become plain text.

    Parameters
    ----------
    app : Sphinx
        The build, while it writes pages.
    docname : str
        The page.
    tree : nodes.Element
        What will be written, all of it: links within it stay within it.
    notebooks : container of str
        The pages that have notebooks.
    """

    # What is written for a notebook says which nodes are not known.
    warns = False

    def __init__(
        self,
        app: Sphinx,
        docname: str,
        tree: Any,
        notebooks: Container[str] = (),
    ):
        self.app = app
        base: str = app.config.html_baseurl
        self.site = base and base.rstrip("/") + "/"
        self.page = app.builder.get_target_uri(docname)
        self._notebooks = notebooks
        self._unknown: set[str] = set()
        self._numbers = app.env.toc_fignumbers.get(docname, {})
        elements = list(tree.findall(nodes.Element))
        self._ids = {i for node in elements for i in node.get("ids", ())}
        self._used = {
            node.get("refid") or node.get("refuri", "").removeprefix("#")
            for node in elements
            if isinstance(node, nodes.reference | nodes.footnote_reference)
            and not _is_bare(node)
        }

    def image(self, node: Any) -> str:
        """Return an image, as a link to the site."""
        if urlsplit(node["uri"]).scheme:
            address = node["uri"]
        elif self.site and node["uri"] in self.app.env.images:
            name = self.app.env.images[node["uri"]][1]
            address = f"{self.site}_images/{quote(name)}"
        else:
            return escape(node.get("alt", ""))
        return show_image(node, address)

    def _inlines(self, node: Iterable[Any]) -> str:
        return "".join(map(self._inline, node))

    def _inline(self, node: Any) -> str:
        if isinstance(node, nodes.target):
            return self._anchors(node) + self._inlines(node)
        if is_silent(node):
            return ""
        write = find(INLINES, node)
        if not write:
            self._warn(node)
            return self._inlines(node)
        return write(self, node)

    def _warn(self, node: Any) -> None:
        """Say which node is not known, once for each kind on a page."""
        name = type(node).__name__
        if name in self._unknown or not self.warns:
            return
        self._unknown.add(name)
        # Most nodes know no line, but what they are in does.
        place = next((n for n in [node, *above(node)] if n.line), node)
        LOGGER.warning(
            f"notebooks cannot show a node {name!r}; what is in it is kept",
            location=place,
            type="booktools",
            subtype="unknown-node",
        )

    def _anchors(self, node: Any) -> str:
        ids = node.get("ids", ()) if isinstance(node, nodes.Element) else ()
        # Without a site other notebooks may link to any of them.
        used = [i for i in ids if i in self._used or not self.site]
        return "".join(f'<a id="{html.escape(i)}"></a>' for i in used)

    def _note_mark(self, node: Any) -> str:
        label = escape(node.astext())
        return f"<sup>[\\[{label}\\]]({self._link(node)})</sup>"

    def _reference(self, node: Any) -> str:
        text, link = self._inlines(node), self._link(node)
        return f"[{text.strip()}]({link})" if link else text

    def _abbreviation(self, node: Any) -> str:
        text = self._inlines(node)
        if "explanation" in node:
            explanation = escape(node["explanation"])
            text += _(" ({explanation})").format(explanation=explanation)
        return text

    def _link(self, node: Any) -> str:
        """Return where a reference leads to; empty if nowhere."""
        uri: str = node.get("refuri") or f"#{node.get('refid', '')}"
        if "filename" in node:  # a file to download
            uri = posixpath.relpath(
                f"_downloads/{node['filename']}", posixpath.dirname(self.page)
            )
        path, _, fragment = uri.partition("#")
        if not urlsplit(uri).scheme and (path or fragment not in self._ids):
            uri = self._elsewhere(uri, path, fragment)
        return uri.replace("(", "%28").replace(")", "%29")

    def _elsewhere(self, uri: str, path: str, fragment: str) -> str:
        """Return an address outside of what is written."""
        if self.site:
            return urljoin(self.site + self.page, uri)
        here = posixpath.dirname(self.page)
        target = posixpath.normpath(posixpath.join(here, path))
        if target.removesuffix(".html") not in self._notebooks:
            return ""
        return f"{path.removesuffix('.html')}.ipynb#{fragment}".rstrip("#")


def _names(node: Any) -> list[str]:
    return [kind.__name__ for kind in type(node).__mro__]


def find(table: dict[str, _Any], node: Any) -> _Any | None:
    """Return what a table has for a node, by the nearest of its names."""
    return next((table[n] for n in _names(node) if n in table), None)


def is_a(node: Any, kinds: str) -> bool:
    """Say whether a node is of one of some kinds."""
    return not set(kinds.split()).isdisjoint(_names(node))


def is_silent(node: Any) -> bool:
    """Say whether there is nothing to read in a node."""
    return is_a(node, SILENT) or (
        isinstance(node, nodes.Element) and PAGE_ONLY in node["classes"]
    )


def is_folded(node: Any) -> bool:
    """Say whether readers have to unfold a node."""
    return is_a(node, FOLDED) or "dropdown" in node["classes"]


def _is_bare(node: Any) -> bool:
    """Say whether a link is in the title of a fold, which shows plain text."""
    box = node.parent.parent
    is_title = isinstance(node.parent, nodes.title)
    return is_title and is_a(box, BOXES) and is_folded(box)


def above(node: Any) -> Iterator[Any]:
    """Yield what a node is in, from the inside out."""
    while (node := node.parent) is not None:
        yield node


def in_table(node: Any) -> bool:
    """Say whether a node is in a table, where a line is a row."""
    return any(isinstance(n, nodes.entry) for n in above(node))


def escape(text: str) -> str:
    """Return a text in which Markdown sees no marks."""
    return re.sub(r"([\\`*_~\[\]<&$])", r"\\\1", text)


def one_line(node: Any, tex: str = "") -> str:
    """Return a formula without line breaks, and so without comments."""
    lines = (tex or node.astext()).splitlines()
    parts = [re.split(r"(?<!\\)%", line)[0].strip() for line in lines]
    text = " ".join(filter(None, parts))
    if in_table(node):
        text = text.replace(r"\|", r"\Vert ").replace("|", r"\vert ")
    return text


def _mark(text: str, mark: str, tag: str) -> str:
    """Emphasize; beside punctuation Markdown would not see its own marks."""
    if text[:1].isalnum() and text[-1:].isalnum():
        return f"{mark}{text}{mark}"
    return f"<{tag}>{text}</{tag}>"


def _text(node: Any) -> str:
    text = escape(node.astext().replace("\n", " "))
    return text.replace("|", r"\|") if in_table(node) else text


def _code(node: Any) -> str:
    text = node.astext().replace("\n", " ")
    if in_table(node):
        text = text.replace("|", r"\|")
    fence, space = ticks(text, "`"), " " * ("`" in text)
    return f"{fence}{space}{text}{space}{fence}"


def ticks(text: str, few: str) -> str:
    """Return backticks, more of them than a text has in a row."""
    while few in text:
        few += "`"
    return few


def raw(node: Any) -> str:
    """Return HTML to read; style, scripts and comments are for pages."""
    text: str = node.astext().strip()
    is_html = "html" in node["format"].split()
    if not is_html or text.startswith(("<style", "<script", "<!--")):
        return ""
    return text


def show_image(node: Any, address: str) -> str:
    """Return an image that is at some address."""
    alt = node.get("alt", "")
    if "width" not in node:
        return f"![{escape(alt)}]({address})"
    alt, width = html.escape(alt), html.escape(node["width"])
    return f'<img src="{address}" alt="{alt}" width="{width}">'


def by_name(rows: dict[str, _Any]) -> dict[str, _Any]:
    """Make a table with one name in a row of one with several."""
    return {n: rows[names] for names in rows for n in names.split()}


# How nodes are written that stand in a line.
INLINES: dict[str, Callable[[Inlines, Any], str]] = by_name(
    {
        "Text": lambda __, node: _text(node),
        "literal": lambda __, node: _code(node),
        "math": lambda __, node: f"${one_line(node)}$",
        "image": lambda writer, node: writer.image(node),
        "raw": lambda __, node: raw(node),
        "footnote_reference": Inlines._note_mark,
        "reference": Inlines._reference,
        "strong": lambda writer, n: _mark(writer._inlines(n), "**", "strong"),
        "emphasis": lambda writer, node: _mark(
            writer._inlines(node), "*", "em"
        ),
        "subscript": lambda writer, n: f"<sub>{writer._inlines(n)}</sub>",
        "superscript": lambda writer, n: f"<sup>{writer._inlines(n)}</sup>",
        "abbreviation": Inlines._abbreviation,
        "sd_line_break": lambda *__: "<br>",
        "TextElement Inline": Inlines._inlines,
    }
)
