r"""A side of a formula in TeX -> TeX that SymPy reads as authors mean it.

SymPy takes ``x (1-x)^2`` for the square of a function, ``\sin x \cdot 2``
for ``\sin 2x``, and ``a_{ij}`` for ``a_{ji}``.

Kernels get this as text: it needs the standard library only.
"""

from collections.abc import Iterable
from itertools import pairwise

from booktools.run.doubts import refuse
from booktools.run.factors import (
    CLOSING,
    OVER,
    TIMES,
    Item,
    is_constant,
    parse,
    solid,
    upcoming,
)
from booktools.run.letters import Letters
from booktools.run.values import UntestableError


class Writer:
    """Writes the sides of a formula, and refuses what may mean two things.

    Parameters
    ----------
    texts : iterable of str
        All of the formula.
    """

    def __init__(self, texts: Iterable[str]):
        self._items = {text: parse(text) for text in texts}
        self._letters = Letters(self._items.values())

    def write(self, text: str) -> str:
        """Write a side."""
        return self._write(self._items[text])

    def _write(self, items: list[Item]) -> str:
        refuse(solid(items), self._letters)
        rest = items[::-1]
        words: list[str] = []
        before = ""
        while rest:
            item = rest.pop()
            if item.kind == "space":
                continue
            after = upcoming(rest)
            if item.kind == "function":
                words.append(self._function(item, rest))
            elif item.kind == "name" and after and after.is_group("(", "["):
                while rest.pop() is not after:
                    pass
                name, group = self._one(item), self._one(after)
                is_function = self._letters.is_function(item, after)
                # In braces, it is none for SymPy, either.
                words += [name if is_function else f"{{{name}}}", group]
            elif (item.head, before, item.marks) == ("x", "number", []):
                # Between numbers, SymPy would take it for \times.
                words.append("x^{1}" if after else "x")
            else:
                words.append(self._one(item))
            before = item.kind
        return " ".join(words)

    def _function(self, item: Item, rest: list[Item]) -> str:
        r"""Write \sin and so on, with brackets around the argument."""
        after = upcoming(rest)
        behind = ""
        if after and after.is_group("(", "["):
            while rest.pop() is not after:
                pass
            argument = after.inside[0]
            is_short = len(solid(argument)) == 1
            is_sure = is_short and item.head not in (r"\ln", r"\log")
            if after.marks and not is_sure and item.head != r"\exp":
                raise UntestableError(
                    f"{item.head}(...){after.marks[0][0]}: of the function, or"
                    " of its argument? write one more pair of brackets"
                )
            behind = self._marks(after)
        else:
            argument = self._argument(item, rest)
        name = item.head + self._marks(item)
        return f"{{{name} ({self._write(argument)})}}{behind}"

    def _argument(self, item: Item, rest: list[Item]) -> list[Item]:
        """Take the argument of a function that has no brackets."""
        unsure = UntestableError(
            f"where does the argument of {item.head} end? write"
            f" {item.head}(...)"
        )
        taken: list[Item] = []
        is_whole = False
        while not self._ends(taken, rest):
            part = rest.pop()
            after = rest[-1] if rest else None
            if part.kind == "space" and not taken:
                continue
            has_letters = not all(map(is_constant, taken))
            is_again = part.head in [i.head for i in taken]
            if is_whole or is_again or (has_letters and part.kind != "name"):
                raise unsure
            is_whole = part.kind not in ("name", "number")
            if part.kind == "function" and not taken:
                part = Item("text", self._function(part, rest))
            elif part.kind == "big" and not taken:
                while rest and rest[-1].kind != "operator":
                    taken.append(part)
                    part = rest.pop()
            elif part.kind == "name" and after and after.is_group("(", "["):
                if self._letters.is_function(part, after):
                    is_whole = True
                    if taken or after.marks:
                        raise unsure
                    taken.append(part)
                    part = rest.pop()
                elif not is_constant(part):
                    raise unsure
            elif part.kind == "name" and part.has("^", "!"):
                is_whole = True
                if has_letters:
                    raise unsure
            elif (
                part.kind in ("space", "function", "big", "operator")
                or (part.head == r"\frac" and (taken or part.is_derivative()))
                or (
                    part.kind in ("group", "value")
                    and part.marks
                    and not (taken and part.is_group("("))
                )
            ):
                raise unsure
            taken.append(part)
        after = upcoming(rest)
        unsure_behind = set(OVER)
        is_big = any(i.kind == "big" for i in taken)
        if is_big or all(map(is_constant, taken)):
            unsure_behind |= TIMES
        if not taken or (after and after.head in unsure_behind):
            raise unsure
        return taken

    def _ends(self, taken: list[Item], rest: list[Item]) -> bool:
        """Say whether an argument without brackets surely ends here."""
        near = solid(rest[::-1])[:2]
        if not near or near[0].kind == "operator":
            return True
        if not taken:
            return False
        after, *behind = near
        if after.head == "d" and behind and behind[0].kind == "name":
            return True  # as in dx
        if all(map(is_constant, taken)):
            return False
        if after.kind in ("function", "big") or after.is_derivative():
            return True
        if rest[-1].kind != "space" or after.kind != "name":
            return False
        is_call = bool(behind) and behind[0].is_group("(")
        return (after.head == "e" and after.has("^")) or (
            is_call and self._letters.is_function(after, behind[0])
        )

    def _one(self, item: Item) -> str:
        if item.kind == "group":
            inside = self._write(item.inside[0])
            head = "(" if item.head == "[" else item.head
            text = f"{head} {inside} {CLOSING[head]}"
        elif item.head == r"\sqrt" and len(item.inside) == 2:
            root, inside = map(self._write, item.inside)
            text = rf"\sqrt[{root}]{{{inside}}}"
        elif item.is_derivative():
            (d, *above), below = item.inside
            what = f"{d.head} {self._write(above)}".strip()
            text = rf"\frac{{{what}}}{{{self._write(below)}}}"
        else:
            inside = "".join(f"{{{self._write(i)}}}" for i in item.inside)
            text = item.head + inside
        return text + self._marks(item)

    def _marks(self, item: Item) -> str:
        marks = item.marks
        if item.kind == "name":  # SymPy drops the index of x^2_1
            marks = sorted(marks, key=lambda mark: "_'".find(mark[0]) % 3)
        text = ""
        for mark, inside in marks:
            if mark == "_" and item.kind == "name":
                text += f"_{{{self._index(item, solid(inside))}}}"
            else:
                text += f"{mark}{{{self._write(inside)}}}" if inside else mark
        return text

    def _index(self, name: Item, items: list[Item]) -> str:
        """Write an index: SymPy sorts what it takes for a product."""
        are_letters = all(i.head.isalpha() and not i.marks for i in items)
        if are_letters and len(items) > 1:
            return rf"\mathit{{{''.join(i.head for i in items)}}}"
        kinds = [i.kind for i in items]
        for (a, b), one in zip(pairwise(kinds), items, strict=False):
            is_multiple = (a, b) == ("number", "name") and one.head != "1"
            if "operator" not in (a, b) and not is_multiple:
                raise UntestableError(
                    f"{name.head} has several indices; it knows those that"
                    " are letters, as in a_{ij}"
                )
        if not all(i.kind in ("name", "number", "operator") for i in items):
            raise UntestableError(
                f"the index of {name.head} is no letter or number, as in a_i"
            )
        if any(i.has("_") or i.head.startswith(r"\mathit") for i in items):
            raise UntestableError(
                f"the index of {name.head} has an index or an accent itself"
            )
        return self._write(items)
