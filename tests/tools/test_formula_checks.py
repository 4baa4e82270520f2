"""Checks of formulas: what pages say of them, what they say if they fail."""

import subprocess
import sys

import pytest

from booktools.run import assertions, checks
from booktools.source.brackets import find_unclosed

CONFIG = """\
title: A small book
execute: {execute_notebooks: cache, timeout: 60}
sphinx:
  local_extensions: {booktools.sphinxext: .}
  config: {language: zh_CN}
"""
HEAD = "---\nfile_format: mystnb\nkernelspec: {name: python3}\n---\n# A\n\n"


def formula(label, tex, code=""):
    check = f"```{{check}} {label}\n{code}```\n\n"
    return f"$$\n{tex}\n$$ ({label})\n\n{check}"


def test_a_formula_tested_by_itself(new_book):
    text = HEAD
    text += formula("eq-a", r"y = \lambda(x + h) = \lambda x + \lambda h")
    text += formula("eq-b", r"\int_0^1 x \, dx = \frac12")
    text += formula("eq-c", r"n f(x) = f(x) n")
    text += formula("eq-d", "1 = 1", "assert tex\n")
    book = new_book({"_config.yml": CONFIG, "chapters/a.md": text})
    book.succeed()
    checks = book.article("chapters/a").select("details.check")
    assert [check.summary.get_text() for check in checks] == (
        ["✓ 已用代码检验"] * 4
    )
    assert [p.get_text() for check in checks for p in check.select("p")] == [
        "在 20 个随机点上分别算出等号两边，处处相等。h、λ、x 取随机的数。"
        "y 由这个式子定义，没有检验。",
        "分别算出等号两边，两边相等。",
        "在 20 个随机点上分别算出等号两边，处处相等。x 取随机的数。"
        "n 取随机的正整数。f 取随机的光滑函数。",
    ]
    assert len(book.article("chapters/a").select("details.check pre")) == 1
    # A warm build knows as much, and notices a misprint.
    book.add("chapters/a.md", "More.\n")
    book.succeed()
    text = book.article("chapters/a").get_text()
    assert text.count("处处相等") == 2
    book.replace("chapters/a.md", r"\lambda x +", r"\lambda x -")
    assert "(check eq-a): both sides should be equal: " in book.build().stderr


FAILING = [
    (
        formula("eq-a", "(x + h)^2 =\nx^2 + h^2"),
        "chapters/a.md:8 (check eq-a): both sides should be equal:"
        " (x + h)^2 is 3.54221, but x^2 + h^2 is 3.13657, at h = 1.767313,"
        " x = 0.11476259; the formula: (x + h)^2 = x^2 + h^2",
    ),
    (
        formula("eq-a", "E = m c^2", "\n\n"),
        "chapters/a.md:8 (check eq-a): this formula cannot be tested by"
        " itself: it defines E, and nothing else in it says what E should be;"
        " the formula: E = m c^2\n    hint: write its check by hand",
    ),
    (
        formula("eq-a", "1 = 2", "a = [1, 2]\nassert sum(a) == 4 - a[1]\n"),
        "chapters/a.md:13 (check eq-a): AssertionError:"
        " sum(a) == 4 - a[1]: the left side is 3, the right 2;"
        " the formula: 1 = 2",
    ),
    (
        formula(
            "eq-a",
            "1 = 2",
            "import numpy as np\n\n"
            "np.testing.assert_allclose([1, 2], [1, 3])\n",
        ),
        "chapters/a.md:14 (check eq-a): AssertionError:"
        " Not equal to tolerance rtol=1e-07, atol=0",
    ),
    (
        formula("eq-a", "1 = 2", "x = {}\nx['y']\n"),
        "chapters/a.md:13 (check eq-a): KeyError: 'y'; the formula: 1 = 2",
    ),
    (
        formula("eq-a", "1 = 2", "x = 1\nx = = 2\n"),
        "chapters/a.md:13 (check eq-a): SyntaxError: invalid syntax;"
        " the formula: 1 = 2",
    ),
]


