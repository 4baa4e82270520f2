"""The commands: `python -m booktools COMMAND`."""

import argparse
import difflib
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from booktools.problem import BookError
from booktools.publish.alarm import report
from booktools.publish.branches import mirror, publish

# Commands import what they need themselves, since publishing has to run where
# nothing is installed.
if TYPE_CHECKING:
    from booktools.source.chapter import Book


def main() -> int:
    """Run a command; return 0 if all is well, 1 if there are problems."""
    for stream in (sys.stdout, sys.stderr):
        # A console that lacks Chinese shows \uXXXX instead of failing.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    arguments = _parser().parse_args()
    where = ""
    try:
        status: int
        without_book = (publish_notebooks, publish_mirror, alarm, doctor)
        if arguments.run in without_book:
            status = arguments.run(arguments)
            return status
        from booktools.source.chapter import read_book

        book = read_book(arguments.book)
        where = f" in {_count(len(book.chapters), 'chapter')}"
        status = arguments.run(book, arguments)
        return status
    except BookError as error:
        print(*error.problems, sep="\n", file=sys.stderr)
        total = _count(len(error.problems), "problem")
        print(total + where, file=sys.stderr)
    except subprocess.CalledProcessError as error:
        print(f"error: {error}", file=sys.stderr)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        print(f"error: {place}{error.strerror or error}", file=sys.stderr)
    return 1


def extract(book: "Book", arguments: argparse.Namespace) -> int:
    """Make the package from the chapters, or check that it is fresh."""
    from booktools.source.saved import (
        read_version,
        render_package,
        stale_files,
        write_files,
    )

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
        count = _count(len(stale), "stale file")
        print(f"{count}; run: python -m booktools extract{option}")
    return 1 if stale else 0


def deps(book: "Book", arguments: argparse.Namespace) -> int:
    """Tell what saved code a chapter uses, or who uses a saved name."""
    from booktools.source.deps import Library, describe
    from booktools.source.saved import read_version, render_package

    files = render_package(book, read_version(book.root))
    library = Library.from_files(files, book.package)
    try:
        print(*describe(book, library, arguments.target), sep="\n")
    except LookupError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def repeat(book: "Book", arguments: argparse.Namespace) -> int:
    """Build the book twice from nothing; name all that is not equal."""
    from booktools.run.repeat import find_differences

    problems = find_differences(book)
    if problems:
        raise BookError(problems)
    print("two builds from nothing are equal, byte for byte")
    return 0


def new(book: "Book", arguments: argparse.Namespace) -> int:
    """Begin a chapter: write its file, and its line in _toc.yml."""
    from booktools.source.new import write_chapter

    for name in write_chapter(book, arguments.name, arguments.title):
        print("wrote", name)
    return 0


def doctor(arguments: argparse.Namespace) -> int:
    """Look for what keeps the book from being built and published."""
    from booktools.publish.doctor import as_markdown, examine

    findings = []
    for finding in examine(arguments.book, os.environ):
        findings.append(finding)
        print(finding, flush=True)
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        with open(summary, "a", encoding="utf-8") as file:
            file.write(as_markdown(findings))
    return int(any(finding.level == "error" for finding in findings))


def pdf(book: "Book", arguments: argparse.Namespace) -> int:
    """Print the built book as one PDF, with Chromium."""
    from booktools.publish.repository import find_site
    from booktools.render.atomic import lock
    from booktools.render.pdf import make_pdf, pdf_path

    html = book.root / "_build" / "html"
    site = find_site(book.root, os.environ)
    # A build meanwhile would replace the pages while they are printed.
    with lock(html.parent, lambda: print("waiting for the end of a build")):
        data = make_pdf(book, html, site.url if site else "")
        target = html / pdf_path(book)
        target.parent.mkdir(exist_ok=True)
        draft = target.with_suffix(".draft")
        draft.write_bytes(data)
        draft.replace(target)
    print("wrote", target)
    return 0


def picture(book: "Book", arguments: argparse.Namespace) -> int:
    """Take the picture of a built page that the READMEs show."""
    from booktools.render.browser import take_picture

    name, _, anchor = arguments.page.partition("#")
    page = book.root / "_build" / "html" / name
    if not page.is_file():
        print(f"error: there is no {page}; run: make book", file=sys.stderr)
        return 1
    take_picture(f"{page.resolve().as_uri()}#{anchor}", arguments.target)
    print("wrote", arguments.target)
    return 0


