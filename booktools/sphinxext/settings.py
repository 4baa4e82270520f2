"""No setting is ignored without a word: it has its effect, or is refused.

Jupyter Book accepts settings for what this book does in another way or leaves
out, and any name that is misspelt.  Here is every key that it knows.
"""

import difflib
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import yaml
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment

from booktools.problem import Problem
from booktools.source.config import CONFIG
from booktools.source.macros import is_macro
from booktools.source.toc import TOC

MACROS = "sphinx.config.mathjax3_config.tex.macros."
# What has its effect.  Below a key that ends with a dot, all has.
HONOURED = {
    *("title", "author", "copyright", "project", "logo"),
    *("exclude_patterns", "only_build_toc_files", "bibtex_bibfiles"),
    *("execute.execute_notebooks", "execute.cache", "execute.timeout"),
    *("execute.stderr_output", "execute.eval_regex"),
    *("parse.myst_enable_extensions", "parse.myst_url_schemes"),
    "parse.myst_substitutions.",
    *("html.favicon", "html.extra_footer", "html.announcement"),
    *("html.home_page_in_navbar", "html.use_multitoc_numbering"),
    *("html.use_edit_page_button", "repository.path_to_book"),
    *("sphinx.extra_extensions", "sphinx.local_extensions."),
    *("sphinx.recursive_update", "sphinx.config."),
    MACROS,
}

NOTHING_ELSEWHERE = "pages load nothing from elsewhere, and count nobody"
BUTTONS = "the buttons follow from the repository: see README"
REPOSITORY = "the git remote `origin` says it; on GitHub, GitHub itself does"
PRINTED = "the PDF is printed from the pages: make pdf"
ALWAYS = "an error in a cell stops the build and is shown where it happens"
FORMULAS = (
    "formulas are made by KaTeX while building; of MathJax's settings,"
    " macros are understood: mathjax3_config: {tex: {macros: {RR:"
    " '\\mathbb{R}'}}}"
)

