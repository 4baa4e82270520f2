"""Who guesses before seeing: what a cell shows is covered until then."""

import shutil

import pytest
from pypdf import PdfReader

from booktools.check.browser import VIEWS, serve
from tests.books import Book, code, prose, read, write_book

CONFIG = """\
title: A small book
execute: {execute_notebooks: cache}
html: {home_page_in_navbar: false}
sphinx:
  extra_extensions: [booktools.sphinxext]
  config: {language: zh_CN}
"""
HEAD = "---\nfile_format: mystnb\n---\n"
POWER = """\
```{guess}
`2 ** 3` 是多少？见[下面](#sec-many)。

- [ ] $6$
  乘方很像乘法。
- [x] `8`
  两个星号是乘方。

  $2 \\times 2 \\times 2$。
- [ ] 9
  反过来才是。
```
"""
PAGE = f"""\
{HEAD}
# 猜

(sec-one)=
## 一个

{POWER}
中间的一句话。

```{{code-cell}}
print("eight", 2 ** 3)
```

(after-eight)=
三个二乘起来，是八：

$$
2 \\times 2 \\times 2 = 8
$$ (eq-eight)

```{{check}} eq-eight
assert 2 ** 3 == 8
```

这句话人人都看得见。

$$
1 + 1 = 2
$$

```{{code-cell}}
print("in plain view")
```

```{{guess}}
下面是什么？
```

```{{code-cell}}
print("anything")
1 + 1
```

(sec-many)=
## 几个

见 {{numref}}`fig-line`，{{eq}}`eq-eight`，或者[上面](#after-eight)。

```{{guess}}
:cells: fig-line, cell-last

一条线，还是两条？

* [X] 一条
  一串数画一条。
* [ ] 两条
  有两个数，但是一串。
```

(cell-last)=
```{{code-cell}}
print("last")
```

```{{code-cell}}
:mystnb: {{figure: {{name: fig-line, caption: 线}}, image: {{alt: 一条线}}}}
%config InlineBackend.figure_formats = ['svg']
from matplotlib import pyplot as plt
plt.plot([1, 2]);
```

(sec-end)=
## 完

再见。
"""
FILES = {
    "_config.yml": CONFIG,
    "chapters/page.md": PAGE,
    "chapters/plain.md": "# 没有猜测\n",
}
RESULTS = ".cell_output > *"
KEY = "guesses of /a/b/"


@pytest.fixture(scope="module")
def book(tmp_path_factory, builder) -> Book:
    root = tmp_path_factory.mktemp("guesses") / "book"
    book = Book(write_book(root, FILES), builder, GITHUB_REPOSITORY="a/b")
    book.succeed()
    return book


@pytest.fixture(scope="module")
def address(book):
    with serve(book.html) as address:
        yield address


@pytest.fixture
def open_page(browser, address):
    """Open the page as a reader who has never been here."""
    contexts = []

    def open_page(place="", script="", **view):
        contexts.append(browser.new_context(locale="zh-CN", **view))
        page = contexts[-1].new_page()
        page.set_default_timeout(5_000)
        page.errors = []
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        if script:
            page.add_init_script(script)
        page.goto(f"{address}chapters/page.html{place}")
        return page

    yield open_page
    for context in contexts:
        assert [e for page in context.pages for e in page.errors] == []
        context.close()


def shown(page):
    """Say of each output whether it is seen."""
    return [result.is_visible() for result in page.locator(RESULTS).all()]


def choice(page, letter, box=0):
    """Return the line of a choice."""
    line = page.locator(".guess").nth(box).locator(".guess-choice > summary")
    return line.nth("ABC".index(letter))


def cover(page, number):
    return page.locator(".guess-cover > summary").nth(number)


def voice(page):
    return page.locator("[role=status].guess-voice").text_content()


ALL = [True] * 6
#          eight  plain anything 2      last   figure
NOTHING = [False, True, False, False, False, False]
FIRST = [True, *NOTHING[1:]]


