"""Books in several languages, and what an edition is before it is translated.

The book `editions/site` is Chinese, with an English edition that lacks one of
its chapters.  Its first cell notes in a file that it has run.
"""

from pathlib import Path

from bs4 import BeautifulSoup, Tag

from booktools.editions.blocks import read_outline
from tests.books import CASES, Book, Builder, write_book

SITE = CASES / "editions" / "site"
# What a build says of what is not translated, or compared.
STALE = """\
en: warning: what to translate, or to compare: 6
    hint: python -m booktools translate status --language en
"""


def without_code(text: str) -> str:
    """Return a chapter whose code cells and checks are empty."""
    lines = text.split("\n")
    for block in reversed(read_outline(text).blocks):
        if block.kind == "code cell":
            del lines[block.code_line - 1 : block.end - 1]
        elif block.kind == "check":
            del lines[block.line : block.end - 1]
    return "\n".join(lines)


class Bilingual(Book):
    """The book; ``runs`` counts how often its first cell has run."""

    @property
    def runs(self) -> int:
        file = Path(self.environment["COUNT"])
        return len(file.read_text().splitlines()) if file.exists() else 0

    def succeed(self, *options, **environment):
        """Build it: nothing is said but what is not translated."""
        result = self.build(*options, **environment)
        assert (result.returncode, result.stderr) in [(0, STALE), (0, "")]
        return result

    def edition(self, name: str) -> BeautifulSoup:
        """Return a page of the edition."""
        return self.page(f"en/{name}")


def make_bilingual(folder: Path, builder: Builder) -> Bilingual:
    """Write the book."""
    root = write_book(folder / "book", SITE)
    count = str(folder / "count.txt")
    return Bilingual(root, builder, GITHUB_REPOSITORY="a/b", COUNT=count)


def text(element: Tag) -> str:
    """Return what is written in an element."""
    return " ".join(element.get_text().split())
