"""What a person has named: files of a book or of its editions, their sections.

    wanted = Wanted(["de/chapters/x.md#sec-y"], book.root, editions)
    wanted(edition, "chapters/x.md", "sec-y")  # True for the edition de

Names are written as shells and editors write them.
"""

import difflib
import posixpath
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from booktools.editions.languages import Edition
from booktools.problem import BookError, Problem

# Labels of sections, by file, by language.
Known = dict[str, dict[str, set[str]]]


class Name(NamedTuple):
    """A file that a person has named, or a section of it.

    ``language`` is that of the edition, where the name says so.  Without a
    ``label`` it is the whole file; what stands above all labels has ``""``.
    """

    language: str
    path: str
    label: str | None


class Wanted:
    """What a person has named: files, sections of files."""

    def __init__(self, names: list[str], root: Path, editions: list[Edition]):
        languages = [edition.language for edition in editions]
        self.names = [_read_name(name, root, languages) for name in names]
        self.editions = editions

    def __call__(self, edition: Edition, path: str, label: str) -> bool:
        """Say if a section was named, or its file, or nothing was."""
        for name in self.names:
            is_here = name.language in ("", edition.language)
            if is_here and name.path == path and name.label in (None, label):
                return True
        return not self.names

    def concerns(self, edition: Edition) -> bool:
        """Say if something of an edition was named, or nothing was."""
        languages = {name.language for name in self.names}
        return not languages or bool(languages & {"", edition.language})

    def has(self, edition: Edition, path: str) -> bool:
        """Say if a file was named, or none was."""
        path = path.removeprefix(edition.path(""))
        return not self.names or any(
            name.language in ("", edition.language) and name.path == path
            for name in self.names
        )

    def check(self, known: Known, sources: Collection[str]) -> None:
        """Refuse names of nothing, before anything is done.

        Parameters
        ----------
        known : dict
            Labels of sections by file, by language.
        sources : collection of str
            The files of the book.

        Raises
        ------
        BookError
            With a problem for each such name.
        """
        problems = []
        for name in self.names:
            found: dict[str, set[str]] = {}
            for language, files in known.items():
                if name.language in ("", language):
                    for path, labels in files.items():
                        found.setdefault(path, set()).update(labels)
            if misfit := _find_misfit(name, found):
                what, hint = misfit
                if name.path in sources and name.path not in found:
                    language = name.language or self.editions[0].language
                    hint = f"translate it first: {language}/{name.path}"
                path = posixpath.join(name.language, name.path) or "."
                rule = "unknown-section"
                problems.append(Problem(path, 1, rule, what, hint))
        if problems:
            raise BookError(problems)


def _read_name(name: str, root: Path, languages: list[str]) -> Name:
    """Read a name as shells and editors write it: a path of Windows, too."""
    written, mark, rest = name.partition("#")
    label = rest if mark else None
    path = Path(written.replace("\\", "/"))
    if path.is_absolute() and path.resolve().is_relative_to(root.resolve()):
        path = path.resolve().relative_to(root.resolve())
    text = posixpath.normpath(path.as_posix()) if written else ""
    language, _, rest = text.partition("/")
    if rest and language in languages:
        return Name(language, rest, label)
    return Name("", text, label)


def _find_misfit(
    name: Name, known: dict[str, set[str]]
) -> tuple[str, str] | None:
    """Return what is wrong with a name, and a hint."""
    _, path, label = name
    if not path:
        places = [file for file in sorted(known) if label in known[file]]
        hint = "write a file, such as index.md"
        if label and places:
            hint = f"write {places[0]}#{label}"
        return f"'{'' if label is None else '#' + label}' names no file", hint
    kind, wanted, names = "file", path, [*known]
    if path in known:
        if label is None or label in known[path]:
            return None
        if not label:
            return f"nothing is above the labels of {path}", "name the file"
        kind, wanted, names = "section", label, [*known[path]]
    near = difflib.get_close_matches(wanted, names, 1)
    hint = f"did you mean {near[0]!r}?" if near else ""
    return f"the edition has no {kind} {wanted!r}", hint
