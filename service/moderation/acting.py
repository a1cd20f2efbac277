"""What moderators do to comments."""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlalchemy import Connection

from service.domain.comment import Status, after
from service.domain.errors import AlreadyDecided, IllegalMove, NotFound
from service.storage import comments as queries
from service.storage import ledger
from service.storage.database import Database
from service.storage.records import Record

log = structlog.get_logger("parley.moderation")

UNDO = {Status.PENDING: "reopen", Status.APPROVED: "approve", Status.REJECTED: "reject"}


def act(
    db: Database,
    *,
    comment_id: str,
    action: str,
    version: int,
    moderator: str,
    sites_allowed: frozenset[str],
    now: datetime,
    note: str | None = None,
) -> Record:
    """Carry out a moderator's action on the version of the comment that the moderator saw.

    ``action`` is approve, reject, reopen or undo; undo takes back the moderator's own last action.
    Returns the comment as it stands after. Raises `NotFound` for a comment of another site,
    `AlreadyDecided` if it changed in between, `IllegalMove` if the action is not possible.
    """
    with db.write() as connection:
        comment = queries.find_comment(connection, comment_id, lock=True)
        if comment is None or comment["site_id"] not in sites_allowed:
            raise NotFound("There is no such comment on a site of yours.")
        if comment["version"] != version:
            raise _already_decided(comment)
        done = _undoing(connection, comment, moderator) if action == "undo" else action
        to = after(Status(comment["status"]), done)
        outcome = {Status.APPROVED: "approve", Status.REJECTED: "reject"}.get(to, "review")
        change = ledger.Change(comment, to, action, "moderator", moderator, outcome=outcome, note=note)
        ledger.record(connection, [change], now)
    log.info("moderated", comment=comment_id, action=action)
    return {**comment, "status": to.value, "version": change.sequence, "decided_by": moderator}


def _already_decided(comment: Record) -> AlreadyDecided:
    by = comment["decided_by"] or "the policy"
    return AlreadyDecided(
        f"This comment was changed in the meantime: it is {comment['status']}, by {by}.",
        status=comment["status"],
        version=comment["version"],
        by=by,
        body=comment["body"],
    )


def _undoing(connection: Connection, comment: Record, moderator: str) -> str:
    last = queries.last_audit_row(connection, comment["id"])
    if last is None or last["actor_kind"] != "moderator" or last["actor"] != moderator:
        raise IllegalMove("there is nothing of yours to undo: the last change was not made by you")
    try:
        return UNDO[Status(last["from_status"])]
    except KeyError:
        raise IllegalMove(f"cannot go back to {last['from_status']}") from None
