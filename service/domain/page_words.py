"""What a post says of its page, as words to be judged: its title, its address, its key."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

from service.domain.links import BARE_ADDRESS, LINK_WHOLE
from service.domain.threads import ADDRESS as IS_ADDRESS

TITLE, ADDRESS, KEY = "title", "address", "key"
FIELDS = (TITLE, ADDRESS, KEY)
HOST = re.compile(r"\Ahttps?://[^/?#]*", re.IGNORECASE)
SAYS = re.compile(r"[^\W\d_]{3}|[^\x00-\x7f]")  # in shorter ones of ASCII nobody reads a word
NO_WORD = re.compile(r"[\W_]+")


def page_texts(title: str | None, url: str | None, key: str | None) -> dict[str, str]:
    """Return what is to be judged, by field. The link is, where its key is: no page vouches for either.

    >>> page_texts("News", "https://news.example/a", None)
    {'title': 'News'}
    >>> page_texts(None, "https://news.example/a", "article-1")
    {'address': 'https://news.example/a', 'key': 'article-1'}
    """
    found = {}
    if title:
        found[TITLE] = title
    if key and (url or IS_ADDRESS.match(key)):
        found[ADDRESS] = url or key
    if key and not IS_ADDRESS.match(key):
        found[KEY] = key
    return found


def words_of(field: str, text: str) -> str:
    """Return the words that somebody reads in a title, an address or a key; "" where there are none.

    Addresses in a title are counted, not read: many sites sign their titles by theirs. Of an address the host
    is no word.

    >>> words_of("address", "https://news.example/2026/you-fine%20fellow?x=1"), words_of("key", "a-1")
    ('2026 you fine fellow x 1', '')
    >>> words_of("title", "You fine fellow! | news.example"), words_of("title", "casino.example")
    ('You fine fellow! |', 'casino.example')
    """
    if field == TITLE:
        return BARE_ADDRESS.sub(" ", LINK_WHOLE.sub(" ", text)).strip() or text
    words = NO_WORD.sub(" ", unquote(HOST.sub("", text), errors="replace")).strip()
    return words if SAYS.search(words) else ""


def without_hosts(text: str, hosts: Iterable[str]) -> str:
    """Return a title without the site's own hosts: many name their site by them.

    >>> without_hosts("Bees | www.News.example", {"news.example"})
    'Bees |  '
    >>> without_hosts("Bees | news.example.evil.example", {"news.example"})
    'Bees | news.example.evil.example'
    """
    for host in hosts:
        text = re.sub(
            rf"(?<![\w.-])(?:www\.)?{re.escape(host)}(?![\w-]|\.\w)", " ", text, flags=re.IGNORECASE
        )
    return text


def hosts_of(origins: Iterable[str] | None) -> frozenset[str]:
    """Return the hosts of a site's origins, without ``www.``.

    >>> sorted(hosts_of(["https://www.news.example:8443", "loopback"])), hosts_of(None)
    (['news.example'], frozenset())
    """
    found = (urlsplit(origin).hostname for origin in origins or ())
    return frozenset(host.removeprefix("www.") for host in found if host)
