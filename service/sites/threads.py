"""Looking after threads: closing them, and reading every comment of one before it is published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from service.domain.access import Caller
from service.domain.addresses import Spelling, read_page
from service.domain.errors import Invalid, NotFound
from service.domain.origins import Origins
from service.domain.threads import Keys, thread_keys
from service.sites.sites import pages_of
from service.storage import ledger, sites
from service.storage import threads as queries
from service.storage.database import Database
from service.storage.records import SitePages, ThreadRow


@dataclass(frozen=True, slots=True)
class _Wish:
    """What is to hold of a thread from now on, and what that is called."""

    action: str
    event: str
    values: Mapping[str, object]

    def holds(self, thread: ThreadRow) -> bool:
        return all(_same(getattr(thread, name), value) for name, value in self.values.items())


def close(db: Database, caller: Caller, site: str, key: str, now: datetime) -> ThreadRow:
    """Take no more comments; what is published stays. One that is closed keeps the time it was closed at.

    ``key`` is the thread's own key or its page's address; nobody need have commented there. Raises
    `NotFound` for an unknown site.
    """
    wish = _Wish("close", "thread.closed", {"closed_at": now})
    return _change(db, caller, site, key, wish, now, make=True)


def reopen(db: Database, caller: Caller, site: str, key: str, now: datetime) -> ThreadRow:
    """Take comments again. Raises `NotFound` for an unknown thread."""
    return _change(db, caller, site, key, _Wish("reopen", "thread.reopened", {"closed_at": None}), now)


def premoderate(
    db: Database, caller: Caller, site: str, key: str, now: datetime, *, on: bool = True
) -> ThreadRow:
    """Have people read every comment before it is published, or leave that to the policy again.

    Applies to comments that are decided from now on; nobody need have commented there. Raises `NotFound`
    for an unknown site, and for an unknown thread that is to be left to the policy.
    """
    wish = _Wish("premoderate" if on else "leave to policy", "thread.premoderated", {"premoderate": on})
    return _change(db, caller, site, key, wish, now, make=on)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a thread is to stand, by its key or its page's address; what is None stays as it is.

    ``pin`` has a ``title`` or ``url`` that no page changes from then on; one that is None there is left to
    the pages again.
    """

    site: str
    thread: str
    closed: bool | None = None
    premoderate: bool | None = None
    pin: Mapping[str, str | None] | None = None


def set_standing(db: Database, caller: Caller, wanted: Standing, now: datetime) -> ThreadRow:
    """Let a thread stand so, made first if it is new.

    Raises `NotFound` for an unknown site, and `Invalid` for a link that leads to none of its pages.
    """
    caller.must("own", wanted.site)
    site, key = wanted.site, wanted.thread
    pins = _pins(pages_of(db, caller, site), wanted.pin or {})
    found = _change(db, caller, site, key, _Wish("", "", {}), now, make=True)
    if wanted.closed is not None:
        found = (close if wanted.closed else reopen)(db, caller, site, key, now)
    if wanted.premoderate is not None:
        found = premoderate(db, caller, site, key, now, on=wanted.premoderate)
    if pins:
        found = _change(db, caller, site, key, _Wish("pin", "thread.renamed", pins), now)
    return found


def _pins(pages: SitePages, pin: Mapping[str, str | None]) -> dict[str, str | bool]:
    values: dict[str, str | bool] = {}
    for name, said in pin.items():
        values[f"{name}_pinned"] = said is not None
        if said is not None:
            values[name] = read_page(said).link if name == "url" else said
            if name == "url" and not Origins(pages.origins).hold(said):
                raise Invalid([("/pin/url", f"is no page of the site {pages.id!r}")])
    return values


def list_threads(db: Database, caller: Caller, site: str) -> list[ThreadRow]:
    """Return a site's threads, the newest first; raise `NotFound` for an unknown site."""
    caller.must("see", site)
    with db.read() as connection:
        sites.existing(connection, site)
        return queries.of_site(connection, site)


def respell(db: Database, site: str | None = None) -> None:
    """Give threads that are keyed by an address the key that addresses have now.

    For after an upgrade, and after a site spells addresses otherwise. Where several threads would get the
    same key, the one with the most public comments does; the others are still found by their own spelling.
    """
    with db.write() as connection:
        for one in sites.all_sites(connection):
            if site in (None, one.id):
                spelling = Spelling(one.www_apart, one.slash_apart)
                found = queries.of_site(connection, one.id, aliases=True)
                taken = {thread.key for thread in found}
                for thread in sorted(found, key=lambda thread: (-thread.approved_count, thread.id)):
                    key = _spelt(thread.key, spelling)
                    if key not in taken:
                        taken.add(key)
                        queries.change(connection, thread.id, {"key": key})


def _spelt(key: str, spelling: Spelling) -> str:
    try:
        return thread_keys(key).of(spelling)
    except Invalid:
        return key  # nobody can ask for it any more; it is listed all the same


def _change(
    db: Database, caller: Caller, site: str, key: str, wish: _Wish, now: datetime, *, make: bool = False
) -> ThreadRow:
    """Change a thread, unless it stands so already; its audit row and event are written with it.

    With ``make``, a thread that is not there is made first: what is delicate is set before it is published.
    """
    caller.must("own", site)
    keys = thread_keys(key)
    with db.write() as connection:
        pages = sites.pages(connection, [site]).get(site)
        if pages is not None and make:
            _make(connection, pages, key, keys, now)
        thread = existing(connection, site, key, pages)
        if wish.holds(thread):
            return thread
        queries.change(connection, thread.id, wish.values)
        actor = (caller.actor_kind, caller.name)
        happening = queries.happening(thread, wish.action, wish.event, actor, wish.values)
        ledger.record(connection, happening, now)
        changed = queries.lock(connection, site, thread.key)
        assert changed is not None  # it is held
        return changed


def existing(connection: Connection, site: str, key: str, pages: SitePages | None) -> ThreadRow:
    """Return the thread that a key or address leads to, held until the transaction ends.

    ``pages`` are the site's, None where there is no such site. Raises `NotFound` for an unknown thread.
    """
    keys = thread_keys(key)
    found = queries.lock(connection, site, keys.of(pages.spelling) if pages else key, keys.before)
    if found is None:
        raise NotFound(f"There is no thread {key!r} on the site {site!r}: nobody has commented there yet.")
    return found


def _make(connection: Connection, site: SitePages, key: str, keys: Keys, now: datetime) -> None:
    """Make a thread, unless it is there under one of its keys. A key that is an address is its first link."""
    if queries.lock(connection, site.id, keys.of(site.spelling), keys.before) is None:
        link = read_page(key).link if keys.is_address and Origins(site.origins).hold(key) else None
        queries.make(connection, site.id, keys.of(site.spelling), link, None, now)


def _same(stands: object, wanted: object) -> bool:
    """A thread that is closed stays as it was closed, at whatever time it is closed again."""
    return stands == wanted or (isinstance(stands, datetime) and isinstance(wanted, datetime))
