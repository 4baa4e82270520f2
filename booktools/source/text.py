"""Files -> text, and YAML -> values, with the lines on which they stand."""

import math
import posixpath
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from booktools.problem import BookError, Problem

# How many values YAML with aliases may stand for.
_MOST_VALUES = 10_000

# The fast loader where PyYAML was built with it.
_Fast: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# No text needs them, and programs do not agree whether they end a line.
_CONTROL = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff]")

# A setting in a line of its own; one among others, in braces; what in a text
# YAML would take for its own; an item of a list but for its space.
_SETTING = re.compile(r"\s*(?:- +)*([\w-]+): +([^\s{\[#].*?)\s*(?: #.*)?")
_INNER_SETTING = re.compile(r"[{,] *([\w-]+): +([^,{}\[\]]*?) *(?=[,}]|$)")
_NEEDS_QUOTES = re.compile(r"^[@`%*&'\"]|: |:$")
_LOST_ITEM = re.compile(r"\s*-([\w-]+:(?: .*)?)")


class _TwiceError(yaml.MarkedYAMLError):
    """A name that stands twice: programs take the last one and say nothing."""


class _Loader(_Fast):  # type: ignore[misc]
    def construct_mapping(self, node: yaml.Node, deep: bool = False) -> Any:
        """Refuse a name that stands twice among the same ones."""
        names = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value != "<<":
                if key.value in names:
                    raise _TwiceError(None, None, key.value, key.start_mark)
                names.add(key.value)
        return super().construct_mapping(node, deep)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Say where a value is that cannot be, such as a date in month 13."""
        try:
            return super().construct_object(node, deep)
        except ValueError as error:
            what = f"{node.value!r}: {error}"
            place = node.start_mark
            raise yaml.MarkedYAMLError(None, None, what, place) from error


def read_text(path: Path) -> str:
    """Return a chapter's text as all that reads it should see it.

    Editors on Windows begin it with an invisible mark, and end lines in their
    own way.
    """
    return path.read_text("utf-8-sig")


def decode(data: bytes, path: str) -> str:
    """Decode a file as `read_text` does; what cannot be is a problem."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        what = "this is not UTF-8 text"
        hint = "save it as UTF-8 in your editor"
        problem = Problem(path, line, "encoding", what, hint)
        raise BookError([problem]) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_setup(root: Path, name: str) -> str:
    """Read a file without which a folder is no book."""
    file = root / name
    hint = ""
    try:
        # To read a pipe, for example, would never end.
        if file.is_file() or not file.exists():
            return decode(file.read_bytes(), name)
        rule, what = "unreadable", "this is not a file"
    except (FileNotFoundError, NotADirectoryError):
        rule = "not-a-book"
        what = f"there is no {name} in {root}, so this is no book"
        hint = "name its folder: --book DIR"
    except OSError as error:
        rule = "unreadable"
        what = f"cannot read this file: {error.strerror}"
    raise BookError([Problem(name, 1, rule, what, hint)])


def find_control_characters(text: str, path: str) -> Iterator[Problem]:
    """Yield a problem for each character that nobody sees."""
    for match in _CONTROL.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        what = f"there is an invisible character, {match[0]!a}"
        hint = "delete it; in code, write it as an escape"
        yield Problem(path, line, "control-character", what, hint)


def meant(name: str, names: Iterable[str], default: str = "") -> str:
    """Ask whether one of some names was meant, or return another hint."""
    # Labels have their beginning in common: eq-a, eq-b.
    likeness = 0.8 if "-" in name else 0.75
    close = get_close_matches(name, sorted({*names}), 1, likeness)
    return f"did you mean {close[0]}?" if close else default


