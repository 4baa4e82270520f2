"""Figures that follow a finger: how a book has them, how readers move them."""

import gzip
from contextlib import contextmanager

import pytest

from booktools.check.browser import VIEWS, Visit, serve
from tests.books import Book, code, read, write_book

CONFIG = """\
title: A small book
execute: {execute_notebooks: cache}
sphinx:
  extra_extensions: [booktools.sphinxext]
  config: {language: zh_CN, numfig: true}
"""
MATTER = """\
---
file_format: mystnb
kernelspec: {name: python3, display_name: Python 3}
---
# Touched

"""
# What a helper of a chapter does while the book is built.  The axes are 200
# units wide and 100 high, and go from 0 to 4 and from 0 to 2.
HELPER = """\
```{code-cell}
from IPython.display import display

def touch(text, **data):
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="150">'
        f'<rect width="50" height="50"/><desc>{data}</desc></svg>'
    )
    drawing = {
        'background': svg.replace('rect', 'circle'), 'size': [300, 150],
        'axes': [{'box': [50, 20, 200, 100], 'x': [0, 4], 'y': [0, 2]}],
        'colors': ['#1f77b4', '#ff7f0e'],
    }
    parts = {'text': text, 'data': data, 'drawing': drawing}
    display({'image/svg+xml': svg}, raw=True, metadata={'touch': parts})
```

"""
FIGURE = """\
```{code-cell}
:mystnb: {figure: {name: fig-point, caption: One.}, image: {alt: a point}}
touch('distance 2.24', start=[2.0, 1.0])
```

```{touch} point
:label: the <point>

Drag the *point*.
```

"""
SECOND = """\
## Turned

```{code-cell}
:mystnb: {figure: {name: fig-turned, caption: Two.}}
touch('30°: 0.50', start=30)
```

Text between them.

```{touch} turned
:label: direction
Turn the arrow.
```
"""
PAIRED = """\
```{code-cell}
:mystnb: {figure: {name: fig-pair, caption: Two ends.}}
touch('sum 1.50', start=[1.0, 0.5])
```

```{touch} pair
:label: left、right
Drag both.
```
"""
POINT = """\
import { curveLinear } from "d3-shape";
import { distance } from "./lib/distance.js";

export { distance };

export function mount({ axes: [axes], colors, fixed, handle }, { start }) {
  const line = axes.curve({ stroke: colors[0], "data-d3": !!curveLinear });
  handle(axes, {
    value: start,
    at: (point) => point,
    from: (point) => point.map((x) => Math.round(100 * x) / 100),
    key: ([x, y], right, up) =>
      axes.inside([x + 0.25 * right, y + 0.25 * up]),
    name: ([x, y]) => `x = ${fixed(x)}, y = ${fixed(y)}`,
    show: (point) => {
      line([[0, 0], point]);
      return `distance ${fixed(distance(point))}`;
    },
  });
}
"""
DISTANCE = "export const distance = ([x, y]) => Math.hypot(x, y);\n"
TURNED = """\
export function mount({ axes: [axes], fixed, handle }, { start }) {
  const arrow = axes.arrow({ stroke: "red" });
  const tip = (turn) => {
    const angle = (turn * Math.PI) / 180;
    return [2 + Math.cos(angle), 1 + Math.sin(angle)];
  };
  handle(axes, {
    value: start,
    at: tip,
    from: ([x, y]) => Math.round(Math.atan2(y - 1, x - 2) * 180 / Math.PI),
    key: (turn, right, up) => turn + 5 * (right + up),
    number: (turn) => turn,
    range: [-180, 180],
    name: (turn) => `${turn}°`,
    show: (turn) => {
      arrow([2, 1], tip(turn));
      return `${turn}°: ${fixed(tip(turn)[1] - 1)}`;
    },
  });
}
"""
# Two handles of one value.
PAIR = """\
export function mount({ axes: [axes], fixed, handle }, { start }) {
  const put = [];
  const ends = [1, 3].map((end, i) => ({
    value: start,
    at: (pair) => [end, pair[i]],
    from: ([, y], pair) =>
      pair.map((old, k) => (k === i ? Math.round(4 * y) / 4 : old)),
    key: (pair, right, up) =>
      pair.map((old, k) => (k === i ? old + up / 4 : old)),
    number: (pair) => pair[i],
    range: axes.y,
    name: (pair) => pair.map((y) => fixed(y)).join(" and "),
    show(pair) {
      for (const other of put) other(pair);
      return `sum ${fixed(pair[0] + pair[1])}`;
    },
  }));
  for (const end of ends) put.push(handle(axes, end));
}
"""
MODULES = {
    "chapters/touch/point.js": POINT,
    "chapters/touch/turned.js": TURNED,
    "chapters/touch/pair.js": PAIR,
    "chapters/touch/lib/distance.js": DISTANCE,
}
FAR = "A line of text.\n\n" * 300 + "## End\n\n"
CHAPTERS = {
    "_config.yml": CONFIG,
    "chapters/touched.md": MATTER + HELPER + FIGURE + SECOND,
    "chapters/far.md": MATTER + HELPER + FAR + FIGURE.replace("fig-", "far-"),
    "chapters/still.md": MATTER + "```{code-cell}\n1 + 1\n```\n",
    "chapters/two_ends.md": MATTER + HELPER + PAIRED,
    **MODULES,
}
WATCH_LAYOUT = """
globalThis.layoutShift = 0;
new PerformanceObserver(list => {
  for (const entry of list.getEntries()) globalThis.layoutShift += entry.value;
}).observe({type: 'layout-shift', buffered: true});
"""


