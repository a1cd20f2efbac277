"""What a worker is told reaches the processes that it forked."""

from __future__ import annotations

import subprocess
import sys

from tests.running import ROOT

TOLD = """
import os
from celery.signals import worker_shutting_down
from workers.ending import is_ending
assert not is_ending()
told, said = os.pipe()
if child := os.fork():
    worker_shutting_down.send(sender="a signal", sig="SIGTERM", how="Warm", exitcode=0)
    os.write(said, b"!")
    sys_exit = os.waitpid(child, 0)[1]
    assert sys_exit == 0
else:
    os.read(told, 1)
    os._exit(0 if is_ending() else 1)
"""


def test_a_forked_process_learns_that_its_worker_is_told_to_end() -> None:
    ran = subprocess.run([sys.executable, "-c", TOLD], cwd=ROOT, capture_output=True, text=True, timeout=60)

    assert ran.returncode == 0, ran.stderr
