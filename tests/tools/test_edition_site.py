"""A book with an edition: both are bilingual at once, from the same outputs.

The book is `editions/site`: Chinese, with an English edition that lacks one of
its chapters.  Its first cell notes in a file that it has run.
"""

import json
import re
import shutil
from pathlib import Path
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest
import yaml
from bs4 import BeautifulSoup

from booktools.publish.branches import notebook_files
from tests.books import Book, code, prose, read, write_book
from tests.editions import SITE, STALE, Bilingual, text
from tests.tools.test_editions import FOLDER, MISTAKES

FIRST = "chapters/first"
AT_ONCE = "nothing has changed since the last build"


@pytest.fixture
def book(bilingual, tmp_path) -> Bilingual:
    """Return a copy of the bilingual book, to be changed."""
    shutil.copytree(bilingual.root, tmp_path / "book", symlinks=True)
    count = tmp_path / "count.txt"
    shutil.copy(bilingual.environment["COUNT"], count)
    environment = bilingual.environment | {"COUNT": str(count)}
    book = Bilingual(tmp_path / "book", bilingual._builder, **environment)
    book.succeed()  # in another folder, pages are read again
    return book


def test_both_are_there(bilingual):
    chinese, english = bilingual.page(FIRST), bilingual.edition(FIRST)
    assert (chinese.html["lang"], english.html["lang"]) == ("zh-CN", "en")
    assert "抛物线" in chinese.title.string
    assert "Parabolas" in english.title.string
    article = text(english.article)
    for words in ("A number times itself", "The parabola", "cube: 27"):
        assert words in article
    assert english.select_one("#fig-square img")["alt"] == "A parabola"
    assert "Main part" in text(english.select_one(".bd-sidenav, .bd-links"))
    assert not re.search("[一-鿿]", article)


def test_anchors_formulas_and_outputs_are_the_same(bilingual):
    pages = bilingual.page(FIRST), bilingual.edition(FIRST)
    # What an author has named; in spans are names made from titles.
    one, other = (
        {
            tag["id"]
            for tag in page.article.select(":not(span)[id]")
            if not tag["id"].startswith("guess-")
        }
        for page in pages
    )
    assert "sec-square" in one
    assert one == other
    one, other = (
        page.article.select_one("#equation-eq-square annotation").string
        for page in pages
    )
    assert re.sub("text{.*?}", "", one) == re.sub("text{.*?}", "", other)
    one, other = (
        [tag.get_text() for tag in page.article.select(".output pre")]
        for page in pages
    )
    assert one == other == ["cube: 27\n"]


def test_code_has_run_once(bilingual):
    assert bilingual.runs == 1


def test_a_caption_is_translated_without_running(book):
    book.replace(f"en/{FIRST}.md", "The parabola $", "One parabola $")
    said = book.succeed().stdout
    assert "code: 0 executed" in said
    assert "no targets are out of date" in said
    assert "One parabola" in text(book.edition(FIRST).article)
    assert book.runs == 1
    assert AT_ONCE in book.succeed().stdout


def test_changed_code_runs_once_for_all_languages(book):
    book.replace(f"{FIRST}.md", "3**3)", "4**3)")
    book.succeed()
    assert book.runs == 2
    for name in (FIRST, f"en/{FIRST}"):
        assert "cube: 64" in text(book.article(name))


def test_an_edition_without_changes_is_not_bilingual_again(book):
    book.add("chapters/words.md", "\n更多。\n")
    before = states(book.html / "en")
    assert "edition en: built" not in book.succeed().stdout
    assert "更多" in text(book.article("chapters/words"))
    assert {n: s for n, (_, s) in states(book.html / "en").items()} == {
        n: s for n, (_, s) in before.items()
    }


def states(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(p): (p.stat().st_mtime_ns, p.read_bytes())
        for p in folder.rglob("*")
        if p.is_file()
    }


def edit_settings(book):
    book.replace("_config.yml", "Parabolas", "All parabolas")


def remove_edition(book):
    text = book.read("_config.yml")
    book.write("_config.yml", text.partition("    booktools_editions")[0])


