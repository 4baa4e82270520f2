"""Figures that move: what of them is on a page, and how readers move them."""

import html
import json
from collections import Counter
from contextlib import contextmanager
from urllib.parse import unquote

import pytest

from booktools.check.browser import VIEWS, Visit, serve
from booktools.run.limits import count
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
# Moving

"""
# What a helper of a chapter does while the book is built.
SLIDE = """\
```{code-cell}
import html
import itertools
from IPython.display import display

def draw(row):
    text = html.escape(str(row), quote=False)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="150">\\n'
        f'<rect width="50" height="50"/><desc>{text}</desc></svg>'
    )

def slide(start=0, static=(0,), play=False, texts=True, **labels):
    rows = list(itertools.product(*labels.values()))
    drawings = [draw(row) for row in rows]
    display(
        {'image/svg+xml': drawings[start]},
        raw=True,
        metadata={'slide': {
            'parameters': [
                {'name': n, 'labels': labels[n]} for n in labels
            ],
            'frames': [
                {'svg': d, 'text': f'this is {row}' * texts}
                for d, row in zip(drawings, rows)
            ],
            'start': start, 'static': list(static), 'play': play,
        }},
    )
```

"""
FIGURES = """\
```{code-cell}
:mystnb: {figure: {name: fig-one, caption: One.}, image: {alt: a bar}}
slide(h=['1', '0.1', '<0.01>'], start=1, static=[0, 2])
```

```{code-cell}
:mystnb: {figure: {name: fig-two, caption: Two.}}
print('before')
slide(a=['left', 'right'], b=['x', 'yy', 'zzz'], static=[0, 5], play=True)
```

```{code-cell}
slide(silent=['1', '2'], texts=False)
slide(silent=['1', '3'], texts=False)
```

```{code-cell}
:tags: [remove-output]
slide(hidden=['1', '2'])
```

