"""Code in colours: what has no colour of its own has no element either."""

import pytest
from pygments.styles import get_style_by_name
from pygments.token import Token

from booktools.sphinxext.highlighting import PLAIN

CONFIG = """\
title: A small book
execute: {execute_notebooks: cache}
sphinx:
  extra_extensions: [booktools.sphinxext]
"""
PAGE = """\
# Code

```python
import numpy as np

def twice(x):
    return 2 * x, "two"
```
"""


@pytest.mark.parametrize("name", ["light", "dark"])
def test_what_is_plain_has_the_colour_of_text(name):
    style = get_style_by_name(f"a11y-high-contrast-{name}")
    text = style.style_for_token(Token.Text)
    assert [style.style_for_token(kind) for kind in PLAIN] == [text] * 4


def test_only_words_with_a_colour_have_an_element(new_book):
    book = new_book({"_config.yml": CONFIG, "chapters/code.md": PAGE})
    book.succeed()
    [listing] = book.article("chapters/code")("pre")
    assert listing.text == PAGE.partition("python\n")[2].removesuffix("```\n")
    words = [tag.text for tag in listing("span") if tag.text]
    assert words == [
        "import",
        "as",
        "def",
        "twice",
        "return",
        "2",
        "*",
        '"two"',
    ]
    assert "highlight" in book.page("chapters/code").pre.parent["class"]
