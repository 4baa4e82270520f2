"""Which text of an edition is older than its source, and who has seen that.

The file `en/accepted.toml` has, for each section of the source, a digest of
the text with which somebody has compared its edition: prose, captions,
formulas, exercises, also of files that it includes, but no code.  When the
text changes, the edition is stale until it is accepted again.
"""

import hashlib
import json
import re
import sys
import tomllib
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from booktools.editions.blocks import read_outline
from booktools.editions.captions import find_texts
from booktools.editions.edition import File
from booktools.editions.included import read_included
from booktools.editions.languages import RULE, Edition, read_editions
from booktools.editions.outline import Include, Outline
from booktools.editions.remember import Call, call
from booktools.editions.wanted import Known, Wanted
from booktools.editions.whole import fill_book, read_file
from booktools.problem import BookError, Problem, count
from booktools.source.chapter import Book
from booktools.source.config import CONFIG
from booktools.source.files import write_whole

ACCEPTED = "accepted.toml"
STALE, NEW = "translation-stale", "translation-new"
MISSING, REMOVED = "translation-missing", "translation-removed"

_HEAD = """\
# The text of the source, by section, that this edition was compared with.
# Written by: python -m booktools translate accept
"""

# Digests by section, by file.
Digests = dict[str, dict[str, str]]


class Section(NamedTuple):
    """A section of a file: its line, a digest of its text, its files."""

    line: int
    digest: str
    includes: tuple[Include, ...] = ()


def read_sections(file: File) -> dict[str, Section]:
    """Return the sections of a file by label.

    What stands below a heading without a label belongs to the section above;
    what stands above all labels has the label ``""``.
    """
    outline = read_outline(file.text)
    lines = list(_text_lines(file.text.split("\n"), outline))
    starts = {"": outline.above + 1}
    for block in outline.blocks:
        if block.kind == "heading" and block.name:
            starts.setdefault(block.name, block.line)
    ends = [*list(starts.values())[1:], len(file.text) + 1]
    sections = {}
    for (label, start), end in zip(starts.items(), ends, strict=True):
        text = "\n".join(t for number, t in lines if start <= number < end)
        files = tuple(i for i in outline.includes if start <= i.line < end)
        if text or label:
            sections[label] = Section(start, _digest(text), files)
    return sections


def _read_source(
    root: Path, source: File, call: Call = call
) -> dict[str, Section]:
    """Return the sections of a source; their digests cover what they include.

    A section of an edition may have the text of a file in its place.
    """
    sections: dict[str, Section] = dict(call(read_sections, source))
    for label, section in sections.items():
        if section.includes:
            outline = Outline(includes=[*section.includes])
            text = [section.digest]
            for file in read_included(root, source.path, outline):
                lines = file.text.split("\n")
                text += [t for _, t in _text_lines(lines, file.outline)]
            digest = _digest("\n".join(text))
            sections[label] = section._replace(digest=digest)
    return sections


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _text_lines(
    lines: list[str], outline: Outline
) -> Iterator[tuple[int, str]]:
    """Yield what a translator reads: no code, labels, blank lines."""
    skipped: set[int] = set()
    for block in outline.blocks:
        if block.kind in ("check", "code cell"):
            skipped.update(range(block.line, block.end + 1))
        if block.kind == "code cell":
            for option in find_texts(lines, block.line, block.end):
                yield option.line, option.value
    for number, text in enumerate(lines, 1):
        text = text.rstrip()
        is_label = text.startswith("(") and text.endswith(")=")
        is_prose = text and not is_label and number not in skipped
        if is_prose and number > outline.above:
            yield number, text


