"""The pages of a built site -> one page: the book as it is printed."""

import json
import re
from copy import copy
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString

from booktools.render.fonts import (
    Font,
    choose_fonts,
    font_faces,
    font_families,
)
from booktools.render.glyphs import characters
from booktools.source.chapter import Book

# Where the fonts are, which the page is served with.
FONTS = "/_fonts/"

# An address that no link has, for the pages of the book.
_HOST = "http://book.invalid/"
_ASSETS = Path(__file__).with_name("assets")
# Pages that are lists of links, and parts of pages of no use on paper.
_NOT_PRINTED = ("genindex.html",)
_NOT_ON_PAPER = (
    "a.headerlink, button, script, noscript, style, .exercise .there-and-back,"
    " .guess-tools, .guess-cover, .guess-review"
)
# What a formula says to screen readers: on paper it is not even a tag, but it
# doubles the time for laying out the book.
_MATHML = re.compile(
    r'<span class="katex-mathml">.*?</math></span>', re.DOTALL
)


class Volume:
    """Joins the pages of a site into one."""

    def __init__(self, book: Book, site: Path, address: str):
        self.site = site
        self.language = book.language
        self.gettext = book.language.gettext
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
        self.title = book.title
        self.styles: dict[str, None] = {}
        # Page -> what is printed of it.
        self.chapters: dict[str, Tag] = {}
        # What it is printed with, known when the page is made.
        self.fonts: tuple[Font, ...] = ()

    def html(self) -> str:
        """Return the page."""
        contents = self._tag("section", "", "contents")
        contents.append(self._tag("h1", self.gettext("Contents")))
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
        text = "" if self.language.is_cjk else self._text(body)
        self.fonts = choose_fonts(text, self.language.is_cjk)
        css = (_ASSETS / "pdf.css").read_text("utf-8")
        css = css.replace("TEXT-FONTS", font_families(self.fonts))
        faces = font_faces(FONTS, self.fonts)
        head = self._tag("head", "")
        head.append(self._tag("title", self.title))
        for href in self.styles:
            head.append(self._tag("link", "", rel="stylesheet", href=href))
        head.append(self._tag("style", "\n".join([faces, css, *rules])))
        root = self._tag("html", "", lang=str(tag_of(self.home.html)["lang"]))
        root["data-theme"] = root["data-mode"] = "light"
        root.extend([head, body])
        return f"<!doctype html>\n{root}"

    def _text(self, body: Tag) -> str:
        """Return the letters for which formulas have no fonts of their own."""
        titles = [title for _, title in self.entries]
        text = {*self.title, *self.address, *"".join(titles)}
        formulas: set[str] = set()
        for string in body.strings:
            is_formula = string.find_parent(class_="katex")
            (formulas if is_formula else text).update(string)
        return "".join(text | formulas - characters(formula_fonts(self.site)))

    def _cover(self) -> Tag:
        """Return the title and what the home page says right below it."""
        cover = self._tag("section", "", "cover")
        cover.append(self._tag("p", self.title, "title"))
        heading = tag_of(self.home.select_one(".bd-article h1"))
        cover.extend([copy(p) for p in heading.find_next_siblings("p")])
        for link in cover.select("a[href]"):
            self._redirect(link, "index.html")
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
        article = tag_of(page.select_one(".bd-article"))
        article.name, article["class"] = "article", "bd-article chapter"
        article["id"] = ""
        for tag in article.select(_NOT_ON_PAPER):
            tag.decompose()
        for tag in article.select("details.check"):
            text = tag_of(tag.summary).get_text()
            tag.replace_with(self._tag("p", text, "check"))
        for tag in article.select("details.hide"):
            # A cell that a page hides: on paper nothing can be unfolded.
            tag_of(tag.summary).decompose()
            tag.name = "div"
        for tag in article.select("details"):
            # A title inside a fold would not keep with what follows it; and
            # a fold, like a section, may begin on the page before.
            heading = tag_of(tag.summary)
            tag.name, heading.name, heading["class"] = "div", "p", "unfolded"
            heading["id"] = str(tag.get("id", ""))
            del tag["id"]
        for tag in article.select("img"):
            tag["src"] = urljoin(f"/{name}", str(tag["src"]))
            del tag["loading"]
        self._move_solutions(article)
        for tag in article.select("section > :is(h1, h2, h3, h4)"):
            section = tag_of(tag.parent)
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
        section.append(self._tag("h2", self.gettext("Solutions")))
        article.append(section)
        exercises = {tag["id"]: tag for tag in article.select(".exercise")}
        for solution in solutions:
            section.append(solution)
            anchor = str(tag_of(solution.select_one(".unfolded"))["id"])
            name = anchor.removeprefix("solution-")
            text = self.gettext("The solution is on page {page}")
            before, __, behind = text.partition("{page}")
            line = self._tag("p", before, "where")
            line.extend([self._page_number(anchor), behind])
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


def formula_fonts(site: Path) -> list[Path]:
    """Return the files of the fonts that a site has for its formulas."""
    kinds = (".woff2", ".woff", ".ttf", ".otf")
    return [file for file in site.rglob("*") if file.suffix in kinds]


def _is_printed(address: str) -> bool:
    """Tell whether an entry of the contents becomes a chapter.

    A caption has no address; the home page, which is the cover, has ``#``
    on itself; a table of contents may also name other sites.
    """
    elsewhere = urlsplit(address).netloc != ""
    return not elsewhere and address not in ("#", *_NOT_PRINTED)


def tag_of(found: Tag | NavigableString | None) -> Tag:
    """Return what every page of a site has."""
    assert isinstance(found, Tag), "the theme makes pages in another way"
    return found


def _anchor(name: str, fragment: str) -> str:
    """Return the id that a place on a page has in the whole book."""
    return f"{name.removesuffix('.html')}:{fragment}"
