"""Warnings of Sphinx and its extensions in the form of all problems.

Each says file, line and rule; where a name is misspelt, what is close to it.
What settings extensions have is not written to the screen.
"""

import ast
import dataclasses
import logging
import re
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from docutils import nodes  # type: ignore[import-untyped]
from docutils.parsers.rst import (  # type: ignore[import-untyped]
    directives,
    roles,
)
from sphinx.application import Sphinx
from sphinx.util.logging import NAMESPACE, WarningStreamHandler

from booktools.problem import Problem
from booktools.source.config import CONFIG
from booktools.sphinxext import problems
from booktools.sphinxext.stopping import located

# At the end of a message: its kind, which MyST writes there itself.
_KIND = re.compile(r"\s*\[([a-z_-]+\.[a-z_.-]+)\]$")
_QUOTED = re.compile(r"'([^']+)'|\"([^\"]+)\"|: ([\w./-]+)$")
_ALLOWED = re.compile(r"\(allowed: (\[.*\])\)")
# What LaTeX calls roles that have other names here.
_LATEX = {"eqref": "eq", "autoref": "numref", "cref": "numref"}
_NO_LINES = re.compile(r"cannot override dictionary config setting '(\w+)'.*")
_TWICE = re.compile(
    r"duplicate (?P<kind>term description of|label(?: of equation)?)"
    r" (?P<name>.+), other instance in (?P<where>\S+)$"
)
_UNKNOWN_OPTIONS = re.compile(r"Unknown option keys?: (\[.*?\])")


def setup(app: Sphinx) -> None:
    """Let warnings be written in another form, and dumps not at all."""
    messages = _Messages(app)
    for handler in logging.getLogger(NAMESPACE).handlers:
        if isinstance(handler, WarningStreamHandler):
            # Before Sphinx turns nodes into paths.
            handler.filters.insert(0, messages.translate)
            handler.setFormatter(_Formatter())
        else:
            handler.filters.insert(0, _is_no_dump)


def _is_no_dump(record: logging.LogRecord) -> bool:
    """Say whether a message is more than all settings of an extension."""
    args = record.args if isinstance(record.args, tuple) else ()
    return not any(dataclasses.is_dataclass(each) for each in args)


class _Formatter(logging.Formatter):
    """Writes what `_Messages` has made of a record."""

    def format(self, record: logging.LogRecord) -> str:
        return str(getattr(record, "problem", record.getMessage()))