def test_what_is_written(book):
    page = book.article("chapters/page")
    boxes = page.select(".guess")
    assert [box.p.text for box in boxes] == ["先猜再运行"] * 3
    one, other, two = (box["id"] for box in boxes)
    parts = page.select(".guessed")
    # A formula has many parts.
    formula = parts[0].select_one(".math").extract()
    assert "2 \\times 2 \\times 2 = 8" in formula.text
    covered = [
        (part.details["data-guess"], [*part.stripped_strings])
        for part in parts
    ]
    choose = ["先在上面选一个，或者", "直接看", "重新遮住"]
    think = ["先猜一猜，猜好了", "看结果", "重新遮住"]
    below = ["三个二乘起来，是八：", "✓ 已用代码检验"]
    below += ["assert", "2", "**", "3", "==", "8"]
    assert covered == [
        (one, [*choose, "eight 8", *below]),
        (other, [*think, "anything", "2"]),
        (two, [*choose, "last"]),
        (two, [*choose, "图 1", "线", "#"]),
    ]
    choices = boxes[0].select(".guess-choice")
    assert [choice.summary.get_text() for choice in choices] == [
        *("A 6", "B 8", "C 9")
    ]
    assert [choice.p.text for choice in choices] == [
        "不对。乘方很像乘法。",
        "对。两个星号是乘方。",
        "不对。反过来才是。",
    ]
    right = [choice for choice in choices if "is-right" in choice["class"]]
    assert right == [choices[1]]
    scripts = {
        name: "guesses.js" in str(book.page(name))
        for name in ("chapters/page", "chapters/plain")
    }
    assert scripts == {"chapters/page": True, "chapters/plain": False}


def test_notebooks_and_scripts_have_the_question_and_cover_nothing(book):
    folder = book.html / "_notebooks"
    notebook = read(folder, "chapters/page")
    above, cell, below = (cell.source for cell in notebook.cells[2:5])
    assert (
        above
        == """\
## 一个

> **先猜再运行**
>
> `2 ** 3` 是多少？见[下面](#sec-many)。
>
> - A. $6$
> - B. `8`
> - C. 9

中间的一句话。"""
    )
    assert cell == 'print("eight", 2 ** 3)'
    # Here one reads from top to bottom.
    assert (
        below
        == """\
<details>
<summary>对一对：每个选项对不对</summary>

- A. 不对。乘方很像乘法。
- B. 对。两个星号是乘方。

  $2 \\times 2 \\times 2$。
- C. 不对。反过来才是。

</details>

<a id="after-eight"></a>

三个二乘起来，是八：

<a id="equation-eq-eight"></a>

$$
2 \\times 2 \\times 2 = 8 \\tag{1}
$$

这句话人人都看得见。

$$
1 + 1 = 2
$$"""
    )
    # Below the last output of those that are covered.
    answers = [
        number
        for number, cell in enumerate(notebook.cells)
        if "<summary>" in cell.source and cell.cell_type == "markdown"
    ]
    assert [notebook.cells[i - 1].source[-7:] for i in answers] == [
        *(" 2 ** 3)"[-7:], "[1, 2]);"[-7:])
    ]
    text = "\n\n".join(prose(notebook))
    assert "重新猜" not in text
    assert all("jupyter" not in cell.metadata for cell in code(notebook)[1:])
    script = (folder / "chapters/page.py").read_text("utf-8")
    places = []
    for part in (above, below):
        lines = (f"# {line}".rstrip() for line in part.split("\n"))
        places.append(script.index("\n".join(lines)))
    assert places[0] < script.index(cell) < places[1]


def test_two_builds_are_equal(book, tmp_path, builder):
    other = Book(write_book(tmp_path / "x" / "book", FILES), builder)
    other.environment = book.environment
    other.succeed()
    assert other.site() == book.site()


