"""What is installed: Python, and every distribution that it finds."""

import functools
import os
import platform
import sys
from pathlib import Path


@functools.cache
def installed() -> tuple[str, ...]:
    """Return what may change all that chapters compute, draw or show.

    That is every distribution which Python finds: what a chapter imports
    imports others, and the kernel itself has some.  The name of its folder
    has the version; to read the files of 150 distributions takes a while.
    """
    names = {
        path.name
        for folder in sys.path
        for path in Path(folder or os.curdir).glob("*.*-info")
    }
    return (f"python {platform.python_version()}", *sorted(names))