class _Messages:
    """Turns warnings into problems."""

    def __init__(self, app: Sphinx):
        self._app = app
        self._root = Path(app.srcdir)

    def translate(self, record: logging.LogRecord) -> bool:
        """Add to a record the problem that it reports."""
        if not hasattr(record, "problem"):
            record.problem = self._problem(record)
        return True

    def _problem(self, record: logging.LogRecord) -> Problem | str:
        text = logging.LogRecord.getMessage(record)
        for root in (self._root, self._root.resolve()):
            text = text.replace(f"{root}/", "").replace(f"{root}\\", "")
        text = " ".join(text.split())
        rule = _rule(record)
        if match := _KIND.search(text):
            rule, text = match[1], text[: match.start()]
        where = getattr(record, "location", None)
        target = _target(where, text)
        hint = self._hint(where, rule, text, target)
        if _ALLOWED.search(text):
            text = _ALLOWED.sub("", text).rstrip()
        text = _NO_LINES.sub(r"'\1' should be lines NAME: VALUE", text)
        path, line = self._place(where, text, target)
        if (match := _TWICE.match(text)) and path:
            line, other = self._both(match, path, line)
            text = f"{text[: match.start('where')]}{other}"
        if not path:
            text = f"error: {text} [{rule}]"
            return f"{text}\n    hint: {hint}" if hint else text
        return located(Problem(path, line, rule, text, hint))

    def _place(self, where: Any, text: str, target: str) -> tuple[str, int]:
        """Return the file and the line that a message is about."""
        path, line = self._file(where)
        if path is None:
            config = self._root / CONFIG
            words = ["".join(each) for each in _QUOTED.findall(text)]
            for number, line_of_config in enumerate(_lines(config), 1):
                if any(_has(line_of_config, word) for word in words):
                    return CONFIG, number
            return "", 1
        line = problems.true_line(self._app, path, line)
        # A text of several lines knows only where it begins.
        lines = _lines(path)
        if target and not _has("".join(lines[line - 1 : line]), target):
            found = [n for n, t in enumerate(lines, 1) if _has(t, target)]
            line = min(
                found, key=lambda n: (n < line, abs(n - line)), default=line
            )
        return problems.relative(self._app, path), max(line, 1)

    def _both(
        self, match: re.Match[str], path: str, line: int
    ) -> tuple[int, str]:
        """Return where something is for the second and the first time."""
        name = re.escape(match["name"])
        pattern = rf"\({name}\)|\b(?:name|label): *['\"]?{name}(?![\w-])"
        if match["kind"].startswith("term"):
            pattern = rf"^\s*{name}\s*$"

        def find(file: Path | None) -> list[int]:
            lines = enumerate(_lines(file) if file else [], 1)
            return [n for n, text in lines if re.search(pattern, text)]

        file, _ = self._file(match["where"])
        here, there = find(self._root / path), find(file)
        if file == self._root / path:
            here = here[1:]
        # What is told of a term is the line of something above it.
        line = next((n for n in here if n >= line), here[-1] if here else line)
        other = problems.relative(self._app, file) if file else match["where"]
        return line, f"{other}:{there[0]}" if there else other

    def _file(self, where: Any) -> tuple[Path | None, int]:
        """Return the file that a message names in one of many ways."""
        line = 0
        if isinstance(where, nodes.Node):
            return problems.source_of(self._app, where)
        if isinstance(where, tuple):
            where, line = where[0], where[1] or 0
        if not isinstance(where, str):
            return None, 0
        name, _, number = where.rpartition(":")
        if name and (number.isdecimal() or not number):
            where, line = name, int(number or 0)
        for path in (where, f"{where}.md"):
            if (file := self._root / path).is_file():
                return file, line
        # Settings are read before there is an environment.
        env: Any = getattr(self._app, "env", None)
        if env and where in env.found_docs:
            return Path(env.doc2path(where)), line
        return None, 0

    def _hint(self, where: Any, rule: str, text: str, target: str) -> str:
        """Return what is close to a name that there is not."""
        if match := _UNKNOWN_OPTIONS.search(text):
            wrong = ast.literal_eval(match[1])
            allowed = _ALLOWED.search(text)
            known = ast.literal_eval(allowed[1]) if allowed else []
            return _close(str(wrong[0]), known, f"it takes {', '.join(known)}")
        if not target:
            return ""
        if rule == "myst.role_unknown":
            if target in _LATEX:
                return f"did you mean {_LATEX[target]!r}?"
            return _close(target, _roles(self._app))
        if rule == "myst.directive_unknown":
            return _close(target, _directives(self._app))
        if isinstance(where, nodes.Element) and "reftarget" in where:
            if hint := self._other_way(where, target):
                return hint
            domain, kind = where.get("refdomain", ""), where.get("reftype", "")
            # Of a link to a place on a page, the page is known.
            names = self._names(domain, "" if _place(where) else kind)
            return _close(target, names) or _close_path(target, names)
        if rule.startswith("bibtex"):
            return _close(target, self._names("cite", ""))
        if "." in target.rpartition("/")[2] and " " not in target:
            return _close_path(target, _files(self._root))
        if where is None:
            # Their values may be what Sphinx warns of, once more.
            return _close(target, self._app.config.values)
        return ""

    def _other_way(self, where: nodes.Element, target: str) -> str:
        """Return how to refer to what is there, but not in this way."""
        domains: Any = self._app.env.domains
        std, kind = domains["std"].data, where.get("reftype", "")
        is_formula = target in domains["math"].data["objects"]
        if target not in std["anonlabels"] and not is_formula:
            return ""
        if _place(where):
            return f"write [text](#{target})"
        if is_formula:
            return f"write {{eq}}`{target}`"
        has_title = target in std["labels"]
        way = (
            f"{{ref}}`{target}`" if has_title else f"{{ref}}`text <{target}>`"
        )
        if kind == "numref":
            caption = "" if has_title else "give it a caption, or "
            return f"it has no number: {caption}write {way}"
        if kind == "ref":
            return f"it has no title: write {way}"
        if kind in ("doc", "eq", "term"):
            return f"write {way}"
        return f"it has no title: write [text](#{target})"

    def _names(self, domain: str, kind: str) -> list[str]:
        """Return the names that a reference of some kind may lead to."""
        domains: Any = self._app.env.domains
        std = domains["std"].data
        if domain == "math" or kind == "eq":
            return [*domains["math"].data["objects"]]
        if domain == "cite":
            return [*domains["cite"].bibdata.data.entries]
        if kind == "term":
            return [n for kind, n in std["objects"] if kind == "term"]
        if kind == "doc":
            return [*self._app.env.found_docs]
        if kind == "download":
            return _files(self._root)
        if domain == "std" or kind in ("ref", "numref"):
            return [*std["anonlabels"]]
        # A link of Markdown: to a page, a file, a label.
        pages = [f"{name}.md" for name in self._app.env.found_docs]
        return [*std["anonlabels"], *pages, *_files(self._root)]


