"""Evidence and policies of every kind, for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

from service.domain import contacts, form_tokens
from service.domain.evidence import Evidence, NameEvidence, rounded
from service.domain.personal_data import KINDS
from service.domain.policy_kinds import Thresholds
from service.domain.policy_members import Policy
from service.domain.scores import ATTRIBUTES

LANGUAGES = ("en", "nl", "de", "und")
attributes = st.sampled_from([*ATTRIBUTES, "CLARITY"])
# Most scores are ordinary ones, or nothing but approvals of odd ones would be drawn.
scores = st.none() | st.dictionaries(attributes, st.floats(0, 1) | st.floats()).map(rounded)
words = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=9), max_size=2).map(tuple)
readers = st.sampled_from([None, "fast", "careful", "none"])
kinds = st.lists(st.sampled_from([*KINDS, "shoe-size"]), max_size=2, unique=True).map(tuple)
ways = st.lists(st.sampled_from([*contacts.KINDS, "smoke"]), max_size=2, unique=True).map(tuple)
names = st.builds(
    NameEvidence,
    scores=scores,
    banned=words,
    suspect=words,
    links=st.integers(0, 3),
    reader=readers,
    personal=kinds,
    contacts=ways,
    is_reserved=st.booleans(),
    is_disguised=st.booleans(),
)
evidences = st.builds(
    Evidence,
    scores=scores,
    language=st.sampled_from(LANGUAGES),
    language_supported=st.booleans(),
    banned=words,
    suspect=words,
    links=st.integers(0, 9),
    repeat_of=st.sampled_from([None, "author", "thread", "site"]),
    first_time=st.booleans(),
    premoderated=st.booleans(),
    failure=st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=9),
    is_beta=st.booleans(),
    is_unsure=st.booleans(),
    reader=readers,
    name=st.none() | names,
    title=st.none() | names,
    address=st.none() | names,
    key=st.none() | names,
    unknown=st.frozensets(attributes),
    personal=kinds,
    contacts=ways,
    nearly=st.booleans(),
    is_short=st.booleans(),
    posts_author=st.integers(0, 9),
    posts_thread=st.integers(0, 9),
    form=st.sampled_from([*form_tokens.IN_WORDS, "by owl"]),
    trapped=st.booleans(),
)
shares = st.floats(0, 1)
policies = st.builds(
    Policy,
    thresholds=st.dictionaries(attributes, st.builds(Thresholds, shares, st.none() | shares)),
    max_links=st.integers(0, 9),
    hold_repeats=st.booleans(),
    hold_personal_data=st.booleans(),
    hold_contacts=st.booleans(),
    reserved_names=words,
    author_pace=st.integers(1, 9),
    thread_flood=st.integers(1, 9),
    hold_first_time=st.booleans(),
    premoderate=st.booleans(),
    languages=st.frozensets(st.sampled_from(LANGUAGES)),
)
