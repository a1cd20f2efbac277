"""How we speak to Redis ourselves: briefly, and without ever waiting for it."""

from __future__ import annotations

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from service.settings import Settings

TIMEOUT_S = 0.25


def redis_client(settings: Settings) -> redis.Redis | None:
    """Return a client that fails within a quarter of a second; None with the file-system broker.

    A plain client tries again for four seconds when nobody listens.
    """
    if settings.redis_url.startswith("filesystem://"):
        return None
    return redis.Redis.from_url(
        settings.redis_url,
        socket_timeout=TIMEOUT_S,
        socket_connect_timeout=TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
    )
