"""What a reader downloads to see a page, and whether it jumps about."""

from contextlib import contextmanager

import pytest

from booktools.check.browser import load
from booktools.check.test_weight import WATCH_LAYOUT
from booktools.source.chapter import read_book
from tests.books import ROOT

CHAPTERS = {f"{c.docname}.html": c for c in read_book(ROOT).chapters}
# Where a reader begins who then goes on to any other page.
WITH_CODE = [name for name, chapter in CHAPTERS.items() if chapter.cells]
FIRST = (WITH_CODE[:2] or [*CHAPTERS])[-1]
# From so many formulas on, it is they that weigh.
MANY, MOST = 150, 600


@contextmanager
def reader(browser, width=1280):
    """Open a window of someone who has never been here."""
    size = {"width": width, "height": 900}
    context = browser.new_context(viewport=size)
    yield context.new_page()
    context.close()


def heaviest(sizes):
    """List what weighs most, for whoever has to make it lighter."""
    return sorted(((size, url) for url, size in sizes.items()), reverse=True)


@pytest.mark.parametrize("name", CHAPTERS)
def test_first_page_is_light(browser, address, name):
    with reader(browser) as page:
        sizes = load(page, address + name)
    limit = 150_000 if name == FIRST else 193_000
    assert sum(sizes.values()) <= limit, heaviest(sizes)


@pytest.mark.parametrize("name", [n for n in CHAPTERS if n != FIRST])
def test_second_page_is_lighter(browser, address, name):
    url = address + name
    with reader(browser) as page:
        load(page, address + FIRST)
        before = page.content()
        sizes = load(page, url)
        formulas = page.locator(".math").count()
    # With fonts that the first one had not, and pictures at its beginning:
    # how many of these are loaded ahead is up to the browser.  A script comes
    # only if the first one did not need it.
    others = (".svg", ".woff2")
    for file, size in sizes.items():
        script = ".js" in file and file.rpartition("/")[2] not in before
        assert not size or file == url or file.endswith(others) or script, file
    own = [n for file, n in sizes.items() if not file.endswith(".svg")]
    limit = 105_000 if formulas >= MOST else 90_000
    assert sum(own) <= limit, heaviest(sizes)
    if formulas < MANY:
        assert sum(sizes.values()) <= 43_000, heaviest(sizes)


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_jumps_while_a_page_loads(browser, address, width):
    with reader(browser, width) as page:
        page.add_init_script(WATCH_LAYOUT)
        page.goto(address + FIRST, wait_until="networkidle")
        page.evaluate("document.fonts.ready.then(() => {})")
        assert page.evaluate("layoutShift") < 0.02
