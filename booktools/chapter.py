"""`_toc.yml` and MyST files -> Book, Chapter, Section, Cell, Formula, Check.

The only reader of chapters.  It sees code cells exactly where MyST-NB sees
them: fences at the top level of a file, with options at their head.
"""

import ast
import functools
import math
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path, PurePosixPath
from typing import Any

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.colon_fence import colon_fence_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.front_matter import front_matter_plugin
from mdit_py_plugins.myst_blocks import myst_block_plugin
from sphinx_external_toc.parsing import MalformedError, parse_toc_data

from booktools.problem import BookError, Problem

TOC = "_toc.yml"
CONFIG = "_config.yml"

# How many values YAML with aliases may stand for.
_MOST_VALUES = 10_000

# The fast loader where PyYAML was built with it.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


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
    config = _mapping(_load_yaml(text, CONFIG))
    sphinx = _mapping(_mapping(config.get("sphinx")).get("config"))
    package = str(sphinx.get("booktools_package") or "d2lmini")
    if not package.isidentifier():
        line = _line_in_yaml(text, package)
        what = f"booktools_package {package!r} is no name for a package"
        problems.append(Problem(CONFIG, line, "bad-package-name", what))
    toc = _read_file(root, TOC)
    chapters = []
    for path in _toc_files(toc):
        if not (root / path).is_file():
            line = _line_in_yaml(toc, path.removesuffix(".md"), path)
            what = f"there is no file {path!r}"
            hint = "create it, or remove this line"
            problems.append(Problem(TOC, line, "missing-chapter", what, hint))
            continue
        try:
            chapters.append(read_chapter(path, (root / path).read_bytes()))
        except BookError as error:
            problems += error.problems
    if problems:
        raise BookError(problems)
    return Book(root, str(config.get("title", "")), package, tuple(chapters))


def read_chapter(path: str, data: bytes) -> Chapter:
    """Read one chapter.

    Parameters
    ----------
    path : str
        Where it comes from, relative to the book's folder.
    data : bytes
        Its content.

    Raises
    ------
    BookError
        With every problem found in it.
    """
    reader = _Reader(path)
    reader.read(_markdown().parse(_decode(data, path)))
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


def python_source(source: str) -> str:
    """Turn the source of a cell into Python with the same lines.

    Lines with magics (`%`, `!`, `?`) become the calls that IPython makes of
    them; every other line keeps its number.  Plain Python comes back as is.
    """
    with suppress(SyntaxError):
        parse_python(source)
        return source
    # Imported here since it takes longer than reading a whole book, and few
    # books have magics.
    from IPython.core.inputtransformer2 import TransformerManager

    manager: Any = TransformerManager()
    lines = source.rstrip("\n").splitlines()
    blank = next((i for i, line in enumerate(lines) if line.strip()), 0)
    lines = [line + "\n" for line in lines[blank:]]
    for transform in manager.cleanup_transforms + manager.line_transforms:
        lines = transform(lines)
    # One magic at a time: a magic that went on over several lines becomes
    # one, so blank lines are put back behind it.
    changed = True
    with suppress(SyntaxError):  # Python says better what is wrong, and where
        while changed:
            changed, new = manager.do_one_token_transform(lines)
            pairs = enumerate(zip(lines, new, strict=False), 1)
            below = next((i for i, (a, b) in pairs if a != b), 0)
            new[below:below] = ["\n"] * (len(lines) - len(new))
            lines = new
    return "\n" * blank + "".join(lines)


def parse_python(source: str) -> ast.Module:
    """Parse code without the warnings that Python gives when it runs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source)


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
        .disable("inline")
    )


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _toc_files(text: str) -> list[str]:
    """Return the book's files in the order of `_toc.yml`."""
    try:
        site = parse_toc_data(_load_yaml(text, TOC))
    except (MalformedError, TypeError, ValueError) as error:
        raise BookError([Problem(TOC, 1, "bad-toc", str(error))]) from None

    def walk(name: str) -> Iterator[str]:
        yield name.removesuffix(".md") + ".md"
        for child in site[name].child_files():
            yield from walk(child)

    return list(walk(site.root.docname))


