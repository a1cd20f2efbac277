"""Links in texts and names, with a scheme, bare and disguised; and what looks like one and is none."""

from __future__ import annotations

import doctest
import time

import pytest

from service.domain import links
from service.domain.links import count_links, count_links_in_name, hides_address


@pytest.mark.parametrize(
    "name",
    [
        "viagra-online.example", "www.x.y", "http://spam.example", "BUY NOW at Casino.COM",
        "spam.example/win", "me@spam.example", "t.me/spam", "spam．example", "(spam.xyz)", "pills.co.uk",
    ],
)  # fmt: skip
def test_an_address_in_a_name_is_one_link_however_it_is_written(name: str) -> None:
    assert count_links_in_name(name) == 1


@pytest.mark.parametrize(
    "name",
    [
        "J.R.R. Tolkien", "J.R.R.Tolkien", "will.i.am", "St.John", "Mr.T", "john.smith", "Dr.No", "A.B.C.",
        "Mary", "Sammy Davis Jr.", "AC/DC", "user.name", "...", "3.14", "Владимир В.", "X Æ A-12", "v2.0",
    ],
)  # fmt: skip
def test_a_full_stop_makes_no_link_of_a_name(name: str) -> None:
    assert count_links_in_name(name) == 0


@pytest.mark.parametrize(
    "body",
    [
        "https://news.example/a?b=c.d", "www.news.example", "casino-royal.example", "see bit.ly/x",
        "t.me/win", "hxxp://evil.example/a", "hxxps://evil.example", "h**p://evil.example",
        "https[:]//evil.example",
        "evil[.]example", "evil (dot) com", "evil dot com", "evil . com", "CASINO.COM",
        "ca\u200bsino.win-big.bet",
        "spam．example", "win888.in", "shop.pills.co.uk", "казино.рф", "xn--80aswg.xn--p1ai",
        "(spam.xyz)", "x.com",
    ],
)  # fmt: skip
def test_an_address_in_a_text_is_one_link_however_it_is_written(body: str) -> None:
    assert count_links(body) == 1


@pytest.mark.parametrize(
    "body",
    [
        "e.g. this", "3.5 of 10", "Node.js and ASP.NET", "in the U.S.A. today", "the end.Next sentence",
        "report.pdf",
        "main.py, setup.cfg and lib.so", "version 2.0.1", "at 9.30 p.m.", "i.e.", "that is it.Me too",
        "yes.no.maybe",
        "That was all.In the end", "the dot com bubble burst", "J.R.R. Tolkien", "will.i.am", "and/or",
        "5.5/10",
        "wait...what", "Mr.Smith", "so good.it was", "jane@example.org", "No. 10 Downing St.", "a.m./p.m.",
        "St.Live",
    ],
)  # fmt: skip
def test_a_full_stop_makes_no_link_of_a_text(body: str) -> None:
    assert count_links(body) == 0


def test_every_address_counts() -> None:
    assert count_links("https://a.example bb.example, hxxp://c.example d[.]example and bit.ly/e") == 5


@pytest.mark.parametrize("hidden", ["bit.ly/x", "https://tinyurl.com/x", "HXXP://a.example", "a-b[.]example"])
def test_a_hidden_address_is_known(hidden: str) -> None:
    assert hides_address(f"Look: {hidden} !")


@pytest.mark.parametrize(
    "open_", ["https://www.theguardian.com/uk", "news.example", "https://a.example/?to=bit.ly/x"]
)
def test_an_address_that_shows_where_it_leads_is_not_hidden(open_: str) -> None:
    assert not hides_address(f"Look: {open_} !")


@pytest.mark.parametrize(
    "part", ["a.", "a", "-", "a-", "a.b/", "[.]", " dot ", "www.", "hxxp:", "a [", ". com", "h**p"]
)
def test_time_is_linear_in_the_text(part: str) -> None:
    begin = time.thread_time()
    count_links(part * (20_000 // len(part)))
    hides_address(part * (20_000 // len(part)))
    assert time.thread_time() - begin < 0.5


def test_the_examples_hold() -> None:
    assert doctest.testmod(links).failed == 0
