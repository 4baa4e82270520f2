r"""A formula in TeX -> expressions of SymPy, only if sure what is meant.

SymPy's parser takes what it does not know for a product of letters, such as
``\mathbf{x}``, and of ``\frac{d^2}{dx^2}`` it makes powers.  So nothing gets
to it but what it reads as authors mean it.

Kernels get this as text: it needs SymPy and the standard library only.
"""

import itertools
import re
import warnings
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from sympy import Symbol  # type: ignore[import-untyped]
from sympy.parsing.latex import (  # type: ignore[import-untyped]
    LaTeXParsingError,
    parse_latex,
)

from booktools.run.values import UntestableError

TOKEN = re.compile(r"\\(?:[a-zA-Z]+|.)|%[^\n]*|\s+|.", re.DOTALL)
_SIZES = (
    rf"\{size}{side}"
    for size in ("big", "Big", "bigg", "Bigg")
    for side in ("", "l", "r", "m")
)
_SPACES = {
    *(r"\left", r"\right", r"\displaystyle", r"\limits", r"\nolimits"),
    *(r"\!", r"\nonumber", r"\notag"),
    *_SIZES,
}
_SAME = {
    **dict.fromkeys((r"\dfrac", r"\tfrac", r"\cfrac"), r"\frac"),
    **dict.fromkeys((r"\dbinom", r"\tbinom"), r"\binom"),
    **dict.fromkeys((r"\lvert", r"\rvert", r"\vert"), "|"),
    **dict.fromkeys((r"\leq", r"\le", r"\leqslant"), "<="),
    **dict.fromkeys((r"\geq", r"\ge", r"\geqslant"), ">="),
    **dict.fromkeys((r"\neq", r"\ne"), "!="),
    **dict.fromkeys((r"\quad", r"\qquad", ";"), ","),
    **dict.fromkeys((r"\:", r"\;", r"\ ", "~"), r"\,"),
    **{r"\lt": "<", r"\gt": ">", r"\rightarrow": r"\to"},
    **{r"\lbrack": "[", r"\rbrack": "]"},
}
_ENVIRONMENTS = {"aligned", "align", "align*", "split", "gathered"}
_ACCENTS = (r"\hat", r"\bar", r"\tilde", r"\widehat", r"\widetilde")
GREEK = {
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta"),
    *("iota", "kappa", "lambda", "mu", "nu", "xi", "pi", "rho", "sigma"),
    *("tau", "upsilon", "phi", "chi", "psi", "omega", "varepsilon"),
    *("vartheta", "varphi", "varrho", "varsigma", "Gamma", "Delta"),
    *("Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi"),
    "Omega",
}
_KNOWN = {rf"\{name}" for name in GREEK} | {
    *(r"\sin", r"\cos", r"\tan", r"\csc", r"\sec", r"\cot"),
    *(r"\arcsin", r"\arccos", r"\arctan", r"\sinh", r"\cosh", r"\tanh"),
    *(r"\exp", r"\ln", r"\log", r"\max", r"\min", r"\frac", r"\sqrt"),
    *(r"\sum", r"\prod", r"\int", r"\lim", r"\to", r"\infty", r"\partial"),
    *(r"\cdot", r"\times", r"\div", r"\binom", r"\lfloor", r"\rfloor"),
    *(r"\lceil", r"\rceil", r"\\", r"\,"),
}
_VECTORS = "bold letters are vectors or matrices, which it does not know"
_DOTS = "it does not know what dots stand for"
_WHY = {
    r"\approx": r"\approx says no more than that the sides are close",
    ":": "what stands left of := is defined here, not claimed",
    **dict.fromkeys((r"\mathbf", r"\boldsymbol", r"\vec", r"\bm"), _VECTORS),
    **dict.fromkeys((r"\ldots", r"\cdots", r"\dots", r"\vdots"), _DOTS),
}
# Every second & of a row: equations stand on both sides of it.
_COLUMN = "&&"
_RELATIONS = {"=", "<", ">", "<=", ">=", "!="}

# In a formula with ? for each command: what TeX shows in another way than
# SymPy reads it, or what has several meanings.
_DOUBTFUL = {
    r"[\^_]\d\d": "write braces around a number of several digits below or"
    " above a letter: TeX takes only the first of them",
    r"[a-zA-Z]\^\{(?:-1|\([^}]*\))\}\(": "a power, or the inverse or a"
    " derivative of a function?",
    r"\?'": "it does not know a ' behind a command",
    r"\}'|\)'": "it does not know a ' behind brackets",
}

