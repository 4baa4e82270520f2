"""Every chapter of this book can have an edition."""

import pytest

from booktools.editions.edition import File, fill
from tests.books import ROOT
from tests.editions import without_code

CHAPTERS = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "chapters").glob("*.md")),
]


@pytest.mark.parametrize("path", CHAPTERS, ids=[p.stem for p in CHAPTERS])
def test_a_copy_without_code_gives_the_chapter(path):
    text = path.read_text("utf-8")
    name = path.relative_to(ROOT).as_posix()
    copy = File(f"en/{name}", without_code(text))
    languages = ("zh_CN", "zh_CN")
    assert fill(File(name, text), copy, languages, ROOT).text == text