def _rule(record: logging.LogRecord) -> str:
    """Return the name by which `suppress_warnings` knows a warning."""
    kind = getattr(record, "type", None)
    more = getattr(record, "subtype", None)
    if kind:
        return f"{kind}.{more}" if more else str(kind)
    name = record.name.removeprefix(f"{NAMESPACE}.")
    return name.split(".")[0].replace("_", "-")


def _target(where: Any, text: str) -> str:
    """Return the name that a message is about, or nothing."""
    if isinstance(where, nodes.Element) and where.get("reftarget"):
        return _place(where) or str(where["reftarget"])
    if match := _UNKNOWN_OPTIONS.search(text):
        return str(ast.literal_eval(match[1])[0])
    if match := _QUOTED.search(text):
        return str(next(filter(None, match.groups())))
    return ""


def _place(where: nodes.Element) -> str:
    """Return to which place on a page a link leads, if it names one."""
    return str(where.get("reftargetid") or "")


def _has(line: str, target: str) -> bool:
    """Say whether a line has a word, and not only as a part of another."""
    if not target:
        return False
    word = rf"(?<![\w-]){re.escape(target)}(?![\w-])"
    return re.search(word, line) is not None


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8-sig", "replace").split("\n")
    except OSError:
        return []


def _close(name: str, known: Iterable[Any], default: str = "") -> str:
    """Ask whether a name that is close to another one was meant."""
    names = sorted({*map(str, known)})
    found = get_close_matches(name, names, 1, 0.7)
    if name in names:  # something else is wrong with it
        return default
    return f"did you mean {found[0]!r}?" if found else default


def _close_path(name: str, known: Iterable[str]) -> str:
    """Ask as `_close` does; of paths, the last part is what people know."""
    lasts = {each.rpartition("/")[2]: each for each in sorted(known)[::-1]}
    last = name.rpartition("/")[2]
    found = get_close_matches(last, lasts, 1, 0.75)
    return f"did you mean {lasts[found[0]]!r}?" if found else ""


def _roles(app: Sphinx) -> list[str]:
    """Return the names of all roles."""
    known = [*roles._role_registry, *roles._roles]
    for domain in app.env.domains.values():
        known += [f"{domain.name}:{name}" for name in domain.roles]
    known += app.env.domains["std"].roles
    return [name for name in known if name]


def _directives(app: Sphinx) -> list[str]:
    """Return the names of all directives."""
    known = [*directives._directive_registry, *directives._directives]
    known += app.env.domains["std"].directives
    return [*known, "code-cell"]


def _files(root: Path) -> list[str]:
    """Return the files of a book, without those in folders that are made."""
    return [
        path.relative_to(root).as_posix()
        for folder in [root, *(p for p in root.iterdir() if p.is_dir())]
        if folder.name[0] not in "._" and folder.name != "node_modules"
        for path in (folder.rglob("*") if folder != root else root.iterdir())
        if path.is_file()
    ]
