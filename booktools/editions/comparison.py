"""A file and its edition in another language -> what does not match.

Blocks belong together by section, which its label names, and within it by
their order.  Each problem is at a line of the edition, and names that of the
source.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field

from booktools.editions.alignment import Gap, align
from booktools.editions.gaps import (
    drop_inner,
    is_moved,
    is_other,
    is_renamed,
    take_couples,
)
from booktools.editions.likeness import (
    find_changed,
    find_difference,
    is_same_answer,
    is_same_code,
)
from booktools.editions.outline import Block
from booktools.editions.sections import (
    ANYWHERE,
    Side,
    ends_of,
    formulas_of,
    has_text,
    headings_of,
    includes_of,
    references_of,
    sections_of,
)
from booktools.editions.tables import CELL
from booktools.problem import Problem

# The rules.
MISSING, EXTRA, MOVED = "edition-missing", "edition-extra", "edition-moved"
DIFFERS, CODE = "edition-differs", "edition-code"

# An edition may divide its prose and its formulas in another way.
_DOUBTED = ("display formula",)

_HINTS = {
    "check": "write an empty one there: ```{check} LABEL, and below it ```",
    "code cell": "write an empty one there: ```{code-cell}, and below it ```",
}


@dataclass
class Comparison:
    """What came of it: problems, warnings, and which blocks are the same."""

    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    pairs: list[tuple[Block, Block]] = field(default_factory=list)


def compare(source: Side, edition: Side) -> Comparison:
    """Compare the edition of a file with its source."""
    comparer = _Comparer(source, edition)
    comparer.compare_sections()
    comparer.compare_anywhere()
    for ours, theirs in comparer.result.pairs:
        comparer.compare_pair(ours, theirs)
    comparer.compare_prose()
    comparer.compare_includes()
    comparer.compare_references()
    comparer.compare_inline_formulas()
    return comparer.result


class _Comparer:
    """Compares two files; ``ours`` is always the source's."""

    def __init__(self, source: Side, edition: Side):
        self.source, self.edition = source, edition
        self.result = Comparison()
        shared = headings_of(source) & headings_of(edition)
        self.ours = sections_of(source, shared)
        self.theirs = sections_of(edition, shared)

    def compare_sections(self) -> None:
        """Find the partner of each block, in the same section."""
        missing: list[Gap] = []
        extra: list[Gap] = []
        for label, blocks in self.ours.items():
            found = align(label, blocks, self.theirs[label])
            self.result.pairs += found.pairs
            missing += found.missing
            extra += found.extra
        for label in _out_of_order(self.ours, self.theirs):
            self._report_moved(self.ours[label][0], self.theirs[label][0])
        for ours, theirs in take_couples(missing, extra, is_moved):
            self._report_moved(ours, theirs)
        for ours, theirs in take_couples(missing, extra, is_renamed):
            self._report_renamed(ours, theirs)
        for ours, theirs in take_couples(missing, extra, is_other):
            what = f"{theirs} is {ours} in {self._there(ours)}"
            hint = "directives have the same names in every language"
            self._report(theirs.line, DIFFERS, what, hint)
        for gap in drop_inner(missing, self.source):
            what = f"{gap.block} of {self._there(gap.block)} is missing below"
            hint = _HINTS.get(gap.block.kind, "write it there")
            self._report(gap.above.end, MISSING, what, hint, gap.block)
        for gap in drop_inner(extra, self.edition):
            what = f"{gap.block} is not in {self.source.path}, where it would"
            what += f" be below line {gap.above.end}"
            hint = "remove it, or write it there"
            self._report(gap.block.line, EXTRA, what, hint, gap.block)

    def compare_anywhere(self) -> None:
        """Find the partner of each footnote and term, wherever it is."""
        ours, theirs = (
            [block for block in side.outline.blocks if block.kind in ANYWHERE]
            for side in (self.source, self.edition)
        )
        for block in ours:
            if same := [other for other in theirs if _is_same(block, other)]:
                theirs.remove(same[0])
                self.result.pairs.append((block, same[0]))
                continue
            blocks = self.edition.outline.blocks
            line = max((other.end for other in blocks), default=1)
            what = f"{block} of {self._there(block)} is missing in this file"
            self._report(line, MISSING, what, "write it here, too")
        for block in theirs:
            what = f"{block} is not in {self.source.path}"
            hint = "remove it, or write it there"
            self._report(block.line, EXTRA, what, hint)

    def compare_pair(self, ours: Block, theirs: Block) -> None:
        """Compare what belongs to two blocks."""
        place = self._there(ours)
        # A cell gets its options from its source.
        ours_too = {} if ours.kind == "code cell" else ours.facts
        for name in ours_too | theirs.facts:
            here, there = theirs.facts.get(name), ours.facts.get(name)
            # How a text is matters where both have it.
            is_lost = (name in ours.texts) != (name in theirs.texts)
            if here != there and not is_lost:
                what = f"{name} of this {ours.kind}: {_value(here)} here,"
                what += f" {_value(there)} in {place}"
                hint = "write here what stands there"
                self._report(theirs.line, DIFFERS, what, hint)
        # Where rows are lost, other cells are in another row.
        is_same_size = ours.facts.get("size") == theirs.facts.get("size")
        for name in ours.texts.keys() - theirs.texts.keys():
            if name.startswith(CELL) and not is_same_size:
                continue
            what = f"this {ours.kind} has no {name}, but that of {place} has"
            hint = "write one, in the language of this edition"
            line = theirs.blank.get(name, theirs.line)
            self._report(line, MISSING, what, hint)
        for name in theirs.texts.keys() - ours.texts.keys():
            if name.startswith(CELL):
                continue
            what = f"this {ours.kind} has {name}, but that of {place} has not"
            hint = "remove it, or write one there"
            self._report(theirs.texts[name], EXTRA, what, hint)
        if ours.facts == theirs.facts:
            self._compare_answers(ours, theirs)
        if "formula" in ours.kind:
            self._compare_formulas(ours, theirs)
        elif ours.kind == "listing":
            code = is_same_code(ours.code, theirs.code)
            if "python" in ours.name and not code:
                what = f"this code is not that of {place}"
                hint = "write the same; only comments are translated"
                self._report(theirs.line, DIFFERS, what, hint)
        elif ours.kind in _HINTS and theirs.code.strip():
            is_copy = theirs.code.strip() == ours.code.strip()
            if ours.kind == "code cell" or not is_copy:
                what = f"there is code in this {theirs}"
                hint = f"leave it empty: its code is that of {place}"
                self._report(theirs.line, CODE, what, hint)

    def _compare_answers(self, ours: Block, theirs: Block) -> None:
        for here, there in zip(theirs.answers, ours.answers, strict=True):
            if not is_same_answer(there.text, here.text):
                what = f"this answer is {there.text[3:].strip()} in "
                what += f"{self.source.path}:{there.line}"
                hint = "write the answers in the same order"
                self._report(here.line, DIFFERS, what, hint)

    def _compare_formulas(self, ours: Block, theirs: Block) -> None:
        if found := find_difference(ours.code, theirs.code):
            what = f"{theirs} has `{found.theirs}`, but `{found.ours}` in "
            what += self._there(ours)
            hint = r"write the same TeX; only words in \text{} are translated"
            line = theirs.code_line + found.above
            self._report(line, DIFFERS, what, hint, ours)

    def compare_prose(self) -> None:
        """Find sections and directives whose text is left out as a whole."""
        labels = self.ours.keys()
        ours_end = ends_of(self.source, labels)
        theirs_end = ends_of(self.edition, labels)
        reported = 0
        for ours, theirs in sorted(
            self.result.pairs, key=lambda pair: pair[1].line
        ):
            is_told = theirs.line <= reported or "caption" in ours.texts
            if is_told or not ours.kind.startswith(("{", "heading")):
                continue
            here, last = theirs.line, theirs_end[theirs.line]
            there = ours.line, ours_end[ours.line]
            if has_text(self.source, *there) and not has_text(
                self.edition, here, last
            ):
                what = str(theirs).replace("heading", "section", 1)
                what += f" has no text, but that of {self._there(ours)} has"
                self._report(here, MISSING, what, "translate it")
                reported = last

    def compare_includes(self) -> None:
        """Find sections in which a file, or its text, may be missing."""
        ours = includes_of(self.source, self.ours)
        theirs = includes_of(self.edition, self.theirs)
        for label, includes in ours.items():
            here, there = self.theirs[label], self.ours[label]
            is_written = _paragraphs(here) > _paragraphs(there)
            if len(theirs[label]) < len(includes) and not is_written:
                what = f"the text of {includes[-1].target}, which"
                what += f" {self.source.path}:{includes[-1].line} includes,"
                what += " may be missing in this section"
                hint = "write it here, or include a file that has it"
                self._warn(here[0].line, MISSING, what, hint)

    def compare_references(self) -> None:
        """Compare what sections refer to."""
        ours = references_of(self.source, self.ours)
        theirs = references_of(self.edition, self.theirs)
        for label, blocks in self.ours.items():
            here, there = theirs[label], ours[label]
            for name in there.keys() - here.keys():
                what = f"{name} of {self.source.path}:{there[name]} is not in"
                what += " this section"
                line = self.theirs[label][0].line
                self._warn(line, MISSING, what, "refer to it here, too")
            for name in here.keys() - there.keys():
                what = f"{name} is not in this section in "
                what += self._there(blocks[0])
                self._warn(here[name], EXTRA, what, "")

    def compare_inline_formulas(self) -> None:
        """Find formulas within sentences in whose place others stand.

        Each language says in its own way how often, and what else is in one.
        """
        ours = formulas_of(self.source, self.ours)
        theirs = formulas_of(self.edition, self.theirs)
        for label in self.ours:
            here, there = theirs[label], ours[label]
            for mine, other in find_changed(there, here):
                place = f"{self.source.path}:{mine.line}"
                what = f"${other.text}$ is not in this section of the source,"
                what += f" but ${mine.text}$, {place}"
                self._warn(other.line, DIFFERS, what, "")

    def _report_moved(self, ours: Block, theirs: Block) -> None:
        self.result.pairs.append((ours, theirs))
        what = f"{theirs} has another place in {self._there(ours)}"
        self._report(theirs.line, MOVED, what, "move it to that place", ours)

    def _report_renamed(self, ours: Block, theirs: Block) -> None:
        self.result.pairs.append((ours, theirs))
        place = self._there(ours)
        what = f"{theirs} is called {ours.name!r} in {place}"
        hint = "write the same name here"
        if not theirs.name:
            what = f"this {theirs.kind} has no name, but {ours.name!r} in "
            what += place
        elif not ours.name:
            what, hint = f"{theirs} has no name in {place}", "remove it here"
        self._report(theirs.line, DIFFERS, what, hint, ours)

    def _there(self, block: Block) -> str:
        return f"{self.source.path}:{block.line}"

    def _report(
        self,
        line: int,
        rule: str,
        what: str,
        hint: str,
        block: Block | None = None,
    ) -> None:
        if block and block.kind in _DOUBTED:
            self._warn(line, rule, what, hint)
            return
        problem = Problem(self.edition.path, line, rule, what, hint)
        self.result.problems.append(problem)

    def _warn(self, line: int, rule: str, what: str, hint: str) -> None:
        path = self.edition.path
        self.result.warnings.append(
            Problem(path, line, rule, what, hint, severity="warning")
        )


def _value(fact: str | None) -> str:
    """Say what is set; a flag has no value."""
    return "not set" if fact is None else fact or "set"


def _paragraphs(blocks: Iterable[Block]) -> int:
    return sum(block.kind == "paragraph" for block in blocks)


def _out_of_order(ours: Iterable[str], theirs: Iterable[str]) -> set[str]:
    """Return labels that stand in another order than others do."""
    a, b = list(ours), list(theirs)
    matcher = difflib.SequenceMatcher(None, a, b, autojunk=False)
    kept = (a[m.a : m.a + m.size] for m in matcher.get_matching_blocks())
    return {*b}.difference(*kept)


def _is_same(ours: Block, theirs: Block) -> bool:
    if ours.kind != theirs.kind:
        return False
    return ours.name == theirs.name or bool(ours.terms & theirs.terms)
