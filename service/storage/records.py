"""The rows that leave storage, as types: frozen, read by name, and known to the type checker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, TypeVar, cast

from sqlalchemy import ColumnElement, Result

from service.domain.audit import Entry

Record = dict[str, Any]  # what has no type yet
Row = TypeVar("Row")


def columns(kind: type[Any], *tables: type[Any], **named: Any) -> tuple[ColumnElement[Any], ...]:
    """Return the columns that fill a record, in the order of its fields.

    A field is the column ``named`` for it, else the first of that name in one of the ``tables``.
    """
    return tuple(
        named[one.name].label(one.name) if one.name in named else _column(one.name, tables)
        for one in fields(kind)
    )


def _column(name: str, tables: Sequence[type[Any]]) -> ColumnElement[Any]:
    for table in tables:
        if name in table.__table__.c:
            return cast(ColumnElement[Any], table.__table__.c[name])
    raise KeyError(f"no table has a column {name!r}")


def rows_of(kind: type[Row], result: Result[*tuple[Any, ...]]) -> list[Row]:
    """Return all rows of a query on `columns` of ``kind``."""
    return [kind(*row) for row in result]


def row_of(kind: type[Row], result: Result[*tuple[Any, ...]]) -> Row | None:
    """Return the first row of a query on `columns` of ``kind``, or None."""
    row = result.first()
    return None if row is None else kind(*row)


def values_of(row: Any) -> dict[str, Any]:
    """Return a record as the values of an insert."""
    return {one.name: getattr(row, one.name) for one in fields(row)}


def first(result: Result[*tuple[Any, ...]]) -> Record | None:
    """Return the first row, or None."""
    row = result.mappings().first()
    return None if row is None else cast(Record, dict(row))


def every(result: Result[*tuple[Any, ...]]) -> list[Record]:
    """Return all rows."""
    return [cast(Record, dict(row)) for row in result.mappings()]


@dataclass(frozen=True, slots=True)
class CommentForLedger:
    """What an outbox event and an audit row need of a comment, as it stands before a change."""

    id: str
    site_id: str
    thread_id: str
    parent_id: str | None
    root_id: str | None
    author_id: str | None
    author_name: str | None
    body: str
    status: str | None
    version: int
    audit_head: str
    created_at: datetime
    tries: int
    thread_key: str
    thread_url: str
    thread_title: str | None
    thread_premoderate: bool


@dataclass(frozen=True, slots=True)
class CommentRow(CommentForLedger):
    """A comment with its thread, and all that a moderator or its author may see of it."""

    status: str
    edited_at: datetime | None
    decided_at: datetime | None
    decided_by: str | None
    scores: dict[str, float] | None
    reasons: list[dict[str, Any]] | None
    spans: list[list[float]] | None
    language: str | None
    model_id: str | None


@dataclass(frozen=True, slots=True)
class Answered:
    """What was answered under an idempotency key, and to which request."""

    request_hash: str
    id: str
    status: str


@dataclass(frozen=True, slots=True)
class ThreadHead:
    """The state of a thread; ``id`` is None where nobody has commented on the page yet."""

    site_id: str
    id: str | None
    key: str | None
    url: str | None
    title: str | None
    approved_count: int | None
    version: int | None
    closed_at: object  # a moment, or how the driver writes one: only whether there is one counts


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The beginning of a comment that another one answers."""

    id: str
    author_name: str | None
    status: str
    body: str
    is_cut: bool


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """One version of a site's policy, as it was written: what it leaves out has its default."""

    site_id: str
    version: int
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class AuditEntry(Entry):
    """A row of the audit log: what was done, and the hash that chains it to the row before."""

    hash: str


@dataclass(frozen=True, slots=True)
class Sealed:
    """A comment's text with the hash it keeps of its last audit row."""

    id: str
    status: str
    body: str
    audit_head: str


@dataclass(frozen=True, slots=True)
class SubjectHead:
    """How far the log of a subject that is no comment has come."""

    kind: str
    id: str
    site_id: str | None
    sequence: int
    audit_head: str


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """One decision with what it was made from; ``evidence`` is None where it was not kept."""


