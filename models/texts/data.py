"""Labelled comments from CSV files, plain or gzip."""

from __future__ import annotations

import csv
import gzip
import hashlib
import unicodedata
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import numpy as np
from numpy.typing import NDArray

from models.numbers import Floats

# Column of the file for each attribute.
COLUMNS = {
    "TOXICITY": "toxicity",
    "SEVERE_TOXICITY": "severe_toxicity",
    "IDENTITY_ATTACK": "identity_attack",
    "INSULT": "insult",
    "PROFANITY": "obscene",
    "THREAT": "threat",
}
SPAM = {"SPAM": "spam"}
# The challenge's own names, in the order of `COLUMNS`.
JIGSAW_COLUMNS = ("toxic", "severe_toxic", "identity_hate", "insult", "obscene", "threat")
# The one source with all six labels, as published; over-sampled in toxic comments.
REFERENCE_SOURCE = "jigsaw2018_train"


class NoRows(ValueError):
    """A file that is fine and has none of the rows that were asked for."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """Texts of one language with their labels.

    ``labels`` has shape (n, n_attributes), a share in [0, 1] or NaN where nobody annotated; columns in the
    order of `COLUMNS`, or of those asked for. ``sources`` holds a name a text.
    """

    texts: list[str]
    labels: Floats
    sources: NDArray[np.str_]

    def where(self, rows: NDArray[np.bool_]) -> Labelled:
        """Return some of the rows."""
        texts = [text for text, wanted in zip(self.texts, rows.tolist(), strict=True) if wanted]
        return Labelled(texts, self.labels[rows], self.sources[rows])

    def reference_rows(self) -> NDArray[np.bool_]:
        """Return which rows are of `REFERENCE_SOURCE`, or all rows if none is."""
        rows = self.sources == REFERENCE_SOURCE
        return np.asarray(rows if rows.any() else ~rows)


def joined(parts: Sequence[Labelled]) -> Labelled:
    """Return the rows of several sets with the same columns as one."""
    return Labelled(
        [text for part in parts for text in part.texts],
        np.vstack([part.labels for part in parts]),
        np.concatenate([part.sources for part in parts]),
    )


def distinct(data: Labelled, without: Labelled) -> Labelled:
    """Return the first row of every text, and none whose text stands in another set.

    Texts are compared by letters and digits alone, so that a copy with other spaces is a copy.
    """
    seen = {_letters(text) for text in without.texts}
    first = np.zeros(len(data.texts), np.bool_)
    for i, text in enumerate(data.texts):
        key = _letters(text)
        first[i] = key not in seen
        seen.add(key)
    return data.where(first)


def with_columns(data: Labelled, columns: int) -> Labelled:
    """Return rows with more columns, of missing labels."""
    more = np.full((len(data.texts), columns - data.labels.shape[1]), np.nan)
    return Labelled(data.texts, np.hstack([data.labels, more]), data.sources)


def _letters(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).lower()
    return "".join(filter(str.isalnum, folded)) or text


def read_labelled(
    path: Path, language: str = "en", columns: Mapping[str, str] = COLUMNS, split: str = ""
) -> Labelled:
    """Read the rows of one language that have at least one of some labels.

    With a ``split``, of a file with a column of that name only the rows with that value. An empty cell is a
    missing label, never a zero; a text that reads "None" or "NA" is a text. The column of spam may be missing
    as a whole.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not a CSV file in UTF-8 with the ``columns``, ``text``, ``lang`` and ``source``, or
        has no labelled row.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no such data file: {path}")
    texts, labels, sources = [], [], []
    try:
        for line, row in _rows(path, columns):
            if row["lang"] == language and (not split or row.get("split", split) == split):
                cells = [_label(row.get(column, ""), column, path, line) for column in columns.values()]
                if not all(np.isnan(cells)):
                    texts.append(row["text"])
                    labels.append(cells)
                    sources.append(row["source"])
    except (UnicodeDecodeError, csv.Error, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f"{path} cannot be read as CSV: {error}") from error
    if not texts:
        raise NoRows(f"{path} has no labelled row in {language!r}")
    return Labelled(texts, np.array(labels, np.float64), np.array(sources, np.str_))


def read_folder(
    folder: Path, split: str, language: str = "en", columns: Mapping[str, str] = COLUMNS
) -> list[Labelled]:
    """Read one split of every file of a folder that has rows of a language, in the order of their names.

    Raises
    ------
    FileNotFoundError, ValueError
        As `read_labelled`, or if no file of the folder has such a row.
    """
    found = []
    for path in sorted(folder.glob("*.csv*")):
        try:
            found.append(read_labelled(path, language, columns, split))
        except NoRows:
            continue
    if not found:
        raise FileNotFoundError(
            f"no file in {folder} has a labelled row in {language!r} of the split {split!r}"
        )
    return found


def read_jigsaw(path: Path) -> Labelled:
    """Read the training file of the Jigsaw 2018 challenge as its publisher hands it out.

    Raises
    ------
    FileNotFoundError, ValueError
        As `read_labelled`, if it is not there or lacks the challenge's columns.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no such data file: {path}")
    texts, labels = [], []
    try:
        with _opened(path) as file:
            rows = csv.DictReader(file, strict=True)
            missing = sorted({"comment_text", *JIGSAW_COLUMNS} - set(rows.fieldnames or ()))
            if missing:
                raise ValueError(f"{path} lacks the columns {', '.join(missing)}")
            for row in rows:
                texts.append(row["comment_text"])
                labels.append([_label(row[name], name, path, rows.line_num) for name in JIGSAW_COLUMNS])
    except (UnicodeDecodeError, csv.Error, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f"{path} cannot be read as CSV: {error}") from error
    if not texts:
        raise ValueError(f"{path} has no row")
    return Labelled(texts, np.array(labels, np.float64), np.full(len(texts), REFERENCE_SOURCE))


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


def _rows(path: Path, columns: Mapping[str, str]) -> Iterator[tuple[int, Mapping[str, str]]]:
    with _opened(path) as file:
        rows = csv.DictReader(file, strict=True)
        wanted = {"text", "lang", "source", *columns.values()} - set(SPAM.values())
        missing = sorted(wanted - set(rows.fieldnames or ()))
        if missing:
            raise ValueError(f"{path} lacks the columns {', '.join(missing)}")
        for row in rows:
            if None in row or None in row.values():
                raise ValueError(f"{path} line {rows.line_num} has another number of cells than the header")
            yield rows.line_num, row


def _opened(path: Path) -> IO[str]:
    opened = gzip.open if path.suffix == ".gz" else open
    return cast(IO[str], opened(path, "rt", encoding="utf-8", newline=""))


def _label(cell: str, column: str, path: Path, line: int) -> float:
    try:
        value = float(cell) if cell else np.nan
    except ValueError:
        value = -1.0
    if cell and not 0 <= value <= 1:
        raise ValueError(f"{path} line {line}: {column} must be empty or in [0, 1]")
    return value
