"""`parley audit` and `parley doctor`: is everything as it should be."""

from __future__ import annotations

import json
from argparse import Namespace
from dataclasses import asdict

from service.commands.database import migrated
from service.domain.access import OPERATOR
from service.domain.audit import COMMENT
from service.moderation import history
from service.settings import read_settings
from service.storage.records import AuditEntry
from service.upkeep import audit as audit_log


def verify(_arguments: Namespace) -> int:
    """Check the whole audit log; exit code 1 if it was tampered with."""
    with migrated() as db:
        count, breaks = audit_log.verify(db)
    for found in breaks:
        where = "its text was changed" if found.sequence is None else f"broken from entry {found.sequence} on"
        kind = "" if found.kind == COMMENT else f"{found.kind} "
        print(f"{kind}{found.subject_id}  {where}")
    print(f"Checked the logs of {count} comments: {len(breaks) or 'none'} broken.")
    return 1 if breaks else 0


def show(arguments: Namespace) -> int:
    """Print one comment's audit log, one entry a line as JSON; exit code 1 if its chain is broken."""
    with migrated() as db:
        found = history.history(db, OPERATOR, arguments.comment)
    for entry in found.entries:
        print(json.dumps(_shown(entry), default=lambda value: value.isoformat(), ensure_ascii=False))
    if not found.intact:
        print("The chain of hashes is broken: somebody changed this log.")
    return 0 if found.intact else 1


def _shown(entry: AuditEntry) -> dict[str, object]:
    members = asdict(entry)
    for name in ("subject_kind", "subject_id", "detail"):
        del members[name]
    return {"comment_id": entry.subject_id, **members}


def doctor(arguments: Namespace) -> int:
    """Check every part, or one, and say what to do; exit code 1 if something fails."""
    from service.commands.doctor import examine

    findings = examine(read_settings(), only=arguments.only)
    for found in findings:
        if arguments.json:
            print(json.dumps(found.as_dict(), ensure_ascii=False))
        else:
            print(found)
    return 1 if any(found.state == "fail" for found in findings) else 0
