"""Scores in the manner of the Perspective API: a text in, its scores out. Nothing is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.domain.scores import Scorer, Span, plain_attribute
from service.domain.sentences import in_utf16, sentences

MAX_TEXT_BYTES = 20_480
MAX_ATTRIBUTES = 32  # of one request; the API has no more that anybody asks for at once
MAX_LANGUAGES = 32
MAX_LANGUAGE = 35  # characters of a code; RFC 5646 has room for no longer one
MAX_SPANS = 500  # beyond it, neighbouring sentences share a span: an answer stays in proportion to its text
UNKNOWN, ASSUMED = "und", "en"
PLAIN = ("TEXT_TYPE_UNSPECIFIED", "PLAIN_TEXT")
PROBABILITY = ("SCORE_TYPE_UNSPECIFIED", "PROBABILITY")


class Refused(Exception):
    """A request that is answered with an error of the API: the message, its ``errorType``, its details."""

    def __init__(self, kind: str, message: str, extra: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.extra = extra or {}


@dataclass(frozen=True, slots=True)
class Wanted:
    """How one attribute is to be scored; scores below ``threshold`` are left out."""

    score_type: str = "PROBABILITY"
    threshold: float | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """A text as it was sent, which kinds of context it has, and the languages it is said to be in."""

    text: str
    text_type: str = "PLAIN_TEXT"
    has_entries: bool = False
    has_article: bool = False
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """A text, and what is asked about it; attributes by their names as asked for."""

    passage: Passage
    attributes: Mapping[str, Wanted]
    wants_sentences: bool = False
    drops_unsupported: bool = False


@dataclass(frozen=True, slots=True)
class Scored:
    """One attribute's scores: of the whole text, and of parts of it. None where below the threshold."""

    summary: float | None
    spans: Sequence[Span]


@dataclass(frozen=True, slots=True)
class Analysis:
    """The answer. ``languages`` is what the text was read as, ``detected`` what it may be, by likelihood."""

    languages: Sequence[str]
    detected: Sequence[str]
    model_id: str
    scores: Mapping[str, Scored]
    is_unsure: bool = False  # whether a careful reading was wanted and not to be had


def analyze(question: Question, scorer: Scorer, *, within: float) -> Analysis:
    """Score a text; raise `Refused` with the API's own words.

    All spans are read in one call. After ``within`` seconds no further careful reading is begun.
    """
    check_passage(question.passage)
    plain = _attributes(question.attributes, scorer)
    text, given = question.passage.text, question.passage.languages
    spoken, detected, unread = _languages(text, given, scorer)
    if unread and not question.drops_unsupported:
        raise _not_in(next(iter(plain)), unread, given)
    read_as = next((one for one in spoken if primary(one) == detected[0]), spoken[0])
    places = _places(text, question.wants_sentences)
    texts = [text, *(text[a:b] for a, b in places)]
    readings = [] if unread else scorer.read(texts, languages=[primary(read_as)] * len(texts), within=within)
    scores = {}
    for name, attribute in plain.items():
        if not unread and attribute in readings[0].scores:
            values = [_shown(reading.scores[attribute]) for reading in readings]
            spans = in_utf16(text, places or [(0, len(text))])
            scores[name] = _above(question.attributes[name].threshold, values, spans)
        elif not question.drops_unsupported:
            raise _not_in(name, (read_as,), given)
    kept = {name: one for name, one in scores.items() if one.summary is not None or one.spans}
    is_unsure = any(reading.is_unsure for reading in readings)
    return Analysis(spoken, detected, scorer.model_id, kept, is_unsure)


def primary(code: str) -> str:
    """Return the language of a tag such as ``pt-BR``, in lower case.

    >>> primary("zh_Hant")
    'zh'
    """
    return code.replace("_", "-").split("-")[0].lower()


