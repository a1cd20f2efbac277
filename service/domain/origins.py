"""Whose pages a site takes comments from: only a page of these origins names, links or makes a thread."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from service.domain.addresses import read_page
from service.domain.errors import Invalid

LOOPBACK, SELF = "loopback", "self"  # pages of this machine / pages of Parley itself, such as its demo
MAX_ORIGINS = 100


def read_origin(text: str) -> str:
    """Return an origin as it is kept; raise `Invalid` for what is none.

    >>> read_origin("HTTPS://www.Example.org:443/"), read_origin("loopback")
    ('https://www.example.org', 'loopback')
    >>> read_origin("https://www.example.org/blog")
    Traceback (most recent call last):
    service.domain.errors.Invalid: /origins: 'https://www.example.org/blog' must be like https://www.example.org
    """
    if text in (LOOPBACK, SELF):
        return text
    try:
        page = read_page(text)
    except Invalid:
        page = None
    if page is None or page.link != f"{page.origin}/" or "#" in text or "?" in text:
        raise Invalid([("/origins", f"{text[:200]!r} must be like https://www.example.org")])
    return page.origin


def origin_of(address: str) -> str:
    """Return the origin of an address or of an ``Origin`` header; "" where that names none.

    >>> origin_of("https://News.example:443/a?b"), origin_of("null")
    ('https://news.example', '')
    """
    try:
        return read_page(address).origin
    except Invalid:
        return ""


@dataclass(frozen=True, slots=True)
class Origins:
    """The origins of one site; ``listed`` is None where any page may. ``own`` is that of Parley itself.

    >>> Origins(("https://a.example", "loopback")).hold("http://127.0.0.1:8080/demo")
    True
    >>> Origins(("https://a.example",)).hold("https://a.example.evil.example/")
    False
    """

    listed: Sequence[str] | None
    own: str | None = None

    def hold(self, address: str) -> bool:
        """Whether a page, or what an ``Origin`` header says, is one of the site's."""
        if self.listed is None:
            return True
        origin = origin_of(address)
        return bool(origin) and (
            origin in self.listed
            or (SELF in self.listed and origin == self.own)
            or (LOOPBACK in self.listed and is_loopback(urlsplit(origin).hostname or ""))
        )


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's own.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("::1"), is_loopback("example.org")
    (True, True, True, False)
    """
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
