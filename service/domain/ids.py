"""Identifiers and secrets, made from a time and some randomness."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from datetime import datetime
from uuid import UUID


def new_id(now: datetime, entropy: bytes | None = None) -> str:
    """Return a UUID version 7: sorts by time, so it doubles as the order of comments.

    The 12 bits after the version hold the fraction of the millisecond (RFC 9562, section 6.2,
    method 3), so that ids made in one process within a millisecond still sort.

    Parameters
    ----------
    now : datetime
        With a time zone.
    entropy : bytes, optional
        8 bytes; random when left out.

    >>> from datetime import UTC
    >>> new_id(datetime(2026, 1, 1, tzinfo=UTC), bytes(8))
    '019b76da-a800-7000-8000-000000000000'
    """
    micros = round(now.timestamp() * 1_000_000)
    millis, rest = divmod(micros, 1000)
    tail = int.from_bytes(entropy or os.urandom(8)) & ((1 << 62) - 1)
    value = millis << 80 | 7 << 76 | (rest * 4096 // 1000) << 64 | 2 << 62 | tail
    return str(UUID(int=value))


def receipt_for(key: bytes, comment_id: str) -> str:
    """Return the receipt that lets an author see and manage one comment.

    It is derived, not stored: the same request answered twice gives the same receipt, and a copy
    of the database gives nobody a receipt.

    >>> receipt_for(b"k" * 32, "019b76da-a800-7000-8000-000000000000")
    '0flz9pkdXoLjJwe8IITB-udn'
    """
    digest = hmac.digest(key, b"receipt:" + comment_id.encode(), "sha256")
    return base64.urlsafe_b64encode(digest[:18]).decode()


def author_id(site: str, token: str) -> str:
    """Return the pseudonym of an author on one site; not linkable across sites.

    >>> author_id("a", "token") == author_id("b", "token")
    False
    """
    return fingerprint(f"{site}\n{token}")


def fingerprint(text: str) -> str:
    """Return the SHA-256 of a text in hex: for tokens we must recognise but not be able to show.

    >>> fingerprint("a")[:8]
    'ca978112'
    """
    return hashlib.sha256(text.encode()).hexdigest()
