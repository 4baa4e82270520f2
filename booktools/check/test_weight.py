"""What a reader downloads to see a page, and whether it jumps about."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser

from booktools.check.browser import VIEWS, load
from booktools.check.built import BuiltSite
from booktools.check.findings import Findings

# From here on, say those who measure such things, a page is unpleasant.
MOST_SHIFT = 0.1
WATCH_LAYOUT = """
globalThis.layoutShift = 0;
new PerformanceObserver(list => {
  for (const entry of list.getEntries())
    if (!entry.hadRecentInput) globalThis.layoutShift += entry.value;
}).observe({type: 'layout-shift', buffered: true});
"""


def test_weight(
    browser: Browser,
    address: str,
    heaviest: int,
    findings: Findings,
    page: str,
) -> None:
    """Weigh a page, for somebody who has never been here."""
    with browser.new_context(**VIEWS["light"]) as context:
        sizes = load(context.new_page(), address + page)
    total = sum(sizes.values()) // 1000
    if total > heaviest:
        parts = sorted(((n, url) for url, n in sizes.items()), reverse=True)
        names = [urlsplit(url).path.removeprefix("/a/b/") for _, url in parts]
        told = [
            f"{name} ({size // 1000:,} KB)"
            for name, (size, _) in zip(names[:3], parts, strict=False)
        ]
        what = f"the page weighs {total:,} KB: {', '.join(told)}"
        hint = f"make it lighter, or allow more: check --heaviest={total + 1}"
        near = [name.rpartition("/")[2] for name in names[:3]]
        findings.add(page, "heavy-page", what, hint, *near)


@pytest.mark.parametrize("view", ["light", "phone"])
def test_nothing_jumps(
    site: BuiltSite,
    browser: Browser,
    address: str,
    findings: Findings,
    view: str,
    page: str,
) -> None:
    """Measure how far a page moves while it loads."""
    if page not in [*site.chapters][:2]:
        return  # what they have in common jumps everywhere
    with browser.new_context(**VIEWS[view]) as context:
        window = context.new_page()
        window.add_init_script(WATCH_LAYOUT)
        window.goto(address + page, wait_until="networkidle")
        window.evaluate("document.fonts.ready.then(() => {})")
        shift = window.evaluate("layoutShift")
    if shift > MOST_SHIFT:
        what = f"the page jumps while it loads ({shift:.2f}, on a {view})"
        hint = "give pictures in HTML their width and height"
        findings.add(page, "jumps", what, hint, "<img")
