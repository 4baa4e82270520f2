"""`_toc.yml` -> the files of a book, in their order."""

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from sphinx_external_toc.parsing import MalformedError, parse_toc_data

from booktools.problem import BookError, Problem
from booktools.source.text import (
    line_at,
    lines_of,
    load_yaml,
    meant,
    meant_file,
    read_setup,
    scalars,
)

TOC = "_toc.yml"

# What else Sphinx would read -> how it becomes a chapter.
_OTHER_FORMATS = {
    ".ipynb": "turn it into Markdown: jupytext --to md:myst {stem}.ipynb",
    ".rst": "write it as Markdown: {stem}.md",
}

# What begins an entry, and how.
_ENTRIES = ("file", "glob", "url")
_ITEM = 'each entry begins with a hyphen and a space: "- {}: NAME"'


class Entry(NamedTuple):
    """A file of the book, and the line of `_toc.yml` that names it.

    One that is ``titled`` there may be without a heading.
    """

    path: str
    line: int
    titled: bool


def read_toc(root: Path, problems: list[Problem]) -> Iterator[Entry]:
    """Yield the book's files; what is wrong with others is a problem.

    Raises
    ------
    BookError
        If there is no table of contents that one could read.
    """
    text = read_setup(root, TOC)

    def report(line: int, what: str, hint: str) -> None:
        problems.append(Problem(TOC, line, "bad-toc", what, hint))

    try:
        site = parse_toc_data(load_yaml(text, TOC))
    except (
        *(MalformedError, AttributeError, KeyError),
        *(RecursionError, TypeError, ValueError),
    ) as error:
        what = re.sub(r"\{(.*?)\}", _sorted_set, str(error))
        line, hint = _explain(text, what)
        if not isinstance(error, MalformedError):
            hint = "look for a list where there should be a name, or the like"
        report(line, what, hint)
        raise BookError(problems) from None

    def walk(name: str) -> Iterator[str]:
        yield name
        for tree in site[name].subtrees:
            for glob in tree.globs():
                what = f"the chapters that {glob!r} stands for have no order"
                hint = "name each of them: - file: NAME"
                report(lines_of(text, glob)[0], what, hint)
            files = tree.files()
            for child in reversed(files) if tree.reversed else files:
                yield from walk(child)

    lines = dict(scalars(text))
    seen: set[str] = set()
    for name in walk(site.root.docname):
        path = name.removesuffix(".md") + ".md"
        # sphinx-external-toc takes a, a.md for two files; they are one.
        line = lines.get(name, 1)
        hidden = any(part[:1] == "." for part in path.split("/"))
        if os.path.normpath(path) != path or hidden or path[:1] == "/":
            what = f"{name!r} is not how a file in the book's folder is named"
            hint = "write its path from this folder, as in chapters/limits"
            report(line, what, hint)
        elif path in seen:
            what = f"{path!r} stands here for the second time"
            report(line, what, "remove one of the lines")
        elif (suffix := PurePosixPath(name).suffix) in _OTHER_FORMATS:
            what = f"{name!r} is no Markdown, which all chapters are"
            stem = name[: -len(suffix)]
            report(line, what, _OTHER_FORMATS[suffix].format(stem=stem))
        else:
            seen.add(path)
            yield Entry(path, line, bool(site[name].title) or len(seen) == 1)


def missing_chapter(root: Path, path: str, line: int) -> Problem:
    """Return the problem of a file that is listed but does not exist."""
    stem = path.removesuffix(".md")
    what = f"there is no file {path!r}"
    hint = meant_file(root, path, "create it, or remove this line")
    for suffix, advice in _OTHER_FORMATS.items():
        if (root / (stem + suffix)).is_file():
            what += f", only {stem + suffix!r}"
            hint = advice.format(stem=stem)
    return Problem(TOC, line, "missing-chapter", what, hint)


def _sorted_set(match: re.Match[str]) -> str:
    return ", ".join(sorted(match[1].split(", ")))


def _explain(text: str, message: str) -> tuple[int, str]:
    """Return the line that sphinx-external-toc complains of, and a hint."""
    if match := re.search(r"multiple times: '(.*)'", message):
        return lines_of(text, match[1])[-1], ""
    place = re.search(r"@ '(.*?)'", message)
    names = place[1].split("/") if place else []
    if match := re.match(
        r"Unknown keys found: '(.*?)'.*?, allowed: ", message
    ):
        name = match[1]
        hint = meant(name, re.findall(r"'(\w+)'", message[match.end() :]))
        if name.lstrip("-") in _ENTRIES:
            hint = _ITEM.format(name.lstrip("-"))
        return line_at(text, [*names, name]), hint
    if match := re.match(r"'(\w+)' not a non-empty list", message):
        line = line_at(text, [*names, match[1]])
        # What stands there instead, further in, if anything.
        lines = text.split("\n")
        begin = _indent(lines[line - 1])
        below = next((n for _, n in scalars(text) if n > line), line)
        is_inside = _indent(lines[below - 1]) > begin
        hint = _ITEM.format("caption" if match[1] == "parts" else "file")
        return below if is_inside else line, hint
    hint = _ITEM.format("file") if message.startswith("entry ") else ""
    return line_at(text, names), hint


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
