"""Books in three languages: no word of another one is on any page.

German has no translation of ours: what is ours is English there, and what
Sphinx and the theme have translated is German.
"""

import json
import re
import subprocess
import sys
from zipfile import ZipFile

import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import expect

from booktools.check.browser import serve
from booktools.publish.layout import READMES
from tests.books import CASES, Book, environ, write_book

BOOKS = ("english", "german", "chinese")
CHINESE = re.compile("[\u2e80-\u2fff\u3000-\u9fff\uff00-\uffef]")
TEXTS = (".html", ".js", ".json", ".txt", ".py", ".ipynb", ".css", ".md")
# Which have all languages in them.
OTHERS = ("_static/copybutton.js", "pagefind/pagefind-entry.json")

# English words that a Chinese page may have: names, file names, Python.
NAMES = """
    Ada Binder Colab Ctrl Google JavaScript K Kaggle Markdown PyCharm
    ipynb md py zip pdf svg png str text TypeError
    A B a b x h draw slide
"""


@pytest.fixture(scope="module")
def books(builder, tmp_path_factory) -> dict[str, Book]:
    """Build a book of each language."""
    folder = tmp_path_factory.mktemp("languages")
    books = {}
    for name in BOOKS:
        root = write_book(folder / name, CASES / "books" / "languages" / name)
        books[name] = Book(root, builder, GITHUB_REPOSITORY="a/b")
        books[name].extract()
    roots = [book.root for book in books.values()]
    results = builder.build_all(*roots, GITHUB_REPOSITORY="a/b")
    assert [(r.returncode, r.stderr) for r in results] == [(0, "")] * 3
    return books


def texts(book: Book) -> dict[str, str]:
    """Return the files of a site that people, or their programs, read."""
    site = book.site()
    with ZipFile(book.html / "_notebooks" / "tools.zip") as archive:
        site |= {f"zip/{n}": archive.read(n) for n in archive.namelist()}
    return {
        name: data.decode()
        for name, data in site.items()
        if name.endswith(TEXTS) and name not in OTHERS
    }


def words_of(page: str) -> set[str]:
    """Return the words that a page shows or says, but those of code."""
    soup = BeautifulSoup(page, "html.parser")
    code = "script, style, pre, code, .katex, dt, dd, .saved-origin"
    code += ", .genindex-jumpbox, .genindex-jumpbox ~ h2, .genindextable"
    # What a docstring says is English in every book.
    code += ", section[id^=api-] > p:not(.rubric)"
    for tag in soup.select(code):
        tag.decompose()
    shown = [*soup.stripped_strings]
    for tag in soup.find_all(True):
        names = ("title", "aria-label", "alt", "placeholder", "content")
        shown += [
            tag[name]
            for name in names
            if name in tag.attrs
            and not (tag.name == "meta" or "/" in tag[name])
        ]
    return {word for text in shown for word in re.findall(r"[A-Za-z]+", text)}


@pytest.mark.parametrize("name", ["english", "german"])
def test_no_file_has_chinese(books, name):
    for path, text in texts(books[name]).items():
        found = [line for line in text.splitlines() if CHINESE.search(line)]
        assert not found, path


def test_no_chinese_page_has_english(books):
    site = texts(books["chinese"])
    for path, text in site.items():
        if path.endswith(".html"):
            assert words_of(text) <= {*NAMES.split()}, path


def test_no_chinese_script_has_english(books):
    """Texts of scripts: whatever is not a name of the browser or the page."""
    english, chinese = (texts(books[n]) for n in ("english", "chinese"))
    for path in english:
        # Sphinx's own names the language.
        is_ours = not path.endswith("documentation_options.js")
        if path.endswith(".js") and is_ours:
            old, new = (s[path].splitlines() for s in (english, chinese))
            assert len(old) == len(new)
            for before, after in zip(old, new, strict=True):
                assert before == after or CHINESE.search(after)


