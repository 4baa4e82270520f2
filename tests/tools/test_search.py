"""Search: what readers type, in a real browser; the index, in real builds."""

import shutil
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urljoin

import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import expect

from booktools.render.browser import open_chromium

HITS = "main .search-hits a"


class Files(SimpleHTTPRequestHandler):
    """Serves a folder under a path, as GitHub Pages would."""

    def translate_path(self, path):
        inside = path.startswith("/a/b/")
        return super().translate_path(path[4:] if inside else "/none")

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def address(site):
    handler = partial(Files, directory=site)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/a/b/"
        server.shutdown()


@pytest.fixture(scope="module")
def browser():
    with open_chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def context(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.route(
        lambda url: not url.startswith(("http://127.0.0.1", "file:")),
        lambda route: route.abort(),
    )
    yield context
    context.close()


@pytest.fixture
def page(context):
    page = context.new_page()
    page.set_default_timeout(10_000)
    yield page
    page.close()


# Types, presses Enter, and waits for the answer, many times in one go.
SEARCH = """async (queries) => {
    const form = document.querySelector("main .bd-search");
    const status = document.querySelector("main .search-status");
    const answers = [];
    for (const query of queries) {
        status.textContent = "";
        form.querySelector("input").value = query;
        const answered = new Promise((resolve) => new MutationObserver(
            (_, observer) => { observer.disconnect(); setTimeout(resolve); }
        ).observe(status, {childList: true}));
        form.requestSubmit();
        await answered;
        const links = document.querySelectorAll("main .search-hits a");
        answers.push([...links].map((link) => link.href));
    }
    return answers;
}"""


def search(page, query):
    """Search on the search page; return the hits, best first."""
    return page.evaluate(SEARCH, [query])[0]


@pytest.mark.this_book
def test_every_term_is_found(site, page, address):
    glossary = f"{address}chapters/glossary.html"
    html = (site / "chapters" / "glossary.html").read_text("utf-8")
    page.goto(f"{address}search.html")
    soup = BeautifulSoup(html, "html.parser")
    rights, terms = [], []
    for entry in soup.select("dl.glossary > dd"):
        names = [entry.find_previous_sibling()]
        while (
            term := names[-1].find_previous_sibling()
        ) and term.name == "dt":
            names.append(term)
        links = [link["href"] for link in entry.select("a.reference")]
        for name in names:
            terms.append(name.find(string=True).strip())
            rights.append(
                (
                    f"{glossary}#{names[-1]['id']}",
                    {urljoin(glossary, link) for link in links},
                )
            )
    answers = page.evaluate(SEARCH, terms)
    missed, explained = [], 0
    for name, (entry, right), hits in zip(terms, rights, answers, strict=True):
        explained += bool(right & set(hits[:3]))
        if not (right | {entry}) & set(hits[:3]):
            missed.append(name)
    assert len(terms) > 150
    assert missed == []
    # A section that explains it, even without the entry.
    assert explained >= 0.9 * len(terms)


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("差商接近哪个数", "calculus.html#sec-why-not-zero"),  # mid-sentence
        ("雅可比", "matrix_calculus.html#sec-jacobian"),
        ("h 越小差商越准", "calculus.html#sec-rounding"),  # with a formula
        ("反向传播", "autograd.html#sec-vjp"),
        ("use_svg_display", "calculus.html#sec-plotting"),
        ("use_svg_disp", "calculus.html#sec-plotting"),  # still typing
        ("plt.plot", "autograd.html#ex-autograd-errors"),
        ("y.backward()", "autograd.html#sec-backward-twice"),
        ("#@save", "calculus.html#sec-save-mark"),
        ("grad can be implicitly created", "autograd.html#sec-non-scalar"),
        ("pip install d2l", "getting_started.html#sec-install-troubles"),
        ("怎么求梯度", "autograd.html#sec-backward"),  # a question
    ],
)
@pytest.mark.this_book
def test_what_readers_type_is_found(page, address, query, place):
    page.goto(f"{address}search.html")
    assert f"{address}chapters/{place}" in search(page, query)[:5]


@pytest.mark.this_book
def test_hits_lead_to_places_that_exist(site, page, address):
    page.goto(f"{address}search.html")
    hits = [
        hit
        for q in ("导数", "RuntimeError", "解答")
        for hit in search(page, q)
    ]
    assert len(hits) > 80
    for hit in hits:
        name, _, anchor = hit.removeprefix(address).partition("#")
        html = (site / name).read_text("utf-8")
        assert f'id="{anchor.partition(":~:")[0]}"' in html


@pytest.mark.this_book
def test_only_what_has_the_word_is_a_hit(page, address):
    page.goto(f"{address}search.html")
    status = page.locator("main .search-status")
    # Pagefind by itself would take both for words that they begin with.
    for query in ("subgradientx", "qqqq", "？"):
        assert search(page, query) == []
        expect(status).to_contain_text(f"没有找到“{query}”")
    # Not the two characters far apart.
    search(page, "链式法则")
    for excerpt in page.locator(f"{HITS}").all_inner_texts():
        assert "链式法则" in excerpt


@pytest.mark.this_book
def test_marks_have_no_spaces(page, address):
    page.goto(f"{address}search.html?q=切线")
    first = page.locator(HITS).first
    expect(first.locator("mark").first).to_have_text("切线")
    for text in page.locator(HITS).all_inner_texts():
        assert not set(text) & set("\ue000\ue001\ue002\u01c2\u01c3")
    search(page, "sum().backward")
    expect(page.locator(f"{HITS} mark").first).to_have_text("sum().backward")


@pytest.mark.this_book
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
    page.keyboard.press("Enter")
    page.wait_for_url("**/chapters/calculus.html#sec-tangent")
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


@pytest.mark.this_book
def test_says_why_it_cannot_search(site, browser, page, address):
    page.goto((site / "chapters" / "calculus.html").as_uri())
    page.keyboard.press("Control+k")
    status = page.locator("#pst-search-dialog .search-status")
    expect(status).to_contain_text("python -m http.server")
    context = browser.new_context(java_script_enabled=False)
    without = context.new_page()
    without.goto(f"{address}search.html")
    expect(without.locator("main p").first).to_contain_text("JavaScript")
    expect(without.locator("main form")).to_be_hidden()
    context.close()


@pytest.mark.this_book
def test_only_articles_are_indexed(site):
    places = site.parent / ".doctrees" / "search"
    texts = [path.read_text("utf-8") for path in places.rglob("*.html")]
    assert len(texts) > 250
    assert not (places / "genindex").exists()
    for text in texts:
        assert "sp.symbols" not in text  # of a check
        assert r"\frac" not in text
    assert not (site / "searchindex.js").exists()
    assert not [*site.rglob("searchtools.js"), *site.rglob("language_data.js")]
    for path in site.rglob("*.html"):
        assert "searchtools" not in path.read_text("utf-8")


def test_index_is_made_when_a_text_changes(new_book):
    config = "title: Small\nexecute: {execute_notebooks: cache}\n"
    config += "sphinx: {local_extensions: {booktools.sphinxext: .}}\n"
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
