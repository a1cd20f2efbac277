"""`parley perspective suggestion`, on both databases: what was suggested is listed, exported, deleted."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.texts.data import COLUMNS, SPAM, Labelled, read_labelled
from service.context import utcnow
from service.scoring import suggestions
from service.scoring.suggestions import Label, SuggestedSpan
from service.storage.database import Database
from tests.conftest import NOW
from tests.running import ROOT, parley_command
from tests.service.commands.conftest import Parley
from tests.service.scoring.test_suggestions import bodies, suggest

DATABASE = "PARLEY_DATABASE_URL"
ATTRIBUTES = (*COLUMNS, *SPAM)
SPANS = Label(None, (SuggestedSpan(0, 3, 1.0),))
ODD = (
    'She said "no",\nand left;\r\ntwice.',
    "=1+1",
    "\ttabs, and a return alone\rhere ",
    "🙂 Schön, 日本 and \u2028 a separator",
    '"',
    "None",
    "NA",
    "0",
)


@pytest.fixture
def parley(parley: Parley, db: Database, monkeypatch: pytest.MonkeyPatch) -> Parley:
    """Run a sub-command on the test's database."""
    monkeypatch.setenv(DATABASE, db.engine.url.render_as_string(hide_password=False))
    return parley


def exported(parley: Parley, folder: Path, *arguments: str, language: str = "en") -> Labelled:
    """Export as CSV, and read it as training does."""
    code, out, error = parley("perspective", "suggestion", "export", *arguments)
    assert (code, error) == (0, "")
    path = folder / "own.csv"
    path.write_bytes(out.encode())
    return read_labelled(path, language, COLUMNS | SPAM)


def labels_of(data: Labelled, row: int = 0) -> dict[str, float]:
    values = zip(ATTRIBUTES, data.labels[row].tolist(), strict=True)
    return {name: value for name, value in values if not np.isnan(value)}


# --- list


def test_communities_are_listed_with_count_and_times(parley: Parley, db: Database) -> None:
    for number, community in enumerate(["Coral:http://coral", "", "Coral:http://coral"]):
        suggest(db, f"Remark {number}.", community=community, now=NOW + timedelta(minutes=number))

    code, out, error = parley("perspective", "suggestion", "list")
    times = [(NOW + timedelta(minutes=n)).isoformat() for n in range(3)]
    assert (code, error) == (0, "")
    assert out.splitlines() == [
        f"''\t1\t{times[1]}\t{times[1]}",
        f"'Coral:http://coral'\t2\t{times[0]}\t{times[2]}",
    ]


def test_a_community_gives_the_terminal_no_orders(parley: Parley, db: Database) -> None:
    suggest(db, "A remark.", community="\x1b[2J\x9b2J\n\tand more")

    out = parley("perspective", "suggestion", "list")[1]
    assert not [char for char in out if not char.isprintable() and char not in "\t\n"]
    assert (out.count("\n"), out.count("\t")) == (1, 3)


# --- export


def test_the_export_is_read_by_training_with_the_right_labels(
    parley: Parley, db: Database, tmp_path: Path
) -> None:
    values = [0.0, 1.0, 0.5, 0.8627961, 0.1, 0.3333333333333333, 1e-7]
    suggest(db, "A remark with everything.", dict(zip(ATTRIBUTES, values, strict=True)), community="news")
    suggest(db, "A remark with one label.", {"PROFANITY": 0.75})
    data = exported(parley, tmp_path)

    assert data.texts == ["A remark with everything.", "A remark with one label."]
    assert data.sources.tolist() == ["suggestions:news", "suggestions"]
    assert labels_of(data, 0) == dict(zip(ATTRIBUTES, values, strict=True))
    assert labels_of(data, 1) == {"PROFANITY": 0.75}


def test_odd_texts_are_exactly_the_same_after_the_export(
    parley: Parley, db: Database, tmp_path: Path
) -> None:
    for text in ODD:
        suggest(db, text, community=text)
    data = exported(parley, tmp_path)

    assert data.texts == list(ODD)
    assert data.sources.tolist() == [f"suggestions:{name}" for name in ODD]


