"""Front matter and options of directives -> settings, and what is wrong there.

What no notebook may hold would end in a traceback later.
"""

import json
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from itertools import takewhile
from typing import Any

from booktools.source.text import mapping

# What has an effect in front matter; in the options of a cell; in the groups
# of its `mystnb`.  Of groups, no other names mean anything.
_FRONT_MATTER = (
    *("data", "file_format", "html_meta", "jupytext", "kernelspec"),
    *("limits", "myst", "mystnb", "rules", "substitutions"),
)
_CELL = ("load", "mystnb", "tags")
_GROUPS = {
    "figure": ("align", "caption", "caption_before", "classes", "name"),
    "image": ("align", "alt", "classes", "height", "scale", "width"),
}
_MYSTNB = (
    *(*_GROUPS, "code_prompt_hide", "code_prompt_show", "error_lexer"),
    *("markdown_format", "merge_streams", "number_source_lines"),
    *("output_stderr", "remove_code_outputs", "remove_code_source"),
    *("scroll_outputs", "text_lexer"),
)

# Tags of cells that have an effect; others may be an author's own.
_TAGS = (
    *("hide-cell", "hide-input", "hide-output", "remove-cell"),
    *("remove-input", "remove_input", "remove-output", "remove_output"),
    *("remove-stderr", "remove-stdout", "raises-exception"),
    *("skip-execution", "full-width", "margin", "popout", "thebe-init"),
    *("scroll-input", "scroll-output", "output_scroll"),
)


def is_notebook(front_matter: dict[str, Any]) -> bool:
    """Say whether MyST-NB runs the code in a file."""
    jupytext = mapping(front_matter.get("jupytext"))
    text = mapping(jupytext.get("text_representation"))
    is_ours = front_matter.get("file_format") == "mystnb"
    return is_ours or text.get("format_name") == "myst"


def find_misfits(front_matter: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the settings of front matter that are wrong, and why."""
    misfits = [_misfit(key, value) for key, value in front_matter.items()]
    for key in front_matter:
        if close := _meant(key, _FRONT_MATTER):
            misfits.append(
                (key, f"{key!r} does nothing; did you mean {close}?")
            )
    found = [misfit for misfit in misfits if misfit]
    if is_notebook(front_matter) and not found:
        metadata = dict(front_matter)
        if spec := metadata.get("kernelspec"):
            metadata["kernelspec"] = {"display_name": ""} | spec
        if what := misfit_of_notebook("new_notebook", metadata):
            found = [("", what)]
    return found


def _misfit(key: Any, value: Any) -> tuple[str, str] | None:
    """Return the setting of front matter that is wrong, and why, or None."""
    if not isinstance(key, str):
        return str(key), f"the name of a setting is not text: {key!r}"
    groups = ("mystnb", "kernelspec", "jupytext", "myst")
    if key in groups and not isinstance(value, dict):
        return key, f"{key} holds settings of its own, not {value!r}"
    inner = mapping(value)
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


def misfit_of_cell(options: dict[str, Any]) -> str:
    """Say what is wrong with the options of a code cell, or nothing."""
    tags = options.get("tags") or []
    words = [t for t in tags if isinstance(t, str) and [t] == t.split()]
    if not isinstance(tags, list) or len({*words}) != len(tags):
        return f"tags are a list of different words, not {tags!r}"
    for key, value in options.items():
        if misfit := _misfit(key, value):
            return misfit[1]
    return misfit_of_notebook("new_code_cell", options)


def find_odd_options(options: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each option of a cell that does nothing, and what was meant."""
    mystnb = mapping(options.get("mystnb"))
    for found, known in ((options, _CELL), (mystnb, _MYSTNB)):
        for key in found:
            if close := _meant(key, known):
                yield str(key), f"did you mean {close}?"
    for group, known in _GROUPS.items():
        for key in mapping(mystnb.get(group)):
            first = str(key).partition(" ")[0]
            if key in known:
                continue
            similar = get_close_matches(str(key), known, 1)
            hint = f"{group} takes {', '.join(known)}"
            if first in known:
                hint = (
                    f"write a colon: {first}: {str(key)[len(first) :].strip()}"
                )
            elif similar:
                hint = f"did you mean {similar[0]}?"
            yield str(key), hint


def find_odd_tags(tags: Sequence[Any]) -> Iterator[tuple[str, str]]:
    """Yield each tag of a cell that is nearly one with an effect, and that."""
    for tag in map(str, tags):
        close = get_close_matches(tag.lower(), _TAGS, 1, 0.85)
        if close and tag not in _TAGS:
            yield tag, f"did you mean {close[0]}?"


def _meant(key: Any, known: Sequence[str]) -> str:
    """Return the one of some names that one is a misspelling of, or none."""
    close = get_close_matches(str(key).replace("-", "_"), known, 1, 0.8)
    return close[0] if close and key not in known else ""


def misfit_of_notebook(make: str, metadata: dict[str, Any]) -> str:
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


def misfit_of_break(text: str) -> str:
    """Return what is wrong with what describes a part of a notebook: +++."""
    try:
        metadata = json.loads(text.strip() or "{}")
        return misfit_of_notebook("new_markdown_cell", metadata)
    except (AttributeError, RecursionError, ValueError) as error:
        return f"behind +++ stands no JSON object: {error}"


def has_clear_ends(lines: list[str]) -> bool:
    """Say if front matter begins and ends where all programs see that."""
    opening, *inside = lines
    closing = inside.pop() if inside else ""
    # Another such line would end it for some programs, not for others.
    others = [line for line in inside if line.startswith(("---", "..."))]
    return opening.rstrip() == closing.rstrip() == "---" and not others


def split_options(lines: list[str]) -> tuple[list[str], int]:
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


def plain_options(block: list[str]) -> dict[str, str]:
    """Read options that need no YAML: one on each line."""
    pairs = (line.strip().partition(":") for line in block)
    return {key.strip(): value.strip(" \"'") for key, _, value in pairs}
