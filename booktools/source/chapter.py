"""`_toc.yml` and MyST files -> Book, Chapter, Section, Cell, Formula, Check.

The only reader of chapters.  It sees code cells exactly where MyST-NB sees
them: fences at the top level of a file, with options at their head.  Formulas
and checks it sees wherever MyST does: in lists, quotes and directives, too.
What may not stand where it stands is reported at its line.
"""

import ast
import functools
import json
import keyword
import math
import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import takewhile
from pathlib import Path, PurePosixPath
from typing import Any

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.amsmath import amsmath_plugin
from mdit_py_plugins.colon_fence import colon_fence_plugin
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.field_list import fieldlist_plugin
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.front_matter import front_matter_plugin
from mdit_py_plugins.myst_blocks import myst_block_plugin
from sphinx_external_toc.parsing import MalformedError, parse_toc_data

from booktools.problem import BookError, Problem
from booktools.source.config import find_misfits
from booktools.source.python import read_code

TOC = "_toc.yml"
CONFIG = "_config.yml"

# How many values YAML with aliases may stand for.
_MOST_VALUES = 10_000

# The fast loader where PyYAML was built with it.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# Directives whose content is not Markdown.
_VERBATIM = {
    *("code", "code-block", "sourcecode", "literalinclude", "highlight"),
    *("raw", "raw-cell", "math", "eval-rst", "testcode", "doctest", "prompt"),
    *("mermaid", "graphviz", "graph", "digraph", "plantuml", "tikz", "plot"),
}

# No author writes directives inside so many others.
_DEEPEST = 50

# No package can have these names.
_TAKEN = {*keyword.kwlist, *sys.stdlib_module_names}

# What else Sphinx would read -> how it becomes a chapter.
_OTHER_FORMATS = {
    ".ipynb": "turn it into Markdown: jupytext --to md:myst {stem}.ipynb",
    ".rst": "write it as Markdown: {stem}.md",
}

# No text needs them, and programs do not agree whether they end a line.
_CONTROL = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff]")


@dataclass(frozen=True)
class Section:
    """A heading: its label (empty if it has none), its text, its place."""

    label: str
    title: str
    level: int
    line: int


@dataclass(frozen=True)
class Cell:
    """A code cell as the author wrote it.

    ``line`` is where ``source`` begins in the chapter's file, counted from 1;
    ``number`` counts the chapter's code cells from 1.
    """

    number: int
    line: int
    source: str
    options: dict[str, Any]
    section: Section | None

    @property
    def tags(self) -> tuple[str, ...]:
        """The cell's tags."""
        tags = self.options.get("tags") or []
        return tuple(tags) if isinstance(tags, list) else (str(tags),)


@dataclass(frozen=True)
class Formula:
    """A numbered formula: its label, its TeX, the line of its TeX."""

    label: str
    tex: str
    line: int


@dataclass(frozen=True)
class Check:
    """Code that proves or tests the formula it stands under."""

    label: str
    line: int
    source: str


@dataclass(frozen=True)
class Chapter:
    """One file of the book, read but not run.

    ``path`` is relative to the book's folder, with forward slashes.
    """

    path: str
    title: str
    front_matter: dict[str, Any]
    sections: tuple[Section, ...]
    cells: tuple[Cell, ...]
    formulas: tuple[Formula, ...]
    checks: tuple[Check, ...]

    @property
    def name(self) -> str:
        """The file's name without its ending: the name of its module."""
        return PurePosixPath(self.path).stem

    @property
    def docname(self) -> str:
        """The name by which Sphinx and `_toc.yml` call this chapter."""
        return self.path.removesuffix(".md")


@dataclass(frozen=True)
class Book:
    """A folder with `_config.yml`, `_toc.yml` and the chapters it lists.

    ``package`` is the name of the package made from saved code: the Sphinx
    setting ``booktools_package``, or ``d2lmini``.
    """

    root: Path
    title: str
    package: str
    chapters: tuple[Chapter, ...]


