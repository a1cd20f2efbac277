"""Foreign comments go to a person; short English ones do not."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.reading.language import detect


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
    "text", ["ты дурак", "Hello привет мир как дела", "笨蛋", "أنت غبي", "Danke schön", "merci"]
)
def test_a_short_text_with_evidence_of_another_language_is_not_supported(text: str) -> None:
    assert not detect(text)[1]


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
