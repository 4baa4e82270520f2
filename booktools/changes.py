"""What git says has changed -> the pages that a reviewer should read."""

import subprocess
from collections.abc import Iterable
from html import escape
from pathlib import Path

from booktools.source.chapter import Book, Chapter

_PAGE = """\
<!doctype html>
<html lang="zh">
<meta charset="utf-8">
<title>修改过的页面</title>
<h1>修改过的页面</h1>
<ul>
{}
</ul>
</html>
"""


def changed_chapters(book: Book, since: str) -> list[Chapter]:
    """Return the chapters that differ from a commit, or show what does.

    Where that commit is not known, as in the first of all, nothing can be
    told, and no chapter is returned.
    """
    options = ("--relative", "--name-only", "-z", "--no-renames")
    # Whatever is asked for, it is no option of git.
    commit = ("--end-of-options", since, "--", ".")
    done = subprocess.run(
        ["git", "-C", str(book.root), "diff", *options, *commit],
        capture_output=True,
        encoding="utf-8",
    )
    changed = set(done.stdout.split("\0")) - {""}
    beside = [Path(name).name for name in changed if _is_asset(name)]
    return [
        chapter
        for chapter in book.chapters
        if chapter.path in changed
        or any(
            name in (book.root / chapter.path).read_text("utf-8")
            for name in beside
        )
    ]


def _is_asset(name: str) -> bool:
    return name.startswith("chapters/") and not name.endswith(".md")


def as_markdown(chapters: Iterable[Chapter]) -> str:
    """Return a list for the summary of a job on GitHub."""
    lines = [f"* {c.title}: `html/{c.docname}.html`" for c in chapters]
    where = "In artifact `site`, open `changed.html`:"
    body = [where, "", *lines] if lines else ["No chapter has changed."]
    return "\n".join(["## Changed chapters", "", *body]) + "\n"


def as_page(chapters: Iterable[Chapter]) -> str:
    """Return a page with links, to lie beside the folder of the site."""
    return _PAGE.format(
        "\n".join(
            f'<li><a href="html/{escape(c.docname)}.html">{escape(c.title)}'
            "</a></li>"
            for c in chapters
        )
    )
