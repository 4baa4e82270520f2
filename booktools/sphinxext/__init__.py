"""The Sphinx extension of the book, and the features it is made of.

Features do not know each other.  What they share: ``order``, the stages of a
build that they hook into; ``features``, which of them are on; ``state``, the
book, read once, and what is known from build to build; ``problems``, where
they report; ``folds``, what is folded on a page; ``markdown`` and ``inlines``,
what notebooks and copied text are written with.
"""

import gc
import hashlib
import shutil
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config

from booktools.editions.standalone import EDITION
from booktools.language import LOCALE, translate_script
from booktools.problem import BookError
from booktools.render.node import LOCK, PACKAGES
from booktools.run.execute import unsuitable_version
from booktools.source.config import read_config
from booktools.source.text import mapping
from booktools.sphinxext import features
from booktools.sphinxext.order import Stage, connect
from booktools.sphinxext.texts import _

# A feature is removed by deleting its file and its line.  Those that a book
# can switch off are in `features.py`, too.
FEATURES = [
    "unchanged",  # where nothing has changed, the build ends at once
    "state",  # what is known of a page is forgotten when it is read again
    "draft",  # only a build without problems replaces the site
    "problems",  # what is found while pages are read stops the build
    "messages",  # warnings in the form of problems
    "option_names",  # options that are taken for text
    "settings",  # each setting has an effect, or is a problem
    "strict",  # a warning fails the build
    "freshness",  # what has changed is read and written again
    "macros",  # the author's own TeX commands are written out
    "execution",  # code runs before pages are read; what fails stops it all
    "editions",  # editions in other languages are built beside this one
    "checks",  # {check}: code that tests a formula
    "notebooks",  # a notebook and a script of each chapter; a zip
    "copying",  # formulas as TeX, sections as Markdown, links to cite
    "formulas",  # TeX becomes HTML while building
    "highlighting",  # code: no element around words without a colour
    "footnotes",  # those that cite
    "tooltips",  # what a link leads to, beside it
    "saved_names",  # links from code to definitions, and a reference
    "guesses",  # what a cell shows is covered until its reader has guessed
    "exercises",  # solutions folded, linked with exercises
    "slides",  # figures that move, by frames made while building
    "touch",  # figures that follow a finger, by modules of the book
    "figures",  # pictures know their size, drawings work in the dark
    "page",  # addresses of repository and site, style
    "switch",  # links to the same page in other languages
    "fallback",  # pages of an edition that are not translated
    "progress",  # reading time; what has been read, in the browser
    "launch",  # buttons: run a notebook elsewhere, take it away
    "search",  # Pagefind, which finds Chinese words
    "filters",  # a field above a long list of terms or messages
    "translations",  # ours, and what the theme has not translated
    "csp",  # nothing from elsewhere
    "boundaries",  # what browsers would block, files of others: problems
    "previews",  # previews of links, map of the site, 404
    "page_weight",  # one small stylesheet, few scripts
    "commit",  # which commit a published site is
]


def setup(app: Sphinx) -> dict[str, Any]:
    """Set up the features in order."""
    if sentence := unsuitable_version():
        raise SystemExit(sentence)
    _collect_less(app)
    app.add_config_value("booktools_package", "", "env", str)
    # Of no type: Sphinx would only say that it ignores another one.
    app.add_config_value("booktools_editions", None, "env")
    # Read by `booktools.source.rules`.
    app.add_config_value("booktools_rules", None, "env")
    # Of an edition, which the build of its source has written.
    app.add_config_value(EDITION, {}, "env", dict)
    # Pages made by an older version of the features are made again.
    app.add_config_value("booktools_version", _digest(), "env", str)
    connect(app, Stage.WRITTEN_SETTINGS, _name_package)
    connect(app, Stage.SETTINGS, _exclude_tools)
    connect(app, Stage.BUILDER, _add_assets)
    features.setup(app)
    for name in FEATURES:
        feature = import_module(f"{__name__}.{name}")
        if features.is_on(app, name):
            feature.setup(app)
        elif hasattr(feature, "setup_off"):
            feature.setup_off(app)
    return {"parallel_read_safe": False, "parallel_write_safe": True}


def _digest() -> str:
    """Return a digest of all that decides how pages are made."""
    tools = Path(__file__).parents[1]
    # Of what publishes, only the layout of the site is in its pages.
    rooms = ("source", "editions", "run", "render", "sphinxext", LOCALE)
    files = [*tools.glob("*.py"), tools / "publish" / "layout.py"]
    # The versions of what formulas and figures are made with.
    files += [tools / "npm" / n / LOCK for n in ("katex", "touch")]
    files += [file for room in rooms for file in (tools / room).rglob("*.*")]
    digest = hashlib.sha256()
    for file in sorted(file for file in files if file.suffix != ".pyc"):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _collect_less(app: Sphinx) -> None:
    """Let Python look for garbage less often, until the build has ended.

    What a build makes lives until its end.  To look for garbage in it as often
    as usual takes a third of a build in which nothing changes.
    """
    usual = gc.get_threshold()
    gc.freeze()  # modules: they live as long as the process
    gc.set_threshold(100_000, 50, 50)
    connect(app, Stage.END, lambda *__: gc.set_threshold(*usual))


def _name_package(app: Sphinx, config: Config) -> None:
    """Give the package its name where the settings have none for it."""
    with suppress(BookError):  # a feature will report it
        config.booktools_package = read_config(Path(app.srcdir), [])[1]


def _exclude_tools(app: Sphinx, config: Config) -> None:
    """Keep the texts of tools, which are no pages, out of the book."""
    editions = mapping(config.booktools_editions)
    config.exclude_patterns += ["booktools", LOCALE, PACKAGES, *editions]


def _add_assets(app: Sphinx) -> None:
    """Let Sphinx copy our files onto the site, scripts in its language."""
    folder = Path(app.doctreedir, "assets")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(Path(__file__).with_name("assets"), folder)
    for file in folder.glob("*.js"):
        text = translate_script(file.read_text("utf-8"), _)
        file.write_text(text, "utf-8", newline="\n")
    # Sphinx hashes this setting for `.buildinfo` before this event.  With an
    # absolute path in it, the same book in two folders would give two sites.
    app.config.html_static_path.append(str(folder))