"""
FAR = "A line of text.\n\n" * 300 + "## End\n\n"
LAST = """\
```{code-cell}
:mystnb: {figure: {name: fig-far, caption: Far.}}
slide(far=['1', '2'])
```
"""
CHAPTERS = {
    "_config.yml": CONFIG,
    "chapters/moving.md": MATTER + SLIDE + FIGURES,
    "chapters/far.md": MATTER + SLIDE + FAR + LAST,
    "chapters/still.md": MATTER + "```{code-cell}\n1 + 1\n```\n",
}
WATCH_LAYOUT = """
globalThis.layoutShift = 0;
new PerformanceObserver(list => {
  for (const entry of list.getEntries()) globalThis.layoutShift += entry.value;
}).observe({type: 'layout-shift', buffered: true});
"""


@pytest.fixture(scope="module")
def book(builder, tmp_path_factory):
    root = tmp_path_factory.mktemp("slides") / "book"
    book = Book(write_book(root, CHAPTERS), builder)
    book.succeed()
    return book


@pytest.fixture(scope="module")
def address(book):
    with serve(book.html) as address:
        yield address


def words(element):
    return " ".join(element.get_text().split())


def frames(book, controls, folder="chapters"):
    """Return what the file of a figure holds."""
    path = book.html / folder / controls["data-frames"]
    text = path.resolve().read_text("utf-8")
    start = "Object.assign(document.currentScript, "
    assert text.startswith(start)
    data = json.loads(text.removeprefix(start).removesuffix(");\n"))
    return unpacked(data["slide"])


def unpacked(slide):
    """Return a figure with the SVG of each frame as one text."""
    for frame in slide["frames"]:
        lines = [slide["lines"][number] for number in frame["svg"]]
        frame["svg"] = "\n".join(lines)
    return slide


# What is on the page


def test_a_page_shows_the_first_frame_as_any_figure(book):
    one, two = book.article("chapters/moving").select("figure")
    assert [words(f.figcaption) for f in (one, two)] == [
        "图 2 One.#",
        "图 3 Two.#",
    ]
    image = one.find("img", recursive=False)
    assert image["alt"] == "a bar"
    drawing = (book.html / "chapters" / image["src"]).read_text("utf-8")
    assert "<desc>('0.1',)</desc>" in drawing
    assert one.img.find_next_sibling("div")["class"][0] == "slide"
    [label] = one.find_all("label")
    assert (label.span.text, label.input["value"]) == ("h", "1")
    assert (label.input["min"], label.input["max"]) == ("0", "2")
    assert label.input["aria-valuetext"] == "0.1"
    assert one.find(attrs={"aria-live": "polite"}).span.text == (
        "this is ('0.1',)"
    )
    assert [label.span.text for label in two.find_all("label")] == ["a", "b"]
    assert not one.button
    assert two.button
    silent = book.article("chapters/moving").find_all(class_="slide")[-1]
    assert silent.find(attrs={"aria-live": True}) is None


def test_all_frames_of_a_figure_are_one_file(book):
    article = book.article("chapters/moving")
    controls = article.find_all(class_="slide-controls")
    files = {tag["data-frames"] for tag in controls}
    assert len(files) == len(controls) == 4
    values = [frames(book, tag)["parameters"][0]["labels"] for tag in controls]
    assert values[2:] == [["1", "2"], ["1", "3"]]
    found = frames(book, controls[1])
    assert [p["labels"] for p in found["parameters"]] == [
        ["left", "right"],
        ["x", "yy", "zzz"],
    ]
    texts = [frame["text"] for frame in found["frames"]]
    assert texts[:2] == ["this is ('left', 'x')", "this is ('left', 'yy')"]
    assert len(texts) == 6
    assert all("<svg" in frame["svg"] for frame in found["frames"])


def test_only_pages_with_such_figures_load_the_script(book):
    for name, there in (("moving", True), ("far", True), ("still", False)):
        scripts = [
            s.get("src", "") for s in book.page(f"chapters/{name}")("script")
        ]
        assert any("slides.js" in source for source in scripts) == there


def test_chosen_frames_stand_where_nothing_moves(book):
    one, two = book.article("chapters/moving").select("figure")
    chosen = one.select(".slide-static > div")
    assert [words(tag) for tag in chosen] == [
        "h = 1 this is ('1',)",
        "h = <0.01> this is ('<0.01>',)",
    ]
    images = [tag.img for tag in chosen]
    assert [i["alt"] for i in images] == [
        "a bar（h = 1）",
        "a bar（h = <0.01>）",
    ]
    assert {i["loading"] for i in images} == {"lazy"}
    assert {i["width"] for i in images} == {"300"}
    assert words(two.select(".slide-static > div")[1].p) == (
        "a = right，b = zzz this is ('right', 'zzz')"
    )


def test_notebook_and_script_have_the_call_and_no_frames(book):
    folder = book.html / "_notebooks" / "chapters"
    notebook = read(book.html / "_notebooks", "chapters/moving")
    assert code(notebook)[2].source.startswith("slide(h=['1', ")
    assert [cell.outputs for cell in code(notebook)] == [[]] * 6
    for file in folder.glob("moving.*"):
        text = file.read_text("utf-8")
        assert "this is ('1',)" not in text
        assert "slide(silent=" in text
    sections = (
        book.html / "_sections" / "chapters" / "moving.json"
    ).read_text("utf-8")
    assert "this is ('1',)" not in sections


def test_two_builds_are_equal_and_old_frames_go(book, builder, tmp_path):
    other = Book(write_book(tmp_path / "other" / "book", CHAPTERS), builder)
    other.write("chapters/moving.md", MATTER + SLIDE + FIGURES * 2)
    other.build(BOOK_FORK="0")
    other.write("chapters/moving.md", CHAPTERS["chapters/moving.md"])
    other.succeed()
    one, two = book.site(), other.site()
    assert one.keys() == two.keys()
    assert [name for name in one if one[name] != two[name]] == []


def test_what_frames_share_is_written_once(book):
    controls = book.article("chapters/moving").find(class_="slide-controls")
    path = (book.html / "chapters" / controls["data-frames"]).resolve()
    assert path.read_text("utf-8").count("<svg") == 1
    assert all("<svg" in f["svg"] for f in frames(book, controls)["frames"])


def test_frames_count_as_what_a_cell_shows():
    output = {
        "data": {"image/svg+xml": "<svg/>"},
        "metadata": {"slide": {"frames": [{"svg": "x" * 40_000}] * 16}},
    }
    counts = count(output)
    assert counts["images"] == 1
    assert 640 <= counts["kilobytes"] <= 645


def test_what_is_wrong_with_frames_is_a_problem(new_book):
    texts = {
        "address": "slide(h=['1', '<f at 0x7f0000000000>'])",
        "large": "slide(h=[str(i) * 20_000 for i in range(100, 160)])",
    }
    book = new_book({"_config.yml": CONFIG})
    for name, text in texts.items():
        cell = f"```{{code-cell}}\n{text}\n```\n"
        book.write(f"chapters/{name}.md", MATTER + SLIDE + cell)
    toc = "".join(f"- file: chapters/{name}\n" for name in texts)
    book.write("_toc.yml", f"format: jb-book\nroot: index\nchapters:\n{toc}")
    said = book.build().stderr
    line = (MATTER + SLIDE).count("\n") + 2
    for name, what in (
        ("address", "its output has a memory address"),
        ("large", "it shows more than 500 KB, the limit"),
    ):
        assert f"chapters/{name}.md:{line} (code cell 2): {what}" in said


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


def figure(page, name="fig-one"):
    return page.locator(f"#{name}")


def expect_frame(box, *row):
    """Wait for a frame, and for all that goes with it."""
    image = box.locator(":scope > img")

    def drawn():
        return f">{row}</desc>" in html.unescape(
            unquote(image.get_attribute("src"))
        )

    for _ in range(200):
        if drawn():
            break
        box.page.wait_for_timeout(25)
    assert drawn()
    text = box.locator("[aria-live] .slide-text").text_content()
    assert text == f"this is {row}"
    assert image.evaluate("i => i.decode().then(() => i.naturalWidth)") == 300


@pytest.mark.parametrize("view", ["light", "dark", "phone"])
def test_keys_move_a_figure(browser, address, view):
    with opened(browser, address + "chapters/moving.html", **VIEWS[view]) as p:
        box = figure(p)
        slider = box.get_by_role("slider", name="h")
        slider.focus()
        for key, row in (
            ("ArrowRight", "<0.01>"),
            ("ArrowLeft", "0.1"),
            ("Home", "1"),
            ("End", "<0.01>"),
        ):
            slider.press(key)
            expect_frame(box, row)
            assert slider.get_attribute("aria-valuetext") == row
            shown = box.locator(".slide-value .slide-text")
            assert shown.text_content() == row
        two = figure(p, "fig-two")
        two.get_by_role("slider", name="b").press("End")
        two.get_by_role("slider", name="a").press("End")
        expect_frame(two, "right", "zzz")
        assert (
            p.evaluate("document.documentElement.scrollWidth")
            == (VIEWS[view]["viewport"]["width"])
        )
        # In the dark, a frame looks as any other drawing does.
        filters = p.evaluate(
            "[...document.querySelectorAll('figure > img')]"
            ".map(i => getComputedStyle(i).filter)"
        )
        assert Counter(f != "none" for f in filters) == {view == "dark": 2}


def test_mouse_and_finger_move_a_figure(browser, address):
    url = address + "chapters/moving.html"
    with opened(browser, url, **VIEWS["phone"]) as page:
        box = figure(page)
        slider = box.get_by_role("slider")
        slider.scroll_into_view_if_needed()
        place = slider.bounding_box()
        assert place["height"] >= 24
        middle = place["y"] + place["height"] / 2
        page.touchscreen.tap(place["x"] + place["width"] - 10, middle)
        expect_frame(box, "<0.01>")
    with opened(browser, url, **VIEWS["light"]) as page:
        box = figure(page)
        box.scroll_into_view_if_needed()
        place = box.get_by_role("slider").bounding_box()
        middle = place["y"] + place["height"] / 2
        page.mouse.move(place["x"] + place["width"] / 2, middle)
        page.mouse.down()
        page.mouse.move(place["x"] + 2, middle, steps=5)
        page.mouse.up()
        expect_frame(box, "1")


def test_nothing_jumps_when_a_figure_moves(browser, address):
    url = address + "chapters/moving.html"
    with opened(browser, url, **VIEWS["phone"]) as page:
        page.evaluate(WATCH_LAYOUT)
        box = figure(page, "fig-two")
        slider = box.get_by_role("slider", name="b")
        place = "box => box.getBoundingClientRect().top + scrollY"
        before = box.evaluate(place), box.bounding_box()["height"]
        for row in ("yy", "zzz"):
            slider.press("ArrowRight")
            expect_frame(box, "left", row)
        after = box.evaluate(place), box.bounding_box()["height"]
        assert after == before
        assert page.evaluate("layoutShift") == 0


def test_a_figure_plays_if_asked_to(browser, address):
    url = address + "chapters/moving.html"
    with opened(browser, url, **VIEWS["light"]) as page:
        box = figure(page, "fig-two")
        box.get_by_role("button", name="播放").click()
        assert box.get_by_role("button", name="暂停").is_visible()
        expect_frame(box, "right", "x")
        box.get_by_role("button", name="播放").wait_for()
        # From its end, it begins again; who takes the slider stops it.
        box.get_by_role("button", name="播放").click()
        expect_frame(box, "left", "x")
        box.get_by_role("slider", name="b").press("End")
        assert box.get_by_role("button", name="播放").is_visible()
    with opened(browser, url, reduced_motion="reduce") as page:
        assert figure(page, "fig-two").locator("button").is_hidden()
        assert figure(page, "fig-two").get_by_role("slider").count() == 2


def test_frames_come_when_the_figure_does(browser, address):
    url = address + "chapters/far.html"
    with opened(browser, url, **VIEWS["light"]) as page:
        page.wait_for_load_state("networkidle")
        asked = page.evaluate(
            "performance.getEntriesByType('resource').map(e => e.name)"
        )
        assert any("slides.js" in name for name in asked)
        assert not any("_downloads" in name for name in asked)
        page.mouse.move(600, 400)
        with page.expect_request("**/_downloads/**"):
            page.mouse.wheel(0, 100_000)


def test_a_page_from_a_folder_and_one_without_network(browser, book, address):
    url = (book.html / "chapters" / "moving.html").as_uri()
    with opened(browser, url) as page:
        figure(page).get_by_role("slider").press("End")
        expect_frame(figure(page), "<0.01>")
    url = address + "chapters/far.html"
    with opened(browser, url, fails=True) as page:
        page.route("**/_downloads/**", lambda route: route.abort())
        page.goto(address + "chapters/moving.html")
        slider = figure(page).get_by_role("slider")
        slider.press("End")
        page.unroute("**/_downloads/**")
        slider.press("ArrowLeft")
        expect_frame(figure(page), "0.1")


def test_without_javascript_and_in_print(browser, address):
    url = address + "chapters/moving.html"
    with opened(browser, url, **VIEWS["plain"]) as page:
        check_still(figure(page))
    with opened(browser, url, **VIEWS["light"]) as page:
        box = figure(page)
        assert box.locator(".slide-static").is_hidden()
        box.get_by_role("slider").press("End")
        page.emulate_media(media="print")
        check_still(box)


def check_still(box):
    assert box.locator(":scope > img").is_hidden()
    assert box.locator(".slide-controls").is_hidden()
    texts = box.locator(".slide-static p").all_inner_texts()
    assert texts == [
        "h = 1\nthis is ('1',)",
        "h = <0.01>\nthis is ('<0.01>',)",
    ]
    assert all(i.is_visible() for i in box.locator(".slide-static img").all())


def test_nobody_is_shut_out(browser, address, axe):
    url = address + "chapters/moving.html"
    for view in ("light", "dark", "phone"):
        with opened(browser, url, **VIEWS[view]) as page:
            figure(page).get_by_role("slider").press("End")
            page.evaluate(axe)
            found = page.evaluate(
                "axe.run('figure', {resultTypes: ['violations']})"
                ".then(r => r.violations.map(v => v.id))"
            )
            assert found == []