@pytest.fixture(scope="module")
def book(builder, tmp_path_factory):
    root = tmp_path_factory.mktemp("touch") / "book"
    book = Book(write_book(root, CHAPTERS), builder)
    book.succeed()
    return book


@pytest.fixture(scope="module")
def address(book):
    with serve(book.html) as address:
        yield address


def words(element):
    return " ".join(element.get_text().split())


def script(book, page="chapters/touched"):
    """Return the file with what the figures of a page need."""
    [source] = {
        text["data-script"]
        for text in book.article(page).select(".touch p")
        if "data-script" in text.attrs
    }
    return (book.html / "chapters" / source).resolve()


# What is on the page


def test_a_page_has_the_figure_as_it_was_drawn(book):
    one, two = book.article("chapters/touched").select("figure")
    assert [words(f.figcaption) for f in (one, two)] == [
        "图 2 One.#",
        "图 3 Two.#",
    ]
    image = one.find("img", recursive=False)
    assert image["alt"] == "a point"
    drawing = (book.html / "chapters" / image["src"]).read_text("utf-8")
    assert "<desc>{'start': [2.0, 1.0]}</desc>" in drawing
    assert image.find_next_sibling("div")["class"][0] == "touch"
    assert words(one.select_one(".touch-static")) == "distance 2.24"
    assert words(one.select_one("[aria-live=polite]")) == "distance 2.24"
    assert str(one.select_one(".touch-help").em) == "<em>point</em>"
    assert words(two.select_one(".touch-help")) == "Turn the arrow."


def test_a_page_has_one_small_script(book):
    text = script(book).read_bytes()
    assert b"Mike Bostock" in text
    assert len(gzip.compress(text)) < 15_000
    # Names of folders are not part of it.
    assert str(book.root).encode() not in text
    assert b"booktools" not in text
    for name, there in (("touched", True), ("far", True), ("still", False)):
        scripts = [
            s.get("src", "") for s in book.page(f"chapters/{name}")("script")
        ]
        assert any("touch.js" in source for source in scripts) == there


