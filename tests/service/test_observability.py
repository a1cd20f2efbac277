"""What we write down: ids, routes and times; never a body, a name, a key, an address or a query."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from service import observability
from service.app import create_app
from service.settings import Settings
from service.storage.database import Database
from tests.running import ROOT
from tests.service.api.parts import bearer, begin_session, decide, draft, hire

PLANTED = "planted-zebra"
Lines = Callable[[], list[dict[str, Any]]]


def forget_loggers() -> None:
    """Let each module's logger be set up anew when it is next used: it keeps its first level and stream."""
    for name, module in list(sys.modules.items()):
        if name.startswith("service."):
            kept = getattr(module, "log", None)
            if kept is not None:
                kept.__dict__.pop("bind", None)


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    """What was written since the last look, each line one JSON object, none with a planted word in it."""
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)

    def look() -> list[dict[str, Any]]:
        text = written.getvalue()
        written.seek(0)
        written.truncate()
        assert PLANTED not in text.lower(), text
        return [json.loads(line) for line in text.splitlines()]

    forget_loggers()
    yield look
    monkeypatch.undo()
    forget_loggers()
    observability.configure_logging("error")


@pytest.fixture
def app(settings: Settings, lines: Lines) -> Iterator[Flask]:
    """The web application, writing down as much as it ever does."""
    made = create_app(replace(settings, log_level="debug"))
    yield made
    made.extensions["parley"].db.close()


def test_a_request_leaves_one_line_with_its_ids(client: FlaskClient, db: Database, lines: Lines) -> None:
    lines()
    answer = client.post("/api/v1/comments", json=draft(PLANTED))

    [line] = [line for line in lines() if line["event"] == "request"]
    assert line["request"] == answer.headers["X-Request-Id"]
    assert line["comment_id"] == answer.json["id"]
    assert (line["method"], line["route"], line["status"]) == ("POST", "/api/v1/comments", 202)
    assert line["ms"] >= 0
    assert line["timestamp"]
    assert line["level"] == "info"


def test_no_part_of_a_post_is_written_down(client: FlaskClient, db: Database, lines: Lines) -> None:
    body = {
        "site": "demo",
        "thread": {
            "key": PLANTED,
            "url": f"https://{PLANTED}.example/{PLANTED}?q={PLANTED}",
            "title": PLANTED,
        },
        "author": {"name": PLANTED},
        "body": PLANTED,
    }
    headers = {
        "Idempotency-Key": PLANTED,
        "Parley-Author": PLANTED + "-" * 22,
        "User-Agent": PLANTED,
        "Referer": f"https://{PLANTED}/",
        "Cookie": f"parley_session={PLANTED}",
        "X-Forwarded-For": PLANTED,
        "Authorization": f"Bearer {PLANTED}",
    }
    address = {"REMOTE_ADDR": "192.0.2.77"}

    made = client.post("/api/v1/comments", json=body, headers=headers, environ_overrides=address)
    again = client.post("/api/v1/comments", json=body | {"body": "vile"}, headers=headers)
    decide(db)
    own = client.get(f"/api/v1/comments/{made.json['id']}", query_string={"receipt": made.json["receipt"]})

    assert (made.status_code, again.status_code, own.status_code) == (202, 422, 200)
    written = json.dumps(lines())
    assert made.json["id"] in written
    for secret in (made.json["receipt"], "192.0.2.77", "127.0.0.1"):
        assert secret not in written


def test_no_refused_request_is_written_down(client: FlaskClient, db: Database, lines: Lines) -> None:
    json_type = {"Content-Type": "application/json"}
    for raw in (
        f'{{"{PLANTED}": 1}}',
        f'{{"body": "{PLANTED}',
        f'["{PLANTED}"]',
        f'{{"a":"{PLANTED}\\ud800"}}',
    ):
        assert client.post("/api/v1/comments", data=raw, headers=json_type).status_code >= 400
    for place in (
        f"/{PLANTED}", f"/api/v1/comments/{PLANTED}", f"/api/v1/comments?{PLANTED}=1&site={PLANTED}",
        f"/api/v1/comments?site=demo&thread=a&cursor={PLANTED}",
        f"/api/v1/counts?site={PLANTED}&thread={PLANTED}",
        f"/review/{PLANTED}?q={PLANTED}", f"/review/?site={PLANTED}",
        f"/api/v1/moderation/comments?site={PLANTED}",
    ):  # fmt: skip
        client.get(place, headers=bearer(PLANTED))
    client.open("/healthz", method=PLANTED.upper())

    assert len(lines()) >= 11


