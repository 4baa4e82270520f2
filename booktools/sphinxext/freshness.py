"""Which pages a build makes again: all that are not what they would be.

A page is read again when its own files are not what they were, by content: its
text, and what it includes, shows or offers as a download.  All pages are read
again when something changes that any of them may depend on: the settings, the
order of the book, the author's styles and templates, the installed packages,
the tools.  All pages are written again, into an empty folder, when what pages
take from each other changes: titles, labels, numbers, links.  So a build after
an edit gives the same site as a build from nothing.
"""

import ast
import hashlib
import re
import shutil
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from docutils import nodes  # type: ignore[import-untyped]
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util import FilenameUniqDict

from booktools.language import LOCALE
from booktools.source.config import CONFIG
from booktools.source.installed import installed
from booktools.source.toc import TOC
from booktools.sphinxext.order import Stage, connect
from booktools.sphinxext.state import FileState, build, memory

# What decides about pages, beside their texts and the tools.
INPUTS = (CONFIG, TOC, LOCALE, "CNAME", "LICENSE")

# Settings that name files or folders of the author's.
SETTINGS = (
    "html_static_path",
    "html_extra_path",
    "templates_path",
    "locale_dirs",
    "bibtex_bibfiles",
    "html_logo",
    "html_favicon",
)

# Settings that come from elsewhere than its file, and decide which files there
# are.
SHARED = (
    *("booktools_inputs", "booktools_version", "html_baseurl"),
    *("booktools_commit", "booktools_pdf", "booktools_repository"),
    "booktools_languages",
)

# What is known of a page, changes with its text, and is nothing to others.
OWN = {"source_map", "wordcount"}

# Of an object in memory, another one in each build.
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def setup(app: Sphinx) -> None:
    """Compare what pages are made from with what it was."""
    app.add_config_value("booktools_inputs", "", "env", str)
    connect(app, Stage.WRITTEN_SETTINGS, _digest_inputs)
    connect(app, Stage.OUTDATED, _find_changed)
    connect(app, Stage.RIGHT, _remember_files)
    connect(app, Stage.NUMBERED, _find_affected)


def _digest_inputs(app: Sphinx, config: Config) -> None:
    """Put into the settings a digest of what all pages depend on."""
    root = Path(app.srcdir)
    paths = [root / name for name in INPUTS]
    for name in SETTINGS:
        value = getattr(config, name, None) or []
        values = [value] if isinstance(value, str) else value
        paths += [root / str(path) for path in values]
    files = {path.relative_to(root): path for path in _files(paths, root)}
    lines = (f"{name} {_hash_file(path)}" for name, path in files.items())
    config.booktools_inputs = _hash([*installed(), *lines])


def _files(paths: Iterable[Path], root: Path) -> Iterator[Path]:
    """Yield the files among and below paths in the folder of the book."""
    for path in paths:
        if path.is_relative_to(root) and path != root:
            found = path.rglob("*") if path.is_dir() else [path]
            yield from sorted(file for file in found if file.is_file())


def _find_changed(app: Sphinx, env: Any, *_: object) -> list[str]:
    """Return the pages that are made from other files than before.

    Sphinx itself compares times, and would not see that an older file has
    replaced a newer one.
    """
    build(app).before_reading = time.time_ns()
    known = memory(env).files
    return [
        name
        for name in env.found_docs
        if any(
            _look_at(app, path, old).digest != old.digest
            for path, old in known.get(name, {}).items()
        )
    ]


def _remember_files(app: Sphinx, env: Any) -> None:
    files = memory(env).files
    memory(env).files = {
        name: {
            path: _look_after(app, path, files.get(name, {}).get(path))
            for path in sorted(_sources(env, name))
        }
        for name in env.found_docs
    }


