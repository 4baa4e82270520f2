"""Print how many lines of code booktools has; refuse modules that are long.

Blank lines, comments and docstrings do not count: nobody shall save on them.
"""

import ast
import sys
import tokenize
from collections import Counter
from pathlib import Path

LONGEST = 300

# Modules that are longer, and the one reason for which each changes.
LONG: dict[str, str] = {}

NO_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}


def code_lines(path: Path) -> set[int]:
    """Return the numbers of the lines of a file that hold code."""
    with path.open("rb") as file:
        lines = {
            line
            for token in tokenize.tokenize(file.readline)
            if token.type not in NO_CODE
            for line in range(token.start[0], token.end[0] + 1)
        }
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Expr(ast.Constant(str())):
                lines -= set(range(node.lineno, (node.end_lineno or 0) + 1))
    return lines


def report(root: Path) -> int:
    """Print the size of each room; return 1 if a long module has no reason."""
    rooms = Counter[str]()
    sizes = {}
    for path in sorted(root.glob("**/*.py")):
        name = path.relative_to(root).as_posix()
        if name.startswith("npm/"):
            continue  # of others
        sizes[name] = len(code_lines(path))
        rooms[name.rpartition("/")[0] or "beside"] += sizes[name]
    text = ", ".join(f"{room} {lines}" for room, lines in rooms.items())
    print(f"booktools: {rooms.total()} lines of code ({text})")
    long = {name for name, lines in sizes.items() if lines > LONGEST}
    for name in sorted(long - LONG.keys()):
        print(
            f"booktools/{name}:1: error: {sizes[name]} lines of code, more"
            f" than {LONGEST} [long-module]\n    hint: split it if it has two"
            " reasons to change; else name the one in tests/size.py"
        )
    for name in sorted(LONG.keys() - long):
        print(f"tests/size.py:1: error: {name} is not long [short-module]")
    return int(long != LONG.keys())


if __name__ == "__main__":
    sys.exit(report(Path(__file__).parents[1] / "booktools"))
