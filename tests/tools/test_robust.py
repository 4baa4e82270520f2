"""No script dies, whatever the address, the storage, or the way to a page."""

import pytest

from booktools.check.browser import complains

CHAPTER = "chapters/calculus.html"
KEY = "progress of /a/b/"

DENIED = """for (const name of ["localStorage", "sessionStorage"]) {
  Object.defineProperty(window, name, {
    configurable: true,
    get() { throw new DOMException("access is denied", "SecurityError"); },
  });
}"""
# As in a WebView whose app has not turned it on.
MISSING = """for (const name of ["localStorage", "sessionStorage"]) {
  Object.defineProperty(window, name, {configurable: true, value: null});
}"""
# Halves what is tried, until not one character more fits.
FULL = """for (const storage of [localStorage, sessionStorage]) {
  for (let size = 1 << 22; size >= 1; ) {
    try { storage.setItem(`full ${storage.length}`, "x".repeat(size)); }
    catch { size /= 2; }
  }
}"""
STORED = """text => {
  for (const storage of [localStorage, sessionStorage]) {
    for (const name of [
        "mode", "theme", "sidebar-scroll-top", "progress of /a/b/"]) {
      storage.setItem(name, text);
    }
  }
}"""
LAST = '{"read": [], "last": {"name": "chapters/calculus", %s}}'
CORRUPT = [
    "no JSON",
    "null",
    "[]",
    "7",
    '"text"',
    '{"read": 1}',
    '{"read": "chapters/calculus", "last": []}',
    '{"read": [null, {}, 7, [[]], "http://[", "//x", "constructor"]}',
    '{"read": {"length": 3}, "last": {"name": "__proto__"}}',
    LAST % '"title": null, "hash": 1',
    LAST % '"title": {}, "hash": "#x"',
    LAST % '"title": "x", "hash": "javascript:alert(1)"',
    LAST % f'"title": "{"x" * 1_000_000}", "hash": "#x"',
    "[" * 100_000,
    "<img src=x onerror=alert(1)>",
]
ADDRESSES = [
    "#%",
    "#%E0%A4%A",
    "#constructor",
    "#__proto__",
    "#javascript:alert(1)",
    '#"]<img src=x onerror=alert(1)>',
    "#:~:text=%",
    "#" + "x" * 100_000,
    "?q=%&highlight=%E0%A4%A&tab=__proto__#%ZZ",
    "?" + "x=%&" * 1_000,
]
QUERIES = [
    "%",
    "%E0%A4%A",
    "(",
    "[",
    "\\",
    "constructor",
    "__proto__",
    "%00",
    "<img src=x onerror=alert(1)>",
    "%F0%9F%A4%94",
    "x" * 6_000,
    "%E5%AF%BC%E6%95%B0" * 600,
]


class Reader:
    """Somebody who uses what a page offers, and sees what goes wrong."""

    def __init__(self, context, address):
        self.address = address
        self.page = context.new_page()
        self.page.set_default_timeout(10_000)
        self.errors = []
        self.page.on("pageerror", lambda e: self.errors.append(str(e)))
        self.page.on("console", self._hear)
        self.page.on("dialog", lambda dialog: dialog.accept())

    def _hear(self, message):
        if complains(message):
            self.errors.append(message.text)

    def open(self, name):
        # For another fragment alone nothing would be loaded.
        self.page.goto("about:blank")
        self.page.goto(self.address + name)

    def use_all(self, name, *, remembered=True):
        """Open a chapter, and use whatever a script does there."""
        page = self.page
        self.open(name)
        root = page.locator("html")
        seen = [root.get_attribute("data-mode")]
        for _ in range(3):
            page.locator(".theme-switch-button:visible").first.click()
            seen.append(root.get_attribute("data-mode"))
        assert set(seen) == {"auto", "light", "dark"}
        assert seen[0] == seen[3]

        fold = page.locator("details.fold:not([open])").first
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.locator("details.fold:not([open])").count() == 0
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        fold.locator("summary").click()

        page.locator(".reading-mark").click()
        assert page.locator(".reading-mark").inner_text() == "✓ 已读"
        line = page.locator(".bd-sidebar-primary .reading-progress")
        assert line.inner_text().startswith("进度 1/4")
        page.locator(".reading-mark").click()

        sign = page.locator("#sec-gradient > h2 .headerlink")
        page.locator("#sec-gradient > h2").hover()
        sign.click()
        page.get_by_role("button", name="复制链接").click()
        page.locator(".section-menu [role=status]", has_text="复制").wait_for()
        page.keyboard.press("Escape")

        page.keyboard.press("Control+k")
        page.keyboard.type("切线")
        status = page.locator("#pst-search-dialog .search-status")
        status.filter(has_text="找到" if remembered else "http").wait_for()
        page.keyboard.press("Escape")
        assert self.errors == []


