"""The doorbell: it never holds anybody up, and never fails.

Proves `workers/app.py` too.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from service.settings import read_settings
from service.tasks import Tasks, broker_url


def test_without_redis_a_nudge_returns_and_a_send_says_no(tmp_path: Path) -> None:
    settings = read_settings({"PARLEY_DATA_DIR": str(tmp_path)})
    tasks = Tasks(replace(settings, redis_url=f"unix://{tmp_path / 'nobody.sock'}"))

    for _ in range(100):
        tasks.nudge_scoring()
        tasks.nudge_webhooks()
    time.sleep(0.1)

    assert tasks.send("parley.drain") is False


def test_with_redis_a_message_is_in_the_task_queue(tmp_path: Path, redis_url: str) -> None:
    import redis

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
