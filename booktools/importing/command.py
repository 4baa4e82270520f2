"""Chapters written for others -> chapters in the dialect.

They come from D2L's books, as notebooks, or in stock MyST (MyST-NB, Jupyter
Book).  All of them are written, or none; what is there already stays.
"""

import ast
import posixpath
import re
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from urllib.parse import unquote

from booktools.importing import d2l, notebook, references, stock
from booktools.importing.draft import Draft, Line, is_in_code
from booktools.problem import BookError, Problem, count
from booktools.source.chapter import is_module_name, read_book, read_chapter
from booktools.source.config import CONFIG, is_name, read_config
from booktools.source.options import split_options
from booktools.source.text import decode

_IMPORT = re.compile(r"^from d2l import \w+ as d2l$")
_MARK = re.compile(r"\s*# ?@save\b.*")
_PICTURE = re.compile(
    r"(!\[.*?\]\(|^\s*(?:`{3,}|:{3,})\{(?:figure|image)\} +)([^)\s]+)"
)

_ADD_TO_CLASS = (
    "`add_to_class` changes a class, maybe an earlier chapter's, and cannot be"
    " saved"
)
_ADD_TO_CLASS_HINT = (
    "save one class statement with all of its methods; or a subclass: class"
    " NEW(d2l.OLD): ...; or a function that takes the object"
)
_NO_PACKAGE = (
    "this book has no package that could be imported here",
    f"name one in {CONFIG}, booktools_package: NAME, under sphinx: {{config:"
    " …}}; then import NAME as d2l",
)
_DATA_HUB = "an entry in an earlier chapter's DATA_HUB cannot be saved"
_DATA_HUB_HINT = (
    "save a constant, and hand it over: HOUSES = (URL, SHA1)  #@save, and a"
    " function with it as a parameter: d2l.fetch(*d2l.HOUSES)"
)


def read_draft(path: Path, tab: str) -> Draft:
    """Read a file in any of the formats; nothing is resolved yet.

    Raises
    ------
    BookError
        If it cannot be read.
    """
    name = path.as_posix()
    stem = re.sub(r"\W+", "_", path.stem).strip("_").lower()
    if not is_module_name(stem):
        what = f"no module can have this chapter's name, {stem!r}"
        raise _error(name, "bad-chapter-name", what, "rename the file")
    try:
        data = path.read_bytes()
    except OSError as error:
        what = f"cannot read this file: {error.strerror}"
        raise _error(name, "unreadable", what, "") from None
    text = decode(data, name)
    if path.suffix == ".ipynb":
        draft = notebook.read(text, name, stem)
    elif path.suffix != ".md":
        what = f"{path.suffix or 'a file without an ending'} is not imported"
        hint = "name files that end in .md or .ipynb"
        raise _error(name, "unknown-format", what, hint)
    else:
        draft = Draft.from_text(name, stem, text)
    if d2l.is_d2l(draft.text):
        d2l.convert(draft, tab)
    stock.convert(draft)
    return draft


def _error(path: str, rule: str, what: str, hint: str) -> BookError:
    return BookError([Problem(path, 1, rule, what, hint)])


def finish(drafts: list[Draft], package: str) -> None:
    """Let code import the book's package, and explain what it cannot save."""
    for draft in drafts:
        for block in draft.blocks():
            if block.token.info.startswith("{code-cell}"):
                for i in range(block.start, block.end):
                    number, text = draft.lines[i]
                    if not _IMPORT.match(text):
                        continue
                    if is_name(package):
                        new = f"import {package} as d2l"
                        draft.lines[i] = Line(number, new)
                    else:
                        draft.note(number, "no-package", *_NO_PACKAGE)
                _explain_code(draft, block.start + 1, block.end - 1)


def _explain_code(draft: Draft, start: int, end: int) -> None:
    """Say what in a cell cannot be saved; take its marks away."""
    _, above = split_options(draft.texts(start, end))
    start += above
    texts = draft.texts(start, end)
    try:
        tree = ast.parse("\n".join(re.sub(r"^[%!].*", "", t) for t in texts))
    except SyntaxError:
        return
    for node in tree.body:
        what = ""
        match node:
            case ast.FunctionDef(decorator_list=[_, *_] as decorators):
                names = [ast.unparse(d) for d in decorators]
                if any("add_to_class" in n for n in names):
                    what, hint = _ADD_TO_CLASS, _ADD_TO_CLASS_HINT
            case ast.Assign(targets=[ast.Subscript(value=value)]):
                if ast.unparse(value).endswith("DATA_HUB"):
                    what, hint = _DATA_HUB, _DATA_HUB_HINT
        if not what:
            continue
        head = min(
            [
                node.lineno,
                *(d.lineno for d in getattr(node, "decorator_list", [])),
            ]
        )
        first = start + head - 1
        draft.note(draft.lines[first].number, "changes-earlier", what, hint)
        # A mark on the line above counts, too.
        for i in range(max(start, first - 1), start + node.lineno):
            number, text = draft.lines[i]
            if i < first and text.strip()[:1] != "#":
                continue
            draft.lines[i] = Line(number, _MARK.sub("", text))