def test_a_formula_where_sympy_is_missing(new_book):
    missing = "raise ModuleNotFoundError(\"No module named 'sympy'\")\n"
    text = HEAD + formula("eq-a", "1 = 1")
    files = {"_config.yml": CONFIG, "sympy.py": missing}
    said = new_book(files | {"chapters/a.md": text}).build().stderr
    expected = (
        "(check eq-a): an empty check needs SymPy and its TeX parser: No"
    )
    assert expected in said
    assert 'python -m pip install "booktools[checks]"; or write' in said


@pytest.mark.parametrize("source", ["", "assert tex == '1 = 1'"])
def test_a_kernel_needs_none_of_these_tools(source, tmp_path):
    """It may be on another machine."""
    # As where they are not installed: whatever imports them fails.
    lost = "import sys; sys.modules['booktools'] = None\n"
    program = lost + checks.cell(source, "1 = 1")
    subprocess.run([sys.executable, "-I", "-c", program], check=True)
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"{lost}import booktools"],
        cwd=tmp_path,
        capture_output=True,
    )
    assert done.returncode == 1


def test_failing_checks(make_book, builder):
    """All kinds at once: a build for each would take long."""
    names = "abcdef"
    text = {"_config.yml": CONFIG} | {
        f"chapters/{name}.md": HEAD + case[0].replace("eq-a", f"eq-{name}")
        for name, case in zip(names, FAILING, strict=True)
    }
    said = builder.build(make_book(text)).stderr
    for name, (_, expected) in zip(names, FAILING, strict=True):
        expected = expected.replace("/a.md", f"/{name}.md")
        assert expected.replace("eq-a", f"eq-{name}") in said
    # NumPy's numbers stand on further lines of its message.
    assert "[1, 3]" in said.split("chapters/d.md:14")[-1]


SHOWN = [
    ("assert x == 2", "x == 2: the left side is 1, the right 2"),
    ("assert x == 1 == y", "x == 1 == y: the sides are 1, 1, 3"),
    ("assert 2 == x == y", "2 == x == y: the left side is 2, the right 1"),
    ("assert x > y, 'row'", "row: x > y: the left side is 1, the right 3"),
    ("assert not x", "not x"),
    (
        "import math\nassert math.isclose(x, y)",
        "math.isclose(x, y): the left side is 1, the right 3",
    ),
    (
        "def test(a):\n    assert a == 1\nfor i in (1, 5):\n    test(i)",
        "a == 1: the left side is 5, the right 1",
    ),
    (
        "calls = []\nassert calls.append(1) == len(calls)",
        "calls.append(1) == len(calls): the left side is None, the right 1",
    ),
    ("assert max(*[1, 2]) == 3", "the left side is 2, the right 3"),
]


@pytest.mark.parametrize(("code", "said"), SHOWN)
def test_assertions_say_both_sides(code, said):
    with pytest.raises(AssertionError) as error:
        assertions.run(f"x, y = 1, 3\n{code}\n", "")
    assert said in str(error.value)
    line = error.traceback[-1].lineno + 1
    assert line == 2 + code.count("\n") or "test(" in code


def test_assertions_that_hold():
    code = (
        "assert tex == 'a' and __name__ == '__main__'\nassert 1 < 2 < 3, 1/0"
    )
    assertions.run(code, "a")


UNCLOSED = [
    ("a {b} \\{ \\left( x \\right. \\begin{aligned} \\end{aligned} % }", None),
    ("a\n\\frac{1}{2", (1, "this { is never closed", "write } where")),
    ("a }", (0, "this } closes nothing", "remove it")),
    (
        "{\\left( a}",
        (0, "this \\left is never closed: } comes first", "write \\right"),
    ),
    (
        "\\begin{a} \\end{b}",
        (
            0,
            "this \\begin{a} is never closed: \\end{b} comes first",
            "write \\end{a}",
        ),
    ),
]


@pytest.mark.parametrize(("tex", "expected"), UNCLOSED)
def test_what_is_never_closed(tex, expected):
    found = find_unclosed(tex)
    if expected is None:
        assert found is None
    else:
        assert found[:2] == expected[:2]
        assert found[2].startswith(expected[2])
