r"""The author's own TeX commands -> plain TeX, which every program knows.

They are MathJax's macros in `_config.yml`: ``RR: '\mathbb{R}'``, or, with
arguments, ``norm: ['\lVert #1 \rVert', 1]``.
"""

import re
from collections.abc import Mapping
from typing import Any

# A command, an argument, a comment, a space, or one character.
TOKEN = re.compile(r"\\(?:[a-zA-Z]+|.)|#[1-9]|%[^\n]*|\s+|.", re.DOTALL)
WORD = re.compile(r"\\[a-zA-Z]+")
# These take the next command as their argument, so what it stands for has to
# be in braces.
TAKING = re.compile(
    r"[\^_]|\\(?:bar|boldsymbol|breve|check|d?dot|[dt]?frac|grave|hat|not|sqrt"
    r"|math(?:bb|bf|cal|frak|ring|rm|sf|tt)|overline|overrightarrow|tilde"
    r"|underline|vec|widehat|widetilde)"
)
# No formula needs more; a macro that contains itself would never end.
MOST = 1000


def is_macro(name: str, value: Any) -> bool:
    """Say if a setting is a macro: a text, or a text and a number."""
    if not isinstance(value, list):
        value = [value, 0]
    return (
        re.fullmatch(r"[a-zA-Z]+|[^a-zA-Z\s]", name) is not None
        and len(value) == 2
        and isinstance(value[0], str)
        and value[1] in range(10)
    )


def expand(tex: str, macros: Mapping[str, Any]) -> str:
    """Return a formula without the macros that are in it."""
    rest = TOKEN.findall(tex)[::-1]
    done: list[str] = []
    steps = 0
    while rest:
        token = rest.pop()
        macro = macros.get(token[1:]) if token[0] == "\\" else None
        steps += macro is not None
        if macro is None or steps > MOST:
            # Without a space, this letter would belong to the command's name.
            if done and WORD.fullmatch(done[-1]) and token[0].isalpha():
                done.append(" ")
            done.append(token)
            continue
        body, count = macro if isinstance(macro, list) else (macro, 0)
        arguments = [_argument(rest) for _ in range(count)]
        tokens: list[str] = []
        for part in TOKEN.findall(body):
            number = int(part[1:]) if part[0] == "#" and part[1:] else 0
            is_argument = 0 < number <= count
            tokens += arguments[number - 1] if is_argument else [part]
        before = next((t for t in reversed(done) if not t.isspace()), "")
        if TAKING.fullmatch(before):
            tokens = ["{", *tokens, "}"]
        rest += reversed(tokens)
    return "".join(done)


def _argument(rest: list[str]) -> list[str]:
    """Take the argument that comes next: what is in braces, or one token."""
    while rest and rest[-1].isspace():
        rest.pop()
    depth = 0
    taken = []
    while rest:
        token = rest.pop()
        taken.append(token)
        depth += (token == "{") - (token == "}")
        if depth <= 0:
            break
    return taken[1:-1] if taken[:1] == ["{"] else taken