def test_a_wrong_guess(open_page):
    page = open_page()
    assert shown(page) == NOTHING
    box = page.locator(".guess").first
    choice(page, "A").click()
    assert shown(page) == FIRST
    assert box.get_by_text("乘方很像乘法。").is_visible()
    assert box.get_by_text("两个星号是乘方。").is_visible()
    assert not box.get_by_text("反过来才是。").is_visible()
    assert box.locator(".guess-result").inner_text() == "没猜对"
    assert (
        box.locator(".is-mine")
        .locator("summary")
        .inner_text()
        .endswith("你猜的")
    )
    assert voice(page) == "没猜对。结果已经露出来了。"
    # To look at the others changes nothing.
    choice(page, "C").click()
    assert box.get_by_text("反过来才是。").is_visible()
    assert box.locator(".guess-result").inner_text() == "没猜对"
    # The end of the chapter leads back to it.
    review = page.locator(".guess-review")
    assert (
        review.locator(".guess-count")
        .inner_text()
        .startswith("这一章猜了 1 处，对了 0 处。没猜对的：")
    )
    assert review.locator("li").all_inner_texts() == [
        "2 ** 3 是多少？见下面。"
    ]
    assert review.locator("li a").count() == 1
    review.get_by_text("2 ** 3").click()
    assert box.evaluate("box => box.matches(':target')")


def test_a_guess_is_remembered_and_can_be_forgotten(open_page):
    page = open_page()
    choice(page, "A", 2).click()
    choice(page, "A").click()
    page.reload()
    assert shown(page) == [True, True, False, False, True, True]
    results = page.locator(".guess-result").all_inner_texts()
    assert results == ["没猜对", "", "猜对了"]
    page.get_by_role("button", name="重新猜").first.click()
    assert shown(page) == [False, True, False, False, True, True]
    assert voice(page) == "结果又遮住了。"
    line = page.locator(".guess-review > .guess-count")
    assert line.inner_text().startswith("这一章猜了 1 处，对了 1 处。")
    page.get_by_role("button", name="忘掉这一章的猜测").click()
    assert shown(page) == NOTHING
    assert line.is_hidden()
    choice(page, "B").click()
    assert page.locator(".guess-result").first.inner_text() == "猜对了"


def test_who_only_wants_to_see(open_page):
    page = open_page()
    page.get_by_text("看结果").click()
    assert shown(page) == [False, True, True, True, False, False]
    cover(page, 2).click()  # one of two outputs
    assert shown(page) == [False, *ALL[1:]]
    results = page.locator(".guess-result").all_inner_texts()
    assert results == ["", *["没有猜，直接看了"] * 2]
    assert page.locator(".guess-review").is_hidden()
    # Choices unfold what there is to say, and count no more.
    choice(page, "B", 2).click()
    assert page.get_by_text("有两个数，但是一串。").is_visible()
    assert page.locator(".guess-result").last.inner_text() == results[2]


def test_nothing_may_be_covered(open_page):
    page = open_page()
    choice(page, "C").click()
    button = page.get_by_role("button", name="不再遮住结果").last
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    assert shown(page) == ALL
    page.reload()
    assert shown(page) == ALL
    # One can still guess.
    choice(page, "B", 2).click()
    assert page.locator(".guess-result").last.inner_text() == "没猜对"
    button.click()
    assert shown(page) == [True, True, False, False, True, True]
    assert voice(page) == "结果又遮住了。"


def test_by_keyboard(open_page):
    page = open_page()

    def here():
        return page.evaluate("document.activeElement.innerText").strip()

    page.locator(".guess a").first.focus()
    stops = []
    while not stops or "看结果" not in stops[-1]:
        page.keyboard.press("Tab")
        stops.append(here().split("\n")[-1])
        assert (
            page.evaluate(
                "getComputedStyle(document.activeElement).outlineStyle"
            )
            != "none"
        )
    cover = "先在上面选一个，或者直接看"
    assert [stop for stop in stops if stop] == [
        *("6", "8", "9", "不再遮住结果", cover, "不再遮住结果"),
        "先猜一猜，猜好了看结果",
    ]
    page.keyboard.press("Enter")
    assert shown(page) == [False, True, True, True, False, False]
    # The keyboard is where it was, just above what shows now.
    assert here() == "重新遮住"
    page.keyboard.press("Enter")
    assert shown(page) == NOTHING
    # However fast.
    page.locator(".guess-cover > summary").evaluate_all(
        "covers => [covers[0], covers[1], covers[1]].map(each => each.click())"
    )
    assert shown(page) == FIRST
    page.locator(".guess-cover > summary").first.press("Enter")
    assert shown(page) == NOTHING
    page.locator(".guess-cover > summary").nth(1).focus()
    while here().split("\n")[-1] != "9":
        page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    assert shown(page) == FIRST
    assert "9" in here()
    page.get_by_role("button", name="重新猜").first.focus()
    page.keyboard.press("Enter")
    assert shown(page) == NOTHING
    assert page.evaluate(
        "document.activeElement.matches('.guess-choice > summary')"
    )


