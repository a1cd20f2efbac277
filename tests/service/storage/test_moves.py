"""What is written together with a change: decisions, audit rows, events.

Proves `service/storage/decisions.py`, `service/storage/ledger.py` too.
"""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
from sqlalchemy import select

from service.comments.intake import Draft, Intake
from service.domain.audit import COMMENT, first_break
from service.domain.comment import Status
from service.domain.evidence import Evidence
from service.domain.policy import decide
from service.domain.policy_document import complete, policy_from
from service.moderation import acting, deciding, history
from service.storage import audit, ledger, moves, sites
from service.storage import comments as queries
from service.storage.database import Database
from service.storage.tables import AuditRow, Comment, Decision, Event, Subject
from service.upkeep.audit import verify
from tests.fakes import MO, FakeClock, FakeScorer

KEY = b"k" * 32
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def post(db: Database, body: str, name: str | None = None) -> str:
    draft = Draft("demo", "https://news.example/a", body, key="a", author_name=name)
    return Intake(db, KEY).submit(draft, FakeClock()()).id


def test_moves_that_set_other_columns_keep_each_its_own(db: Database) -> None:
    first, second = post(db, "One."), post(db, "Two.")
    with db.write() as connection:
        rows = {key: queries.find_comment(connection, key) for key in (first, second)}
        assert all(rows.values())
        moves.record(connection, [
            moves.Move(rows[first], Status.APPROVED, "approve", "policy", "policy", "approve"),
            moves.Move(
                rows[second], Status.PENDING, "review", "policy", "policy", "review",
                columns={"language": "xx", "model_id": "changed"},
            ),
        ], NOW)  # fmt: skip

    with db.read() as connection:
        found = connection.execute(select(Comment.id, Comment.language, Comment.model_id, Comment.status))
        stands = {row[0]: tuple(row[1:]) for row in found}
    assert stands == {first: (None, None, "approved"), second: ("xx", "changed", "pending")}


def test_a_decision_keeps_what_it_was_made_from_and_can_be_made_again(db: Database) -> None:
    comment = post(db, "You vile thing, see https://spam.example", name="Vile Vera")
    deciding.drain(db, scorer=FakeScorer(), clock=FakeClock())

    (kept,) = history.history(db, MO, comment).decisions

    assert (kept.outcome, kept.policy_version, kept.model_id) == ("review", 1, "fake-1")
    assert kept.evidence is not None
    evidence = Evidence.from_dict(kept.evidence)
    assert (evidence.links, evidence.name is not None) == (1, True)
    with db.read() as connection:
        policy = sites.policy_version(connection, "demo", 1)
    assert policy is not None
    again = decide(evidence, policy_from(policy.document))
    assert [reason.as_dict() for reason in again.reasons] == kept.reasons


def test_a_decision_names_the_version_of_the_policy_that_made_it(db: Database) -> None:
    with db.write() as connection:
        made = sites.set_policy(
            connection, "demo", {"premoderate": True}, complete({"premoderate": True}), "olga", NOW
        )
    comment = post(db, "A fine remark.")
    deciding.drain(db, scorer=FakeScorer(), clock=FakeClock())

    (kept,) = history.history(db, MO, comment).decisions
    with db.read() as connection:
        before, after = (sites.policy_version(connection, "demo", version) for version in (1, 2))

    assert (made.version, kept.policy_version, kept.outcome) == (2, 2, "review")
    assert before is not None
    assert after is not None
    assert (before.document["premoderate"], after.document["premoderate"]) == (False, True)


def test_a_persons_decision_is_kept_without_evidence_and_says_so(db: Database) -> None:
    clock = FakeClock()
    comment = post(db, "You vile thing.")
    deciding.drain(db, scorer=FakeScorer(), clock=clock)
    clock.forward(seconds=5)
    stands = acting.act(db, MO, acting.Act(comment, "approve", 2), clock())

    policy, person = history.history(db, MO, comment).decisions

    assert (person.actor, person.outcome, person.evidence) == ("mo", "approve", None)
    assert history.without_evidence(person) == history.BY_PERSON
    assert policy.actor_kind == "policy"
    assert stands.decided_at == person.created_at > policy.created_at


def test_what_was_decided_before_evidence_was_kept_says_that_it_was_not(db: Database) -> None:
    comment = post(db, "A fine remark.")
    deciding.drain(db, scorer=FakeScorer(), clock=FakeClock())
    with db.write() as connection:
        connection.execute(Decision.__table__.update().values(evidence=None, policy_version=None))

    (kept,) = history.history(db, MO, comment).decisions

    assert history.without_evidence(kept) == history.EVIDENCE_NOT_KEPT


def closed(by: str = "olga") -> ledger.Happening:
    return ledger.Happening(
        "thread", "t1", "demo", "close", "thread.closed", "moderator", by, {"id": "t1", "site": "demo"},
        detail={"closed_at": [None, "2026-11-01"]},
    )  # fmt: skip


def test_what_happens_to_another_subject_is_one_audit_row_and_one_event(db: Database) -> None:
    with db.write() as connection:
        numbers = [ledger.record(connection, closed(), NOW) for _ in range(2)]

    with db.read() as connection:
        entries = audit.entries(connection, "thread", ["t1"])
        head = connection.execute(select(Subject.audit_head).where(Subject.id == "t1")).scalar_one()
        events = connection.execute(
            select(Event.type, Event.subject_kind, Event.subject_id, Event.sequence, Event.payload)
        ).all()
    assert numbers == [1, 2]
    assert first_break(entries, head) is None
    assert [(entry.action, entry.actor, entry.to_status) for entry in entries] == [
        ("close", "olga", None)
    ] * 2
    assert [tuple(event[:4]) for event in events] == [("thread.closed", "thread", "t1", n) for n in (1, 2)]
    told = orjson.loads(events[1].payload)["data"]
    assert (told["id"], told["site"], told["sequence"]) == ("t1", "demo", 2)
    assert told["actor"] == {"kind": "moderator", "name": "olga"}


def test_tampering_with_the_log_of_another_subject_is_found(db: Database) -> None:
    with db.write() as connection:
        ledger.record(connection, closed(), NOW)
    assert verify(db) == (0, [])
    with db.write() as connection:
        connection.execute(
            AuditRow.__table__.update().where(AuditRow.subject_id == closed().id).values(actor="nobody")
        )

    (found,) = verify(db)[1]

    assert (found.kind, found.subject_id, found.sequence) == ("thread", "t1", 1)


def test_a_comments_own_log_is_not_mixed_with_another_subjects(db: Database) -> None:
    comment = post(db, "A fine remark.")
    with db.write() as connection:
        ledger.record(connection, closed(), NOW)

    with db.read() as connection:
        assert [entry.action for entry in audit.entries(connection, COMMENT, [comment, "t1"])] == ["post"]
