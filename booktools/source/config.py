"""`_config.yml` -> title, package, language; and what is wrong in it.

Jupyter Book has a schema of its settings but does not use it, and fails with
a traceback.
"""

import functools
import json
import keyword
import re
import sys
import tomllib
import unicodedata
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from booktools.language import ENGLISH, is_language
from booktools.problem import BookError, Problem
from booktools.source.text import (
    line_at,
    lines_of,
    load_yaml,
    mapping,
    read_setup,
)

CONFIG = "_config.yml"
PYPROJECT = "pyproject.toml"

# Where a book has no name: files for readers need one, a package has none.
NAMELESS = "the-book"

# The setting that switches features off.
FEATURES = "booktools_features"

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

    That is `booktools_package`; without it, the project's name; without that,
    the title, if it is a name when written in small letters.

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
    title = str(config.get("title", ""))
    if package := str(settings.get("booktools_package") or ""):
        if not is_name(package) and package != NAMELESS:
            what = f"booktools_package {package!r} is no name for a package"
            report(lines_of(text, package)[0], "bad-package-name", what)
        return title, package
    try:
        project = str(read_project(root).get("name", ""))
    except BookError as error:
        problems += error.problems
        return title, NAMELESS
    names = map(as_name, (project, title))
    return title, next(
        (n for n in names if is_name(n) and n.isascii()), NAMELESS
    )


def read_language(root: Path, problems: list[Problem]) -> str:
    """Return the language of a book: a setting of Sphinx, or English.

    Raises
    ------
    BookError
        If there are no settings that one could read.
    """
    text = read_setup(root, CONFIG)
    language: Any = load_yaml(text, CONFIG)
    place = ("sphinx", "config", "language")
    for name in place:
        language = mapping(language).get(name)
    if language is None:
        return ENGLISH
    if isinstance(language, str) and is_language(language):
        return language
    what = f"language {language!r} is no code of a language"
    hint = "write one such as en, de, zh_CN"
    line = line_at(text, place)
    problems.append(Problem(CONFIG, line, "bad-language", what, hint))
    return ENGLISH


def is_off(features: Any, name: str) -> bool:
    """Say whether a book does without a feature.

    Parameters
    ----------
    features : object
        What the setting `booktools_features` holds.
    name : str
        The feature's.
    """
    return mapping(features).get(name) is False


def read_features(root: Path) -> Any:
    """Return what the setting `booktools_features` of a book holds.

    Raises
    ------
    BookError
        If there are no settings that one could read.
    """
    config = mapping(load_yaml(read_setup(root, CONFIG), CONFIG))
    settings = mapping(mapping(config.get("sphinx")).get("config"))
    return settings.get(FEATURES)


def read_project(root: Path) -> dict[str, Any]:
    """Return the table `project` of `pyproject.toml`; empty if it has none.

    Raises
    ------
    BookError
        If that is not TOML, or no table.
    """
    try:
        data = tomllib.loads((root / PYPROJECT).read_text("utf-8-sig"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        what = f"this is not TOML: {error}"
        raise BookError([Problem(PYPROJECT, 1, "bad-toml", what)]) from None
    project = data.get("project", {})
    if not isinstance(project, dict):
        what = f"project should be a table [project], not {project!r}"
        raise BookError([Problem(PYPROJECT, 1, "bad-toml", what)])
    return project


def as_name(text: str) -> str:
    """Return a text as a name: Über-Kurs 1 as uber_kurs_1."""
    parts = unicodedata.normalize("NFKD", text.lower())
    letters = (c for c in parts if not unicodedata.combining(c))
    return re.sub(r"\W+", "_", "".join(letters)).strip("_")


def is_name(text: str) -> bool:
    """Say whether a package can have this name."""
    return text.isidentifier() and text not in _TAKEN


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
