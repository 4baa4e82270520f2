"""A file of an edition, without code, and its source -> the whole chapter.

    filled = fill(File("chapters/x.md", …), File("en/chapters/x.md", …), …)
    filled.text       # the chapter, as one would write it in that language
    filled.place(12)  # ("en/chapters/x.md", 9): where its line 12 is from

The k-th code cell of a section gets code and options of the k-th code cell of
that section in the source, but for captions and the like, which are its own;
a check gets the source's code; settings that its front matter has not are the
source's.
"""

import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from booktools.editions.blocks import read_outline
from booktools.editions.captions import find_texts, replace_text
from booktools.editions.comparison import DIFFERS, MISSING, compare
from booktools.editions.outline import Block, Outline
from booktools.editions.sections import Side
from booktools.editions.untranslated import KEPT, find_untranslated
from booktools.problem import BookError, Problem
from booktools.source.chapter import read_chapter
from booktools.source.myst import Reader
from booktools.source.rules import RULES
from booktools.source.text import lines_of, mapping

# What is no problem of an edition: filling it changes that, or the source says
# whether the rule holds.
_FILLED = {"empty-check", "not-executed", *RULES}
# Front matter that each language has of its own: descriptions, substitutions.
_OWN = {"html_meta", "myst", "substitutions", KEPT}
_MAPPINGS = (yaml.BlockMappingStartToken, yaml.FlowMappingStartToken)


class File(NamedTuple):
    """A file of a book, and what is in it."""

    path: str
    text: str


class _Line(NamedTuple):
    """A line of a filled chapter; where it is from."""

    text: str
    path: str
    number: int


@dataclass(frozen=True)
class Filled:
    """A chapter of an edition, with its code.

    ``path`` is that of the source, ``outline`` that of the edition's file as
    it was written; ``warnings`` are about what may be meant.
    """

    path: str
    text: str
    places: tuple[tuple[str, int], ...]
    outline: Outline
    warnings: tuple[Problem, ...]

    def place(self, line: int) -> tuple[str, int]:
        """Return the file, and the line there, that a line is from."""
        return self.places[max(0, min(line, len(self.places)) - 1)]

    def locate(self, problem: Problem) -> Problem:
        """Return a problem of the filled chapter where one can fix it."""
        if problem.path != self.path:
            return problem
        path, line = self.place(problem.line)
        return replace(problem, path=path, line=line)


def fill(
    source: File,
    edition: File,
    languages: tuple[str, str],
    root: Path | None = None,
) -> Filled:
    """Give a file of an edition the code of its source.

    Parameters
    ----------
    source, edition : File
        What they are called in the book, and what is in them.
    languages : tuple of str
        The language of the edition, and that of the source.
    root : Path, optional
        The book's folder, to look into files that the chapter includes.

    Raises
    ------
    BookError
        With every problem of the edition; each is at its line, and names
        that of the source.
    """
    reader = Reader(edition.path, None)
    reader.read(edition.text)
    if problems := [p for p in reader.problems if p.rule not in _FILLED]:
        raise BookError(problems)
    ours, theirs = read_outline(source.text), read_outline(edition.text)
    # Without its front matter, much else would seem to be wrong.
    if problems := list(_find_lost_front_matter(edition, ours, theirs)):
        raise BookError(problems)
    found = compare(Side(source.path, ours), Side(edition.path, theirs))
    problems = [
        *found.problems,
        *_compare_front_matter(source, edition, ours, theirs),
        *find_untranslated(
            *(edition.path, theirs.prose, ours.prose, languages),
            read_kept(theirs),
        ),
        *_find_lost_settings(source, edition, ours, theirs, languages),
    ]
    if problems:
        raise BookError(problems)
    lines = list(_fill(source, edition, ours, theirs, found.pairs))
    filled = Filled(
        source.path,
        "\n".join(line.text for line in lines),
        tuple((line.path, line.number) for line in lines),
        theirs,
        tuple(sorted(set(found.warnings))),
    )
    try:
        read_chapter(source.path, filled.text.encode(), root)
    except BookError as error:
        raise BookError(map(filled.locate, error.problems)) from None
    return filled


