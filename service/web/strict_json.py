"""One JSON reader for every door: what is ambiguous or dangerous is refused before anything is built."""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import Any, NoReturn

from service.domain.errors import ParleyError

MAX_DEPTH = 32
MAX_DIGITS = 30
MAX_PARTS = 100_000  # strings, brackets and commas: what is built of each costs far more than its bytes
# A string that never ends is taken to the end of the text, so that the search stays linear.
PART = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[][{},]', re.DOTALL)
STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
UNTYPEABLE = re.compile("[\0\ud800-\udfff]")


class NotJson(ParleyError):
    """The body is not JSON as RFC 8259 means it, or uses what two readers would read differently."""

    code, title = "not-json", "The body is not valid JSON"


class BadText(ParleyError):
    """A text holds what no reader could have typed: half a character, or a NUL."""

    code, title = "bad-text", "A text has characters that cannot be stored"


def parse(raw: bytes, *, mends_texts: bool = False) -> Any:
    """Return the value of a JSON text in UTF-8.

    With ``mends_texts`` a NUL and half of a surrogate pair become U+FFFD, which is as long in UTF-16: for
    doors whose callers might publish unread what is refused.

    Raises `NotJson` for any other encoding or a byte order mark, nesting deeper than 32, more than 100,000
    strings, brackets and commas, duplicate names, NaN and Infinity, numbers too large for a double or an
    integer of 30 digits; `BadText` for lone surrogates and NUL.

    >>> parse(b'{"a": [1, 2.5, "x"]}')
    {'a': [1, 2.5, 'x']}
    >>> parse(b'{"a": 1, "a": 2}')
    Traceback (most recent call last):
    service.web.strict_json.NotJson: the name 'a' stands twice in one object
    """
    if raw.startswith(b"\xef\xbb\xbf"):
        raise NotJson("a byte order mark stands before the JSON")
    _check_parts(raw)
    try:
        text = raw.decode("utf-8")
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_no_constant,
            parse_int=_integer,
            parse_float=_float,
        )
    except UnicodeDecodeError:
        raise NotJson("the body is not UTF-8") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise NotJson(f"{error.msg.lower()} at {where}") from None
    if "\\u" in text or "\x00" in text:
        return _mended(value) if mends_texts else _checked(value)
    return value


def count_parts(raw: bytes) -> int:
    """Return of how many strings, brackets and commas a JSON text is made; no more than one too many.

    >>> count_parts(b'{"a": [1, "b"]}')
    7
    """
    return sum(1 for _ in islice(PART.finditer(raw), MAX_PARTS + 1))


def _check_parts(raw: bytes) -> None:
    depth = 0
    for count, match in enumerate(PART.finditer(raw), start=1):
        if count > MAX_PARTS:
            raise NotJson(f"it has more than {MAX_PARTS} strings, brackets and commas")
        depth += STEPS.get(raw[match.start()], 0)
        if depth > MAX_DEPTH:
            raise NotJson(f"it is nested deeper than {MAX_DEPTH} levels")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise NotJson(f"the name {twice[:80]!r} stands twice in one object")
    return found


def _no_constant(name: str) -> NoReturn:
    raise NotJson(f"{name} is no JSON number")


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise NotJson(f"a number has more than {MAX_DIGITS} digits")
    return int(digits)


def _float(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise NotJson("a number is too large")
    return value


def _mended(value: Any) -> Any:
    """Return a value with U+FFFD for what no reader could have typed; it is nested as deep as was checked."""
    if isinstance(value, str):
        return UNTYPEABLE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_mended(item) for item in value]
    if isinstance(value, dict):
        return {_mended(name): _mended(item) for name, item in value.items()}
    return value


def _checked(value: Any) -> Any:
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            stack += [*item.keys(), *item.values()]
        elif isinstance(item, list):
            stack += item
        elif isinstance(item, str) and UNTYPEABLE.search(item):
            raise BadText("a text has a NUL or half of a surrogate pair in it")
    return value