def test_nothing_of_it_is_in_what_readers_take_away(book):
    notebook = read(book.html / "_notebooks", "chapters/touched")
    assert [cell.outputs for cell in code(notebook)] == [[]] * 4
    for file in (book.html / "_notebooks" / "chapters").glob("touched.*"):
        text = file.read_text("utf-8")
        assert "touch('30°: 0.50', start=30)" in text
        assert "Drag the" not in text
        assert "background" not in text.partition("def touch")[0]


def test_two_builds_are_equal_and_a_changed_module_counts(
    book, builder, tmp_path
):
    other = Book(write_book(tmp_path / "other" / "book", CHAPTERS), builder)
    other.replace("chapters/touch/lib/distance.js", "Math.hypot", "Math.max")
    other.succeed(BOOK_FORK="0")
    old = script(other).name
    assert old != script(book).name
    other.replace("chapters/touch/lib/distance.js", "Math.max", "Math.hypot")
    other.succeed()
    one, two = book.site(), other.site()
    assert one.keys() == two.keys()
    assert [name for name in one if one[name] != two[name]] == []


@pytest.mark.parametrize(
    ("name", "changed", "problem"),
    [
        (
            "no module",
            {"chapters/a.md": MATTER + HELPER + FIGURE.replace("} p", "} x")},
            "chapters/a.md:29: error: there is no module"
            " chapters/touch/xoint.js [touch]",
        ),
        (
            "no name",
            {
                "chapters/a.md": MATTER
                + HELPER
                + FIGURE.replace("} p", "} ../")
            },
            "chapters/a.md:29: error: '../oint' is no name of a module",
        ),
        (
            "no label",
            {
                "chapters/a.md": MATTER
                + HELPER
                + FIGURE.replace(":label", ":x")
            },
            "chapters/a.md:29:",
        ),
        (
            "no cell",
            {
                "chapters/a.md": MATTER
                + HELPER
                + "## B\n\n"
                + FIGURE.partition("\n\n")[2]
            },
            "chapters/a.md:26: error: no code cell is above this figure, in"
            " its section [touch]",
        ),
        (
            "no data",
            {
                "chapters/a.md": MATTER
                + HELPER
                + FIGURE.replace("touch(", "dict(a=")
            },
            "chapters/a.md:29: error: the code cell above hands no data to the"
            " page [touch]",
        ),
        (
            "no directive",
            {"chapters/a.md": MATTER + HELPER + FIGURE.partition("\n\n")[0]},
            "chapters/a.md:24: error: a page gets data from this cell, but no"
            " {touch} is below it [touch]",
        ),
        (
            "hidden",
            {
                "chapters/a.md": MATTER
                + HELPER
                # Without a caption, which would be another problem.
                + FIGURE.replace(
                    ":mystnb", ":tags: [remove-output]\n:mystnb"
                ).replace("figure: {name: fig-point, caption: One.}, ", "")
            },
            "chapters/a.md:30: error: the code cell above hides its figure"
            " [touch]",
        ),
        (
            "other data",
            {
                "chapters/a.md": MATTER
                + HELPER.replace("'text': text", "'texts': text")
                + FIGURE
            },
            "chapters/a.md:29: error: the data of the code cell above is not"
            " ['data', 'drawing', 'text'] [touch]",
        ),
        (
            "no JSON",
            {
                "chapters/a.md": MATTER
                + HELPER
                + FIGURE.replace("[2.0, 1.0]", "[object()]")
            },
            "chapters/a.md:26 (code cell 2): ",
        ),
        (
            "syntax",
            {"chapters/touch/point.js": "// A module.\n\nexport const = 1;\n"},
            "chapters/touch/point.js:3: error: Expected identifier but found"
            ' "=" [touch]',
        ),
        (
            "no mount",
            {"chapters/touch/point.js": "export const begin = 1;\n"},
            "chapters/touch/point.js:1: error: this module exports no function"
            " mount [touch]",
        ),
        (
            "no package",
            {"chapters/touch/point.js": POINT.replace("d3-shape", "d3-none")},
            'chapters/touch/point.js:1: error: Could not resolve "d3-none"'
            " [touch]",
        ),
        (
            "heavy",
            {
                "chapters/touch/lib/distance.js": DISTANCE
                + "export const a = ["
                + ",".join(str(7919 * i * i % 999983) for i in range(40_000))
                + "];\nconsole.log(a);\n"
            },
            "chapters/a.md:29: error: the figures of this page weigh",
        ),
    ],
)
def test_what_is_wrong_is_a_problem(new_book, name, changed, problem):
    chapter = {"chapters/a.md": MATTER + HELPER + FIGURE}
    book = new_book({"_config.yml": CONFIG, **MODULES, **chapter, **changed})
    result = book.build()
    assert result.returncode
    assert problem in result.stderr
    assert "problem, no page written" in result.stderr
    assert "Extension error" not in result.stderr


