"""Starts a kernel that keeps every output until the build takes it.

A kernel of its own drops outputs where more than a thousand wait, as they do
on a busy computer.  The build limits what a cell may show; here is no limit.
"""

import sys
from typing import Any


def launch(arguments: list[str]) -> None:
    """Be a kernel, in this process."""
    import zmq
    from ipykernel.kernelapp import IPKernelApp

    class KernelApp(IPKernelApp):
        def init_iopub(self, context: Any) -> None:
            context.setsockopt(zmq.SNDHWM, 0)
            super().init_iopub(context)  # type: ignore[no-untyped-call]

    KernelApp.launch_instance(arguments)


if __name__ == "__main__":
    # The folder of this file, where no chapter looks for modules.
    del sys.path[0]
    launch(sys.argv[1:])
