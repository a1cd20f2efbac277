"""Looking after threads: closing them, and reading every comment of one before it is published."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from service.domain.errors import NotFound
from service.domain.threads import thread_key
from service.storage import sites
from service.storage import threads as queries
from service.storage.database import Database
from service.storage.records import Record


def close(db: Database, site: str, key: str, now: datetime) -> None:
    """Take no more comments; what is published stays. One that is closed keeps the time it was closed at.

    ``key`` is the thread's own key or its page's address. Raises `NotFound` for an unknown thread.
    """
    _change(db, site, key, lambda thread: {"closed_at": thread["closed_at"] or now})


def reopen(db: Database, site: str, key: str) -> None:
    """Take comments again. Raises `NotFound` for an unknown thread."""
    _change(db, site, key, lambda _: {"closed_at": None})


def premoderate(db: Database, site: str, key: str, *, on: bool = True) -> None:
    """Have people read every comment before it is published, or leave that to the policy again.

    Applies to comments that are decided from now on. Raises `NotFound` for an unknown thread.
    """
    _change(db, site, key, lambda _: {"premoderate": on})


def list_threads(db: Database, site: str) -> list[Record]:
    """Return a site's threads, the newest first; raise `NotFound` for an unknown site."""
    with db.read() as connection:
        if sites.find(connection, site) is None:
            raise NotFound(f"There is no site {site!r}.")
        return queries.of_site(connection, site)


def _change(db: Database, site: str, key: str, wanted: Callable[[Record], Record]) -> None:
    with db.write() as connection:
        thread = queries.lock(connection, site, thread_key(key))
        if thread is None:
            raise NotFound(
                f"There is no thread {key!r} on the site {site!r}: nobody has commented there yet."
            )
        values = wanted(thread)
        if any(thread[name] != value for name, value in values.items()):
            queries.change(connection, thread["id"], values)