def test_any_text_is_the_same_after_the_export(parley: Parley, db: Database, tmp_path: Path) -> None:
    characters = st.characters(exclude_characters="\0", exclude_categories=("Cs",))

    @given(st.text(characters, min_size=1, max_size=30), st.floats(0, 1))
    def check(text: str, value: float) -> None:
        suggestions.delete(db)
        suggest(db, text, {"TOXICITY": value})
        data = exported(parley, tmp_path)

        assert (data.texts, labels_of(data)) == ([text], {"TOXICITY": value})

    check()


def test_the_last_suggestion_of_each_attribute_is_exported(
    parley: Parley, db: Database, tmp_path: Path
) -> None:
    suggest(db, "One.", {"TOXICITY@6": 0.0, "INSULT": 1.0, "X": 1.0}, community="a")
    suggest(db, "One.", {"TOXICITY": 1.0}, community="b")
    suggest(db, "One.", {"TOXICITY": 0.5, "INSULT": SPANS}, community="a")
    suggest(db, "Only parts.", {"TOXICITY": SPANS, "X": 1.0}, community="a")
    data = exported(parley, tmp_path)

    assert data.texts == ["One.", "One."]
    assert {source: labels_of(data, row) for row, source in enumerate(data.sources.tolist())} == {
        "suggestions:a": {"TOXICITY": 0.5, "INSULT": 1.0},
        "suggestions:b": {"TOXICITY": 1.0},
    }


def test_one_community_can_be_exported_or_those_who_named_none(
    parley: Parley, db: Database, tmp_path: Path
) -> None:
    for community in ("a", "", "b"):
        suggest(db, f"From {community!r}.", community=community)

    assert exported(parley, tmp_path, "--community", "a").texts == ["From 'a'."]
    assert exported(parley, tmp_path, "--community", "").texts == ["From ''."]
    out = parley("perspective", "suggestion", "export", "--json", "--community", "b")[1]
    assert [json.loads(line)["body"] for line in out.splitlines()] == ["From 'b'."]


def test_languages_are_exported_without_their_region(parley: Parley, db: Database, tmp_path: Path) -> None:
    for language in ("en-GB", "EN", "pt_BR"):
        suggest(db, f"A remark in {language}.", language=language)

    assert exported(parley, tmp_path).texts == ["A remark in en-GB.", "A remark in EN."]
    assert exported(parley, tmp_path, language="pt").texts == ["A remark in pt_BR."]


def test_json_lines_hold_every_field_of_every_suggestion(parley: Parley, db: Database) -> None:
    label = Label(0.5, (SuggestedSpan(0, 2, 0.25),))
    given = {"community": "a", "token": "comment:1", "sender": "newsroom", "language": "en-GB"}
    suggest(db, "🙂 One.", {"MINE": label}, **given)
    suggest(db, "🙂 One.", {"TOXICITY": 1.0})
    code, out, error = parley("perspective", "suggestion", "export", "--json")
    first, second = (json.loads(line) for line in out.splitlines())

    assert (code, error) == (0, "")
    assert first.pop("id") < second["id"]
    assert first == {
        **given, "body": "🙂 One.", "created_at": NOW.isoformat(),
        "scores": {"MINE": {"summary": 0.5, "spans": [[0, 2, 0.25]]}},
    }  # fmt: skip
    assert (second["community"], second["token"], second["sender"]) == ("", None, None)


@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_the_export_is_utf8_whatever_the_terminal_is(
    parley: Parley, db: Database, arguments: tuple[str, ...], tmp_path: Path
) -> None:
    suggest(db, "Schön 🙂\r\nso.")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    with (tmp_path / "own.csv").open("wb") as out:
        subprocess.run(
            parley_command("perspective", "suggestion", "export", *arguments), cwd=ROOT, env=environment,
            stdout=out, check=True, timeout=60,
        )  # fmt: skip

    written = (tmp_path / "own.csv").read_bytes().decode()
    if arguments:
        assert json.loads(written)["body"] == "Schön 🙂\r\nso."
    else:
        assert read_labelled(tmp_path / "own.csv").texts == ["Schön 🙂\r\nso."]


