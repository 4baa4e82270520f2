"""A file of a book or of its edition -> what is in which of its sections."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection
from typing import NamedTuple

from booktools.editions.likeness import Formulas, meaning
from booktools.editions.outline import (
    Block,
    Include,
    Outline,
    Reference,
)

# Blocks that may be in another section, in another order.
ANYWHERE = ("footnote", "term")


class Side(NamedTuple):
    """One of the two files that are compared."""

    path: str
    outline: Outline


def headings_of(side: Side) -> set[str]:
    """Return the labels of headings."""
    blocks = side.outline.blocks
    return {b.name for b in blocks if b.kind == "heading" and b.name}


def sections_of(side: Side, shared: set[str]) -> dict[str, list[Block]]:
    """Return the blocks of each section, by the label that both files have.

    What has another label, or none, belongs to the section above.
    """
    top = Block("beginning of the file", "", 1, 1)
    sections: dict[str, list[Block]] = {"": [top]}
    label = ""
    for block in side.outline.blocks:
        if block.kind in ANYWHERE:
            continue
        is_heading = block.kind == "heading" and block.name in shared
        if is_heading and block.name not in sections:
            label = block.name
        sections.setdefault(label, []).append(block)
    return sections


def ends_of(side: Side, labels: Collection[str]) -> dict[int, int]:
    """Return for each line where something begins the last line of that.

    Sections are those with the labels that both files have.
    """
    ends: dict[int, int] = {}
    section = 2**31
    solutions: dict[str, int] = {}
    for block in reversed(side.outline.blocks):
        ends[block.line] = block.end
        if block.kind == "heading" and block.name and block.name in labels:
            ends[block.line], section = section, block.line - 1
            solutions.clear()
        elif block.kind.endswith("-end}"):
            solutions[block.kind] = block.line
        elif block.kind.endswith("-start}"):
            end = block.kind.replace("-start}", "-end}")
            ends[block.line] = solutions.get(end, block.end)
    return ends


def has_text(side: Side, first: int, last: int) -> bool:
    """Say if there is a paragraph, or a file of them, on these lines."""
    outline = side.outline
    lines = [b.line for b in outline.blocks if b.kind == "paragraph"]
    lines += [include.line for include in outline.includes]
    return any(first <= line <= last for line in lines)


def includes_of(
    side: Side, sections: dict[str, list[Block]]
) -> dict[str, list[Include]]:
    """Return the files that each section includes."""
    section_of = _finder(sections)
    found: dict[str, list[Include]] = defaultdict(list)
    for include in side.outline.includes:
        found[section_of(include.line)].append(include)
    return found


def references_of(
    side: Side, sections: dict[str, list[Block]]
) -> dict[str, dict[str, int]]:
    """Return what each section refers to, and on which line first."""
    section_of = _finder(sections)
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for reference in side.outline.references:
        if reference.role != "term":
            lines = found[section_of(reference.line)]
            lines.setdefault(_say(reference), reference.line)
    return found


def formulas_of(
    side: Side, sections: dict[str, list[Block]]
) -> dict[str, Formulas]:
    """Return the formulas in the sentences of each section, by meaning."""
    section_of = _finder(sections)
    found: dict[str, Formulas] = {label: {} for label in sections}
    for formula in side.outline.formulas:
        formulas = found[section_of(formula.line)]
        formulas.setdefault(meaning(formula.text), []).append(formula)
    return found


def _finder(sections: dict[str, list[Block]]) -> Callable[[int], str]:
    """Return what says in which section a line is."""
    starts = sorted((b[0].line, label) for label, b in sections.items())

    def section_of(line: int) -> str:
        return starts[bisect_right(starts, (line, "\U0010ffff")) - 1][1]

    return section_of


def _say(reference: Reference) -> str:
    if reference.role in ("footnote", "link"):
        return f"{reference.role} {reference.target!r}"
    return f"{{{reference.role}}}`{reference.target}`"
