"""What pages do in browsers; what is wrong with them, `check` finds."""

from pathlib import Path

import pytest

from booktools.check.browser import VIEWS
from booktools.source.chapter import read_book

BOOK = read_book(Path(__file__).parents[2])
PAGES = [
    *(f"{chapter.docname}.html" for chapter in BOOK.chapters),
    "search.html",
    "404.html",
]

every_page = pytest.mark.parametrize("name", PAGES)


@every_page
def test_without_javascript_a_page_can_be_read(visit, name):
    page = visit(name, "plain").page
    # The page for what is missing speaks all languages, and a script chooses.
    titles = page.locator("h1:visible").count()
    assert titles == (
        page.locator("main").count() if name == "404.html" else 1
    )
    for fold in page.locator("article details:not(.guess-cover)").all():
        inside = fold.locator(":scope > :not(summary, span)").first
        assert not inside.is_visible()
        fold.locator("summary").first.click()
        assert inside.is_visible()
    assert not page.locator("article .dropdown:not(details)").count()


HIDDEN = """() => [...document.querySelectorAll('.guessed > :not(details)')]
  .filter(part => getComputedStyle(part).visibility === 'hidden').length"""


@every_page
def test_what_is_to_be_guessed_is_covered_until_a_reader_wants_it(
    browser, address, gettext, name
):
    with browser.new_context(viewport=VIEWS["phone"]["viewport"]) as context:
        page = context.new_page()
        page.goto(address + name)
        covered = page.locator(".guessed").count()
        assert bool(covered) == bool(page.locator(".guess").count())
        if not covered:
            return
        assert page.evaluate(HIDDEN) >= covered
        for cover in page.locator(".guess-cover > summary").all():
            text, box = cover.locator(".guess-closed"), cover.bounding_box()
            assert text.bounding_box()["width"] < box["width"]
            assert box["height"] >= 24
        page.emulate_media(media="print")
        assert page.evaluate(HIDDEN) == 0
        page.emulate_media(media="screen")
        # A guess each, by one press of a key.
        for box in page.locator(".guess:has(.guess-choice)").all():
            box.locator("summary").first.press("Enter")
        for cover in page.locator(".guess-cover:not([open]) > summary").all():
            cover.press("Enter")
        assert page.evaluate(HIDDEN) == 0
        assert page.locator(".guess-result:empty").count() == 0
        wrong = page.locator(".guess-review li:visible").count()
        text = gettext("Guessed wrong")
        assert wrong == page.get_by_text(text, exact=True).count()


def test_whole_page_by_keyboard(visit):
    page = visit(PAGES[1], "light").page
    stops = []
    for _ in range(60):
        page.keyboard.press("Tab")
        stop = page.evaluate(
            """() => {
              const {activeElement: at} = document;
              const style = getComputedStyle(at);
              const seen = style.outlineStyle !== 'none' ||
                style.boxShadow !== 'none' || at.matches('body');
              const text = at.getAttribute('aria-label') || at.title ||
                at.textContent.trim() || at.placeholder || '';
              const place = at.parentElement?.className;
              return [`${place} ${at.className}`, text, seen];
            }"""
        )
        stops.append(stop)
    names = [name for name, _, _ in stops]
    assert "skip-link" in names[0]
    for wanted in ("search", "primary-toggle", "theme-switch-button"):
        assert any(wanted in name for name in names), wanted
    assert [name for name, text, _ in stops if not text] == []
    assert [name for name, _, seen in stops if not seen] == []


def test_dark_switch_is_remembered(browser, address):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(address)
    root = page.locator("html")
    assert root.get_attribute("data-theme") == "light"
    button = page.locator(".theme-switch-button:visible").first
    for _ in range(3):
        if root.get_attribute("data-theme") == "dark":
            break
        button.click()
    assert root.get_attribute("data-theme") == "dark"
    page.reload()
    assert root.get_attribute("data-theme") == "dark"
    page.goto(address + PAGES[1])
    assert root.get_attribute("data-theme") == "dark"
    context.close()


def place(page, text):
    """Return where a heading is in the window, when nothing moves."""
    find = (
        "text => [...document.querySelectorAll('h2, h3')]"
        ".find(heading => heading.textContent.includes(text))"
        ".getBoundingClientRect().top"
    )
    before = None
    while (now := page.evaluate(find, text)) != before:
        before = now
        page.wait_for_timeout(300)
    return now


@pytest.mark.parametrize("view", ["light", "phone"])
@pytest.mark.parametrize("name", PAGES[2:4])
def test_a_page_that_comes_back_shows_the_same(visit, name, view):
    page = visit(name, view).page
    titles = page.locator("article h2").all_text_contents()
    text = titles[len(titles) // 2].rstrip("#")
    # As one reads: from the top, past sections that get their heights late.
    page.mouse.move(200, 400)
    for _ in range(200):
        if place(page, text) < 300:
            break
        page.mouse.wheel(0, 700)
    before = place(page, text)
    assert -700 < before < 300
    page.reload()
    assert abs(place(page, text) - before) < 3
    page.goto(page.url.replace(name, PAGES[0]))
    page.go_back()
    assert abs(place(page, text) - before) < 3
