"""`parley thread`: which pages take comments, and which have them read first."""

from __future__ import annotations

from argparse import Namespace

from service.commands.database import migrated
from service.context import utcnow
from service.domain.access import OPERATOR
from service.sites import threads


def close(arguments: Namespace) -> int:
    """Take no more comments on a thread."""
    with migrated() as db:
        threads.close(db, OPERATOR, arguments.site, arguments.key, utcnow())
    print(f"{arguments.key} is closed.")
    return 0


def reopen(arguments: Namespace) -> int:
    """Take comments on a thread again."""
    with migrated() as db:
        threads.reopen(db, OPERATOR, arguments.site, arguments.key, utcnow())
    print(f"{arguments.key} is open.")
    return 0


def premoderate(arguments: Namespace) -> int:
    """Have people read every comment of a thread before it is published, or not any more."""
    with migrated() as db:
        threads.premoderate(db, OPERATOR, arguments.site, arguments.key, utcnow(), on=not arguments.off)
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
