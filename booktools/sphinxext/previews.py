"""What others than readers want: previews of links, search engines, 404."""

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes  # type: ignore[import-untyped]
from sphinx.application import Sphinx

from booktools.sphinxext.order import Stage, connect

# Search engines and messengers cut what is longer.
LENGTH = 120


def setup(app: Sphinx) -> None:
    """Describe each page, list all of them, and make one for the lost."""
    connect(app, Stage.MORE_PAGES, _make_404)
    connect(app, Stage.CONTEXT, _describe)
    connect(app, Stage.WRITTEN, _list_pages)


def _make_404(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Make the page that a server shows for a missing one.

    It is shown at whatever depth, so its links are whole addresses.
    """
    titles = app.env.titles
    chapters = app.env.toctree_includes.get(app.config.root_doc, [])
    links = [
        (app.builder.get_target_uri(name), titles[name].astext())
        for name in chapters
    ]
    home = app.config.html_baseurl or "/"
    yield "404", {"home": home, "links": links}, "404.html"


def _list_pages(app: Sphinx, exception: Exception | None) -> None:
    """Write the map of the site, for search engines."""
    home = app.config.html_baseurl
    if exception or app.builder.format != "html" or not home:
        return
    urls = (
        escape(home + app.builder.get_target_uri(name))
        for name in sorted(app.env.found_docs)
    )
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">',
        *(f"<url><loc>{url}</loc></url>" for url in urls),
        "</urlset>",
    ]
    robots = f"User-agent: *\nAllow: /\nSitemap: {home}sitemap.xml\n"
    for name, text in (
        ("sitemap.xml", "\n".join(lines) + "\n"),
        ("robots.txt", robots),
    ):
        Path(app.outdir, name).write_text(text, "utf-8", newline="\n")


def _describe(
    app: Sphinx, page: str, _: str, context: dict[str, Any], doctree: Any
) -> None:
    if not doctree:
        return
    home = app.config.html_baseurl
    title = app.env.titles[page].astext()
    book = app.config.html_title
    start = next(iter(doctree.findall(_is_prose)), None)
    text = "".join(start.astext().split("\n")) if start else book
    if len(text) > LENGTH:
        text = text[: LENGTH - 1] + "…"
    values = {
        "og:type": "article",
        "og:site_name": book,
        "og:locale": app.config.language,
        "og:title": title,
        "og:description": text,
    }
    if home:
        values["og:url"] = home + app.builder.get_target_uri(page)
        values["og:image"] = f"{home}_static/preview.png"
    tags = [f'<meta name="description" content="{escape(text)}" />']
    tags += [
        f'<meta property="{name}" content="{escape(value)}" />'
        for name, value in values.items()
    ]
    context["metatags"] = context.get("metatags", "") + "".join(
        f"\n    {tag}" for tag in tags
    )


def _is_prose(node: nodes.Node) -> bool:
    return isinstance(node, nodes.paragraph) and isinstance(
        node.parent, nodes.section
    )
