"""All the addresses of one article are one; what differs in a byte that chooses the page stays apart."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.addresses import MAX_URL_BYTES, Spelling, canonical_url, earlier_url, read_page
from service.domain.errors import Invalid

A = "https://news.example/a"


@pytest.mark.parametrize(("one", "same"), [
    # named in the reports
    ("https://wp.example/%e4%bd%a0%e5%a5%bd/", "https://wp.example/你好/"),
    ("https://wp.example/%E4%BD%A0%E5%A5%BD/", "https://wp.example/你好"),
    ("https://a.example/%7Euser", "https://a.example/~user"),
    ("http://news.example/a", A), ("https://www.news.example/a", A), (f"{A}/", A), (f"{A}/index.html", A),
    (f"{A}?amp=1", A), (f"{A}?amp", A), (f"{A}?gad_source=1", A), (f"{A}?srsltid=x", A), (f"{A}?_gl=1*x", A),
    (f"{A}?igsh=x&mtm_campaign=y&pk_kwd=z", A), (f"{A}?_hsenc=x&_hsmi=2&mkt_tok=3", A),
    (f"{A}?UTM_SOURCE=x&Fbclid=y", A), (f"{A}?from=singlemessage&isappinstalled=0", A),
    (f"{A}?replytocom=7", A), (f"{A}?", A), (f"{A}#c-12", A),
    # and their kin
    ("http://news.example:80/a", A), ("https://NEWS.example:443/a", A), ("https://news.example./a", A),
    (f"{A}//", A), (f"{A}/INDEX.PHP", A), (f"{A}/b/../", A), ("https://news.example/%2e/a", A),
    (f"{A}?%75tm_source=x", A), (f"{A}?&&b=1&", f"{A}?b=1"), (f"{A}?b", f"{A}?b="),
    (f"{A}?q=a+b", f"{A}?q=a%20b"), (f"{A}?q=it's", f"{A}?q=it%27s"), (f"{A}?q=[1]", f"{A}?q=%5B1%5D"),
    ("https://news.example/cafe%CC%81", "https://news.example/caf%c3%a9"), (f"{A} b", f"{A}%20b"),
    (f"{A}%zz", f"{A}%25zz"), ("https://bücher.example/", "https://xn--bcher-kva.example/"),
    (f" {A}\n", A), (f"\u200f{A}\u202c", A), (f"{A}?q=\\", f"{A}?q=%5C"),
    (f"{A}#/", A), (f"{A}#!", A), (f"{A}/#/post/2/", f"{A}#/post/2"),
])  # fmt: skip
def test_these_are_one_page(one: str, same: str) -> None:
    assert canonical_url(one) == canonical_url(same)


@pytest.mark.parametrize(("one", "other"), [
    (f"{A}#/post/2", f"{A}#/post/1"), (f"{A}#!/post/1", A), (f"{A}?id=1", f"{A}?id=2"),
    (f"{A}?b=1&c=2", f"{A}?c=2"),
    (f"{A}?q=%E9", f"{A}?q=%E8"), (f"{A}/%E4", f"{A}/%C3%A4"), (f"{A}%2Fb", f"{A}/b"),
    (f"{A}?q=%26b=1", f"{A}?q=&b=1"),
    (f"{A}?q=%2B", f"{A}?q=+"), (f"{A}?ref=7", A), (f"{A}?from=2024", A), (f"{A}?amp=2", A), (f"{A}?pk=7", A),
    ("http://a.example:8080/", "https://a.example:8443/"), ("https://www.example/", "https://example/"),
    ("https://m.news.example/a", A), (f"{A}/index", A), (f"{A}/my-index.html", A),
    ("https://news.example/A", A),
    (A + "?q=" + "漢" * 700 + "1", A + "?q=" + "漢" * 700 + "2"),
])  # fmt: skip
def test_these_are_two(one: str, other: str) -> None:
    assert canonical_url(one) != canonical_url(other)


def test_a_site_may_hold_www_and_the_slash_apart() -> None:
    www, slash = "https://www.news.example/a", f"{A}/"

    assert canonical_url(www, Spelling(www_apart=True)) != canonical_url(A, Spelling(www_apart=True))
    assert canonical_url(slash, Spelling(slash_apart=True)) != canonical_url(A, Spelling(slash_apart=True))
    assert canonical_url(f"{A}/index.html", Spelling(slash_apart=True)) == slash
    assert canonical_url(slash, Spelling(www_apart=True)) == A


def test_the_link_stays_as_the_page_gave_it_but_for_who_followed_whom() -> None:
    given_ = "http://www.news.example/b/index.html?id=1&amp=1&fbclid=secret#c-1"

    assert read_page(given_).link == "http://www.news.example/b/index.html?id=1&amp=1"
    assert read_page(f"{A}?{'x' * 3000}").link == A
    assert read_page(f"{A}{'x' * 3000}").link == "https://news.example/"


@pytest.mark.parametrize("url", [
    "javascript:alert(1)", "https://", "https://user@news.example/", "https://a b/", "https://<script>/",
    "https://evil.example\\@news.example/", "https://a%00b/", "https://news.example\\a", "https://\u0000/",
    "https://" + "a." * 200 + "example/", "news.example",
])  # fmt: skip
def test_what_is_no_page_is_refused(url: str) -> None:
    with pytest.raises(Invalid, match="address of a page"):
        canonical_url(url)


PIECES = st.sampled_from([
    "/", "//", ".", "..", "a", "ä", "a\u0308", "%", "%e4", "%C3%A4", "%2f", "%2e", "%7e", "~", "+", "?", "&",
    "=", "#", "#/", "#!", "utm_x=1", "amp=1", "index.html", "'", "[", "\\", " ", "漢" * 300, "🏳️‍🌈",
    "%EF%BF%BD", ";", "%25", "41",
])  # fmt: skip
URLS = st.tuples(
    st.sampled_from(["http://www.a.example", "https://a.example", "http://a.example:8080", "https://[::1]"]),
    st.lists(PIECES, max_size=12).map("".join),
).map("/".join)


@given(URLS)
def test_a_canonical_address_is_its_own_and_loses_no_page_that_earlier_releases_knew(url: str) -> None:
    for spelling in (Spelling(), Spelling(True, True)):
        try:
            found = canonical_url(url, spelling)
        except Invalid:
            return

        assert canonical_url(found, spelling) == found
        assert found.isascii()
        assert len(found) <= MAX_URL_BYTES
        before = earlier_url(url)
        if "\ufffd" not in unquote_to_bytes(before).decode(errors="replace"):
            assert canonical_url(before, spelling) == found


@given(st.binary(max_size=40))
def test_no_byte_of_a_path_is_lost(raw: bytes) -> None:
    path = "".join(f"%{byte:02x}" for byte in b"x" + raw + b"x")
    found = unquote_to_bytes(urlsplit(canonical_url(f"https://a.example/{path}")).path[1:])

    if all(byte < 0x80 for byte in raw) and b"/" not in raw:
        assert found == b"x" + raw + b"x"
    assert found.decode(errors="ignore").isascii() == raw.decode(errors="ignore").isascii()
