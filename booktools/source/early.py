"""What code that is not saved takes from the package, and is not there yet.

Who reads in order has only what the chapters so far have saved.  While the
book is built the whole package is there, so such code runs.  So do checks,
which readers do not run.
"""

import ast
import builtins
import functools
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from pathlib import PurePath
from typing import NamedTuple

from booktools.problem import Problem
from booktools.source.chapter import Chapter
from booktools.source.magics import executed_python
from booktools.source.parts import Cell
from booktools.source.python import Code, Statement, read_code
from booktools.source.text import meant


class Place(NamedTuple):
    """Where a name is saved: the chapter's number in the book, the line."""

    chapter: int
    path: str
    line: int


class _Use(NamedTuple):
    """A name that code takes from the package."""

    name: str
    line: int
    text: str
    is_import: bool = False


def find_early(
    package: str,
    chapters: Sequence[Chapter],
    places: Mapping[str, Place],
    saved: Set[tuple[str, int]],
) -> Iterator[Problem]:
    """Yield, for each chapter, the first use of a helper not yet saved.

    Parameters
    ----------
    package : str
        The book's package.
    chapters : sequence of Chapter
        In the order of the book.
    places : mapping of str to Place
        Where each name is saved.
    saved : set of (str, int)
        Path and line of the statements that are saved: they have rules of
        their own.
    """
    modules = {chapter.name for chapter in chapters} | {"torch"}
    known = {*places, *(PurePath(p.path).stem for p in places.values())}
    for number, chapter in enumerate(chapters):
        own = {line for path, line in saved if path == chapter.path}
        reader = _Reader(package, modules, own, chapter.cells)
        seen = set()
        for cell in chapter.cells:
            for use in reader.read(cell):
                if use.name in seen:
                    continue
                seen.add(use.name)
                here = Place(number, chapter.path, use.line)
                place = places.get(use.name)
                if place and place > here and "helper-order" in chapter.rules:
                    yield _early(here, use, place)
                elif not place and "unsaved-helper" in chapter.rules:
                    found = _find_definition(package, here, use, chapters)
                    if found:
                        yield _unsaved(here, use, *found)
                    elif known and (hint := meant(use.name, known)):
                        yield _unknown(here, use, hint)
                    elif known and use.is_import:
                        hint = "mark its definition with #@save"
                        yield _unknown(here, use, hint)


def _early(here: Place, use: _Use, place: Place) -> Problem:
    where = f"{place.path}:{place.line}"
    what = f"{use.text!r} is used here, but saved later, in {where}"
    hint = "save it earlier, or use it later; on purpose: write rules:"
    hint += " {helper-order: false} into the front matter of this chapter"
    return Problem(here.path, here.line, "helper-order", what, hint)


def _unsaved(here: Place, use: _Use, path: str, line: int) -> Problem:
    what = f"{use.text!r} is not saved: {path}:{line} only defines it"
    hint = f"write #@save at the end of line {line} there"
    if path == here.path:
        hint += ", or use the bare name here"
    return Problem(here.path, here.line, "unsaved-helper", what, hint)


def _unknown(here: Place, use: _Use, hint: str) -> Problem:
    what = f"{use.text!r} is not saved, and no chapter defines it"
    return Problem(here.path, here.line, "unsaved-helper", what, hint)


def _find_definition(
    package: str, here: Place, use: _Use, chapters: Sequence[Chapter]
) -> tuple[str, int] | None:
    """Return where a name is defined, and not saved, if anywhere."""
    for chapter in chapters[: here.chapter + 1]:
        for cell in chapter.cells:
            for statement in _statements(cell):
                if use.name not in statement.bound_and_mutated[0]:
                    continue
                # An import from the package only asks for the name.
                paths = (each.path for each in statement.imports)
                asks = any(p.split(".")[0] == package for p in paths)
                if not (statement.is_import and asks):
                    line = cell.line - 1 + statement.node.lineno
                    return chapter.path, line
    return None


class _Reader:
    """Reads a chapter from above, and knows what it calls the package."""

    def __init__(
        self,
        package: str,
        modules: Collection[str],
        saved: Collection[int],
        cells: Sequence[Cell],
    ):
        self._package = package
        self._modules = modules
        self._saved = saved
        self._cells = cells
        self._aliases: set[str] = set()
        self._stars: set[str] = set()  # of these, all by their bare names

    def read(self, cell: Cell) -> Iterator[_Use]:
        """Yield what the next cell takes from the package."""
        above = cell.line - 1
        for statement in _statements(cell):
            uses = [*self._imported(statement), *self._named(statement)]
            if self._stars == {self._package}:
                uses += self._bare(statement)
            # Who tries something shows that it fails.
            tried = isinstance(statement.node, ast.Try)
            if above + statement.lines[0] not in self._saved and not tried:
                for use in uses:
                    yield use._replace(line=above + use.line)

    def _imported(self, statement: Statement) -> Iterator[_Use]:
        for each in statement.imports:
            package, *names = each.path.split(".")
            if each.name == "*":
                # What another star brings, nobody knows.
                self._stars.add(package)
            elif package != self._package:
                self._aliases.discard(each.name)
            elif found := self._own(names):
                if found.startswith("__"):
                    continue  # the package's own, such as __version__
                path = [package, *names[: names.index(found) + 1]]
                yield _Use(found, each.line, ".".join(path), is_import=True)
            else:
                self._aliases.add(each.name)

    def _named(self, statement: Statement) -> Iterator[_Use]:
        for node, (base, *names) in statement.chains:
            is_read = isinstance(node.ctx, ast.Load)
            if base not in self._aliases or not is_read:
                continue
            found = self._own(names)
            # A name such as __version__ is the package's own.
            if found and not found.startswith("__"):
                path = names[: names.index(found) + 1]
                yield _Use(found, node.lineno, ".".join([base, *path]))

    def _bare(self, statement: Statement) -> Iterator[_Use]:
        """Yield names that are there only if a star brings them."""
        with suppress(SyntaxError):
            for read in statement.reads:
                if read.is_free and read.name not in self._others:
                    yield _Use(read.name, read.line, read.name)

    @functools.cached_property
    def _others(self) -> set[str]:
        """The names that are from elsewhere: Python's, the chapter's own."""
        names = {*dir(builtins), "display", "get_ipython"}
        for cell in self._cells:
            for statement in _statements(cell):
                with suppress(SyntaxError):
                    names |= statement.binds
        return names

    def _own(self, names: list[str]) -> str:
        """Return the saved name that a path leads to, or nothing."""
        names = names[1:] if names and names[0] in self._modules else names
        return names[0] if names else ""


def _statements(cell: Cell) -> list[Statement]:
    """Return what runs one by one; nothing of what is meant to fail."""
    if "raises-exception" in cell.tags:
        return []
    try:
        code: Code = read_code(executed_python(cell.source))
    except SyntaxError:
        return []
    return code.statements
