"""Small books: how tests make them, and build them with the real command.

``jupyter-book build .`` needs two seconds for its imports.  A worker imports
them once, then forks for each build; what it runs is the same command.
"""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import nbformat
import yaml
from bs4 import BeautifulSoup, Tag
from nbformat import NotebookNode

from booktools.render import node

ROOT = Path(__file__).parents[1]
# The books, tables of contents and so on that tests read.
CASES = ROOT / "tests" / "tools"
RELAXED = ("alt-text", "heading-label")
COMMAND = [Path(sysconfig.get_path("scripts"), "jupyter-book"), "build", "."]

WORKER = """
import gc, importlib.machinery, json, os, pkgutil, runpy, sys
import jupyter_book.cli.main, myst_nb.sphinx_ext, sphinx.application
import sphinx.builders.html, sphinx_book_theme, sphinx_design, tinycss2
import fontTools.subset, jupytext, nbclient, matplotlib, babel.messages.pofile
import sphinxcontrib.bibtex, sphinx_togglebutton, sphinx_copybutton
import sphinx_comments, sphinx_external_toc, sphinx_jupyterbook_latex
import sphinx_exercise, sphinx_thebe, sphinx_multitoc_numbering
import pydata_sphinx_theme, a11y_pygments, sqlalchemy.dialects.sqlite
import filelock, psutil, jupyter_cache.cache.main, xml.dom.minidom
import booktools

for name in sphinx.application.builtin_extensions:
    importlib.import_module(name)
for module in pkgutil.walk_packages(booktools.__path__, "booktools."):
    if not module.name.startswith(("booktools.__main__", "booktools.check")):
        importlib.import_module(module.name)

def find_tools():
    # A book that has its own copy of the tools is built with that copy.
    found = importlib.machinery.PathFinder.find_spec("booktools")
    if found.origin != booktools.__file__:
        for name in [*sys.modules]:
            if name.partition(".")[0] == "booktools":
                del sys.modules[name]

def run(root, command, environment, log):
    os.chdir(root)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:0] = environment.get("PYTHONPATH", "").split(os.pathsep)
    for stream, name in enumerate(["out", "err"], 1):
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        os.dup2(os.open(f"{log}.{name}", flags), stream)
    sys.stdout.reconfigure(encoding="utf-8")
    sys.stderr.reconfigure(encoding="utf-8")
    try:
        find_tools()
        program = command[0]
        sys.argv[:] = command
        if program == "jupyter-book":
            jupyter_book.cli.main.main()
        runpy.run_module(program, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        return end.code if isinstance(end.code, int) else int(bool(end.code))
    except BaseException:
        sys.excepthook(*sys.exc_info())
        return 1
    return 0

gc.freeze()
print("ready", flush=True)
for line in sys.stdin:
    jobs, children = json.loads(line), []
    for job in jobs:
        child = os.fork()
        if child == 0:
            code = run(*job)
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
        children.append(child)
    codes = [os.waitstatus_to_exitcode(os.waitpid(c, 0)[1]) for c in children]
    print(json.dumps(codes), flush=True)
"""

Result = subprocess.CompletedProcess[str]


