"""A built site -> a branch of any repository, for a host that serves it.

This needs git and the standard library.
"""

import os
import sys
from argparse import Namespace
from pathlib import Path

from booktools.problem import BookError, Problem, not_built
from booktools.publish.branches import append
from booktools.publish.git import run_git
from booktools.publish.layout import PDF

# A mirror's password is in no command and no file: git asks the environment,
# and nothing that would store the answer.
MIRROR_ACCESS = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_CONFIG_COUNT": "2",
    "GIT_CONFIG_KEY_0": "credential.helper",
    "GIT_CONFIG_VALUE_0": "",
    "GIT_CONFIG_KEY_1": "credential.helper",
    "GIT_CONFIG_VALUE_1": (
        '!f() { echo "username=$BOOK_MIRROR_USER";'
        ' echo "password=$BOOK_MIRROR_TOKEN"; }; f'
    ),
}


def mirror(root: Path, html: Path, remote: str, branch: str) -> dict[str, str]:
    """Append a built site to a branch of any repository, if it differs.

    The PDF is left out: it is large and differs from print to print, so that
    the branch would grow by all of it each time.

    Where that repository asks for them, it gets the environment variables
    ``BOOK_MIRROR_USER`` and ``BOOK_MIRROR_TOKEN`` as name and password.

    Parameters
    ----------
    root : Path
        Folder of the book, in a clone of its repository.
    html : Path
        The built site.
    remote : str
        Name or address of the repository that gets it.
    branch : str
        The branch that its host serves.

    Returns
    -------
    dict of str to str
        The branch -> its new commit; empty if it is as it should be.

    Raises
    ------
    BookError
        When there is no site or git refuses; nothing has changed then.
    """
    files = {
        path.relative_to(html).as_posix(): path.read_bytes()
        for path in sorted(html.rglob("*"))
        if path.is_file() and path.parent.name != PDF
    }
    if "index.html" not in files:
        raise BookError([not_built(html.as_posix(), "there is no site")])
    # A branch such as "a:b" would change more than itself.
    options = ("check-ref-format", "--branch", branch)
    if run_git(root, *options).stdout != f"{branch}\n".encode():
        what = f"{branch!r} is no name of a branch"
        hint = "name it as the mirror's host says, such as pages"
        raise BookError(
            [Problem("BOOK_MIRROR_BRANCH", 1, "bad-branch", what, hint)]
        )
    # Or hosts that prepare sites with Jekyll would leave out _static.
    files[".nojekyll"] = b""
    return append(root, remote, {branch: files}, MIRROR_ACCESS)


def main(root: Path, arguments: Namespace) -> int:
    """Publish the mirror that the environment names."""
    remote = os.environ.get("BOOK_MIRROR", "")
    if not remote:
        print("error: set BOOK_MIRROR, the mirror's address", file=sys.stderr)
        return 2
    branch = os.environ.get("BOOK_MIRROR_BRANCH") or "pages"
    html = root / "_build" / "html"
    for name, commit in mirror(root, html, remote, branch).items():
        print(f"{name}: {commit or 'unchanged'}")
    return 0
