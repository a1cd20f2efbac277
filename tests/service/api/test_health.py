"""The operators' doors: alive, ready, measured.

Proves `service/upkeep/health.py` and `service/storage/health.py` too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from service.app import create_app
from service.comments.intake import Draft
from service.context import utcnow
from service.settings import Settings
from service.storage.database import Database
from service.upkeep import health
from tests.service.api.parts import assert_problem, bearer, decide, hire, post


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
    names = ("redis", "database", "worker", "scheduler", "model", "backlog")
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
