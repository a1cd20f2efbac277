"""The second factor of a moderator: codes of an app (RFC 6238), and recovery codes for when it is lost.

No secret is stored: it is derived from the installation's key, whose factor it is, and a random salt.
"""

from __future__ import annotations

import base64
import hmac
import unicodedata
from datetime import datetime
from urllib.parse import quote, urlencode

STEP_S, DIGITS = 30, 6  # and SHA-1: every app knows these, and many know nothing else
AROUND = (-1, 0, 1)  # steps: a telephone's clock is half a minute off, or its owner types slowly
SECRET_BYTES = 20  # RFC 4226 recommends 160 bits
RECOVERY_DIGITS, RECOVERY_GROUP = (
    16,
    4,
)  # digits alone, so that one field and a keyboard of digits do for both
MOST_TYPED = 100  # characters; no code of ours is longer with all its spaces


def secret_of(key: bytes, moderator: str, salt: str) -> bytes:
    """Return the secret that a moderator's app holds; without the installation's key nobody can.

    >>> secret_of(bytes(32), "ben", "a") == secret_of(bytes(32), "ben", "b")
    False
    """
    return hmac.digest(key, f"second factor\n{moderator}\n{salt}".encode(), "sha256")[:SECRET_BYTES]


def step_of(now: datetime) -> int:
    """Return the number of the 30 seconds that a moment is in."""
    return int(now.timestamp()) // STEP_S


def code_at(secret: bytes, step: int) -> str:
    """Return the code that an app shows in a step.

    References
    ----------
    RFC 4226, section 5.3; RFC 6238, appendix B.

    >>> code_at(b"12345678901234567890", 1)
    '287082'
    """
    digest = hmac.digest(secret, step.to_bytes(8), "sha1")
    start = digest[-1] & 15
    number = int.from_bytes(digest[start : start + 4]) & 0x7FFFFFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def step_with(secret: bytes, code: str, now: datetime) -> int | None:
    """Return the step near now whose code this is, the latest if there are two; None if there is none.

    Whether that step was used already, only who has written it down can say.
    """
    here = step_of(now)
    # All are compared: how long that takes says nothing.
    found = [here + near for near in AROUND if _same(code_at(secret, here + near), code)]
    return found[-1] if found else None


def typed(text: str) -> str:
    """Return a code without what people and keyboards put into it.

    >>> typed(" 123 456"), typed("1234-5678-9012-3456"), typed("１２３４５６")
    ('123456', '1234567890123456', '123456')
    """
    return "".join(letter for letter in unicodedata.normalize("NFKC", text[:MOST_TYPED]) if letter.isalnum())


def base32(secret: bytes) -> str:
    """Return a secret as apps take it by hand.

    >>> base32(b"12345678901234567890")
    'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
    """
    return base64.b32encode(secret).decode()


def address(secret: bytes, name: str, issuer: str) -> str:
    """Return a secret as the ``otpauth:`` address that apps read; a colon would end the issuer's name.

    >>> address(b"1" * 20, "Zoë", "Parley example.org")[:58]
    'otpauth://totp/Parley%20example.org:Zo%C3%AB?secret=GEYTCM'
    """
    issuer = issuer.replace(":", " ")
    label = f"{quote(issuer, safe='')}:{quote(name, safe='')}"
    return (
        f"otpauth://totp/{label}?{urlencode({'secret': base32(secret), 'issuer': issuer}, quote_via=quote)}"
    )


def in_groups(code: str) -> str:
    """Return a recovery code as it is shown.

    >>> in_groups("1234567890123456")
    '1234-5678-9012-3456'
    """
    return "-".join(code[at : at + RECOVERY_GROUP] for at in range(0, len(code), RECOVERY_GROUP))


def recovery_hash(key: bytes, moderator: str, code: str) -> str:
    """Return by what a recovery code is known in the database: without the key no code can be tried on it."""
    said = f"recovery code\n{moderator}\n{code}".encode(errors="replace")
    return hmac.digest(key, said, "sha256").hex()


def _same(expected: str, given: str) -> bool:
    return hmac.compare_digest(expected.encode(), given.encode(errors="replace"))
