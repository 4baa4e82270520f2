"""The wheel of these tools, with all that a book needs to be built."""

import subprocess
import sys
from argparse import Namespace
from pathlib import Path

from booktools.problem import BookError, Problem
from booktools.render import node

TOOLS = Path(__file__).resolve().parents[1]
TOOLS_WHEEL = f"{TOOLS.name}-*.whl"
FOLDER = "dist"

# What is in the wheel, so that a first build needs no npm.
PACKAGES = ("axe", "katex")


def build_wheel(project: Path, folder: Path) -> None:
    """Build the wheel of a project, without a network.

    Parameters
    ----------
    project : Path
        The folder with its `pyproject.toml`.
    folder : Path
        Gets the wheel.

    Raises
    ------
    subprocess.CalledProcessError
        If it cannot be built; stderr has said why.
    """
    hatchling = ("-m", "hatchling", "build", "-t", "wheel", "-d")
    # It names the wheel, which may be in a folder that is gone at the end.
    done = subprocess.run(
        [sys.executable, *hatchling, folder.resolve()],
        cwd=project,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    if done.returncode:
        sys.stderr.buffer.write(done.stderr)
        done.check_returncode()


def build_tools(folder: Path) -> Path:
    """Build the wheel of the tools; return where it is.

    Raises
    ------
    BookError
        If npm cannot install what is in it, or these tools are not those of a
        checkout.
    subprocess.CalledProcessError
        If it cannot be built.
    """
    project = TOOLS / "pyproject.toml"
    if not project.is_file():
        what = "these tools are installed: there is nothing to build"
        hint = "run this in a checkout of the tools"
        path = project.relative_to(TOOLS.parent).as_posix()
        raise BookError([Problem(path, 1, "not-a-checkout", what, hint)])
    for name in PACKAGES:
        node.require_packages(name)
    build_wheel(TOOLS, folder)
    return max(folder.glob(TOOLS_WHEEL), key=_written)


def _written(path: Path) -> int:
    return path.stat().st_mtime_ns


def main(root: Path, arguments: Namespace) -> int:
    """Build the wheel of the tools into the folder `dist`."""
    wheel = build_tools(root / FOLDER)
    print(wheel)
    return 0