class Builder:
    """Builds books, several at a time."""

    def __init__(self, process: subprocess.Popen[str]):
        self._process = process

    def build(
        self, root: Path, *options: str, **environment: str | None
    ) -> Result:
        """Build a book; a variable that is None is not set."""
        [result] = self.build_all(root, options=options, **environment)
        return result

    def build_all(
        self,
        *roots: Path,
        options: Iterable[str] = (),
        **environment: str | None,
    ) -> list[Result]:
        """Build books at the same time, with the same variables."""
        command = ["jupyter-book", "build", ".", *options]
        return self._run(roots, command, environment)

    def tools(
        self, root: Path, *arguments: str, **environment: str | None
    ) -> Result:
        """Run a command of the tools in the folder of a book."""
        [result] = self._run([root], ["booktools", *arguments], environment)
        return result

    def _run(
        self,
        roots: Sequence[Path],
        command: list[str],
        environment: Mapping[str, str | None],
    ) -> list[Result]:
        variables = environ(**environment)
        logs = [root.parent / f"{root.name}.log" for root in roots]
        jobs = [
            [str(root), command, variables, str(log)]
            for root, log in zip(roots, logs, strict=True)
        ]
        self._process.stdin.write(json.dumps(jobs) + "\n")
        self._process.stdin.flush()
        codes = json.loads(self._process.stdout.readline())
        results = []
        for log, code in zip(logs, codes, strict=True):
            files = (Path(f"{log}.{name}") for name in ("out", "err"))
            said = [file.read_text("utf-8", "replace") for file in files]
            results.append(Result(command, code, *said))
        return results


