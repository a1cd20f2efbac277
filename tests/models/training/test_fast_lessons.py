"""What the head SPAM is taught and calibrated on, beside the comments labelled for it."""

from __future__ import annotations

import numpy as np
import pytest

from models.texts.data import Labelled
from models.training.calibration import SPAM_PRIOR, SPAM_SHARES, as_traffic
from models.training.fast_lessons import (
    ATTRIBUTES,
    SCAMS_DEV_ROWS,
    SCAMS_DEV_SOURCE,
    SCAMS_WEIGHT,
    lessons,
    with_no_spam,
    with_scams,
)

SPAM = ATTRIBUTES.index("SPAM")


def labelled(spam: bool = True, rows: int = 160) -> Labelled:
    """Rows of Wikipedia with the six labels, and rows of videos with SPAM alone."""
    texts = [f"comment number {i}" for i in range(rows)]
    labels = np.full((rows, len(ATTRIBUTES)), np.nan)
    half = rows // 2
    labels[:half, :SPAM] = (np.arange(half) % 4 == 0)[:, None]
    if spam:
        labels[half:, SPAM] = np.arange(half) % 2
    else:
        labels[half:, :SPAM] = 0
    sources = np.where(np.arange(rows) < half, "jigsaw2018_train", "youtube_spam_uci")
    return Labelled(texts, labels, sources)


def test_the_head_spam_alone_learns_from_the_grammar_of_scams() -> None:
    data = labelled()
    texts, labels, weights = lessons(data, seed=0)
    learnt = ~np.isnan(labels[:, SPAM])
    own = learnt & (weights[:, SPAM] == SCAMS_WEIGHT)

    assert own.sum() >= len(data.texts) // 8
    assert np.isnan(labels[own, :SPAM]).all()
    assert set(labels[own, SPAM].tolist()) == {0.0, 1.0}
    assert {texts[at] for at in np.flatnonzero(own)}.isdisjoint(data.texts)


def test_where_nobody_labelled_spam_there_is_none_to_learn() -> None:
    data = labelled(spam=False)

    assert np.isnan(lessons(data, seed=0)[1][:, SPAM]).all()
    assert with_scams(data) is data


def test_what_calibrates_is_never_learnt_from() -> None:
    dev = with_scams(labelled())
    written = {
        text for text, source in zip(dev.texts, dev.sources, strict=True) if source == SCAMS_DEV_SOURCE
    }

    assert len(written) == SCAMS_DEV_ROWS
    assert written.isdisjoint(lessons(labelled(), seed=0)[0])


def test_spam_is_calibrated_on_a_mix_and_the_six_attributes_as_without_it() -> None:
    data = with_no_spam(labelled())
    mixed = with_scams(data)
    alone, weights = as_traffic(data, 0.1), as_traffic(mixed, 0.1)
    spam, positive = weights[:, SPAM], mixed.labels[:, SPAM] >= 0.5
    written = mixed.sources == SCAMS_DEV_SOURCE

    assert np.array_equal(weights[: len(data.texts), :SPAM], alone[:, :SPAM])
    assert not weights[len(data.texts) :, :SPAM].any()
    assert spam[positive].sum() / spam.sum() == pytest.approx(SPAM_PRIOR)
    of_spam, of_civil = SPAM_SHARES["written"]
    assert spam[positive & written].sum() / spam[positive].sum() == pytest.approx(of_spam)
    assert spam[~positive & written].sum() / spam[~positive].sum() == pytest.approx(of_civil)


def test_without_other_kinds_of_rows_the_labelled_ones_count_alike() -> None:
    weights = as_traffic(labelled(), 0.1)[:, SPAM]
    spam = weights[weights > 0]

    assert len(set(np.round(spam, 9))) == 2
    assert spam.sum() == pytest.approx(len(spam))
