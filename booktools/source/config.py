"""What `_config.yml` may hold: Jupyter Book's own description of it.

Jupyter Book itself does not look there, and fails with a traceback.
"""

import functools
import json
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

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


def find_misfits(
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
                yield from find_misfits(value[key], inner, (*place, key))
    if isinstance(value, list) and "items" in schema:
        for each in value:
            yield from find_misfits(each, schema["items"], place)


@functools.cache
def _schema() -> dict[str, Any]:
    spec = find_spec("jupyter_book")
    if not spec or not spec.origin:
        return {}
    file = Path(spec.origin).with_name("config_schema.json")
    schema: dict[str, Any] = json.loads(file.read_text("utf-8"))
    schema["properties"]["sphinx"]["properties"]["config"] |= _SPHINX
    return schema
