"""The widget's JSDoc types, checked by TypeScript. Nothing is built."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests import node

HERE = Path(__file__).parent


def node_modules() -> Path:
    """Return the folder of the locked Node tools, installed if it is not there yet."""
    return node.node_modules(HERE)


def test_the_widget_keeps_its_types():
    command = ["node", str(node_modules() / "typescript" / "bin" / "tsc"), "--project", str(HERE)]

    checked = subprocess.run(command, capture_output=True, text=True, timeout=120)

    assert checked.returncode == 0, checked.stdout


def test_the_lock_file_names_no_registry():
    lock = (HERE / "package-lock.json").read_text()

    assert "://" not in lock
    assert "resolved" not in lock
