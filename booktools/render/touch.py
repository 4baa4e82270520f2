"""Modules in JavaScript, with all that they import -> the script of a page.

esbuild and D3 come from npm, in the versions that `npm/touch` locks, for a
book that has such figures.
"""

import gzip
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from booktools.problem import BookError, Problem
from booktools.render import node

# Where a book has them.
FOLDER = "chapters/touch"
RULE = "touch"

# What all of a page may weigh, compressed.
MOST_BYTES = 60_000

_ASSETS = Path(__file__).with_name("assets")
# Where esbuild says that an error is if it is in what was not a file.
_ENTRY = "<stdin>"
_LICENCE = (
    "/* With D3, copyright Mike Bostock, ISC License: https://d3js.org */\n"
)


@dataclass(frozen=True)
class Script:
    """A script for a page, and the book's own files that it is made from."""

    text: str
    files: tuple[Path, ...]


def module_path(name: str) -> str:
    """Return where in a book a module is."""
    return f"{FOLDER}/{name}.js"


def bundle(root: Path, figures: Iterable[Mapping[str, Any]]) -> Script:
    """Make one script of the modules for some figures, and of their data.

    Where it runs, it gives its own element a list ``touch``, of functions:
    each begins one of the figures.

    Parameters
    ----------
    root : Path
        The folder of the book.
    figures : iterable
        For each, the name of its module as ``module``, what `figure.js` needs
        as ``drawing``, and what the module needs as ``data``.

    Raises
    ------
    BookError
        If there is something wrong with a module.
    """
    figures = list(figures)
    names = list(dict.fromkeys(figure["module"] for figure in figures))
    library = json.dumps((_ASSETS / "figure.js").as_posix())
    lines = [
        f'import {{ mount as {name}_ }} from "./{name}.js";' for name in names
    ]
    lines.append(f"import {{ begin }} from {library};")
    lines.append("document.currentScript.touch = [")
    for figure in figures:
        drawing, data = (
            json.dumps(figure[key], ensure_ascii=False, sort_keys=True)
            for key in ("drawing", "data")
        )
        name = figure["module"]
        lines.append(f"(page) => {name}_(begin(page, {drawing}), {data}),")
    lines.append("];")
    packages = node.require_packages("touch")
    question = {
        "root": str(root),
        "folder": str(root / FOLDER),
        "entry": "\n".join(lines),
    }
    answer = node.run_script(
        _ASSETS / "bundle.js", str(packages), data=question
    )
    if "errors" in answer:
        raise BookError(_problems(answer["errors"], names))
    files = (root / name for name in answer["files"] if name != _ENTRY)
    own = (path for path in files if root / "chapters" in path.parents)
    return Script(_LICENCE + answer["text"], tuple(own))


def weight(script: Script) -> int:
    """Return how many bytes a script has where it is compressed."""
    return len(gzip.compress(script.text.encode(), mtime=0))


def _problems(
    errors: Iterable[Mapping[str, Any]], names: list[str]
) -> Iterator[Problem]:
    for error in errors:
        path, line, what = error["file"], error["line"], error["text"]
        hint = ""
        if path == _ENTRY:
            path, line = module_path(names[line - 1]), 1
            what = "this module exports no function mount"
            hint = "write: export function mount(figure, data) { … }"
        elif what.startswith("Could not resolve"):
            hint = "packages are named in booktools/npm/touch/package.json"
        yield Problem(path, line, RULE, what, hint)
