"""The built book -> the files of a release, with their checksums."""

import hashlib
import os
import shutil
from argparse import Namespace
from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path
from tempfile import TemporaryDirectory

from booktools.editions.languages import read_editions
from booktools.problem import BookError, Problem
from booktools.publish.archive import write_zip
from booktools.publish.layout import NOTEBOOKS, PDF, file_name
from booktools.publish.wheel import (
    FOLDER,
    TOOLS,
    TOOLS_WHEEL,
    build_tools,
    build_wheel,
)
from booktools.source.chapter import Book
from booktools.source.package import read_version

SUMS = "SHA256SUMS"


def write_release(book: Book, environ: Mapping[str, str]) -> list[str]:
    """Write the package, the notebooks, the PDF and the whole site.

    Where the tools are part of the book's repository, their wheel, too.

    Parameters
    ----------
    book : Book
        The book; its site and its PDF are built.
    environ : mapping of str to str
        Environment variables: on GitHub Actions they name the tag.

    Returns
    -------
    list of str
        The files, in folder `dist`, which holds nothing else then.

    Raises
    ------
    BookError
        When a part is not built, or the tag is not this version's.
    subprocess.CalledProcessError
        If the package, or the wheel of the tools, cannot be built.
    """
    version, html = read_version(book.root), book.root / "_build" / "html"
    parts = _parts(book, html)
    problems = [
        Problem(part.as_posix(), 1, "not-built", "there is none", hint)
        for part in [html / "index.html", *parts.values()]
        for command in ["pdf" if part.suffix == ".pdf" else "build"]
        for hint in [f"make it first: python -m booktools {command}"]
        if not part.is_file()
    ]
    tag = environ.get("GITHUB_REF_NAME", "")
    if environ.get("GITHUB_REF_TYPE") == "tag" and tag != f"v{version}":
        what = f"the version is {version!r}, but the tag is {tag!r}"
        hint = "raise the version first, then tag that commit"
        problems.append(Problem("pyproject.toml", 1, "wrong-tag", what, hint))
    if not _is_ours(book.root / FOLDER):
        what = f"{FOLDER} is a link, or has files that are of no release"
        hint = "it stays as it is: move it away, or remove it"
        problems.append(Problem(FOLDER, 1, "not-ours", what, hint))
    if problems:
        raise BookError(problems)

    start = f"{book.package}-{version}"
    with TemporaryDirectory(dir=book.root, prefix=".dist-") as name:
        folder = Path(name, FOLDER)
        build_wheel(book.root, folder)
        if TOOLS.parent == book.root.resolve():
            build_tools(folder)
        for ending, part in parts.items():
            shutil.copyfile(part, folder / f"{start}-{ending}")
        files = sorted(path for path in html.rglob("*") if path.is_file())
        contents = {
            f"{start}/{file.relative_to(html).as_posix()}": file.read_bytes()
            for file in files
        }
        write_zip(folder / f"{start}-site.zip", contents)
        made = sorted(folder.iterdir())
        lines = (
            f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n"
            for file in made
        )
        (folder / SUMS).write_text("".join(lines), "utf-8", newline="\n")
        # All or nothing: what is there from before goes last.
        target = book.root / FOLDER
        shutil.rmtree(target, ignore_errors=True)
        folder.rename(target)
    return [f"{FOLDER}/{file.name}" for file in [*made, target / SUMS]]


def _parts(book: Book, html: Path) -> dict[str, Path]:
    """Return what readers get by itself: the end of its name -> its file."""
    parts = {}
    languages = [edition.language for edition in read_editions(book.root)]
    for language in ["", *languages]:
        name = file_name(book.package, language)
        start = f"{language}-" if language else ""
        site = html / language
        parts[f"{start}notebooks.zip"] = site / NOTEBOOKS / f"{name}.zip"
        parts[f"{start}book.pdf"] = site / PDF / f"{name}.pdf"
    return parts


def _is_ours(folder: Path) -> bool:
    """Tell whether a folder holds nothing but what a release has put there."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        return False
    names = (
        {path.name for path in folder.iterdir()} if folder.exists() else set()
    )
    sums = folder / SUMS
    listed = set()
    if sums.is_file():
        lines = sums.read_text("utf-8", "replace").splitlines()
        listed = {SUMS, *(line.partition("  ")[2] for line in lines)}
    # What `make wheel` has put there is in no list.
    others = {name for name in names if not fnmatch(name, TOOLS_WHEEL)}
    return others <= listed <= names


def main(book: Book, arguments: Namespace) -> int:
    """Write the files of a release."""
    print(*write_release(book, os.environ), sep="\n")
    return 0
