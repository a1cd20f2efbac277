"""All settings: one frozen dataclass, read from the environment once."""

from __future__ import annotations

import ipaddress
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from dataclasses import fields as dataclass_fields
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from marshmallow import EXCLUDE, Schema, ValidationError, fields
from marshmallow.validate import Length, OneOf, Range

from service.domain import days
from service.domain.errors import Misconfigured
from service.domain.origins import is_loopback, origin_of
from service.domain.sealing import SealKey
from service.redis_server import private_redis_url

PREFIX = "PARLEY_"
DEFAULT_FOLDER = "data"
# With one of these before it, an address could not be told from one that has lost its path on the way.
OWN_PATHS = frozenset(
    ("$discovery", "api", "batch", "demo", "discovery", "embed", "healthz", "metrics", "readyz", "review",
     "v1", "v1alpha1")
)  # fmt: skip
PUBLIC_PATH = re.compile(r"(?:/(?!\.{1,2}(?:/|\Z))[\w.~-]+)*", re.ASCII)
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
CarefulReader = Literal["auto", "off"]
PerspectiveKeys = Literal["none", "local", "required"]


@dataclass(frozen=True, slots=True)
class ScoringSettings:
    """How the model is to read, whichever it is; the names are those of `models.load_scorer`.

    ``prior`` is the share of comments with any bad property to reckon with, None for the model's own;
    ``threads`` are those of one careful reading.
    """

    careful: CarefulReader = "auto"
    prior: float | None = None
    threads: int = 1


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator can choose; README.md explains each. Made by `read_settings`."""

    data_dir: Path
    database_url: str
    redis_url: str
    secret_key: bytes = field(repr=False)
    metrics_token: str | None = field(default=None, repr=False)
    host: str = "127.0.0.1"
    port: int = 8080
    public_url: str | None = None
    web_processes: int = 1
    web_threads: int = 8
    scoring_processes: int = 1
    model_dir: Path | None = None
    model_store: Path | None = None
    scoring: ScoringSettings = ScoringSettings()
    trusted_proxies: int = 0
    forwarded_host: bool = False
    webhook_private_networks: tuple[Network, ...] = ()
    perspective_keys: PerspectiveKeys = "local"
    suggestion_days: int = days.SUGGESTIONS.default
    rejected_days: int = days.REJECTED.default
    withdrawn_days: int = days.WITHDRAWN.default
    event_days: int = days.EVENTS.default
    delivery_days: int = days.DELIVERIES.default
    audit_days: int = days.AUDIT.default
    secure_cookies: bool = False
    session_idle_minutes: int = 60
    backlog_seconds: int = 60
    log_level: str = "info"

    @property
    def own_origin(self) -> str:
        """The origin of Parley's own pages, as far as the settings say: none for "all addresses"."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        is_all = self.host in ("0.0.0.0", "::", "")  # noqa: S104
        return origin_of(self.public_url or ("" if is_all else f"http://{host}:{self.port}"))

    @property
    def seal_key(self) -> SealKey:
        """The key that the audit log is sealed with: the secret key's, and so on every host the same."""
        return SealKey.of(self.secret_key)

    @property
    def public_path(self) -> str:
        """The path of the public address, without a slash at its end; mostly none."""
        return urlsplit(self.public_url or "").path

    @property
    def kept_for(self) -> days.KeptFor:
        """How long each kind of thing is kept."""
        return days.KeptFor({kind: getattr(self, kind.setting) for kind in days.EVERY})

    @property
    def embedded(self) -> bool:
        """Whether the database is the SQLite file in the data folder."""
        return _is_embedded(self.database_url)


