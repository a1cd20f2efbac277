"""What the careful reader is taught."""

from __future__ import annotations

import numpy as np
import pytest

from models.texts.data import COLUMNS, Labelled
from models.training.careful_lessons import OUTPUTS, SHARES, epoch

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


def test_hate_in_posts_is_a_weak_sign_of_toxicity() -> None:
    lessons = epoch(labelled(), KNOWN, 0, 0)

    weak = (lessons.weights[:, 0] > 0) & (lessons.weights[:, 0] < 0.3)
    assert set(lessons.targets[weak, 0].tolist()) == {0.1, 0.8}


def test_lesser_sources_are_drawn_in_part() -> None:
    lessons = epoch(labelled(400), KNOWN, 0, 0)

    tweets = (lessons.weights[:, column("tweet_offence")] > 0).sum()
    assert tweets == pytest.approx(400 * SHARES["davidson2017_tweets"], rel=0.25)


def test_most_texts_hide_which_group_is_named() -> None:
    texts = [text for text in epoch(labelled(200), KNOWN, 0, 0).texts if text.endswith("neighbour")]

    shown = sum("muslim" in text for text in texts) / len(texts)
    assert 0.05 < shown < 0.2


def test_somebody_elses_data_count_in_full() -> None:
    own = Labelled(
        ["you fool", "nice bread"] * 8, np.tile([[1.0] * 6, [0.0] * 6], (8, 1)), np.full(16, "mine")
    )
    lessons = epoch(own, KNOWN, 0, 0)

    assert (lessons.weights[:16, : len(COLUMNS)] > 0).all()
