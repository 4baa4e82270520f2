"""Copies the outputs in other caches, such as those of shards, into one."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from booktools.problem import BookError, Problem, count
from booktools.run import cache


def add_arguments(parser: ArgumentParser) -> None:
    """Add what the command ``merge`` takes."""
    parser.add_argument(
        "caches", nargs="+", type=Path, metavar="CACHE", help="a folder"
    )
    parser.add_argument(
        "--into",
        type=Path,
        default=Path("_build", ".jupyter_cache"),
        metavar="DIR",
        help="the book's own cache (default: %(default)s)",
    )


def main(root: Path, arguments: Namespace) -> int:
    """Merge caches; what the book's own cache has stays as it is."""
    # All of them are read before anything is copied.
    bundles = [
        b for path in arguments.caches for b in cache.read_bundles(path)
    ]
    own = cache.open_cache(root / arguments.into)
    try:
        cache.make_room(own, len(bundles) + len(own.list_cache_records()))
        copied = sum(cache.add(own, bundle) for bundle in bundles)
    except (RuntimeError, SQLAlchemyError) as error:
        why = getattr(error, "orig", error)
        what = f"this cache cannot be used: {why}"
        path = arguments.into.as_posix()
        raise BookError([Problem(path, 1, "not-a-cache", what)]) from None
    print(
        f"{arguments.into}: {count(copied, 'notebook')} copied from "
        f"{count(len(arguments.caches), 'cache')}, "
        f"{len(bundles) - copied} there already"
    )
    return 0
