"""What readers of this book look for, and find."""

from urllib.parse import urljoin

import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import expect

HITS = "main .search-hits a"

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


@pytest.fixture(scope="module")
def context(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context
    context.close()


@pytest.fixture
def page(context):
    page = context.new_page()
    page.set_default_timeout(10_000)
    yield page
    page.close()


def search(page, query):
    """Search on the search page; return the hits, best first."""
    return page.evaluate(SEARCH, [query])[0]


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
        ("反向传播", "autograd.html#sec-backward-by-hand"),
        ("use_svg_display", "calculus.html#sec-plotting"),
        ("use_svg_disp", "calculus.html#sec-plotting"),  # still typing
        ("plt.savefig", "getting_started.html#sec-plt-show"),
        ("y.backward()", "autograd.html#sec-backward-twice"),
        ("#@save", "calculus.html#sec-save-mark"),
        ("grad can be implicitly created", "autograd.html#sec-non-scalar"),
        ("pip install d2l", "getting_started.html#sec-install-troubles"),
        ("矩阵乘矩阵", "linear_algebra.html#sec-matrix-product"),
        ("x @ A @ x", "linear_algebra.html#sec-quadratic-form"),
        ("前向模式", "autograd.html#sec-two-modes"),
        ("怎么求梯度", "autograd.html#sec-backward"),  # a question
        ("过拟合", "generalization.html#sec-underfitting"),
        ("weight_decay", "generalization.html#sec-weight-decay"),
    ],
)
def test_what_readers_type_is_found(page, address, query, place):
    page.goto(f"{address}search.html")
    assert f"{address}chapters/{place}" in search(page, query)[:5]


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


def test_marks_have_no_spaces(page, address):
    page.goto(f"{address}search.html?q=切线")
    first = page.locator(HITS).first
    expect(first.locator("mark").first).to_have_text("切线")
    for text in page.locator(HITS).all_inner_texts():
        assert not set(text) & set("\ue000\ue001\ue002\u01c2\u01c3")
    search(page, "sum().backward")
    expect(page.locator(f"{HITS} mark").first).to_have_text("sum().backward")


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
