"""Limits on posting: machines are refused, crowds are held, and a flood of a page ends by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from service.comments.forms import open_form
from service.comments.intake import Draft, Intake
from service.domain.access import OPERATOR
from service.domain.errors import TooManyRequests
from service.moderation import deciding, queue
from service.settings import Settings
from service.sites import sites
from service.storage.comments import PRESSED_AT_ONCE, PRESSED_BESIDE
from service.storage.database import Database
from service.storage.tables import Base, Comment
from service.upkeep import health
from service.web.posting_limits import MOST_OF_AUTHOR, MOST_OF_NETWORK, PostingLimits
from tests.fakes import MO, FakeClock, FakeScorer
from tests.service.api import parts
from tests.service.moderation.test_deciding import look, reasons

WORDS = (
    "amber", "birch", "cedar", "dune", "ember", "fjord", "grove", "heath", "inlet", "jetty", "knoll",
    "lagoon", "meadow", "notch", "orchard", "pond",
)  # fmt: skip
PLACES = ("198.51.100.7", "2001:db8::1")


@pytest.fixture(params=["redis", "no redis"])
def limits(request: pytest.FixtureRequest, redis_url: str, tmp_path: Path) -> PostingLimits:
    """Limits that count in Redis, or in this process."""
    url = redis_url if request.param == "redis" else f"filesystem://{tmp_path}"
    return PostingLimits(Settings(tmp_path, "sqlite:///", url, str(tmp_path).encode()))


class Crowd:
    """People who post, each where they like."""

    def __init__(self, db: Database, limits: PostingLimits) -> None:
        self.db, self.limits, self.clock, self.said = db, limits, FakeClock(), 0

    def post(self, address: str, token: str, page: str = "a", **more: Any) -> str:
        self.said += 1
        body = f"The {WORDS[self.said % 16]} {WORDS[self.said // 16 % 16]} {self.said}"
        draft = Draft("demo", f"https://news.example/{page}", body, key=page, author_token=token, **more)
        kept = replace(draft, pressure=self.limits.measure(draft, address, self.clock()))
        return Intake(self.db, b"k" * 32).submit(kept, self.clock()).id

    def decide(self) -> None:
        while deciding.drain(self.db, scorer=FakeScorer(), clock=self.clock):
            pass

    def held(self, ids: list[str]) -> list[str]:
        return [one for one in ids if look(self.db, one).status == "pending"]


@pytest.mark.parametrize("address", PLACES)
def test_one_caller_far_beyond_human_speed_is_told_when_to_come_again(
    limits: PostingLimits, address: str
) -> None:
    now = FakeClock()
    draft = Draft("demo", "https://news.example/a", "Buy!", author_token="t" * 30)
    for _ in range(MOST_OF_AUTHOR):
        limits.measure(draft, address, now())

    with pytest.raises(TooManyRequests) as refused:
        limits.measure(draft, address, now())
    assert 1 <= refused.value.retry_after <= 60
    assert (
        limits.measure(Draft("demo", draft.url, "Hello.", author_token="u" * 30), address, now()).author == 1
    )
    now.forward(seconds=refused.value.retry_after)
    assert limits.measure(draft, address, now()).author == 1


def test_a_network_is_refused_only_where_no_school_could_be(limits: PostingLimits) -> None:
    now = FakeClock()
    for n in range(MOST_OF_NETWORK):
        limits.measure(Draft("demo", "https://news.example/a", "Buy!"), f"198.51.100.{n % 250}", now())

    with pytest.raises(TooManyRequests):
        limits.measure(Draft("demo", "https://news.example/a", "Buy!"), "198.51.100.1", now())
    assert limits.measure(Draft("demo", "https://news.example/a", "Hi."), "198.51.101.1", now()).network == 1
    assert limits.measure(Draft("demo", "https://news.example/a", "Hi."), "127.0.0.1", now()).network == 0


def test_a_school_behind_one_address_gets_through_and_what_is_too_much_is_held(
    db: Database, limits: PostingLimits
) -> None:
    crowd = Crowd(db, limits)
    pupils = [crowd.post("198.51.100.7", f"{n:030}") for n in range(40)]
    others = [crowd.post(f"203.0.{n}.1", f"{n + 100:030}") for n in range(20)]
    crowd.decide()

    assert (len(crowd.held(pupils)), crowd.held(others)) == (10, [])
    assert {code for one in crowd.held(pupils) for code in reasons(db, one)} == {"pace"}
    assert "from the same network" in look(db, pupils[-1]).reasons[0]["text"]


def test_one_networks_flood_holds_its_own_comments_and_nobody_elses(
    db: Database, limits: PostingLimits
) -> None:
    crowd = Crowd(db, limits)
    sites.set_policy(db, OPERATOR, "demo", {"thread_flood": 60, "site_flood": 90}, crowd.clock())
    flood, others = [], []
    for n in range(200):
        flood.append(crowd.post(f"198.51.100.{n}", f"{n:030}"))
        if n % 10 == 0:
            others.append(crowd.post(f"203.0.{n}.1", f"{n + 1000:030}"))
    crowd.decide()

    assert (len(crowd.held(flood)), crowd.held(others)) == (170, [])
    assert {code for one in crowd.held(flood) for code in reasons(db, one)} == {"pace"}


def test_who_keeps_the_pace_does_not_wait_for_who_does_not(db: Database, limits: PostingLimits) -> None:
    crowd = Crowd(db, limits)
    flood = [crowd.post(f"198.51.100.{n}", f"{n:030}") for n in range(130)]
    scorer = FakeScorer()
    deciding.drain(db, scorer=scorer, clock=crowd.clock)
    late = crowd.post("203.0.1.1", "l" * 30)
    deciding.drain(db, scorer=scorer, clock=crowd.clock)

    assert scorer.calls == [30 + PRESSED_BESIDE, 1 + PRESSED_BESIDE]
    assert look(db, late).status == "approved"
    assert scorer.spare == [0.0, 0.0]  # others wait
    while deciding.drain(db, scorer=scorer, clock=crowd.clock, limit=60):
        pass
    assert len(crowd.held(flood)) == 100
    assert max(scorer.calls[2:]) == PRESSED_AT_ONCE
    assert (scorer.spare[-1] or 0) > 0


def test_a_flooded_page_is_read_first_and_that_ends_by_itself(db: Database, limits: PostingLimits) -> None:
    crowd = Crowd(db, limits)
    sites.set_policy(db, OPERATOR, "demo", {"thread_flood": 20}, crowd.clock())
    flood = [crowd.post(f"203.0.{n}.1", f"{n:030}") for n in range(30)]
    elsewhere = crowd.post("203.0.99.1", "e" * 30, page="b")
    crowd.decide()
    told = queue.pending_page(db, MO, now=crowd.clock()).flooded
    assert (list(told), health.figures(db, crowd.clock()).flooded) == (["https://news.example/a"], 1)
    crowd.clock.forward(minutes=5)
    after = crowd.post("203.0.98.1", "f" * 30)
    crowd.clock.forward(minutes=10)
    later = crowd.post("203.0.97.1", "g" * 30)
    crowd.decide()

    assert len(crowd.held(flood)) == 10
    assert {code for one in crowd.held([*flood, after]) for code in reasons(db, one)} == {"flood"}
    assert crowd.held([elsewhere, after, later]) == [after]
    crowd.clock.forward(minutes=10)
    assert queue.pending_page(db, MO, now=crowd.clock()).flooded == []


@pytest.fixture
def opened(tmp_path: Path) -> Callable[..., str]:
    """Open a form some minutes before the posts come."""

    def open_it(page: str = "a", minutes: float = -5, site: str = "demo") -> str:
        key = str(tmp_path).encode()
        return open_form(site, page, secret_key=key, now=FakeClock()() + timedelta(minutes=minutes))

    return open_it


def text_of(db: Database, comment: str) -> str:
    return " ".join(str(one["text"]) for one in look(db, comment).reasons)


def test_those_who_had_a_form_before_them_pass_wider_limits(
    db: Database, limits: PostingLimits, opened: Callable[..., str]
) -> None:
    crowd = Crowd(db, limits)
    sites.set_policy(db, OPERATOR, "demo", {"network_pace": 10}, crowd.clock())
    programs = [crowd.post("198.51.100.7", f"{n:030}") for n in range(20)]
    pupils = [crowd.post("198.51.100.7", f"{n + 100:030}", form_token=opened()) for n in range(20)]
    crowd.decide()

    assert len(crowd.held(programs)) == 10
    assert text_of(db, programs[-1]).endswith(
        "It came with no valid form token, as programs and plain forms do."
    )
    assert len(crowd.held(pupils)) == 10, "those beyond three times the limit wait too"
    assert text_of(db, pupils[-1]).endswith("30 pass without a look. It was written in the widget's form.")


@pytest.mark.parametrize(
    ("form", "why"),
    [
        ({"minutes": 0}, "within 2 seconds of opening the form"),
        ({"page": "b"}, "forged, or that of another page"),
        ({"site": "other"}, "forged, or that of another page"),
        ({"minutes": -24 * 60}, "no valid form token"),
        (None, "forged, or that of another page"),
    ],
)
def test_a_token_that_shows_nothing_widens_nothing_and_refuses_nothing(
    db: Database, limits: PostingLimits, opened: Callable[..., str], form: Any, why: str
) -> None:
    crowd = Crowd(db, limits)
    sites.set_policy(db, OPERATOR, "demo", {"thread_flood": 3}, crowd.clock())
    token = "1.2.3" if form is None else opened(**form)
    posts = [crowd.post(f"203.0.{n}.1", f"{n:030}", form_token=token) for n in range(4)]
    crowd.decide()

    assert crowd.held(posts) == posts[3:]
    assert set(reasons(db, posts[3])) == {"flood"}
    assert why in text_of(db, posts[3])


def test_one_token_does_not_serve_a_program_all_day(
    db: Database, limits: PostingLimits, opened: Callable[..., str]
) -> None:
    crowd, token = Crowd(db, limits), opened()
    sites.set_policy(db, OPERATOR, "demo", {"network_pace": 5}, crowd.clock())
    posts = [crowd.post("198.51.100.7", f"{n:030}", form_token=token) for n in range(8)]
    crowd.clock.forward(minutes=2)
    later = crowd.post("198.51.100.7", "9" * 30, form_token=token)
    crowd.decide()

    assert crowd.held([*posts, later]) == posts[6:]
    assert "More than 6 comments a minute came with its form token." in text_of(db, posts[7])


def test_a_site_may_let_forms_count_for_nothing(
    db: Database, limits: PostingLimits, opened: Callable[..., str]
) -> None:
    crowd = Crowd(db, limits)
    sites.set_policy(db, OPERATOR, "demo", {"network_pace": 4, "form_factor": 1}, crowd.clock())
    posts = [crowd.post("198.51.100.7", f"{n:030}", form_token=opened()) for n in range(5)]
    crowd.decide()

    assert crowd.held(posts) == posts[4:]


def test_what_fills_in_the_hidden_field_is_held_and_says_why(db: Database, limits: PostingLimits) -> None:
    crowd = Crowd(db, limits)
    trapped, other = crowd.post("198.51.100.7", "t" * 30, trapped=True), crowd.post("198.51.100.7", "u" * 30)
    crowd.decide()

    assert crowd.held([trapped, other]) == [trapped]
    assert reasons(db, trapped) == ["trap"]
    assert "people do not see" in text_of(db, trapped)


def test_without_pressure_nothing_of_a_form_is_kept(
    db: Database, limits: PostingLimits, opened: Callable[..., str]
) -> None:
    crowd, token = Crowd(db, limits), opened()
    calm = [crowd.post("198.51.100.7", "t" * 30, form_token=one) for one in (token, "forged", None)]
    crowd.decide()

    assert crowd.held(calm) == []
    with db.read() as connection:
        assert set(connection.execute(select(Comment.pressure)).scalars()) == {None}
        for table in Base.metadata.sorted_tables:
            assert token not in repr(connection.execute(select(table)).all())


def test_the_door_says_when_to_come_again_and_keeps_no_address(client: FlaskClient, db: Database) -> None:
    here = client.application.extensions["parley"]
    client.application.extensions["parley"] = replace(here, clock=FakeClock())
    sent = {"headers": {"Parley-Author": "t" * 30}, "environ_overrides": {"REMOTE_ADDR": "198.51.100.77"}}
    answers = [client.post("/api/v1/comments", json=parts.draft("Hello."), **sent) for _ in range(61)]

    assert [one.status_code for one in answers] == [202] * 60 + [429]
    assert answers[-1].content_type == "application/problem+json"
    wait = answers[-1].headers["Retry-After"]
    assert 1 <= int(wait) <= 60
    assert answers[-1].headers["RateLimit-Policy"] == '"author";q=60;w=60, "network";q=1000;w=60'
    assert answers[-1].headers["RateLimit"] == f'"author";r=0;t={wait}, "network";r=939;t={wait}'
    assert "RateLimit" not in answers[0].headers
    with db.read() as connection:
        kept = connection.execute(select(Comment.pressure).order_by(Comment.id.desc()).limit(1)).scalar_one()
        assert kept == {"network": 60, "author": 60, "thread": 7, "site": 7}  # its own pace holds it
        for table in Base.metadata.sorted_tables:
            assert "198.51.100" not in repr(connection.execute(select(table)).all())
