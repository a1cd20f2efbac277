"""The careful reader's library tells nobody that it runs, and leaves nothing behind."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import models
from tests.house.tree import PACKAGES, ROOT, imports, name_of, sources

READ = """
import models
scorer = models.load_scorer()
reading, = scorer.read(["They should all be sent back where they came from, every last one of them."])
print(reading.reader)
"""


def test_reading_carefully_writes_nothing_under_an_empty_home(tmp_path: Path) -> None:
    """Otherwise the wheel writes a device id there, and a base of what it means to send; seen with 1.32."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ORT_", "XDG_"))}
    done = subprocess.run(
        [sys.executable, "-c", READ],
        cwd=ROOT,
        env=kept | {"HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
        check=True,
        capture_output=True,
        text=True,
    )

    assert done.stdout.strip() == "careful"
    assert [path.name for path in tmp_path.rglob("*")] == []


def test_the_setting_stands_before_whatever_could_bring_the_library() -> None:
    first, *others = [
        node
        for node in ast.parse(Path(models.__file__).read_bytes()).body
        if not isinstance(node, ast.Expr) and ast.unparse(node) != "import os"
    ]

    assert ast.unparse(first) == "os.environ['ORT_DISABLE_TELEMETRY'] = '1'"
    assert others


def test_only_parts_of_the_package_that_sets_it_import_the_library() -> None:
    """Python runs a package before its parts, so the setting comes first wherever in it the import stands."""
    found = {
        name_of(path)
        for path in sources(*PACKAGES, "tests")
        for module in imports(path)
        if module.split(".")[0] == "onnxruntime"
    }

    assert {"models/reading/careful.py", "models/training/export.py"} <= found
    assert all(name.startswith("models/") for name in found), found
