"""What can be known of a book's health -> findings, each with its cure.

Nothing is changed, neither here nor on GitHub.  What cannot be reached is said
to be unchecked, for a book can be written without a network.  So is what needs
a package that is missing: to say that, this needs the standard library only.
"""

import json
import os
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

from booktools.environment import NEWEST, OLDEST, tools_requirements
from booktools.problem import BookError
from booktools.publish.git import ask_git
from booktools.publish.layout import BINDER_BRANCH, COMMIT, NOTEBOOKS_BRANCH
from booktools.publish.repository import Site, find_site
from booktools.render import node

WORKFLOW = "publish.yml"

# What fixes whatever only the publishing workflow makes.
PUBLISH = "on GitHub: Actions > publish > Run workflow; read what it says"
PAGES = "on GitHub: Settings > Pages > Source: GitHub Actions"

PIP = f"{sys.executable} -m pip install"
INSTALL = (
    f"{PIP} -r requirements.txt"
    if sys.prefix != sys.base_prefix
    else "make doctor, which makes an environment with all packages"
)
CONNECT = "connect this computer to the network, and run this again"


@dataclass(frozen=True)
class Finding:
    """Something that is well, or is not, and then what to do about it.

    ``level`` is ``ok``, ``warning`` (books can be built and read all the
    same) or ``error``; ``cure`` is the one thing to do, empty if all is well.
    """

    level: str
    text: str
    cure: str = ""

    def __str__(self) -> str:
        line = f"{self.level + ':':8} {self.text}"
        return f"{line}\n         do: {self.cure}" if self.cure else line


