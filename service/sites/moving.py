"""Renaming, moving, merging and splitting threads; each is shown first if wanted, and can be taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, Connection

from service.domain.access import Caller
from service.domain.addresses import SIGNS, USUAL, read_page
from service.domain.composing import composed
from service.domain.errors import IllegalMove, Invalid, NotFound, Unavailable
from service.domain.origins import Origins
from service.domain.threads import MAX_KEY_BYTES, thread_keys
from service.sites.threads import existing
from service.storage import ledger, sites, threads
from service.storage import thread_changes as changes
from service.storage.database import Database
from service.storage.records import Placed, SitePages, ThreadChangeRow, ThreadRow

RENAME, MOVE, MERGE, SPLIT = "rename", "move", "merge", "split"
MAX_TITLE = 300
MAX_NAMED = 500  # comments that are split off at once, their answers not counted
AT_ONCE = 1000  # answers named in one statement
TRIES = 6  # where others write to the same threads meanwhile


@dataclass(frozen=True, slots=True)
class Change:
    """What a change of a thread does, or would do; ``is_undo`` says that it takes one back.

    ``key`` and ``to`` are the thread that gives and the one that takes, or the key before and after.
    """

    kind: str
    site: str
    key: str
    to: str
    title: str | None
    comments: int
    public: int
    is_closed: bool
    is_undo: bool = False


@dataclass(frozen=True, slots=True)
class Name:
    """What a thread is to be called: another ``title``, another key or address ``to``, or both."""

    title: str | None = None
    to: str | None = None


@dataclass(frozen=True, slots=True)
class _Act:
    """Who does it, where and when, and whether ``really`` or to show what it would do."""

    caller: Caller
    site: str
    now: datetime
    really: bool

    def carry_out(self, db: Database, change: Callable[[Connection], Change]) -> Change:
        """Do it in one transaction; try again where a decision and we waited for each other."""
        self.caller.must("own", self.site)
        for left in reversed(range(TRIES)):
            try:
                with db.write() as connection:
                    changes.be_patient(connection)
                    return change(connection)
            except Unavailable:
                if not left:
                    raise
        raise AssertionError("it was done, or it raised")

    def tell(
        self, connection: Connection, thread: ThreadRow, action: str, event: str, **more: object
    ) -> None:
        actor = (self.caller.actor_kind, self.caller.name)
        stands = threads.lock_by_id(connection, [thread.id])[thread.id]
        told = threads.happening(stands, action, event, actor, {}, more)
        ledger.record(connection, told, self.now)


def rename(
    db: Database, caller: Caller, site: str, key: str, name: Name, now: datetime, *, really: bool
) -> Change:
    """Give a thread another title, which no page changes then, or another key; that before leads to it.

    A key that is an address is its link too. Raises `NotFound` for an unknown thread, and `Invalid` where the
    key is that of another thread.
    """
    act = _Act(caller, site, now, really)
    return act.carry_out(db, lambda connection: _rename(connection, act, key, name))


def merge(
    db: Database, caller: Caller, site: str, key: str, into: str, now: datetime, *, really: bool
) -> Change:
    """Take all comments of a thread to another of the same site; the keys that led to it lead there.

    Whether the talk is closed, or read first, the thread that takes them says. Raises `NotFound` for an
    unknown thread, and `Invalid` where the two are one.
    """
    act = _Act(caller, site, now, really)
    return act.carry_out(db, lambda connection: _merge(connection, act, key, into))


def split(
    db: Database,
    caller: Caller,
    site: str,
    key: str,
    into: str,
    ids: Sequence[str],
    now: datetime,
    *,
    really: bool,
) -> Change:
    """Take comments with their answers to another thread, made if it is new; an answer begins a talk there.

    Raises `NotFound` for an unknown thread or comment, and `Invalid` where the two threads are one.
    """
    act = _Act(caller, site, now, really)
    return act.carry_out(db, lambda connection: _split(connection, act, key, into, ids))


def undo(db: Database, caller: Caller, site: str, key: str, now: datetime, *, really: bool) -> Change:
    """Take back the last change of a thread: every comment it took goes back, with its answers since.

    What else was posted since stays where it is. Raises `NotFound` for an unknown thread, and `IllegalMove`
    where there is nothing to take back, or something later has to be taken back first.
    """
    act = _Act(caller, site, now, really)
    return act.carry_out(db, lambda connection: _undo(connection, act, key))


def _rename(connection: Connection, act: _Act, key: str, name: Name) -> Change:
    pages, stood = _found(connection, act.site, key)
    values: dict[str, str | bool | None] = {}
    if name.title is not None:
        values = {"title": _title(name.title), "title_pinned": True}
    to = stood.key if name.to is None else _free_key(connection, pages, stood, name.to)
    if to != stood.key:
        values |= {"key": to, **_link(pages, name.to or "")}
    if not values:
        raise Invalid([("/to", f"{key!r} is called so already")])
    kind = RENAME if to == stood.key else MOVE
    if act.really:
        was_alias = to != stood.key and threads.drop_alias(connection, act.site, to)
        before = {column: getattr(stood, column) for column in values}
        changes.keep(connection, act.site, kind, stood.id, None, before | {"was_alias": was_alias}, act.now)
        threads.change(connection, stood.id, values)
        if to != stood.key:
            threads.add_alias(connection, act.site, stood.key, stood.id, act.now)
        event = "thread.renamed" if kind == RENAME else "thread.moved"
        act.tell(connection, stood, kind, event, former_key=stood.key)
    total, public = changes.count(connection, changes.in_thread(stood.id))
    return _change(act, kind, stood, to, name.title or stood.title, total, public)


def _merge(connection: Connection, act: _Act, key: str, into: str) -> Change:
    _, giving = _found(connection, act.site, key)
    _, taking = _found(connection, act.site, into)
    if giving.id == taking.id:
        raise Invalid([("/into", f"{key!r} and {into!r} are one thread already")])
    total, public = changes.count(connection, changes.in_thread(giving.id))
    if act.really:
        aliases = threads.aliases_of(connection, giving.id)
        before = {"aliases": aliases}
        change = changes.keep(connection, act.site, MERGE, taking.id, giving.id, before, act.now)
        changes.take(connection, change, changes.in_thread(giving.id), taking.id)
        changes.hand_over(connection, giving.id, taking.id, public)
        threads.turn_aliases(connection, [*aliases, giving.id], taking.id)
        act.tell(connection, giving, MERGE, "thread.merged", into=_named(taking), comments=total)
    return _change(act, MERGE, taking, taking.key, taking.title, total, public, key=giving.key)


def _split(connection: Connection, act: _Act, key: str, into: str, ids: Sequence[str]) -> Change:
    pages, giving = _found(connection, act.site, key)
    taking = _taking(connection, act, pages, into)
    if taking is not None and giving.id == taking.id:
        raise Invalid([("/into", f"{key!r} and {into!r} are one thread already")])
    named = _comments(connection, giving, ids)
    begun = [one.id for one in named if one.root_id is None]
    talks = {one.root_id for one in named if one.root_id} - set(begun)
    out = _taken_out(changes.talks_of(connection, talks), {one.id for one in named})
    parts = [changes.in_talks(giving.id, begun)]
    parts += [changes.these([one.id for one in out[at : at + AT_ONCE]]) for at in range(0, len(out), AT_ONCE)]
    counts = [changes.count(connection, part) for part in parts]
    total, public = sum(one for one, _ in counts), sum(one for _, one in counts)
    if act.really and taking is not None:
        _take(connection, act, giving, taking, parts)
        changes.uproot(connection, out)
        changes.recount(connection, [*talks, *(one.id for one in out if one.root_id is None)])
        changes.hand_over(connection, giving.id, taking.id, public)
        sent = {"into": _named(taking), "comments": [one.id for one in named]}
        act.tell(connection, giving, SPLIT, "thread.split", **sent)
    to = taking.key if taking else thread_keys(into).of(pages.spelling)
    return _change(act, SPLIT, taking or giving, to, None, total, public, key=giving.key)


def _take(
    connection: Connection,
    act: _Act,
    giving: ThreadRow,
    taking: ThreadRow,
    parts: Iterable[ColumnElement[bool]],
) -> None:
    change = changes.keep(connection, act.site, SPLIT, taking.id, giving.id, {}, act.now)
    for part in parts:
        changes.take(connection, change, part, taking.id)


def _taken_out(answers: Sequence[Placed], named: set[str]) -> list[Placed]:
    """Return the named answers and all below them, as they stand when those begin talks of their own.

    An answer comes after what it answers, so one look at each will do.
    """
    roots: dict[str, str] = {}
    out = []
    for one in answers:
        above = roots.get(one.parent_id or "")
        if above is not None:
            roots[one.id] = above
            out.append(replace(one, root_id=above))
        elif one.id in named:
            roots[one.id] = one.id
            out.append(Placed(one.id, None, None))
    return out


def _undo(connection: Connection, act: _Act, key: str) -> Change:
    _, thread = _found(connection, act.site, key)
    change = changes.latest(connection, [thread.id])
    if change is None:
        raise IllegalMove(f"There is nothing to take back: {key!r} was not renamed, moved, merged or split.")
    concerned = [one for one in (change.thread_id, change.other_id) if one]
    last = changes.latest(connection, concerned)
    held = threads.lock_by_id(connection, [*concerned, *([last.thread_id] if last else ())])
    if last is not None and last.id != change.id:
        later = f"the {last.kind} of {held[last.thread_id].key!r}"
        raise IllegalMove(f"Take back first what was done later: {later}.")
    stands, giver = held[change.thread_id], held.get(change.other_id or "")
    which = changes.journalled(change.id, stands.id) if giver else changes.in_thread(stands.id)
    total, public = changes.count(connection, which)
    to = giver.key if giver else str(change.before.get("key", stands.key))
    if act.really:
        _take_back(connection, act, change, stands, public)
        act.tell(connection, giver or stands, "take back", "thread.restored", undone=change.kind)
    found = _change(act, change.kind, giver or stands, to, None, total, public, key=stands.key)
    return replace(found, is_undo=True)


def _take_back(
    connection: Connection, act: _Act, change: ThreadChangeRow, stands: ThreadRow, public: int
) -> None:
    before = dict(change.before)
    changes.mark_undone(connection, change.id, act.now)
    if change.other_id is None:
        was_alias = before.pop("was_alias", False)
        if "key" in before:
            threads.drop_alias(connection, act.site, before["key"])
        threads.change(connection, stands.id, before)
        if was_alias:
            threads.add_alias(connection, act.site, stands.key, stands.id, act.now)
        return
    changes.give_back(connection, change)
    changes.hand_over(connection, change.thread_id, change.other_id, public)
    if change.kind == MERGE:
        threads.turn_aliases(connection, [change.other_id], None)
        threads.turn_aliases(connection, before["aliases"], change.other_id)
    else:
        places = changes.uprooted(connection, change.id)
        changes.reroot(connection, places)
        changes.uproot(connection, places)
        talks = {one.root_id for one in places if one.root_id}
        changes.recount(connection, sorted(talks | {one.id for one in places}))


def _found(connection: Connection, site: str, key: str) -> tuple[SitePages, ThreadRow]:
    """Return the thread that a key or address leads to, held, with the pages of its site."""
    sites.existing(connection, site)
    pages = sites.pages(connection, [site])[site]
    return pages, existing(connection, site, key, pages)


def _taking(connection: Connection, act: _Act, pages: SitePages, into: str) -> ThreadRow | None:
    """Return the thread that is to take comments, made if it is new and this is meant."""
    keys = thread_keys(into)
    key = keys.of(pages.spelling)
    found = threads.lock(connection, act.site, key, keys.before)
    if found is None:
        url = _link(pages, into).get("url")
        _checked(into)
        if act.really:
            threads.make(connection, act.site, key, url, None, act.now)
            found = threads.lock(connection, act.site, key)
    return found


def _comments(connection: Connection, thread: ThreadRow, ids: Sequence[str]) -> list[Placed]:
    if not 1 <= len(ids) <= MAX_NAMED:
        raise Invalid([("/comments", f"must be 1 to {MAX_NAMED} comments")])
    found = changes.placed(connection, thread.id, ids)
    missing = sorted(set(ids) - {one.id for one in found})
    if missing:
        raise NotFound(f"The thread {thread.key!r} has no comment {missing[0][:100]!r}.")
    return found


def _free_key(connection: Connection, pages: SitePages, stood: ThreadRow, to: str) -> str:
    keys = thread_keys(_checked(to))
    key = keys.of(pages.spelling)
    there = threads.lock(connection, pages.id, key, keys.before)
    if there is not None and there.id != stood.id:
        raise Invalid([("/to", f"There is a thread {to!r} already: merge the two instead.")])
    return key


def _link(pages: SitePages, to: str) -> dict[str, str | None]:
    """Return the link of a thread whose key is an address; raise `Invalid` for one of another site."""
    if not thread_keys(to).is_address:
        return {}
    if not Origins(pages.origins).hold(to):
        raise Invalid([("/to", f"{to[:200]!r} is no page of the site {pages.id!r} (`parley site origins`)")])
    return {"url": read_page(to).link}


def _checked(key: str) -> str:
    keys = thread_keys(key)
    if not keys.of(USUAL) or (not keys.is_address and len(keys.of(USUAL).encode()) > MAX_KEY_BYTES):
        raise Invalid([("/to", f"must be a key of 1 to {MAX_KEY_BYTES} bytes, or the address of a page")])
    return key


def _title(title: str) -> str:
    said = " ".join(composed(SIGNS.sub(" ", title)).split())
    if not 1 <= len(said) <= MAX_TITLE:
        raise Invalid([("/title", f"must be 1 to {MAX_TITLE} characters")])
    return said


def _named(thread: ThreadRow) -> dict[str, str | None]:
    return {"id": thread.id, "key": thread.key, "url": thread.url, "title": thread.title}


def _change(
    act: _Act,
    kind: str,
    stays: ThreadRow,
    to: str,
    title: str | None,
    total: int,
    public: int,
    key: str | None = None,
) -> Change:
    is_closed = stays.closed_at is not None
    return Change(kind, act.site, key or stays.key, to, title, total, public, is_closed)
