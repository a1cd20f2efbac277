"""Whether there is a Parley for a command to work on, and how to call this program from anywhere."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from service.domain.errors import Misconfigured

DEFAULT_FOLDER = "data"  # as in `service.settings`, which would make the folder


def require_installation(environ: Mapping[str, str] = os.environ) -> None:
    """Raise `Misconfigured` where a database file should be and is not; make nothing.

    With ``PARLEY_DATABASE_URL`` the database is a server, and this says nothing about it.
    """
    if environ.get("PARLEY_DATABASE_URL") or environ.get("PARLEY_DATABASE_URL_FILE"):
        return
    folder = _folder(environ)
    if not (folder / "parley.db").is_file():
        raise Misconfigured(
            f"There is no Parley in {folder}. Start one with {program()} up,"
            " or name its folder with PARLEY_DATA_DIR."
        )


def program() -> str:
    """Return this program as one may call it in any shell, in any folder."""
    for found in (sys.argv[0], str(Path(sys.executable).with_name("parley"))):
        if Path(found).name == "parley" and (path := shutil.which(Path(found).absolute())):
            return shlex.quote(str(path))
    return f"{shlex.quote(sys.executable)} -m service"


def own_command(*words: str, environ: Mapping[str, str] = os.environ) -> str:
    """Return a sub-command with this installation's folder, ready to be pasted into a fresh shell."""
    server = environ.get("PARLEY_DATABASE_URL") or environ.get("PARLEY_DATABASE_URL_FILE")
    # A database server's address may hold a password, so it is not repeated.
    folder = "" if server else f"PARLEY_DATA_DIR={shlex.quote(str(_folder(environ)))} "
    return f"{folder}{program()} {shlex.join(words)}"


def _folder(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("PARLEY_DATA_DIR") or DEFAULT_FOLDER).expanduser().absolute()
