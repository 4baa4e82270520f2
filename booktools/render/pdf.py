"""The pages of the built site -> one PDF of the whole book.

The articles of all pages become one page, which Chromium prints: a cover,
the contents, then the chapters, with the solutions at the end of each.
Page numbers are known only after printing, so it is printed twice: first
without anything visible, which is much quicker.
"""

import json
import os
import re
from argparse import Namespace
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from copy import copy
from errno import ENOENT
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urljoin, urlsplit

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString
from playwright.sync_api import Page

from booktools.problem import BookError, Problem
from booktools.publish.layout import PDF
from booktools.publish.repository import find_site
from booktools.render.atomic import lock
from booktools.render.browser import open_chromium
from booktools.render.fonts import font_faces, font_files
from booktools.render.glyphs import find_gaps, find_letters
from booktools.render.printed import finish, page_numbers
from booktools.source.chapter import Book

# An address that no link has, for the pages of the book.
_HOST = "http://book.invalid/"
_FONTS = "/_fonts/"
_ASSETS = Path(__file__).with_name("assets")
# Pages that are lists of links, and parts of pages of no use on paper.
_NOT_PRINTED = ("genindex.html",)
_NOT_ON_PAPER = (
    "a.headerlink, button, script, noscript, style, .exercise .there-and-back,"
    " .guess-tools, .guess-cover, .guess-review"
)
# Shows the page when all its fonts are there.
_SHOW = """
Promise.allSettled([...document.fonts].map(face => face.load()))
  .then(() => { document.body.hidden = false })
"""
# What a formula says to screen readers: on paper it is not even a tag, but it
# doubles the time for laying out the book.
_MATHML = re.compile(
    r'<span class="katex-mathml">.*?</math></span>', re.DOTALL
)


def pdf_path(book: Book) -> str:
    """Return where a site keeps the PDF, relative to its root."""
    return f"{PDF}/{book.package}.pdf"


def make_pdf(book: Book, site: Path, address: str) -> bytes:
    """Print a book.

    Parameters
    ----------
    book : Book
        The book.
    site : Path
        Folder of its built site.
    address : str
        Where the site is published, for links to pages that are not printed.
        Empty if that is nowhere: then these links become plain text.

    Raises
    ------
    BookError
        When there is no built site, no browser, or no font for a letter.
    FileNotFoundError
        When a page or a picture is missing.
    """
    if not (site / "index.html").is_file():
        what = "the book is not built yet"
        hint = "build it first: make book"
        place = "_build/html/index.html"
        raise BookError([Problem(place, 1, "not-built", what, hint)])
    volume = _Volume(book.title, site, address)
    fonts = font_files()
    failed: list[str] = []
    with (
        _serve(site, volume.html(), fonts) as server,
        open_chromium() as browser,
    ):
        # As wide as the paper without its margins (pdf.css), so that
        # formulas are measured as they will be printed.
        page = browser.new_page(viewport={"width": 657, "height": 900})
        page.emulate_media(media="print", color_scheme="light")
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
        data = _print(page)
    _check(data, volume, book, fonts.values())
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
            if path.startswith(_FONTS):
                return str(fonts[path.removeprefix(_FONTS)])
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


