"""Node.js and the packages that some tests need: found, installed from their lock, or the test is skipped."""

from __future__ import annotations

import filecmp
import os
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest

INSTALL_S = 240
REQUIRING = ("PARLEY_REQUIRE_NODE", "PARLEY_REQUIRE_BROWSER")


def node_modules(folder: Path, use: str) -> Path:
    """Return a folder's ``node_modules``, as its lock file has them.

    ``use`` says what the test cannot do without them. It is then skipped for everybody to see, or fails
    where one of the variables in `REQUIRING` is 1.
    """
    modules, lock = folder / "node_modules", folder / "package-lock.json"
    installed = modules / ".installed.json"  # a copy of the lock: made last, and gone with an old folder
    if shutil.which("node") is None or shutil.which("npm") is None:
        _missing("no Node.js with npm on this machine", use)
    if not installed.is_file() or not filecmp.cmp(lock, installed, shallow=False):
        _install(folder, use)
        shutil.copyfile(lock, installed)
    return modules


def _install(folder: Path, use: str) -> None:
    command = ["npm", "ci", "--ignore-scripts", "--loglevel=error"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_S)
    except subprocess.TimeoutExpired:
        _missing(f"the packages of Node.js were not installed within {INSTALL_S} s", use)
    if done.returncode:
        _missing(f"the packages of Node.js could not be installed ({done.stderr.strip()[-300:]})", use)


def _missing(reason: str, use: str) -> NoReturn:
    for variable in REQUIRING:
        if os.environ.get(variable) == "1":
            pytest.fail(f"{reason}, and {variable}=1 asks for it")
    pytest.skip(f"{reason}: {use}")
