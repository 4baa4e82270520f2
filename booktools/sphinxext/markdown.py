"""Resolved doctree -> plain Markdown that Jupyter and others can read.

Not a feature: features use it.  A page, a section, any part of a page can be
written.  What stands on a page for the eye only says so with the class
``page-only`` and is left out; a node that is not known here is written as if
it were a plain container, with a warning.
"""

import html
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby, product
from operator import add
from textwrap import indent
from typing import Any

from docutils import nodes  # type: ignore[import-untyped]
from sphinx.locale import admonitionlabels

from booktools.sphinxext.inlines import (
    BOXES,
    Inlines,
    above,
    by_name,
    escape,
    find,
    is_a,
    is_folded,
    is_silent,
    one_line,
    raw,
    ticks,
)
from booktools.sphinxext.texts import _

LANGUAGES = {"ipython3": "python", "ipython": "python", "myst-ansi": "text"}
LANGUAGES |= {"default": "", "none": ""}

# MathJax takes these for formulas of their own: they cannot stand in $$.
INNER = {"align": "aligned", "alignat": "alignedat", "gather": "gathered"}
INNER |= {"equation": "gathered", "multline": "gathered"}

ALIGNMENT = {"text-left": ":--", "text-center": ":-:", "text-right": "--:"}

ANSWERS = "solution_node"
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
    chapter, ``cell`` is its node, and ``folded`` says that it is in a fold.
    """

    text: str
    heading: bool = False
    cell: Any = None
    folded: bool = False


class Writer(Inlines):
    """Writes parts of one page: see `Inlines`."""

    def text(self, node: Any) -> str:
        """Return a node as one text; code cells become listings."""
        return _join(self._block(node))

    def blocks(self, node: Any) -> list[Block]:
        """Return what is in a node, cells and headings told apart."""
        return [block for child in node for block in self._block(child)]

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
        if is_silent(node):
            return []
        write = find(BLOCKS, node)
        if not write:
            self._warn(node)
            is_line = any(is_a(n, "Text Inline") for n in node)
            write = Writer._paragraph if is_line else Writer.blocks
        result = write(self, node)
        return [Block(result)] if isinstance(result, str) else result

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
        return f"\\[{escape(node[0].astext())}\\] {self._joined(node)}"

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
            return f"$$ {one_line(node, tex)} $$"
        return f"$$\n{tex}\n$$"

    def _list(self, node: Any) -> str:
        items = []
        for number, item in enumerate(node, node.get("start", 1)):
            is_bullet = isinstance(node, nodes.bullet_list)
            mark = "- " if is_bullet else f"{number}. "
            gaps = ("\n" * (1 if is_a(n, LISTS) else 2) for n in item)
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
        if not number:
            return text
        return _("**{number}** {caption}").format(number=number, caption=text)

    def _number(self, node: Any, kind: str) -> str:
        """Return what a numbered thing is called, such as `Fig. 3`."""
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
        if parts and type(parts[0]).__name__ in ("title", "dropdown_title"):
            title = parts.pop(0)
        blocks = [block for part in parts for block in self._block(part)]
        number = self._number(node, "exercise") if "title" in title else ""
        if is_a(node, ANSWERS):
            # Its code is text, too: run with all other code, it would show
            # what one should find out.
            return [_details(_name(node, number + _plain(title)), blocks)]
        if is_folded(node):
            return _fold(_name(node, number + _plain(title)), blocks)
        name = number + self._inlines(title)
        if name := _name(node, name):
            blocks.insert(0, Block(f"**{name}**"))
        # Code cells run only where they stand by themselves.
        if any(block.cell is not None for block in blocks):
            return blocks
        return [Block(_quote(_join(blocks)))]


def is_cell(node: Any) -> bool:
    """Say whether a node is a code cell."""
    return (
        isinstance(node, nodes.container)
        and node.get("nb_element") == "cell_code"
    )


def _join(blocks: Iterable[Block]) -> str:
    return "\n\n".join(block.text for block in blocks if block.text)


def _is_indented(node: Any) -> bool:
    return any(
        is_a(n, INDENTED) and not (is_a(n, BOXES) and is_folded(n))
        for n in above(node)
    )


def _listing(node: Any) -> str:
    language = node.get("language", "")
    fence = ticks(node.astext(), "```")
    opening = fence + LANGUAGES.get(language, language)
    return f"{opening}\n{node.astext().rstrip()}\n{fence}"


def _quote(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def _name(node: Any, title: str) -> str:
    """Return what a box is called; exercises as `Exercise 3 · A line`."""
    if is_a(node, EXERCISES):
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
            text = _("The code below belongs to “{title}”.")
            yield Block(text.format(title=title))
            yield from (replace(block, folded=True) for block in group)
        else:
            yield _details(name, group)
        name = _("{title} (continued)").format(title=title)


def _details(name: str, blocks: Iterable[Block]) -> Block:
    opening = Block(f"<details>\n<summary>{name}</summary>")
    return Block(_join([opening, *blocks, Block("</details>")]))


# How nodes are written that stand on lines of their own, by their kinds.
BLOCKS: dict[str, Callable[[Writer, Any], Any]] = by_name(
    {
        "title": Writer._title,
        "rubric term field_name centered sd_tab_label": Writer._bold,
        "container": Writer._container,
        "math_block": Writer._formula,
        "literal_block doctest_block": lambda __, node: _listing(node),
        LISTS: Writer._list,
        "definition_list field_list": Writer._items,
        "block_quote": lambda writer, node: _quote(writer._joined(node)),
        "table": Writer._table,
        "caption": Writer._caption,
        "field figure": Writer._joined,
        "transition": lambda *__: "---",
        "footnote citation": Writer._note,
        "line_block": Writer._lines,
        "raw": lambda __, node: raw(node),
        BOXES: Writer._box,
        "Text Inline": lambda writer, node: writer._paragraph([node]),
        PLAIN: Writer.blocks,
        # Of what other packages add: a line of text is read as one.
        "TextElement": Writer._paragraph,
    }
)