def find_outdated(
    book: Book, edition: Edition, call: Call = call
) -> list[Problem]:
    """Return what of an edition is missing, or older than its source.

    Parameters
    ----------
    book : Book
        The book.
    edition : Edition
        One of its editions.
    call : callable, optional
        What calls functions that take long: see `remember`.

    Raises
    ------
    BookError
        If a file cannot be read.
    """
    accepted = _read_accepted(book, edition)
    found: list[Problem] = []
    for chapter in book.chapters:
        source = read_file(book.root, chapter.path)
        path = edition.path(chapter.path)
        file = read_file(book.root, path)
        known = accepted.pop(chapter.path, {})
        if file is None:
            what = f"{chapter.path} is not translated"
            hint = "readers get it as it is in the source"
            found.append(_warning(path, 1, MISSING, what, hint))
        elif source:
            ours = _read_source(book.root, source, call)
            theirs = call(read_sections, file)
            record = edition.path(ACCEPTED)
            found += _compare(source, file, known, ours, theirs, record)
    for path in accepted:
        what = f"the book has no {path} any more"
        hint = "python -m booktools translate accept"
        path = edition.path(ACCEPTED)
        found.append(_warning(path, 1, REMOVED, what, hint))
    return sorted(found)


def _compare(
    source: File,
    file: File,
    accepted: dict[str, str],
    ours: dict[str, Section],
    theirs: dict[str, Section],
    record: str,
) -> Iterator[Problem]:
    """Yield what is to do in one file of an edition."""
    last = 1
    for label, section in ours.items():
        there = f"{source.path}:{section.line}"
        name = file.path if [*ours] == [""] else f"{file.path}#{label}"
        hint = "compare them, then: python -m booktools translate accept "
        hint += name
        if label not in theirs:
            what = f"section {label!r} of {there} is missing below"
            yield _warning(file.path, last, MISSING, what, "translate it")
            continue
        last = theirs[label].line
        if label not in accepted:
            what = f"nobody has compared this section with {there}"
            yield _warning(file.path, last, NEW, what, hint)
        elif accepted[label] != section.digest:
            what = f"{there} has changed since this was translated"
            yield _warning(file.path, last, STALE, what, hint)
    for label in (theirs.keys() | accepted.keys()) - ours.keys():
        what = f"{source.path} has no section {label!r}"
        hint = f"python -m booktools translate accept {file.path}"
        if label in theirs:
            path, line = file.path, theirs[label].line
            hint = f"remove it here, then: {hint}"
        else:
            path, line, what = record, 1, f"{what} any more"
        yield _warning(path, line, REMOVED, what, hint)


def _warning(path: str, line: int, rule: str, what: str, hint: str) -> Problem:
    return Problem(path, line, rule, what, hint, severity="warning")


def accept(book: Book, edition: Edition, names: list[str]) -> int:
    """Note that sections of an edition were compared with their source.

    Parameters
    ----------
    book : Book
        The book, read.
    edition : Edition
        One of its editions.
    names : list of str
        Files, or ``FILE#LABEL``; ``FILE#`` for what is above all labels; none
        for all that the edition has.  Names of nothing count for nothing:
        `Wanted.check` refuses them.

    Returns
    -------
    int
        How many digests are other than before.

    Raises
    ------
    BookError
        If a file cannot be read.
    """
    old = _read_accepted(book, edition)
    wanted = Wanted(names, book.root, [edition])
    new: Digests = {}
    for chapter in book.chapters:
        source = read_file(book.root, chapter.path)
        file = read_file(book.root, edition.path(chapter.path))
        known = old.get(chapter.path, {})
        if not (source and file):
            continue
        theirs = read_sections(file)
        new[chapter.path] = {}
        for label, section in _read_source(book.root, source).items():
            is_wanted = label in theirs and wanted(
                edition, chapter.path, label
            )
            digest = section.digest if is_wanted else known.get(label)
            if digest:
                new[chapter.path][label] = digest
    target = book.root / edition.path(ACCEPTED)
    text = _render(new)
    if not target.is_file() or target.read_text("utf-8") != text:
        write_whole(target, text)
    flat = [
        {(p, *item) for p, labels in each.items() for item in labels.items()}
        for each in (old, new)
    ]
    return len({item[:2] for item in flat[0] ^ flat[1]})


