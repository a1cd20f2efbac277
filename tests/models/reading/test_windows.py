"""Long texts: where their sentences lie, and that one bad sentence among civil ones is found."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import Scorer, load_scorer
from models.reading.careful import FIRST_PIECES, LAST_PIECES
from models.reading.judging import Until
from models.reading.windows import LONG, LONGEST, READ, SHORTEST, Sentences, alone, sentences
from service.domain.policy_members import DEFAULT_REVIEW
from tests.growth import LINEAR, growth

ODD = st.text(st.sampled_from("ab .!?…。\n\u2028\u0301'\"B3🖕"), max_size=900)
BUSES = (
    "The number nine bus now leaves from the south side of the station, next to the bakery. ",
    "It takes about twelve minutes to the harbour, which is three more than last year. ",
    "The council says that a second stop at the library will open in the spring. ",
    "I would rather see the old timetable again, for it was easier to remember. ",
    "On Sundays there is one an hour, and the last of them waits for the ferry. ",
    "My neighbour has written to the operator and got a friendly answer within a week. ",
)
THREAT = "You are a worthless piece of trash, I will kill you."
LENGTHS = (160, 280, 300, 320, 700, 1_500, 2_500, 6_000)


def civil(chars: int) -> list[str]:
    """Return civil sentences of about so many characters together."""
    return [BUSES[i % len(BUSES)] for i in range(max(2, chars // 80))]


def among(words: str, chars: int, place: str) -> str:
    around = civil(chars)
    at = {"start": 0, "middle": len(around) // 2, "end": len(around)}[place]
    return "".join([*around[:at], f"{words} ", *around[at:]])


def is_held(scorer: Scorer, text: str) -> bool:
    """Whether the default policy asks a person about a text, for its scores."""
    (reading,) = scorer.read([text])
    wider = 0.5 if reading.is_unsure else 1.0
    return any(reading.scores[name] >= limit * wider for name, limit in DEFAULT_REVIEW.items())


@given(ODD)
def test_every_character_is_in_a_sentence_and_none_is_too_long(text: str) -> None:
    places = sentences(text)

    covered = 0
    for begin, end in places:
        assert begin <= covered < end or not text
        covered = end
    assert covered == len(text)
    assert all(end - begin <= LONGEST for begin, end in places)
    assert all(end - begin >= SHORTEST for begin, end in places) or len(text) < SHORTEST


@pytest.mark.parametrize("mark", [". ", "! ", "? ", "… ", "。", "！", "？", "\n", "\r\n", "\u2028", ".”  "])
def test_sentences_end_at_marks_and_at_line_ends(mark: str) -> None:
    text = mark.join(["one two three four five six seven eight nine ten"] * 3)

    assert len(sentences(text)) == 3


@pytest.mark.parametrize("inside", ["3.5", "f.o.o.l", "news.example", "a...b"])
def test_a_mark_within_a_word_ends_nothing(inside: str) -> None:
    text = f"what is written before it is long enough to stand alone {inside} and what comes after it as well"

    assert sentences(text) == [(0, len(text))]


def test_what_never_ends_is_read_in_windows_that_overlap() -> None:
    text = "word and word " * 100
    places = sentences(text)

    assert all(later[0] < earlier[1] for earlier, later in pairwise(places))
    assert all(text[begin - 1] == " " for begin, _ in places[1:])


@pytest.mark.parametrize("unit", ["a", "a ", ".", ". ", "!?", "\n", "…a", "a" * 300 + " ", " ", "。", "'\""])
def test_sentences_take_time_linear_in_the_text(unit: str) -> None:
    small, large = (unit * (size // len(unit)) for size in (100_000, 400_000))

    assert growth(sentences, small, large) < LINEAR


def test_of_each_text_the_worst_are_chosen_and_of_two_alike_the_first() -> None:
    found = Sentences(list("abcdefg"), [(0, 1)] * 7, np.array([0, 0, 0, 0, 2, 2, 5]))

    chosen = found.worst(np.array([1.0, 3.0, 3.0, 3.0 + 1e-12, -1.0, 2.0, 0.0]))
    assert [found.parts[i] for i in chosen] == ["b", "c", "f", "e", "g"]
    assert READ == 2


def test_a_threat_counts_in_full_wherever_it_stands() -> None:
    toxicity, threat = alone(["TOXICITY", "THREAT"])

    assert (toxicity > 1, threat) == (True, 0)


@pytest.mark.parametrize("place", ["start", "middle", "end"])
@pytest.mark.parametrize("chars", LENGTHS)
def test_a_threat_among_civil_sentences_goes_to_a_person(shipped: Scorer, chars: int, place: str) -> None:
    assert not is_held(shipped, "".join(civil(chars)))
    assert is_held(shipped, among(THREAT, chars, place))


DISGUISED = {
    "letters": "You are a w0rthless p1ece of tr@sh, I will k i l l you.",
    "lines": THREAT.replace(" ", "\n"),
    "lower": "you are a worthless piece of trash i will kill you",
    "unseen": THREAT.replace("kill", "k\u200bi\u200bll"),
    "lookalikes": THREAT.replace("o", "о").replace("i", "і"),
}


@pytest.mark.parametrize("disguise", DISGUISED)
@pytest.mark.parametrize("chars", [700, 2_500])
def test_a_disguised_threat_is_found_too(shipped: Scorer, chars: int, disguise: str) -> None:
    assert is_held(shipped, among(DISGUISED[disguise], chars, "middle"))


@pytest.mark.parametrize("chars", [700, 2_500])
def test_so_is_one_where_no_mark_ends_a_sentence(shipped: Scorer, chars: int) -> None:
    text = among(THREAT, chars, "middle")

    assert is_held(shipped, text.replace(". ", ".").replace(", ", ","))
    assert is_held(shipped, text.replace(".", "").replace(",", "").lower())


def test_what_the_careful_reader_leaves_out_is_read_by_its_sentence(shipped: Scorer) -> None:
    around = civil(6_000)
    assert len(" ".join(around[: len(around) // 2]).split()) > FIRST_PIECES + LAST_PIECES

    (reading,) = shipped.read([among(THREAT, 6_000, "middle")])
    assert reading.scores["THREAT"] > 0.5
    assert reading.reader == "careful"


def test_a_short_text_is_judged_as_a_whole_alone(shipped: Scorer) -> None:
    text = f"{THREAT} {BUSES[0]}"
    whole = shipped._outcome("en", [text], [shipped.normalise(text)], np.array([True]), Until())

    assert len(text) <= LONG
    assert whole.apart is None


def test_a_long_text_scores_alike_alone_and_among_others(shipped: Scorer) -> None:
    texts = [among(THREAT, chars, place) for chars in (250, 700, 2_500) for place in ("start", "end")]
    texts += ["".join(civil(900)), "Thank you.", THREAT * 30, ". " * 900]

    assert shipped.read(texts) == [shipped.read([text])[0] for text in texts]
    assert shipped.read(texts[::-1]) == shipped.read(texts)[::-1]


def test_spam_is_not_looked_for_in_sentences(shipped: Scorer) -> None:
    text = among("Check out my channel and subscribe!", 1_500, "middle")

    assert shipped.read([text])[0].scores["SPAM"] < 0.1


@pytest.mark.parametrize("how", ["off", "out of time"])
def test_without_a_careful_reading_the_fast_reader_judges_the_sentence_and_says_so(
    how: str, shipped: Scorer
) -> None:
    scorer = load_scorer(careful="off") if how == "off" else shipped
    text = among(THREAT, 2_500, "middle")

    (reading,) = scorer.read([text], within=0.0 if how == "out of time" else None)

    assert (reading.reader, reading.is_unsure) == ("fast", True)
    assert is_held(scorer, text)


def test_only_words_of_the_bad_sentence_are_marked(shipped: Scorer) -> None:
    text = "😀 " + among(THREAT, 2_500, "middle")
    units = text.encode("utf-16-le")
    spans = shipped.explain(text, "THREAT")

    marked = [units[2 * span.begin : 2 * span.end].decode("utf-16-le") for span in spans]
    assert "kill" in marked
    assert set(marked) <= set(THREAT.split())
    assert sum(span.score for span in spans) <= shipped.read([text])[0].scores["THREAT"] + 1e-9


def test_a_text_in_a_language_of_no_model_is_not_taken_apart(shipped: Scorer) -> None:
    text = "Vous êtes tous des idiots, rentrez chez vous et laissez-nous tranquilles ! " * 10

    (reading,) = shipped.read([text])
    assert (reading.supported, reading.reader, reading.is_unsure) == (False, "fast", False)
