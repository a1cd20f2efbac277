"""Codes of an app as RFC 6238 has them, and what people type."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain import second_factor as rules
from tests.conftest import NOW

RFC = b"12345678901234567890"
SECRETS = st.binary(min_size=20, max_size=20)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"), (1111111109, "07081804"), (1111111111, "14050471"), (1234567890, "89005924"),
        (2000000000, "69279037"), (20000000000, "65353130"),
    ],
)  # fmt: skip
def test_codes_are_the_last_six_digits_of_those_in_appendix_b_of_rfc_6238(seconds, code):
    moment = datetime.fromtimestamp(seconds, UTC)

    assert rules.code_at(RFC, rules.step_of(moment)) == code[-6:]
    assert rules.step_with(RFC, code[-6:], moment) == seconds // 30


@pytest.mark.parametrize(
    ("count", "code"),
    list(enumerate(("755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583"))),
)
def test_codes_are_those_in_appendix_d_of_rfc_4226(count, code):
    assert rules.code_at(RFC, count) == code


@given(SECRETS, st.integers(-5, 5))
def test_a_code_is_good_in_its_step_and_in_those_beside_it(secret, off):
    step = rules.step_of(NOW) + off
    found = rules.step_with(secret, rules.code_at(secret, step), NOW)

    if abs(off) <= 1:
        assert found is not None
        assert found >= step
    else:
        assert found is None or abs(found - rules.step_of(NOW)) <= 1


def test_a_code_is_good_for_ninety_seconds_in_all():
    begins = datetime.fromtimestamp(rules.step_of(NOW) * 30, UTC)
    code = rules.code_at(RFC, rules.step_of(NOW))
    seconds = [s for s in range(-60, 91) if rules.step_with(RFC, code, begins + timedelta(seconds=s))]

    assert (seconds[0], seconds[-1], len(seconds)) == (-30, 59, 90)


@pytest.mark.parametrize("text", ["", "28708", "2870822", "287 082a", "²⁸⁷", "\x00", "\udcff", "9" * 10_000])
def test_what_is_no_code_is_wrong_and_no_error(text):
    assert rules.step_with(RFC, rules.typed(text), datetime.fromtimestamp(59, UTC)) is None


@pytest.mark.parametrize(
    "text", ["287082", " 287 082 ", "287-082", "287\u00a0082", "２８７０８２", "287\u200b082"]
)
def test_people_and_telephones_put_things_into_a_code(text):
    assert rules.step_with(RFC, rules.typed(text), datetime.fromtimestamp(59, UTC)) == 1


@pytest.mark.parametrize(
    "other", [(b"y" * 32, "ben", "s"), (b"x" * 32, "cleo", "s"), (b"x" * 32, "ben", "t")]
)
def test_a_secret_is_of_one_key_one_person_and_one_salt(other):
    secret = rules.secret_of(b"x" * 32, "ben", "s")

    assert len(secret) == 20
    assert secret == rules.secret_of(b"x" * 32, "ben", "s")
    assert secret != rules.secret_of(*other)


@given(SECRETS, st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40))
def test_an_address_says_secret_name_and_issuer_whatever_stands_in_them(secret, name):
    parts = urlsplit(rules.address(secret, name, "Parley 127.0.0.1:8080"))
    issuer, _, account = unquote(parts.path.removeprefix("/")).partition(":")

    assert (parts.scheme, parts.netloc, parts.fragment) == ("otpauth", "totp", "")
    assert (issuer, account) == ("Parley 127.0.0.1 8080", name)
    assert parse_qs(parts.query) == {"secret": [rules.base32(secret)], "issuer": ["Parley 127.0.0.1 8080"]}


def test_a_recovery_code_is_known_by_a_keyed_hash_of_one_person():
    hashes = {
        rules.recovery_hash(key, who, code)
        for key in (b"x" * 32, b"y" * 32)
        for who in ("ben", "cleo")
        for code in ("1" * 16, "2" * 16)
    }

    assert len(hashes) == 8
    assert rules.recovery_hash(b"x" * 32, "ben", rules.typed(" 1111-1111 1111-1111 ")) in hashes
