"""Checking the audit log as a whole.

Proves `service/commands/upkeep.py`, `service/storage/audit.py`, `service/storage/running_heads.py`,
`service/storage/standing.py` and `service/scoring/choosing.py` too.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event, text

from service.commands import main
from service.comments import own
from service.comments.intake import Draft, Intake
from service.domain.access import OPERATOR
from service.domain.audit import START, seal
from service.domain.ids import receipt_for
from service.domain.sealing import SealKey
from service.moderation import deciding
from service.scoring import choosing, keys, suggestions
from service.sites import moderators, sites, threads
from service.storage import audit as queries
from service.storage.database import Database
from service.upkeep import audit
from service.webhooks import endpoints
from tests.conftest import NOW, SECRET_KEY
from tests.fakes import FakeClock, FakeScorer


@pytest.fixture
def ids(db: Database) -> list[str]:
    """Three comments that were decided; the second one waits for a person."""
    clock, intake = FakeClock(), Intake(db, b"k" * 32)
    made = [
        intake.submit(Draft("demo", "https://news.example/a", body, key="a"), clock()).id
        for body in ("A fine remark.", "You vile thing.", "Another fine one.")
    ]
    deciding.drain(db, scorer=FakeScorer(), clock=clock)
    return made


def tamper(db: Database, statement: str, **values: object) -> None:
    with db.write() as connection:
        connection.execute(text(statement), values)


def test_a_log_nobody_touched_holds(db, ids):
    assert audit.verify(db) == (3, [])


@pytest.mark.parametrize(
    ("statement", "sequence"),
    [
        ("UPDATE audit SET to_status = 'approved' WHERE subject_id = :id AND sequence = 2", 2),
        ("UPDATE audit SET actor = 'somebody' WHERE subject_id = :id AND sequence = 1", 1),
        ("DELETE FROM audit WHERE subject_id = :id AND sequence = 1", 1),
        ("DELETE FROM audit WHERE subject_id = :id AND sequence = 2", 2),
        ("DELETE FROM audit WHERE subject_id = :id", 1),
        ("UPDATE comments SET body = 'Nice words.' WHERE id = :id", None),
    ],
)
def test_whatever_is_changed_behind_our_back_is_found(db, ids, statement, sequence):
    tamper(db, statement, id=ids[1])

    assert audit.verify(db) == (3, [audit.Break("comment", ids[1], sequence)])


def test_a_deleted_comments_text_may_be_erased(db, ids):
    own.withdraw(db, ids[0], receipt_for(b"k" * 32, ids[0]), secret_key=b"k" * 32, now=NOW)

    assert audit.verify(db)[1] == []


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("status = 'approved', shown = true", "status"),
        ("author_name = 'The editor'", "name"),
        ("scores = NULL", "scores"),
        ("decided_by = 'ben'", "decider"),
        ("body = ''", "text"),
        ("decided_at = '2020-01-01 00:00:00'", "time of decision"),
        ("created_at = '2020-01-01 00:00:00'", "time"),
        ("author_id = 'somebody'", "author"),
        ("reasons = '[]'", "reasons"),
        ("model_id = 'another'", "model"),
        ("version = 7", "version"),
        ("status = 'deleted', body = '', author_name = NULL", "status"),
    ],
)
def test_a_comment_that_is_not_as_its_log_says_is_found(db, ids, change, what):
    tamper(db, f"UPDATE comments SET {change} WHERE id = :id", id=ids[1])
    _, breaks = audit.verify(db)

    assert breaks == [audit.Break("comment", ids[1], None)]
    assert breaks[0].what == f"changed without an entry: {what}"


def test_a_comment_that_was_removed_with_its_whole_log_is_missed(db, ids):
    tamper(db, "DELETE FROM audit WHERE subject_id = :id", id=ids[1])
    tamper(db, "DELETE FROM comments WHERE id = :id", id=ids[1])
    count, breaks = audit.verify(db)

    assert (count, breaks) == (2, [audit.Break("log", "demo", None)])
    assert re.fullmatch(r"it has \d+ entries and should have \d+", breaks[0].what)


def test_a_comment_that_was_removed_and_left_its_log_is_named(db, ids):
    tamper(db, "DELETE FROM comments WHERE id = :id", id=ids[1])

    assert audit.Break("comment", ids[1], None) in audit.verify(db)[1]


def test_a_tail_that_was_cut_with_the_head_turned_back_is_found(db, ids):
    with db.read() as connection:
        first, _ = queries.entries(connection, "comment", [ids[1]])
    tamper(db, "DELETE FROM audit WHERE subject_id = :id AND sequence = 2", id=ids[1])
    tamper(
        db,
        "UPDATE comments SET version = 1, status = 'received', audit_head = :head, decided_at = NULL,"
        " decided_by = NULL, scores = NULL, reasons = NULL, model_id = NULL WHERE id = :id",
        id=ids[1], head=first.hash,
    )  # fmt: skip

    assert audit.verify(db)[1] == [audit.Break("log", "demo", None)]


def test_who_has_the_database_and_not_the_key_cannot_write_a_chain_anew(db, ids):
    _forge(db, ids[1], actor="olga")

    assert audit.Break("comment", ids[1], 1) in audit.verify(db)[1]


def _forge(db: Database, comment: str, **changed: str) -> None:
    """Write a comment's log anew as one could before there was a key."""
    with db.read() as connection:
        rows = queries.entries(connection, "comment", [comment])
    previous = START
    for row in rows:
        previous = seal(previous, replace(row, **changed))
        values = {"hash": previous, "id": comment, "number": row.sequence, **changed}
        sets = ", ".join(f"{name} = :{name}" for name in ("hash", *changed))
        tamper(db, f"UPDATE audit SET {sets} WHERE subject_id = :id AND sequence = :number", **values)
    tamper(db, "UPDATE comments SET audit_head = :hash WHERE id = :id", hash=previous, id=comment)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_heads SET entries = entries - 1",
        "UPDATE audit_heads SET total = '0'",
        "UPDATE audit_heads SET since = '2099-01-01 00:00:00'",
        "DELETE FROM audit_heads WHERE part = 'demo'",
    ],
)
def test_a_running_head_that_was_changed_is_found_and_stays_so(db, ids, statement):
    tamper(db, statement)
    found = audit.verify(db)[1]
    Intake(db, b"k" * 32).submit(Draft("demo", "https://news.example/a", "One more.", key="a"), NOW)

    assert audit.Break("log", "demo", None) in found
    assert audit.Break("log", "demo", None) in audit.verify(db)[1]


