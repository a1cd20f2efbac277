"""What host sites are told: one event per change of a comment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from service.domain.comment import Status

TYPE_OF = {
    Status.RECEIVED: "comment.received",
    Status.PENDING: "comment.pending",
    Status.APPROVED: "comment.approved",
    Status.REJECTED: "comment.rejected",
    Status.DELETED: "comment.deleted",
}
TYPES = tuple(TYPE_OF.values())


def timestamp(moment: datetime) -> str:
    """Return a moment as RFC 3339 in UTC with microseconds.

    >>> timestamp(datetime(2026, 1, 1, tzinfo=UTC))
    '2026-01-01T00:00:00.000000Z'
    """
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def subject_event(
    type_: str, subject: Mapping[str, object], actor: Mapping[str, str], sequence: int, now: datetime
) -> dict[str, object]:
    """Return the event that tells what happened to a subject that is no comment."""
    data = {**subject, "actor": actor, "sequence": sequence}
    return {"type": type_, "timestamp": timestamp(now), "data": data}


def comment_event(
    comment: Mapping[str, Any], decision: Mapping[str, object] | None, now: datetime
) -> dict[str, object]:
    """Return the event that says where a comment stands now.

    ``comment`` has id, site, thread (key, url, title), parent_id, author_name, body, status, created_at
    and sequence; ``decision`` is None, or outcome, reasons and actor. Receivers drop a ``sequence``
    lower than the last one they saw of the same comment.
    """
    data = {
        "id": comment["id"],
        "site": comment["site"],
        "thread": comment["thread"],
        "parent_id": comment["parent_id"],
        "author": {"name": comment["author_name"]},
        "body": comment["body"],
        "status": str(comment["status"]),
        "created_at": timestamp(comment["created_at"]),
        "decision": decision,
        "sequence": comment["sequence"],
    }
    return {"type": TYPE_OF[comment["status"]], "timestamp": timestamp(now), "data": data}
