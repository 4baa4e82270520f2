"""What Chinese pages say besides the chapters is Chinese, too."""

import re

import pytest
from bs4 import BeautifulSoup, NavigableString

CHINESE = re.compile("[\u4e00-\u9fff]")

# Signs, the names of keys, and of things that have no other name.
NOT_TRANSLATED = {
    "Ctrl",
    "K",
    "PyCharm",
    "GitHub",
    "Colab",
    "Binder",
    "Kaggle",
    "PDF",
}

SPOKEN = ("title", "aria-label", "alt", "placeholder", "data-bs-title")


@pytest.fixture(scope="module")
def pages(site) -> list[BeautifulSoup]:
    """Return each page, without what is said in another language."""
    pages = [
        BeautifulSoup(path.read_text("utf-8"), "html.parser")
        for path in sorted(site.rglob("*.html"))
        if not {"_static", "en"} & {*path.relative_to(site).parts}
    ]
    for page in pages:
        for tag in page.select("[lang=en]"):
            tag.decompose()
    return pages


def test_all_that_is_said_to_a_reader_is_chinese(pages):
    said = set()
    for page in pages:
        for tag in page(True):
            said |= {tag[name] for name in SPOKEN if tag.get(name)}
        for text in page.body.find_all(string=True):
            if type(text) is NavigableString and not text.find_parent(
                ["article", "script", "code", "kbd"]
            ):
                # The contents number sections: 1.4.2 PyCharm.
                said.add(re.sub(r"^[\d.]+\s", "", text.strip()))
    foreign = {
        text
        for text in said
        if not CHINESE.search(text) and re.search("[A-Za-z]", text)
    }
    assert foreign - NOT_TRANSLATED == set()


def test_what_a_page_is_about_is_said_in_chinese(pages):
    for page in pages:
        tag = page.find("meta", {"name": "description"})
        assert not tag or CHINESE.search(tag["content"])


@pytest.fixture
def english(site) -> list[BeautifulSoup]:
    """Return each English page."""
    return [
        BeautifulSoup(path.read_text("utf-8"), "html.parser")
        for path in sorted((site / "en").rglob("*.html"))
    ]


def test_an_english_sentence_ends_once(english):
    """A title in quotation marks may bring a question mark of its own."""
    for page in english:
        for tag in page(["script", "pre", "code"]):
            tag.decompose()
        assert re.findall(r".{30}[?!]\.[\s”]", page.text) == []


def test_programs_that_check_formulas_know_no_language(english):
    for page in english:
        for tag in page.select("details.check"):
            assert not CHINESE.search(tag.text), tag.text
