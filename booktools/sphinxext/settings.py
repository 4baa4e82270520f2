"""Each setting has its effect, or is a problem: none is ignored silently.

Jupyter Book accepts settings for what this book does in another way or leaves
out, and any name that is misspelt.  Here is every key that it knows.
"""

import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment

from booktools.problem import Problem
from booktools.source.config import CONFIG, read_config
from booktools.source.macros import is_macro
from booktools.source.text import mapping
from booktools.source.toc import TOC
from booktools.sphinxext import features
from booktools.sphinxext.order import Stage, connect
from booktools.sphinxext.stopping import stop

TABLES = Path(__file__).with_name("settings.yml")
MACROS = "sphinx.config.mathjax3_config.tex.macros."

# Pages and folders that the site makes of its own.
PAGES = ("404", "py-modindex", "search")
FOLDERS = ("pagefind",)


def setup(app: Sphinx) -> None:
    """Look at the settings, and at the names of pages, when they are known."""
    connect(app, Stage.WRITTEN_SETTINGS, _check_settings)
    connect(app, Stage.OUTDATED, _check_pages)


def _check_settings(app: Sphinx, config: Config) -> None:
    file = Path(app.srcdir, CONFIG)
    if not file.is_file():
        return
    text = file.read_text("utf-8-sig")
    settings = _Settings(Path(app.srcdir), mapping(config.booktools_features))
    settings.look(yaml.compose(text), yaml.safe_load(text), "")
    settings.find_twins()
    # Sphinx and extensions would end with a traceback.
    read_config(Path(app.srcdir), settings.problems)
    settings.problems += features.find_misfits(text, yaml.safe_load(text))
    if settings.problems:
        stop(settings.problems)
    # Jupyter Book forgets these where html_theme_options is set, too.
    for name, option in settings.tables.options.items():
        if settings.values.get(name) is not None:
            options = config.html_theme_options
            options.setdefault(option, settings.values[name])


def _check_pages(app: Sphinx, env: BuildEnvironment, *_: object) -> list[str]:
    """Refuse pages whose text would be lost."""
    problems = []
    toc = Path(app.srcdir, TOC)
    lines = toc.read_text("utf-8-sig").splitlines() if toc.is_file() else []
    hint = "rename the file"
    for page in sorted(env.found_docs):
        folder, slash, _rest = page.partition("/")
        # Where letters small and large are the same, so are the files.
        if slash and (folder[0] == "_" or folder.lower() in FOLDERS):
            what = f"the site has a folder of its own named {folder!r}"
        elif page.lower() in PAGES:
            what = f"the site has a page of its own named {page!r}"
        else:
            continue
        words = (re.sub(r"\.md\b|['\"]", " ", line).split() for line in lines)
        line = next(
            (n for n, found in enumerate(words, 1) if page in found), 0
        )
        path = TOC if line else f"{page}.md"
        problems.append(Problem(path, line or 1, "taken-name", what, hint))
    index = Path(app.srcdir, "genindex.md")
    if "genindex" in env.found_docs and index.is_file():
        text = index.read_text("utf-8-sig").splitlines()
        rest = (
            number
            for number, line in enumerate(text, 1)
            if line.strip() and not line.startswith(("#", "("))
        )
        if line := next(rest, 0):
            what = "the index takes the place of this text"
            hint = "leave the heading only, or rename the file"
            problems.append(
                Problem(index.name, line, "taken-name", what, hint)
            )
    if problems:
        stop(problems)
    return []


class Tables:
    """What is known about settings."""

    def __init__(self) -> None:
        tables = yaml.safe_load(TABLES.read_text("utf-8"))
        self.honoured: set[str] = {*tables["honoured"].split()}
        self.refused = {
            name: (row.get("harmless", []), row["hint"], row.get("feature"))
            for row in tables["refused"]
            for name in [
                *row.get("names", "").split(),
                *(f"sphinx.config.{n}" for n in row.get("sphinx", "").split()),
            ]
        }
        self.known = [*self.honoured, *self.refused]
        self.twins: dict[str, str] = tables["twins"]
        self.options: dict[str, str] = tables["options"]
        self.files: list[str] = tables["files"].split()
        self.loaded: list[str] = tables["loaded"].split()

    def entry(self, name: str) -> str:
        """Return what is known about a key: its own name, or one above it."""
        about = (
            entry
            for entry in self.known
            if entry == name
            or (entry[-1] == "." and f"{name}.".startswith(entry))
        )
        return max(about, key=len, default="")


class _Settings:
    """Looks at each key of the settings, and knows its line."""

    def __init__(self, root: Path, features: Mapping[str, Any]):
        self.tables = Tables()
        self._features = features
        self.problems: list[Problem] = []
        self.values: dict[str, Any] = {}
        self.lines: dict[str, int] = {}
        self._root = root

    def look(self, node: Any, data: Any, above: str) -> None:
        """Look at the keys of a mapping."""
        if not isinstance(node, yaml.MappingNode):
            return
        for key, value in node.value:
            name = f"{above}{key.value}"
            line = key.start_mark.line + 1
            content = data.get(key.value) if isinstance(data, dict) else None
            is_group = any(k.startswith(f"{name}.") for k in self.tables.known)
            if is_group and isinstance(value, yaml.MappingNode):
                self.look(value, content, f"{name}.")
            elif not (is_group and content is None):
                self._check(name, line, content)

    def _check(self, name: str, line: int, value: Any) -> None:
        entry = self.tables.entry(name)
        self.values[name] = value
        self.lines[name] = line
        if entry in self.tables.refused:
            harmless, hint, feature = self.tables.refused[entry]
            is_off = self._features.get(feature) is False
            if value is not None and value not in harmless and not is_off:
                self._report(line, f"{name} has no effect", hint)
        elif not entry:
            close = difflib.get_close_matches(name, self.tables.known, 1)
            hint = f"did you mean {close[0].rstrip('.')}?" if close else ""
            self._report(line, f"there is no setting {name}", hint)
        if f"{name}." == MACROS:
            what = f"macros are lines NAME: TEX, not {str(value)[:40]!r}"
            self._report(line, what, "write, say, RR: '\\mathbb{R}'")
            return
        if name.startswith(MACROS):
            if not is_macro(name.removeprefix(MACROS), value):
                what = f"this is no macro: {value!r}"
                hint = "write RR: '\\mathbb{R}' or, with one argument: norm:"
                hint += " ['\\lVert #1 \\rVert', 1]"
                self._report(line, what, hint)
            return
        names = value if isinstance(value, list) else [value]
        for file in names:
            if name in self.tables.loaded:
                file = file[0] if isinstance(file, list) else file
                if "//" in str(file):
                    what = f"pages do not load {file!r}, from elsewhere"
                    hint = "put the file into the folder _static"
                    self._report(line, what, hint)
            elif name in self.tables.files and file:
                path = (self._root / str(file)).resolve()
                if not path.is_relative_to(self._root.resolve()):
                    what = f"{file!r} lies outside of the book's folder"
                    hint = "copy it into the book's folder"
                    self._report(line, what, hint)

    def find_twins(self) -> None:
        """Find what is set twice."""
        for name, twin in self.tables.twins.items():
            if name in self.values and f"sphinx.config.{twin}" in self.values:
                what = f"{name} has no effect: sphinx.config.{twin} is set"
                self._report(self.lines[name], what, "set one of them")

    def _report(self, line: int, message: str, hint: str) -> None:
        problem = Problem(CONFIG, line, "setting", message, hint)
        self.problems.append(problem)
