"""`parley score` and `evaluate`: the model without the service."""

from __future__ import annotations

import json
import math
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import starmap
from pathlib import Path
from typing import Any

from models import BadArtifact, Reading, Scorer, load_scorer
from models.evaluating.outline import Outline, Row, outline
from models.registry import Registry
from service.commands.installation import program
from service.commands.lines import MAX_LINE, TOO_LONG, batches
from service.commands.tables import aligned
from service.domain.errors import Misconfigured
from service.domain.languages import language_in_words
from service.settings import data_folder, database_server, model_folder, model_store, scoring_settings
from service.storage.database import Database
from service.wiring import ChosenInDatabase


def registry(load: Callable[[Path], Scorer] = load_scorer) -> Registry:
    """Return the models of this host's store or data folder, which need not exist.

    Which of them is in use the database says, if it is a server's.
    """
    # Scoring needs no installation, so no settings are read: that would make a data folder.
    server = database_server()
    shared = ChosenInDatabase(partial(_opened, server)) if server else None
    return Registry(data_folder(), load=load, folder=model_store(), shared=shared)


@contextmanager
def _opened(url: str) -> Iterator[Database]:
    db = Database(url, pool_size=1)
    try:
        yield db
    finally:
        db.close()


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


@dataclass(frozen=True, slots=True)
class Asked:
    """What a line asks for, or why it cannot be answered."""

    id: str | int | float | None
    text: str = ""
    language: str | None = None
    error: str | None = None


def answers(scorer: Scorer, lines: list[bytes]) -> list[str]:
    """Return one line of JSON for each line that is not blank: scores, or an error."""
    asked = [_read(line) for line in lines if line.strip()]
    good = [one for one in asked if one.error is None]
    try:
        texts, languages = [one.text for one in good], [one.language for one in good]
        readings = iter(scorer.read(texts, languages=languages))
        return [_refusal(one) if one.error else _answer(scorer, one, next(readings)) for one in asked]
    except Exception:  # one text that the model cannot read must not cost the others their scores
        if len(lines) > 1:
            return [answer for line in lines for answer in answers(scorer, [line])]
        return [_refusal(replace(asked[0], error="the model cannot read this text"))]


def _refusal(asked: Asked) -> str:
    return json.dumps({"id": asked.id, "error": asked.error})


def _answer(scorer: Scorer, asked: Asked, reading: Reading) -> str:
    """Return the answer to one line; raise ValueError if a score is no number."""
    answer = {
        "id": asked.id,
        "scores": reading.scores,
        "language": reading.language,
        "model": scorer.model_id,
        "reader": reading.reader,
    }
    return json.dumps(answer, allow_nan=False)


def _read(line: bytes) -> Asked:
    if line == TOO_LONG:
        return Asked(None, error=f"the line is longer than {MAX_LINE} bytes")
    try:
        found = json.loads(line.decode())
    except (ValueError, RecursionError):
        return Asked(None, error="the line is no JSON in UTF-8")
    if not isinstance(found, dict):
        return Asked(None, error="the line is no JSON object")
    return _checked(found)


def _checked(found: dict[str, Any]) -> Asked:
    key, text, language = found.get("id"), found.get("text"), found.get("lang")
    if (
        isinstance(key, bool)
        or not isinstance(key, (str, int, float))
        or (isinstance(key, float) and not math.isfinite(key))
    ):
        return Asked(None, error="id must be a string or a number")
    if not isinstance(text, str):
        return Asked(key, error="text must be a string")
    if any("\ud800" <= char <= "\udfff" for char in text):
        return Asked(key, error="text holds half a character (a lone surrogate)")
    if not isinstance(language, str | None):
        return Asked(key, error="lang must be a string")
    return Asked(key, text, language or None)


def labelled(
    given: str | None, command: str, usage: str, wanted: str = "a file of labelled comments"
) -> Path:
    """Return the file of labelled comments that was given; raise `Misconfigured` with what to give."""
    if given:
        return Path(given)
    raise Misconfigured(f"Cannot {command}: it needs {wanted}. Name what you have: {program()} {usage}")


