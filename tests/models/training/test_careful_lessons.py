"""What the careful reader is taught."""

from __future__ import annotations

import numpy as np
import pytest

from models.reading.identity import STAND_INS
from models.texts.data import COLUMNS, Labelled
from models.training.balance import SHARE, names_group
from models.training.careful_lessons import epoch
from models.training.sources import OUTPUTS
from models.training.sources import SOURCES as KNOWN_SOURCES

KNOWN = frozenset({"you", "fool", "nice", "bread"})
SOURCES = ("jigsaw2018_train", "civilcomments_toxicspans", "latent_hatred", "davidson2017_tweets")


def labelled(copies: int = 30) -> Labelled:
    """Rows of four sources: rude and civil by turns, with the labels that each source really has."""
    texts, labels, sources = [], [], []
    for i in range(copies):
        for source in SOURCES:
            rude = float(i % 2)
            row = dict.fromkeys(COLUMNS, np.nan)
            if source != "latent_hatred":
                row["TOXICITY"] = rude
            if source == "jigsaw2018_train":
                row = dict.fromkeys(COLUMNS, rude)
            if source == "latent_hatred":
                row["IDENTITY_ATTACK"] = rude
            texts.append(f"{'you fool' if rude else 'nice bread'} number {i} said my muslim neighbour")
            labels.append(list(row.values()))
            sources.append(source)
    return Labelled(texts, np.array(labels), np.array(sources))


def column(name: str) -> int:
    return OUTPUTS.index(name)


def test_equal_seeds_give_equal_lessons_and_epochs_differ() -> None:
    one, same, other = (
        epoch(labelled(), KNOWN, 3, 0),
        epoch(labelled(), KNOWN, 3, 0),
        epoch(labelled(), KNOWN, 3, 1),
    )

    assert one.texts == same.texts
    assert np.array_equal(one.targets, same.targets)
    assert np.array_equal(one.weights, same.weights)
    assert one.texts != other.texts


def test_every_target_is_a_share_and_what_nobody_labelled_weighs_nothing() -> None:
    lessons = epoch(labelled(), KNOWN, 0, 0)

    assert lessons.targets.shape == lessons.weights.shape == (len(lessons.texts), len(OUTPUTS))
    assert ((lessons.targets >= 0) & (lessons.targets <= 1)).all()
    assert (lessons.weights >= 0).all()
    assert (lessons.weights.sum(axis=1) >= 0).all()
    tweets = lessons.weights[:, column("tweet_offence")] > 0
    assert (lessons.weights[tweets, column("THREAT")] == 0).all()
    assert (lessons.weights[tweets, column("TOXICITY")] == 0).all()


def test_lesser_sources_are_drawn_in_part() -> None:
    lessons = epoch(labelled(2000), KNOWN, 0, 0)

    tweets = (lessons.weights[:, column("tweet_offence")] > 0).sum()
    assert tweets == pytest.approx(2000 * KNOWN_SOURCES["davidson2017_tweets"].share, rel=0.4)


def test_of_the_texts_that_name_a_group_two_in_five_show_which_and_others_hide_it_in_several_ways() -> None:
    texts = [text for text in epoch(labelled(400), KNOWN, 0, 0).texts if text.endswith("neighbour")]

    shares = {word: sum(word in text for text in texts) / len(texts) for word in ("muslim", *STAND_INS)}
    assert 0.3 < shares["muslim"] < 0.5
    assert shares["martian"] > 0.3
    assert all(share > 0.01 for share in shares.values())


def test_some_texts_of_either_kind_have_emoji_by_their_names() -> None:
    lessons = epoch(labelled(400), KNOWN, 0, 0)
    names = ("heart", "face", "flag", "hand", "sun")
    found = [
        toxic
        for text, toxic in zip(lessons.texts, lessons.targets[:, 0], strict=True)
        if any(name in text for name in names)
    ]

    assert {target >= 0.5 for target in found} == {True, False}


def test_neither_length_nor_a_group_s_name_tells_the_main_output_anything() -> None:
    data = labelled(400)
    lessons = epoch(data, KNOWN, 0, 0)
    toxic, weights = lessons.targets[:, 0] >= 0.5, lessons.weights[:, 0]
    named = np.array([names_group(text) for text in lessons.texts])

    for rows in (named, ~named):
        assert weights[rows & toxic].sum() / weights[rows].sum() == pytest.approx(SHARE, abs=0.1)


def test_somebody_elses_data_count_in_full() -> None:
    own = Labelled(
        ["you fool", "nice bread"] * 8, np.tile([[1.0] * 6, [0.0] * 6], (8, 1)), np.full(16, "mine")
    )
    lessons = epoch(own, KNOWN, 0, 0)

    assert (lessons.weights[:16, : len(COLUMNS)] > 0).all()
