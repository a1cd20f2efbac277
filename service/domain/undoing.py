"""What a moderator may take back, and where the comment then stands."""

from __future__ import annotations

from collections.abc import Sequence

from service.domain.audit import Entry
from service.domain.comment import Status
from service.domain.errors import IllegalMove

DECISIONS = ("approve", "reject", "reopen")  # what may be taken back; what undid something is no decision
# The move that leads back to a status.
MOVE_TO = {Status.PENDING: "reopen", Status.APPROVED: "approve", Status.REJECTED: "reject"}


def restored(history: Sequence[Entry], actor_kind: str, actor: str) -> Status:
    """Return the status that an undo of this actor leads back to.

    Only the very last thing that was done can be taken back, only by who did it, and only once: what was
    taken back stands as before, so there is nothing of one's own left in it. An undo publishes only words
    that a person or a rule approved before; a comment that nobody had decided, or that was changed since,
    waits for a person.

    Parameters
    ----------
    history : sequence of Entry
        All that was done to the comment, oldest first.
    actor_kind, actor : str
        Who asks, as the log calls them.

    Raises
    ------
    IllegalMove
        If there is nothing to take back. The message says why.
    """
    last = history[-1] if history else None
    if last is None or (last.actor_kind, last.actor) != (actor_kind, actor):
        raise IllegalMove("there is nothing of yours to undo: the last change was not made by you")
    if last.action == "undo":
        raise IllegalMove("there is nothing of yours to undo: you took back your decision already")
    if last.action not in DECISIONS or not last.from_status:
        raise IllegalMove("there is nothing of yours to undo: the last change was no decision")
    before = Status(last.from_status)
    if before is Status.RECEIVED or (before is Status.APPROVED and not _approved(history[:-1], last)):
        return Status.PENDING
    return before


def _approved(earlier: Sequence[Entry], last: Entry) -> bool:
    """Whether somebody approved the very words that the last decision was about."""
    return any(one.action == "approve" and one.body_hash == last.body_hash for one in earlier)
