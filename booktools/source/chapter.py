"""The files of a book -> Book, Chapter."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from booktools.problem import BookError, Problem
from booktools.source.config import read_config
from booktools.source.myst import Reader
from booktools.source.parts import Cell, Check, Formula, Section
from booktools.source.text import decode, find_control_characters
from booktools.source.toc import TOC, missing_chapter, read_toc


@dataclass(frozen=True)
class Chapter:
    """One file of the book, read but not run.

    ``path`` is relative to the book's folder, with forward slashes.
    """

    path: str
    title: str
    front_matter: dict[str, Any]
    sections: tuple[Section, ...]
    cells: tuple[Cell, ...]
    formulas: tuple[Formula, ...]
    checks: tuple[Check, ...]

    @property
    def name(self) -> str:
        """The file's name without its ending: the name of its module."""
        return PurePosixPath(self.path).stem

    @property
    def docname(self) -> str:
        """The name by which Sphinx and `_toc.yml` call this chapter."""
        return self.path.removesuffix(".md")


@dataclass(frozen=True)
class Book:
    """A folder with `_config.yml`, `_toc.yml` and the chapters it lists.

    ``package`` is the name of the package made from saved code: the Sphinx
    setting ``booktools_package``, or ``d2lmini``.
    """

    root: Path
    title: str
    package: str
    chapters: tuple[Chapter, ...]


def read_book(root: Path) -> Book:
    """Read the book in a folder.

    Raises
    ------
    BookError
        With every problem found in `_config.yml`, `_toc.yml` and chapters.
    """
    problems: list[Problem] = []
    title, package = read_config(root, problems)
    chapters = []
    for path, line, titled in read_toc(root, problems):
        try:
            if not (root / path).is_file():
                problems.append(missing_chapter(root, path, line))
                continue
            data = (root / path).read_bytes()
            chapters.append(read_chapter(path, data, root))
            if not (titled or chapters[-1].title):
                what = "this chapter has no title"
                hint = "begin it with a heading: # TITLE"
                problems.append(Problem(path, 1, "no-title", what, hint))
        except OSError as error:
            what = f"cannot read {path!r}: {error.strerror}"
            problems.append(Problem(TOC, line, "unreadable", what))
        except BookError as error:
            problems += error.problems
    if problems:
        raise BookError(problems)
    return Book(root, title, package, tuple(chapters))


def read_chapter(path: str, data: bytes, root: Path | None = None) -> Chapter:
    """Read one chapter.

    Parameters
    ----------
    path : str
        Where it comes from, relative to the book's folder.
    data : bytes
        Its content.
    root : Path, optional
        The book's folder, to look into files that the chapter includes.

    Raises
    ------
    BookError
        With every problem found in it.
    """
    text = decode(data, path)
    if problems := list(find_control_characters(text, path)):
        raise BookError(problems)
    reader = Reader(path, root)
    reader.read(text)
    chapter = Chapter(
        path,
        reader.sections[0].title if reader.sections else "",
        reader.front_matter,
        tuple(reader.sections),
        tuple(reader.cells),
        tuple(reader.formulas),
        tuple(reader.checks),
    )
    if problems := [*reader.problems, *_find_unchecked(chapter)]:
        raise BookError(problems)
    return chapter


def _find_unchecked(chapter: Chapter) -> Iterator[Problem]:
    """Yield problems of formulas without a check, and the other way round."""
    labels = {formula.label for formula in chapter.formulas}
    checked = {check.label for check in chapter.checks}
    for check in chapter.checks:
        if check.label not in labels:
            line, rule = check.line - 1, "unknown-formula"
            what = f"there is no formula {check.label!r} in this chapter"
            hint = "write {check} and the label of the formula above it"
            yield Problem(chapter.path, line, rule, what, hint)
    for formula in chapter.formulas:
        if formula.label not in checked:
            line, rule = formula.line, "unchecked-formula"
            what = f"formula {formula.label!r} has no check"
            hint = f"add ```{{check}} {formula.label} below it"
            yield Problem(chapter.path, line, rule, what, hint)
