"""What no text of a page should have."""

import os
import re
import subprocess
import sys
from pathlib import Path

from booktools.check.built import BuiltSite
from booktools.check.findings import Findings
from booktools.problem import Problem


def test_traces_of_this_computer(
    site: BuiltSite, findings: Findings, page: str
) -> None:
    """Find paths of the computer that has built the book."""
    text = (site.html / page).read_text("utf-8")
    places = {str(site.book.root), str(Path.home()), sys.prefix}
    for place in sorted(places - {"/", "/root"}):
        if place + os.sep in text:
            what = f"the page shows a path of this computer: {place}"
            hint = "print the name of a file without its folder"
            findings.add(page, "machine-path", what, hint, place)
    if "Traceback (most recent call last)" in site.soup(page).get_text():
        what = "the page shows a traceback"
        hint = "catch the error in the cell, and print it"
        findings.add(page, "traceback", what, hint)


def test_figures(site: BuiltSite, findings: Findings, page: str) -> None:
    """Find pictures whose text is no text."""
    article = site.soup(page).article
    for image in article("img") if article else ():
        text = str(image.get("alt") or "")
        if re.search(r"\.(svg|png|jpe?g|gif|webp)$", text):
            what = f"the text of a picture is the name of its file: {text}"
            hint = "say what is to be seen: alt: '…'"
            name = text.rpartition("/")[2]
            findings.add(page, "no-alt", what, hint, name)


def test_package(site: BuiltSite, findings: Findings) -> None:
    """Compare the package with what chapters save."""
    command = [sys.executable, "-m", "booktools", "extract", "--check"]
    done = subprocess.run(
        command, cwd=site.book.root, capture_output=True, text=True
    )
    if done.returncode:
        what = f"the folder {site.book.package} is not what chapters save"
        hint = "python -m booktools extract"
        path = f"{site.book.package}/__init__.py"
        findings.problems.append(Problem(path, 1, "stale-package", what, hint))
