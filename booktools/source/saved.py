"""Marks `#@save` in chapters -> the statements that they save.

A mark is a comment; where it stands decides what it saves (`Mark`).  What
saved code uses decides what its module imports, and whether that module would
work without its chapter (`_Checker`).
"""

import ast
import builtins
import itertools
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from booktools.problem import BookError, Problem
from booktools.source.chapter import Book, Chapter
from booktools.source.config import is_name
from booktools.source.early import Place, find_early
from booktools.source.filenames import RULE, find_bad_names
from booktools.source.magics import python_source
from booktools.source.marks import MARK, Mark, read_marks
from booktools.source.parts import Cell
from booktools.source.python import Code, Import, Statement, read_code
from booktools.source.text import meant

_MAGIC = "get_ipython()."  # what IPython makes of one
_ASSETS = Path(__file__).parent / "assets"
HINTS = tomllib.loads((_ASSETS / "hints_about_marks.toml").read_text("utf-8"))
_SAVABLE = (
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef),
    *(ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Import, ast.ImportFrom),
)


@dataclass(frozen=True)
class SavedStatement:
    """A saved statement.

    ``line`` is where it begins in its chapter; the lines of its ``code`` are
    those of its ``cell``.  ``text`` is what its module has: without marks,
    with the comments directly above it and, where a block begins, with its
    origin.
    """

    names: tuple[str, ...]
    line: int
    text: str
    cell: Cell
    code: Statement

    @property
    def above(self) -> int:
        """The number of lines in the chapter above its cell."""
        return self.cell.line - 1


def read_saved(book: Book) -> list["SavedChapter"]:
    """Read what the book's chapters save, in the order of the book.

    Raises
    ------
    BookError
        With every problem of the marks and of the code that they save.
    """
    problems: list[Problem] = []
    chapters = [
        SavedChapter(chapter, problems)
        for chapter in book.chapters
        if any("@save" in cell.source for cell in chapter.cells)
    ]
    chapters = [chapter for chapter in chapters if chapter.statements]
    saving = {each.chapter.path for each in chapters}
    problems += find_bad_names(book, saving, HINTS[RULE])
    checker = _Checker(book, chapters)
    # While code cannot be read, its names only seem to be unknown.
    if all(problem.rule != "syntax-error" for problem in problems):
        for chapter in chapters:
            checker.check_code(chapter)
    saved = {
        (each.chapter.path, statement.line)
        for each in chapters
        for statement in each.statements
    }
    problems += find_early(book.package, book.chapters, checker.places, saved)
    if problems:
        raise BookError(problems)
    return chapters


