"""This book in its languages."""

from dataclasses import dataclass
from pathlib import Path

from booktools.editions.languages import read_editions
from booktools.language import Language, load_language
from booktools.source.chapter import read_book
from booktools.source.myst import Reader
from tests.books import ROOT

BOOK = read_book(ROOT)


@dataclass(frozen=True)
class Edition:
    """The book in a language, and where that is in its site."""

    title: str
    language: Language
    prefix: str = ""

    @property
    def titles(self) -> dict[str, str]:
        """The titles of its chapters, as they are written."""
        chapters = {c.path: c.title for c in BOOK.chapters}
        for path in chapters:
            file = ROOT / self.prefix / path
            if self.prefix and file.is_file():
                reader = Reader(path, None)
                reader.read(file.read_text("utf-8"))
                chapters[path] = reader.sections[0].title
        return {path.removesuffix(".md"): t for path, t in chapters.items()}

    @property
    def name(self) -> str:
        """What its files for readers are called."""
        end = f"-{self.language.code}" if self.prefix else ""
        return BOOK.package + end

    @property
    def home(self) -> str:
        """Its address."""
        return f"https://a.github.io/b/{self.prefix}"


EDITIONS = [
    Edition(BOOK.title, BOOK.language),
    *(
        Edition(
            edition.title,
            load_language(edition.language, ROOT),
            f"{edition.language}/",
        )
        for edition in read_editions(ROOT)
    ),
]


def pages_of(site: Path) -> list[Path]:
    """Return the pages of an edition, without those of others."""
    others = {site / e.prefix for e in EDITIONS if e.prefix} - {site}
    return [
        path
        for path in sorted(site.rglob("*.html"))
        if others.isdisjoint(path.parents)
    ]