# What has none, and the reason or what to write instead.  The values are what
# the book does anyway.
_Refused = dict[str, tuple[tuple[Any, ...], str]]
REFUSED: _Refused = {
    "execute.exclude_patterns": (
        ([],),
        "write in the chapter's front matter: mystnb: {execution_mode: 'off'}",
    ),
    "execute.run_in_temp": ((False,), "chapters run in their own folder"),
    "execute.allow_errors": (
        (False,),
        "give the cell that is meant to fail the tag raises-exception",
    ),
    "execute.raise_on_error": ((True,), ALWAYS),
    "execute.show_tb": ((True,), ALWAYS),
    "parse.myst_dmath_double_inline": (
        (),
        "write it below sphinx: config:, where it has an effect",
    ),
    "parse.myst_extended_syntax": (
        (False,),
        "name the extensions: parse: {myst_enable_extensions: [...]}",
    ),
    "html.baseurl": (
        ("",),
        "set the variable BOOK_URL, or write the domain into the file CNAME",
    ),
    "html.use_repository_button": ((True,), BUTTONS),
    "html.use_issues_button": ((True,), BUTTONS),
    "html.navbar_footer_text": (("",), "write html: {extra_footer: ...}"),
    "html.google_analytics_id": (("",), NOTHING_ELSEWHERE),
    "html.analytics.": (("",), NOTHING_ELSEWHERE),
    "html.comments.": ((False,), NOTHING_ELSEWHERE),
    "bibtex_reference_style": (
        (),
        "write it below sphinx: config:, where it has an effect",
    ),
    "latex.": ((), PRINTED),
    "launch_buttons.": (("", False), BUTTONS),
    "repository.url": (("",), REPOSITORY),
    "repository.branch": (("",), REPOSITORY),
    # What Sphinx and its extensions know.
    "sphinx.config.nb_execution_mode": (
        (),
        "write execute: {execute_notebooks: ...}",
    ),
    "sphinx.config.nb_execution_allow_errors": (
        (False,),
        "give the cell that is meant to fail the tag raises-exception",
    ),
    "sphinx.config.nb_execution_excludepatterns": (
        ([],),
        "write in the chapter's front matter: mystnb: {execution_mode: 'off'}",
    ),
    "sphinx.config.nb_execution_in_temp": (
        (False,),
        "chapters run in their own folder",
    ),
    "sphinx.config.nb_execution_raise_on_error": ((True,), ALWAYS),
    "sphinx.config.nb_execution_show_tb": ((True,), ALWAYS),
    "sphinx.config.nb_kernel_rgx_aliases": (
        ({},),
        "write the kernel's name into the chapters: kernelspec: {name: ...}",
    ),
    "sphinx.config.nb_custom_formats": (
        ({},),
        "a chapter is a MyST file with code cells",
    ),
    "sphinx.config.nb_ipywidgets_js": (({},), NOTHING_ELSEWHERE),
    "sphinx.config.comments_config": (({},), NOTHING_ELSEWHERE),
    "sphinx.config.thebe_config": (({},), NOTHING_ELSEWHERE),
    "sphinx.config.html_theme": (
        ("sphinx_book_theme",),
        "the book's own pages are made with sphinx_book_theme",
    ),
    "sphinx.config.html_baseurl": (
        ("",),
        "set the variable BOOK_URL, or write the domain into the file CNAME",
    ),
    "sphinx.config.html_use_opensearch": (("",), "the search is Pagefind"),
    "sphinx.config.html_search_language": ((), "the search is Pagefind"),
    "sphinx.config.html_search_options": ((), "the search is Pagefind"),
    "sphinx.config.html_search_scorer": (("",), "the search is Pagefind"),
    "sphinx.config.html_math_renderer": (("katex",), FORMULAS),
    "sphinx.config.mathjax_path": ((), FORMULAS),
    "sphinx.config.mathjax_options": (({},), FORMULAS),
    "sphinx.config.mathjax_inline": ((), FORMULAS),
    "sphinx.config.mathjax_display": ((), FORMULAS),
    "sphinx.config.mathjax_config": ((), FORMULAS),
    "sphinx.config.mathjax3_config.": ((), FORMULAS),
    "sphinx.config.mathjax2_config": ((), FORMULAS),
    "sphinx.config.togglebutton_hint": ((), "folds need no script here"),
    "sphinx.config.togglebutton_hint_hide": ((), "folds need no script here"),
    "sphinx.config.togglebutton_selector": ((), "folds need no script here"),
    "sphinx.config.togglebutton_open_on_print": (
        (True,),
        "folds need no script here",
    ),
    "sphinx.config.html_theme_options.analytics.": (("",), NOTHING_ELSEWHERE),
    "sphinx.config.html_theme_options.launch_buttons.": (
        ("", False),
        BUTTONS,
    ),
    "sphinx.config.html_theme_options.repository_url": (("",), REPOSITORY),
    "sphinx.config.html_theme_options.repository_branch": (("",), REPOSITORY),
    "sphinx.config.html_theme_options.use_repository_button": (
        (True,),
        BUTTONS,
    ),
    "sphinx.config.html_theme_options.use_issues_button": ((True,), BUTTONS),
    "sphinx.config.html_theme_options.use_fullscreen_button": (
        (False,),
        "its script is one that the policy of pages forbids",
    ),
    "sphinx.config.html_theme_options.use_download_button": (
        (True,),
        "the downloads are the book's own",
    ),
}
# What Sphinx calls what Jupyter Book has another name for: where both are
# set, only Sphinx's has an effect.
TWINS = {
    "author": "author",
    "bibtex_bibfiles": "bibtex_bibfiles",
    "copyright": "copyright",
    "exclude_patterns": "exclude_patterns",
    "execute.cache": "nb_execution_cache_path",
    "execute.eval_regex": "nb_eval_name_regex",
    "execute.stderr_output": "nb_output_stderr",
    "execute.timeout": "nb_execution_timeout",
    "html.favicon": "html_favicon",
    "html.use_multitoc_numbering": "use_multitoc_numbering",
    "logo": "html_logo",
    "only_build_toc_files": "external_toc_exclude_missing",
    "parse.myst_enable_extensions": "myst_enable_extensions",
    "parse.myst_url_schemes": "myst_url_schemes",
    "project": "project",
    "title": "html_title",
}
# Names of files and folders, which have to be the book's own.
FILES = (
    *("logo", "html.favicon", "bibtex_bibfiles"),
    *("sphinx.config.html_logo", "sphinx.config.html_favicon"),
    *("sphinx.config.html_static_path", "sphinx.config.html_extra_path"),
    *("sphinx.config.bibtex_bibfiles", "sphinx.config.templates_path"),
)
# What the theme calls what Jupyter Book has another name for.
OPTIONS = {
    "html.announcement": "announcement",
    "html.extra_footer": "extra_footer",
    "html.home_page_in_navbar": "home_page_in_toc",
    "html.use_edit_page_button": "use_edit_page_button",
    "repository.path_to_book": "path_to_docs",
}
# Names of styles and scripts, which may not be loaded from elsewhere.
LOADED = ("sphinx.config.html_js_files", "sphinx.config.html_css_files")

# Pages and folders that the site makes of its own.
PAGES = ("404", "py-modindex", "search")
FOLDERS = ("pagefind",)


def setup(app: Sphinx) -> dict[str, Any]:
    """Look at the settings, and at the names of pages, when they are known."""
    app.connect("config-inited", _check_settings, priority=50)
    # Before code runs.
    app.connect("env-get-outdated", _check_pages, priority=50)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _check_settings(app: Sphinx, config: Config) -> None:
    file = Path(app.srcdir, CONFIG)
    if not file.is_file():
        return
    text = file.read_text("utf-8-sig")
    settings = _Settings(Path(app.srcdir))
    settings.look(yaml.compose(text), yaml.safe_load(text), "")
    settings.find_twins()
    _stop(settings.problems)
    # Jupyter Book forgets these where html_theme_options is set, too.
    for name, option in OPTIONS.items():
        if settings.values.get(name) is not None:
            options = config.html_theme_options
            options.setdefault(option, settings.values[name])


