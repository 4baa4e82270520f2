"""A name -> a new chapter in the dialect, and its line in `_toc.yml`."""

import re
from argparse import ArgumentParser, Namespace
from contextlib import suppress
from pathlib import PurePath
from typing import Any, NoReturn

import yaml

from booktools.problem import BookError, Problem
from booktools.source.chapter import (
    Book,
    Chapter,
    is_module_name,
    read_chapter,
)
from booktools.source.filenames import find_modules
from booktools.source.saved import read_saved
from booktools.source.toc import TOC


def write_chapter(book: Book, name: str, title: str) -> list[str]:
    """Write a chapter that builds as it is, at the end of the first part.

    Parameters
    ----------
    book : Book
        The book, read.
    name : str
        Name of the chapter's file, without its ending.
    title : str
        Its heading; if empty, the name.

    Returns
    -------
    list of str
        The files that were written, relative to the book's folder.

    Raises
    ------
    BookError
        When the book cannot have such a chapter; nothing is written then.
    """
    path = f"chapters/{name}.md"
    taken = find_modules(book)
    if name in taken or not is_module_name(name):
        what = f"no module can have this chapter's name, {name!r}"
        near = re.sub(r"\W+", "_", PurePath(name).stem.lower())
        fits = near not in taken and is_module_name(near)
        near = near if fits else "limits"
        hint = "use small letters, digits and _: python -m booktools new "
        hint += near
        _fail(path, "bad-chapter-name", what, hint)
    file, toc = book.root / path, book.root / TOC
    there = {c.name: c.path for c in book.chapters}
    if name in there or file.exists():
        what = f"there is {there.get(name, path)} already"
        _fail(path, "file-exists", what, "choose another name")
    text = book.language.read("new_chapter.md")
    slide = book.language.read("new_slide.md")
    alias = book.alias
    is_other = alias != book.package
    for word, value in {
        # In a book whose chapters have that helper.
        "@slide@\n": slide if _saves(book, "slide") else "",
        "@label@": name.replace("_", "-"),
        "@import@": f"import {book.package}" + (is_other * f" as {alias}"),
        "@used@": alias,
        "@title@": " ".join(title.split()) or name.replace("_", " "),
    }.items():
        text = text.replace(word, value)
    _check(book, read_chapter(path, text.encode()))
    new = _add_line(toc.read_bytes().decode(), f"chapters/{name}")
    file.parent.mkdir(exist_ok=True)
    draft = toc.with_name(f"{TOC}.new")
    try:
        draft.write_bytes(new.encode())
        file.write_text(text, "utf-8", newline="\n")
        draft.replace(toc)
    except OSError:
        file.unlink(missing_ok=True)
        draft.unlink(missing_ok=True)
        raise
    return [path, TOC]


def _saves(book: Book, name: str) -> bool:
    return any(
        name in statement.names
        for module in read_saved(book)
        for statement in module.statements
    )


def _check(book: Book, chapter: Chapter) -> None:
    """See whether its name and labels are free in the book."""
    hint = "choose another name"
    for module in read_saved(book):
        for statement in module.statements:
            if chapter.name in statement.names:
                what = f"{module.chapter.path} saves {chapter.name!r}"
                _fail(chapter.path, "reserved-name", what, hint)
    labels = {section.label for section in chapter.sections}
    for other in book.chapters:
        for section in other.sections:
            if section.label in labels:
                what = f"{other.path} has label {section.label!r} already"
                _fail(chapter.path, "label-exists", what, hint)


def _add_line(text: str, docname: str) -> str:
    """Add a file to a table of contents and leave the rest as it is."""
    newline = "\r\n" if "\r\n" in text else "\n"
    item = f"- file: {docname}"
    data = yaml.safe_load(text)
    part = data["parts"][0] if "parts" in data else data
    chapters = part.setdefault("chapters", [])
    if chapters:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if "parts" in data:
            node = _child(node, "parts").value[0]
        node = _child(node, "chapters")
        new = " " * node.start_mark.column + item + newline
        # YAML says that a list ends where the next thing begins, so go down
        # to its last value.
        while not isinstance(node, yaml.ScalarNode):
            last = node.value[-1]
            node = last[1] if isinstance(last, tuple) else last
        end = text.find("\n", node.end_mark.index) + 1 or len(text)
    else:
        new, end = f"chapters:{newline}{item}{newline}", len(text)
    above = text[:end]
    if not above.endswith("\n"):
        above += newline
    changed = f"{above}{new}{text[end:]}"
    chapters.append({"file": docname})
    with suppress(yaml.YAMLError):
        if yaml.safe_load(changed) == data and data.get("format") == "jb-book":
            return changed
    what = "this table is written in a way that no line can be added to"
    _fail(TOC, "unusual-toc", what, f"add this by hand: {item}")


def _child(mapping: Any, name: str) -> Any:
    return next(value for key, value in mapping.value if key.value == name)


def _fail(path: str, rule: str, what: str, hint: str) -> NoReturn:
    raise BookError([Problem(path, 1, rule, what, hint)])


def add_arguments(parser: ArgumentParser) -> None:
    """Add what the command ``new`` takes."""
    parser.add_argument(
        "name",
        metavar="NAME",
        help="name of its file: small letters, digits, _",
    )
    parser.add_argument("--title", default="", help="its heading")


def main(book: Book, arguments: Namespace) -> int:
    """Begin a chapter."""
    for name in write_chapter(book, arguments.name, arguments.title):
        print("wrote", name)
    return 0