# How it moves


@contextmanager
def opened(browser, url, fails=False, **options):
    """Open a page; what goes wrong there is an error."""
    context = browser.new_context(locale="zh-CN", **options)
    visit = Visit(context.new_page(), url.rpartition("/chapters")[0])
    visit.page.goto(url)
    yield visit.page
    context.close()
    assert visit.foreign == []
    assert bool(visit.errors) == fails, visit.errors


def knob(page, name="fig-point"):
    """Return what is moved of a figure, and wait for it."""
    page.locator(f"#{name}").scroll_into_view_if_needed()
    found = page.locator(f"#{name}").get_by_role("slider")
    found.wait_for()
    return found


def text(page, name="fig-point"):
    return page.locator(f"#{name} .touch-now").text_content()


@pytest.mark.parametrize("view", ["light", "dark", "phone"])
def test_keys_move_a_point(browser, address, view):
    url = address + "chapters/touched.html"
    with opened(browser, url, **VIEWS[view]) as page:
        point = knob(page)
        assert point.get_attribute("aria-label") == "the <point>"
        assert point.get_attribute("aria-valuetext") == "x = 2.00, y = 1.00"
        assert text(page) in (
            "distance 2.23",
            "distance 2.24",
            "distance 2.25",
        )
        point.focus()
        for keys, place, said in (
            ("ArrowRight ArrowRight", "x = 2.50, y = 1.00", "distance 2.69"),
            ("ArrowUp", "x = 2.50, y = 1.25", "distance 2.80"),
            ("Home ArrowLeft", "x = 1.75, y = 1.00", "distance 2.02"),
            ("ArrowDown " * 9, "x = 1.75, y = 0.00", "distance 1.75"),
        ):
            for key in keys.split():
                page.keyboard.press(key)
            assert point.get_attribute("aria-valuetext") == place
            assert text(page) == said
        assert point.get_attribute("aria-valuenow") == "1.75"
        assert (
            page.evaluate("document.documentElement.scrollWidth")
            == VIEWS[view]["viewport"]["width"]
        )
        turned = knob(page, "fig-turned")
        turned.focus()
        page.keyboard.press("ArrowUp")
        assert turned.get_attribute("aria-valuenow") == "35"
        assert text(page, "fig-turned") == "35°: 0.57"
        # Other keys stay what they are.
        page.keyboard.press("Control+ArrowUp")
        page.keyboard.press("Tab")
        assert text(page, "fig-turned") == "35°: 0.57"
        assert not turned.evaluate("e => e === document.activeElement")


