"""Blocks without a partner -> those that were moved or renamed; the others."""

from collections.abc import Callable
from itertools import pairwise

from booktools.editions.alignment import Gap
from booktools.editions.outline import Block
from booktools.editions.sections import ANYWHERE, Side


def is_moved(ours: Gap, theirs: Gap) -> bool:
    """Say whether two blocks are the same one, at different places.

    What has no name has not left its section.
    """
    a, b = ours.block, theirs.block
    is_here = ours.section == theirs.section
    return (a.kind, a.name) == (b.kind, b.name) and bool(a.name or is_here)


def is_renamed(ours: Gap, theirs: Gap) -> bool:
    """Say whether two blocks are at the same place, with different names."""
    here, there = (
        # Without its label, a formula is one without a number.
        (gap.block.kind.removeprefix("display "), gap.section, gap.place)
        for gap in (ours, theirs)
    )
    return here == there


def is_other(ours: Gap, theirs: Gap) -> bool:
    """Say whether two blocks are at the same place, as other directives."""
    here, there = ((gap.section, gap.place) for gap in (ours, theirs))
    is_directive = ours.block.kind.startswith(("{", "code cell", "check"))
    return here == there and is_directive and theirs.block.kind[0] == "{"


def take_couples(
    missing: list[Gap], extra: list[Gap], fits: Callable[[Gap, Gap], bool]
) -> list[tuple[Block, Block]]:
    """Take blocks out of two lists that belong together."""
    couples = []
    for ours in list(missing):
        if found := [theirs for theirs in extra if fits(ours, theirs)]:
            missing.remove(ours)
            extra.remove(found[0])
            couples.append((ours.block, found[0].block))
    return couples


def drop_inner(gaps: list[Gap], side: Side) -> list[Gap]:
    """Drop what belongs to a block that is named itself.

    Where all of a section is missing, its heading says so; likewise for a
    directive with what is in it.
    """
    unpaired = {id(gap.block) for gap in gaps}
    hidden: set[int] = set()
    others = ("paragraph", *ANYWHERE)
    blocks = [b for b in side.outline.blocks if b.kind not in others]
    starts = [i for i, b in enumerate(blocks) if b.kind == "heading"]
    for start, end in pairwise([*starts, len(blocks)]):
        inside = [id(block) for block in blocks[start:end]]
        if unpaired.issuperset(inside):
            hidden.update(inside[1:])
    for gap in gaps:
        block = gap.block
        if block.kind.startswith("{"):
            hidden.update(
                id(inner)
                for inner in blocks
                if inner is not block
                and block.line <= inner.line <= inner.end <= block.end
            )
    return [gap for gap in gaps if id(gap.block) not in hidden]
