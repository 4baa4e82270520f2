"""The pages of the built site -> one PDF of the whole book.

The articles of all pages become one page, which Chromium prints: a cover,
the contents, then the chapters, with the solutions at the end of each.
Page numbers are known only after printing, so it is printed twice: first
without anything visible, which is much quicker.
"""

import os
import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from errno import ENOENT
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote

from playwright.sync_api import Browser, Page

from booktools.editions.languages import read_editions
from booktools.language import load_language
from booktools.problem import BookError, Problem, not_built
from booktools.publish.age import warn_if_older
from booktools.publish.layout import PDF, file_name
from booktools.publish.repository import find_site
from booktools.render.atomic import lock
from booktools.render.browser import open_chromium
from booktools.render.fonts import font_files
from booktools.render.glyphs import find_gaps, find_letters
from booktools.render.printed import finish, page_numbers
from booktools.render.volume import FONTS, Volume, formula_fonts, tag_of
from booktools.source.chapter import Book

_ASSETS = Path(__file__).with_name("assets")
# Shows the page when all its fonts are there.
_SHOW = """
Promise.allSettled([...document.fonts].map(face => face.load()))
  .then(() => { document.body.hidden = false })
"""


def pdf_path(book: Book, prefix: str = "") -> str:
    """Return where a site keeps the PDF, relative to its root."""
    name = file_name(book.package, prefix.rstrip("/"))
    return f"{prefix}{PDF}/{name}.pdf"


def make_pdf(book: Book, site: Path, address: str, prefix: str = "") -> bytes:
    """Print a book.

    Parameters
    ----------
    book : Book
        The book, with the title and the language to print it with.
    site : Path
        Folder of its built site.
    address : str
        Where the site is published, for links to pages that are not printed.
        Empty if that is nowhere: then these links become plain text.
    prefix : str
        Where the texts of an edition are in the book: ``en/``.

    Raises
    ------
    BookError
        When there is no built site, no browser, or no font for a letter.
    FileNotFoundError
        When a page or a picture is missing.
    """
    if not (site / "index.html").is_file():
        raise BookError([not_built("_build/html/index.html")])
    volume = Volume(book, site, address)
    html = volume.html()
    fonts = font_files(volume.fonts)
    with (
        _serve(site, html, fonts) as server,
        open_chromium(fonts.values()) as browser,
    ):
        data, moved = _print(browser, server)
    if moved:
        what = (
            "in the contents, the page numbers of these places may be wrong,"
            f" for each print moves them: {', '.join(moved)}"
        )
        hint = "change a line of text before the first of them; print again"
        path = f"_build/html/{pdf_path(book, prefix)}"
        problem = Problem(path, 1, "pages", what, hint, severity="warning")
        print(problem, file=sys.stderr)
    _check(data, volume, book, prefix, fonts.values())
    return finish(data, book.title)


@contextmanager
def _serve(site: Path, html: str, fonts: dict[str, Path]) -> Iterator[str]:
    """Let a browser read a book, the fonts, and the site's files.

    Playwright could answer it as well, but takes seconds to hand over the
    fonts.
    """

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path != "/":
                return super().do_GET()
            body = html.encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def translate_path(self, path: str) -> str:
            if path.startswith(FONTS):
                return str(fonts[path.removeprefix(FONTS)])
            return super().translate_path(path)

        def log_message(self, *_: object) -> None:
            pass

    handler = partial(Handler, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()


def _print(browser: Browser, server: str) -> tuple[bytes, list[str]]:
    """Print the book until its page numbers are right.

    Returns
    -------
    tuple
        The book; the places that still moved when it was printed last.
    """
    page = _open(browser, server, {})
    page.add_style_tag(content="* { visibility: hidden !important }")
    numbers = page_numbers(_print_once(page, readable=False))
    for _ in range(3):
        # Printed once more, a heading at the end of a page may come to the
        # next one, and back.
        page.close()
        page = _open(browser, server, numbers)
        data = _print_once(page)
        found = page_numbers(data)
        moved = [name for name in found if found[name] != numbers.get(name)]
        if not moved:
            break
        numbers = found
    return data, moved


def _open(browser: Browser, server: str, numbers: dict[str, int]) -> Page:
    """Open the book as it is printed, with the page numbers known so far."""
    # As wide as the paper without its margins (pdf.css), so that formulas are
    # measured as they will be printed.
    page = browser.new_page(viewport={"width": 657, "height": 900})
    page.emulate_media(media="print", color_scheme="light")
    failed: list[str] = []
    page.on("requestfailed", lambda request: failed.append(request.url))
    page.on(
        "response",
        lambda response: failed.extend([response.url] * (not response.ok)),
    )
    page.goto(server)
    # Where a font comes after its text, lines may stand a bit elsewhere.
    page.evaluate(_SHOW)
    if failed:
        path = unquote(failed[0].removeprefix(server))
        raise FileNotFoundError(ENOENT, os.strerror(ENOENT), path)
    page.evaluate((_ASSETS / "pdf.js").read_text("utf-8"), numbers)
    return page


def _print_once(page: Page, readable: bool = True) -> bytes:
    return page.pdf(
        prefer_css_page_size=True,
        print_background=True,
        outline=readable,
        tagged=readable,
    )


def _check(
    data: bytes,
    volume: Volume,
    book: Book,
    prefix: str,
    fonts: Iterable[Path],
) -> None:
    """Raise a problem for each letter that no font of the book has."""
    more = formula_fonts(volume.site)
    gaps = find_gaps(data, [*fonts, *more])
    if not gaps:
        return
    home = tag_of(volume.home.select_one(".bd-article"))
    texts = [("index.html", home), *volume.chapters.items()]
    paths = {name: name.removesuffix("html") + "md" for name, _ in texts}
    for name, path in paths.items():
        if (book.root / prefix / path).is_file():  # it is translated
            paths[name] = f"{prefix}{path}"
    problems = find_letters(
        [(book.root / paths[name], paths[name], tag) for name, tag in texts],
        fonts,
        more,
    )
    if not problems:
        hint = "let it be text of the book, or outlines in a picture"
        path = f"_build/html/{pdf_path(book, prefix)}"
        problems = [
            Problem(path, 1, "no-glyph", f"page {page} has text {what}", hint)
            for page, what in gaps.items()
        ]
    raise BookError(problems)


def main(book: Book, arguments: Namespace) -> int:
    """Print the built book, and its editions."""
    html = book.root / "_build" / "html"
    site = find_site(book.root, os.environ)
    # A build meanwhile would replace the pages while they are printed.
    with lock(html.parent, lambda: print("waiting for the end of a build")):
        warn_if_older(book.root, html)
        for prefix, each in editions_to_print(book):
            address = f"{site.url}{prefix}" if site else ""
            data = make_pdf(each, html / prefix, address, prefix)
            target = html / pdf_path(book, prefix)
            target.parent.mkdir(exist_ok=True)
            draft = target.with_suffix(".draft")
            draft.write_bytes(data)
            draft.replace(target)
            print("wrote", target)
    return 0


def editions_to_print(book: Book) -> Iterator[tuple[str, Book]]:
    """Yield a book and its editions, with where they are in its site."""
    yield "", book
    for edition in read_editions(book.root):
        language = load_language(edition.language, book.root)
        yield (
            f"{edition.language}/",
            replace(book, title=edition.title, language=language),
        )
