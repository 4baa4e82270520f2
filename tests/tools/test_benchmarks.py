"""The benchmarks run, and measure what they say."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Twelve builds, half of them without these tools.
pytestmark = [pytest.mark.torch, pytest.mark.nightly]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    output = tmp_path_factory.mktemp("benchmarks") / "results.md"
    done = subprocess.run(
        [sys.executable, "benchmarks/run.py", "--quick", "--output", output],
        cwd=ROOT,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert (done.returncode, done.stderr) == (0, "")
    return output.read_text("utf-8")


def test_quick_run(results):
    rows = {}
    for line in results.splitlines():
        if line.startswith("| ") and "stock" not in line:
            what, *numbers, _ = line[2:].split(" | ")
            rows[what] = [float(n.split(" ")[0]) for n in numbers if n]
    assert set(rows) == {
        "3 chapters: peak memory, MB",
        "3 chapters: outputs ready, s",
        "3 chapters: cold build, s",
        "no-op, s",
        "prose edit, s",
        "one-cell edit, NumPy, s",
        "helper edit, s",
        "helper edit: chapters executed",
        "make write: prose edit, s",
        "make write: one-cell edit, NumPy, s",
        "3 chapters, Jupyter Book 2: outputs ready, s",
        "4 small chapters: no-op, s",
        "4 small chapters: extraction, s",
    }
    # Only the chapter that was edited, with stale outputs in its users.
    assert rows.pop("helper edit: chapters executed") == [1, 2]
    assert all(number > 0 for row in rows.values() for number in row)
    for ready, whole in zip(
        rows["3 chapters: outputs ready, s"],
        rows["3 chapters: cold build, s"],
        strict=True,
    ):
        assert ready < whole


def test_where_it_was_measured(results):
    assert f"{os.cpu_count()} cores" in results
    assert f"Python {sys.version.split()[0]}" in results
    assert "myst-nb " in results
    assert "In doubt" not in results


def test_jupyter_book_2_is_left_out_where_it_cannot_be_had(tmp_path):
    output = tmp_path / "results.md"
    options = ["--quick", "--only", "mystmd", "--output", output]
    nowhere = {
        "npm_config_registry": "http://127.0.0.1:9",
        "npm_config_cache": str(tmp_path / "cache"),
        "npm_config_fetch_retries": "0",
    }
    done = subprocess.run(
        [sys.executable, "benchmarks/run.py", *options],
        cwd=ROOT,
        env=os.environ | nowhere | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert (done.returncode, done.stderr) == (0, "")
    why = "Jupyter Book 2 is not measured: npm could not install mystmd"
    assert why in output.read_text("utf-8").splitlines()


def test_what_stock_does_not_know_is_left_out():
    code = "import sys; sys.path.insert(0, 'benchmarks'); import run; "
    code += "print(run.OURS_ONLY.pattern)"
    pattern = subprocess.check_output(
        [sys.executable, "-c", code], cwd=ROOT, text=True
    )
    files = (ROOT / "booktools" / "sphinxext").glob("*.py")
    text = "".join(file.read_text("utf-8") for file in files)
    names = re.findall(r'add_directive\("([a-z-]+)"', text)
    assert len(names) >= 4
    assert [name for name in names if name not in pattern] == []
