"""The table of Perspective's thresholds that we ship: what the comparison finds on published scores.

It holds for the shipped model alone. To make it again after another model was shipped, from a file of
published scores: ``python -m service.commands.perspective_table SCALE.csv.gz``.
"""

from __future__ import annotations

import csv
import gzip
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

from models import Scorer, load_scorer
from service.commands.lines import BATCH
from service.commands.perspective import collect
from service.domain.scores import by_precedence, plain_attribute

TABLE = Path(__file__).parents[1] / "api" / "perspective" / "thresholds.json"
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95)
COLUMN = "P_"  # what the names of columns with scores begin with


def scale_lines(path: Path) -> Iterator[bytes]:
    """Yield published scores, a ``.csv.gz``, as the lines that `parley perspective compare` reads."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            scores = {
                name.removeprefix(COLUMN): float(cell)
                for name, cell in row.items()
                if name.startswith(COLUMN) and cell
            }
            yield json.dumps({"id": row["id"], "text": row["text"], "scores": scores}).encode()


def made(scorer: Scorer, path: Path) -> dict[str, Any]:
    """Return the table of a model, as plain JSON values."""
    lines = scale_lines(path)
    pairs = collect(scorer, iter(lambda: list(islice(lines, BATCH)), []))
    found = pairs.overview(scorer.model_id, thresholds=THRESHOLDS)
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        columns = [name.removeprefix(COLUMN) for name in next(csv.reader(file)) if name.startswith(COLUMN)]
    named = {plain_attribute(name): name for name in by_precedence(columns)}
    attributes = {
        name: {
            "perspective": named[name],
            "texts": row.texts,
            "rank_correlation": row.rank_correlation,
            "rank_correlation_interval": row.rank_correlation_interval,
            "thresholds": list(map(asdict, row.thresholds)),
        }
        for name, row in found.attributes.items()
    }
    return {"model": found.model, "texts": found.texts, "attributes": attributes}


def write(path: Path, table: Path = TABLE) -> None:
    """Make the shipped model's table again from published scores."""
    table.write_text(json.dumps(made(load_scorer(), path), indent=2) + "\n")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
