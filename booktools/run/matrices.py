r"""Two sides -> whether they are equal for numbers, but not for matrices.

``AB = BA`` and ``(AB)^{-1} = A^{-1} B^{-1}``: nothing in it says which.

Kernels get this as text: it needs SymPy and the standard library only.
"""

import itertools
from collections import Counter
from typing import Any

import sympy  # type: ignore[import-untyped]

# Sums of products of capital letters: each with its small letters, which are
# numbers, and how often it is there.
_Words = Counter[tuple[tuple[str, int], ...]]
_MOST = 200


def order_matters(left: Any, right: Any) -> bool:
    """Say whether capital letters are multiplied in different orders."""
    a, b = _words(left), _words(right)
    if not a or not b or a == b:
        return False

    def counted(words: _Words) -> Counter[frozenset[tuple[str, int]]]:
        total: Counter[frozenset[tuple[str, int]]] = Counter()
        for word, count in words.items():
            powers = Counter[str]()
            for name, power in word:
                powers[name] += power
            total[frozenset(powers.items())] += count
        return total

    return counted(a) == counted(b)


def _words(e: Any) -> _Words | None:
    """Multiply an expression out, or return None if that cannot be."""
    if isinstance(e, sympy.Symbol):
        return Counter({((e.name, 1),): 1})
    if e.is_Integer:
        return Counter({(): int(e)})
    if isinstance(e, sympy.Pow) and e.exp.is_Integer and abs(e.exp) < 5:
        if (base := _words(e.base)) is None or (e.exp < 0 and len(base) != 1):
            return None
        if e.exp < 0:
            ((word, count),) = base.items()
            if count != 1:
                return None
            base = Counter({tuple((n, -p) for n, p in word[::-1]): 1})
        return _product([base] * abs(int(e.exp)))
    if isinstance(e, sympy.Add | sympy.Mul):
        parts = [_words(part) for part in e.args]
        if any(part is None for part in parts):
            return None
        known = [part for part in parts if part is not None]
        if isinstance(e, sympy.Mul):
            return _product(known)
        total: _Words = Counter()
        for part in known:
            total.update(part)
        return Counter({word: n for word, n in total.items() if n})
    return None


def _product(factors: list[_Words]) -> _Words | None:
    product: _Words = Counter({(): 1})
    for factor in factors:
        if len(product) * len(factor) > _MOST:
            return None
        longer: _Words = Counter()
        for (a, m), (b, n) in itertools.product(
            product.items(), factor.items()
        ):
            longer[_in_order(a + b)] += m * n
        product = Counter({word: n for word, n in longer.items() if n})
    return product


def _in_order(word: tuple[tuple[str, int], ...]) -> tuple[Any, ...]:
    """Put small letters first, and shorten A A^{-1}."""
    numbers = Counter[str]()
    capitals: list[tuple[str, int]] = []
    for name, power in word:
        if not name[0].isupper():
            numbers[name] += power
        elif capitals and capitals[-1] == (name, -power):
            capitals.pop()
        else:
            capitals.append((name, power))
    small = sorted((name, p) for name, p in numbers.items() if p)
    return (*small, *capitals)
