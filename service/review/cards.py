"""How a comment is put before a moderator: words for codes, bars for scores, marks in the text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from service.domain.comment import choices
from service.domain.languages import language_in_words as language_in_words
from service.domain.origins import origin_of
from service.domain.page_words import FIELDS
from service.domain.reasons import NAME
from service.moderation.queue import TABS, Card
from service.storage.records import AuditEntry

LABELS = {
    "TOXICITY": "Toxicity",
    "SEVERE_TOXICITY": "Severe toxicity",
    "IDENTITY_ATTACK": "Identity attack",
    "INSULT": "Insult",
    "PROFANITY": "Profanity",
    "THREAT": "Threat",
    "SPAM": "Spam",
}
DID = {
    "post": "posted it",
    "approve": "approved it",
    "review": "asked for a person",
    "reject": "rejected it",
    "reopen": "put it back in the queue",
    "undo": "took back the last decision",
    "delete": "deleted it",
    "fold": "decided last; what was done before is no longer kept",
}
NAMELESS = "Anonymous"
LIMITS = {
    "score": "the limit is",
    "unsure": "while only the fast reader is at hand, the limit is",
}
BUTTONS = {"approve": ("Approve", "a"), "reject": ("Reject", "r"), "reopen": ("Back to the queue", "")}
# What may be done with a comment that stands so: the action, its button, and the key for it.
CHOICES = {status: [(action, *BUTTONS[action]) for action in choices(status)] for status in TABS}
IN = {NAME: "In the name, ", **{field: f"In the page's {field}, " for field in FIELDS}}
MANY_LINES, MANY = 12, 1000  # a text of more lines or characters is folded, as in the widget
WORD = 4  # the level of a word-list hit; 1 to 3 are shares of the score
RUN = re.compile(rb"(.)\1*+", re.DOTALL)
SHARES = ((0.3, 3), (0.1, 2), (0.02, 1))  # at least so much of a score is marked so strongly


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a body; ``level`` is 0 for plain text."""

    text: str
    level: int


@dataclass(frozen=True, slots=True)
class Bar:
    """One attribute's score; ``width`` and ``limit_at`` are in hundredths of the bar."""

    label: str
    value: str
    width: str
    limit: str | None
    limit_at: str | None
    is_over: bool


def is_long(body: str) -> bool:
    """Whether a text takes so much room that only its beginning is shown until somebody wants all of it.

    >>> is_long("Hello." + "\\n" * 12 + "Bye."), is_long("a" * 1000), is_long("Hello.")
    (True, False, False)
    """
    return len(body) > MANY or body.count("\n") >= MANY_LINES


def segments(body: str, spans: Sequence[Sequence[float]], words: Sequence[tuple[int, int]]) -> list[Segment]:
    """Cut a body where marks begin and end; word-list hits win over shares of the score.

    ``spans`` are [begin, end, share] and ``words`` are (begin, end), all in UTF-16 code units. What lies
    outside the body or ends before it begins is left out, so an edited body cannot break the page.

    >>> segments("😀 you fool", [[7, 11, 0.4]], [])
    [Segment(text='😀 you ', level=0), Segment(text='fool', level=3)]
    """
    paint = bytearray(len(body))
    place = _places(body)
    marks = [(span[0], span[1], _level(span[2])) for span in spans if len(span) == 3]
    for begin, end, level in [*marks, *((begin, end, WORD) for begin, end in words)]:
        first, last = place.get(int(begin)), place.get(int(end))
        if first is not None and last is not None and first < last and level:
            paint[first:last] = bytes([level]) * (last - first)
    return [Segment(body[run.start() : run.end()], run[0][0]) for run in RUN.finditer(paint)]


def _places(body: str) -> dict[int, int]:
    """Map UTF-16 offsets to offsets in a Python string; half of a pair is no place."""
    places, units = {0: 0}, 0
    for at, char in enumerate(body, start=1):
        units += 2 if char > "\uffff" else 1
        places[units] = at
    return places


def _level(share: float) -> int:
    return next((level for least, level in SHARES if share >= least), 0)


