"""The address of a page: one spelling for all that lead to the same article, and the link as it was given.

After RFC 3986, section 6.2: digits of escapes in capitals, unreserved characters plain, all others escaped.
A byte that is no letter of UTF-8 stays the byte it is.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qsl, quote, unquote_to_bytes, urlencode, urlsplit, urlunsplit

from service.domain.composing import composed
from service.domain.errors import Invalid

MAX_URL_BYTES = 2000  # of what is kept; an index takes no key of any length
MAX_GIVEN = 8000  # characters that are looked at: no browser could ask for more in one line
# Case does not count. Only names that no site gives a page of its own.
TRACKING = re.compile(
    r"utm_.*|mtm_.*|matomo_.*|pk_.*|piwik_.*|hsa_.*|_hs.*|__hs.*|hsctatracking|fb_.*|fbclid|gclid|gclsrc|dclid"
    r"|gbraid|wbraid|gad_.*|srsltid|_gl|_ga|_ga_.*|msclkid|yclid|ysclid|_openstat|twclid|ttclid|li_fat_id|epik"
    r"|igshid|igsh|mc_cid|mc_eid|mkt_tok|vero_id|vero_conv|oly_enc_id|oly_anon_id|wickedid|rb_clickid|s_kwcid"
    r"|ref_src|ref_url|isappinstalled|from=(?:singlemessage|groupmessage|timeline)",
    re.IGNORECASE,
)
SAME_PAGE = re.compile(r"amp(?:=(?:1|true)?)?|replytocom(?:=.*)?", re.IGNORECASE)
INDEX = re.compile(r"/index\.(?:html?|xhtml|shtml|php)\Z", re.IGNORECASE)
HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*|[0-9a-f:.]+:[0-9a-f:.]*")
DEFAULT_PORTS = {"http": 80, "https": 443}
# Control and direction characters are never part of an address; a page's own markup let them in.
SIGNS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
IN_PATH = "/:@!$&'()*+,;=%"
IN_QUERY = "/?:@!$&()*+,;=%"  # browsers escape an apostrophe there
IN_FRAGMENT = IN_QUERY + "'"
# What the releases before this one dropped from a query.
TRACKING_BEFORE = re.compile(
    r"^(utm_.*|fbclid|gclid|dclid|gbraid|wbraid|msclkid|yclid|twclid|ttclid|igshid|mc_cid|mc_eid|_ga|ref_src)$"
)


@dataclass(frozen=True, slots=True)
class Spelling:
    """What a site holds apart although it is one page nearly everywhere: ``www.``, and a slash at the end."""

    www_apart: bool = False
    slash_apart: bool = False


USUAL = Spelling()


@dataclass(frozen=True, slots=True)
class Page:
    """The parts of a page's address, each in its one spelling; ``query`` is without tracking parameters."""

    scheme: str
    host: str
    port: int | None
    path: str
    query: tuple[str, ...]
    route: str

    @property
    def origin(self) -> str:
        """The page's origin as browsers write it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port is None else f":{self.port}")

    @property
    def link(self) -> str:
        """The address as the page gave it, without what was added on the way there.

        One that is too long to keep goes without its query, or leads to the front page.
        """
        end = ("?" + "&".join(self.query) if self.query else "") + (f"#{self.route}" if self.route else "")
        places = (self.origin + self.path + end, self.origin + self.path, self.origin + "/")
        return next(place for place in places if len(place) <= MAX_URL_BYTES)

    def key(self, spelling: Spelling) -> str:
        """The one spelling of all the addresses that lead to this page."""
        host, scheme, path, route = self.host, self.scheme, INDEX.sub("/", self.path), self.route
        if not spelling.www_apart and host.startswith("www.") and "." in host[4:]:
            host = host[4:]
        if self.port is None:  # behind a port of its own stands one of the two
            scheme = "https"
        if not spelling.slash_apart:
            path, route = path.rstrip("/") or "/", route.rstrip("/")
        query = [part if "=" in part else f"{part}=" for part in self.query if not SAME_PAGE.fullmatch(part)]
        end = ("?" + "&".join(query).replace("+", "%20") if query else "") + (f"#{route}" if route else "")
        return _bounded(Page(scheme, host, self.port, path, (), "").origin + path + end)


@lru_cache(maxsize=1024)  # each post reads its page's address several times, and many posts the same one
def read_page(url: str) -> Page:
    """Return the parts of a page's address.

    What a page's author cannot have meant is mended: control and direction characters go, spaces are
    escaped. Raises `Invalid` for anything that is not the http or https address of a page.
    """
    problem = Invalid([("/thread/url", "must be the http or https address of a page")])
    try:
        parts = urlsplit(SIGNS.sub("", url[:MAX_GIVEN]).strip())
        host, port = (parts.hostname or "").removesuffix("."), parts.port
        host = host if host.isascii() else composed(host).encode("idna").decode()
        path, query = _spelled(parts.path, IN_PATH), _spelled(parts.query, IN_QUERY)
        route = _spelled(parts.fragment, IN_FRAGMENT)
    except (ValueError, UnicodeError):
        raise problem from None
    odd = parts.username is not None or "\\" in parts.netloc + parts.path
    if parts.scheme not in DEFAULT_PORTS or len(host) > 253 or not HOST.fullmatch(host) or odd:
        raise problem
    return Page(
        parts.scheme,
        host,
        None if port == DEFAULT_PORTS[parts.scheme] else port,
        _without_dots(path),
        tuple(part for part in query.split("&") if part and not _is_tracking(part)),
        # The fragment of a page that finds its way by it; "#/" and "#!" alone are its beginning.
        route if route.startswith(("/", "!")) and route.strip("/!") else "",
    )


def canonical_url(url: str, spelling: Spelling = USUAL) -> str:
    """Return the one spelling of all the addresses that lead to a page: what threads are found by.

    Raises `Invalid` for anything that is not the http or https address of a page.

    >>> canonical_url("HTTP://www.News.example:80/%e4%bd%a0/?UTM_source=x&id=1#top")
    'https://news.example/%E4%BD%A0?id=1'
    >>> canonical_url("https://news.example/~jo/index.html"), canonical_url("https://news.example/%7Ejo/?amp=1")
    ('https://news.example/~jo', 'https://news.example/~jo')
    >>> canonical_url("javascript:alert(1)")
    Traceback (most recent call last):
    service.domain.errors.Invalid: /thread/url: must be the http or https address of a page
    """
    return read_page(url).key(spelling)


def earlier_url(url: str) -> str:
    """Return an address as the releases before this one spelt it, by which their threads are still found.

    The route of a page that has one is added: without it, all such pages shared one thread. Raises
    `Invalid`, or returns what is too long for a key, where those releases refused it.

    >>> earlier_url("http://www.news.example/a/?q=a%20b&UTM_source=x#top")
    'http://www.news.example/a/?q=a+b&UTM_source=x'
    """
    parts = urlsplit(composed(SIGNS.sub("", url[:MAX_GIVEN]).strip()))
    page = read_page(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    query = urlencode([pair for pair in pairs if not TRACKING_BEFORE.match(pair[0])])
    scheme, _, netloc = page.origin.partition("://")
    return urlunsplit((scheme, netloc, parts.path or "/", query, page.route))


def _is_tracking(part: str) -> bool:
    return bool(TRACKING.fullmatch(part) or TRACKING.fullmatch(part.partition("=")[0]))


def _spelled(text: str, safe: str) -> str:
    """Return a part of an address in its one spelling; ``safe`` stands as it is given, escaped or not."""
    plain = ESCAPES.sub(_unescaped, LONE_PERCENT.sub("%25", text))
    return quote(composed(plain), safe=safe, errors="surrogateescape")


def _unescaped(run: re.Match[str]) -> str:
    """Write letters and unreserved signs plain; bytes that are no letter wait as surrogates."""
    text = unquote_to_bytes(run[0]).decode("utf-8", "surrogateescape")
    return "".join(one if one in UNRESERVED or one > "\x7f" else f"%{ord(one):02X}" for one in text)


def _without_dots(path: str) -> str:
    """Return a path without steps in place and back.

    >>> _without_dots("/a/./b/../c/.."), _without_dots("/../a"), _without_dots("")
    ('/a/', '/a', '/')
    """
    kept: list[str] = []
    steps = path.split("/")[1:]
    for step in steps:
        if step == "..":
            del kept[-1:]
        elif step != ".":
            kept.append(step)
    if steps and steps[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def _bounded(key: str) -> str:
    """Cut a key that is too long for an index; the rest of it stands there as a hash, so no two meet."""
    if len(key) <= MAX_URL_BYTES:
        return key
    sum_ = hashlib.sha256(key.encode()).hexdigest()[:32]
    return re.sub(r"%.?\Z", "", key[: MAX_URL_BYTES - 33]) + "~" + sum_
