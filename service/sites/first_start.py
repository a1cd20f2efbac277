"""What a first start makes: a demo site, and a moderator with a password of its own."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from service.domain.origins import LOOPBACK, SELF
from service.sites import moderators, sites
from service.storage.database import Database

SITE, MODERATOR = "demo", "moderator"
FILE = "first-login.txt"
CONSONANTS, VOWELS = "bdfgklmnprstvz", "aeiou"


def make_password() -> str:
    """Return a random password that can be read aloud: twelve syllables, 73 bits."""
    syllables = [secrets.choice(CONSONANTS) + secrets.choice(VOWELS) for _ in range(12)]
    return "-".join("".join(syllables[at : at + 3]) for at in range(0, 12, 3))


def prepare(db: Database, data_dir: Path, now: datetime) -> str | None:
    """Make the demo site and the first moderator, if there is no site and no moderator yet.

    Returns the moderator's password, or None if there was one already. The password is written to
    a file in the data folder first, for its owner only, so that it is never unknown to everybody.
    """
    if not sites.list_sites(db):
        sites.add_site(db, SITE, "Demo", now=now, origins=(SELF, LOOPBACK))
    if moderators.list_moderators(db):
        return None
    password = make_password()
    _write(data_dir / FILE, f"name: {MODERATOR}\npassword: {password}\n")
    roles = {site.id: "owner" for site in sites.list_sites(db)}
    moderators.add_moderator(db, MODERATOR, password, roles, now)
    return password


def forget(data_dir: Path, name: str) -> None:
    """Remove the file of the first password, if it can be: it was changed, and opens nothing any more."""
    if name == MODERATOR:
        with suppress(OSError):
            (data_dir / FILE).unlink(missing_ok=True)


def _write(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as made:
        made.write(text)
