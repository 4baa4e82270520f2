"""A formula in TeX -> whether its sides are equal at random points.

What a check without code of its own runs.  Kernels get it as text, with the
modules that it imports: they need SymPy and the standard library only.
"""

import itertools
import json
import math
import random
from collections.abc import Callable, Mapping
from typing import Any

import mpmath  # type: ignore[import-untyped]
import sympy  # type: ignore[import-untyped]

from booktools.run.matrices import order_matters
from booktools.run.names import Names, variables
from booktools.run.reading import Condition, differentiated, read, split
from booktools.run.values import (
    DIGITS,
    NEARLY,
    UntestableError,
    UnusableError,
    depth,
    value,
)
from booktools.run.writing import Writer

# At how many points sides must be equal, and how many are tried: all, and
# before giving up if none can be used.
POINTS, DRAWS, DRAWS_FOR_NONE = 20, 600, 200
# Of formulas that take long.
FEWER_POINTS = 4

_RELATIONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
    "!=": lambda a, b: a != b,
}


class Equation:
    """One equation, or several that belong together."""

    def __init__(self, chains: list[list[str]], conditions: list[Condition]):
        texts = [text for chain in chains for text in chain]
        bounds = [text for c in conditions for text in (c.left, c.right)]
        writer = Writer([*texts, *bounds])
        both = {t: read(t, writer.write(t)) for t in [*texts, *bounds]}
        sides = {text: both[text] for text in texts}
        self._conditions = [
            (both[c.left], _RELATIONS[c.relation], both[c.right])
            for c in conditions
        ]
        ends = [end for c in self._conditions for end in (c[0], c[2])]
        sure = set().union(*map(differentiated, texts))
        self._names = Names([*sides.values(), *ends], sure)
        self._sides = sides
        self._pairs: list[tuple[str, str]] = []
        self.defined: list[str] = []
        for chain in chains:
            defined = {s: self._defined_by(s, texts) for s in chain}
            rest = [s for s in chain if not defined[s]]
            if len(rest) < 2:
                name = next(filter(None, defined.values()))
                raise UntestableError(
                    f"it defines {name}, and nothing else in it says what"
                    f" {name} should be"
                )
            for left, right in itertools.pairwise(rest):
                if order_matters(sides[left], sides[right]):
                    raise UntestableError(
                        "its sides differ in the order of capital letters:"
                        " they are equal for numbers, not for matrices"
                    )
                self._pairs.append((left, right))
            self.defined += filter(None, defined.values())
        self._by = self._variable_of_integrals()
        used = [sides[text] for pair in self._pairs for text in pair]
        here = set().union(*(self._names.names_in(e) for e in [*used, *ends]))
        self.functions = sorted(here & self._names.functions.keys())
        self.numbers = self._names.free([*used, *ends])
        self.points = POINTS if self.numbers or self.functions else 1
        if max(map(depth, used)) > 1 and any(
            e.has(sympy.Integral) for e in used
        ):
            self.points = min(self.points, FEWER_POINTS)
        self._is_exact = not any(e.has(*NEARLY) for e in used)

    @property
    def whole(self) -> list[str]:
        """The names that stand for whole numbers."""
        return [name for name in self.numbers if name in self._names.whole]

    def _defined_by(self, side: str, texts: list[str]) -> str:
        """Return the name that a side is, if it stands nowhere else."""
        name = self._names.name_of(self._sides[side])
        others = list(texts)
        others.remove(side)
        known = (self._names.names_in(self._sides[text]) for text in others)
        return name if not any(name in names for names in known) else ""

    def _variable_of_integrals(self) -> Any:
        """Return the variable of integrals without limits, or None."""
        found = {
            limit[0]
            for side in self._sides.values()
            for integral in side.atoms(sympy.Integral)
            for limit in integral.limits
            if len(limit) == 1
        }
        if len(found) > 1:
            what = "it has integrals without limits over several variables"
            raise UntestableError(what)
        return next(iter(found), None)

    def draw_examples(self, generator: random.Random) -> dict[str, Any]:
        """Choose a smooth function for each name of one."""
        return {
            name: _example(generator, count)
            for name, count in sorted(self._names.functions.items())
        }

    def draw_point(
        self, generator: random.Random, draw: int
    ) -> dict[str, Any]:
        """Choose a number for each name of one.

        Some formulas hold for positive numbers only, or near zero.
        """
        point = {}
        for name in self.numbers:
            size = math.exp(generator.uniform(math.log(0.1), math.log(3)))
            sign = generator.choice((-1, 1))
            x = (sign * size, size, size / 3)[draw % 3]
            if name in self._names.whole:
                x = generator.randint(1, 9)
            point[name] = mpmath.mpf(x)
        return point

    def compare(
        self, examples: Mapping[str, Any], point: Mapping[str, Any]
    ) -> None:
        """Compare all sides.

        Raises
        ------
        AssertionError
            If two that should be equal are not.
        UnusableError
            If one of them has no value here.
        """

        def compute(e: Any) -> Any:
            return value(e, point)

        resolved: dict[Any, Any] = {}
        for left, holds, right in self._conditions:
            ends = (self._names.resolve(e, examples) for e in (left, right))
            if not holds(*map(compute, ends)):
                raise UnusableError("the conditions do not hold")
        for text in dict.fromkeys(t for pair in self._pairs for t in pair):
            side = self._names.resolve(self._sides[text], examples)
            # Integrals without limits are equal up to a constant.
            side = side if self._by is None else side.diff(self._by)
            resolved[text] = compute(side)
        near, nearest = (1e-12, 1e-40) if self._is_exact else (1e-8, 1e-10)
        for pair in self._pairs:
            a, b = values = [resolved[text] for text in pair]
            if abs(a - b) <= near * max(abs(a), abs(b)) + nearest:
                continue
            shown = [f"{t} is {_show(resolved[t], values)}" for t in pair]
            what = f"{shown[0]}, but {shown[1]}"
            self._names.refuse_unknown(what)
            if self._by is not None:
                what = f"differentiated by {self._by}, {what}"
            raise AssertionError(what + self._where(examples, point))

    def _where(
        self, examples: Mapping[str, Any], point: Mapping[str, Any]
    ) -> str:
        where = [f"{name} = {mpmath.nstr(x, 8)}" for name, x in point.items()]
        for name in self.functions:
            arguments = ", ".join(map(str, examples[name].variables))
            where.append(f"{name}({arguments}) = {examples[name].expr}")
        return f", at {', '.join(where)}" if where else ""


