"""What doors rely on: readings and explanations of the shipped model.

Proves `models/reading/readings.py` too.
"""

from __future__ import annotations

import math
import subprocess
import sys
from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import SHIPPED, Scorer, load_scorer
from models.reading.explaining import utf16_length
from models.reading.judging import CROWDED
from models.training.fast_lessons import ATTRIBUTES
from tests.growth import LINEAR, growth

ANYTHING = st.text(st.characters(exclude_categories=[]), max_size=80)
FINE = (
    "The mediators in Kuala Lumpur deserve credit for getting both sides into one room.",
    "Does anyone know when the second round of talks starts?",
    "I disagree with the article: the border dispute is far older than 2008.",
    "Thank you for the article.",
)
RUDE = (
    "shut up you stupid retarded moron, go die",
    "you are an idiot",
    "Y O U  A R E  AN  I D I O T",
    "you are an 1d10t",
    "yоu аrе аn іdіоt",
)
# Scores of the shipped model, to three digits. A new model brings new ones.
GOLDEN = {
    "Thank you for the article.": (0.002, 0.0, 0.001, 0.001, 0.001, 0.0, 0.001),
    "you are an idiot": (0.892, 0.065, 0.02, 0.86, 0.618, 0.007, 0.002),
    "What a stupid idea.": (0.268, 0.007, 0.007, 0.152, 0.105, 0.001, 0.0),
    "I will find the source of that quotation tomorrow.": (0.004, 0.0, 0.001, 0.001, 0.001, 0.0, 0.002),
}


@given(texts=st.lists(ANYTHING, max_size=4))
def test_any_text_at_all_gives_finite_scores_from_0_to_1(shipped: Scorer, texts: list[str]) -> None:
    readings = shipped.read(texts)

    assert len(readings) == len(texts)
    for reading in readings:
        assert set(reading.scores) <= set(shipped.attributes)
        assert reading.is_beta or tuple(reading.scores) == shipped.attributes == ATTRIBUTES
        assert "TOXICITY" in reading.scores
        assert all(type(score) is float and 0 <= score <= 1 for score in reading.scores.values())


def test_order_is_kept_and_a_batch_scores_like_single_texts(shipped: Scorer) -> None:
    texts = [*FINE, "", *RUDE, "x" * 30_000, "한국어", "Das ist nicht richtig, mein Herr."]

    assert shipped.read(texts) == [shipped.read([text])[0] for text in texts]


def test_no_texts_give_no_readings(shipped: Scorer) -> None:
    assert shipped.read([]) == []


@pytest.mark.parametrize("texts", ["one text", [b"bytes"], [None]])
def test_anything_but_a_list_of_strings_is_refused(shipped: Scorer, texts: list[str]) -> None:
    with pytest.raises(TypeError, match="sequence of str"):
        shipped.read(texts)


@pytest.mark.parametrize("text", FINE)
def test_a_fine_comment_stays_well_below_review(shipped: Scorer, text: str) -> None:
    reading = shipped.read([text])[0]

    assert reading.scores["TOXICITY"] < shipped.thresholds["TOXICITY"] / 2
    assert all(reading.scores[name] < limit for name, limit in shipped.thresholds.items())


@pytest.mark.parametrize("text", RUDE)
def test_a_rude_comment_is_far_above_review_however_it_is_spelt(shipped: Scorer, text: str) -> None:
    assert shipped.read([text])[0].scores["TOXICITY"] > 2 * shipped.thresholds["TOXICITY"]


@pytest.mark.parametrize("text", GOLDEN)
def test_the_shipped_model_gives_its_golden_scores(shipped: Scorer, text: str) -> None:
    (reading,) = shipped.read([text])

    # Processors differ in how they round what flows through the encoder.
    allowed = 0.03 if reading.reader == "careful" else 6e-4
    assert tuple(reading.scores.values()) == pytest.approx(GOLDEN[text], abs=allowed)


def test_naming_a_group_changes_toxicity_alike_for_every_group(shipped: Scorer) -> None:
    groups = ("gay", "white", "jewish", "muslim", "deaf", "german")
    readings = shipped.read([f"I am a {group} teacher and I live here" for group in groups])

    assert len({reading.scores["TOXICITY"] for reading in readings}) == 1


