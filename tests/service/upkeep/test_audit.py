"""Checking the audit log as a whole.

Proves `service/commands/upkeep.py` and `service/storage/audit.py` too.
"""

from __future__ import annotations

import pytest
from sqlalchemy import text

from service.commands import main
from service.comments.intake import Draft, Intake
from service.moderation import deciding
from service.storage.database import Database
from service.upkeep import audit
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
    tamper(db, "UPDATE comments SET body = '-', status = 'deleted' WHERE id = :id", id=ids[0])

    assert audit.verify(db)[1] == []


def test_the_command_names_what_is_broken_and_ends_with_1(db, ids, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PARLEY_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("PARLEY_DATABASE_URL", db.engine.url.render_as_string(hide_password=False))
    assert main.main(["audit", "verify"]) == 0
    assert main.main(["audit", "show", ids[1]]) == 0
    assert '"action": "review"' in capsys.readouterr().out

    tamper(db, "UPDATE audit SET actor = 'somebody' WHERE subject_id = :id AND sequence = 1", id=ids[1])

    assert main.main(["audit", "verify"]) == 1
    assert f"{ids[1]}  broken from entry 1 on" in capsys.readouterr().out
    assert main.main(["audit", "show", ids[1]]) == 1
    assert main.main(["audit", "show", "no-such"]) == 2
