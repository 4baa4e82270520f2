"""What others than readers want: previews of links, search engines, 404."""

import hashlib
from base64 import b64encode
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes  # type: ignore[import-untyped]
from sphinx.application import Sphinx

from booktools.sphinxext.order import Stage, connect
from booktools.sphinxext.state import build

# What shows one of the texts of 404.html.
_SCRIPT = Path(__file__).with_name("assets") / "missing.js"

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
    home = app.config.html_baseurl or f"/{build(app).prefix}"
    language = app.config.language.replace("_", "-")
    # Of a book with editions, the page of the source has the texts of all.
    script = _SCRIPT.read_text("utf-8") if build(app).has_editions else ""
    digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
    context = {
        **{"home": home, "links": links, "lang": language},
        "folder": build(app).prefix,
        **{"script": script, "script_digest": f"sha256-{digest}"},
    }
    yield "404", context, "404.html"


def _list_pages(app: Sphinx, exception: Exception | None) -> None:
    """Write the map of the site, for search engines."""
    home = app.config.html_baseurl
    is_part = build(app).origin is not None  # its source lists its pages
    if exception or app.builder.format != "html" or not home or is_part:
        return
    namespaces = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    if build(app).has_editions:
        namespaces += ' xmlns:xhtml="http://www.w3.org/1999/xhtml"'
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f"<urlset {namespaces}>",
        *(
            line
            for name in sorted(app.env.found_docs)
            for line in _map_lines(app, name)
        ),
        "</urlset>",
    ]
    robots = f"User-agent: *\nAllow: /\nSitemap: {home}sitemap.xml\n"
    for name, text in (
        ("sitemap.xml", "\n".join(lines) + "\n"),
        ("robots.txt", robots),
    ):
        Path(app.outdir, name).write_text(text, "utf-8", newline="\n")


def _map_lines(app: Sphinx, page: str) -> Iterator[str]:
    """Yield a line for each language of a page; each names all of them."""
    file = app.builder.get_target_uri(page)
    found = build(app).addresses(page, file)
    found = found or {"": app.config.html_baseurl + file}
    links = "".join(
        f'<xhtml:link rel="alternate" hreflang="{tag}" href="{escape(url)}"/>'
        for tag, url in found.items()
        if len(found) > 1
    )
    for url in found.values():
        yield f"<url><loc>{escape(url)}</loc>{links}</url>"


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
