"""Saved code and a chapter -> which of it the chapter uses, and a digest.

Code is only parsed, never imported or run.  Where it does not show what is
used, everything counts as used: to run a chapter once too often costs seconds,
to show old results as new would be wrong.  Files that a chapter reads, which
no parser sees, its author names in the front matter: ``data: [file, ...]``.
"""

import ast
import hashlib
import os
import re
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path

from booktools.source.chapter import Book, Chapter
from booktools.source.data import data_names, read_data
from booktools.source.installed import installed
from booktools.source.magics import executed_python
from booktools.source.package import read_version, render_package
from booktools.source.python import Code, Statement, read_code

# Stands for every saved name, since the code does not show which it uses.
ANY = "*"

# Code with one of these may reach any name without writing it.
_DYNAMIC = {
    *("__import__", "builtins", "compile", "doctest", "eval", "exec"),
    *("globals", "importlib", "locals", "runpy", "vars"),
}

# With one of these in saved code, a class statement may run any code.
_CLASS_HOOKS = ("__init_subclass__", "metaclass=")

# Python files that code names, in quotes or not; IPython adds the ending.
_SCRIPTS = re.compile(
    r"""['"]([^'"\n]+\.(?:i?py|ipynb))['"]|([^\s'"]+\.(?:i?py|ipynb))\b"""
)
_RUN = re.compile(r"%(?:run|load) +(?:-\S+ +)*([^\s'\"]+)")
# A chapter does not depend on files that it writes itself.
_WRITTEN = re.compile(r"%%(?:write)?file +(?:-a +)?(\S+)")


