"""Which page a thread belongs to: one key for all the addresses of one article."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from service.domain.composing import composed
from service.domain.errors import Invalid

MAX_URL_BYTES = 2000
MAX_KEY_BYTES = 300
TRACKING = re.compile(
    r"^(utm_.*|fbclid|gclid|dclid|gbraid|wbraid|msclkid|yclid|twclid|ttclid|igshid|mc_cid|mc_eid|_ga|ref_src)$"
)
HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*|[0-9a-f:.]+:[0-9a-f:.]*")
DEFAULT_PORTS = {"http": 80, "https": 443}


def canonical_url(url: str) -> str:
    """Return a page's address without what does not choose the page.

    The fragment and known tracking parameters go, host and scheme become lower case, a default port
    goes, letters get their composed form. Raises `Invalid` for anything that is not the http or https
    address of a page, and for one that is too long when written out.

    >>> canonical_url("HTTPS://News.example:443/a?utm_source=x&id=1#top")
    'https://news.example/a?id=1'
    >>> canonical_url("javascript:alert(1)")
    Traceback (most recent call last):
    service.domain.errors.Invalid: /thread/url: must be the http or https address of a page
    """
    problem = Invalid([("/thread/url", "must be the http or https address of a page")])
    url = composed(url)
    if any(ord(char) <= 32 or ord(char) == 127 for char in url) or "\\" in url:
        raise problem
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        host = host if host.isascii() else host.encode("idna").decode()
    except (ValueError, UnicodeError):
        raise problem from None
    if parts.scheme not in DEFAULT_PORTS or not HOST.fullmatch(host) or parts.username is not None:
        raise problem
    netloc = f"[{host}]" if ":" in host else host
    if port is not None and port != DEFAULT_PORTS[parts.scheme]:
        netloc += f":{port}"
    query = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if not TRACKING.match(pair[0])]
    canonical = urlunsplit((parts.scheme, netloc, parts.path or "/", urlencode(query), ""))
    # Escaping makes a query up to nine times longer, and an index takes no key of any length.
    if len(canonical.encode()) > MAX_URL_BYTES:
        raise Invalid([("/thread/url", f"is longer than {MAX_URL_BYTES} bytes when written out")])
    return canonical


def thread_key(key_or_url: str) -> str:
    """Return the key of a thread from what a page gave: its own key, or its address.

    >>> thread_key("ceasefire-talks"), thread_key("https://news.example/a#c")
    ('ceasefire-talks', 'https://news.example/a')
    """
    key = composed(key_or_url).strip()
    return canonical_url(key) if key.startswith(("http://", "https://")) else key
