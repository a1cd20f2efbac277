"""The operators' doors: alive, ready, measured.

Proves `service/upkeep/health.py` and `service/storage/health.py` too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import event, insert, text

from service.app import create_app
from service.comments.intake import Draft
from service.context import utcnow
from service.settings import Settings
from service.storage import comments
from service.storage import health as queries
from service.storage.database import Database
from service.storage.tables import Delivery, Event, WebhookEndpoint
from service.upkeep import health
from service.web.context import make_web_context
from tests.service.api.parts import assert_problem, bearer, decide, draft, hire, post


def parts(client: FlaskClient) -> dict[str, str]:
    found: dict[str, str] = client.get("/readyz").json["parts"]
    return found


def figures(client: FlaskClient) -> dict[tuple[str, tuple[str, ...]], float]:
    """Every sample that /metrics shows, by name and label values."""
    text = client.get("/metrics").text
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture
def lonely(settings: Settings) -> Iterator[FlaskClient]:
    """A client of an application whose Redis is dead."""
    made: Flask = create_app(replace(settings, log_level="error", redis_url="unix:///nowhere/redis.sock"))
    yield made.test_client()
    made.extensions["parley"].db.close()


def test_alive_means_that_the_process_answers(lonely: FlaskClient) -> None:
    answer = lonely.get("/healthz")

    assert (answer.status_code, answer.json) == (200, {"status": "alive"})


def test_ready_when_every_part_works(client: FlaskClient, db: Database) -> None:
    health.beat(db, "worker:1", "model-1", utcnow())
    health.beat(db, health.SCHEDULER, None, utcnow())

    answer = client.get("/readyz")
    assert (answer.status_code, answer.json["status"]) == (200, "ready")
    names = ("redis", "database", "worker", "scheduler", "model", "backlog", "clock", "writing")
    assert answer.json["parts"] == dict.fromkeys(names, "ok")
    assert answer.json["oldest_received_seconds"] == 0
    assert answer.headers["Cache-Control"] == "no-store"


def test_not_ready_before_any_worker_has_reported(client: FlaskClient) -> None:
    answer = client.get("/readyz")

    problem = assert_problem(answer, 503)
    assert "worker" in problem["detail"]
    assert problem["parts"]["redis"] == problem["parts"]["database"] == "ok"
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize(("seconds", "status"), [(29, 200), (31, 503)])
def test_a_worker_counts_for_thirty_seconds(
    client: FlaskClient, db: Database, seconds: int, status: int
) -> None:
    health.beat(db, "worker:1", "model-1", utcnow() - timedelta(seconds=seconds))
    health.beat(db, health.SCHEDULER, None, utcnow())

    assert client.get("/readyz").status_code == status


@pytest.mark.parametrize(("seconds", "status"), [(58, 200), (62, 503), (None, 503)])
def test_a_silent_scheduler_is_told(
    client: FlaskClient, db: Database, seconds: int | None, status: int
) -> None:
    health.beat(db, "worker:1", "model-1", utcnow())
    if seconds is not None:
        health.beat(db, health.SCHEDULER, None, utcnow() - timedelta(seconds=seconds))

    assert client.get("/readyz").status_code == status
    assert parts(client)["worker"] == parts(client)["model"] == "ok"
    assert ("no scheduler has rung" in parts(client)["scheduler"]) == (status == 503)


def test_a_scheduler_is_no_worker(client: FlaskClient, db: Database) -> None:
    health.beat(db, health.SCHEDULER, None, utcnow())

    assert client.get("/readyz").status_code == 503
    assert "no worker" in parts(client)["worker"]
    assert "unknown" in parts(client)["scheduler"]


def test_not_ready_without_a_model(client: FlaskClient, db: Database) -> None:
    health.beat(db, "worker:1", None, utcnow())

    assert_problem(client.get("/readyz"), 503)
    assert parts(client)["worker"] == "ok"
    assert "review" in parts(client)["model"]


def test_one_worker_with_a_model_is_enough(client: FlaskClient, db: Database) -> None:
    health.beat(db, "worker:1", None, utcnow())
    health.beat(db, "worker:2", "model-1", utcnow())
    health.beat(db, health.SCHEDULER, None, utcnow())

    assert client.get("/readyz").status_code == 200


def test_a_dead_redis_is_told_and_stops_no_post(lonely: FlaskClient, db: Database) -> None:
    health.beat(db, "worker:1", "model-1", utcnow())

    assert_problem(lonely.get("/readyz"), 503)
    assert parts(lonely)["redis"] != "ok"
    assert post(lonely)["status"] == "received"


def test_a_redis_that_answers_and_takes_no_writes_is_told(
    client: FlaskClient, db: Database, settings: Settings
) -> None:
    health.beat(db, "worker:1", "model-1", utcnow())
    health.beat(db, health.SCHEDULER, None, utcnow())
    with redis.Redis(unix_socket_path=settings.redis_url.removeprefix("unix://")) as server:
        server.config_set("maxmemory", 1)
        try:
            answer = client.get("/readyz")
        finally:
            server.config_set("maxmemory", 0)

    problem = assert_problem(answer, 503)
    assert "full" in problem["parts"]["redis"]
    assert client.get("/readyz").status_code == 200


def test_ready_says_how_long_comments_wait_and_is_not_beyond_the_setting(
    settings: Settings, db: Database
) -> None:
    health.beat(db, "worker:1", "model-1", utcnow())
    health.beat(db, health.SCHEDULER, None, utcnow())
    app = create_app(replace(settings, log_level="error", backlog_seconds=60))
    client, here = app.test_client(), app.extensions["parley"]
    draft = Draft("demo", "https://news.example/a", "A fine remark.")
    here.intake.submit(draft, utcnow() - timedelta(seconds=50))
    late = client.get("/readyz")
    assert late.status_code == 200
    assert 50 <= late.json["oldest_received_seconds"] < 60

    here.intake.submit(draft, utcnow() - timedelta(seconds=70))
    problem = assert_problem(client.get("/readyz"), 503)
    assert "to be scored" in problem["parts"]["backlog"]
    assert problem["oldest_received_seconds"] >= 70
    assert {state for name, state in problem["parts"].items() if name != "backlog"} == {"ok"}

    decide(db)
    assert client.get("/readyz").status_code == 200
    here.db.close()


def test_a_dead_database_is_503_with_retry_after_everywhere(settings: Settings, tmp_path: Path) -> None:
    gone = f"sqlite:///{tmp_path / 'no-folder' / 'x.db'}"
    app = create_app(replace(settings, log_level="error", database_url=gone))
    client = app.test_client()

    for place in ("/api/v1/comments?site=demo&thread=a", "/api/v1/counts?site=demo&thread=a"):
        answer = client.get(place)
        assert_problem(answer, 503)
        assert int(answer.headers["Retry-After"]) > 0
    assert parts(client)["database"] != "ok"
    assert client.get("/healthz").status_code == client.get("/metrics").status_code == 200
    told = client.get("/api/v1/moderation/comments?site=demo", headers={"Authorization": "Bearer x"})
    assert_problem(told, 503)


def test_the_metrics_have_the_figures_that_operators_need(client: FlaskClient, db: Database) -> None:
    before = figures(client)
    route = ("POST", "/api/v1/comments", "202")
    post(client)
    post(client, "You vile thing.")
    waiting = figures(client)
    decide(db)
    health.beat(db, "worker:1", "model-1", utcnow())
    after = figures(client)

    posted = waiting["parley_requests_total", route] - before.get(("parley_requests_total", route), 0)
    assert posted == 2
    assert waiting["parley_task_queue_depth", ()] == 2
    assert waiting["parley_oldest_received_seconds", ()] > 0
    assert after["parley_task_queue_depth", ()] == after["parley_oldest_received_seconds", ()] == 0
    assert after["parley_decisions_total", ("policy", "approve")] == 1
    assert after["parley_decisions_total", ("policy", "review")] == 1
    queues = ("parley_review_queue", ("demo",)), ("parley_oldest_pending_seconds", ("demo",))
    assert [waiting[queue] for queue in queues] == [0, 0]
    assert after["parley_review_queue", ("demo",)] == 1
    assert after["parley_oldest_pending_seconds", ("demo",)] > 0
    assert after["parley_model_info", ("model-1",)] == 1
    assert after["parley_deliveries_due", ()] == 0
    assert ("parley_request_seconds_count", ("/api/v1/comments",)) in after


def test_the_metrics_name_no_path_that_was_only_tried(client: FlaskClient) -> None:
    for method, place in (
        ("GET", "/planted-1"),
        ("PLANTED-2", "/healthz"),
        ("GET", "/api/v1/comments/planted-3"),
    ):
        client.open(place, method=method)

    assert "planted" not in client.get("/metrics").text.lower()


def test_decisions_of_people_are_counted_apart(client: FlaskClient, db: Database) -> None:
    made = post(client, "You vile thing.")
    decide(db)
    body = {"comment_id": made["id"], "action": "reject", "version": 2}
    client.post(
        "/api/v1/moderation/actions", json=body, headers=bearer(hire(db, "mo", {"demo": "moderator"}))
    )

    assert figures(client)["parley_decisions_total", ("moderator", "reject")] == 1


def test_where_there_is_a_token_it_is_asked_for_and_life_is_no_secret(settings: Settings) -> None:
    token = "scrape-and-tell-0123456789"
    app = create_app(replace(settings, metrics_token=token))
    client = app.test_client()
    refused = [
        client.get(path, headers={"Authorization": given} if given else {})
        for path in ("/metrics", "/readyz")
        for given in ("", token, "Bearer", "Bearer x", f"Bearer {token}0", "Bearer \u00e9", f"Basic {token}")
    ]

    assert client.get("/healthz").status_code == 200
    assert {answer.status_code for answer in refused} == {401}
    assert_problem(refused[0], 401, "not-signed-in")
    assert not any(b"parley_" in answer.data for answer in refused)
    allowed = {"Authorization": f"Bearer {token}"}
    assert client.get("/metrics", headers=allowed).status_code == 200
    assert client.get("/readyz", headers=allowed).status_code == 503  # no worker has reported
    app.extensions["parley"].db.close()


@pytest.mark.parametrize(("ahead", "is_fresh"), [(4, True), (15, False), (86_400, False)])
def test_a_heartbeat_of_the_future_is_no_sign_of_life(db: Database, ahead: int, is_fresh: bool) -> None:
    now = utcnow()
    for name in ("worker:1", health.SCHEDULER):
        health.beat(db, name, "model-1", now + timedelta(seconds=ahead))

    found = health.readiness(db, now)

    assert (found.worker == health.READY) == is_fresh
    assert (found.model == health.READY) == is_fresh
    assert bool(health.figures(db, now).models) == is_fresh


def test_a_scheduler_of_the_future_has_not_rung(db: Database) -> None:
    now = utcnow()
    health.beat(db, "worker:1", "model-1", now)
    health.beat(db, health.SCHEDULER, None, now + timedelta(hours=1))

    assert "no scheduler has rung" in health.readiness(db, now).scheduler


def test_a_report_of_another_day_is_forgotten_whichever_day(db: Database) -> None:
    now = utcnow()
    for days, name in ((-2, "old:1"), (2, "early:1")):
        health.beat(db, name, None, now + timedelta(days=days))
    health.beat(db, "worker:1", None, now)

    with db.read() as connection:
        assert [one.worker for one in queries.heartbeats(connection)] == ["worker:1"]


@pytest.fixture
def tomorrow(settings: Settings) -> Iterator[FlaskClient]:
    """A client of a web process whose machine is a day ahead."""
    made = create_app(replace(settings, log_level="error"))
    made.extensions["parley"].db.close()
    made.extensions["parley"] = make_web_context(settings, lambda: utcnow() + timedelta(days=1))
    yield made.test_client()
    made.extensions["parley"].db.close()


@pytest.mark.parametrize("db", ["postgresql"], indirect=True)
def test_a_web_process_a_day_ahead_makes_comments_of_today_and_says_so(
    tomorrow: FlaskClient, db: Database
) -> None:
    health.beat(db, "worker:1", "model-1", utcnow())
    health.beat(db, health.SCHEDULER, None, utcnow())
    made = post(tomorrow)

    with db.read() as connection:
        comment = comments.find_comment(connection, made["id"])
    assert comment is not None
    assert abs(comment.created_at - utcnow()) < timedelta(minutes=5)
    assert abs(int(made["id"].replace("-", "")[:12], 16) / 1000 - utcnow().timestamp()) < 300
    problem = assert_problem(tomorrow.get("/readyz"), 503)
    assert "this machine's clock is 86400 s ahead of the database's" in problem["detail"]
    others = {name: state for name, state in problem["parts"].items() if name != "clock"}
    assert set(others.values()) == {"ok"}
    assert abs(figures(tomorrow)["parley_clock_ahead_seconds", ()] - 86_400) < 60


def test_whether_anything_can_be_written_is_tried_every_few_seconds(db: Database, tmp_path: Path) -> None:
    steady = [100.0]
    writes = health.Writes(db, tmp_path, lambda: steady[0])
    assert writes.state(utcnow()) == health.READY
    with refusing_writes(db):
        assert writes.state(utcnow()) == health.READY  # it was looked at a moment ago
        steady[0] += health.WRITE_EVERY_S
        told = writes.state(utcnow())
    steady[0] += health.WRITE_EVERY_S

    assert "cannot write" in told
    assert "MiB left" in told
    assert writes.state(utcnow()) == health.READY
    with db.read() as connection:
        assert queries.heartbeats(connection) == []  # it is nobody's sign of life


@contextmanager
def refusing_writes(db: Database) -> Iterator[None]:
    """Let whoever writes be refused, as by a full disk or a database that others made read only."""

    def let(connection: Any, *, only_read: bool) -> None:
        if db.is_sqlite:
            connection.execute(f"PRAGMA query_only={int(only_read)}")
        else:
            connection.read_only = only_read

    def prepare(connection: Any, *_: object) -> None:
        let(connection, only_read=True)

    def undo(connection: Any, *_: object) -> None:
        let(connection, only_read=False)

    event.listen(db.engine, "checkout", prepare)
    event.listen(db.engine, "checkin", undo)
    try:
        yield
    finally:
        event.remove(db.engine, "checkout", prepare)
        event.remove(db.engine, "checkin", undo)


@pytest.mark.parametrize("db", ["sqlite"], indirect=True)  # a file can be given a bound
def test_without_room_posts_get_503_readers_all_they_want_and_readyz_says_it(
    client: FlaskClient, app: Flask
) -> None:
    db = app.extensions["parley"].db
    made = post(client)

    def bound(connection: Any, *_: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages}")

    event.listen(db.engine, "checkout", bound)
    answers = [client.post("/api/v1/comments", json=draft("x" * 4000)) for _ in range(30)]
    refused = [one for one in answers if one.status_code != 202]
    reads = [
        client.get(f"/api/v1/comments/{made['id']}", query_string={"receipt": made["receipt"]}),
        client.get("/api/v1/comments?site=demo&thread=a"),
        client.get("/demo"),
    ]
    with db.read() as connection:
        connection.execute(text("PRAGMA max_page_count=1000000"))
    event.remove(db.engine, "checkout", bound)

    assert refused
    for one in refused:
        assert "cannot write: its disk is full" in assert_problem(one, 503)["detail"]
        assert int(one.headers["Retry-After"]) == 30
    assert {one.status_code for one in reads} == {200}


def test_a_disk_that_takes_a_row_and_no_comment_is_full(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is ours where the database is a file; how PostgreSQL's stands it says when it is written to."""
    monkeypatch.setattr(health, "A_POST", 1 << 60)

    told = health.Writes(db, tmp_path).state(utcnow())

    assert ("cannot write a comment" in told and "MiB left" in told) == db.is_sqlite


