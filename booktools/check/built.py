"""A built site: its pages, and the files that they are made from."""

from dataclasses import replace
from functools import cached_property
from itertools import accumulate
from pathlib import Path

from bs4 import BeautifulSoup

from booktools.editions.languages import Edition, read_editions
from booktools.publish.layout import NOTEBOOKS
from booktools.source.chapter import Book, Chapter
from booktools.source.config import CONFIG, is_off, read_features
from booktools.source.parts import Cell
from booktools.source.text import load_yaml, mapping

# Where a site without an address is thought to be.
NOWHERE = "https://book.invalid/"


class BuiltSite:
    """The site of a book, as it is on the disk.

    Parameters
    ----------
    book : Book
        The book.
    """

    def __init__(self, book: Book):
        self.book = book
        self.html = book.root / "_build" / "html"
        self.chapters = {f"{c.docname}.html": c for c in book.chapters}
        self.editions = [Edition(book.language.code, book.title)]
        self.editions += read_editions(book.root)
        self._soups: dict[str, BeautifulSoup] = {}
        self._ids: dict[str, set[str]] = {}

    @cached_property
    def pages(self) -> list[str]:
        """The pages, in the order of the book; then those without a file."""
        files = (
            path.relative_to(self.html).as_posix()
            for path in self.html.rglob("*.html")
        )
        there = {name for name in files if not name.startswith("_")}
        own = [
            f"{prefix}{name}"
            for prefix in self.prefixes
            for name in self.chapters
            if f"{prefix}{name}" in there
        ]
        return own + sorted(there - {*own})

    @cached_property
    def home(self) -> str:
        """The address at which the site is published."""
        link = self.soup("index.html").find("link", rel="canonical")
        address = str(link["href"]) if link else NOWHERE
        return address.removesuffix("index.html")

    @cached_property
    def language(self) -> str:
        """The language of the pages."""
        root = self.soup("index.html").html
        return str(root.get("lang") or "en") if root else "en"

    def soup(self, page: str) -> BeautifulSoup:
        """Return a page, parsed."""
        if page not in self._soups:
            text = (self.html / page).read_text("utf-8")
            self._soups[page] = BeautifulSoup(text, "html.parser")
        return self._soups[page]

    def ids(self, page: str) -> set[str]:
        """Return what links to a page may name behind their `#`."""
        if page not in self._ids:
            tags = self.soup(page).select("[id]")
            self._ids[page] = {str(tag["id"]) for tag in tags}
        return self._ids[page]

    @cached_property
    def with_code(self) -> list[Chapter]:
        """The chapters that have notebooks; then those of editions.

        One of an edition has the code of its source, and a path of its own.
        """
        all_languages = [
            replace(chapter, path=f"{prefix}{chapter.path}")
            for prefix in self.prefixes
            for chapter in self.book.chapters
        ]
        return [
            c for c in all_languages if self.notebook(c, ".ipynb").exists()
        ]

    @property
    def prefixes(self) -> list[str]:
        """Where the book is in its site, and where its editions are."""
        return ["", *(f"{e.language}/" for e in self.editions[1:])]

    def notebook(self, chapter: Chapter, ending: str) -> Path:
        """Return where the notebook or the script of a chapter is."""
        prefix, name = self._split(chapter.docname)
        return self.html / prefix / NOTEBOOKS / f"{name}{ending}"

    def original(self, chapter: Chapter) -> Chapter:
        """Return the chapter of the book with the code of an edition's."""
        name = self._split(chapter.docname)[1]
        return self.chapters[f"{name}.html"]

    def _split(self, name: str) -> tuple[str, str]:
        """Split a name into that of an edition and that in the book."""
        for prefix in self.prefixes[1:]:
            if name.startswith(prefix):
                return prefix, name.removeprefix(prefix)
        return "", name

    def has(self, feature: str) -> bool:
        """Say whether the book has a feature, which it could do without."""
        return not is_off(read_features(self.book.root), feature)

    def runs(self, chapter: Chapter) -> bool:
        """Say whether the cells of a chapter run when the book is built."""
        text = (self.book.root / CONFIG).read_text("utf-8")
        execute = mapping(mapping(load_yaml(text, CONFIG)).get("execute"))
        own = mapping(chapter.front_matter.get("mystnb"))
        usual = execute.get("execute_notebooks", "auto")
        # YAML reads "off" as a lie.
        return own.get("execution_mode", usual) not in ("off", False)

    def source(self, page: str) -> str:
        """Return the file that a page is made from, or the page itself."""
        prefix, name = self._split(page)
        if chapter := self.chapters.get(name):
            own = f"{prefix}{chapter.path}"
            is_there = (self.book.root / own).is_file()
            return own if is_there else chapter.path
        path = self.html / page
        return path.relative_to(self.book.root).as_posix()

    def line(self, page: str, *texts: str) -> int:
        """Return the first line of a page's source that has one of texts."""
        path = self.book.root / self.source(page)
        lines = path.read_text("utf-8", "replace").split("\n")
        for text in filter(None, texts):
            for number, line in enumerate(lines, 1):
                if text in line:
                    return number
        return 1


def answers(root: Path, chapter: Chapter) -> list[Cell]:
    """Return the code cells of a chapter that are within answers."""
    lines = (root / chapter.path).read_text("utf-8").splitlines()
    depths = accumulate(
        ("{solution-start}" in line) - ("{solution-end}" in line)
        for line in lines
    )
    within = [depth > 0 for depth in depths]
    return [cell for cell in chapter.cells if within[cell.line - 1]]
