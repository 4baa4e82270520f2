"""The files in which an author writes; files that are written as a whole."""

from collections.abc import Collection, Iterator
from pathlib import Path

# Folders in which nothing is written by hand.
MADE = frozenset({"_build", "dist", "node_modules", "__pycache__"})


def find_folders(
    root: Path, left_out: Collection[Path] = ()
) -> Iterator[Path]:
    """Yield the folder of a book and those below it.

    Hidden ones, environments of Python, and what is made are no part of it.
    Links to folders are followed, as Sphinx does, but to none that contains
    the link or the book: that would never end.

    Parameters
    ----------
    root : Path
        The folder of the book.
    left_out : collection of Path, optional
        Folders below it that are not the book's, as seen from there.
    """
    yield from _walk(root, left_out, ())


def find_files(root: Path, left_out: Collection[Path] = ()) -> Iterator[Path]:
    """Yield the files of a book: those in its folders, but hidden ones."""
    for folder in find_folders(root, left_out):
        for path in _entries(folder):
            if path.is_file():
                yield path


def write_whole(path: Path, text: str) -> None:
    """Write a file; who reads it meanwhile gets the old or the new text.

    Raises
    ------
    OSError
        When it cannot be written; it is as it was then.
    """
    draft = path.with_suffix(".tmp")
    try:
        draft.write_bytes(text.encode())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def _walk(
    folder: Path, left_out: Collection[Path], above: tuple[Path, ...]
) -> Iterator[Path]:
    real = folder.resolve()
    if real in above or any(a.is_relative_to(real) for a in above[:1]):
        return
    yield folder
    for path in _entries(folder):
        if path in left_out or not path.is_dir():
            continue
        if not (path / "pyvenv.cfg").exists():
            yield from _walk(path, left_out, (*above, real))


def _entries(folder: Path) -> list[Path]:
    """Return what is in a folder; nothing if it is gone meanwhile."""
    try:
        found = sorted(folder.iterdir())
    except FileNotFoundError:
        return []
    return [p for p in found if p.name[0] != "." and p.name not in MADE]