class _Volume:
    """Joins the pages of a site into one."""

    def __init__(self, title: str, site: Path, address: str):
        self.site = site
        self.address = address
        self.home = self._read("index.html")
        links = self.home.select(
            "nav.bd-links p.caption, nav.bd-links li[class^=toctree] > a"
        )
        # The contents: captions, which have no address, and pages.
        self.entries = [
            (str(link.get("href") or ""), link.get_text(" ", strip=True))
            for link in links
            if _is_printed(str(link.get("href") or ""))
        ]
        self.names = {name for name, _ in self.entries if name}
        self.soup = BeautifulSoup("", "html.parser")
        self.title = title
        self.styles: dict[str, None] = {}
        # Page -> what is printed of it.
        self.chapters: dict[str, Tag] = {}

    def html(self) -> str:
        """Return the page."""
        contents = self._tag("section", "", "contents")
        contents.append(self._tag("h1", "目录"))
        body = self._tag("body", "", hidden="")
        body.extend([self._cover(), contents])
        rules = []
        for i, (name, title) in enumerate(self.entries):
            if not name:
                contents.append(self._tag("p", title, "caption"))
                continue
            chapter = self.chapters[name] = self._chapter(name)
            chapter["style"] = f"page: chapter-{i}"
            rules.append(
                f"@page chapter-{i} {{ @top-right {{"
                f" content: {json.dumps(title, ensure_ascii=False)} }} }}"
            )
            body.append(chapter)
            for heading in chapter.select("h1, h2"):
                line = self._tag("p", "", f"contents-{heading.name}")
                anchor = str(heading["id"])
                link = self._tag("a", "", href=f"#{anchor}")
                link.extend(copy(heading).contents)
                line.extend([link, self._page_number(anchor)])
                contents.append(line)
        css = (_ASSETS / "pdf.css").read_text("utf-8")
        faces = font_faces(_FONTS)
        head = self._tag("head", "")
        head.append(self._tag("title", self.title))
        for href in self.styles:
            head.append(self._tag("link", "", rel="stylesheet", href=href))
        head.append(self._tag("style", "\n".join([faces, css, *rules])))
        root = self._tag("html", "", lang=str(_tag_of(self.home.html)["lang"]))
        root["data-theme"] = root["data-mode"] = "light"
        root.extend([head, body])
        return f"<!doctype html>\n{root}"

    def _cover(self) -> Tag:
        """Return the title and what the home page says right below it."""
        cover = self._tag("section", "", "cover")
        cover.append(self._tag("p", self.title, "title"))
        heading = _tag_of(self.home.select_one(".bd-article h1"))
        for paragraph in heading.find_next_siblings("p"):
            cover.append(copy(paragraph))
        author = self.home.select_one("meta[name=author], .component-author")
        if author:
            cover.append(self._tag("p", author.get_text(strip=True)))
        if self.address:
            cover.append(self._tag("a", self.address, href=self.address))
        return cover

    def _chapter(self, name: str) -> Tag:
        """Return the article of a page, made fit for paper."""
        page = self._read(name)
        for link in page.select("link[rel=stylesheet]"):
            self.styles[urljoin(f"/{name}", str(link["href"]))] = None
        article = _tag_of(page.select_one(".bd-article"))
        article.name, article["class"] = "article", "bd-article chapter"
        article["id"] = ""
        for tag in article.select(_NOT_ON_PAPER):
            tag.decompose()
        for tag in article.select("details.check"):
            text = _tag_of(tag.summary).get_text()
            tag.replace_with(self._tag("p", text, "check"))
        for tag in article.select("details.hide"):
            # A cell that a page hides: on paper nothing can be unfolded.
            _tag_of(tag.summary).decompose()
            tag.name = "div"
        for tag in article.select("details"):
            # A title inside a fold would not keep with what follows it; and
            # a fold, like a section, may begin on the page before.
            heading = _tag_of(tag.summary)
            tag.name, heading.name, heading["class"] = "div", "p", "unfolded"
            heading["id"] = str(tag.get("id", ""))
            del tag["id"]
        for tag in article.select("img"):
            tag["src"] = urljoin(f"/{name}", str(tag["src"]))
            del tag["loading"]
        self._move_solutions(article)
        for tag in article.select("section > :is(h1, h2, h3, h4)"):
            section = _tag_of(tag.parent)
            tag["id"] = str(section.get("id", ""))
            del section["id"]
        for tag in [article, *article.select("[id]")]:
            tag["id"] = _anchor(name, str(tag["id"]))
        for tag in article.select("a[href]"):
            self._redirect(tag, name)
        return article

    def _move_solutions(self, article: Tag) -> None:
        """Put the solutions at the end; say so where they are asked for."""
        solutions = article.select(".solution")
        if not solutions:
            return
        section = self._tag("section", "", id="solutions")
        section.append(self._tag("h2", "解答"))
        article.append(section)
        exercises = {tag["id"]: tag for tag in article.select(".exercise")}
        for solution in solutions:
            section.append(solution)
            anchor = str(_tag_of(solution.select_one(".unfolded"))["id"])
            name = anchor.removeprefix("solution-")
            line = self._tag("p", "解答在第 ", "where")
            line.append(self._page_number(anchor))
            line.append(" 页")
            exercises[name].append(line)

    def _redirect(self, link: Tag, name: str) -> None:
        """Let a link lead to its place in the book, or to the site."""
        url = urljoin(_HOST + name, str(link["href"]))
        if not url.startswith(_HOST):
            return
        parts = urlsplit(url.removeprefix(_HOST))
        if parts.path in self.names:
            link["href"] = "#" + _anchor(parts.path, unquote(parts.fragment))
        elif self.address:
            link["href"] = self.address + parts.geturl()
        else:
            del link["href"]

    def _page_number(self, anchor: str) -> Tag:
        return self._tag("a", "000", "page-number", href=f"#{anchor}")

    def _read(self, name: str) -> BeautifulSoup:
        text = (self.site / name).read_text("utf-8")
        return BeautifulSoup(_MATHML.sub("", text), "html.parser")

    def _tag(
        self, name: str, text: str, classes: str = "", **more: str
    ) -> Tag:
        tag = self.soup.new_tag(name, attrs={"class": classes, **more})
        tag.string = text
        return tag


