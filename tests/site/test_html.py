"""Pages are light and closed, and others can read what they are."""

import base64
import hashlib
import re
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree

import pytest
import tinycss2
from bs4 import BeautifulSoup
from fontTools.ttLib import TTFont

from tests.languages import EDITIONS, pages_of


@pytest.fixture(scope="module")
def pages(site) -> dict[str, BeautifulSoup]:
    """Return each page, by its path."""
    return {
        path.relative_to(site).as_posix(): BeautifulSoup(
            path.read_text("utf-8"), "html.parser"
        )
        for path in pages_of(site)
        if "_static" not in path.parts
    }


@pytest.fixture(scope="module")
def chapters(pages) -> dict[str, BeautifulSoup]:
    """Return the pages that an author has written."""
    return {
        name: page
        for name, page in pages.items()
        if name not in ("404.html", "search.html", "genindex.html")
    }


def test_pages_load_nothing_from_elsewhere(site, pages):
    for name, page in pages.items():
        for tag in page.select("[src], link[href]"):
            address = tag.get("src") or tag["href"]
            names = {"canonical", "alternate"} & {*tag.get("rel", [])}
            if names or address[:5] == "data:":
                continue
            assert not urlsplit(address).netloc, (name, address)
            target = urljoin(f"/{name}", urlsplit(address).path)
            assert (site / target.lstrip("/")).is_file(), (name, address)


def test_the_policy_of_a_page_lets_all_of_it_work(pages):
    for name, page in pages.items():
        policy = page.find("meta", {"http-equiv": "Content-Security-Policy"})
        assert policy["content"].startswith("default-src '"), name
        scripts = policy["content"].partition("script-src")[2].split(";")[0]
        assert "unsafe-inline" not in scripts
        # No other inline script would run, in whatever form.
        for tag in page("script"):
            if not tag.get("src"):
                digest = hashlib.sha256(tag.text.encode()).digest()
                assert base64.b64encode(digest).decode() in scripts, name
        handlers = {
            attribute
            for tag in page(True)
            for attribute in tag.attrs
            if attribute.startswith("on")
        }
        assert handlers == set(), name


def test_nothing_waits_for_a_script(pages):
    for page in pages.values():
        waits = [
            tag["src"]
            for tag in page("script", src=True)
            if not ("defer" in tag.attrs or tag.get("type") == "module")
        ]
        assert waits == []


def test_styles_have_what_pages_use_and_not_the_rest(site):
    text = (site / "_static/book.css").read_text("utf-8")
    for used in (".bd-sidebar-primary", ".theme-switch", ".highlight .kn"):
        assert used in text
    # Of the theme: a site that is one of several versions, a widget.
    for unused in (
        ".version-switcher__container",
        ".jp-OutputArea",
        "@import",
    ):
        assert unused not in text
    # The licences of what is in it.
    assert "Bootstrap" in text
    assert "Font Awesome" in text


def test_addresses_in_styles_exist(site):
    text = (site / "_static/book.css").read_text("utf-8")
    names = re.findall(r'url\("?(?!data:)([^")]+)', text)
    assert len(names) >= 3
    for name in names:
        assert (site / "_static" / name).is_file(), name


def test_every_icon_is_in_the_font(site, pages):
    text = (site / "_static/book.css").read_text("utf-8")
    code_points = {}
    for rule in tinycss2.parse_stylesheet(text):
        if rule.type != "qualified-rule":
            continue
        if icon := re.search(
            r'content:"(?:\\(f\w+) ?|(.))"', tinycss2.serialize(rule.content)
        ):
            code = int(icon[1], 16) if icon[1] else ord(icon[2])
            for name in re.findall(
                r"\.(fa-[\w-]+)", tinycss2.serialize(rule.prelude)
            ):
                code_points[name] = code
    fonts = {
        style: TTFont(site / f"_static/icons-fa-{file}.woff2").getBestCmap()
        for style, file in (
            ("fa-solid", "solid-900"),
            ("fas", "solid-900"),
            ("fa-regular", "regular-400"),
            ("fa-brands", "brands-400"),
            ("fab", "brands-400"),
        )
    }
    seen = set()
    for page in pages.values():
        for tag in page.select('[class*="fa-"]'):
            style = next(name for name in tag["class"] if name in fonts)
            for name in tag["class"]:
                if name.startswith("fa-") and name not in (style, "fa-lg"):
                    assert code_points[name] in fonts[style], name
                    seen.add(name)
    assert {"fa-bars", "fa-moon", "fa-magnifying-glass"} <= seen
    assert all(len(font) < 60 for font in fonts.values())


def test_a_page_says_what_it_is_about(chapters, edition):
    for name, page in chapters.items():
        metas = {
            tag.get("property") or tag.get("name"): tag["content"]
            for tag in page("meta")
            if tag.get("content")
        }
        assert page.html["lang"] == edition.language.tag
        canonical = page.find("link", rel="canonical")["href"]
        assert canonical == metas["og:url"] == edition.home + name
        assert metas["og:title"] in page.h1.text
        assert metas["description"] == metas["og:description"]
        assert metas["description"]
        assert len(metas["description"]) <= 120
        assert metas["og:image"].startswith(edition.home)
    texts = [
        p.find("meta", {"name": "description"})["content"]
        for p in chapters.values()
    ]
    assert len(set(texts)) == len(texts)


def test_the_map_of_the_site_has_every_page(whole_site, chapters, edition):
    tree = ElementTree.parse(whole_site / "sitemap.xml")
    listed = [tag.text for tag in tree.iter() if tag.tag.endswith("loc")]
    names = [*chapters, "genindex.html"]
    own = [a for a in listed if a.removeprefix(edition.home) in names]
    assert sorted(own) == sorted(edition.home + name for name in names)
    assert len(listed) == len(EDITIONS) * len(names)
    robots = (whole_site / "robots.txt").read_text("utf-8")
    assert f"Sitemap: {EDITIONS[0].home}sitemap.xml" in robots


def test_the_page_for_the_lost_needs_no_other_file(pages, chapters, edition):
    page = pages["404.html"]
    assert page.select("script[src], link[rel=stylesheet], img") == []
    assert all(tag["href"].startswith("data:") for tag in page("link"))
    text = page.find("main", lang=edition.language.tag)
    links = {tag["href"] for tag in text("a")}
    assert text.form["action"] == f"{edition.home}search.html"
    assert text.form.input["name"] == "q"
    # Whatever address it is shown for.
    names = [*chapters, "genindex.html"]
    assert links == {edition.home + name for name in names}