# Webhooks


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A webhook endpoint as it may be shown: no query for it reads a secret. ``types`` empty means all."""

    id: str
    site_id: str
    url: str
    types: Sequence[str]
    created_at: datetime
    disabled_at: datetime | None
    disabled_because: str | None
    old_secret_until: datetime | None

    def snapshot(self) -> dict[str, object]:
        """Return what an event may tell of it: never a secret, even of one that was just made."""
        return {
            "id": self.id,
            "site": self.site_id,
            "url": self.url,
            "types": list(self.types),
            "created_at": self.created_at,
            "disabled_at": self.disabled_at,
            "disabled_because": self.disabled_because,
            "old_secret_until": self.old_secret_until,
        }


@dataclass(frozen=True, slots=True)
class EndpointWithSecret(Endpoint):
    """A webhook endpoint whose secret was just made: to be shown once, and never printed by accident."""

    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ActiveEndpoint:
    """What the relay must know of an endpoint that takes events."""

    id: str
    site_id: str
    types: Sequence[str]


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event that is to be inserted; with ``relayed_at`` the relay makes no deliveries of it."""

    id: str
    site_id: str
    subject_kind: str
    subject_id: str
    sequence: int
    outcome: str
    actor_kind: str
    actor: str
    policy_version: int | None
    model_id: str | None
    evidence: dict[str, Any] | None
    reasons: list[dict[str, Any]] | None
    created_at: datetime


# Sites: who moderates them.


@dataclass(frozen=True, slots=True)
class Account:
    """What a login needs of a moderator."""

    id: str
    name: str
    password_hash: str
    disabled_at: datetime | None


@dataclass(frozen=True, slots=True)
class ListedModerator:
    """A moderator as they are listed; ``roles`` is site -> role."""

    id: str
    name: str
    created_at: datetime
    disabled_at: datetime | None
    roles: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Role:
    """What a moderator is on one site."""

    moderator_id: str
    site_id: str
    role: str


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose credential it is, of which kind, and their roles as they are now."""

    moderator_id: str
    name: str
    kind: str
    roles: Mapping[str, str]


# Scoring: what callers from outside hold and suggest.


@dataclass(frozen=True, slots=True)
class Key:
    """A key for scoring from outside; ``per_minute`` is its quota of requests."""

    id: int
    name: str
    per_minute: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class StoredSuggestion:
    """Suggested scores as they are stored; the table says how ``scores`` are written."""

    id: int
    community: str
    token: str | None
    sender: str | None
    body: str
    language: str
    scores: Mapping[str, Mapping[str, Any]]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Community:
    """How much a community suggested, and when first and last."""

    community: str
    count: int
    first: datetime
    last: datetime


# Upkeep.


@dataclass(frozen=True, slots=True)
class Beat:
    """When a worker last reported, and with which model."""

    worker: str
    seen_at: datetime
    model_id: str | None

    type: str
    payload: str
    created_at: datetime
    relayed_at: datetime | None


@dataclass(frozen=True, slots=True)
class EventToRelay:
    """An event without a place in the log; with ``relayed_at`` it has had its deliveries already."""

    position: int
    id: str
    site_id: str
    subject_kind: str
    subject_id: str
    sequence: int
    type: str
    relayed_at: datetime | None


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An event in its place in the log."""

    place: int
    id: str
    payload: str


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """One event that is to go to one endpoint."""

    id: str
    endpoint_id: str
    event_id: str
    subject_kind: str
    subject_id: str
    sequence: int
    next_attempt_at: datetime


@dataclass(frozen=True, slots=True)
class DeliveryToSend:
    """A delivery that somebody holds, with the exact text to send, the address, and what signs it."""

    id: str
    event_id: str
    subject_kind: str
    subject_id: str
    sequence: int
    attempts: int
    payload: str
    url: str
    secret: str = field(repr=False)
    old_secret: str | None = field(repr=False)
    old_secret_until: datetime | None


@dataclass(frozen=True, slots=True)
class DeliveryOutcome:
    """How a delivery stands after an attempt."""

    id: str
    status: str
    attempts: int
    next_attempt_at: datetime
    delivered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One event for one endpoint, as the log shows it."""

    id: str
    endpoint_id: str
    event_id: str
    subject_kind: str
    subject_id: str
    sequence: int
    type: str
    status: str
    attempts: int
    next_attempt_at: datetime
    delivered_at: datetime | None


@dataclass(frozen=True, slots=True)
class DeliveryToReplay:
    """A delivery, with whose endpoint it is for and whether that takes events."""

    id: str
    endpoint_id: str
    site_id: str
    subject_kind: str
    subject_id: str
    disabled_at: datetime | None


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One try of one delivery: what the receiver answered, or why it could not be reached."""

    delivery_id: str
    number: int
    started_at: datetime
    duration_ms: int
    status_code: int | None
    answer: str | None
    error: str | None
