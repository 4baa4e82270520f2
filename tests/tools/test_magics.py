"""What magics run is Python, too: its names count."""

import pytest

from booktools.source.deps import Library
from booktools.source.magics import executed_python


@pytest.mark.parametrize(
    ("source", "python"),
    [
        ("%%time\nx = 1", "\nx = 1\n"),
        ("\n%%timeit -n 3 -r2 y = 1\n%time f(y)", "\ny = 1\nf(y)"),
        ("%%capture out --no-stderr\n\nx", "\n\nx\n"),
        ("%%prun -l 3\nf()", "\nf()\n"),
        ("%time x = f()", "x = f()"),
        ("x = %time f()", "x = f()"),
        ("r = %timeit -n1 -r 2 -o f('a')", "r = f('a')"),
        (
            "for i in x:\n    %time\n    %timeit i",
            "for i in x:\n    pass\n    i",
        ),
        ("x = 1 % time\ny = '%time z'", "x = 1 % time\ny = '%time z'"),
    ],
)
def test_executed_python(source, python):
    assert executed_python(source) == python


@pytest.mark.parametrize(
    "source", ["%%bash\nls", "!ls", "x?", "%time x +", "%%time?"]
)
def test_other_magics_stay_calls(source):
    assert "get_ipython()" in executed_python(source)


def test_saved_code_behind_magics_is_used():
    """Or results would be kept though they are old."""
    init = '"""The book."""\n'
    files = {
        "d2l/__init__.py": init,
        "d2l/a.py": "def area():\n    return 1\n",
    }
    library = Library.from_files(files, "d2l")
    for source in ("%%time\nd2l.area()", "%time d2l.area()"):
        cells = ["import d2l", executed_python(source)]
        assert library.uses(cells) == {"a", "area"}