class Library:
    """The saved code of a book.

    Here a saved name stands for the code that defines it, and a module's name
    for importing that module; a book has no two equal names.  Of the package's
    own file, ``__init__``, only ``__version__`` counts.
    """

    def __init__(self, package: str, modules: Mapping[str, str]):
        self.package = package
        self.homes: dict[str, str] = {}  # saved name -> its module
        self._bodies = {n: read_code(t) for n, t in modules.items()}
        self._code: dict[str, list[Statement]] = {n: [] for n in modules}
        self._acting: dict[str, set[str]] = {n: set() for n in modules}
        self._has_hooks = any(
            hook in text for text in modules.values() for hook in _CLASS_HOOKS
        )
        for module in modules:
            self._sort_statements(module)
        self._direct = {n: self._direct_uses_of(n) for n in self._code}
        self._digests = {
            n: _digest([self.homes.get(n, ""), n, *(s.dump for s in code)])
            for n, code in self._code.items()
            if code
        }

    @classmethod
    def from_files(cls, files: Mapping[str, str], package: str) -> "Library":
        """Take the files of the package, path -> text."""
        return cls(package, {Path(p).stem: t for p, t in files.items()})

    def direct_uses(self, sources: Iterable[str]) -> set[str]:
        """Return the names that the cells of a chapter refer to.

        `ANY` is among them if the code does not show which.
        """
        try:
            return self._references(map(read_code, sources))
        except SyntaxError:
            return {ANY}

    def uses(self, sources: Iterable[str]) -> set[str]:
        """Return the names that cells use, themselves or through others."""
        found = self.direct_uses(sources)
        todo = list(found)
        while todo and ANY not in found:
            new = self._direct[todo.pop()] - found
            found |= new
            todo += new
        return set(self._code) if ANY in found else found

    def digest(self, names: Iterable[str]) -> str:
        """Return a digest of saved code and of what it runs on.

        Comments, formatting and line numbers do not count.
        """
        lines = sorted(self._digests[n] for n in self._digests.keys() & names)
        return _digest([*installed(), *lines])

    def _sort_statements(self, module: str) -> None:
        """Sort the statements of a module by the names that they bind."""
        imports: dict[str, list[Statement]] = {}
        others = []
        for statement in self._bodies[module].statements:
            if statement.is_import:
                for each in statement.imports:
                    imports.setdefault(each.name, []).append(statement)
            # An expression is the docstring: no other can be saved.
            elif not isinstance(statement.node, ast.Expr):
                others.append(statement)
        for statement in others:
            names = set(statement.bound_and_mutated[0])
            if "__all__" in names:  # which lists imports that are saved
                for name in imports.keys() & {*statement.texts}:
                    self.homes[name] = module
                    self._code[name] = imports[name]
                continue
            if module == "__init__" and "__version__" not in names:
                continue
            # An import belongs to the code that uses it: saving one more name
            # may add imports, which should not change the other digests.
            code = [statement]
            used = {base for _, (base, *_) in statement.chains}
            for name in sorted(imports.keys() & {*used, "annotations"}):
                code += imports[name]
            for name in names:
                self.homes[name] = module
                self._code.setdefault(name, []).extend(code)
            if not names:
                self._code[module] += code
            elif self._has_hooks or _acts(statement.node):
                self._acting[module] |= names

    def _direct_uses_of(self, name: str) -> set[str]:
        """Return the names that saved code itself refers to."""
        module = self.homes.get(name, name)
        found = self._references(self._code[name], module) | {module}
        if name == module:
            # It may import the modules of all names in its code.
            others = self._references([self._bodies[module]]) - {ANY}
            found |= {self.homes.get(other, other) for other in others}
            found |= self._acting[module]
        return found

    def _references(self, code: Iterable[Code], home: str = "") -> set[str]:
        """Return the names that code refers to, in a module or in none."""
        code = list(code)
        found: set[str] = set()
        # The names by which the code calls the package or one of its
        # modules; which of them makes no difference, since no two saved
        # names are equal.
        aliases, words = {self.package}, set[str]()
        for each in (each for part in code for each in part.imports):
            package, *attributes = each.path.split(".")
            words |= {package, *attributes}
            if package == self.package and self._look_up(attributes, found):
                aliases.add(each.name)
        for _, (name, *attributes) in (
            c for part in code for c in part.chains
        ):
            words.add(name)
            if name in aliases and self._look_up(attributes, found):
                found.add(ANY)
            if self.homes.get(name) == home:
                found.add(name)
        # A string may be code, such as that of a magic.
        texts = (text for part in code for text in part.texts)
        hidden = any(alias in text for text in texts for alias in aliases)
        if hidden or words & _DYNAMIC:
            found.add(ANY)
        return found

    def _look_up(self, path: list[str], found: set[str]) -> bool:
        """Add what a path in the package leads to; say if it is a module."""
        for name in path:
            if name in self._bodies:
                found.add(name)
            elif name != "torch":  # another name of the package
                found.add(name if name in self.homes else ANY)
                return False
        return True


def chapter_digest(library: Library, chapter: Chapter, root: Path) -> str:
    """Return a digest of what a chapter's results depend on besides its code.

    That is the saved code it uses, the versions of what it runs on, Python
    files of the book that it imports or runs, and the files that its front
    matter names as ``data``, seen from its own folder.

    Raises
    ------
    BookError
        If one of the named files is not there, or not in the book.
    """
    cells = [executed_python(cell.source) for cell in chapter.cells]
    parts = [library.digest(library.uses(cells))]
    # Where imports look: beside the chapter, and in the book's folder.
    folders = [(root / chapter.path).parent, root]
    sources = [cell.source for cell in chapter.cells]
    local = _local_files(sources, library.package, folders)
    for path in sorted({file.resolve() for file in local}):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        parts.append(f"{os.path.relpath(path, root)} {content}")
    for name, data in read_data(chapter, root).items():
        parts.append(f"{name} {hashlib.sha256(data).hexdigest()}")
    return _digest(parts)


def chapter_files(
    chapter: Chapter, sources: Sequence[str], package: str, root: Path
) -> list[Path]:
    """Return the files of a book that code of a chapter may read.

    That is the package, and what counts besides in `chapter_digest`.
    """
    folder = (root / chapter.path).parent
    found = [*(root / package).glob("*.py")]
    found += _local_files(sources, package, [folder, root])
    return sorted({*found, *(folder / name for name in data_names(chapter))})