def pictures(draft: Draft, source: Path, found: dict[str, bytes]) -> None:
    """Let a chapter look for its pictures in img/ beside it.

    Parameters
    ----------
    draft : Draft
        The chapter.
    source : Path
        The file that it comes from.
    found : dict of str to bytes
        Gets the names there, and the files to write.
    """

    def move(match: re.Match[str], number: int) -> str:
        if is_in_code(match):
            return match[0]
        # Before a letter it is what Windows writes, before others an escape.
        address = re.sub(r"\\(?=[^\W_])", "/", match[2])
        name = posixpath.basename(address)
        if address.startswith("attachment:"):
            name = unquote(address.partition(":")[2])
            cell, _ = draft.cells.get(number, (0, 0))
            data = draft.attached.get((cell, name))
            name = re.sub(r"[^\w.]+", "-", posixpath.basename(name))
            # What is pasted has the same name in all notebooks.
            if data and found.get(name, data) != data:
                name = f"{draft.name}-{cell}-{name}"
        elif re.match(r"[a-z]+:", address):
            what = f"this picture is elsewhere: {address}"
            hint = "put it into the book: pages load nothing from elsewhere"
            draft.note(number, "picture-elsewhere", what, hint)
            return match[0]
        else:
            file = source.parent / address
            data = file.read_bytes() if file.is_file() else None
        if data is None:
            what = f"there is no picture {address!r}"
            draft.note(
                number, "missing-picture", what, f"put it at img/{name}"
            )
        elif found.setdefault(name, data) != data:
            what = f"another picture is called {name!r}, too"
            hint = "rename this one, and put it into img/"
            draft.note(number, "same-picture", what, hint)
        return f"{match[1]}img/{name}"

    listings = draft.listings()
    for i, (number, text) in enumerate(draft.lines):
        if i not in listings:
            new = _PICTURE.sub(partial(move, number=number), text)
            draft.lines[i] = Line(number, new)


def write(files: dict[Path, bytes]) -> None:
    """Write new files, all of them or none.

    Raises
    ------
    BookError
        If one of them is there already, with another content, or a file is
        where a folder would be.
    """
    taken = [
        Problem(
            path.as_posix(),
            1,
            "file-exists",
            "this file is there already, and stays as it is",
            "rename one of them, or import into another folder: --to DIR",
        )
        for path, data in files.items()
        if path.exists()
        and not (path.suffix != ".md" and path.read_bytes() == data)
    ]
    taken += [
        Problem(
            folder.as_posix(),
            1,
            "file-exists",
            "this is a file, but would be the folder of what is imported",
            "rename it, or import into another folder: --to DIR",
        )
        for path in files
        for folder in path.parents
        if folder.exists() and not folder.is_dir()
    ]
    if taken:
        raise BookError(taken)
    written = []
    try:
        for path, data in files.items():
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                written.append(path)
                path.write_bytes(data)
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        raise


def add_arguments(parser: ArgumentParser) -> None:
    """Add what the command ``import`` takes."""
    parser.add_argument(
        "files", type=Path, nargs="+", metavar="FILE", help=".md or .ipynb"
    )
    parser.add_argument(
        "--tab",
        default="pytorch",
        help="whose code to keep where a chapter has several frameworks'",
    )
    parser.add_argument(
        "--to",
        type=Path,
        metavar="DIR",
        help="folder for the chapters (default: chapters/ of the book)",
    )


def main(root: Path, arguments: Namespace) -> int:
    """Import chapters; list what is left to do."""
    to = arguments.to or root / "chapters"
    drafts, problems = [], []
    for path in arguments.files:
        try:
            drafts.append(read_draft(path, arguments.tab))
        except BookError as error:
            problems += error.problems
    problems += _find_equal_names(drafts)
    if problems:
        raise BookError(problems)
    package, labels, has_bibliography = _read_book(root)
    references.resolve(drafts, labels, has_bibliography)
    finish(drafts, package)
    found: dict[str, bytes] = {}
    for draft, path in zip(drafts, arguments.files, strict=True):
        pictures(draft, path, found)
    files = {to / "img" / name: data for name, data in found.items()}
    for draft in drafts:
        text = re.sub(r"\n{3,}", "\n\n", draft.text).strip("\n") + "\n"
        files[to / f"{draft.name}.md"] = text.encode()
    write(files)
    notes = [note for draft in drafts for note in draft.notes]
    for draft in drafts:
        path = to / f"{draft.name}.md"
        try:
            read_chapter(path.as_posix(), files[path], root)
        except BookError as error:
            notes += error.problems
    for note in sorted(set(notes)):
        print(str(note).replace(": error: ", ": "))
    for draft in drafts:
        print(f"wrote {(to / draft.name).as_posix()}.md")
    print(
        f"{count(len(notes), 'thing')} to look at; then add a line for each"
        " chapter to _toc.yml"
    )
    return 0


def _find_equal_names(drafts: list[Draft]) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for draft in drafts:
        if draft.name in seen:
            what = f"{seen[draft.name]} would get the same name, {draft.name}"
            yield Problem(draft.path, 1, "file-exists", what, "rename one")
        seen[draft.name] = draft.path


def _read_book(root: Path) -> tuple[str, set[str], bool]:
    """Return the package of a book, its labels, if it has a bibliography."""
    try:
        package = read_config(root, [])[1]
        config = (root / CONFIG).read_text("utf-8")
    except (BookError, OSError):
        return "d2lmini", set(), False
    labels: set[str] = set()
    # Of a book with problems, no label is known.
    with suppress(BookError, OSError):
        chapters = read_book(root).chapters
        labels |= {s.label for c in chapters for s in c.sections if s.label}
        labels |= {f.label for c in chapters for f in c.formulas}
    return package, labels, "bibtex_bibfiles" in config
