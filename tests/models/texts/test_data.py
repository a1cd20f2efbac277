"""Labelled files: what is kept, and what is refused with which words."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from models.texts.data import (
    COLUMNS,
    SPAM,
    Labelled,
    distinct,
    joined,
    natural_weights,
    read_jigsaw,
    read_labelled,
    with_columns,
)
from tests.models.conftest import FIELDS, write_csv

ROW = {"id": "1", "text": "NA", "lang": "en", "source": "mine", "toxicity": "0.5"}


def test_an_empty_cell_is_missing_and_a_text_that_reads_na_is_a_text(tmp_path: Path) -> None:
    data = read_labelled(write_csv(tmp_path / "a.csv.gz", [ROW]))

    assert data.texts == ["NA"]
    assert data.labels[0, 0] == 0.5
    assert np.isnan(data.labels[0, 1:]).all()


def test_other_languages_and_rows_without_our_labels_are_left_out(tmp_path: Path) -> None:
    found = [ROW, {**ROW, "lang": "de"}, {**ROW, "toxicity": ""}]

    assert len(read_labelled(write_csv(tmp_path / "a.csv.gz", found)).texts) == 1


def test_a_plain_csv_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(gzip.decompress(write_csv(tmp_path / "a.csv.gz", [ROW]).read_bytes()))

    assert read_labelled(path).texts == ["NA"]


def test_all_rows_are_reference_rows_unless_some_have_that_source(tmp_path: Path) -> None:
    other = {**ROW, "source": "jigsaw2018_train"}

    assert read_labelled(write_csv(tmp_path / "a.csv.gz", [ROW, ROW])).reference_rows().tolist() == [True] * 2
    assert read_labelled(write_csv(tmp_path / "b.csv.gz", [ROW, other])).reference_rows().tolist() == [
        False,
        True,
    ]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no such data file: .*absent\.csv"):
        read_labelled(tmp_path / "absent.csv")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv.gz", b"not gzip", "cannot be read as CSV"),
        ("a.csv", b"\xff\xfe\x00", "cannot be read as CSV"),
        ("a.csv", b"", "lacks the columns"),
        ("a.csv", b"id,text\n1,x\n", "lacks the columns identity_attack"),
        ("a.csv", f"{','.join(FIELDS)}\n1,x,en\n".encode(), "line 2 has another number of cells"),
        ("a.csv", f"{','.join(FIELDS)}\n1,x,en,high{',' * 5},mine\n".encode(), "line 2: toxicity must be"),
        ("a.csv", f"{','.join(FIELDS)}\n1,x,en,nan{',' * 5},mine\n".encode(), "line 2: toxicity must be"),
        ("a.csv", f"{','.join(FIELDS)}\n1,x,de,1{',' * 5},mine\n".encode(), "no labelled row in 'en'"),
    ],
)
def test_a_file_that_is_no_data_is_refused(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(ValueError, match=message):
        read_labelled(tmp_path / name)


def test_natural_weights_give_the_stated_share() -> None:
    labels = np.zeros((10, len(COLUMNS)))
    labels[:6, 2] = 1

    weights = natural_weights(labels, 0.1)

    assert weights[:6].sum() / weights.sum() == pytest.approx(0.1)
    assert weights.sum() == pytest.approx(10)


@pytest.mark.parametrize(
    ("prior", "message"), [(0.0, "prior must lie"), (1.0, "prior must lie"), (0.1, "both kinds")]
)
def test_a_share_that_cannot_be_had_is_refused(prior: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        natural_weights(np.zeros((3, 1)), prior)


JIGSAW = "id,comment_text,toxic,severe_toxic,obscene,threat,insult,identity_hate\n"


def test_the_challenges_own_file_is_read_with_its_own_names(tmp_path: Path) -> None:
    path = tmp_path / "train.csv"
    path.write_text(JIGSAW + '1,"you ""fool""",1,0,0,0,1,0\n2,hello,0,0,0,0,0,0\n', encoding="utf-8")

    data = read_jigsaw(path)

    assert data.texts == ['you "fool"', "hello"]
    assert dict(zip(COLUMNS, data.labels[0].tolist(), strict=True))["INSULT"] == 1
    assert data.labels[0].sum() == 2
    assert set(data.sources.tolist()) == {"jigsaw2018_train"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("id,text\n1,x\n", "lacks the columns comment_text"),
        (JIGSAW, "has no row"),
        (JIGSAW + "1,x,7,0,0,0,0,0\n", "line 2: toxic must be"),
    ],
)
def test_a_file_that_is_not_the_challenges_is_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "train.csv"
    path.write_text(content, encoding="utf-8")

    with pytest.raises(ValueError, match=message):
        read_jigsaw(path)


def rows_of(*texts: str) -> Labelled:
    return Labelled(list(texts), np.zeros((len(texts), len(COLUMNS))), np.full(len(texts), "mine"))


def test_copies_and_what_stands_in_another_set_are_left_out() -> None:
    data = joined([rows_of("You fool!", "good bread"), rows_of("you  FOOL", "held out", "!!", "?")])

    assert distinct(data, without=rows_of("Held out.")).texts == ["You fool!", "good bread", "!!", "?"]


def test_more_columns_are_of_missing_labels() -> None:
    labels = with_columns(rows_of("x"), len(COLUMNS) + 1).labels

    assert labels.shape == (1, 7)
    assert np.isnan(labels[0, 6])


def test_a_column_of_spam_may_be_missing_as_a_whole(tmp_path: Path) -> None:
    data = read_labelled(write_csv(tmp_path / "a.csv.gz", [ROW]), columns=COLUMNS | SPAM)

    assert data.labels.shape == (1, 7)
    assert np.isnan(data.labels[0, 6])