def check_equation(tex: str) -> dict[str, Any]:
    """Compare the sides of a formula at random points.

    Parameters
    ----------
    tex : str
        One equation, or several.

    Returns
    -------
    dict
        At how many ``points``; which ``numbers``, ``whole`` numbers and
        ``functions`` were random there; which names are ``defined`` by the
        formula, so that nothing could be said about them.

    Raises
    ------
    UntestableError
        If the formula is not one that can be tested so.
    AssertionError
        If sides differ, or if too few points can be used.
    """
    try:
        return _check(Equation(*split(tex)))
    except (AssertionError, ImportError, UntestableError):
        raise
    except Exception as error:  # of SymPy or mpmath, as they meet the unknown
        name = type(error).__name__
        raise UntestableError(f"it cannot compute it: {name}") from error


def _check(equation: Equation) -> dict[str, Any]:
    """Compare the sides of an equation at random points."""
    generator = random.Random(0)
    used, tried, why = 0, 0, ""
    with mpmath.workdps(DIGITS):
        while used < equation.points and tried < DRAWS:
            examples = equation.draw_examples(generator)
            point = equation.draw_point(generator, tried)
            tried += 1
            try:
                equation.compare(examples, point)
                used += 1
            except UnusableError as error:
                why = str(error)
            if not used and tried == DRAWS_FOR_NONE:
                break
    if used < equation.points:
        what = f"only {used} of {tried} random points can be used"
        raise AssertionError(f"{what}, {equation.points} are needed: {why}")
    return {
        "points": used,
        "numbers": [n for n in equation.numbers if n not in equation.whole],
        "whole": equation.whole,
        "functions": equation.functions,
        "defined": list(dict.fromkeys(equation.defined)),
    }


def main(tex: str) -> None:
    """Test a formula, and print what was done, for its page."""
    print(json.dumps(check_equation(tex)))


def _example(generator: random.Random, count: int) -> Any:
    """Choose a smooth function."""

    def number() -> Any:
        size = sympy.Rational(generator.randint(3, 20), 10)
        return size * generator.choice((-1, 1))

    xs = variables(count)
    inside = sum((number() * x for x in xs), number())
    shape = generator.choice((sympy.sin, sympy.exp, lambda x: x**3))
    product = number() * math.prod(xs)
    return sympy.Lambda(xs, number() * shape(inside) + product + number())


def _show(x: Any, values: list[Any]) -> str:
    """Return a number with as many digits as tell these values apart."""
    for digits in (6, 12, 20, 50):
        if len({mpmath.nstr(v, digits) for v in values}) > 1:
            break
    text: str = mpmath.nstr(x, digits)
    return text
