"""A thread's key: the host's own, or the one spelling of its page's address."""

from __future__ import annotations

import pytest

from service.domain.addresses import Spelling
from service.domain.errors import Invalid
from service.domain.threads import thread_key, thread_keys


@pytest.mark.parametrize(
    "key", ["undefined", "null", "None", "NaN", " null ", "[object Object]", "<no value>"]
)
def test_what_a_program_writes_for_nothing_is_no_key(key: str) -> None:
    with pytest.raises(Invalid, match="all pages would share one"):
        thread_key(key)


@pytest.mark.parametrize("key", ["none", "nan-goldin", "undefined-behaviour", "0", "Null Island"])
def test_a_word_that_is_one_is_a_key(key: str) -> None:
    assert thread_key(key) == key


def test_an_address_is_a_key_however_its_scheme_is_written() -> None:
    assert thread_key("HTTPS://News.example/a/") == "https://news.example/a"
    assert thread_key("httpsomething") == "httpsomething"


def test_a_thread_is_known_by_each_spelling_and_by_that_of_before() -> None:
    keys = thread_keys("http://www.news.example/a/")

    assert keys.of(Spelling()) == "https://news.example/a"
    assert keys.of(Spelling(www_apart=True)) == "https://www.news.example/a"
    assert keys.of(Spelling(True, True)) == "https://www.news.example/a/"
    assert keys.before == "http://www.news.example/a/"
