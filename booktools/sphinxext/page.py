"""Where the book comes from, where it is published; how pages look."""

import posixpath
from pathlib import Path
from typing import Any

from jinja2 import FileSystemBytecodeCache
from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder
from sphinx.config import Config

from booktools.sphinxext.order import Stage, connect
from booktools.sphinxext.state import build

# What must run before a page is painted stands in it: a request would delay
# the first picture by a third.
FIRST_SCRIPT = (
    Path(__file__).with_name("assets").joinpath("mode.js").read_text("utf-8")
)


def setup(app: Sphinx) -> None:
    """Add addresses, when the configuration is known, and a style."""
    connect(app, Stage.CONTEXT, _add_script)
    connect(app, Stage.SETTINGS, _add_addresses)
    connect(app, Stage.NEW_BUILDER, _add_templates)
    app.add_css_file("page.css")
    app.add_js_file("place.js", loading_method="defer")


def _add_script(
    app: Sphinx, page: str, _: str, context: dict[str, Any], __: Any
) -> None:
    context["first_script"] = FIRST_SCRIPT


def _add_templates(app: Sphinx) -> None:
    # Sphinx hashes this setting for `.buildinfo` before this event.  With an
    # absolute path in it, the same book in two folders would give two sites.
    folder = Path(__file__).with_name("templates")
    app.config.templates_path.insert(0, str(folder))
    if isinstance(app.builder, StandaloneHTMLBuilder):
        app.builder.init_templates()
        # To compile templates takes as long as to fill them in.
        cache = Path(app.doctreedir, "templates")
        cache.mkdir(parents=True, exist_ok=True)
        environment = app.builder.templates.environment
        environment.bytecode_cache = FileSystemBytecodeCache(str(cache))


def _add_addresses(app: Sphinx, config: Config) -> None:
    site = build(app).site
    options = config.html_theme_options
    # Its script is one that the policy of pages forbids.
    options["use_fullscreen_button"] = False
    options["use_repository_button"] = site is not None
    options["use_issues_button"] = site is not None
    if site:
        address = f"https://github.com/{site.owner}/{site.repository}"
        options["repository_url"] = address
        options["repository_branch"] = site.branch
        if build(app).origin:
            inner = options.get("path_to_docs", "")
            options["path_to_docs"] = posixpath.join(inner, build(app).prefix)
        config.html_baseurl = site.url