class SavedChapter:
    """What a chapter saves: the statements that its marks mark."""

    def __init__(self, chapter: Chapter, problems: list[Problem]):
        self.chapter = chapter
        self.problems = problems
        self.codes: list[tuple[int, Code]] = []  # below so many lines
        self.imports: dict[str, list[Import]] = {}
        self.needed: dict[str, str] = {}  # name -> target
        self.statements: list[SavedStatement] = []
        for cell in chapter.cells:
            self._read_cell(cell)
        self.names = [n for s in self.statements for n in s.names]

    def report(self, line: int, rule: str, what: str, hint: str = "") -> None:
        """Add a problem of this chapter."""
        hint = hint or HINTS[rule]
        problem = Problem(self.chapter.path, line, rule, what, hint)
        self.problems.append(problem)

    def find_definition(self, name: str) -> tuple[int, bool] | None:
        """Return where the chapter's own code binds a name, if anywhere.

        That is a line, and whether the statement there can be saved.
        """
        for above, code in self.codes:
            # Few cells have the name at all, and to look closer takes long.
            if name not in code.compiled.co_names or name not in code.binds:
                continue
            for each in code.statements:
                fits = name in each.bound_and_mutated[0]
                if fits or (name in each.binds and not each.is_import):
                    return above + each.node.lineno, fits
        return None

    def find_import(self, name: str, line: int) -> Import | None:
        """Return the nearest import of a name above a line."""
        found = self.imports.get(name, [])
        above = [each for each in found if each.line <= line]
        return next(iter([*above[-1:], *found]), None)

    def import_lines(self) -> list[str]:
        """Return the imports that the saved code needs."""
        # `import os` and `import os.path` stand for the same.
        texts = {
            each.text
            for name, target in self.needed.items()
            for each in self.imports[name]
            if each.target == target
        }
        # First those from __future__, as Python wants; then `import x`.
        order = [(" __future__ " not in t, t[0] == "f", t) for t in texts]
        return [text for _, _, text in sorted(order)]

    def _read_cell(self, cell: Cell) -> None:
        above = cell.line - 1  # the number of lines above the cell
        source = python_source(cell.source)
        try:
            code = read_code(source)
            code.compiled  # noqa: B018  (finds errors that parsing does not)
        except SyntaxError as error:
            # A cell may show an error of syntax, if it saves nothing.
            shown = "raises-exception" in cell.tags
            if not shown or MARK.search(cell.source):
                line = above + (error.lineno or 1)
                self.report(line, "syntax-error", error.msg)
            return
        self.codes.append((above, code))
        imports = [s.imports for s in code.statements if s.is_import]
        for each in itertools.chain(*imports):
            if each.target:
                each = each._replace(line=above + each.line)
                self.imports.setdefault(each.name, []).append(each)
            if each.target.startswith("__future__."):
                self.needed[each.name] = each.target
        if MARK.search(cell.source):
            marks = list(read_marks(source))
            self._check_marks(cell, source, code, marks)
            self.statements += self._read_statements(cell, source, code, marks)

    def _check_marks(
        self, cell: Cell, source: str, code: Code, marks: list[Mark]
    ) -> None:
        """Report marks that save nothing."""
        # A magic's line includes its comment; a cell magic is the whole cell.
        new = source.split("\n")
        for i, text in enumerate(cell.source.split("\n")):
            now = new[i] if i < len(new) else ""
            if MARK.search(text) and (not now.strip() or _MAGIC in now):
                what = "#@save cannot save magics"
                self.report(cell.line + i, "not-savable", what)
        begins = {line for each in code.statements for line in each.lines}
        for mark in marks:
            line = cell.line - 1 + mark.line
            if not begins.isdisjoint(mark.targets):
                continue
            if mark.above:
                what = "there is nothing directly below this #@save"
                self.report(line, "nothing-to-save", what)
            else:
                what = "this #@save is inside a statement"
                self.report(line, "indented-mark", what)

    def _read_statements(
        self, cell: Cell, source: str, code: Code, marks: list[Mark]
    ) -> Iterator[SavedStatement]:
        lines = ["", *source.split("\n")]  # so that line 1 has index 1
        texts = {mark.line: mark.text for mark in marks}
        end = 0  # of the statement above
        in_run = joinable = False
        for statement in code.statements:
            node, line = statement.node, statement.lines[0]
            last = node.end_lineno or node.lineno
            simple = not isinstance(getattr(node, "body", node), list)
            first = line  # with the comments above it
            while first > end + 1 and lines[first - 1][:1] == "#":
                first -= 1
            # The first statement of a cell continues nothing.
            adjacent = end > 0 and first <= end + 1
            begins = statement.lines
            own = [m for m in marks if not m.targets.isdisjoint(begins)]
            in_run = any(m.above for m in own) or (in_run and adjacent)
            save = in_run or bool(own)
            if save and self._can_save(cell, node, lines[line : last + 1]):
                # Statements that share a line share its text, too.
                text = "".join(
                    f"{texts.get(i, lines[i])}\n"
                    for i in range(max(first, end + 1), last + 1)
                    if texts.get(i) != ""
                )
                if not (adjacent and joinable and simple):
                    text = f"\n\n# {self.chapter.place_of(cell)}\n{text}"
                # One that changes a name does not give it to the book.
                changes = isinstance(node, ast.AugAssign)
                names = () if changes else statement.bound_and_mutated[0]
                at = cell.line - 1 + line
                yield SavedStatement(tuple(names), at, text, cell, statement)
            end, in_run, joinable = last, in_run and simple, save and simple

    def _can_save(self, cell: Cell, node: ast.stmt, lines: list[str]) -> bool:
        can_save = isinstance(node, _SAVABLE)
        if isinstance(node, ast.ImportFrom):
            is_star = node.names[0].name == "*"
            can_save = not (is_star or node.module == "__future__")
        code = repr(ast.unparse(node).split("\n")[0])
        if any(_MAGIC in line for line in lines):
            code, can_save = "magics", False
        if not can_save:
            what = f"#@save cannot save {code}"
            self.report(cell.line - 1 + node.lineno, "not-savable", what)
        return can_save


