"""What happens to a comment: one pure function from evidence and policy to a decision."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from service.domain.comment import Status

OUTCOMES = ("approve", "review", "reject")  # from mild to strict
POLICY_ACTOR = "policy"
STATUS_OF = {"approve": Status.APPROVED, "review": Status.PENDING, "reject": Status.REJECTED}


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where one attribute's score is cut; ``reject=None`` leaves refusing to people."""

    review: float
    reject: float | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """One site's rules. Words are compared on normalised text."""

    thresholds: Mapping[str, Thresholds]
    banned_words: tuple[str, ...] = ()
    suspect_words: tuple[str, ...] = ()
    max_links: int = 2
    hold_repeats: bool = True
    hold_first_time: bool = False
    premoderate: bool = False


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known of a comment when it is decided. Every check ran; nothing was cut short.

    ``scores`` is None when the comment could not be scored, and ``failure`` then says why.
    ``repeat_of`` is "author" or "thread" when the same text was posted before.
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


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule that matched: a stable ``code``, a sentence, and the figures behind it."""

    code: str
    outcome: str
    text: str
    attribute: str | None = None
    score: float | None = None
    threshold: float | None = None

    def as_dict(self) -> dict[str, object]:
        """The reason as JSON, without the members that do not apply."""
        members = {"code": self.code, "text": self.text, "attribute": self.attribute}
        figures = {"score": self.score, "threshold": self.threshold}
        return {name: value for name, value in (members | figures).items() if value is not None}


@dataclass(frozen=True, slots=True)
class Decision:
    """The strictest outcome of all rules, and every rule that asked for more than approval."""

    outcome: str
    reasons: tuple[Reason, ...] = field(default=())

    @property
    def status(self) -> Status:
        return STATUS_OF[self.outcome]


# What an author is told of a rule: enough to understand, too little to feel one's way past it.
FOR_AUTHORS = {
    "score": "It was found likely to hurt or drive others away.",
    "not-scored": "It could not be checked automatically.",
    "banned-word": "It contains a word that is not published here.",
    "suspect-word": "It contains a word that needs a second look.",
    "language": "It is in a language that is not checked automatically.",
    "links": "It contains many links.",
    "repeat": "The same text was posted before.",
    "first-time-author": "First comments are read before they appear.",
    "premoderation": "Comments here are read before they appear.",
    "moderator": "A moderator decided so.",
}
ALL_CLEAR = Decision("approve", (Reason("all-clear", "approve", "No rule asked for a second look."),))


def reasons_for_author(status: Status, decided_by: str | None, codes: Sequence[str]) -> list[dict[str, str]]:
    """Return why a comment is not public, in words for its author; nothing once it is.

    >>> reasons_for_author(Status.PENDING, "policy", ["score", "score"])
    [{'code': 'score', 'text': 'It was found likely to hurt or drive others away.'}]
    >>> reasons_for_author(Status.REJECTED, "mo", ["score"])[0]["code"]
    'moderator'
    """
    if status not in (Status.PENDING, Status.REJECTED):
        return []
    by_person = status is Status.REJECTED and decided_by != POLICY_ACTOR
    known = ["moderator"] if by_person else [code for code in dict.fromkeys(codes) if code in FOR_AUTHORS]
    return [{"code": code, "text": FOR_AUTHORS[code]} for code in known]


def decide(evidence: Evidence, policy: Policy) -> Decision:
    """Choose what happens to a comment. The strictest rule that matches wins; all are reported.

    A score that is missing or not a number means review: a silent model is no reason to publish.

    >>> policy = Policy({"TOXICITY": Thresholds(review=0.6, reject=0.9)})
    >>> decide(Evidence({"TOXICITY": 0.2}), policy).outcome
    'approve'
    >>> decide(Evidence({"TOXICITY": float("nan")}), policy).reasons[0].text
    'TOXICITY was not scored.'
    >>> decide(Evidence({"TOXICITY": 0.9}, premoderated=True), policy).outcome
    'reject'
    """
    reasons = (*_by_scores(evidence, policy), *_by_words(evidence), *_by_circumstances(evidence, policy))
    if not reasons:
        return ALL_CLEAR
    ordered = sorted(reasons, key=lambda reason: -OUTCOMES.index(reason.outcome))
    return Decision(ordered[0].outcome, tuple(ordered))


def _by_scores(evidence: Evidence, policy: Policy) -> Iterator[Reason]:
    if evidence.scores is None:
        why = evidence.failure or "no model is loaded"
        yield Reason("not-scored", "review", f"The comment could not be scored: {why}.")
        return
    for name, limit in policy.thresholds.items():
        score = evidence.scores.get(name)
        if score is None or not 0.0 <= score <= 1.0:  # a NaN is in no range, so it lands here too
            yield Reason("not-scored", "review", f"{name} was not scored.", name)
        elif limit.reject is not None and score >= limit.reject:
            text = f"{name} {score:.2f} reaches {limit.reject:.2f}."
            yield Reason("score", "reject", text, name, score, limit.reject)
        elif score >= limit.review:
            text = f"{name} {score:.2f} is not below {limit.review:.2f}."
            yield Reason("score", "review", text, name, score, limit.review)


def _by_words(evidence: Evidence) -> Iterator[Reason]:
    if evidence.banned:
        yield Reason("banned-word", "reject", f"Banned word: {', '.join(evidence.banned)}.")
    if evidence.suspect:
        yield Reason("suspect-word", "review", f"Suspect word: {', '.join(evidence.suspect)}.")


def _by_circumstances(evidence: Evidence, policy: Policy) -> Iterator[Reason]:
    if not evidence.language_supported:
        text = f"The model was not trained on this language ({evidence.language})."
        yield Reason("language", "review", text)
    if evidence.links > policy.max_links:
        text = f"{evidence.links} links; up to {policy.max_links} pass without a look."
        yield Reason("links", "review", text)
    if evidence.repeat_of and policy.hold_repeats:
        where = "by the same author" if evidence.repeat_of == "author" else "in this thread"
        yield Reason("repeat", "review", f"The same text was posted before {where}.")
    if evidence.first_time and policy.hold_first_time:
        yield Reason("first-time-author", "review", "The author has no approved comment yet.")
    if evidence.premoderated or policy.premoderate:
        yield Reason("premoderation", "review", "Comments here are read before they appear.")