def check_passage(passage: Passage) -> None:
    """Check what every request has in common; raise `Refused`."""
    if not passage.text.strip():
        raise Refused("COMMENT_EMPTY", "Comment must be non-empty.")
    if len(passage.text.encode()) > MAX_TEXT_BYTES:
        raise Refused("COMMENT_TOO_LONG", "Comment text too long.")
    if passage.text_type == "HTML":
        raise Refused("INVALID_REQUEST", "Currently, only 'PLAIN_TEXT' comments are supported")
    if passage.text_type not in PLAIN:
        raise Refused("INVALID_REQUEST", "Unknown text type")
    if len(passage.languages) > MAX_LANGUAGES or any(len(one) > MAX_LANGUAGE for one in passage.languages):
        limits = f"{MAX_LANGUAGES} languages of {MAX_LANGUAGE} characters"
        raise Refused("INVALID_REQUEST", f"A request has at most {limits}")
    if passage.has_entries and passage.has_article:
        both = (
            "Context can have either entries or article_and_parent_comment, but both fields were populated."
        )
        raise Refused("INVALID_REQUEST", both)


def _attributes(wanted: Mapping[str, Wanted], scorer: Scorer) -> dict[str, str]:
    """Return the scorer's name of each attribute, by its name as asked for."""
    if not wanted:
        raise Refused("NO_REQUESTED_ATTRIBUTES", "Missing requested_attributes")
    if len(wanted) > MAX_ATTRIBUTES:
        raise Refused("INVALID_REQUEST", f"Too many requested attributes: {len(wanted)}")
    known = frozenset(scorer.attributes)
    plain = {name: plain_attribute(name) for name in wanted}
    for name, attribute in plain.items():
        if attribute not in known:
            raise Refused("INVALID_REQUEST", f"Unknown requested attribute: {name[:100]}")
    for name, how in wanted.items():
        if how.score_type not in PROBABILITY:
            reason = f"Requested score type {how.score_type} is not supported by attribute {name[:100]}"
            raise Refused("INVALID_REQUEST", reason)
    return plain


def _languages(
    text: str, given: tuple[str, ...], scorer: Scorer
) -> tuple[tuple[str, ...], Sequence[str], tuple[str, ...]]:
    """Return what a text is to be read as, what it may be, and which of the former has no reader."""
    detected, is_known = scorer.languages_of(text)
    if given:
        known = scorer.languages | scorer.beta_languages
        return given, detected, tuple(one for one in given if primary(one) not in known)
    if detected[0] != UNKNOWN:
        return (detected[0],), detected, () if is_known else (detected[0],)
    if not is_known:
        raise Refused("LANGUAGE_DETECTION_FAILED", "Unable to detect language")
    return (ASSUMED,), detected, ()  # "lol", "+1": too short to tell, and read as the main language is


def _not_in(attribute: str, languages: Sequence[str], given: Sequence[str]) -> Refused:
    message = f"Attribute {attribute} does not support request languages: {', '.join(languages)}"
    named = "requestedLanguages" if given else "detectedLanguages"
    detail = {"attribute": attribute, named: list(languages)}
    return Refused(
        "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE", message, {"languageNotSupportedByAttributeError": detail}
    )


def _places(text: str, wants_sentences: bool) -> list[tuple[int, int]]:
    """Return the spans to score apart from the whole text."""
    if not wants_sentences:
        return []
    found = sentences(text)
    step = -(-len(found) // MAX_SPANS)
    groups = [found[at : at + step] for at in range(0, len(found), step)]
    return [(group[0][0], group[-1][1]) for group in groups]


def _shown(score: float) -> float:
    """Return a score with the digits that a 32-bit number has, as the API gives it."""
    return float(f"{score:.7g}")


def _above(limit: float | None, values: Sequence[float], spans: Sequence[tuple[int, int]]) -> Scored:
    """Return scores that reach a limit; ``values`` are the summary's, then the sentences' if any."""
    summary, of_spans = values[0], values[1:] or values
    return Scored(
        summary if limit is None or summary >= limit else None,
        [
            Span(begin, end, value)
            for (begin, end), value in zip(spans, of_spans, strict=True)
            if limit is None or value >= limit
        ],
    )
