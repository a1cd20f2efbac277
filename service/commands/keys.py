"""`parley perspective key`: who may have texts scored from outside."""

from __future__ import annotations

import sys
from argparse import Namespace

from service.commands.database import migrated, now_of
from service.scoring import keys
from service.settings import read_settings


def add(arguments: Namespace) -> int:
    """Print a new key on standard output, and what to know about it on standard error."""
    settings = read_settings()
    with migrated(settings) as db:
        print(keys.add_key(db, arguments.name, arguments.per_minute, now_of(db)))
    print("The key is not shown again.", file=sys.stderr)
    if settings.perspective_keys != "required":
        callers = "Callers need" if settings.perspective_keys == "none" else "Programs on this machine need"
        print(f"{callers} none yet: PARLEY_PERSPECTIVE_KEYS=required asks for it.", file=sys.stderr)
    return 0


def list_keys(_arguments: Namespace) -> int:
    """Print number, name, quota and age of each key."""
    with migrated() as db:
        for key in keys.list_keys(db):
            print(f"{key.id}\t{key.name}\t{key.per_minute}/minute\t{key.created_at:%Y-%m-%d}")
    return 0


def drop(arguments: Namespace) -> int:
    """Refuse a key from now on."""
    with migrated() as db:
        keys.drop_key(db, arguments.name, now_of(db))
    print(f"Dropped the key {arguments.name}; running servers refuse it within 5 seconds.")
    return 0
