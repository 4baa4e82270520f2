r"""A side of a formula in TeX -> its factors and operators, in brackets.

Kernels get this as text: it needs the standard library only.
"""

from dataclasses import dataclass, field

from booktools.run.reading import GREEK, TOKEN, with_first_derivatives
from booktools.run.values import UntestableError

_FUNCTIONS = {
    *(r"\sin", r"\cos", r"\tan", r"\csc", r"\sec", r"\cot"),
    *(r"\arcsin", r"\arccos", r"\arctan", r"\sinh", r"\cosh", r"\tanh"),
    *(r"\exp", r"\ln", r"\log"),
}
_BIG = {r"\sum", r"\prod", r"\int", r"\lim"}
_ARGUMENTS = {r"\frac": 2, r"\binom": 2, r"\sqrt": 1}
CLOSING = {"(": ")", "[": "]", "{": "}", "|": "|"}
CLOSING |= {r"\lfloor": r"\rfloor", r"\lceil": r"\rceil"}
TIMES = {r"\cdot", r"\times", "*"}
OVER = {"/", r"\div"}
_OPERATORS = {*TIMES, *OVER, *"+-,=|", r"\to"}
KNOWN = {r"\Gamma", r"\max", r"\min"}
NUMBERS = {"e", r"\pi"}


@dataclass
class Item:
    """A number, a name, a bracket, an operator, ... with what is at it.

    ``marks`` are its scripts, primes and ``!``, in their order.
    """

    kind: str
    head: str
    inside: list[list["Item"]] = field(default_factory=list)
    marks: list[tuple[str, list["Item"]]] = field(default_factory=list)

    def has(self, *marks: str) -> bool:
        """Say whether it has one of some marks."""
        return any(mark in marks for mark, _ in self.marks)

    def is_group(self, *heads: str) -> bool:
        """Say whether it is one of some brackets."""
        return self.kind == "group" and self.head in heads

    def is_derivative(self) -> bool:
        r"""Say whether it is \frac{d}{dx} or \frac{dy}{dx}."""
        if self.head != r"\frac":
            return False
        above, below = self.inside
        heads = {part[0].head for part in self.inside if part}
        is_by_name = len(below) == 2 and below[1].kind == "name"
        return bool(above) and is_by_name and heads in ({"d"}, {r"\partial"})


class _Parser:
    def __init__(self, tex: str):
        self._rest = [t for t in TOKEN.findall(tex) if not t.isspace()][::-1]

    def sequence(self, close: str = "") -> list[Item]:
        """Take all up to what closes a bracket."""
        items: list[Item] = []
        while self._rest:
            token = self._rest.pop()
            if token == close:
                return items
            items.append(self._item(token))
        if close:
            raise UntestableError(f"it finds no {close} that belongs there")
        return items

    def _item(self, token: str) -> Item:
        item = self._without_marks(token)
        if item.kind in ("operator", "space"):
            return item
        while self._rest and self._rest[-1] in ("_", "^", "'", "!"):
            mark = self._rest.pop()
            item.marks.append((mark, self._one() if mark in "_^" else []))
        return item

    def _one(self) -> list[Item]:
        """Take one token, or what is in braces."""
        if not self._rest:
            raise UntestableError("it ends too early")
        if (token := self._rest.pop()) == "{":
            return self.sequence("}")
        if token.isdigit():
            return [Item("number", token)]
        return [self._without_marks(token)]

    def _without_marks(self, token: str) -> Item:
        if token.isdigit() or token == ".":
            while self._rest and (self._rest[-1] + "0").strip(".").isdigit():
                token += self._rest.pop()
            return Item("number", token)
        if token in _ARGUMENTS:
            inside = []
            if self._rest[-1:] == ["["]:
                self._rest.pop()
                inside.append(self.sequence("]"))
            count = _ARGUMENTS[token] + len(inside)
            while len(inside) < count:
                inside.append(solid(self._one()))
            return Item("value", token, inside)
        if token == r"\mathit":
            letters = "".join(item.head for item in self._one())
            return Item("name", rf"\mathit{{{letters}}}")
        if token in CLOSING and (token != "|" or self._is_closed()):
            return Item("group", token, [self.sequence(CLOSING[token])])
        if token in _FUNCTIONS:
            return Item("function", token)
        if token in _BIG:
            return Item("big", token)
        if token in _OPERATORS:
            return Item("operator", token)
        if token == r"\,":
            return Item("space", token)
        if token in (r"\infty", r"\partial"):
            return Item("value", token)
        if token.isalpha() or token[1:] in GREEK or token in KNOWN:
            return Item("name", token)
        raise UntestableError(f"it does not know {token} here")

    def _is_closed(self) -> bool:
        """Say whether there is a second |, in the same brackets."""
        depth = 0
        for token in reversed(self._rest):
            depth += (token in "([{") - (token in ")]}")
            if depth < 0 or (depth == 0 and token == "|"):
                return depth == 0
        return False


def parse(tex: str) -> list[Item]:
    """Return what a side consists of."""
    return _Parser(with_first_derivatives(tex)).sequence()


def solid(items: list[Item]) -> list[Item]:
    """Return all but spaces."""
    return [item for item in items if item.kind != "space"]


def upcoming(rest: list[Item]) -> Item | None:
    """Return what is next, but for spaces, in what is to be written."""
    return next((i for i in reversed(rest) if i.kind != "space"), None)


def shown(item: Item) -> str:
    """Return a name as messages show it."""
    marks = {mark: mark + "..." * (mark in "_^") for mark, _ in item.marks}
    head = item.head.removeprefix(r"\mathit{").removesuffix("}")
    return head + "".join(marks.values())


def heads(items: list[Item]) -> set[str]:
    """Return all names, but for those in an index."""
    found = {item.head for item in items}
    for item in items:
        powers = [inside for mark, inside in item.marks if mark != "_"]
        for part in [*item.inside, *powers]:
            found |= heads(part)
    return found


def is_argument(group: Item) -> bool:
    """Say whether brackets hold several things, or one name or number."""
    items = solid(group.inside[0])
    is_one = len(items) == 1 and items[0].kind in ("name", "number")
    if is_one and not items[0].has("^", "!"):
        return True
    return any(item.head == "," for item in items)


def is_constant(item: Item) -> bool:
    """Say whether a factor is a number that is written as one."""
    return item.kind == "number" or (
        item.head in NUMBERS and not item.has("_", "^")
    )


def is_number(item: Item) -> bool:
    """Say whether a factor is a number, and no vector."""
    if item.kind == "function" or item.has("!") or is_constant(item):
        return True
    powers = [inside for mark, inside in item.marks if mark != "_"]
    return any(is_number(i) for part in [*item.inside, *powers] for i in part)
