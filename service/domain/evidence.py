"""What is known of a comment when it is decided, and how that is kept as JSON."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from service.domain import form_tokens

DIGITS = 6  # of a score: finer than any limit, and the same from every machine


@dataclass(frozen=True, slots=True)
class NameEvidence:
    """What was found in the author's name, or in what a post says of its page.

    ``scores`` is None when it could not be scored.
    """

    scores: Mapping[str, float] | None
    banned: tuple[str, ...] = ()
    suspect: tuple[str, ...] = ()
    links: int = 0
    reader: str | None = None
    personal: tuple[str, ...] = ()
    contacts: tuple[str, ...] = ()
    is_reserved: bool = False
    is_disguised: bool = False

    def as_dict(self) -> dict[str, object]:
        """Return the evidence as JSON, without what is at its default."""
        return _written(self)

    @classmethod
    def from_dict(cls, document: Mapping[str, object]) -> NameEvidence:
        """Return the evidence that was kept; members of a later release are passed over."""
        return cls(**_read(cls, document))


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known of a comment when it is decided. Every check ran; nothing was cut short.

    ``scores`` is None when the comment could not be scored, and ``failure`` then says why.
    ``repeat_of`` is "author", "thread" or "site" when the same text was posted before, or ``nearly`` so.
    ``is_beta`` says that the language has a model of its own, in beta; ``language_supported`` counts only
    where it has none; neither does where the comment ``is_short``: of a few words nobody tells the language.
    ``is_unsure`` says that a careful reading was wanted and not to be had; ``reader`` whose scores these are.
    ``name`` is None where the author gave none. ``title``, ``address`` and ``key`` are what the post says of
    its page, None where that is known already, or vouched for. All else is said of the body.
    ``unknown`` are the attributes that the model has no output for, whatever the text.
    ``posts_…`` is how much was posted when it came, ``form`` and ``trapped`` by what form
    (`service.domain.pressure`).
    ``personal`` are the kinds of personal data found, never the data (`service.domain.personal_data`), and
    ``contacts`` the ways in which readers are led elsewhere (`service.domain.contacts`).
    """

    scores: Mapping[str, float] | None
    language: str = "en"
    language_supported: bool = True
    banned: tuple[str, ...] = ()
    suspect: tuple[str, ...] = ()
    links: int = 0
    repeat_of: str | None = None
    first_time: bool = False
    premoderated: bool = False
    failure: str | None = None
    is_beta: bool = False
    is_unsure: bool = False
    reader: str | None = None
    name: NameEvidence | None = None
    unknown: frozenset[str] = frozenset()
    personal: tuple[str, ...] = ()
    contacts: tuple[str, ...] = ()
    nearly: bool = False
    is_short: bool = False
    posts_network: int = 0
    posts_author: int = 0
    posts_text: int = 0
    posts_thread: int = 0
    posts_site: int = 0
    title: NameEvidence | None = None
    address: NameEvidence | None = None
    key: NameEvidence | None = None
    form: str = form_tokens.NONE
    trapped: bool = False

    def as_dict(self) -> dict[str, object]:
        """Return the evidence as JSON, without what is at its default; `from_dict` reads it back.

        Whoever decides by `rounded` scores gets the same decision from what was kept. A score that is no
        number is kept as null, for that is not the same as a score that was never there.

        >>> Evidence({"TOXICITY": 0.25, "THREAT": float("nan")}, links=2).as_dict()
        {'scores': {'TOXICITY': 0.25, 'THREAT': None}, 'links': 2}
        """
        return _written(self)

    @classmethod
    def from_dict(cls, document: Mapping[str, object]) -> Evidence:
        """Return the evidence that was kept; members of a later release are passed over.

        >>> Evidence.from_dict({"scores": None, "failure": "it failed 5 times", "weather": "fair"}).failure
        'it failed 5 times'
        """
        return cls(**_read(cls, document))


def rounded(scores: Mapping[str, float]) -> dict[str, float]:
    """Return scores as they are kept, to be decided by: then what is kept tells the whole decision.

    >>> rounded({"TOXICITY": 0.12345678, "THREAT": -0.0000001})
    {'TOXICITY': 0.123457, 'THREAT': 0.0}
    """
    return {name: round(float(score), DIGITS) + 0.0 for name, score in scores.items()}  # + 0.0: no "-0.00"


def _written(evidence: Evidence | NameEvidence) -> dict[str, object]:
    members = ((field, getattr(evidence, field.name)) for field in fields(evidence))
    return {field.name: _plain(value) for field, value in members if value != field.default}


def _plain(value: object) -> object:
    if isinstance(value, NameEvidence):
        return value.as_dict()
    if isinstance(value, Mapping):
        scores = rounded(value)
        return {name: score if math.isfinite(score) else None for name, score in scores.items()}
    if isinstance(value, tuple | frozenset):
        return sorted(value) if isinstance(value, frozenset) else list(value)
    return value


def _scores(kept: Mapping[str, float | None] | None) -> dict[str, float] | None:
    if kept is None:
        return None
    return {name: math.nan if score is None else float(score) for name, score in kept.items()}


def _name(kept: Mapping[str, object] | None) -> NameEvidence | None:
    return None if kept is None else NameEvidence.from_dict(kept)


# What JSON has no word for; all other members are read as they stand.
_READ: dict[str, Callable[[Any], object]] = {
    "scores": _scores,
    "banned": tuple,
    "suspect": tuple,
    "personal": tuple,
    "contacts": tuple,
    "unknown": frozenset,
    **dict.fromkeys(("name", "title", "address", "key"), _name),
}


def _read(kind: type[Evidence] | type[NameEvidence], document: Mapping[str, object]) -> dict[str, Any]:
    known = {field.name for field in fields(kind)} & set(document)
    found = {name: _READ.get(name, _as_it_is)(document[name]) for name in known}
    return {"scores": None} | found


def _as_it_is(value: object) -> object:
    return value
