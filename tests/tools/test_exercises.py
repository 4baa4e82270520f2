"""Solutions are folded and linked with exercises, also without a script."""

import pytest
from bs4 import BeautifulSoup

from booktools.source.chapter import read_book
from tests.books import ROOT

PAGES = [chapter.docname for chapter in read_book(ROOT).chapters]

CONFIG = """\
title: A small book
execute: {execute_notebooks: cache}
sphinx:
  extra_extensions: [sphinx_exercise]
  local_extensions: {booktools.sphinxext: .}
  config: {language: zh_CN}
"""
PAGE = """\
# Page

```{exercise} Area of $x$
:label: ex-area

How large?
```

```{exercise}
:label: ex-untitled

And this?
```

```{solution} ex-area
:class: dropdown

See [below](#in-a-fold).
```

```{solution} ex-untitled

Not folded.
```

```{note}
:class: dropdown

A note.
```

:::{admonition} With *emphasis*
:class: dropdown tip

(in-a-fold)=
Here.
:::

```{tip}
Open.
```
"""


def parse(path):
    return BeautifulSoup(path.read_text("utf-8"), "html.parser")


def words(element):
    return " ".join(element.get_text().split())


@pytest.fixture
def page(new_book):
    book = new_book({"_config.yml": CONFIG, "chapters/page.md": PAGE})
    book.succeed()
    return book.article("chapters/page")


def test_small_page(page):
    folds = page.find_all("details")
    assert [words(fold.summary) for fold in folds] == [
        "解答：练习 1 · Area of xxx",  # for ears, as TeX, for eyes
        "备注",
        "With emphasis",
    ]
    assert [fold["class"] for fold in folds] == [
        ["fold", "solution"],
        ["fold"],
        ["fold", "tip"],
    ]
    assert folds[2].summary.em
    # A click on the line unfolds, and does nothing else.
    assert [fold.summary.a for fold in folds] == [None] * 3
    assert page.find(class_="dropdown") is None
    opened = page.select("div.admonition.solution, div.tip")
    assert [words(box.p) for box in opened] == ["解答：练习 2", "小技巧"]
    # Exercises and solutions lead to each other.
    for label in ("ex-area", "ex-untitled"):
        exercise = page.find(id=label)
        solution = page.find(id=f"solution-{label}")
        there = exercise.find("a", href=f"#solution-{label}")
        assert there.text == "看解答"
        assert solution.find("a", href=f"#{label}").text == "回到题目"
    titles = page.select(".exercise .admonition-title")
    assert [words(title) for title in titles] == [
        "练习 1 · Area of xxx",
        "练习 2",
    ]


@pytest.mark.parametrize("name", PAGES)
def test_every_page(site, name):
    page = parse(site / f"{name}.html")
    ids = [element["id"] for element in page.find_all(id=True)]
    assert sorted(set(ids)) == sorted(ids)
    for solution in page.select("details.solution"):
        back = solution.select(".there-and-back a")[-1]
        assert words(solution.summary).startswith("解答：练习 ")
        exercise = page.find(id=back["href"][1:])
        title = words(exercise.select_one(".admonition-title"))
        assert words(solution.summary) == f"解答：{title}"
        assert exercise.select_one(f'a[href="#{solution["id"]}"]')
    # The script comes only where something is folded.
    script = page.select('script[src*="folds.js"]')
    assert bool(script) == bool(page.article.find("details"))
    assert all(tag.has_attr("defer") for tag in script)
