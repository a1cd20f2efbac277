"""What was done to a comment, and whether its log was tampered with."""

from __future__ import annotations

from typing import Any

from service.domain.audit import first_break
from service.domain.errors import NotFound
from service.storage import comments as queries
from service.storage.database import Database


def history(db: Database, comment_id: str, *, sites_allowed: frozenset[str]) -> dict[str, Any]:
    """Return a comment's audit log and whether its chain of hashes holds; `NotFound` on a foreign site."""
    with db.read() as connection:
        comment = queries.find_comment(connection, comment_id)
        if comment is None or comment["site_id"] not in sites_allowed:
            raise NotFound("There is no such comment on a site of yours.")
        rows = queries.audit_rows(connection, comment_id)
    return {"entries": rows, "intact": first_break(rows, comment["audit_head"]) is None}
