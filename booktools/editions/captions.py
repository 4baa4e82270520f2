"""Captions and the like, in the options of code cells: found, replaced."""

import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

import yaml

from booktools.source.options import split_options

# Options that are texts, in the language of an edition: those of cells, and
# those of the directives of docutils, Sphinx and sphinx-design.
_OF_CELLS = ("alt", "caption", "code_prompt_hide", "code_prompt_show", "title")
TEXTS = {name: name for name in _OF_CELLS} | {
    "alt": "alt text",
    "attribution": "attribution",
    "author": "author",
    "avatar-alt": "alt text of its picture",
    "date": "date",
    "footer": "footer",
    "header": "header",
    "img-alt": "alt text of its picture",
    "link-alt": "alt text of its link",
    "read-time": "read-time",
    "subtitle": "subtitle",
    "tooltip": "tooltip",
}


class Text(NamedTuple):
    """A text in the options of a cell, and where it is in a file.

    It begins on ``line`` and ends on ``last``, before the column ``end``.
    """

    name: str
    value: str
    line: int
    start: int
    last: int
    end: int


def scalars_of(text: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the values in YAML, each with the names that lead to it."""

    def walk(
        node: Any, path: tuple[str, ...]
    ) -> Iterator[tuple[tuple[str, ...], Any]]:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                yield from walk(value, (*path, str(key.value)))
        elif isinstance(node, yaml.SequenceNode):
            for i, value in enumerate(node.value):
                yield from walk(value, (*path, str(i)))
        elif isinstance(node, yaml.ScalarNode) and path:
            yield path, node

    with suppress(yaml.YAMLError):
        yield from walk(yaml.compose(text, Loader=yaml.SafeLoader), ())


def is_blank(node: Any) -> bool:
    """Say if nothing stands in a value in YAML."""
    return node.tag.endswith(":null") or not node.value.strip()


def is_text(path: tuple[str, ...]) -> bool:
    """Say if an option of a code cell is a text, from what leads to it."""
    return path[0] == "mystnb" and path[-1] in _OF_CELLS


def find_texts(lines: list[str], first: int, last: int) -> Iterator[Text]:
    """Yield the texts in the options of a cell.

    Parameters
    ----------
    lines : list of str
        The lines of a file.
    first, last : int
        The lines on which the cell begins and ends, counted from 1.
    """
    fence = lines[first - 1]
    indent = len(fence) - len(fence.lstrip())
    inside = [text[indent:] for text in lines[first : last - 1]]
    block, _ = split_options(inside)
    above = first + 1 + inside[0].startswith("---") if inside else first
    for path, node in scalars_of("\n".join(block)):
        if not is_text(path) or is_blank(node):
            continue
        start, end = node.start_mark, node.end_mark
        below, column = end.line, end.column
        if not column and below > start.line:
            # Text of several lines ends where the next option begins.
            below, column = below - 1, len(block[below - 1])

        def place(row: int, column: int, above: int = above) -> int:
            # YAML sees options without the margin and the colon.
            return column + len(lines[above + row - 1]) - len(block[row])

        yield Text(
            *(path[-1], node.value),
            *(above + start.line, place(start.line, start.column)),
            *(above + below, place(below, column)),
        )


def replace_text(first: str, last: str, text: Text, value: str) -> str:
    """Return the first to the last line of a text, with another value."""
    quoted = "'" + value.replace("'", "''") + "'"
    if not value.isprintable():
        quoted = yaml.safe_dump(
            value, default_style='"', width=sys.maxsize, allow_unicode=True
        ).strip()
    return first[: text.start] + quoted + last[text.end :]
