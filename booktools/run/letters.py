r"""A formula -> which of its letters are functions: f(x), but n(n+1).

Kernels get this as text: it needs the standard library only.
"""

from collections.abc import Iterable

from booktools.run.factors import (
    KNOWN,
    NUMBERS,
    Item,
    heads,
    is_argument,
    shown,
    solid,
)
from booktools.run.values import UntestableError

_MOSTLY_FUNCTIONS = {*"fgFG", r"\phi", r"\varphi", r"\psi", r"\Phi", r"\Psi"}


class Letters:
    """The letters of a formula.

    ``called`` are those before brackets with one name or number, or with
    several things.

    Parameters
    ----------
    sides : iterable of list of Item
        All of the formula: what a letter is, another side may say.
    """

    def __init__(self, sides: Iterable[list[Item]]):
        self._alone: set[str] = set()
        self._alone_with_prime: set[str] = set()
        self.called: set[str] = set()
        self._bound: set[str] = set()
        self._transposed: set[str] = set()
        self._in_powers_of_e: set[str] = set()
        for items in sides:
            self._look(items)
        for head in sorted(self._transposed - self._alone):
            raise UntestableError(
                f"^{head} may mean a transpose; it does not know matrices"
            )
        for head in sorted(self._in_powers_of_e - self._bound):
            raise UntestableError(
                f"{head} in a power of e may be the imaginary unit; it knows"
                " real numbers only"
            )

    def _look(self, items: list[Item]) -> None:
        """Find what the names are."""
        items = solid(items)
        for item, after in zip(items, [*items[1:], None], strict=False):
            for mark, part in [*(("", p) for p in item.inside), *item.marks]:
                self._look_inside(item, mark, part)
            if item.kind == "big" and item.has("_"):
                bounds = dict(item.marks)["_"]
                self._bound |= {bound.head for bound in bounds[:1]}
            if item.kind != "name":
                continue
            if after is None or not after.is_group("(", "["):
                primed = item.has("'")
                alone = self._alone_with_prime if primed else self._alone
                alone.add(item.head)
            elif item.head in ("O", "o"):
                raise UntestableError(
                    f"{item.head}(...) says only how small something is"
                )
            elif not item.has("^", "!") and is_argument(after):
                self.called.add(item.head)

    def _look_inside(self, item: Item, mark: str, part: list[Item]) -> None:
        if item.is_derivative() and part is item.inside[0]:
            part = part[1:]
            if len(part) == 1:  # as in df/dx, where f may be a function
                return
        if mark == "^" and item.head == "e":
            self._in_powers_of_e |= heads(part) & {"i", "j"}
        elif mark == "^" and item.kind != "number" and part:
            *sign, last = part
            if last.head in ("T", "H") and [s.head for s in sign] in (
                [],
                ["-"],
            ):
                self._transposed.add(last.head)
                return
        self._look(part)

    def is_function(self, name: Item, group: Item) -> bool:
        """Say whether a name before brackets is one of a function."""
        if name.head in KNOWN:
            return True
        if name.head in NUMBERS and not name.has("_"):
            return False
        is_alone = name.head in self._alone
        may_be = name.head in _MOSTLY_FUNCTIONS | self.called
        if name.has("^", "!"):
            is_sure, is_function = not may_be, False
        elif name.has("'"):
            is_alone = is_alone or name.head in self._alone_with_prime
            is_sure, is_function = not is_alone, True
        else:
            is_sure, is_function = is_alone != may_be, may_be
        text = f"{shown(name)}{group.head}"
        if not is_sure:
            raise UntestableError(
                rf"{text}: a function, or a product? if it is a product,"
                rf" write \cdot before {group.head}"
            )
        if is_function and group.head == "[":
            raise UntestableError(
                f"{text}: a function? write (...) instead of [...]"
            )
        if is_function and name.head.startswith(r"\mathit"):
            raise UntestableError(
                f"{text}: it knows functions of one letter only"
            )
        return is_function
