"""Pictures on pages: their place is kept free, and they load late."""

from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from sphinx.util.images import get_image_size

from booktools.source.chapter import read_book

BOOK = read_book(Path(__file__).parents[2])
PAGES = [chapter.docname for chapter in BOOK.chapters]


@pytest.mark.parametrize("page", PAGES)
def test_pictures_have_a_size_and_load_when_needed(site, page):
    file = site / f"{page}.html"
    article = BeautifulSoup(file.read_text("utf-8"), "html.parser").article
    for image in article.find_all("img"):
        width, height = get_image_size(str(file.parent / image["src"]))
        assert (image["width"], image["height"]) == (str(width), str(height))
        assert image["decoding"] == "async"
        # Above the first heading inside a page, they are seen at once.
        late = len(image.find_parents("section")) > 1
        assert image.get("loading") == ("lazy" if late else None)
