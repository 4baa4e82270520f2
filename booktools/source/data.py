"""What front matter names as ``data`` -> files of the book, and their bytes.

A chapter's code reads them; no parser would see that.  Its notebook and its
script bring them along.
"""

import os
import re
from pathlib import Path

from booktools.problem import BookError, Problem
from booktools.source.chapter import Chapter
from booktools.source.text import meant_file, read_text

# How many KB a notebook, which is opened in a browser, may bring along.
MOST = 200

_KEY = re.compile(r"""["']?data["']?\s*:""")


def data_names(chapter: Chapter) -> list[str]:
    """Return the names of a chapter's files, as seen from its folder."""
    named = chapter.front_matter.get("data") or []
    return list(map(str, named if isinstance(named, list) else [named]))


def read_data(chapter: Chapter, root: Path) -> dict[str, bytes]:
    """Return the files of a chapter, by name.

    Raises
    ------
    BookError
        If one of them does not exist, or is not in the book's folder.
    """
    folder = (root / chapter.path).parent
    contents, problems = {}, []
    for name in data_names(chapter):
        file = folder / name
        hint = "name it as seen from the chapter's folder"
        if not file.is_file():
            what = f"there is no data file {name!r}"
            hint = meant_file(folder, name, hint)
            rule = "missing-data"
        elif not file.resolve().is_relative_to(root.resolve()):
            what = f"{name!r} lies outside of the book's folder"
            hint, rule = "copy it into the book's folder", "outside"
        elif os.path.isabs(name):
            what = f"{name!r} is a file of this computer only"
            rule = "machine-path"
        else:
            contents[name] = file.read_bytes()
            continue
        line = _line_of(chapter, root, name)
        problems.append(Problem(chapter.path, line, rule, what, hint))
    if problems:
        raise BookError(problems)
    return contents


def find_heavy(chapter: Chapter, root: Path) -> list[Problem]:
    """Return a problem if the files are too much for a notebook.

    Raises
    ------
    BookError
        As `read_data` does.
    """
    size = sum(map(len, read_data(chapter, root).values()))
    if size <= 1000 * MOST:
        return []
    what = (
        f"the chapter's data are {size / 1000:,.0f} KB; its notebook can bring"
        f" along {MOST} KB"
    )
    hint = "make them smaller, or let the code make or load them"
    line = _line_of(chapter, root)
    return [Problem(chapter.path, line, "heavy-data", what, hint)]


def _line_of(chapter: Chapter, root: Path, name: str = "") -> int:
    """Return the line where front matter names a file, or data at all."""
    lines = [*enumerate(read_text(root / chapter.path).split("\n"), 1)]
    key = next((i for i, text in lines if _KEY.match(text)), 1)
    return next((i for i, text in lines[key - 1 :] if name in text), key)
