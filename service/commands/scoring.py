"""`parley score` and `evaluate`: the model without the service."""

from __future__ import annotations

import json
import math
import os
import select
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from models import BadArtifact, Reading, Scorer, load_scorer
from models.registry import Registry
from service.commands.installation import program
from service.domain.errors import Misconfigured
from service.settings import data_folder, model_folder, scoring_settings

BATCH = 256
MAX_LINE = 1 << 20  # bytes
CHUNK = 1 << 16
DATA = Path("../shared/data")  # labelled comments, where they lie beside a checkout
TOO_LONG = b"\x00"  # stands for a line that was too long; no JSON begins like this


def registry(load: Callable[[Path], Scorer] = load_scorer) -> Registry:
    """Return the models of this host's data folder, which need not exist."""
    # Scoring needs no installation, so no settings are read: that would make a data folder.
    return Registry(data_folder(), load=load)


def loaded(given: str | None, *, as_served: bool = False) -> Scorer:
    """Return a model by its id or folder, by default the one in use.

    ``as_served`` has it read as the settings say; without that it reads as it was made to.
    Raises `Misconfigured` if it is unusable.
    """
    options = asdict(scoring_settings()) if as_served else {}
    load: Callable[[Path], Scorer] = partial(load_scorer, **options)
    try:
        if given:
            return registry(load).open(given)
        folder = model_folder()
        return load(folder) if folder else registry(load).in_use()
    except (BadArtifact, OSError) as error:
        raise Misconfigured(f"The model cannot be used: {error}") from None


def score(arguments: Namespace) -> int:
    """Score JSON lines from standard input, in order.

    Whatever has arrived is answered at once, so that another program can converse with this one.
    """
    scorer = loaded(arguments.model, as_served=True)
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
        texts, languages = [one["text"] for one in good], [one["lang"] or None for one in good]
        readings = iter(scorer.read(texts, languages=languages))
        return [one_line(scorer, one, None if "error" in one else next(readings)) for one in asked]
    except Exception:  # one text that the model cannot read must not cost the others their scores
        if len(lines) > 1:
            return [answer for line in lines for answer in answers(scorer, [line])]
        return [json.dumps({"id": asked[0]["id"], "error": "the model cannot read this text"})]


def one_line(scorer: Scorer, asked: Mapping[str, Any], reading: Reading | None) -> str:
    """Return the answer to one line; raise ValueError if a score is no number."""
    if reading is None:
        return json.dumps({"id": asked["id"], "error": asked["error"]})
    answer = {
        "id": asked["id"],
        "scores": reading.scores,
        "language": reading.language,
        "model": scorer.model_id,
        "reader": reading.reader,
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


def evaluate(arguments: Namespace) -> int:
    """Print how well a model does on a labelled file, as tables or JSON, and write a page of plots."""
    if arguments.data and arguments.file:
        raise Misconfigured("Cannot evaluate: the data is named twice, with --data and without it")
    page = Path(arguments.html) if arguments.html else None
    if page and (page.is_dir() or not page.parent.is_dir()):  # now: an evaluation takes minutes
        raise Misconfigured(f"Cannot evaluate: {page} is no place for a file")
    scorer = loaded(arguments.model)
    data = labelled(arguments.file or arguments.data, "dev.csv.gz", "evaluate")
    from models.evaluating import evaluation
    from models.evaluating.report import write_report

    try:
        measured = evaluation.measure(scorer, data)
        found = evaluation.summary(measured)
        if page:
            write_report(found, measured, page)
    except (ValueError, OSError) as error:
        raise Misconfigured(f"Cannot evaluate: {error}") from None
    print(json.dumps(found, indent=2) if arguments.json else "\n".join(evaluation_lines(found)))
    return 0


def evaluation_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of an evaluation for a terminal."""
    yield f"{found['model']}. In brackets: 95 % intervals."
    if found["attributes"]:
        yield f"{found['rows']} English comments, weighted so that {found['prior']:.0%} have any label:"
        yield from _figure_lines(found["attributes"])
    if "mean_roc_auc" in found:
        yield f"Mean AUC of the six: {_with_ends(found, 'mean_roc_auc')}"
    if "errors" in found:
        of_1000 = found["errors"]["any"]["per_1000"]
        wrong = f"{of_1000['false_negatives']} missed, {of_1000['false_positives']} held for nothing"
        yield f"Of 1,000 comments, at all thresholds: {of_1000['true_positives']} found, {wrong}"
    if natural := found.get("natural"):
        yield f"{natural['rows']} comments as they came, {natural['positives']} of them toxic:"
        yield from _figure_lines({"TOXICITY": natural})
    for code, language in found["languages"].items():
        yield f"{language['rows']} comments in {code!r} (beta), as they are:"
        yield from _figure_lines(language["attributes"])
    if spam := found.get("spam"):
        yield f"{spam['rows']} comments labelled for spam, as they are:"
        yield from _figure_lines({"SPAM": spam})
    yield from _suite_lines(found)


def _figure_lines(rows: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    lines = [["  ATTRIBUTE", "POSITIVE", "AUC", "AP", "ECE", "RECALL", "FALSE ALARMS", "THRESHOLD"]]
    for name, row in rows.items():
        cells = ["-"] * 6
        if "roc_auc" in row:
            area, recall = _with_ends(row, "roc_auc"), _with_ends(row, "recall")
            precision, error, alarms, limit = (
                f"{row[key]:.3f}" for key in ("average_precision", "ece", "false_alarms", "threshold")
            )
            cells = [area, precision, error, recall, alarms, limit]
        lines.append([f"  {name}", str(row["positives"]), *cells])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def _with_ends(row: Mapping[str, Any], name: str) -> str:
    interval = row.get("intervals", {}).get(name)
    return f"{row[name]:.3f}" + (" ({:.3f}-{:.3f})".format(*interval) if interval else "")


def _suite_lines(found: Mapping[str, Any]) -> Iterator[str]:
    for code, row in found.get("fairness", {}).items():
        worst = row["minimum"]["bpsn_auc"]
        yield (f"Fairness in {code!r}: final bias metric {row['final_bias_metric']:.3f};"
               f" lowest BPSN AUC {worst['value']:.3f} ({worst['identity']})")  # fmt: skip
    if behaviour := found.get("behaviour"):
        yield f"Behaviour: {behaviour['passed']} of {behaviour['cases']} cases as they should be"
    if robustness := found.get("robustness"):
        kept = {name: f"{means['kept']:.1%}" for name, means in robustness["means"].items()}
        yield (f"Robustness: of recall, disguised words leave {kept['known']} (known ways)"
               f" and {kept['held_out']} (others)")  # fmt: skip
