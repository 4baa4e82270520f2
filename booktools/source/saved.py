"""Marks `#@save` in chapters -> the text of the book's package.

A mark is a comment; where it stands decides what it saves (`Module`).  What
saved code uses decides what its module imports, and whether that module would
work without its chapter (`_Checker`).  Which names are global, Python's own
compiler tells.
"""

import ast
import builtins
import difflib
import dis
import io
import json
import keyword
import os
import re
import sys
import tokenize
import tomllib
import warnings
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from inspect import CO_COROUTINE, CO_OPTIMIZED
from pathlib import Path
from string import Template
from types import CodeType
from typing import NamedTuple

from booktools.problem import BookError, Problem, count
from booktools.source.chapter import Book, Cell, Chapter, python_source

_MARK = re.compile(r"#[ \t]*@save\b")
_MAGIC = "get_ipython()."  # what IPython makes of one
_HEADER = "# Generated from "
_HEADER_END = ' by "python -m booktools extract". Do not edit.'
_ASSETS = Path(__file__).parent / "assets"
_HINTS = tomllib.loads((_ASSETS / "hints.toml").read_text("utf-8"))
_PYPROJECT = "pyproject.toml"
_LOADS = {"LOAD_NAME", "LOAD_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS"}
_SAVABLE = (
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef),
    *(ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Import, ast.ImportFrom),
)


@dataclass(frozen=True)
class Statement:
    """A saved statement.

    ``line`` is where it begins in its chapter; the lines of its ``node`` are
    the chapter's, too.  ``text`` is what its module has: without marks, with
    the comments directly above it and, where a block begins, with its origin.
    """

    names: tuple[str, ...]
    line: int
    text: str
    cell: Cell
    node: ast.stmt


def read_saved(book: Book) -> list["Module"]:
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
        modules = [
            Module(chapter, problems)
            for chapter in book.chapters
            if any("@save" in cell.source for cell in chapter.cells)
        ]
        modules = [module for module in modules if module.statements]
        checker = _Checker(book, modules)
        # While code cannot be read, its names only seem to be unknown.
        if all(problem.rule != "syntax-error" for problem in problems):
            for module in modules:
                checker.check_code(module)
    if problems:
        raise BookError(problems)
    return modules


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


def is_module_name(name: str) -> bool:
    """Tell whether a chapter's name can be the name of its module."""
    reserved = {*keyword.kwlist, *sys.stdlib_module_names, "torch"}
    fits = re.fullmatch("[a-z][a-z0-9_]*", name)
    return fits is not None and name not in reserved