def examine(root: Path, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Look at this computer, then at the repository, then at the site.

    Parameters
    ----------
    root : Path
        Folder of the book.
    environ : mapping of str to str
        Environment variables: those of `find_site`, ``GITHUB_API_URL`` and
        ``GITHUB_TOKEN``.
    """
    yield from (_python(), _packages(root), _node(root))
    yield from (*_font(root), _browser())
    try:
        site = find_site(root, environ)
    except BookError as error:
        yield from _problems(error)
        return
    if site is None:
        text = "git knows no GitHub repository: no launch links, and no site"
        cure = "git remote add origin https://github.com/OWNER/NAME"
        yield Finding("warning", text, cure)
        return
    yield Finding("ok", f"repository {site.owner}/{site.repository}")
    heads = _heads(root)
    yield from _branches(root, heads)
    yield from _github(site, environ)
    yield from _published(site, heads.get(site.branch, ""))


def as_markdown(findings: list[Finding]) -> str:
    """Return findings as a list, for the summary of a job on GitHub."""
    text = "## Doctor\n\n"
    for finding in findings:
        cure = f" → {finding.cure}" if finding.cure else ""
        text += f"* **{finding.level}**: {finding.text}{cure}\n"
    return text


def _python() -> Finding:
    found = sys.version.split()[0]
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return Finding("ok", f"Python {found}")
    text = f"Python {found} is not one that the book's packages are made for"
    return Finding("error", text, "make PYTHON=python3.13 book")


def _packages(root: Path) -> Finding:
    """Compare what is installed with what is pinned."""
    try:
        from packaging.requirements import InvalidRequirement, Requirement
    except ImportError as error:
        return _missing(error, "compares packages with what is pinned")
    pins = [(line, True) for line in _lines(root / "requirements.txt")]
    pins += [(line, "extra ==" not in line) for line in tools_requirements()]
    pins += [(line, False) for line in _lines(root / "constraints.txt")]
    wrong = []
    for line, is_needed in pins:
        try:
            pin = Requirement(line)
        except InvalidRequirement:
            continue  # a file, which says no version
        # What is in an extra is needed only for what some books have.
        extra = {"extra": line.partition('extra == "')[2].partition('"')[0]}
        if pin.marker and not pin.marker.evaluate(extra):
            continue
        try:
            found = metadata.version(pin.name)
        except metadata.PackageNotFoundError:
            if is_needed:
                wrong.append(f"{pin.name} is missing")
            continue
        if not pin.specifier.contains(found, prereleases=True):
            wrong.append(f"{pin.name} is {found}, not {pin.specifier}")
    wrong = list(dict.fromkeys(wrong))
    if not wrong:
        return Finding("ok", "all packages are as pinned")
    return Finding("error", "; ".join(wrong), INSTALL)


def _lines(file: Path) -> list[str]:
    """Return the requirements in a file, if there is one; no options."""
    text = file.read_text("utf-8") if file.is_file() else ""
    lines = (line.partition(" #")[0].strip() for line in text.splitlines())
    return [line for line in lines if line and line[0] not in "#-"]


def _node(root: Path) -> Finding:
    if version := node.find_version():
        return Finding("ok", f"Node.js {version}, with npm")
    with suppress(ImportError, BookError):  # others will report it
        from booktools.source.config import is_off, read_features

        if is_off(read_features(root), "formulas"):
            return Finding("ok", "no Node.js: formulas are made elsewhere")
    text = f"there is no Node.js {node.OLDEST} or newer with npm, for formulas"
    return Finding("error", text, INSTALL)


def _font(root: Path) -> Iterator[Finding]:
    """Look for a Chinese font, where a book may draw with one."""
    with suppress(ImportError, BookError):  # said when chapters are read
        from booktools.language import Language
        from booktools.source.config import read_language

        if not Language(read_language(root, [])).is_cjk:
            return
    try:
        from matplotlib import font_manager
        from matplotlib.ft2font import FT2Font
    except ImportError as error:
        yield _missing(error, "draws figures")
        return
    for path in sorted(font_manager.findSystemFonts()):
        with suppress(Exception):  # many a font is none that can be read
            font = FT2Font(path)
            if font.get_char_index(ord("导")):
                yield Finding("ok", f"Chinese font {font.family_name}")
                return
    text = "no font has Chinese letters: those in figures would be boxes"
    cure = "install Noto Sans CJK (Debian, Ubuntu: apt install fonts-noto-cjk)"
    yield Finding("warning", text, cure)


def _browser() -> Finding:
    try:
        from booktools.render import browser
    except ImportError as error:
        text = f"package {error.name} is missing, which prints the PDF"
        return Finding("warning", text, f"{PIP} 'booktools[pdf]'")
    if version := browser.find_version():
        return Finding("ok", f"Chromium {version}, for the PDF")
    if browser.fetchable():
        return Finding("ok", "no Chromium: the first PDF gets one from npm")
    text = "there is no Chromium that starts; only the PDF needs it"
    return Finding("warning", text, browser.INSTALL)


def _missing(error: ImportError, purpose: str) -> Finding:
    text = f"package {error.name} is missing, which {purpose}"
    return Finding("error", text, INSTALL)


def _problems(error: BookError) -> Iterator[Finding]:
    for problem in error.problems:
        text = f"{problem.path}:{problem.line}: {problem.message}"
        yield Finding("error", text, problem.hint or "correct that line")


def _branches(root: Path, heads: Mapping[str, str]) -> Iterator[Finding]:
    if not heads:
        text = "not checked: branches, for git finds none at origin"
        yield Finding("warning", text, "git ls-remote origin")
        return
    for name in (NOTEBOOKS_BRANCH, BINDER_BRANCH):
        if name in heads:
            yield Finding("ok", f"branch {name}")
        else:
            text = f"there is no branch {name}: launch links lead to nothing"
            yield Finding("error", text, PUBLISH)
    if NOTEBOOKS_BRANCH not in heads:
        return
    try:
        from booktools.source.chapter import read_book

        book = read_book(root)
    except ImportError as error:
        yield _missing(error, "reads chapters")
        return
    except BookError as error:
        yield from _problems(error)
        return
    ref = f"refs/heads/{NOTEBOOKS_BRANCH}"
    options = ["--no-tags", "--no-write-fetch-head"]
    ask_git(root, "fetch", *options, "origin", ref)
    options = ["-r", "-z", "--name-only"]
    there = ask_git(root, "ls-tree", *options, heads[NOTEBOOKS_BRANCH]).split(
        "\0"
    )
    wanted = {f"{c.docname}.ipynb" for c in book.chapters if c.cells}
    missing = sorted(wanted.difference(there))
    # There is always something, unless it could not be fetched.
    if there != [""] and missing:
        text = f"branch {NOTEBOOKS_BRANCH} lacks {', '.join(missing)}"
        yield Finding("warning", text, f"push the chapters; then {PUBLISH}")


def _github(site: Site, environ: Mapping[str, str]) -> Iterator[Finding]:
    api = environ.get("GITHUB_API_URL") or "https://api.github.com"
    url = f"{api}/repos/{quote(site.owner)}/{quote(site.repository)}"
    token = environ.get("GITHUB_TOKEN", "")

    def ask(path: str) -> tuple[int, dict[str, Any]]:
        status, body = _get(url + path, token)
        with suppress(ValueError, TypeError):
            return status, dict(json.loads(body))
        return status, {}

    status, repository = ask("")
    if status != 200:
        text = f"not checked: Pages and Actions; {_said(status, url)}"
        cure = "is the name right? if it is private, set GITHUB_TOKEN"
        yield Finding("warning", text, cure if status else CONNECT)
        return

    status, flow = ask(f"/actions/workflows/{WORKFLOW}")
    state = flow.get("state") if status == 200 else "not there"
    if state == "active":
        yield Finding("ok", f"workflow {WORKFLOW} is active")
    else:
        text = f"workflow {WORKFLOW} is {state}: nothing gets published"
        cure = "on GitHub: Actions > press the button that enables workflows"
        yield Finding("error", text, cure)

    status, pages = ask("/pages") if token else (0, {})
    if status not in (200, 404):
        # Not allowed to know more than what everybody may.
        status = 200 if repository.get("has_pages") else 404
    if status == 404:
        yield Finding("error", "GitHub Pages is off", PAGES)
    elif pages.get("build_type", "workflow") != "workflow":
        text = "GitHub Pages shows a branch, not what the workflow builds"
        yield Finding("error", text, PAGES)
    else:
        yield Finding("ok", "GitHub Pages is on")


def _published(site: Site, head: str) -> Iterator[Finding]:
    """Look whether readers get the newest commit, if that is known."""
    status, _ = _get(site.url)
    if status != 200:
        level, cure = ("error", PUBLISH) if status else ("warning", CONNECT)
        yield Finding(level, _said(status, site.url), cure)
        return
    status, body = _get(site.url + COMMIT)
    commit = body.decode("utf-8", "replace").strip()
    if status != 200 or len(commit) != 40:
        text = f"{site.url} does not say which commit it is"
        yield Finding("warning", text, PUBLISH)
    elif head and commit != head:
        text = f"{site.url} is {commit[:9]}, but {site.branch} is {head[:9]}"
        cure = f"wait ten minutes; if it stays, {PUBLISH}"
        yield Finding("warning", text, cure)
    else:
        yield Finding("ok", f"{site.url} answers, and is {commit[:9]}")


def _said(status: int, url: str) -> str:
    return f"{url} answers {status}" if status else f"{url} is out of reach"


def _heads(root: Path) -> dict[str, str]:
    """Return each branch of the remote and its commit; none if offline."""
    lines = ask_git(root, "ls-remote", "--heads", "origin").splitlines()
    pairs = (line.split("\trefs/heads/") for line in lines)
    return {name: commit for commit, name in pairs}


def _get(url: str, token: str = "") -> tuple[int, bytes]:
    """Return status and content of an address; 0 if it is out of reach."""
    with suppress(OSError, HTTPException, ValueError):
        request = Request(url, headers={"User-Agent": "booktools"})
        if token:
            request.add_unredirected_header("Authorization", f"Bearer {token}")
        try:
            with urlopen(request, timeout=20) as reply:
                return reply.status, reply.read()
        except HTTPError as error:
            with error:
                return error.code, b""
    return 0, b""


def main(root: Path, arguments: Namespace) -> int:
    """Examine a book, and print each finding as soon as it is known."""
    findings = []
    for finding in examine(root, os.environ):
        findings.append(finding)
        print(finding, flush=True)
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        with open(summary, "a", encoding="utf-8") as file:
            file.write(as_markdown(findings))
    return int(any(finding.level == "error" for finding in findings))
