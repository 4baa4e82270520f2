"""Docstrings fall into the parts that their authors gave them."""

import ast

from booktools.source.docstring import read_docstring, read_items

SOURCE = '''
def f():
    """Summary - in short.

    More
    ---
    -- of it.

    Returns
    -------
    int, a dash
        First line
        - second

        after a blank one
    str
    """
'''


def test_sections():
    (node,) = ast.parse(SOURCE).body
    items = (
        "int, a dash\n    First line\n    - second\n\n    after a blank one"
    )
    assert list(read_docstring(node)) == [
        ("", "Summary - in short."),
        ("More", "-- of it."),
        ("Returns", f"{items}\nstr"),
    ]
    assert read_items(f"{items}\nstr") == [
        ("int, a dash", "First line\n- second\nafter a blank one"),
        ("str", ""),
    ]


def test_without_a_docstring():
    for source in ("def f(): pass", "x = 1"):
        assert list(read_docstring(ast.parse(source).body[0])) == [("", "")]