@pytest.fixture
def house(db: Database) -> dict[str, str]:
    """One of each kind of subject that is no comment, by its kind; each stands as its log says."""
    moderators.add_moderator(db, "ben", "correct horse battery", {"demo": "moderator"}, NOW)
    moderators.add_token(db, "ben", "script", NOW)
    keys.add_key(db, "The Gazette", 60, NOW)
    hook = "https://192.88.98.1/hook"
    endpoint = endpoints.add_endpoint(db, OPERATOR, "demo", hook, [], NOW, check=lambda url: None)
    thread = threads.close(db, OPERATOR, "demo", "a", NOW)
    sites.set_policy(db, OPERATOR, "demo", {"banned_words": ["casino"]}, NOW)
    assert audit.verify(db)[1] == []
    return {
        "moderator": moderators.list_moderators(db)[0].id, "key": str(keys.list_keys(db)[0].id),
        "endpoint": endpoint.id, "thread": thread.id, "policy": "demo", "site": "demo",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "statement"),
    [
        ("policy", "UPDATE sites SET policy = '{}' WHERE id = 'demo'"),
        ("policy", "UPDATE policies SET document = '{}' WHERE site_id = 'demo' AND version = 1"),
        ("site", "UPDATE sites SET origins = '[\"https://evil.example\"]' WHERE id = 'demo'"),
        ("moderator", "UPDATE moderator_sites SET role = 'owner'"),
        ("moderator", "UPDATE moderators SET password_hash = 'of mine'"),
        ("moderator", "UPDATE credentials SET secret_hash = 'of mine' WHERE kind = 'token'"),
        ("endpoint", "UPDATE webhook_endpoints SET url = 'https://evil.example/'"),
        ("thread", "UPDATE threads SET closed_at = NULL"),
        ("key", "UPDATE perspective_keys SET per_minute = 1000000"),
        ("key", "DELETE FROM perspective_keys"),
    ],
)
def test_whatever_else_is_changed_behind_our_back_is_found(db, house, kind, statement):
    tamper(db, statement)

    assert audit.verify(db)[1] == [audit.Break(kind, house[kind], None)]


def test_a_policy_that_was_never_changed_stays_the_default(db):
    tamper(db, "UPDATE sites SET policy = '{\"thresholds\": {}}' WHERE id = 'demo'")

    assert audit.verify(db)[1] == [audit.Break("policy", "demo", None)]


def test_a_moderator_whom_nobody_added_is_found(db, house):
    tamper(
        db,
        "INSERT INTO moderators (id, name, password_hash, created_at)"
        " VALUES ('m', 'mallory', 'of mine', '2026-11-01 00:00:00')",
    )

    assert audit.verify(db)[1] == [audit.Break("moderator", "m", None)]


def test_a_site_that_was_removed_with_all_that_tells_of_it_is_missed(db, house):
    for statement in (
        "DELETE FROM audit WHERE subject_id = 'demo'"
        " OR subject_id IN (SELECT id FROM subjects WHERE site_id = 'demo')",
        "DELETE FROM subjects WHERE site_id = 'demo'",
        "DELETE FROM sites WHERE id = 'demo'",
        "DELETE FROM audit_heads WHERE part = 'demo'",
    ):
        tamper(db, statement)

    assert audit.Break("log", "", None) in audit.verify(db)[1]