def test_what_is_covered_is_not_said_either(open_page):
    page = open_page()
    snapshot = page.locator("article").aria_snapshot()
    assert "in plain view" in snapshot
    assert "这句话人人都看得见。" in snapshot
    for text in (
        *("eight 8", "三个二乘起来", "anything\n", "图 1 线"),
        "乘方很像乘法",
    ):
        assert text not in snapshot, text
    choice(page, "B").click()
    snapshot = page.locator("article").aria_snapshot()
    assert "eight 8" in snapshot
    assert "三个二乘起来，是八：" in snapshot
    assert "两个星号是乘方" in snapshot
    assert "乘方很像乘法" not in snapshot


WATCH = """
globalThis.layoutShift = 0;
new PerformanceObserver(list => {
  for (const entry of list.getEntries()) layoutShift += entry.value;
}).observe({type: 'layout-shift', buffered: true});
"""


@pytest.mark.parametrize("view", ["light", "phone"])
def test_nothing_jumps(open_page, address, view):
    size = {"viewport": VIEWS[view]["viewport"]}
    page = open_page(script=WATCH, **size)
    # Sections that are out of sight have a size that is a guess, too.
    height = """() => {
      for (const part of document.querySelectorAll("section")) {
        part.style.contentVisibility = "visible";
      }
      return document.querySelector("#sec-end").offsetTop;
    }"""
    # A picture that has come is exact to parts of a pixel.
    before = pytest.approx(page.evaluate(height), abs=1)
    for number in (0, 1, 2):
        cover(page, number).click()
    assert shown(page) == ALL
    assert page.evaluate(height) == before
    # Come back later, to the top of the page.
    page = page.context.new_page()
    page.errors = []
    page.add_init_script(WATCH)
    page.goto(f"{address}chapters/page.html", wait_until="networkidle")
    assert shown(page) == ALL
    assert page.evaluate("layoutShift") < 0.001
    assert page.evaluate(height) == before
    width = "document.scrollingElement.scrollWidth"
    assert page.evaluate(width) == size["viewport"]["width"]


def test_a_link_into_what_is_covered_shows_it(open_page):
    page = open_page("#fig-line")
    figure = page.locator("figure")
    figure.wait_for()
    assert shown(page) == [False, True, False, False, True, True]
    page.get_by_role("button", name="重新猜").last.click()
    assert shown(page) == NOTHING
    page.get_by_role("link", name="图 1").first.click()
    figure.wait_for()
    assert shown(page) == [False, True, False, False, True, True]
    page.evaluate("document.querySelector('#sec-one').scrollIntoView()")
    page = open_page()
    page.get_by_role("link", name="图 1").first.click()
    page.locator("figure").wait_for()
    # So does one into the text below an output.
    below = page.locator(".guessed").first.locator("p, .math")
    assert below.count() == 2
    for name in ("上面", "(1)"):
        assert not any(part.is_visible() for part in below.all())
        page.get_by_role("link", name=name).click()
        for part in below.all():
            part.wait_for()
        assert shown(page)[0]
        page.get_by_role("button", name="重新猜").first.click()


def test_a_finger(open_page):
    page = open_page(**VIEWS["phone"])
    cover(page, 0).tap()
    assert shown(page) == FIRST
    choice(page, "B", 2).tap()
    assert shown(page) == [True, True, False, False, True, True]
    small = page.locator(".guess button:visible, .guess summary:visible")
    for box in [one.bounding_box() for one in small.all()]:
        assert box["height"] >= 24
        assert box["width"] >= 24


