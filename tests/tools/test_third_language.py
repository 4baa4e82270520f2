"""A third language needs no code: a folder, and a line in the settings.

The book is English, with a German and a Chinese edition: those of
`books/languages`, without their code.
"""

import re
import shutil

import pytest
import yaml

from tests.books import CASES, Book, write_book
from tests.editions import text, without_code

BOOKS = CASES / "books" / "languages"
EDITIONS = {
    "de": {
        "title": "Steigung und Fläche",
        "toc": {"Chapters": "Kapitel", "Appendix": "Anhang"},
    },
    "zh_CN": {
        "title": "斜率和面积",
        "toc": {"Chapters": "正文", "Appendix": "附录"},
    },
}
FOLDERS = {"de": "german", "zh_CN": "chinese"}
CHINESE = re.compile("[\u3400-\u9fff]")


def write_edition(root, language):
    """Write the files of an edition, as a translator would."""
    source = BOOKS / FOLDERS[language]
    for file in source.rglob("*.md"):
        target = root / language / file.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        copy = without_code(file.read_text("utf-8"))
        target.write_text(copy, "utf-8", newline="\n")


@pytest.fixture(scope="module")
def book(builder, tmp_path_factory) -> Book:
    """Build the book in all of its languages."""
    root = tmp_path_factory.mktemp("third") / "book"
    write_book(root, BOOKS / "english")
    config = yaml.safe_load((root / "_config.yml").read_text("utf-8"))
    config["sphinx"]["config"]["booktools_editions"] = EDITIONS
    dumped = yaml.safe_dump(config, allow_unicode=True)
    (root / "_config.yml").write_text(dumped, "utf-8")
    for language in EDITIONS:
        write_edition(root, language)
    # Glossaries have the words of the source, too.
    for language, pairs in {
        "de": {"Tangente": "tangent", "Ableitung": "derivative"},
        "zh_CN": {"切线": "tangent", "导数": "derivative"},
    }.items():
        file = root / language / "chapters" / "glossary.md"
        words = file.read_text("utf-8")
        for word, source in pairs.items():
            words = re.sub(
                rf"(?m)^{word}.*$", rf"{word} ({source})\n{word}", words
            )
        file.write_text(words, "utf-8", newline="\n")
    book = Book(root, builder, GITHUB_REPOSITORY="a/b")
    book.extract()
    result = builder.tools(root, "translate", "accept")
    assert result.returncode == 0, result.stderr
    book.succeed()
    return book


def test_each_edition_is_in_its_language(book):
    pages = {
        "": ("en", "Contents of the book", "Chapters"),
        "de/": ("de", "Kapitel", "Suche"),
        "zh_CN/": ("zh-CN", "正文", "全书目录"),
    }
    for prefix, (tag, *words) in pages.items():
        page = book.page(f"{prefix}chapters/slopes")
        assert page.html["lang"] == tag
        for word in words:
            assert word in str(page)


def test_each_page_leads_to_both_others(book):
    names = {"en": "English", "de": "Deutsch", "zh-CN": "中文"}
    for prefix, own in (("", "en"), ("de/", "de"), ("zh_CN/", "zh-CN")):
        page = book.page(f"{prefix}chapters/areas")
        links = page.select("a.edition-link")
        found = {link["lang"]: link.get_text() for link in links}
        assert found == {t: n for t, n in names.items() if t != own}
        for link in links:
            path = book.html / prefix / "chapters" / link["href"]
            assert path.resolve().is_file()
            link.decompose()
        if own != "zh-CN":
            assert not CHINESE.search(text(page))


def test_code_has_run_for_the_source_alone(book):
    log = book.root / "_build" / ".editions"
    for language in EDITIONS:
        said = (log / language / "_build" / "build.log").read_text("utf-8")
        assert "executed" not in said.replace("Using cached", "")
    outputs = [
        [tag.get_text() for tag in page.select(".output pre")]
        for page in (
            book.page(f"{prefix}chapters/slopes")
            for prefix in ("", "de/", "zh_CN/")
        )
    ]
    assert outputs[0]
    assert outputs[0] == outputs[1] == outputs[2]


def test_an_edition_that_is_gone_leaves_nothing(book, tmp_path):
    root = tmp_path / "book"
    shutil.copytree(book.root, root)
    config = yaml.safe_load((root / "_config.yml").read_text("utf-8"))
    del config["sphinx"]["config"]["booktools_editions"]["de"]
    dumped = yaml.safe_dump(config, allow_unicode=True)
    (root / "_config.yml").write_text(dumped, "utf-8")
    less = Book(root, book._builder, **book.environment)
    less.succeed()
    assert not (less.html / "de").exists()
    assert (less.html / "zh_CN" / "index.html").is_file()
    assert not (root / "_build" / ".editions" / "de").exists()
    links = less.page("index").select("a.edition-link")
    assert [link["lang"] for link in links] == ["zh-CN"]
