"""A docstring in NumPy style -> its sections, without a word lost."""

import ast
from collections.abc import Iterator

# In these, each thing has a line of its own, and below it what it is.
LISTS = {
    "Attributes",
    "Other Parameters",
    "Parameters",
    "Raises",
    "Returns",
    "See Also",
    "Yields",
}


def read_docstring(node: ast.stmt) -> Iterator[tuple[str, str]]:
    """Yield the sections of a definition's docstring: title, text.

    What comes first has no title.
    """
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    text = isinstance(node, kinds) and ast.get_docstring(node)
    title, lines = "", list[str]()
    for line in (text or "").split("\n"):
        if lines and len(line) > 2 and not line.strip("-"):
            *lines, above = lines
            yield title, "\n".join(lines).strip("\n")
            title, lines = above, []
        else:
            lines.append(line)
    yield title, "\n".join(lines).strip("\n")


def read_items(text: str) -> list[tuple[str, str]]:
    """Return what such a section lists: each thing, and what it is."""
    items: list[tuple[str, str]] = []
    for line in text.split("\n"):
        if items and line[:1].strip() == "":
            term, known = items.pop()
            items.append((term, f"{known}\n{line.strip()}".strip()))
        else:
            items.append((line, ""))
    return items
