"""Labelled comments, and a small model of the fast reader alone."""

from __future__ import annotations

from pathlib import Path

import pytest

# What trains is imported where it is asked for: most tests of this folder would wait for it in vain.


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A file to learn from and another to calibrate on."""
    from tests.models.conftest import PLACES, rows, write_csv

    folder = tmp_path_factory.mktemp("samples")
    learn = write_csv(folder / "train.csv.gz", rows(PLACES[:7], 2))
    return learn, write_csv(folder / "dev.csv.gz", rows(PLACES[7:], 2))


@pytest.fixture(scope="session")
def trained(samples: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model without a careful reader."""
    from models.training.train import Plan, train

    folder = tmp_path_factory.mktemp("trained") / "model"
    train(Plan(*samples), folder, progress=lambda line: None)
    return folder
