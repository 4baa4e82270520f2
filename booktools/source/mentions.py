"""Where in code cells the book's saved names stand.

Code is only parsed and compiled, never imported or run.  What Python's own
compiler does not take for a global name is somebody's local variable.
"""

import ast
import dis
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import CodeType
from typing import NamedTuple

from booktools.source.chapter import parse_python
from booktools.source.magics import executed_python
from booktools.source.saved import effects

_WORDS = {
    ast.FunctionDef: "def ",
    ast.AsyncFunctionDef: "async def ",
    ast.ClassDef: "class ",
}
_Place = tuple[int, int]  # line, from 1, and column in bytes
_Found = tuple[int, int, str, bool]  # and name, and whether defined there
_LOADS = ("LOAD_NAME", "LOAD_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS")


@dataclass(frozen=True)
class SavedName:
    """A name that a chapter saves: its module, and what defines it there."""

    name: str
    module: str
    node: ast.stmt


class Mention(NamedTuple):
    """A saved name in a cell's source, and whether it is defined there."""

    start: int
    name: str
    defines: bool


def read_saved_names(modules: Mapping[str, str]) -> dict[str, SavedName]:
    """Read the modules of the book's package, name -> text, in their order."""
    found: dict[str, SavedName] = {}
    for module, text in modules.items():
        body = iter(parse_python(text).body)
        # Above `__all__` are the imports that saved code needs.
        any("__all__" in effects(node)[0] for node in body)
        for node in body:
            for name in effects(node)[0]:
                # The first gives the name, others may change it.
                found.setdefault(name, SavedName(name, module, node))
    return found


def signature(saved: SavedName) -> str:
    """Return how to call what a name stands for, or the code it is."""
    match saved.node:
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
    return ast.unparse(saved.node)


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
            (n, ast.dump(s.node)) for n, s in saved.items() if s.module == home
        }
        self._aliases: set[str] = set()  # what cells call the package
        self._known: set[str] = set()  # saved names that may stand bare

    def read(self, source: str) -> list[Mention]:
        """Return the saved names in the next cell."""
        lines = source.split("\n")
        found = set()
        try:
            for node in parse_python(executed_python(source)).body:
                for line, column, name, defines in self._read(node):
                    start = len("\n".join([*lines[: line - 1], ""]))
                    start += len(lines[line - 1].encode()[:column].decode())
                    # In a magic, or in an f-string before Python 3.12, a
                    # place can be wrong.
                    if source.startswith(name, start):
                        found.add(Mention(start, name, defines))
        except SyntaxError:  # shown on purpose
            return []
        return sorted(found)

    def _read(self, node: ast.stmt) -> Iterator[_Found]:
        loads, bound = _global_names(node)
        for name in bound:
            self._aliases.discard(name)
            self._known.discard(name)
        dump = ast.dump(node)
        own = {n for n in effects(node)[0] if (n, dump) in self._own}
        yield from _definitions(node, own)
        if not isinstance(node, ast.Import | ast.ImportFrom):
            self._known |= own
        for part in ast.walk(node):
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
                    if name in self._saved and self._is_package(value, loads):
                        yield *_end(part, name), name, False
                case ast.Name(id=name) if name in self._known:
                    if _place(part) in loads:
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

    def _is_package(self, node: ast.expr, loads: set[_Place]) -> bool:
        match node:
            case ast.Name(id=name):
                return name in self._aliases and _place(node) in loads
            case ast.Attribute(value=value, attr=name):
                return name in self._modules and self._is_package(value, loads)
        return False


def _definitions(node: ast.stmt, names: set[str]) -> Iterator[_Found]:
    """Find where a statement binds the names that it saves."""
    word = _WORDS.get(type(node))
    for name in names:
        if word:
            yield node.lineno, node.col_offset + len(word), name, True
            continue
        for part in ast.walk(node):
            match part:
                case ast.alias() if name == (part.asname or part.name):
                    yield *_end(part, name), name, True
                case ast.Name(ctx=ast.Store()) if part.id == name:
                    yield *_place(part), name, True


def _global_names(node: ast.stmt) -> tuple[set[_Place], set[str]]:
    """Return where a statement reads global names, and those it binds."""
    with warnings.catch_warnings():
        # Of a chapter's code, Python warns when the chapter runs.
        warnings.simplefilter("ignore")
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        todo = [compile(ast.Module([node], []), "cell", "exec", flags, True)]
    loads, bound = set(), set()
    for code in todo:
        for step in dis.get_instructions(code):
            if step.opname in _LOADS and step.positions:
                place = step.positions
                loads.add((place.lineno or 0, place.col_offset or 0))
            elif step.opname == "STORE_NAME" and code is todo[0]:
                bound.add(step.argval)
        todo += [c for c in code.co_consts if isinstance(c, CodeType)]
    return loads, bound


def _place(node: ast.expr | ast.alias) -> _Place:
    return node.lineno, node.col_offset


def _end(node: ast.expr | ast.alias, name: str) -> _Place:
    """Return where the last word of a node begins."""
    line, column = node.end_lineno, node.end_col_offset
    return line or node.lineno, (column or 0) - len(name.encode())
