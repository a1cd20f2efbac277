"""The key that the audit log is sealed with, and the running head of each of its parts."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from service.domain.events import timestamp

SUMS = 1 << 256


def _plain(value: object) -> object:
    return timestamp(value) if isinstance(value, datetime) else str(value)


# Made once: `json.dumps` with options makes one each time, for each post two.
AS_MARKED = json.JSONEncoder(separators=(",", ":"), sort_keys=True, ensure_ascii=False, default=_plain)


@dataclass(frozen=True, slots=True)
class SealKey:
    """What seals are made with: who does not have it can compute none. Derived from the secret key.

    >>> key = SealKey.of(b"k" * 32)
    >>> key.seal("a") == key.seal("a"), key.seal("a") == SealKey.of(b"x" * 32).seal("a")
    (True, False)
    """

    secret: bytes = field(repr=False)
    name: str  # tells one key from another, and nothing of it

    @classmethod
    def of(cls, secret_key: bytes) -> SealKey:
        """Return the key of an installation."""
        secret = hmac.digest(secret_key, b"audit", "sha256")
        return cls(secret, hmac.digest(secret, b"name", "sha256").hex()[:8])

    def seal(self, text: str) -> str:
        """Return the key's name and an HMAC-SHA256 of a text: at most 64 characters."""
        digest = hmac.digest(self.secret, b"seal:" + text.encode(), "sha256")
        return f"{self.name}:{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"

    def mark(self, *values: object) -> str:
        """Return by what some values are known again, and by nobody who has no key: a name can be guessed."""
        text = AS_MARKED.encode(values)
        return hmac.digest(self.secret, b"mark:" + text.encode(errors="replace"), "sha256").hex()[:32]

    def weigh(self, seal: str) -> int:
        """Return what one seal adds to the sum of a running head: a number that nobody else can compute."""
        return int.from_bytes(hmac.digest(self.secret, b"sum:" + seal.encode(), "sha256"))


def key_of(seal: str) -> str | None:
    """Return the name of the key that a seal was made with; None where it was made without one.

    >>> key_of("0123abcd:XYZ"), key_of("0" * 64)
    ('0123abcd', None)
    """
    name, colon, _ = seal.partition(":")
    return name if colon else None


@dataclass(frozen=True, slots=True)
class RunningHead:
    """How many entries a part of the log has, and the sum of them all: what is cut out is missed.

    A part is a site, or "" for what belongs to no site. The sum does not depend on the order, which the chain
    of each subject keeps. ``before`` entries were there when the key came, at ``since``.
    """

    part: str
    entries: int
    total: str
    since: datetime
    before: int
    proof: str

    @classmethod
    def empty(cls, part: str, now: datetime) -> RunningHead:
        """Return the head of a part without entries."""
        return cls(part, 0, "0", now, 0, "")

    def plus(self, seals: Iterable[str], key: SealKey) -> RunningHead:
        """Return the head after some more entries; one that was tampered with stays so."""
        more = self.summed(seals, key)
        return more.proven(key) if self.holds(key) else more

    def without(self, seals: Sequence[str], before: int, key: SealKey) -> RunningHead:
        """Return the head after entries were folded away, ``before`` of them from before the key came.

        One that was tampered with stays so.
        """
        weights = [key.weigh(seal) for seal in seals]
        total = (int(self.total, 16) - sum(weights)) % SUMS
        less = replace(
            self, entries=self.entries - len(seals), total=f"{total:x}", before=max(self.before - before, 0)
        )
        return less.proven(key) if self.holds(key) else less

    def summed(self, seals: Iterable[str], key: SealKey) -> RunningHead:
        """Return the head with some more entries, not proven yet."""
        weights = [key.weigh(seal) for seal in seals]
        total = (int(self.total, 16) + sum(weights)) % SUMS
        return replace(self, entries=self.entries + len(weights), total=f"{total:x}")

    def proven(self, key: SealKey) -> RunningHead:
        """Return the head with the proof that somebody with the key wrote it."""
        return replace(self, proof=self._proof(key))

    def holds(self, key: SealKey) -> bool:
        """Whether it is as somebody with the key wrote it."""
        return hmac.compare_digest(self.proof.encode(), self._proof(key).encode())

    def _proof(self, key: SealKey) -> str:
        values = [self.part, self.entries, self.total, timestamp(self.since), self.before]
        return key.seal("head:" + json.dumps(values))


def plain_seal(text: str) -> str:
    """Return the seal of an entry that was made before there was a key."""
    return hashlib.sha256(text.encode()).hexdigest()
