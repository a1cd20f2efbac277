"""Several requests in one: multipart/mixed, in and out."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice, pairwise
from urllib.parse import parse_qsl, unquote

import orjson
from werkzeug.http import parse_options_header

from service.api.perspective.errors import error_body
from service.api.perspective.methods import Answer
from service.web import strict_json

MAX_PARTS = 1000  # as many as Google's own library puts into one
MAX_ANSWER_BYTES = 16 * 1024 * 1024  # of all answers together; many sentences scored make much of little
TOO_MUCH = Answer(
    400, error_body(400, "The answers before this one are too large. Send it in another batch.")
)
MAX_LINES = 100  # of the head of one part, and of what stands before it
MAX_QUERY = 8190  # characters that are read of the query of one part, as of any other request's
LINE = re.compile(rb"\r?\n")
BLANK_LINE = re.compile(rb"\r?\n\r?\n")
REASONS = {200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 429: "Too Many Requests"}


class NotABatch(Exception):
    """The body is no multipart/mixed of HTTP requests; the message says why."""


@dataclass(frozen=True, slots=True)
class Part:
    """One request of a batch, and the id by which the client knows its answer."""

    content_id: bytes
    verb: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


def parse(content_type: str, raw: bytes) -> list[Part]:
    """Return the requests of a batch, in order; raise `NotABatch`."""
    kind, options = parse_options_header(content_type)
    boundary = options.get("boundary", "")
    if kind.lower() != "multipart/mixed" or not 0 < len(boundary) <= 200:
        raise NotABatch("it is no multipart/mixed with a boundary")
    delimiter = re.compile(rb"(?:\A|\r?\n)--" + re.escape(boundary.encode()) + rb"(--)?[ \t]*(?=\r?\n|\Z)")
    cuts = list(islice(delimiter.finditer(raw), MAX_PARTS + 2))
    if len(cuts) - 1 > MAX_PARTS:
        raise NotABatch(f"it has more than {MAX_PARTS} requests")
    if len(cuts) < 2 or cuts[-1][1] is None or any(cut[1] for cut in cuts[:-1]):
        raise NotABatch("a boundary is missing")
    parts = [_part(raw[a.end() : b.start()]) for a, b in pairwise(cuts)]
    # What one body may be made of, all bodies may together: many small ones cost no less.
    made_of = accumulate(strict_json.count_parts(part.body) for part in parts)
    if any(count > strict_json.MAX_PARTS for count in made_of):
        raise NotABatch(f"its bodies have more than {strict_json.MAX_PARTS} strings, brackets and commas")
    return parts


def _part(raw: bytes) -> Part:
    outer, inner = _split(raw)
    head, body = _split(b"\n" + inner.lstrip(b"\r\n"))
    if outer.count(b"\n") > MAX_LINES or head.count(b"\n") > MAX_LINES:
        raise NotABatch(f"a part has more than {MAX_LINES} headers")
    lines = [line for line in LINE.split(head) if line]
    request_line = lines[0].decode("latin-1").split(" ") if lines else []
    if len(request_line) < 2:
        raise NotABatch("a part has no request line")
    verb, (path, _, query) = request_line[0], request_line[1].partition("?")
    named = dict(parse_qsl(query[:MAX_QUERY], errors="replace"))
    content_id = _headers(LINE.split(outer)).get("Content-Id", "").replace("\r", "").encode("latin-1")
    return Part(content_id, verb, unquote(path), named, _headers(lines[1:]), body)


def _split(raw: bytes) -> tuple[bytes, bytes]:
    """Return what stands before the first blank line and what behind it."""
    found = BLANK_LINE.search(raw)
    return (raw[: found.start()], raw[found.end() :]) if found else (raw, b"")


def _headers(lines: Sequence[bytes]) -> dict[str, str]:
    """Return headers by their names in Title-Case."""
    pairs = (line.decode("latin-1").partition(":") for line in lines if b":" in line)
    return {name.strip().title(): value.strip() for name, _, value in pairs}


def compose(parts: Sequence[Part], answer: Callable[[Part], Answer]) -> tuple[str, bytes]:
    """Answer the requests of a batch in order; return content type and body of the whole.

    Beyond `MAX_ANSWER_BYTES` the others are told to come again.
    """
    boundary, answers, size = f"batch_{secrets.token_urlsafe(24)}", [], 0
    for part in parts:
        answers.append(_composed(part, answer(part) if size <= MAX_ANSWER_BYTES else TOO_MUCH))
        size += len(answers[-1])
    mark = f"--{boundary}".encode()
    whole = b"".join(mark + b"\r\n" + one + b"\r\n" for one in answers) + mark + b"--\r\n"
    return f"multipart/mixed; boundary={boundary}", whole


def _composed(part: Part, told: Answer) -> bytes:
    payload = orjson.dumps(told.body)
    named = b"Content-ID: " + _answer_id(part.content_id) + b"\r\n" if part.content_id else b""
    headers = {
        "Content-Type": "application/json; charset=UTF-8",
        "Content-Length": str(len(payload)),
        **told.headers,
    }
    lines = (f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {told.status} {REASONS[told.status]}\r\n{''.join(lines)}\r\n"
    return b"Content-Type: application/http\r\n" + named + b"\r\n" + head.encode() + payload


def _answer_id(content_id: bytes) -> bytes:
    """Return the id of an answer.

    >>> _answer_id(b"<a + 1>")
    b'<response-a + 1>'
    """
    return (
        b"<response-" + content_id.removeprefix(b"<")
        if content_id.startswith(b"<")
        else b"response-" + content_id
    )
