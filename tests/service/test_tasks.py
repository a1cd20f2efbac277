"""The doorbell: it never holds anybody up, and never fails.

Proves `workers/app.py` too.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import redis
import structlog
from structlog.testing import capture_logs

from service.settings import Settings, read_settings
from service.tasks import ROUTES, SCORING, WEBHOOKS, Tasks, broker_url, celery_app


def test_without_redis_a_nudge_returns_and_a_send_says_no(tmp_path: Path) -> None:
    settings = read_settings({"PARLEY_DATA_DIR": str(tmp_path)})
    tasks = Tasks(replace(settings, redis_url=f"unix://{tmp_path / 'nobody.sock'}"))

    for _ in range(100):
        tasks.nudge_scoring()
        tasks.nudge_webhooks()
    time.sleep(0.1)

    assert tasks.send("parley.drain") is False


def test_that_nobody_hears_is_logged_once_and_so_is_that_somebody_does_again(
    tmp_path: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.tasks.log", structlog.get_logger())  # that nobody has set up before
    settings = read_settings({"PARLEY_DATA_DIR": str(tmp_path)})
    tasks = Tasks(replace(settings, redis_url=f"unix://{tmp_path / 'nobody.sock'}"))
    with capture_logs() as lines:
        assert {tasks.send("parley.drain") for _ in range(5)} == {False}
        tasks._celery = Tasks(replace(settings, redis_url=redis_url))._celery  # as if it had come back
        assert {tasks.send("parley.drain") for _ in range(5)} == {True}

    assert [line["event"] for line in lines] == ["doorbell not heard", "doorbell heard again"]
    with redis.Redis.from_url(redis_url) as client:
        client.delete("scoring")


def test_a_worker_owes_redis_nothing_and_survives_one_that_takes_no_writes(tmp_path: Path) -> None:
    conf = celery_app(read_settings({"PARLEY_DATA_DIR": str(tmp_path)})).conf

    assert (conf.task_acks_late, conf.broker_channel_error_retry) == (False, True)
    assert not conf.worker_cancel_long_running_tasks_on_connection_loss


def test_a_broker_that_is_away_is_tried_every_second_and_not_ever_more_seldom(tmp_path: Path) -> None:
    settings = replace(read_settings({"PARLEY_DATA_DIR": str(tmp_path)}), redis_url="unix:///nowhere/x")
    pauses: list[float] = []

    def note(_: Exception, pause: float) -> None:
        pauses.append(pause)
        if len(pauses) == 2:
            raise EnoughSeen

    with pytest.raises(EnoughSeen), celery_app(settings).connection_for_read() as connection:
        connection.ensure_connection(note, None)

    assert pauses == [1, 1]


class EnoughSeen(Exception):
    """Ends a wait that would have no end."""


def test_with_redis_a_message_is_in_the_task_queue(tmp_path: Path, redis_url: str) -> None:
    settings = replace(read_settings({"PARLEY_DATA_DIR": str(tmp_path)}), redis_url=redis_url)
    with redis.Redis.from_url(redis_url) as client:
        before = client.llen("scoring")
        heard = Tasks(settings).send("parley.drain")

        assert (heard, client.llen("scoring")) == (True, before + 1)
        client.delete("scoring")


def test_the_broker_is_addressed_in_celerys_spelling(tmp_path: Path) -> None:
    settings = read_settings({"PARLEY_DATA_DIR": str(tmp_path), "PARLEY_REDIS_URL": "redis://h:1/2"})

    assert broker_url(settings) == "redis://h:1/2"
    assert broker_url(replace(settings, redis_url="unix:///a.sock")) == "redis+socket:///a.sock"
    assert broker_url(replace(settings, redis_url=f"filesystem://{tmp_path}")) == "filesystem://"


@pytest.fixture
def at_redis(tmp_path: Path, redis_url: str) -> Iterator[tuple[Settings, redis.Redis]]:
    settings = replace(read_settings({"PARLEY_DATA_DIR": str(tmp_path)}), redis_url=redis_url)
    with redis.Redis.from_url(redis_url) as client:
        client.delete("scoring", "webhooks")
        yield settings, client
        client.delete("scoring", "webhooks")


def test_no_message_is_void_by_the_clock_of_another_machine(at_redis: tuple[Settings, redis.Redis]) -> None:
    """A worker whose clock was 15 s ahead threw all of them away."""
    from workers.app import app

    settings, client = at_redis
    for name in ROUTES:
        assert Tasks(settings).send(name, *(["x"] if name == "parley.deliver" else []))
    sent = [json.loads(one) for queue in (SCORING, WEBHOOKS) for one in client.lrange(queue, 0, -1)]

    assert len(sent) == len(ROUTES)
    for message in sent:
        assert message["headers"]["expires"] is None
        assert message["headers"]["eta"] is None
    for entry in app.conf.beat_schedule.values():
        assert not {"expires", "eta", "countdown"} & set(entry.get("options", {}))


def test_bells_that_nobody_hears_do_not_pile_up(
    at_redis: tuple[Settings, redis.Redis], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.tasks.MOST_WAITING", 5)
    settings, client = at_redis
    tasks = Tasks(settings)
    heard = [tasks.send("parley.drain") for _ in range(9)]
    assert (all(heard), client.llen(SCORING)) == (True, 5)
    assert tasks.send("parley.relay")
    assert client.llen(WEBHOOKS) == 1  # each queue by itself

    client.rpop(SCORING)
    tasks.send("parley.drain")

    assert client.llen(SCORING) == 5


def test_nor_do_they_in_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.tasks.MOST_WAITING", 3)
    settings = replace(
        read_settings({"PARLEY_DATA_DIR": str(tmp_path)}), redis_url=f"filesystem://{tmp_path / 'broker'}"
    )
    for _ in range(6):
        assert Tasks(settings).send("parley.drain")

    assert len(list((tmp_path / "broker" / "messages").glob("*.scoring.msg"))) == 3


def test_the_scheduler_rings_no_more_than_others(
    at_redis: tuple[Settings, redis.Redis], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.tasks.MOST_WAITING", 2)
    settings, client = at_redis
    app = celery_app(settings)

    @app.task(name="parley.drain")
    def drain() -> None: ...

    for _ in range(4):
        drain.apply_async()  # as the scheduler does it

    assert client.llen(SCORING) == 2
