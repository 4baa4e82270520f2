"""The folder of a built site: one build at a time, replaced in one step.

A build prepares the new site beside the one that readers have.  Whatever ends
it early, the old site stays; what it has prepared is removed by the next one.
"""

import ctypes
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

# Of Linux: let two names change places (renameat2, RENAME_EXCHANGE).
_AT_FDCWD, _EXCHANGE = -100, 2


def lock(folder: Path, waiting: Callable[[], None]) -> FileLock:
    """Wait until nobody else works on a folder of built things.

    The lock ends with `FileLock.release`, and with the process.

    Parameters
    ----------
    folder : Path
        The folder; it is made if it does not exist.
    waiting : callable
        Called once if somebody else works on it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = FileLock(folder / ".lock")
    try:
        found.acquire(blocking=False)
    except Timeout:
        waiting()
        found.acquire(poll_interval=0.2)
    return found


def replace_files(target: Path, files: Mapping[str, Path]) -> None:
    """Replace a folder by copies of files, all at once.

    Parameters
    ----------
    target : Path
        The folder to replace; it need not exist.
    files : mapping of str to Path
        What it has then: the names of files in it, and of what they are
        copies.  The target may have some of these itself.

    Raises
    ------
    OSError
        When the files cannot be copied; the folder is as it was then.
    """
    new = _beside(target, "new")
    forget_unfinished(target)
    new.mkdir()
    for name, source in files.items():
        copy = new / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, copy)
    replace_folder(target, new)


def replace_folder(target: Path, new: Path) -> None:
    """Put a folder in the place of another one, and delete that one.

    Where the system can (Linux), there is no moment at which the place is
    empty; elsewhere there is a very short one.
    """
    if not _exchange(target, new):
        old = _beside(target, "old")
        with suppress(FileNotFoundError):
            target.rename(old)
        new.rename(target)
    forget_unfinished(target)


def forget_unfinished(target: Path) -> None:
    """Remove what an interrupted replacement of a folder has left."""
    old = _beside(target, "old")
    if old.exists() and not target.exists():
        old.rename(target)  # interrupted between two renamings
    for folder in (old, _beside(target, "new")):
        shutil.rmtree(folder, ignore_errors=True)


def _beside(target: Path, word: str) -> Path:
    return target.with_name(f".{target.name}.{word}")


def _exchange(one: Path, other: Path) -> bool:
    """Let two folders change places; say if that was possible."""
    if sys.platform != "linux":
        return False
    rename = getattr(ctypes.CDLL(None), "renameat2", None)
    if rename is None:  # an old or another C library
        return False
    paths = os.fsencode(one), os.fsencode(other)
    code: int = rename(_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], _EXCHANGE)
    return code == 0
