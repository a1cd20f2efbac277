"""What a backup says of itself: its parts with their checksums, and what it was made from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

from service.domain.events import timestamp

FORMAT = 1
NAME = "manifest.json"
DATABASE, SECRET_KEY, MODELS = "database", "secret.key", "models/"
# What may stand in a backup, and so the names under which files are ever made from one.
_PART = re.compile(
    r"database|secret\.key|models/(?:[A-Za-z0-9][A-Za-z0-9._-]*/){0,3}[A-Za-z0-9][A-Za-z0-9._-]*"
)
_SHA256 = re.compile(r"[0-9a-f]{64}")


class BadManifest(ValueError):
    """It is none of ours, or of a later kind."""


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a backup."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """A backup: which release made it when, of which kind of database and revision, and what is in it."""

    parley: str
    made_at: str
    database: str
    revision: str
    comments: int
    parts: tuple[Part, ...]

    @classmethod
    def of(
        cls,
        parley: str,
        made_at: datetime,
        database: str,
        revision: str,
        comments: int,
        parts: Iterable[Part],
    ) -> Manifest:
        """Return the manifest of a backup that is made now."""
        return cls(parley, timestamp(made_at), database, revision, comments, tuple(parts))

    @property
    def size(self) -> int:
        """How many bytes the parts have together."""
        return sum(part.size for part in self.parts)

    def as_json(self) -> bytes:
        """Return it as it stands in a backup."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=2).encode()

    @classmethod
    def read(cls, text: bytes) -> Manifest:
        """Return a manifest from its JSON; raise `BadManifest`.

        >>> part = Part("database", 3, "0" * 64)
        >>> made = Manifest("0.1.0", "2026-11-01T12:00:00.000000Z", "sqlite", "0013", 7, (part,))
        >>> Manifest.read(made.as_json()) == made
        True
        >>> Manifest.read(made.as_json().replace(b'"name": "database"', b'"name": "../database"'))
        Traceback (most recent call last):
        service.domain.manifest.BadManifest: it names a part '../database'
        """
        try:
            found = json.loads(text)
            if found.pop("format") != FORMAT:
                raise BadManifest("it is of a later kind: use the release that made it, or a newer one")
            parts = tuple(Part(**part) for part in found.pop("parts"))
            made = cls(parts=parts, **found)
        except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
            raise error if isinstance(error, BadManifest) else BadManifest("it is none of ours") from None
        made._check()
        return made

    def _check(self) -> None:
        texts = (self.parley, self.made_at, self.database, self.revision)
        if not all(isinstance(one, str) for one in texts) or not isinstance(self.comments, int):
            raise BadManifest("it is none of ours")
        for part in self.parts:
            if not isinstance(part.name, str) or not _PART.fullmatch(part.name):
                raise BadManifest(f"it names a part {part.name!r}")
            if not isinstance(part.size, int) or not _SHA256.fullmatch(str(part.sha256)):
                raise BadManifest(f"it has no checksum of {part.name}")
        if len({part.name for part in self.parts}) < len(self.parts) or DATABASE not in {
            part.name for part in self.parts
        }:
            raise BadManifest("it names a part twice, or no database")
