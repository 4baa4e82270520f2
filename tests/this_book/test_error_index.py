"""The page of errors tells their texts as the programs write them."""

import contextlib
import io
import re
import subprocess
import sys
import warnings
from pathlib import Path

import matplotlib as mpl
import pytest

mpl.use("agg")

PAGE = Path(__file__).parents[2] / "chapters" / "error_index.md"
TEXT = PAGE.read_text("utf-8")
SETUP = re.search(r"```python\n(.*?)```", TEXT, re.DOTALL)[1]
PARTS = re.split(r"\n\(sec-errors-(\w+)\)=\n", TEXT)
SECTIONS = dict(zip(PARTS[1::2], PARTS[2::2], strict=True))
ENTRY = re.compile(r"^(`+)(.+?)\1\n: (.+)$", re.MULTILINE)
EXAMPLE = re.compile(r"例：`([^`]+)`。")
ENTRIES = [
    (section, text, explanation)
    for section, body in SECTIONS.items()
    for _, text, explanation in ENTRY.findall(body)
]


def said(example):
    """Run an example and return all that it says."""
    names = {}
    exec(SETUP, names)
    output = io.StringIO()
    with (
        warnings.catch_warnings(record=True) as caught,
        contextlib.redirect_stdout(output),
    ):
        warnings.simplefilter("always")
        try:
            # Compiled here, since a line with a magic is no Python.
            exec(compile(example, "my_script.py", "exec"), names)
        except Exception as error:
            print(f"{type(error).__name__}: {error}")
    lines = [f"{item.category.__name__}: {item.message}" for item in caught]
    names["d2l"].plt.close("all")
    return "\n".join([*lines, output.getvalue()])


@pytest.mark.parametrize(
    ("section", "text", "explanation"), ENTRIES, ids=[e[1] for e in ENTRIES]
)
def test_an_example_gives_the_text(section, text, explanation):
    assert "见 {ref}" in explanation
    examples = EXAMPLE.findall(explanation)
    if section == "elsewhere":
        assert not examples
        return
    (example,) = examples
    if text.startswith("ModuleNotFoundError"):
        # A Python with no library at all.
        command = [sys.executable, "-I", "-S", "-c", example]
        result = subprocess.run(command, capture_output=True, text=True)
        output = result.stderr
    else:
        output = said(example)
    pattern = ".+".join(map(re.escape, text.split("…")))
    # The whole of a line from its beginning, but for what may come after.
    assert re.search("^" + pattern, output, re.MULTILINE), output


def test_entries_are_sorted_and_all_are_read():
    for section, body in SECTIONS.items():
        texts = [text for _, text, _ in ENTRY.findall(body)]
        assert len(texts) == len(re.findall(r"^: ", body, re.MULTILINE))
        if section not in ("silent", "elsewhere"):
            # What stands for anything comes after what is said in full.
            keys = [text.lower().replace("…", "\uffff") for text in texts]
            assert keys == sorted(keys)
