"""Search: what readers type, in a real browser; the index, in real builds."""

import shutil

import pytest
from playwright.sync_api import expect

HITS = "main .search-hits a"


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(10_000)
    yield page
    context.close()


def test_dialog_works_by_keyboard(page, address):
    loaded = []
    page.on("request", lambda request: loaded.append(request.url))
    page.goto(f"{address}chapters/calculus.html", wait_until="networkidle")
    assert not any("pagefind" in url for url in loaded)
    dialog = page.locator("#pst-search-dialog")
    page.keyboard.press("Control+k")
    expect(dialog.locator("input")).to_be_focused()
    page.keyboard.type("切线")
    expect(dialog.locator(".search-status")).to_contain_text("找到")
    assert any(url.startswith(f"{address}pagefind/") for url in loaded)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Tab")
    # On this very page: the dialog must get out of the way.
    second = dialog.locator(".search-hits a").nth(1).get_attribute("href")
    assert "calculus.html#" in second
    page.keyboard.press("Enter")
    page.wait_for_url(f"**#{second.partition('#')[2]}")
    expect(dialog).to_be_hidden()
    page.keyboard.press("Control+k")
    page.keyboard.press("ArrowDown")
    expect(dialog.locator(".search-hits a").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.keyboard.press("Control+k")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=*")
    expect(page.locator(HITS).first).to_contain_text("切线")


def test_says_why_it_cannot_search(course, browser, page, address):
    page.goto((course.html / "chapters" / "calculus.html").as_uri())
    page.keyboard.press("Control+k")
    status = page.locator("#pst-search-dialog .search-status")
    expect(status).to_contain_text("python -m http.server")
    context = browser.new_context(java_script_enabled=False)
    without = context.new_page()
    without.goto(f"{address}search.html")
    expect(without.locator("main p").first).to_contain_text("JavaScript")
    expect(without.locator("main form")).to_be_hidden()
    context.close()


def test_index_is_made_when_a_text_changes(new_book):
    config = "title: Small\nexecute: {execute_notebooks: cache}\n"
    config += "sphinx: {extra_extensions: [booktools.sphinxext]}\n"
    chapters = {f"chapters/{c}.md": f"# {c}\n\n你好，{c}。\n" for c in "abc"}
    book = new_book({"_config.yml": config, **chapters})
    index = book.html / "pagefind"

    def build():
        book.succeed()
        return {p.name: p.read_bytes() for p in index.rglob("*.*")}

    first = build()
    made = book.root / "_build" / ".doctrees" / "pagefind"
    inode = made.stat().st_ino
    # A page changes, and what is to be found does not.
    book.write("chapters/a.md", "# a\n\n*你好*，a。\n")
    assert build() == first
    assert made.stat().st_ino == inode
    book.write("chapters/a.md", "# a\n\n再见，a。\n")
    book.remove("chapters/c.md")
    book.replace("_toc.yml", "  - file: chapters/c\n", "")
    changed = build()
    assert changed.keys() != first.keys()
    assert "c.html" not in str(book.page("search"))
    shutil.rmtree(book.root / "_build")
    assert build() == changed


def test_exercises_come_after_what_explains(page, address):
    page.goto(f"{address}search.html?q=切线")
    expect(page.locator("main .search-status")).to_contain_text("找到")
    titles = page.locator(f"{HITS} .search-title").all_text_contents()
    late = [title.startswith(("练习", "解答")) for title in titles]
    assert True in late
    assert False in late
    assert late == sorted(late)
