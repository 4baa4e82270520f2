"""The checks of formulas find mistakes: most small changes make them fail."""

import io
import itertools
import multiprocessing
import re
import signal
import tokenize
from pathlib import Path

import pytest

from booktools.run.equation import check_equation
from booktools.source.chapter import read_book

CHAPTERS = [
    chapter
    for chapter in read_book(Path(__file__).parents[2]).chapters
    if chapter.checks
]
# A quarter of an hour, in which SymPy tries to prove what is wrong.
pytestmark = pytest.mark.nightly

SIGNS = {"+": "-", "-": "+"}


def changed_formulas(tex):
    """Yield a formula with one sign, transpose or index changed."""
    for sign in re.finditer(r"[+-]", tex):
        yield tex[: sign.start()] + SIGNS[sign[0]] + tex[sign.end() :]
    for transpose in re.finditer(r"\^\\top", tex):
        yield tex[: transpose.start()] + tex[transpose.end() :]
    for index in re.finditer(r"(?<=_)[0-9a-z]", tex):
        other = chr(ord(index[0]) + 1)
        yield tex[: index.start()] + other + tex[index.end() :]


def changed_checks(source):
    """Yield a check with one sign, transpose or index changed."""
    lines = source.splitlines(keepends=True)
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    for before, token in itertools.pairwise(tokens):
        row, column = token.start
        if token.string in SIGNS:
            text = SIGNS[token.string]
        elif (before.string, token.string) == (".", "T"):
            text, column = "", column - 1
        elif before.string == "[" and token.string in ("0", "1"):
            text = str(1 - int(token.string))
        else:
            continue
        line = lines[row - 1]
        line = line[:column] + text + line[token.end[1] :]
        yield "".join([*lines[: row - 1], line, *lines[row:]]), line


def outcome(check):
    """Run a check and return the name of its error, or nothing."""
    source, tex = check

    def give_up(*_):
        raise TimeoutError

    # A wrong formula can keep SymPy busy for hours.
    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(20)
    try:
        if source:
            exec(source, {"__name__": "__main__", "tex": tex})
        else:
            check_equation(tex)
    except Exception as error:
        return type(error).__name__
    finally:
        signal.alarm(0)
    return ""


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda c: c.name)
def test_nine_of_ten_changes_make_a_check_fail(chapter):
    formulas = {formula.label: formula.tex for formula in chapter.formulas}
    changes = []
    for check in chapter.checks:
        tex = formulas[check.label]
        assert outcome((check.source, tex)) == "", check.label
        for other in changed_formulas(tex):
            changes.append((check.source, other, f"{check.label}: {other}"))
        for other, line in changed_checks(check.source):
            changes.append((other, tex, f"{check.label}: {line.strip()}"))
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        outcomes = pool.map(outcome, [change[:2] for change in changes], 4)
    unnoticed = [
        what
        for (_, _, what), error in zip(changes, outcomes, strict=True)
        if not error
    ]
    noticed = 1 - len(unnoticed) / len(changes)
    print(f"{chapter.name}: {noticed:.0%} of {len(changes)} changes noticed")
    assert noticed >= 0.9, "\n".join(unnoticed)