def read_version(root: Path) -> str:
    """Return the version in `pyproject.toml`, "0" if it has none."""
    try:
        data = tomllib.loads((root / _PYPROJECT).read_text("utf-8-sig"))
    except FileNotFoundError:
        return "0"
    except ValueError as error:
        what = f"this is not TOML: {error}"
        raise BookError([Problem(_PYPROJECT, 1, "bad-toml", what)]) from None
    project = data.get("project", {})
    if not isinstance(project, dict):
        what = f"project should be a table [project], not {project!r}"
        raise BookError([Problem(_PYPROJECT, 1, "bad-toml", what)])
    return str(project.get("version", "0"))


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
            hint = _HINTS["foreign-file"]
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
        try:
            temporary.write_bytes(text.encode())
            os.replace(temporary, path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise


def global_uses(
    code: CodeType, at_import: bool = True
) -> Iterator[tuple[str, int, bool]]:
    """Find the global names that code reads before it binds them.

    With each come its line, and whether it is read while code is imported.
    """
    bound = set()
    for step in dis.get_instructions(code):
        if step.opname in ("STORE_NAME", "STORE_GLOBAL"):
            bound.add(step.argval)
        elif step.opname in _LOADS and step.argval not in bound:
            line = step.positions and step.positions.lineno
            yield step.argval, line or code.co_firstlineno, at_import
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            # Class bodies and comprehensions run at once.
            name, is_class = inner.co_name, not inner.co_flags & CO_OPTIMIZED
            at_once = is_class or (name[0] == "<" and name != "<lambda>")
            yield from global_uses(inner, at_import and at_once)


def effects(node: ast.stmt) -> tuple[list[str], list[ast.expr]]:
    """Return the names that a statement binds, and the objects it changes."""
    names: list[str] = []
    changed: list[ast.expr] = []
    targets: list[ast.expr] = []
    match node:
        case ast.Import() | ast.ImportFrom():
            names = [binding.name for binding in _imports([node])]
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            for call in node.decorator_list:
                text = ast.unparse(call)
                if isinstance(call, ast.Call) and "add_to_class(" in text:
                    words = [word.value for word in call.keywords]
                    changed = [*call.args, *words][:1]
            # A method added to a class is found there, not by its own name.
            names = [] if changed else [node.name]
        case ast.Assign():
            targets = node.targets
        case ast.AnnAssign(value=ast.expr()):
            targets = [node.target]
        case ast.AugAssign():
            targets = [node.target]
            changed = [node.target]
    parts = [part for target in targets for part in ast.walk(target)]
    for part in parts:
        if isinstance(getattr(part, "ctx", None), ast.Store):
            if isinstance(part, ast.Name):
                names.append(part.id)
            elif isinstance(part, ast.Attribute | ast.Subscript):
                changed.append(part)
    return names, changed


class _Import(NamedTuple):
    """A name that an import binds: how it is written, what it stands for."""

    name: str
    text: str
    target: str
    line: int


class Module:
    """The saved code of a chapter: finds what its marks mark.

    Its cells are read as one text, in which each keeps its lines.
    """

    def __init__(self, chapter: Chapter, problems: list[Problem]):
        self.chapter = chapter
        self.problems = problems
        self.lines = [""]  # so that line 1 has index 1
        self.defined: set[str] = set()
        for cell in chapter.cells:
            self._add_cell(cell)
        self.lines.append("")
        source = "\n".join(self.lines[1:])
        nodes = ast.parse(source).body

        self.imports: dict[str, list[_Import]] = {}
        self.needed: dict[str, str] = {}  # name -> target
        for binding in _imports(nodes):
            self.imports.setdefault(binding.name, []).append(binding)
            if binding.target.startswith("__future__."):
                self.needed[binding.name] = binding.target

        self.marks: dict[int, str] = {}  # line -> its text without the mark
        self.marked: set[int] = set()  # where marked statements begin,
        self.runs: set[int] = set()  # and those with a mark above
        self._read_marks(source, {line for n in nodes for line in _begins(n)})
        self.statements = tuple(self._read_statements(nodes))
        self.names = [n for s in self.statements for n in s.names]

    def report(self, line: int, rule: str, what: str) -> None:
        """Add a problem of this chapter."""
        problem = Problem(self.chapter.path, line, rule, what, _HINTS[rule])
        self.problems.append(problem)

    def find_import(self, name: str, line: int) -> _Import | None:
        """Return the nearest import of a name above a line."""
        found = self.imports.get(name, [])
        above = [binding for binding in found if binding.line <= line]
        return next(iter(above[-1:] or found), None)

    def import_lines(self) -> list[str]:
        """Return the imports that the saved code needs."""
        # `import os` and `import os.path` stand for the same.
        texts = {
            binding.text
            for name, target in self.needed.items()
            for binding in self.imports[name]
            if binding.target == target
        }
        # First those from __future__, as Python wants; then `import x`.
        order = [(" __future__ " not in t, t[0] == "f", t) for t in texts]
        return [text for _, _, text in sorted(order)]

    def _add_cell(self, cell: Cell) -> None:
        source = python_source(cell.source)
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        try:
            code: CodeType = compile(source, "cell", "exec", flags, True)
        except SyntaxError as error:
            # A cell may show what is no Python, if it saves nothing.
            shown = "raises-exception" in cell.tags
            if not shown or _MARK.search(cell.source):
                line = cell.line - 1 + (error.lineno or 1)
                self.report(line, "syntax-error", error.msg)
            return
        steps = dis.get_instructions(code)
        self.defined |= {s.argval for s in steps if s.opname == "STORE_NAME"}
        old, new = cell.source.split("\n"), source.split("\n")
        self.lines += [""] * (cell.line - len(self.lines)) + new
        for i, text in enumerate(old):
            # A magic swallows its comment, a cell magic the whole cell.
            now = new[i] if i < len(new) else ""
            if _MARK.search(text) and (not now.strip() or _MAGIC in now):
                what = "#@save cannot save magics"
                self.report(cell.line + i, "not-savable", what)

    def _read_marks(self, source: str, begins: set[int]) -> None:
        """Find the marks, and the lines where begins what they mark."""
        start = 0  # of the statement, or of its head, that the token is in
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            line, column = token.start
            match = _MARK.match(token.string)
            if token.type == tokenize.NEWLINE:
                start = 0
            elif token.type != tokenize.COMMENT:
                start = start or (line if token.string.strip() else 0)
            elif match:
                rest = token.string[match.end() :].strip(" \t#:")
                code = self.lines[line][:column].rstrip()
                parts = [code, f"# {rest}" if rest else ""]
                self.marks[line] = "  ".join(filter(None, parts))
                if start == column == 0:
                    below = line + 1
                    while self.lines[below].startswith("#"):
                        below += 1
                    self.runs.add(below)
                    if below not in begins:
                        what = "there is nothing directly below this #@save"
                        self.report(line, "nothing-to-save", what)
                    continue
                head = range(start if code else line + 1, line + 1)
                self.marked |= begins.intersection(head)
                if begins.isdisjoint(head):
                    what = "this #@save is inside a statement"
                    self.report(line, "indented-mark", what)

    def _read_statements(self, nodes: list[ast.stmt]) -> Iterator[Statement]:
        above = 0
        in_run = joinable = False
        for node in nodes:
            begins = _begins(node)
            line, last = begins[0], node.end_lineno or node.lineno
            simple = not isinstance(getattr(node, "body", node), list)
            first = line  # with the comments above it
            while first > above + 1 and self.lines[first - 1][:1] == "#":
                first -= 1
            adjacent = first <= above + 1
            in_run = not self.runs.isdisjoint(begins) or (in_run and adjacent)
            save = in_run or not self.marked.isdisjoint(begins)
            if save and self._can_save(node, self.lines[line : last + 1]):
                cells = reversed(self.chapter.cells)
                cell = next(cell for cell in cells if cell.line <= line)
                # Statements that share a line share its text, too.
                text = "".join(
                    f"{self.marks.get(i, self.lines[i])}\n"
                    for i in range(max(first, above + 1), last + 1)
                    if self.marks.get(i) != ""
                )
                if not (adjacent and joinable and simple):
                    text = f"\n\n# {_place(self.chapter, cell)}\n{text}"
                # One that changes a name does not give it to the book.
                changes = isinstance(node, ast.AugAssign)
                names = () if changes else tuple(effects(node)[0])
                yield Statement(names, line, text, cell, node)
            above, in_run, joinable = last, in_run and simple, save and simple

    def _can_save(self, node: ast.stmt, lines: list[str]) -> bool:
        match node:
            case ast.ImportFrom(module="__future__"):
                can_save = False
            case ast.ImportFrom(names=[ast.alias(name="*")]):
                can_save = False
            case _:
                can_save = isinstance(node, _SAVABLE)
        code = repr(ast.unparse(node).split("\n")[0])
        if any(_MAGIC in line for line in lines):
            code, can_save = "magics", False
        if not can_save:
            what = f"#@save cannot save {code}"
            self.report(node.lineno, "not-savable", what)
        return can_save


class _Checker:
    """Checks what chapters save against one another, and finds imports."""

    def __init__(self, book: Book, modules: list[Module]):
        self.package = book.package
        self.chapters = {c.name for c in book.chapters} | {"torch"}
        self.places: dict[str, str] = {}  # saved name -> path:line
        self.saved: set[str] = set()  # above the code that is being checked
        taken: set[str] = set()
        for module in modules:
            name = module.chapter.name
            if name in taken or not is_module_name(name):
                what = f"no module can have this chapter's name, {name!r}"
                module.report(1, "bad-chapter-name", what)
            taken.add(name)
            for statement in module.statements:
                place = f"{module.chapter.path}:{statement.line}"
                for name in statement.names:
                    what = f"saved name {name!r} is "
                    if name in self.places:
                        what += f"already saved in {self.places[name]}"
                        module.report(statement.line, "duplicate-name", what)
                    elif name in self.chapters or name.startswith("__"):
                        what += "a chapter's or the package's own"
                        module.report(statement.line, "reserved-name", what)
                    self.places.setdefault(name, place)

    def check_code(self, module: Module) -> None:
        """Check what the saved code of the next chapter changes and uses."""
        for statement in module.statements:
            for part in effects(statement.node)[1]:
                base = part
                while isinstance(base, ast.Attribute | ast.Subscript):
                    base = base.value
                if ast.unparse(base) in module.imports:
                    what = (
                        f"this changes {ast.unparse(part)!r} of another "
                        "module, which would then depend on whether this one "
                        "was imported"
                    )
                    module.report(part.lineno, "changes-earlier", what)
            self._check_paths(module, statement.node)
            self._check_names(module, statement.node)
            self.saved.update(statement.names)

    def _check_paths(self, module: Module, node: ast.stmt) -> None:
        """Check the likes of `d2lmini.plot` and `d2lmini.torch.plot`."""
        for part in ast.walk(node):
            paths = [(found.target, found.line) for found in _imports([part])]
            kinds = ast.Name | ast.Attribute
            if isinstance(part, kinds) and isinstance(part.ctx, ast.Load):
                base, *rest = _chain(part) or [""]
                if found := module.find_import(base, part.lineno):
                    paths = [(".".join([found.target, *rest]), part.lineno)]
            for path, line in paths:
                package, *names = path.split(".")
                if names and names[0] in self.chapters:
                    del names[0]
                if package != self.package or not names:
                    continue
                known = names[0] in self.saved.difference(module.names)
                if not known and not names[0].startswith("__"):
                    self._report_use(module, line, names[0])

    def _check_names(self, module: Module, node: ast.stmt) -> None:
        """Check bare names, and find the imports that they need."""
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        tree = ast.Module([node], [])
        code: CodeType = compile(tree, "statement", "exec", flags, True)
        if code.co_flags & CO_COROUTINE:
            what = "#@save cannot save an await outside a function"
            module.report(node.lineno, "not-savable", what)
        for name, line, at_import in global_uses(code):
            binding = module.find_import(name, line)
            if name in module.names:
                # Annotations of the future are not read, so they may.
                early = at_import and name not in self.saved
                if early and "annotations" not in module.needed:
                    self._report_use(module, line, name)
            elif binding:
                module.needed.setdefault(name, binding.target)
            elif name in module.defined or not (
                hasattr(builtins, name) or name.startswith("__")
            ):
                self._report_use(module, line, name)

    def _report_use(self, module: Module, line: int, name: str) -> None:
        rule, place = "used-before-saved", self.places.get(name)
        if not place or name in self.saved.difference(module.names):
            rule = "unknown-name"
        why = f"only {place} saves" if place else "nothing imports or saves"
        what = f"saved code uses {name!r}, which {why}"
        module.report(line, rule, what)


def _chain(node: ast.expr) -> list[str]:
    """Return the names in `a.b.c`; none for another kind of expression."""
    if isinstance(node, ast.Attribute) and (names := _chain(node.value)):
        return [*names, node.attr]
    return [node.id] if isinstance(node, ast.Name) else []


def _begins(node: ast.stmt) -> list[int]:
    """Return the lines of a statement's decorators, and its own."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return [*(decorator.lineno for decorator in decorators), node.lineno]


def _imports(nodes: Iterable[ast.AST]) -> Iterator[_Import]:
    """Find the names that import statements bind."""
    for node in nodes:
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        module = getattr(node, "module", "")
        if getattr(node, "level", 0):
            continue  # relative, which no notebook can do
        for alias in node.names:
            text = f"import {ast.unparse(alias)}"
            name, target = alias.asname or alias.name, alias.name
            if module:
                text = f"from {module} {text}"
                target = f"{module}.{target}"
            elif not alias.asname:
                name = target = alias.name.split(".")[0]
            yield _Import(name, text, target, alias.lineno)


def _render_module(module: Module) -> str:
    chapter = module.chapter
    title = f": {chapter.title}" if chapter.title else ""
    text = _render_head(chapter.path, f"Saved code of {chapter.path}{title}")
    if imports := module.import_lines():
        text += "\n".join(["", *imports, ""])
    text += f"\n{_render_all(module.names)}\n"
    return text + "".join(statement.text for statement in module.statements)


def _place(chapter: Chapter, cell: Cell) -> str:
    """Name the section of a cell."""
    if not cell.section:
        return chapter.path
    if cell.section.label:
        return f"{chapter.path}#{cell.section.label}"
    return f'{chapter.path}, "{cell.section.title}"'


def _render_head(origin: str, summary: str) -> str:
    """Return the first lines of a generated file, with its docstring."""
    summary = summary.replace('"""', "'''")
    prefix = "r" if "\\" in summary else ""
    docstring = f'{prefix}"""{summary}."""'
    return f"{_HEADER}{origin}{_HEADER_END}\n{docstring}\n"


def _render_init(book: Book, modules: list[Module], version: str) -> str:
    homes = {name: m.chapter.name for m in modules for name in m.names}
    imports = f"    import {book.package} as torch\n"
    for module in modules:
        rows = [f"        {n},\n" for n in module.names if n[0] != "_"]
        start = f"    from {book.package}.{module.chapter.name} import "
        imports += f"{start}(\n{''.join(rows)}    )\n" if rows else ""
    summary = f"Saved code of {book.title or 'the book'}"
    head = _render_head("the chapters", f"{summary}, loaded when it is used")
    init = Template((_ASSETS / "package_init.txt").read_text("utf-8"))
    return f"{head}\n" + init.substitute(
        imports=imports.rstrip("\n"),
        version=json.dumps(version),
        all=_render_all(homes),
        table="\n".join(f'    "{n}": "{m}",' for n, m in homes.items()),
    )


def _render_all(names: Iterable[str]) -> str:
    """Return `__all__`: the public ones of some names."""
    public = [f'"{name}"' for name in names if not name.startswith("_")]
    line = f"__all__ = [{', '.join(public)}]"
    if len(line) <= 79:
        return line
    return "\n".join(["__all__ = [", *(f"    {n}," for n in public), "]"])


def add_arguments(parser: ArgumentParser) -> None:
    """Add what the command ``extract`` takes."""
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing; show what would change and exit with 1",
    )


def main(book: Book, arguments: Namespace) -> int:
    """Make the package from the chapters, or check that it is fresh."""
    files = render_package(book, read_version(book.root))
    stale = stale_files(book.root, book.package, files)
    if not arguments.check:
        write_files(book.root, stale)
        for name, (_, new) in stale.items():
            print("deleted" if new is None else "wrote", name)
        return 0
    for name, (old, new) in stale.items():
        diff = difflib.unified_diff(
            old.removesuffix("\n").split("\n") if old else [],
            new.removesuffix("\n").split("\n") if new else [],
            f"a/{name}" if old else "/dev/null",
            f"b/{name}" if new else "/dev/null",
            lineterm="",
        )
        print(*diff, sep="\n")
    if stale:
        option = "" if book.root == Path() else f" --book {book.root}"
        files_ = count(len(stale), "stale file")
        print(f"{files_}; run: python -m booktools extract{option}")
    return 1 if stale else 0
