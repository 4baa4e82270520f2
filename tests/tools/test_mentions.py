"""Saved names are found in cells where they are, and nowhere else."""

import pytest

from booktools.source.mentions import Reader, read_saved_names, signature

MODULES = {
    "first": (
        "import numpy as np\n\n__all__ = ['plt', 'area', 'SIDES', 'Shape']\n\n"
        "from matplotlib import pyplot as plt\n\n"
        "def area(r):\n    return 3 * r * r\n\n"
        "SIDES = 4\n\n"
        "class Shape:\n    def __init__(self, n, *, name=''):\n        pass\n"
    ),
    "second": "__all__ = ['grow']\n\ndef grow(x):\n    return x\n",
}
SAVED = read_saved_names(MODULES)


def read(home, *cells):
    """Return the names in cells, with `^` before those defined there."""
    reader = Reader("d2lmini", SAVED, home)
    found = []
    for cell in cells:
        for start, name, defines in reader.read(cell):
            assert cell.startswith(name, start)
            line = cell.count("\n", 0, start) + 1
            column = start - cell.rfind("\n", 0, start) - 1
            found.append(f"{line}:{column} {'^' * defines}{name}")
    return found


def test_saved_names_are_not_what_saved_code_imports():
    assert {name: s.module for name, s in SAVED.items()} == {
        "plt": "first",
        "area": "first",
        "SIDES": "first",
        "Shape": "first",
        "grow": "second",
    }
    assert signature(SAVED["area"]) == "area(r)"
    assert signature(SAVED["SIDES"]) == "SIDES = 4"
    assert signature(SAVED["Shape"]) == "Shape(n, *, name='')"


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("import d2lmini as d2l\nd2l.area(1)", ["2:4 area"]),
        ("import d2lmini\nd2lmini.first.area(1)", ["2:14 area"]),
        ("import d2lmini.first\nd2lmini.area", ["2:8 area"]),
        ("from d2lmini import torch as d2l\nd2l.area", ["2:4 area"]),
        ("import d2lmini.torch as d2l\nd2l.plt.show()", ["2:4 plt"]),
        ("from d2lmini import area\narea(2)", ["1:20 area", "2:0 area"]),
        ("from d2lmini.first import (x,\n  grow)", ["2:2 grow"]),
        ("from d2lmini import area as a\na(2)", ["1:20 area"]),
        # Columns count letters, not bytes.
        ("import d2lmini as d2l\ns = '面积', d2l.area(1)", ["2:14 area"]),
        ("%matplotlib inline\nimport d2lmini as d\nd.area", ["3:2 area"]),
        ("import d2lmini as d\n@d.area\ndef f(): pass", ["2:3 area"]),
        # Not a saved name.
        ("area(1)", []),
        ("'d2l.area'  # d2l.area", []),
        ("import d2lmini as d2l\nd2l.aera", []),
        ("import d2lmini as d2l\nx.d2l.area", []),
        ("import d2lmini as d2l\nd2l = 3\nd2l.area", []),
        ("import d2lmini as d2l\ndef f(d2l): return d2l.area", []),
        ("from d2lmini import area\ndef f(area): return area", ["1:20 area"]),
        ("from elsewhere import area\narea(1)", []),
        ("this is no Python", []),
    ],
)
def test_names_elsewhere(cell, found):
    assert read("elsewhere", cell) == found


def test_names_go_from_cell_to_cell():
    cells = ["import d2lmini as d2l", "d2l.grow(1)", "d2l = 2", "d2l.grow"]
    assert read("", *cells) == ["1:4 grow"]


def test_names_of_its_own():
    cells = [
        "from matplotlib import pyplot as plt  #@save\nplt.show()",
        "area(1)",
        "#@save\ndef area(r):\n    return 3 * r * r",
        "area(2); SIDES = 4  #@save",
        "def half(area):\n    return area / 2",
        "def other():\n    area(1)",
        "def area(r):\n    return 0",
        "area(2)",
    ]
    assert read("first", *cells) == [
        "1:33 ^plt",
        "2:4 ^area",
        "1:0 area",
        "1:9 ^SIDES",
        "2:4 area",
    ]