def test_without_javascript_nothing_is_covered(open_page):
    page = open_page(java_script_enabled=False)
    assert shown(page) == ALL
    assert page.get_by_role("button", name="不再遮住").count() == 0
    assert page.locator("details.guess-cover:visible").count() == 0
    assert page.locator(".guess-review").is_hidden()
    choice(page, "A").click()
    assert page.get_by_text("乘方很像乘法。").is_visible()


def test_print(open_page):
    page = open_page()
    page.emulate_media(media="print")
    assert shown(page) == ALL
    assert page.get_by_text("乘方很像乘法。").is_visible()
    assert page.locator(".guess-tools:visible").count() == 0
    assert page.locator("details.guess-cover:visible").count() == 0


def test_pdf(book, builder, tmp_path):
    root = shutil.copytree(book.root, tmp_path / "book")
    result = builder.tools(root, "pdf")
    assert result.returncode == 0, result.stderr
    [file] = root.rglob("*.pdf")
    text = "".join(page.extract_text() for page in PdfReader(file).pages)
    for part in ("eight 8", "anything", "乘方很像乘法", "一条"):
        assert part in text
    for part in ("直接看", "看结果", "重新", "遮住", "忘掉"):
        assert part not in text


DENIED = """Object.defineProperty(window, "localStorage", {
  configurable: true,
  get() { throw new DOMException("access is denied", "SecurityError"); },
});"""


def test_where_storage_is_forbidden(open_page):
    page = open_page(script=DENIED)
    choice(page, "A").click()
    assert shown(page) == FIRST
    page.get_by_role("button", name="不再遮住结果").first.click()
    assert shown(page) == ALL


@pytest.mark.parametrize(
    "stored",
    [
        *("no JSON", "null", "[]", "7", '{"made": []}', '{"made": null}'),
        *('{"all": "yes", "made": 3}', '{"made": {"constructor": 1}}'),
    ],
)
def test_what_cannot_be_read_is_no_guess(open_page, stored):
    page = open_page()
    page.evaluate(f"text => localStorage.setItem('{KEY}', text)", stored)
    page.reload()
    assert shown(page) == NOTHING
    choice(page, "B").click()
    assert shown(page) == FIRST


@pytest.mark.parametrize("number", ["99", "-1", '"length"', "{}", "null"])
def test_a_choice_that_there_is_not(open_page, book, number):
    name = book.article("chapters/page").select_one(".guess")["id"]
    text = f'{{"made": {{"{name}": {number}}}}}'
    page = open_page()
    page.evaluate(f"text => localStorage.setItem('{KEY}', text)", text)
    page.reload()
    assert shown(page) == FIRST
    assert page.locator(".guess-result").first.inner_text() == (
        "没有猜，直接看了"
    )


def test_two_tabs_know_the_same(open_page):
    page = open_page()
    other = page.context.new_page()
    other.errors = []
    other.goto(page.url)
    choice(other, "A").click()
    page.locator(RESULTS).first.wait_for()
    assert shown(page) == FIRST


AXE = """async () => {
  const {violations} = await axe.run('article', {resultTypes: ['violations']});
  return violations.flatMap(({id, nodes}) => nodes.map(
    node => `${id}: ${node.target} ${node.any[0]?.message ?? ''}`));
}"""


@pytest.mark.parametrize("view", ["light", "dark", "phone"])
def test_nobody_is_shut_out(open_page, axe, view):
    page = open_page(**VIEWS[view])
    page.add_style_tag(
        content="section { content-visibility: visible !important }"
    )
    page.evaluate(axe)
    assert page.evaluate(AXE) == []
    choice(page, "A").click()
    page.get_by_text("看结果").click()
    page.get_by_role("button", name="不再遮住结果").first.click()
    assert page.evaluate(AXE) == []


def test_high_contrast_and_no_motion(open_page):
    page = open_page(forced_colors="active", reduced_motion="reduce")
    assert shown(page) == NOTHING
    edge = page.locator(".guess-cover > summary").first.evaluate(
        "cover => getComputedStyle(cover).borderTopStyle"
    )
    assert edge == "dashed"
    choice(page, "C").click()
    sign = "line => getComputedStyle(line, '::before').content"
    signs = page.locator(".guess-letter").evaluate_all(
        f"lines => lines.map({sign})"
    )
    assert signs == ["none", '"✓"', '"✗"', "none", "none"]
    assert page.evaluate("document.getAnimations()") == []


