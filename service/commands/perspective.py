"""`parley perspective compare`: the model beside Perspective, on texts that Perspective has scored."""

from __future__ import annotations

import json
import math
import re
import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import zip_longest
from typing import Any

import numpy as np

from models.evaluating.conversion import calibration, convert, rank_correlation, rank_differences
from models.numbers import Floats
from service.commands.scoring import MAX_LINE, TOO_LONG, batches, loaded
from service.domain.errors import Misconfigured
from service.domain.scores import Reading, Scorer, by_precedence, plain_attribute
from service.scoring.perspective import MAX_TEXT_BYTES

THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95)  # of Perspective
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# Nothing else is printed as a name: where quotes are amiss, a piece of a comment may stand in a name's place.
NAME = re.compile(r"[A-Z][A-Z0-9_]{0,59}(@[0-9]{1,3})?")
NO_NAME, MAX_NAMES = "another attribute", 100
MAX_ID = 100  # characters of an id that are shown


class BadLine(Exception):
    """A line that cannot be compared, and why, without a word of its text."""


@dataclass(frozen=True, slots=True)
class Line:
    """A text and its old scores by our attributes' names; ``unknown`` are the names of those we lack."""

    number: int
    id: str | int | float | None
    text: str
    language: str | None
    scores: Mapping[str, float]
    unknown: frozenset[str]


@dataclass(slots=True)
class Pairs:
    """The old and new scores of all texts so far, and what was left out. It keeps no text.

    ``unread`` are texts in languages that the model was not trained on: asked for them, the service refuses.
    """

    attributes: Sequence[str]
    keeps_ids: bool = False
    lines: int = 0
    bad: int = 0
    unread: int = 0
    languages: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    ids: list[str | int | float | None] = field(default_factory=list)
    numbers: list[Floats] = field(default_factory=list)
    scores: list[Floats] = field(default_factory=list)

    def add(self, lines: Sequence[Line], readings: Sequence[Reading]) -> None:
        """Take the scores of a batch."""
        both = zip(lines, readings, strict=True)
        kept = [(line, reading) for line, reading in both if reading.supported or reading.is_beta]
        self.unread += len(lines) - len(kept)
        self.languages.update(reading.language for _, reading in kept)
        if self.keeps_ids:
            self.ids += [line.id for line, _ in kept]
        of_lines = [[line.scores, reading.scores] for line, reading in kept]
        rows = [[[some.get(name, np.nan) for name in self.attributes] for some in two] for two in of_lines]
        self.scores.append(np.array(rows, np.float64).reshape(-1, 2, len(self.attributes)))
        self.numbers.append(np.array([line.number for line, _ in kept], np.float64))

    def by_attribute(self) -> Iterator[tuple[str, Floats, Floats]]:
        """Yield each attribute that a text has both scores of, with the old and the new ones."""
        scores = np.concatenate([np.empty((0, 2, len(self.attributes))), *self.scores])
        for at, name in enumerate(self.attributes):
            if not np.isnan(scores[:, :, at]).any(axis=1).all():
                yield name, scores[:, 0, at], scores[:, 1, at]


def compare(arguments: Namespace) -> int:
    """Compare the model with Perspective on JSON lines; exit code 1 if some lines were bad.

    The model reads as the settings say, for that is how it will be asked.
    """
    with _opened(arguments.file) as file:
        scorer = loaded(arguments.model, as_served=True)
        pairs = collect(scorer, batches(file), keeps_ids=bool(arguments.differing))
    found = summary(scorer, pairs, differing=arguments.differing or 0)
    found["careful_reader"] = scorer.careful_state
    if not found["attributes"]:
        raise Misconfigured(_why_nothing(pairs))
    print(json.dumps(found, indent=2) if arguments.json else "\n".join(report(found)))
    return 1 if pairs.bad else 0


@contextmanager
def _opened(name: str | None) -> Iterator[int]:
    """Open a file, or standard input; raise `Misconfigured` if it cannot be read."""
    if name is None:
        yield sys.stdin.fileno()
        return
    try:
        file = open(name, "rb", buffering=0)  # noqa: SIM115
    except OSError as error:
        raise Misconfigured(f"Cannot compare: {name} cannot be read ({error.strerror})") from None
    with file:
        yield file.fileno()


def collect(scorer: Scorer, chunks: Iterable[Sequence[bytes]], *, keeps_ids: bool = False) -> Pairs:
    """Score the texts of lines chunk by chunk, and say on standard error which lines are bad."""
    pairs = Pairs(scorer.attributes, keeps_ids)
    number = 0
    for chunk in chunks:
        good = []
        for number, raw in enumerate(chunk, number + 1):  # noqa: B020
            if not raw.removeprefix(BYTE_ORDER_MARK).strip():
                continue
            pairs.lines += 1
            try:
                line = read_line(raw, number, scorer.attributes)
            except BadLine as problem:
                pairs.bad += 1
                print(f"parley: line {number}: {problem}", file=sys.stderr)
                continue
            _count(pairs.unknown, sorted(line.unknown))
            if line.scores:
                good.append(line)
        if good:
            languages = [line.language for line in good]
            pairs.add(good, scorer.read([line.text for line in good], languages=languages))
    return pairs