def _is_printed(address: str) -> bool:
    """Tell whether an entry of the contents becomes a chapter.

    A caption has no address; the home page, which is the cover, has ``#``
    on itself; a table of contents may also name other sites.
    """
    elsewhere = urlsplit(address).netloc != ""
    return not elsewhere and address not in ("#", *_NOT_PRINTED)


def _tag_of(found: Tag | NavigableString | None) -> Tag:
    """Return what every page of a site has."""
    assert isinstance(found, Tag), "the theme makes pages in another way"
    return found


def _anchor(name: str, fragment: str) -> str:
    """Return the id that a place on a page has in the whole book."""
    return f"{name.removesuffix('.html')}:{fragment}"


def _print(page: Page) -> bytes:
    """Print a page until its page numbers are right."""
    prepare = (_ASSETS / "pdf.js").read_text("utf-8")
    numbers: dict[str, int] = {}
    page.evaluate(prepare, numbers)
    hidden = page.add_style_tag(content="* { visibility: hidden !important }")
    numbers = page_numbers(_print_once(page, readable=False))
    hidden.evaluate("style => style.remove()")
    for _ in range(3):
        page.evaluate(prepare, numbers)
        data = _print_once(page)
        found = page_numbers(data)
        if found == numbers:
            break
        numbers = found
    return data


def _print_once(page: Page, readable: bool = True) -> bytes:
    return page.pdf(
        prefer_css_page_size=True,
        print_background=True,
        outline=readable,
        tagged=readable,
    )


def _check(
    data: bytes, volume: _Volume, book: Book, fonts: Iterable[Path]
) -> None:
    """Raise a problem for each letter that no font of the book has."""
    more = [
        file
        for file in volume.site.rglob("*")
        if file.suffix in (".woff2", ".woff", ".ttf", ".otf")
    ]
    gaps = find_gaps(data, [*fonts, *more])
    if not gaps:
        return
    home = _tag_of(volume.home.select_one(".bd-article"))
    texts = [("index.html", home), *volume.chapters.items()]
    paths = {name: name.removesuffix("html") + "md" for name, _ in texts}
    problems = find_letters(
        [(book.root / paths[name], paths[name], tag) for name, tag in texts],
        fonts,
        more,
    )
    if not problems:
        hint = "let it be text of the book, or outlines in a picture"
        path = pdf_path(book)
        problems = [
            Problem(path, 1, "no-glyph", f"page {page} has text {what}", hint)
            for page, what in gaps.items()
        ]
    raise BookError(problems)


def main(book: Book, arguments: Namespace) -> int:
    """Print the built book."""
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
