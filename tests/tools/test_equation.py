"""Formulas that are tested by themselves, at random points.

The formulas of a case file are separated by blank lines.
"""

import multiprocessing
import re

import pytest

from booktools.run.equation import POINTS, check_equation
from booktools.run.values import UntestableError
from tests.books import CASES

FOLDER = CASES / "equations"


def formulas(name):
    return (FOLDER / f"{name}.tex").read_text("utf-8").strip().split("\n\n")


@pytest.mark.parametrize("tex", formulas("true"))
def test_true(tex):
    done = check_equation(tex)
    chosen = [*done["numbers"], *done["whole"], *done["functions"]]
    assert done["points"] in ((4, POINTS) if chosen else (1,))


@pytest.mark.parametrize("tex", formulas("false"))
def test_false(tex):
    with pytest.raises(AssertionError, match=r" is .*, but .* is |only \d"):
        check_equation(tex)


def test_untestable(expect):
    """What cannot be tested is neither right nor wrong; it says why."""
    lines = []
    for tex in formulas("untestable"):
        with pytest.raises(UntestableError) as error:
            check_equation(tex)
        lines.append(f"{' '.join(tex.split())}\n    {error.value}\n")
    expect(FOLDER / "untestable.txt", "".join(lines))


def test_what_was_done():
    done = check_equation(r"y = \sum_{i=1}^n (f(x) + i) = n f(x) + n(n+1)/2")
    assert done == {
        "points": POINTS,
        "numbers": ["x"],
        "whole": ["n"],
        "functions": ["f"],
        "defined": ["y"],
    }


def test_both_sides_and_the_point_are_named():
    with pytest.raises(AssertionError) as error:
        check_equation(r"(x + n)^2 = x^2 + n^2")
    said = re.fullmatch(
        r"\(x \+ n\)\^2 is (\S+), but x\^2 \+ n\^2 is (\S+),"
        r" at n = (\S+), x = (\S+)",
        str(error.value),
    )
    left, right, n, x = map(float, said.groups())
    assert (x + n) ** 2 == pytest.approx(left, rel=1e-4)
    assert x**2 + n**2 == pytest.approx(right, rel=1e-4)


SWAPPED = {"+": "-", "-": "+", "x": "y", "n": "m", "1": "2", "2": "3"}
SWAPPED |= {r"\sin": r"\cos", r"\cos": r"\sin", "e": "x", "a": "b", "u": "v"}


def changes(tex):
    """Yield a formula with one sign, letter, digit or function changed."""
    for match in re.finditer(r"\\[a-zA-Z]+|.", tex):
        if match[0] in SWAPPED:
            new = SWAPPED[match[0]]
            yield tex[: match.start()] + new + tex[match.end() :]


def outcome(tex):
    try:
        check_equation(tex)
    except Exception as error:
        return type(error).__name__
    return ""


@pytest.mark.slow
def test_nine_of_ten_changes_are_noticed():
    changed = [c for tex in formulas("true") for c in changes(tex)]
    changed = changed[::3]  # all of them take minutes
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        outcomes = pool.map(outcome, changed, 4)
    unnoticed = [
        c for c, name in zip(changed, outcomes, strict=True) if not name
    ]
    print(f"{len(unnoticed)} of {len(changed)} changes are not noticed")
    assert len(unnoticed) <= len(changed) / 10, "\n".join(unnoticed)
