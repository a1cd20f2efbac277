"""What a site may decide about moderation: every member of a policy, declared once.

From here come its default, its checks and their messages, its place in the OpenAPI document and what the
README says of it; `service.domain.policy` has the rules that read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, get_type_hints

from service.domain.policy_kinds import Flag, Kind, Languages, Limits, Thresholds, Whole, Words

MANY = 1_000_000  # a limit that nobody reaches
# Those that the shipped model suggests; a test compares them. At these, one in ten civil comments of a heated
# conversation is held and half of the abusive ones; the model card has each world on a line. A machine asks;
# a person refuses: for automatic refusals, set `reject`.
DEFAULT_REVIEW = {
    "TOXICITY": 0.28,
    "SEVERE_TOXICITY": 0.37,
    "IDENTITY_ATTACK": 0.32,
    "INSULT": 0.44,
    "PROFANITY": 0.69,
    "THREAT": 0.07,
    "SPAM": 0.36,
}


def _default_thresholds() -> Mapping[str, Thresholds]:
    return {name: Thresholds(review) for name, review in DEFAULT_REVIEW.items()}


@dataclass(frozen=True, slots=True)
class Policy:
    """One site's rules. Words are compared on normalised text."""

    thresholds: Annotated[
        Mapping[str, Thresholds],
        Limits("From `review` on a person is asked, from `reject` on a comment is refused."),
    ] = field(default_factory=_default_thresholds)
    banned_words: Annotated[
        tuple[str, ...],
        Words("A comment with one of them is refused."),
    ] = ()
    suspect_words: Annotated[
        tuple[str, ...],
        Words("A comment with one of them goes to review."),
    ] = ()
    max_links: Annotated[
        int,
        Whole("A comment with more links than this goes to review.", 0, 100),
    ] = 2
    hold_repeats: Annotated[
        bool,
        Flag("A text that was posted before goes to review, also with another number, name or link in it."),
    ] = True
    hold_personal_data: Annotated[
        bool,
        Flag("A telephone number, e-mail address, IBAN or somebody's home in text or name goes to review."),
    ] = True
    hold_contacts: Annotated[
        bool,
        Flag(
            "A messenger or number with a call to use it, or an address hidden or advertised, goes to review."
        ),
    ] = True
    network_pace: Annotated[
        int,
        Whole(
            "Beyond so many comments a minute from one network (/24, /64), its comments go to review.",
            1,
            MANY,
        ),
    ] = 30
    author_pace: Annotated[
        int,
        Whole("Beyond so many comments a minute by one author, theirs go to review.", 1, MANY),
    ] = 6
    text_pace: Annotated[
        int,
        Whole("Beyond so many comments a minute with the same words, these go to review.", 1, MANY),
    ] = 10
    thread_flood: Annotated[
        int,
        Whole(
            "Beyond so many comments in five minutes, all on the page go to review until it calms down.",
            1,
            MANY,
        ),
    ] = 100
    site_flood: Annotated[
        int,
        Whole(
            "Beyond so many comments in five minutes, all on the site go to review until it calms down.",
            1,
            MANY,
        ),
    ] = 1000
    form_factor: Annotated[
        int,
        Whole(
            "What came by the widget's form may be so many times as much, by network, page and site.", 1, 1000
        ),
    ] = 3
    reserved_names: Annotated[
        tuple[str, ...],
        Words("A name that looks like one of these, or like the site's own, goes to review."),
    ] = ("Admin", "Administrator", "Moderator", "Moderators", "Parley")
    hold_first_time: Annotated[
        bool,
        Flag("Comments of an author who has no approved one yet go to review."),
    ] = False
    premoderate: Annotated[
        bool,
        Flag("Every comment goes to review."),
    ] = False
    languages: Annotated[
        frozenset[str],
        Languages("Languages whose models are in beta and may decide here all the same."),
    ] = frozenset()


def _kinds() -> dict[str, Kind]:
    hints = get_type_hints(Policy, include_extras=True)
    return {name: kind for name, hint in hints.items() for kind in hint.__metadata__}


MEMBERS = _kinds()
DEFAULT: dict[str, Any] = {name: kind.document(getattr(Policy(), name)) for name, kind in MEMBERS.items()}
# Beyond these, unless the site chose otherwise, a caller's posts are held whatever page and site get: they
# are no reason to hold those of others, nor to let others wait.
PACE = {"author": Policy().author_pace, "network": Policy().network_pace}
