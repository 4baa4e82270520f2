"""Whether formulas and code say the same in two languages."""

import difflib
import io
import re
import tokenize
from typing import NamedTuple

from booktools.editions.outline import Prose
from booktools.source.macros import TOKEN

# Formulas by what they mean: see `meaning`.
Formulas = dict[tuple[str, ...], list[Prose]]

# TeX commands whose argument is prose; those whose argument may be a word.
_PROSE = {
    *(r"\emph", r"\hbox", r"\mbox", r"\text", r"\textbf", r"\textit"),
    *(r"\textmd", r"\textnormal", r"\textrm", r"\textsc", r"\textsf"),
    *(r"\textsl", r"\texttt", r"\textup"),
}
_WORDS = {
    *(r"\mathbf", r"\mathit", r"\mathrm", r"\mathsf", r"\mathtt"),
    *(r"\operatorname", r"\tag"),
}
# Commands that say the same as others.
_SAME = {
    **{r"\le": r"\leq", r"\ge": r"\geq", r"\ne": r"\neq"},
    **{r"\lt": "<", r"\gt": ">", r"\ast": "*", r"\prime": "'"},
    **{r"\to": r"\rightarrow", r"\gets": r"\leftarrow"},
    **{r"\lbrace": r"\{", r"\rbrace": r"\}", r"\vert": "|", r"\Vert": r"\|"},
    **{r"\lbrack": "[", r"\rbrack": "]", r"\land": r"\wedge"},
    **{r"\dfrac": r"\frac", r"\tfrac": r"\frac", r"\lor": r"\vee"},
    **dict.fromkeys((r"\cdots", r"\ldots"), r"\dots"),
}
# What changes how a formula looks, but not what it says.
_LOOKS = {
    *("{", "}", "~", r"\,", r"\;", r"\:", r"\!", r"\ ", r"\quad", r"\qquad"),
    *(r"\left", r"\right", r"\big", r"\bigl", r"\bigr", r"\Big", r"\Bigl"),
    *(r"\Bigr", r"\displaystyle", r"\textstyle", r"\limits", r"\nolimits"),
}
# An answer without words: a formula, code, a number.
_ONLY_TEX_OR_CODE = re.compile(r"\$[^$]+\$|`[^`]+`|[-+−]?[\d.,]*\d")
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
    shorter = min(len(a), len(b))
    start = tail = 0
    while start < shorter and _is_alike(a[start], b[start]):
        start += 1
    if start == len(a) == len(b):
        return None
    while tail < shorter - start and _is_alike(a[-1 - tail], b[-1 - tail]):
        tail += 1
    place = places[min(start, len(places) - 1)] if places else 0
    start = max(start - 1, 0)  # one more, to see where it is
    here, there = (
        " ".join(each[start : len(each) - tail])[:_SHOWN] for each in (a, b)
    )
    return Difference(here, there, theirs.count("\n", 0, place))


def _is_alike(ours: str, theirs: str) -> bool:
    """Say if two tokens are equal, or words that only one language has."""
    if ours == theirs:
        return True
    are_arguments = ours[0] == theirs[0] == "{" and len(ours) > 1 < len(theirs)
    return are_arguments and not (ours + theirs).isascii()


def _read_tex(tex: str) -> tuple[list[str], list[int]]:
    """Return the tokens of a formula, without prose, and where they begin.

    An argument that may be a word is one token, with its braces.
    """
    tokens: list[str] = []
    places: list[int] = []
    command = ""  # whose argument is read
    depth = 0  # of braces, within it
    for match in TOKEN.finditer(tex):
        token = match[0]
        if token.isspace() or token[0] == "%":
            continue
        is_inside = depth > 0
        is_star = token == "*" and not is_inside
        if command and not is_star:
            depth += (token == "{") - (token == "}")
        if is_inside and command in _WORDS:
            tokens[-1] += token
        elif is_star or command not in _PROSE:
            tokens.append(token)
            places.append(match.start())
        if command and not is_star:
            command = command if depth > 0 else ""
        elif token in _PROSE | _WORDS:
            command = token
    return tokens, places


def meaning(tex: str) -> tuple[str, ...]:
    r"""Return the tokens of a formula, but for those that only look different.

    Words in ``\text`` are none, nor is the full stop of a sentence.
    """
    tokens = [
        _SAME.get(token, token)
        for token in map(_bare, _read_tex(tex)[0])
        if token not in _LOOKS
    ]
    while tokens and tokens[-1] in ".,;:":
        tokens.pop()
    return tuple(tokens)


def _bare(token: str) -> str:
    """Return a token without the braces of an argument."""
    is_argument = token[0] == "{" and len(token) > 1
    return token[1:].removesuffix("}") if is_argument else token


def find_changed(
    ours: Formulas, theirs: Formulas
) -> list[tuple[Prose, Prose]]:
    """Return formulas of two texts of which one stands for the other.

    Each text says in its own way how often, and what else is in one; but of
    several equal formulas one may have a slip.
    """
    changed: list[tuple[Prose, Prose]] = []
    others = [key for key in theirs if key not in ours]
    for key in sorted(ours.keys() - theirs.keys()):
        if same := [other for other in others if _are_alike(key, other)]:
            others.remove(same[0])
        elif near := difflib.get_close_matches(key, others, 1, 0):
            other = tuple(near[0])
            others.remove(other)
            changed.append((ours[key][-1], theirs[other][0]))
    for other in others:
        for key, formulas in ours.items():
            is_less = len(theirs.get(key, ())) < len(formulas)
            if is_less and _is_slip(key, other):
                changed.append((formulas[-1], theirs[other][0]))
                break
    return changed


def _are_alike(ours: tuple[str, ...], theirs: tuple[str, ...]) -> bool:
    """Say whether formulas are equal, apart from words of one language."""
    return len(ours) == len(theirs) and all(
        a == b or not (a + b).isascii()
        for a, b in zip(ours, theirs, strict=True)
    )


def _is_slip(ours: tuple[str, ...], theirs: tuple[str, ...]) -> bool:
    """Say whether one formula may be the other with one token changed."""
    differ = sum(a != b for a, b in zip(ours, theirs, strict=False))
    return len(ours) == len(theirs) > 2 and differ == 1


def is_same_answer(ours: str, theirs: str) -> bool:
    """Say whether two answers may be the same, in two languages.

    What is a formula, a number or code alone is the same in all of them.
    """
    keys = [answer[3:].strip().rstrip(".\u3002") for answer in (ours, theirs)]
    if not all(map(_ONLY_TEX_OR_CODE.fullmatch, keys)):
        return True
    here, there = (meaning(key.strip("$")) for key in keys)
    return here == there


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
