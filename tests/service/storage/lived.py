"""Databases that have lived: a short life of a Parley, and its rows frozen for each revision of the tables.

`rows_0003.sql` holds the rows that a Parley with the tables of revision 0003 wrote. Whoever adds a migration
freezes the rows of the tables that it makes, once it is done:

    .venv/bin/python -m tests.service.storage.lived

A frozen file is never made again: it says what old releases have written.
"""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import text

from service.app import create_app
from service.context import utcnow
from service.domain import tickets
from service.domain.access import OPERATOR, Caller
from service.domain.ids import fingerprint
from service.domain.second_factor import code_at, secret_of, step_of
from service.outbound import Answer
from service.scoring import keys
from service.settings import Settings
from service.sites import moderators, moving, second_factors, sites, threads
from service.storage import migrate, model_choice
from service.storage.database import Database
from service.upkeep import health
from service.webhooks import relay, sending
from tests.service.api import parts

HERE = Path(__file__).parent
KEY = b"k" * 32
TOKEN = "parley_of-an-owner-in-an-older-release"
IDEMPOTENT = {"Idempotency-Key": "6a1f0c8e-52c7-4d0e-9f7b-0c1f2e3d4a5b"}
SUGGESTION = {
    "comment": {"text": "You vile thing."},
    "attributeScores": {"TOXICITY": {"summaryScore": {"value": 0.9}}},
    "communityId": "demo",
    "clientToken": "c1",
}


def rows_of(revision: str) -> Path:
    """Return the file with the rows of a revision."""
    return HERE / f"rows_{revision}.sql"


def live(client: FlaskClient, db: Database) -> None:
    """Let comments, people and a host come and go until no table is empty."""
    sites.add_site(db, "demo", "Demo", now=utcnow())
    owner = parts.bearer(parts.hire(db, "olga", {"demo": "owner"}))
    _guard(db, "olga")
    parts.begin_session(db, "olga")
    hook = {"site": "demo", "url": "https://192.88.98.1/hooks/parley"}
    endpoint = _fine(client.post("/api/v1/webhook-endpoints", json=hook, headers=owner), 201)["id"]

    fine = _fine(client.post("/api/v1/comments", json=parts.draft("A fine remark."), headers=IDEMPOTENT), 202)
    parts.decide(db)
    parts.post(client, "A fine answer: 100 % true.", parent_id=fine["id"], author={"name": "Zoë"})
    parts.post(client, "You vile thing.")
    refused = parts.post(client, "You vile thing, once more.")
    parts.decide(db)
    act = {"comment_id": refused["id"], "action": "reject", "version": 2, "note": "It's rude"}
    _fine(client.post("/api/v1/moderation/actions", json=act, headers=owner), 200)
    _deliver(db, endpoint)

    withdrawn = parts.post(client, "I take this back.", "b")
    receipt = {"Parley-Receipt": withdrawn["receipt"]}
    assert client.delete(f"/api/v1/comments/{withdrawn['id']}", headers=receipt).status_code == 204
    parts.post(client, "Nobody has read this yet.", "b")
    threads.close(db, OPERATOR, "demo", "b", utcnow())
    parts.post(client, "A fine word.", "c")
    moving.merge(db, OPERATOR, "demo", "c", "b", utcnow(), really=True)
    policy = {"banned_words": ["casino"], "thresholds": {"INSULT": None}}
    _fine(client.put("/api/v1/moderation/policies?site=demo", json=policy, headers=owner), 200)
    _fine(client.post("/v1alpha1/comments:suggestscore", json=SUGGESTION), 200)
    keys.add_key(db, "The Gazette", 60, utcnow())
    health.beat(db, "worker-1", "fake-1", utcnow())
    with db.write() as connection:
        model_choice.choose(connection, "fake-1", ["shipped"])


def _fine(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json
    return found


def _guard(db: Database, name: str) -> None:
    """Give somebody a second factor, with its recovery codes."""
    now = utcnow()
    (found,) = (one for one in moderators.list_moderators(db) if one.name == name)
    who = Caller("session", name, {}, found.id)
    ticket = tickets.issue(
        KEY, second_factors.SETUP, "5a17", [found.id, fingerprint("")], now + timedelta(minutes=1)
    )
    code = code_at(secret_of(KEY, found.id, "5a17"), step_of(now))
    second_factors.turn_on(db, KEY, who, "", ticket, code, now)


def _deliver(db: Database, endpoint: str) -> None:
    """Let the first event arrive, and the host fail at the next."""
    answers = iter([Answer(204), Answer(500, "Sorry")])
    while relay.relay(db, utcnow):
        pass
    sending.deliver(
        db, endpoint, send=lambda *a, **k: next(answers, Answer(503)), clock=utcnow, chance=lambda: 0.5
    )


def frozen(db: Database) -> str:
    """Return the rows of an SQLite database as portable SQL, a statement a line."""
    lines = []
    with db.read() as connection:
        tables = connection.execute(
            text("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        ).scalars()
        for table in list(tables):
            if table != "alembic_version":
                lines += _rows(connection, table)
    return "".join(f"{line}\n" for line in _parents_first(lines))


def _rows(connection: Any, table: str) -> list[str]:
    kinds = {row.name: row.type for row in connection.execute(text(f'PRAGMA table_info("{table}")'))}
    names = ", ".join(f'"{name}"' for name in kinds)
    found = connection.execute(text(f'SELECT {names} FROM "{table}"'))
    return [
        f'INSERT INTO "{table}" ({names}) VALUES ('
        + ", ".join(_literal(value, kind) for value, kind in zip(row, kinds.values(), strict=True))
        + ");"
        for row in found
    ]


def _literal(value: Any, kind: str) -> str:
    if value is None:
        return "NULL"
    if kind == "BOOLEAN":
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return str(value)
    assert "\n" not in value, "a statement is one line"
    return "'" + value.replace("'", "''") + "'"


def _parents_first(lines: list[str]) -> list[str]:
    """Order tables so that what others point at is there before them."""
    first = ("sites", "moderators", "threads", "webhook_endpoints", "events", "comments", "deliveries")
    rank = {f'INSERT INTO "{table}"': number for number, table in enumerate(first)}
    return sorted(lines, key=lambda line: rank.get(line.partition(" (")[0], len(first)))


def main() -> None:
    """Freeze the rows of the newest revision."""
    with tempfile.TemporaryDirectory() as name:
        url = f"sqlite:///{name}/lived.db"
        settings = Settings(Path(name), url, f"unix://{name}/no.sock", KEY, log_level="critical")
        db = Database(url, seal_key=settings.seal_key)
        migrate.upgrade(db)
        app = create_app(settings)
        live(app.test_client(), db)
        with db.write() as connection:
            found = {"hash": fingerprint(TOKEN)}
            connection.execute(text("UPDATE credentials SET secret_hash = :hash WHERE kind = 'token'"), found)
        with db.read() as connection:
            revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        path = rows_of(revision)
        path.write_text(frozen(db), encoding="utf-8")
        print(f"{path}: {len(path.read_text().splitlines())} rows")


if __name__ == "__main__":
    main()
