"""What ended a cell or a check -> the rule, the sentence, the hint."""

import re

from nbclient.exceptions import CellExecutionError

from booktools.run.checks import BY_HAND, INSTALL, MISSING, WRONG
from booktools.run.job import Part

# Of what a check or its formula says, in letters.
_LONGEST = 500

# So many lines of a traceback are shown, half of them from each end.
_MOST = 80
# Functions that call each other are told apart from others up to so many.
_CYCLE = 8

# What Python appends to the message of a syntax error: our own line is better.
_SYNTAX = re.compile(r" \(\S+, line \d+\)$")

# What checks need and not every book has installed.
_FOR_CHECKS = re.compile(r"\b(sympy|antlr4)\b")

# Raised for a line `!command` and for %%bash.
_COMMAND = "CalledProcessError"
# The tag raises-exception would show IPython's own code, with its paths.
_ALLOW = "if it may fail, write || true behind it"

_MISSING = ("ImportError", "ModuleNotFoundError")


def describe(
    error: CellExecutionError, part: Part, line: int, is_check: bool
) -> tuple[str, str, str]:
    """Return the rule that an error breaks, what it says, and a hint.

    Parameters
    ----------
    error : CellExecutionError
        What the kernel has answered.
    part : Part
        The cell or check; a check without code of its author has no source.
    line : int
        Where in it that was, from 1 on.
    is_check : bool
        Whether it is a check.
    """
    of = f"; the formula: {_on_one_line(part.tex)}" if part.tex else ""
    if is_check and not part.source:
        text = f"{_on_one_line(error.evalue)}{of}"
        if error.ename == "AssertionError":
            what = f"both sides should be equal: {text}"
            return "wrong-formula", what, WRONG
        if error.ename in _MISSING:
            what = f"an empty check needs SymPy and its TeX parser: {text}"
            return "missing-package", what, MISSING
        if error.ename == "UntestableError":
            what = f"this formula cannot be tested by itself: {text}"
            return "untestable-formula", what, BY_HAND
    text = _SYNTAX.sub("", str(error.evalue).strip())
    if not text:  # a bare `assert`: better its source than nothing
        source = part.source.splitlines()
        text = "".join(source[line - 1 : line]).strip()
    elif is_check:  # NumPy shows both sides further down
        text = _on_one_line(text)
    name = str(error.ename).replace("\n", " ")
    said = _cut(f"{name}: {text.partition(chr(10))[0]}")
    needed = is_check and name in _MISSING and _FOR_CHECKS.search(said)
    hint = _ALLOW if name == _COMMAND else INSTALL if needed else ""
    return "failing-cell", said + of, hint


def _on_one_line(text: object) -> str:
    """Return a text without line breaks, and not all of a long one."""
    return _cut(" ".join(str(text).split()))


def _cut(line: str) -> str:
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."


def shorten(traceback: str) -> str:
    """Return a traceback without what repeats, and not all of a long one."""
    parts = traceback.split("\n\n")
    shown: list[str] = []
    i = 0
    while i < len(parts):
        size, times = 1, 1
        for size in range(1, _CYCLE + 1):
            cycle = parts[i : i + size]
            end = i + size
            while parts[end : end + size] == cycle:
                end += size
            times = (end - i) // size
            if times > 3 and any(cycle):
                break
        else:
            size, times = 1, 1
        shown += parts[i : i + size]
        i += size * times
        if times > 1:
            what = "frame" if size == 1 else f"{size} frames"
            shown.append(f"[Previous {what} repeated {times - 1} more times]")
    lines = list(map(_cut, "\n\n".join(shown).split("\n")))
    if len(lines) > _MOST:
        half = _MOST // 2
        left_out = f"[{len(lines) - 2 * half} more lines]"
        lines[half:-half] = ["", left_out, ""]
    return "\n".join(lines)
