"""A book in several languages: each page leads to the same in the others."""

from html import escape
from typing import Any

from sphinx.application import Sphinx

from booktools.language import language_name
from booktools.sphinxext.order import Stage, connect
from booktools.sphinxext.state import build


def setup(app: Sphinx) -> None:
    """Add links to pages, if there are several languages."""
    app.add_config_value("booktools_languages", [], "html", list)
    if app.config.booktools_editions or build(app).origin:
        connect(app, Stage.OUTDATED, _note_languages)
        connect(app, Stage.CONTEXT, _add_links)
        connect(app, Stage.CONTEXT, _name_language)
        connect(app, Stage.BUTTONS, _name_page)
        app.add_css_file("switch.css")
        app.add_js_file("switch.js", loading_method="defer")


def _note_languages(app: Sphinx, env: Any, *_: object) -> list[str]:
    """Put into the settings what pages lead to: if it changes, they do."""
    this = build(app)
    app.config.booktools_languages = [
        f"{language} {page}"
        for language in this.languages
        for page in sorted(env.found_docs)
        if this.is_translated(language, page)
    ]
    return []


def _add_links(
    app: Sphinx, page: str, _: str, context: dict[str, Any], doctree: Any
) -> None:
    """Name the other languages, for readers and for search engines."""
    this = build(app)
    own = app.config.language
    # From the top of this edition to the top of the site.
    up = "../" if this.origin else ""
    target = app.builder.get_target_uri(page)
    context["other_languages"] = [
        {
            "tag": language.replace("_", "-"),
            "name": language_name(language, this.languages),
            "url": context["pathto"](f"{up}{prefix}{target}", 1),
        }
        for language, prefix in this.languages.items()
        if language != own
    ]
    tags = [f'<meta name="book-root" content="{up or "./"}" />']
    others = [code for code in this.languages if code != own]
    tags += [
        f'<meta property="og:locale:alternate" content="{code}" />'
        for code in others
    ]
    found = this.addresses(page, target) if doctree else {}
    if found:  # the first language is that of the source
        found["x-default"] = next(iter(found.values()))
    tags += [
        f'<link rel="alternate" hreflang="{tag}" href="{escape(address)}" />'
        for tag, address in found.items()
    ]
    context["metatags"] = context.get("metatags", "") + "".join(
        f"\n    {tag}" for tag in tags
    )


def _name_language(
    app: Sphinx, page: str, _: str, context: dict[str, Any], doctree: Any
) -> None:
    """Say that a page is in the language of the source where it is."""
    this = build(app)
    if page not in this.untranslated or "body" not in context:
        return
    source = next(iter(this.languages))
    tag = source.replace("_", "-")
    context["body"] = f'<div lang="{tag}">{context["body"]}</div>'
    for address in this.addresses(
        page, app.builder.get_target_uri(page)
    ).values():
        context["pageurl"] = address
        break


def _name_page(
    app: Sphinx, page: str, _: str, context: dict[str, Any], __: Any
) -> None:
    """Let buttons of an edition name its page, or the file that there is."""
    this = build(app)
    for group in context.get("header_buttons", []):
        for button in group.get("buttons", [group]):
            url, label = button.get("url", ""), button.get("label")
            if label == "source-issues-button":
                old, new = f"%2F{page}", f"%2F{this.prefix}{page}"
            elif label == "source-edit-button" and page in this.untranslated:
                old, new = f"/{this.prefix}{page}", f"/{page}"
            else:
                continue
            button["url"] = url.replace(old, new)