def describe(book: Book, library: Library, target: str = "") -> list[str]:
    """Return lines that say what a chapter uses, or who uses a saved name.

    Without a target: what each chapter uses.

    Raises
    ------
    LookupError
        If the book has no such chapter or name.
    """
    lines: list[str] = []
    names = library.homes.keys()
    for chapter in book.chapters:
        if chapter.name == library.homes.get(target):
            lines.insert(0, f"{target}: saved by {chapter.path}")
        codes = {chapter.path: [cell.source for cell in chapter.cells]}
        if chapter.checks:
            checks = [check.source for check in chapter.checks]
            codes[f"{chapter.path} (checks)"] = checks
        for place, code in codes.items():
            sources = list(map(executed_python, code))
            direct = library.direct_uses(sources)
            others = (library.uses(sources) - direct) & names
            if target in ("", chapter.path, chapter.docname, chapter.name):
                text = ", ".join(sorted(direct & names)) or "nothing"
                if ANY in direct:
                    text = "anything, its code does not show which"
                elif others:
                    text += f", and with it {', '.join(sorted(others))}"
                lines.append(f"{place}: uses {text}")
            elif target in others | (direct & names):
                how = "indirectly " * (target in others)
                lines.append(f"  used {how}by {place}")
    if not lines:
        known = [*names, *(chapter.name for chapter in book.chapters)]
        close = get_close_matches(target, known, 1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise LookupError(f"no chapter or saved name is {target!r}{hint}")
    return lines


def _acts(node: ast.AST) -> bool:
    """Say whether a definition may do more than bind its name.

    If it may, for example fill a registry, all who import its module use it.
    """
    match node:
        case ast.Call():
            return True
        case ast.Attribute(ctx=ast.Store()) | ast.Subscript(ctx=ast.Store()):
            return True
        case ast.Lambda(args=args):
            return _acts(args)
    decorators = {ast.unparse(d) for d in getattr(node, "decorator_list", [])}
    plain = {"classmethod", "property", "staticmethod"}
    parts = list(ast.iter_child_nodes(node))
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):  # not yet run
        parts = [part for part in parts if not isinstance(part, ast.stmt)]
    return bool(decorators - plain) or any(map(_acts, parts))


def _local_files(
    sources: Iterable[str], package: str, folders: Iterable[Path]
) -> set[Path]:
    """Return the Python files that code imports from folders, or runs.

    Not the package: of that, only what is used counts.
    """
    found: set[Path] = set()
    todo = list(sources)
    written = {w for source in todo for w in _WRITTEN.findall(source)}
    while todo:
        source = todo.pop()
        names = {"".join(groups) for groups in _SCRIPTS.findall(source)}
        names |= {f"{name}.py" for name in _RUN.findall(source)}
        modules = set()
        with suppress(SyntaxError):
            imports = read_code(executed_python(source)).imports
            modules = {i.path.partition(".")[0] for i in imports} - {package}
        for folder in folders:
            files = [folder / name for name in names - written]
            for name in modules - {w.removesuffix(".py") for w in written}:
                files += [folder / f"{name}.py"]
                files += (folder / name).glob("**/*.py")
            new = {file for file in files if file.is_file()} - found
            todo += [file.read_text("utf-8", "replace") for file in new]
            found |= new
    return found


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def add_arguments(parser: ArgumentParser) -> None:
    """Add what the command ``deps`` takes."""
    parser.add_argument(
        "target",
        nargs="?",
        default="",
        metavar="CHAPTER|NAME",
        help="a chapter's path or name, or a saved name (default: the book)",
    )


def main(book: Book, arguments: Namespace) -> int:
    """Report what saved code a chapter uses, or who uses a saved name."""
    files = render_package(book, read_version(book.root))
    library = Library.from_files(files, book.package)
    try:
        print(*describe(book, library, arguments.target), sep="\n")
    except LookupError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0
