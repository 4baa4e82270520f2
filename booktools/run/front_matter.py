"""What the front matter of a chapter says about how it runs."""

import json
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import yaml

from booktools.problem import BookError, Problem
from booktools.run.limits import Limits
from booktools.source.chapter import Chapter

# Where in a kernelspec the digest is.
KEY = "booktools"

# Instead of allowing all errors.
_TAG = "tag each cell that should fail: raises-exception"


def read_limits(root: Path, chapter: Chapter) -> Limits:
    """Return the limits of a chapter.

    Raises
    ------
    BookError
        If front matter has other limits than there are, or allows all errors.
    """
    text = (root / chapter.path).read_text("utf-8")
    problems = []

    def refuse(key: str, what: str, hint: str) -> None:
        lines = enumerate(text.splitlines(), 1)
        line = next((i for i, text in lines if key in text), 1)
        rule = "front-matter"
        problems.append(Problem(chapter.path, line, rule, what, hint))

    options = chapter.front_matter.get("mystnb") or {}
    if isinstance(options, dict) and options.get("execution_allow_errors"):
        what = "execution_allow_errors would hide every error"
        refuse("execution_allow_errors", what, _TAG)
    wish = chapter.front_matter.get("limits") or {}
    names = [field.name for field in fields(Limits)]
    if not (
        isinstance(wish, dict)
        and wish.keys() <= {*names}
        and all(type(v) is int and v > 0 for v in wish.values())
    ):
        hint = f"limits: {{lines: 2000}}; there are {', '.join(names)}"
        refuse("limits", f"these are no limits: {wish!r}", hint)
    if problems:
        raise BookError(problems)
    return Limits(**wish)


def with_front_matter(text: str, matter: dict[str, Any]) -> str:
    """Return the text of a chapter with other front matter."""
    # In a notebook, a date is text.
    plain = json.loads(json.dumps(matter, default=str))
    line = yaml.safe_dump(
        plain, default_flow_style=True, width=sys.maxsize, allow_unicode=True
    )
    start, *lines = text.splitlines(keepends=True)
    end = next(i for i, text in enumerate(lines) if text.startswith("---"))
    # As many lines as before: warnings name lines.
    return "".join([start, line, *["\n"] * (end - 1), *lines[end:]])


def kernelspec(chapter: Chapter, digest: str) -> dict[str, Any]:
    """Return the kernelspec of a chapter, with a digest."""
    default = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    return (
        default
        | (chapter.front_matter.get("kernelspec") or {})
        | {KEY: digest}
    )
