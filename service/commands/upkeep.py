"""`parley audit` and `parley doctor`: is everything as it should be."""

from __future__ import annotations

import json
from argparse import Namespace
from dataclasses import asdict

from service.commands.database import migrated, now_of
from service.domain.access import OPERATOR
from service.domain.audit import COMMENT
from service.domain.errors import Misconfigured
from service.moderation import history
from service.settings import read_settings
from service.storage.records import AuditEntry
from service.upkeep import audit as audit_log

WHOLE = "(all sites)"  # what belongs to no one of them


def verify(_arguments: Namespace) -> int:
    """Check the whole audit log; exit code 1 if it was tampered with."""
    with migrated() as db:
        count, breaks = audit_log.verify(db)
        heads = audit_log.heads(db)
    for found in breaks:
        kind = "" if found.kind == COMMENT else f"{found.kind} "
        print(f"{kind}{found.subject_id or WHOLE}  {found.what}")
    for head in heads:
        before = f", {head.before} of them from before the key came ({head.since:%Y-%m-%d %H:%M})"
        known = before if head.before else ""
        print(f"{head.part or WHOLE}: {head.entries} entries{known}, sum {head.total[-16:]}")
    print(f"Checked the logs of {count} comments: {len(breaks) or 'none'} broken.")
    return 1 if breaks else 0


def log(arguments: Namespace) -> int:
    """Print what was done last to anything but comments, the newest first, one entry a line as JSON."""
    with migrated() as db:
        for entry in audit_log.newest(db, arguments.kind, arguments.limit):
            members = {name: value for name, value in asdict(entry).items() if value is not None}
            print(json.dumps(members, default=lambda value: value.isoformat(), ensure_ascii=False))
    return 0


def seal(arguments: Namespace) -> int:
    """Seal the whole log as it stands with the key of this installation."""
    if not arguments.yes:
        raise Misconfigured(
            "This takes the log as it stands, whoever changed it. Run audit verify first, then add --yes."
        )
    with migrated() as db:
        heads = audit_log.seal_anew(db, now_of(db))
    print(f"Sealed {sum(head.entries for head in heads)} entries with the key of this installation.")
    return 0


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
