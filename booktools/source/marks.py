"""Where in a cell marks `#@save` stand."""

import io
import re
import tokenize
from collections.abc import Iterator
from difflib import get_close_matches
from typing import NamedTuple

MARK = re.compile(r"#[ \t]*@save\b")

# What may be meant as one: behind the word others may follow only if there is
# an @; behind `# ` only code tells a mark from a heading.
_NEARLY = re.compile(r"#+\s*@\s*(\w+)|#+(\w+)$")
_BEHIND_CODE = re.compile(r"\S.*#+\s*save$")
# Most cells have nothing like it; to read their code takes time.
_MAYBE = re.compile(r"##\s*@|#\s*@(?!save\b)|#\w+\s*$|#\s*save\s*$", re.M)


class Mark(NamedTuple):
    """A mark in a cell: its line, and what that line is without it.

    It saves the statements that begin on its ``targets``: the lines of code
    whose end it stands at, or the line below it.  A mark ``above`` its
    statement also saves what stands directly below that.
    """

    line: int
    text: str
    above: bool
    targets: frozenset[int]


def read_marks(source: str) -> Iterator[Mark]:
    """Yield the marks in a cell's Python."""
    lines = ["", *source.split("\n"), ""]
    start = 0  # of the statement, or of its head, that the token is in
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        line, column = token.start
        if token.type == tokenize.NEWLINE:
            start = 0
        elif token.type != tokenize.COMMENT:
            start = start or (line if token.string.strip() else 0)
        elif match := MARK.match(token.string):
            code = lines[line][:column].rstrip()
            rest = token.string[match.end() :].strip(" \t#:")
            parts = [code, f"# {rest}" if rest else ""]
            targets = range(start, line + 1) if code else range(0)
            if above := start == column == 0:
                below = line + 1
                while lines[below].startswith("#"):
                    below += 1
                targets = range(below, below + 1)
            text = "  ".join(filter(None, parts))
            yield Mark(line, text, above, frozenset(targets))


def find_mistyped(source: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the text of each comment that is nearly a mark."""
    if not _MAYBE.search(source):
        return
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type != tokenize.COMMENT or MARK.match(token.string):
                continue
            match = _NEARLY.match(token.string)
            words = [w.lower() for w in match.groups() if w] if match else []
            behind = _BEHIND_CODE.fullmatch(token.line.strip())
            likeness = 0.75 if "@" in token.string else 0.8
            if behind or get_close_matches("save", words, 1, likeness):
                yield token.start[0], token.string
    except (SyntaxError, tokenize.TokenError):
        return  # a magic, or what is no Python
