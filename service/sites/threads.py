"""Looking after threads: closing them, and reading every comment of one before it is published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from service.domain.access import Caller
from service.domain.errors import NotFound
from service.domain.threads import thread_key
from service.storage import ledger, sites
from service.storage import threads as queries
from service.storage.database import Database
from service.storage.records import ThreadRow


@dataclass(frozen=True, slots=True)
class _Wish:
    """What is to hold of a thread from now on, and what that is called."""

    action: str
    event: str
    values: Mapping[str, object]

    def holds(self, thread: ThreadRow) -> bool:
        return all(_same(getattr(thread, name), value) for name, value in self.values.items())


def close(db: Database, caller: Caller, site: str, key: str, now: datetime) -> None:
    """Take no more comments; what is published stays. One that is closed keeps the time it was closed at.

    ``key`` is the thread's own key or its page's address. Raises `NotFound` for an unknown thread.
    """
    _change(db, caller, site, key, _Wish("close", "thread.closed", {"closed_at": now}), now)


def reopen(db: Database, caller: Caller, site: str, key: str, now: datetime) -> None:
    """Take comments again. Raises `NotFound` for an unknown thread."""
    _change(db, caller, site, key, _Wish("reopen", "thread.reopened", {"closed_at": None}), now)


def premoderate(db: Database, caller: Caller, site: str, key: str, now: datetime, *, on: bool = True) -> None:
    """Have people read every comment before it is published, or leave that to the policy again.

    Applies to comments that are decided from now on. Raises `NotFound` for an unknown thread.
    """
    wish = _Wish("premoderate" if on else "leave to policy", "thread.premoderated", {"premoderate": on})
    _change(db, caller, site, key, wish, now)


def list_threads(db: Database, caller: Caller, site: str) -> list[ThreadRow]:
    """Return a site's threads, the newest first; raise `NotFound` for an unknown site."""
    caller.must("decide", site)
    with db.read() as connection:
        sites.existing(connection, site)
        return queries.of_site(connection, site)


def _change(db: Database, caller: Caller, site: str, key: str, wish: _Wish, now: datetime) -> None:
    """Change a thread, unless it stands so already; its audit row and event are written with it."""
    caller.must("own", site)
    with db.write() as connection:
        thread = queries.lock(connection, site, thread_key(key))
        if thread is None:
            raise NotFound(
                f"There is no thread {key!r} on the site {site!r}: nobody has commented there yet."
            )
        if wish.holds(thread):
            return
        queries.change(connection, thread.id, wish.values)
        ledger.record(connection, _happening(caller, thread, wish), now)


def _same(stands: object, wanted: object) -> bool:
    """A thread that is closed stays as it was closed, at whatever time it is closed again."""
    return stands == wanted or (isinstance(stands, datetime) and isinstance(wanted, datetime))


def _happening(caller: Caller, thread: ThreadRow, wish: _Wish) -> ledger.Happening:
    before = {
        "id": thread.id,
        "site": thread.site_id,
        "key": thread.key,
        "url": thread.url,
        "title": thread.title,
        "closed_at": thread.closed_at,
        "premoderate": thread.premoderate,
    }
    return ledger.Happening(
        kind="thread",
        id=thread.id,
        site_id=thread.site_id,
        action=wish.action,
        event=wish.event,
        actor_kind=caller.actor_kind,
        actor=caller.name,
        subject=before | dict(wish.values),
        detail={"key": thread.key},
    )
