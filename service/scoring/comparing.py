"""Lines with a text and the scores that Perspective gave it, to be compared with ours."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.domain.scores import by_precedence, plain_attribute
from service.scoring.perspective import MAX_TEXT_BYTES

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# Nothing else is shown as a name: where quotes are amiss, a piece of a comment may stand in a name's place.
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


def is_blank(raw: bytes) -> bool:
    """Whether there is nothing on a line."""
    return not raw.removeprefix(BYTE_ORDER_MARK).strip()


def count_names(counts: Counter[str], names: Iterable[str]) -> None:
    """Count names; after `MAX_NAMES` of them every new one counts as `NO_NAME`."""
    counts.update(name if name in counts or len(counts) < MAX_NAMES else NO_NAME for name in names)


def read_line(raw: bytes, number: int, attributes: Sequence[str]) -> Line:
    """Return what a line says of some attributes; raise `BadLine`.

    It is a JSON object with ``text`` and ``scores``; or with ``comment`` and ``attributeScores``, as the API
    takes and gives them. ``id`` and ``lang`` may stand beside them.

    >>> line = read_line(b'{"text": "Hi", "scores": {"INSULT@6": 0.25, "FLIRTATION": 0.5}}', 1, ["INSULT"])
    >>> line.text, line.scores, line.unknown
    ('Hi', {'INSULT': 0.25}, frozenset({'FLIRTATION'}))
    """
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
