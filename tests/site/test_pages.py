"""Every page of the site, as browsers show it: no page is an exception."""

from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from bs4 import BeautifulSoup

from booktools.source.chapter import read_book
from tests.browser import VIEWS

BOOK = read_book(Path(__file__).parents[2])
# The site of the fixture `site`, for links that have to be absolute.
SITE = "https://a.github.io/b/"
PAGES = [
    *(f"{chapter.docname}.html" for chapter in BOOK.chapters),
    "search.html",
    "404.html",
]

every_page = pytest.mark.parametrize("name", PAGES)

SCROLL_THROUGH = """async () => {
  for (const fold of document.querySelectorAll('details')) fold.open = true;
  for (const fold of document.querySelectorAll('details')) fold.open = true;
  const broken = [];
  for (const image of document.images) {
    // What stands there for paper only would never load.
    if (!image.getClientRects().length) continue;
    image.scrollIntoView();
    await image.decode().catch(() => broken.push(image.src));
    if (!image.naturalWidth) broken.push(image.src);
  }
  return broken;
}"""

# TeX that was left as it is, outside of code; formulas that went wrong.
RAW_FORMULAS = r"""() => {
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const {data, parentElement} = texts.currentNode;
    if (parentElement.closest('pre, code, script, annotation')) continue;
    if (/\\[()[\]]|\$[^$]+\$/.test(data)) found.push(data.trim());
  }
  for (const formula of document.querySelectorAll('article .math'))
    if (!formula.querySelector('.katex')) found.push(formula.textContent);
  for (const error of document.querySelectorAll('.katex-error'))
    found.push(error.textContent);
  return found;
}"""

# The structure of a page is the same in every view; only its colours are
# others in the dark, and only its sizes on a phone.
WCAG = {
    "type": "tag",
    "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
}
AXE = {
    "light": {"runOnly": WCAG},
    "dark": {"runOnly": ["color-contrast", "link-in-text-block"]},
    "phone": {
        "runOnly": WCAG,
        "rules": {"color-contrast": {"enabled": False}},
    },
}
AXE_RUN = """async options => {
  for (const fold of document.querySelectorAll('details')) fold.open = true;
  // Time for scripts that look at what has been unfolded, and until what
  // fades in has its full colours.
  for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame);
  const ending = document.getAnimations().filter(
    animation => animation.effect.getComputedTiming().endTime < Infinity);
  await Promise.allSettled(ending.map(animation => animation.finished));
  const {violations} = await axe.run(
    document, {...options, resultTypes: ['violations']});
  return violations.flatMap(({id, nodes}) => nodes.map(
    node => `${id}: ${node.target} ${node.any[0]?.message ?? ''}`));
}"""

BROKEN_FONTS = """() => [...document.fonts].filter(
  font => font.status === 'error').map(font => font.family)"""

# What sticks out of the window and cannot be scrolled to within the page.
TOO_WIDE = """() => {
  for (const fold of document.querySelectorAll('details')) fold.open = true;
  const width = document.documentElement.clientWidth;
  const wide = [];
  const scroll = document.scrollingElement.scrollWidth;
  if (scroll > width) wide.push(`the page: ${scroll}`);
  const article = document.querySelector('article') ?? document.body;
  for (const element of article.querySelectorAll('*')) {
    const {left, right} = element.getBoundingClientRect();
    // What waits beyond the left edge, such as a side bar, is not seen.
    if (right <= 0 || (left > -1 && right < width + 1)) continue;
    let box = element.parentElement;
    while (box !== article && getComputedStyle(box).overflowX === 'visible')
      box = box.parentElement;
    if (box === article)
      wide.push(`${element.tagName}.${element.className}: ${right}`);
  }
  return wide;
}"""


def test_no_page_is_forgotten(site):
    files = (
        path.relative_to(site).as_posix() for path in site.rglob("*.html")
    )
    pages = {name for name in files if not name.startswith("_")}
    assert pages == set(PAGES)


