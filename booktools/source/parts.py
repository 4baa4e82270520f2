"""What a chapter consists of: Section, Cell, Formula, Check."""

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
    """Code that proves or tests the formula it stands under."""

    label: str
    line: int
    source: str
