"""A built book -> branches ``notebooks`` and ``binder`` of its repository.

Links open what ``notebooks`` holds.  ``binder`` holds an environment and
nothing else, so that Binder builds it anew only when requirements change.
Both only ever grow: a reader's clone, and edits in it, survive every update.

This needs git and the standard library, since the job that may write to the
repository installs nothing.
"""

import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from zipfile import ZipFile

from booktools.environment import CPU_INDEX, OLDEST
from booktools.problem import BookError, Problem
from booktools.site import Site, find_site

NOTEBOOKS = "notebooks"
BINDER = "binder"

# Where a site has its notebooks.
FOLDER = "_notebooks"

ASSETS = Path(__file__).with_name("assets")

# In requirements.txt, the paragraph that notebooks need begins with this.
HEADING = "# What chapters import"

# On Binder on top: what shows and runs notebooks, and what fetches them.
SERVER = ("jupyterlab==4.6.6", "nbgitpuller==1.3.0")

# Machines that publish have no name of their own, and need none.
AUTHOR = {
    "GIT_AUTHOR_NAME": "booktools",
    "GIT_AUTHOR_EMAIL": "booktools@book.invalid",
    "GIT_COMMITTER_NAME": "booktools",
    "GIT_COMMITTER_EMAIL": "booktools@book.invalid",
}


def publish(
    root: Path, html: Path, remote: str, environ: Mapping[str, str]
) -> dict[str, str]:
    """Append a built book to its branches, where they differ from it.

    Parameters
    ----------
    root : Path
        Folder of the book, in a clone of its repository.
    html : Path
        The built site; only its notebooks are needed.
    remote : str
        Name or address of the repository to publish to.
    environ : mapping of str to str
        Environment variables; see `find_site`.

    Returns
    -------
    dict of str to str
        Branch -> its new commit; empty for a branch that is as it should be.

    Raises
    ------
    BookError
        When something is missing or git refuses; no branch has changed then.
    """
    site = find_site(root, environ)
    environment = environment_files(root)
    contents = {
        BINDER: environment | {"README.md": _readme("binder", site)},
        NOTEBOOKS: notebook_files(html)
        | environment
        | {"README.md": _readme("notebooks", site)},
    }
    # So that nobody has to guess which chapters the notebooks are from.
    options = ("--always", "--exclude=*", "--dirty", "--abbrev=40")
    message = "Publish " + _git(root, "describe", *options)

    heads = _heads(root, remote)
    commits = {}
    for branch, files in contents.items():
        tree = _write_tree(root, files)
        parent = heads.get(branch, "")
        if parent:
            _git(root, "fetch", "--no-tags", remote, f"refs/heads/{branch}")
        if parent and _git(root, "rev-parse", f"{parent}^{{tree}}") == tree:
            continue
        parents = ("-p", parent) if parent else ()
        commits[branch] = _git(
            root, "commit-tree", tree, *parents, "-m", message, environ=AUTHOR
        )
    if commits:
        _push(root, remote, commits, heads)
    return {branch: commits.get(branch, "") for branch in contents}


def notebook_files(html: Path) -> dict[str, bytes]:
    """Return what a site offers as a whole, path -> content.

    That is its zip: notebooks and scripts with just the package that they
    were built with.
    """
    archives = sorted((html / FOLDER).glob("*.zip"))
    if len(archives) != 1:
        what = f"there are {len(archives)} zips of notebooks, not one"
        path = (html / FOLDER).as_posix()
        raise BookError(
            [Problem(path, 1, "not-built", what, "build first: make book")]
        )
    with ZipFile(archives[0]) as archive:
        # All are in one folder, which a branch is by itself.
        return {
            info.filename.partition("/")[2]: archive.read(info)
            for info in archive.infolist()
            if not info.is_dir()
        }


def environment_files(root: Path) -> dict[str, bytes]:
    """Return the files from which Binder makes an environment.

    It has what chapters import, in the versions that they were built with,
    and a Chinese font to draw with.
    """
    name = "requirements.txt"
    text = (root / name).read_text("utf-8")
    paragraphs = [p for p in text.split("\n\n") if p.startswith(HEADING)]
    if not paragraphs:
        what = f"there is no paragraph that begins {HEADING!r}"
        hint = "put what chapters import into one; Binder gets it, too"
        raise BookError([Problem(name, 1, "no-chapter-pins", what, hint)])
    lines = [
        # PyTorch's own index: the default one has gigabytes for GPUs.
        f"--extra-index-url {CPU_INDEX}",
        *_pins(paragraphs[0]),
        *(pin for pin in _pins(text) if pin.startswith("ipykernel==")),
        *SERVER,
    ]
    return {
        ".binder/apt.txt": b"fonts-noto-cjk\n",
        ".binder/requirements.txt": ("\n".join(lines) + "\n").encode(),
        ".binder/runtime.txt": b"python-%d.%d\n" % OLDEST,
    }


def _pins(text: str) -> list[str]:
    lines = [line.partition("#")[0].strip() for line in text.splitlines()]
    return [line for line in lines if line]


def _readme(name: str, site: Site | None) -> bytes:
    text = (ASSETS / f"{name}_readme.md").read_text("utf-8")
    if site:
        source = f"https://github.com/{site.owner}/{site.repository}"
        text += f"\n* 网页 / Site: <{site.url}>"
        text += f"\n* 源文件 / Source: <{source}/tree/{site.branch}>\n"
    return text.encode()


def _write_tree(root: Path, files: Mapping[str, bytes]) -> str:
    """Store files in the repository; neither branch nor index changes."""
    lines = ""
    for path, content in sorted(files.items()):
        blob = _git(root, "hash-object", "-w", "--stdin", stdin=content)
        lines += f"100644 {blob}\t{path}\0"
    with tempfile.TemporaryDirectory() as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder, "index"))}
        arguments = ("update-index", "-z", "--index-info")
        _git(root, *arguments, stdin=lines.encode(), environ=index)
        return _git(root, "write-tree", environ=index)


def _heads(root: Path, remote: str) -> dict[str, str]:
    """Return the commits on which the two branches are now."""
    refs = {f"refs/heads/{branch}": branch for branch in (BINDER, NOTEBOOKS)}
    lines = _git(root, "ls-remote", remote, *refs).splitlines()
    commits = [line.split("\t") for line in lines]
    return {refs[ref]: commit for commit, ref in commits if ref in refs}


def _push(
    root: Path,
    remote: str,
    commits: Mapping[str, str],
    heads: Mapping[str, str],
) -> None:
    """Append commits to all their branches, or to none."""
    refs = [f"{commit}:refs/heads/{name}" for name, commit in commits.items()]
    try:
        _git(root, "push", "--atomic", remote, *refs)
    except BookError:
        if _heads(root, remote) == heads:
            raise
        what = f"{remote} got other notebooks while these were on their way"
        hint = "nothing was changed; run the command again"
        raise BookError([Problem(remote, 1, "moved", what, hint)]) from None


def _git(
    root: Path,
    *arguments: str,
    stdin: bytes = b"",
    environ: Mapping[str, str] | None = None,
) -> str:
    """Return what a git command prints."""
    done = subprocess.run(
        ["git", "-C", str(root), *arguments],
        input=stdin,
        capture_output=True,
        env={**os.environ, **(environ or {})},
    )
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        what = f"git {arguments[0]} failed: {said}"
        hint = "nothing was changed; the remote must be there and writable"
        raise BookError([Problem("git", 1, "git-failed", what, hint)])
    return done.stdout.decode("utf-8", "replace").strip()