EDITS = {
    "a paragraph": lambda book: book.replace(
        f"en/{FIRST}.md", "times itself", "by itself"
    ),
    "a title": lambda book: book.replace(f"en/{FIRST}.md", "# The", "# This"),
    "code": lambda book: book.replace(f"{FIRST}.md", "3**3)", "5**3)"),
    "prose of the source": lambda book: book.add(
        "chapters/words.md", "\n新\n"
    ),
    "a chapter less": lambda book: book.remove(f"en/{FIRST}.md"),
    "a chapter more": lambda book: book.write(
        "en/chapters/later.md",
        book.read("chapters/later.md")
        .replace("以后", "Later")
        .replace("这一章还没有译文。", "Now it is.")
        .replace('print("later")\n', ""),
    ),
    "the title of the edition": edit_settings,
    "a caption of the contents": lambda book: book.replace(
        "_config.yml", "Main part", "Chapters"
    ),
    "a picture": lambda book: book.replace(
        "chapters/img/curve.svg", "#0a7d91", "#0a7d92"
    ),
    "data": lambda book: book.write("chapters/numbers.txt", "4\n"),
    "no edition": remove_edition,
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_a_build_after_an_edit_is_one_from_nothing(edit, book, tmp_path):
    edit(book)
    warm = book.build()
    assert warm.returncode == 0, warm.stderr
    fresh = tmp_path / "fresh"
    ignore = shutil.ignore_patterns("_build")
    shutil.copytree(book.root, fresh / "book", ignore=ignore)
    cold = Bilingual(fresh / "book", book._builder, **book.environment)
    assert cold.build().returncode == 0
    one, other = book.site(), cold.site()
    assert sorted(one) == sorted(other)
    assert [name for name in one if one[name] != other[name]] == []


def test_what_is_missing_is_there_with_a_sentence(bilingual):
    page = bilingual.edition("chapters/later")
    section = page.article.select_one("[lang=zh-CN] section")
    assert "这一章还没有译文" in text(section)
    sentence = "This chapter is not translated yet; it is in 中文."
    assert text(section.select_one(".admonition p:last-child")) == sentence
    canonical = page.select_one("link[rel=canonical]")["href"]
    assert canonical == "https://a.github.io/b/chapters/later.html"
    tags = [t["hreflang"] for t in page.select("link[rel=alternate]")]
    assert tags == ["zh-CN", "x-default"]


def test_a_term_that_only_the_source_has_is_text(book):
    """What is not translated may name terms that the edition has not."""
    sentence = "这一章还没有译文。"
    more = "{term}`图像 <抛物线 (parabola)>`，{term}`抛物线`。"
    book.replace("chapters/later.md", sentence, sentence + more)
    book.succeed()
    links = book.page("chapters/later").article.select('a[href*="term-"]')
    assert [text(link) for link in links] == ["图像", "抛物线"]
    article = book.edition("chapters/later").article
    assert "图像，抛物线" in text(article)
    assert [text(a) for a in article.select('a[href*="term-"]')] == ["抛物线"]
    # As soon as the edition has it, it is a link.
    new = "parabola\n抛物线 (parabola)\n"
    book.replace("en/chapters/words.md", "parabola\n", new)
    book.succeed()
    article = book.edition("chapters/later").article
    assert len(article.select('a[href*="term-"]')) == 2
    # What is in none is a mistake, told once.
    book.replace("chapters/later.md", "<抛物线 (", "<抛物 (")
    said = book.build()
    assert said.returncode == 1
    assert said.stderr.count("term not in glossary") == 1


def test_pages_name_each_other(bilingual):
    home = "https://a.github.io/b/"
    expected = {
        "zh-CN": f"{home}{FIRST}.html",
        "en": f"{home}en/{FIRST}.html",
        "x-default": f"{home}{FIRST}.html",
    }
    for name, language in ((FIRST, "zh-CN"), (f"en/{FIRST}", "en")):
        page = bilingual.page(name)
        found = {
            tag["hreflang"]: tag["href"]
            for tag in page.select("head link[rel=alternate][hreflang]")
        }
        assert found == expected
        canonical = page.select_one("link[rel=canonical]")["href"]
        assert canonical == expected[language]
        for property, value in {
            "og:locale": language.replace("-", "_"),
            "og:url": canonical,
        }.items():
            tag = page.select_one(f'meta[property="{property}"]')
            assert tag["content"] == value


def test_each_page_leads_to_the_same_in_the_other_language(bilingual):
    for path in sorted(bilingual.html.rglob("*.html")):
        name = path.relative_to(bilingual.html).as_posix()
        if name.endswith("404.html"):
            continue
        page = BeautifulSoup(path.read_text("utf-8"), "html.parser")
        [link] = page.select("a.edition-link")
        other = (path.parent / link["href"]).resolve()
        assert other.is_file()
        pair = {name, other.relative_to(bilingual.html).as_posix()}
        assert pair == {
            name.removeprefix("en/"),
            f"en/{name.removeprefix('en/')}",
        }
        tags = {"en": "English", "zh-CN": "中文"}
        assert link["lang"] == link["hreflang"] != page.html["lang"]
        assert link.get_text() == tags[link["lang"]]


def test_one_map_lists_the_pages_of_both(bilingual):
    tree = ElementTree.parse(bilingual.html / "sitemap.xml")
    names = {
        "map": "http://www.sitemaps.org/schemas/sitemap/0.9",
        "xhtml": "http://www.w3.org/1999/xhtml",
    }
    found = {
        row.find("map:loc", names).text: [
            (link.get("hreflang"), link.get("href"))
            for link in row.findall("xhtml:link", names)
        ]
        for row in tree.getroot()
    }
    home = "https://a.github.io/b/"
    for name in ("index.html", f"{FIRST}.html", "chapters/words.html"):
        both = [("zh-CN", f"{home}{name}"), ("en", f"{home}en/{name}")]
        assert found.pop(f"{home}{name}") == both
        assert found.pop(f"{home}en/{name}") == both
    assert found == {f"{home}chapters/later.html": []}
    assert not (bilingual.html / "en" / "sitemap.xml").exists()


def test_notebooks_have_the_same_code(bilingual):
    folders = (
        bilingual.html / "_notebooks",
        bilingual.html / "en" / "_notebooks",
    )
    chinese, english = (read(folder, FIRST) for folder in folders)
    one, other = (
        [cell.source for cell in code(notebook)][-1:]
        for notebook in (chinese, english)
    )
    assert one == other
    words = "\n".join(prose(english))
    assert "A number times itself" in words
    assert "https://a.github.io/b/en/chapters/first.html" in words
    assert not re.search("[一-鿿]", words)
    with ZipFile(folders[1] / "d2lmini-en.zip") as archive:
        names = archive.namelist()
    assert f"d2lmini-en-book/{FIRST}.ipynb" in names


def test_launch_links_open_what_is_on_the_branch(bilingual):
    files = notebook_files(bilingual.html)
    for name in (FIRST, f"en/{FIRST}", "chapters/later", "en/chapters/later"):
        page = bilingual.page(name)
        links = [
            link["href"] for link in page.select(".dropdown-launch-buttons a")
        ]
        assert len(links) == 3
        path = f"{name}.ipynb"
        assert all(
            path.replace("/", sep) in link
            for link, sep in zip(links, ("/", "%252F", "%2F"), strict=True)
        )
        assert path in files
        cells = json.loads(files[path])["cells"]
        assert cells


def test_one_page_for_all_addresses_that_do_not_exist(bilingual):
    page = bilingual.page("404")
    mains = page.select("main")
    assert [main["lang"] for main in mains] == ["zh-CN", "en"]
    assert [main["data-folder"] for main in mains] == ["", "en/"]
    assert "There is no such page" in text(mains[1])


def test_a_problem_of_the_edition_keeps_the_whole_site(book):
    before = book.site()
    book.add("chapters/words.md", "\n更多。\n")
    book.add("en/chapters/words.md", "\n{ref}`sec-nowhere`\n")
    result = book.build()
    assert result.returncode
    assert result.stderr.startswith("en/chapters/words.md:10: error: ")
    assert "sec-nowhere" in result.stderr
    assert book.site() == before
    # What was right meanwhile is published with the other.
    book.replace("en/chapters/words.md", "\n{ref}`sec-nowhere`\n", "\nMore.\n")
    said = book.succeed().stdout
    assert "no targets are out of date" in said
    assert "更多" in text(book.article("chapters/words"))
    assert "More." in text(book.article("en/chapters/words"))


def test_a_problem_of_a_page_is_at_its_line_of_the_edition(book):
    path = f"en/{FIRST}.md"
    new = "A number <script>times</script> itself:"
    book.replace(path, "A number times itself:", new)
    result = book.build()
    line = book.read(path).split("\n").index(new) + 1
    assert f"\n{path}:{line}: error: " in result.stderr
    assert result.returncode == 1


def test_a_problem_of_the_source_ends_the_edition(book):
    before = book.site()
    book.replace(f"{FIRST}.md", "一个数乘自己：", r"一个数 $\frac{$：")
    book.replace(f"en/{FIRST}.md", "times itself", "by itself")
    result = book.build()
    assert f"\n{FIRST}.md:" in result.stderr
    assert book.site() == before


def test_what_is_outdated_is_said_and_stops_nothing(book):
    result = book.succeed()
    book._builder.tools(book.root, "translate", "accept")
    book.remove("chapters/later.md")
    book.replace("_toc.yml", "  - file: chapters/later\n", "")
    assert book.succeed().stderr == ""
    book.replace("chapters/words.md", "平方的图像", "平方的图")
    result = book.build()
    number = STALE.replace("6", "1")
    assert (result.returncode, result.stderr) == (0, number)


def test_what_a_system_puts_there_is_no_edition(book):
    stray = book.root / "_build" / ".editions" / ".DS_Store"
    stray.write_bytes(b"")
    book.add("chapters/words.md", "\n更多。\n")
    book.succeed()
    assert stray.exists()


def test_features_do_not_cost_where_there_is_no_edition(builder, tmp_path):
    config = (
        "only_build_toc_files: true\n"
        "sphinx: {extra_extensions: [booktools.sphinxext]}\n"
        "execute: {execute_notebooks: cache}\n"
    )
    root = write_book(tmp_path / "book", SITE)
    (root / "_config.yml").write_text(config, "utf-8")
    shutil.rmtree(root / "en")
    book = Book(root, builder, COUNT=str(tmp_path / "count.txt"))
    book.succeed()
    assert not (book.root / "_build" / ".editions").exists()
    page = book.page("index")
    assert not page.select("a.edition-link, [hreflang]")
    assert "switch.js" not in str(page)


SOME = [
    case
    for case in MISTAKES
    if ": error: " in case.with_suffix(".txt").read_text("utf-8")
][::3]


@pytest.fixture(scope="module")
def mistaken(builder, tmp_path_factory):
    """Build a book for each mistake."""
    folder = tmp_path_factory.mktemp("mistakes")
    books = {}
    for case in SOME:
        root = write_book(folder / case.stem, FOLDER / "book")
        config = (root / "_config.yml").read_text("utf-8")
        config = config.replace("[sphinx_exercise]", "[booktools.sphinxext]")
        config += "execute: {execute_notebooks: cache}\n"
        (root / "_config.yml").write_text(config, "utf-8")
        for change in yaml.safe_load(case.read_text("utf-8")):
            path = root / change["file"]
            old = path.read_text("utf-8")
            new = old.replace(change["old"], change["new"])
            path.write_text(new, "utf-8", newline="\n")
        books[case] = root
    results = []
    for start in range(0, len(SOME), 2):
        roots = [books[case] for case in SOME[start : start + 2]]
        results += builder.build_all(*roots)
    return dict(zip(SOME, results, strict=True))


def test_a_build_reports_at_least_twenty_mistakes():
    assert len(SOME) >= 20


@pytest.mark.parametrize("case", SOME, ids=[case.stem for case in SOME])
def test_a_build_reports_a_mistake(case, mistaken):
    lines = case.with_suffix(".txt").read_text("utf-8").splitlines()
    said = mistaken[case]
    assert said.returncode
    for line in lines[:-1]:
        if ": error: " in line:
            assert line in said.stderr
