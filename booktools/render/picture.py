"""A built page -> the picture of it that the READMEs show."""

from argparse import ArgumentParser, Namespace
from difflib import get_close_matches
from pathlib import Path

from playwright.sync_api import ViewportSize

from booktools.editions.languages import read_editions
from booktools.problem import BookError, Problem, not_built
from booktools.render.browser import open_chromium
from booktools.source.chapter import Book
from booktools.source.toc import TOC


def take_picture(address: str, target: Path) -> None:
    """Write what a window shows of a page as a PNG file."""
    with open_chromium() as browser:
        size: ViewportSize = {"width": 1280, "height": 800}
        page = browser.new_page(
            viewport=size, color_scheme="light", reduced_motion="reduce"
        )
        page.goto(address, wait_until="networkidle")
        page.screenshot(path=target)


def add_arguments(parser: ArgumentParser) -> None:
    """Add what the command ``picture`` takes."""
    parser.add_argument(
        "page",
        help="as chapters/limits.html#sec-limits; empty: the first chapter",
    )
    parser.add_argument("target", type=Path, help="a PNG file to write")


def find_page(book: Book, address: str) -> tuple[Path, str]:
    """Return the file of a page, and the place on it; by default the first.

    Raises
    ------
    BookError
        If the book has no such page or place, or is not built.
    """
    languages = [edition.language for edition in read_editions(book.root)]
    prefixes = ["", *(f"{language}/" for language in languages)]
    sources = {
        f"{prefix}{chapter.docname}.html": f"{prefix}{chapter.path}"
        for prefix in prefixes
        for chapter in book.chapters
    }
    names = [*sources]
    name, _, anchor = (address or (names[1:] or names)[0]).partition("#")
    page = book.root / "_build" / "html" / name
    close = get_close_matches(name, names, 1) or names[-1:]
    hint = f"name one of this book: python -m booktools picture {close[0]}"
    if name not in names:
        what = f"this book has no page {name!r}"
        raise BookError([Problem(TOC, 1, "no-page", what, hint)])
    if not page.is_file():
        path = page.relative_to(book.root).as_posix()
        raise BookError([not_built(path)])
    if anchor and f'id="{anchor}"' not in page.read_text("utf-8"):
        what = f"page {name} has no label {anchor!r}"
        hint = "name a label of that page, or none"
        raise BookError([Problem(sources[name], 1, "no-page", what, hint)])
    return page, anchor


def main(book: Book, arguments: Namespace) -> int:
    """Take a picture."""
    page, anchor = find_page(book, arguments.page)
    take_picture(f"{page.resolve().as_uri()}#{anchor}", arguments.target)
    print("wrote", arguments.target)
    return 0
