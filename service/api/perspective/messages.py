"""What Perspective's clients send and get: read by the rules of protobuf's JSON, told in its words.

The same description fills the discovery document. It is no marshmallow schema, because clients compare the
words of an error and the rules are others: both spellings of a name, null for nothing, one value for a list.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

PACKAGE = "type.googleapis.com/google.commentanalyzer.v1alpha1."
SCORE_TYPES = ("SCORE_TYPE_UNSPECIFIED", "PROBABILITY", "STD_DEV_SCORE", "PERCENTILE", "RAW")
TEXT_TYPES = ("TEXT_TYPE_UNSPECIFIED", "PLAIN_TEXT", "HTML")
MAX_MISTAKES = 50  # an answer is no larger than it helps, whatever was sent
MAX_QUOTED = 100  # characters of a name or a value that is quoted
NUMBER = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?")
PROTO_TYPES = {"string": "TYPE_STRING", "boolean": "TYPE_BOOL", "float": "TYPE_FLOAT", "int32": "TYPE_INT32"}
OUT_OF_RANGE = 3.4028235e38  # the largest float32
Kind = Literal["string", "boolean", "float", "int32"]
Shape = Literal["one", "list", "map"]


@dataclass(frozen=True)
class Field:
    """One member of a message: a scalar, one of some names, or another message; one, a list or a map."""

    type: Kind | tuple[str, ...] | Message
    description: str
    shape: Shape = "one"


@dataclass(frozen=True)
class Message:
    """A named object, by the camelCase names of its members."""

    name: str
    fields: Mapping[str, Field]
    description: str = ""

    @cached_property
    def spellings(self) -> dict[str, str]:
        """Every way to write a member's name, and the one we use."""
        return {snake(name): name for name in self.fields} | {name: name for name in self.fields}


def snake(name: str) -> str:
    """Return a camelCase name in snake_case.

    >>> snake("requestedAttributes")
    'requested_attributes'
    """
    return re.sub("[A-Z]", lambda match: f"_{match[0].lower()}", name)


class BadPayload(Exception):
    """A body that is no such message; ``violations`` are pairs of the field's place and a sentence."""

    def __init__(self, violations: list[tuple[str, str]]) -> None:
        super().__init__("\n".join(sentence for _, sentence in violations))
        self.violations = violations


def read(message: Message, body: Any) -> dict[str, Any]:
    """Return a message's members by their camelCase names, those that were given; raise `BadPayload`."""
    if not isinstance(body, dict):
        sentence = 'Invalid JSON payload received. Unknown name "": Root element must be a message.'
        raise BadPayload([("", sentence)])
    reader = _Reader()
    found = reader.message(message, body, "")
    if reader.violations:
        raise BadPayload(reader.violations)
    return found


@dataclass
class _Reader:
    """Reads values of any kind, and collects what is wrong with them."""

    violations: list[tuple[str, str]] = field(default_factory=list)

    def message(self, message: Message, body: dict[str, Any], at: str) -> dict[str, Any]:
        found = {}
        for given, value in body.items():
            name = message.spellings.get(given)
            if name is None:
                self._unknown(given, at, "Cannot find field.")
            elif value is not None:  # null says nothing, as in any protobuf JSON
                found[name] = self._field(message.fields[name], value, at, snake(name))
        return found

    def _field(self, wanted: Field, value: Any, parent: str, name: str) -> Any:
        at = f"{parent}.{name}" if parent else name
        if wanted.shape == "list":
            many = value if isinstance(value, list) else [value]
            return [self._value(wanted, one, parent, name, f"{at}[{n}]") for n, one in enumerate(many)]
        if isinstance(value, list):
            self._unknown(name, parent, "Proto field is not repeating, cannot start list.")
            return None
        if wanted.shape == "one":
            return self._value(wanted, value, parent, name, at)
        if not isinstance(value, dict):
            self._invalid(at, "Map", value)
            return {}
        return {
            key: self._value(wanted, {} if one is None else one, at, "value", f"{at}[{n}].value")
            for n, (key, one) in enumerate(value.items())
        }

    def _value(self, wanted: Field, value: Any, parent: str, name: str, at: str) -> Any:
        if isinstance(wanted.type, Message):
            if isinstance(value, dict):
                return self.message(wanted.type, value, at)
            self._invalid(at, PACKAGE + wanted.type.name, value)
            return {}
        if isinstance(value, dict | list):
            place = f" at '{parent}'" if parent else ""
            self._add(parent, f"Invalid value{place} ({name}), Starting an object on a scalar field")
            return None
        if isinstance(wanted.type, tuple):
            return _enumerated(wanted.type, value)
        try:
            return _scalar(wanted.type, value)
        except ValueError:
            self._invalid(at, PROTO_TYPES[wanted.type], value)
            return None

    def _unknown(self, name: str, at: str, why: str) -> None:
        place = f" at '{at}'" if at else ""
        quoted = name[:MAX_QUOTED]
        self._add(at, f'Invalid JSON payload received. Unknown name "{quoted}"{place}: {why}')

    def _invalid(self, at: str, kind: str, value: Any) -> None:
        quoted = json.dumps(value, ensure_ascii=False)[:MAX_QUOTED]
        self._add(at, f"Invalid value at '{at}' ({kind}), {quoted}")

    def _add(self, at: str, sentence: str) -> None:
        self.violations.append((at, sentence))
        if len(self.violations) == MAX_MISTAKES:  # enough: millions of mistakes must not take seconds
            raise BadPayload(self.violations)