class _Checker:
    """Checks what chapters save against one another, and finds imports."""

    def __init__(self, book: Book, chapters: list[SavedChapter]):
        self.package = book.package
        self.alias = book.alias
        self.modules = {c.name for c in book.chapters} | {"torch"}
        self.places: dict[str, Place] = {}
        self.saved: set[str] = set()  # above the code that is being checked
        if chapters and not is_name(self.package):
            line = chapters[0].statements[0].line
            what = "this is saved, but the book has no name for a package"
            chapters[0].report(line, "no-package-name", what)
        for chapter in chapters:
            for statement in chapter.statements:
                path = chapter.chapter.path
                number = book.chapters.index(chapter.chapter)
                place = Place(number, path, statement.line)
                for name in statement.names:
                    if first := self.places.get(name):
                        what = f"saved name {name!r} is already saved in "
                        what += f"{first.path}:{first.line}"
                        chapter.report(statement.line, "duplicate-name", what)
                    elif name in self.modules or name.startswith("__"):
                        what, hint = self._refuse(name)
                        line = statement.line
                        chapter.report(line, "reserved-name", what, hint)
                    self.places.setdefault(name, place)

    def _refuse(self, name: str) -> tuple[str, str]:
        """Say why nothing can be saved under a name."""
        what, hint = f"saved name {name!r} is ", "choose another name"
        if name == "torch":
            what += "the package's own: code written for D2L imports it"
        elif name.startswith("__"):
            what += "one of Python's own"
        else:
            what += f"also the name of a chapter: {self.package}.{name} would"
            what += " be its module or this, as the order of imports has it"
            hint = f"rename this, or the chapter's file: {name}_method.md"
        return what, hint

    def check_code(self, chapter: SavedChapter) -> None:
        """Check what the saved code of the next chapter changes and uses."""
        for statement in chapter.statements:
            for part in statement.code.bound_and_mutated[1]:
                base = part
                while isinstance(base, ast.Attribute | ast.Subscript):
                    base = base.value
                if ast.unparse(base) in chapter.imports:
                    what = (
                        f"this changes {ast.unparse(part)!r} of another "
                        "module, which would then depend on whether this one "
                        "was imported"
                    )
                    line = statement.above + part.lineno
                    chapter.report(line, "changes-earlier", what)
            self._check_paths(chapter, statement)
            self._check_names(chapter, statement)
            self.saved.update(statement.names)

    def _check_paths(
        self, chapter: SavedChapter, saved: SavedStatement
    ) -> None:
        """Check the likes of `d2lmini.plot` and `d2lmini.torch.plot`."""
        paths = [(i.target, saved.above + i.line) for i in saved.code.imports]
        for node, names in saved.code.chains:
            if not isinstance(node.ctx, ast.Load):
                names = names[:-1]  # the last one is bound or deleted here
            line = saved.above + node.lineno
            if names and (found := chapter.find_import(names[0], line)):
                paths.append((".".join([found.target, *names[1:]]), line))
        for path, line in paths:
            package, *names = path.split(".")
            if names and names[0] in self.modules:
                del names[0]
            if package != self.package or not names:
                continue
            known = names[0] in self.saved.difference(chapter.names)
            if not known and not names[0].startswith("__"):
                self._report_use(chapter, line, names[0])

    def _check_names(
        self, chapter: SavedChapter, saved: SavedStatement
    ) -> None:
        """Check bare names, and find the imports that they need."""
        if saved.code.awaits:
            line = saved.above + saved.code.node.lineno
            what = "#@save cannot save an await outside a function"
            chapter.report(line, "not-savable", what)
        for read in saved.code.reads:
            name, line = read.name, saved.above + read.line
            if not read.is_free:
                continue
            if name in chapter.names:
                # With annotations from __future__, a name that is saved
                # below may stand in one: Python does not read it at import.
                early = read.at_import and name not in self.saved
                if early and "annotations" not in chapter.needed:
                    self._report_use(chapter, line, name)
            elif binding := chapter.find_import(name, line):
                chapter.needed.setdefault(name, binding.target)
            elif found := chapter.find_definition(name):
                self._report_unsaved(chapter, line, name, *found)
            elif not (hasattr(builtins, name) or name.startswith("__")):
                self._report_use(chapter, line, name)

    def _report_unsaved(
        self, chapter: SavedChapter, line: int, name: str, at: int, fits: bool
    ) -> None:
        """Report a name that the chapter binds, and does not save."""
        if name in self.places:
            self._report_use(chapter, line, name)
            return
        what = f"saved code uses {name!r}, which line {at} defines, but does"
        hint = "give it its value in a statement of its own, and save that"
        if fits:
            hint = f"write #@save at the end of line {at}"
        chapter.report(line, "unknown-name", f"{what} not save", hint)

    def _report_use(self, chapter: SavedChapter, line: int, name: str) -> None:
        rule, place = "used-before-saved", self.places.get(name)
        if not place or name in self.saved.difference(chapter.names):
            rule = "unknown-name"
        why = "nothing imports or saves"
        hint = HINTS[rule].replace("PACKAGE", self.alias)
        if place:
            why = f"only {place.path}:{place.line} saves"
        else:
            names = {*self.places, *chapter.imports} - {name}
            hint = meant(name, names, hint)
        what = f"saved code uses {name!r}, which {why}"
        chapter.report(line, rule, what, hint)
