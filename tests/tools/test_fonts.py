"""Fonts and browser of the printed book are the project's, on any machine."""

import os
import re
import shutil
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader

from booktools.problem import BookError
from booktools.render import browser, node
from booktools.render.fonts import font_files
from booktools.render.glyphs import find_gaps
from booktools.render.pdf import make_pdf
from booktools.render.printed import finish
from booktools.source.chapter import read_book

ROOT = Path(__file__).parents[2]

HOME = """\
<html lang="zh"><head><meta name="author" content="Ada"></head><body>
<nav class="bd-links"><ul>{links}</ul></nav>
<article class="bd-article"><section id="top"><h1>书</h1><p>正文</p></section>
</article></body></html>
"""
PAGE = """\
<html lang="zh"><body><article class="bd-article">
<section id="top"><h1>{title}</h1>{body}</section>
</article></body></html>
"""

# What a course may well write, and a print must show.
FINE = (
    "<p>导数 <b>粗体</b> <i>斜体</i> 〇 龘 ㈠ ①❶ ｱ ガ Ω я ﬁ ℝ ∂∇⟹ 𝐱 ⁻¹₂ é ∞ ✓"
    " 👍 😀 ⚠️ ❤️ 👩‍👧 “”‘’—…·«»</p>"
    "<pre><code># 中文 ─│└ ✓ ∂ 👍 𝐱 \t x ₂</code></pre>"
    '<p><span class="katex">\\text{若 x ≤ 1}</span> <kbd>⌘ ⇧</kbd></p>'
    "<p>\u200b\u00ad\u200d</p>"
)


@pytest.fixture
def print_book(make_book):
    """Print pages that look like those of a site: name -> title, content."""

    def print_book(language="zh_CN", **pages):
        config = f"sphinx: {{config: {{language: {language}}}}}\n"
        root = make_book(
            {"_config.yml": f"title: A small book\n{config}"}
            | {
                f"chapters/{name}.md": f"# {title}\n\n以前\n\n{body}\n"
                for name, (title, body) in pages.items()
            }
        )
        site = root / "_build" / "html"
        (site / "chapters").mkdir(parents=True)
        # The home page, as the theme may list it, and another site.
        links = (
            '<li class="toctree-l1"><a href="#">书</a></li>'
            '<li class="toctree-l1"><a href="https://a.example/">甲</a></li>'
        )
        links += "".join(
            f'<li class="toctree-l1"><a href="chapters/{name}.html">'
            f"{title}</a></li>"
            for name, (title, _) in pages.items()
        )
        home = HOME.format(links=links)
        if language != "zh_CN":
            home = home.replace("书", "Book").replace("正文", "Text")
        (site / "index.html").write_text(home, "utf-8")
        for name, (title, body) in pages.items():
            (site / "chapters" / f"{name}.html").write_text(
                PAGE.format(title=title, body=body), "utf-8"
            )
        return make_pdf(read_book(root), site, "")

    return print_book


def fonts_of(data, tmp_path):
    (tmp_path / "book.pdf").write_bytes(data)
    return {
        font.get_object()["/BaseFont"].partition("+")[2]
        for page in PdfReader(tmp_path / "book.pdf").pages
        for font in page["/Resources"]["/Font"].values()
    }


def text_of(data, tmp_path):
    (tmp_path / "book.pdf").write_bytes(data)
    pages = PdfReader(tmp_path / "book.pdf").pages
    return "".join("".join(page.extract_text() for page in pages).split())


def test_only_pages_of_the_book_are_printed(print_book, tmp_path):
    text = text_of(print_book(a=("一章", "<p>下</p>")), tmp_path)
    assert "目录一章3" in text
    assert text.endswith("一章下")
    assert "甲" not in text


def test_what_moves_at_each_print_is_said(
    print_book, tmp_path, monkeypatch, capsys
):
    prints = []

    def numbers(data):
        prints.append(data)
        page = len(prints) % 2
        return {"chapters/a:top": 3, "chapters/a:on-the-edge": page}

    print_book(a=("一章", "<p>下</p>"))
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("booktools.render.pdf.page_numbers", numbers)
    shutil.rmtree(tmp_path / "book")
    print_book(a=("一章", "<p>下</p>"))
    error = capsys.readouterr().err
    assert error.startswith("_build/html/_pdf/d2lmini.pdf:1: warning: ")
    assert error.splitlines()[0].endswith(
        "moves them: chapters/a:on-the-edge [pages]"
    )


