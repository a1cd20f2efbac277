"""Scores that somebody says a text should have: checked, kept for training, and deleted again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.domain.scores import ATTRIBUTES, by_precedence, plain_attribute
from service.domain.word_lists import utf16
from service.scoring.perspective import PROBABILITY, UNKNOWN, Passage, Refused, check_passage
from service.storage import ledger
from service.storage import suggestions as queries
from service.storage.database import Database
from service.storage.records import Community, StoredSuggestion

MAX_ATTRIBUTES = 32  # of one suggestion, and ...
MAX_SPANS = 500  # ... of one attribute, and ...
MAX_ALL_SPANS = 1000  # ... of all attributes together: so much is stored with a text
MAX_NAME = 200  # characters of a community's id, and of a token that is to be kept
MAX_LANGUAGE = 16  # characters of a code
MAX_KEPT = 100_000  # suggestions; then each new one takes the place of the oldest
BATCH = 500  # rows at a time


@dataclass(frozen=True, slots=True)
class SuggestedSpan:
    """The score of a part of a text; where it is, in UTF-16 code units, must have been said."""

    begin: int | None
    end: int | None
    value: float


@dataclass(frozen=True, slots=True)
class Label:
    """The scores that somebody says a text should have for an attribute: the whole, and parts of it.

    ``types`` are those that the scores were said to be of.
    """

    summary: float | None = None
    spans: Sequence[SuggestedSpan] = ()
    types: AbstractSet[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What is to be kept, once `check` has passed it.

    ``community`` is empty where none was named; ``token`` is the sender's own reference, ``sender`` the name
    of its key. ``labels`` are by attribute, by the names as sent.
    """

    community: str
    token: str | None
    sender: str | None
    body: str
    language: str
    labels: Mapping[str, Label]


@dataclass(frozen=True, slots=True)
class LabelledText:
    """What was suggested last for a text in a community: scores in [0, 1] of whole texts, by attribute."""

    community: str
    body: str
    language: str
    labels: Mapping[str, float]


def check(
    passage: Passage, labels: Mapping[str, Label], *, community: str = "", token: str | None = None
) -> None:
    """Check a suggested score as the API does, and that it can be kept; raise `Refused`."""
    check_passage(passage)
    for name, text in (("community_id", community), ("client_token", token or "")):
        if len(text) > MAX_NAME:
            raise Refused("INVALID_REQUEST", f"{name} has more than {MAX_NAME} characters")
    if not labels:
        raise Refused("INVALID_REQUEST", "Missing attribute_scores")
    if len(labels) > MAX_ATTRIBUTES:
        raise Refused("INVALID_REQUEST", f"Too many attributes: {len(labels)}")
    for name, label in labels.items():
        _check_label(name, label, utf16(passage.text))
    if (spans := sum(len(label.spans) for label in labels.values())) > MAX_ALL_SPANS:
        raise Refused("INVALID_REQUEST", f"Too many span scores: {spans}")


def _check_label(name: str, label: Label, length: int) -> None:
    spans, values = label.spans, [span.value for span in label.spans]
    if label.summary is not None:
        values.append(label.summary)
    if not 0 < len(name) <= MAX_NAME:
        raise Refused("INVALID_REQUEST", f"The name of an attribute has 1 to {MAX_NAME} characters")
    if not values:
        raise Refused("INVALID_REQUEST", f"Missing scores for attribute: {name}")
    if len(spans) > MAX_SPANS:
        raise Refused("INVALID_REQUEST", f"Too many span scores: {name}")
    if any(span.begin is None or span.end is None for span in spans):
        raise Refused("INVALID_REQUEST", f"Span scores need begin and end: {name}")
    if not all(0 <= (span.begin or 0) < (span.end or 0) <= length for span in spans):
        raise Refused("INVALID_REQUEST", f"Span scores must be of parts of the text: {name}")
    if other := sorted(label.types - set(PROBABILITY)):
        raise Refused("INVALID_REQUEST", f"Score type {other[0]} is not supported by attribute {name}")
    if not all(0 <= value <= 1 for value in values):
        raise Refused("INVALID_REQUEST", f"Scores must be between 0 and 1: {name}")


def keep(db: Database, suggestion: Suggestion, now: datetime, *, most: int = MAX_KEPT) -> None:
    """Store a suggestion; beyond ``most`` the oldest go, so that nobody fills the disk.

    A language code too long to be one is stored as unknown.
    """
    row = {
        "community": suggestion.community,
        "token": suggestion.token,
        "sender": suggestion.sender,
        "body": suggestion.body,
        "language": suggestion.language if len(suggestion.language) <= MAX_LANGUAGE else UNKNOWN,
        "scores": {name: _stored(label) for name, label in suggestion.labels.items()},
        "created_at": now,
    }
    with db.write() as connection:
        queries.add(connection, row, most)


def _stored(label: Label) -> dict[str, object]:
    return {"summary": label.summary, "spans": [[span.begin, span.end, span.value] for span in label.spans]}


def communities(db: Database) -> list[Community]:
    """Return each community with how much it suggested, by its name."""
    with db.read() as connection:
        return queries.communities(connection)


def every(db: Database, community: str | None = None) -> Iterator[StoredSuggestion]:
    """Yield all suggestions as stored, the oldest first; of one community, or of all (None)."""
    number = 0
    while True:
        with db.read() as connection:
            batch = queries.batch_after(connection, number, BATCH, community)
        if not batch:
            return
        yield from batch
        number = batch[-1].id


def latest(db: Database, community: str | None = None) -> Iterator[LabelledText]:
    """Yield each text of a community once, with what was suggested last for each attribute we know.

    Suggestions are read twice instead of held: of a text only a hash and its labels are in memory. Those
    that arrive meanwhile are left out.
    """
    found: dict[bytes, tuple[int, dict[str, float]]] = {}
    for row in every(db, community):
        if labels := _summaries(row.scores):
            key = _key(row)
            _, before = found.get(key, (0, {}))
            found[key] = row.id, {**before, **labels}
    for row in every(db, community):
        last, labels = found.get(_key(row), (0, {}))
        if row.id == last:
            yield LabelledText(row.community, row.body, row.language, labels)


def _key(row: StoredSuggestion) -> bytes:
    return hashlib.sha256(f"{row.community}\0{row.body}".encode()).digest()


def _summaries(scores: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    given = {
        plain_attribute(name): value
        for name in by_precedence(scores)
        if (value := scores[name]["summary"]) is not None
    }
    return {name: value for name, value in given.items() if name in ATTRIBUTES}


def delete(
    db: Database, *, community: str | None = None, token: str | None = None, before: datetime | None = None
) -> int:
    """Delete the suggestions for which all that is given holds, all of them if nothing is; return how many.

    A batch at a time, each in a transaction of its own; what was deleted stays so if a later one fails. What
    is left of it in SQLite's files goes with `Database.empty_log`.
    """
    total = 0
    while gone := _drop(db, BATCH, community, token, before):
        total += gone
    return total


def tell_deleted(db: Database, count: int, now: datetime) -> None:
    """Write into the audit log that so many suggestions were deleted."""
    happening = ledger.untold("suggestions", "all", "delete", detail={"count": count})
    with db.write() as connection:
        ledger.record(connection, happening, now)


def drop_old(db: Database, before: datetime, batch: int) -> int:
    """Delete up to a batch of the suggestions from before a time; return how many."""
    return _drop(db, batch, None, None, before)


def _drop(db: Database, limit: int, community: str | None, token: str | None, before: datetime | None) -> int:
    with db.write() as connection:
        return queries.drop(connection, limit, community=community, token=token, before=before)