def _count(counts: Counter[str], names: Iterable[str]) -> None:
    counts.update(name if name in counts or len(counts) < MAX_NAMES else NO_NAME for name in names)


def read_line(raw: bytes, number: int, attributes: Sequence[str]) -> Line:
    """Return what a line says; raise `BadLine`."""
    if raw == TOO_LONG:
        raise BadLine(f"it is longer than {MAX_LINE} bytes")
    try:
        found = json.loads(raw.removeprefix(BYTE_ORDER_MARK).decode())
    except (ValueError, RecursionError):
        raise BadLine("it is no JSON in UTF-8") from None
    if not isinstance(found, dict):
        raise BadLine("it is no JSON object")
    text, (scores, unknown) = _text(found), _scores(_given(found), attributes)
    key, language = found.get("id"), found.get("lang")
    is_finite = not isinstance(key, float) or math.isfinite(key)  # Python takes NaN for JSON
    if isinstance(key, bool) or not isinstance(key, str | int | float | None) or not is_finite:
        raise BadLine("id must be a string or a number")
    if not isinstance(language, str | None):
        raise BadLine("lang must be a string")
    short = key[:MAX_ID] if isinstance(key, str) else key
    return Line(number, short, text, language or None, scores, unknown)


def _scores(given: Mapping[str, Any], attributes: Sequence[str]) -> tuple[dict[str, float], frozenset[str]]:
    """Return scores by our attributes' names, and the names of those that we lack; null is no score."""
    scores, unknown = {}, set()
    for name in by_precedence(given):
        if (value := given[name]) is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise BadLine(f"the score of {_shown(name)} is no number between 0 and 1")
        if plain_attribute(name) in attributes:
            scores[plain_attribute(name)] = float(value)
        else:
            unknown.add(_shown(name))
    if not scores and not unknown:
        raise BadLine("it has no scores")
    return scores, frozenset(unknown)


def _shown(name: str) -> str:
    """Return a name that looks like an attribute's, or another word for it."""
    return name if NAME.fullmatch(name) else NO_NAME


def _text(found: Mapping[str, Any]) -> str:
    """Return a line's text, as the service would take it."""
    text, comment = found.get("text"), found.get("comment")
    if text is None and isinstance(comment, dict):
        text = comment.get("text")
    if not isinstance(text, str):
        raise BadLine("it has no text")
    if not text.strip():
        raise BadLine("its text is empty")
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise BadLine("its text holds half a character (a lone surrogate)")
    if len(text.encode()) > MAX_TEXT_BYTES:
        raise BadLine(f"its text is longer than {MAX_TEXT_BYTES} bytes")
    return text


