"""`parley backup`, `restore` and `retention`: what is kept, and brought back."""

from __future__ import annotations

import getpass
import json
import os
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from models.reading.files import BadArtifact
from models.registry import SHIPPED_NAME
from service.commands.database import bring_up_to_date, database_file, migrated, opened
from service.commands.up import take_folder
from service.context import utcnow
from service.domain.errors import Misconfigured
from service.domain.manifest import DATABASE, MODELS, SECRET_KEY, Manifest
from service.settings import (
    Settings,
    backup_passphrase,
    data_folder,
    given_secret_key,
    read_settings,
    writable_folder,
)
from service.storage import keeping
from service.storage.database import Database
from service.upkeep import archive
from service.upkeep import backup as backups
from service.upkeep import restore as restores
from service.upkeep import retention as kept
from service.wiring import registry_of

UNFINISHED_BACKUP, UNFINISHED_RESTORE = ".backup.unfinished", ".restore.unfinished"


def backup(arguments: Namespace) -> int:
    """Write everything that cannot be made again into one file, while Parley runs or not."""
    settings, target = read_settings(), Path(arguments.file).expanduser().absolute()
    if target.exists() and not arguments.overwrite:
        raise Misconfigured(f"There is a {target} already. Choose another name, or add --overwrite.")
    if not target.parent.is_dir():
        raise Misconfigured(f"There is no folder {target.parent}.")
    passphrase = _passphrase(twice=True) if arguments.encrypt else None
    with migrated(settings) as db, archive.workroom(settings.data_dir / UNFINISHED_BACKUP) as work:
        what = backups.Kept(settings.secret_key, _model_files(settings, db))
        made = backups.back_up(db, what, target, work, version("parley"), utcnow(), passphrase)
    print(f"{target}: {made.comments} comments, the secret key{_models(made)},", end=" ")
    print(f"{target.stat().st_size} bytes{', encrypted' if passphrase else ''}.")
    if passphrase is None:
        print(
            "Whoever can read it has the secret key and every comment; --encrypt locks it.", file=sys.stderr
        )
    return 0


def _model_files(settings: Settings, db: Database) -> Mapping[str, Path]:
    """Return the chosen model and the choice, by their names in a backup; a shared one is in the database."""
    registry = registry_of(settings, db)
    try:
        name = registry.choice().current
    except BadArtifact as error:
        raise Misconfigured(f"{error}. Choose a model: parley model use") from None
    if name == SHIPPED_NAME:
        return {}
    folder = registry.folder_of(name)
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    if not registry.is_shared:
        files.append(registry.folder / "current.json")
    return {f"{MODELS}{path.relative_to(registry.folder).as_posix()}": path for path in files}


def _models(manifest: Manifest) -> str:
    names = {part.name.split("/")[1] for part in manifest.parts if part.name.count("/") > 1}
    return "".join(f", the model {name}" for name in sorted(names))


def _passphrase(*, twice: bool = False) -> str:
    if given := backup_passphrase():
        return given
    if not sys.stdin.isatty():
        raise Misconfigured(
            "There is no passphrase: set PARLEY_BACKUP_PASSPHRASE, or PARLEY_BACKUP_PASSPHRASE_FILE to a file"
            " with it."
        )
    typed = getpass.getpass("Passphrase of the backup: ")
    if twice and typed != getpass.getpass("Once more: "):
        raise Misconfigured("The two are not the same.")
    return typed


def restore(arguments: Namespace) -> int:
    """Put a backup in the place of a Parley, or say what would be done."""
    file = Path(arguments.file).expanduser().absolute()
    if arguments.dry_run:
        found = archive.read(file, _passphrase)
        _show(file, found)
        restores.refuse_newer(found)
        return 0
    told = _ids(arguments.taken_back)
    with ExitStack() as stack:
        folder = writable_folder(data_folder())
        stack.enter_context(take_folder(folder))
        work = stack.enter_context(archive.workroom(folder / UNFINISHED_RESTORE))
        found = archive.read(file, _passphrase, work)
        restores.refuse_newer(found)
        key = (work / SECRET_KEY).read_bytes()
        settings = _target(key, found)
        _refuse_full(settings, key, is_told=arguments.overwrite)
        erased = _bring_back(settings, found, work, told)
        restores.place(
            work, found, folder, settings.model_store or folder / MODELS.rstrip("/"),
            database_file(settings) if settings.embedded else None, with_key=given_secret_key() is None,
        )  # fmt: skip
    print(f"Restored {found.comments} comments as they were at {found.made_at}{_models(found)}.")
    if erased:
        print(f"{erased} of them were taken back since, and are erased again.")
    print("All sessions ended. Tokens, roles and policies are those of that time: look through them.")
    return 0


def _show(file: Path, found: Manifest) -> None:
    print(f"{file}: made by Parley {found.parley} at {found.made_at}; {found.database}, ", end="")
    print(f"tables of revision {found.revision}, {found.comments} comments.")
    for part in found.parts:
        print(f"  {part.name}\t{part.size} bytes\t{part.sha256}")
    print("Every checksum holds.")