def read_kept(outline: Outline) -> list[str]:
    """Return the words that may stay in the language of the source."""
    kept = outline.front_matter.get(KEPT) or []
    words = kept if isinstance(kept, list) else [kept]
    return [str(word) for word in words if _is_word(word)]


def _is_word(value: Any) -> bool:
    is_text = isinstance(value, str | int | float)
    return is_text and not isinstance(value, bool)


def _find_lost_front_matter(
    edition: File, ours: Outline, theirs: Outline
) -> Iterator[Problem]:
    """Yield a problem where front matter would be text of the page."""
    if theirs.above:
        return
    path, rule = edition.path, "front-matter"
    if edition.text.startswith("---\n"):
        what, hint = "this front matter does not end", "end it with a line ---"
        yield Problem(path, 1, rule, what, hint)
        return
    lines = [text.rstrip() for text in edition.text.split("\n")]
    rules = (i for i, text in enumerate(lines) if text == "---")
    first, last = next(rules, 0), next(rules, 0)
    with suppress(yaml.YAMLError, ValueError, RecursionError):
        matter = mapping(yaml.safe_load("\n".join(lines[first + 1 : last])))
        # Any other text may stand between two rules.
        if matter.keys() & {KEPT, *ours.front_matter}:
            what = "front matter begins on line 1, and nowhere else"
            hint = "remove what stands above it"
            yield Problem(path, first + 1, rule, what, hint)


def _compare_front_matter(
    source: File, edition: File, ours: Outline, theirs: Outline
) -> Iterator[Problem]:
    """Yield problems of settings that are not those of the source."""
    for key, value in theirs.front_matter.items():
        words = value if isinstance(value, list) else [value or ""]
        if key == KEPT and not all(map(_is_word, words)):
            what = f"{KEPT} lists words, not {str(value)[:40]!r}"
            line = _line_of_setting(edition, theirs, key)
            hint = f"write {KEPT}: [WORD, 'more words']"
            yield Problem(edition.path, line, "front-matter", what, hint)
        there = ours.front_matter.get(key, "not set")
        if key in _OWN or value == there:
            continue
        what = f"{key} in front matter: {value} here, {there} in "
        what += source.path
        hint = "take it out: it is the source's"
        line = _line_of_setting(edition, theirs, key)
        yield Problem(edition.path, line, DIFFERS, what, hint)


def _find_lost_settings(
    source: File,
    edition: File,
    ours: Outline,
    theirs: Outline,
    languages: tuple[str, str],
) -> Iterator[Problem]:
    """Yield texts of front matter that the source has in its language only.

    Settings of the edition take the place of all those of the same group.
    """
    texts, kept = ours.settings.values(), read_kept(theirs)
    for name in ours.settings.keys() - theirs.settings.keys():
        text = ours.settings[name]
        is_replaced = name.partition(".")[0] in theirs.front_matter
        hint = "write it here, too"
        is_text = any(find_untranslated("", [text], texts, languages, kept))
        if is_text:
            hint = "write one, in the language of this edition"
        if is_text or is_replaced:
            what = f"front matter has no {name}, but that of {source.path}:"
            what += f"{text.line} has"
            yield Problem(edition.path, 1, MISSING, what, hint)


def _line_of_setting(file: File, outline: Outline, key: str) -> int:
    matter = "\n".join(file.text.split("\n")[1 : outline.above - 1])
    return 1 + lines_of(matter, key)[0]


def _fill(
    source: File,
    edition: File,
    ours: Outline,
    theirs: Outline,
    pairs: list[tuple[Block, Block]],
) -> Iterator[_Line]:
    """Yield the lines of a chapter."""
    fillers = {"code cell": _fill_cell, "check": _fill_check}
    blocks = {
        block.line: (fillers[block.kind], source_block, block)
        for source_block, block in pairs
        if block.kind in fillers
    }
    there, here = source.text.split("\n"), edition.text.split("\n")
    yield from _fill_front_matter(source, edition, ours, theirs)
    number = theirs.above
    while number < len(here):
        number += 1
        if number not in blocks:
            yield _Line(here[number - 1], edition.path, number)
            continue
        filler, source_block, block = blocks[number]
        code = filler(there, here, source_block, block)
        number = block.end
        for text, path, line in code:
            path = {"ours": source.path, "theirs": edition.path}[path]
            yield _Line(text, path, line)


