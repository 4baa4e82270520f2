"""Chapters whose files have names that no file of theirs can have.

What a chapter saves is a module; each chapter with code is a script, too, and
where that lies, Python finds it before any module of the same name.
"""

import re
import sys
from collections.abc import Iterator, Set
from pathlib import Path

from booktools.problem import Problem
from booktools.source.chapter import Book, is_module_name
from booktools.source.magics import executed_python
from booktools.source.python import read_code

RULE = "bad-chapter-name"
REQUIREMENTS = "requirements.txt"

# What a line of requirements begins with, but for options.
_NAME = re.compile(r"\w[\w.-]*")


def find_bad_names(
    book: Book, saving: Set[str], hint: str
) -> Iterator[Problem]:
    """Yield chapters that need another name.

    Parameters
    ----------
    book : Book
        The book, read.
    saving : set of str
        The paths of its chapters that save something.
    hint : str
        What names these can have.
    """
    modules = find_modules(book)
    taken = set()
    for chapter in book.chapters:
        name, path = chapter.name, chapter.path
        if path in saving:
            if name in taken or not is_module_name(name):
                what = f"no module can have this chapter's name, {name!r}"
                yield Problem(path, 1, RULE, what, hint)
                continue
            taken.add(name)
        if chapter.cells and name in modules:
            what = f"code that imports {name!r}, {modules[name]}, would get"
            what += f" this chapter's script, {name}.py"
            advice = f"rename the file, as in about_{name}.md, and in _toc.yml"
            yield Problem(path, 1, RULE, what, advice)


def find_modules(book: Book) -> dict[str, str]:
    """Return the modules that code of a book may import, and what they are."""
    modules = dict.fromkeys(
        _required(book.root), f"a package in {REQUIREMENTS}"
    )
    for chapter in book.chapters:
        for cell in chapter.cells:
            try:
                imports = read_code(executed_python(cell.source)).imports
            except SyntaxError:
                continue
            for each in imports:
                # One that is relative has no target.
                if each.target:
                    name = each.path.partition(".")[0]
                    modules.setdefault(name, f"as {chapter.path} does")
    standard = dict.fromkeys(sys.stdlib_module_names, "a module of Python")
    return modules | standard


def _required(root: Path) -> Iterator[str]:
    """Yield the packages that a book needs, as modules are mostly named."""
    try:
        text = (root / REQUIREMENTS).read_text("utf-8-sig", "replace")
    except OSError:
        return
    for line in text.split("\n"):
        if match := _NAME.match(line):
            yield match[0].lower().replace("-", "_")
