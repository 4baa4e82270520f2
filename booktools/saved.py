"""Marks `#@save` in chapters -> the text of the book's package.

A mark is a comment; where it stands decides what it saves (`_Marked`).  What
saved code uses decides what its module imports, and whether that module would
work without its chapter (`_Checker`).  Which names are global, Python's own
compiler tells.
"""

import __future__

import ast
import builtins
import dis
import inspect
import io
import json
import keyword
import os
import re
import sys
import tokenize
import tomllib
import warnings
from bisect import bisect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import takewhile
from pathlib import Path
from types import CodeType
from typing import NamedTuple

from booktools.chapter import Book, Cell, Chapter, python_source
from booktools.problem import BookError, Problem

_MARK = re.compile(r"#[ \t]*@save\b")
_HEADER = "# Generated from "
_HEADER_END = ' by "python -m booktools extract". Do not edit.'
_PYPROJECT = "pyproject.toml"

# What the package's own file is made of, beside dunder names.
_RESERVED = {"_MODULES", "_sys", "_typing"}

_STORES = {"STORE_NAME", "STORE_GLOBAL"}
_LOADS = {"LOAD_NAME", "LOAD_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS"}

# Statements that share a line: they are marked and copied together.
_Unit = list[ast.stmt]


@dataclass(frozen=True)
class Statement:
    """A saved statement, or several that share a line.

    ``line`` is where it begins in its chapter; its nodes' lines are the
    chapter's, too.  ``source`` is without marks and with the comments directly
    above it.  A ``joined`` statement directly follows the one before it.
    """

    names: tuple[str, ...]
    line: int
    source: str
    joined: bool
    cell: Cell
    nodes: tuple[ast.stmt, ...]