def test_no_credential_of_a_moderator_is_written_down(
    client: FlaskClient, db: Database, lines: Lines
) -> None:
    token = hire(db, "mo", {"demo": "moderator"})
    session = begin_session(db, "mo")
    lines()

    client.get("/api/v1/moderation/comments?site=demo", headers=bearer(token))
    client.set_cookie("parley_session", session)
    client.get("/api/v1/moderation/comments?site=demo")
    form = {"name": PLANTED, "password": PLANTED, "csrf": PLANTED, "next": PLANTED}
    client.post("/review/login", data=form)

    written = lines()
    assert len([line for line in written if line.get("moderator_id")]) >= 2
    for secret in (token, session, '"mo"'):
        assert secret not in json.dumps(written)


def test_a_failure_is_written_down_by_its_places_only(
    client: FlaskClient, db: Database, lines: Lines
) -> None:
    """A driver's message quotes the statement with its values: body, name, key."""
    with db.write() as connection:
        connection.execute(text("CREATE UNIQUE INDEX one_of_a_thread ON comments (thread_id)"))
    try:
        client.post("/api/v1/comments", json=draft("The first remark of the thread."))
        answer = client.post("/api/v1/comments", json=draft(PLANTED, author={"name": PLANTED}))
    finally:
        with db.write() as connection:
            connection.execute(text("DROP INDEX one_of_a_thread"))

    assert answer.status_code == 500
    assert PLANTED not in answer.text
    [line] = [line for line in lines() if line["event"] == "unexpected error"]
    assert line["request"] == answer.headers["X-Request-Id"]
    assert any("Error" in entry for entry in line["trace"])
    assert any("intake.py" in entry for entry in line["trace"])


def test_a_database_without_tables_says_what_to_do(client: FlaskClient, db: Database) -> None:
    with db.write() as connection:
        connection.execute(text("ALTER TABLE audit RENAME TO audit_gone"))
    try:
        answer = client.post("/api/v1/comments", json=draft("A fine remark."))
    finally:
        with db.write() as connection:
            connection.execute(text("ALTER TABLE audit_gone RENAME TO audit"))

    assert answer.status_code == 503
    assert "parley db upgrade" in answer.json["detail"]


def test_probes_of_operators_are_not_written_down(client: FlaskClient, lines: Lines) -> None:
    lines()
    for place in ("/healthz", "/readyz", "/metrics"):
        client.get(place)

    assert lines() == []


@pytest.fixture
def without_log(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """The web application, whose standard error takes nothing: a disk without room."""
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stderr", full)
        forget_loggers()
        app = create_app(replace(settings, log_level="debug"))
        yield app
        app.extensions["parley"].db.close()
        monkeypatch.undo()
        forget_loggers()
        observability.configure_logging("error")


def dropped(client: FlaskClient) -> float:
    [line] = [
        line
        for line in client.get("/metrics").text.splitlines()
        if line.startswith("parley_log_lines_dropped_total")
    ]
    return float(line.rsplit(" ", 1)[1])


def test_a_log_that_cannot_be_written_costs_no_answer_and_is_counted(without_log: Flask) -> None:
    client = without_log.test_client()
    before = dropped(client)

    posted = client.post("/api/v1/comments", json=draft("A fine remark."))
    read = client.get("/api/v1/counts?site=demo&thread=a")
    missing = client.get("/nowhere")
    observability.log.warning("a supervisor says something")

    assert (posted.status_code, read.status_code, missing.status_code) == (202, 200, 404)
    assert dropped(client) == before + 4


def test_a_pipe_whose_reader_does_not_read_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observability, "WAIT_MS", 1)
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as stream:
        log = observability.Lossy(stream)
        before = observability.LINES_DROPPED._value.get()
        for number in range(3000):
            log.write(f'{{"number": {number}}}' + " " * 100 + "\n")
        log.write("x" * 300_000 + "\n")
        lost = observability.LINES_DROPPED._value.get() - before
        os.read(reader, 1 << 20)
        log.write('"again"\n')
        kept = os.read(reader, 1 << 20).decode().splitlines()
    os.close(reader)

    assert lost > 1000
    assert kept[-1] == '"again"'


def test_a_reader_that_is_gone_is_no_reason_to_fail() -> None:
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as stream:
        log = observability.Lossy(stream)
        os.close(reader)
        log.write("nobody hears this\n")
        log.flush()
    log.write("nor this\n")


def test_after_a_line_that_was_cut_the_next_begins_anew(tmp_path: Path) -> None:
    """As where a disk runs full in the middle: here, where a file may grow no further."""
    program = """
import resource, signal, sys
from service import observability
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
log = observability.Lossy(sys.stderr)
log.write("first\\n")
resource.setrlimit(resource.RLIMIT_FSIZE, (10, resource.RLIM_INFINITY))
log.write("second that is cut\\n")
log.write("third that is lost\\n")
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
log.write("fourth\\n")
print(observability.LINES_DROPPED._value.get())
"""
    with (tmp_path / "log").open("wb") as file:
        done = subprocess.run(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=file, cwd=ROOT, check=True
        )

    assert (tmp_path / "log").read_text().splitlines() == ["first", "seco", "fourth"]
    assert done.stdout.strip() == b"2.0"