SEEN = "\n```{code-cell}\nprint(1)\n```\n\n"
TEXTS = f"""\
{HEAD}
# Mistakes in texts

```{{guess}}
```
{SEEN}

```{{guess}}
- [ ] a
  A.
- [x] b
  B.
```
{SEEN}
```{{guess}}
Two right?

- [x] a
  A.
- [x] b
  B.
```
{SEEN}
:::{{guess}}
One only?

- [ ] a
  A.
:::
{SEEN}
````{{guess}}
:cells: cell-a

Marks?

- [x] a
  A.
- b
  B.
````

(cell-a)=
{SEEN}
> ```{{guess}}
> Nothing to say?
>
> - [x] a
> - [ ]
>   B.
> ```
{SEEN}
```{{guess}}
Below?

- [x] a
  A.
- [ ] b
  B.

Something.
```
{SEEN}
"""
CELLS = f"""\
{HEAD}
# Mistakes about cells

```{{guess}}
Silent?
```

```{{code-cell}}
y = 1
```

(cell-b)=
```{{code-cell}}
print(1)
```

```{{guess}}
:cells: nobody cell-b
Names?
```

```{{guess}}
Once?
```

```{{guess}}
Twice?
```

```{{code-cell}}
print(2)
```

```{{guess}}
Hidden?
```

```{{code-cell}}
:tags: [hide-output]
print(3)
```

```{{guess}}
Nothing below?
```

## Another section
{SEEN}
"""


def test_each_mistake_is_a_problem_at_its_line(new_book):
    files = {"chapters/cells.md": CELLS, "chapters/texts.md": TEXTS}
    book = new_book({"_config.yml": CONFIG, **files})
    result = book.build()
    assert result.returncode == 1
    assert "Traceback" not in result.stdout + result.stderr
    found = []
    for text in result.stderr.split("\n"):
        place, error, what = text.partition(": error: ")
        if error:
            path, number = place.split(":")
            lines = files[path].split("\n")[int(number) - 1 :]
            found.append((*lines[:2], what))
    nothing = "this guess asks nothing [guess]"
    fence = "```{guess}"
    unmarked = "this choice is marked neither as right nor as wrong [guess]"
    line = "a choice is one line; below it, why it is right or not [guess]"
    assert found == [
        (fence, "Silent?", "the code cell of line 11 shows nothing [guess]"),
        *(
            (fence, ":cells: nobody cell-b", f"{what} [guess]")
            for what in (
                "the code cell 'cell-b' is above this guess",
                "there is no code cell 'nobody' on this page",
            )
        ),
        (
            *(fence, "Twice?"),
            "the code cell of line 33 has a guess already [guess]",
        ),
        (
            *(fence, "Hidden?"),
            "the code cell of line 41 hides its output anyway [guess]",
        ),
        (
            *(fence, "Nothing below?"),
            "no code cell is below this guess, in its section [guess]",
        ),
        (fence, "```", nothing),
        (fence, "- [ ] a", nothing),
        ("- [x] a", "  A.", "of 2 choices, 2 are right [guess]"),
        ("- [ ] a", "  A.", "of 1 choice, 0 are right [guess]"),
        ("- b", "  B.", unmarked),
        ("> - [x] a", "> - [ ]", line),
        ("> - [ ]", ">   B.", unmarked),
        (
            *("- [x] a", "  A."),
            "in a guess, a list has its choices, and nothing is below [guess]",
        ),
    ]
    assert result.stderr.count("\n    hint: ") == len(found)


def test_a_page_whose_code_does_not_run(new_book):
    page = PAGE.replace(
        HEAD, HEAD[:-4] + "mystnb: {execution_mode: 'off'}\n---\n"
    )
    page = page.replace("见 {numref}`fig-line`，", "见")
    page = page.replace(":cells: fig-line, ", ":cells: ")
    book = new_book({"_config.yml": CONFIG, "chapters/page.md": page})
    book.succeed()
    article = book.article("chapters/page")
    assert len(article.select(".guess")) == 3
    assert article.select(".guess-cover") == []
