"""An expression of SymPy and a point -> a real number, or why there is none.

Kernels get this as text: it needs SymPy and the standard library only.
"""

from collections.abc import Callable, Mapping
from typing import Any

import mpmath  # type: ignore[import-untyped]
import sympy  # type: ignore[import-untyped]

# Enough for a quotient of differences with a step of 1e-24.
DIGITS = 100
# Of integrals and of sums without end, which take long.
FEWER_DIGITS = 20
MOST_TERMS = 5000

# What is only computed nearly.
NEARLY = (sympy.Limit, sympy.Integral, sympy.Sum, sympy.Product)

# By SymPy's name of the function.
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "Add": lambda *terms: mpmath.fsum(terms),
    "Mul": lambda *factors: mpmath.fprod(factors),
    "Pow": mpmath.power,
    "Abs": mpmath.fabs,
    "Max": max,
    "Min": min,
    "ceiling": mpmath.ceil,
}
for _names in (
    "sin cos tan csc sec cot asin acos atan sinh cosh tanh asinh acosh atanh",
    "exp log factorial binomial gamma floor sign erf",
):
    _FUNCTIONS |= {name: getattr(mpmath, name) for name in _names.split()}


class UntestableError(Exception):
    """The formula is none that can be tested at random points."""


class UnusableError(Exception):
    """At this point, a part of the formula is no real number."""


def value(e: Any, point: Mapping[str, Any]) -> Any:
    """Compute an expression.

    Parameters
    ----------
    e : sympy.Expr
        What to compute.
    point : mapping of str to mpmath.mpf
        A number for each of its variables.

    Raises
    ------
    UnusableError
        If any part of it is not a real, finite number there.
    """
    if isinstance(e, sympy.Symbol):
        if e.name not in point:
            raise UntestableError(f"it does not know what {e.name} is")
        return point[e.name]
    if e.is_Number or e.is_NumberSymbol or e in (sympy.zoo, sympy.nan):
        if not e.is_finite:
            raise UnusableError(f"{e} is not a number")
        return mpmath.mpmathify(sympy.N(e, DIGITS))
    if isinstance(e, sympy.Limit):
        return _limit(e, point)
    if isinstance(e, NEARLY):
        return _add_up(e.func, e.function, list(e.limits), point)
    function = _FUNCTIONS.get(type(e).__name__)
    if function is None:
        raise UntestableError(f"it cannot compute {e}")
    arguments = [value(a, point) for a in e.args]
    try:
        result = function(*arguments)
    except (ValueError, ZeroDivisionError, OverflowError) as error:
        why = str(error) or "it is divided by zero"
        raise UnusableError(f"{e} has no value: {why}") from None
    if isinstance(result, mpmath.mpc) or not mpmath.isfinite(result):
        raise UnusableError(f"{e} is no real number")
    return result


def depth(e: Any) -> int:
    """Return how many integrals, sums or limits are inside one another."""
    inner = max(map(depth, e.args), default=0)
    own = len(e.limits) if isinstance(e, sympy.Integral) else 1
    return inner + (own if isinstance(e, NEARLY) else 0)


def _end(e: Any, point: Mapping[str, Any]) -> Any:
    """Compute where a sum or an integral ends, perhaps nowhere."""
    if e in (sympy.oo, -sympy.oo):
        return mpmath.inf if e == sympy.oo else -mpmath.inf
    return value(e, point)


def _limit(e: Any, point: Mapping[str, Any]) -> Any:
    """Compute a limit: near it and nearer, there must be the same value."""
    inner, variable, target, side = e.args
    target = _end(target, point)
    ten = mpmath.mpf(10)
    if mpmath.isinf(target):
        places = [mpmath.sign(target) * ten**n for n in (20, 24)]
    else:
        steps = {"+": [1], "-": [-1]}.get(str(side), [1, -1])
        places = [target + step / ten**n for step in steps for n in (20, 24)]
    values = [value(inner, {**point, variable.name: x}) for x in places]
    last = values[-1]
    if any(abs(v - last) > 1e-8 * max(1, abs(last)) for v in values):
        raise UnusableError(f"no limit is found of {inner}")
    return last


def _add_up(
    kind: Any, inner: Any, limits: list[Any], point: Mapping[str, Any]
) -> Any:
    """Compute a sum, a product or an integral."""
    if not limits:
        return value(inner, point)
    *others, (variable, low, high) = limits

    def term(x: Any) -> Any:
        return _add_up(kind, inner, others, {**point, variable.name: x})

    low, high = _end(low, point), _end(high, point)
    if kind is sympy.Integral:
        with mpmath.workdps(FEWER_DIGITS):
            result, error = mpmath.quad(term, [low, high], error=True)
        if not (error < 1e-10 and mpmath.isfinite(result)):
            raise UnusableError(f"no integral is found of {inner}")
        return result
    if mpmath.isinf(high) and kind is sympy.Sum:
        sizes = [abs(term(low + n)) for n in (1000, 2000)]
        if sizes[1] > min(sizes[0], mpmath.mpf("0.001")):
            raise UnusableError(f"a sum without end of {inner} is not found")
        with mpmath.workdps(FEWER_DIGITS):
            return mpmath.nsum(term, [low, high])
    if not (mpmath.isint(low) and mpmath.isint(high)):
        raise UnusableError("a sum or product ends at no whole number")
    if not -1 <= high - low < MOST_TERMS:
        raise UnusableError("a sum or product has too many terms, or below 0")
    terms = [term(low + n) for n in range(int(high - low) + 1)]
    return mpmath.fprod(terms) if kind is sympy.Product else mpmath.fsum(terms)
