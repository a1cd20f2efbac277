"""The journal of threads that were renamed, moved, merged and split, and the comments that went along.

Every step is one statement for all comments of a thread, however many they are. Only answers that are taken
out of a talk are looked at one by one: they begin talks of their own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import aliased

from service.domain.comment import Status
from service.domain.ids import new_id
from service.storage.records import Placed, ThreadChangeRow, columns, row_of, rows_of
from service.storage.tables import Comment, Likeness, Thread, ThreadChange, ThreadChangeComment

IS_APPROVED = Comment.status == Status.APPROVED.value
PLACED = select(*columns(Placed, Comment))
JOURNAL = ("change_id", "comment_id", "parent_id", "root_id")


def be_patient(connection: Connection) -> None:
    """Give up, rather than others, where a decision waits for what we hold and we for it (PostgreSQL)."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL lock_timeout = '500ms'"))


def keep(
    connection: Connection,
    site: str,
    kind: str,
    thread: str,
    other: str | None,
    before: Mapping[str, Any],
    now: datetime,
) -> str:
    """Add a change to the journal; return its id."""
    made = {"id": new_id(now), "site_id": site, "kind": kind, "thread_id": thread, "other_id": other}
    connection.execute(insert(ThreadChange), made | {"before": dict(before), "created_at": now})
    return made["id"] or ""


def latest(connection: Connection, threads: Collection[str]) -> ThreadChangeRow | None:
    """Return the last change of any of some threads that was not taken back."""
    concerns = or_(ThreadChange.thread_id.in_(threads), ThreadChange.other_id.in_(threads))
    query = select(*columns(ThreadChangeRow, ThreadChange)).where(concerns, ThreadChange.undone_at.is_(None))
    return row_of(ThreadChangeRow, connection.execute(query.order_by(ThreadChange.id.desc()).limit(1)))


def mark_undone(connection: Connection, change: str, now: datetime) -> None:
    """Note that a change was taken back."""
    connection.execute(update(ThreadChange).where(ThreadChange.id == change).values(undone_at=now))


def count(connection: Connection, which: ColumnElement[bool]) -> tuple[int, int]:
    """Return how many comments there are, and how many of them are public."""
    query = select(func.count(), func.count().filter(IS_APPROVED)).select_from(Comment).where(which)
    total, public = connection.execute(query).one()
    return total, public


def in_thread(thread: str) -> ColumnElement[bool]:
    """All comments of a thread."""
    return Comment.thread_id == thread


def in_talks(thread: str, ids: Collection[str]) -> ColumnElement[bool]:
    """The talks of a thread that begin with these comments."""
    return and_(Comment.thread_id == thread, or_(Comment.id.in_(ids), Comment.root_id.in_(ids)))


def these(ids: Sequence[str]) -> ColumnElement[bool]:
    """These comments."""
    return Comment.id.in_(ids)


def journalled(change: str, thread: str) -> ColumnElement[bool]:
    """What a change took to a thread, and what was answered to it since."""
    taken = select(ThreadChangeComment.comment_id).where(ThreadChangeComment.change_id == change)
    return and_(Comment.thread_id == thread, or_(Comment.id.in_(taken), Comment.root_id.in_(taken)))


def placed(connection: Connection, thread: str, ids: Collection[str]) -> list[Placed]:
    """Return those comments that stand in a thread, oldest first."""
    query = PLACED.where(Comment.thread_id == thread, Comment.id.in_(ids)).order_by(Comment.id)
    return rows_of(Placed, connection.execute(query))


def talks_of(connection: Connection, roots: Collection[str]) -> list[Placed]:
    """Return all answers in talks, oldest first."""
    query = PLACED.where(Comment.root_id.in_(roots)).order_by(Comment.id)
    return rows_of(Placed, connection.execute(query))


def take(connection: Connection, change: str, which: ColumnElement[bool], to: str) -> None:
    """Take comments to a thread and note in the journal where they stood.

    What their posts said of their page is of another page than the thread's: it is forgotten.
    """
    noted = select(literal(change), Comment.id, Comment.parent_id, Comment.root_id).where(which)
    connection.execute(insert(ThreadChangeComment).from_select(JOURNAL, noted))
    taken = select(ThreadChangeComment.comment_id).where(ThreadChangeComment.change_id == change)
    _put(connection, Comment.id.in_(taken), to, page_title=None, page_url=None, page_key=None)


def give_back(connection: Connection, change: ThreadChangeRow) -> None:
    """Take comments, and what was answered to them since, back to the thread that gave them."""
    assert change.other_id is not None  # it gave them
    _put(connection, journalled(change.id, change.thread_id), change.other_id)


def _put(connection: Connection, which: ColumnElement[bool], thread: str, **more: Any) -> None:
    chosen = select(Comment.id).where(which)
    connection.execute(update(Likeness).where(Likeness.comment_id.in_(chosen)).values(thread_id=thread))
    connection.execute(update(Comment).where(which).values(thread_id=thread, **more))


def uproot(connection: Connection, places: Sequence[Placed]) -> None:
    """Put answers where they are told to stand: below another comment, or none."""
    if places:
        change = update(Comment).where(Comment.id == bindparam("b_id"))
        connection.execute(
            change.values(parent_id=bindparam("b_parent"), root_id=bindparam("b_root")),
            [{"b_id": one.id, "b_parent": one.parent_id, "b_root": one.root_id} for one in places],
        )


def reroot(connection: Connection, places: Sequence[Placed]) -> None:
    """Let what was answered below comments belong to the talk to which these are put back."""
    if places:
        connection.execute(
            update(Comment).where(Comment.root_id == bindparam("b_id")).values(root_id=bindparam("b_root")),
            [{"b_id": one.id, "b_root": one.root_id} for one in places],
        )


def uprooted(connection: Connection, change: str) -> list[Placed]:
    """Return where those comments stood that a change took out of a talk, oldest first."""
    noted = ThreadChangeComment
    query = (
        select(noted.comment_id, noted.parent_id, noted.root_id)
        .join(Comment, Comment.id == noted.comment_id)
        .where(noted.change_id == change, noted.root_id.is_not(None))
        .where(or_(Comment.root_id.is_(None), Comment.root_id != noted.root_id))
        .order_by(noted.comment_id)
    )
    return rows_of(Placed, connection.execute(query))


def recount(connection: Connection, ids: Collection[str]) -> None:
    """Count the public answers of comments anew, wherever these stand in a talk now."""
    if not ids:
        return
    below = aliased(Comment)
    answers = (
        select(func.count())
        .select_from(below)
        .where(below.root_id == Comment.id, below.status == Status.APPROVED.value)
        .scalar_subquery()
    )
    connection.execute(
        update(Comment)
        .where(Comment.id.in_(ids))
        .values(
            rank=Comment.rank - Comment.reply_count + answers,
            reply_count=answers,
            shown=and_(Comment.root_id.is_(None), or_(IS_APPROVED, answers > 0)),
        )
    )


def hand_over(connection: Connection, giving: str, taking: str, public: int) -> None:
    """Count public comments where they are now; both threads are another state for whoever cached them."""
    for thread, change in ((giving, -public), (taking, public)):
        connection.execute(
            update(Thread)
            .where(Thread.id == thread)
            .values(approved_count=Thread.approved_count + change, version=Thread.version + 1)
        )
