"""How much of the code the tests ran, in few lines: `PARLEY_COVERAGE=1 make test`. There is no threshold."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import fill
from typing import Any

WIDTH = 100


def summary(files: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the share of lines that ran, of all and in each folder.

    Only the tests' own processes are looked into: what runs in a Parley that they start counts as not run.

    >>> print(summary({"models/a.py": {"executed_lines": [1, 2, 3], "missing_lines": [4]}}))
    coverage in the tests' own processes: 75 % (models 75 %)
    """
    ran, there = Counter[str](), Counter[str]()
    for name, file in files.items():
        for folder in _folders(name):
            ran[folder] += len(file["executed_lines"])
            there[folder] += len(file["executed_lines"]) + len(file["missing_lines"])
    shares = {
        folder: f"{100 * ran[folder] / lines:.0f} %" for folder, lines in sorted(there.items()) if lines
    }
    whole = shares.pop("")
    parts = ", ".join(f"{folder} {share}" for folder, share in shares.items())
    return fill(f"coverage in the tests' own processes: {whole} ({parts})", WIDTH, subsequent_indent="  ")


def _folders(name: str) -> Iterator[str]:
    """Yield what a file counts for: everything, and its folder at most one below the package.

    >>> list(_folders("service/api/schemas/comments.py")), list(_folders("models/training/fast.py"))
    (['', 'service/api'], ['', 'models/training'])
    """
    yield ""
    yield "/".join(Path(name).parts[:-1][:2])


if __name__ == "__main__":
    print(summary(json.loads(Path(sys.argv[1]).read_text())["files"]))
