"""Why a comment was decided so: a rule's reason, and what of it its author is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.domain.comment import Status
from service.domain.page_words import FIELDS

POLICY_ACTOR = "policy"
NAME = "author_name"
ALL_CLEAR = "all-clear"  # the one code that holds nothing back, so that authors need no words for it
FLOOD = "flood"  # a page or site is read first until it calms down
MODERATOR = "moderator"  # a person decided, whatever the rules said
# What an author is told of a rule: enough to understand, too little to feel one's way past it. The widget
# says the same in the reader's language; a test asks for every code in every locale.
FOR_AUTHORS = {
    "score": "It was found likely to hurt or drive others away.",
    "not-scored": "It could not be checked automatically.",
    "unsure": "It could not be read as carefully as it should be.",
    "banned-word": "It contains a word that is not published here.",
    "suspect-word": "It contains a word that needs a second look.",
    "language": "It is in a language that is not checked automatically.",
    "language-beta": "It is in a language that is not checked automatically yet.",
    "links": "It contains many links.",
    "repeat": "The same text was posted before.",
    "personal-data": "It seems to contain somebody's telephone number, e-mail, bank account or address.",
    "contact": "It leads readers to a messenger, a number or an address elsewhere.",
    "pace": "Many comments came from the same place at once.",
    FLOOD: "Many comments come to this page at the moment, and all are read before they appear.",
    "trap": "It looks as if a program had filled in the form.",
    "first-time-author": "First comments are read before they appear.",
    "premoderation": "Comments here are read before they appear.",
    MODERATOR: "A moderator decided so.",
}
NAME_FOR_AUTHORS = {
    "score": "Your name was found likely to hurt or drive others away.",
    "not-scored": "Your name could not be checked automatically.",
    "banned-word": "Your name contains a word that is not published here.",
    "suspect-word": "Your name contains a word that needs a second look.",
    "links": "Your name contains a link.",
    "personal-data": "Your name seems to contain a telephone number or an address.",
    "reserved-name": "Your name looks like one that this site keeps for itself.",
    "disguised-name": "Your name has characters that are not what they seem.",
    "contact": "Your name leads readers to a messenger, a number or an address elsewhere.",
}
# Readers choose nothing of this, so they need no more of it.
PAGE_FOR_AUTHORS = dict.fromkeys(
    ("score", "not-scored", "banned-word", "suspect-word", "links", "disguised-name", "contact"),
    "What this page is called, or its address, needs a second look.",
)
# By what it is about.
WORDS: dict[object, dict[str, str]] = {
    None: FOR_AUTHORS,
    NAME: NAME_FOR_AUTHORS,
    **dict.fromkeys(FIELDS, PAGE_FOR_AUTHORS),
}


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule that matched: a stable ``code``, a sentence, and the figures behind it.

    ``field`` is ``author_name`` where the rule looked at the name; ``title``, ``address`` or ``key`` where at
    what the post says of its page; else None: the body, or the circumstances.
    """

    code: str
    outcome: str
    text: str
    attribute: str | None = None
    score: float | None = None
    threshold: float | None = None
    reader: str | None = None
    field: str | None = None

    def as_dict(self) -> dict[str, object]:
        """The reason as JSON, without the members that do not apply."""
        members = {"code": self.code, "field": self.field, "text": self.text, "attribute": self.attribute}
        figures = {"score": self.score, "threshold": self.threshold, "reader": self.reader}
        return {name: value for name, value in (members | figures).items() if value is not None}


def reasons_for_author(
    status: Status, decided_by: str | None, reasons: Sequence[Mapping[str, object]]
) -> list[dict[str, str]]:
    """Return why a comment is not public, in words for its author; nothing once it is.

    ``reasons`` are as they were kept. One without words for it is passed over: it may be of a later release.

    >>> reasons_for_author(Status.PENDING, "policy", [{"code": "score"}, {"code": "score"}])
    [{'code': 'score', 'text': 'It was found likely to hurt or drive others away.'}]
    >>> reasons_for_author(Status.PENDING, "policy", [{"code": "links", "field": "author_name"}])
    [{'code': 'links', 'field': 'author_name', 'text': 'Your name contains a link.'}]
    >>> reasons_for_author(Status.REJECTED, "mo", [{"code": "score"}])[0]["code"]
    'moderator'
    """
    if status not in (Status.PENDING, Status.REJECTED):
        return []
    by_person = status is Status.REJECTED and decided_by != POLICY_ACTOR
    if by_person:
        return [{"code": MODERATOR, "text": FOR_AUTHORS[MODERATOR]}]
    told = []
    for code, at in dict.fromkeys((str(reason.get("code")), reason.get("field")) for reason in reasons):
        text = WORDS.get(at, {}).get(code)
        if text is not None:
            told.append({"code": code, **({"field": str(at)} if at else {}), "text": text})
    return told
