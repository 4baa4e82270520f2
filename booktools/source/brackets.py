r"""TeX -> what in it is opened and never closed, or the other way round.

A formula goes to KaTeX and to SymPy, whose messages do not say so.
"""

import re

# A command, with the name of an environment; a comment; any other character.
_TOKEN = re.compile(
    r"\\(?:begin|end)\s*\{[^{}]*\}|\\(?:[a-zA-Z]+|.)|%[^\n]*|.", re.DOTALL
)


def find_unclosed(tex: str) -> tuple[int, str, str] | None:
    r"""Find the first brace, \left or \begin without its partner.

    Returns
    -------
    tuple of int, str, str, or None
        How many lines are above it, what is wrong, what to do about it.
    """
    opened: list[tuple[str, int]] = []
    for match in _TOKEN.finditer(tex):
        token, above = match[0], tex.count("\n", 0, match.start())
        if token in ("{", r"\left") or token.startswith(r"\begin{"):
            opened.append((token, above))
        elif token in ("}", r"\right") or token.startswith(r"\end{"):
            if not opened:
                what = f"this {token} closes nothing"
                return above, what, "remove it, or write what it should close"
            if token != _closing(opened[-1][0]):
                return _unclosed(*opened[-1], f": {token} comes first")
            opened.pop()
    return _unclosed(*opened[-1]) if opened else None


def _closing(token: str) -> str:
    return {"{": "}", r"\left": r"\right"}.get(
        token, token.replace(r"\begin", r"\end")
    )


def _unclosed(token: str, above: int, why: str = "") -> tuple[int, str, str]:
    what = f"this {token} is never closed{why}"
    return above, what, f"write {_closing(token)} where it ends"