def read_book(root: Path) -> Book:
    """Read the book in a folder.

    Raises
    ------
    BookError
        With every problem found in `_config.yml`, `_toc.yml` and chapters.
    """
    problems: list[Problem] = []
    text = _read_file(root, CONFIG)
    config = _load_yaml(text, CONFIG)
    for place, what in find_misfits(config):
        line = _line_at(text, place)
        problems.append(Problem(CONFIG, line, "bad-config", what))
    config = _mapping(config)
    extensions = _mapping(config.get("sphinx")).get("extra_extensions")
    for name in extensions if isinstance(extensions, list) else []:
        # Jupyter Book itself would end with a traceback.
        top = name.partition(".")[0] if isinstance(name, str) else "os"
        if not (top.isidentifier() and find_spec(top)):
            what = f"the extension {name!r} is not installed"
            hint = "add its package to requirements.txt, or take it out"
            line = _lines_in_yaml(text, name)[0]
            rule = "missing-extension"
            problems.append(Problem(CONFIG, line, rule, what, hint))
    sphinx = _mapping(_mapping(config.get("sphinx")).get("config"))
    package = str(sphinx.get("booktools_package") or "d2lmini")
    if not package.isidentifier() or package in _TAKEN:
        line = _lines_in_yaml(text, package)[0]
        what = f"booktools_package {package!r} is no name for a package"
        problems.append(Problem(CONFIG, line, "bad-package-name", what))
    chapters = []
    toc = _read_file(root, TOC)
    for path, line, has_title in _toc_files(toc, problems):
        try:
            if not (root / path).is_file():
                problems.append(_missing_chapter(root, path, line))
                continue
            data = (root / path).read_bytes()
            chapters.append(read_chapter(path, data, root))
            if not (has_title or chapters[-1].title):
                what = "this chapter has no title"
                hint = "begin it with a heading: # TITLE"
                problems.append(Problem(path, 1, "no-title", what, hint))
        except OSError as error:
            what = f"cannot read {path!r}: {error.strerror}"
            problems.append(Problem(TOC, line, "unreadable", what))
        except BookError as error:
            problems += error.problems
    if problems:
        raise BookError(problems)
    return Book(root, str(config.get("title", "")), package, tuple(chapters))


def read_chapter(path: str, data: bytes, root: Path | None = None) -> Chapter:
    """Read one chapter.

    Parameters
    ----------
    path : str
        Where it comes from, relative to the book's folder.
    data : bytes
        Its content.
    root : Path, optional
        The book's folder, to look into files that the chapter includes.

    Raises
    ------
    BookError
        With every problem found in it.
    """
    reader = _Reader(path, root)
    text = _decode(data, path)
    if problems := list(_find_control_characters(text, path)):
        raise BookError(problems)
    reader.read(text)
    if reader.problems:
        raise BookError(reader.problems)
    return Chapter(
        path,
        reader.sections[0].title if reader.sections else "",
        reader.front_matter,
        tuple(reader.sections),
        tuple(reader.cells),
        tuple(reader.formulas),
        tuple(reader.checks),
    )