def publish_notebooks(arguments: argparse.Namespace) -> int:
    """Append the built notebooks to their branch, if they changed."""
    html = arguments.book / arguments.site
    remote = arguments.remote
    commits = publish(arguments.book, html, remote, os.environ)
    for branch, commit in commits.items():
        print(f"{branch}: {commit or 'unchanged'}")
    return 0


def publish_mirror(arguments: argparse.Namespace) -> int:
    """Append the built site to a branch of BOOK_MIRROR, if it changed."""
    remote = os.environ.get("BOOK_MIRROR", "")
    if not remote:
        print("error: set BOOK_MIRROR, the mirror's address", file=sys.stderr)
        return 2
    branch = os.environ.get("BOOK_MIRROR_BRANCH") or "pages"
    html = arguments.book / arguments.site
    for name, commit in mirror(arguments.book, html, remote, branch).items():
        print(f"{name}: {commit or 'unchanged'}")
    return 0


def links(book: "Book", arguments: argparse.Namespace) -> int:
    """Ask for every address that the built site's texts link to."""
    from booktools.publish.links import find_dead_links

    problems = find_dead_links(book.root, book.root / arguments.site)
    if problems:
        raise BookError(problems)
    print("every link to another site answers")
    return 0


def release(book: "Book", arguments: argparse.Namespace) -> int:
    """Write the files of a release: wheel, notebooks, PDF, site."""
    from booktools.publish.release import write_release

    print(*write_release(book, os.environ), sep="\n")
    return 0


def alarm(arguments: argparse.Namespace) -> int:
    """Open, renew or close the issue of a scheduled workflow on GitHub."""
    github = ("WORKFLOW", "SERVER_URL", "REPOSITORY", "RUN_ID")
    names = ["NEEDS", *(f"GITHUB_{name}" for name in github)]
    if missing := [name for name in names if not os.environ.get(name)]:
        print("error: not set:", *missing, file=sys.stderr)
        return 2
    needs, workflow, *address, run = (os.environ[name] for name in names)
    results = {job: end["result"] for job, end in json.loads(needs).items()}
    link = "/".join([*address, "actions", "runs", run])
    print(report(f"Scheduled: {workflow}", results, link))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m booktools", description=__doc__
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(
        run: Callable[..., int], name: str = "", **defaults: object
    ) -> argparse.ArgumentParser:
        command = commands.add_parser(name or run.__name__, help=run.__doc__)
        command.set_defaults(run=run, **defaults)
        return command

    command = add(extract)
    command.add_argument(
        "--check",
        action="store_true",
        help="write nothing; show what would change and exit with 1",
    )

    command = add(deps)
    command.add_argument(
        "target",
        nargs="?",
        default="",
        metavar="CHAPTER|NAME",
        help="a chapter's path or name, or a saved name (default: the book)",
    )

    add(repeat)
    command = add(new)
    command.add_argument(
        "name",
        metavar="NAME",
        help="name of its file: small letters, digits, _",
    )
    command.add_argument("--title", default="", help="its heading")

    add(doctor)
    add(pdf)
    command = add(picture)
    command.add_argument("page", help="as chapters/limits.html#sec-limits")
    command.add_argument("target", type=Path, help="a PNG file to write")

    command = add(publish_notebooks, "publish-notebooks")
    command.add_argument(
        "--remote",
        default="origin",
        help="repository that gets them (default: origin)",
    )
    command.add_argument(
        "--site",
        type=Path,
        default=Path("_build/html"),
        metavar="DIR",
        help="the built site (default: _build/html)",
    )

    add(publish_mirror, "mirror", site=Path("_build/html"))
    add(links, site=Path("_build/html"))
    add(release)
    add(alarm)

    for command in commands.choices.values():
        command.add_argument(
            "--book",
            type=Path,
            default=Path(),
            metavar="DIR",
            help="folder of the book (default: this folder)",
        )
    return parser


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


if __name__ == "__main__":
    sys.exit(main())
