"""A chapter that is being imported: its lines, and what could not be done.

Each line knows where in the file it comes from, so that what is said about it
names the place in that file, whatever has been written around it.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple, Protocol

from markdown_it.token import Token

from booktools.problem import Problem
from booktools.source.markdown import parser
from booktools.source.myst import VERBATIM

# Code in a sentence, which is nobody's markup; but the text of a role is.
_CODE = re.compile(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", re.DOTALL)
_ROLE = re.compile(r"\{[a-z0-9:]+\}$")

# Directives that hold Markdown.
_TEXTS = {
    *("admonition", "note", "warning", "tip", "important", "hint", "figure"),
    *("exercise", "solution", "table", "epigraph", "seealso", "dropdown"),
    *("attention", "caution", "margin", "sidebar", "danger", "topic"),
    *("tab-set", "tab-item", "grid", "grid-item", "grid-item-card", "card"),
}


class ProseEdit(Protocol):
    """Changes a text that stands on a line."""

    def __call__(self, text: str, number: int) -> str:
        """Return the new text."""


class Line(NamedTuple):
    """A line of text, and its number in the file that it comes from."""

    number: int
    text: str


class Block(NamedTuple):
    """What a parser sees: a fence, a list, a paragraph."""

    kind: str
    start: int  # the first of its lines
    end: int  # the one after its last
    token: Token
    depth: int  # in how many directives it is

    @property
    def directive(self) -> tuple[str, str]:
        """The name of a directive and its argument; empty if it is none."""
        name, _, argument = self.token.info.strip().partition("}")
        is_one = self.kind in ("fence", "colon_fence") and name[:1] == "{"
        return (name[1:], argument.strip()) if is_one else ("", "")

    @property
    def is_text(self) -> bool:
        """Whether it is a directive that holds Markdown."""
        name, _ = self.directive
        return name in _TEXTS or name.startswith("prf:")


@dataclass
class Draft:
    """A chapter on its way.

    Parameters
    ----------
    path : str
        The file that it comes from, as its author calls it.
    name : str
        What its file will be called, without an ending.
    lines : list of Line
        Its text so far.
    """

    path: str
    name: str
    lines: list[Line]
    notes: list[Problem] = field(default_factory=list)
    # Of a notebook: a line's number here -> its cell, its number there.
    cells: dict[int, tuple[int, int]] = field(default_factory=dict)
    # D2L's labels in it -> what they are called here, such as fig-area.
    labels: dict[str, str] = field(default_factory=dict)
    # Of a notebook: pictures that are in it, by their cells and names.
    attached: dict[tuple[int, str], bytes] = field(default_factory=dict)

    @classmethod
    def from_text(cls, path: str, name: str, text: str) -> "Draft":
        """Begin with a text."""
        lines = text.splitlines()
        return cls(path, name, [Line(i, t) for i, t in enumerate(lines, 1)])

    @property
    def text(self) -> str:
        """All of its text."""
        return "".join(f"{line.text}\n" for line in self.lines)

    def note(self, line: int, rule: str, what: str, hint: str = "") -> None:
        """Note what an author has to look at, in the file it comes from."""
        cell, line = self.cells.get(line, (0, line))
        place = f"cell {cell}" if cell else ""
        problem = Problem(self.path, line, rule, what, hint, place)
        self.notes.append(problem)

    def add(self, cell: int, texts: list[str], first: int) -> None:
        """Add lines of a notebook's cell, from one on; from 0: not its own."""
        for i, text in enumerate(texts):
            self.lines.append(Line(len(self.lines) + 1, text))
            self.cells[len(self.lines)] = cell, max(1, first and first + i)

    def put(self, start: int, end: int, texts: Iterable[str]) -> None:
        """Put other text in the place of some lines."""
        last = self.lines[-1:] or [Line(1, "")]
        number = (self.lines[start : start + 1] or last)[0].number
        self.lines[start:end] = [Line(number, text) for text in texts]

    def texts(self, start: int, end: int) -> list[str]:
        """Return the texts of some lines."""
        return [line.text for line in self.lines[start:end]]

    def margin(self, i: int) -> str:
        """Return the space at the head of a line."""
        text = self.lines[i].text
        return text[: len(text) - len(text.lstrip())]

    def blocks(self, depth: int = 0) -> list[Block]:
        """Parse the text; return its blocks that are in so many directives.

        They come from the last to the first, so that each can be replaced
        without moving those that are still to come.  Inside of lists and
        quotes, only fences count.
        """
        found = _parse(self.text, 0, 0)
        return [block for block in found[::-1] if block.depth == depth]

    @property
    def deepest(self) -> int:
        """In how many directives a block is, at most."""
        return max((b.depth for b in _parse(self.text, 0, 0)), default=0)

    def lines_of(self, *kinds: str) -> set[int]:
        """Return the lines of blocks of some kinds, but not of texts."""
        return {
            i
            for block in _parse(self.text, 0, 0)
            if block.kind in kinds and not block.is_text
            for i in range(block.start, block.end)
        }

    def code(self) -> set[int]:
        """Return the lines that are no Markdown."""
        return self.lines_of("fence", "colon_fence", "front_matter")

    def listings(self) -> set[int]:
        """Return the lines in which nothing is markup."""
        names = VERBATIM | {"", "check", "code-cell"}
        return {
            i
            for block in _parse(self.text, 0, 0)
            if block.kind in ("code_block", "fence", "colon_fence")
            and block.directive[0] in names
            for i in range(block.start, block.end)
        }

    def edit_prose(self, edit: ProseEdit) -> None:
        """Change the text that is neither code nor a formula, line by line.

        Parameters
        ----------
        edit : callable
            Gets a text and the ``number`` of its line; returns another.
        """
        formulas = self.lines_of("math_block", "math_block_label", "amsmath")
        others = self.code() | formulas
        for i, (number, text) in enumerate(self.lines):
            if i not in others:
                new = _outside_code(text, partial(edit, number=number))
                self.lines[i] = Line(number, new)


def _parse(text: str, above: int, depth: int) -> list[Block]:
    """Parse a text that is below some lines, in so many directives."""
    found = []
    for token in parser().parse(text):
        is_fence = token.type in ("fence", "colon_fence")
        is_inner = token.level > 0 and not is_fence
        if token.map is None or token.nesting < 0 or is_inner:
            continue
        start, end = (above + i for i in token.map)
        block = Block(token.type, start, end, token, depth)
        found.append(block)
        if block.is_text:
            found += _parse(token.content, start + 1, depth + 1)
    return found


def _outside_code(text: str, edit: Callable[[str], str]) -> str:
    """Change a text, but not the code in it."""
    parts = []
    end = 0
    for match in _find_code(text):
        parts += [edit(text[end : match.start()]), match[0]]
        end = match.end()
    return "".join([*parts, edit(text[end:])])


def is_in_code(match: re.Match[str]) -> bool:
    """Say whether what was found in a line begins inside of code."""
    start = match.start()
    return any(
        code.start() < start < code.end() for code in _find_code(match.string)
    )


def _find_code(text: str) -> Iterator[re.Match[str]]:
    for match in _CODE.finditer(text):
        if not _ROLE.search(text[: match.start()]):
            yield match


def listed(values: Iterable[object]) -> str:
    """Return values as one names them in a sentence."""
    return ", ".join(map(str, values))