class _Address(fields.Url):
    """An address without a slash at its end. Its path may be any but one of Parley's own."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **more: Any) -> str:
        found = super()._deserialize(value, attr, data, **more).rstrip("/")
        path = urlsplit(found).path
        if "?" in found or "#" in found or "@" in found or not PUBLIC_PATH.fullmatch(path):
            raise ValidationError("It must be like https://www.example.org or https://www.example.org/talk.")
        if (first := path.split("/")[1:2]) and first[0] in OWN_PATHS:
            raise ValidationError(f"Parley has pages of its own at /{first[0]}; choose another path.")
        return found


class _Folder(fields.Field[Path]):
    """The name of a folder."""

    def _deserialize(self, value: str, *_: Any, **__: Any) -> Path:
        return Path(value)


class _Networks(fields.Field[tuple[Network, ...]]):
    """Networks, with commas between them."""

    def _deserialize(self, value: str, *_: Any, **__: Any) -> tuple[Network, ...]:
        try:
            return tuple(ipaddress.ip_network(entry.strip()) for entry in value.split(",") if entry.strip())
        except ValueError as error:
            raise ValidationError(f"{error}.") from None


def _days(kind: days.Kind) -> fields.Integer:
    return fields.Integer(validate=Range(kind.least, days.MOST))


class _Reading(Schema):
    """The variables of `ScoringSettings`, without their prefix and in lower case."""

    careful_reader = fields.String(attribute="careful", validate=OneOf(("auto", "off")))
    toxicity_prior = fields.Float(
        attribute="prior", validate=Range(0, 1, min_inclusive=False, max_inclusive=False)
    )
    scoring_threads = fields.Integer(attribute="threads", validate=Range(1, 64))


class _Environment(_Reading):
    """All variables. Their defaults stand in `Settings`; what is loaded has the names of its fields."""

    data_dir = fields.String()
    database_url = fields.String()
    database_password = fields.String()
    redis_url = fields.String()
    secret_key = fields.String()
    metrics_token = fields.String(validate=Length(16, 256))
    backup_passphrase = fields.String(validate=Length(12, 1000))
    host = fields.String()
    port = fields.Integer(validate=Range(0, 65535))
    public_url = _Address(require_tld=False, schemes={"http", "https"})
    web_processes = fields.Integer(validate=Range(1, 64))
    web_threads = fields.Integer(validate=Range(1, 256))
    scoring_processes = fields.Integer(validate=Range(1, 64))
    model_dir = _Folder()
    model_store = _Folder()
    trusted_proxies = fields.Integer(validate=Range(0, 10))
    forwarded_host = fields.Boolean()
    webhook_private_networks = _Networks()
    perspective_keys = fields.String(validate=OneOf(("none", "local", "required")))
    suggestion_days = _days(days.SUGGESTIONS)
    rejected_days = _days(days.REJECTED)
    withdrawn_days = _days(days.WITHDRAWN)
    event_days = _days(days.EVENTS)
    delivery_days = _days(days.DELIVERIES)
    audit_days = _days(days.AUDIT)
    secure_cookies = fields.Boolean()
    session_idle_minutes = fields.Integer(validate=Range(5, 720))
    backlog_seconds = fields.Integer(validate=Range(5, 86_400))
    log_level = fields.String(validate=OneOf(("debug", "info", "warning", "error")))


_NAMES = tuple(PREFIX + name.upper() for name in _Environment().fields)
# Of these, PARLEY_…_FILE may name a file with the value instead: secrets that are mounted, not shown.
_FROM_FILES = tuple(
    PREFIX + name
    for name in (
        "SECRET_KEY", "DATABASE_PASSWORD", "DATABASE_URL", "REDIS_URL", "METRICS_TOKEN", "BACKUP_PASSPHRASE",
    )
)  # fmt: skip
VARIABLES = _NAMES + tuple(f"{name}_FILE" for name in _FROM_FILES)


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read ``PARLEY_*`` from the environment; raise `Misconfigured` with one clear sentence.

    Without ``PARLEY_DATABASE_URL`` this is embedded mode: SQLite and a private Redis in the data folder.
    The secret key is read from ``PARLEY_SECRET_KEY``, else from a file in the data folder, made on
    the first start with mode 0600. The data folder is made if it is missing. An empty variable counts
    as unset.
    """
    return _from(_loaded(_Environment(), environ, _from_files(environ)))


def _loaded(schema: Schema, environ: Mapping[str, str], files: Mapping[str, str]) -> dict[str, Any]:
    """Return the variables of a schema that are given, by the names of the fields that they fill."""
    given = {name: environ[name] for name in _NAMES if environ.get(name)} | dict(files)
    try:
        found: dict[str, Any] = schema.load(
            {name.removeprefix(PREFIX).lower(): text for name, text in given.items()}, unknown=EXCLUDE
        )
    except ValidationError as error:
        wrong = [f"{PREFIX}{name.upper()}: {' '.join(texts)}" for name, texts in error.messages_dict.items()]
        raise Misconfigured(" ".join(wrong)) from None
    return found


def _from(given: dict[str, Any]) -> Settings:
    """Return the settings: what has a field of its name as it is given, the others worked out here."""
    given.pop("backup_passphrase", None)  # asked for by those who need it: `backup_passphrase`
    data_dir = writable_folder(_absolute(given.pop("data_dir", DEFAULT_FOLDER)))
    database_url = _database_url(
        given.pop("database_url", f"sqlite:///{data_dir / 'parley.db'}"), given.pop("database_password", "")
    )
    reading = {
        one.name: given.pop(one.name) for one in dataclass_fields(ScoringSettings) if one.name in given
    }
    worked_out = {
        "redis_url": private_redis_url(data_dir),
        "perspective_keys": "local" if _is_for_itself(database_url, given) else "required",
        "secure_cookies": (given.get("public_url") or "").startswith("https:"),
    }
    return Settings(
        data_dir=data_dir,
        database_url=database_url,
        secret_key=_secret_key(given.pop("secret_key", ""), data_dir / "secret.key"),
        scoring=ScoringSettings(**reading),
        **{**worked_out, **given},
    )


