"""`parley up`: everything on one machine, started and stopped by one command."""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import socket
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import structlog

from service.commands.database import bring_up_to_date, now_of, opened
from service.commands.installation import own_command
from service.commands.processes import said_by_log, scheduler_command, watched, worker_command
from service.domain.errors import Misconfigured
from service.redis_client import redis_client, trouble
from service.redis_server import find_redis_server, prepare_socket, private_redis_url, redis_command
from service.running.pulse import Line, Pulse, web_programs
from service.running.supervisor import Program
from service.running.watchdog import LOOK_S as LOOK_AT_WEB_S
from service.running.web_server import listen
from service.settings import VARIABLES, Settings, read_settings
from service.sites import first_start

READY_S = 90.0
LOOK_S = 0.3
PATIENCE_S = 2.5  # somebody waits at the console; what is killed then is found by the next start


def up(arguments: Namespace) -> int:
    """Run Parley until told to stop."""
    settings = read_settings()
    tell = _teller(settings, verbose=arguments.verbose)
    lock = take_folder(settings.data_dir)
    with listen(settings.host, settings.port) as listener, lock:
        lock.write(f"\n{_reachable(listener)}")  # for whoever asks from another shell, with other settings
        lock.flush()
        with opened(settings) as db:
            bring_up_to_date(db)
            password = first_start.prepare(db, settings.data_dir, now_of(db))
        _require_redis(settings)
        programs, lines = _programs(settings, listener, verbose=arguments.verbose)
        say("Starting Parley ...")
        supervisor = watched(settings, programs, tell, PATIENCE_S)
        supervisor.every(LOOK_AT_WEB_S, Pulse(supervisor, lines).look)
        welcome = _welcome(settings, listener, password)
        supervisor.every(LOOK_S, _Opening(settings, listener, welcome, supervisor.stop).look)
        supervisor.run()
    say("Stopped.")
    return 0


def _teller(settings: Settings, *, verbose: bool) -> Callable[[str], None]:
    """Return how to tell what happens to programs: by the log where that is shown, else in words."""
    if verbose:
        return said_by_log(settings, alone=False)
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())  # the console is for people
    return lambda text: say(f"parley: {text}")


def say(text: str) -> None:
    """Tell the person at the console; nobody need be there."""
    try:
        print(text, flush=True)
    except OSError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - for the rest of our life


def take_folder(folder: Path) -> TextIO:
    """Return a lock on a data folder, held until it is closed; raise `Misconfigured` if it is held.

    The file says who holds it: the number of the process, and then where its web server listens.
    """
    lock = open(folder / "parley.lock", "a+")  # noqa: SIM115 - the caller closes it
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.seek(0)
        holder = next(iter(lock.read().split()), "unknown")
        lock.close()
        raise Misconfigured(
            f"Parley is running on the data folder {folder} already (process {holder})."
            " Stop it, or choose another folder with PARLEY_DATA_DIR."
        ) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def _require_redis(settings: Settings) -> None:
    """Raise `Misconfigured` if Redis is somebody else's and does not answer."""
    if settings.redis_url == private_redis_url(settings.data_dir):
        return
    client = redis_client(settings)
    if client is not None and (wrong := trouble(client)):
        raise Misconfigured(
            f"The Redis in PARLEY_REDIS_URL {wrong}."
            " Start or mend it, or leave the variable out and Parley runs its own."
        )


def _programs(
    settings: Settings, listener: socket.socket, *, verbose: bool
) -> tuple[list[Program], Mapping[str, Line]]:
    """Return what runs, in the order of its start, and a line to each web process."""
    environment = {
        "PARLEY_DATA_DIR": str(settings.data_dir),
        "PARLEY_DATABASE_URL": settings.database_url,
        "PARLEY_REDIS_URL": settings.redis_url,
        "PYTHONUNBUFFERED": "1",
        # They are in the addresses above by now; empty is as good as unset.
        **dict.fromkeys(
            ("PARLEY_DATABASE_PASSWORD", *(name for name in VARIABLES if name.endswith("_FILE"))), ""
        ),
        "PARLEY_SECRET_KEY": settings.secret_key.decode(),
    }

    log_dir = None if verbose else settings.data_dir / "logs"

    def program(name: str, command: list[str]) -> Program:
        return Program(name, command, environment, log_dir / f"{name}.log" if log_dir else None)

    web, lines = web_programs(settings, listener, environment, log_dir)
    return [
        *_redis(settings, environment),
        *web,
        program("scoring", worker_command("scoring", settings)),
        program("webhooks", worker_command("webhooks", settings)),
        program("scheduler", scheduler_command()),
    ], lines


def _redis(settings: Settings, environment: Mapping[str, str]) -> list[Program]:
    """Return the Redis of our own to run; none if we were given one, or there is none to run.

    Its log is always a file: the lines are its own, and no JSON.
    """
    if settings.redis_url != private_redis_url(settings.data_dir):
        return []
    binary = find_redis_server()
    if binary is None:
        say("No Redis was found, so Celery's messages go through files: slower, and nothing is lost.")
        return []
    command = redis_command(binary, prepare_socket(settings.redis_url))
    return [Program("redis", command, environment, settings.data_dir / "logs" / "redis.log", ends_last=True)]


def _welcome(settings: Settings, listener: socket.socket, password: str | None) -> str:
    base = settings.public_url or f"http://{_reachable(listener)}"
    file, name = settings.data_dir / first_start.FILE, first_start.MODERATOR
    if password:
        login = f"as {name}, password: {password}\n                (kept in {file})"
    elif file.exists():
        login = f"as {name}; the password of the first start is in {file}"
    else:
        lost = own_command("moderator", "password", name)
        login = f"with your name and password\n                (lost it? {lost})"
    return (
        f"Parley is running.\n\n  Article       {base}/demo\n  Review queue  {base}/review/\n"
        f"  Log in        {login}\n\nCtrl-C stops it. Data and logs are in {settings.data_dir}"
    )


def _reachable(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    own = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"[{own}]:{port}" if ":" in own else f"{own}:{port}"


@dataclass
class _Opening:
    """Waits for everything to work, then tells how to use it; once."""

    settings: Settings
    listener: socket.socket
    welcome: str
    give_up: Callable[[], None]

    def __post_init__(self) -> None:
        self._started, self._asked, self._done = time.monotonic(), 0.0, False

    def look(self) -> None:
        """Look once; called every moment."""
        if self._done:
            return
        missing = self._missing()
        self._done = not missing or time.monotonic() - self._started > READY_S
        if self._done and missing:
            logs = self.settings.data_dir / "logs"
            say(f"Not everything works after {READY_S:.0f} s ({missing}). See {logs}")
        if self._done:
            say(self.welcome)

    def _missing(self) -> str:
        """Return what is not ready, in words; nothing if all is."""
        connection = http.client.HTTPConnection(_reachable(self.listener), timeout=2)
        try:
            token = self.settings.metrics_token
            sent = {"Authorization": f"Bearer {token}"} if token else {}
            connection.request("GET", "/readyz", headers=sent)
            answer = connection.getresponse()
            parts = json.loads(answer.read()).get("parts", {})
        except (OSError, http.client.HTTPException, ValueError):
            return "the web server does not answer"
        finally:
            connection.close()
        if answer.status == 200:
            return ""
        return "; ".join(f"{name}: {state}" for name, state in parts.items() if state != "ok") or "unknown"
