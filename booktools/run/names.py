"""What the names in a formula stand for: numbers, functions, sequences.

Kernels get this as text: it needs SymPy and the standard library only.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import sympy  # type: ignore[import-untyped]
from sympy.core.function import AppliedUndef  # type: ignore[import-untyped]

from booktools.run.reading import GREEK
from booktools.run.values import UntestableError

# These letters are whole numbers, as mathematicians write.
WHOLE = set("ijklmnN")
# Other letters, when differentiated, depend on something.
_CONSTANT = {*"ABCKabcek", *WHOLE, *GREEK}
_NUMBERS = {"e": sympy.E, "pi": sympy.pi, "infty": sympy.oo}
_OTHERS = {"Gamma": sympy.gamma, "max": sympy.Max, "min": sympy.Min}
_TERM = "is a term of a sequence, and nothing says which"
_VARIABLES = ("x", "y", "z", "s", "t")


class Names:
    """The names in some expressions that belong together.

    ``functions`` says how many arguments each has, ``whole`` which names are
    whole numbers.

    Parameters
    ----------
    expressions : iterable of sympy.Expr
        All of a formula.
    dependent : set of str
        Names that certainly depend on something.
    """

    def __init__(self, expressions: Iterable[Any], dependent: set[str]):
        self.functions: dict[str, int] = {}
        self.whole = set(WHOLE)
        self._depends: dict[str, list[str]] = {}
        self._sequences: set[str] = set()
        # Names that may have a meaning which this does not know.
        self._unknown: dict[str, str] = {}
        parts = {p for e in expressions for p in sympy.preorder_traversal(e)}
        self._symbols = {p.name for p in parts if isinstance(p, sympy.Symbol)}
        self._find_sequences(parts)
        self._find_dependent(parts, dependent)
        self._find_functions(parts)

    def refuse_unknown(self, what: str) -> None:
        """Refuse a formula that is false only for what is known of names."""
        for name, why in self._unknown.items():
            raise UntestableError(f"{name} {why}; for any other, {what}")

    def _add(self, name: str, count: int) -> None:
        if self.functions.setdefault(name, count) != count:
            raise UntestableError(f"{name} has different arguments")
        if count > len(_VARIABLES):
            raise UntestableError(f"{name} has too many arguments")

    def _find_sequences(self, parts: set[Any]) -> None:
        """Find names like x_i where i is a variable of its own."""
        limits = [
            limit
            for part in parts
            if isinstance(part, sympy.Sum | sympy.Product)
            for limit in part.limits
        ]
        self._bound = bound = {str(limit[0]) for limit in limits}
        for limit in limits:
            self.whole |= {s.name for end in limit for s in end.free_symbols}
        indexed = {name: split_index(name) for name in self._symbols}
        for base, index in indexed.values():
            free = {s.name for e in index for s in e.free_symbols}
            plain = {e.name for e in index if isinstance(e, sympy.Symbol)}
            if free & bound or free - plain or free & WHOLE & self._symbols:
                self._sequences.add(base)
        for base, index in indexed.values():
            if index and base in self._sequences:
                self._add(base, len(index))
                for e in index:
                    self.whole |= {s.name for s in e.free_symbols}
                    if free := {s.name for s in e.free_symbols} - bound:
                        self._unknown[f"{base}_{min(free)}"] = _TERM
        if "i" in self._symbols - bound:
            self._unknown["i"] = "may be the imaginary unit"

    def _find_dependent(self, parts: set[Any], sure: set[str]) -> None:
        """Find letters that stand for functions: u in du/dx, or in u'."""
        depends: dict[str, set[str]] = defaultdict(set)
        variables = set()
        for part in parts:
            if isinstance(part, sympy.Derivative):
                free = {s.name for s in part.expr.free_symbols}
                for variable, _ in part.variable_count:
                    variables.add(variable.name)
                    if split_index(variable.name)[0] in self._sequences:
                        what = f"a derivative by {variable}, one of several"
                        raise UntestableError(f"it does not know {what}")
                    if variable.name not in free:
                        for name in free - (_CONSTANT - sure):
                            depends[name].add(variable.name)
        primed = {name for name in self._symbols if "'" in name}
        if primed and len(variables) > 1:
            raise UntestableError(f"{min(primed)}: by which variable?")
        for name in primed:
            depends[split_primes(name)[0]] |= variables or {"x"}
        for name, others in sorted(depends.items()):
            # Through u, y depends on x.
            through = {x for u in others for x in depends.get(u, ())}
            if name in others | through or through & depends.keys():
                raise UntestableError(f"{name} depends on itself, or too much")
            self._depends[name] = sorted(others - through)
            self._add(name, len(self._depends[name]))

    def _find_functions(self, parts: set[Any]) -> None:
        for part in sorted(
            (p for p in parts if isinstance(p, AppliedUndef)), key=str
        ):
            name, primes = split_primes(part.func.__name__)
            if name in _OTHERS:
                continue
            free = {s.name for s in part.free_symbols}
            if free & WHOLE - self._bound:  # T(n) = T(n-1) + 1
                self._unknown[str(part)] = _TERM
            if name in self._symbols - self._depends.keys():
                what = f"{name} stands here with and without an argument"
                raise UntestableError(what)
            if primes and len(part.args) > 1:
                raise UntestableError(f"{part}: by which argument?")
            self._add(name, len(part.args))

    def name_of(self, e: Any) -> str:
        """Return the name that an expression is, if it is no more than one.

        The derivative of something unknown is unknown, too.
        """
        while isinstance(e, sympy.Derivative):
            e = e.expr
            if isinstance(e, sympy.Symbol) and e.name not in self._depends:
                return ""
        if isinstance(e, sympy.Symbol):
            name = split_primes(e.name)[0]
            base, index = split_index(name)
            name = base if index and base in self._sequences else name
            return "" if name in _NUMBERS else name
        if isinstance(e, AppliedUndef):
            name = split_primes(e.func.__name__)[0]
            if all(isinstance(a, sympy.Symbol) for a in e.args):
                return name if name in self.functions else ""
        return ""

    def names_in(self, e: Any) -> set[str]:
        """Return all names in an expression."""
        names = set()
        for part in sympy.preorder_traversal(e):
            if isinstance(part, sympy.Symbol):
                name = split_primes(part.name)[0]
                names |= {name, split_index(name)[0]}
            elif isinstance(part, AppliedUndef):
                names.add(split_primes(part.func.__name__)[0])
        return names

    def free(self, expressions: Iterable[Any]) -> list[str]:
        """Return the names that stand for numbers."""
        names = set()
        # Each grows in its own way, so that f(x) / g(x) depends on x.
        growth = {name: sympy.Dummy() for name in self.functions}
        examples = {
            name: sympy.Lambda(
                xs := variables(count), sympy.exp(growth[name] * sum(xs))
            )
            for name, count in self.functions.items()
        }
        for e in expressions:
            e = self.resolve(e, examples)
            names |= {s.name for s in e.free_symbols - {*growth.values()}}
            for integral in e.atoms(sympy.Integral):
                names |= {str(x[0]) for x in integral.limits if len(x) == 1}
        return sorted(names)

    def resolve(
        self, e: Any, examples: Mapping[str, Any], by: str = ""
    ) -> Any:
        """Return an expression with an example for each function.

        Derivatives are taken.  With ``by``, letters that do not depend on
        that variable stay as they are.
        """

        def again(e: Any) -> Any:
            return self.resolve(e, examples, by)

        if isinstance(e, sympy.Symbol):
            return self._resolve_symbol(e, examples, by)
        if isinstance(e, AppliedUndef):
            name, primes = split_primes(e.func.__name__)
            arguments = [again(a) for a in e.args]
            if name in _OTHERS:
                return _OTHERS[name](*arguments)
            return _derivative(examples[name], primes)(*arguments)
        if isinstance(e, sympy.Derivative):
            inner = e.expr
            for variable, count in e.variable_count:
                inner = self.resolve(inner, examples, variable.name)
                inner = _differentiate(inner, variable, count)
            return again(inner)
        if isinstance(e, sympy.Tuple):  # limits of a sum
            return sympy.Tuple(e[0], *map(again, e[1:]))
        if isinstance(e, sympy.Limit):
            inner, variable, target, side = e.args
            return sympy.Limit(again(inner), variable, again(target), side)
        return e.func(*map(again, e.args)) if e.args else e

    def _resolve_symbol(
        self, e: Any, examples: Mapping[str, Any], by: str
    ) -> Any:
        name, primes = split_primes(e.name)
        if name in _NUMBERS:
            return _NUMBERS[name]
        base, index = split_index(name)
        if index and base in self._sequences:
            return examples[base](*index)
        if name not in self._depends or (by and not self._reaches(name, by)):
            return e
        arguments = [
            self._resolve_symbol(sympy.Symbol(other), examples, by)
            for other in self._depends[name]
        ]
        return _derivative(examples[name], primes)(*arguments)

    def _reaches(self, name: str, variable: str) -> bool:
        """Say whether a letter depends on a variable."""
        others = self._depends.get(name, [])
        return variable in others or any(
            self._reaches(other, variable) for other in others
        )


