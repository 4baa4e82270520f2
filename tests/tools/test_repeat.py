"""Two builds from nothing, compared."""

import pytest

CONFIG = """\
title: A small book
execute: {execute_notebooks: cache}
parse: {myst_enable_extensions: [dollarmath]}
sphinx: {extra_extensions: [booktools.sphinxext]}
"""

STEADY = """\
---
file_format: mystnb
kernelspec: {name: python3, display_name: Python 3}
---
# A chapter

```{code-cell}
1 + 1
```
"""

FIGURE = """
```{code-cell}
from matplotlib import pyplot as plt
plt.plot([1, 2]);
```
"""

UNSEEDED = """\

$$
x
$$ (eq-x)

```{check} eq-x
import random
print(random.random())
```

```{code-cell}
:tags: [hide-output]

import random
print("a line that is always the same")
print("so small:", random.random())
```
"""


@pytest.fixture
def repeat(make_book, builder):
    def repeat(**chapters):
        files = {
            f"chapters/{name}.md": text for name, text in chapters.items()
        }
        root = make_book({"_config.yml": CONFIG, **files})
        before = sorted(root.rglob("*"))
        result = builder.tools(root, "repeat")
        assert sorted(root.rglob("*")) == before
        return result

    return repeat


def test_what_differs_is_named(repeat):
    # As many as it takes to fork kernels in one of the builds.
    result = repeat(a=STEADY, b=STEADY + UNSEEDED, c=STEADY + FIGURE)
    assert result.returncode == 1
    lines = result.stderr.splitlines()
    pages = [line for line in lines if ".html" in line]
    assert len(pages) == 1
    page, _, rest = pages[0].partition(".html:")
    assert page == "_build/html/chapters/b"
    assert "error: two builds make it differently: '" in rest
    assert int(rest.split(":")[0]) > 1
    check, cell = (line for line in lines if " (c" in line)
    differs = "): its output differs from run to run: '"
    assert check.startswith(f"chapters/b.md:16 (check eq-x{differs}0.")
    start = f"chapters/b.md:23 (code cell 2{differs}so small: 0."
    assert cell.startswith(start)
    assert "', then 'so small: 0." in cell
    assert "need a seed: random.seed(0), np.random.seed(0)" in cell
    assert lines[-1].startswith(f"{len(lines) - 1} problems in ")


def test_equal_builds(repeat):
    result = repeat(a=STEADY, b=STEADY + FIGURE, c=STEADY + "\n$x$\n")
    assert (result.returncode, result.stderr) == (0, "")
    assert (
        result.stdout == "two builds from nothing are equal, byte for byte\n"
    )


def test_a_book_that_cannot_be_built(repeat):
    result = repeat(a=STEADY.replace("1 + 1", "1 / 0"))
    assert result.returncode == 1
    assert "a.md:8 (code cell 1): ZeroDivisionError" in result.stderr
    assert result.stderr.splitlines()[-1].startswith("error: ")
