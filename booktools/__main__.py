"""Finds a command and runs it: `python -m booktools COMMAND`."""

import argparse
import io
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

from booktools.problem import BookError, count

# Command -> the module with its code and its arguments, and what it does.
WITH_A_BOOK = {
    "extract": ("source.package", "make the package from the chapters"),
    "build": ("run.build", "make the package, then the site"),
    "deps": ("source.deps", "show which chapter uses which saved code"),
    "new": ("source.new", "begin a chapter: its file, its line in _toc.yml"),
    "translate": ("editions.translate", "compare editions with their source"),
    "check": (
        "check.command",
        "check the book's own site, as readers have it",
    ),
    "repeat": ("run.repeat", "build twice from nothing; name what differs"),
    "pdf": ("render.pdf", "print the built book as one PDF"),
    "picture": ("render.picture", "take the READMEs' picture of a page"),
    "links": ("publish.links", "find links to other sites that are gone"),
    "release": ("publish.release", "write the files of a release"),
}
# These need no chapters that can be read.  All but `import`, `start` and
# `write` run where nothing is installed.
WITHOUT = {
    "merge": ("run.merge", "copy outputs from other caches, as of shards"),
    "doctor": ("publish.doctor", "report what keeps the book from readers"),
    "publish-notebooks": ("publish.branches", "append notebooks to a branch"),
    "mirror": ("publish.mirror", "append the site to a branch elsewhere"),
    "import": ("importing.command", "turn chapters of others into chapters"),
    "write": ("run.write", "serve the book; build and reload when it changes"),
    "alarm": ("publish.alarm", "keep the issue of a scheduled workflow"),
    "start": ("source.start", "begin a course of one's own, in a new folder"),
    "wheel": ("publish.wheel", "build these tools as a package"),
}


# What only some books need: command -> the extra that has it.
EXTRAS = {"check": "check", "pdf": "pdf", "picture": "pdf"}


def _import(command: str, place: str) -> ModuleType:
    """Import the module of a command, or say what has to be installed."""
    try:
        return import_module(f"booktools.{place}")
    except ModuleNotFoundError as error:
        if command not in EXTRAS:
            raise
        extra = f'"booktools[{EXTRAS[command]}]"'
        sys.exit(
            f"error: {command} needs {error.name}, which is not installed;"
            f" run: {sys.executable} -m pip install {extra}"
        )


def main() -> int:
    """Run a command.

    Returns
    -------
    int
        0 if all is well, 1 if there are problems, 2 for a wrong command.
    """
    for stream in (sys.stdout, sys.stderr):
        # A console that lacks Chinese shows \uXXXX instead of failing.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    parser = argparse.ArgumentParser(
        "python -m booktools", description=__doc__
    )
    commands = parser.add_subparsers(
        required=True, metavar="COMMAND", dest="command"
    )
    for name, (place, does) in (WITH_A_BOOK | WITHOUT).items():
        command = commands.add_parser(name, help=does, description=does)
        # Only the module of the command that runs is imported.
        if name in sys.argv[1:2]:
            module = _import(name, place)
            if hasattr(module, "add_arguments"):
                module.add_arguments(command)
        command.add_argument(
            "--book",
            type=Path,
            default=Path(),
            metavar="DIR",
            help="folder of the book (default: this folder)",
        )
    if len(sys.argv) == 1:
        parser.print_help(sys.stderr)
        return 2
    arguments, rest = parser.parse_known_args()
    wrong = [word for word in rest if word[:1] == "-"]
    if wrong or "files" not in arguments:
        if rest:
            parser.error(f"unrecognized arguments: {' '.join(wrong or rest)}")
    else:
        # Those after an option: argparse expects all of them before it.
        kind = type(arguments.files[0]) if arguments.files else str
        arguments.files += map(kind, rest)
    where = ""
    try:
        status: int
        if arguments.command in WITHOUT:
            status = module.main(arguments.book, arguments)
            return status
        from booktools.source.chapter import read_book

        book = read_book(arguments.book)
        where = f" in {count(len(book.chapters), 'chapter')}"
        status = module.main(book, arguments)
        return status
    except BookError as error:
        print(*error.problems, sep="\n", file=sys.stderr)
        print(count(len(error.problems), "problem") + where, file=sys.stderr)
    except subprocess.CalledProcessError as error:
        print(f"error: {error}", file=sys.stderr)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        print(f"error: {place}{error.strerror or error}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
