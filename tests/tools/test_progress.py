"""What a reader has read is remembered in the browser, and nowhere else."""

import re

import pytest


@pytest.fixture
def tab(browser, address):
    """Open a tab of a reader who has never been here."""
    context = browser.new_context(locale="zh-CN")
    page = context.new_page()
    page.goto(address)
    yield page
    context.close()


def test_a_chapter_can_be_marked_as_read_and_is_remembered(tab, address):
    tab.goto(address + "chapters/calculus.html")
    mark = tab.get_by_role("button", name="标记为已读")
    mark.click()
    assert tab.get_by_role("button", name="✓ 已读").is_visible()
    for page in ("chapters/notation.html", ""):
        tab.goto(address + page)
        progress = tab.locator(".bd-sidebar-primary .reading-progress")
        assert progress.inner_text().startswith("进度 1/4")
        links = tab.locator(".bd-sidenav a.is-read")
        assert links.all_text_contents() == ["微积分（已读）"]
    path = tab.locator(".chapter-path a.is-read")
    assert path.all_text_contents() == ["微积分（已读）"]

    tab.goto(address + "chapters/calculus.html")
    tab.get_by_role("button", name="✓ 已读").click()
    assert tab.locator("a.is-read").count() == 0


def test_reading_goes_on_where_it_stopped(tab, address):
    assert tab.locator(".reading-continue").is_hidden()
    tab.goto(address + "chapters/calculus.html")
    tab.evaluate(
        "document.getElementById('sec-gradient')"
        ".scrollIntoView({behavior: 'instant'})"
    )
    tab.goto(address)
    link = tab.locator(".reading-continue")
    assert link.inner_text() == "继续读：微积分 › 梯度"
    link.click()
    assert tab.url == address + "chapters/calculus.html#sec-gradient"


def test_progress_can_be_forgotten(tab, address):
    tab.goto(address + "chapters/calculus.html")
    tab.get_by_role("button", name="标记为已读").click()
    tab.on("dialog", lambda dialog: dialog.accept())
    tab.goto(address)
    tab.get_by_role("button", name="清除进度").last.click()
    assert tab.locator("a.is-read").count() == 0
    assert tab.locator(".reading-continue").is_hidden()
    assert not tab.get_by_role("button", name="清除进度").count()


@pytest.mark.parametrize("stored", ["no JSON", "[]", '{"read": 1}', "null"])
def test_what_cannot_be_read_is_no_progress(tab, address, stored):
    errors = []
    tab.on("pageerror", lambda error: errors.append(error))
    tab.evaluate(
        "text => localStorage.setItem('progress of /a/b/', text)", stored
    )
    tab.reload()
    progress = tab.locator(".bd-sidebar-primary .reading-progress")
    assert progress.inner_text().startswith("进度 0/4")
    assert errors == []


def test_progress_of_one_course_is_not_that_of_another(tab, address):
    tab.goto(address + "chapters/calculus.html")
    tab.get_by_role("button", name="标记为已读").click()
    keys = tab.evaluate("Object.keys(localStorage)")
    assert "progress of /a/b/" in keys


def test_each_chapter_says_how_long_it_takes(tab, address):
    tab.goto(address + "chapters/calculus.html")
    line = tab.locator(".reading-time").inner_text()
    minutes = int(re.search(r"约 (\d+) 分钟", line)[1])
    assert minutes % 5 == 0
    tab.goto(address + "chapters/notation.html")
    assert tab.locator(".reading-time").count() == 0


def test_folded_code_takes_no_time(new_book):
    head = (
        "---\nfile_format: mystnb\n"
        "kernelspec: {name: python3, display_name: Python 3}\n---\n"
        "# A\n\n字\n\n```{code-cell}\n"
    )
    lines = "\n".join(f"x = {i}" for i in range(200)) + "\n```\n"
    book = new_book(
        {
            "_config.yml": "execute: {execute_notebooks: cache}\nsphinx:\n"
            "  extra_extensions: [booktools.sphinxext]\n"
            "  config: {language: zh_CN}\n",
            "chapters/open.md": head + lines,
            "chapters/folded.md": head + ":tags: [hide-input]\n\n" + lines,
        }
    )
    book.succeed()
    minutes = [
        re.search(r"约 (\d+) 分钟", book.article(f"chapters/{name}").text)[1]
        for name in ("open", "folded")
    ]
    assert minutes == ["25", "5"]