def bars(card: Card) -> list[Bar]:
    """Return a bar for each score, with the limit from which the site's policy asks for a person.

    Where that was wider when the comment was decided, it is the one that counted then.
    """
    wider = {entry["attribute"]: entry["threshold"] for entry in card.comment.reasons or ()
             if entry.get("code") == "unsure"}  # fmt: skip
    scores: Mapping[str, float] = card.comment.scores or {}
    found = []
    for name in [*(n for n in LABELS if n in scores), *sorted(set(scores) - set(LABELS))]:
        score = scores[name]
        threshold = card.policy.thresholds.get(name)
        limit = wider.get(name, threshold.review if threshold else None)
        found.append(
            Bar(
                label=LABELS.get(name, name),
                value=f"{score:.2f}",
                width=f"{100 * min(max(score, 0.0), 1.0):.1f}",
                limit=None if limit is None else f"{limit:.2f}",
                limit_at=None if limit is None else f"{100 * limit:.1f}",
                is_over=limit is not None and score >= limit,
            )
        )
    return found


def reason(entry: Mapping[str, Any]) -> str:
    """Say in words why a rule matched.

    >>> reason({"code": "score", "text": "…", "attribute": "THREAT", "score": 0.813, "threshold": 0.5})
    'Threat is 0.81; the limit is 0.50.'
    >>> reason({"code": "not-scored", "text": "…", "attribute": "THREAT", "field": "author_name"})
    'In the name, Threat was not scored.'
    """
    name = LABELS.get(entry.get("attribute", ""), entry.get("attribute", ""))
    where = IN.get(entry.get("field", ""), "")
    if entry.get("code") in LIMITS and "score" in entry and "threshold" in entry:
        return f"{where}{name} is {entry['score']:.2f}; {LIMITS[entry['code']]} {entry['threshold']:.2f}."
    if entry.get("code") == "not-scored" and name:
        return f"{where}{name} was not scored."
    return str(entry.get("text", ""))


def record(card: Card) -> tuple[str | None, str]:
    """Return a badge for a newcomer, if the author is one, and the author's record in words."""
    if card.author is None:
        return None, "author not known"
    approved, rejected = card.author.get("approved", 0), card.author.get("rejected", 0)
    others = sum(card.author.values()) - 1
    badge = None
    if not approved:
        badge = "no approved comment yet" if others else "first comment"
    return badge, f"author: {approved} approved, {rejected} rejected"


def deed(row: AuditEntry) -> str:
    """Say who did what, from a row of the audit log. Authors stay nameless: the log knows no names."""
    who = {"author": "The author", "policy": "The policy"}.get(row.actor_kind, row.actor)
    return f"{who} {DID.get(row.action, row.action)}"


def ago(moment: datetime, now: datetime) -> str:
    """Say how long ago something was.

    >>> from datetime import UTC
    >>> ago(datetime(2026, 1, 1, 10, tzinfo=UTC), datetime(2026, 1, 1, 12, 30, tzinfo=UTC))
    '2 h 30 min'
    """
    passed = max(now - moment, timedelta())
    minutes = int(passed.total_seconds() // 60)
    if minutes < 1:
        return "less than a minute"
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        hours, rest = divmod(minutes, 60)
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{passed.days} day{'s' if passed.days > 1 else ''}"


def web_address(url: str | None) -> str | None:
    """Return an address if a link may lead there; anything but http and https is no link."""
    return url if url and url.lower().startswith(("https://", "http://")) else None


def host_of(url: str) -> str:
    """Return the host that a link leads to, for people to see before they follow it.

    >>> host_of("https://www.example.org:8443/a"), host_of("https://[broken")
    ('www.example.org:8443', '')
    """
    return origin_of(url).partition("://")[2]


def tab_count(count: int, cap: int) -> str:
    """Return a count as a tab shows it.

    >>> tab_count(7, 1000), tab_count(1000, 1000)
    ('7', '999+')
    """
    return str(count) if count < cap else f"{cap - 1}+"