@dataclass(frozen=True)
class Module:
    """The saved code of a chapter, and the imports that it needs."""

    chapter: Chapter
    imports: tuple[str, ...]
    statements: tuple[Statement, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """What the module defines, in the order of the chapter."""
        return tuple(n for s in self.statements for n in s.names)


class Use(NamedTuple):
    """A global name that code reads, and the attributes taken from it.

    ``at_import`` says that it is read while the code is imported, not only
    when a function is called.
    """

    name: str
    attributes: tuple[str, ...]
    line: int
    at_import: bool


def read_saved(book: Book) -> tuple[Module, ...]:
    """Read what the book's chapters save, in the order of the book.

    Raises
    ------
    BookError
        With every problem of the marks and of the code that they save.
    """
    problems: list[Problem] = []
    with warnings.catch_warnings():
        # Of a chapter's code, Python warns when the chapter runs.
        warnings.simplefilter("ignore")
        chapters = [
            _Marked(chapter, problems)
            for chapter in book.chapters
            if any("@save" in cell.source for cell in chapter.cells)
        ]
        checker = _Checker(book, chapters)
        checker.check_names()
        # While code cannot be read, its names only seem to be unknown.
        if all(problem.rule != "syntax-error" for problem in problems):
            checker.check_code()
    if problems:
        raise BookError(problems)
    return tuple(
        Module(marked.chapter, marked.import_lines(), marked.statements)
        for marked in chapters
        if marked.statements
    )


def render_package(book: Book, version: str) -> dict[str, str]:
    """Return the text of each file of the book's package.

    Parameters
    ----------
    book : Book
        The book, read.
    version : str
        The package's ``__version__``.

    Returns
    -------
    dict of str to str
        File, relative to the book's folder with forward slashes -> text;
        empty if the book saves nothing.

    Raises
    ------
    BookError
        With every problem of the marks and of the code that they save.
    """
    modules = read_saved(book)
    if not modules:
        return {}
    files = {"__init__": _render_init(book, modules, version)}
    files |= {m.chapter.name: _render_module(m) for m in modules}
    return {f"{book.package}/{name}.py": text for name, text in files.items()}


def read_version(root: Path) -> str:
    """Return the version in `pyproject.toml`, "0" if it has none."""
    try:
        data = tomllib.loads((root / _PYPROJECT).read_text("utf-8"))
    except FileNotFoundError:
        return "0"
    except ValueError as error:
        what = f"this is not TOML: {error}"
        raise BookError([Problem(_PYPROJECT, 1, "bad-toml", what)]) from None
    project = data.get("project")
    return str(project.get("version", "0") if isinstance(project, dict) else 0)


def stale_files(
    root: Path, package: str, files: Mapping[str, str]
) -> dict[str, tuple[str, str | None]]:
    """Compare a package with what is on disk.

    Parameters
    ----------
    root : Path
        The book's folder.
    package : str
        Name of the package and of its folder.
    files : mapping of str to str
        What `render_package` returned.

    Returns
    -------
    dict of str to (str, str or None)
        Each file that differs -> its text on disk, and the text that it should
        have, ``None`` if it should not be there.

    Raises
    ------
    BookError
        With every file among them that somebody wrote by hand.
    """
    there = {f"{package}/{p.name}": p for p in (root / package).glob("*.py")}
    stale: dict[str, tuple[str, str | None]] = {}
    foreign = []
    for name in sorted({*there, *files}):
        new = files.get(name)
        old = ""
        if name in there:
            old = there[name].read_bytes().decode("utf-8", "replace")
        if old and not old.startswith(_HEADER):
            what = f"{package}/ is generated, but this file is not"
            hint = "move it to another folder"
            foreign.append(Problem(name, 1, "foreign-file", what, hint))
        elif old != new:
            stale[name] = old, new
    # A book that saves nothing has no package to keep clean.
    if foreign and files:
        raise BookError(foreign)
    return stale


def write_files(
    root: Path, stale: Mapping[str, tuple[str, str | None]]
) -> None:
    """Write or delete the files that `stale_files` found."""
    for name, (_, text) in stale.items():
        path = root / name
        if text is None:
            path.unlink()
            continue
        path.parent.mkdir(exist_ok=True)
        # Who reads it meanwhile gets the old or the new text, never a part.
        temporary = path.with_suffix(".tmp")
        temporary.write_bytes(text.encode())
        os.replace(temporary, path)


def global_uses(
    code: CodeType, around: Iterable[str] = (), at_import: bool = True
) -> Iterator[Use]:
    """Find the global names that code reads before it binds them.

    Parameters
    ----------
    code : code object
        Compiled statements; functions and classes in it are searched, too.
    around : iterable of str
        Names bound by the code around it.
    at_import : bool
        Whether this code runs while it is imported.
    """
    # An EXTENDED_ARG only makes room for the argument of what follows it.
    steps = [
        step
        for step in dis.get_instructions(code)
        if step.opname != "EXTENDED_ARG"
    ]
    bound: set[str] = set()
    for i, step in enumerate(steps):
        if step.opname in _STORES:
            bound.add(step.argval)
        elif step.opname in _LOADS and step.argval not in bound:
            # Annotations and type parameters see the names of their class.
            if "_DICT_" in step.opname and step.argval in around:
                continue
            attributes = takewhile(
                lambda step: step.opname.endswith(("_ATTR", "_METHOD")),
                steps[i + 1 :],
            )
            chain = tuple(step.argval for step in attributes)
            yield Use(step.argval, chain, _line(step, code), at_import)
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            # Class bodies, comprehensions and annotations run at once.
            at_once = (
                not inner.co_flags & inspect.CO_OPTIMIZED
                or inner.co_name == "__annotate__"
                or (inner.co_name[0] == "<" and inner.co_name != "<lambda>")
            )
            names = {*around, *bound}
            yield from global_uses(inner, names, at_import and at_once)


class _Import(NamedTuple):
    """A name that an import binds: how it is written, what it stands for."""

    name: str
    text: str
    target: str
    line: int


class _Marked:
    """A chapter with marks: finds what they mark.

    Its cells are read as one text, in which each keeps its lines.
    """

    def __init__(self, chapter: Chapter, problems: list[Problem]):
        self.chapter = chapter
        self.problems = problems
        self.lines = [""]  # so that line 1 has index 1
        self.magics: set[int] = set()
        for cell in chapter.cells:
            self._add_cell(cell)
        source = "\n".join(self.lines[1:])
        tree = ast.parse(source)

        self.marks: dict[int, tuple[int, str]] = {}
        self.logical_ends: dict[int, int] = {}
        self._read_tokens(source)
        self.units: list[_Unit] = []
        for node in tree.body:
            if self.units and node.lineno <= _last(self.units[-1]):
                self.units[-1].append(node)
            else:
                self.units.append([node])
        self.statements = tuple(self._read_statements())

        self.futures: set[str] = set()
        self.imports: dict[str, list[_Import]] = {}
        for binding in _imports(tree.body):
            if binding.target.startswith("__future__."):
                self.futures.add(binding.name)
            else:
                self.imports.setdefault(binding.name, []).append(binding)
        self.needed: set[str] = set()  # names whose imports saved code needs
        self.defined: dict[str, int] = {}
        for node in tree.body:
            if not isinstance(node, ast.AugAssign):
                for name, line in _stores(node):
                    self.defined.setdefault(name, line)

    def report(self, line: int, rule: str, what: str, hint: str = "") -> None:
        """Add a problem of this chapter."""
        path = self.chapter.path
        self.problems.append(Problem(path, line, rule, what, hint))

    def import_lines(self) -> tuple[str, ...]:
        """Return the imports that the saved code needs."""
        futures = [f"from __future__ import {n}" for n in self.futures]
        lines = {
            binding.text
            for name in self.needed
            for i, binding in enumerate(self.imports[name])
            # `import os` and `import os.path` add to each other.
            if i == 0 or binding.target == name
        }
        # First every `import x`, then every `from x import y`.
        rest = sorted(lines, key=lambda line: (line[0] == "f", line))
        return (*sorted(futures), *rest)

    def _add_cell(self, cell: Cell) -> None:
        source = python_source(cell.source)
        try:
            ast.parse(source)
        except SyntaxError as error:
            # A cell may show what is no Python, if it saves nothing.
            shown = "raises-exception" in cell.tags
            if not shown or _MARK.search(cell.source):
                line = cell.line - 1 + (error.lineno or 1)
                self.report(line, "syntax-error", error.msg)
            return
        self.lines += [""] * (cell.line - len(self.lines))
        new_lines = iter(source.split("\n"))
        for line, old in enumerate(cell.source.split("\n"), cell.line):
            new = next(new_lines, "")
            self.lines.append(new)
            if "get_ipython()" in new and "get_ipython()" not in old:
                self.magics.add(line)
            lost = line in self.magics or not new.strip()
            if lost and _MARK.search(old):
                what = "#@save cannot save a magic, nor what is below one"
                hint = "save it in a cell without magics"
                self.report(line, "not-savable", what, hint)

    def _read_tokens(self, source: str) -> None:
        """Find marks, and where logical lines end."""
        no_code = (tokenize.NL, tokenize.INDENT, tokenize.DEDENT)
        start = 0
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            line, column = token.start
            if token.type == tokenize.COMMENT:
                if match := _MARK.match(token.string):
                    rest = token.string[match.end() :].strip(" \t#:")
                    self.marks[line] = column, rest
            elif token.type == tokenize.NEWLINE:
                self.logical_ends[start] = line
                start = 0
            elif token.type not in no_code:
                start = start or line

    def _read_statements(self) -> Iterator[Statement]:
        """Find the marked statements, and report marks that are wrong."""
        marked = [unit for line in self.marks for unit in self._marked(line)]
        starts = [cell.line for cell in self.chapter.cells]
        above, joinable = 0, False
        for unit in self.units:
            save = unit in marked and self._can_save(unit)
            simple = _is_simple(unit[0])
            if save:
                line = first = _first(unit)
                while first > above + 1 and self.lines[first - 1][:1] == "#":
                    first -= 1
                yield Statement(
                    tuple(name for node in unit for name in _names(node)),
                    line,
                    self._copy(first, _last(unit)),
                    joinable and simple and first == above + 1,
                    self.chapter.cells[bisect(starts, line) - 1],
                    tuple(unit),
                )
            above, joinable = _last(unit), save and simple

    def _marked(self, line: int) -> list[_Unit]:
        """Return what the mark on a line marks."""
        column, _ = self.marks[line]
        around = [u for u in self.units if _first(u) <= line <= _last(u)]
        if self.lines[line][:column].strip():
            node = around[0][0]
            if line <= self.logical_ends[node.lineno]:
                return around
        elif not around and not column:
            return self._run_below(line)
        what = "this #@save is inside a statement, where it marks nothing"
        hint = "put it on the line above the whole statement"
        self.report(line, "indented-mark", what, hint)
        return []

    def _run_below(self, line: int) -> list[_Unit]:
        """Return the statements on the lines directly below a mark."""
        run: list[_Unit] = []
        above = line
        for unit in self.units:
            if _first(unit) < line:
                continue
            # Between statements there are only comments and blank lines.
            between = self.lines[above + 1 : _first(unit)]
            if not all(text.strip() for text in between):
                break
            run.append(unit)
            above = _last(unit)
            if not _is_simple(unit[0]):
                break
        if not run:
            what = "there is no statement directly below this #@save"
            hint = "put it on the line above what it saves, or remove it"
            self.report(line, "nothing-to-save", what, hint)
        return run

    def _can_save(self, unit: _Unit) -> bool:
        """Tell whether marked statements can be saved; report why not."""
        lines = range(_first(unit), _last(unit) + 1)
        wrong = [(line, "a magic") for line in lines if line in self.magics]
        wrong = wrong or [
            (node.lineno, kind)
            for node in unit
            if (kind := _unsavable_kind(node))
        ]
        for line, kind in wrong:
            what = f"#@save cannot save {kind}"
            hint = "save definitions, imports and assignments"
            self.report(line, "not-savable", what, hint)
        return not wrong

    def _copy(self, first: int, last: int) -> str:
        """Return lines without their marks."""
        copy = []
        for line in range(first, last + 1):
            text = self.lines[line]
            if line in self.marks:
                column, rest = self.marks[line]
                code = text[:column].rstrip()
                text = "  ".join(filter(None, [code, rest and f"# {rest}"]))
                if not text:
                    continue
            copy.append(text)
        return "\n".join(copy)


class _Home(NamedTuple):
    """Where a name is saved; ``number`` counts the chapters with marks."""

    number: int
    line: int
    place: str


class _Checker:
    """Checks what chapters save against one another, and finds imports."""

    def __init__(self, book: Book, chapters: list[_Marked]):
        self.package = book.package
        self.chapters = chapters
        self.modules = {c.name for c in book.chapters} | {"torch"}
        self.taken = self.modules | _RESERVED
        self.homes: dict[str, _Home] = {}

    def check_names(self) -> None:
        """Check the names of chapters and of what they save."""
        taken = {*keyword.kwlist, *sys.stdlib_module_names, "torch"}
        for number, marked in enumerate(self.chapters):
            if not marked.statements:
                continue
            name = marked.chapter.name
            if name in taken or not re.fullmatch("[a-z][a-z0-9_]*", name):
                what = f"no module can have this chapter's name, {name!r}"
                hint = (
                    "rename the file: a-z, 0-9 and _, and nothing that "
                    "Python, PyTorch or another chapter is called"
                )
                marked.report(1, "bad-chapter-name", what, hint)
            taken.add(name)
            for statement in marked.statements:
                place = f"{marked.chapter.path}:{statement.line}"
                for name in statement.names:
                    home = _Home(number, statement.line, place)
                    self._check_name(name, home)

    def _check_name(self, name: str, home: _Home) -> None:
        marked = self.chapters[home.number]
        first = self.homes.setdefault(name, home)
        if first is not home:
            what = f"saved name {name!r} is already saved in {first.place}"
            hint = "rename one of them, or drop one #@save"
            marked.report(home.line, "duplicate-name", what, hint)
        if name in self.taken or _is_dunder(name):
            what = f"saved name {name!r} is a chapter's or the package's own"
            marked.report(home.line, "reserved-name", what, "rename it")

    def check_code(self) -> None:
        """Check what saved code changes and uses."""
        for number, marked in enumerate(self.chapters):
            # The first use of a name tells all.
            seen: set[tuple[object, ...]] = set()
            for statement in marked.statements:
                for node in statement.nodes:
                    if self._changes_others(number, node):
                        continue
                    for use in self._uses(number, node):
                        key: tuple[object, ...] = use.name, use.at_import
                        if use.name in marked.imports:
                            key += use.attributes[:2]
                        if key not in seen:
                            self._check_use(number, use, statement)
                        seen.add(key)

    def _changes_others(self, number: int, node: ast.stmt) -> bool:
        """Report what a statement changes that its chapter does not save."""
        marked = self.chapters[number]
        reported = False
        for target in _changed(node):
            name, code = _base(target), ast.unparse(target)
            home = self.homes.get(name)
            bindings = marked.imports.get(name, ())
            if any(self._is_ours(b.target) for b in bindings) or (
                home and home.number < number and name not in marked.defined
            ):
                rule = "changes-earlier"
                what = (
                    f"this changes {code!r} of an earlier chapter, whose code "
                    "would then behave differently depending on whether this "
                    "chapter's module was imported"
                )
                hint = (
                    "give it a new name, subclass it, or pass it as a "
                    "parameter"
                )
            elif not name or (bindings and not home):
                rule = "not-savable"
                what = (
                    f"this changes {code!r}, which the chapter does not save"
                )
                hint = "put the change into a function, and save that"
            else:
                continue
            marked.report(target.lineno, rule, what, hint)
            reported = True
        return reported

    def _uses(self, number: int, node: ast.stmt) -> list[Use]:
        """Return the global names that a statement uses."""
        marked = self.chapters[number]
        for binding in _imports(ast.walk(node)):
            self._check_of_package(number, binding.target, binding.line)
        lazy = "annotations" in marked.futures
        try:
            code = _compile(
                node, lazy and __future__.annotations.compiler_flag
            )
        except SyntaxError as error:
            line = error.lineno or node.lineno
            marked.report(line, "syntax-error", error.msg)
            return []
        if lazy:
            # Who evaluates the annotations needs the imports of their names.
            names = {use.name for use in global_uses(_compile(node))}
            marked.needed |= names & {*marked.imports} - {*self.homes}
        return list(global_uses(code))

    def _check_use(self, number: int, use: Use, statement: Statement) -> None:
        marked = self.chapters[number]
        name, line = use.name, use.line
        home = self.homes.get(name)
        rule, what = "unknown-name", f"saved code uses {name!r}, which "
        bindings = marked.imports.get(name, [])
        for binding in bindings:
            path = ".".join([binding.target, *use.attributes])
            self._check_of_package(number, path, line)
        if home and home.number == number:
            # Of statements that share a line, one may use another.
            shared = len(statement.nodes) > 1
            if not use.at_import or home.line < statement.line + shared:
                return
            rule = "used-before-saved"
            what += f"is not saved before line {home.line}"
            hint = "save it above its first use"
        elif bindings:
            marked.needed.add(name)
            first = bindings[0]
            other = next(
                (b for b in bindings if b.target != first.target), first
            )
            if other is first:
                return
            rule, line = "ambiguous-import", other.line
            what += f"is {other.target} here and {first.target} at line "
            what += str(first.line)
            hint = "rename one of them"
        elif name in marked.defined:
            there = f"at line {marked.defined[name]}"
            what += f"is defined in this chapter {there} but not saved"
            hint = "mark it with #@save, or pass it as a parameter"
        elif home and home.number < number:
            what += f"{home.place} saves"
            aliases = [
                alias
                for alias, (binding, *_) in marked.imports.items()
                if binding.target in (self.package, f"{self.package}.torch")
            ]
            hint = f"write {[*aliases, 'd2l'][0]}.{name}"
        elif home:
            self._report_later(number, line, name, home)
            return
        elif not (hasattr(builtins, name) or _is_dunder(name)):
            what += "this chapter neither imports nor saves"
            hint = "import it in a cell, or mark its definition with #@save"
        else:
            return
        marked.report(line, rule, what, hint)

    def _check_of_package(self, number: int, path: str, line: int) -> None:
        """Check a name such as `d2lmini.plot` or `d2lmini.torch.plot`."""
        names = path.split(".")[1:]
        if names and names[0] in self.modules:
            del names[0]
        if not self._is_ours(path) or not names or _is_dunder(names[0]):
            return
        name = names[0]
        home = self.homes.get(name)
        rule = "unknown-name"
        what = f"saved code uses {name!r} of {self.package}"
        if not home:
            what += ", which no chapter saves"
            similar = get_close_matches(name, self.homes, 1)
            hint = "mark its definition with #@save"
            hint = f"did you mean {similar[0]!r}?" if similar else hint
        elif home.number > number:
            self._report_later(number, line, name, home)
            return
        elif home.number == number:
            rule = "used-before-saved"
            what += f", which this chapter itself saves at line {home.line}"
            hint = f"use the bare name: {name}"
        else:
            return
        self.chapters[number].report(line, rule, what, hint)

    def _is_ours(self, path: str) -> bool:
        return path.split(".")[0] == self.package

    def _report_later(
        self, number: int, line: int, name: str, home: _Home
    ) -> None:
        what = f"saved code uses {name!r}, which only {home.place} saves"
        hint = "pass it as a parameter, or change the order in _toc.yml"
        self.chapters[number].report(line, "used-before-saved", what, hint)


def _compile(node: ast.stmt, flags: int = 0) -> CodeType:
    module = ast.Module([node], [])
    code: CodeType = compile(module, "chapter", "exec", flags, True, 0)
    return code


def _line(instruction: dis.Instruction, code: CodeType) -> int:
    place = instruction.positions
    return (place and place.lineno) or code.co_firstlineno


def _stores(node: ast.stmt) -> Iterator[tuple[str, int]]:
    """Find the global names that a statement binds, each with its line."""
    try:
        code = _compile(node, ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except SyntaxError:
        return  # such as a bare `return`: running it will tell
    for step in dis.get_instructions(code):
        if step.opname in _STORES:
            yield step.argval, _line(step, code)


def _first(unit: _Unit) -> int:
    """Return the line on which statements begin: with their decorators."""
    decorators: list[ast.expr] = getattr(unit[0], "decorator_list", [])
    return min(unit[0].lineno, *(d.lineno for d in decorators), sys.maxsize)


def _last(unit: _Unit) -> int:
    return unit[-1].end_lineno or unit[-1].lineno


def _is_simple(node: ast.stmt) -> bool:
    """Tell whether a statement has no statements inside."""
    return not hasattr(node, "body") and not isinstance(node, ast.Match)


def _is_dunder(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def _unsavable_kind(node: ast.stmt) -> str:
    """Name the kind of a statement; empty if it can be saved."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return ""
        case ast.Assign() | ast.AugAssign() | ast.AnnAssign(value=ast.expr()):
            return ""
        case ast.AnnAssign():
            return "an annotation without a value"
        case ast.ImportFrom(module="__future__"):
            return "an import from __future__, nor needs it a mark"
        case ast.ImportFrom(names=[ast.alias(name="*")]):
            return "an import of *"
        case ast.Import() | ast.ImportFrom():
            return ""
        case ast.For() | ast.AsyncFor() | ast.While():
            return "a loop"
        case ast.Expr(value=ast.Call()):
            return "a bare call"
        case ast.Expr():
            return "a bare expression"
    word = ast.unparse(node).split()[0].rstrip(":")
    return f"a statement with {word!r}"


def _targets(node: ast.stmt) -> Iterator[ast.expr]:
    """Find what an assignment binds or changes."""
    match node:
        case ast.Assign(targets=targets):
            pass
        case ast.AnnAssign(target=target) | ast.AugAssign(target=target):
            targets = [target]
        case _:
            return
    for part in (part for target in targets for part in ast.walk(target)):
        kinds = (ast.Name, ast.Attribute, ast.Subscript)
        if isinstance(part, kinds) and isinstance(part.ctx, ast.Store):
            yield part


def _names(node: ast.stmt) -> list[str]:
    """Return the names that a saved statement gives to the book."""
    match node:
        case ast.Import() | ast.ImportFrom():
            return [binding.name for binding in _imports([node])]
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            # A method added to a class is found there, not by its own name.
            return [] if list(_changed(node)) else [node.name]
        case ast.AugAssign():
            return []
    return [part.id for part in _targets(node) if isinstance(part, ast.Name)]


def _changed(node: ast.stmt) -> Iterator[ast.expr]:
    """Find the objects that a statement changes rather than binds."""
    for part in _targets(node):
        if isinstance(node, ast.AugAssign) or not isinstance(part, ast.Name):
            yield part
    for decorator in getattr(node, "decorator_list", []):
        if isinstance(decorator, ast.Call):
            name = ast.unparse(decorator.func).split(".")[-1]
            if name == "add_to_class":
                keywords = (word.value for word in decorator.keywords)
                yield from [*decorator.args, *keywords][:1]


def _base(node: ast.expr) -> str:
    """Return the name before all attributes and subscripts."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _imports(nodes: Iterable[ast.AST]) -> Iterator[_Import]:
    """Find the names that import statements bind."""
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                root = alias.name.split(".")[0]
                yield _Import(
                    alias.asname or root,
                    f"import {ast.unparse(alias)}",
                    alias.name if alias.asname else root,
                    alias.lineno,
                )
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                if alias.name != "*":
                    yield _Import(
                        alias.asname or alias.name,
                        f"from {node.module} import {ast.unparse(alias)}",
                        f"{node.module}.{alias.name}",
                        alias.lineno,
                    )


def _render_module(module: Module) -> str:
    """Return the text of a chapter's module."""
    chapter = module.chapter
    title = f": {chapter.title}" if chapter.title else ""
    text = _render_head(chapter.path, f"Saved code of {chapter.path}{title}")
    if module.imports:
        text += "\n".join(["", *module.imports, ""])
    text += f"\n{_render_all(module.names)}\n"
    for statement in module.statements:
        if not statement.joined:
            text += f"\n\n# {_place(chapter, statement.cell)}\n"
        text += f"{statement.source}\n"
    return text


def _place(chapter: Chapter, cell: Cell) -> str:
    """Name the section of a cell."""
    if not cell.section:
        return chapter.path
    if cell.section.label:
        return f"{chapter.path}#{cell.section.label}"
    return f'{chapter.path}, "{cell.section.title}"'


def _render_head(origin: str, summary: str) -> str:
    """Return the first lines of a generated file, with its docstring."""
    summary = " ".join(summary.replace('"""', "'''").split())
    prefix = "r" if "\\" in summary else ""
    docstring = f'{prefix}"""{summary}."""'
    return f"{_HEADER}{origin}{_HEADER_END}\n{docstring}\n"


_INIT = """\
import sys as _sys
import typing as _typing

if _typing.TYPE_CHECKING:
{imports}
else:
    # Code written for D2L calls the package `torch`.
    torch = _sys.modules[__name__ + ".torch"] = _sys.modules[__name__]

__version__ = {version}

{all}

_MODULES = {{
{table}
}}


def __getattr__(name):
    \"""Load a saved name, or a module, when it is first asked for.\"""
    from difflib import get_close_matches
    from importlib import import_module

    if name in _MODULES:
        module = import_module(f"{{__name__}}.{{_MODULES[name]}}")
        value = globals()[name] = getattr(module, name)
        return value
    if name in _MODULES.values():
        return import_module(f"{{__name__}}.{{name}}")
    similar = get_close_matches(name, _MODULES, 1)
    hint = f" Did you mean {{similar[0]!r}}?" if similar else ""
    # Given the name only, Python adds no hint of its own.
    raise AttributeError(
        f"{{__name__}} has no {{name!r}}.{{hint}} Its names come from the "
        "chapters of the book: #@save in a notebook or script of your own "
        "adds nothing to it, so use what you define there by its bare name.",
        name=name,
    )


def __dir__():
    \"""List the saved names.\"""
    return list(__all__)
"""


def _render_init(book: Book, modules: tuple[Module, ...], version: str) -> str:
    """Return the text of the package's own file."""
    homes = {name: m.chapter.name for m in modules for name in m.names}
    imports = [f"    import {book.package} as torch"]
    for module in modules:
        origin = f"    from {book.package}.{module.chapter.name} import "
        public = [name for name in module.names if name[0] != "_"]
        if public:
            imports.append(_bracket(origin, "(", public, ")"))
    head = _render_head(
        "the chapters",
        f"Saved code of {book.title or 'the book'}, loaded when it is used",
    )
    return f"{head}\n" + _INIT.format(
        imports="\n".join(imports),
        version=json.dumps(version),
        all=_render_all(homes),
        table="\n".join(f'    "{n}": "{m}",' for n, m in homes.items()),
    )


def _render_all(names: Iterable[str]) -> str:
    """Return `__all__`: the public ones of some names."""
    public = [f'"{name}"' for name in names if not name.startswith("_")]
    return _bracket("__all__ = ", "[", public, "]")


def _bracket(start: str, left: str, items: Iterable[str], right: str) -> str:
    """Return a list on one line, or with a line for each item."""
    items = list(items)
    joined = ", ".join(items)
    line = start + (joined if left == "(" else f"{left}{joined}{right}")
    if len(line) <= 79:
        return line
    indent = start[: len(start) - len(start.lstrip())]
    rows = [f"{indent}    {item}," for item in items]
    return "\n".join([start + left, *rows, indent + right])
