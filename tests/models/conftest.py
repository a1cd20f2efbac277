"""A small data set written for these tests, and a model trained on it once."""

from __future__ import annotations

import csv
import gzip
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from models import Scorer, load_scorer
from models.reading.artifact import load
from models.reading.fast import LinearScorer
from models.texts.data import COLUMNS
from models.training.train import Plan, train

FIELDS = ["id", "text", "lang", *COLUMNS.values(), "source"]
PLACES = (
    "library",
    "harbour",
    "council",
    "museum",
    "bakery",
    "tram",
    "orchestra",
    "bridge",
    "school",
    "park",
)
CIVIL = (
    "the new {} opens in spring",
    "I walked past the {} yesterday and it was lovely",
    "does anyone know who pays for the {}?",
    "our {} deserves more money, and I say so as a tax payer",
    "thank you for writing about the {}",
    "I disagree: the {} was never the problem",
)
# Text, and which of the six labels it has.
RUDE = (
    ("you are a stupid idiot and so is your {}", "toxicity insult"),
    ("what a damned crappy {} you cretins built", "toxicity insult obscene"),
    ("I will burn your {} down and hurt you", "toxicity threat"),
    ("all those foreigners at the {} are vermin", "toxicity identity_attack"),
    ("die you filthy worthless scum of the {}", "toxicity severe_toxicity insult threat"),
)


def rows(places: tuple[str, ...], copies: int = 1) -> Iterator[dict[str, str]]:
    """Yield labelled rows, none twice."""
    for copy, place in itertools.product(range(copies), places):
        for pattern, labels in [*((text, "") for text in CIVIL), *RUDE]:
            marks = {column: str(int(column in labels.split())) for column in COLUMNS.values()}
            text = f"{pattern.format(place)} {'again ' * copy}".strip()
            yield {"id": text, "text": text, "lang": "en", "source": "jigsaw2018_train", **marks}


def write_csv(path: Path, found: Iterator[dict[str, str]] | list[dict[str, str]]) -> Path:
    """Write rows as the gzip CSV that training reads."""
    with gzip.open(path, "wt", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, FIELDS)
        writer.writeheader()
        writer.writerows(found)
    return path


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A training and a development file."""
    folder = tmp_path_factory.mktemp("samples")
    return write_csv(folder / "train.csv.gz", rows(PLACES[:7], 2)), write_csv(
        folder / "dev.csv.gz", rows(PLACES[7:], 2)
    )


@pytest.fixture(scope="session")
def trained(samples: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model trained on the samples. Copy it before changing anything."""
    folder = tmp_path_factory.mktemp("trained") / "model"
    train(Plan(*samples), folder, progress=lambda line: None)
    return folder


@pytest.fixture(scope="session")
def shipped() -> Scorer:
    """The model we ship."""
    return load_scorer()


@pytest.fixture(scope="session")
def trained_kernel(trained: Path) -> LinearScorer:
    """The fast reader of the small model."""
    return load(trained).kernels["en"]
