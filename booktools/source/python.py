"""The code of cells and modules -> what it says; the one place that parses it.

Code is only parsed and compiled, never imported or run.  Which names are
global, Python's own compiler knows; it also knows where code reads them and
in which order, which `symtable` does not.
"""

import ast
import dis
import functools
import warnings
from collections.abc import Iterator
from inspect import CO_COROUTINE, CO_OPTIMIZED
from types import CodeType
from typing import NamedTuple

_LOADS = {"LOAD_NAME", "LOAD_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS"}


class Import(NamedTuple):
    """A name that an import binds.

    For `import a.b`, the name is `a`, the ``path`` is `a.b`, and the
    ``target``, what the name stands for, is `a`.  A relative import, which no
    notebook can do, has none.
    """

    name: str
    path: str
    target: str
    text: str
    line: int


class Read(NamedTuple):
    """Where code reads a global name; ``column`` counts bytes.

    It is free if the code around it has not bound it before.  ``at_import``
    says that it is read at once, not when a function is called later.
    """

    name: str
    line: int
    column: int
    is_free: bool
    at_import: bool


class Code:
    """The code of a cell or a module."""

    def __init__(self, nodes: list[ast.stmt]):
        self.nodes = nodes

    @functools.cached_property
    def statements(self) -> list["Statement"]:
        """Its statements, one by one."""
        return [Statement(node) for node in self.nodes]

    @functools.cached_property
    def parts(self) -> list[ast.AST]:
        """All nodes of its syntax tree, outer ones before inner ones."""
        return [part for node in self.nodes for part in ast.walk(node)]

    @functools.cached_property
    def imports(self) -> list[Import]:
        """All that it imports, also in functions."""
        found = []
        for node in self.parts:
            if not isinstance(node, ast.Import | ast.ImportFrom):
                continue
            module = getattr(node, "module", "")
            start = f"from {module} " if module else ""
            for alias in node.names:
                path = f"{module}.{alias.name}" if module else alias.name
                name = alias.asname or alias.name.split(".")[0]
                target = path if module or alias.asname else name
                if getattr(node, "level", 0):
                    target = ""
                text = f"{start}import {ast.unparse(alias)}"
                found.append(Import(name, path, target, text, alias.lineno))
        return found

    @functools.cached_property
    def chains(self) -> list[tuple[ast.Name | ast.Attribute, list[str]]]:
        """Each name in it, with the attributes taken from it: `a.b.c`."""
        inner = {p.value for p in self.parts if isinstance(p, ast.Attribute)}
        kinds = ast.Name | ast.Attribute
        ends = (p for p in self.parts if isinstance(p, kinds))
        found = [(p, _names(p)) for p in ends if p not in inner]
        return [(part, names) for part, names in found if names]

    @functools.cached_property
    def texts(self) -> list[str]:
        """The constants in it, but not its docstrings."""
        docs = {id(p.value) for p in self.parts if isinstance(p, ast.Expr)}
        constants = (p for p in self.parts if isinstance(p, ast.Constant))
        return [str(part.value) for part in constants if id(part) not in docs]

    @functools.cached_property
    def compiled(self) -> CodeType:
        """What Python makes of it; what it does not take raises an error."""
        return compile_cell(ast.Module(self.nodes, []))

    @functools.cached_property
    def binds(self) -> set[str]:
        """The names that it binds itself, outside of functions and classes."""
        steps = dis.get_instructions(self.compiled)
        return {step.argval for step in steps if step.opname == "STORE_NAME"}

    @functools.cached_property
    def reads(self) -> list[Read]:
        """Where it reads global names."""
        return list(_find_reads(self.compiled))

    @property
    def awaits(self) -> bool:
        """Whether an `await` stands outside of its functions."""
        return bool(self.compiled.co_flags & CO_COROUTINE)


class Statement(Code):
    """A statement of its own."""

    def __init__(self, node: ast.stmt):
        super().__init__([node])
        self.node = node

    @property
    def is_import(self) -> bool:
        """Whether it is an import, and nothing else."""
        return isinstance(self.node, ast.Import | ast.ImportFrom)

    @functools.cached_property
    def dump(self) -> str:
        """Its syntax tree as text, without places."""
        return ast.dump(self.node)

    @functools.cached_property
    def lines(self) -> list[int]:
        """The lines on which its decorators and it begin."""
        decorators: list[ast.expr] = getattr(self.node, "decorator_list", [])
        return [*(each.lineno for each in decorators), self.node.lineno]

    @functools.cached_property
    def bound_and_mutated(self) -> tuple[list[str], list[ast.expr]]:
        """The names that it gives a value, and the objects it changes."""
        names: list[str] = []
        changed: list[ast.expr] = []
        targets: list[ast.expr] = []
        match self.node:
            case ast.Import() | ast.ImportFrom():
                names = [each.name for each in self.imports if each.target]
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                for call in self.node.decorator_list:
                    text = ast.unparse(call)
                    if isinstance(call, ast.Call) and "add_to_class(" in text:
                        words = [word.value for word in call.keywords]
                        changed = [*call.args, *words][:1]
                # A method added to a class is found there, not by its name.
                names = [] if changed else [self.node.name]
            case ast.Assign():
                targets = self.node.targets
            case ast.AnnAssign(value=ast.expr()):
                targets = [self.node.target]
            case ast.AugAssign():
                targets = changed = [self.node.target]
        for part in (part for target in targets for part in ast.walk(target)):
            if isinstance(getattr(part, "ctx", None), ast.Store):
                if isinstance(part, ast.Name):
                    names.append(part.id)
                elif isinstance(part, ast.Attribute | ast.Subscript):
                    changed = [*changed, part]
        return names, changed


@functools.lru_cache(4096)
def read_code(source: str) -> Code:
    """Parse code, once; without the warnings that Python gives when it runs.

    Raises
    ------
    SyntaxError
        If it is no Python.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Code(ast.parse(source).body)


def compile_cell(source: str | ast.Module) -> CodeType:
    """Compile code in which, as in a cell, `await` may stand anywhere."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        code: CodeType = compile(source, "cell", "exec", flags, True)
    return code


def _names(node: ast.expr) -> list[str]:
    """Return the names in `a.b.c`; none for another kind of expression."""
    if isinstance(node, ast.Attribute) and (names := _names(node.value)):
        return [*names, node.attr]
    return [node.id] if isinstance(node, ast.Name) else []


def _find_reads(code: CodeType, at_import: bool = True) -> Iterator[Read]:
    bound = set()
    for step in dis.get_instructions(code):
        if step.opname in ("STORE_NAME", "STORE_GLOBAL"):
            bound.add(step.argval)
        elif step.opname in _LOADS:
            line, column = code.co_firstlineno, 0
            if place := step.positions:
                line, column = place.lineno or line, place.col_offset or 0
            is_free = step.argval not in bound
            yield Read(step.argval, line, column, is_free, at_import)
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            # Class bodies and comprehensions run at once.
            name, is_class = inner.co_name, not inner.co_flags & CO_OPTIMIZED
            at_once = is_class or (name[0] == "<" and name != "<lambda>")
            yield from _find_reads(inner, at_import and at_once)