def test_a_delivery_that_could_be_sent_and_is_not_has_an_age(client: FlaskClient, db: Database) -> None:
    """A retry waits for its time, and a disabled endpoint for its owner: neither is late."""
    now = utcnow()
    for name, minutes, disabled in (("late", -10, None), ("again", 10, None), ("disabled", -60, now)):
        due_delivery(db, name, now + timedelta(minutes=minutes), disabled)

    found = figures(client)
    assert found["parley_deliveries_due", ()] == 3
    assert 600 <= found["parley_oldest_due_seconds", ()] < 660


def due_delivery(db: Database, name: str, at: datetime, disabled: datetime | None) -> None:
    with db.write() as connection:
        connection.execute(
            insert(Event).values(
                id=f"msg_{name}", site_id="demo", subject_kind="site", subject_id=name, sequence=1,
                type="site.changed", payload="{}", created_at=at,
            )
        )  # fmt: skip
        connection.execute(
            insert(WebhookEndpoint).values(
                id=name, site_id="demo", url="https://192.88.98.1/", secret="s", types=[], created_at=at,
                disabled_at=disabled,
            )
        )  # fmt: skip
        connection.execute(
            insert(Delivery).values(
                id=name, endpoint_id=name, event_id=f"msg_{name}", subject_kind="site", subject_id=name,
                sequence=1, next_attempt_at=at,
            )
        )  # fmt: skip


