"""A chapter -> what its notebook begins with; a notebook -> a script.

Both are for readers who have nothing of this book but that one file.
"""

import ast
import copy
import functools
import re
import sys
import textwrap
from collections.abc import Container, Iterable, Iterator, Mapping
from importlib import metadata
from itertools import zip_longest
from pathlib import Path, PurePosixPath
from string import Template

import jupytext
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from booktools.chapter import Chapter, parse_python, python_source
from booktools.deps import ANY, Library

_ASSETS = Path(__file__).parent / "assets"
_NO_PICTURE = "（图见网页）"
_INLINE = ("%matplotlib", "%config")  # mean nothing outside of Jupyter


def first_cell(
    library: Library, files: Mapping[str, str], chapter: Chapter
) -> str:
    """Return the code that makes a chapter's notebook stand on its own.

    Parameters
    ----------
    library : Library
        The book's saved code: ``Library.from_files(files, book.package)``.
    files : mapping of str to str
        The package: what `render_package` returned.
    chapter : Chapter
        The chapter.

    Returns
    -------
    str
        Plain Python; empty if the chapter needs nothing.
    """
    # A cell that only shows an error need not be Python.
    sources = [python_source(cell.source) for cell in chapter.cells]
    cells = [source for source in sources if _parse(source)]
    texts = {PurePosixPath(path).stem: text for path, text in files.items()}
    used = library.uses(cells) & (texts.keys() - {"__init__"})
    # What a chapter only may use, it must not ask the reader to install.
    names = library.direct_uses(cells) - {ANY}
    imports = [f"from {library.package} import {name}" for name in names]
    sure = library.uses(imports) & texts.keys()
    tops = {
        name.split(".")[0]
        for source in [*cells, *(texts[module] for module in sure)]
        for name in _imports(_parse(source))
    }
    parts = []
    if packages := tops - sys.stdlib_module_names - {library.package}:
        needed = {name: _distribution(name) for name in sorted(packages)}
        text = ", ".join(f'{name}="{needed[name]}"' for name in needed)
        parts.append(_fill("first_cell_packages", packages=text))
    if used or (texts and library.package in tops):
        # Last comes the file that makes it a package.
        contents = {f"{n}.py": texts[n] for n in texts if n in used}
        contents["__init__.py"] = texts["__init__"]
        lines = [f'"{name}": {_quote(t)},' for name, t in contents.items()]
        text = _fill(
            "first_cell_modules",
            package=library.package,
            files="\n\n".join(lines),
        )
        parts.append(text)
    return "\n\n\n".join(parts)


def to_script(
    notebook: NotebookNode, shown: Container[str], drawn: Container[str]
) -> str:
    """Return a notebook as a script for plain Python.

    Parameters
    ----------
    notebook : NotebookNode
        A notebook without outputs; it is left as it is.
    shown, drawn : containers of str
        Ids of the code cells whose last expression the page shows as text,
        and of those below which it shows figures.
    """
    script = copy.deepcopy(notebook)
    cells = enumerate(script.cells)
    first = next((i for i, cell in cells if _is_chapter_code(cell)), 0)
    for cell in script.cells:
        if cell.cell_type != "code":
            cell.source = _without_pictures(cell.source)
            continue
        source = _without_magics(cell.source)
        if "raises-exception" in _tags(cell):
            source = _expect_error(source)
        elif cell.id in shown:
            source = _print_last(source)
        if cell.id in drawn and not _shows(source):
            source += "\nshow_figures()"
        cell.source = source
        cell.metadata = NotebookNode()
    if any(cell.id in drawn for cell in script.cells):
        figures = new_code_cell(_fill("show_figures"), id="show-figures")
        script.cells.insert(first, figures)
    # Nothing of the notebook but its cells; magics are already gone.
    options = {
        "notebook_metadata_filter": "-all",
        "cell_metadata_filter": "-all",
        "comment_magics": False,
    }
    script.metadata = NotebookNode(jupytext=options)
    text: str = jupytext.writes(script, fmt="py:percent")
    return text


