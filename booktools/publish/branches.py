"""A built book -> branches of repositories.

Links open what branch ``notebooks`` holds.  ``binder`` holds an environment
and nothing else, so that Binder builds it anew only when requirements change.
Both only ever grow: a reader's clone, and edits in it, survive every update.

This needs git and the standard library, since the job that may write to the
repository installs nothing.
"""

import os
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Mapping
from pathlib import Path
from zipfile import ZipFile

from booktools.environment import CPU_INDEX, OLDEST, tools_requirements
from booktools.problem import BookError, Problem, not_built
from booktools.publish.age import warn_if_older
from booktools.publish.git import call_git
from booktools.publish.layout import (
    BINDER_BRANCH,
    NOTEBOOKS,
    NOTEBOOKS_BRANCH,
    READMES,
)
from booktools.publish.repository import Site, find_site

REQUIREMENTS = "requirements.txt"
# In it, the paragraph that notebooks need begins with this.
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
        The built site; only its notebooks and `_branches` are needed.
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
    notebooks = notebook_files(html)
    contents = {
        BINDER_BRANCH: environment
        | {"README.md": _readme(html, BINDER_BRANCH, site)},
        NOTEBOOKS_BRANCH: notebooks
        | environment
        | {"README.md": _readme(html, NOTEBOOKS_BRANCH, site)},
    }
    return append(root, remote, contents, {})


def append(
    root: Path,
    remote: str,
    contents: Mapping[str, Mapping[str, bytes]],
    access: Mapping[str, str],
) -> dict[str, str]:
    """Append files to branches: to all that differ from them, or to none.

    Parameters
    ----------
    root : Path
        Folder of the book, in a clone of its repository.
    remote : str
        Name or address of the repository that gets them.
    contents : mapping
        Branch -> its files, path -> content.
    access : mapping of str to str
        Environment variables that let git in.

    Returns
    -------
    dict of str to str
        Branch -> its new commit; empty for a branch that is as it should be.

    Raises
    ------
    BookError
        When git refuses; nothing has changed then.
    """
    # So that nobody has to guess which chapters these files are from.
    options = ("--always", "--exclude=*", "--dirty", "--abbrev=40")
    message = "Publish " + call_git(root, "describe", *options)

    heads = _heads(root, remote, contents, access)
    commits = {}
    for branch, files in contents.items():
        tree = _write_tree(root, files)
        parent = heads.get(branch, "")
        if parent:
            fetch = ("fetch", "--no-tags", "--", remote)
            call_git(root, *fetch, f"refs/heads/{branch}", environ=access)
        if (
            parent
            and call_git(root, "rev-parse", f"{parent}^{{tree}}") == tree
        ):
            continue
        parents = ("-p", parent) if parent else ()
        commits[branch] = call_git(
            root, "commit-tree", tree, *parents, "-m", message, environ=AUTHOR
        )
    if commits:
        _push(root, remote, commits, heads, access)
    return {branch: commits.get(branch, "") for branch in contents}


def notebook_files(html: Path) -> dict[str, bytes]:
    """Return what a site offers as a whole, path -> content.

    That is its zip: notebooks and scripts with just the package that they
    were built with.  Those of an edition are in a folder of its language.
    """
    archives = sorted((html / NOTEBOOKS).glob("*.zip"))
    if len(archives) != 1:
        what = f"there are {len(archives)} zips of notebooks, not one"
        path = (html / NOTEBOOKS).as_posix()
        raise BookError([not_built(path, what)])
    files = _members(archives[0])
    for archive in sorted(html.glob(f"*/{NOTEBOOKS}/*.zip")):
        language = archive.parents[1].name
        for name, data in _members(archive).items():
            # The package is there once: it is the same in all languages.
            if name.endswith(".ipynb") or files.get(name) != data:
                files[f"{language}/{name}"] = data
    return files


def _members(path: Path) -> dict[str, bytes]:
    """Return the files in a zip, without the one folder that all are in."""
    with ZipFile(path) as archive:
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
    pins = chapter_pins(root)
    lines = [
        # PyTorch's own index: the default one has gigabytes for GPUs.
        f"--extra-index-url {CPU_INDEX}",
        *pins,
        *(p for p in tools_requirements() if p.startswith("ipykernel==")),
        *SERVER,
    ]
    return {
        ".binder/apt.txt": b"fonts-noto-cjk\n",
        ".binder/requirements.txt": ("\n".join(lines) + "\n").encode(),
        ".binder/runtime.txt": b"python-%d.%d\n" % OLDEST,
    }


