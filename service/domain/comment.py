"""The life of a comment: its statuses, and the only table of moves between them."""

from __future__ import annotations

from enum import StrEnum

from service.domain.errors import IllegalMove

MAX_COMMENT_GRAPHEMES = 5000
MAX_COMMENT_BYTES = 20_000
MAX_NAME_GRAPHEMES = 60
MAX_NAME_BYTES = 240
MAX_NOTE_GRAPHEMES = 1000  # of a moderator's note
MAX_NOTE_BYTES = 4000


class Status(StrEnum):
    """Where a comment stands. Only ``approved`` is public."""

    RECEIVED = "received"
    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    DELETED = "deleted"


MOVES: dict[Status, dict[str, Status]] = {
    Status.RECEIVED: {
        "approve": Status.APPROVED,
        "review": Status.PENDING,
        "reject": Status.REJECTED,
        "delete": Status.DELETED,
    },
    Status.PENDING: {"approve": Status.APPROVED, "reject": Status.REJECTED, "delete": Status.DELETED},
    Status.APPROVED: {"reject": Status.REJECTED, "reopen": Status.PENDING, "delete": Status.DELETED},
    Status.REJECTED: {"approve": Status.APPROVED, "reopen": Status.PENDING, "delete": Status.DELETED},
    Status.DELETED: {},
}
ACTIONS = ("approve", "reject", "reopen", "undo")  # of moderators; undo leads back to where it came from


def choices(status: Status) -> tuple[str, ...]:
    """Return the actions of a moderator that lead on from a status.

    Undo is none of them: whether there is something to undo, only the log of the comment knows.

    >>> choices(Status.APPROVED)
    ('reject', 'reopen')
    """
    return tuple(action for action in ACTIONS if action in MOVES[status])


def after(status: Status, action: str) -> Status:
    """Return the status that ``action`` leads to; raise `IllegalMove` if there is none.

    >>> after(Status.PENDING, "approve")
    <Status.APPROVED: 'approved'>
    >>> after(Status.DELETED, "approve")
    Traceback (most recent call last):
    service.domain.errors.IllegalMove: cannot approve a comment that is deleted
    """
    try:
        return MOVES[status][action]
    except KeyError:
        raise IllegalMove(f"cannot {action} a comment that is {status}") from None
