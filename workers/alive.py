"""Signs of life of the worker and the scheduler of this very host, for who looks without starting a Python.

In the data folder, ``alive/scoring`` is touched when a process that scores reports, ``alive/webhooks`` after
each task there (the scheduler sends one every two seconds), and ``alive/scheduler`` with each that it sends.
The health checks of ``docker-compose.yml`` look at their ages.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

FOLDER = "alive"


def touch(data_dir: Path, name: str) -> None:
    """Leave a sign of life; where none can be left, its age will tell."""
    sign = data_dir / FOLDER / name
    with contextlib.suppress(OSError):
        sign.parent.mkdir(mode=0o700, exist_ok=True)
        sign.touch(mode=0o600)
