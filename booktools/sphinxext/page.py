"""Where the book comes from, where it is published; how pages look."""

import os
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder
from sphinx.config import Config

from booktools.problem import BookError
from booktools.publish.repository import find_site


def setup(app: Sphinx) -> dict[str, Any]:
    """Add addresses, when the configuration is known, and a style."""
    app.connect("config-inited", _add_addresses)
    # Before the theme looks at what the builder has.
    app.connect("builder-inited", _add_templates, priority=0)
    app.add_css_file("page.css")
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _add_templates(app: Sphinx) -> None:
    # Not sooner: where the book lies would get into the digest of its
    # settings, and so onto the site.
    folder = Path(__file__).with_name("templates")
    app.config.templates_path.insert(0, str(folder))
    if isinstance(app.builder, StandaloneHTMLBuilder):
        app.builder.init_templates()


def _add_addresses(app: Sphinx, config: Config) -> None:
    try:
        site = find_site(Path(app.srcdir), os.environ)
    except BookError as error:
        raise SystemExit(str(error)) from None
    options = config.html_theme_options
    # Its script is one that the policy of pages forbids.
    options["use_fullscreen_button"] = False
    options["use_repository_button"] = site is not None
    options["use_issues_button"] = site is not None
    if site:
        address = f"https://github.com/{site.owner}/{site.repository}"
        options["repository_url"] = address
        options["repository_branch"] = site.branch
        config.html_baseurl = site.url
