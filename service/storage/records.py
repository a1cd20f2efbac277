"""The rows that leave storage, as types: frozen, read by name, and known to the type checker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
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