def test_letters_that_are_drawn_as_one_cost_nothing(print_book, monkeypatch):
    def parse(*_):
        raise AssertionError("this takes minutes")

    monkeypatch.setattr("booktools.render.glyphs.ContentStream", parse)
    data = print_book("en", a=("Differentiation", "<p>fi ff ffi (office)</p>"))
    assert b"/ActualText (fi)" in b"".join(
        page.get_contents().get_data()
        for page in PdfReader(BytesIO(data)).pages
    )


def test_a_machine_without_fonts_and_browser_prints_the_same(
    print_book, tmp_path, monkeypatch
):
    here = print_book(a=("一章", FINE))
    assert fonts_of(here, tmp_path) == {
        "DejaVuSans",
        "DejaVuSansMono",
        "NotoEmoji-Regular",
        "NotoSansSC-Bold",
        "NotoSansSC-Regular",
        "STIXGeneral-Regular",
    }
    assert find_gaps(here, font_files().values()) == {}
    text = text_of(here, tmp_path)
    for part in ("一章", "导数粗体斜体〇龘", "#中文─│└✓", "👍", "若x≤1"):
        assert part in text

    empty = tmp_path / "empty.conf"
    empty.write_text("<fontconfig></fontconfig>")
    monkeypatch.setenv("FONTCONFIG_FILE", str(empty))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "nothing"))
    monkeypatch.delenv("HOME", raising=False)
    folder = tmp_path / "a & b <微>"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    monkeypatch.chdir(folder)
    if browser.fetchable():
        monkeypatch.setattr(browser, "_find", lambda *_: None)
    shutil.rmtree(tmp_path / "book")
    there = print_book(a=("一章", FINE))
    assert [*folder.iterdir()] == []
    assert text_of(there, tmp_path) == text
    assert fonts_of(there, tmp_path) == fonts_of(here, tmp_path)


def test_a_book_without_chinese_needs_no_chinese_font(
    print_book, tmp_path, monkeypatch
):
    # Nothing can be fetched.
    monkeypatch.setattr(node, "require_packages", None)
    body = "<p>Größe ∂ ∇ ✓ “”</p><pre>x ₂ ─</pre>"
    body += '<p><span class="katex">x</span></p>'
    data = print_book("de", a=("Eins", body))
    assert fonts_of(data, tmp_path) == {
        *("DejaVuSans", "DejaVuSans-Bold", "DejaVuSansMono"),
    }
    assert "ContentsEins3" in text_of(data, tmp_path)


@pytest.mark.parametrize(
    "text",
    ["导数", "👍", '<span class="katex">导</span>'],
)
def test_any_letter_gets_its_font(print_book, tmp_path, text):
    data = print_book("en", a=("One", f"<p>Text {text}</p>"))
    assert "DejaVuSans" in fonts_of(data, tmp_path)
    assert fonts_of(data, tmp_path) & {
        *("NotoSansSC-Regular", "NotoEmoji-Regular"),
    }
    assert find_gaps(data, font_files().values()) == {}


def test_letters_that_no_font_has_are_named(print_book):
    pages = {
        "text": ("一", "<p>姓 𠮷 的人</p>"),
        "heading": ("二 अ", "<p>下</p>"),
        "code": ("三", "<pre><code>x = '한글'</code></pre>"),
        "bold": ("四", "<p><b>ꡀ</b></p>"),
        "private": ("五", "<p>\ue123</p>"),
        "maths": ("六", '<p><span class="katex">𠮷</span></p>'),
        "fold": ("七", "<details><summary>ᚠ</summary>下</details>"),
        "fine": ("八", FINE),
    }
    with pytest.raises(BookError) as caught:
        print_book(**pages)
    found = {
        (Path(p.path).stem, p.line, p.message.split("'")[1])
        for p in caught.value.problems
    }
    assert found == {
        ("text", 5, "𠮷"),
        ("heading", 1, "अ"),
        ("code", 5, "한"),
        ("code", 5, "글"),
        ("bold", 5, "ꡀ"),
        ("private", 5, "\\ue123"),
        ("maths", 5, "𠮷"),
        ("fold", 5, "ᚠ"),
    }
    first = str(caught.value).splitlines()
    assert (
        "chapters/text.md:5: error: no font of the printed book has '𠮷'"
        " (U+20BB7, CJK UNIFIED IDEOGRAPH-20BB7) [no-glyph]"
    ) in first


