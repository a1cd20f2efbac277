"""The only Celery producer: asks for tasks by name. A message is a doorbell, it carries no data."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import redis
import structlog
from celery import Celery
from kombu.connection import Connection

from service.outages import Outage
from service.redis_client import redis_client
from service.settings import Settings

log = structlog.get_logger("parley.tasks")
# The address of a socket or a folder has no host, and that is as it should be.
logging.getLogger("kombu.connection").addFilter(lambda line: not str(line.msg).startswith("No hostname"))

COALESCE_S = 0.015  # at most one message of a kind in this time, from one process
DEAF_S = 0.5  # after a doorbell nobody heard: trying on every post would cost the posts their time
# Of one queue. One bell says as much as all of them; without a worker they would pile up. No message has a
# time after which it is void: who takes it may have a clock that is ahead of the sender's.
MOST_WAITING = 500
CONNECT_S = 0.25
SCORING, WEBHOOKS = "scoring", "webhooks"
ROUTES = {
    "parley.drain": {"queue": SCORING},
    "parley.heartbeat": {"queue": SCORING},
    "parley.relay": {"queue": WEBHOOKS},
    "parley.deliver": {"queue": WEBHOOKS},
    "parley.tidy": {"queue": WEBHOOKS},
}


class Doorbells(Celery):  # type: ignore[misc]
    """Rings no bell where many wait that nobody has heard yet."""

    waiting: Callable[[str], int]

    def send_task(self, name: str, *args: Any, **options: Any) -> Any:
        """Send a message, if that is worth anything; else return None."""
        if name in ROUTES and self.waiting(ROUTES[name]["queue"]) >= MOST_WAITING:
            return None
        return super().send_task(name, *args, **options)


def waiting(settings: Settings, client: redis.Redis | None, queue: str) -> int:
    """Return how many messages wait in a task queue; none where nobody can be asked."""
    if client is None:
        folder = Path(settings.redis_url.removeprefix("filesystem://")) / "messages"
        return sum(name.endswith(f".{queue}.msg") for name in os.listdir(folder))
    try:
        return int(client.llen(queue))
    except redis.RedisError:  # whoever sends will hear of it
        return 0


def celery_app(settings: Settings) -> Celery:
    """Return a Celery application that speaks to the settings' broker, and never waits for it long.

    Without these options a dead Redis stalls whoever sends a message for six seconds.
    """
    app = Doorbells("parley", broker=broker_url(settings), set_as_current=False)
    app.waiting = partial(waiting, settings, redis_client(settings))
    app.conf.update(
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        task_store_errors_even_if_ignored=False,
        task_routes=ROUTES,
        task_default_queue=SCORING,
        # The message is a doorbell: once heard, nothing is owed to Redis. Acknowledged late, those of a Redis
        # that went away kept workers from ever hearing another.
        task_acks_late=False,
        worker_prefetch_multiplier=1,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_enable_prefetch_count_reduction=False,
        broker_channel_error_retry=True,  # a Redis that is full or read-only is no reason to end
        worker_hijack_root_logger=False,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_connection_timeout=2,
        broker_transport_options=_transport_options(settings),
    )
    app.amqp.Connection = _Connection
    return app


class _Connection(Connection):
    """A connection that is tried again every second. Celery alone would try ever more seldom."""

    def ensure_connection(self, *args: Any, **options: Any) -> Any:
        """Return the connection once it stands."""
        every = {"interval_start": 1, "interval_step": 0}
        return super().ensure_connection(*args, **{**every, **options})  # type: ignore[no-untyped-call]


def broker_url(settings: Settings) -> str:
    """Return the broker's address in Celery's spelling."""
    url = settings.redis_url
    if url.startswith("unix://"):
        return "redis+socket://" + url.removeprefix("unix://")
    return "filesystem://" if url.startswith("filesystem://") else url


def _transport_options(settings: Settings) -> dict[str, Any]:
    if settings.redis_url.startswith("filesystem://"):
        folder = Path(settings.redis_url.removeprefix("filesystem://"))
        for name in ("messages", "control"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        messages = str(folder / "messages")
        return {
            "data_folder_in": messages,
            "data_folder_out": messages,
            "control_folder": str(folder / "control"),
            "store_processed": False,
        }
    return {
        "max_retries": 0,
        "socket_connect_timeout": CONNECT_S,
        "socket_timeout": 5,
        "visibility_timeout": 60,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 5,
    }


class Tasks:
    """Rings the workers' doorbells from a thread of its own, so that no request ever waits for Redis."""

    def __init__(self, settings: Settings) -> None:
        self._celery = celery_app(settings)
        self._wanted: set[str] = set()
        self._ring = threading.Condition()
        self._thread: threading.Thread | None = None
        self._outage = Outage(log, "doorbell not heard", "doorbell heard again")

    def nudge_scoring(self) -> None:
        """Say that comments wait to be scored. Returns at once and never fails."""
        self._nudge("parley.drain")

    def nudge_webhooks(self) -> None:
        """Say that events wait to be delivered. Returns at once and never fails."""
        self._nudge("parley.relay")

    def _nudge(self, name: str) -> None:
        with self._ring:
            self._wanted.add(name)
            if self._thread is None or not self._thread.is_alive():
                # Started late, because a thread does not live through the server's fork.
                self._thread = threading.Thread(target=self._run, name="doorbell", daemon=True)
                self._thread.start()
            self._ring.notify()

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            with self._ring:
                self._ring.wait_for(lambda: bool(self._wanted))
                wanted, self._wanted = self._wanted, set()
            heard = [self.send(name) for name in wanted]
            pause.wait(COALESCE_S if all(heard) else DEAF_S)

    def send(self, name: str, *args: str) -> bool:
        """Send one task by name; False if the broker does not answer."""
        try:
            self._celery.send_task(name, args=args, retry=False, ignore_result=True)
        except Exception as error:  # every transport has its own family; the scheduler will ring again
            self._outage.lost(task=name, error=type(error).__name__)
            return False
        self._outage.back()
        return True