def _look_after(app: Sphinx, name: str, old: FileState | None) -> FileState:
    """Return what a file was when it was read: another, if saved since.

    Figures, which the build itself writes, nobody saves.
    """
    state = _look_at(app, name, old)
    folder = Path(app.doctreedir).parent
    if Path(app.srcdir, name).is_relative_to(folder):
        return state
    if max(state.modified, state.changed) >= build(app).before_reading:
        return FileState(0, 0, 0, "saved while the build ran")
    return state


def _sources(env: Any, name: str) -> set[str]:
    """Return what a page is made from."""
    return {env.doc2path(name), *map(str, env.dependencies.get(name, ()))}


def _look_at(app: Sphinx, name: str, old: FileState | None) -> FileState:
    """Return what a file is; read it only if its size or a time differs."""
    path = Path(app.srcdir, name)
    try:
        found = path.stat()
    except OSError:
        return FileState(0, 0, 0, "missing")
    state = found.st_size, found.st_mtime_ns, found.st_ctime_ns
    if old and old[:3] == state:
        return old
    return FileState(*state, _hash_file(path))


def _find_affected(app: Sphinx, env: Any) -> list[str]:
    """Return all pages if what they take from each other has changed."""
    if app.builder.format != "html":
        return []
    _number_images(env)
    output = Path(app.outdir)
    copies = {f"_images/{name}" for _, name in env.images.values()}
    copies |= {f"_downloads/{name}" for _, name in env.dlfiles.values()}
    known = memory(env)
    for name in known.copies - copies:
        (output / name).unlink(missing_ok=True)
    known.copies = copies
    shared = _hash(_shared(env))
    if shared == known.shared:
        return []
    known.shared = shared
    # Nothing that was written for other pages than these can stay.
    shutil.rmtree(output)
    output.mkdir()
    return list(env.found_docs)


def _number_images(env: Any) -> None:
    """Name copies of images by the order of pages, not of changes.

    Of two images `a.png`, the one that is met first keeps its name.
    """
    images = FilenameUniqDict()
    users = {path: sorted(docs) for path, (docs, _) in env.images.items()}
    for path, docs in sorted(users.items(), key=lambda item: (item[1], item)):
        for name in docs:
            images.add_file(name, path)
    env.images = images


def _shared(env: Any) -> Iterator[str]:
    """Yield what a page may take from elsewhere than its own files."""
    for setting in SHARED:
        yield str(getattr(env.config, setting, ""))
    for name in sorted(env.found_docs):
        yield name
        known = env.metadata.get(name, {})
        yield repr(_plain({k: known[k] for k in known.keys() - OWN}))
        for titles in (env.titles, env.longtitles):
            yield str(titles.get(name))
        yield str(env.tocs.get(name))
    for numbers in (
        env.toctree_includes,
        env.toc_secnumbers,
        env.toc_fignumbers,
        # The name of a copy depends on other pages where its own is taken.
        {p: n for p, (_, n) in env.images.items() if Path(p).name != n},
    ):
        yield repr(_plain(numbers))
    for name, data in sorted(env.domaindata.items()):
        yield f"{name} {_plain(data)!r}"
    exercises = getattr(env, "sphinx_exercise_registry", {})
    for label, entry in sorted(exercises.items()):
        yield f"{label} {entry['docname']} {entry['type']}"
        yield from map(str, entry["node"].children[:1])  # its title
    # Pages list the chapters, which are those with a reading time.
    yield repr(sorted(memory(env).minutes))


def _plain(value: Any) -> Any:
    """Return a value in a form that is written in one way only."""
    match value:
        case dict():
            rows = ((repr(k), _plain(v)) for k, v in value.items())
            return sorted(rows, key=lambda row: row[0])
        case set() | frozenset():
            return sorted(map(repr, value))
        case list() | tuple():
            return [_plain(part) for part in value]
        case nodes.Node():
            return str(value)
        case ast.AST():
            return ast.dump(value)
        case str() | int() | float() | None:
            return value
    return _ADDRESS.sub("", repr(value))


def _hash_file(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _hash(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
