"""Linux: a process between the build and a kernel, for what a kernel leaves.

It imports little, since every kernel waits for it.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress

# Of prctl.
_DIE_WITH_PARENT = 1
_ADOPT_ORPHANS = 36


def guard(is_over: Callable[[], bool], log: str, *folders: str) -> None:
    """Fork: return in the child; here wait for its end, then do the same.

    The child leads a session of its own.  With it ends all that it started,
    directly or not: orphans (daemons, ``setsid``, ``nohup``) are given to
    this process, not to that of the system.  Nothing can be promised for what
    another program starts when it is asked to (``docker run``, ``at``,
    ``systemd-run``), what becomes another user, or a guard that is killed.

    Parameters
    ----------
    is_over : callable
        Asked twice a second whether the build is gone, killed perhaps.
    log : str
        A file for what the child says before it can say it in messages.
    folders : str
        Temporary folders of the build, which are removed in that case.
    """
    prctl = ctypes.CDLL(None).prctl
    prctl(_ADOPT_ORPHANS, 1, 0, 0, 0)
    signals = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    child = os.fork()
    if not child:
        prctl(_DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        os.setsid()
        file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(file, 1)
        os.dup2(file, 2)
        os.close(file)
        return
    status = None
    over = asked = False
    while status is None and not over and not asked:
        found = signal.sigtimedwait(signals, 0.5)
        asked = found is not None and found.si_signo != signal.SIGCHLD
        over = is_over()
        status = _reap(os.WNOHANG).get(child)
    while pids := _children():
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        # Orphans of those that end are then children of this process.
        status = _reap(0).get(child, status)
    if over:
        import shutil

        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
    _end_as(status or 0)


def _reap(options: int) -> dict[int, int]:
    """Take note of children that have ended: the status of each."""
    found = {}
    with suppress(ChildProcessError):
        while (pair := os.waitpid(-1, options))[0]:
            found[pair[0]] = pair[1]
            options = os.WNOHANG
    return found


def _children() -> list[int]:
    """Return the direct children of this process."""
    pids = []
    for name in filter(str.isdecimal, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
        except OSError:  # it has just ended
            continue
        if int(fields[1]) == os.getpid():
            pids.append(int(name))
    return pids


def _end_as(status: int) -> None:
    """End this process as one with this status has ended."""
    if os.WIFSIGNALED(status):
        import resource

        number = os.WTERMSIG(status)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        os.kill(os.getpid(), number)
    os._exit(os.waitstatus_to_exitcode(status))


def main() -> None:
    """Become the program that the arguments name, after that of the build."""
    build, log, *folders = sys.argv[1:5]
    command = sys.argv[5:]
    guard(lambda: os.getppid() != int(build), log, *folders)
    # Where memory ends, a kernel shall die rather than the build.
    with suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("800")
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
