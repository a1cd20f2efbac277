"""`parley doctor`: looks at every part, and says what to do about what is wrong."""

from __future__ import annotations

import fcntl
import http.client
import os
import platform
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import redis
from sqlalchemy import text

import models
from service.commands.database import now_of, opened
from service.context import utcnow
from service.domain.access import OPERATOR
from service.domain.errors import DatabaseUnusable, Misconfigured, ParleyError
from service.domain.languages import languages_in_words
from service.domain.origins import is_loopback
from service.outbound import Outbound, Refused
from service.redis_client import redis_client, trouble
from service.redis_server import private_redis_url
from service.running.web_server import listen
from service.settings import Settings
from service.sites import sites
from service.storage import keeping, migrate
from service.storage.patience import FOR_REQUESTS
from service.storage.records import Endpoint
from service.upkeep import health
from service.webhooks import endpoints
from service.wiring import load_in_use, registry_of

FREE_BYTES = 500_000_000
NEEDED_BYTES = 20_000_000  # the database's own log alone takes as much
OLD_S, TOO_OLD_S = 30.0, 300.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one part. ``state`` is ok, warn or fail; ``advice`` says what to do."""

    part: str
    state: str
    what: str
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.state:<4}  {self.part:<9} {self.what}" + (f" - {self.advice}" if self.advice else "")

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return asdict(self)


Check = Callable[[Settings], Iterator[Finding]]


def examine(settings: Settings, *, only: str | None = None) -> list[Finding]:
    """Look at every part, or at one, and return at least one finding of each."""
    return [
        found
        for part, check in CHECKS.items()
        if only in (None, part)
        for found in _safely(part, check, settings, is_alone=only == part)
    ]


def _safely(part: str, check: Check, settings: Settings, *, is_alone: bool) -> list[Finding]:
    try:
        return list(check(settings))
    except DatabaseUnusable as error:
        if part == "database" or is_alone:
            return [Finding(part, "fail", str(error))]
        return [Finding(part, "fail", "cannot be told without the database", "mend the database first")]
    except ParleyError as error:
        return [Finding(part, "fail", str(error))]


def _python(_settings: Settings) -> Iterator[Finding]:
    fine = sys.version_info >= (3, 11)
    yield Finding(
        "python", "ok" if fine else "fail", platform.python_version(), "" if fine else "use 3.11 or newer"
    )


def _folder(settings: Settings) -> Iterator[Finding]:
    free = shutil.disk_usage(settings.data_dir).free
    left = f"{settings.data_dir} has {free >> 20} MiB left"
    if free < NEEDED_BYTES:
        yield Finding("folder", "fail", f"{left}: logs and data find no room", "make room")
    elif free < FREE_BYTES:
        yield Finding("folder", "warn", left, "make room")
    else:
        yield Finding("folder", "ok", f"{settings.data_dir} can be written to")


def _secret(settings: Settings) -> Iterator[Finding]:
    file = settings.data_dir / "secret.key"
    if not file.exists():
        yield Finding("secret", "ok", "given by the environment")
    elif stat.S_IMODE(file.stat().st_mode) & 0o077:
        yield Finding("secret", "warn", f"others on this machine can read {file}", f"chmod 600 {file}")
    else:
        yield Finding("secret", "ok", f"{file}, for its owner only")


def _database(settings: Settings) -> Iterator[Finding]:
    with opened(settings, FOR_REQUESTS) as db, db.read() as connection:
        kind = "SQLite" if db.is_sqlite else "PostgreSQL"
        asked = "SELECT sqlite_version()" if db.is_sqlite else "SHOW server_version"
        version = connection.execute(text(asked)).scalar_one()
        if wrong := keeping.damage(db):
            yield Finding(
                "database", "fail", f"{kind} {version}, damaged: {wrong}", "restore a backup: parley restore"
            )
        elif not migrate.is_current(db):
            yield Finding(
                "database", "fail", f"{kind} {version}, tables not of this release", "run: parley db upgrade"
            )
        elif (state := health.Writes(db, settings.data_dir).state(now_of(db))) != health.READY:
            yield Finding(
                "database", "fail", f"{kind} {version}: {state}", "make room, or let it write again"
            )
        else:
            whole = ", every page whole" if db.is_sqlite else ""
            yield Finding("database", "ok", f"{kind} {version}, tables up to date{whole}")


def _clock(settings: Settings) -> Iterator[Finding]:
    with opened(settings, FOR_REQUESTS) as db:
        state = health.clock(health.clock_ahead(db, utcnow))
    if state == health.READY:
        yield Finding("clock", "ok", "as the database's, to a few seconds")
    else:
        what, _, advice = state.partition("; ")
        yield Finding("clock", "fail", what, advice)


def _redis(settings: Settings) -> Iterator[Finding]:
    client = redis_client(settings)
    if client is None:
        yield Finding(
            "redis", "warn", "none: messages go through files", "install redis-server or valkey-server"
        )
        return
    try:
        wrong = trouble(client)
        info: Any = client.info("server")
        policy = _eviction(client)
    except redis.RedisError:
        yield _absent(settings, "redis", "does not answer; comments are accepted and wait")
        return
    finally:
        client.close()
    version = info.get("valkey_version") or info["redis_version"]
    if int(str(version).split(".")[0]) < 6:
        yield Finding("redis", "fail", f"version {version} is too old", "use 6 or newer")
    elif wrong:
        yield Finding("redis", "fail", wrong, "give it more memory, or name the one that takes writes")
    elif policy not in (None, "noeviction"):
        yield Finding("redis", "warn", f"version {version}, drops messages when full ({policy})",
                      "set maxmemory-policy noeviction")  # fmt: skip
    else:
        yield Finding("redis", "ok", f"version {version}")


def _eviction(client: redis.Redis) -> str | None:
    """Return the eviction policy; None where we may not ask."""
    try:
        found: Any = client.config_get("maxmemory-policy")
    except redis.ResponseError:
        return None
    names = {_text(key): _text(value) for key, value in found.items()}
    return names.get("maxmemory-policy")


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _worker(settings: Settings) -> Iterator[Finding]:
    with opened(settings, FOR_REQUESTS) as db:
        state = health.readiness(db, now_of(db))
    if state.worker == health.READY:
        yield Finding("worker", "ok", "has reported in the last 30 s")
    else:
        yield _absent(settings, "worker", state.worker)


def _scheduler(settings: Settings) -> Iterator[Finding]:
    with opened(settings, FOR_REQUESTS) as db:
        state = health.readiness(db, now_of(db))
    if state.scheduler == health.READY:
        yield Finding("scheduler", "ok", "has rung in the last 60 s")
    else:
        part = "scheduler" if state.worker == health.READY else "worker"
        yield replace(_absent(settings, part, state.scheduler), part="scheduler")


def _backlog(settings: Settings) -> Iterator[Finding]:
    with opened(settings, FOR_REQUESTS) as db:
        found = health.figures(db, now_of(db))
    what = f"{found.backlog} comments wait, the oldest for {found.oldest_s:.0f} s"
    state = "ok" if found.oldest_s < OLD_S else "warn" if found.oldest_s < TOO_OLD_S else "fail"
    yield Finding("backlog", state, what, "" if state == "ok" else "start workers: parley worker")


def _model(settings: Settings) -> Iterator[Finding]:
    where = " (PARLEY_MODEL_DIR)" if settings.model_dir else ""
    try:
        if settings.embedded or settings.model_dir:
            scorer = load_in_use(settings, registry_of(settings))
        else:
            with opened(settings) as db:
                scorer = load_in_use(settings, registry_of(settings, db))
    except (models.BadArtifact, OSError) as error:
        what = f"{error}; what starts now sends every comment to review"
        advice = "correct PARLEY_MODEL_DIR" if where else "restore it, or choose another: parley model use"
        yield Finding("model", "fail", what, advice)
    else:
        what = f"{scorer.model_id}{where} passes its self-test"
        if scorer.beta_languages:
            what += f"; in beta: {languages_in_words(scorer.beta_languages)}"
        yield _careful_reader(scorer.careful_state, what)


def _careful_reader(state: str, what: str) -> Finding:
    """Return the model's finding: how its careful reader stands, after what else there is to say."""
    if state == "on":
        return Finding("model", "ok", f"{what}; careful reader on")
    if state == "off":
        return Finding("model", "ok", f"{what}; careful reader off (PARLEY_CAREFUL_READER)")
    what += f"; no careful reader: {state}"
    if state == models.NO_CAREFUL_READER:
        return Finding("model", "ok", what)
    return Finding("model", "warn", what, "install what requirements.lock names")


