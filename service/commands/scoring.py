"""`parley score`, `train`, `evaluate` and `model`: the model without the service."""

from __future__ import annotations

import json
import math
import os
import select
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from models import SHIPPED, BadArtifact, Scorer, load_scorer
from service.commands.installation import program
from service.domain.errors import Misconfigured

BATCH = 256
MAX_LINE = 1 << 20  # bytes
CHUNK = 1 << 16
DATA = Path("../shared/data")  # labelled comments, where they lie beside a checkout
TOO_LONG = b"\x00"  # stands for a line that was too long; no JSON begins like this


def loaded(folder: str | None) -> Scorer:
    """Return the model in a folder, by default the one in use; raise `Misconfigured` if it is unusable."""
    # Scoring needs no installation, so no settings are read: that would make a data folder.
    path = Path(name) if (name := folder or os.environ.get("PARLEY_MODEL_DIR")) else None
    try:
        return load_scorer(path)
    except (BadArtifact, OSError) as error:
        raise Misconfigured(f"The model cannot be used: {error}") from None


def score(arguments: Namespace) -> int:
    """Score JSON lines from standard input, in order.

    Whatever has arrived is answered at once, so that another program can converse with this one.
    """
    scorer = loaded(arguments.model)
    for lines in batches(sys.stdin.fileno()):
        sys.stdout.write("".join(answer + "\n" for answer in answers(scorer, lines)))
        sys.stdout.flush()
    return 0


def batches(fd: int) -> Iterator[list[bytes]]:
    """Yield the lines that have arrived, at most `BATCH` at a time; the last need not end in a newline."""
    rest, lines, skipping = b"", [], False
    while chunk := os.read(fd, CHUNK):
        *whole, rest = (rest + chunk).split(b"\n")
        if skipping and whole:
            whole[0], skipping = TOO_LONG, False
        if len(rest) > MAX_LINE or skipping:
            rest, skipping = b"", True
        lines += whole
        while len(lines) >= BATCH or (lines and not select.select([fd], [], [], 0)[0]):
            yield lines[:BATCH]
            lines = lines[BATCH:]
    if skipping or rest:
        lines.append(TOO_LONG if skipping else rest)
    while lines:
        yield lines[:BATCH]
        lines = lines[BATCH:]


def answers(scorer: Scorer, lines: list[bytes]) -> list[str]:
    """Return one line of JSON for each line that is not blank: scores, or an error."""
    asked = [_read(line) for line in lines if line.strip()]
    good = [one for one in asked if "error" not in one]
    try:
        readings = iter(scorer.read([one["text"] for one in good]))
        return [one_line(scorer, one, None if "error" in one else next(readings)) for one in asked]
    except Exception:  # one text that the model cannot read must not cost the others their scores
        if len(lines) > 1:
            return [answer for line in lines for answer in answers(scorer, [line])]
        return [json.dumps({"id": asked[0]["id"], "error": "the model cannot read this text"})]


def one_line(scorer: Scorer, asked: Mapping[str, Any], reading: Any) -> str:
    """Return the answer to one line; raise ValueError if a score is no number."""
    if reading is None:
        return json.dumps({"id": asked["id"], "error": asked["error"]})
    language = asked.get("lang") or reading.language
    answer = {
        "id": asked["id"],
        "scores": reading.scores,
        "language": language,
        "model": scorer.model_id,
    }
    return json.dumps(answer, allow_nan=False)


def _read(line: bytes) -> dict[str, Any]:
    if line == TOO_LONG:
        return {"id": None, "error": f"the line is longer than {MAX_LINE} bytes"}
    try:
        found = json.loads(line.decode())
    except (ValueError, RecursionError):
        return {"id": None, "error": "the line is no JSON in UTF-8"}
    if not isinstance(found, dict):
        return {"id": None, "error": "the line is no JSON object"}
    return _checked(found)


def _checked(found: dict[str, Any]) -> dict[str, Any]:
    key, text, lang = found.get("id"), found.get("text"), found.get("lang")
    if (
        isinstance(key, bool)
        or not isinstance(key, (str, int, float))
        or (isinstance(key, float) and not math.isfinite(key))
    ):
        return {"id": None, "error": "id must be a string or a number"}
    if not isinstance(text, str):
        return {"id": key, "error": "text must be a string"}
    if any("\ud800" <= char <= "\udfff" for char in text):
        return {"id": key, "error": "text holds half a character (a lone surrogate)"}
    if not isinstance(lang, str | None):
        return {"id": key, "error": "lang must be a string"}
    return {"id": key, "text": text, "lang": lang}


def train(arguments: Namespace) -> int:
    """Train a model into a folder."""
    from models import training

    learn = labelled(arguments.train, "train.csv.gz", "train")
    calibrate = labelled(arguments.dev, "dev.csv.gz", "train")
    out = Path(arguments.out) if arguments.out else SHIPPED
    try:
        training.train(learn, calibrate, out, _progress, seed=arguments.seed)
    except (BadArtifact, ValueError, OSError) as error:
        raise Misconfigured(f"Cannot train: {error}") from None
    return 0


def labelled(given: str | None, name: str, command: str) -> Path:
    """Return a file of labelled comments: the one given, or that of a name beside the checkout.

    Raises `Misconfigured` with what to give if there is neither.
    """
    if given:
        return Path(given)
    if (DATA / name).is_file():
        return DATA / name
    if command == "train":
        wanted = "two files of labelled comments, one to learn from and another to calibrate on"
        usage = "train TRAIN.csv.gz DEV.csv.gz"
    else:
        wanted, usage = "a file of labelled comments", "evaluate DEV.csv.gz"
    raise Misconfigured(f"Cannot {command}: it needs {wanted}. Name what you have: {program()} {usage}")


def _progress(line: str) -> None:
    print(line, flush=True)


def evaluate(arguments: Namespace) -> int:
    """Print how well a model does on a labelled file, as JSON."""
    from models import evaluation

    scorer = loaded(arguments.model)
    data = labelled(arguments.data, "dev.csv.gz", "evaluate")
    try:
        figures = evaluation.evaluate(scorer, data)
    except (ValueError, OSError) as error:
        raise Misconfigured(f"Cannot evaluate: {error}") from None
    print(json.dumps(figures, indent=2))
    return 0


def show_model(arguments: Namespace) -> int:
    """Print what the model in use is, as JSON."""
    scorer = loaded(arguments.model)
    shown = {
        "model": scorer.model_id,
        "attributes": list(scorer.attributes),
        "languages": sorted(scorer.languages),
        "thresholds": dict(scorer.thresholds),
    }
    print(json.dumps(shown, indent=2))
    return 0
