"""The code of a check -> why it cannot fail, whatever the formula says."""

import ast
from collections.abc import Iterator, Mapping

from booktools.source.python import read_code

_CATCH_ASSERTIONS = {"AssertionError", "BaseException", "Exception"}
# No mistake in a formula lets these fail.
_HARMLESS = {"display", "len", "print", "repr", "str", "suppress", "type"}
_DEFINITIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

_INSTEAD = (
    "write an assertion that fails if the formula is wrong, or nothing: then"
    " both sides are compared at random points"
)


def find_emptiness(source: str) -> tuple[int, str, str] | None:
    """Return why a check checks nothing, if that is so.

    That is how many lines are above, the problem, and a hint.
    """
    try:
        nodes = read_code(source).nodes
    except SyntaxError:
        return None  # Python says better what is wrong
    own = {n.name: n for n in nodes if isinstance(n, _DEFINITIONS)}
    running = list(_find_running(nodes, own))
    for node in running:
        match node:
            case ast.Expr(ast.Compare() as test):
                what = f"compares and asserts nothing: {ast.unparse(test)}"
                return node.lineno - 1, what, "write assert in front of it"
            case ast.Assert(ast.Tuple(elts=[_, *_])):
                what = "asserts what is in brackets, a tuple: always true"
                hint = 'write assert TEST, "MESSAGE", without the brackets'
                return node.lineno - 1, what, hint
    if any(_can_fail(node, own) for node in running):
        return None
    return 0, "has no code that can fail", _INSTEAD


def _can_fail(node: ast.AST, own: Mapping[str, ast.stmt]) -> bool:
    """Say whether a node may end the check; not for what is inside of it."""
    match node:
        case ast.Assert(ast.Constant(value)):
            return not value
        case ast.Call(ast.Name(name)):
            return name not in _HARMLESS and name not in own
    # Of a dictionary, it may find nothing.
    is_item = isinstance(node, ast.Subscript)
    return is_item or isinstance(node, ast.Assert | ast.Raise | ast.Call)


def _find_running(
    nodes: list[ast.stmt], own: Mapping[str, ast.stmt]
) -> Iterator[ast.AST]:
    """Yield the nodes that run, and whose failure nobody catches.

    What the check defines runs if its name is read in what runs.
    """
    waiting = dict(own)
    todo: list[ast.AST] = [n for n in nodes if n not in own.values()]
    for node in todo:  # which grows
        yield node
        if isinstance(node, ast.Name) and node.id in waiting:
            todo.append(waiting.pop(node.id))
        inside = ast.iter_child_nodes(node)
        if _catches(node):
            caught = getattr(node, "body", [])
            todo += [each for each in inside if each not in caught]
        else:
            todo += inside


def _catches(node: ast.AST) -> bool:
    """Say whether an assertion that fails in a block would be unnoticed."""
    caught: list[ast.expr | None]
    match node:
        case ast.With(items=[ast.withitem(ast.Call(func, args))]):
            caught = [*args] if ast.unparse(func).endswith("suppress") else []
        case ast.Try(handlers=handlers):
            caught = [
                each.type
                for each in handlers
                if not any(_can_fail(n, {}) for n in ast.walk(each))
            ]
        case _:
            return False
    names = {
        n.id
        for c in caught
        if c
        for n in ast.walk(c)
        if isinstance(n, ast.Name)
    }
    return None in caught or not names.isdisjoint(_CATCH_ASSERTIONS)
