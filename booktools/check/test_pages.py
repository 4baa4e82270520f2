"""Every page as browsers show it: in light, in the dark, on a phone."""

from collections.abc import Callable

import pytest

from booktools.check.browser import Visit
from booktools.check.built import BuiltSite
from booktools.check.findings import Findings

Visitor = Callable[[str, str], Visit]

UNFOLD = """
  for (const fold of document.querySelectorAll('details')) fold.open = true;
"""

SCROLL_THROUGH = f"""async () => {{
  {UNFOLD} {UNFOLD}
  const broken = [];
  for (const image of document.images) {{
    // What stands there for paper only would never load.
    if (!image.getClientRects().length) continue;
    image.scrollIntoView();
    await image.decode().catch(() => broken.push(image.src));
    if (!image.naturalWidth) broken.push(image.src);
  }}
  return broken;
}}"""

# TeX that was left as it is, outside of code; formulas that went wrong.
RAW_FORMULAS = r"""() => {
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const {data, parentElement} = texts.currentNode;
    if (parentElement.closest('pre, code, script, annotation')) continue;
    for (const [text] of data.matchAll(/\\[()[\]].*|\$[^\s$][^$]*\$/g))
      found.push(text);
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
AXE_RUN = f"""async options => {{
  {UNFOLD}
  // Time for scripts that look at what has been unfolded, and until what
  // fades in has its full colours.
  for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame);
  const ending = document.getAnimations().filter(
    animation => animation.effect.getComputedTiming().endTime < Infinity);
  await Promise.allSettled(ending.map(animation => animation.finished));
  const {{violations}} = await axe.run(
    document, {{...options, resultTypes: ['violations']}});
  return violations.flatMap(({{id, help, nodes}}) => nodes.map(node => ({{
    id, help, place: node.target.join(' '),
    said: node.any[0]?.message ?? '', html: node.html}})));
}}"""

BROKEN_FONTS = """() => [...document.fonts].filter(
  font => font.status === 'error').map(font => font.family)"""

# What sticks out of the window and cannot be scrolled to within the page.
TOO_WIDE = f"""() => {{
  {UNFOLD}
  const width = document.documentElement.clientWidth;
  const wide = [];
  const article = document.querySelector('article') ?? document.body;
  for (const element of article.querySelectorAll('*')) {{
    const {{left, right}} = element.getBoundingClientRect();
    // What waits beyond the left edge, such as a side bar, is not seen.
    if (right <= 0 || (left > -1 && right < width + 1)) continue;
    let box = element.parentElement;
    while (box !== article && getComputedStyle(box).overflowX === 'visible')
      box = box.parentElement;
    if (box === article) wide.push({{
      name: element.tagName.toLowerCase(), right: Math.round(right),
      text: element.textContent.trim().slice(0, 60)}});
  }}
  const scroll = document.scrollingElement.scrollWidth;
  if (scroll > width && !wide.length)
    wide.push({{name: 'page', right: scroll, text: ''}});
  return wide;
}}"""

SHOWN = "section { content-visibility: visible !important }"


@pytest.mark.parametrize("view", ["light", "dark", "phone"])
def test_page(
    site: BuiltSite,
    visit: Visitor,
    axe: str,
    findings: Findings,
    page: str,
    view: str,
) -> None:
    """Look at all that is to be seen in one visit, for it takes long."""
    opened = visit(page, view)
    window = opened.page
    for address in window.evaluate(SCROLL_THROUGH):
        what = f"the picture {address} cannot be shown"
        hint = "is the file there, and a picture? correct its name"
        findings.add(page, "broken-picture", what, hint, _name(address))
    if view == "light" and site.has("formulas"):
        _formulas_and_fonts(opened, findings, page)
    if view == "phone":
        for part in window.evaluate(TOO_WIDE)[:1]:
            what = "on a phone, {name} {text!r} sticks out of the page".format(
                **part
            )
            hint = "break the line, or make it narrower"
            findings.add(page, "too-wide", what, hint, part["text"][:20])
    # Without a policy, the author wants to load something.
    for address in opened.foreign if site.has("csp") else ():
        what = f"the page loads {address}, from elsewhere"
        hint = "put the file into the book"
        findings.add(page, "from-elsewhere", what, hint, address)
    for message in opened.errors:
        what = f"the browser reports: {message}"
        hint = "open the page; the browser's console (F12) says more"
        findings.add(page, "browser-error", what, hint, _name(message))
    window.evaluate(axe)
    # Of what does not show, axe does not see where it will be.
    window.add_style_tag(content=SHOWN)
    for fault in window.evaluate(AXE_RUN, AXE[view]):
        what = "{help}: {place} {said}".format(**fault)
        hint = f"search the web for: axe {fault['id']}"
        findings.add(page, "accessibility", what, hint, fault["html"])


def _formulas_and_fonts(opened: Visit, findings: Findings, page: str) -> None:
    for text in opened.page.evaluate(RAW_FORMULAS):
        what = f"a formula is not drawn: {text[:80]}"
        hint = "correct it; a dollar sign that begins none is written \\$"
        findings.add(page, "raw-formula", what, hint, text)
    for name in opened.page.evaluate(BROKEN_FONTS):
        what = f"the font {name} cannot be loaded"
        hint = "build the book anew: remove _build, then build it"
        findings.add(page, "broken-font", what, hint)


# One of each text that is drawn in one way, in all formulas of a page.
ONE_OF_EACH = r"""() => {
  const seen = new Set();
  for (const fold of document.querySelectorAll('details')) fold.open = true;
  for (const element of document.querySelectorAll('.katex-html *')) {
    const text = [...element.childNodes].filter(node => node.nodeType === 3)
      .map(node => node.data).join('').replace(/[\u200b\s]/g, '');
    const {fontFamily, fontWeight, fontStyle} = getComputedStyle(element);
    const key = [text, fontFamily, fontWeight, fontStyle].join();
    // Other scripts, such as Chinese, are drawn with the font of the page.
    if (!text || /[\u0400-\u1fff\u3000-\uffef]/.test(text) || seen.has(key))
      continue;
    seen.add(key);
    element.dataset.drawn = text;
  }
}"""


def test_fonts_of_formulas(
    site: BuiltSite, visit: Visitor, findings: Findings, page: str
) -> None:
    """Find letters without a glyph: each computer draws another one."""
    if not site.soup(page).select_one(".katex-html"):
        return
    window = visit(page, "light").page
    window.add_style_tag(content=SHOWN)
    window.evaluate(ONE_OF_EACH)
    window.evaluate("document.fonts.ready.then(() => {})")
    client = window.context.new_cdp_session(window)
    client.send("DOM.enable")
    client.send("CSS.enable")
    root = client.send("DOM.getDocument", {"depth": 0})["root"]["nodeId"]
    query = {"nodeId": root, "selector": "[data-drawn]"}
    for node in client.send("DOM.querySelectorAll", query)["nodeIds"]:
        asked = {"nodeId": node}
        fonts = client.send("CSS.getPlatformFontsForNode", asked)["fonts"]
        if all(font["isCustomFont"] for font in fonts):
            continue
        attributes = client.send("DOM.getAttributes", asked)["attributes"]
        text = attributes[attributes.index("data-drawn") + 1]
        what = f"no font of formulas has {text!r}"
        hint = "write it in TeX, or outside of the formula"
        findings.add(page, "formula-font", what, hint, text)


def test_without_javascript(
    visit: Visitor, findings: Findings, page: str
) -> None:
    """Find what only a script would show."""
    window = visit(page, "plain").page
    number = window.locator("h1:visible").count()
    # 404.html has a text in each language; a script shows one of them.
    if number != window.locator("main:visible").count():
        what = f"without JavaScript the page has {number} titles, not one"
        hint = "begin it with one heading: # TITLE"
        findings.add(page, "one-title", what, hint)
    if window.locator("article .dropdown:not(details)").count():
        what = "without JavaScript, something stays folded"
        hint = "fold it with :class: dropdown, or take that off"
        findings.add(page, "stays-folded", what, hint, ":class: dropdown")


def _name(address: str) -> str:
    """Return the name of a file, as its source may have it."""
    return address.rpartition("/")[2].partition("?")[0]
