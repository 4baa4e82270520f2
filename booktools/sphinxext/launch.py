"""Buttons on each page: run its notebook somewhere, or take it away."""

import os
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from sphinx.application import Sphinx
from sphinx.config import Config

from booktools.publish.layout import (
    BINDER_BRANCH,
    NOTEBOOKS,
    NOTEBOOKS_BRANCH,
    PDF,
)
from booktools.sphinxext import features
from booktools.sphinxext.order import Stage, connect
from booktools.sphinxext.state import build, pages_with_code
from booktools.sphinxext.texts import _

# The theme's own groups, which would offer raw MyST as a notebook.
REPLACED = ("launch-buttons", "download-buttons")


class Link(NamedTuple):
    """A button of a group, as the theme's templates want it."""

    text: str
    url: str
    icon: str
    tooltip: str


def setup(app: Sphinx) -> None:
    """Add buttons after the theme has added its own.

    A changed repository is a changed setting, so that all pages are written.
    """
    app.add_config_value("booktools_repository", "", "html", str)
    app.add_config_value("booktools_pdf", "", "html", str)
    connect(app, Stage.SETTINGS, _find_repository)
    connect(app, Stage.BUTTONS, _add_buttons)
    app.add_css_file("launch.css")
    app.add_js_file("launch.js", loading_method="defer")


def launch_links(repository: str, notebook: str) -> list[Link]:
    """Return links that open a notebook of branch ``notebooks``.

    Parameters
    ----------
    repository : str
        ``OWNER/NAME`` on GitHub.
    notebook : str
        The notebook there, without its ending.
    """
    owner, name = map(quote, repository.split("/"))
    path = f"{quote(notebook)}.ipynb"
    file = f"{owner}/{name}/blob/{NOTEBOOKS_BRANCH}/{path}"
    # nbgitpuller clones into a folder that is named as the repository.
    opened = f"lab/tree/{name}/{path}"
    url = f"https://github.com/{owner}/{name}"
    pull = _query(repo=url, branch=NOTEBOOKS_BRANCH, urlpath=opened)
    binder = _query(urlpath=f"git-pull?{pull}")
    kaggle = _query(src=f"https://github.com/{file}")
    return [
        Link(
            "Colab",
            f"https://colab.research.google.com/github/{file}",
            "_static/colab.svg",
            _("needs a Google account"),
        ),
        Link(
            "Binder",
            f"https://mybinder.org/v2/gh/{owner}/{name}/{BINDER_BRANCH}?{binder}",
            "_static/images/logo_binder.svg",
            _("needs no account, but a few minutes"),
        ),
        Link(
            "Kaggle",
            f"https://kaggle.com/kernels/welcome?{kaggle}",
            "fab fa-kaggle",
            _("needs a Kaggle account"),
        ),
    ]


def _query(**values: str) -> str:
    return urlencode(values, quote_via=quote)


def _find_repository(app: Sphinx, config: Config) -> None:
    site = build(app).site
    name = f"{site.owner}/{site.repository}" if site else ""
    config.booktools_repository = name
    # Printed after pages are made, and not by everybody who makes them.
    if os.environ.get("BOOK_PDF") == "1":
        path = f"{PDF}/{build(app).name}.pdf"
        # A mirror has no room for it.
        config.booktools_pdf = site.url + path if site else path


def _add_buttons(
    app: Sphinx,
    pagename: str,
    templatename: str,
    context: dict[str, Any],
    doctree: Any,
) -> None:
    buttons = context.get("header_buttons")
    if doctree is None or buttons is None:  # no page of the book, or theme
        return
    # As feature `notebooks` makes them.
    has_notebook = pagename in pages_with_code(app.env)
    rest = [b for b in buttons if b.get("label") not in REPLACED]
    buttons.clear()
    if has_notebook and app.config.booktools_repository:
        path = f"{build(app).prefix}{pagename}"
        links = launch_links(app.config.booktools_repository, path)
        buttons.append(
            _group("launch", _("Run online"), "fas fa-rocket", links)
        )
    page = f"{NOTEBOOKS}/{pagename}"
    book = f"{NOTEBOOKS}/{build(app).name}"
    notebook = [
        Link(
            _("Notebook .ipynb"),
            f"{page}.ipynb",
            "fas fa-book",
            _("the notebook of this page"),
        ),
        Link(
            _("Script .py"),
            f"{page}.py",
            "fab fa-python",
            _("for PyCharm and the like"),
        ),
    ]
    source = f"_sources/{context['sourcename']}"
    archive = Link(
        _("Whole book .zip"),
        f"{book}.zip",
        "fas fa-file-archive",
        _("notebooks and scripts"),
    )
    links = [
        *(notebook if has_notebook else []),
        *([archive] if features.is_on(app, "notebooks") else []),
        Link(
            _("Source .md"),
            source,
            "fas fa-file",
            _("what this page is made from"),
        ),
    ]
    links = [n._replace(url=context["pathto"](n.url, 1)) for n in links]
    if pdf := app.config.booktools_pdf:
        address = pdf if "://" in pdf else context["pathto"](pdf, 1)
        printed = Link(
            _("Whole book .pdf"), address, "fas fa-file-pdf", _("to print")
        )
        links.insert(-1, printed)
    buttons.append(_group("download", _("Download"), "fas fa-download", links))
    buttons += rest


def _group(
    name: str, tooltip: str, icon: str, links: list[Link]
) -> dict[str, Any]:
    return {
        "type": "group",
        "label": f"{name}-buttons",
        "tooltip": tooltip,
        "icon": icon,
        "buttons": [{"type": "link", **link._asdict()} for link in links],
    }