def chapter_pins(root: Path) -> list[str]:
    """Return what readers of notebooks install: what chapters import.

    Raises
    ------
    BookError
        When `requirements.txt` has no such paragraph.
    """
    text = (root / REQUIREMENTS).read_text("utf-8")
    paragraphs = [p for p in text.split("\n\n") if p.startswith(HEADING)]
    if not paragraphs:
        what = f"there is no paragraph that begins {HEADING!r}"
        hint = "put what chapters import into one; Binder gets it, too"
        raise BookError(
            [Problem(REQUIREMENTS, 1, "no-chapter-pins", what, hint)]
        )
    return _pins(paragraphs[0])


def _pins(text: str) -> list[str]:
    lines = [line.partition("#")[0].strip() for line in text.splitlines()]
    return [line for line in lines if line]


def _readme(html: Path, branch: str, site: Site | None) -> bytes:
    """Return what stands at the top of a branch.

    The build has written it in the language of the book.
    """
    text = (html / READMES[branch]).read_text("utf-8")
    if site:
        source = f"https://github.com/{site.owner}/{site.repository}"
        text = text.replace("@site@", site.url)
        text = text.replace("@source@", f"{source}/tree/{site.branch}")
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if "@>" not in line).encode()


def _write_tree(root: Path, files: Mapping[str, bytes]) -> str:
    """Store files in the repository; neither branch nor index changes."""
    paths = sorted(files)
    with tempfile.TemporaryDirectory() as folder:
        # Numbered, since a path may be one that this system cannot have.
        copies = [Path(folder, str(i)) for i in range(len(paths))]
        for path, copy in zip(paths, copies, strict=True):
            copy.write_bytes(files[path])
        listed = "".join(f"{copy.as_posix()}\n" for copy in copies).encode()
        store = ("hash-object", "-w", "--no-filters", "--stdin-paths")
        blobs = call_git(root, *store, stdin=listed).split()
        lines = "".join(
            f"100644 {blob}\t{path}\0"
            for blob, path in zip(blobs, paths, strict=True)
        )
        index = {"GIT_INDEX_FILE": str(Path(folder, "index"))}
        arguments = ("update-index", "-z", "--index-info")
        call_git(root, *arguments, stdin=lines.encode(), environ=index)
        return call_git(root, "write-tree", environ=index)


def _heads(
    root: Path,
    remote: str,
    branches: Iterable[str],
    access: Mapping[str, str],
) -> dict[str, str]:
    """Return the commits on which branches of a remote are now."""
    refs = {f"refs/heads/{branch}": branch for branch in branches}
    listed = call_git(root, "ls-remote", "--", remote, *refs, environ=access)
    commits = [line.split("\t") for line in listed.splitlines()]
    return {refs[ref]: commit for commit, ref in commits if ref in refs}


def _push(
    root: Path,
    remote: str,
    commits: Mapping[str, str],
    heads: Mapping[str, str],
    access: Mapping[str, str],
) -> None:
    """Append commits to all their branches, or to none."""
    refs = [f"{commit}:refs/heads/{name}" for name, commit in commits.items()]
    # Not every server can take several at once, and one needs no such thing.
    atomic = ("--atomic",) if len(refs) > 1 else ()
    try:
        call_git(root, "push", *atomic, "--", remote, *refs, environ=access)
    except BookError:
        if _heads(root, remote, {*commits, *heads}, access) == heads:
            raise
        what = f"{remote} got something else while this was on its way"
        hint = "nothing was changed; run the command again"
        raise BookError([Problem(remote, 1, "moved", what, hint)]) from None


def add_arguments(parser: ArgumentParser) -> None:
    """Add what the command ``publish-notebooks`` takes."""
    parser.add_argument(
        "--remote",
        default="origin",
        help="repository that gets them (default: origin)",
    )
    parser.add_argument(
        "--site",
        type=Path,
        default=Path("_build/html"),
        metavar="DIR",
        help="the built site (default: _build/html)",
    )


def main(root: Path, arguments: Namespace) -> int:
    """Publish notebooks."""
    html = root / arguments.site
    warn_if_older(root, html)
    commits = publish(root, html, arguments.remote, os.environ)
    for branch, commit in commits.items():
        print(f"{branch}: {commit or 'unchanged'}")
    return 0