def environ(**variables: str | None) -> dict[str, str]:
    """Return the environment of a build with the tools of this repository."""
    own = {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    # Says which test runs, and so would be another one in each build.
    own["PYTEST_CURRENT_TEST"] = ""
    named = os.environ | own | variables
    return {name: text for name, text in named.items() if text is not None}


@contextmanager
def open_builder() -> Iterator[Builder]:
    """Start a worker, and end it."""
    with subprocess.Popen(
        [sys.executable, "-c", WORKER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environ(PYTHONDONTWRITEBYTECODE="1"),
    ) as process:
        assert process.stdout.readline() == "ready\n"
        yield Builder(process)
        process.stdin.close()


class Book:
    """A small book in a folder of its own, and its builds."""

    def __init__(self, root: Path, builder: Builder, **environment: str):
        self.root = root
        self.html = root / "_build" / "html"
        self.environment = environment
        self._builder = builder

    def read(self, name: str) -> str:
        return (self.root / name).read_text("utf-8")

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = text.encode()
        path.write_bytes(relax(data) if name == "_config.yml" else data)

    def add(self, name: str, text: str) -> None:
        self.write(name, self.read(name) + text)

    def replace(self, name: str, old: str, new: str) -> None:
        text = self.read(name)
        assert old in text
        self.write(name, text.replace(old, new))

    def remove(self, name: str) -> None:
        (self.root / name).unlink()

    def extract(self) -> None:
        """Write the package that the book saves."""
        result = self._builder.tools(self.root, "extract", **self.environment)
        assert (result.returncode, result.stderr) == (0, "")

    def build(self, *options: str, **environment: str | None) -> Result:
        """Build the book."""
        variables = self.environment | environment
        return self._builder.build(self.root, *options, **variables)

    def succeed(self, *options: str, **environment: str | None) -> Result:
        """Build the book, and nothing is said against it."""
        result = self.build(*options, **environment)
        assert (result.returncode, result.stderr) == (0, "")
        return result

    def start(self, **options) -> subprocess.Popen[str]:
        """Begin a build in a process that is like an author's."""
        pipes = dict.fromkeys(("stdout", "stderr"), subprocess.PIPE)
        return subprocess.Popen(
            COMMAND,
            cwd=self.root,
            text=True,
            **{"env": environ(**self.environment)} | pipes | options,
        )

    def page(self, name: str) -> BeautifulSoup:
        """Return a page of the site."""
        text = (self.html / f"{name}.html").read_text("utf-8")
        return BeautifulSoup(text, "html.parser")

    def article(self, name: str) -> Tag:
        """Return what the author has written of a page."""
        return self.page(name).article

    def site(self) -> dict[str, bytes]:
        """Return all files of the site, by name."""
        return read_site(self.html)


def read_site(html: Path) -> dict[str, bytes]:
    """Return all files of a built site, by name."""
    files = (path for path in html.rglob("*") if path.is_file())
    return {p.relative_to(html).as_posix(): p.read_bytes() for p in files}


def write_book(root: Path, source: Path | Mapping[str, str]) -> Path:
    """Write a book from texts, or from the files of a folder.

    What is not given is filled in: a title, a start page, and a table of
    contents with every chapter, sorted by name.  Its package is `d2lmini`.
    """
    if isinstance(source, Path):
        shutil.copytree(source, root, dirs_exist_ok=True, symlinks=True)
    else:
        for name, text in source.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, "utf-8", newline="\n")
    chapters = sorted(path.stem for path in root.glob("chapters/*.md"))
    toc = "format: jb-book\nroot: index\n"
    toc += "chapters:\n" if chapters else ""
    toc += "".join(f"  - file: chapters/{name}\n" for name in chapters)
    defaults = {
        "_config.yml": "title: A small book\n",
        "pyproject.toml": "[project]\nname = 'd2lmini'\n",
        "_toc.yml": toc,
        "index.md": "# A small book\n",
    }
    for name, text in defaults.items():
        if not (root / name).exists():
            (root / name).write_text(text, "utf-8", newline="\n")
    config = root / "_config.yml"
    config.write_bytes(relax(config.read_bytes()))
    return root


def own_modules() -> list[Path]:
    """Return the modules of the tools, without what npm has installed."""
    paths = sorted((ROOT / "booktools").rglob("*.py"))
    return [path for path in paths if node.PACKAGES not in path.parts]


def relax(config: bytes) -> bytes:
    """Switch off what small books break that are not about it.

    Lines stay where they are; settings that no book can have stay, too.
    """
    try:
        text = config.decode()
        root = yaml.compose(text)
        sphinx = child(root, "sphinx")
        node = child(sphinx, "config")
    except (TypeError, ValueError, yaml.YAMLError):
        return config
    rules = f"booktools_rules: {{{', '.join(f'{r}: false' for r in RELAXED)}}}"
    if root is None or root.flow_style:
        return config
    if sphinx is None:
        text += f"sphinx: {{config: {{{rules}}}}}\n"
    elif "booktools_rules" not in text:
        above = sphinx if node is None else node
        rules = f"config: {{{rules}}}" if node is None else rules
        at = above.start_mark.index
        if above.flow_style:
            comma = ", " if above.value else ""
            text = f"{text[: at + 1]}{rules}{comma}{text[at + 1 :]}"
        else:  # behind the last line, which is the last of the file
            text += " " * above.start_mark.column + rules + "\n"
    return text.encode()


def child(mapping: yaml.Node | None, name: str) -> yaml.MappingNode | None:
    """Return the settings of a name in YAML, or None."""
    if mapping is None:
        return None
    values = [value for key, value in mapping.value if key.value == name]
    for value in values:
        if isinstance(value, yaml.MappingNode):
            return value
        raise ValueError(f"{name} has no settings")
    return None


def copy_tools(root: Path) -> None:
    """Give a book its own copy of the tools."""
    ignore = shutil.ignore_patterns("__pycache__", node.PACKAGES)
    shutil.copytree(ROOT / "booktools", root / "booktools", ignore=ignore)
    # It uses the npm packages that this one has.
    for name in ("katex", "touch"):
        packages = node.require_packages(name)
        copy = root / packages.relative_to(ROOT)
        copy.symlink_to(packages)


def read(folder: Path, docname: str) -> NotebookNode:
    """Read the notebook of a chapter."""
    return nbformat.read(folder / f"{docname}.ipynb", 4)


def prose(notebook: NotebookNode) -> list[str]:
    """Return the texts of a notebook."""
    return [c.source for c in notebook.cells if c.cell_type == "markdown"]


def code(notebook: NotebookNode) -> list[NotebookNode]:
    """Return the code cells of a notebook."""
    return [c for c in notebook.cells if c.cell_type == "code"]


def git(folder: Path, *arguments: str | Path) -> str:
    """Run git in a folder; return what it prints."""
    done = subprocess.run(
        ["git", "-C", folder, *arguments],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()
