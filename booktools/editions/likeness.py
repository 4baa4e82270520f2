"""Whether formulas and code say the same in two languages."""

import io
import tokenize
from typing import NamedTuple

from booktools.source.macros import TOKEN

# TeX commands whose argument is prose.
_PROSE = {r"\mbox", r"\text", r"\textbf", r"\textit", r"\textrm"}
# So much of two formulas is shown where they differ.
_SHOWN = 40


class Difference(NamedTuple):
    """What one formula has and the other has instead; lines above theirs."""

    ours: str
    theirs: str
    above: int


def find_difference(ours: str, theirs: str) -> Difference | None:
    r"""Return where two formulas differ, apart from words in ``\text``."""
    (a, _), (b, places) = _read_tex(ours), _read_tex(theirs)
    if a == b:
        return None
    start = next(
        (i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y),
        min(len(a), len(b)),
    )
    tail = 0
    while tail < min(len(a), len(b)) - start and a[-1 - tail] == b[-1 - tail]:
        tail += 1
    place = places[min(start, len(places) - 1)] if places else 0
    start = max(start - 1, 0)  # one more, to see where it is
    here, there = (
        " ".join(each[start : len(each) - tail])[:_SHOWN] for each in (a, b)
    )
    return Difference(here, there, theirs.count("\n", 0, place))


def _read_tex(tex: str) -> tuple[list[str], list[int]]:
    """Return the tokens of a formula, without prose, and where they begin."""
    tokens, places = [], []
    depth = 0  # of braces, within prose
    is_prose = False
    for match in TOKEN.finditer(tex):
        token = match[0]
        if token.isspace() or token[0] == "%":
            continue
        if is_prose:
            depth += (token == "{") - (token == "}")
            is_prose = depth > 0
            continue
        tokens.append(token)
        places.append(match.start())
        is_prose = token in _PROSE
    return tokens, places


def names_and_numbers(tex: str) -> tuple[str, ...]:
    r"""Return a formula's letters and digits, but for words in ``\text``."""
    return tuple(token for token in _read_tex(tex)[0] if token.isalnum())


def is_same_code(ours: str, theirs: str) -> bool:
    """Say whether Python code is equal, apart from its comments."""
    return _without_comments(ours) == _without_comments(theirs)


def _without_comments(code: str) -> list[str]:
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(code).readline))
    except (SyntaxError, tokenize.TokenError):
        return [line.partition("#")[0].rstrip() for line in code.splitlines()]
    ignored = (tokenize.COMMENT, tokenize.NL)
    return [token.string for token in tokens if token.type not in ignored]