def _fill_front_matter(
    source: File, edition: File, ours: Outline, theirs: Outline
) -> Iterator[_Line]:
    """Yield the front matter, with settings that are only in the source."""
    file, outline = (edition, theirs) if theirs.above else (source, ours)
    texts = file.text.split("\n")[: outline.above]
    lines = [_Line(text, file.path, i) for i, text in enumerate(texts, 1)]
    if file is edition:
        above, column, in_braces = _find_settings(texts[1:-1])
        added = [
            _Line(" " * column + text, source.path, place)
            for key, value in ours.front_matter.items()
            if key not in theirs.front_matter
            for place in [_line_of_setting(source, ours, key)]
            for text in _dump({key: value}, in_braces)
        ]
        if in_braces and added:
            # Below the brace that ends them, nothing can stand.
            text, path, number = lines[1 + above]
            head, rest = text[: column + 1], text[column + 1 :]
            lines[1 + above : 2 + above] = [
                _Line(head, path, number),
                *added,
                _Line(f" {rest}", path, number),
            ]
        else:
            lines[-1:-1] = added
    yield from lines


def _find_settings(lines: list[str]) -> tuple[int, int, bool]:
    """Return where YAML's settings begin, and if that is with a brace."""
    for token in yaml.scan("\n".join(lines), Loader=yaml.SafeLoader):
        if isinstance(token, _MAPPINGS):
            in_braces = isinstance(token, yaml.FlowMappingStartToken)
            return token.start_mark.line, token.start_mark.column, in_braces
    return 0, 0, False


def _dump(settings: dict[str, Any], in_braces: bool) -> list[str]:
    text = yaml.safe_dump(
        settings,
        width=sys.maxsize,
        allow_unicode=True,
        default_flow_style=in_braces,
    )
    if in_braces:
        text = text.strip()[1:-1] + ","
    return text.splitlines()


def _fill_cell(
    there: list[str], here: list[str], ours: Block, theirs: Block
) -> Iterator[_Line]:
    """Yield a code cell of the source with the texts of the edition."""
    yield _Line(there[ours.line - 1], "theirs", theirs.line)
    texts = {
        text.name: text for text in find_texts(here, theirs.line, theirs.end)
    }
    lines = [
        _Line(there[number - 1], "ours", number)
        for number in range(ours.line + 1, ours.end)
    ]
    # From the last one on, so that what stands above keeps its place.
    for text in reversed(list(find_texts(there, ours.line, ours.end))):
        own = texts[text.name]
        if own.value != text.value:
            first, last = (n - ours.line - 1 for n in (text.line, text.last))
            line = replace_text(
                *(lines[first].text, lines[last].text, text, own.value)
            )
            lines[first : last + 1] = [_Line(line, "theirs", own.line)]
    yield from lines
    yield _Line(there[ours.end - 1], "theirs", theirs.end)


def _fill_check(
    there: list[str], here: list[str], ours: Block, theirs: Block
) -> Iterator[_Line]:
    """Yield a check of the source where the edition has it, lists and all."""
    opening = here[theirs.line - 1]
    before = opening[: opening.find(theirs.fence.rstrip())]
    # Below the first line of an item of a list, its number is not repeated.
    margin = "".join(c if c in "> \t" else " " for c in before)
    if ours.fence != theirs.fence:
        opening = before + ours.fence
    yield _Line(opening, "theirs", theirs.line)
    for number, text in enumerate(ours.code.splitlines(), ours.line + 1):
        yield _Line((margin + text).rstrip(), "ours", number)
    marks = ours.fence.partition("{")[0]
    closing = here[theirs.end - 1]
    if ours.fence != theirs.fence:
        closing = margin + marks
    yield _Line(closing, "theirs", theirs.end)
