"""A file that only a passphrase opens, written and read as a stream.

After a head come pieces of 64 KiB, each encrypted and proved by ChaCha20-Poly1305. The number of a piece, and
whether it is the last, are its nonce: pieces that are swapped, repeated or cut off show. The key is made by
scrypt from the passphrase and a salt of the file's own.
"""

from __future__ import annotations

import io
import secrets
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from service.domain.errors import Misconfigured

HEAD = b"parley encrypted 1\n"
SALT_BYTES, KEY_BYTES, TAG_BYTES = 16, 32, 16
PIECE = 64 * 1024
COST = 2**17  # 128 MB and some tenths of a second for each guess
LEAST = 12  # characters of a passphrase


class Encrypting(io.RawIOBase):
    """Encrypts what is written to it into another file, which is whole after `finish`."""

    def __init__(self, file: BinaryIO, passphrase: str) -> None:
        if len(passphrase) < LEAST:
            raise Misconfigured(f"The passphrase must have at least {LEAST} characters.")
        self._file, self._held, self._number = file, bytearray(), 0
        salt = secrets.token_bytes(SALT_BYTES)
        self._cipher = _cipher(passphrase, salt)
        file.write(HEAD + salt)

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        """Take some bytes; a piece is written when it is full and not the last."""
        given = memoryview(data)  # type: ignore[arg-type]
        self._held += given
        while len(self._held) > PIECE:
            self._put(bytes(self._held[:PIECE]), is_last=False)
            del self._held[:PIECE]
        return len(given)

    def finish(self) -> None:
        """Write the last piece."""
        self._put(bytes(self._held), is_last=True)

    def _put(self, piece: bytes, *, is_last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, is_last), piece, HEAD))
        self._number += 1


class Decrypting(io.RawIOBase):
    """Reads what `Encrypting` wrote, and gives only what is proved; else `Misconfigured`, or EOFError."""

    def __init__(self, file: BinaryIO, passphrase: str) -> None:
        self._file, self._number, self._left = file, 0, b""
        salt = file.read(len(HEAD) + SALT_BYTES)[len(HEAD) :]
        self._cipher = _cipher(passphrase, salt)
        self._next = file.read(PIECE + TAG_BYTES)
        self._fill()  # so that a wrong passphrase shows at once

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        """Give the next bytes; 0 at the end."""
        wanted = memoryview(buffer)  # type: ignore[arg-type]
        if not self._left and self._next:
            self._fill()
        given = self._left[: len(wanted)]
        wanted[: len(given)] = given
        self._left = self._left[len(given) :]
        return len(given)

    def _fill(self) -> None:
        piece, self._next = self._next, self._file.read(PIECE + TAG_BYTES)
        try:
            self._left = self._cipher.decrypt(_nonce(self._number, not self._next), piece, HEAD)
        except InvalidTag:
            if self._number == 0:
                raise Misconfigured("The passphrase is another one, or the file is damaged.") from None
            raise EOFError("it is cut off or was changed") from None
        self._number += 1


def is_encrypted(head: bytes) -> bool:
    """Whether a file that begins like this was written by `Encrypting`."""
    return head.startswith(HEAD)


def _cipher(passphrase: str, salt: bytes) -> ChaCha20Poly1305:
    key = Scrypt(salt=salt, length=KEY_BYTES, n=COST, r=8, p=1).derive(passphrase.encode())
    return ChaCha20Poly1305(key)


def _nonce(number: int, is_last: bool) -> bytes:
    return number.to_bytes(11) + bytes([is_last])
