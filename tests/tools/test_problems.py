"""Every kind of problem, as the command line reports it.

A case is a chapter `problems/NAME.md`, or a folder `problems/NAME/` with the
files of a book, and `problems/NAME.txt` with what stands on stderr.
"""

from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "problems"
CASES = sorted(path for path in FOLDER.iterdir() if path.suffix != ".txt")

# A package from before: one file that would change, one to be deleted.
PACKAGE = {
    "d2lmini/__init__.py": "# Generated from the chapters by hand, once.\n",
    "d2lmini/gone.py": "# Generated from chapters/gone.md by hand, once.\n",
}


@pytest.mark.parametrize("case", CASES, ids=[case.stem for case in CASES])
def test_problem(case, make_book, run, expect):
    if case.is_dir():
        root = make_book(case)
    else:
        text = case.read_text("utf-8")
        root = make_book({f"chapters/{case.name}": text})
    make_book(PACKAGE)
    before = state(root)

    result = run("-m", "booktools", "extract", "--book", "book")

    expect(case.with_suffix(".txt"), result.stderr)
    assert result.returncode == 1
    assert not result.stdout
    assert state(root) == before


def test_every_case_is_expected():
    expected = {path.stem for path in FOLDER.glob("*.txt")}
    assert expected == {case.stem for case in CASES}


def state(root: Path) -> dict[str, tuple[bytes, int]]:
    files = [path for path in root.rglob("*") if path.is_file()]
    return {
        str(path): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in files
    }
