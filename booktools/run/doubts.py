r"""Factors -> a refusal, if readers may differ about where they belong.

Kernels get this as text: it needs the standard library only.
"""

from itertools import takewhile

from booktools.run.factors import (
    OVER,
    TIMES,
    Item,
    heads,
    is_argument,
    is_number,
)
from booktools.run.letters import Letters
from booktools.run.values import UntestableError


def refuse(items: list[Item], letters: Letters) -> None:
    """Refuse what may mean two things because of what is beside it."""
    for at, item in enumerate(items):
        behind = items[at + 1 :]
        after = behind[0] if behind else None
        sides = [items[at - 1]] * bool(at) + behind[:1]
        if item.head == r"\times" and not any(map(is_number, sides)):
            raise UntestableError(
                r"\times between letters may be a product of vectors;"
                r" write \cdot if they are numbers"
            )
        if item.head in (r"\max", r"\min") and (
            item.marks or not (after and after.is_group("("))
        ):
            raise UntestableError(rf"it knows {item.head}(..., ...) only")
        if item.has("_") and item.kind in ("group", "value", "number"):
            raise UntestableError("it knows an index behind a name only")
        for mark, inside in item.marks:
            is_bracket = len(inside) == 1 and inside[0].is_group("(")
            is_name = item.kind == "name" and item.head != "e"
            if mark == "^" and is_bracket and is_name:
                raise UntestableError(
                    f"{item.head}^{{(...)}}: a power, or an index? if it is"
                    " a power, write it without the brackets"
                )
        if item.is_derivative():
            _refuse_operand(item, behind, letters)
        _refuse_products(item, behind, letters)


def _refuse_products(item: Item, behind: list[Item], letters: Letters) -> None:
    """Refuse factors of which it is not sure where they belong."""
    operand = list(takewhile(lambda i: i.kind != "operator", behind))
    end = behind[len(operand)].head if len(operand) < len(behind) else ""
    if item.head == r"\int" and "d" not in heads(behind):
        raise UntestableError(r"\int without dx: over which variable?")
    if item.head == r"\prod" and end in TIMES | OVER:
        raise UntestableError(
            r"what does \prod multiply? write (...) around it"
        )
    if item.head in OVER and len(operand) > 1:
        first, *others = operand
        is_call = first.kind == "name" and others[0].is_group("(", "[")
        if is_call and letters.is_function(first, others[0]):
            others = others[1:]
        is_one = first.kind in ("function", "big") or not others
        if not is_one and others[0].head != "d":
            raise UntestableError(
                f"what is below {item.head}? write (...) around all of it"
            )
    if (
        item.kind == "number"
        and operand
        and operand[0].head == r"\frac"
        and all(i.kind == "number" for p in operand[0].inside for i in p)
    ):
        raise UntestableError(
            r"a number before a fraction: write + or \cdot between them"
        )
    marks = [mark for mark, _ in item.marks]
    if marks.count("!") > 1 or marks.count("^") > 1:
        raise UntestableError(f"it does not know {marks[0] * 2}")


def _refuse_operand(item: Item, behind: list[Item], letters: Letters) -> None:
    r"""Refuse \frac{d}{dx} if it is not sure where its operand ends."""
    operand = list(takewhile(lambda i: i.kind != "operator", behind))
    what = item.inside[0][1:]
    first = operand[0] if operand else item
    if what:
        if first.is_group("(") and (
            is_argument(first) or what[0].head in letters.called
        ):
            raise UntestableError(
                "a derivative before brackets: its value there, or a"
                r" product? if it is a product, write \cdot"
            )
        return
    if any(i.kind == "big" for i in operand):
        return
    operator, after = [*behind[len(operand) :], None, None][:2]
    others = operand[1:]
    is_by = bool(after and after.is_derivative() and after.inside[0][1:])
    if operator and operator.head in OVER | TIMES:
        is_closed = first.is_group("[") and not others
        is_sure = is_closed or (is_by and operator.head in TIMES)
    else:
        is_sure = True
    if first.is_group("(", "[") and others and others[0].head != "d":
        is_sure = False
    if any(i.is_derivative() and i.inside[0][1:] for i in others):
        is_sure = False
    if not is_sure:
        raise UntestableError(
            r"of what is \frac{d}{dx} taken? write [...] around all of it"
        )
