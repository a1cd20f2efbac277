"""A file that only a passphrase opens."""

from __future__ import annotations

import io

import pytest

from service.domain.errors import Misconfigured
from service.upkeep import encrypting
from service.upkeep.encrypting import HEAD, PIECE, Decrypting, Encrypting, is_encrypted

PASSPHRASE = "tulip-mania-1637"
USUAL = encrypting.COST
SIZES = (0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE)


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encrypting, "COST", 2**10)  # or each test would wait for guessers


def locked(text: bytes) -> bytes:
    file = io.BytesIO()
    writer = Encrypting(file, PASSPHRASE)
    for at in range(0, len(text), 50_000):
        writer.write(text[at : at + 50_000])
    writer.finish()
    return file.getvalue()


def opened(data: bytes, passphrase: str = PASSPHRASE) -> bytes:
    return Decrypting(io.BytesIO(data), passphrase).read()


@pytest.mark.parametrize("size", SIZES)
def test_what_was_written_is_read(size: int) -> None:
    text = bytes(number % 251 for number in range(size))

    assert opened(locked(text)) == text


def test_nothing_of_the_text_is_seen_and_no_two_are_alike() -> None:
    one, other = locked(b"You vile thing." * 9), locked(b"You vile thing." * 9)

    assert is_encrypted(one)
    assert not is_encrypted(b"\x1f\x8b")
    assert b"vile" not in one
    assert one != other


def test_another_passphrase_opens_nothing() -> None:
    with pytest.raises(Misconfigured, match="another one"):
        opened(locked(b"text"), "tulip-mania-1638")


def test_a_guess_costs_something() -> None:
    assert 128 * 8 * USUAL >= 128_000_000, "bytes of memory"


def test_a_short_passphrase_is_refused() -> None:
    with pytest.raises(Misconfigured, match="12 characters"):
        Encrypting(io.BytesIO(), "short")


@pytest.mark.parametrize("at", [len(HEAD) + 3, len(HEAD) + 40, -1])
def test_a_bit_that_was_changed_shows(at: int) -> None:
    data = bytearray(locked(b"a text " * 100))
    data[at] ^= 1

    with pytest.raises((Misconfigured, EOFError)):
        opened(bytes(data))


def pieces(data: bytes) -> list[bytes]:
    start, size = len(HEAD) + 16, PIECE + 16
    return [data[:start], *(data[at : at + size] for at in range(start, len(data), size))]


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 1), (0,), (0, 2, 1, 3), (0, 1, 1, 2, 3), (0, 1, 3)])
def test_pieces_that_are_cut_off_or_swapped_show(order: tuple[int, ...]) -> None:
    found = pieces(locked(b"x" * (2 * PIECE + 5)))
    assert len(found) == 4

    with pytest.raises((Misconfigured, EOFError)):
        opened(b"".join(found[number] for number in order))
