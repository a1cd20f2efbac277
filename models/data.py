"""Labelled comments from CSV files, plain or gzip."""

from __future__ import annotations

import csv
import gzip
import hashlib
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.linear import Floats

# Column of the file for each attribute.
COLUMNS = {
    "TOXICITY": "toxicity",
    "SEVERE_TOXICITY": "severe_toxicity",
    "IDENTITY_ATTACK": "identity_attack",
    "INSULT": "insult",
    "PROFANITY": "obscene",
    "THREAT": "threat",
}
# The one source with all six labels, as published; over-sampled in toxic comments.
REFERENCE_SOURCE = "jigsaw2018_train"


@dataclass(frozen=True, slots=True)
class Labelled:
    """Texts of one language with their labels.

    ``labels`` has shape (n, n_attributes), a share in [0, 1] or NaN where nobody annotated; columns in the
    order of `COLUMNS`. ``sources`` holds a name a text.
    """

    texts: list[str]
    labels: Floats
    sources: NDArray[np.str_]

    def reference_rows(self) -> NDArray[np.bool_]:
        """Return which rows are of `REFERENCE_SOURCE`, or all rows if none is."""
        rows = self.sources == REFERENCE_SOURCE
        return np.asarray(rows if rows.any() else ~rows)


def read_labelled(path: Path, language: str = "en") -> Labelled:
    """Read the rows of one language that have at least one of our labels.

    An empty cell is a missing label, never a zero; a text that reads "None" or "NA" is a text.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not a CSV file in UTF-8 with the columns of `COLUMNS`, ``text``, ``lang`` and ``source``, or
        has no labelled row.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no such data file: {path}")
    texts, labels, sources = [], [], []
    try:
        for line, row in _rows(path):
            if row["lang"] == language:
                cells = [_label(row[column], column, path, line) for column in COLUMNS.values()]
                if not all(np.isnan(cells)):
                    texts.append(row["text"])
                    labels.append(cells)
                    sources.append(row["source"])
    except (UnicodeDecodeError, csv.Error, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f"{path} cannot be read as CSV: {error}") from error
    if not texts:
        raise ValueError(f"{path} has no labelled row in {language!r}")
    return Labelled(texts, np.array(labels, np.float64), np.array(sources, np.str_))


def natural_weights(labels: Floats, prior: float) -> Floats:
    """Return row weights under which a share of ``prior`` has any positive label. Shape (n,), sum n.

    >>> natural_weights(np.array([[1.0], [0.0]]), prior=0.1)
    array([0.2, 1.8])
    """
    if not 0 < prior < 1:
        raise ValueError(f"prior must lie between 0 and 1, got {prior}")
    positive = np.nan_to_num(labels).max(axis=1) >= 0.5
    count = int(positive.sum())
    if not 0 < count < len(positive):
        raise ValueError(f"rows of both kinds are needed, got {count} positive of {len(positive)}")
    each = np.where(positive, prior / count, (1 - prior) / (len(positive) - count))
    return np.asarray(each * len(positive))


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, strict=True)
        wanted = {"text", "lang", "source", *COLUMNS.values()}
        missing = sorted(wanted - set(rows.fieldnames or ()))
        if missing:
            raise ValueError(f"{path} lacks the columns {', '.join(missing)}")
        for row in rows:
            if None in row or None in row.values():
                raise ValueError(f"{path} line {rows.line_num} has another number of cells than the header")
            yield rows.line_num, row


def _label(cell: str, column: str, path: Path, line: int) -> float:
    try:
        value = float(cell) if cell else np.nan
    except ValueError:
        value = -1.0
    if cell and not 0 <= value <= 1:
        raise ValueError(f"{path} line {line}: {column} must be empty or in [0, 1]")
    return value
