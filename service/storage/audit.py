"""The audit log: reading it, and what each subject keeps of its last row."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from sqlalchemy import Connection, and_, delete, exists, func, literal, or_, select, tuple_, update

from service.domain.audit import COMMENT, FOLDED
from service.storage.records import (
    AuditEntry,
    Sealed,
    StoredSeal,
    SubjectHead,
    columns,
    row_of,
    rows_of,
)
from service.storage.tables import AuditRow, Comment, Subject

ENTRIES = select(*columns(AuditEntry, AuditRow))
LOOKED_AT = 20_000  # rows in which the last deeds of somebody are looked for


def comments_after(connection: Connection, after: str, limit: int) -> list[Sealed]:
    """Return comments in order of id, with the hash each keeps of its last audit row."""
    query = select(*columns(Sealed, Comment)).where(Comment.id > after)
    return rows_of(Sealed, connection.execute(query.order_by(Comment.id).limit(limit)))


def subjects_after(connection: Connection, kind: str, after: str, limit: int) -> list[SubjectHead]:
    """Return other subjects in order of kind and id, with the hash each keeps of its last audit row."""
    query = select(*columns(SubjectHead, Subject)).where(tuple_(Subject.kind, Subject.id) > (kind, after))
    return rows_of(SubjectHead, connection.execute(query.order_by(Subject.kind, Subject.id).limit(limit)))


def with_a_log(connection: Connection, kind: str) -> list[str]:
    """Return the subjects of a kind to which something was done."""
    return list(connection.scalars(select(Subject.id).where(Subject.kind == kind).order_by(Subject.id)))


def known(connection: Connection, kind: str, ids: Collection[str]) -> set[str]:
    """Return which of some subjects that are no comments have a log."""
    query = select(Subject.id).where(Subject.kind == kind, Subject.id.in_(ids))
    return set(connection.scalars(query))


def entries(connection: Connection, kind: str, ids: Collection[str]) -> list[AuditEntry]:
    """Return everything done to some subjects of one kind, in order of id and sequence."""
    query = ENTRIES.where(AuditRow.subject_kind == kind, AuditRow.subject_id.in_(ids))
    return rows_of(AuditEntry, connection.execute(query.order_by(AuditRow.subject_id, AuditRow.sequence)))


def last_of(connection: Connection, kind: str, actor_kind: str, actor: str, limit: int) -> list[str]:
    """Return to which subjects of a kind somebody did something last, newest first, without repeats.

    Only the newest rows of the log are looked at, so this costs the same beside any log.
    """
    newest = select(func.max(AuditRow.id)).scalar_subquery()
    query = select(AuditRow.subject_id).where(
        AuditRow.id > newest - LOOKED_AT,
        AuditRow.subject_kind == kind,
        AuditRow.actor_kind == actor_kind,
        AuditRow.actor == actor,
    )
    return list(dict.fromkeys(connection.scalars(query.order_by(AuditRow.id.desc()).limit(limit))))


def trail(connection: Connection, kind: str, subject_id: str, batch: int) -> Iterator[AuditEntry]:
    """Give everything done to one subject by sequence, however much it is."""
    after = 0
    query = ENTRIES.where(AuditRow.subject_kind == kind, AuditRow.subject_id == subject_id)
    while rows := rows_of(
        AuditEntry,
        connection.execute(query.where(AuditRow.sequence > after).order_by(AuditRow.sequence).limit(batch)),
    ):
        yield from rows
        after = rows[-1].sequence


def without_subject(connection: Connection, limit: int) -> list[tuple[str, str]]:
    """Return kind and id of subjects that have entries and are not there themselves."""
    is_comment = AuditRow.subject_kind == COMMENT
    comment = exists().where(Comment.id == AuditRow.subject_id)
    other = exists().where(Subject.kind == AuditRow.subject_kind, Subject.id == AuditRow.subject_id)
    query = select(AuditRow.subject_kind, AuditRow.subject_id).distinct()
    lost = query.where(or_(and_(is_comment, ~comment), and_(~is_comment, ~other)))
    return [(row.subject_kind, row.subject_id) for row in connection.execute(lost.limit(limit))]


def seals_after(connection: Connection, after: int, limit: int) -> list[StoredSeal]:
    """Return the seals of all entries in the order they were written, each with its site."""
    site = func.coalesce(Comment.site_id, Subject.site_id)
    query = (
        select(*columns(StoredSeal, AuditRow, site_id=site))
        .outerjoin(Comment, and_(AuditRow.subject_kind == COMMENT, Comment.id == AuditRow.subject_id))
        .outerjoin(Subject, and_(Subject.kind == AuditRow.subject_kind, Subject.id == AuditRow.subject_id))
        .where(AuditRow.id > after, or_(Comment.id.is_not(None), Subject.id.is_not(None)))
    )
    return rows_of(StoredSeal, connection.execute(query.order_by(AuditRow.id).limit(limit)))


def newest(connection: Connection, kind: str | None, limit: int) -> list[AuditEntry]:
    """Return what was done last to subjects that are no comments, the newest first."""
    which = AuditRow.subject_kind != COMMENT if kind is None else AuditRow.subject_kind == kind
    query = ENTRIES.where(which).order_by(AuditRow.id.desc()).limit(limit)
    return rows_of(AuditEntry, connection.execute(query))


def last_entry(connection: Connection, kind: str, subject_id: str) -> AuditEntry | None:
    """Return the latest thing done to a subject."""
    query = ENTRIES.where(and_(AuditRow.subject_kind == kind, AuditRow.subject_id == subject_id))
    return row_of(AuditEntry, connection.execute(query.order_by(AuditRow.sequence.desc()).limit(1)))


def with_entries_before(connection: Connection, before: datetime, limit: int) -> list[tuple[str, str]]:
    """Return kind and id of subjects with entries from before a time that were not folded yet."""
    query = select(AuditRow.subject_kind, AuditRow.subject_id, func.min(AuditRow.id))
    old = query.where(AuditRow.created_at < before, AuditRow.action != FOLDED)
    grouped = old.group_by(AuditRow.subject_kind, AuditRow.subject_id).order_by(func.min(AuditRow.id))
    return [(row[0], row[1]) for row in connection.execute(grouped.limit(limit))]


def held_head(connection: Connection, kind: str, subject_id: str) -> SubjectHead | None:
    """Return how far a subject's log has come, held until the transaction ends."""
    comment = select(
        literal(COMMENT), Comment.id, Comment.site_id, Comment.version, Comment.audit_head
    ).where(Comment.id == subject_id)
    other = select(*columns(SubjectHead, Subject)).where(Subject.kind == kind, Subject.id == subject_id)
    query = comment if kind == COMMENT else other
    return row_of(SubjectHead, connection.execute(query.with_for_update()))


def fold(connection: Connection, entry: AuditEntry) -> None:
    """Put an entry in the place of itself and all before it of its subject."""
    own = and_(AuditRow.subject_kind == entry.subject_kind, AuditRow.subject_id == entry.subject_id)
    names = ("action", "reasons", "scores", "model_id", "note", "detail", "hash")
    connection.execute(delete(AuditRow).where(own, AuditRow.sequence < entry.sequence))
    connection.execute(
        update(AuditRow)
        .where(own, AuditRow.sequence == entry.sequence)
        .values({name: getattr(entry, name) for name in names})
    )
