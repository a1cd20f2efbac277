"""Dying with the parent, so that a supervisor killed outright leaves nothing behind."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def die_with_parent(parent: int | None = None) -> None:
    """Ask the kernel to kill this process when its parent ends; only Linux can.

    ``parent`` is who the parent should be: if it is gone already, this process ends at once. Call it in
    the child, after the fork and before any thread is started. The wish is forgotten by a fork, and kept
    by an exec.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if parent is not None and os.getppid() != parent:
        os._exit(1)
