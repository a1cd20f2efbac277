"""Standard Webhooks 1.0.0: keys and signatures of delivery attempts."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime


def show_secret(raw: bytes) -> str:
    """Return a signing secret in the form people copy.

    >>> show_secret(bytes(24))
    'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
    """
    return "whsec_" + base64.b64encode(raw).decode()


def read_secret(text: str) -> bytes:
    """Return the 24 to 64 raw bytes of a ``whsec_`` secret; raise `ValueError` if it is none.

    >>> len(read_secret("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"))
    24
    """
    if not text.startswith("whsec_"):
        raise ValueError("a signing secret starts with whsec_")
    raw = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    if not 24 <= len(raw) <= 64:
        raise ValueError(f"a signing secret has 24 to 64 bytes, not {len(raw)}")
    return raw


def signature(secret: bytes, message_id: str, sent_at: datetime, body: bytes) -> str:
    """Sign one delivery attempt with HMAC-SHA256, as base64 after ``v1,``.

    Parameters
    ----------
    secret : bytes
        The endpoint's key: 24 to 64 raw bytes, not the ``whsec_`` text.
    message_id : str
        The same in every attempt, without a full stop.
    sent_at : datetime
        Time of this attempt, with a time zone; signed in whole Unix seconds.
    body : bytes
        The exact bytes on the wire.

    Raises
    ------
    ValueError
        If ``sent_at`` has no time zone, or ``message_id`` holds a full stop.

    References
    ----------
    Standard Webhooks 1.0.0, section "Signature scheme".

    >>> from datetime import UTC
    >>> signature(bytes(24), "msg_1", datetime(2026, 1, 1, tzinfo=UTC), b"{}")
    'v1,a4H3AxrCEOcqsZANsKIJZxUJ0TqkxUMn2LFsDhZS9Is='
    """
    if sent_at.tzinfo is None:
        raise ValueError("sent_at needs a time zone")
    if "." in message_id:
        raise ValueError(f"a message id has no full stop: {message_id!r}")
    signed = b"%s.%d." % (message_id.encode(), int(sent_at.timestamp())) + body
    return "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
