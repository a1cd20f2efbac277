"""Comments written from a grammar: repeatable, distinct, and fair to every group they name."""

from __future__ import annotations

import json
import re
from collections import Counter
from importlib.resources import files

import numpy as np
import pytest

from models.reading.identity import TERMS
from models.reading.normalise import normalise
from models.texts.data import COLUMNS
from models.texts.templates import (
    IDENTITY_SLOTS,
    OTHER,
    UNPROTECTED_ATTACK,
    Grammar,
    TemplateRow,
    grammar,
    rows,
    slots_of,
)

ATTRIBUTES = list(COLUMNS)
# Words of the list that name a belief, a building, a quality or a state, not people.
NOT_PERSONS = """
    antisemitic asylum blackness buddhism catholicism christianity deafness disabilities disability
    hinduism homosexuality islam judaism married mosque semitic sikhism synagogue wheelchair whiteness
"""
BEHAVIOURS = {
    "toxic": """
        dehumanising_comparison group_as_disease call_to_exclude call_to_ban_or_segregate call_to_harm_group
        denial_of_rights claim_of_inferiority group_contempt group_hatred profane_group_hatred polite_hatred
        threat_against_group conditional_threat_against_group implicit_threat_against_group
        cheering_at_harm_to_group emoji_abuse_of_group strong_insult mild_insult patronising you_people
        get_help politician_insult attack_on_author told_to_die harm_wished_on_person threat_against_person
        conditional_threat_against_person implicit_threat_against_person emoji_insult profane_insult
        slur_at_person slur_at_group
    """,
    "civil": """
        self_identification reclaimed_first_person negated_hate counter_speech quoted_abuse_of_group
        persecution_in_history crime_news_about_groups hard_civil_argument_on_groups honest_question
        untargeted_profanity positive_profanity abuse_of_objects abuse_of_software
        abuse_of_food_and_weather abuse_of_shows_and_ideas kill_idioms shooting_and_weapons_harmless
        sport_violence cooking_and_gardening medicine history_of_violence crime_news self_deprecation
        policy_criticism ideas_and_religions_criticised friendly_aae friendly_scots_and_british
        friendly_indian_english friendly_non_native friendly_emoji friendly_emoji_with_group
        civil_disagreement quoted_abuse_of_person counter_speech_for_persons negated_insult
        promise_that_is_no_threat
    """,
}


@pytest.fixture(scope="module")
def many() -> list[TemplateRow]:
    return rows(15_000, seed=7)


@pytest.fixture(scope="module")
def source() -> Grammar:
    return grammar()


def is_toxic(row: TemplateRow) -> bool:
    return row.labels[0] >= 0.5


def pattern_of(words: set[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, sorted(words)))})(?!\w)", re.IGNORECASE)


def test_the_same_seed_gives_the_same_rows_and_another_seed_others() -> None:
    first = rows(300, seed=1)

    assert [row.text for row in rows(300, seed=1)] == [row.text for row in first]
    assert [row.text for row in rows(300, seed=2)] != [row.text for row in first]


def test_few_rows_are_the_beginning_of_many() -> None:
    assert [row.text for row in rows(40, seed=3)] == [row.text for row in rows(90, seed=3)][:40]


def test_there_are_as_many_rows_as_asked_for_and_no_two_are_alike(many: list[TemplateRow]) -> None:
    assert len({row.text.casefold() for row in many}) == len(many) == 15_000
    assert rows(0, seed=1) == []


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(ValueError, match="must not be negative, got -1"):
        rows(-1, seed=1)


def test_labels_are_shares_or_unknown_in_the_order_of_the_columns(many: list[TemplateRow]) -> None:
    labels = np.array([row.labels for row in many])

    assert labels.shape == (len(many), len(COLUMNS))
    assert ((labels >= 0) & (labels <= 1) | np.isnan(labels)).all()
    assert not np.isnan(labels[:, 0]).any()


def test_the_file_names_each_attribute_in_each_family() -> None:
    found = json.loads(files("models.texts").joinpath("templates.json").read_text("utf-8"))

    assert {tuple(frame["labels"]) for frame in found["frames"].values()} == {tuple(COLUMNS)}


def test_every_slot_is_used_and_every_slot_in_a_pattern_is_known(source: Grammar) -> None:
    texts = [frame.pattern for frame in source.frames]
    texts += [*source.sentence_openings, *source.running_openings, *source.endings]
    used = set().union(*map(slots_of, texts))

    assert used == source.slots.keys() | IDENTITY_SLOTS | {OTHER + name for name in IDENTITY_SLOTS}


def test_a_second_identity_stands_only_beside_a_first(source: Grammar) -> None:
    for frame in source.frames:
        if any(name.startswith(OTHER) for name in slots_of(frame.pattern)):
            assert frame.names_group, frame.pattern