def _check_pages(app: Sphinx, env: BuildEnvironment, *_: object) -> list[str]:
    """Refuse pages whose text would be lost."""
    problems = []
    toc = Path(app.srcdir, TOC)
    lines = toc.read_text("utf-8-sig").splitlines() if toc.is_file() else []
    for page in sorted(env.found_docs):
        folder = page.partition("/")[0] if "/" in page else ""
        if not (
            # Where letters small and large are the same, so are the files.
            page.lower() in PAGES
            or folder.lower() in FOLDERS
            or folder.startswith("_")
        ):
            continue
        what = f"the site has a page of its own named {page!r}"
        if folder:
            what = f"the site has a folder of its own named {folder!r}"
        words = (re.sub(r"\.md\b|['\"]", " ", line).split() for line in lines)
        numbers = (n for n, found in enumerate(words, 1) if page in found)
        line = next(numbers, 0)
        path = TOC if line else f"{page}.md"
        hint = "rename the file"
        problems.append(Problem(path, line or 1, "taken-name", what, hint))
    index = Path(app.srcdir, "genindex.md")
    if "genindex" in env.found_docs and index.is_file():
        text = index.read_text("utf-8-sig").splitlines()
        rest = (
            number
            for number, line in enumerate(text, 1)
            if line.strip() and not line.startswith(("#", "("))
        )
        if line := next(rest, 0):
            what = "the index takes the place of this text"
            hint = "leave the heading only, or rename the file"
            problems.append(
                Problem(index.name, line, "taken-name", what, hint)
            )
    _stop(problems)
    return []


def _stop(problems: list[Problem]) -> None:
    if problems:
        total = f"{len(problems)} problem{'s' * (len(problems) > 1)}"
        lines = map(str, sorted(problems))
        raise SystemExit("\n".join(["", f"{total}, no page written:", *lines]))


class _Settings:
    """Looks at each key of the settings, and knows its line."""

    def __init__(self, root: Path):
        self.problems: list[Problem] = []
        self.values: dict[str, Any] = {}
        self.lines: dict[str, int] = {}
        self._root = root

    def look(self, node: Any, data: Any, above: str) -> None:
        """Look at the keys of a mapping."""
        if not isinstance(node, yaml.MappingNode):
            return
        for key, value in node.value:
            name = f"{above}{key.value}"
            line = key.start_mark.line + 1
            content = data.get(key.value) if isinstance(data, dict) else None
            is_group = any(k.startswith(f"{name}.") for k in _known())
            if is_group and isinstance(value, yaml.MappingNode):
                self.look(value, content, f"{name}.")
            elif not (is_group and content is None):
                self._check(name, line, content)

    def _check(self, name: str, line: int, value: Any) -> None:
        entry = _entry(name)
        self.values[name] = value
        self.lines[name] = line
        if entry in REFUSED:
            harmless, hint = REFUSED[entry]
            if value is not None and value not in harmless:
                self._report(line, f"{name} has no effect", hint)
        elif not entry:
            close = difflib.get_close_matches(name, _known(), 1)
            hint = f"did you mean {close[0].rstrip('.')}?" if close else ""
            self._report(line, f"there is no setting {name}", hint)
        if name.startswith(MACROS):
            if not is_macro(name.removeprefix(MACROS), value):
                what = f"this is no macro: {value!r}"
                hint = "write RR: '\\mathbb{R}' or, with one argument: norm:"
                hint += " ['\\lVert #1 \\rVert', 1]"
                self._report(line, what, hint)
            return
        names = value if isinstance(value, list) else [value]
        for file in names:
            if name in LOADED:
                file = file[0] if isinstance(file, list) else file
                if "//" in str(file):
                    what = f"pages do not load {file!r}, from elsewhere"
                    hint = "put the file into the folder _static"
                    self._report(line, what, hint)
            elif name in FILES and file:
                path = (self._root / str(file)).resolve()
                if not path.is_relative_to(self._root.resolve()):
                    what = f"{file!r} lies outside of the book's folder"
                    hint = "copy it into the book's folder"
                    self._report(line, what, hint)

    def find_twins(self) -> None:
        """Find what is set twice."""
        for name, twin in TWINS.items():
            if name in self.values and f"sphinx.config.{twin}" in self.values:
                what = f"{name} has no effect: sphinx.config.{twin} is set"
                self._report(self.lines[name], what, "set one of them")

    def _report(self, line: int, message: str, hint: str) -> None:
        problem = Problem(CONFIG, line, "setting", message, hint)
        self.problems.append(problem)


def _known() -> Iterator[str]:
    return chain(HONOURED, REFUSED)


def _entry(name: str) -> str:
    """Return the entry of the tables that is about a key."""
    about = (
        entry
        for entry in _known()
        if entry == name or (entry[-1] == "." and f"{name}.".startswith(entry))
    )
    return max(about, key=len, default="")