@every_page
@pytest.mark.parametrize("view", ["light", "dark", "phone"])
def test_a_page(visit, axe, name, view):
    """Everything that is to be seen in one visit, for it takes long."""
    visit = visit(name, view)
    page = visit.page
    found = {"broken pictures": page.evaluate(SCROLL_THROUGH)}
    if view == "light":
        found["formulas that are none"] = page.evaluate(RAW_FORMULAS)
        found["broken fonts"] = page.evaluate(BROKEN_FONTS)
    if view == "phone":
        assert page.viewport_size["width"] == 390
        found["wider than a phone"] = page.evaluate(TOO_WIDE)
    if view == "dark" and name != "404.html":  # which has colours of its own
        assert page.locator("html").get_attribute("data-theme") == "dark"
    found["from elsewhere"] = [*visit.foreign]
    found["what the browser reports"] = [*visit.errors]
    page.evaluate(axe)
    # Of what does not show, axe does not see where it will be.
    page.add_style_tag(
        content="section { content-visibility: visible !important }"
    )
    found["who is shut out"] = page.evaluate(AXE_RUN, AXE[view])
    assert {what: list for what, list in found.items() if list} == {}


# One of each text that is drawn in one way, in all formulas of a page.
ONE_OF_EACH = r"""() => {
  const seen = new Set();
  for (const fold of document.querySelectorAll('details')) fold.open = true;
  for (const element of document.querySelectorAll('.katex-html *')) {
    const text = [...element.childNodes].filter(node => node.nodeType === 3)
      .map(node => node.data).join('').replace(/[\u200b\s]/g, '');
    const {fontFamily, fontWeight, fontStyle} = getComputedStyle(element);
    const key = [text, fontFamily, fontWeight, fontStyle].join();
    // Chinese is drawn with the font of the page.
    if (!text || /[\u3000-\uffef]/.test(text) || seen.has(key)) continue;
    seen.add(key);
    element.dataset.drawn = text;
  }
}"""


@pytest.mark.parametrize(
    "name", [f"{c.docname}.html" for c in BOOK.chapters if c.formulas]
)
def test_formulas_are_drawn_with_their_own_fonts(visit, name):
    """A font without a glyph would be replaced by one of the computer's."""
    page = visit(name, "light").page
    page.add_style_tag(
        content="section { content-visibility: visible !important }"
    )
    page.evaluate(ONE_OF_EACH)
    page.evaluate("document.fonts.ready.then(() => {})")
    client = page.context.new_cdp_session(page)
    client.send("DOM.enable")
    client.send("CSS.enable")
    root = client.send("DOM.getDocument", {"depth": 0})["root"]["nodeId"]
    query = {"nodeId": root, "selector": "[data-drawn]"}
    found = client.send("DOM.querySelectorAll", query)["nodeIds"]
    assert found
    foreign = [
        client.send("DOM.getOuterHTML", {"nodeId": node})["outerHTML"]
        for node in found
        for font in client.send(
            "CSS.getPlatformFontsForNode", {"nodeId": node}
        )["fonts"]
        if not font["isCustomFont"]
    ]
    assert foreign == []


@every_page
def test_without_javascript_a_page_can_be_read(visit, name):
    page = visit(name, "plain").page
    assert page.locator("h1:visible").count() == 1
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
    browser, address, name
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
        assert wrong == page.get_by_text("没猜对", exact=True).count()


def test_every_link_answers(site):
    soups = {
        name: BeautifulSoup((site / name).read_text("utf-8"), "html.parser")
        for name in PAGES
        if (site / name).exists()
    }
    anchors = {
        name: {""} | {tag["id"] for tag in soup.select("[id]")}
        for name, soup in soups.items()
    }
    dead = []
    for name, soup in soups.items():
        for tag in soup.select("[href], [src]"):
            link = urljoin(SITE + name, tag.get("href") or tag.get("src"))
            if not link.startswith(SITE):
                continue
            parts = urlsplit(link.removeprefix(SITE))
            target = unquote(parts.path) or "index.html"
            fragment = unquote(parts.fragment)
            if not (site / target).is_file() or (
                target in anchors and fragment not in anchors[target]
            ):
                dead.append(f"{name}: {link}")
    assert dead == []


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
