"""Form tokens: what shows that somebody had the widget's form before them for as long as people write.

A token names nobody, and the server keeps none: a time and a random word, signed for one page of a site.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from datetime import datetime, timedelta

NONE, GOOD, FORGED, QUICK, WORN = "none", "good", "forged", "quick", "worn"
QUICKEST = timedelta(seconds=2)  # nobody reads, types and sends in less
LIFE = timedelta(hours=12)  # a tab that was open for longer posts without: see `NONE`
MOST_POSTS = 6  # a minute by one token, as by one author; then it is worn
IN_WORDS = {
    NONE: "It came with no valid form token, as programs and plain forms do.",
    GOOD: "It was written in the widget's form.",
    FORGED: "Its form token is forged, or that of another page.",
    QUICK: f"It was sent within {QUICKEST.seconds} seconds of opening the form.",
    WORN: f"More than {MOST_POSTS} comments a minute came with its form token.",
}
PARTS = re.compile(r"([0-9]{1,15})\.([A-Za-z0-9_-]{1,32})\.([A-Za-z0-9_-]{22})")


def issue(key: bytes, place: tuple[str, str], now: datetime, word: str) -> str:
    """Return a token for a form on a page, ``place`` being site and thread; ``word`` is a random one.

    >>> from datetime import UTC
    >>> issue(bytes(32), ("demo", "talks"), datetime(2026, 1, 1, tzinfo=UTC), "a1")
    '1767225600000.a1.Lg3Ium1SheeN0JV826S-xQ'
    """
    issued = str(int(now.timestamp() * 1000))
    return f"{issued}.{word}.{_signature(key, place, issued, word)}"


def judge(key: bytes, place: tuple[str, str], token: str | None, now: datetime) -> str:
    """Return what a post's token shows: ``NONE``, ``GOOD``, ``FORGED`` or ``QUICK``.

    One that is too old counts as none: a tab may stay open overnight.
    """
    if not token:
        return NONE
    found = PARTS.fullmatch(token)
    if not found or not hmac.compare_digest(_signature(key, place, found[1], found[2]), found[3]):
        return FORGED
    age = now - datetime.fromtimestamp(int(found[1]) / 1000, now.tzinfo)
    if age < QUICKEST:  # or of the future: clocks of two web servers may differ
        return QUICK
    return GOOD if age <= LIFE else NONE


def _signature(key: bytes, place: tuple[str, str], issued: str, word: str) -> str:
    said = "\n".join((*place, issued, word)).encode()
    digest = hmac.new(key, b"form:" + said, hashlib.sha256).digest()[:16]
    return urlsafe_b64encode(digest).decode().rstrip("=")
