"""The environment and the git remote -> who publishes this book, and where."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from booktools.problem import BookError, Problem
from booktools.publish.git import ask_git

# ssh.github.com is GitHub's ssh for networks that let only port 443 through.
GITHUB_HOSTS = ("github.com", "www.github.com", "ssh.github.com")


@dataclass(frozen=True)
class Site:
    """The GitHub repository of a book and the address of its site.

    ``branch`` is the one that readers are sent to; ``url`` ends with a slash.
    """

    owner: str
    repository: str
    branch: str
    url: str


def find_site(root: Path, environ: Mapping[str, str]) -> Site | None:
    """Find out who publishes a book, so that forks need no settings.

    On GitHub Actions, ``GITHUB_REPOSITORY`` and its like say it; elsewhere
    the git remote ``origin`` does.  Only GitHub is understood, since launch
    links and Pages work nowhere else: for another forge, a local remote or
    no checkout at all there is no site, and that is no problem.

    The address is the variable ``BOOK_URL``, else the domain in the file
    `CNAME` at the root, else the one that GitHub Pages gives.

    Parameters
    ----------
    root : Path
        Folder of the book.
    environ : mapping of str to str
        Environment variables.

    Raises
    ------
    BookError
        When ``BOOK_URL`` or `CNAME` holds no web address.
    """
    repository = environ.get("GITHUB_REPOSITORY")
    if repository:
        server = environ.get("GITHUB_SERVER_URL", "https://github.com")
        remote = f"{server}/{repository}"
    else:
        remote = ask_git(root, "config", "--get", "remote.origin.url")
    owner, name = _owner_and_name(remote)
    if not name:
        return None
    if repository:
        # A pull request runs on a branch that exists only while it is open.
        branch = environ.get("GITHUB_BASE_REF") or environ.get(
            "GITHUB_REF_NAME", ""
        )
    else:
        default = "refs/remotes/origin/HEAD"
        branch = ask_git(root, "symbolic-ref", "--short", default)
        branch = branch.removeprefix("origin/")
        branch = branch or ask_git(root, "symbolic-ref", "--short", "HEAD")
    url = _own_address(root, environ) or _pages_address(owner, name)
    return Site(owner, name, branch or "main", url)


def _owner_and_name(remote: str) -> tuple[str, str]:
    """Return a GitHub remote's two names; empty ones for any other remote."""
    if "://" not in remote:
        # git@github.com:owner/name, as ssh's own tools write it
        host, _, path = remote.partition(":")
        remote = f"ssh://{host}/{path.lstrip('/')}"
    try:
        parts = urlsplit(remote)
        host = parts.hostname or ""
    except ValueError:
        return "", ""
    path = parts.path.strip("/").removesuffix(".git")
    owner, _, name = path.partition("/")
    if host not in GITHUB_HOSTS or not owner or "/" in name:
        return "", ""
    return owner, name


def _pages_address(owner: str, name: str) -> str:
    host = f"{owner.lower()}.github.io"
    return f"https://{host}/" + ("" if name.lower() == host else f"{name}/")


def _own_address(root: Path, environ: Mapping[str, str]) -> str:
    """Return the address that the author has set, or nothing."""
    source, url = "BOOK_URL", environ.get("BOOK_URL", "").strip()
    cname = root / "CNAME"
    if not url and cname.is_file():
        source, domain = "CNAME", cname.read_text("utf-8").strip()
        url = f"https://{domain}" if domain else ""
    if not url:
        return ""
    parts = urlsplit(url)
    host = parts.hostname or ""
    good = "." in host or host == "localhost"
    if parts.scheme not in ("http", "https") or not good or " " in url:
        raise BookError(
            [
                Problem(
                    source,
                    1,
                    "bad-address",
                    f"{url!r} is no web address",
                    "write BOOK_URL=https://example.org/book/, or one domain"
                    " in CNAME: example.org",
                )
            ]
        )
    return url.rstrip("/") + "/"
