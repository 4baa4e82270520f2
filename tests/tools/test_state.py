"""When features run, and what they know together."""

import json
import os
import pickle
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
import sphinx_copybutton

from booktools.sphinxext import page_weight, state
from booktools.sphinxext.order import Stage

ROOT = Path(__file__).parents[2]

CONFIG = """\
title: Small
execute: {execute_notebooks: cache}
parse: {myst_enable_extensions: [dollarmath]}
sphinx: {extra_extensions: [booktools.sphinxext]}
"""
CHAPTER = """\
---
file_format: mystnb
kernelspec: {name: python3}
---
# One

```{code-cell}
def twice(x):  #@save
    return 2 * x
```

$$x + 0 = x$$ (eq-x)

```{check} eq-x
assert tex
```
"""
REFERENCE = """\
# Reference

```{saved-names}
```
"""
# Builds a book, and writes how often it was read, and what was left changed.
COUNTED = """\
import gc, json
from booktools.source import chapter, mentions, package
counts = {}
def count(module, name):
    function = getattr(module, name)
    def counted(*arguments):
        counts[name] = counts.get(name, 0) + 1
        return function(*arguments)
    setattr(module, name, counted)
count(chapter, "read_book")
count(package, "render_package")
count(mentions, "read_saved_names")
usual = gc.get_threshold()
from jupyter_book.cli.main import main
main(["build", "."], standalone_mode=False)
counts["same"] = gc.get_threshold() == usual
with open("counts.json", "w") as file:
    json.dump(counts, file)
"""


def run(book, *command):
    result = subprocess.run(
        [sys.executable, *command],
        cwd=book,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert (result.returncode, result.stderr) == (0, "")


def test_the_book_is_read_once(make_book):
    texts = {"chapters/one.md": CHAPTER, "chapters/two.md": REFERENCE}
    book = make_book({"_config.yml": CONFIG, **texts})
    run(book, "-m", "booktools", "extract")
    for _ in range(2):
        run(book, "-c", COUNTED)
        assert json.loads((book / "counts.json").read_text()) == {
            "read_book": 1,
            "render_package": 1,
            "read_saved_names": 1,
            "same": True,  # for whoever builds in a process of its own
        }
    with (book / "_build/.doctrees/environment.pickle").open("rb") as file:
        env = pickle.load(file)
    assert [name for name in vars(env) if name.startswith("booktools")] == [
        "booktools"
    ]
    known = state.memory(env)
    assert known.checked == {"chapters/one"} < known.names.keys()
    known.forget("chapters/one")
    assert "chapters/one" not in known.names
    # Of what older tools knew, nothing counts.
    env.config.booktools_version = "another"
    assert state.memory(env) == state.Memory("another")


def test_stages_are_listed_in_order():
    stages = [stage.value for stage in Stage]
    events = list(dict.fromkeys(event for event, _ in stages))
    assert [*map(events.index, (event for event, _ in stages))] == sorted(
        events.index(event) for event, _ in stages
    )
    for (event, number), (next_event, next_number) in pairwise(stages):
        assert event != next_event or number < next_number


def test_features_name_stages():
    for file in (ROOT / "booktools" / "sphinxext").glob("*.py"):
        if file.stem != "order":
            text = file.read_text("utf-8")
            assert not re.search('priority *=|[.]connect[(]\\s*"', text), file


def test_an_unknown_script_of_the_theme_stops_the_build(tmp_path):
    script = tmp_path / "_static" / page_weight.THEME_SCRIPT
    script.parent.mkdir(parents=True)
    text = f"let O = somethingElse; {page_weight.MEASURING}"
    script.write_text(text, "utf-8")
    weight = page_weight._Weight()
    weight._styles["basic.css"] = None
    with pytest.raises(SystemExit) as caught:
        weight.reduce(SimpleNamespace(outdir=tmp_path), None)
    assert page_weight.THEME_SCRIPT in str(caught.value)
    assert "constraints.txt" in str(caught.value)
    assert script.read_text("utf-8") == text


def test_an_environment_in_the_book_gives_the_site_no_files():
    """An author's `.venv` lies in the folder of the book."""
    copied = Path(sphinx_copybutton.__file__).with_name("_static")
    config = SimpleNamespace(
        html_static_path=[str(copied)], html_logo=None, html_favicon=None
    )
    folder = Path(sys.prefix).parent
    app = SimpleNamespace(
        config=config, srcdir=folder, confdir=folder, doctreedir="trees"
    )
    assert list(page_weight._own_files(app)) == []
    app.config.html_static_path = [str(Path(__file__).parent)]
    app.srcdir = app.confdir = Path(__file__).parents[1]
    assert "test_state.py" in list(page_weight._own_files(app))