def test_a_reading_says_language_and_normalised_text(shipped: Scorer) -> None:
    german, english = shipped.read(["Das ist nicht richtig, mein Herr.", "That is NOT right, sir."])

    assert (german.language, german.supported, german.is_beta) == ("de", False, True)
    assert (english.language, english.supported, english.is_beta) == ("en", True, False)
    assert english.normalised == "that is not right sir" == shipped.normalise("That is NOT right, sir.")


def test_the_languages_of_a_text_come_likeliest_first_with_whether_that_one_is_read(shipped: Scorer) -> None:
    assert shipped.languages_of("What do you think of it?") == (["en"], True)
    assert shipped.languages_of("Привет всем, как дела")[1] is False


def test_the_rude_words_are_marked_in_utf16_units(shipped: Scorer) -> None:
    text = "😀 you  IDIOT! 😀 thanks for the bread"
    reading, spans = shipped.read([text])[0], shipped.explain(text)

    units = text.encode("utf-16-le")
    marked = {units[2 * span.begin : 2 * span.end].decode("utf-16-le"): span.score for span in spans}
    assert max(marked, key=lambda word: marked[word]) == "IDIOT!"
    assert "bread" not in marked
    assert sum(marked.values()) <= reading.scores["TOXICITY"] + 1e-9


@pytest.mark.parametrize("spelling", ["i d i o t", "1d10t", "іdіоt", "i\u200bdiot"])
def test_a_disguised_word_is_marked_whole(shipped: Scorer, spelling: str) -> None:
    text = f"well, {spelling} indeed"
    best = max(shipped.explain(text, "INSULT"), key=lambda span: span.score)

    assert text[best.begin : best.end] == spelling


@given(text=ANYTHING)
def test_spans_lie_in_the_text_in_order(shipped: Scorer, text: str) -> None:
    spans = shipped.explain(text, "IDENTITY_ATTACK")

    ends = [0, *(span.end for span in spans)]
    assert all(end <= span.begin < span.end for end, span in zip(ends, spans, strict=False))
    assert ends[-1] <= utf16_length(text)
    assert all(math.isfinite(span.score) and 0 < span.score <= 1 for span in spans)


def test_an_unknown_attribute_is_refused(shipped: Scorer) -> None:
    with pytest.raises(ValueError, match="no attribute 'SEXUALLY_EXPLICIT'"):
        shipped.explain("x", "SEXUALLY_EXPLICIT")


