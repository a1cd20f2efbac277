"""What was done to a comment and decided about it, whether its log is whole, and how comments ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from service.domain.access import Caller
from service.domain.audit import COMMENT, first_break
from service.domain.errors import NotFound
from service.storage import audit, decisions, running_heads, sites
from service.storage import comments as queries
from service.storage.database import Database
from service.storage.records import AuditEntry, DecisionRow, JudgedComment

EVIDENCE_NOT_KEPT = "evidence not kept"  # decided before evidence was kept
BY_PERSON = "decided by a person"


@dataclass(frozen=True, slots=True)
class History:
    """A comment's audit log and decisions, oldest first, and whether the log's chain of hashes holds."""

    entries: Sequence[AuditEntry]
    intact: bool
    decisions: Sequence[DecisionRow]


def history(db: Database, caller: Caller, comment_id: str) -> History:
    """Return what was done to a comment; `NotFound` for one of a site that the caller may not see."""
    with db.read() as connection:
        comment = queries.find_comment(connection, comment_id)
        if comment is None or not caller.may("see", comment.site_id):
            raise NotFound("There is no such comment on a site of yours.")
        entries = audit.entries(connection, COMMENT, [comment_id])
        made = decisions.of_subject(connection, comment.site_id, COMMENT, comment_id)
        head = running_heads.find(connection, comment.site_id)
    entries = [entry for entry in entries if entry.sequence <= comment.version]  # later ones came meanwhile
    broken = first_break(entries, comment.audit_head, db.seal_key, head.since if head else None)
    return History(entries, broken is None and bool(entries), made)


def without_evidence(decision: DecisionRow) -> str | None:
    """Say in words why a decision has no evidence; None where it has."""
    if decision.evidence is not None:
        return None
    return EVIDENCE_NOT_KEPT if decision.actor_kind == "policy" else BY_PERSON


def judged(db: Database, caller: Caller, site_id: str, limit: int) -> list[JudgedComment]:
    """Return a site's newest comments that stand and those that a moderator refused, so many of each.

    Raises `NotFound` if the caller has no such site.
    """
    caller.must("see", site_id)
    with db.read() as connection:
        sites.existing(connection, site_id)
        return decisions.judged(connection, site_id, limit)
