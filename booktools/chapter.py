"""`_toc.yml` and MyST files -> Book, Chapter, Section, Cell, Formula, Check.

The only reader of chapters.  It sees code cells exactly where MyST-NB sees
them: fences at the top level of a file, with options at their head.
"""

import ast
import functools
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
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
        tags = self.options.get("tags")
        if tags is None:
            return ()
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
    config = _read_config(root)
    chapters = []
    for path, line in _toc_files(root):
        file = root / path
        if not file.is_file():
            problems.append(
                Problem(
                    TOC,
                    line,
                    "missing-chapter",
                    f"there is no file {path!r}",
                    "create it, or remove this line",
                )
            )
            continue
        try:
            chapters.append(read_chapter(path, file.read_bytes()))
        except BookError as error:
            problems += error.problems
    sphinx = _mapping(_mapping(config.get("sphinx")).get("config"))
    package = str(sphinx.get("booktools_package") or "d2lmini")
    if not package.isidentifier():
        text = _read_file(root, CONFIG)
        lines = _value_lines(yaml.compose(text, Loader=_Loader))
        message = f"booktools_package {package!r} is no name for a package"
        line = lines.get(package, 1)
        problems.append(Problem(CONFIG, line, "bad-package-name", message))
    if problems:
        raise BookError(problems)
    return Book(
        root,
        str(config.get("title", "")),
        package,
        tuple(chapters),
    )


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
    text = _decode(data, path)
    reader = _Reader(path)
    reader.read(_markdown().parse(text))
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
    try:
        parse_python(source)
    except SyntaxError:
        pass
    else:
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
    try:
        changed, new = manager.do_one_token_transform(lines)
        while changed:
            same = next(i for i, line in enumerate(new) if line != lines[i])
            new[same + 1 : same + 1] = ["\n"] * (len(lines) - len(new))
            lines = new
            changed, new = manager.do_one_token_transform(lines)
    except SyntaxError:
        pass  # Python says better than IPython what is wrong, and where
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


def _read_config(root: Path) -> dict[str, Any]:
    """Return `_config.yml` as a mapping."""
    return _mapping(_load_yaml(_read_file(root, CONFIG), CONFIG))


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _toc_files(root: Path) -> list[tuple[str, int]]:
    """Return the book's files in order, each with its line in `_toc.yml`."""
    text = _read_file(root, TOC)
    try:
        site = parse_toc_data(_load_yaml(text, TOC))
    except (MalformedError, TypeError, ValueError) as error:
        raise BookError([Problem(TOC, 1, "bad-toc", str(error))]) from None
    lines = _value_lines(yaml.compose(text, Loader=_Loader))

    def walk(name: str) -> Iterator[str]:
        yield name
        for child in site[name].child_files():
            yield from walk(child)

    return [
        (name.removesuffix(".md") + ".md", lines.get(name, 1))
        for name in walk(site.root.docname)
    ]


def _read_file(root: Path, name: str) -> str:
    try:
        return _decode((root / name).read_bytes(), name)
    except (FileNotFoundError, NotADirectoryError):
        message = f"there is no {name} in {root}, so this is no book"
        raise BookError(
            [
                Problem(
                    name,
                    1,
                    "not-a-book",
                    message,
                    "name its folder: --book DIR",
                )
            ]
        ) from None


def _decode(data: bytes, path: str) -> str:
    """Decode a file; editors on Windows begin it with an invisible mark."""
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        message = "this is not UTF-8 text"
        raise BookError([Problem(path, line, "encoding", message)]) from None


def _load_yaml(text: str, path: str, first_line: int = 1) -> Any:
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = first_line + (mark.line if mark else 0)
        reason = error.problem
    except yaml.reader.ReaderError as error:
        line = first_line + text[: error.position].count("\n")
        reason = error.reason
    message = f"this is not YAML: {reason}"
    raise BookError([Problem(path, line, "bad-yaml", message)])


def _value_lines(node: yaml.Node | None) -> dict[str, int]:
    """Return the line on which each string value of a YAML document stands."""
    match node:
        case yaml.ScalarNode():
            return {node.value: node.start_mark.line + 1}
        case yaml.SequenceNode():
            children = node.value
        case yaml.MappingNode():
            children = [value for _, value in node.value]
        case _:
            children = []
    return {k: v for child in children for k, v in _value_lines(child).items()}


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
                    self._read_front_matter(token, line)
                case "myst_target":
                    label = token.content
                    continue
                case "heading_open":
                    title = tokens[i + 1].content
                    level = int(token.tag[1:])
                    self.sections.append(Section(label, title, level, line))
                case "math_block_label":
                    tex = token.content.strip()
                    # The opening $$ may share its line with the formula.
                    alone = token.content.startswith("\n")
                    self.formulas.append(
                        Formula(token.info, tex, line + alone)
                    )
                case "fence" if depth == 0:
                    self._read_fence(token, line)
            label = ""
        self._compare_formulas_and_checks()

    def _read_front_matter(self, token: Token, line: int) -> None:
        matter = self._options(token.content, line + 1)
        if isinstance(matter, dict):
            self.front_matter = matter

    def _read_fence(self, token: Token, line: int) -> None:
        kind, _, argument = token.info.partition("}")
        if kind not in ("{code-cell", "{check"):
            return
        options, offset = self._split_options(token.content, line + 1)
        source = "\n".join(token.content.splitlines()[offset:])
        fence, line = line, line + 1 + offset
        if kind == "{check":
            self.checks.append(Check(argument.strip(), line, source))
            return
        executed = self.front_matter.get("file_format") == "mystnb"
        if not executed and not self.cells:
            self._problem(
                fence,
                "not-executed",
                "this chapter has code cells, but nothing runs them",
                "begin the file with front matter: file_format: mystnb",
            )
        section = self.sections[-1] if self.sections else None
        number = len(self.cells) + 1
        self.cells.append(Cell(number, line, source, options, section))

    def _split_options(
        self, content: str, line: int
    ) -> tuple[dict[str, Any], int]:
        """Return a cell's options and the number of lines above its code."""
        lines = content.splitlines()
        if content.startswith("---"):
            ends = (
                i for i, text in enumerate(lines) if i and text[:3] == "---"
            )
            end = next(ends, len(lines))
            block, end = lines[1:end], end + 1
            line += 1
        else:
            starts = (
                i
                for i, text in enumerate(lines)
                if not text.lstrip().startswith(":")
            )
            end = next(starts, len(lines))
            block = [text.lstrip()[1:] for text in lines[:end]]
        if end < len(lines) and not lines[end].strip():
            end += 1  # one blank line between options and code, or before code
        options = self._options("\n".join(block), line)
        return options if isinstance(options, dict) else {}, end

    def _options(self, text: str, line: int) -> Any:
        try:
            return _load_yaml(text, self.path, line)
        except BookError as error:
            self.problems += error.problems
            return None

    def _compare_formulas_and_checks(self) -> None:
        formulas = {formula.label for formula in self.formulas}
        checked = {check.label for check in self.checks}
        for check in self.checks:
            if check.label not in formulas:
                self._problem(
                    check.line - 1,
                    "unknown-formula",
                    f"there is no formula {check.label!r} in this chapter",
                    "write {check} and the label of the formula above it",
                )
        for formula in self.formulas:
            if formula.label not in checked:
                self._problem(
                    formula.line,
                    "unchecked-formula",
                    f"formula {formula.label!r} has no check",
                    f"add ```{{check}} {formula.label} below it",
                )

    def _problem(
        self, line: int, rule: str, what: str, hint: str = ""
    ) -> None:
        self.problems.append(Problem(self.path, line, rule, what, hint))
