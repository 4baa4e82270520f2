"""The blocks of a section in two languages -> which belong together."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from booktools.editions.outline import Block

# How much it matters that blocks of a kind are paired; all others matter more
# than all of these together.  Each language divides its text in its own way.
_LITTLE = {"paragraph": 1, "display formula": 50}
_MUCH = 10_000


class Gap(NamedTuple):
    """A block without a partner.

    ``above`` is the last block above it that has one, as it is in the other
    file; ``place`` is equal for blocks between which, in both files, nothing
    stands that matters and has a partner.
    """

    block: Block
    section: str
    above: Block
    place: int


class Alignment(NamedTuple):
    """Which blocks belong together, and which have no partner."""

    pairs: list[tuple[Block, Block]]
    missing: list[Gap]
    extra: list[Gap]


def align(
    section: str, ours: Sequence[Block], theirs: Sequence[Block]
) -> Alignment:
    """Pair the blocks of a section; those on top belong together.

    As many as can be are paired without crossing each other.  Blocks that are
    equal, such as code cells, go with the text around them.
    """
    places = list(_common(ours, theirs))
    pairs = [(ours[i], theirs[k]) for i, k in places]
    counts = [0]
    for block, _ in pairs:
        counts.append(counts[-1] + (block.kind not in _LITTLE))
    rows, columns = ([place[n] for place in places] for n in (0, 1))
    swapped = [(there, here) for here, there in pairs]
    missing = _gaps(section, ours, rows, pairs, counts)
    extra = _gaps(section, theirs, columns, swapped, counts)
    return Alignment(pairs, [*missing], [*extra])


def _common(
    ours: Sequence[Block], theirs: Sequence[Block]
) -> Iterator[tuple[int, int]]:
    """Yield the places of the heaviest common subsequence."""
    weights = [[0] * (len(theirs) + 1) for _ in range(len(ours) + 1)]
    for i in reversed(range(len(ours))):
        for k in reversed(range(len(theirs))):
            weights[i][k] = max(
                weights[i + 1][k],
                weights[i][k + 1],
                weights[i + 1][k + 1] + _weight(ours[i], theirs[k]),
            )
    i = k = 0
    while i < len(ours) and k < len(theirs):
        weight = _weight(ours[i], theirs[k])
        if weight and weights[i][k] == weights[i + 1][k + 1] + weight:
            yield i, k
            i, k = i + 1, k + 1
        elif weights[i][k] == weights[i + 1][k]:
            i += 1
        else:
            k += 1


def _weight(ours: Block, theirs: Block) -> int:
    if (ours.kind, ours.name) != (theirs.kind, theirs.name):
        return 0
    return _LITTLE.get(ours.kind, _MUCH)


def _gaps(
    section: str,
    blocks: Sequence[Block],
    paired: list[int],
    pairs: list[tuple[Block, Block]],
    counts: list[int],
) -> Iterator[Gap]:
    """Yield the blocks that are not paired; the first one is."""
    above = -1
    for i, block in enumerate(blocks):
        if above + 1 < len(paired) and paired[above + 1] == i:
            above += 1
        elif block.kind != "paragraph":
            partner = pairs[max(above, 0)][1]
            yield Gap(block, section, partner, counts[above + 1])