@pytest.fixture
def reader(browser, address):
    context = browser.new_context(
        locale="zh-CN", viewport={"width": 1280, "height": 900}
    )
    yield Reader(context, address)
    context.close()


@pytest.mark.parametrize("script", [DENIED, MISSING], ids=["no", "none"])
def test_without_storage_all_works(reader, script):
    reader.page.add_init_script(script)
    reader.use_all(CHAPTER)
    reader.open("")
    assert reader.errors == []


def test_with_full_storage_all_works(reader):
    reader.open("404.html")  # the one page without a script
    reader.page.evaluate(FULL)
    reader.use_all(CHAPTER)
    reader.page.evaluate("localStorage.clear(); sessionStorage.clear()")
    # Also when it becomes full while a page is open.
    reader.open(CHAPTER)
    other = reader.page.context.new_page()
    other.goto(reader.address + "404.html")
    other.evaluate(FULL)
    reader.page.locator(".reading-mark").click()
    assert reader.page.locator(".reading-mark").inner_text() == "✓ 已读"
    reader.open("")
    assert reader.errors == []


def test_storage_is_as_browsers_have_it(reader):
    reader.open("")
    assert reader.page.evaluate(
        """() => {
          localStorage.clear();
          localStorage.a = 1;
          localStorage.setItem("b", 2);
          const all = [localStorage.length, localStorage.key(0),
            localStorage.a, localStorage.getItem("b"), localStorage.c,
            localStorage.getItem("c"), "a" in localStorage,
            Object.keys(localStorage).sort().join()];
          localStorage.removeItem("a");
          delete localStorage.b;
          return [...all, localStorage.length];
        }"""
    ) == [2, "a", "1", "2", None, None, True, "a,b", 0]


def test_whatever_is_stored_all_works(reader):
    for text in CORRUPT:
        reader.open("404.html")
        reader.page.evaluate(STORED, text)
        reader.open("")
        proceed = reader.page.locator(".reading-continue")
        assert proceed.is_hidden(), text[:80]
        mode = reader.page.locator("html").get_attribute("data-theme")
        assert mode in ("light", "dark"), text[:80]
        reader.open(CHAPTER)
        line = reader.page.locator(".bd-sidebar-primary .reading-progress")
        assert line.inner_text().startswith("进度 0/4"), text[:80]
        assert reader.errors == [], text[:80]
    reader.use_all(CHAPTER)


def test_at_whatever_address_all_works(reader):
    for end in ADDRESSES:
        reader.open(CHAPTER + end)
        reader.page.evaluate("dispatchEvent(new Event('beforeprint'))")
        closed = reader.page.locator("details.fold:not([open])")
        assert closed.count() == 0, end[:80]
        assert reader.errors == [], end[:80]
    reader.use_all(CHAPTER + "#%")


def test_for_whatever_query_search_answers(reader):
    for query in QUERIES:
        reader.open(f"search.html?q={query}#%")
        status = reader.page.locator("main .search-status:not(:empty)")
        status.wait_for()
        assert "没能装入" not in status.inner_text(), query[:80]
        assert len(status.inner_text()) < 300
        assert reader.errors == [], query[:80]


def test_from_a_folder_all_works(browser, course):
    context = browser.new_context(
        locale="zh-CN", viewport={"width": 1280, "height": 900}
    )
    reader = Reader(context, f"{course.html.as_uri()}/")
    for page in ("index.html", "search.html?q=%", "404.html", "genindex.html"):
        reader.open(page)
        reader.page.wait_for_load_state("networkidle")
        assert reader.errors == [], page
    reader.use_all(CHAPTER, remembered=False)
    fonts = "[...document.fonts].filter(font => font.status === 'error')"
    assert reader.page.evaluate(f"{fonts}.length") == 0
    # What a browser does not allow there is said.
    sign = reader.page.locator("#sec-gradient > h2 .headerlink")
    reader.page.locator("#sec-gradient > h2").hover()
    sign.click()
    reader.page.get_by_role("button", name="复制为 Markdown").click()
    reader.page.get_by_text("直接打开的网页读不到原文").wait_for()
    assert reader.errors == []
    context.close()