def _is_for_itself(database_url: str, given: Mapping[str, Any]) -> bool:
    """Whether an installation serves its own machine alone, as far as its settings tell."""
    elsewhere = given.get("public_url") or given.get("trusted_proxies")
    listens_here = "host" not in given or is_loopback(given["host"])
    return _is_embedded(database_url) and listens_here and not elsewhere


def backup_passphrase(environ: Mapping[str, str] = os.environ) -> str | None:
    """Return what backups are encrypted with, if the environment says it."""
    found = _loaded(_Environment(only=("backup_passphrase",)), environ, _from_files(environ))
    return found.get("backup_passphrase")


def given_secret_key(environ: Mapping[str, str] = os.environ) -> bytes | None:
    """Return the secret key that the environment says, if it does; make none."""
    found = _loaded(_Environment(only=("secret_key",)), environ, _from_files(environ))
    return key.encode() if (key := found.get("secret_key")) else None


def data_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the data folder that `read_settings` would make, and make nothing."""
    return _absolute(environ.get("PARLEY_DATA_DIR") or DEFAULT_FOLDER)


def model_folder(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return the folder of the one model to use whatever is chosen, if the environment names one."""
    return Path(name) if (name := environ.get("PARLEY_MODEL_DIR")) else None


def model_store(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return the folder of the models that were added, if the environment names one."""
    return Path(name) if (name := environ.get("PARLEY_MODEL_STORE")) else None


def database_server(environ: Mapping[str, str] = os.environ) -> str | None:
    """Return the address of the database if it is a server's, and make no folder; else None.

    Raises `Misconfigured` as `read_settings` does.
    """
    given = _loaded(_Environment(), environ, _from_files(environ))
    if "database_url" not in given:
        return None
    url = _database_url(given["database_url"], given.get("database_password", ""))
    return None if _is_embedded(url) else url


def scoring_settings(environ: Mapping[str, str] = os.environ) -> ScoringSettings:
    """Return how the model is to read, and make no folder; raise `Misconfigured` as `read_settings` does."""
    return ScoringSettings(**_loaded(_Reading(), environ, {}))


def _absolute(folder: str) -> Path:
    return Path(folder).expanduser().absolute()


def writable_folder(folder: Path) -> Path:
    """Return the folder, made if missing; raise `Misconfigured` if nothing can be written there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".write-{secrets.token_hex(4)}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        reason = (error.strerror or "unknown error").lower()
        raise Misconfigured(
            f"The data folder {folder} cannot be written to ({reason}). Choose another with PARLEY_DATA_DIR."
        ) from None
    return folder


def _from_files(environ: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for name in _FROM_FILES:
        if not (path := environ.get(f"{name}_FILE")):
            continue
        if environ.get(name):
            raise Misconfigured(f"Give either {name} or {name}_FILE, not both.")
        try:
            found[name] = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeError):
            raise Misconfigured(f"The file {path} in {name}_FILE cannot be read.") from None
        if not found[name]:
            raise Misconfigured(f"The file {path} in {name}_FILE is empty.")
    return found


def _is_embedded(database_url: str) -> bool:
    return database_url.startswith("sqlite")


def _database_url(url: str, password: str) -> str:
    for short in ("postgresql://", "postgres://"):
        if url.startswith(short):
            url = "postgresql+psycopg://" + url.removeprefix(short)
    if not url.startswith(("postgresql+psycopg://", "sqlite:///")):
        raise Misconfigured(
            "PARLEY_DATABASE_URL must start with postgresql:// (or sqlite:/// for a single machine)."
        )
    return _with_password(url, password) if password else url


def _with_password(url: str, password: str) -> str:
    scheme, _, rest = url.partition("://")
    user, at, host = rest.partition("@")
    if not at or ":" in user or scheme.startswith("sqlite"):
        raise Misconfigured(
            "PARLEY_DATABASE_PASSWORD needs a PARLEY_DATABASE_URL with a user and no password in it."
        )
    return f"{scheme}://{user}:{quote(password, safe='')}@{host}"


def _secret_key(given: str, path: Path) -> bytes:
    if given:
        if len(given) < 32:
            raise Misconfigured("PARLEY_SECRET_KEY must have at least 32 characters.")
        return given.encode()
    try:
        with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as made:
            made.write(secrets.token_hex(32).encode())
    except FileExistsError:
        pass
    key = path.read_bytes().strip()
    if len(key) < 32:
        raise Misconfigured(
            f"The key in {path} is shorter than 32 characters. Restore it or delete the file."
        )
    return key