def test_decisions_without_the_careful_reading_that_they_wanted_are_counted(
    client: FlaskClient, db: Database
) -> None:
    assert figures(client)["parley_unsure_total", ()] == 0
    for said in ("A subtle remark.", "Another subtle one.", "A fine remark."):
        post(client, said)
    decide(db)

    found = figures(client)
    assert found["parley_unsure_total", ()] == 2
    decided = {labels: count for (name, labels), count in found.items() if name == "parley_decisions_total"}
    assert sum(decided.values()) == 3, decided


def test_how_long_a_part_was_not_heard_is_told_also_where_it_never_was(
    client: FlaskClient, db: Database
) -> None:
    health.beat(db, "worker:1", "model-1", utcnow() - timedelta(seconds=90))
    health.beat(db, "worker:2", "model-1", utcnow() - timedelta(seconds=40))

    found = figures(client)
    assert 40 <= found["parley_silent_seconds", ("worker",)] < 60
    assert found["parley_silent_seconds", ("scheduler",)] == math.inf


def test_the_machine_tells_its_room_and_whether_the_database_answers(
    client: FlaskClient, settings: Settings, tmp_path: Path
) -> None:
    gone = replace(settings, log_level="error", database_url=f"sqlite:///{tmp_path / 'no-folder' / 'x.db'}")
    without = figures(create_app(gone).test_client())
    found = figures(client)

    assert (found["parley_database_up", ()], without["parley_database_up", ()]) == (1, 0)
    assert found["parley_data_folder_free_bytes", ()] > 0
    assert without["parley_data_folder_free_bytes", ()] > 0
    assert ("parley_task_queue_depth", ()) not in without
