"""Resolved doctree -> plain Markdown that Jupyter and others can read.

Not a feature: features use it.  A page, a section, any part of a page can be
written.  What stands on a page for the eye only says so with the class
``page-only`` and is left out; a node that is not known here is written as if
it were a plain container, with a warning.
"""

import html
import posixpath
import re
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby, product
from operator import add
from textwrap import indent
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from docutils import nodes  # type: ignore[import-untyped]
from sphinx.application import Sphinx
from sphinx.locale import admonitionlabels
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)

PAGE_ONLY = "page-only"

LANGUAGES = {"ipython3": "python", "ipython": "python", "myst-ansi": "text"}
LANGUAGES |= {"default": "", "none": ""}

# MathJax takes these for formulas of their own: they cannot stand in $$.
INNER = {"align": "aligned", "alignat": "alignedat", "gather": "gathered"}
INNER |= {"equation": "gathered", "multline": "gathered"}

ALIGNMENT = {"text-left": ":--", "text-center": ":-:", "text-right": "--:"}

# Kinds of nodes.  They are known by the names of their classes, and of those
# that these are made from: the packages that have them need not be there.
SILENT = """
    Invisible colspec label meta index highlightlang tabular_col_spec toctree
    check fontawesome HiddenCellNode sd_tab_input
"""
BOXES = "Admonition sidebar topic dropdown_main"
FOLDED = "solution_node dropdown_main"
EXERCISES = "exercise_node exercise_enumerable_node solution_node"
PLAIN = """
    document section compound legend definition entry glossary field_body
    desc_content hlist hlistcol aside_main
"""
LISTS = "bullet_list enumerated_list"
# Each line of what these hold begins with a mark, or with spaces.
INDENTED = f"""
    block_quote list_item definition entry footnote citation {BOXES}
"""


@dataclass(frozen=True)
class Block:
    """Some Markdown.

    ``heading`` says that it begins with one.  If it is a code cell of the
    chapter, ``cell`` is its node, and ``folded`` says that it is an answer.
    """

    text: str
    heading: bool = False
    cell: Any = None
    folded: bool = False