def test_everything_that_lasts_leaves_an_entry_that_says_who_did_it(db, house):
    moderators.set_password(db, "ben", "another long password", NOW)
    moderators.log_in(db, "ben", "another long password", NOW)
    moderators.note_refusal(db, "ben", 10, NOW)
    moderators.drop_tokens(db, "ben", "script", NOW)
    moderators.disable(db, "ben", NOW)
    moderators.enable(db, "ben", NOW)
    keys.drop_key(db, "The Gazette", NOW)
    choosing.tell(db, "use", "joint-1", "joint-0", NOW)
    suggestions.tell_deleted(db, 3, NOW)
    done = [(row.subject_kind, row.action, row.actor) for row in audit.newest(db, None, 100)]

    assert done[:9] == [
        ("suggestions", "delete", "operator"), ("model", "use", "operator"), ("key", "drop", "operator"),
        ("moderator", "enable", "operator"), ("moderator", "disable", "operator"),
        ("moderator", "drop token", "operator"), ("login", "refuse", "stranger"),
        ("moderator", "login", "ben"), ("moderator", "password", "operator"),
    ]  # fmt: skip
    assert {("site", "add", "operator"), ("policy", "change", "operator"), ("key", "add", "operator")} <= {
        *done
    }
    assert "another long password" not in str(audit.newest(db, None, 100))
    assert audit.verify(db)[1] == []


def test_a_log_from_before_the_key_is_sealed_as_it_is_and_held_from_then_on(db):
    key = db.seal_key
    for table in ("audit", "subjects", "audit_heads"):
        tamper(db, f"DELETE FROM {table}")
    db.seal_key = None
    old = Intake(db, b"k" * 32).submit(Draft("demo", "https://news.example/a", "Old.", key="a"), NOW).id
    deciding.drain(db, scorer=FakeScorer(), clock=lambda: NOW)
    db.seal_key = key
    [demo] = [head for head in audit.seal_anew(db, NOW + timedelta(seconds=1)) if head.part == "demo"]
    assert (demo.before, audit.verify(db)[1]) == (2, [])

    tamper(db, "UPDATE comments SET body = 'Other words.' WHERE id = :id", id=old)
    _forge(db, old, body_hash=hashlib.sha256(b"Other words.").hexdigest())

    assert audit.verify(db)[1] == [audit.Break("log", "demo", None)]


def test_another_key_says_so_and_takes_the_log_on_demand(db, ids, house):
    db.seal_key = SealKey.of(b"another key of the same installation")
    found = audit.verify(db)[1]
    audit.seal_anew(db, NOW + timedelta(days=30))

    assert audit.Break("comment", ids[1], 1) in found
    assert "(sealed with another key)" in next(one.what for one in found if one.subject_id == ids[1])
    assert audit.verify(db)[1] == []


def test_the_check_takes_the_log_in_parts_and_asks_in_proportion_to_it(db, monkeypatch):
    intake = Intake(db, b"k" * 32)
    asked = []
    listener = lambda *a: asked.append(a[2])  # noqa: E731 - it is taken away by its name
    event.listen(db.engine, "before_cursor_execute", listener)
    monkeypatch.setattr(audit, "BATCH", 2)
    found = []
    for _ in range(3):
        for number in range(8):
            intake.submit(Draft("demo", "https://news.example/a", f"Comment {number}.", key="a"), NOW)
        asked.clear()
        assert audit.verify(db)[1] == []
        found.append(len(asked))
    event.remove(db.engine, "before_cursor_execute", listener)

    assert found[2] - found[1] == found[1] - found[0] > 0


def test_the_command_names_what_is_broken_and_ends_with_1(db, ids, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PARLEY_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("PARLEY_SECRET_KEY", SECRET_KEY.decode())
    monkeypatch.setenv("PARLEY_DATABASE_URL", db.engine.url.render_as_string(hide_password=False))
    assert main.main(["audit", "verify"]) == 0
    assert re.search(r"demo: \d+ entries, sum [0-9a-f]{16}", capsys.readouterr().out)
    assert main.main(["audit", "log", "--kind", "site"]) == 0
    assert '"action": "add"' in capsys.readouterr().out
    assert main.main(["audit", "seal"]) == 2
    assert main.main(["audit", "seal", "--yes"]) == 0
    assert main.main(["audit", "verify"]) == 0
    assert main.main(["audit", "show", ids[1]]) == 0
    assert '"action": "review"' in capsys.readouterr().out

    tamper(db, "UPDATE audit SET actor = 'somebody' WHERE subject_id = :id AND sequence = 1", id=ids[1])

    assert main.main(["audit", "verify"]) == 1
    assert f"{ids[1]}  broken from entry 1 on" in capsys.readouterr().out
    assert main.main(["audit", "show", ids[1]]) == 1
    assert main.main(["audit", "show", "no-such"]) == 2
