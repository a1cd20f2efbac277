"""Text fields with limits in graphemes (what a reader sees) and bytes (what we store)."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

import regex
from marshmallow import ValidationError, fields

from service.domain import comment
from service.domain.composing import composed

# Whether two letters of a flag belong together, `\X` finds out by going back to where their row begins: a row
# of flags would take quadratic time. So pairs are taken as they come.
GRAPHEME = regex.compile(r"\p{RI}{2}(?![\p{GCB=Extend}\p{GCB=SpacingMark}\p{GCB=ZWJ}])|\X")
VISIBLE = regex.compile(r"[^\p{C}\p{Z}\p{M}\u115f\u1160\u3164\uffa0\u2800]")
CONTROL = regex.compile(r"[\p{Cc}\p{Zl}\p{Zp}]")
CONTROL_IN_LINES = regex.compile(r"(?V1)[[\p{Cc}\p{Zl}\p{Zp}]--[\t\r\n]]")
BIDI = regex.compile(r"[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")
DIGITS = regex.compile(r"-?[0-9]{1,18}")
# More than two line ends in a row, and what shows nothing between them. Which signs end a line is said by the
# classes BK, CR, LF and NL of Unicode's line breaking (UAX 14). Nothing is given back: it takes linear time.
GAP = regex.compile(
    r"""(?V1)(?x) (?>\r\n|[\n\r\v\f\x85\u2028\u2029])
    (?: [[\p{Zs}\p{Cc}\p{Default_Ignorable_Code_Point}\u2800]--[\n\r\v\f\x85]]*+
    (?>\r\n|[\n\r\v\f\x85\u2028\u2029]) ){2,}+"""
)
MAX_MARKS = 8
# Invisible characters between marks do not end the stack: a joiner after every eighth would hide it.
ZALGO = regex.compile(rf"(?:\p{{M}}\p{{Cf}}*){{{MAX_MARKS + 1}}}")


class Text(fields.String):
    """A reader's text: NFC, with something to see in it, at most one empty line in a row, and not too long.

    A line may end by CR LF, by CR or by LF: it is kept as LF, since browsers show no CR.
    ``one_line`` refuses line ends, control and direction characters, as in names.
    """

    def __init__(self, *, max_graphemes: int, max_bytes: int, one_line: bool = False, **kwargs: Any) -> None:
        # JSON Schema counts code points: no text within both limits has more of them than bytes.
        limits = {"minLength": 1, "maxLength": max_bytes, "x-max-graphemes": max_graphemes}
        super().__init__(metadata=limits | dict(kwargs.pop("metadata", {})), **kwargs)
        self.max_graphemes, self.max_bytes, self.one_line = max_graphemes, max_bytes, one_line

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not isinstance(text, str):  # marshmallow also takes bytes
            raise self.make_error("invalid")
        # The byte limit comes first: the costly checks then never see more than that.
        if len(text) > self.max_bytes or len(text.encode()) > self.max_bytes:
            raise ValidationError(f"is longer than {self.max_bytes} bytes")
        self._refuse_signs(text)
        text = composed(text).strip()  # of too many marks enough are left to be refused
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        if not VISIBLE.search(text):
            raise ValidationError("has nothing to read in it")
        if ZALGO.search(text):
            raise ValidationError(f"stacks more than {MAX_MARKS} marks on one character")
        text = str(GAP.sub("\n\n", text))
        if len(text) > self.max_graphemes and graphemes(text) > self.max_graphemes:
            raise ValidationError(f"is longer than {self.max_graphemes} characters")
        return text

    def _refuse_signs(self, text: str) -> None:
        """Raise `ValidationError` if a text has a sign in it that has no place there."""
        if self.one_line and (CONTROL.search(text) or BIDI.search(text)):
            raise ValidationError("must be one line, without control or direction characters")


class PageText(fields.String):
    """What a page says of itself: never refused for what its reader cannot change.

    Control and direction characters go, towers of marks are taken down, and what is too long is cut.
    What shows nothing then is as good as not given. ``max_bytes`` None leaves the length to others.
    """

    def __init__(self, *, max_graphemes: int = 0, max_bytes: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.max_graphemes, self.max_bytes = max_graphemes, max_bytes

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not isinstance(text, str):  # marshmallow also takes bytes
            raise self.make_error("invalid")
        if self.max_bytes is None:
            return text
        # Cut first: the costly steps then never see more than that.
        text = BIDI.sub("", CONTROL.sub(" ", text[: self.max_bytes]))
        text = " ".join(composed(ZALGO.sub("", text)).split())
        cut = text.encode()[: self.max_bytes].decode(errors="ignore")
        shown = [one[0] for one in islice(GRAPHEME.finditer(cut), self.max_graphemes)]
        if cut != text and sum(map(len, shown)) == len(cut):
            shown.pop()  # it may be half a character
        whole = "".join(shown).strip()
        return whole if VISIBLE.search(whole) else None


class Note(Text):
    """A moderator's note, of several lines if wanted.

    Others read it between the lines of a history: it may not turn the direction of what stands around it.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_graphemes=comment.MAX_NOTE_GRAPHEMES, max_bytes=comment.MAX_NOTE_BYTES, **kwargs)

    def _refuse_signs(self, text: str) -> None:
        if CONTROL_IN_LINES.search(text) or BIDI.search(text):
            raise ValidationError("must be without control or direction characters")


def graphemes(text: str) -> int:
    """Return how many characters a reader sees.

    >>> graphemes("e\\u0301🏳️‍🌈")
    2
    """
    return sum(1 for _ in GRAPHEME.finditer(text))


class Whole(fields.Integer):
    """A whole number in a query: no 1.9, no ``1_0``, no other script's digits."""

    def _validated(self, value: Any) -> Any:
        if not isinstance(value, str) or not DIGITS.fullmatch(value):
            raise self.make_error("invalid", input=value)
        return super()._validated(value)


class YesNo(fields.Boolean):
    """True or false in JSON: no 1, no ``"true"``."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> bool:
        if type(value) is not bool:
            raise self.make_error("invalid", input=value)
        return value


class WholeNumber(fields.Integer):
    """A whole number in JSON: no 1.0, no ``"1"``, no true."""

    def _validated(self, value: Any) -> Any:
        if type(value) is not int:
            raise self.make_error("invalid", input=value)
        return super()._validated(value)
