"""A built page -> the picture of it that the READMEs show."""

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from playwright.sync_api import ViewportSize

from booktools.render.browser import open_chromium
from booktools.source.chapter import Book


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
    parser.add_argument("page", help="as chapters/limits.html#sec-limits")
    parser.add_argument("target", type=Path, help="a PNG file to write")


def main(book: Book, arguments: Namespace) -> int:
    """Take a picture."""
    name, _, anchor = arguments.page.partition("#")
    page = book.root / "_build" / "html" / name
    if not page.is_file():
        print(f"error: there is no {page}; run: make book", file=sys.stderr)
        return 1
    take_picture(f"{page.resolve().as_uri()}#{anchor}", arguments.target)
    print("wrote", arguments.target)
    return 0
