"""What a reader downloads to see a page, and whether it jumps about."""

from contextlib import contextmanager

import pytest

FIRST = "chapters/calculus.html"
WATCH_LAYOUT = """
globalThis.layoutShift = 0;
new PerformanceObserver(list => {
  for (const entry of list.getEntries())
    if (!entry.hadRecentInput) globalThis.layoutShift += entry.value;
}).observe({type: 'layout-shift', buffered: true});
"""


@contextmanager
def reader(browser, width=1280):
    """Open a window of someone who has never been here."""
    size = {"width": width, "height": 900}
    context = browser.new_context(locale="zh-CN", viewport=size)
    yield context.new_page()
    context.close()


def load(page, url):
    """Open a page; return the bytes that came over the network, by file."""
    client = page.context.new_cdp_session(page)
    files, sizes = {}, {}
    client.on(
        "Network.requestWillBeSent",
        lambda event: files.update(
            {event["requestId"]: event["request"]["url"]}
        ),
    )
    client.on(
        "Network.loadingFinished",
        lambda event: sizes.update(
            {files[event["requestId"]]: event["encodedDataLength"]}
        ),
    )
    client.send("Network.enable")
    page.goto(url, wait_until="networkidle")
    client.detach()
    return sizes


def heaviest(sizes):
    """List what weighs most, for whoever has to make it lighter."""
    return sorted(((size, url) for url, size in sizes.items()), reverse=True)


def test_first_page_is_light(browser, address):
    with reader(browser) as page:
        sizes = load(page, address + FIRST)
    assert sum(sizes.values()) <= 180_000, heaviest(sizes)


@pytest.mark.parametrize(
    "name", ["index", "chapters/getting_started", "chapters/glossary"]
)
def test_second_page_is_lighter(browser, address, name):
    with reader(browser) as page:
        load(page, address + FIRST)
        sizes = load(page, f"{address}{name}.html")
    assert sum(sizes.values()) <= 40_000, heaviest(sizes)


@pytest.mark.parametrize("name", ["autograd", "matrix_calculus"])
def test_second_page_with_many_formulas_is_its_text_alone(
    browser, address, name
):
    url = f"{address}chapters/{name}.html"
    with reader(browser) as page:
        load(page, address + FIRST)
        sizes = load(page, url)
    # With fonts that the first one had not, and pictures at its beginning:
    # how many of these are loaded ahead is up to the browser.
    others = (".svg", ".woff2")
    for name, size in sizes.items():
        assert not size or name == url or name.endswith(others), name
    own = [n for name, n in sizes.items() if not name.endswith(".svg")]
    assert sum(own) <= 85_000, heaviest(sizes)


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_jumps_while_a_page_loads(browser, address, width):
    with reader(browser, width) as page:
        page.add_init_script(WATCH_LAYOUT)
        page.goto(address + FIRST, wait_until="networkidle")
        page.evaluate("document.fonts.ready.then(() => {})")
        assert page.evaluate("layoutShift") < 0.02