def evaluate(arguments: Namespace) -> int:
    """Print how well a model does on a labelled file, as tables or JSON, and write a page of plots."""
    if arguments.site:
        return _fit(arguments)
    if arguments.policy:
        raise Misconfigured("Cannot evaluate: --policy goes with --site")
    if arguments.data and arguments.file:
        raise Misconfigured("Cannot evaluate: the data is named twice, with --data and without it")
    page = Path(arguments.html) if arguments.html else None
    if page and (page.is_dir() or not page.parent.is_dir()):  # now: an evaluation takes minutes
        raise Misconfigured(f"Cannot evaluate: {page} is no place for a file")
    scorer = loaded(arguments.model)
    data = labelled(arguments.file or arguments.data, "evaluate", "evaluate DEV.csv.gz")
    from models.evaluating import evaluation
    from models.evaluating.report import write_report

    try:
        measured = evaluation.measure(scorer, data, _say)
        found = evaluation.summary(measured, full=not arguments.short, say=_say)
        if page:
            write_report(found, measured, page)
    except (ValueError, OSError) as error:
        raise Misconfigured(f"Cannot evaluate: {error}") from None
    print(json.dumps(found, indent=2) if arguments.json else "\n".join(evaluation_lines(outline(found))))
    return 0


def _say(line: str) -> None:
    """Tell whoever waits how far it is; what is printed stays the result alone."""
    print(f"parley: {line} ...", file=sys.stderr, flush=True)


def _fit(arguments: Namespace) -> int:
    from service.commands.fitting import fit_to

    if arguments.data or arguments.file or arguments.html:
        raise Misconfigured("Cannot evaluate: --site takes the site's own comments, and no file")
    return fit_to(arguments)


def evaluation_lines(found: Outline) -> Iterator[str]:
    """Yield the lines of an evaluation for a terminal."""
    yield f"{found.model}. In brackets: 95 % intervals."
    if found.attributes:
        yield f"{found.rows} English comments, weighted so that {found.prior:.0%} have any label:"
        yield from _figure_lines(found.attributes)
    if found.mean_roc_auc is not None:
        yield f"Mean AUC of the six: {_with_ends(found.mean_roc_auc, found.mean_interval)}"
    if held := found.held:
        wrong = f"{held.false_negatives} missed, {held.false_positives} held for nothing"
        yield f"Of 1,000 comments, at all thresholds: {held.true_positives} found, {wrong}"
    if natural := found.natural:
        yield f"{natural.rows} comments as they came, {natural.positives} of them toxic:"
        yield from _figure_lines({"TOXICITY": natural})
    for code, language in found.languages.items():
        yield f"{language.rows} comments in {language_in_words(code)} (beta), as they are:"
        yield from _figure_lines(language.attributes)
    if spam := found.spam:
        yield f"{spam.rows} comments labelled for spam, as they are:"
        yield from _figure_lines({"SPAM": spam})
    yield from _suite_lines(found)


def _figure_lines(rows: Mapping[str, Row]) -> Iterator[str]:
    heads = ("ATTRIBUTE", "POSITIVE", "AUC", "AP", "ECE", "RECALL", "FALSE ALARMS", "THRESHOLD")
    yield from aligned([heads, *starmap(_figure_cells, rows.items())], "  ")


def _figure_cells(name: str, row: Row) -> tuple[str, ...]:
    if row.roc_auc is None:
        return (name, str(row.positives), *["-"] * 6)
    area, recall = (_with_ends(getattr(row, kind), row.intervals.get(kind)) for kind in ("roc_auc", "recall"))
    precision, error = f"{row.average_precision:.3f}", f"{row.ece:.3f}"
    alarms, limit = f"{row.false_alarms:.3f}", f"{row.threshold:.3f}"
    return (name, str(row.positives), area, precision, error, recall, alarms, limit)


def _with_ends(value: float, interval: Sequence[float] | None) -> str:
    return f"{value:.3f}" + (" ({:.3f}-{:.3f})".format(*interval) if interval else "")


def _suite_lines(found: Outline) -> Iterator[str]:
    for code, row in found.fairness.items():
        yield (
            f"Fairness in {code!r}: final bias metric {row.final_bias_metric:.3f};"
            f" lowest BPSN AUC {row.lowest:.3f} ({row.identity})"
        )
    if found.passed_of:
        passed, cases = found.passed_of
        yield f"Behaviour: {passed} of {cases} cases as they should be"
    if kept := found.robustness:
        yield (
            f"Robustness: of recall, disguised words leave {kept.known:.1%} (known ways)"
            f" and {kept.held_out:.1%} (others)"
        )
