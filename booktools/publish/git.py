"""Runs git."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from booktools.problem import BookError, Problem

# What a remote's address may have git do: no command of its own, as ext::
# does, or what else is called git-remote-something on this machine.
TRANSPORTS = "file:git:http:https:ssh"


def run_git(
    root: Path,
    *arguments: str,
    stdin: bytes = b"",
    environ: Mapping[str, str] | None = None,
    timeout: float | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Run a git command in a repository; its status is not looked at.

    Parameters
    ----------
    root : Path
        A folder of the repository.
    *arguments : str
        The command and its arguments.
    stdin : bytes
        What the command reads.
    environ : mapping of str to str, optional
        Environment variables besides those of this process.
    timeout : float, optional
        Seconds after which the command is ended.

    Raises
    ------
    OSError
        Where there is no git.
    subprocess.TimeoutExpired
        When it took longer.
    """
    transports = {"GIT_ALLOW_PROTOCOL": TRANSPORTS}
    return subprocess.run(
        ["git", "-C", str(root), *arguments],
        input=stdin,
        capture_output=True,
        env={**os.environ, **transports, **(environ or {})},
        timeout=timeout,
    )


def ask_git(root: Path, *arguments: str) -> str:
    """Return what a git command prints; nothing when it or git fails.

    A question for a password, and a minute without an answer, are failures.
    """
    silently = {"GIT_TERMINAL_PROMPT": "0"}
    try:
        done = run_git(root, *arguments, environ=silently, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return ""
    if done.returncode:
        return ""
    return done.stdout.decode("utf-8", "replace").strip()


def call_git(
    root: Path,
    *arguments: str,
    stdin: bytes = b"",
    environ: Mapping[str, str] | None = None,
) -> str:
    """Return what a git command prints.

    Raises
    ------
    BookError
        With what git says, when it fails.
    """
    done = run_git(root, *arguments, stdin=stdin, environ=environ)
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        what = f"git {arguments[0]} failed: {said}"
        hint = "nothing was changed; the remote must be there and writable"
        raise BookError([Problem("git", 1, "git-failed", what, hint)])
    return done.stdout.decode("utf-8", "replace").strip()
