"""How we speak to Redis ourselves: briefly, and without ever waiting for it."""

from __future__ import annotations

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from service.settings import Settings

TIMEOUT_S = 0.25
PROBE, PROBE_S = "parley-probe", 60


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


def trouble(client: redis.Redis) -> str:
    """Write a little, and return what Redis does instead of taking it; nothing if it does.

    A Redis that is full, or a copy of another, answers a ping and takes no message.
    """
    try:
        client.set(PROBE, 1, ex=PROBE_S)
    except redis.exceptions.OutOfMemoryError:
        return "takes no writes: it is full"
    except redis.exceptions.ReadOnlyError:
        return "takes no writes: it is a copy of another"
    except redis.ResponseError as error:
        return f"takes no writes: {str(error)[:100]}"
    except redis.RedisError:
        return "does not answer"
    return ""
