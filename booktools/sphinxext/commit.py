"""Which commit a published site was built from: its file `commit.txt`.

Only GitHub Actions says so.  On a page it would change every page with every
commit; in a file of its own it changes nothing else.
"""

import os
from pathlib import Path

from sphinx.application import Sphinx

from booktools.publish.layout import COMMIT
from booktools.sphinxext.order import Stage, connect


def setup(app: Sphinx) -> None:
    """Write the file when the site is ready."""
    commit = os.environ.get("GITHUB_SHA", "")
    # A setting, since a site is published when pages are written.
    app.add_config_value("booktools_commit", commit, "html", str)
    connect(app, Stage.WRITTEN, _write_commit)


def _write_commit(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.format != "html":
        return
    file = Path(app.outdir, COMMIT)
    if commit := app.config.booktools_commit:
        file.write_text(f"{commit}\n", "utf-8", newline="\n")
    else:
        file.unlink(missing_ok=True)
