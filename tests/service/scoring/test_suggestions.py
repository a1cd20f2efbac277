"""Suggested scores: what is kept, for how long, what it comes to for training, and what is deleted.

Proves `service/storage/suggestions.py` too.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, text

from service.scoring import suggestions
from service.scoring.perspective import Passage, Refused
from service.scoring.suggestions import (
    BATCH,
    MAX_NAME,
    MAX_SPANS,
    Label,
    LabelledText,
    SuggestedSpan,
    Suggestion,
)
from service.storage import suggestions as queries
from service.storage import tables
from service.storage.database import Database
from tests.conftest import NOW

WHOLE = Label(1.0)
# On SQLite, where one writes at a time, nobody meets what another has locked.
ONLY_POSTGRESQL = pytest.mark.parametrize("db", ["postgresql"], indirect=True)


def suggest(db: Database, body: str, labels: dict[str, float | Label] | None = None, **changes: Any) -> None:
    """Keep a suggestion, by default of one toxic text of no community."""
    given = {"TOXICITY": 1.0} if labels is None else labels
    now, most = changes.pop("now", NOW), changes.pop("most", suggestions.MAX_KEPT)
    fields = {"community": "", "token": None, "sender": None, "language": "en", **changes}
    made = {name: one if isinstance(one, Label) else Label(one) for name, one in given.items()}
    suggestions.keep(db, Suggestion(body=body, labels=made, **fields), now, most=most)


def fill(db: Database, *, count: int, community: str = "", body: str = "Remark {}.") -> None:
    """Store many suggestions at once, each the toxicity of a text of its own."""
    scores = {"TOXICITY": {"summary": 0.0, "spans": []}}
    row = {"community": community, "language": "en", "scores": scores, "created_at": NOW}
    with db.write() as connection:
        connection.execute(
            insert(tables.Suggestion), [{**row, "body": body.format(number)} for number in range(count)]
        )


def bodies(db: Database, community: str | None = None) -> list[str]:
    return [row.body for row in suggestions.every(db, community)]


# --- keeping


def test_a_suggestion_is_stored_as_it_was_sent(db: Database) -> None:
    spans = (SuggestedSpan(0, 8, 0.25), SuggestedSpan(9, 11, 1.0))
    body = 'Schön 🙂\r\n"=1+1"'
    made = Suggestion(
        "Coral:http://coral", "comment:c1", "a newsroom", body, "de-AT",
        {"TOXICITY": Label(0.75, spans), "MY_OWN@2": Label(None, spans[:1])},
    )  # fmt: skip
    suggestions.keep(db, made, NOW)
    [found] = suggestions.every(db)
    row = asdict(found)

    del row["id"]
    assert row == {
        "community": "Coral:http://coral", "token": "comment:c1", "sender": "a newsroom",
        "body": body, "language": "de-AT", "created_at": NOW,
        "scores": {
            "TOXICITY": {"summary": 0.75, "spans": [[0, 8, 0.25], [9, 11, 1.0]]},
            "MY_OWN@2": {"summary": None, "spans": [[0, 8, 0.25]]},
        },
    }  # fmt: skip


@pytest.mark.parametrize(
    ("code", "stored"), [("x-sixteen-signs!", "x-sixteen-signs!"), ("x-seventeen-signs", "und")]
)
def test_a_language_that_is_too_long_to_be_one_is_unknown(db: Database, code: str, stored: str) -> None:
    suggest(db, "A remark.", language=code)

    assert [row.language for row in suggestions.every(db)] == [stored]


def test_names_and_tokens_of_the_longest_length_can_be_stored(db: Database) -> None:
    name = "ö" * MAX_NAME
    suggestions.check(Passage("A remark."), {name: WHOLE}, community=name, token=name)
    suggest(db, "A remark.", {name: 1.0}, community=name, token=name)

    [row] = suggestions.every(db, name)
    assert (row.community, row.token, list(row.scores)) == (name, name, [name])


@pytest.mark.parametrize(
    ("given", "message"),
    [({"community": "c" * 201}, "community_id has more than 200"),
     ({"token": "t" * 201}, "client_token has more than 200")],
)  # fmt: skip
def test_what_is_too_long_to_be_stored_is_refused(given: dict[str, str], message: str) -> None:
    with pytest.raises(Refused, match=message) as refused:
        suggestions.check(Passage("A remark."), {"TOXICITY": WHOLE}, **given)

    assert refused.value.kind == "INVALID_REQUEST"


def test_all_attributes_together_have_a_limited_number_of_spans() -> None:
    many = Label(None, (SuggestedSpan(0, 1, 0.5),) * MAX_SPANS)
    suggestions.check(Passage("A remark."), {"TOXICITY": many, "INSULT": many, "THREAT": WHOLE})
    one_more = Label(None, many.spans[:1])

    with pytest.raises(Refused, match=f"Too many span scores: {2 * MAX_SPANS + 1}"):
        suggestions.check(Passage("A remark."), {"TOXICITY": many, "INSULT": many, "THREAT": one_more})


# --- the ring


def test_beyond_the_most_that_is_kept_the_oldest_go(db: Database) -> None:
    for number in range(7):
        suggest(db, f"Remark {number}.", most=3)

    assert bodies(db) == ["Remark 4.", "Remark 5.", "Remark 6."]


def test_what_was_deleted_in_between_makes_the_ring_no_larger(db: Database) -> None:
    for number in range(3):
        suggest(db, f"Remark {number}.", most=3, token=str(number))
    suggestions.delete(db, token="1")
    for number in range(3, 9):
        suggest(db, f"Remark {number}.", most=3, token=str(number))
        kept = bodies(db)

        assert len(kept) <= 3
        assert kept[-1] == f"Remark {number}."


def test_after_all_were_deleted_the_ring_fills_again(db: Database) -> None:
    for _ in range(2):
        for number in range(4):
            suggest(db, f"Remark {number}.", most=3)
        assert bodies(db) == ["Remark 1.", "Remark 2.", "Remark 3."]

        assert suggestions.delete(db) == 3


def test_a_ring_made_smaller_shrinks_by_steps(db: Database) -> None:
    fill(db, count=150)
    sizes = []
    for number in range(3):
        suggest(db, f"New remark {number}.", most=20)
        sizes.append(len(bodies(db)))

    assert sizes == [51, 20, 20]


@ONLY_POSTGRESQL
def test_nobody_who_suggests_waits_for_those_who_delete(db: Database) -> None:
    fill(db, count=3)
    with ThreadPoolExecutor(1) as pool, db.write() as connection:
        queries.drop(connection, 1, community=None, token=None, before=None)
        pool.submit(suggest, db, "A new remark.", most=3).result(timeout=30)

        assert bodies(db)[-1] == "A new remark."


def test_many_at_once_neither_fail_nor_leave_more_than_the_most(db: Database) -> None:
    def one(number: int) -> None:
        suggest(db, f"Remark {number}.", most=5)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(80)))
    suggest(db, "The last remark.", most=5)

    kept = bodies(db)
    assert len(kept) <= 5
    assert kept[-1] == "The last remark."


# --- reading


def test_communities_are_counted_with_their_first_and_last_time(db: Database) -> None:
    for community, hour in (("b", 3), ("", 1), ("b", 2), ("b", 5)):
        suggest(db, f"Remark {hour}.", community=community, now=NOW + timedelta(hours=hour))

    assert [asdict(found) for found in suggestions.communities(db)] == [
        {"community": "", "count": 1, "first": NOW + timedelta(hours=1), "last": NOW + timedelta(hours=1)},
        {"community": "b", "count": 3, "first": NOW + timedelta(hours=2), "last": NOW + timedelta(hours=5)},
    ]


def test_all_are_read_in_order_or_those_of_one_community(db: Database) -> None:
    fill(db, count=BATCH + 1, community="a", body="A {}")
    fill(db, count=BATCH, community="", body="B {}")

    named, unnamed = [f"A {n}" for n in range(BATCH + 1)], [f"B {n}" for n in range(BATCH)]
    assert bodies(db) == named + unnamed
    assert bodies(db, "a") == named
    assert bodies(db, "") == unnamed
    assert bodies(db, "c") == []


def test_no_more_than_a_batch_is_read_at_a_time(db: Database) -> None:
    fill(db, count=2 * BATCH)
    reading = suggestions.every(db)
    first = next(reading)
    suggestions.delete(db)

    assert first.body == "Remark 0."
    assert len(list(reading)) == BATCH - 1, "the second batch was read before it was wanted"


# --- what it comes to for training


def test_the_last_suggestion_of_each_attribute_wins(db: Database) -> None:
    suggest(db, "One.", {"TOXICITY": 0.0, "INSULT": 0.5})
    suggest(db, "Another.", {"TOXICITY": 0.25})
    suggest(db, "One.", {"TOXICITY": 1.0, "THREAT": 0.0}, language="de")

    assert list(suggestions.latest(db)) == [
        LabelledText("", "Another.", "en", {"TOXICITY": 0.25}),
        LabelledText("", "One.", "de", {"TOXICITY": 1.0, "INSULT": 0.5, "THREAT": 0.0}),
    ]


def test_the_last_one_wins_even_batches_later(db: Database) -> None:
    suggest(db, "Remark 7.", {"TOXICITY": 1.0, "SPAM": 1.0})
    fill(db, count=2 * BATCH)

    found = {one.body: one.labels for one in suggestions.latest(db)}
    assert len(found) == 2 * BATCH
    assert found["Remark 7."] == {"TOXICITY": 0.0, "SPAM": 1.0}


def test_communities_are_told_apart(db: Database) -> None:
    for community, value in (("a", 0.0), ("b", 1.0), ("", 0.5)):
        suggest(db, "One.", {"TOXICITY": value}, community=community)

    found = [(one.community, one.labels["TOXICITY"]) for one in suggestions.latest(db)]
    assert found == [("a", 0.0), ("b", 1.0), ("", 0.5)]
    assert [one.community for one in suggestions.latest(db, "b")] == ["b"]
    assert [one.community for one in suggestions.latest(db, "")] == [""]


def test_other_names_of_an_attribute_count_and_unknown_ones_and_spans_do_not(db: Database) -> None:
    spans = Label(None, (SuggestedSpan(0, 3, 1.0),))
    suggest(db, "One.", {"TOXICITY@6": 0.5, "THREAT_EXPERIMENTAL": 0.25, "LIKELY_TO_REJECT": 1.0})
    suggest(db, "One.", {"TOXICITY": spans, "INSULT": spans})
    suggest(db, "Another.", {"LIKELY_TO_REJECT": 1.0, "INSULT": spans})

    assert list(suggestions.latest(db)) == [LabelledText("", "One.", "en", {"TOXICITY": 0.5, "THREAT": 0.25})]


def test_spans_under_one_name_do_not_hide_the_summary_under_another(db: Database) -> None:
    spans = Label(None, (SuggestedSpan(0, 3, 1.0),))
    suggest(db, "One.", {"TOXICITY": 0.5, "TOXICITY@6": spans})

    assert [one.labels for one in suggestions.latest(db)] == [{"TOXICITY": 0.5}]


def test_what_is_deleted_while_it_is_read_is_left_out(db: Database) -> None:
    fill(db, count=BATCH + 1, body="Remark {}.")
    reading = suggestions.latest(db)
    next(reading)
    suggestions.delete(db)

    assert len(list(reading)) == BATCH - 1


# --- deleting


def stored_for_deletion(db: Database) -> None:
    for number, (community, token, hour) in enumerate(
        [("a", "x", 0), ("a", "y", 1), ("b", "x", 2), ("", None, 3), ("a", "x", 4)]
    ):
        suggest(db, str(number), community=community, token=token, now=NOW + timedelta(hours=hour))


@pytest.mark.parametrize(
    ("conditions", "kept"),
    [
        ({"community": "a"}, "23"),
        ({"community": ""}, "0124"),
        ({"token": "x"}, "13"),
        ({"before": NOW + timedelta(hours=2)}, "234"),
        ({"community": "a", "token": "x"}, "123"),
        ({"community": "a", "before": NOW + timedelta(hours=4)}, "234"),
        ({"token": "x", "before": NOW + timedelta(hours=1)}, "1234"),
        ({"community": "a", "token": "x", "before": NOW + timedelta(hours=1)}, "1234"),
        ({"community": "c"}, "01234"),
        ({"token": ""}, "01234"),
        ({}, ""),
    ],
)
def test_what_all_conditions_hold_for_is_deleted(db: Database, conditions: dict[str, Any], kept: str) -> None:
    stored_for_deletion(db)
    gone = suggestions.delete(db, **conditions)

    assert "".join(bodies(db)) == kept
    assert gone == 5 - len(kept)


def test_more_than_a_batch_is_deleted_too(db: Database) -> None:
    fill(db, count=2 * BATCH + 1, community="a")
    fill(db, count=1, community="b")

    assert suggestions.delete(db, community="a") == 2 * BATCH + 1
    assert len(bodies(db)) == 1


def test_old_ones_go_the_oldest_first_and_no_more_than_a_batch(db: Database) -> None:
    for hour in (4, 1, 3, 2):
        suggest(db, str(hour), now=NOW + timedelta(hours=hour))
    before = NOW + timedelta(hours=4)

    assert suggestions.drop_old(db, before, 2) == 2
    assert bodies(db) == ["4", "3"]
    assert suggestions.drop_old(db, before, 2) == 1
    assert suggestions.drop_old(db, before, 2) == 0
    assert bodies(db) == ["4"]


@ONLY_POSTGRESQL
def test_who_deletes_what_another_is_deleting_goes_on_with_the_rest(db: Database) -> None:
    fill(db, count=5)
    with ThreadPoolExecutor(1) as pool:
        with db.write() as connection:
            queries.drop(connection, 3, community=None, token=None, before=None)
            second = pool.submit(suggestions.drop_old, db, NOW + timedelta(hours=1), 3)
            while not waiting_for_a_lock(db) and not second.done():
                time.sleep(0.01)

        assert second.result(timeout=30) == 2
    assert bodies(db) == []


def waiting_for_a_lock(db: Database) -> bool:
    with db.read() as connection:
        return bool(connection.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")))


def test_those_who_delete_and_those_who_suggest_do_not_disturb_each_other(db: Database) -> None:
    fill(db, count=300)

    def one(number: int) -> None:
        if number % 4 == 0:
            suggestions.drop_old(db, NOW + timedelta(hours=1), 10)
        elif number % 4 == 1:
            suggestions.delete(db, token="gone")
        else:
            suggest(db, f"New remark {number}.", token="gone", now=NOW + timedelta(hours=2), most=50)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(80)))

    suggestions.delete(db)
    assert bodies(db) == []