def _given(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a line's scores by name, whatever they are."""
    scores, answer = found.get("scores"), found.get("attributeScores")
    if scores is None and isinstance(answer, dict):
        return {name: _summary_score(name, of_name) for name, of_name in answer.items()}
    if not isinstance(scores, dict):
        raise BadLine("it has no scores")
    return scores


def _summary_score(name: str, answer: object) -> object:
    summary_score = answer.get("summaryScore") if isinstance(answer, dict) else None
    if not isinstance(summary_score, dict) or "value" not in summary_score:
        raise BadLine(f"{_shown(name)} has no summaryScore with a value")
    return summary_score["value"]


def _why_nothing(pairs: Pairs) -> str:
    if not pairs.lines:
        return "Nothing can be compared: there is no line"
    if pairs.bad == pairs.lines:
        return f"Nothing can be compared: all lines are bad, {pairs.bad} of them"
    if pairs.unread:
        return f"Nothing can be compared: the model reads the language of none of {pairs.unread} texts"
    known = ", ".join(pairs.attributes)
    return f"Nothing can be compared: no text has both an old score and one of ours; ours are {known}"


def summary(
    scorer: Scorer, pairs: Pairs, *, thresholds: Sequence[float] = THRESHOLDS, differing: int = 0
) -> dict[str, Any]:
    """Return the comparison as plain JSON values; ``differing`` lines an attribute are named."""
    found: dict[str, Any] = {
        "model": scorer.model_id,
        "lines": pairs.lines,
        "bad_lines": pairs.bad,
        "unread_texts": pairs.unread,
        "texts": pairs.languages.total(),
        "languages": dict(pairs.languages.most_common()),
        "unknown_attributes": dict(pairs.unknown.most_common()),
        "attributes": {},
    }
    for name, old, new in pairs.by_attribute():
        order = rank_correlation(old, new)
        found["attributes"][name] = {
            "texts": order.texts,
            "rank_correlation": order.value,
            "rank_correlation_interval": order.interval,
            "calibration": asdict(calibration(old, new)),
            "thresholds": [asdict(row) for row in convert(old, new, thresholds)],
        }
        if differing:
            found["attributes"][name]["differing"] = list(_differing(pairs, old, new, differing))
    return found


def _differing(pairs: Pairs, old: Floats, new: Floats, wanted: int) -> Iterator[dict[str, Any]]:
    """Yield the lines that stand at the most different places among the old and the new scores."""
    numbers, apart = np.concatenate(pairs.numbers), rank_differences(old, new)
    for row in np.argsort(-np.abs(apart), kind="stable")[:wanted].tolist():  # NaN comes last
        if not np.isnan(apart[row]):
            scores = {"old": float(old[row]), "new": float(new[row]), "rank_difference": float(apart[row])}
            yield {"line": int(numbers[row]), "id": pairs.ids[row], **scores}


def report(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of a comparison for a terminal."""
    languages = ", ".join(f"{name} {count:,}" for name, count in found["languages"].items())
    yield f"{found['model']} beside Perspective on {found['texts']:,} texts ({languages})."
    yield "In brackets: 95 % intervals. 'Old' is Perspective's score, 'ours' the model's."
    if found["bad_lines"]:
        yield f"{found['bad_lines']:,} bad lines are left out."
    if found["unread_texts"]:
        yield f"{found['unread_texts']:,} texts in languages that the model does not read are left out."
    if unknown := found["unknown_attributes"]:
        named = ", ".join(f"{name} ({count:,})" for name, count in unknown.items())
        yield f"The model has nothing for these, which are left out: {named}."
    for name, row in found["attributes"].items():
        yield from ("", *_attribute_lines(name, row))


def _attribute_lines(name: str, found: Mapping[str, Any]) -> Iterator[str]:
    value = "none (too few texts, or all alike)"
    if found["rank_correlation"] is not None:
        value = f"{found['rank_correlation']:.3f}" + _ends(found["rank_correlation_interval"], "+.3f")
    yield f"{name}: {found['texts']:,} texts, rank correlation {value}"
    yield f"  Scales: {found['calibration']['gap']:.3f} apart on average, by bins of the old score"
    yield from _aligned([("OLD SCORE", "TEXTS", "MEAN OLD", "MEAN OURS"), *_bin_cells(found["calibration"])])
    yield "  Thresholds: ours hold the same share of these texts as the old ones"
    yield from _aligned([THRESHOLD_HEADS, *map(_threshold_cells, found["thresholds"])])
    for problem in dict.fromkeys(row["problem"] for row in found["thresholds"] if row["problem"]):
        limits = [f"{row['old']:.2f}" for row in found["thresholds"] if row["problem"] == problem]
        yield f"  No number at {', '.join(limits)}: {problem}"
    if found.get("differing"):
        yield "  Lines that differ most in their place among the texts:"
        yield from _aligned([("LINE", "ID", "OLD", "OURS", "PLACE"), *_differing_cells(found["differing"])])


THRESHOLD_HEADS = (
    "OLD",
    "OURS",
    "TEXTS HELD",
    "SHARE THEN",
    "SHARE NOW",
    "AGREEMENT",
    "BY CHANCE",
    "STILL HELD",
)


def _threshold_cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    held = (f"{row['texts']:,}", _percent(row["held_old"]))
    if row["problem"]:
        return (f"{row['old']:.2f}", "-", *held)
    shares = (_percent(row[key]) for key in ("held_new", "agreement", "by_chance", "still_held"))
    return (f"{row['old']:.2f}", f"{row['new']:.4g}{_ends(row['interval'], '.3g')}", *held, *shares)


def _bin_cells(found: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for row in found["bins"]:
        means = (f"{row[key]:.4f}" if row["texts"] else "-" for key in ("mean_old", "mean_new"))
        yield (f"{row['low']:.1f}-{row['high']:.1f}", f"{row['texts']:,}", *means)


def _differing_cells(rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    for row in rows:
        key = "-" if row["id"] is None else json.dumps(row["id"])
        scores = (f"{row['old']:.4f}", f"{row['new']:.4f}", f"{row['rank_difference']:+.1%}")
        yield (str(row["line"]), key, *scores)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def _ends(interval: Sequence[float], how: str) -> str:
    return f" ({interval[0]:{how}} to {interval[1]:{how}})"


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip_longest(*rows, fillvalue="")]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=False))
        yield f"    {'  '.join(cells)}".rstrip()