def _enumerated(names: tuple[str, ...], value: Any) -> str:
    """Return a name; one that is not known is passed on, since the API has words of its own for it."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(names):
        return names[value]
    return str(value)[:MAX_QUOTED]


def _scalar(kind: Kind, value: Any) -> Any:
    if kind == "string":
        if isinstance(value, str):
            return value
    elif kind == "boolean":
        if isinstance(value, bool):
            return value
        if value in ("true", "false"):
            return value == "true"
    elif not isinstance(value, bool):
        return _number(kind, value)
    raise ValueError(kind)


def _number(kind: Kind, value: Any) -> float | int:
    """Return a number, which may be written as a string."""
    if isinstance(value, str) and not NUMBER.fullmatch(value):
        raise ValueError(value)
    number = float(value)
    if not math.isfinite(number) or abs(number) > (OUT_OF_RANGE if kind == "float" else 2**31 - 1):
        raise ValueError(value)
    if kind == "float":
        return number
    if number != int(number):
        raise ValueError(value)
    return int(number)


TEXT_ENTRY = Message(
    "TextEntry",
    {
        "text": Field("string", "UTF-8 text, up to 20,480 bytes."),
        "type": Field(TEXT_TYPES, "Only PLAIN_TEXT, the default, is supported."),
    },
    "A text.",
)
CONTEXT = Message(
    "Context",
    {
        "articleAndParentComment": Field(
            Message(
                "ArticleAndParentComment",
                {
                    "article": Field(TEXT_ENTRY, "The article."),
                    "parentComment": Field(TEXT_ENTRY, "The comment that is answered."),
                },
                "An article and a comment on it.",
            ),
            "The article, and the comment that is answered.",
        ),
        "entries": Field(TEXT_ENTRY, "Texts that go before, in order.", "list"),
    },
    "What the comment stands in. Accepted; it changes no score.",
)
SCORE = Message(
    "Score",
    {
        "type": Field(SCORE_TYPES, "Only PROBABILITY is supported."),
        "value": Field("float", "The score, from 0 to 1."),
    },
    "A score.",
)
SPAN_SCORE = Message(
    "SpanScore",
    {
        "begin": Field("int32", "Where the span begins, in UTF-16 code units."),
        "end": Field("int32", "Where it ends, exclusive."),
        "score": Field(SCORE, "The span's score."),
    },
    "The score of a part of the text.",
)
ATTRIBUTE_SCORES = Message(
    "AttributeScores",
    {
        "spanScores": Field(SPAN_SCORE, "Scores of parts of the text.", "list"),
        "summaryScore": Field(SCORE, "The score of the whole text."),
    },
    "Scores for one attribute.",
)
_LANGUAGES = Field("string", "ISO 639-1 or BCP-47 codes; detected if left out.", "list")
_TOKEN = Field("string", "Comes back in the answer.")
_SHARED = {
    "clientToken": _TOKEN,
    "comment": Field(TEXT_ENTRY, "The text."),
    "communityId": Field("string", "Whose conversation it is from."),
    "context": Field(CONTEXT, "What it stands in."),
    "languages": _LANGUAGES,
    "sessionId": Field("string", "Which visit it is from."),
}
ANALYZE_REQUEST = Message(
    "AnalyzeCommentRequest",
    {
        **_SHARED,
        "doNotStore": Field("boolean", "Nothing sent to be analysed is ever stored, whatever this says."),
        "dropUnsupportedAttributes": Field(
            "boolean", "Leave out what the language has no scores for, instead of an error."
        ),
        "requestedAttributes": Field(
            Message(
                "AttributeParameters",
                {
                    "scoreThreshold": Field("float", "Scores below it are left out."),
                    "scoreType": Field(SCORE_TYPES, "Only PROBABILITY, the default, is supported."),
                },
                "How to score one attribute.",
            ),
            "What to score, by attribute.",
            "map",
        ),
        "spanAnnotations": Field("boolean", "Score each sentence too."),
    },
    "A text to be scored.",
)
ANALYZE_RESPONSE = Message(
    "AnalyzeCommentResponse",
    {
        "attributeScores": Field(ATTRIBUTE_SCORES, "Scores by attribute, as asked for.", "map"),
        "clientToken": _TOKEN,
        "detectedLanguages": Field("string", "What the text seems to be written in.", "list"),
        "languages": Field("string", "What it was read as.", "list"),
    },
    "A text's scores.",
)
SUGGEST_REQUEST = Message(
    "SuggestCommentScoreRequest",
    {**_SHARED, "attributeScores": Field(ATTRIBUTE_SCORES, "The scores it should have.", "map")},
    "Scores that a text should have.",
)
SUGGEST_RESPONSE = Message(
    "SuggestCommentScoreResponse",
    {
        "clientToken": _TOKEN,
        "detectedLanguages": Field("string", "What the text seems to be written in.", "list"),
        "requestedLanguages": Field("string", "The languages given.", "list"),
    },
    "An acknowledgement.",
)


def messages(*roots: Message) -> Iterator[Message]:
    """Yield messages with all that they hold, each once, by name."""
    seen: dict[str, Message] = {}
    waiting = list(roots)
    while waiting:
        message = waiting.pop()
        if message.name not in seen:
            seen[message.name] = message
            waiting += [part.type for part in message.fields.values() if isinstance(part.type, Message)]
    yield from (seen[name] for name in sorted(seen))
