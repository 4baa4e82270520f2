"""A chapter -> the first cell of its notebook, which makes it stand alone.

It is for readers who have nothing of this book but that one file.
"""

import ast
import base64
import functools
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from importlib import metadata
from pathlib import Path, PurePosixPath
from string import Template
from types import MappingProxyType

from booktools.language import translate_python
from booktools.source.chapter import Chapter
from booktools.source.deps import ANY, Library
from booktools.source.magics import executed_python
from booktools.source.python import read_code

_ASSETS = Path(__file__).parent / "assets"

# What would not stay as it is in a literal: characters that end a line for
# some programs, blanks and prompts that IPython takes away from lines.
_CHANGED = re.compile(
    r"(?m)[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff]"
    r"|^[^\S\n]+$|^[^\S\n]*(?:>>>|\.\.\.)"
)


def first_cell(
    library: Library,
    files: Mapping[str, str],
    chapter: Chapter,
    gettext: Callable[[str], str] = str,
    data: Mapping[str, bytes] = MappingProxyType({}),
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
    gettext : callable
        What translates English texts; by default, they stay English.
    data : mapping of str to bytes
        The files that the chapter reads, by the names that it has for them.

    Returns
    -------
    str
        Plain Python; empty if the chapter needs nothing.
    """
    # A cell that only shows an error need not be Python.
    sources = [executed_python(cell.source) for cell in chapter.cells]
    cells = [source for source in sources if parse(source)]
    texts = {PurePosixPath(path).stem: text for path, text in files.items()}
    used = library.uses(cells) & (texts.keys() - {"__init__"})
    # What a chapter only may use, it must not ask the reader to install.
    names = library.direct_uses(cells) - {ANY}
    imports = [f"from {library.package} import {name}" for name in names]
    sure = library.uses(imports) & texts.keys()
    tops = {
        name.split(".")[0]
        for source in [*cells, *(texts[module] for module in sure)]
        for name in _imports(parse(source))
    }
    parts = []
    if packages := tops - sys.stdlib_module_names - {library.package}:
        needed = {name: _distribution(name) for name in sorted(packages)}
        text = ", ".join(f'{name}="{needed[name]}"' for name in needed)
        parts.append(fill("first_cell_packages", gettext, packages=text))
    if used or (texts and library.package in tops):
        # Last comes the file that makes it a package.
        contents = {f"{n}.py": texts[n] for n in texts if n in used}
        contents["__init__.py"] = texts["__init__"]
        # On lines of their own, IPython knows literals, and leaves prompts
        # of examples in them.
        lines = [f'"{name}":\n{quote(t)},' for name, t in contents.items()]
        text = fill(
            "first_cell_modules",
            gettext,
            package=library.package,
            files="\n\n".join(lines),
        )
        parts.append(text)
    if data:
        lines = [f"{name!r}: {_literal(data[name])}," for name in data]
        text = "\n\n".join(lines)
        parts.append(fill("first_cell_data", gettext, files=text))
    return "\n\n\n".join(parts)


def fill(name: str, gettext: Callable[[str], str], **values: str) -> str:
    """Return translated code of the folder `assets` with values filled in."""
    template = (_ASSETS / f"{name}.txt").read_text("utf-8")
    template = translate_python(template, gettext)
    return Template(template).substitute(values).strip()


def parse(source: str) -> list[ast.stmt]:
    """Parse code; what is no Python has no statements."""
    try:
        return read_code(source).nodes
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
    # To ask all distributions takes a fifth of a build after an edit.
    with suppress(metadata.PackageNotFoundError):
        own = metadata.distribution(module)
        files = "\n" + (own.read_text("RECORD") or "")
        if f"\n{module}/" in files:
            return own.name
    known = _distributions().get(module, [module])
    return module if module in known else min(known)


@functools.cache
def _distributions() -> Mapping[str, list[str]]:
    return metadata.packages_distributions()


def quote(text: str) -> str:
    """Return a literal that shows the lines of a text as they are."""
    if not re.search(r"'''|\r|['\\]\Z", text):
        return f"r'''{text}'''"
    text = text.replace("\\", r"\\")
    # The last quote would be the first of those that end the literal.
    text = re.sub(r"'\Z", r"\\'", text)
    text = text.replace("'''", r"\'\'\'").replace("\r", r"\r")
    return f"'''{text}'''"


def _literal(data: bytes) -> str:
    """Return a literal: the text, or Base64 where that would not do."""
    with suppress(UnicodeDecodeError):
        text = data.decode()
        if not _CHANGED.search(text):
            return quote(text)
    return f"b'''\n{base64.encodebytes(data).decode()}'''"