def test_nothing_is_left_unfilled(many: list[TemplateRow]) -> None:
    assert not [row.text for row in many if re.search(r"[{}]|  ", row.text) or row.text != row.text.strip()]


def test_patterns_fillers_and_identities_are_listed_once(source: Grammar) -> None:
    for listed in (
        [frame.pattern for frame in source.frames],
        [identity.plural for identity in source.identities],
        *source.slots.values(),
    ):
        assert [item for item, times in Counter(listed).items() if times > 1] == []


def test_the_grammar_is_rich(source: Grammar) -> None:
    assert len({frame.family for frame in source.frames}) >= 60
    assert len(source.frames) >= 900
    assert len(source.identities) >= 120


@pytest.mark.parametrize("side", sorted(BEHAVIOURS))
def test_every_behaviour_has_a_family_on_its_side(side: str, source: Grammar) -> None:
    families = {frame.family for frame in source.frames if frame.is_toxic == (side == "toxic")}

    assert set(BEHAVIOURS[side].split()) <= families


def test_families_take_turns(many: list[TemplateRow], source: Grammar) -> None:
    times = Counter(row.family for row in many)

    assert times.keys() == {frame.family for frame in source.frames}
    assert max(times.values()) < 5 * min(times.values())


def test_half_of_the_rows_are_toxic(many: list[TemplateRow]) -> None:
    assert np.mean([is_toxic(row) for row in many]) == 0.5


def test_each_identity_is_in_toxic_and_civil_rows_alike(many: list[TemplateRow], source: Grammar) -> None:
    unfair = {}
    lowered = [(row, row.text.casefold()) for row in many]
    for identity in source.identities:
        named = pattern_of(set(identity.forms().values()))
        forms = [form.casefold() for form in identity.forms().values()]
        holds = [row for row, text in lowered if any(form in text for form in forms)]  # quicker found so
        share = np.mean([is_toxic(row) for row in holds if named.search(row.text)])
        if not 0.4 <= share <= 0.6:
            unfair[identity.plural] = round(float(share), 2)

    assert unfair == {}


@pytest.mark.parametrize("form", ["adjective", "singular", "plural"])
def test_no_form_of_an_identity_gives_toxicity_away(
    form: str, many: list[TemplateRow], source: Grammar
) -> None:
    named = pattern_of({getattr(identity, form) for identity in source.identities})

    assert 0.4 <= np.mean([is_toxic(row) for row in many if named.search(row.text)]) <= 0.6


@pytest.mark.parametrize(
    "word",
    ["hate", "kill", "killed", "deported", "vermin", "disgusting", "die", "rats", "stupid", "shot", "idiot"],
)
def test_a_strong_word_stands_on_both_sides(word: str, many: list[TemplateRow]) -> None:
    sides = Counter(is_toxic(row) for row in many if pattern_of({word}).search(row.text))

    assert min(sides[True], sides[False]) >= 0.2 * sides.total() > 0


def test_every_listed_identity_term_for_people_appears(many: list[TemplateRow]) -> None:
    listed = json.loads(files("models.reading").joinpath("identity_terms.json").read_text("utf-8"))["en"]
    people = {term for kind in listed.values() for term in kind.split()} & TERMS - set(NOT_PERSONS.split())
    words = {word for row in many for word in re.findall(r"\w+", normalise(row.text))}

    assert len(people) > 100
    assert {term for term in people if words.isdisjoint({term, term + "s"})} == set()


def test_abuse_of_an_unprotected_group_is_hardly_an_identity_attack(
    many: list[TemplateRow], source: Grammar
) -> None:
    plurals = {
        kind: pattern_of({identity.plural for identity in source.identities if identity.protected == kind})
        for kind in (True, False)
    }
    attacks: dict[bool, list[float]] = {True: [], False: []}
    for row in many:
        named = [kind for kind, plural in plurals.items() if plural.search(row.text)]
        if row.family in ("group_hatred", "group_contempt", "dehumanising_comparison") and len(named) == 1:
            attacks[named[0]].append(row.labels[ATTRIBUTES.index("IDENTITY_ATTACK")])

    assert min(attacks[True]) > 0.8
    # A sentence that is joined to the row may attack a group of its own.
    assert np.median(attacks[False]) == min(attacks[False]) == UNPROTECTED_ATTACK


def test_lengths_and_styles_vary(many: list[TemplateRow]) -> None:
    lengths = [len(row.text.split()) for row in many]

    assert np.percentile(lengths, 5) <= 5
    assert np.percentile(lengths, 99) >= 35
    assert 0.02 < np.mean([row.text.isupper() for row in many]) < 0.1
    assert 0.1 < np.mean([row.text.islower() for row in many]) < 0.3