@pytest.mark.parametrize(
    ("name", "tag", "words"),
    [
        ("english", "en", ["Guess, then run", "Exercise 1", "Fig. 1"]),
        ("german", "de", ["Guess, then run", "Übung 1", "Abb. 1", "Suche"]),
        ("chinese", "zh-CN", ["先猜再运行", "练习 1", "图 1"]),
    ],
)
def test_pages_say_their_language(books, name, tag, words):
    site = texts(books[name])
    for path, text in site.items():
        if path.endswith(".html"):
            page = BeautifulSoup(text, "html.parser")
            assert page.html["lang"] == tag, path
    assert not [w for w in words if w not in site["chapters/slopes.html"]]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("english", "Solution to Exercise 1 · A cube"),
        ("german", "Lösung zu Übung 1 · Ein Würfel"),
        ("chinese", "解答：练习 1 · 正方体"),
    ],
)
def test_what_is_joined_is_joined_as_the_language_does(books, name, expected):
    article = books[name].article("chapters/slopes")
    summary = article.find("details", class_="solution").summary
    assert " ".join(summary.text.split()) == expected
    folded = books[name].article("chapters/areas").find(id="ex-folded")
    title = " ".join(folded.summary.text.split())
    assert title == {
        "english": "Exercise 2 · To unfold",
        "german": "Übung 2 · Zum Aufklappen",
        "chinese": "练习 2 · 展开看看",
    }.get(name)


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        (
            "english",
            [
                "Preparation, which you may skip.",
                "Read this chapter online",
                "(continued)",
                "The code below belongs to “Exercise 2 · To unfold”.",
            ],
        ),
        ("german", ["Read this chapter online", "Übung 2 · Zum Aufklappen"]),
        (
            "chinese",
            ["准备（可以跳过）", "在线阅读本章", "练习 2 · 展开看看（续）"],
        ),
    ],
)
def test_what_readers_take_away(books, name, texts):
    folder = books[name].html / "_notebooks" / "chapters"
    notebook = (folder / "areas.ipynb").read_text("utf-8")
    cells = json.loads(notebook)["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells)
    script = (folder / "areas.py").read_text("utf-8")
    for part in texts:
        assert part in text
        assert part in script
    for line in [*text.splitlines(), *script.splitlines()]:
        # As far as it is ours; and not too wide for the editors of readers.
        if CHINESE.search(line) or line.lstrip().startswith("#"):
            assert len(line) <= 80


def test_branches_speak_the_language_of_the_book(books):
    for name, text in {
        "english": "# Notebooks of this book",
        "german": "# Notebooks of this book",
        "chinese": "# 本书的笔记本",
    }.items():
        html = books[name].html
        assert (
            (html / READMES["notebooks"]).read_text("utf-8").startswith(text)
        )


def test_scripts_run_in_each_language(books, run, tmp_path):
    for name, book in books.items():
        folder = book.html / "_notebooks" / "chapters"
        result = run(str(folder / "areas.py"), MPLBACKEND="agg")
        assert (result.returncode, result.stderr) == (0, ""), name


def search(page, address: str, query: str) -> list[tuple[str, list[str]]]:
    """Return the titles that a search finds, and what is marked in each."""
    page.goto(f"{address}search.html?q={query}")
    expect(page.locator("main .search-status")).not_to_be_empty()
    return [
        (
            hit.locator(".search-title").inner_text(),
            hit.locator("mark").all_inner_texts(),
        )
        for hit in page.locator("main .search-hits li").all()
    ]


@pytest.mark.parametrize(
    ("name", "query", "first", "marked", "number"),
    [
        ("english", "tangents", "tangent", ["tangent"], 3),
        ("english", "derivatives", "derivative", ["derivative"], 2),
        ("english", "tang", "tangent", ["tang"], 3),
        ("english", "curve rising", "Slopes", ["curve", "curve"], 1),
        ("english", "d2l.draw", "Areas", ["d2l.draw"], 1),
        ("english", "tangentzz", "", [], 0),
        ("german", "Tangenten", "Tangente", ["Tangente"], 3),
        ("german", "ableitungen", "Ableitung", ["Ableitung"], 2),
        ("chinese", "切线", "切线", ["切线"], 3),
        ("chinese", "线的斜", "导数", ["线的斜"], 1),
    ],
)
def test_search(books, browser, name, query, first, marked, number):
    with serve(books[name].html) as address:
        page = browser.new_page()
        hits = search(page, address, query)
        status = page.locator("main .search-status").inner_text()
        page.close()
    assert len(hits) == number
    assert hits[:1] == [(first, marked)] * bool(number)
    assert str(number) * bool(number) in status
    assert bool(CHINESE.search(status)) == (name == "chinese")


@pytest.mark.parametrize("name", BOOKS)
def test_what_readers_do(books, browser, name):
    """Pages whose scripts have run have no word of another language."""
    html = books[name].html
    with serve(html) as address:
        page = browser.new_page()
        page.goto(f"{address}chapters/slopes.html")
        for choice in page.locator(".guess-choice > summary").all():
            choice.click()
        page.locator(".guess-all").last.click()
        page.locator(".reading-mark").click()
        page.locator(".slide-controls button").click()
        page.locator("article h2").first.hover()
        page.locator("article h2 .headerlink").first.click()
        shown = page.content()
        page.close()
    if name == "chinese":
        assert words_of(shown) <= {*NAMES.split()}
    else:
        assert not CHINESE.search(shown)


def test_a_book_brings_its_own_language(new_book):
    catalog = 'msgid "Guess, then run"\nmsgstr "Devinez, puis exécutez"\n\n'
    catalog += 'msgid "Color mode: {mode}"\nmsgstr "Couleurs : {mode}"\n\n'
    catalog += 'msgid "Mark as read"\nmsgstr "J\'ai lu \\"tout\\""\n'
    chapter = "---\nfile_format: mystnb\n---\n# Une\n\n```{guess}\nQuoi ?\n"
    chapter += "```\n\n```{code-cell}\n1 + 1\n```\n"
    book = new_book(
        {
            "_config.yml": "title: Un livre\n"
            "execute: {execute_notebooks: cache}\nsphinx:\n"
            "  local_extensions: {booktools.sphinxext: .}\n"
            "  config: {language: fr}\n",
            "locale/fr.po": catalog,
            "locale/fr/new_chapter.md": "(sec-@label@)=\n# @title@\n",
            "chapters/une.md": chapter,
        }
    )
    book.succeed()
    page = book.page("chapters/une")
    assert page.html["lang"] == "fr"
    assert page.find(class_="guess").p.text == "Devinez, puis exécutez"
    scripts = book.html / "_static"
    text = (scripts / "header.js").read_text("utf-8")
    assert "`Couleurs : ${mode}`" in text
    text = (scripts / "progress.js").read_text("utf-8")
    assert '"J\'ai lu \\"tout\\""' in text
    # What it says is in all pages at once when it changes.
    book.replace("locale/fr.po", "puis", "et après")
    book.succeed()
    page = book.page("chapters/une")
    assert page.find(class_="guess").p.text == "Devinez, et après exécutez"
    book.replace("locale/fr.po", '{mode}"\n\n', '{modes}"\n\n')
    result = book.build()
    assert result.returncode
    assert "locale/fr.po:4: error: 'Couleurs : {modes}'" in result.stderr


def test_a_book_that_is_written_keeps_its_language(books, tmp_path):
    """The second build is one of a process that has built another book."""
    name = CASES / "books" / "languages" / "german"
    root = write_book(tmp_path / "german", name)
    variables = environ(GITHUB_REPOSITORY="a/b")
    with subprocess.Popen(
        [sys.executable, "-m", "booktools", "write", "--port=0"],
        cwd=root,
        env=variables,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        said = []
        for line in process.stdout:
            said.append(line)
            if line.startswith("built in"):
                if (builds := len([s for s in said if "built" in s])) == 2:
                    break
                text = f"# Steigung und Fläche\n\nEin kleiner Kurs {builds}.\n"
                (root / "index.md").write_text(text, "utf-8")
            elif "error" in line:
                break
        process.terminate()
    html = root / "_build" / "html"
    assert "Kurs 1" in (html / "index.html").read_text("utf-8"), said
    page = (html / "chapters/slopes.html").read_bytes()
    assert page == (books["german"].html / "chapters/slopes.html").read_bytes()


@pytest.mark.parametrize("name", ["english", "german"])
def test_reading_time_is_that_of_words(books, name):
    line = books[name].article("chapters/slopes").find(class_="reading-time")
    assert line.text.startswith("About 10 minutes")  # 42 lines of code
