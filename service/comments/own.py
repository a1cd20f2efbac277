"""What readers do with a comment of their own: look at it, take it back."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime

from service.domain.comment import Status, after
from service.domain.errors import NotFound
from service.domain.ids import receipt_for
from service.storage import comments as queries
from service.storage import moves
from service.storage.database import Database
from service.storage.records import CommentRow


@dataclass(frozen=True, slots=True)
class Look:
    """A comment as somebody may see it; ``is_own`` says that its author looks, who is told why too."""

    comment: CommentRow
    is_own: bool


def look_at_own(db: Database, comment_id: str, receipt: str | None, *, secret_key: bytes) -> Look:
    """Return a comment for its author, or for anybody if it is public; else raise `NotFound`."""
    with db.read() as connection:
        comment = queries.find_comment(connection, comment_id)
    own = comment is not None and is_own(comment_id, receipt, secret_key)
    if comment is None or not (own or comment.status == Status.APPROVED):
        raise NotFound("There is no such comment, or it is not public and the receipt is not its own.")
    return Look(comment, own)


def is_own(comment_id: str, receipt: str | None, secret_key: bytes) -> bool:
    """Whether a receipt is that of this comment, compared in constant time."""
    expected = receipt_for(secret_key, comment_id).encode()
    return receipt is not None and hmac.compare_digest(receipt.encode(errors="replace"), expected)


def withdraw(db: Database, comment_id: str, receipt: str | None, *, secret_key: bytes, now: datetime) -> None:
    """Take an author's comment back: it leaves every public answer at once.

    Raises `NotFound` without the right receipt, so that nobody learns of a hidden comment.
    """
    if not is_own(comment_id, receipt, secret_key):
        raise NotFound("There is no such comment, or the receipt is not its own.")
    with db.write() as connection:
        comment = queries.find_comment(connection, comment_id, lock=True)
        if comment is None:
            raise NotFound("There is no such comment.")
        to = after(Status(comment.status), "delete")
        actor = comment.author_id or "anonymous"
        moves.record(connection, [moves.Move(comment, to, "delete", "author", actor)], now)
