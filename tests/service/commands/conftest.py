"""Sub-commands run as a person would, where nothing is installed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from service.commands import main

Parley = Callable[..., tuple[int, str, str]]


@pytest.fixture
def parley(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Parley:
    """Run a sub-command in an empty folder, with no installation anywhere; return code, output, errors."""
    for name in os.environ:
        if name.startswith("PARLEY_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PARLEY_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    def run(*arguments: object) -> tuple[int, str, str]:
        code = main.main([str(argument) for argument in arguments])
        return code, *capsys.readouterr()

    return run