@pytest.mark.parametrize(
    "body",
    [
        # Where no text of the book says which letter it is.
        "<ol style='list-style: \"𠮷\"'><li>下</li></ol>",
        '<img alt="" src="data:image/svg+xml,<svg xmlns=\'http://www.w3.org/'
        "2000/svg'><text y='20'>𠮷</text></svg>\">",
    ],
)
def test_an_empty_box_stops_the_print_wherever_it_is(print_book, body):
    with pytest.raises(BookError) as caught:
        print_book(a=("一", body))
    text = str(caught.value)
    assert "_pdf/d2lmini.pdf:1: error: page 3 has text" in text
    assert "[no-glyph]" in text


def test_where_none_can_be_had_one_command_is_named(monkeypatch):
    monkeypatch.setattr(browser, "_find", lambda *_: None)
    monkeypatch.setattr(browser, "fetchable", lambda: False)
    with pytest.raises(BookError) as caught, browser.open_chromium():
        pass
    assert str(caught.value) == (
        "booktools/npm/chromium/package.json:1: error: there is no Chromium"
        " that starts on this"
        " computer [no-browser]\n    hint: run: "
        f"{sys.executable} -m playwright install --with-deps chromium"
    )


def test_tests_do_not_begin_without_a_browser():
    code = (
        "import sys, pytest; from booktools.render import browser;"
        "browser.fetchable = lambda: False;"
        "browser.find_version = lambda: '';"
        "sys.exit(pytest.main(['-q', *sys.argv[1:]]))"
    )
    names = ("site/test_figures.py", "tools/test_copying.py")
    paths = [str(ROOT / "tests" / name) for name in names]
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        [*command, *paths], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert str(browser.NO_BROWSER) in done.stdout
    assert "passed" not in done.stdout


def test_a_book_must_be_built_before_it_is_printed(make_book, run):
    make_book({"chapters/first.md": "# One\n"})
    result = run("-m", "booktools", "pdf", "--book", "book")
    assert result.returncode == 1
    assert result.stderr.startswith("_build/html/index.html:1: error: ")
    assert (
        "[not-built]\n    hint: build it first: python -m booktools build"
        in result.stderr
    )


def test_an_older_site_is_printed_with_a_warning(make_book, run):
    root = make_book({"chapters/first.md": "# One\n"})
    html = root / "_build" / "html"
    html.mkdir(parents=True)
    (html / "index.html").write_text("")
    os.utime(html / "index.html", (0, 0))
    result = run("-m", "booktools", "pdf", "--book", "book")
    start = "_build/html/index.html:1: warning: this site is older than "
    assert result.stderr.startswith(start)


def test_a_print_does_not_depend_on_when_it_is_made(print_book):
    table = "<table><tr><th>甲</th><th>乙</th></tr><tr><td>1</td></tr></table>"
    data = print_book(a=("一章", table))
    assert b"/CreationDate" not in data
    assert b"(node00000001)" in data
    # As Chromium may count in another run.
    later = re.sub(
        rb"\(node(\d{8})\)",
        lambda match: b"(node%08d)" % (int(match[1]) * 2 + 7),
        data,
    )
    assert later != data
    assert finish(later, "动手学") == finish(data, "动手学")


def test_a_finished_print_is_a_whole_file(print_book):
    data = print_book(a=("一章", FINE))
    once = PdfReader(BytesIO(finish(data, "另一个题目")), strict=True)
    assert once.metadata.title == "另一个题目"
    texts = [
        [page.extract_text() for page in reader.pages]
        for reader in (PdfReader(BytesIO(data), strict=True), once)
    ]
    assert texts[0] == texts[1]
    # Each object is where the table says.
    count = once.trailer["/Size"]
    found = [once.get_object(number) for number in range(1, count)]
    assert len(found) == count - 1


def test_a_picture_that_is_missing_stops_the_print(print_book):
    with pytest.raises(FileNotFoundError) as caught:
        print_book(a=("一章", '<p><img alt="" src="../gone%20.svg"></p>'))
    assert caught.value.filename == "gone .svg"
