"""Solutions are folded and linked with exercises, also without a script."""

import pytest

CONFIG = """\
title: A small book
execute: {execute_notebooks: cache}
sphinx:
  extra_extensions: [sphinx_exercise, booktools.sphinxext]
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
        "解答：练习 1 · Area of x",
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
        "练习 1 · Area of x",
        "练习 2",
    ]
