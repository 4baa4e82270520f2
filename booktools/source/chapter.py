"""The files of a book -> Book, Chapter."""

import functools
import keyword
import re
import sys
from collections import Counter
from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from booktools.language import Language, load_language
from booktools.problem import BookError, Problem
from booktools.source.config import (
    CONFIG,
    is_off,
    read_config,
    read_features,
    read_language,
)
from booktools.source.dialect import (
    find_breaches,
    find_lone_solutions,
    find_misspelt,
    find_second_titles,
    find_unlisted,
)
from booktools.source.myst import Reader
from booktools.source.parts import (
    Cell,
    Check,
    Directive,
    Footnote,
    Formula,
    Section,
)
from booktools.source.rules import RULES, read_own_rules, read_rules
from booktools.source.text import (
    decode,
    find_control_characters,
    load_yaml,
    mapping,
    meant,
    read_setup,
    scalars,
)
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
    directives: tuple[Directive, ...]
    footnotes: tuple[Footnote, ...]
    includes: frozenset[str]
    rules: Set[str]

    @property
    def name(self) -> str:
        """The file's name without its ending: the name of its module."""
        return PurePosixPath(self.path).stem

    @property
    def docname(self) -> str:
        """The name by which Sphinx and `_toc.yml` call this chapter."""
        return self.path.removesuffix(".md")

    def place_of(self, cell: Cell) -> str:
        """Name the section of a cell."""
        if not cell.section:
            return self.path
        if cell.section.label:
            return f"{self.path}#{cell.section.label}"
        return f'{self.path}, "{cell.section.title}"'


@dataclass(frozen=True)
class Book:
    """A folder with `_config.yml`, `_toc.yml` and the chapters it lists.

    ``package`` is the name of the package made from saved code, and of files
    for readers: see `read_config`.  ``language`` is that of the Sphinx setting
    of this name, or English; ``unlisted`` is what is wrong with files that it
    does not list.
    """

    root: Path
    title: str
    package: str
    chapters: tuple[Chapter, ...]
    language: Language = field(default_factory=Language)
    unlisted: tuple[Problem, ...] = ()

    @functools.cached_property
    def alias(self) -> str:
        """What most chapters call the package; else its own name."""
        package = re.escape(self.package)
        line = re.compile(rf"^\s*import {package} as (\w+)", re.MULTILINE)
        names = Counter(
            name
            for chapter in self.chapters
            for cell in chapter.cells
            for name in line.findall(cell.source)
        )
        return names.most_common(1)[0][0] if names else self.package


def read_book(root: Path) -> Book:
    """Read the book in a folder.

    Raises
    ------
    BookError
        With every problem found in `_config.yml`, `_toc.yml` and chapters.
    """
    problems: list[Problem] = []
    title, package = read_config(root, problems)
    checked = not is_off(read_features(root), "checks")
    code = read_language(root, problems)
    language = Language(code)
    try:
        language = load_language(code, root)
    except BookError as error:
        problems += error.problems
    text = read_setup(root, CONFIG)
    config = mapping(load_yaml(text, CONFIG))
    rules = read_rules(text, config, problems)
    chapters: list[Chapter] = []
    for path, line, titled in read_toc(root, problems):
        try:
            if not (root / path).is_file():
                problems.append(missing_chapter(root, path, line))
                continue
            data = (root / path).read_bytes()
            # Of a course; a plain Jupyter Book has its pages anywhere.
            is_chapter = path.startswith("chapters/")
            own = rules if is_chapter else rules - {"heading-label"}
            chapters.append(read_chapter(path, data, root, own, checked))
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
    directives = [each for chapter in chapters for each in chapter.directives]
    if problems := list(find_lone_solutions(directives)):
        raise BookError(problems)
    unlisted: list[Problem] = []
    if "unlisted-chapter" in rules:
        names = {name for name, _ in scalars(read_setup(root, TOC))}
        # Those that cannot be in the book are named there, too.
        named = names | {f"{name}.md" for name in names}
        named |= {path for chapter in chapters for path in chapter.includes}
        patterns = config.get("exclude_patterns") or []
        paths = [chapter.path for chapter in chapters]
        unlisted += find_unlisted(root, package, paths, named, patterns)
    return Book(
        *(root, title, package, tuple(chapters), language, tuple(unlisted))
    )


def read_chapter(
    path: str,
    data: bytes,
    root: Path | None = None,
    rules: Set[str] = frozenset(),
    checked: bool = True,
) -> Chapter:
    """Read one chapter.

    Parameters
    ----------
    path : str
        Where it comes from, relative to the book's folder.
    data : bytes
        Its content.
    root : Path, optional
        The book's folder, to look into files that the chapter includes.
    rules : set of str, optional
        The rules that hold; without it, those that hold in every book.
    checked : bool, optional
        Whether formulas have checks; where they have none, nobody reads any.

    Raises
    ------
    BookError
        With every problem found in it.
    """
    text = decode(data, path)
    problems = list(find_control_characters(text, path))
    if problems:
        raise BookError(problems)
    reader = Reader(path, root)
    reader.read(text)
    rules = read_own_rules(text, reader.front_matter, rules, path, problems)
    off = RULES.keys() - rules
    problems += (p for p in reader.problems if p.rule not in off)
    if misspelt := list(find_misspelt(reader.directives)):
        raise BookError([*problems, *misspelt])
    chapter = Chapter(
        path,
        reader.sections[0].title if reader.sections else "",
        reader.front_matter,
        tuple(reader.sections),
        tuple(reader.cells),
        tuple(reader.formulas),
        tuple(reader.checks) if checked else (),
        tuple(reader.directives),
        tuple(reader.footnotes),
        frozenset(reader.includes),
        rules,
    )
    problems += find_breaches(
        *(path, text, chapter.sections, chapter.cells, chapter.footnotes),
        *(chapter.directives, reader.headings, chapter.rules),
    )
    if "second-title" in chapter.rules:
        problems += find_second_titles(reader.titles)
    problems += _find_unchecked(chapter) if checked else ()
    if problems:
        raise BookError(problems)
    return chapter


def is_module_name(name: str) -> bool:
    """Say whether a chapter's name can be the name of its module."""
    reserved = {*keyword.kwlist, *sys.stdlib_module_names, "torch"}
    fits = re.fullmatch("[a-z][a-z0-9_]*", name)
    return fits is not None and name not in reserved


def _find_unchecked(chapter: Chapter) -> Iterator[Problem]:
    """Yield problems of formulas without a check, and the other way round."""
    labels = {formula.label for formula in chapter.formulas}
    checked = {check.label for check in chapter.checks}
    for check in chapter.checks:
        if check.label not in labels:
            line, rule = check.line - 1, "unknown-formula"
            what = f"there is no formula {check.label!r} in this chapter"
            hint = "write {check} and the label of the formula above it"
            hint = meant(check.label, labels, hint)
            yield Problem(chapter.path, line, rule, what, hint)
    for formula in chapter.formulas:
        if "unchecked-formula" not in chapter.rules:
            return
        if formula.label not in checked:
            line, rule = formula.line, "unchecked-formula"
            what = f"formula {formula.label!r} has no check"
            below = f"```{{check}} {formula.label}"
            hint = f"add {below} below it, empty or with code"
            yield Problem(chapter.path, line, rule, what, hint)
