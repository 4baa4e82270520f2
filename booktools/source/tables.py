"""A paragraph -> the table in it that is none, since Markdown reads it so.

A table has a line `|---|---|` below its first one, with as many columns; else
it is text, and the page shows its bars.
"""

import itertools
import re
from collections.abc import Iterator

from booktools.problem import count

_SEPARATOR = re.compile(r"\|?(\s*:?-+:?\s*\|)*(\s*:?-+:?\s*)?")
_BAR = re.compile(r"(?<!\\)\|")
_CODE = re.compile("(`+).*?\\1", re.DOTALL)

# What stands between absolute values, which have bars, too.
_OPERATORS = frozenset("+-*/=<>≤≥≠≈·×÷,;^")


def find_lost_tables(text: str) -> Iterator[tuple[int, str, str, str]]:
    """Yield the first lines in a text that should be a table.

    That is how many lines are above what is wrong, the rule, the problem, and
    a hint.
    """
    if "|" not in text or "\n" not in text:
        return
    text = _CODE.sub(_without_bars, text)
    lines = [line.strip() for line in text.split("\n")]
    for number, (above, line) in enumerate(itertools.pairwise(lines), 1):
        is_separator = "|" in line and "-" in line
        if is_separator and _SEPARATOR.fullmatch(line):
            wanted, found = len(_columns(above)), len(_columns(line))
            if wanted != found:
                what = "this is no table: the line above has"
                what += f" {count(wanted, 'column')}, this one {found}"
                hint = "write --- once for each column; a bar inside of one"
                hint += r" is \|, or in a formula \vert"
                yield number, "lost-table", what, hint
                return
    for number, (line, below) in enumerate(itertools.pairwise(lines)):
        if _is_row(line) and _is_row(below):
            what = "this is no table: below its first line is no |---|---|"
            hint = "write such a line there, with --- for each column"
            yield number, "lost-table", what, hint
            return


def _without_bars(code: re.Match[str]) -> str:
    """Return code in a text; where it has lines, none of them is a row."""
    return code[0].replace("|", " ") if "\n" in code[0] else code[0]


def _columns(line: str) -> list[str]:
    """Return what stands between bars, as tables are divided."""
    return _BAR.split(line.removeprefix("|").removesuffix("|"))


def _is_row(line: str) -> bool:
    """Say whether a line looks like one of a table, with some columns."""
    if not (line[:1] == line[-1:] == "|") or line[:2] == line[-2:] == "||":
        return False
    columns = _columns(line)
    between = columns[1::2]
    is_sum = len(columns) % 2 == 1 and all(map(_is_operator, between))
    return len(columns) > 1 and not is_sum


def _is_operator(text: str) -> bool:
    letters = any(c.isalpha() for c in text)
    return not letters and not _OPERATORS.isdisjoint(text)
