"""Reading a request: waitress' parser, stricter where two readers could understand a request differently."""

from __future__ import annotations

import re
from typing import Any

from waitress.buffers import OverflowableBuffer
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.receiver import ChunkedReceiver, FixedStreamReceiver
from waitress.utilities import BadRequest, RequestHeaderFieldsTooLarge

from service.web.bodies import FOR_READERS, limits_at

MAX_LINE = 8190  # bytes; a thread's address may be long, and the counts of many are asked at once
MAX_HEADER = 8190
MAX_HEADERS = 64
MAX_HEAD = 48 * 1024
MAX_DIGITS = 18  # of a length
MAX_FRAMING = 64 * 1024  # bytes around the chunks of a body, beyond as many as are in them
BARE_NEWLINE = re.compile(rb"(?<!\r)\n")
TARGET = re.compile(rb"(?:/|https?://)[\x21-\x7e]*")


class Body(OverflowableBuffer):  # type: ignore[misc]
    """What is kept of a body, in memory alone; all of it is counted."""

    def __init__(self, kept: int) -> None:
        super().__init__(kept + 1)  # beyond this it would become a file
        self.kept, self.seen = kept, 0

    def append(self, data: bytes) -> None:
        """Count some more, and keep it while there is room for all."""
        self.seen += len(data)
        if self.seen <= self.kept:
            super().append(data)


class Request(HTTPRequestParser):  # type: ignore[misc]
    """A request as it comes in.

    Refused is what this server and a proxy before it might cut into requests at different places, and what
    is longer than anybody needs. ``refused`` is then the status. A body that is too large is dropped, and
    its request goes to the application with its true length: that refuses it in its door's own words.
    """

    refused = 400
    limits = FOR_READERS
    body: Body | None = None
    body_rcv: Any = None

    def received(self, data: bytes) -> int:
        """Take some bytes of the stream; return how many belonged to this request."""
        if self.body is None and self._has_bare_newline(data):
            self.error, self.completed = BadRequest("A line ends without a carriage return."), True
            return len(data)
        consumed = int(super().received(data))
        if isinstance(self.error, RequestHeaderFieldsTooLarge):
            self.refused = 431 if b"\n" in (self.header_plus + data)[:MAX_LINE] else 414
        elif self.error is None and self.body is not None:
            self._bound(self.body)
        return consumed

    def parse_header(self, header_plus: bytes) -> None:
        """Read the head; raise `ParsingError` if it is refused."""
        line, _, rest = header_plus.rstrip(b"\r\n").partition(b"\r\n")
        fields = rest.split(b"\r\n") if rest else []
        self._check_lengths(line, fields)
        _check_framing(fields)
        super().parse_header(header_plus)
        if self.version not in ("1.0", "1.1") or "TRANSFER_ENCODING" in self.headers:
            raise ParsingError("The version is not known, or too old for what is sent.")
        if self.version == "1.1" and not self.headers.get("HOST"):
            raise ParsingError("There is no Host.")
        if self.headers.get("EXPECT", "100-continue").lower() != "100-continue":
            self.refused = 417
            raise ParsingError("The expectation is not known.")
        if self.body_rcv is not None:
            self.limits = limits_at(self.path)
            self.body = Body(self.limits.kept)
            self.body_rcv = (
                ChunkedReceiver(self.body)
                if self.chunked
                else FixedStreamReceiver(self.content_length, self.body)
            )

    def _has_bare_newline(self, data: bytes) -> bool:
        """Whether a line of the head ends so, as far as it came just now."""
        before = self.header_plus[-3:]
        tail = before + data
        end = tail.find(b"\r\n\r\n")
        return BARE_NEWLINE.search(tail, len(before), end if end >= 0 else len(tail)) is not None

    def _check_lengths(self, line: bytes, fields: list[bytes]) -> None:
        if len(line) > MAX_LINE:
            self.refused = 414
            raise ParsingError("The address is too long.")
        if len(fields) > MAX_HEADERS or any(len(field) > MAX_HEADER for field in fields):
            self.refused = 431
            raise ParsingError("There are too many headers, or one is too long.")
        words = line.split(b" ")
        if len(words) != 3 or not TARGET.fullmatch(words[1]):
            raise ParsingError("The first line is no request.")

    def _bound(self, body: Body) -> None:
        """Refuse what is mostly framing; hand on what is too large, without its body."""
        if self.chunked and self.body_bytes_received > 2 * body.seen + MAX_FRAMING:
            self.error, self.completed = BadRequest("The chunks are too small."), True
            return
        size = body.seen if self.chunked else self.content_length
        fits = size < self.limits.kept or (size == self.limits.kept and not self.chunked)
        if fits or not (self.completed or size >= self.limits.read):
            return
        self.headers["CONTENT_LENGTH"] = str(max(size, self.limits.kept + 1))
        self.headers["CONNECTION"] = "close"
        self.body_rcv = FixedStreamReceiver(0, Body(0))
        self.expect_continue, self.completed = False, True


def _check_framing(fields: list[bytes]) -> None:
    """Raise `ParsingError` unless where the request ends is said once, and in one way."""
    if any(field[:1] in (b" ", b"\t") for field in fields):
        raise ParsingError("A header goes on in the next line.")
    found: dict[bytes, list[bytes]] = {}
    for field in fields:
        name, _, value = field.partition(b":")
        found.setdefault(name.lower(), []).append(value.strip(b" \t").lower())
    lengths, codings = found.get(b"content-length", []), found.get(b"transfer-encoding", [])
    if len(lengths) + len(codings) > 1 or codings not in ([], [b"chunked"]):
        raise ParsingError("The length is said twice, or in a way that is not known.")
    if any(len(length) > MAX_DIGITS for length in lengths) or len(found.get(b"host", [])) > 1:
        raise ParsingError("A length or the Host is not possible.")
