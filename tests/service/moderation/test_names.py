"""The author's name as evidence: what it holds, what it must not hold, and that it fails like a body."""

from __future__ import annotations

import pytest

from models import Scorer, load_scorer
from service.domain.access import OPERATOR
from service.domain.reasons import NAME
from service.moderation import deciding
from service.sites import sites
from service.storage import sites as stored
from service.storage.database import Database
from tests.fakes import FakeClock, FakeScorer
from tests.service.moderation.test_deciding import drain, look, post

# Of the third of both lists that was looked at only after the way of reading names was chosen.
INNOCENT = (
    "Siobhán O'Brien", "Muslim Dad", "ProudGayMum", "Mike Hunt", "Jesus", "Владимир", "김철수", "José",
    "Nguyễn Văn A", "Black Doctor", "Polish Plumber", "J.R.R. Tolkien", "will.i.am", "J. K.", "🦄🌈",
)  # fmt: skip
NASTY = ("f.u.c.k", "N1gger", "Retard", "You are a whore", "FuckMuslims", "Heil Hitler", "Rape her")


@pytest.fixture(scope="module")
def shipped() -> Scorer:
    return load_scorer()


def held_for(db: Database, comment_id: str) -> list[tuple[str, str | None]]:
    return [(reason["code"], reason.get("field")) for reason in look(db, comment_id).reasons]


def test_ordinary_names_pass_and_nasty_ones_do_not(db: Database, shipped: Scorer) -> None:
    clock = FakeClock()
    fine = {name: post(db, clock, "Thanks.", author_name=name) for name in INNOCENT}
    bad = {name: post(db, clock, "Thanks.", author_name=name) for name in NASTY}
    deciding.drain(db, scorer=shipped, clock=clock)

    assert [name for name, key in fine.items() if look(db, key).status != "approved"] == []
    assert [name for name, key in bad.items() if look(db, key).status != "pending"] == []
    assert {reason for key in bad.values() for reason in held_for(db, key)} == {("score", NAME)}


def test_a_friendly_body_is_not_public_under_a_vile_name(db: Database) -> None:
    clock = FakeClock()
    held = post(db, clock, "A fine remark.", author_name="You vile thing")
    drain(db, clock)
    found = look(db, held)

    assert found.status == "pending"
    assert set(held_for(db, held)) == {("score", NAME)}
    assert found.reasons[0]["text"] == "In the name, TOXICITY 0.90 is not below 0.28."
    assert found.scores["TOXICITY"] == 0.05  # of the body
    assert found.spans == []


def test_listed_words_and_links_in_a_name_count(db: Database) -> None:
    clock = FakeClock()
    document = {"banned_words": ["voldemort"], "suspect_words": ["name"], "max_links": 5}
    sites.set_policy(db, OPERATOR, "demo", document, clock())
    banned = post(db, clock, "A fine remark.", author_name="Lord VOLDEMORT")
    suspect = post(db, clock, "A fine word.", author_name="No Name")
    linked = post(db, clock, "A fine saying.", author_name="shoes-online.example")
    plain = post(db, clock, "A fine thing.", author_name="Mary")
    drain(db, clock)

    assert (look(db, banned).status, held_for(db, banned)) == ("rejected", [("banned-word", NAME)])
    assert (look(db, suspect).status, held_for(db, suspect)) == ("pending", [("suspect-word", NAME)])
    assert (look(db, linked).status, held_for(db, linked)) == ("pending", [("links", NAME)])
    assert look(db, plain).status == "approved"


@pytest.mark.parametrize("name", ["schön", "oké"])
def test_the_language_of_a_name_holds_nothing(db: Database, name: str) -> None:
    clock = FakeClock()
    fine = post(db, clock, "A fine remark.", author_name=name)
    drain(db, clock)

    assert look(db, fine).status == "approved"


def test_a_name_that_cannot_be_scored_is_tried_again_and_then_asks_a_person(db: Database) -> None:
    clock = FakeClock()
    poison = post(db, clock, "A fine remark.", author_name="poison")
    fine = [post(db, clock, f"Remark number {n} of many.", author_name="Mary") for n in range(9)]
    drain(db, clock)

    assert {look(db, one).status for one in fine} == {"approved"}
    for _ in range(2):
        assert look(db, poison).status == "received"
        clock.forward(seconds=30)
        drain(db, clock)
    assert look(db, poison).status == "pending"
    assert held_for(db, poison) == [("not-scored", None), ("not-scored", NAME)]


def test_a_name_is_scored_once_in_a_batch_and_a_missing_one_costs_nothing(db: Database) -> None:
    clock, scorer = FakeClock(), FakeScorer()
    for n in range(20):
        post(db, clock, f"Remark number {n} of many.", **({"author_name": "Mary"} if n % 2 else {}))
    drain(db, clock, scorer)

    assert scorer.calls == [21]


def test_a_name_that_pretends_to_be_the_sites_own_waits(db: Database) -> None:
    clock = FakeClock()
    with db.read() as connection:
        own = stored.existing(connection, "demo").name
    held = [
        post(db, clock, "A fine remark.", author_name=name) for name in ("Moderator", own, "m\u200bo", "Bоb")
    ]
    sites.set_policy(db, OPERATOR, "demo", {"reserved_names": ["Chief"]}, clock())
    drain(db, clock)
    chief = post(db, clock, "A fine remark.", author_name="The Ch1ef")
    drain(db, clock)

    assert [held_for(db, one) for one in (*held[1:], chief)] == [
        [("reserved-name", NAME)],
        [("disguised-name", NAME)],
        [("disguised-name", NAME)],
        [("reserved-name", NAME)],
    ]
    assert look(db, held[0]).status == "approved"  # the list was replaced before it was read
