"""Tests on several workers (pytest-xdist): which stay together, which begin, and which failed."""

from __future__ import annotations

import pytest
from xdist.scheduler import LoadScopeScheduling

# One worker starts the browser and the Parley that these share, and installs packages of Node.js. There are
# two groups of them: one alone would still run when all else has ended.
SHARING = {
    "the readers'": (
        "tests/e2e/test_widget",
        "tests/e2e/test_documents",
        "tests/web/",
        "tests/test_readme.py",
    ),
    "the staff's": ("tests/e2e/", "tests/contract/test_perspective_"),
}
LONGEST = "tests/faults/"


def group(nodeid: str) -> str:
    """Return what a test stays together with: its own file's, or all that share the costliest fixtures.

    >>> group("tests/e2e/test_widget.py::test_a") == group("tests/test_readme.py::test_b[c::d]")
    True
    >>> group("tests/models/training/test_fast.py::test_a[b]")
    'tests/models/training/test_fast.py'
    """
    path = nodeid.partition("::")[0]
    return next((name for name, paths in SHARING.items() if path.startswith(paths)), path)


def rank(nodeid: str) -> int:
    """Return a number by which the longest groups come first.

    >>> [rank(f"tests/{path}") for path in ("faults/test_faults.py", "web/test_types.py", "models/test_x.py")]
    [0, 1, 2]
    """
    return 0 if nodeid.startswith(LONGEST) else 1 if group(nodeid) in SHARING else 2


class Scheduling(LoadScopeScheduling):
    """Hands out whole groups, in the order of their first tests."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)


class AtOnce:
    """Names a failed test when it fails: whoever stops a run, or has it stopped, knows what to look at."""

    def __init__(self, reporter: pytest.TerminalReporter) -> None:
        self.reporter = reporter

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write a line between the dots."""
        if report.failed:
            self.reporter.write_line(f"\nFAILED {report.nodeid} ({report.when})")
