"""What the doctor finds: real git, and a server that stands for GitHub."""

import json
import os
import shutil
import subprocess
import sysconfig
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import metadata
from pathlib import Path

import matplotlib as mpl
import pytest
from playwright.sync_api import Error, sync_playwright

from booktools.publish import doctor
from booktools.render import browser, node
from booktools.render.fonts import font_files

ROOT = Path(__file__).parents[2]
API = "/api/repos/Ada/book"
FLOW = f"{API}/actions/workflows/publish.yml"
CHAPTER = "---\nfile_format: mystnb\n---\n# A\n\n```{code-cell}\n1\n```\n"


def git(folder, *arguments):
    name = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    return subprocess.run(
        ["git", "-C", folder, *name, *arguments],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()


def commit(folder, branch, **files):
    folder.mkdir(exist_ok=True)
    git(folder, "init", "-q", "-b", branch)
    for name, text in files.items():
        (folder / name).mkdir(exist_ok=True)
        (folder / name / "a.ipynb").write_text(text)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", "Begin")


class Answers(BaseHTTPRequestHandler):
    """Gives what `server.answers` has for a path, else 404."""

    def do_GET(self):
        token = self.headers.get("Authorization")
        self.server.tokens.append((self.path, token))
        status, body = self.server.answers.get(self.path, (404, ""))
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        server.tokens = []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Make the repository of a book, and the one it was pushed to."""
    folder = tmp_path_factory.mktemp("published")
    root, remote, other = (folder / n for n in ("book", "origin.git", "other"))
    git(folder, "init", "-q", "--bare", str(remote))
    commit(root, "main")
    git(root, "push", "-q", str(remote), "main")
    commit(other, "notebooks", chapters="{}")
    refs = ("HEAD:notebooks", "HEAD:binder")
    git(other, "push", "-q", str(remote), *refs)
    return folder


class Patient:
    """A book that is published and well, until a test makes it ill."""

    def __init__(self, root, server, published):
        self.root = root
        self.server = server
        shutil.copytree(published, root.parent, dirs_exist_ok=True)
        git(root, "remote", "add", "origin", str(root.parent / "origin.git"))
        git(root, "fetch", "-q")
        address = f"http://127.0.0.1:{server.server_port}"
        self.environ = {
            "GITHUB_REPOSITORY": "Ada/book",
            "GITHUB_REF_NAME": "main",
            "GITHUB_API_URL": f"{address}/api",
            "GITHUB_TOKEN": "secret",
            "BOOK_URL": f"{address}/book/",
        }
        server.answers = {
            API: (200, '{"has_pages": true}'),
            f"{API}/pages": (200, '{"build_type": "workflow"}'),
            FLOW: (200, '{"state": "active"}'),
            "/book/": (200, "<html>"),
            "/book/commit.txt": (200, git(root, "rev-parse", "HEAD") + "\n"),
        }

    def answer(self, path, status, **body):
        self.server.answers[path] = (status, json.dumps(body))

    def findings(self):
        """Return all that is said of the repository and the site."""
        found = list(doctor.examine(self.root, self.environ))
        texts = [finding.text for finding in found]
        return found[texts.index("repository Ada/book") :]

    def complaint(self):
        bad = [f for f in self.findings() if f.level != "ok"]
        assert len(bad) == 1
        assert bad[0].cure
        return bad[0].level, bad[0].text


@pytest.fixture
def patient(make_book, server, published, monkeypatch, tmp_path):
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "none"))
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    files = dict.fromkeys(("requirements.txt", "constraints.txt"), "")
    root = make_book({"chapters/a.md": CHAPTER, **files})
    return Patient(root, server, published)


def test_a_book_that_is_well(patient):
    before = (
        git(patient.root, "status", "--porcelain", "-z"),
        sorted(path.name for path in (patient.root / ".git").iterdir()),
    )
    lines = list(map(str, patient.findings()))
    url, sha = patient.environ["BOOK_URL"], git(patient.root, "rev-parse", "@")
    assert lines == [
        "ok:      repository Ada/book",
        "ok:      branch notebooks",
        "ok:      branch binder",
        "ok:      workflow publish.yml is active",
        "ok:      GitHub Pages is on",
        f"ok:      {url} answers, and is {sha[:9]}",
    ]
    after = (
        git(patient.root, "status", "--porcelain", "-z"),
        sorted(path.name for path in (patient.root / ".git").iterdir()),
    )
    assert before == after


def test_the_token_goes_to_the_api_only(patient):
    patient.findings()
    sent = {path for path, token in patient.server.tokens if token}
    assert sent == {API, f"{API}/pages", FLOW}


@pytest.mark.parametrize("status", [404, 403])
def test_pages_are_off(patient, status):
    patient.answer(API, 200, has_pages=False)
    patient.answer(f"{API}/pages", status)
    assert patient.complaint() == ("error", "GitHub Pages is off")
    del patient.environ["GITHUB_TOKEN"]
    assert patient.complaint() == ("error", "GitHub Pages is off")


def test_pages_show_a_branch(patient):
    patient.answer(f"{API}/pages", 200, build_type="legacy")
    level, text = patient.complaint()
    assert level == "error"
    assert text.startswith("GitHub Pages shows a branch")


@pytest.mark.parametrize(
    ("status", "state", "text"),
    [(200, "disabled_fork", "disabled_fork"), (404, "", "not there")],
)
def test_a_workflow_that_does_not_run(patient, status, state, text):
    patient.answer(FLOW, status, state=state)
    expected = f"workflow publish.yml is {text}: nothing gets published"
    assert patient.complaint() == ("error", expected)


def test_a_private_or_missing_repository(patient):
    patient.answer(API, 404)
    api = patient.environ["GITHUB_API_URL"]
    expected = f"{api}/repos/Ada/book answers 404"
    level, text = patient.complaint()
    assert level == "warning"
    assert text == f"not checked: Pages and Actions; {expected}"


@pytest.mark.parametrize("body", ["", "[]", "null", "<html>"])
@pytest.mark.parametrize("status", [200, 403])
def test_odd_answers(patient, status, body):
    patient.server.answers = dict.fromkeys([API, FLOW], (status, body))
    found = patient.findings()
    assert {finding.level for finding in found} > {"ok"}
    text = str(found)
    assert ("not checked: Pages and Actions; http" in text) == (status != 200)
    assert f"answers {status}" in text or status == 200


@pytest.mark.parametrize("branch", ["notebooks", "binder"])
def test_a_missing_branch(patient, branch):
    git(patient.root, "push", "-q", "origin", f":{branch}")
    expected = f"there is no branch {branch}: launch links lead to nothing"
    assert patient.complaint() == ("error", expected)


def test_a_notebook_that_is_missing_on_the_branch(patient):
    chapters = patient.root / "chapters"
    (chapters / "b.md").write_text(CHAPTER)
    (chapters / "c.md").write_text("# Without code\n")
    with (patient.root / "_toc.yml").open("a") as toc:
        toc.write("  - file: chapters/b\n  - file: chapters/c\n")
    expected = "branch notebooks lacks chapters/b.ipynb"
    assert patient.complaint() == ("warning", expected)


def test_an_old_site(patient):
    git(patient.root, "commit", "-q", "--allow-empty", "-m", "More")
    assert {finding.level for finding in patient.findings()} == {"ok"}
    # Only what was pushed can have been published.
    git(patient.root, "push", "-q", "origin", "main")
    level, text = patient.complaint()
    assert level == "warning"
    assert f"but main is {git(patient.root, 'rev-parse', '@')[:9]}" in text


@pytest.mark.parametrize("answer", [(404, ""), (200, "<html>")])
def test_a_site_that_does_not_say_its_commit(patient, answer):
    patient.server.answers["/book/commit.txt"] = answer
    level, text = patient.complaint()
    assert (level, text[-31:]) == (
        "warning",
        "does not say which commit it is",
    )


def test_no_site(patient):
    del patient.server.answers["/book/"]
    level, text = patient.complaint()
    assert (level, text[-18:]) == ("error", "/book/ answers 404")


def test_no_network(patient):
    # A port that was free a moment ago, and one that never is one.
    patient.environ["GITHUB_API_URL"] = "http://127.0.0.1:1"
    patient.environ["BOOK_URL"] = "http://127.0.0.1:1/book/"
    git(patient.root, "remote", "set-url", "origin", "../nowhere.git")
    found = patient.findings()
    assert [finding.text for finding in found] == [
        "repository Ada/book",
        "not checked: branches, for git finds none at origin",
        "not checked: Pages and Actions;"
        " http://127.0.0.1:1/repos/Ada/book is out of reach",
        "http://127.0.0.1:1/book/ is out of reach",
    ]
    assert {f.level for f in found[1:]} == {"warning"}


def test_no_repository(patient):
    found = list(doctor.examine(patient.root, {}))
    assert found[-1].level == "warning"
    assert found[-1].cure.startswith("git remote add origin https://")


def test_command(patient, run, tmp_path):
    summary = tmp_path / "summary.md"
    summary.write_text("Before\n")
    environ = patient.environ | {"GITHUB_STEP_SUMMARY": str(summary)}
    command = ("-m", "booktools", "doctor", "--book", "book")
    result = run(*command, **environ)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("ok:      Python 3.")
    git(patient.root, "push", "-q", "origin", ":binder")
    result = run(*command, **environ)
    assert result.returncode == 1
    assert (
        "error:   there is no branch binder: launch links lead to nothing\n"
        f"         do: {doctor.PUBLISH}\n"
    ) in result.stdout
    text = summary.read_text("utf-8")
    assert text.startswith("Before\n## Doctor\n\n* **ok**: Python 3.")
    assert "* **error**: there is no branch binder" in text
    assert f" → {doctor.PUBLISH}\n" in text


def test_packages(tmp_path):
    pins = tmp_path / "requirements.txt", tmp_path / "constraints.txt"
    pins[0].write_text(
        "# Pins\n-c constraints.txt\nsphinx==7.4.7\n"
        "pagefind[extended]>=1  # finds\nnowhere==1 ; sys_platform == 'os/2'\n"
        "./wheels/tools-1-py3-none-any.whl[pdf]\n"
    )
    pins[1].write_text("never-heard-of-it==1\npytest>=1\n")
    assert doctor._packages(tmp_path).level == "ok"
    pins[0].write_text("sphinx==1.0\nnever-heard-of-it==2\n")
    pins[1].write_text("pytest<1\n")
    finding = doctor._packages(tmp_path)
    assert finding.level == "error"
    assert finding.text.startswith("sphinx is 7.4.7, not ==1.0; never-heard")
    assert "it is missing; pytest is " in finding.text
    for pin in pins:
        pin.unlink()
    assert doctor._packages(tmp_path).level == "ok"


def test_what_the_tools_require(tmp_path, monkeypatch):
    lines = ["sphinx==1.0", "nowhere==1", 'pypdf==0.1; extra == "pdf"']
    lines += ['never-heard-of-it==1; extra == "pdf"']
    monkeypatch.setattr(doctor, "tools_requirements", lambda: lines)
    finding = doctor._packages(tmp_path)
    assert finding.level == "error"
    start = "sphinx is 7.4.7, not ==1.0; nowhere is missing; pypdf is "
    assert finding.text.startswith(start)
    assert "never-heard" not in finding.text


def test_node_is_needed_for_formulas_only(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor.node, "find_version", lambda: "")
    config = tmp_path / "_config.yml"
    config.write_text("title: A book\n")
    assert doctor._node(tmp_path).level == "error"
    off = "{booktools_features: {formulas: false}}"
    config.write_text(f"sphinx: {{config: {off}}}\n")
    assert doctor._node(tmp_path).level == "ok"


@pytest.mark.torch
def test_pins_of_this_book():
    assert doctor._packages(ROOT).level == "ok"


def test_python(monkeypatch):
    assert doctor._python().level == "ok"
    monkeypatch.setattr(doctor, "OLDEST", (4, 0))
    assert doctor._python().level == "error"


def test_fonts(monkeypatch, tmp_path):
    config = tmp_path / "_config.yml"
    config.write_text("sphinx: {config: {language: zh_CN}}\n")
    own = Path(mpl.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")
    (tmp_path / "a.ttf").write_text("no font")
    fonts = [str(own), str(tmp_path / "a.ttf")]
    find = "matplotlib.font_manager.findSystemFonts"
    monkeypatch.setattr(find, lambda: fonts)
    [finding] = doctor._font(tmp_path)
    assert finding.level == "warning"
    fonts += map(str, font_files().values())
    [finding] = doctor._font(tmp_path)
    assert (finding.level, finding.text) == ("ok", "Chinese font Noto Sans SC")
    config.write_text("sphinx: {config: {language: de}}\n")
    assert [*doctor._font(tmp_path)] == []


@pytest.fixture
def commands(monkeypatch, tmp_path):
    """Let no command be there but those that a test writes."""
    monkeypatch.setenv("PATH", str(tmp_path))
    node._suitable_version.cache_clear()

    def write(name, text):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
        node._suitable_version.cache_clear()

    yield write
    node._suitable_version.cache_clear()


def test_node(commands, monkeypatch):
    assert doctor._node(ROOT).level == "ok"  # a package has one

    def version(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", version)
    assert doctor._node(ROOT).level == "error"
    commands("node", "echo v22.1.0")
    assert doctor._node(ROOT).level == "error"  # without npm it is of no use
    commands("npm", "")
    assert str(doctor._node(ROOT)) == "ok:      Node.js 22.1.0, with npm"
    for broken in ("echo v16.9.0", "exit 3", "echo what?", "echo v"):
        commands("node", broken)
        assert doctor._node(ROOT).level == "error", broken


def test_browser(commands, monkeypatch, tmp_path):
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "own"))
    assert (doctor._browser().level, doctor._browser().cure) == ("ok", "")
    monkeypatch.setattr(browser, "fetchable", lambda: False)
    finding = doctor._browser()
    assert finding.level == "warning"
    assert finding.cure == browser.INSTALL
    # What is on the path, but does not start, is none.
    commands("chromium", "exit 1")
    assert doctor._browser().level == "warning"
    (tmp_path / "chromium").unlink()
    # The cure puts a browser here, which is on no path.
    with sync_playwright() as playwright, pytest.raises(Error) as caught:
        playwright.chromium.launch()
    place = str(caught.value).partition("exist at ")[2].split("\n")[0]
    folder = browser.fetch()
    start = f"LD_LIBRARY_PATH={folder}/lib exec {folder}/chromium"
    commands(Path(place).relative_to(tmp_path), f'{start} "$@"')
    assert doctor._browser().text.startswith("Chromium ")


def test_it_says_which_packages_are_missing(patient, run):
    # Nothing but the standard library.
    command = ("-S", "-m", "booktools", "doctor", "--book", "book")
    result = run(*command, **patient.environ)
    assert (result.returncode, result.stderr) == (1, "")
    for package in ("packaging", "matplotlib", "babel"):
        line = f"error:   package {package} is missing, which "
        assert line in result.stdout
    assert (
        "\n         do: make doctor, which makes an environment"
        in result.stdout
    )
    assert "ok:      GitHub Pages is on\n" in result.stdout


def test_a_book_that_cannot_be_read(patient, run):
    (patient.root / "_toc.yml").write_text("root: [")
    found = [f for f in patient.findings() if f.level != "ok"]
    assert found
    assert {f.text.partition(":")[0] for f in found} == {"_toc.yml"}
    command = ("-m", "booktools", "doctor", "--book", "book")
    result = run(*command, **patient.environ | {"BOOK_URL": "nonsense"})
    assert (result.returncode, result.stderr) == (1, "")
    assert "error:   BOOK_URL:1: 'nonsense' is no web address" in result.stdout


CONFIG = """\
title: A small book
only_build_toc_files: true
execute: {execute_notebooks: cache}
sphinx:
  extra_extensions: [booktools.sphinxext]
"""


def test_a_site_says_its_commit_where_one_is_published(make_book):
    root = make_book({"_config.yml": CONFIG})
    html = root / "_build" / "html"
    command = [Path(sysconfig.get_path("scripts"), "jupyter-book")]
    environ = {k: v for k, v in os.environ.items() if "GITHUB" not in k}
    environ |= {"PYTHONPATH": str(ROOT)}

    def site(**settings):
        subprocess.run(
            [*command, "build", "."],
            cwd=root,
            env=environ | settings,
            capture_output=True,
            check=True,
        )
        files = [*html.rglob("*.html"), *html.glob("commit.txt")]
        return {path.name: path.read_bytes() for path in files}

    published = site(GITHUB_SHA="0" * 40)
    assert published.pop("commit.txt") == b"0" * 40 + b"\n"
    # No page changes by it, and a build of one's own takes it away.
    assert site() == published
