"""A book, and its edition in another language -> the edition's chapters.

filled = fill_book(book, edition)
filled.chapters["chapters/x.md"].text  # in the language of the edition
filled.missing                         # files that are as in the source
filled.locate(problem)                 # where an author can fix it
"""

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from booktools.editions.blocks import read_outline
from booktools.editions.comparison import EXTRA
from booktools.editions.edition import File, Filled, fill, read_kept
from booktools.editions.included import find_untranslated_files
from booktools.editions.languages import SETTING, Edition
from booktools.editions.outline import Outline
from booktools.editions.remember import Call, call
from booktools.editions.untranslated import RULE as UNTRANSLATED
from booktools.editions.untranslated import is_left
from booktools.problem import BookError, Problem
from booktools.source.chapter import Book
from booktools.source.config import CONFIG
from booktools.source.files import MADE
from booktools.source.text import decode, line_at, read_setup
from booktools.source.toc import TOC

# How texts end: what a translator may take for the edition of a chapter.
_TEXTS = {".ipynb", ".markdown", ".md", ".rst", ".txt"}
# What programs, not translators, put into a folder.
_MADE = {*MADE, "Thumbs.db", "desktop.ini"}


@dataclass(frozen=True)
class FilledBook:
    """The chapters of an edition; ``missing`` are paths of the others."""

    edition: Edition
    chapters: dict[str, Filled]
    missing: tuple[str, ...]

    @property
    def warnings(self) -> list[Problem]:
        """What may be a mistake, in all of its chapters."""
        return [w for c in self.chapters.values() for w in c.warnings]

    def locate(self, problem: Problem) -> Problem:
        """Return a problem of a filled chapter where one can fix it."""
        chapter = self.chapters.get(problem.path)
        return chapter.locate(problem) if chapter else problem


def read_file(root: Path, path: str) -> File | None:
    """Read a file of a book or of an edition; None if there is none.

    Raises
    ------
    BookError
        If it cannot be read.
    """
    try:
        return File(path, decode((root / path).read_bytes(), path))
    except FileNotFoundError:
        return None
    except OSError as error:
        what = f"cannot read this file: {error.strerror}"
        raise BookError([Problem(path, 1, "unreadable", what)]) from None


def fill_book(book: Book, edition: Edition, call: Call = call) -> FilledBook:
    """Give all chapters of an edition the code of their source.

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
        With every problem of the edition.
    """
    languages = edition.language, book.language.code
    problems = list(_find_strangers(book, edition))
    problems += _find_untranslated_settings(book, edition)
    chapters: dict[str, Filled] = {}
    missing: list[str] = []
    outlines: dict[str, Outline] = {}
    for chapter in book.chapters:
        try:
            source = read_file(book.root, chapter.path)
            path = edition.path(chapter.path)
            file = read_file(book.root, path)
            if source and file:
                filled = call(fill, source, file, languages, book.root)
                chapters[chapter.path] = filled
                outlines[path] = filled.outline
                problems += find_untranslated_files(
                    *(book.root, chapter.path, path),
                    *(filled.outline, source.text, languages),
                    read_kept(filled.outline),
                )
            elif source:
                missing.append(chapter.path)
                outlines[chapter.path] = read_outline(source.text)
        except BookError as error:
            problems += error.problems
    # Terms of a chapter with problems are not known.
    if not problems:
        own = [edition.path(path) for path in chapters]
        problems += _find_unknown_terms(outlines, own)
    if problems:
        raise BookError(problems)
    return FilledBook(edition, chapters, tuple(missing))


def _find_untranslated_settings(
    book: Book, edition: Edition
) -> Iterator[Problem]:
    """Yield titles in the settings that are still those of the source."""
    languages = edition.language, book.language.code
    text = read_setup(book.root, CONFIG)
    texts = {"title": (edition.title, book.title)}
    texts |= {name: (there, name) for name, there in edition.toc.items()}
    for name, (here, there) in texts.items():
        if is_left(here, there, languages):
            place = (name,) if name == "title" else ("toc", name)
            line = line_at(text, (*SETTING, edition.language, *place))
            what = f"{here!r} is not in the language of this edition"
            yield Problem(CONFIG, line, UNTRANSLATED, what, "translate it")


def _find_strangers(book: Book, edition: Edition) -> Iterator[Problem]:
    """Yield files of the edition that nobody would read.

    Those are chapters that the book does not have, or not by this name, and
    files that are there instead of the book's.
    """
    sources = {chapter.path for chapter in book.chapters}
    folder = book.root / edition.language
    for file in sorted(folder.rglob("*")):
        source = file.relative_to(folder)
        path = source.as_posix()
        is_hidden = any(part.startswith(".") for part in source.parts)
        if path in sources or is_hidden or _MADE & {*source.parts}:
            continue
        if file.is_file() and (misfit := _find_misfit(book, edition, source)):
            yield Problem(edition.path(path), 1, EXTRA, *misfit)


def _find_misfit(
    book: Book, edition: Edition, source: PurePath
) -> tuple[str, str] | None:
    """Return why a file is not read, and a hint; None if it may lie there."""
    path = source.as_posix()
    sources = [chapter.path for chapter in book.chapters]
    if source.suffix not in _TEXTS:
        if not (book.root / source).is_file():
            return None
        hint = "only chapters have editions: remove this file; readers get"
        hint += " that of the book"
        if path in (CONFIG, TOC):
            hint = "what it says in this language is in booktools_editions,"
            hint += f" in {CONFIG}"
        return f"{path} is no chapter", hint
    chapter = source.with_suffix(".md").as_posix()
    is_there = (book.root / source).is_file()
    if source.suffix != ".md" and chapter not in sources and not is_there:
        return None
    what = f"the book has no {path}, of which this is the edition"
    hint = "remove this file, or name its source in _toc.yml"
    missing = {
        name
        for name in sources
        if not (book.root / edition.path(name)).is_file()
    }
    if chapter in missing:
        what = f"{chapter} is Markdown, and so is its edition"
        return what, f"turn it into Markdown: {edition.path(chapter)}"
    if is_there:
        what = f"{TOC} does not name {path}, of which this is the edition"
        hint = "only chapters have editions: remove this file, or name its"
        return what, f"{hint} source there"
    names = {name.casefold().rpartition("/")[2]: name for name in missing}
    name = source.name.casefold()
    if near := difflib.get_close_matches(name, names, 1, cutoff=0.8):
        target = edition.path(names[near[0]])
        hint = f"move it to {target}, or name its source in {TOC}"
    return what, hint


def _find_unknown_terms(
    outlines: dict[str, Outline], own: Iterable[str]
) -> Iterator[Problem]:
    """Yield references to terms that no glossary has."""
    terms = {
        prose.text.casefold(): prose.text
        for outline in outlines.values()
        for prose in outline.prose
        if prose.is_term
    }
    for path in own:
        for reference in outlines[path].references:
            name = reference.target.casefold()
            if reference.role == "term" and name not in terms:
                near = difflib.get_close_matches(name, terms, 1)
                what = f"no glossary has the term {reference.target!r}"
                hint = "write it as the glossary does: {term}`TEXT <TERM>`"
                if near:
                    hint = f"did you mean {terms[near[0]]!r}?"
                yield Problem(path, reference.line, "unknown-term", what, hint)
