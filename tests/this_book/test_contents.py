"""What there is in this book, and where."""

import re
from urllib.parse import urldefrag

import nbformat
from bs4 import BeautifulSoup

from booktools.source.chapter import read_book
from booktools.source.mentions import read_saved_names
from tests.books import ROOT

BOOK = read_book(ROOT)


def page(site, chapter):
    return (site / f"{chapter.docname}.html").read_text("utf-8")


def parse(path):
    return BeautifulSoup(path.read_text("utf-8"), "html.parser").article


def test_there_is_enough_to_do(site):
    for chapter in BOOK.chapters:
        html = page(site, chapter)
        exercises = len(re.findall(r'class="[^"]*\bexercise\b', html))
        assert exercises >= 8 or not chapter.cells


def test_there_are_pictures(site):
    file = site / "chapters" / "calculus.html"
    assert file.read_text("utf-8").count(' loading="lazy"') > 5


def test_every_saved_name_has_its_places(site):
    modules = {
        c.name: (ROOT / "d2lmini" / f"{c.name}.py").read_text("utf-8")
        for c in BOOK.chapters
        if (ROOT / "d2lmini" / f"{c.name}.py").is_file()
    }
    saved = read_saved_names(modules)
    assert "plot" in saved
    pages = {
        f"{c.name}.html": parse(site / f"{c.docname}.html")
        for c in BOOK.chapters
    }
    reference = pages["reference.html"]
    entries = [s["id"] for s in reference.select("section[id^=api-]")]
    assert entries == [f"api-{name}" for name in saved]
    homes = {}
    for file, page in pages.items():
        for link in page.select("a.saved"):
            to, anchor = urldefrag(link["href"])
            place = pages[to or file].find(id=anchor)
            assert place.text == link.text
        for badge in page.select(".saved-badge a"):
            name = urldefrag(badge["href"])[1].removeprefix("api-")
            assert badge["href"] == f"reference.html#api-{name}"
            assert page.find(id=f"save-{name}").text == name
            homes[name] = file
    assert homes == {n: f"{s.module}.html" for n, s in saved.items()}
    assert len(pages["autograd.html"].select("a.saved")) > 20


def test_wide_formulas_scroll(browser, site):
    """On a phone, by keyboard as well, and above their numbers."""
    page = browser.new_page(viewport={"width": 390, "height": 800})
    page.goto((site / "chapters" / "calculus.html").as_uri())
    wide = page.locator(".katex-display[tabindex='0'][aria-label]")
    wide.first.wait_for(state="attached")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    for formula in page.locator("div.math:has(.eqno):visible").all():
        box = formula.locator(".katex-display").bounding_box()
        number = formula.locator(".eqno").bounding_box()
        assert box["y"] + box["height"] <= number["y"]
        assert number["x"] + number["width"] <= 390
    before = wide.count()
    assert before
    wide.first.focus()
    page.keyboard.press("ArrowRight")
    while not page.evaluate("document.activeElement.scrollLeft"):
        page.wait_for_timeout(50)
    page.set_viewport_size({"width": 1280, "height": 800})
    while page.evaluate("document.activeElement.tabIndex") == 0:
        page.wait_for_timeout(50)
    page.close()


def test_the_first_cell_shows_the_code_as_it_is(site):
    path = site / "_notebooks" / "chapters" / "autograd.ipynb"
    setup = nbformat.read(path, 4).cells[1].source
    for name in ("calculus", "__init__"):
        file = ROOT / "d2lmini" / f"{name}.py"
        assert file.read_text("utf-8") in setup


def test_getting_started_needs_no_pytorch(site, reader, here):
    path = site / "_notebooks" / "chapters" / "getting_started.ipynb"
    setup = nbformat.read(path, 4).cells[1].source
    [check] = [
        t for t in setup.split("\n") if t.startswith("_check_packages(")
    ]
    assert "torch" not in check
    use = "\nimport d2lmini as d2l\nd2l.gradient\n"
    use += "d2l.numerical_jacobian, d2l.CHINESE_FONTS, d2l.plot\n"
    (here / "x.py").write_text(setup + use, "utf-8")
    result = reader.run("-I", "x.py", cwd=here)
    assert (result.returncode, result.stderr, result.stdout) == (0, "", "")


def test_a_chapter_takes_an_evening(site):
    text = (site / "chapters" / "calculus.html").read_text("utf-8")
    minutes = int(re.search(r"约 (\d+) 分钟", text)[1])
    assert 20 <= minutes <= 120


def test_notebooks_begin_with_a_setup_and_have_formulas(site):
    for chapter in BOOK.chapters:
        if chapter.cells:
            path = site / "_notebooks" / f"{chapter.docname}.ipynb"
            cells = nbformat.read(path, 4).cells
            assert cells[1].metadata.tags == ["setup"]
            prose = "".join(c.source for c in cells if c.cell_type != "code")
            assert prose.count("$") > 20


def test_no_number_depends_on_what_was_in_memory():
    """PyTorch's default method for least squares reads what it never set."""
    code = [cell.source for c in BOOK.chapters for cell in c.cells]
    calls = re.findall(r"torch\.linalg\.lstsq\(.*", "\n".join(code))
    assert calls
    assert [call for call in calls if "driver=" not in call] == []
