"""Marks `#@save` in chapters -> the statements that they save.

A mark is a comment; where it stands decides what it saves (`Mark`).  What
saved code uses decides what its module imports, and whether that module would
work without its chapter (`_Checker`).
"""

import ast
import builtins
import io
import itertools
import keyword
import re
import sys
import tokenize
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from booktools.problem import BookError, Problem
from booktools.source.chapter import Book, Chapter
from booktools.source.magics import python_source
from booktools.source.parts import Cell
from booktools.source.python import Code, Import, Statement, read_code

_MARK = re.compile(r"#[ \t]*@save\b")
_MAGIC = "get_ipython()."  # what IPython makes of one
_ASSETS = Path(__file__).parent / "assets"
HINTS = tomllib.loads((_ASSETS / "hints_about_marks.toml").read_text("utf-8"))
_SAVABLE = (
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef),
    *(ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Import, ast.ImportFrom),
)


class Mark(NamedTuple):
    """A mark in a cell: its line, and what that line is without it.

    It saves the statements that begin on its ``targets``: the lines of code
    whose end it stands at, or the line below it.  A mark ``above`` its
    statement also saves what stands directly below that.
    """

    line: int
    text: str
    above: bool
    targets: frozenset[int]


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
    checker = _Checker(book, chapters)
    # While code cannot be read, its names only seem to be unknown.
    if all(problem.rule != "syntax-error" for problem in problems):
        for chapter in chapters:
            checker.check_code(chapter)
    if problems:
        raise BookError(problems)
    return chapters


def is_module_name(name: str) -> bool:
    """Say whether a chapter's name can be the name of its module."""
    reserved = {*keyword.kwlist, *sys.stdlib_module_names, "torch"}
    fits = re.fullmatch("[a-z][a-z0-9_]*", name)
    return fits is not None and name not in reserved


class SavedChapter:
    """What a chapter saves: the statements that its marks mark."""

    def __init__(self, chapter: Chapter, problems: list[Problem]):
        self.chapter = chapter
        self.problems = problems
        self.codes: list[Code] = []
        self.imports: dict[str, list[Import]] = {}
        self.needed: dict[str, str] = {}  # name -> target
        self.statements: list[SavedStatement] = []
        for cell in chapter.cells:
            self._read_cell(cell)
        self.names = [n for s in self.statements for n in s.names]

    def report(self, line: int, rule: str, what: str) -> None:
        """Add a problem of this chapter."""
        problem = Problem(self.chapter.path, line, rule, what, HINTS[rule])
        self.problems.append(problem)

    def defines(self, name: str) -> bool:
        """Say whether the chapter's own code binds a name."""
        # Few cells have the name at all, and to look closer takes long.
        codes = [c for c in self.codes if name in c.compiled.co_names]
        return any(name in code.binds for code in codes)

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
            if not shown or _MARK.search(cell.source):
                line = above + (error.lineno or 1)
                self.report(line, "syntax-error", error.msg)
            return
        self.codes.append(code)
        imports = [s.imports for s in code.statements if s.is_import]
        for each in itertools.chain(*imports):
            if each.target:
                each = each._replace(line=above + each.line)
                self.imports.setdefault(each.name, []).append(each)
            if each.target.startswith("__future__."):
                self.needed[each.name] = each.target
        if _MARK.search(cell.source):
            marks = list(_read_marks(source))
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
            if _MARK.search(text) and (not now.strip() or _MAGIC in now):
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
                    text = f"\n\n# {_place(self.chapter, cell)}\n{text}"
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


def _read_marks(source: str) -> Iterator[Mark]:
    """Yield the marks in a cell's Python."""
    lines = ["", *source.split("\n"), ""]
    start = 0  # of the statement, or of its head, that the token is in
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        line, column = token.start
        if token.type == tokenize.NEWLINE:
            start = 0
        elif token.type != tokenize.COMMENT:
            start = start or (line if token.string.strip() else 0)
        elif match := _MARK.match(token.string):
            code = lines[line][:column].rstrip()
            rest = token.string[match.end() :].strip(" \t#:")
            parts = [code, f"# {rest}" if rest else ""]
            targets = range(start, line + 1) if code else range(0)
            if above := start == column == 0:
                below = line + 1
                while lines[below].startswith("#"):
                    below += 1
                targets = range(below, below + 1)
            text = "  ".join(filter(None, parts))
            yield Mark(line, text, above, frozenset(targets))


def _place(chapter: Chapter, cell: Cell) -> str:
    """Name the section of a cell."""
    if not cell.section:
        return chapter.path
    if cell.section.label:
        return f"{chapter.path}#{cell.section.label}"
    return f'{chapter.path}, "{cell.section.title}"'


class _Checker:
    """Checks what chapters save against one another, and finds imports."""

    def __init__(self, book: Book, chapters: list[SavedChapter]):
        self.package = book.package
        self.modules = {c.name for c in book.chapters} | {"torch"}
        self.places: dict[str, str] = {}  # saved name -> path:line
        self.saved: set[str] = set()  # above the code that is being checked
        taken: set[str] = set()
        for chapter in chapters:
            name = chapter.chapter.name
            if name in taken or not is_module_name(name):
                what = f"no module can have this chapter's name, {name!r}"
                chapter.report(1, "bad-chapter-name", what)
            taken.add(name)
            for statement in chapter.statements:
                place = f"{chapter.chapter.path}:{statement.line}"
                for name in statement.names:
                    what = f"saved name {name!r} is "
                    if name in self.places:
                        what += f"already saved in {self.places[name]}"
                        chapter.report(statement.line, "duplicate-name", what)
                    elif name in self.modules or name.startswith("__"):
                        what += "a chapter's or the package's own"
                        chapter.report(statement.line, "reserved-name", what)
                    self.places.setdefault(name, place)

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
            elif chapter.defines(name) or not (
                hasattr(builtins, name) or name.startswith("__")
            ):
                self._report_use(chapter, line, name)

    def _report_use(self, chapter: SavedChapter, line: int, name: str) -> None:
        rule, place = "used-before-saved", self.places.get(name)
        if not place or name in self.saved.difference(chapter.names):
            rule = "unknown-name"
        why = f"only {place} saves" if place else "nothing imports or saves"
        what = f"saved code uses {name!r}, which {why}"
        chapter.report(line, rule, what)
