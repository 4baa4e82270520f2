"""Copies of the tools, for tests that build a book with its own."""

import shutil
from pathlib import Path

from booktools.render import node

ROOT = Path(__file__).parents[1]


def link_packages(root: Path) -> None:
    """Let a copy of the tools use the npm packages that this one has."""
    packages = node.require_packages()
    for name in ("package.json", node.LOCK):
        shutil.copy(ROOT / name, root / name)
    (root / packages.name).symlink_to(packages)
