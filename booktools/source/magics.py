"""Lines of a cell that are IPython's own -> the Python that they run."""

import ast
import functools
import re
from contextlib import suppress
from typing import Any, NamedTuple

from booktools.source.python import read_code

# What these get as their argument, or below them, is Python.
_RUN_PYTHON = {"capture", "prun", "time", "timeit"}
_OPTIONS = re.compile(r"(?:-[nrptlsTD] *[\w.]+ +|-\w+ +)*")
_CALL = re.compile(
    r"(?P<indent>\s*)(?P<target>[^'\"]*=\s*)?"
    r"get_ipython\(\)\.(?P<method>\w+)\((?P<arguments>.*)\)\s*"
)


class Magic(NamedTuple):
    """A magic: what stands before it, its name, and what it gets.

    ``name`` is `!` for a shell command, `!!` for one whose output is kept.
    Only a cell magic has a ``body``.
    """

    indent: str
    target: str
    name: str
    argument: str
    body: str | None = None

    @property
    def python(self) -> str | None:
        """The Python that it runs; None if it runs none."""
        if self.name not in _RUN_PYTHON:
            return None
        if self.body is not None and self.name != "timeit":
            return self.body
        start = _OPTIONS.match(self.argument + " ")
        code = self.argument[start.end() if start else 0 :]
        return f"{code}\n{self.body}" if self.body is not None else code


@functools.lru_cache(4096)
def python_source(source: str) -> str:
    """Turn the source of a cell into Python with the same lines.

    Lines with magics (`%`, `!`, `?`) become the calls that IPython makes of
    them; every other line keeps its number.  Plain Python comes back as is.
    """
    with suppress(SyntaxError):
        read_code(source)
        return source
    # Imported here since it takes longer than reading a whole book, and few
    # books have magics.
    from IPython.core.inputtransformer2 import TransformerManager

    manager: Any = TransformerManager()
    lines = source.rstrip("\n").splitlines()
    blank = next((i for i, line in enumerate(lines) if line.strip()), 0)
    lines = [line + "\n" for line in lines[blank:]]
    for transform in manager.cleanup_transforms + manager.line_transforms:
        lines = transform(lines)
    # One magic at a time: a magic that went on over several lines becomes
    # one, so blank lines are put back behind it.
    changed = True
    with suppress(SyntaxError):  # Python says better what is wrong, and where
        while changed:
            changed, new = manager.do_one_token_transform(lines)
            pairs = enumerate(zip(lines, new, strict=False), 1)
            below = next((i for i, (a, b) in pairs if a != b), 0)
            new[below:below] = ["\n"] * (len(lines) - len(new))
            lines = new
    return "\n" * blank + "".join(lines)


def find_magic(line: str) -> Magic | None:
    """Return the magic that `python_source` has made a line of, or None."""
    if not (match := _CALL.fullmatch(line)):
        return None
    try:
        values = ast.literal_eval(f"({match['arguments']},)")
    except (SyntaxError, ValueError):
        return None  # an author's own call
    indent, target = match["indent"], match["target"] or ""
    match match["method"]:
        case "system":
            return Magic(indent, target, "!", *values)
        case "getoutput":
            return Magic(indent, target, "!!", *values)
        case "run_line_magic" | "run_cell_magic":
            return Magic(indent, target, *values)
    return None


@functools.lru_cache(4096)
def executed_python(source: str) -> str:
    """Turn the source of a cell into the Python that it runs.

    Unlike `python_source`, also what `%time` runs is Python then.  Lines keep
    their numbers, behind a magic words do not keep their columns.
    """
    python = python_source(source)
    if python == source:
        return source
    lines = python.rstrip("\n").split("\n")
    for i, line in enumerate(lines):
        if not (magic := find_magic(line)) or magic.python is None:
            continue
        code = magic.python or "pass"
        if magic.body is not None:
            # Its first line is empty, unless it has code of its own.
            code = code if magic.name == "timeit" else f"\n{code}"
            return "\n".join([*lines[:i], executed_python(code)])
        new = f"{magic.indent}{magic.target}{code}"
        lines[i] = new if _is_python(new.strip()) else line
    return "\n".join(lines)


def _is_python(source: str) -> bool:
    try:
        read_code(source)
    except SyntaxError:
        return False
    return True
