"""What happens to a comment: one pure function from evidence and policy to a decision."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeGuard

from service.domain import contacts, form_tokens, personal_data
from service.domain.comment import Status
from service.domain.evidence import Evidence, NameEvidence
from service.domain.languages import language_name
from service.domain.page_words import ADDRESS, KEY, TITLE
from service.domain.policy_kinds import Thresholds
from service.domain.policy_members import Policy
from service.domain.reasons import ALL_CLEAR, FLOOD, NAME, Reason

OUTCOMES = ("approve", "review", "reject")  # from mild to strict
# A comment that needed a careful reading and got none is held from this share of each review threshold on:
# the fast reader alone is sure of less.
UNSURE_SHARE = 0.5
# What a model for a language in beta must have scored; its other attributes it may lack.
SCORED_AT_LEAST = "TOXICITY"
# What a model may be made without, in any language: few have the examples. A limit on it then says nothing.
MAY_BE_UNKNOWN = SPAM = "SPAM"
WHERE = {"author": "by the same author", "site": "on this site"}
STATUS_OF = {"approve": Status.APPROVED, "review": Status.PENDING, "reject": Status.REJECTED}


@dataclass(frozen=True, slots=True)
class Decision:
    """The strictest outcome of all rules, and every rule that asked for more than approval."""

    outcome: str
    reasons: tuple[Reason, ...] = ()

    @property
    def status(self) -> Status:
        return STATUS_OF[self.outcome]


Rule = Callable[[Evidence, Policy], Iterator[Reason]]


def decide(evidence: Evidence, policy: Policy) -> Decision:
    """Choose what happens to a comment. The strictest rule that matches wins; all are reported.

    A score that is missing or not a number means review: a silent model is no reason to publish. Only for
    SPAM may a model have no output at all; then nothing is asked of it.

    >>> policy = Policy({"TOXICITY": Thresholds(review=0.6, reject=0.9)})
    >>> decide(Evidence({"TOXICITY": 0.2}), policy).outcome
    'approve'
    >>> decide(Evidence({"TOXICITY": float("nan")}), policy).reasons[0].text
    'TOXICITY was not scored.'
    >>> decide(Evidence({"TOXICITY": 0.9}, premoderated=True), policy).outcome
    'reject'
    >>> decide(Evidence({"TOXICITY": 0.3}, is_unsure=True), policy).reasons[0].text
    'TOXICITY 0.30 is not below 0.30, the wider limit while only the fast reader is at hand.'
    """
    reasons = [reason for rule in RULES for reason in rule(evidence, policy)]
    if not reasons:
        text = "No rule asked for a second look."
        return Decision("approve", (Reason(ALL_CLEAR, "approve", text, reader=evidence.reader),))
    ordered = sorted(reasons, key=lambda reason: -OUTCOMES.index(reason.outcome))
    return Decision(ordered[0].outcome, tuple(ordered))


def by_scores(evidence: Evidence, policy: Policy) -> Iterator[Reason]:
    """Ask for what reaches a limit, and for what should have been scored and was not."""
    if evidence.scores is None:
        why = evidence.failure or "no model is loaded"
        yield Reason("not-scored", "review", f"The comment could not be scored: {why}.")
        return
    if evidence.is_beta and SCORED_AT_LEAST not in policy.thresholds:
        language = language_name(evidence.language) or "This language"
        text = f"{language} needs a limit for {SCORED_AT_LEAST}; there is none."
        yield Reason("not-scored", "review", text)
    for name, limit in policy.thresholds.items():
        score = evidence.scores.get(name)
        if score is None and (_may_be_unknown(name, evidence) or _may_lack_in_beta(name, evidence)):
            continue
        if not _is_share(score):
            yield Reason("not-scored", "review", f"{name} was not scored.", name)
        elif name == SPAM and _leads_nowhere(evidence):
            continue
        elif reason := _by_score(name, score, limit, evidence.reader) or (
            _by_wider_limit(name, score, limit, evidence.reader) if evidence.is_unsure else None
        ):
            yield reason


def _may_be_unknown(name: str, evidence: Evidence) -> bool:
    return name == MAY_BE_UNKNOWN and name in evidence.unknown


def _leads_nowhere(evidence: Evidence) -> bool:
    """Whether a comment is of a word or two and no way to reach anybody: "100 %" sells nothing."""
    return evidence.is_short and not (evidence.links or evidence.contacts)


def _may_lack_in_beta(name: str, evidence: Evidence) -> bool:
    return evidence.is_beta and name != SCORED_AT_LEAST


def _is_share(score: float | None) -> TypeGuard[float]:
    return score is not None and 0.0 <= score <= 1.0  # a NaN is in no range


def _by_score(name: str, score: float, limit: Thresholds, reader: str | None) -> Reason | None:
    if limit.reject is not None and score >= limit.reject:
        text = f"{name} {score:.2f} reaches {limit.reject:.2f}."
        return Reason("score", "reject", text, name, score, limit.reject, reader)
    if score >= limit.review:
        text = f"{name} {score:.2f} is not below {limit.review:.2f}."
        return Reason("score", "review", text, name, score, limit.review, reader)
    return None


def _by_wider_limit(name: str, score: float, limit: Thresholds, reader: str | None) -> Reason | None:
    wider = limit.review * UNSURE_SHARE
    if score < wider:
        return None
    text = (
        f"{name} {score:.2f} is not below {wider:.2f}, the wider limit while only the fast reader is at hand."
    )
    return Reason("unsure", "review", text, name, score, wider, reader)


def by_words(evidence: Evidence, _: Policy) -> Iterator[Reason]:
    """Refuse banned words, ask for suspect ones."""
    if evidence.banned:
        yield Reason("banned-word", "reject", f"Banned word: {', '.join(evidence.banned)}.")
    if evidence.suspect:
        yield Reason("suspect-word", "review", f"Suspect word: {', '.join(evidence.suspect)}.")


def by_language(evidence: Evidence, policy: Policy) -> Iterator[Reason]:
    """Ask for a language that no model reads, or only one in beta that the site does not trust.

    A comment of a few words counts as written in the site's own language: there is nothing to tell it by.
    """
    if evidence.is_short:
        return
    language = language_name(evidence.language) or "this language"
    if evidence.is_beta:
        if evidence.language not in policy.languages:
            yield Reason("language-beta", "review", f"The model for {language} is in beta.")
    elif not evidence.language_supported:
        yield Reason("language", "review", f"The model was not trained on {language}.")


def by_links(evidence: Evidence, policy: Policy) -> Iterator[Reason]:
    """Ask for more links than the site lets pass."""
    if evidence.links > policy.max_links:
        text = f"{evidence.links} links; up to {policy.max_links} pass without a look."
        yield Reason("links", "review", text)


def by_repeats(evidence: Evidence, policy: Policy) -> Iterator[Reason]:
    """Ask for what was posted before."""
    if evidence.repeat_of and policy.hold_repeats:
        where = WHERE.get(evidence.repeat_of, "in this thread")
        what = "Nearly the same" if evidence.nearly else "The same"
        yield Reason("repeat", "review", f"{what} text was posted before {where}.")


def by_personal_data(evidence: Evidence, policy: Policy) -> Iterator[Reason]:
    """Ask for what lets somebody be rung, written to, robbed or visited: no machine can say whose it is."""
    if not policy.hold_personal_data:
        return
    code, words = "personal-data", personal_data.IN_WORDS
    yield from _of_kinds(code, "Personal data", evidence.personal, words)
    if evidence.name:
        yield from _of_kinds(code, "Personal data in the name", evidence.name.personal, words, NAME)


def by_contacts(evidence: Evidence, policy: Policy) -> Iterator[Reason]:
    """Ask for what leads readers elsewhere, as spam does, to be talked to or to pay."""
    if not policy.hold_contacts:
        return
    code, words = "contact", contacts.IN_WORDS
    yield from _of_kinds(code, "Leads elsewhere", evidence.contacts, words)
    if evidence.name:
        yield from _of_kinds(code, "The name leads elsewhere", evidence.name.contacts, words, NAME)
    for field, found in _of_page(evidence):
        yield from _of_kinds(code, f"The page's {field} leads elsewhere", found.contacts, words, field)


def _of_kinds(
    code: str, said: str, found: Sequence[str], words: Mapping[str, str], field: str | None = None
) -> Iterator[Reason]:
    if found:
        kinds = ", ".join(words.get(kind, kind) for kind in found)
        yield Reason(code, "review", f"{said}: {kinds}.", field=field)


def by_pace(evidence: Evidence, policy: Policy) -> Iterator[Reason]:
    """Ask for what comes faster than people write; an office behind one address is held and not refused."""
    for count, most, whose, by_form in (
        (
            evidence.posts_network,
            _widened(policy.network_pace, evidence, policy),
            "from the same network",
            True,
        ),
        (evidence.posts_author, policy.author_pace, "by the same author", False),
        (evidence.posts_text, policy.text_pace, "with the same text", False),
    ):
        if count > most:
            text = f"{count} comments came {whose} within a minute; {most} pass without a look."
            yield Reason("pace", "review", text + (_by_its_form(evidence) if by_form else ""))


def by_flood(evidence: Evidence, policy: Policy) -> Iterator[Reason]:
    """Ask for everything while a page or the site gets more than it usually does; that ends by itself."""
    for count, most, where in (
        (evidence.posts_thread, _widened(policy.thread_flood, evidence, policy), "page"),
        (evidence.posts_site, _widened(policy.site_flood, evidence, policy), "site"),
    ):
        if count > most:
            text = (
                f"{count} comments came to this {where} in five minutes; beyond {most} all are read first,"
                " until some minutes after it calms down."
            )
            yield Reason(FLOOD, "review", text + _by_its_form(evidence))


def _widened(most: int, evidence: Evidence, policy: Policy) -> int:
    """Return a limit as it is for what many share: wider for those who had a form before them."""
    return most * policy.form_factor if evidence.form == form_tokens.GOOD else most


def _by_its_form(evidence: Evidence) -> str:
    words = form_tokens.IN_WORDS
    return " " + words.get(evidence.form, words[form_tokens.NONE])


def by_trap(evidence: Evidence, _: Policy) -> Iterator[Reason]:
    """Ask for what filled in a field that people neither see nor hear of."""
    if evidence.trapped:
        text = "A field of the form was filled in that people do not see: a program may have written this."
        yield Reason("trap", "review", text)


def by_first_time(evidence: Evidence, policy: Policy) -> Iterator[Reason]:
    """Ask for authors who are new here, where the site wants it."""
    if evidence.first_time and policy.hold_first_time:
        yield Reason("first-time-author", "review", "The author has no approved comment yet.")


def by_premoderation(evidence: Evidence, policy: Policy) -> Iterator[Reason]:
    """Ask for everything, where the thread or the site wants it."""
    if evidence.premoderated or policy.premoderate:
        yield Reason("premoderation", "review", "Comments here are read before they appear.")


def by_name(evidence: Evidence, policy: Policy) -> Iterator[Reason]:
    """Judge the author's name by the limits for bodies, but for links, of which one is too many.

    Neither its language counts nor whether a careful reading was to be had: names belong to no language, and
    half the limit would hold twice as many innocent ones and find hardly more of the others.
    """
    name = evidence.name
    if name is None:
        return
    yield from _by_scores_beside(name, NAME, "name", evidence, policy)
    yield from _by_signs_beside(name, NAME, "name")


def _by_scores_beside(
    found: NameEvidence, field: str, said: str, evidence: Evidence, policy: Policy
) -> Iterator[Reason]:
    if found.scores is None:
        yield Reason("not-scored", "review", f"The {said} could not be scored.", field=field)
        return
    for attribute, limit in policy.thresholds.items():
        score = found.scores.get(attribute)
        if score is None and _may_be_unknown(attribute, evidence):
            continue
        if not _is_share(score):
            text = f"{attribute} was not scored in the {said}."
            yield Reason("not-scored", "review", text, attribute, field=field)
        elif reason := _by_score(attribute, score, limit, found.reader):
            yield replace(reason, text=f"In the {said}, {reason.text}", field=field)


def _by_signs_beside(found: NameEvidence, field: str, said: str) -> Iterator[Reason]:
    if found.banned:
        text = f"Banned word in the {said}: {', '.join(found.banned)}."
        yield Reason("banned-word", "reject", text, field=field)
    if found.suspect:
        text = f"Suspect word in the {said}: {', '.join(found.suspect)}."
        yield Reason("suspect-word", "review", text, field=field)
    if found.links:
        yield Reason("links", "review", f"Links in the {said}: {found.links}; none passes.", field=field)
    if found.is_reserved and field == NAME:  # sites keep names for themselves, no titles
        text = f"The {said} looks like one that the site keeps for itself."
        yield Reason("reserved-name", "review", text, field=field)
    if found.is_disguised:
        text = f"The {said} has hidden characters, or letters of several scripts in one word."
        yield Reason("disguised-name", "review", text, field=field)


def _of_page(evidence: Evidence) -> Iterator[tuple[str, NameEvidence]]:
    for field, found in ((TITLE, evidence.title), (ADDRESS, evidence.address), (KEY, evidence.key)):
        if found is not None:
            yield field, found


def by_page(evidence: Evidence, policy: Policy) -> Iterator[Reason]:
    """Judge what a post says of its page as a name is judged, but refuse nothing for it.

    Whoever posts on a page did not choose its title. It becomes public with the first comment that somebody
    approves, and is then no evidence any more.
    """
    for field, found in _of_page(evidence):
        said = f"page's {field}"
        reasons = list(_by_signs_beside(found, field, said))
        if found.scores is not None or evidence.scores is not None:  # the body says so for all
            reasons = [*_by_scores_beside(found, field, said, evidence, policy), *reasons]
        yield from (replace(reason, outcome="review") for reason in reasons)


# Each sees all evidence and knows nothing of the others. Their order is that of reasons equally strict.
RULES: tuple[Rule, ...] = (
    by_scores,
    by_words,
    by_language,
    by_links,
    by_repeats,
    by_personal_data,
    by_contacts,
    by_pace,
    by_flood,
    by_trap,
    by_first_time,
    by_premoderation,
    by_name,
    by_page,
)
