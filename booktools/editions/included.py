"""Files whose text a chapter includes; those that nobody has translated."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from booktools.editions.blocks import read_outline
from booktools.editions.outline import Outline, Prose
from booktools.editions.untranslated import RULE, find_untranslated
from booktools.problem import BookError, Problem
from booktools.source.text import decode, included_path, select

# Files that include each other would have no end.
_DEPTH = 10


class Included(NamedTuple):
    """A text that a file includes, at a line, and that of which file it is.

    There are ``above`` lines above it in that file.
    """

    line: int
    name: str
    text: str
    above: int
    outline: Outline

    @property
    def prose(self) -> list[Prose]:
        """Return what is said, at the lines of its file."""
        return [
            p._replace(line=p.line + self.above) for p in self.outline.prose
        ]


def find_untranslated_files(
    root: Path,
    chapter: str,
    path: str,
    edition: Outline,
    source: str,
    languages: tuple[str, str],
    kept: Collection[str],
) -> Iterator[Problem]:
    """Yield a problem where a file is included that is not translated.

    Parameters
    ----------
    root : Path
        The book's folder.
    chapter, path : str
        The chapter, and its file in the edition.
    edition : Outline
        What that file consists of.
    source : str
        The chapter's text.
    languages : tuple of str
        The language of the edition, and that of the source.
    kept : collection of str
        What may stay as it is.
    """
    if not edition.includes:
        return  # to read the chapter as well would take time
    files = read_included(root, chapter, read_outline(source))
    there = [prose for file in files for prose in file.prose]
    for file in read_included(root, chapter, edition):
        name = file.name
        found = find_untranslated(name, file.prose, there, languages, kept)
        if problem := next(found, None):
            what = f"{name}:{problem.line}, included here: {problem.message}"
            hint = "write its text here instead, in the language of this"
            hint += " edition, or include another file that has it"
            yield Problem(path, file.line, RULE, what, hint)


def read_included(
    root: Path, path: str, outline: Outline, depth: int = 0
) -> Iterator[Included]:
    """Yield what a file of a book includes, and what that includes."""
    for include in outline.includes if depth < _DEPTH else ():
        name = included_path(path, include.target)
        try:
            text = decode((root / name).read_bytes(), name)
        except (OSError, BookError):
            continue  # who reads the chapter reports it
        part, above = select(text, include.options)
        inner = read_outline(part)
        yield Included(include.line, name, part, above, inner)
        for file in read_included(root, name, inner, depth + 1):
            yield file._replace(line=include.line)