def variables(count: int) -> tuple[Any, ...]:
    """Return the arguments of an example."""
    return tuple(sympy.Symbol(name) for name in _VARIABLES[:count])


def split_primes(name: str) -> tuple[str, int]:
    """Return a name without its primes, and how many it has."""
    bare = name.rstrip("'")
    return bare, len(name) - len(bare)


def split_index(name: str) -> tuple[str, list[Any]]:
    """Return x and [i, j] for SymPy's name of x_{ij}."""
    match = re.fullmatch(r"(\w+)_\{(.+)\}", name)
    if not match:
        return name, []
    if match[2].isalpha() and match[2] not in GREEK:
        return match[1], [sympy.Symbol(letter) for letter in match[2]]
    words = re.findall(r"[a-zA-Z]\w*", match[2])
    symbols = {word: sympy.Symbol(word) for word in words}
    try:
        index = sympy.sympify(match[2], symbols)
    except (sympy.SympifyError, TypeError):
        return name, []
    return match[1], [index]


def _differentiate(e: Any, variable: Any, count: int) -> Any:
    """Return a derivative; for complex numbers, SymPy has none of |x|."""
    real = {s: sympy.Dummy(s.name, real=True) for s in e.free_symbols}
    done = e.xreplace(real).diff(real.get(variable, variable), count)
    if done.has(sympy.Derivative, sympy.Subs):
        raise UntestableError(f"it does not know the derivative of {e}")
    return done.xreplace({x: s for s, x in real.items()})


def _derivative(example: Any, count: int) -> Any:
    """Return a derivative of a function of one argument."""
    if not count:
        return example
    x = example.variables[0]
    return sympy.Lambda(x, example.expr.diff(x, count))
