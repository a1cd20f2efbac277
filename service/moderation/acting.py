"""What moderators do to comments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import Connection

from service.domain.access import Caller
from service.domain.audit import COMMENT
from service.domain.comment import Status, after
from service.domain.errors import AlreadyDecided, IllegalMove, NotFound
from service.domain.undoing import MOVE_TO, restored
from service.storage import audit, moves
from service.storage import comments as queries
from service.storage.database import Database
from service.storage.records import CommentRow

log = structlog.get_logger("parley.moderation")

OUTCOMES = {Status.APPROVED: "approve", Status.REJECTED: "reject"}


@dataclass(frozen=True, slots=True)
class Act:
    """What a moderator wants done to one comment, in the ``version`` that they saw.

    ``action`` is approve, reject, reopen or undo; undo takes back the moderator's own last decision.
    """

    comment_id: str
    action: str
    version: int
    note: str | None = None


def act(db: Database, caller: Caller, wanted: Act, now: datetime) -> CommentRow:
    """Carry out what a moderator wants done, and return the comment as it stands after.

    1. The comment is locked and its version compared: the loser of a race is told of the winner.
    2. The rules say where the action leads; undo is one of the actions.
    3. Status, decision, audit row and event are written together, and the comment is read back.

    Raises `NotFound` for a comment of another site, `Forbidden` for a viewer, `AlreadyDecided` if it changed
    in between, `IllegalMove` if the action is not possible.
    """
    with db.write() as connection:
        comment = queries.find_comment(connection, wanted.comment_id, lock=True)
        if comment is None or not caller.may("see", comment.site_id):
            raise NotFound("There is no such comment on a site of yours.")
        caller.must("decide", comment.site_id)
        if comment.version != wanted.version:
            raise _already_decided(comment)
        action = wanted.action
        done = _undoing(connection, comment, caller) if action == "undo" else action
        to = after(Status(comment.status), done)
        if comment.is_erased:
            raise IllegalMove(
                "the text of this comment is no longer kept: there is nothing left to decide on"
            )
        move = moves.Move(
            comment, to, action, caller.actor_kind, caller.name, OUTCOMES.get(to, "review"), note=wanted.note
        )
        moves.record(connection, [move], now)
        stands = queries.find_comment(connection, wanted.comment_id)
    assert stands is not None  # it was locked
    log.info("moderated", comment=wanted.comment_id, action=action)
    return stands


def _already_decided(comment: CommentRow) -> AlreadyDecided:
    by = comment.decided_by or "the policy"
    return AlreadyDecided(
        f"This comment was changed in the meantime: it is {comment.status}, by {by}.",
        status=comment.status,
        version=comment.version,
        by=by,
        body=comment.body,
    )


def _undoing(connection: Connection, comment: CommentRow, caller: Caller) -> str:
    history = audit.entries(connection, COMMENT, [comment.id])
    return MOVE_TO[restored(history, caller.actor_kind, caller.name)]
