"""`_config.yml` -> what this side of a book needs, and what is wrong in it.

Jupyter Book has a description of its own settings, but does not look there,
and fails with a traceback.
"""

import functools
import json
import keyword
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from booktools.problem import Problem
from booktools.source.text import (
    line_at,
    lines_of,
    load_yaml,
    mapping,
    read_setup,
)

CONFIG = "_config.yml"

# No package can have these names.
_TAKEN = {*keyword.kwlist, *sys.stdlib_module_names}

_KINDS: dict[str, tuple[type, str]] = {
    "array": (list, "a list"),
    "boolean": (bool, "true or false"),
    "null": (type(None), "nothing"),
    "number": (int | float, "a number"),  # type: ignore[dict-item]
    "object": (dict, "lines NAME: VALUE"),
    "string": (str, "text"),
}

# What this book's features rely on besides.
_SPHINX = {"properties": {"html_theme_options": {"type": "object"}}}


def read_config(root: Path, problems: list[Problem]) -> tuple[str, str]:
    """Return the title of a book and the name of its package.

    Raises
    ------
    BookError
        If there are no settings that one could read.
    """
    text = read_setup(root, CONFIG)

    def report(line: int, rule: str, what: str, hint: str = "") -> None:
        problems.append(Problem(CONFIG, line, rule, what, hint))

    config = load_yaml(text, CONFIG)
    for place, what in _find_misfits(config):
        report(line_at(text, place), "bad-config", what)
    config = mapping(config)
    sphinx = mapping(config.get("sphinx"))
    extensions = sphinx.get("extra_extensions")
    for name in extensions if isinstance(extensions, list) else []:
        # Jupyter Book itself would end with a traceback.
        top = name.partition(".")[0] if isinstance(name, str) else "os"
        if not (top.isidentifier() and find_spec(top)):
            what = f"the extension {name!r} is not installed"
            hint = "add its package to requirements.txt, or take it out"
            report(lines_of(text, name)[0], "missing-extension", what, hint)
    settings = mapping(sphinx.get("config"))
    package = str(settings.get("booktools_package") or "d2lmini")
    if not package.isidentifier() or package in _TAKEN:
        what = f"booktools_package {package!r} is no name for a package"
        report(lines_of(text, package)[0], "bad-package-name", what)
    return str(config.get("title", "")), package


def _find_misfits(
    value: Any,
    schema: dict[str, Any] | None = None,
    place: tuple[str, ...] = (),
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield where settings are not what they should be, and why."""
    schema = _schema() if schema is None else schema
    name = ".".join(place) or "this file"
    kinds = schema.get("type", list(_KINDS))
    kinds = [kinds] if isinstance(kinds, str) else kinds
    fits = any(isinstance(value, _KINDS[kind][0]) for kind in kinds)
    if not fits or (isinstance(value, bool) and "boolean" not in kinds):
        wanted = " or ".join(_KINDS[kind][1] for kind in kinds)
        yield place, f"{name} should be {wanted}, not {str(value)[:40]!r}"
        return
    if value not in schema.get("enum", [value]):
        wanted = ", ".join(map(str, schema["enum"]))
        yield place, f"{name} is one of {wanted}, not {str(value)[:40]!r}"
    if isinstance(value, dict):
        for key, inner in schema.get("properties", {}).items():
            if key in value:
                yield from _find_misfits(value[key], inner, (*place, key))
    if isinstance(value, list) and "items" in schema:
        for each in value:
            yield from _find_misfits(each, schema["items"], place)


@functools.cache
def _schema() -> dict[str, Any]:
    spec = find_spec("jupyter_book")
    if not spec or not spec.origin:
        return {}
    file = Path(spec.origin).with_name("config_schema.json")
    schema: dict[str, Any] = json.loads(file.read_text("utf-8"))
    schema["properties"]["sphinx"]["properties"]["config"] |= _SPHINX
    return schema