_GAP = r"(?: |\\,)*"
_HIGHER = re.compile(
    r"\\frac\{(d|\\partial) *\^ *\{?([2-9])\}?GAP([^{}]*)\} *"
    r"\{GAP(?:d|\\partial)GAP([a-zA-Z]|\\[a-zA-Z]+) *\^ *\{?\2\}?GAP\}"
    "".replace("GAP", _GAP)
)
# As in x^2 3.
_SCRIPT_AND_NUMBER = re.compile(r"([\^_]\s*)(\d)(?=(?:\s|~|\\[,:;! ])+\d)")
_NUMERATOR = re.compile(rf"\\frac\{{ *(?:d|\\partial){_GAP}\\?([a-zA-Z]+)")


class Condition(NamedTuple):
    """What must hold for the equation to be claimed: ``x > 0``."""

    left: str
    relation: str
    right: str


def split(tex: str) -> tuple[list[list[str]], list[Condition]]:
    """Take a formula apart.

    Returns
    -------
    list of list of str
        Chains of sides, in TeX, that are equal.
    list of Condition
        For which points they are.

    Raises
    ------
    UntestableError
        If it is not sure what the formula means; says why.
    """
    # SymPy drops the space, and would read x^{23}.
    tex = _SCRIPT_AND_NUMBER.sub(r"\1{\2}", tex)
    tokens = list(_columns(_known_tokens(tex)))
    plain = "".join(
        "?" if t[0] == "\\" else t for t in tokens if not t.isspace()
    )
    for pattern, reason in _DOUBTFUL.items():
        if match := re.search(pattern, plain):
            raise UntestableError(f"{match[0].replace('?', '...')}: {reason}")
    chains: list[list[str]] = []
    conditions = []
    for parts in _pieces(_with_braces(tokens)):
        sides, relations = parts[::2], parts[1::2]
        if set(relations) == {"="}:
            if not sides[0] and chains:  # goes on with the row above
                if _COLUMN in tokens:
                    raise UntestableError(
                        "it has several columns, and a row that goes on with"
                        " one of them"
                    )
                chains[-1] += sides[1:]
            else:
                chains.append(sides)
        elif relations and "=" not in relations:
            ends = itertools.pairwise(sides)
            for (left, right), relation in zip(ends, relations, strict=True):
                conditions.append(Condition(left, relation, right))
        else:
            what = f"{''.join(parts)!r} is neither an equation nor a condition"
            raise UntestableError(what)
    if not chains:
        raise UntestableError("it is not an equation: there is no =")
    if not all(side for chain in chains for side in chain):
        raise UntestableError("nothing stands beside one of its =")
    return chains, conditions


