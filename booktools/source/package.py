"""What chapters save -> the files of the book's package, on disk or to be."""

import difflib
import json
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from string import Template

from booktools.problem import BookError, Problem, count
from booktools.source.chapter import Book
from booktools.source.config import CONFIG, read_project
from booktools.source.files import write_whole
from booktools.source.saved import HINTS, SavedChapter, read_saved
from booktools.source.text import lines_of, read_setup

_HEADER = "# Generated from "
_HEADER_END = ' by "python -m booktools extract". Do not edit.'
_INIT = Path(__file__).with_name("assets") / "package_init.txt"


def render_package(book: Book, version: str) -> dict[str, str]:
    """Return the text of each file of the book's package.

    Parameters
    ----------
    book : Book
        The book, read.
    version : str
        The package's ``__version__``.

    Returns
    -------
    dict of str to str
        File, relative to the book's folder with forward slashes -> text;
        empty if the book saves nothing.

    Raises
    ------
    BookError
        With every problem of the marks and of the code that they save, and of
        files that look like chapters and are not in the book.
    """
    problems = list(book.unlisted)
    try:
        chapters = read_saved(book)
    except BookError as error:
        problems += error.problems
    if problems:
        raise BookError(problems)
    if not chapters:
        return {}
    files = {"__init__": _render_init(book, chapters, version)}
    files |= {saved.chapter.name: _render_module(saved) for saved in chapters}
    return {f"{book.package}/{name}.py": text for name, text in files.items()}


def read_version(root: Path) -> str:
    """Return the version in `pyproject.toml`, "0" if it has none."""
    return str(read_project(root).get("version", "0"))


def is_generated(path: Path) -> bool:
    """Tell whether a file is a module that was made from a chapter."""
    try:
        with path.open(encoding="utf-8") as file:
            return file.readline().startswith(_HEADER)
    except (OSError, UnicodeDecodeError):
        return False


def stale_files(
    root: Path, package: str, files: Mapping[str, str]
) -> dict[str, tuple[str, str | None]]:
    """Compare a package with what is on disk.

    Parameters
    ----------
    root : Path
        The book's folder.
    package : str
        Name of the package and of its folder.
    files : mapping of str to str
        What `render_package` returned.

    Returns
    -------
    dict of str to (str, str or None)
        Each file that differs -> its text on disk, and the text that it should
        have, ``None`` if it should not be there.

    Raises
    ------
    BookError
        With every file among them that somebody wrote by hand, or if the
        package cannot have its name.
    """
    if files and (what := _clash(root, package)):
        text = read_setup(root, CONFIG)
        line = lines_of(text, package)[0]
        hint = "name another one: booktools_package: NAME"
        problem = Problem(CONFIG, line, "bad-package-name", what, hint)
        raise BookError([problem])
    there = {f"{package}/{p.name}": p for p in (root / package).glob("*.py")}
    stale: dict[str, tuple[str, str | None]] = {}
    foreign = []
    for name in sorted({*there, *files}):
        new = files.get(name)
        old = ""
        if name in there:
            old = there[name].read_bytes().decode("utf-8", "replace")
        if old and not old.startswith(_HEADER):
            what = f"{package}/ is generated, but this file is not"
            hint = HINTS["foreign-file"]
            foreign.append(Problem(name, 1, "foreign-file", what, hint))
        elif old != new:
            stale[name] = old, new
    # A book that saves nothing has no package to keep clean.
    if foreign and files:
        raise BookError(foreign)
    return stale


def _clash(root: Path, package: str) -> str:
    """Return what has the name of the package, if anything has."""
    folder = root / package
    file = root / f"{package}.py"
    if file.exists() or (folder.exists() and not folder.is_dir()):
        file = file if file.exists() else folder
        return f"there is a file {file.name}, where the package would be"
    # Python files are named one by one.
    others = (p for p in folder.glob("[!._]*") if p.suffix != ".py")
    if any(others) and not is_generated(folder / "__init__.py"):
        return f"the folder {package} is there for something else"
    with suppress(ImportError, ValueError):
        spec = find_spec(package)
        file = Path((spec and spec.origin) or folder / "__init__.py")
        # A course may be installed, too.
        if file.parent.resolve() != folder.resolve() and not is_generated(
            file
        ):
            return f"there is a package {package}, which it would hide"
    return ""


def write_files(
    root: Path, stale: Mapping[str, tuple[str, str | None]]
) -> None:
    """Write or delete the files that `stale_files` found."""
    for name, (_, text) in stale.items():
        path = root / name
        if text is None:
            path.unlink()
            continue
        path.parent.mkdir(exist_ok=True)
        write_whole(path, text)


def _render_module(saved: SavedChapter) -> str:
    chapter = saved.chapter
    text = _render_head(chapter.path, f"Saved code of {chapter.path}")
    if imports := saved.import_lines():
        text += "\n".join(["", *imports, ""])
    text += f"\n{_render_all(saved.names)}\n"
    return text + "".join(statement.text for statement in saved.statements)


def _render_head(origin: str, summary: str) -> str:
    """Return the first lines of a generated file, with its docstring."""
    summary = summary.replace('"""', "'''")
    prefix = "r" if "\\" in summary else ""
    docstring = f'{prefix}"""{summary}."""'
    return f"{_HEADER}{origin}{_HEADER_END}\n{docstring}\n"


def _render_init(
    book: Book, chapters: list[SavedChapter], version: str
) -> str:
    homes = {name: s.chapter.name for s in chapters for name in s.names}
    imports = f"    import {book.package} as torch\n"
    for saved in chapters:
        rows = [f"        {n},\n" for n in saved.names if n[0] != "_"]
        start = f"    from {book.package}.{saved.chapter.name} import "
        imports += f"{start}(\n{''.join(rows)}    )\n" if rows else ""
    # Without titles: what readers of all languages get is the same.
    summary = "Saved code of the chapters, loaded when it is used"
    head = _render_head("the chapters", summary)
    init = Template(_INIT.read_text("utf-8"))
    return f"{head}\n" + init.substitute(
        imports=imports.rstrip("\n"),
        version=json.dumps(version),
        all=_render_all(homes),
        table="\n".join(f'    "{n}": "{m}",' for n, m in homes.items()),
    )


def _render_all(names: Iterable[str]) -> str:
    """Return `__all__`: the public ones of some names."""
    public = [f'"{name}"' for name in names if not name.startswith("_")]
    line = f"__all__ = [{', '.join(public)}]"
    if len(line) <= 79:
        return line
    return "\n".join(["__all__ = [", *(f"    {n}," for n in public), "]"])


def add_arguments(parser: ArgumentParser) -> None:
    """Add what the command ``extract`` takes."""
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing; show what would change and exit with 1",
    )


def main(book: Book, arguments: Namespace) -> int:
    """Make the package from the chapters, or check that it is fresh."""
    files = render_package(book, read_version(book.root))
    stale = stale_files(book.root, book.package, files)
    if not arguments.check:
        write_files(book.root, stale)
        for name, (_, new) in stale.items():
            print("deleted" if new is None else "wrote", name)
        return 0
    for name, (old, new) in stale.items():
        diff = difflib.unified_diff(
            old.removesuffix("\n").split("\n") if old else [],
            new.removesuffix("\n").split("\n") if new else [],
            f"a/{name}" if old else "/dev/null",
            f"b/{name}" if new else "/dev/null",
            lineterm="",
        )
        print(*diff, sep="\n")
    if stale:
        option = "" if book.root == Path() else f" --book {book.root}"
        number = count(len(stale), "stale file")
        print(f"{number}; run: python -m booktools extract{option}")
    return 1 if stale else 0
