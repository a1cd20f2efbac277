"""`parley thread`: which pages take comments, and which have them read first."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable

from service.commands.database import migrated, now_of
from service.domain.access import OPERATOR
from service.sites import moving, threads
from service.sites.moving import Change
from service.storage.database import Database


def close(arguments: Namespace) -> int:
    """Take no more comments on a thread."""
    with migrated() as db:
        threads.close(db, OPERATOR, arguments.site, arguments.key, now_of(db))
    print(f"{arguments.key} is closed.")
    return 0


def reopen(arguments: Namespace) -> int:
    """Take comments on a thread again."""
    with migrated() as db:
        threads.reopen(db, OPERATOR, arguments.site, arguments.key, now_of(db))
    print(f"{arguments.key} is open.")
    return 0


def premoderate(arguments: Namespace) -> int:
    """Have people read every comment of a thread before it is published, or not any more."""
    with migrated() as db:
        threads.premoderate(db, OPERATOR, arguments.site, arguments.key, now_of(db), on=not arguments.off)
    print(f"{arguments.key}: {'the policy decides' if arguments.off else 'people read every comment first'}.")
    return 0


def list_threads(arguments: Namespace) -> int:
    """Print key, state, number of public comments and address of each thread of a site."""
    with migrated() as db:
        for found in threads.list_threads(db, OPERATOR, arguments.site):
            states = ["closed" if found.closed_at else "open"]
            states += ["premoderated"] if found.premoderate else []
            print(f"{found.key}\t{' '.join(states)}\t{found.approved_count}\t{found.url or '-'}")
    return 0


def rename(arguments: Namespace) -> int:
    """Give a thread another title, or another key."""
    name = moving.Name(arguments.title, arguments.to)
    return _show(arguments, lambda db: moving.rename(
        db, OPERATOR, arguments.site, arguments.key, name, now_of(db), really=arguments.yes
    ))  # fmt: skip


def move(arguments: Namespace) -> int:
    """Give a thread another key or address."""
    name = moving.Name(to=arguments.to)
    return _show(arguments, lambda db: moving.rename(
        db, OPERATOR, arguments.site, arguments.key, name, now_of(db), really=arguments.yes
    ))  # fmt: skip


def merge(arguments: Namespace) -> int:
    """Take all comments of a thread to another one."""
    return _show(arguments, lambda db: moving.merge(
        db, OPERATOR, arguments.site, arguments.key, arguments.into, now_of(db), really=arguments.yes
    ))  # fmt: skip


def split(arguments: Namespace) -> int:
    """Take some comments, with their answers, to another thread."""
    return _show(arguments, lambda db: moving.split(
        db, OPERATOR, arguments.site, arguments.key, arguments.into, arguments.comments, now_of(db),
        really=arguments.yes,
    ))  # fmt: skip


def undo(arguments: Namespace) -> int:
    """Take back the last rename, move, merge or split of a thread."""
    return _show(arguments, lambda db: moving.undo(
        db, OPERATOR, arguments.site, arguments.key, now_of(db), really=arguments.yes
    ))  # fmt: skip


def _show(arguments: Namespace, change: Callable[[Database], Change]) -> int:
    """Carry a change out, or only say what it would do; tell how to go on from there."""
    with migrated() as db:
        done = change(db)
    print(_in_words(done))
    if not arguments.yes:
        print("Nothing was done. The same with --yes does it.")
    elif not done.is_undo:
        print(f"`parley thread undo {done.site} {done.to} --yes` takes it back.")
    return 0


def _in_words(done: Change) -> str:
    if done.is_undo and done.kind in (moving.RENAME, moving.MOVE):
        return f"{done.kind} taken back: {done.key} is {done.to} again ({_comments(done)})."
    if done.is_undo:
        return f"{done.kind} taken back: {_comments(done)} go from {done.key} to {done.to}."
    if done.kind == moving.RENAME:
        return f"{done.key} is called {done.title!r} ({_comments(done)})."
    if done.kind == moving.MOVE:
        return f"{done.key} is {done.to} ({_comments(done)}); {done.key} leads there."
    if done.kind == moving.SPLIT:
        return f"{_comments(done)} go from {done.key} to {done.to}."
    stays = "closed" if done.is_closed else "open"
    return f"{_comments(done)} go from {done.key} to {done.to}, which stays {stays}; {done.key} leads there."


def _comments(done: Change) -> str:
    said = "1 comment" if done.comments == 1 else f"{done.comments} comments"
    return f"{said}, {done.public} public"