def _webhooks(settings: Settings) -> Iterator[Finding]:
    with opened(settings, FOR_REQUESTS) as db:
        named = [site.id for site in sites.list_sites(db)]
        every = [found for site in named for found in endpoints.list_endpoints(db, OPERATOR, site)]
    outbound, now = Outbound(settings.webhook_private_networks), utcnow()
    wrong = [finding for found in every if (finding := _endpoint(found, outbound, now))]
    yield from wrong
    if not wrong:
        yield Finding("webhooks", "ok", f"{len(every)} endpoints, none disabled")


def _endpoint(found: Endpoint, outbound: Outbound, now: datetime) -> Finding | None:
    """Return what is wrong with one webhook endpoint, if anything is."""
    enable = f"mend the receiver, then: parley webhook enable {found.id}"
    if found.disabled_at:
        since = f"{found.id} is disabled since {found.disabled_at:%Y-%m-%d %H:%M} UTC"
        return Finding("webhooks", "warn", f"{since} ({found.disabled_because})", enable)
    if found.paused_until and found.paused_until > now:
        return Finding(
            "webhooks",
            "warn",
            f"{found.id} does not answer and rests; nobody else waits for it",
            enable,
        )
    try:
        outbound.check(found.url)
    except Refused as refusal:
        advice = "correct the address or the setting"
        return Finding("webhooks", "warn", f"{found.id} is not called: {refusal}", advice)
    return None


