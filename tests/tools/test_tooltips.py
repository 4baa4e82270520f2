"""What a link leads to is shown beside it; a long list can be filtered."""

import pytest

from booktools.check.browser import VIEWS, Visit, serve
from booktools.sphinxext.filters import MANY
from tests.books import Book, write_book

CONFIG = """\
title: A small book
execute: {execute_notebooks: cache}
parse: {myst_enable_extensions: [deflist, dollarmath]}
sphinx:
  extra_extensions: [booktools.sphinxext]
  config: {language: zh_CN, numfig: true}
"""
MATTER = """\
---
file_format: mystnb
kernelspec: {name: python3, display_name: Python 3}
---
(sec-a)=
# Links

"""
HERE = f"""\
{MATTER}A {{term}}`limit`, {{eq}}`eq-square`, {{numref}}`fig-red`.
{{ref}}`sec-b`.
Covered: {{numref}}`fig-blue`. [By hand](#eq-square)

$$
a^2 = aa
$$ (eq-square)

```{{check}} eq-square
assert 2**2 == 4
```

```{{figure}} red.svg
:name: fig-red
:alt: A red square.

A red square.
```

```{{guess}}
Which colour?
```

```{{code-cell}}
:mystnb: {{figure: {{name: fig-blue, caption: Blue.}}, image: {{alt: Blue.}}}}
from IPython.display import SVG
SVG('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
```
"""
THERE = f"""\
{MATTER.replace("sec-a", "sec-b")}{{eq}}`eq-square`, {{numref}}`fig-red`,
{{numref}}`fig-blue`
"""
PARAMETERS = "\n".join(
    f"    p{n} : int\n        What it is." for n in range(MANY)
)
SAVED = f"""\
{MATTER.replace("sec-a", "sec-c")}```{{code-cell}}
def f(*parameters):  #@save
    \"\"\"Do nothing.

    Parameters
    ----------
{PARAMETERS}
    \"\"\"
```
"""
SQUARE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20">'
    '<rect width="20" height="20" fill="red"/></svg>'
)
MESSAGES = "\n".join(
    f"`ValueError: number {n} is too … for …`\n: Reason {n}.\n"
    for n in range(MANY // 2)
)
TERMS = "\n".join(
    f"term {n}\nother {n}\n  What it is.\n" for n in range(MANY // 2)
)
LIST = f"""\
(sec-list)=
# A list

(sec-messages)=
## Messages

{MESSAGES}
(sec-terms)=
## Terms

```{{glossary}}
limit
Grenzwert
  What a row of numbers comes close to. See {{ref}}`sec-messages`.

{TERMS}
```
"""


@pytest.fixture(scope="module")
def small_site(builder, tmp_path_factory):
    root = tmp_path_factory.mktemp("links") / "book"
    files = {
        "_config.yml": CONFIG,
        "chapters/a.md": HERE,
        "chapters/b.md": THERE,
        "chapters/c.md": SAVED,
        "chapters/list.md": LIST,
        "chapters/names.md": "# Names\n\n```{saved-names}\n```\n",
        "chapters/red.svg": SQUARE,
    }
    write_book(root, files)
    book = Book(root, builder)
    book.extract()
    book.succeed()
    return book.html


@pytest.fixture(scope="module")
def small(small_site):
    with serve(small_site) as address:
        yield address


@pytest.fixture
def opened(browser, small):
    contexts = []

    def open_page(name, view="light"):
        context = browser.new_context(locale="zh-CN", **VIEWS[view])
        contexts.append(context)
        visit = Visit(context.new_page(), small)
        visit.page.goto(small + name)
        visits.append(visit)
        return visit.page

    visits = []
    yield open_page
    for visit in visits:
        assert visit.errors == []
        assert visit.foreign == []
    for context in contexts:
        context.close()


def test_of_a_folder_only_the_same_page_is_read(browser, small_site):
    context = browser.new_context(locale="zh-CN")
    page = context.new_page()
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.goto((small_site / "chapters" / "a.html").as_uri())
    before = len(said)
    page.locator("article a.internal", has_text="limit").first.hover()
    page.wait_for_timeout(600)
    assert box(page).is_hidden()
    page.locator("article a.internal", has_text="(1)").first.hover()
    box(page).wait_for()
    assert said[before:] == []
    context.close()


def test_a_page_that_could_not_be_read_is_asked_for_again(browser, small):
    context = browser.new_context(locale="zh-CN")
    page = context.new_page()
    page.goto(small + "chapters/a.html")
    page.route("**/list.html", lambda route: route.abort())
    link = page.locator("article a.internal", has_text="limit").first
    link.hover()
    page.wait_for_timeout(600)
    assert box(page).is_hidden()
    page.unroute("**/list.html")
    page.mouse.move(1200, 700)
    page.wait_for_timeout(500)
    link.hover()
    box(page).wait_for()
    # From here, a link of that page leads where it led from there.
    inner = box(page).locator("dd a").evaluate("link => link.href")
    assert inner == small + "chapters/list.html#sec-messages"
    context.close()


def box(page):
    return page.get_by_role("tooltip")


@pytest.mark.parametrize(
    ("page", "link", "text"),
    [
        ("a", "limit", "Grenzwert"),
        ("a", "limit", "comes close to"),
        ("a", "(1)", "a^2"),
        ("a", "图 1", "A red square."),
        ("b", "(1)", "a^2"),
        ("b", "图 1", "A red square."),
    ],
)
def test_what_a_link_leads_to_is_shown(opened, page, link, text):
    page = opened(f"chapters/{page}.html")
    link = page.locator("article a.internal", has_text=link).first
    link.hover()
    box(page).wait_for()
    assert text in box(page).text_content()
    assert box(page).locator("[id]").count() == 0
    for image in box(page).locator("img").all():
        image.evaluate("image => image.decode()")
    # It stays while it is pointed at, and goes when it is not.
    box(page).hover()
    page.wait_for_timeout(500)
    assert box(page).is_visible()
    page.mouse.move(1200, 880)
    box(page).wait_for(state="hidden")


def test_the_keyboard_shows_it_and_puts_it_away(opened):
    page = opened("chapters/a.html")
    link = page.locator("article a.internal", has_text="limit").first
    page.keyboard.press("Tab")
    link.focus()
    box(page).wait_for()
    assert link.get_attribute("aria-describedby") == "tooltip-of-link"
    page.keyboard.press("Escape")
    assert box(page).is_hidden()
    assert link.get_attribute("aria-describedby") is None
    page.keyboard.press("Tab")
    box(page).wait_for()
    assert "a^2" in box(page).text_content()
    page.keyboard.press("Enter")
    assert page.url.endswith("#equation-eq-square")


@pytest.mark.parametrize("name", ["a", "b"])
def test_what_is_not_guessed_yet_is_not_shown(opened, name):
    page = opened(f"chapters/{name}.html")
    link = page.locator("article a.internal", has_text="图 2").first
    link.hover()
    page.wait_for_timeout(600)
    assert box(page).is_hidden()
    if name == "a":
        page.locator(".guess-cover > summary").click()
        link.hover()
        box(page).wait_for()


def test_links_to_sections_and_others_stay_as_they_are(opened):
    page = opened("chapters/a.html")
    page.locator("article a.internal", has_text="Links").first.hover()
    page.wait_for_timeout(600)
    assert box(page).is_hidden()


def test_a_finger_only_follows_links(opened):
    page = opened("chapters/a.html", "phone")
    page.locator("article a.internal", has_text="(1)").first.tap()
    page.wait_for_timeout(600)
    assert box(page).is_hidden()
    assert page.url.endswith("#equation-eq-square")


def shown(page):
    return [
        term.text_content().strip("#")
        for term in page.locator("article dt:visible").all()
    ]


def test_a_list_is_filtered(opened):
    page = opened("chapters/list.html")
    everything = len(shown(page))
    field = page.get_by_label("只看有这些字的条目")
    field.fill("ReASON 3")
    assert shown(page) == ["ValueError: number 3 is too … for …"]
    assert page.get_by_role("status").text_content() == "有 1 条。"
    assert page.locator("#sec-terms").is_hidden()
    field.fill("Traceback: ValueError: number 4 is too small for an array")
    assert shown(page) == ["ValueError: number 4 is too … for …"]
    field.fill("other 7")
    assert shown(page) == ["term 7", "other 7"]
    field.fill("no such thing")
    assert shown(page) == []
    assert page.get_by_role("status").text_content() == "没有这样的条目。"
    page.evaluate("location.hash = '#%E0'")  # no text at all
    page.evaluate("location.hash = '#term-limit'")
    page.locator("#term-limit").wait_for()
    assert len(shown(page)) == everything
    assert field.input_value() == ""


@pytest.mark.parametrize("name", ["a", "names"])
def test_short_lists_and_parameters_have_no_field(opened, name):
    page = opened(f"chapters/{name}.html")
    assert page.locator(".entry-filter").count() == 0
