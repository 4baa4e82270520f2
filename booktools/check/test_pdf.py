"""The whole book on paper, read as a PDF viewer reads it."""

from io import BytesIO
from urllib.parse import unquote

from pypdf import PdfReader

from booktools.check.built import NOWHERE, BuiltSite
from booktools.check.findings import Findings
from booktools.render.pdf import editions_to_print, make_pdf


def test_pdf(site: BuiltSite, findings: Findings) -> None:
    """Print the book; look for pages without text, and links to nothing."""
    for prefix, book in editions_to_print(site.book):
        address = "" if site.home == NOWHERE else f"{site.home}{prefix}"
        data = make_pdf(book, site.html / prefix, address, prefix)
        _read(PdfReader(BytesIO(data)), findings, f"{prefix}index.html")


def _read(printed: PdfReader, findings: Findings, page: str) -> None:
    targets = {unquote(name) for name in printed.named_destinations}
    for number, sheet in enumerate(printed.pages, 1):
        if not sheet.extract_text().strip() and not sheet.images:
            what = f"page {number} of the PDF is blank"
            hint = "print it (python -m booktools pdf) and look before it"
            findings.add(page, "blank-page", what, hint)
        for annotation in sheet.get("/Annots", []):
            link = annotation.get_object()
            name = unquote(str(link.get("/Dest", "")))
            url = str(link.get("/A", {}).get("/URI", ""))
            if (name and name not in targets) or "book.invalid" in url:
                what = f"on page {number} of the PDF, a link leads nowhere:"
                what = f"{what} {name or url}"
                hint = "correct it, or report this"
                findings.add(page, "pdf-link", what, hint, name)
