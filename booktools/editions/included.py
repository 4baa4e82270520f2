"""Texts that an edition includes, as its source does, but not translated."""

from collections.abc import Collection, Iterator
from pathlib import Path

from booktools.editions.blocks import read_outline
from booktools.editions.outline import Outline, Prose
from booktools.editions.untranslated import RULE, find_untranslated
from booktools.problem import BookError, Problem
from booktools.source.text import decode, included_path, select

# Files that include each other would have no end.
_DEPTH = 10


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
    there = [
        prose
        for _, _, texts in _read_included(root, chapter, read_outline(source))
        for prose in texts
    ]
    for line, name, texts in _read_included(root, chapter, edition):
        found = find_untranslated(name, texts, there, languages, kept)
        if problem := next(found, None):
            what = f"{name}:{problem.line}, included here: {problem.message}"
            hint = "write its text here instead, in the language of this"
            hint += " edition, or include another file that has it"
            yield Problem(path, line, RULE, what, hint)


def _read_included(
    root: Path, path: str, outline: Outline, depth: int = 0
) -> Iterator[tuple[int, str, list[Prose]]]:
    """Yield what a file includes: at which line, which file, its texts."""
    for include in outline.includes if depth < _DEPTH else ():
        name = included_path(path, include.target)
        try:
            text = decode((root / name).read_bytes(), name)
        except (OSError, BookError):
            continue  # who reads the chapter reports it
        part, above = select(text, include.options)
        inner = read_outline(part)
        yield (
            include.line,
            name,
            [prose._replace(line=prose.line + above) for prose in inner.prose],
        )
        for _, file, prose in _read_included(root, name, inner, depth + 1):
            yield include.line, file, prose