def meant_file(folder: Path, name: str, default: str = "") -> str:
    """Ask whether another file of a folder was meant, as `meant` does."""
    above, slash, last = name.rpartition("/")
    stem = PurePosixPath(last).stem
    with suppress(OSError):
        files = [p for p in (folder / above).iterdir() if p.is_file()]
        stems = {path.stem: path.name for path in files}
        if close := get_close_matches(stem, sorted(stems), 1, 0.75):
            return f"did you mean {above}{slash}{stems[close[0]]}?"
    return default


def included_path(path: str, name: str) -> str:
    """Return the file of a book that another one includes by a name."""
    folder = PurePosixPath(path).parent
    return posixpath.normpath(name[1:] if name[:1] == "/" else folder / name)


def select(text: str, options: dict[str, str]) -> tuple[str, int]:
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


def load_yaml(text: str, path: str, first_line: int = 1) -> Any:
    """Read the YAML that begins on a line of a file."""
    try:
        if "\t" in text:
            # The fast loader takes tabs between words; MyST-NB does not.
            list(yaml.scan(text, Loader=yaml.SafeLoader))
        _refuse_bombs(text, path, first_line)
        return yaml.load(text, Loader=_Loader)
    except _TwiceError as error:
        above = error.problem_mark.line if error.problem_mark else 0
        what = f"{error.problem!r} stands twice among the same settings"
        hint = 'take one out; where a list goes on, begin the line with "- "'
        where = path, first_line + above
        raise BookError(
            [Problem(*where, "duplicate-setting", what, hint)]
        ) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        above, reason = mark.line if mark else 0, error.problem
    except yaml.reader.ReaderError as error:
        above, reason = text[: error.position].count("\n"), error.reason
    except RecursionError:
        above, reason = 0, "too many brackets are inside one another"
    what = f"this is not YAML: {reason}"
    lines = text.split("\n")
    hint = _advise(str(reason), lines[above] if above < len(lines) else "")
    problem = Problem(path, first_line + above, "bad-yaml", what, hint)
    raise BookError([problem])


def _advise(reason: str, line: str) -> str:
    """Return what would make YAML of a line, or nothing."""
    if "'\\t'" in reason:
        return "write spaces instead of the tab"
    if match := _LOST_ITEM.fullmatch(line):
        return f"write a space behind the hyphen: - {match[1]}"
    if "'-'" in reason and line.strip():
        return f"a list goes on with a hyphen: - {line.strip()}"
    inner = _INNER_SETTING.finditer(line)
    for match in filter(None, [_SETTING.fullmatch(line), *inner]):
        name, value = match.groups()
        text = value.replace("'", "''")
        if value[0] == value[-1] and value[0] in "'\"":
            text = text.strip(value[0])
        if _NEEDS_QUOTES.search(value) and value != f"'{text}'":
            return f"put the text in quotes: {name}: '{text}'"
    if "mapping values" in reason:
        hint = "begin the line where those begin that it belongs to;"
        return f"{hint} a text with a colon stands in quotes"
    return ""


def mapping(value: Any) -> dict[str, Any]:
    """Return settings; where there should be some and are not, none."""
    return value if isinstance(value, dict) else {}


def lines_of(text: str, value: str) -> list[int]:
    """Return the lines of YAML on which a value stands, or the first line."""
    return [line for found, line in scalars(text) if found == value] or [1]


def scalars(text: str) -> Iterator[tuple[str, int]]:
    """Yield each value in YAML that is no list or mapping, and its line."""
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.ScalarEvent):
            yield event.value, _line_of(event)


def line_at(text: str, place: Iterable[str]) -> int:
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


def _refuse_bombs(text: str, path: str, first_line: int) -> None:
    """Refuse YAML whose aliases stand for a huge number of values.

    An alias stands for any number of values, among them more aliases.
    """
    sizes: dict[int, float] = {}

    def size(node: Any) -> float:
        if id(node) not in sizes:
            sizes[id(node)] = math.inf  # until known: it may contain itself
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


def _line_of(part: yaml.Event | yaml.Node) -> int:
    return part.start_mark.line + 1 if part.start_mark else 1