class Writer:
    """Writes parts of one page.

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

    def text(self, node: Any) -> str:
        """Return a node as one text; code cells become listings."""
        return _join(self._block(node))

    def blocks(self, node: Any) -> list[Block]:
        """Return what is in a node, cells and headings told apart."""
        return [block for child in node for block in self._block(child)]

    def image(self, node: Any) -> str:
        """Return an image, as a link to the site."""
        if urlsplit(node["uri"]).scheme:
            address = node["uri"]
        elif self.site and node["uri"] in self.app.env.images:
            name = self.app.env.images[node["uri"]][1]
            address = f"{self.site}_images/{quote(name)}"
        else:
            return _escape(node.get("alt", ""))
        return show_image(node, address)

    def _block(self, node: Any) -> list[Block]:
        """Return what a node is, with anchors where links lead to it."""
        blocks = [b for b in self._render(node) if b.text or b.cell]
        anchors = self._anchors(node)
        if not anchors:
            return blocks
        if blocks and blocks[0].cell is None:
            text = f"{anchors}\n\n{blocks[0].text}"
            return [replace(blocks[0], text=text), *blocks[1:]]
        return [Block(anchors), *blocks]

    def _render(self, node: Any) -> Iterable[Block]:
        if _is_silent(node):
            return []
        write = _find(BLOCKS, node)
        if not write:
            self._warn(node)
            is_line = any(_is(n, "Text Inline") for n in node)
            write = Writer._paragraph if is_line else Writer.blocks
        result = write(self, node)
        return [Block(result)] if isinstance(result, str) else result

    def _inlines(self, node: Iterable[Any]) -> str:
        return "".join(map(self._inline, node))

    def _inline(self, node: Any) -> str:
        if isinstance(node, nodes.target):
            return self._anchors(node) + self._inlines(node)
        if _is_silent(node):
            return ""
        write = _find(INLINES, node)
        if not write:
            self._warn(node)
            write = Writer._inlines
        text: str = write(self, node)
        return text

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

    def _title(self, node: Any) -> Iterable[Block]:
        if not isinstance(node.parent, nodes.section):
            return [Block(self._bold(node))]
        level = sum(type(n) is nodes.section for n in above(node))
        text = f"{'#' * level} {self._inlines(node).strip()}"
        return [Block(text, heading=True)]

    def _bold(self, node: Any) -> str:
        """Return a whole line in bold, in which nothing can be bold itself."""
        return f"**{self._inlines(node).strip().replace('**', '')}**"

    def _container(self, node: Any) -> Iterable[Block]:
        if is_cell(node):
            return self._cell(node)
        if node.get("design_component") == "card-title":
            return [Block(self._bold(node))]
        return self.blocks(node)

    def _joined(self, node: Any) -> str:
        return _join(self.blocks(node))

    def _items(self, node: Any) -> str:
        return "\n".join(_item("- ", self._joined(item)) for item in node)

    def _note(self, node: Any) -> str:
        return f"\\[{_escape(node[0].astext())}\\] {self._joined(node)}"

    def _lines(self, node: Any) -> str:
        return "  \n".join(self._inlines(line).strip() for line in node)

    def _paragraph(self, node: Iterable[Any]) -> str:
        text = self._inlines(node).strip()
        # It must not begin as a list, a heading, a quotation or a line does.
        text = re.sub(r"^(\d+)(?=[.)]\s)", r"\1\\", text)
        return re.sub(r"^(?=#|>|[-+]\s|[-=~]{2})", r"\\", text)

    def _formula(self, node: Any) -> str:
        lines = node.astext().strip().splitlines()
        tex = "\n".join(line for line in lines if line.strip())
        for outer, inner in INNER.items():
            for command, star in product(("begin", "end"), ("", "*")):
                old = f"\\{command}{{{outer}{star}}}"
                tex = tex.replace(old, f"\\{command}{{{inner}}}")
        if r"\\" in tex and r"\begin{" not in tex:
            tex = f"\\begin{{aligned}}\n{tex}\n\\end{{aligned}}"
        if node.get("label"):
            numbers = self._numbers.get("displaymath", {})
            number = numbers.get(node["ids"][0]) or [node["number"]]
            tex += f" \\tag{{{'.'.join(map(str, number))}}}"
        # Jupyter takes formulas out before it looks for quotations and lists:
        # the marks at the beginning of lines would become part of them.
        if _is_indented(node):
            return f"$$ {_one_line(node, tex)} $$"
        return f"$$\n{tex}\n$$"

    def _list(self, node: Any) -> str:
        items = []
        for number, item in enumerate(node, node.get("start", 1)):
            is_bullet = isinstance(node, nodes.bullet_list)
            mark = "- " if is_bullet else f"{number}. "
            gaps = ("\n" * (1 if _is(n, LISTS) else 2) for n in item)
            text = "".join(map(add, gaps, map(self.text, item)))
            items.append(_item(mark, text.strip()))
        return "\n".join(items)

    def _table(self, node: Any) -> str:
        rows = list(node.findall(nodes.row))
        lines = [[*map(self._entry, row)] for row in rows]
        if not any(node.findall(nodes.thead)):
            lines.insert(0, ["" for _ in rows[0]])
        classes = (entry["classes"] or [""] for entry in rows[0])
        lines.insert(1, [ALIGNMENT.get(names[0], "---") for names in classes])
        text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        if isinstance(node[0], nodes.title):
            return f"{self._caption(node[0])}\n\n{text}"
        return text

    def _entry(self, entry: Any) -> str:
        return "<br>".join(filter(None, self.text(entry).splitlines()))

    def _caption(self, node: Any) -> str:
        kind = {"figure": "figure", "table": "table"}.get(
            node.parent.tagname, "code-block"
        )
        number = self._number(node.parent, kind)
        text = self._inlines(node).strip()
        return f"**{number}**　{text}" if number else text

    def _number(self, node: Any, kind: str) -> str:
        """Return what a numbered thing is called, such as `图 3`."""
        numbers = self._numbers.get(kind, {})
        number = next((numbers[i] for i in node["ids"] if i in numbers), None)
        if number is None:
            return ""
        form: str = self.app.config.numfig_format[kind]
        return form % ".".join(map(str, number))

    def _cell(self, node: Any) -> Iterator[Block]:
        """Return a code cell, and the figures that it draws below it."""
        listings = map(_listing, node.findall(nodes.literal_block))
        yield Block("\n\n".join(listings), cell=node)
        for child in (child for part in node for child in part):
            if isinstance(child, nodes.figure | nodes.image):
                yield from self._block(child)

    def _box(self, node: Any) -> Iterable[Block]:
        """Return an admonition, an exercise, or an answer."""
        title, parts = nodes.title(), list(node)
        if parts and _is(parts[0], "title dropdown_title"):
            title = parts.pop(0)
        blocks = [block for part in parts for block in self._block(part)]
        number = self._number(node, "exercise") if "title" in title else ""
        if _is_folded(node):
            return _fold(_name(node, number + _plain(title)), blocks)
        name = number + self._inlines(title)
        if name := _name(node, name):
            blocks.insert(0, Block(f"**{name}**"))
        # Code cells run only where they stand by themselves.
        if any(block.cell is not None for block in blocks):
            return blocks
        return [Block(_quote(_join(blocks)))]

    def _anchors(self, node: Any) -> str:
        ids = node.get("ids", ()) if isinstance(node, nodes.Element) else ()
        # Without a site other notebooks may link to any of them.
        used = [i for i in ids if i in self._used or not self.site]
        return "".join(f'<a id="{html.escape(i)}"></a>' for i in used)

    def _note_mark(self, node: Any) -> str:
        label = _escape(node.astext())
        return f"<sup>[\\[{label}\\]]({self._link(node)})</sup>"

    def _reference(self, node: Any) -> str:
        text, link = self._inlines(node), self._link(node)
        return f"[{text.strip()}]({link})" if link else text

    def _abbreviation(self, node: Any) -> str:
        text = self._inlines(node)
        if "explanation" in node:
            text += f"（{_escape(node['explanation'])}）"
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


def is_cell(node: Any) -> bool:
    """Say whether a node is a code cell."""
    return (
        isinstance(node, nodes.container)
        and node.get("nb_element") == "cell_code"
    )


def _names(node: Any) -> list[str]:
    return [kind.__name__ for kind in type(node).__mro__]


def _find(table: dict[str, Any], node: Any) -> Any:
    """Return what a table has for a node, by the nearest of its names."""
    names = (name for name in _names(node) if name in table)
    return table.get(next(names, ""))


def _is(node: Any, kinds: str) -> bool:
    return not set(kinds.split()).isdisjoint(_names(node))


def _join(blocks: Iterable[Block]) -> str:
    return "\n\n".join(block.text for block in blocks if block.text)


def _is_silent(node: Any) -> bool:
    return _is(node, SILENT) or (
        isinstance(node, nodes.Element) and PAGE_ONLY in node["classes"]
    )


def _is_folded(node: Any) -> bool:
    return _is(node, FOLDED) or "dropdown" in node["classes"]


def _is_bare(node: Any) -> bool:
    """Say whether a link stands where no link will: see `_plain`."""
    box = node.parent.parent
    is_title = isinstance(node.parent, nodes.title)
    return is_title and _is(box, BOXES) and _is_folded(box)


def above(node: Any) -> Iterator[Any]:
    """Yield what a node is in, from the inside out."""
    while (node := node.parent) is not None:
        yield node


def _in_table(node: Any) -> bool:
    return any(isinstance(n, nodes.entry) for n in above(node))


def _is_indented(node: Any) -> bool:
    return any(
        _is(n, INDENTED) and not (_is(n, BOXES) and _is_folded(n))
        for n in above(node)
    )


def _escape(text: str) -> str:
    return re.sub(r"([\\`*_~\[\]<&$])", r"\\\1", text)


def _one_line(node: Any, tex: str = "") -> str:
    """Return a formula without line breaks, and so without comments."""
    lines = (tex or node.astext()).splitlines()
    parts = [re.split(r"(?<!\\)%", line)[0].strip() for line in lines]
    text = " ".join(filter(None, parts))
    if _in_table(node):
        text = text.replace(r"\|", r"\Vert ").replace("|", r"\vert ")
    return text


def _mark(text: str, mark: str, tag: str) -> str:
    """Emphasize; beside punctuation Markdown would not see its own marks."""
    if text[:1].isalnum() and text[-1:].isalnum():
        return f"{mark}{text}{mark}"
    return f"<{tag}>{text}</{tag}>"


def _text(node: Any) -> str:
    text = _escape(node.astext().replace("\n", " "))
    return text.replace("|", r"\|") if _in_table(node) else text


def _code(node: Any) -> str:
    text = node.astext().replace("\n", " ")
    if _in_table(node):
        text = text.replace("|", r"\|")
    ticks, space = _ticks(text, "`"), " " * ("`" in text)
    return f"{ticks}{space}{text}{space}{ticks}"


def _listing(node: Any) -> str:
    language = node.get("language", "")
    ticks = _ticks(node.astext(), "```")
    opening = ticks + LANGUAGES.get(language, language)
    return f"{opening}\n{node.astext().rstrip()}\n{ticks}"


def _ticks(text: str, ticks: str) -> str:
    """Return backticks, more of them than a text has in a row."""
    while ticks in text:
        ticks += "`"
    return ticks


def _raw(node: Any) -> str:
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
        return f"![{_escape(alt)}]({address})"
    alt, width = html.escape(alt), html.escape(node["width"])
    return f'<img src="{address}" alt="{alt}" width="{width}">'


def _quote(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def _name(node: Any, title: str) -> str:
    """Return what a box is called; exercises as `练习 3 · 热身`."""
    if _is(node, EXERCISES):
        title = re.sub(r" \((.*)\)$", r" · \1", title)
    return title.strip() or str(admonitionlabels.get(node.tagname, ""))


def _item(mark: str, text: str) -> str:
    return mark + indent(text, " " * len(mark)).lstrip()


def _plain(title: Any) -> str:
    """Return a title for where Markdown does not count: within HTML."""
    texts = (
        f"${text}$" if isinstance(text.parent, nodes.math) else text
        for text in title.findall(nodes.Text)
        if not isinstance(text.parent, nodes.raw)
    )
    return html.escape("".join(texts), quote=False)


def _fold(title: str, blocks: list[Block]) -> Iterator[Block]:
    """Fold text; cells run only outside, and are folded in themselves."""
    name = title
    for are_cells, group in groupby(blocks, lambda b: b.cell is not None):
        if are_cells:
            yield Block(f"下面的代码属于“{title}”。")
            yield from (replace(block, folded=True) for block in group)
        else:
            opening = Block(f"<details>\n<summary>{name}</summary>")
            yield Block(_join([opening, *group, Block("</details>")]))
        name = f"{title}（续）"


def _by_name(
    rows: dict[str, Callable[[Writer, Any], Any]],
) -> dict[str, Callable[[Writer, Any], Any]]:
    return {
        name: write
        for names in rows
        for name in names.split()
        for write in [rows[names]]
    }


# How nodes are written that stand on lines of their own, by their kinds.
BLOCKS = _by_name(
    {
        "title": Writer._title,
        "rubric term field_name centered sd_tab_label": Writer._bold,
        "container": Writer._container,
        "math_block": Writer._formula,
        "literal_block doctest_block": lambda _, node: _listing(node),
        LISTS: Writer._list,
        "definition_list field_list": Writer._items,
        "block_quote": lambda writer, node: _quote(writer._joined(node)),
        "table": Writer._table,
        "caption": Writer._caption,
        "field figure": Writer._joined,
        "transition": lambda *_: "---",
        "footnote citation": Writer._note,
        "line_block": Writer._lines,
        "raw": lambda _, node: _raw(node),
        BOXES: Writer._box,
        "Text Inline": lambda writer, node: writer._paragraph([node]),
        PLAIN: Writer.blocks,
        # Of what other packages add: a line of text is read as one.
        "TextElement": Writer._paragraph,
    }
)

# How nodes are written that stand in a line.
INLINES = _by_name(
    {
        "Text": lambda _, node: _text(node),
        "literal": lambda _, node: _code(node),
        "math": lambda _, node: f"${_one_line(node)}$",
        "image": lambda writer, node: writer.image(node),
        "raw": lambda _, node: _raw(node),
        "footnote_reference": Writer._note_mark,
        "reference": Writer._reference,
        "strong": lambda writer, n: _mark(writer._inlines(n), "**", "strong"),
        "emphasis": lambda writer, node: _mark(
            writer._inlines(node), "*", "em"
        ),
        "subscript": lambda writer, n: f"<sub>{writer._inlines(n)}</sub>",
        "superscript": lambda writer, n: f"<sup>{writer._inlines(n)}</sup>",
        "abbreviation": Writer._abbreviation,
        "sd_line_break": lambda *_: "<br>",
        "TextElement Inline": Writer._inlines,
    }
)
