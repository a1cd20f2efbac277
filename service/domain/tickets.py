"""Tickets: what somebody did a moment ago, signed and good for a while, so that nobody has to store it."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from datetime import datetime


def issue(key: bytes, kind: str, carried: str, bound: Sequence[str], ends: datetime) -> str:
    """Return a ticket of a kind that carries a word without full stops, for who can name what it is bound to.

    >>> from datetime import UTC
    >>> issue(bytes(32), "entry", "ben", ["browser 1"], datetime(2026, 1, 1, tzinfo=UTC))[:19]
    'ben.1767225600.6a76'
    """
    until = str(int(ends.timestamp()))
    return f"{carried}.{until}.{_signature(key, kind, carried, until, bound)}"


def carried(ticket: str) -> str:
    """Return what a ticket carries, be it good or not."""
    return ticket.partition(".")[0]


def holds(key: bytes, kind: str, ticket: str, bound: Sequence[str], now: datetime) -> bool:
    """Whether a ticket is one of ours, of this kind, bound to just this, and not over."""
    word, _, rest = ticket.partition(".")
    until, _, signature = rest.partition(".")
    expected = _signature(key, kind, word, until, bound)
    is_ours = hmac.compare_digest(signature.encode(errors="replace"), expected.encode())
    return is_ours and int(until) > now.timestamp()


def _signature(key: bytes, kind: str, word: str, until: str, bound: Sequence[str]) -> str:
    # Lengths, so that no two lists of words are signed as one.
    said = "".join(f"{len(part)}:{part}\n" for part in (kind, word, until, *bound))
    return hmac.digest(key, b"ticket\n" + said.encode(errors="replace"), "sha256").hex()