def _fill(name: str, **values: str) -> str:
    template = (_ASSETS / f"{name}.txt").read_text("utf-8")
    return Template(template).substitute(values).strip()


def _parse(source: str) -> list[ast.stmt]:
    """Parse code; what is no Python has no statements."""
    try:
        return parse_python(source).body
    except SyntaxError:
        return []


def _imports(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Yield the modules that code cannot run without."""
    for node in nodes:
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Try():
                pass  # perhaps never run, or caught
            case _:
                yield from _imports(ast.iter_child_nodes(node))


def _distribution(module: str) -> str:
    """Return the name by which pip knows a module."""
    known = _distributions().get(module, [module])
    return module if module in known else min(known)


@functools.cache
def _distributions() -> Mapping[str, list[str]]:
    return metadata.packages_distributions()


def _quote(text: str) -> str:
    """Return a literal that shows the lines of a text as they are."""
    if "'''" not in text and "\r" not in text:
        return f"r'''{text}'''"
    escapes = {"\\": r"\\", "'''": r"\'\'\'", "\r": r"\r"}
    for plain, escape in escapes.items():
        text = text.replace(plain, escape)
    return f"'''{text}'''"


def _is_chapter_code(cell: NotebookNode) -> bool:
    return cell.cell_type == "code" and "setup" not in _tags(cell)


def _tags(cell: NotebookNode) -> list[str]:
    tags: list[str] = cell.metadata.get("tags", [])
    return tags


def _without_pictures(markdown: str) -> str:
    return re.sub(r"data:image/[^\s)\"'>]+", _NO_PICTURE, markdown)


def _without_magics(source: str) -> str:
    """Turn the lines that are no Python into comments, or drop them."""
    new = python_source(source)
    if new == source:
        return source
    lines = []
    for line, code in zip_longest(source.split("\n"), new.split("\n")):
        if line is None or line.rstrip() == (code or "").rstrip():
            lines.append(line or "")
            continue
        indent = line[: -len(line.lstrip())]
        if not line.lstrip().startswith(_INLINE):
            lines.append(f"{indent}# notebook only: {line.lstrip()}")
        if indent:
            lines.append(f"{indent}pass")
    return "\n".join(lines).strip("\n")


def _print_last(source: str) -> str:
    """Print the last expression, which a notebook shows by itself."""
    statements = _parse(source)
    if not statements or not isinstance(last := statements[-1], ast.Expr):
        return source
    lines = source.encode().splitlines(keepends=True)
    start = sum(map(len, lines[: last.lineno - 1])) + last.col_offset
    above = sum(map(len, lines[: (last.end_lineno or 1) - 1]))
    end = above + (last.end_col_offset or 0)
    data = source.encode()
    text = data[start:end].decode()
    # A tuple without parentheses would become several arguments.
    match _parse(call := f"print({text})"):
        case [ast.Expr(ast.Call(args=[_]))]:
            pass
        case _:
            call = f"print(({text}))"
    return data[:start].decode() + call + data[end:].decode()


def _expect_error(source: str) -> str:
    """Go on after an error, and print it."""
    body = textwrap.indent(source, "    ")
    inside = [ast.dump(node) for node in _parse(f"if 1:\n{body}")]
    plain = ast.If(ast.Constant(1), _parse(source), [])
    if inside != [ast.dump(plain)]:
        # No Python, or indenting would change what is in a string.
        literal = _quote(source + "\n")
        body = f"    exec({literal})"
    return (
        f"try:\n{body}\nexcept Exception as _error:\n"
        '    print(f"{type(_error).__name__}: {_error}")'
    )


def _shows(source: str) -> bool:
    """Say whether code shows its figures itself."""
    calls = [
        n.func
        for t in _parse(source)
        for n in ast.walk(t)
        if isinstance(n, ast.Call)
    ]
    return any(getattr(func, "attr", "") == "show" for func in calls)
