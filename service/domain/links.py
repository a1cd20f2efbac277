"""Web addresses in a text or a name: with a scheme, bare, disguised, or behind a shortener."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from service.domain.seen import as_seen

LINK = re.compile(r"(?:https?://|www\.)\S", re.IGNORECASE)
LINK_WHOLE = re.compile(LINK.pattern + r"*", re.IGNORECASE)
# An address without a scheme: an ending that people are led to, after a word of two letters ("will.i.am" is a
# name). With a path behind it, any ending will do.
ENDINGS = """
com net org info biz xyz top site online shop store club live app dev link click vip win bet casino porn sex
xxx pro icu fun space website example test onion io co me tv cc to ru cn tk ml ga cf gq su ua in ir br pl it
fr nl es de uk us eu ca au jp kr
"""
BARE_ADDRESS = re.compile(
    r"(?<![\w.-])(?:[a-z0-9-]+\.)*(?:[a-z0-9-]{2,}\.(?:xn--[a-z0-9-]+|"
    + "|".join(ENDINGS.split())
    + r")(?![\w-])"
    r"|[a-z0-9-]+\.[a-z]{2,}/\w)",
    re.IGNORECASE,
)
# In a body, where a space is easily forgotten behind a full stop, an ending that is a word is none by itself.
WORDS_TOO = frozenset(("as", "at", "be", "by", "de", "es", "in", "is", "it", "me", "no", "so", "to", "us"))
MORE_ENDINGS = frozenset(
    (ENDINGS + " cyou buzz sbs mobi name edu gov int рф 中国 ch be at se dk no nz za").split()
)
NO_ADDRESS = frozenset({"asp.net", "vb.net", "ado.net", "ml.net", "socket.io"})
# Labels and lengths are bounded, so that the time is linear in the text.
DOTTED = re.compile(
    r"(?<![\w.@/-])((?:[\w-]{1,63}\.){1,6})([^\W\d_]{2,24}|xn--[a-z0-9-]{1,59})(?![\w-])(/[\w?#+@-])?"
)
DISGUISED_SCHEME = re.compile(r"\b(?:h(?:xx|\*\*)ps?(?:\[:\]|:)|https?\[:\])//\S", re.IGNORECASE)
_BRACKETED = r"\s?[\[({<]\s?(?:\.|dot|punkt|point|punto)\s?[\])}>]\s?"
DISGUISED_DOT = re.compile(
    rf"\b[\w-]{{1,63}}(?:{_BRACKETED}[\w-]{{2,63}})"
    r"|(?<!\bthe )(?<!\bold )(?<!\bof )\b(?!the\b|a\b|old\b)[\w-]{3,63}(?: dot | \. )"
    r"(?:com|net|org|info|biz)\b"
    r"(?! (?:bubble|boom|crash|era|bust|mania|compan|startup|stock))",
    re.IGNORECASE,
)
ANY = re.compile(r"\w[.[]\w|//|[\[({<\s.](?:\.|dot|punkt|point|punto)[\s\])}>]", re.IGNORECASE)
_SHORT = """
bit.ly tinyurl.com goo.gl is.gd v.gd cutt.ly rb.gy ow.ly shorturl.at t.ly s.id tiny.cc bl.ink rebrand.ly
shorte.st adf.ly linktr.ee buff.ly lnkd.in u.to clck.ru qr.ae
"""
SHORTENERS = frozenset(_SHORT.split())


def count_links(body: str) -> int:
    """Return how many web addresses a text holds, with or without ``https://``, plain or disguised.

    >>> count_links("see https://a.example, www.b.example and casino-royal.example or hxxp://c[.]example")
    4
    >>> count_links("Node.js 3.5 came at 9 p.m. in the U.S.A. and at the end.Next came main.py.")
    0
    """
    plain = as_seen(body)
    if not ANY.search(plain):  # most texts end here
        return 0
    rest = LINK_WHOLE.sub(" ", plain)
    hidden = len(DISGUISED_SCHEME.findall(rest))
    rest = re.sub(DISGUISED_SCHEME.pattern + r"*", " ", rest)
    return (
        len(LINK.findall(plain)) + hidden + len(DISGUISED_DOT.findall(rest)) + len(list(bare_addresses(rest)))
    )


def bare_addresses(text: str) -> Iterator[str]:
    """Yield the hosts of the addresses that stand in a text without a scheme, casefolded."""
    for found in DOTTED.finditer(text):
        host, ending = found[1] + found[2], found[2]
        labels = found[1][:-1].split(".")
        if (found[3] or _is_ending(ending, labels)) and host.casefold() not in NO_ADDRESS:
            yield host.casefold()


def _is_ending(ending: str, labels: list[str]) -> bool:
    """Whether a dotted word without a path is an address, and not two sentences without a space between."""
    name = labels[-1]
    if ending.casefold() not in MORE_ENDINGS and not ending.startswith("xn--"):
        return False
    if (
        ending != ending.lower()
        and not (name + ending).isupper()
        and ending.casefold() not in ("com", "net", "org")
    ):
        return False
    if ending.casefold() in WORDS_TOO:
        return (len(labels) > 1 and len(name) > 1) or re.search(r"[\d-]", name) is not None
    return len(name) > 1 or ending.casefold() == "com"


def hides_address(text: str) -> bool:
    """Say whether an address is written so that machines, or those who click, do not see where it leads.

    >>> hides_address("hxxp://a.example"), hides_address("bit.ly/xyz"), hides_address("https://a.example/bit.ly")
    (True, True, False)
    """
    plain = as_seen(text)
    if not ANY.search(plain):
        return False
    if DISGUISED_SCHEME.search(plain) or DISGUISED_DOT.search(LINK_WHOLE.sub(" ", plain)):
        return True
    return any(host in SHORTENERS for host in hosts(plain))


def hosts(text: str) -> Iterator[str]:
    """Yield the hosts of all addresses of a text, with a scheme or without, casefolded."""
    for found in re.finditer(r"https?://(?:[^\s/?#]{0,99}@)?([^\s/?#:]{1,253})", text, re.IGNORECASE):
        yield found[1].casefold().removeprefix("www.")
    yield from (host.removeprefix("www.") for host in bare_addresses(LINK_WHOLE.sub(" ", text)))


def count_links_in_name(name: str) -> int:
    """Return how many web addresses a name holds, with or without ``https://`` or ``www.``.

    >>> count_links_in_name("casino-online.example"), count_links_in_name("J.R.R. Tolkien")
    (1, 0)
    """
    plain = unicodedata.normalize("NFKC", name)
    return len(BARE_ADDRESS.findall(LINK_WHOLE.sub("", plain))) + len(LINK.findall(plain))