@functools.cache
def _markdown() -> MarkdownIt:
    """Return the parser: the block syntax that MyST-NB reads cells with."""
    return (
        MarkdownIt("commonmark")
        .enable("table")
        .use(front_matter_plugin)
        .use(myst_block_plugin)
        .use(dollarmath_plugin, allow_labels=True)
        .use(colon_fence_plugin)
        .use(amsmath_plugin)
        .use(deflist_plugin)
        .use(fieldlist_plugin)
        .use(footnote_plugin)
        .disable(["footnote_inline", "footnote_tail", "inline"])
    )


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _toc_files(
    text: str, problems: list[Problem]
) -> Iterator[tuple[str, int, bool]]:
    """Yield the book's files in the order of `_toc.yml`.

    With each come its line, and whether it may be without a heading.
    """
    try:
        data = _load_yaml(text, TOC)
        site = parse_toc_data(data)
    except (
        *(MalformedError, AttributeError, KeyError),
        *(RecursionError, TypeError, ValueError),
    ) as error:
        line = _line_of_malformed(text, str(error))
        what = re.sub(r"\{(.*?)\}", _sorted_set, str(error))
        hint = ""
        if not isinstance(error, MalformedError):
            hint = "look for a list where there should be a name, or the like"
        problem = Problem(TOC, line, "bad-toc", what, hint)
        raise BookError([*problems, problem]) from None

    def walk(name: str) -> Iterator[str]:
        yield name
        for tree in site[name].subtrees:
            for pattern in tree.globs():
                what = (
                    f"the chapters that {pattern!r} stands for have no order"
                )
                hint = "name each of them: - file: NAME"
                line = _lines_in_yaml(text, pattern)[0]
                problems.append(Problem(TOC, line, "bad-toc", what, hint))
            files = tree.files()
            for child in reversed(files) if tree.reversed else files:
                yield from walk(child)

    seen: set[str] = set()
    for name in walk(site.root.docname):
        path = name.removesuffix(".md") + ".md"
        # Two names of one file are told apart by sphinx-external-toc only.
        line = _lines_in_yaml(text, name)[-1]
        what = ""
        hidden = any(part[:1] == "." for part in path.split("/"))
        if os.path.normpath(path) != path or hidden or path[:1] == "/":
            what = f"{name!r} is not how a file in the book's folder is named"
            hint = "write its path from this folder, as in chapters/limits"
        elif path in seen:
            what = f"{path!r} stands here for the second time"
            hint = "remove one of the lines"
        elif (suffix := PurePosixPath(name).suffix) in _OTHER_FORMATS:
            what = f"{name!r} is no Markdown, which all chapters are"
            hint = _OTHER_FORMATS[suffix].format(stem=name[: -len(suffix)])
        if what:
            problems.append(Problem(TOC, line, "bad-toc", what, hint))
            continue
        seen.add(path)
        yield path, line, bool(site[name].title) or len(seen) == 1


def _missing_chapter(root: Path, path: str, line: int) -> Problem:
    stem = path.removesuffix(".md")
    what = f"there is no file {path!r}"
    hint = "create it, or remove this line"
    for suffix, advice in _OTHER_FORMATS.items():
        if (root / (stem + suffix)).is_file():
            what += f", only {stem + suffix!r}"
            hint = advice.format(stem=stem)
    return Problem(TOC, line, "missing-chapter", what, hint)


def _sorted_set(match: re.Match[str]) -> str:
    return ", ".join(sorted(match[1].split(", ")))


def _line_of_malformed(text: str, message: str) -> int:
    """Return the line that sphinx-external-toc complains of."""
    if match := re.search(r"multiple times: '(.*)'", message):
        return _lines_in_yaml(text, match[1])[-1]
    match = re.search(r"@ '(.*?)'", message)
    return _line_at(text, match[1].split("/")) if match else 1


def _line_at(text: str, place: Iterable[str]) -> int:
    """Return the line of a value in YAML, given the names that lead to it."""
    node: Any = yaml.compose(text, Loader=_Loader)
    line = 1
    for part in place:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == part:
                    line, node = _line_of(key), value
        elif isinstance(node, yaml.SequenceNode) and part.isdecimal():
            node = node.value[int(part)]
            line = _line_of(node)
    return line


def _read_file(root: Path, name: str) -> str:
    try:
        file = root / name
        if file.exists() and not file.is_file():  # a pipe would never end
            problem = Problem(name, 1, "unreadable", "this is not a file")
            raise BookError([problem])
        return _decode(file.read_bytes(), name)
    except (FileNotFoundError, NotADirectoryError):
        what = f"there is no {name} in {root}, so this is no book"
        hint = "name its folder: --book DIR"
        problem = Problem(name, 1, "not-a-book", what, hint)
        raise BookError([problem]) from None
    except OSError as error:
        what = f"cannot read this file: {error.strerror}"
        problem = Problem(name, 1, "unreadable", what)
        raise BookError([problem]) from None