def middle(point):
    box = point.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_two_handles_of_one_value_go_together(browser, address):
    url = address + "chapters/two_ends.html"
    with opened(browser, url, **VIEWS["light"]) as page:
        page.locator("#fig-pair").scroll_into_view_if_needed()
        ends = page.locator("#fig-pair").get_by_role("slider")
        ends.nth(1).wait_for()
        labels = [end.get_attribute("aria-label") for end in ends.all()]
        assert labels == ["left", "right"]

        def check(left, right):
            for end, value in zip(ends.all(), (left, right), strict=True):
                place = f"{left:.2f} and {right:.2f}"
                assert end.get_attribute("aria-valuetext") == place
                now = float(end.get_attribute("aria-valuenow"))
                assert f"{now:.2f}" == f"{value:.2f}"
            said = text(page, "fig-pair")
            assert said == f"sum {left + right:.2f}"

        check(1, 0.5)
        ends.nth(0).press("ArrowUp")
        check(1.25, 0.5)
        ends.nth(1).press("ArrowDown")
        check(1.25, 0.25)
        # Each is on top of where one may click; a click moves the nearer one.
        (x0, y0), (x1, y1) = (middle(end) for end in ends.all())
        for start, end in (((x0, y0), (x1, y1)), ((x1, y1), (x0, y0))):
            page.mouse.move(*start)
            page.mouse.down()
            page.mouse.move(start[0], end[1], steps=4)
            page.mouse.up()
        check(0.25, 1.25)
        page.mouse.click(x0 + 0.3 * (x1 - x0), y0)
        check(1.25, 1.25)
        page.mouse.click(x0 + 0.7 * (x1 - x0), y1)
        check(1.25, 0.25)


def scale(page):
    """Return how many pixels a unit of the axes is wide."""
    plane = page.locator("#fig-point .touch-plane").bounding_box()
    return plane["width"] / 300 * 50


def test_a_mouse_moves_a_point(browser, address):
    url = address + "chapters/touched.html"
    with opened(browser, url, **VIEWS["light"]) as page:
        point = knob(page)
        x, y = middle(point)
        unit = scale(page)
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + unit, y + unit / 2, steps=5)
        assert text(page) in (
            "distance 3.03",
            "distance 3.04",
            "distance 3.05",
        )
        page.mouse.move(x + 99 * unit, y - 99 * unit, steps=5)
        page.mouse.up()
        assert point.get_attribute("aria-valuetext") == "x = 4.00, y = 2.00"
        # A click into the axes takes it there; and keys then move it.  Until
        # the next task, a click would still be the end of the drag.
        page.evaluate("new Promise((resolve) => setTimeout(resolve))")
        page.mouse.click(x, y)
        assert text(page) in (
            "distance 2.23",
            "distance 2.24",
            "distance 2.25",
        )
        page.mouse.click(*middle(point))
        page.keyboard.press("ArrowLeft")
        assert point.get_attribute("aria-valuetext").startswith("x = 1.75")


def test_a_finger_moves_a_point_and_scrolls_beside_it(browser, address):
    url = address + "chapters/touched.html"
    with opened(browser, url, **VIEWS["phone"]) as page:
        point = knob(page)
        box = point.bounding_box()
        assert min(box["width"], box["height"]) >= 24
        assert point.evaluate("e => getComputedStyle(e).touchAction") == "none"
        plane = page.locator("#fig-point .touch-plane > svg")
        touch = plane.evaluate("e => getComputedStyle(e).touchAction")
        assert touch == "auto"
        x, y = middle(point)
        unit = scale(page)
        finger = page.context.new_cdp_session(page)

        def move(kind, *points):
            finger.send(
                "Input.dispatchTouchEvent",
                {
                    "type": kind,
                    "touchPoints": [{"x": x, "y": y} for x, y in points],
                },
            )

        before = page.evaluate("scrollY")
        move("touchStart", (x, y))
        for step in range(1, 6):
            move("touchMove", (x + step * unit / 5, y - step * unit / 10))
        move("touchEnd")
        page.wait_for_function(
            "document.querySelector('#fig-point .touch-now').textContent"
            " === 'distance 3.35'"
        )
        assert page.evaluate("scrollY") == before