def test_without_any_suggestion_the_export_is_a_header(parley: Parley) -> None:
    header = "text,lang,source,toxicity,severe_toxicity,identity_attack,insult,obscene,threat,spam"

    assert parley("perspective", "suggestion", "export") == (0, header + "\r\n", "")
    assert parley("perspective", "suggestion", "export", "--json") == (0, "", "")
    assert parley("perspective", "suggestion", "list") == (0, "", "")


# --- delete


@pytest.mark.parametrize(
    ("arguments", "said", "kept"),
    [
        (["--all"], "Deleted 4 suggestions.", []),
        (["--community", "a"], "Deleted 2 suggestions.", ["Two.", "Three."]),
        (["--community", ""], "Deleted 1 suggestion.", ["Nil.", "One.", "Two."]),
        (["--token", "x"], "Deleted 2 suggestions.", ["One.", "Three."]),
        (["--older-than", "2"], "Deleted 2 suggestions.", ["Two.", "Three."]),
        (["--community", "a", "--token", "x", "--older-than", "2"], "Deleted 1 suggestion.",
         ["One.", "Two.", "Three."]),
        (["--token", "z"], "Deleted 0 suggestions.", ["Nil.", "One.", "Two.", "Three."]),
        (["--older-than", "1000000"], "Deleted 0 suggestions.", ["Nil.", "One.", "Two.", "Three."]),
    ],
)  # fmt: skip
def test_what_the_options_hold_for_is_deleted(
    parley: Parley, db: Database, arguments: list[str], said: str, kept: list[str]
) -> None:
    rows = [("Nil.", "a", "x", 4), ("One.", "a", "y", 3), ("Two.", "b", "x", 1), ("Three.", "", None, 0)]
    for body, community, token, days in rows:
        suggest(db, body, community=community, token=token, now=utcnow() - timedelta(days=days))
    answer = parley("perspective", "suggestion", "delete", *arguments)

    assert answer == (0, said + "\n", "")
    assert bodies(db) == kept


@pytest.mark.parametrize(
    "arguments", [[], ["--all", "--token", "x"], ["--all", "--community", ""], ["--all", "--older-than", "1"]]
)
def test_nothing_is_deleted_unless_it_is_said_what(
    parley: Parley, db: Database, arguments: list[str]
) -> None:
    suggest(db, "A remark.", token="x", now=NOW - timedelta(days=400))
    code, out, error = parley("perspective", "suggestion", "delete", *arguments)

    assert (code, out, error.count("\n")) == (2, "", 1)
    for option in ("--community", "--token", "--older-than", "--all"):
        assert option in error
    assert bodies(db) == ["A remark."]


# --- from an empty folder on


def test_it_works_in_an_installation_of_its_own_and_says_so_where_there_is_none(
    parley: Parley, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(DATABASE)
    code, _, error = parley("perspective", "suggestion", "list")
    assert (code, error.count("\n")) == (2, 1)
    assert "There is no Parley in" in error
    parley("db", "upgrade")

    assert parley("perspective", "suggestion", "list") == (0, "", "")
    assert parley("perspective", "suggestion", "delete", "--all") == (0, "Deleted 0 suggestions.\n", "")


def test_a_database_without_the_tables_is_one_sentence(
    parley: Parley, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        monkeypatch.setenv(DATABASE, f"sqlite:///{folder}/empty.db")
        code, out, error = parley("perspective", "suggestion", "export")

    assert (code, out, error.count("\n")) == (2, "", 1)
    assert "db upgrade" in error


def test_a_model_learns_from_the_export(
    parley: Parley, db: Database, samples: tuple[Path, Path], tmp_path: Path
) -> None:
    suggest(db, "Nobody but a turnip would plant those,\nhe said.", {"TOXICITY": 1.0, "INSULT": 1.0})
    suggest(db, '"Lovely" marrows, every one of them.', {"TOXICITY": 0.0})
    exported(parley, tmp_path)
    train = ("train", *samples, "--careful", "none")
    counts = []
    for number, added in enumerate([(), ("--add", tmp_path / "own.csv")]):
        code, out, error = parley(*train, *added, "--out", tmp_path / str(number))
        assert (code, error) == (0, "")
        counts.append(int(out.split("read ")[1].split()[0]))

    assert counts[1] == counts[0] + 2