def _target(key: bytes, found: Manifest) -> Settings:
    """Return the settings of what a backup is brought back to; its secret key is the backup's."""
    given = given_secret_key()
    if given is not None and given != key:
        raise Misconfigured(
            "PARLEY_SECRET_KEY is another key than the backup's: receipts and the audit log would not hold."
            " Set it to that of the backup, or leave it out, and the backup's is written to the data folder."
        )
    without = {name: value for name, value in os.environ.items() if name != "PARLEY_SECRET_KEY_FILE"}
    settings = read_settings(without | {"PARLEY_SECRET_KEY": key.decode()})
    kind = keeping.SQLITE if settings.embedded else keeping.POSTGRESQL
    if kind != found.database:
        raise Misconfigured(
            f"The backup is of {found.database}, and PARLEY_DATABASE_URL leads to {kind}. Correct it."
        )
    return settings


def _refuse_full(settings: Settings, key: bytes, *, is_told: bool) -> None:
    """Raise where there is a Parley already, unless somebody said that it may go; and if it is running."""
    there = [path for path in _there(settings, key) if path]
    if settings.embedded:
        if not keeping.shed_log(database_file(settings)):
            raise Misconfigured("The database is open elsewhere. Stop every Parley on it first.")
    else:
        with opened(settings, of_any_release=True) as db:
            if tables := keeping.tables(db):
                there.append(f"{len(tables)} tables in the database")
                if "alembic_version" not in tables:
                    raise Misconfigured("The tables there are none of Parley's. Name an empty database.")
            if others := keeping.others_connected(db):
                raise Misconfigured(
                    f"{others} others are connected to the database. Stop web, worker and scheduler first."
                )
    if there and not is_told:
        raise Misconfigured(
            f"There is a Parley already ({', '.join(there)}). With --overwrite the backup takes its place."
        )


def _there(settings: Settings, key: bytes) -> list[str]:
    file, own = settings.data_dir / SECRET_KEY, settings.model_store or settings.data_dir / MODELS.rstrip("/")
    found = []
    if settings.embedded and database_file(settings).exists():
        found.append(str(database_file(settings)))
    if file.exists() and file.read_bytes().strip() != key.strip():
        found.append(str(file))
    if (own / "current.json").exists():
        found.append(str(own))
    return found


def _ids(file: str | None) -> list[str]:
    """Return the ids in a file, one a line."""
    try:
        return Path(file).read_text(encoding="utf-8").split() if file else []
    except (OSError, UnicodeError):
        raise Misconfigured(f"The file {file} cannot be read.") from None


def _bring_back(settings: Settings, found: Manifest, work: Path, told: Sequence[str]) -> int:
    """Make the database ready to be put in place, or with a server put it there; return how many comments
    were erased again.
    """
    taken_back, last_place = _known_since(settings)
    if settings.embedded:
        target = replace(settings, database_url=f"sqlite:///{work / DATABASE}")
    else:
        target = settings
        with opened(settings, of_any_release=True) as db:
            keeping.load(db, work / DATABASE)
    with opened(target) as db:
        if wrong := keeping.damage(db):
            raise Misconfigured(f"The database in the backup is damaged ({wrong}). Take another backup.")
        bring_up_to_date(db)
        erased = restores.begin_again(db, [*taken_back, *told], last_place, utcnow())
        db.pack()
        db.empty_log()
    if settings.embedded:
        keeping.shed_log(work / DATABASE)
    return erased


def _known_since(settings: Settings) -> tuple[list[str], int]:
    """Return what the database that goes knows and the backup may not: comments that were taken back, and how
    far hosts may have read. Of a damaged one, or where none is, nothing is known.
    """
    with suppress(Misconfigured), opened(settings, of_any_release=True) as db:
        if "comments" in keeping.tables(db):
            return keeping.taken_back(db), keeping.last_place(db)
    return [], 0


def retention(arguments: Namespace) -> int:
    """Delete and erase what is kept for long enough, or with ``--dry-run`` say how much that is."""
    settings, now = read_settings(), utcnow()
    with migrated(settings) as db:
        for one in kept.overdue(db, now, settings.kept_for):
            _print_overdue(one, as_json=arguments.json)
        done = 0
        while not arguments.dry_run and (some := kept.tidy(db, now, settings.kept_for)):
            done += some
    if not arguments.json:
        print("Nothing was done." if arguments.dry_run else f"Done: {done} in all, small things among them.")
    return 0


def _print_overdue(one: kept.Overdue, *, as_json: bool) -> None:
    kind, rows, size = one.kind, one.amount.rows, one.amount.size
    if as_json:
        print(json.dumps({"kind": kind.name, "days": one.days, "rows": rows, "bytes": size}))
    else:
        for_so_long = f"{one.days} days" if one.days else kind.zero
        print(f"{kind.name:<12} kept {for_so_long:<10} {rows:>9} overdue, {size:>12} bytes  {kind.variable}")
