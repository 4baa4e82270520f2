"""An edition, filled -> a book of its own, in a folder.

Its chapters have their code, its settings and table of contents are in its
language, and all other files of the book are there, too.  So it is built as
any book is.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from booktools.editions.blocks import read_outline
from booktools.editions.edition import File
from booktools.editions.languages import SETTING
from booktools.editions.whole import FilledBook, read_file
from booktools.language import language_name, load_language
from booktools.source.chapter import Book
from booktools.source.config import CONFIG
from booktools.source.files import find_files
from booktools.source.text import load_yaml, mapping, read_setup
from booktools.source.toc import TOC

# In the settings of the book that is written: what it is an edition of.
EDITION = "booktools_edition"

# Where each line of its chapters is from; what its files were copied from.
PLACES, COPIED = ".places.json", ".copied.json"

# A path and a line in the book of an edition -> those that an author knows.
Locator = Callable[[str, int], tuple[str, int]]

Places = dict[str, list[tuple[str, int]]]


def write_edition(
    book: Book, filled: FilledBook, folder: Path, cache: Path
) -> str:
    """Write an edition as a book; write only what has changed.

    Parameters
    ----------
    book : Book
        The book that it is an edition of.
    filled : FilledBook
        The edition.
    folder : Path
        Where it is written to.  What else is there is removed, except for
        what was built there.
    cache : Path
        Where the outputs of the book are kept.

    Returns
    -------
    str
        A digest of all that it consists of.
    """
    folder.mkdir(parents=True, exist_ok=True)
    texts, places = _chapters(book, filled)
    texts |= {
        CONFIG: _config(book, filled, folder, cache),
        TOC: _dump(
            filled.edition.translate_toc(
                load_yaml(read_setup(book.root, TOC), TOC)
            )
        ),
        PLACES: json.dumps(places, ensure_ascii=False),
    }
    copied = {n: p for n, p in _others(book, folder) if n not in texts}
    # First: a file may be where a folder will be, or a folder where a file.
    _remove_others(folder, {*texts, *copied, COPIED})
    for name, text in texts.items():
        _write(folder / name, text)
    states = _copy(copied, folder)
    return hashlib.sha256(repr((texts, states)).encode()).hexdigest()


def locator(folder: Path) -> Locator:
    """Return what says where a line of an edition is from.

    That is a function of a path in the folder of the edition and a line; it
    returns a path in the folder of the book and a line.
    """
    places: Places = json.loads((folder / PLACES).read_text("utf-8"))

    def locate(path: str, line: int) -> tuple[str, int]:
        known = places.get(path)
        if not known:
            return path, line
        path, line = known[max(0, min(line, len(known)) - 1)]
        return path, line

    return locate


def _chapters(book: Book, filled: FilledBook) -> tuple[dict[str, str], Places]:
    """Return the texts of the chapters, and where their lines are from."""
    texts, places = {}, {}
    for path, chapter in filled.chapters.items():
        texts[path], places[path] = chapter.text, [*chapter.places]
    for path in filled.missing:
        if source := read_file(book.root, path):
            texts[path], places[path] = _untranslated(book, filled, source)
    return texts, places


def _untranslated(
    book: Book, filled: FilledBook, source: File
) -> tuple[str, list[tuple[str, int]]]:
    """Return a chapter as it is in the source, with a sentence about that."""
    outline = read_outline(source.text)
    headings = (b.end for b in outline.blocks if b.kind == "heading")
    above = next(headings, outline.above)
    _ = load_language(filled.edition.language, book.root).gettext
    sentence = _("This chapter is not translated yet; it is in {language}.")
    name = language_name(book.language.code)
    note = ["", "```{note}", sentence.replace("{language}", name), "```", ""]
    lines = source.text.split("\n")
    numbers = [*range(1, len(lines) + 1)]
    lines[above:above] = note
    numbers[above:above] = [max(above, 1)] * len(note)
    return "\n".join(lines), [(source.path, number) for number in numbers]


def _config(book: Book, filled: FilledBook, folder: Path, cache: Path) -> str:
    """Return the settings of an edition: the book's, but for its texts."""
    config: Any = load_yaml(read_setup(book.root, CONFIG), CONFIG)
    edition = filled.edition
    config["title"] = edition.title
    if edition.author:
        config["author"] = edition.author
    if "execute" in config:  # its own cache is where all books have one
        mapping(config["execute"]).pop("cache", None)
    settings = config["sphinx"]["config"]
    del settings[SETTING[-1]]
    settings["language"] = edition.language
    settings["booktools_package"] = book.package
    settings[EDITION] = {
        "book": Path(os.path.relpath(book.root, folder)).as_posix(),
        "cache": Path(os.path.relpath(cache, folder)).as_posix(),
        "missing": [path.removesuffix(".md") for path in filled.missing],
    }
    return _dump(config)


def _dump(data: Any) -> str:
    return yaml.safe_dump(data, allow_unicode=True, sort_keys=False)


def _write(path: Path, text: str) -> None:
    data = text.encode()
    if not path.is_file() or path.read_bytes() != data:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _others(book: Book, folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield files of a book that its pages may use: their names, paths."""
    left_out = {*_edition_folders(book.root), folder}
    for path in find_files(book.root, left_out):
        yield path.relative_to(book.root).as_posix(), path


def _edition_folders(root: Path) -> set[Path]:
    """Return the folders of all editions, and that of the tools."""
    config: Any = load_yaml(read_setup(root, CONFIG), CONFIG)
    for name in SETTING:
        config = mapping(mapping(config).get(name))
    return {root / str(name) for name in config} | {root / "booktools"}


def _copy(files: dict[str, Path], folder: Path) -> dict[str, list[int]]:
    """Copy files that are not what they were; return what they are now."""
    record = folder / COPIED
    known: dict[str, list[int]] = {}
    with suppress(OSError, ValueError):  # no such file, or half of one
        known = json.loads(record.read_text("utf-8"))
    states = {}
    for name, path in files.items():
        copy = folder / name
        with suppress(FileNotFoundError):  # an editor's, gone meanwhile
            found = path.stat()
            state = [found.st_size, found.st_mtime_ns, found.st_ctime_ns]
            if known.get(name) != state or not copy.is_file():
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)
            states[name] = state
    if states != known:
        record.write_text(json.dumps(states), "utf-8")
    return states


def _remove_others(folder: Path, names: set[str]) -> None:
    """Remove files that are not, or no longer, the book's."""
    for path in sorted(folder.rglob("*"), reverse=True):
        name = path.relative_to(folder).as_posix()
        if name.partition("/")[0] == "_build":
            continue
        if path.is_dir() and not path.is_symlink():
            if not any(path.iterdir()):
                path.rmdir()
        elif name not in names:
            path.unlink()
