"""Runs a check; where an assertion fails, it says both sides.

Kernels get this as text: it needs the standard library only.
"""

import ast
from typing import Any

# What the code of a check is called; all around it is ours.
CHECK = "<check>"

_SEE, _SAY = "_see_side", "_say_sides"
# Functions whose arguments should be equal, by the ends of their names.
_COMPARE = ("close", "equal", "equals")
_LONGEST = 80


def run(source: str, tex: str) -> None:
    """Run the code of a check.

    Parameters
    ----------
    source : str
        The author's code.
    tex : str
        The formula, which that code finds under this name.
    """
    tree = ast.parse(source, CHECK)
    sides = _Sides()
    tree = ast.fix_missing_locations(_Asserts(sides).visit(tree))
    names = {"__name__": "__main__", "tex": tex}
    exec(
        compile(tree, CHECK, "exec"),
        names | {_SEE: sides.see, _SAY: sides.say},
    )


class _Sides:
    """What the sides of each assertion were when it was last looked at."""

    def __init__(self) -> None:
        self.texts: list[str] = []  # of the assertions
        self._values: dict[int, list[Any]] = {}

    def see(self, number: int, place: int, value: Any) -> Any:
        """Note a side, and return it."""
        if place == 0:
            self._values[number] = []
        self._values[number].append(value)
        return value

    def say(self, number: int, message: Any = "") -> str:
        """Return what an assertion says when it fails."""
        values = [_show(value) for value in self._values.get(number, ())]
        text = self.texts[number]
        if len(values) == 2:
            text += f": the left side is {values[0]}, the right {values[1]}"
        elif values:
            text += f": the sides are {', '.join(values)}"
        return f"{message}: {text}" if str(message) else text


class _Asserts(ast.NodeTransformer):
    """Lets assertions say their sides; each expression still runs once."""

    def __init__(self, sides: _Sides):
        self._sides = sides

    def visit_Assert(self, node: ast.Assert) -> ast.Assert:
        number = len(self._sides.texts)
        self._sides.texts.append(ast.unparse(node.test))
        match node.test:
            case ast.Compare(left=left, comparators=others):
                seen = self._see(number, [left, *others])
                node.test.left, *node.test.comparators = seen
            case ast.Call(args=[_, _, *_] as sides) if not any(
                isinstance(side, ast.Starred) for side in sides
            ):
                if ast.unparse(node.test.func).endswith(_COMPARE):
                    node.test.args[:2] = self._see(number, sides[:2])
        message = [node.msg] if node.msg else []
        node.msg = _call(_SAY, [ast.Constant(number), *message])
        return ast.copy_location(node, node)

    def _see(self, number: int, sides: list[ast.expr]) -> list[ast.expr]:
        return [
            _call(_SEE, [ast.Constant(number), ast.Constant(place), side])
            for place, side in enumerate(sides)
        ]


def _call(name: str, arguments: list[ast.expr]) -> ast.expr:
    return ast.Call(ast.Name(name, ast.Load()), arguments, [])


def _show(value: Any) -> str:
    """Return a value in one short line."""
    try:
        text = " ".join(repr(value).split())
    except Exception:
        return f"a {type(value).__name__}"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