def read(tex: str, written: str) -> Any:
    """Let SymPy read an expression, all of it, as it is written for SymPy."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # Behind what it can read, it would not look at the rest.
            expression = parse_latex(f"({written})", strict=True)
    except LaTeXParsingError as error:
        what = str(error)
    except ImportError as error:
        raise ModuleNotFoundError(str(error).strip().split("\n")[0]) from None
    except Exception as error:  # it met something that it did not expect
        what = f"{type(error).__name__}: {error}"
    else:
        _refuse_differentials(tex, expression)
        return expression
    what = what.strip().partition("\n")[0]
    if "<INVALID>" in what:  # a name that its parser has inside
        what = "it expected something else"
    raise UntestableError(f"SymPy cannot read {tex!r}: {what}")


def differentiated(tex: str) -> set[str]:
    r"""Return the names that depend on something: y in \frac{dy}{dx}.

    In \frac{d}{dx} y, it may be a constant.
    """
    return set(_NUMERATOR.findall(with_first_derivatives(tex)))


def _refuse_differentials(tex: str, expression: Any) -> None:
    """Refuse a derivative that SymPy has read as a product over a product."""
    names = {symbol.name for symbol in expression.atoms(Symbol)}
    bad = re.compile(r"partial\b.*|partial_.*|d[a-zA-Z]([_'].*)?")
    if re.search(r"\\frac\{ *d", tex):
        names = {"dx" if name == "d" else name for name in names}
    if found := sorted(filter(bad.fullmatch, names - GREEK)):
        what = found[0].replace("partial", r"\partial")
        raise UntestableError(f"it does not know {what} in {tex!r}")


def _known_tokens(tex: str) -> Iterator[str]:
    """Yield the tokens of a formula, written in one way."""
    rest = iter([t for t in TOKEN.findall(tex) if t[0] != "%"])
    for token in rest:
        token = _SAME.get(token, token)
        if token in (r"\begin", r"\end"):
            if (name := _argument(rest)) not in _ENVIRONMENTS:
                raise UntestableError(f"it does not know {token}{{{name}}}")
        elif token in (r"\mathrm", r"\operatorname", r"\text"):
            if (name := _argument(rest)) not in ("d", "e"):
                raise UntestableError(f"it does not know {token}{{{name}}}")
            yield name
        elif token in _ACCENTS:
            if not (name := _argument(rest)).isalpha():
                raise UntestableError(f"it does not know {token}{{{name}}}")
            yield from (r"\mathit", "{", *f"{name}{token[1:]}", "}")
        elif token in _SPACES or token.isspace():
            yield " "
        elif token in _KNOWN | _RELATIONS or re.fullmatch(
            r"[a-zA-Z0-9.,()\[\]{}|+\-*/^_!&']", token
        ):
            yield token
        else:
            raise UntestableError(_WHY.get(token, f"it does not know {token}"))


def _columns(tokens: Iterable[str]) -> Iterator[str]:
    """Yield tokens without & inside of equations."""
    count = 0
    for token in tokens:
        count = 0 if token == r"\\" else count + (token == "&")
        if token != "&":
            yield token
        else:
            yield " " if count % 2 else _COLUMN


def _argument(rest: Iterator[str]) -> str:
    """Take what a command applies to."""
    first = next((token for token in rest if not token.isspace()), "")
    if first != "{":
        return first
    return "".join(itertools.takewhile(lambda t: t != "}", rest)).strip()


def _with_braces(tokens: list[str]) -> list[str]:
    r"""Write the arguments of \frac12 in braces, and \Delta x as one name."""
    tokens = [t for t in tokens if not t.isspace() or t == " "]
    done = []
    rest = tokens[::-1]
    while rest:
        token = rest.pop()
        done.append(token)
        count = {r"\frac": 2, r"\binom": 2, r"\sqrt": 1}.get(token, 0)
        for _ in range(count):
            _skip_spaces(rest)
            if rest and rest[-1] == "[":  # of a root
                while rest and rest[-1] != "]":
                    done.append(rest.pop())
                done += rest[-1:]
                del rest[-1:]
                _skip_spaces(rest)
            group = _group(rest)
            done += ["{", *_with_braces(group), "}"]
        if token == r"\Delta":
            _skip_spaces(rest)
            if rest and rest[-1].isalpha():
                name = f"Delta{rest.pop()}"
                done[-1:] = [r"\mathit", "{", *name, "}"]
    return done


def _skip_spaces(rest: list[str]) -> None:
    """Take the spaces that are next."""
    while rest and rest[-1] in (" ", r"\,"):
        rest.pop()


def _group(rest: list[str]) -> list[str]:
    """Take one token, or what is in braces, without them."""
    depth = 0
    taken = []
    while rest:
        token = rest.pop()
        taken.append(token)
        depth += (token == "{") - (token == "}")
        if depth <= 0:
            break
    return taken[1:-1] if taken[:1] == ["{"] else taken


def _pieces(tokens: list[str]) -> Iterator[list[str]]:
    """Yield what rows and commas separate: a side, a relation, a side, ..."""
    depth = 0
    parts = [""]
    for token in [*tokens, r"\\"]:
        depth += (token in ("{", "(", "[")) - (token in ("}", ")", "]"))
        if depth == 0 and token in (",", r"\\", _COLUMN):
            parts = [part.strip().removesuffix(".").strip() for part in parts]
            if any(parts):
                yield parts
            parts = [""]
        elif depth == 0 and token in _RELATIONS:
            parts += [token, ""]
        else:
            parts[-1] += token


def with_first_derivatives(tex: str) -> str:
    r"""Write \frac{d^2 y}{dx^2} as \frac{d}{dx} \frac{dy}{dx}."""

    def write(match: re.Match[str]) -> str:
        d, count, what, variable = match.groups()
        outer = rf"\frac{{{d}}}{{{d} {variable}}} "
        inner = rf"\frac{{{d} {what}}}{{{d} {variable}}}"
        steps = int(count) - bool(what.strip())
        return outer * steps + (inner if what.strip() else "")

    return _HIGHER.sub(write, tex)
