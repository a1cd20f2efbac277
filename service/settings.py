"""All settings: one frozen dataclass, read from the environment once."""

from __future__ import annotations

import ipaddress
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields
from marshmallow.validate import OneOf, Range

from service.domain.errors import Misconfigured
from service.redis_server import private_redis_url

PREFIX = "PARLEY_"
DEFAULT_FOLDER = "data"
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
CarefulReader = Literal["auto", "off"]
PerspectiveKeys = Literal["none", "required"]


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
    host: str = "127.0.0.1"
    port: int = 8080
    public_url: str | None = None
    web_processes: int = 1
    web_threads: int = 8
    scoring_processes: int = 1
    model_dir: Path | None = None
    scoring: ScoringSettings = ScoringSettings()
    trusted_proxies: int = 0
    webhook_private_networks: tuple[Network, ...] = ()
    perspective_keys: PerspectiveKeys = "none"
    suggestion_days: int = 365
    secure_cookies: bool = False
    log_level: str = "info"

    @property
    def embedded(self) -> bool:
        """Whether the database is the SQLite file in the data folder."""
        return _is_embedded(self.database_url)


class _Environment(Schema):
    """The variables, without their prefix and in lower case."""

    data_dir = fields.String(load_default=DEFAULT_FOLDER)
    database_url = fields.String(load_default="")
    database_password = fields.String(load_default="")
    redis_url = fields.String(load_default="")
    secret_key = fields.String(load_default="")
    host = fields.String(load_default="127.0.0.1")
    port = fields.Integer(load_default=8080, validate=Range(0, 65535))
    public_url = fields.Url(load_default=None, require_tld=False, schemes={"http", "https"})
    web_processes = fields.Integer(load_default=1, validate=Range(1, 64))
    web_threads = fields.Integer(load_default=8, validate=Range(1, 256))
    scoring_processes = fields.Integer(load_default=1, validate=Range(1, 64))
    model_dir = fields.String(load_default=None)
    careful_reader = fields.String(load_default="auto", validate=OneOf(("auto", "off")))
    toxicity_prior = fields.Float(
        load_default=None, validate=Range(0, 1, min_inclusive=False, max_inclusive=False)
    )
    scoring_threads = fields.Integer(load_default=1, validate=Range(1, 64))
    trusted_proxies = fields.Integer(load_default=0, validate=Range(0, 10))
    webhook_private_networks = fields.String(load_default="")
    perspective_keys = fields.String(load_default="", validate=OneOf(("", "none", "required")))
    suggestion_days = fields.Integer(load_default=365, validate=Range(0, 36_500))
    secure_cookies = fields.Boolean(load_default=None)
    log_level = fields.String(load_default="info", validate=OneOf(("debug", "info", "warning", "error")))


_NAMES = tuple(PREFIX + name.upper() for name in _Environment().fields)
# Of these, PARLEY_…_FILE may name a file with the value instead: secrets that are mounted, not shown.
_FROM_FILES = tuple(
    PREFIX + name for name in ("SECRET_KEY", "DATABASE_PASSWORD", "DATABASE_URL", "REDIS_URL")
)
VARIABLES = _NAMES + tuple(f"{name}_FILE" for name in _FROM_FILES)


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read ``PARLEY_*`` from the environment; raise `Misconfigured` with one clear sentence.

    Without ``PARLEY_DATABASE_URL`` this is embedded mode: SQLite and a private Redis in the data folder.
    The secret key is read from ``PARLEY_SECRET_KEY``, else from a file in the data folder, made on
    the first start with mode 0600. The data folder is made if it is missing. An empty variable counts
    as unset.
    """
    return _from(_loaded(environ, _from_files(environ)))


def _loaded(environ: Mapping[str, str], files: Mapping[str, str], only: Sequence[str] = ()) -> dict[str, Any]:
    given = {name: environ[name] for name in _NAMES if environ.get(name)} | dict(files)
    try:
        found: dict[str, Any] = _Environment(only=only or None).load(
            {name.removeprefix(PREFIX).lower(): text for name, text in given.items()},
            unknown=EXCLUDE if only else RAISE,
        )
    except ValidationError as error:
        wrong = [f"{PREFIX}{name.upper()}: {' '.join(texts)}" for name, texts in error.messages_dict.items()]
        raise Misconfigured(" ".join(wrong)) from None
    return found


def _from(values: dict[str, Any]) -> Settings:
    data_dir = writable_folder(_absolute(values["data_dir"]))
    public_url = (values["public_url"] or "").rstrip("/") or None
    secure = bool(public_url and public_url.startswith("https:"))
    database_url = _database_url(
        values["database_url"] or f"sqlite:///{data_dir / 'parley.db'}", values["database_password"]
    )
    return Settings(
        data_dir=data_dir,
        database_url=database_url,
        redis_url=values["redis_url"] or private_redis_url(data_dir),
        secret_key=_secret_key(values["secret_key"], data_dir / "secret.key"),
        host=values["host"],
        port=values["port"],
        public_url=public_url,
        web_processes=values["web_processes"],
        web_threads=values["web_threads"],
        scoring_processes=values["scoring_processes"],
        model_dir=Path(values["model_dir"]) if values["model_dir"] else None,
        scoring=_scoring(values),
        trusted_proxies=values["trusted_proxies"],
        webhook_private_networks=_networks(values["webhook_private_networks"]),
        # Embedded, the port is usually this machine's own; a server's is anybody's.
        perspective_keys=values["perspective_keys"] or ("none" if _is_embedded(database_url) else "required"),
        suggestion_days=values["suggestion_days"],
        secure_cookies=secure if values["secure_cookies"] is None else values["secure_cookies"],
        log_level=values["log_level"],
    )


def data_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the data folder that `read_settings` would make, and make nothing."""
    return _absolute(environ.get("PARLEY_DATA_DIR") or DEFAULT_FOLDER)


def model_folder(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return the folder of the one model to use whatever is chosen, if the environment names one."""
    return Path(name) if (name := environ.get("PARLEY_MODEL_DIR")) else None


def scoring_settings(environ: Mapping[str, str] = os.environ) -> ScoringSettings:
    """Return how the model is to read, and make no folder; raise `Misconfigured` as `read_settings` does."""
    return _scoring(_loaded(environ, {}, ("careful_reader", "toxicity_prior", "scoring_threads")))


def _scoring(values: Mapping[str, Any]) -> ScoringSettings:
    return ScoringSettings(values["careful_reader"], values["toxicity_prior"], values["scoring_threads"])


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


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(entry.strip()) for entry in text.split(",") if entry.strip())
    except ValueError as error:
        raise Misconfigured(f"PARLEY_WEBHOOK_PRIVATE_NETWORKS: {error}.") from None
