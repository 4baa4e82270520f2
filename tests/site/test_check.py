"""The book passes the checks that each author's does."""

import os
import subprocess
import sys

from tests.books import ROOT, environ


def test_nothing_is_found(whole_site):
    root = whole_site.parents[1]
    # Or the site would be built again.
    os.utime(whole_site / "index.html")
    result = subprocess.run(
        [sys.executable, "-m", "booktools", "check", "--book", root],
        cwd=ROOT,
        env=environ(),
        capture_output=True,
        text=True,
    )
    assert result.stderr == ""
    assert result.stdout.endswith(": 0 problems\n")
    assert result.returncode == 0