@pytest.mark.parametrize("unit", ["a", "a ", "ab cd ", "f.u.", "\u0301e", "\ufdfa", "㌖", "🖕", "аa", "1a!"])
def test_a_hundred_kilobytes_are_read_and_explained_in_linear_time(shipped: Scorer, unit: str) -> None:
    small, large = (unit * (size // len(unit.encode())) for size in (25_000, 100_000))

    assert growth(lambda text: shipped.read([text]), small, large) < LINEAR
    assert growth(shipped.explain, small, large) < LINEAR


def test_plain_comments_are_read_by_the_fast_reader_where_no_time_is_to_spare(shipped: Scorer) -> None:
    texts = [
        f"{text} And this is the {i}th comment of many on the page, written in plain words."
        for i, text in enumerate(FINE * 64)
    ]

    assert {reading.reader for reading in shipped.read(texts, spare=0.0)} == {"fast"}


def test_scoring_brings_neither_scikit_learn_nor_scipy() -> None:
    code = (
        "import sys, models; s = models.load_scorer(); s.read(['hi']); s.explain('hi');"
        "sys.exit('sklearn' in sys.modules or 'scipy' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_shipped_model_is_small_and_its_id_names_its_content() -> None:
    scorer = load_scorer()

    assert scorer.model_id.startswith("joint-")
    assert len(scorer.model_id) == len("joint-1a2b3c4d5e6f")
    assert scorer.careful_state == "on"
    assert scorer.languages == {"en"}
    assert scorer.beta_languages == {"de", "ko", "pt"}
    assert set(scorer.thresholds) == set(scorer.attributes)
    assert (SHIPPED / "weights.npz").stat().st_size <= 1_000_000
    assert (SHIPPED / "encoder.onnx").stat().st_size <= 25_000_000


DOUBTFUL = "They should all be sent back where they came from, every last one of them."


def test_everything_is_read_carefully_while_there_is_time(shipped: Scorer) -> None:
    assert {reading.reader for reading in shipped.read([FINE[1], DOUBTFUL])} == {"careful"}


def test_without_time_to_spare_only_a_doubtful_text_is(shipped: Scorer) -> None:
    plain, doubtful = shipped.read([FINE[1], DOUBTFUL], spare=0.0)

    assert (plain.reader, doubtful.reader) == ("fast", "careful")
    assert not plain.is_unsure
    assert not doubtful.is_unsure


def test_nor_is_there_time_to_spare_among_a_crowd(shipped: Scorer) -> None:
    assert shipped._judge is not None
    with ExitStack() as others:
        for _ in range(CROWDED):
            others.enter_context(shipped._judge.crowd.joined())
        plain, doubtful = shipped.read([FINE[1], DOUBTFUL])

    assert (plain.reader, doubtful.reader) == ("fast", "careful")
    assert shipped.read([FINE[1]])[0].reader == "careful"


def test_a_text_in_a_language_of_no_model_is_not_read_carefully() -> None:
    (reading,) = load_scorer(careful="always").read(["Vous êtes tous des idiots, rentrez chez vous !"])

    assert (reading.language, reading.supported) == ("fr", False)
    assert (reading.reader, reading.is_unsure) == ("fast", False)


@pytest.mark.parametrize("how", ["off", "out of time"])
def test_without_a_careful_reading_the_fast_scores_stand_and_the_doubt_is_told(
    how: str, shipped: Scorer
) -> None:
    scorer = load_scorer(careful="off") if how == "off" else shipped

    plain, doubtful = scorer.read([FINE[1], DOUBTFUL], within=0.0 if how == "out of time" else None)

    assert (plain.reader, plain.is_unsure) == ("fast", False)
    assert (doubtful.reader, doubtful.is_unsure) == ("fast", True)


def test_without_its_library_the_careful_reader_is_missed_and_nothing_fails() -> None:
    code = (
        "import sys; sys.modules['onnxruntime'] = None; import models; s = models.load_scorer();"
        "reading = s.read([sys.argv[1]])[0];"
        "sys.exit(not (s.careful_state == 'onnxruntime is not installed' and reading.is_unsure))"
    )

    assert subprocess.run([sys.executable, "-c", code, DOUBTFUL], check=False).returncode == 0


def test_another_prior_moves_every_score_and_keeps_their_order(shipped: Scorer) -> None:
    texts = [*FINE, *RUDE, DOUBTFUL]
    usual = [reading.scores["TOXICITY"] for reading in shipped.read(texts)]
    rough = [reading.scores["TOXICITY"] for reading in load_scorer(prior=0.3).read(texts)]

    assert all(more > less for more, less in zip(rough, usual, strict=True))
    assert sorted(usual) == [score for _, score in sorted(zip(rough, usual, strict=True))]


def test_a_language_that_is_told_is_believed(shipped: Scorer) -> None:
    (reading,) = shipped.read(["Das ist nicht richtig, mein Herr."], languages=["en-GB"])

    assert (reading.language, reading.supported) == ("en", True)
    assert tuple(reading.scores) == shipped.attributes


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Ihr seid doch alle dumm und gehört weg, ihr widerlichen Idioten", "de"),
        ("vai tomar no cu seu idiota, você é um burro e não sabe nada", "pt"),
        ("이 멍청한 놈아 그냥 꺼져라 정말 짜증나네", "ko"),
    ],
)
def test_a_language_in_beta_has_scores_of_its_own_and_says_so(
    shipped: Scorer, text: str, language: str
) -> None:
    (reading,) = shipped.read([text])

    assert (reading.language, reading.is_beta, reading.supported) == (language, True, False)
    assert set(reading.scores) == set(shipped.thresholds_of[language])
    assert reading.scores["TOXICITY"] > 0.5


def test_scoring_runs_nothing_that_could_run_code_from_a_file() -> None:
    code = """
import sys
forbidden = ("pickle.find_class", "marshal.loads")
seen = []
def watch(event, args):
    if event in forbidden and "importlib" not in str(sys._getframe(1).f_code.co_filename):
        seen.append(event)
    if event == "compile" and args[1] == "<string>":
        seen.append(event)
import models, onnxruntime, tokenizers, py3langid
sys.addaudithook(watch)
scorer = models.load_scorer()
scorer.read(["hello there", "you are an idiot", "They should all be sent back.", "lol nice ok"])
scorer.explain("you are an idiot")
sys.exit(", ".join(seen) or 0)
"""
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