def read_text(path: Path) -> str:
    """Return a chapter's text as all that reads it should see it.

    Editors on Windows begin it with an invisible mark, and end lines in their
    own way.
    """
    return path.read_text("utf-8-sig")


def _decode(data: bytes, path: str) -> str:
    """Decode a file as `read_text` does."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        what = "this is not UTF-8 text"
        hint = "save it as UTF-8 in your editor"
        problem = Problem(path, line, "encoding", what, hint)
        raise BookError([problem]) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _find_control_characters(text: str, path: str) -> Iterator[Problem]:
    for match in _CONTROL.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        what = f"there is an invisible character, {match[0]!a}"
        hint = "delete it; in code, write it as an escape"
        yield Problem(path, line, "control-character", what, hint)


def _load_yaml(text: str, path: str, first_line: int = 1) -> Any:
    try:
        _refuse_bombs(text, path, first_line)
        return yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        above, reason = mark.line if mark else 0, error.problem
    except yaml.reader.ReaderError as error:
        above, reason = text[: error.position].count("\n"), error.reason
    except ValueError:  # such as a date in month 13
        above, reason = _find_wrong_value(text)
    except RecursionError:
        above, reason = 0, "too many brackets are inside one another"
    what = f"this is not YAML: {reason}"
    raise BookError([Problem(path, first_line + above, "bad-yaml", what)])


def _refuse_bombs(text: str, path: str, first_line: int) -> None:
    """Refuse YAML that is small only as long as nobody looks at all of it.

    An alias stands for any number of values, among them more aliases.
    """
    sizes: dict[int, float] = {}

    def size(node: Any) -> float:
        if id(node) not in sizes:
            sizes[id(node)] = math.inf  # within itself
            children = node.value if node.id != "scalar" else []
            if node.id == "mapping":
                children = [child for pair in children for child in pair]
            sizes[id(node)] = 1 + sum(map(size, children))
        return sizes[id(node)]

    events = yaml.parse(text, Loader=_Loader)
    aliases = (e for e in events if isinstance(e, yaml.AliasEvent))
    alias: Any = next(aliases, None)
    if alias and size(yaml.compose(text, Loader=_Loader)) > _MOST_VALUES:
        line = first_line + alias.start_mark.line
        what = f"with its aliases, this is more than {_MOST_VALUES:,} values"
        hint = "write out what the * stands for"
        raise BookError([Problem(path, line, "bad-yaml", what, hint)])


def _find_wrong_value(text: str) -> tuple[int, str]:
    """Return the number of lines above what YAML cannot read, and what."""
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.ScalarEvent) and event.implicit[0]:
            try:
                yaml.load(event.value, Loader=_Loader)
            except ValueError as error:
                return _line_of(event) - 1, f"{event.value!r}: {error}"
            except yaml.YAMLError:
                continue
    return 0, "it has a value that cannot be"


def _lines_in_yaml(text: str, *values: str) -> list[int]:
    """Return the lines on which some values stand, or the first line."""
    lines = [
        _line_of(event)
        for event in yaml.parse(text, Loader=_Loader)
        if isinstance(event, yaml.ScalarEvent) and event.value in values
    ]
    return lines or [1]


def _line_of(part: yaml.Event | yaml.Node) -> int:
    return part.start_mark.line + 1 if part.start_mark else 1


def is_notebook(front_matter: dict[str, Any]) -> bool:
    """Say whether MyST-NB runs the code in a file."""
    jupytext = _mapping(front_matter.get("jupytext"))
    text = _mapping(jupytext.get("text_representation"))
    is_ours = front_matter.get("file_format") == "mystnb"
    return is_ours or text.get("format_name") == "myst"


def _misfit(key: Any, value: Any) -> tuple[str, str] | None:
    """Return the setting of front matter that is wrong, and why, or None."""
    if not isinstance(key, str):
        return str(key), f"the name of a setting is not text: {key!r}"
    groups = ("mystnb", "kernelspec", "jupytext", "myst")
    if key in groups and not isinstance(value, dict):
        return key, f"{key} holds settings of its own, not {value!r}"
    inner = _mapping(value)
    if key == "jupytext":
        text = inner.get("text_representation", {})
        if not isinstance(text, dict):
            what = f"text_representation holds settings, not {text!r}"
            return "text_representation", what
    if key == "kernelspec" and not isinstance(inner.get("name"), str):
        return key, "kernelspec needs the name of a kernel: {name: python3}"
    if key == "mystnb":
        mode = inner.get("execution_mode", "cache")
        if mode not in ("cache", "off"):
            what = f"execution_mode is cache or 'off', not {mode!r}"
            return "execution_mode", what
        limit = inner.get("execution_timeout", 1)
        if type(limit) is not int:
            what = f"execution_timeout is a number of seconds, not {limit!r}"
            return "execution_timeout", what
    try:
        json.dumps(value, default=str)
    except (TypeError, ValueError, RecursionError) as error:
        return key, f"a notebook cannot hold {key!r}: {error}"
    return None


def _misfit_of_cell(options: dict[str, Any]) -> str:
    """Say what is wrong with the options of a code cell, or nothing."""
    tags = options.get("tags") or []
    words = [t for t in tags if isinstance(t, str) and [t] == t.split()]
    if not isinstance(tags, list) or len({*words}) != len(tags):
        return f"tags are a list of different words, not {tags!r}"
    for key, value in options.items():
        if misfit := _misfit(key, value):
            return misfit[1]
    return _misfit_of_notebook("new_code_cell", options)


def _misfit_of_notebook(make: str, metadata: dict[str, Any]) -> str:
    """Say what in metadata a notebook may not hold, or nothing."""
    if metadata.keys() <= {"tags", "mystnb", "file_format", "kernelspec"}:
        return ""
    # Imported here since it takes long, and few chapters need it.
    from nbformat import ValidationError, v4

    try:
        getattr(v4, make)(
            metadata=json.loads(json.dumps(metadata, default=str))
        )
    except ValidationError as error:
        place = ".".join(map(str, error.absolute_path))
        return f"a notebook cannot hold this as its {place}: {error.message}"
    return ""


def _select(text: str, options: dict[str, str]) -> tuple[str, int]:
    """Return the part that is included, and the number of lines above it."""
    lines = text.split("\n")
    above = 0
    with suppress(ValueError):
        start = int(options.get("start-line") or 0)
        end = options.get("end-line")
        text = "\n".join(lines[start : int(end) if end else None])
        above = start % len(lines) if start < 0 else start
    if (mark := options.get("start-after")) and mark in text:
        before, _, text = text.partition(mark)
        above += before.count("\n") + mark.count("\n")
    if mark := options.get("end-before"):
        text = text.partition(mark)[0]
    return text, above


def _has_code(source: str) -> bool:
    """Say whether code does anything at all."""
    try:
        nodes = read_code(source).nodes
    except SyntaxError:
        return True  # Python says better what is wrong
    return not all(
        isinstance(node, ast.Pass)
        or (
            isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        )
        for node in nodes
    )


class _Reader:
    """Walks over the tokens of one chapter and collects what it holds.

    ``included`` says from where a file is included that is no chapter.
    """

    def __init__(self, path: str, root: Path | None, included: str = ""):
        self.path = path
        self.problems: list[Problem] = []
        self.front_matter: dict[str, Any] = {}
        self.sections: list[Section] = []
        self.cells: list[Cell] = []
        self.formulas: list[Formula] = []
        self.checks: list[Check] = []
        self._opens_with_hyphens = False
        self._root = root
        self._included = included

    def read(self, text: str) -> None:
        """Read a chapter, and report what does not fit together in it."""
        self._opens_with_hyphens = text.startswith("---")
        self.read_part(text, 0, 0)
        labels = {formula.label for formula in self.formulas}
        checked = {check.label for check in self.checks}
        for check in self.checks:
            if check.label not in labels:
                what = f"there is no formula {check.label!r} in this chapter"
                hint = "write {check} and the label of the formula above it"
                self._report(check.line - 1, "unknown-formula", what, hint)
        for formula in self.formulas:
            if formula.label not in checked:
                what = f"formula {formula.label!r} has no check"
                hint = f"add ```{{check}} {formula.label} below it"
                self._report(formula.line, "unchecked-formula", what, hint)

    def read_part(self, text: str, above: int, nested: int) -> None:
        """Read a text below some lines of the file, in so many directives."""
        if nested > _DEEPEST:
            what = f"this is inside more than {_DEEPEST} directives"
            self._report(above + 1, "too-deep", what, "take them apart")
            return
        tokens = _markdown().parse(text)
        depth = nested
        label = ""
        for i, token in enumerate(tokens):
            depth += token.nesting
            line = above + (token.map[0] + 1 if token.map else 1)
            match token.type:
                case "front_matter" if not nested:
                    self._read_front_matter(token, text)
                case "myst_target":
                    label = token.content
                    continue
                case "heading_open" if not nested:
                    title = tokens[i + 1].content
                    level = int(token.tag[1:])
                    self.sections.append(Section(label, title, level, line))
                case "math_block_label":
                    tex = token.content
                    # The opening $$ may share its line with the formula.
                    line += tex.startswith("\n")
                    self._add_formula(token.info, tex, line)
                case "amsmath" if token.meta.get("numbered") != "*":
                    what = "this formula has a number, but no label"
                    hint = "write it between $$ and $$ (eq-NAME), or with *"
                    self._report(line, "formula-without-label", what, hint)
                case "myst_block_break" if depth == 0:
                    self._read_break(token, line)
                case "inline":
                    self._read_text(token.content, line)
                case "fence":
                    self._read_fence(token, line, nested, depth == 0)
                case "colon_fence":
                    self._read_fence(token, line, nested, False)
            label = ""

    def _read_front_matter(self, token: Token, text: str) -> None:
        """Read the settings at the head of a file."""
        _, end = token.map or [0, 0]
        opening, *lines = text.split("\n")[:end]
        closing = lines.pop() if lines else ""
        others = [t for t in lines if t.startswith(("---", "..."))]
        # Whatever reads it ends it at another line of those.
        if opening.rstrip() != "---" or closing.rstrip() != "---" or others:
            what = "front matter begins and ends with a line --- of its own"
            hint = "write three hyphens, and nothing else, on both lines"
            self._report(1, "front-matter", what, hint)
            return
        self.front_matter = self._options(token.content, 2)
        misfits = [_misfit(k, v) for k, v in self.front_matter.items()]
        if is_notebook(self.front_matter) and not any(misfits):
            metadata = dict(self.front_matter)
            if spec := metadata.get("kernelspec"):
                metadata["kernelspec"] = {"display_name": ""} | spec
            what = _misfit_of_notebook("new_notebook", metadata)
            misfits = [("", what)] if what else []
        for name, what in filter(None, misfits):
            line = 1 + _lines_in_yaml(token.content, name)[0]
            self._report(line, "front-matter", what, "")

    def _read_break(self, token: Token, line: int) -> None:
        """Check what describes the text below a line with +++."""
        try:
            metadata = json.loads(token.content.strip() or "{}")
            what = _misfit_of_notebook("new_markdown_cell", metadata)
        except (AttributeError, RecursionError, ValueError) as error:
            what = f"behind +++ stands no JSON object: {error}"
        if what and is_notebook(self.front_matter):
            hint = 'write nothing behind it, or as in +++ {"tags": ["a"]}'
            self._report(line, "block-break", what, hint)

    def _read_text(self, text: str, first: int) -> None:
        """Report a formula that is none since other text is beside it."""
        if "$$" not in text:
            return
        code = re.compile("(`+).*?\\1", re.DOTALL)
        text = code.sub(lambda m: "\n" * m[0].count("\n"), text)
        if not (match := re.search(r"^ *\$\$|\$\$ *\([^)\n]+\)", text, re.M)):
            return
        what = "this $$ does not begin a formula"
        hint = "write $$, on a line of its own, above and below the formula"
        if "\n" in (above := text[: match.end()].strip()):
            what += ": text is above it"
            hint = "leave a blank line above it"
        line = first + above.count("\n")
        self._report(line, "formula-in-text", what, hint)

    def _read_fence(
        self, token: Token, fence: int, nested: int, outside: bool
    ) -> None:
        """Read a directive, perhaps one that is outside of everything."""
        info, _, argument = token.info.strip().partition("}")
        is_directive = info.startswith("{") and argument[:1].strip() == ""
        name = info.strip("{ ").lower() if info.startswith("{") else ""
        lines = token.content.splitlines()
        start, end = token.map or (0, 0)
        if len(lines) >= end - start - 1:
            what = f"this {token.markup} is never closed"
            hint = f"end it with a line {token.markup}"
            self._report(fence, "unclosed-fence", what, hint)
        if name == "code-cell":
            # As MyST-NB does, which asks for neither the rest nor a space.
            plain = token.info.startswith("{code-cell}")
            self._read_cell(lines, fence, not outside, plain)
        elif name == "check":
            if not is_directive or " " in info:
                what = f"{token.info.strip()!r} is not how a check begins"
                hint = "write ```{check} LABEL"
                self._report(fence, "not-a-check", what, hint)
                return
            blank = int(bool(lines) and not lines[0].strip())
            source = "\n".join(lines[blank:])
            line = fence + 1 + blank
            self._add_check(Check(argument.strip(), line, source))
        elif not is_directive and token.type == "fence":
            return  # a listing
        elif name == "raw-cell" and outside:
            self._read_cell_options(lines, fence)
        elif name == "math":
            block, above = _split_options(lines)
            options = _plain_options(block)
            if label := options.get("label", options.get("name", "")):
                tex = "\n".join([argument, *lines[above:]])
                first = fence if argument else fence + 1 + above
                self._add_formula(label, tex, first)
        elif name == "include":
            self._read_include(argument.strip(), lines, fence)
        elif name not in _VERBATIM:
            skip = _split_options(lines)[1] if is_directive else 0
            inner = "\n".join(lines[skip:])
            self.read_part(inner, fence + skip, nested + 1)

    def _read_cell(
        self, lines: list[str], fence: int, nested: bool, plain: bool
    ) -> None:
        if self._included:
            self._refuse_included(fence, "a code cell")
            return
        if nested or not plain:
            what = "this code cell does not run: "
            what += (
                "it is inside something else, or written with colons"
                if nested
                else "its first line is not ```{code-cell}"
            )
            hint = "begin a line, outside of everything, with ```{code-cell}"
            self._report(fence, "code-cell-place", what, hint)
            return
        # Front matter that cannot be read is a problem of its own.
        is_read = bool(self.front_matter) or not self.problems
        if is_read and not (self.cells or is_notebook(self.front_matter)):
            what = "this chapter has code cells, but nothing runs them"
            hint = "begin the file with front matter: file_format: mystnb"
            if self._opens_with_hyphens and not self.front_matter:
                hint = "end the front matter with a line ---"
            self._report(fence, "not-executed", what, hint)
        options, above = self._read_cell_options(lines, fence)
        if lines and lines[0].lstrip().startswith((":", "---")):
            # Below options, MyST-NB drops one blank line at the end.
            lines = "\n".join(lines).splitlines()
        source = "\n".join(lines[above:])
        section = self.sections[-1] if self.sections else None
        number = len(self.cells) + 1
        line = fence + 1 + above
        self.cells.append(Cell(number, line, source, options, section))

    def _read_cell_options(
        self, lines: list[str], fence: int
    ) -> tuple[dict[str, Any], int]:
        block, above = _split_options(lines)
        first = fence + 1 + lines[0].startswith("---") if lines else fence
        options = self._options("\n".join(block), first)
        if what := _misfit_of_cell(options):
            hint = "as in :tags: [hide-input]"
            self._report(fence + 1, "cell-options", what, hint)
        if "load" in options:
            what = f"the code of this cell is elsewhere: {options['load']!r}"
            hint = "write it here; other chapters get it with #@save"
            self._report(fence, "loaded-code", what, hint)
        return options, above

    def _read_include(self, name: str, lines: list[str], fence: int) -> None:
        """Look into a file that becomes part of the page."""
        block, _ = _split_options(lines)
        options = _plain_options(block)
        if (
            self._root is None
            or {"literal", "code", "parser"} & options.keys()
        ):
            return
        folder = PurePosixPath(self.path).parent
        path = PurePosixPath(
            os.path.normpath(name[1:] if name[:1] == "/" else folder / name)
        )
        file = self._root / path
        if self._included.count("\n") > 10:
            return  # it includes itself, which docutils reports
        if not file.is_file():
            what = f"there is no file {name!r}"
            hint = "name it as seen from the folder of this one"
            self._report(fence, "missing-file", what, hint)
            return
        try:
            text = _decode(file.read_bytes(), str(path))
        except OSError as error:
            what = f"cannot read {name!r}: {error.strerror}"
            self._report(fence, "unreadable", what, "")
            return
        except BookError as error:
            self.problems += error.problems
            return
        text, skip = _select(text, options)
        where = f"{self.path}:{fence}"
        inner = _Reader(str(path), self._root, f"{self._included}\n{where}")
        inner.read_part(text, skip, 0)
        self.problems += inner.problems

    def _add_formula(self, label: str, tex: str, line: int) -> None:
        if self._included:
            self._refuse_included(line, f"formula {label!r}")
        self.formulas.append(Formula(label, tex.strip(), line))

    def _add_check(self, check: Check) -> None:
        if self._included:
            self._refuse_included(check.line - 1, f"check {check.label!r}")
        elif not _has_code(check.source):
            what = f"check {check.label!r} has no code"
            hint = "write an assertion that fails if the formula is wrong"
            self._report(check.line, "empty-check", what, hint)
        self.checks.append(check)

    def _refuse_included(self, line: int, what: str) -> None:
        place = self._included.strip().split("\n")[-1]
        what = f"{what} does not work in a file that {place} includes"
        hint = "move it into the chapter itself"
        self._report(line, "included", what, hint)

    def _options(self, text: str, line: int) -> dict[str, Any]:
        try:
            value = _load_yaml(text, self.path, line)
        except BookError as error:
            self.problems += error.problems
            return {}
        if value is not None and not isinstance(value, dict):
            what = f"these are not settings: {str(value)[:40]!r}"
            hint = "write lines such as NAME: VALUE"
            self._report(line, "bad-yaml", what, hint)
        return _mapping(value)

    def _report(self, line: int, rule: str, what: str, hint: str) -> None:
        self.problems.append(Problem(self.path, line, rule, what, hint))


def _split_options(lines: list[str]) -> tuple[list[str], int]:
    """Return a directive's options and the number of lines above the rest."""
    if lines and lines[0].startswith(":::"):
        return [], 0  # a fence inside it
    if lines and lines[0].startswith("---"):
        fence = (i for i, t in enumerate(lines) if i and t[:3] == "---")
        end = next(fence, len(lines))
        block = lines[1:end]
        end += 1
    else:
        colons = takewhile(lambda t: t.lstrip()[:1] == ":", lines)
        block = [text.lstrip()[1:] for text in colons]
        end = len(block)
    # One blank line may stand above the rest.
    end += end < len(lines) and not lines[end].strip()
    return block, end


def _plain_options(block: list[str]) -> dict[str, str]:
    """Read options that need no YAML: one on each line."""
    pairs = (line.strip().partition(":") for line in block)
    return {key.strip(): value.strip(" \"'") for key, _, value in pairs}
