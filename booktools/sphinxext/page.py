"""Where the book comes from, where it is published; how pages look."""

import os
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config

from booktools.problem import BookError
from booktools.site import find_site


def setup(app: Sphinx) -> dict[str, Any]:
    """Add addresses, when the configuration is known, and a style."""
    app.connect("config-inited", _add_addresses)
    app.connect("config-inited", _add_templates)
    app.add_css_file("page.css")
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _add_templates(app: Sphinx, config: Config) -> None:
    # Relative: where the book lies is nobody's business (see .buildinfo).
    folder = Path(__file__).with_name("templates")
    config.templates_path.insert(0, os.path.relpath(folder, app.confdir))


def _add_addresses(app: Sphinx, config: Config) -> None:
    try:
        site = find_site(Path(app.srcdir), os.environ)
    except BookError as error:
        raise SystemExit(str(error)) from None
    options = config.html_theme_options
    options["use_repository_button"] = site is not None
    options["use_issues_button"] = site is not None
    if site:
        address = f"https://github.com/{site.owner}/{site.repository}"
        options["repository_url"] = address
        options["repository_branch"] = site.branch
        config.html_baseurl = site.url