def _find_known(book: Book, editions: list[Edition], action: str) -> Known:
    """Return the sections that each edition has.

    What is in the source alone can be looked at, but not be accepted.
    """
    known: Known = {edition.language: {} for edition in editions}
    for edition in editions:
        for chapter in book.chapters:
            file = read_file(book.root, edition.path(chapter.path))
            source = read_file(book.root, chapter.path)
            labels = {*read_sections(file)} if file else set()
            if source and action != "accept":
                labels.update(read_sections(source))
            if file or labels:
                known[edition.language][chapter.path] = labels
        folder = book.root / edition.language
        if action == "check":  # it names files that are in the wrong place
            for path in folder.rglob("*.md"):
                name = path.relative_to(folder).as_posix()
                known[edition.language].setdefault(name, set())
    return known


def _read_accepted(book: Book, edition: Edition) -> Digests:
    path = edition.path(ACCEPTED)
    file = read_file(book.root, path)
    try:
        data = tomllib.loads(file.text if file else "")
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"at line (\d+)", str(error))
        line = int(place[1]) if place else 1
        what = f"this is not TOML: {error}"
        hint = "keep one line of each section, whichever"
        problem = Problem(path, line, "bad-toml", what, hint)
        raise BookError([problem]) from None
    return {
        name: {label: str(digest) for label, digest in labels.items()}
        for name, labels in data.items()
        if isinstance(labels, dict)
    }


def _render(digests: Digests) -> str:
    """Write digests, one on each line, so that Git can merge them."""
    parts = [_HEAD]
    for path, labels in sorted(digests.items()):
        lines = [f"{_quote(k)} = {_quote(v)}\n" for k, v in labels.items()]
        if lines:
            parts.append(f"[{_quote(path)}]\n" + "".join(lines))
    return "\n".join(parts)


def _quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def add_arguments(parser: ArgumentParser) -> None:
    """Add what the command ``translate`` takes."""
    parser.add_argument(
        "action",
        choices=("status", "check", "accept"),
        help="status: which sections are older than their source; check: what"
        " of the source is missing, or differs; accept: note that sections"
        " were compared with their source",
    )
    parser.add_argument(
        "files",
        metavar="FILE[#LABEL]",
        nargs="*",
        help="only these, of the book or of an edition (default: all); status"
        " and check show what is in the whole file",
    )
    parser.add_argument("--language", help="only this edition")


def main(book: Book, arguments: Namespace) -> int:
    """Compare the editions of a book with their source."""
    editions = read_editions(book.root)
    language = arguments.language
    found = [e for e in editions if language in (None, e.language)]
    if not found:
        what = "this book has no edition in another language"
        hint = "sphinx: {config: {booktools_editions: {en: {title: …}}}}"
        if language:
            what = f"there is no edition {language}"
        if editions:
            hint = f"there is {', '.join(e.language for e in editions)}"
        raise BookError([Problem(CONFIG, 1, RULE, what, hint)])
    problems: list[Problem] = []
    wanted = Wanted(arguments.files, book.root, found)
    if arguments.files:
        known = _find_known(book, found, arguments.action)
        wanted.check(known, [chapter.path for chapter in book.chapters])
    for edition in filter(wanted.concerns, found):
        if arguments.action == "accept":
            changed = accept(book, edition, arguments.files)
            print(f"{edition.language}: {count(changed, 'section')} accepted")
        else:
            problems += _find_problems(book, edition, arguments.action, wanted)
    if any(p.severity == "error" for p in problems) or (
        problems and arguments.action == "status"
    ):
        raise BookError(problems)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 0


def _find_problems(
    book: Book, edition: Edition, action: str, wanted: Wanted
) -> list[Problem]:
    """Return what is to do, or wrong, in the files that were named."""
    try:
        if action == "status":
            found = find_outdated(book, edition)
        else:
            found = fill_book(book, edition).warnings
    except BookError as error:
        if action == "status":  # of no file is known what is to do
            return error.problems
        found = error.problems
    return [p for p in found if wanted.has(edition, p.path)]
