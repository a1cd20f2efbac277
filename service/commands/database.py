"""Opening the database for a command, and `parley db`."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from service.commands.installation import own_command
from service.context import utcnow
from service.domain.errors import Damaged, DatabaseUnusable, Misconfigured, NoAnswer, Unavailable
from service.settings import Settings, read_settings
from service.sites import first_start, sites, threads
from service.storage import migrate
from service.storage.clock import DatabaseClock
from service.storage.database import Database
from service.storage.patience import WITHOUT_END, Patience
from service.upkeep import audit

WITHOUT_KEY = "0010"  # the log of a database before this revision has no key yet


@contextmanager
def opened(
    settings: Settings, patience: Patience = WITHOUT_END, *, pool_size: int = 1, of_any_release: bool = False
) -> Iterator[Database]:
    """Give a database that answers; raise `DatabaseUnusable` if nothing can be done with it.

    It does not answer, is damaged or lost, or was made by a newer release, which matters to all but those who
    put another in its place.
    """
    refuse_lost(settings)
    try:
        db = Database(settings.database_url, pool_size, settings.seal_key, patience)
    except SQLAlchemyError as error:  # the address is none
        raise _no_answer(settings, error) from None
    try:
        _ask(db, settings, of_any_release=of_any_release)
        yield db
    except Damaged as error:  # perhaps found late: in a table that was not asked before
        raise _damaged(settings, _reason(error)) from None
    finally:
        db.close()


def _ask(db: Database, settings: Settings, *, of_any_release: bool) -> None:
    """Raise `NoAnswer` if a database gives none, `DatabaseUnusable` if it says that it is a newer one."""
    try:
        with db.read() as connection:
            connection.execute(text("SELECT 1"))
        found = migrate.revision(db)
    except Damaged:
        raise
    except (Unavailable, SQLAlchemyError) as error:
        raise _no_answer(settings, error) from None
    if not of_any_release:
        _refuse_newer(found)


def _no_answer(settings: Settings, error: Exception) -> NoAnswer:
    shown, reason = _shown(settings.database_url), _reason(error)
    return NoAnswer(f"The database {shown} does not answer{reason}. Start it or correct PARLEY_DATABASE_URL.")


def refuse_lost(settings: Settings) -> None:
    """Raise if what lies beside SQLite's file says that there was a database, and it is empty or gone.

    SQLite would take it for a new one, and throw the log away that may hold the last of the old.
    """
    if not settings.embedded:
        return
    file = database_file(settings)
    size = file.stat().st_size if file.exists() else None
    log, key = Path(f"{file}-wal"), file.with_name("secret.key")
    if size == 0 and key.exists():
        beside = key
    elif not size and log.exists() and log.stat().st_size:
        beside = log
    else:
        return
    what = "is gone" if size is None else "is empty"
    raise DatabaseUnusable(
        f"The database {file} {what}, but {beside.name} beside it says that there was one."
        f" Restore a backup: {own_command('restore', 'FILE')} --overwrite"
        f" (to start afresh, move {beside.name} away)."
    )


def refuse_unusable(settings: Settings) -> None:
    """Raise if this release must not touch the database; one that only does not answer may come."""
    with suppress(NoAnswer), opened(settings):
        pass


def database_file(settings: Settings) -> Path:
    """Return the file of an SQLite database."""
    return Path(settings.database_url.removeprefix("sqlite:///"))


def _refuse_newer(found: str | None) -> None:
    if migrate.is_newer(found):
        raise DatabaseUnusable(
            f"This database was made by a newer Parley: its tables are of revision {found}, and this release"
            f" knows them up to {migrate.newest()}. Install the newer release again, or restore a backup of"
            " before the upgrade."
        )


def _damaged(settings: Settings, reason: str) -> DatabaseUnusable:
    return DatabaseUnusable(
        f"The database {_shown(settings.database_url)} is damaged{reason}."
        f" Restore a backup: {own_command('restore', 'FILE')} --overwrite"
    )


@contextmanager
def migrated(settings: Settings | None = None) -> Iterator[Database]:
    """Give a database with the tables of this release; raise `Misconfigured` if it has others."""
    with opened(settings or read_settings()) as db:
        if not migrate.is_current(db):
            raise Misconfigured(
                f"The database does not have this release's tables. Run: {own_command('db', 'upgrade')}"
            )
        yield db


def now_of(db: Database) -> datetime:
    """Return the time as the database has it: this machine's clock may be off."""
    return DatabaseClock(db, utcnow)()


def _shown(url: str) -> str:
    try:
        return make_url(url).render_as_string(hide_password=True)
    except SQLAlchemyError:
        return "in PARLEY_DATABASE_URL"


def _reason(error: BaseException) -> str:
    cause = error.__cause__ if isinstance(error, Unavailable) else error
    lines = str(getattr(cause, "orig", None) or "").strip().splitlines()
    return f" ({lines[0].strip().rstrip('.')})" if lines else ""


def bring_up_to_date(db: Database) -> None:
    """Give the database the tables of this release, and its rows what they mean now."""
    before = migrate.upgrade(db)
    if before is not None and before < WITHOUT_KEY:
        audit.seal_anew(db, now_of(db))
    sites.keep_policies(db, now_of(db))
    threads.respell(db)


def upgrade(arguments: Namespace) -> int:
    """Bring the tables up to date; with ``--demo``, also make a first site and moderator."""
    settings = read_settings()
    with opened(settings) as db:
        bring_up_to_date(db)
        print("The database is up to date.")
        if arguments.demo and (password := first_start.prepare(db, settings.data_dir, now_of(db))):
            print(f"Log in at /review/ as {first_start.MODERATOR}, password: {password}")
    return 0


def current(_arguments: Namespace) -> int:
    """Say whether the tables are up to date; exit code 1 if not."""
    with opened(read_settings()) as db:
        fine = migrate.is_current(db)
    upgrade_it = own_command("db", "upgrade")
    print("The database is up to date." if fine else f"The database is not up to date. Run: {upgrade_it}")
    return 0 if fine else 1
