"""One way to read JSON: everything two readers could read differently is refused."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.web.strict_json import MAX_PARTS, BadText, NotJson, parse
from tests.growth import growth

REFUSED = {
    "empty": b"",
    "truncated": b'{"a": "b',
    "an unfinished escape": b'{"a": "b\\',
    "two values": b"{} {}",
    "a comment": b"{} // x",
    "a trailing comma": b"[1,]",
    "single quotes": b"{'a': 1}",
    "invalid UTF-8": b'{"a": "\xff"}',
    "an overlong NUL": b'"\xc0\x80"',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "UTF-32": '{"a": 1}'.encode("utf-32"),
    "a byte order mark": b'\xef\xbb\xbf{"a": 1}',
    "arrays 33 deep": b"[" * 33 + b"]" * 33,
    "arrays 100,000 deep": b"[" * 100_000 + b"]" * 100_000,
    "objects 5,000 deep": b'{"a":' * 5000 + b"1" + b"}" * 5000,
    "an unclosed depth": b"[" * 60_000,
    "duplicate names": b'{"a": 1, "a": 2}',
    "duplicate names below": b'{"x": [{"a": 1, "a": 2}]}',
    "duplicates by escape": b'{"a": 1, "\\u0061": 2}',
    "NaN": b"[NaN]",
    "Infinity": b"[-Infinity]",
    "1e400": b"[1e400]",
    "5,000 digits": b"[" + b"9" * 5000 + b"]",
    "a raw control character": b'"\x01"',
    "many empty objects": b"[" + b"{}," * 50_000 + b"{}]",
    "many empty lists": b"[" + b"[]," * 50_000 + b"[]]",
    "many numbers": b"[" + b"1," * 100_000 + b"1]",
    "many strings": b"[" + b'"",' * 50_000 + b"1]",
    "many names": b"{" + b",".join(b'"%d":0' % n for n in range(60_000)) + b"}",
    "many strings that are no list": b'"" ' * 150_000,
    "many commas alone": b"," * 150_000,
    "many objects in objects": b"[" + b'{"a":{"b":{}}},' * 20_000 + b"1]",
}


@pytest.mark.parametrize("raw", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_not_plain_json_is_refused(raw: bytes) -> None:
    with pytest.raises(NotJson):
        parse(raw)


@pytest.mark.parametrize("raw", [b'"\\ud800"', b'{"\\udfff": 1}', b'["a", {"b": "\\u0000"}]'])
def test_half_characters_and_nul_are_refused(raw: bytes) -> None:
    with pytest.raises(BadText):
        parse(raw)


def test_as_many_parts_as_are_allowed_are_read() -> None:
    numbers = [0] * (MAX_PARTS - 1)  # two brackets, and a comma less than numbers

    assert parse(json.dumps(numbers).encode()) == numbers
    with pytest.raises(NotJson, match="more than 100000 strings, brackets and commas"):
        parse(json.dumps([*numbers, 0]).encode())


@pytest.mark.parametrize("piece", [b"{},", b"1,"])
def test_what_has_too_many_parts_costs_no_more_the_longer_it_is(piece: bytes) -> None:
    def refused(raw: bytes) -> None:
        with contextlib.suppress(NotJson):
            parse(raw)

    small, large = (b"[" + piece * (size // len(piece)) for size in (500_000, 4_000_000))
    assert growth(refused, small, large) < 4  # of eight times as many bytes


def test_brackets_in_texts_are_no_depth() -> None:
    text = "[" * 100 + '"\\' + "{" * 100

    assert parse(json.dumps([text]).encode()) == [text]


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=3).filter(lambda name: "\x00" not in name), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(plain, st.booleans())
def test_any_plain_value_survives(value: object, escaped: bool) -> None:
    assert parse(json.dumps(value, ensure_ascii=escaped).encode()) == value


@given(st.binary(max_size=64))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    with contextlib.suppress(NotJson, BadText):
        parse(raw)


def test_many_unfinished_quotes_take_linear_time() -> None:
    with pytest.raises(NotJson):
        parse(b'{"a": "' + b'\\"' * 64_000)


def test_what_nobody_could_type_is_replaced_on_demand():
    raw = rb'{"a\u0000": ["x\ud83dy", {"b": "\udc00"}, 1, null], "c": "\ud83d\ude00"}'

    assert parse(raw, mends_texts=True) == {
        "a\ufffd": ["x\ufffdy", {"b": "\ufffd"}, 1, None],
        "c": "\U0001f600",
    }