def _sites(settings: Settings) -> Iterator[Finding]:
    with opened(settings, FOR_REQUESTS) as db:
        every = sites.list_sites(db)
    for site in every:
        if site.origins is None:
            what = f"{site.id} takes any page, which may say what threads are called and where they lead"
            yield Finding(
                "sites", "warn", what, f"parley site origins {site.id} --origin https://www.example.org"
            )
    if all(site.origins is not None for site in every):
        yield Finding("sites", "ok", f"{len(every)}, each with its origins")


def _address(settings: Settings) -> Iterator[Finding]:
    """Look whether the settings say by which address people come, where others than this machine's do."""
    if settings.public_url:
        what = f"people come by {settings.public_url}"
        if settings.public_path:
            what += f"; the proxy may hand {settings.public_path} on or take it away"
        yield Finding("address", "ok", what)
    elif settings.trusted_proxies or not is_loopback(settings.host):
        what = "nothing says by which address people come; if a proxy changes Host, logins are refused"
        yield Finding("address", "warn", what, "set PARLEY_PUBLIC_URL to the address in the browser")
    else:
        yield Finding("address", "ok", "this machine's own")


def _port(settings: Settings) -> Iterator[Finding]:
    if address := _running_at(settings):
        # What runs was started with its own settings, which another shell need not know.
        asked = f"{address}, where the Parley on this folder listens"
        if _answers(address):
            yield Finding("port", "ok", f"Parley answers on {asked}")
        else:
            yield Finding("port", "fail", f"no answer from {asked}", f"see {settings.data_dir / 'logs'}")
        return
    asked = f"{settings.port} (PARLEY_PORT)"
    try:
        listen(settings.host, settings.port).close()
    except Misconfigured as error:
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104
        if _answers(f"[{host}]:{settings.port}" if ":" in host else f"{host}:{settings.port}"):
            yield Finding("port", "ok", f"Parley answers on {asked}")
        else:
            yield Finding("port", "fail", str(error))
    else:
        yield _absent(settings, "port", f"nobody listens on {asked}")


def _answers(address: str) -> bool:
    connection = http.client.HTTPConnection(address, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().read() == b'{"status":"alive"}'
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _absent(settings: Settings, part: str, what: str) -> Finding:
    """Return a finding of a part that is not there: no failure where nobody started Parley."""
    if settings.redis_url != private_redis_url(settings.data_dir):
        return Finding(part, "warn" if part == "port" else "fail", what, f"start it: {STARTED_BY[part]}")
    if _is_up(settings):
        return Finding(part, "fail", what, f"see {settings.data_dir / 'logs'}")
    return Finding(part, "warn", f"Parley is not running on {settings.data_dir}", "start it: parley up")


STARTED_BY = {
    "redis": "the server in PARLEY_REDIS_URL",
    "worker": "parley worker",
    "scheduler": "parley scheduler",
    "port": "parley web (elsewhere, perhaps it runs)",
}


def _running_at(settings: Settings) -> str | None:
    """Return where the web server of the `parley up` on this data folder listens; None if none runs."""
    if not _is_up(settings):
        return None
    said = (settings.data_dir / "parley.lock").read_text(encoding="utf-8").split()
    return said[1] if len(said) > 1 else None


def _is_up(settings: Settings) -> bool:
    """Whether `parley up` holds the lock of the data folder."""
    try:
        lock = os.open(settings.data_dir / "parley.lock", os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(lock)
    return False


CHECKS: dict[str, Check] = {
    "python": _python,
    "folder": _folder,
    "secret": _secret,
    "database": _database,
    "clock": _clock,
    "redis": _redis,
    "worker": _worker,
    "scheduler": _scheduler,
    "backlog": _backlog,
    "model": _model,
    "webhooks": _webhooks,
    "sites": _sites,
    "address": _address,
    "port": _port,
}
