"""Bringing a backup back: what was taken back since stays so, and nobody mistakes it for what was there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from service.domain.access import OPERATOR
from service.domain.comment import Status, after
from service.domain.errors import Misconfigured
from service.domain.manifest import DATABASE, MODELS, SECRET_KEY, Manifest
from service.storage import comments, keeping, migrate, moves
from service.storage.database import Database
from service.upkeep.archive import sync_folder

BATCH = 200


def refuse_newer(manifest: Manifest) -> None:
    """Raise if a backup's tables are of a newer release than this one."""
    if migrate.is_newer(manifest.revision):
        raise Misconfigured(
            f"The backup was made by a newer Parley ({manifest.parley}, tables of revision"
            f" {manifest.revision}); this release knows them up to {migrate.newest()}. Use that release."
        )


def begin_again(db: Database, taken_back: Sequence[str], last_place: int, now: datetime) -> int:
    """Make a database that was brought back, and is of this release, fit to go on; return how many comments
    were erased again.

    ``taken_back`` are comments that were taken back in the database that it replaces, ``last_place`` how far
    the log of that one went. Whoever withdrew a comment after the backup was made is not told "no" by it.
    """
    with db.write() as connection:
        keeping.begin_again(connection, last_place)
    erased = 0
    for at in range(0, len(taken_back), BATCH):
        with db.write() as connection:
            for comment_id in keeping.not_taken_back(connection, taken_back[at : at + BATCH]):
                comment = comments.find_comment(connection, comment_id, lock=True)
                if comment is not None:
                    to = after(Status(comment.status), "delete")
                    note = "It was taken back after the backup was made."
                    move = moves.Move(comment, to, "delete", OPERATOR.actor_kind, OPERATOR.name, note=note)
                    moves.record(connection, [move], now)
                    erased += 1
    return erased


def place(
    work: Path, manifest: Manifest, folder: Path, models: Path, database: Path | None, *, with_key: bool
) -> None:
    """Put the parts of a backup where they belong, the database last; each is renamed, so none is ever half.

    ``models`` is where models lie. ``database`` is SQLite's file, None where a server has it already. Nobody
    may have it open.
    """
    for part in manifest.parts:
        if part.name.startswith(MODELS):
            _move(work / part.name, models / part.name.removeprefix(MODELS))
        elif part.name == SECRET_KEY and with_key:
            _move(work / part.name, folder / part.name)
    if database is not None:
        # A log beside a file that it does not belong to would be played into it.
        for beside in ("-wal", "-shm", "-journal"):
            Path(f"{database}{beside}").unlink(missing_ok=True)
        _move(work / DATABASE, database)


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with source.open("rb+") as file:
        os.fsync(file.fileno())
    if source.stat().st_dev != target.parent.stat().st_dev:  # models may lie on a volume of their own
        source = Path(shutil.copy2(source, target.with_name(f".{target.name}.unfinished")))
    source.replace(target)
    sync_folder(target.parent)
