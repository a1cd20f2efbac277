"""The widget's JSDoc types, checked by TypeScript. Nothing is built."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def missing(reason: str) -> None:
    """Skip with a reason that is seen; fail where the browser tools are required."""
    if os.environ.get("PARLEY_REQUIRE_BROWSER") == "1":
        pytest.fail(f"{reason}, and PARLEY_REQUIRE_BROWSER=1 asks for it")
    pytest.skip(f"{reason}: the widget's types are not checked")


def node_modules() -> Path:
    """Return the folder of the locked Node tools, installed if it is not there yet."""
    modules = HERE / "node_modules"
    if shutil.which("node") is None or shutil.which("npm") is None:
        missing("no Node.js with npm on this machine")
    if not (modules / "typescript").is_dir():
        installed = subprocess.run(
            ["npm", "ci", "--ignore-scripts"], cwd=HERE, capture_output=True, text=True, timeout=240
        )
        if installed.returncode:
            missing(f"the Node tools could not be installed ({installed.stderr.strip()[-300:]})")
    return modules


def test_the_widget_keeps_its_types():
    command = ["node", str(node_modules() / "typescript" / "bin" / "tsc"), "--project", str(HERE)]

    checked = subprocess.run(command, capture_output=True, text=True, timeout=120)

    assert checked.returncode == 0, checked.stdout


def test_the_lock_file_names_no_registry():
    lock = (HERE / "package-lock.json").read_text()

    assert "://" not in lock
    assert "resolved" not in lock
