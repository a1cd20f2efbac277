"""Foreign comments go to a person; short English ones do not."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.reading.language import detect, says_too_little
from models.reading.normalise import normalise


@pytest.mark.parametrize(
    "text",
    [
        "lol nice",
        "+1",
        "",
        "👍👍",
        "ok",
        "First!",
        "Wow amazing",
        "Congrats Sarah",
        "smh",
        "gg ez",
        "Typical nonsense",
        "no way jose",
        "Tottenham 2 Arsenal 1",
        "This is déjà vu",
        "Ｔｈｉｓ ｉｓ ｇｒｅａｔ",
        "yоu аrе а fооl",
        "What a stupid idea.",
        "THE MEDIATORS IN KUALA LUMPUR DESERVE CREDIT",
        "Does anyone know when the second round of talks starts?",
    ],
)
def test_english_and_texts_too_short_to_tell_are_supported(text: str) -> None:
    assert detect(text)[1]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Sie sind ein Narr und sollten sich schämen.", "de"),
        ("du bist dumm", "de"),
        ("Je ne suis pas d'accord avec cet article.", "fr"),
        ("No estoy de acuerdo con este artículo.", "es"),
        ("Eu não concordo com este artigo, muito obrigado.", "pt"),
        ("Non sono d'accordo con questo articolo.", "it"),
        ("Ik ben het niet eens met dit artikel.", "nl"),
        ("Я не согласен с этой статьёй.", "ru"),
        ("이 기사에 동의하지 않습니다.", "ko"),
        ("Δεν συμφωνώ με το άρθρο.", "el"),
    ],
)
def test_another_language_is_named_and_not_supported(text: str, code: str) -> None:
    assert detect(text) == (code, False)


@pytest.mark.parametrize(
    "text",
    [
        "ты дурак",
        "Hello привет мир как дела",
        "笨蛋",
        "أنت غبي",
        "Спасибо!",
        "C'est la vie.",
    ],
)
def test_a_short_text_with_evidence_of_another_language_is_not_supported(text: str) -> None:
    assert not detect(text)[1]


OF_A_FEW_WORDS = [
    "Ha!", "Merci beaucoup!", "👍", "+1", "Lol", "?!", "Danke!", "^this", "100%", "❤️", "❤️ ❤️ ❤️",
    "🙏 🙏 🙏 🙏", "Oui", "Nein!", "Très bien", "¡Muy bien!", "Grazie mille", "50% - 60%", "1 : 0 !!! 👏",
    "— — — —",
]  # fmt: skip


@pytest.mark.parametrize("text", OF_A_FEW_WORDS)
def test_below_three_words_a_text_is_no_evidence_of_another_language(text: str) -> None:
    assert detect(text)[1]
    assert says_too_little(normalise(text))


def test_a_wall_of_signs_is_for_a_person_to_look_at() -> None:
    assert detect("🖕" * 500) == ("und", False)
    assert not says_too_little(normalise("🖕" * 500))
    assert detect("👍" * 20)[1]


def test_a_guess_among_languages_of_one_script_is_not_named() -> None:
    assert detect("Спасибо!") == ("und", False)
    assert detect("감사합니다") == ("ko", False)


@pytest.mark.parametrize(
    ("text", "code"),
    [("Putain!", "fr"), ("Hurensohn", "de"), ("ta gueule", "fr"), ("fick dich", "de"), ("PUTA MIERDA", "es"),
     ("suka blyat", "ru"), ("kurwa mać", "pl"), ("v-a-f-f-a-n-c-u-l-o", "it"), ("siktir", "tr")],
)  # fmt: skip
def test_two_words_that_are_vile_elsewhere_still_wait_for_a_person(text: str, code: str) -> None:
    assert detect(text)[1] is False
    assert not says_too_little(normalise(text))


def test_a_few_words_of_a_language_that_is_read_are_read_by_its_own_model() -> None:
    assert detect("Danke!", supported={"en", "de"}) == ("de", True)
    assert detect("Du Arsch", supported={"en", "de"}) == ("de", True)


def test_a_foreign_sentence_behind_a_long_english_one_is_seen() -> None:
    english = "I think that the article is right about this, and that we should all read it again. " * 3

    assert detect(english)[1]
    assert not detect(english + "Но ты всё равно полный дурак и больше никто.")[1]


def test_a_model_of_another_language_may_say_so() -> None:
    assert detect("Ich bin nicht dieser Meinung.", supported={"en", "de"}) == ("de", True)


@given(st.text(st.characters(exclude_categories=[]), max_size=60))
def test_any_text_at_all_has_an_answer(text: str) -> None:
    code, supported = detect(text)

    assert code
    assert isinstance(supported, bool)


def test_clear_english_loads_no_language_model() -> None:
    code = (
        "import sys, models.reading.language as m; m.detect('What do you think of it?'); m.detect('+1');"
        "sys.exit('py3langid' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
