"""`parley perspective suggestion`: the scores that callers suggested, to train on or to delete."""

from __future__ import annotations

import codecs
import csv
import json
import sys
from argparse import Namespace
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from models.texts.data import COLUMNS, SPAM
from service.commands.database import migrated, now_of
from service.domain.errors import Misconfigured
from service.scoring import suggestions
from service.scoring.perspective import primary
from service.storage.database import Database

# Before the community's id, which its sender chose: training knows sources of its own by their names.
SOURCE = "suggestions"
AGAIN = "The same command empties it once nobody does; it is overwritten in time anyway."
OLDEST_DAYS = 36_500  # nothing is older, and a calendar ends somewhere


def list_communities(_arguments: Namespace) -> int:
    """Print each community with how much it suggested, and when first and last."""
    with migrated() as db:
        for found in suggestions.communities(db):
            times = (time.isoformat(timespec="seconds") for time in (found.first, found.last))
            # Anybody may have named it: in quotes, a terminal takes no orders from it.
            print(repr(found.community), found.count, *times, sep="\t")
    return 0


def export(arguments: Namespace) -> int:
    """Print suggestions as labelled comments in CSV, the last of each text; or as stored, in JSON lines."""
    write = _write_json if arguments.json else _write_csv
    with migrated() as db:
        # The bytes that are read again, whatever the terminal's encoding.
        write(db, arguments.community, codecs.getwriter("utf-8")(sys.stdout.buffer))
    sys.stdout.flush()
    return 0


def _write_json(db: Database, community: str | None, out: codecs.StreamWriter) -> None:
    for row in suggestions.every(db, community):
        out.write(json.dumps(asdict(row), default=lambda value: value.isoformat(), ensure_ascii=False) + "\n")


def _write_csv(db: Database, community: str | None, out: codecs.StreamWriter) -> None:
    columns = {**COLUMNS, **SPAM}
    # Texts are exactly as sent, even those that a spreadsheet takes for formulas: this is to be learnt from.
    writer = csv.DictWriter(out, ["text", "lang", "source", *columns.values()], restval="")
    writer.writeheader()
    for found in suggestions.latest(db, community):
        row: dict[str, Any] = {columns[name]: value for name, value in found.labels.items()}
        source = f"{SOURCE}:{found.community}" if found.community else SOURCE
        row |= {"text": found.body, "lang": primary(found.language), "source": source}
        writer.writerow(row)


def delete(arguments: Namespace) -> int:
    """Delete the suggestions that all of the options hold for, and say how many."""
    community, token, days = arguments.community, arguments.token, arguments.older_than
    is_narrowed = any(given is not None for given in (community, token, days))
    if is_narrowed == arguments.all:
        wanted = "--community, --token or --older-than, together or alone; or else --all"
        raise Misconfigured(f"Say which suggestions to delete: {wanted}.")
    with migrated() as db:
        before = None if days is None else now_of(db) - timedelta(days=min(days, OLDEST_DAYS))
        gone = suggestions.delete(db, community=community, token=token, before=before)
        suggestions.tell_deleted(db, gone, now_of(db))
        is_gone = db.empty_log()
    print(f"Deleted {gone} suggestion{'' if gone == 1 else 's'}.")
    if not is_gone:
        print(
            f"They still stand in the log beside the database, for somebody reads it. {AGAIN}",
            file=sys.stderr,
        )
    return 0