def _read_file(root: Path, name: str) -> str:
    try:
        return _decode((root / name).read_bytes(), name)
    except (FileNotFoundError, NotADirectoryError):
        what = f"there is no {name} in {root}, so this is no book"
        hint = "name its folder: --book DIR"
        problem = Problem(name, 1, "not-a-book", what, hint)
        raise BookError([problem]) from None


def _decode(data: bytes, path: str) -> str:
    """Decode a file; editors on Windows begin it with an invisible mark."""
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        what = "this is not UTF-8 text"
        raise BookError([Problem(path, line, "encoding", what)]) from None


def _load_yaml(text: str, path: str, first_line: int = 1) -> Any:
    try:
        _refuse_bombs(text, path, first_line)
        return yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        above, reason = mark.line if mark else 0, error.problem
    except yaml.reader.ReaderError as error:
        above, reason = text[: error.position].count("\n"), error.reason
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


def _line_in_yaml(text: str, *values: str) -> int:
    """Return the line on which one of some values stands."""
    for event in yaml.parse(text, Loader=_Loader):
        mark = event.start_mark
        if mark and getattr(event, "value", "") in values:
            return mark.line + 1
    return 1


class _Reader:
    """Walks over the tokens of one chapter and collects what it holds."""

    def __init__(self, path: str):
        self.path = path
        self.problems: list[Problem] = []
        self.front_matter: dict[str, Any] = {}
        self.sections: list[Section] = []
        self.cells: list[Cell] = []
        self.formulas: list[Formula] = []
        self.checks: list[Check] = []

    def read(self, tokens: list[Token]) -> None:
        depth = 0
        label = ""
        for i, token in enumerate(tokens):
            depth += token.nesting
            line = token.map[0] + 1 if token.map else 1
            match token.type:
                case "front_matter":
                    self.front_matter = self._options(token.content, line + 1)
                case "myst_target":
                    label = token.content
                    continue
                case "heading_open":
                    title = tokens[i + 1].content
                    level = int(token.tag[1:])
                    self.sections.append(Section(label, title, level, line))
                case "math_block_label":
                    tex = token.content
                    # The opening $$ may share its line with the formula.
                    line += tex.startswith("\n")
                    self.formulas.append(
                        Formula(token.info, tex.strip(), line)
                    )
                case "fence" if depth == 0:
                    self._read_fence(token, line)
            label = ""
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

    def _read_fence(self, token: Token, fence: int) -> None:
        kind, _, argument = token.info.partition("}")
        if kind not in ("{code-cell", "{raw-cell", "{check"):
            return
        lines = token.content.splitlines()
        options, above = self._split_options(lines, fence + 1)
        if "load" in options:
            what = f"the code of this cell is elsewhere: {options['load']!r}"
            hint = "write it here; other chapters get it with #@save"
            self._report(fence, "loaded-code", what, hint)
        if kind == "{raw-cell":
            return
        source = "\n".join(lines[above:])
        line = fence + 1 + above
        if kind == "{check":
            self.checks.append(Check(argument.strip(), line, source))
            return
        if self.front_matter.get("file_format") != "mystnb" and not self.cells:
            what = "this chapter has code cells, but nothing runs them"
            hint = "begin the file with front matter: file_format: mystnb"
            self._report(fence, "not-executed", what, hint)
        section = self.sections[-1] if self.sections else None
        number = len(self.cells) + 1
        self.cells.append(Cell(number, line, source, options, section))

    def _split_options(
        self, lines: list[str], first: int
    ) -> tuple[dict[str, Any], int]:
        """Return a cell's options and the number of lines above its code."""
        if lines and lines[0].startswith("---"):
            fence = (i for i, t in enumerate(lines) if i and t[:3] == "---")
            end = next(fence, len(lines))
            block = lines[1:end]
            first, end = first + 1, end + 1
        else:
            colons = takewhile(lambda t: t.lstrip()[:1] == ":", lines)
            block = [text.lstrip()[1:] for text in colons]
            end = len(block)
        # One blank line may stand above the code.
        end += end < len(lines) and not lines[end].strip()
        return self._options("\n".join(block), first), end

    def _options(self, text: str, line: int) -> dict[str, Any]:
        try:
            return _mapping(_load_yaml(text, self.path, line))
        except BookError as error:
            self.problems += error.problems
            return {}

    def _report(self, line: int, rule: str, what: str, hint: str) -> None:
        self.problems.append(Problem(self.path, line, rule, what, hint))
