"""Links from page to page, and to parts of pages, lead somewhere."""

from urllib.parse import unquote, urljoin, urlsplit

from booktools.check.built import BuiltSite
from booktools.check.findings import Findings
from booktools.publish.layout import PDF


def test_links(site: BuiltSite, findings: Findings, page: str) -> None:
    """Follow every link of a page that stays within the site."""
    for tag in site.soup(page).select("[href], [src]"):
        written = str(tag.get("href") or tag.get("src"))
        link = urljoin(site.home + page, written)
        if not link.startswith(site.home):
            continue
        parts = urlsplit(link.removeprefix(site.home))
        target = unquote(parts.path) or "index.html"
        fragment = unquote(parts.fragment)
        near = (written, written.replace(".html", ".md"), fragment, target)
        if not (site.html / target).is_file():
            # It is printed after the site is built, and not always.
            if f"{PDF}/" not in target:
                what = f"the link {written!r} leads to no file of the site"
                hint = "correct it; to a chapter, write NAME.md"
                findings.add(page, "broken-link", what, hint, *near)
        elif (
            target in site.pages
            and fragment
            and fragment not in site.ids(target)
        ):
            what = f"the link {written!r} leads to a part that is not there"
            hint = f"give it a label, ({fragment})=, or correct the link"
            findings.add(page, "broken-link", what, hint, *near)
