"""Where in code cells the book's saved names stand.

Code is only parsed and compiled, never imported or run.  What Python's own
compiler does not take for a global name is somebody's local variable.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from booktools.source.magics import executed_python
from booktools.source.python import Statement, read_code

_WORDS = {
    ast.FunctionDef: "def ",
    ast.AsyncFunctionDef: "async def ",
    ast.ClassDef: "class ",
}
_Place = tuple[int, int]  # line, from 1, and column in bytes
_Found = tuple[int, int, str, bool]  # and name, and whether defined there


@dataclass(frozen=True)
class SavedName:
    """A name that a chapter saves: its module, and what defines it there."""

    name: str
    module: str
    code: Statement


class Mention(NamedTuple):
    """A saved name in a cell's source, and whether it is defined there."""

    start: int
    name: str
    defines: bool


def read_saved_names(modules: Mapping[str, str]) -> dict[str, SavedName]:
    """Read the modules of the book's package, name -> text, in their order."""
    found: dict[str, SavedName] = {}
    for module, text in modules.items():
        body = iter(read_code(text).statements)
        # Above `__all__` are the imports that saved code needs.
        any("__all__" in code.bound_and_mutated[0] for code in body)
        for code in body:
            for name in code.bound_and_mutated[0]:
                # The first gives the name, others may change it.
                found.setdefault(name, SavedName(name, module, code))
    return found


def signature(saved: SavedName) -> str:
    """Return how to call what a name stands for, or the code it is."""
    match saved.code.node:
        case ast.FunctionDef(args=args) | ast.AsyncFunctionDef(args=args):
            return f"{saved.name}({ast.unparse(args)})"
        case ast.ClassDef(body=body):
            rest = ""
            for part in body:
                match part:
                    case ast.FunctionDef(name="__init__", args=args):
                        # The first one is self.
                        rest = ast.unparse(args).partition(", ")[2]
            return f"{saved.name}({rest})"
    return ast.unparse(saved.code.node)


class Reader:
    """Reads the cells of a page in their order.

    Parameters
    ----------
    package : str
        The book's package.
    saved : mapping of str to SavedName
        What `read_saved_names` returned.
    home : str
        The module that the page's own marks make; any other for none.
    """

    def __init__(
        self, package: str, saved: Mapping[str, SavedName], home: str
    ):
        self._package = package
        self._saved = saved
        self._modules = {s.module for s in saved.values()} | {"torch"}
        self._own = {
            (n, s.code.dump) for n, s in saved.items() if s.module == home
        }
        self._aliases: set[str] = set()  # what cells call the package
        self._known: set[str] = set()  # saved names that may stand bare

    def read(self, source: str) -> list[Mention]:
        """Return the saved names in the next cell."""
        lines = source.split("\n")
        found = set()
        try:
            for code in read_code(executed_python(source)).statements:
                for line, column, name, defines in self._read(code):
                    start = len("\n".join([*lines[: line - 1], ""]))
                    start += len(lines[line - 1].encode()[:column].decode())
                    # In a magic, or in an f-string before Python 3.12, a
                    # place can be wrong.
                    if source.startswith(name, start):
                        found.add(Mention(start, name, defines))
        except SyntaxError:  # shown on purpose
            return []
        return sorted(found)

    def _read(self, code: Statement) -> Iterator[_Found]:
        reads = {(read.line, read.column) for read in code.reads}
        self._aliases -= code.binds
        self._known -= code.binds
        names = code.bound_and_mutated[0]
        own = {name for name in names if (name, code.dump) in self._own}
        yield from _definitions(code, own)
        if not code.is_import:
            self._known |= own
        for part in code.parts:
            match part:
                case ast.Import(names=aliases):
                    for alias in aliases:
                        if alias.name.split(".")[0] == self._package:
                            self._aliases.add(alias.asname or self._package)
                case ast.ImportFrom(module=str(path), names=aliases):
                    package, *rest = path.split(".")
                    if package == self._package and self._modules >= {*rest}:
                        yield from self._read_import(aliases)
                case ast.Attribute(value=value, attr=name):
                    if name in self._saved and self._is_package(value, reads):
                        yield *_end(part, name), name, False
                case ast.Name(id=name) if name in self._known:
                    if _place(part) in reads:
                        yield *_place(part), name, False

    def _read_import(self, aliases: list[ast.alias]) -> Iterator[_Found]:
        for alias in aliases:
            name = alias.asname or alias.name
            if alias.name in self._modules:
                self._aliases.add(name)
            elif alias.name in self._saved:
                if name == alias.name:
                    self._known.add(name)
                yield *_place(alias), alias.name, False

    def _is_package(self, node: ast.expr, reads: set[_Place]) -> bool:
        match node:
            case ast.Name(id=name):
                return name in self._aliases and _place(node) in reads
            case ast.Attribute(value=value, attr=name):
                return name in self._modules and self._is_package(value, reads)
        return False


def _definitions(code: Statement, names: set[str]) -> Iterator[_Found]:
    """Find where a statement binds the names that it saves."""
    node = code.node
    word = _WORDS.get(type(node))
    for name in names:
        if word:
            yield node.lineno, node.col_offset + len(word), name, True
            continue
        for part in code.parts:
            match part:
                case ast.alias() if name == (part.asname or part.name):
                    yield *_end(part, name), name, True
                case ast.Name(ctx=ast.Store()) if part.id == name:
                    yield *_place(part), name, True


def _place(node: ast.expr | ast.alias) -> _Place:
    return node.lineno, node.col_offset


def _end(node: ast.expr | ast.alias, name: str) -> _Place:
    """Return where the last word of a node begins."""
    line, column = node.end_lineno, node.end_col_offset
    return line or node.lineno, (column or 0) - len(name.encode())
