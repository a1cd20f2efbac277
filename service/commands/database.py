"""Opening the database for a command, and `parley db`."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from service.commands.installation import own_command
from service.context import utcnow
from service.domain.errors import Misconfigured, Unavailable
from service.settings import Settings, read_settings
from service.sites import first_start, sites, threads
from service.storage import migrate
from service.storage.clock import DatabaseClock
from service.storage.database import Database
from service.storage.patience import WITHOUT_END, Patience
from service.upkeep import audit

WITHOUT_KEY = "0010"  # the log of a database before this revision has no key yet


@contextmanager
def opened(settings: Settings, patience: Patience = WITHOUT_END) -> Iterator[Database]:
    """Give a database that answers; raise `Misconfigured` with one sentence if it does not."""
    try:
        db = Database(settings.database_url, 1, settings.seal_key, patience)
        with db.read() as connection:
            connection.execute(text("SELECT 1"))
    except (Unavailable, SQLAlchemyError) as error:
        shown, reason = _shown(settings.database_url), _reason(error)
        raise Misconfigured(
            f"The database {shown} does not answer{reason}. Start it or correct PARLEY_DATABASE_URL."
        ) from None
    try:
        yield db
    finally:
        db.close()


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
