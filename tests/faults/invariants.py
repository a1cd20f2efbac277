"""What must hold after every run of faults, seen from outside: journals, database, receiver, public reads.

I1 every acknowledged comment ends in one final state · I2 nothing is public without a decision on that very
text · I3 no other text was ever in a public answer · I4 every event arrives under one id with the same bytes,
and none without a change · I5 first arrivals of a comment are in order · I6 the audit log is whole · I7 a key
makes one comment · I8 nothing moved twice · I9 what was scored names a model that was in use · I10 counters
equal a recount · I11 everything works again without anybody's help.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from service.storage.database import Database
from tests.faults.installation import Installation
from tests.faults.nemesis import Journal, Reader, Receiver

VILE = "moron"
# Why a harmless comment may be held nevertheless: no model could read it, or not in time.
EXCUSES = {"not-scored", "unsure"}
CLOCKS = timedelta(seconds=1)  # by which those who decide may have the database's time wrong


def rows(db: Database, sql: str, **values: object) -> Sequence[Any]:
    """Return the rows that a query gives."""
    with db.read() as connection:
        return connection.execute(text(sql), values).fetchall()


def every_acknowledged_comment_is_decided(
    db: Database, journals: Iterable[Journal], poisons: Mapping[str, str]
) -> int:
    """I1, I7, I9. Return how many harmless ones were held because nothing could read them."""
    sql = "SELECT id, status, body, reasons, model_id FROM comments"
    stored = {row.id: row for row in rows(db, sql)}
    models = set(rows(db, "SELECT DISTINCT model_id FROM heartbeats WHERE model_id IS NOT NULL"))
    known, excused = {model for (model,) in models}, 0
    for journal in journals:
        for key, words in journal.acknowledged.items():
            assert key in stored, f"lost: {words}"
            found = stored[key]
            assert found.body == words
            codes = {reason["code"] for reason in found.reasons}
            if VILE in words:
                assert found.status == "pending", (found, "a vile comment")
            elif found.status != "approved":
                assert (found.status, codes - EXCUSES) == ("pending", set()), found
                excused += 1
            assert found.model_id in known or "not-scored" in codes, (found.model_id, known)
    bodies = [row.body for row in stored.values()]
    assert len(bodies) == len(set(bodies)), "a key made two comments"
    assert not [key for key in poisons if stored[key].status == "received"]
    for key, kind in poisons.items():
        codes = {reason["code"] for reason in stored[key].reasons}
        # Memory may have sufficed: then it was read like any other.
        assert "not-scored" in codes or kind == "memory", (kind, stored[key])
    return excused


def nothing_was_public_before_its_decision(db: Database, readers: Iterable[Reader]) -> None:
    """I2, I3."""
    sql = (
        "SELECT c.id, c.status, c.body, a.body_hash, a.created_at FROM comments c JOIN audit a"
        " ON a.subject_kind = 'comment' AND a.subject_id = c.id AND a.to_status = 'approved'"
    )
    approved = {row.id: row for row in rows(db, sql)}
    for reader in readers:
        assert reader.leaks == []
        for key, (seen_at, words) in reader.first_seen.items():
            assert key in approved, f"public without a decision: {words}"
            found = approved[key]
            assert hashlib.sha256(words.encode()).hexdigest() == found.body_hash
            assert found.created_at <= seen_at + CLOCKS, (found.created_at, seen_at)


def nothing_moved_twice(db: Database) -> None:
    """I6 and I8: of each comment the log has its post and one decision, and no more."""
    sql = (
        "SELECT c.id, c.version, count(a.id) AS entries, max(a.sequence) AS last FROM comments c"
        " LEFT JOIN audit a ON a.subject_kind = 'comment' AND a.subject_id = c.id GROUP BY c.id, c.version"
        " HAVING c.version <> 2 OR count(a.id) <> 2 OR max(a.sequence) <> 2"
    )
    assert rows(db, sql) == []


def the_audit_log_is_whole(here: Installation) -> None:
    """I6, as an operator asks."""
    done = here.parley("audit", "verify")
    assert done.returncode == 0, done.stdout + done.stderr


def every_event_arrived_in_order(db: Database, receiver: Receiver) -> None:
    """I4, I5: what arrived is what the log has, byte by byte, and nothing else."""
    payloads = dict(map(tuple, rows(db, "SELECT id, payload FROM events WHERE subject_kind = 'comment'")))
    bodies = defaultdict(set)
    for headers, body in receiver.requests:
        if headers["webhook-id"] in payloads:
            bodies[headers["webhook-id"]].add(body.decode())
    missing, strange = payloads.keys() - bodies.keys(), bodies.keys() - payloads.keys()
    assert (missing, strange, receiver.unsigned) == (set(), set(), 0)
    assert {key: {payload} for key, payload in payloads.items()} == bodies
    comments = rows(db, "SELECT count(*) FROM comments")[0][0]
    assert len(payloads) == 2 * comments, "a change without an event, or an event without a change"
    assert set(map(tuple, receiver.first_arrivals().values())) == {(1, 2)}


def counters_equal_a_recount(db: Database) -> None:
    """I10."""
    counted = rows(
        db, "SELECT thread_id, count(*) FROM comments WHERE status = 'approved' GROUP BY thread_id"
    )
    recount = dict(map(tuple, counted))
    shown = dict(map(tuple, rows(db, "SELECT id, approved_count FROM threads")))
    assert {key: number for key, number in shown.items() if number} == recount


def everything_works_again(here: Installation) -> None:
    """I11: nobody did anything but start killed commands again."""
    assert [host for host in "ab" if not here.is_ready(host)] == []
    assert [name for name, part in here.parts.items() if not part.all()] == []
