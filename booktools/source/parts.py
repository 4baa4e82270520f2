"""What a chapter consists of: Section, Cell, Formula, Check, Directive."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Section:
    """A heading: its label (empty if it has none), its text, its place."""

    label: str
    title: str
    level: int
    line: int


@dataclass(frozen=True)
class Cell:
    """A code cell as the author wrote it.

    ``line`` is where ``source`` begins in the chapter's file, counted from 1;
    ``number`` counts the chapter's code cells from 1.
    """

    number: int
    line: int
    source: str
    options: dict[str, Any]
    section: Section | None

    @property
    def tags(self) -> tuple[str, ...]:
        """The cell's tags."""
        tags = self.options.get("tags") or []
        return tuple(tags) if isinstance(tags, list) else (str(tags),)


@dataclass(frozen=True)
class Formula:
    """A numbered formula: its label, its TeX, the line of its TeX."""

    label: str
    tex: str
    line: int


@dataclass(frozen=True)
class Check:
    """Code that proves or tests the formula it stands under.

    Without any, ``source`` is empty: the formula is tested by itself.
    """

    label: str
    line: int
    source: str


@dataclass(frozen=True)
class Directive:
    """A directive, and where it begins.

    Of what is inside of it, ``lines`` are all, options and text.  It stands
    in ``depth`` others, in the chapter or in a file that this includes.
    """

    name: str
    argument: str
    path: str
    line: int
    lines: tuple[str, ...]
    depth: int


@dataclass(frozen=True)
class Footnote:
    """A mark `[^name]`, or the text of that footnote; where it stands."""

    name: str
    path: str
    line: int
    is_text: bool
