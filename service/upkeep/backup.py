"""A backup of everything that cannot be made again: the database, the secret key, the chosen model."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from service.domain.manifest import DATABASE, SECRET_KEY, Manifest
from service.storage import keeping
from service.storage.database import Database
from service.upkeep import archive


@dataclass(frozen=True, slots=True)
class Kept:
    """What goes into a backup beside the database: the secret key, and files by their names there."""

    secret_key: bytes = field(repr=False)
    files: Mapping[str, Path]


def back_up(
    db: Database, kept: Kept, target: Path, work: Path, release: str, now: datetime, passphrase: str | None
) -> Manifest:
    """Make a backup of a Parley that may be running; nobody waits for it.

    ``work`` is an empty folder with room for a copy of the database. Raises `Damaged` if the database is so:
    a backup that cannot be restored would only displace one that can.
    """
    files = {DATABASE: work / DATABASE, SECRET_KEY: work / SECRET_KEY, **kept.files}
    copied = keeping.copy(db, files[DATABASE])
    with open(os.open(files[SECRET_KEY], os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as made:
        made.write(kept.secret_key)
    parts = [archive.part_of(name, file) for name, file in sorted(files.items())]
    manifest = Manifest.of(release, now, copied.kind, copied.revision, copied.comments, parts)
    archive.write(target, manifest, files, passphrase)
    return manifest
