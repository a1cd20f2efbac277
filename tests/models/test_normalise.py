"""One spelling for the many ways of writing a word."""

from __future__ import annotations

import string
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models.normalise import _careful, _fold, _plain, normalise

ANYTHING = st.text(st.characters(exclude_categories=[]), max_size=200)
TYPED = st.text(string.ascii_letters + string.digits + " .,!?'-*@$/_\n", max_size=120)


@pytest.mark.parametrize(
    "spelling",
    [
        "fool",
        "FOOL",
        "fooool",
        "f o o l",
        "f.o.o.l",
        "f-o-o-l",
        "f . o . o . l",
        "f0ol",
        "fo0l",
        "f\u200bo\u200bo\u200bl",
        "f\u00ado\u2060ol",
        "ｆｏｏｌ",
        "𝐟𝐨𝐨𝐥",
        "ⓕⓞⓞⓛ",
        "🅵🅾🅾🅻",
        "fóöl",
        "f\u0336o\u0336o\u0336l\u0336",
        "fооl",
        "fοol",
        "ꜰᴏᴏʟ",
        "'fool'",
        "(fool!)",
        "*fool*",
    ],
)
def test_an_odd_spelling_of_a_word_is_that_word(spelling: str) -> None:
    assert "fool" in normalise(f"you {spelling} you").split()


@pytest.mark.parametrize("spelling", ["f*ol", "f**l", "fo-ol", "f_ool", "f/ool", "f🙂ool"])
def test_a_word_with_a_sign_inside_is_also_written_squeezed(spelling: str) -> None:
    squeezed = "".join(filter(str.isalpha, spelling))

    assert squeezed in normalise(spelling).split()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        (" \t\n\u2028 ", ""),
        ("Don't, won’t.", "dont wont"),
        ("3.5 % of 10,000", "3 5 of 10 000"),
        ("the 2nd of 90s", "the 2nd of 90s"),
        ("and/or", "and or andor"),
        ("u r a fool", "u r a ura fool"),
        ("sh!t, $hit, a$$", "shit shit ass"),
        ("covid19", "covid19 covidig"),
        ("@someone else", "someone else"),
        ("Straße Øre", "strasse ore"),
        ("👍👍", "👍 👍"),
    ],
)
def test_a_text_becomes_plain_words(text: str, expected: str) -> None:
    assert normalise(text) == expected


@pytest.mark.parametrize("text", ["Привет мир", "ελληνικα", "한국어 댓글", "हिन्दी", "中文"])
def test_a_whole_word_of_another_script_is_left_alone(text: str) -> None:
    assert normalise(text) == text.lower()


@given(ANYTHING)
@example("\ud800")
@example("\x00")
@example("a\ud83d b\udc00c")
def test_any_text_at_all_gives_words_that_can_be_written_as_utf8(text: str) -> None:
    words = normalise(text)

    assert words.encode().decode() == words
    assert words == " ".join(words.split())


def test_a_lone_surrogate_or_a_zero_byte_is_no_letter() -> None:
    assert normalise("\ud800fo\x00ol") == "fool"


@given(TYPED)
def test_the_short_path_gives_what_the_careful_path_gives(text: str) -> None:
    assert normalise(text) == _careful(_fold(text))


def test_plain_comments_take_the_short_path() -> None:
    assert _plain(b"i disagree: the border dispute (of 2008) is far older. see page 12!") is not None


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "a ",
        "f.u.",
        "1a",
        "a*",
        "a-",
        "a!",
        "e\u0301\u0327",
        "א\u05b0\u05bc",
        "🖕",
        "аa",
        "a\u200b",
        "(",
        "@",
    ],
)
def test_a_hundred_kilobytes_take_linear_time(unit: str) -> None:
    text = (unit * 100_000).encode()[:100_000].decode(errors="ignore")
    begin = time.process_time()

    normalise(text)

    assert time.process_time() - begin < 0.2


def test_the_longest_unicode_expansion_is_cut_short() -> None:
    assert len(normalise("\ufdfa" * 1000)) < 2000
