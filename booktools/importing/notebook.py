"""A notebook -> a chapter that is being imported, and pictures in it."""

import base64
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import yaml

from booktools.importing import stock
from booktools.importing.draft import Draft
from booktools.problem import BookError, Problem


def read(text: str, path: str, name: str) -> Draft:
    """Read a notebook; its code has no outputs any more.

    Raises
    ------
    BookError
        If it is no notebook.
    """
    import nbformat

    try:
        with warnings.catch_warnings():  # of what no author has written
            warnings.simplefilter("ignore")
            notebook = nbformat.reads(text, as_version=4)
        kernel = notebook.metadata.get("kernelspec", {}).get("name", "python3")
        cells = [
            (cell.cell_type, cell.source, _read_tags(cell.metadata))
            for cell in notebook.cells
        ]
        attached = {
            (number, name): data
            for number, cell in enumerate(notebook.cells, 1)
            for name, data in _read_attached(cell)
        }
    except Exception as error:  # whatever is in a file that is no notebook
        what = f"this is not a notebook: {str(error).partition(chr(10))[0]}"
        raise BookError([Problem(path, 1, "bad-notebook", what)]) from None
    draft = Draft(path, name, [], attached=attached)
    stock.note_kernel(draft, kernel)
    for number, (kind, source, tags) in enumerate(cells, 1):
        if kind == "raw":
            draft.add(number, ["", "```{raw}", "```", ""], 0)
            continue
        above = [""]
        if kind == "code":
            runs = map(len, re.findall("^ *(`{3,})", source, re.MULTILINE))
            fence = "`" * (1 + max(runs, default=2))
            above += [f"{fence}{{code-cell}}"]
            above += [f":tags: {_dump(tags)}", ""] if tags else []
        draft.add(number, above, 0)
        draft.add(number, source.splitlines(), 1)
        draft.add(number, [fence, ""] if kind == "code" else [""], 0)
    return draft


def _read_attached(cell: Any) -> Iterator[tuple[str, bytes]]:
    """Yield the pictures in a cell that can be read, with their names."""
    for name, kinds in dict(cell.get("attachments") or {}).items():
        for data in dict(kinds).values():
            with suppress(TypeError, ValueError):
                yield name, base64.b64decode("".join(data))


def _read_tags(metadata: Any) -> list[str]:
    """Return the tags of a notebook's cell; others do not say anything."""
    tags = metadata.get("tags")
    words = [
        tag
        for tag in (tags if isinstance(tags, list) else [])
        if isinstance(tag, str) and [tag] == tag.split()
    ]
    return [*dict.fromkeys(words)]


def _dump(tags: list[str]) -> str:
    text: str = yaml.safe_dump(
        tags, default_flow_style=True, width=sys.maxsize, allow_unicode=True
    )
    return text.strip()
