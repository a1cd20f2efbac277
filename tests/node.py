"""The packages of Node.js that some tests need, installed from their lock; or the test is skipped."""

from __future__ import annotations

import filecmp
import shutil
import subprocess
from pathlib import Path

from tests import needs

INSTALL_S = 240


def node_modules(folder: Path) -> Path:
    """Return a folder's ``node_modules``, as its lock file has them; skip the test where that cannot be."""
    modules, lock = folder / "node_modules", folder / "package-lock.json"
    installed = modules / ".installed.json"  # a copy of the lock: made last, and gone with an old folder
    if shutil.which("node") is None or shutil.which("npm") is None:
        needs.NODE.missing()
    if not installed.is_file() or not filecmp.cmp(lock, installed, shallow=False):
        _install(folder)
        shutil.copyfile(lock, installed)
    return modules


def _install(folder: Path) -> None:
    command = ["npm", "ci", "--ignore-scripts", "--loglevel=error"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_S)
    except subprocess.TimeoutExpired:
        needs.NODE_PACKAGES.missing(f" within {INSTALL_S} s")
    if done.returncode:
        said = " ".join(done.stderr.split())
        needs.NODE_PACKAGES.missing(f" ({said[-300:]})")