def test_nothing_jumps(browser, address):
    for view in ("light", "phone"):
        url = address + "chapters/touched.html"
        with opened(browser, url, fails=True, **VIEWS[view]) as page:
            page.route("**/_downloads/**", lambda route: route.abort())
            page.reload()
            place = "b => [b.offsetTop, b.offsetHeight]"
            still = page.locator("#fig-point")
            still.scroll_into_view_if_needed()
            before = still.evaluate(place)
            image = page.locator("#fig-point img").first.bounding_box()
            page.unroute("**/_downloads/**")
            page.reload()
            page.evaluate(WATCH_LAYOUT)
            knob(page).press("ArrowRight")
            assert still.evaluate(place) == before
            drawn = page.locator("#fig-point .touch-plane > svg")
            assert drawn.bounding_box() == image
            assert page.evaluate("layoutShift") == 0


def test_it_comes_when_the_figure_does(browser, address):
    url = address + "chapters/far.html"
    with opened(browser, url, **VIEWS["light"]) as page:
        page.wait_for_load_state("networkidle")
        asked = page.evaluate(
            "performance.getEntriesByType('resource').map(e => e.name)"
        )
        assert any("touch.js" in name for name in asked)
        assert not any("_downloads" in name for name in asked)
        page.mouse.move(600, 400)
        with page.expect_request("**/_downloads/**"):
            page.mouse.wheel(0, 100_000)
        knob(page, "far-point").press("ArrowRight")
        assert text(page, "far-point") == "distance 2.46"


def test_a_page_from_a_folder_and_one_without_network(browser, book, address):
    url = (book.html / "chapters" / "touched.html").as_uri()
    with opened(browser, url) as page:
        knob(page).press("ArrowRight")
        assert text(page) == "distance 2.46"
    url = address + "chapters/still.html"
    with opened(browser, url, fails=True, **VIEWS["light"]) as page:
        page.route("**/_downloads/**", lambda route: route.abort())
        with page.expect_event("requestfailed"):
            page.goto(address + "chapters/touched.html#fig-point")
        check_still(page.locator("#fig-point"))
        page.unroute("**/_downloads/**")
        page.mouse.move(600, 400)
        page.evaluate("scrollTo(0, 0)")
        page.set_viewport_size({"width": 1280, "height": 90})
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        knob(page).press("ArrowRight")
        assert text(page) == "distance 2.46"


def test_without_javascript_and_in_print(browser, address):
    url = address + "chapters/touched.html"
    with opened(browser, url, **VIEWS["plain"]) as page:
        check_still(page.locator("#fig-point"))
        assert page.get_by_text("Drag the point").is_hidden()
    with opened(browser, url, **VIEWS["dark"]) as page:
        knob(page).press("ArrowRight")
        assert page.get_by_text("Drag the point").is_visible()
        page.emulate_media(media="print")
        check_still(page.locator("#fig-point"))
        assert page.get_by_text("Drag the point").is_hidden()


def check_still(figure):
    """Check that a figure is as it was drawn, and says so."""
    image = figure.get_by_role("img", name="a point")
    assert image.is_visible()
    assert image.evaluate("i => getComputedStyle(i).opacity") == "1"
    assert figure.locator("svg").count() == (
        figure.locator("svg").filter(visible=False).count()
    )
    said = figure.locator(".touch-text").inner_text()
    assert said == "distance 2.24"


def test_nobody_is_shut_out(browser, address, axe):
    url = address + "chapters/touched.html"
    for view in ("light", "dark", "phone"):
        with opened(browser, url, **VIEWS[view]) as page:
            knob(page).press("ArrowRight")
            image = page.get_by_role("img", name="a point")
            assert image.evaluate("i => getComputedStyle(i).opacity") == "0"
            page.evaluate(axe)
            found = page.evaluate(
                "axe.run('figure', {resultTypes: ['violations']})"
                ".then(r => r.violations.map(v => v.id))"
            )
            assert found == []
