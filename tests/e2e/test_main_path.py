"""The main job, end to end, in a browser: post, publish, hold, decide, tell the host site.

Once as `parley up` runs it (SQLite), and once in server mode: PostgreSQL, with web, worker and scheduler
as processes of their own.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from standardwebhooks import Webhook

from tests.receiver import Receiver, receiver
from tests.running import (
    ROOT,
    Parley,
    free_port,
    parley_command,
    start_embedded,
    start_redis,
    stop,
    wait_until,
)

FINE = "The mediators deserve credit for getting both sides into one room."
TOXIC = "Shut up, you stupid worthless moron, and go die."
PASSWORD, OWN = "correct horse battery", "purple otters sing at noon"


@dataclass
class House:
    """A running Parley with a host site that listens."""

    parley: Parley
    host: Receiver
    secret: str


def command(environment: dict[str, str], *arguments: str, given: str = "") -> str:
    """Run a sub-command to its end and return what it printed."""
    done = subprocess.run(
        parley_command(*arguments), cwd=ROOT, env=environment, input=given, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def secret_in(printed: str) -> str:
    """Return the signing secret from what `webhook add` printed."""
    return next(word for word in printed.split() if word.startswith("whsec_"))


def plain_environment(**ours: str) -> dict[str, str]:
    """Return this environment without settings of Parley's, and with ours."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")}
    return clean | {"PARLEY_WEBHOOK_PRIVATE_NETWORKS": "127.0.0.0/8"} | ours


@contextlib.contextmanager
def embedded() -> Iterator[House]:
    with receiver() as host, start_embedded(PARLEY_WEBHOOK_PRIVATE_NETWORKS="127.0.0.0/8") as parley:
        environment = plain_environment(PARLEY_DATA_DIR=str(parley.data))
        yield House(parley, host, secret_in(command(environment, "webhook", "add", "demo", host.url)))


@contextlib.contextmanager
def server_mode(postgres: str) -> Iterator[House]:
    with (
        tempfile.TemporaryDirectory(prefix="parley-s-", ignore_cleanup_errors=True) as name,
        start_redis(Path(name) / "redis.sock") as redis_url,
        receiver() as host,
    ):
        port = free_port()
        environment = plain_environment(
            PARLEY_DATA_DIR=name, PARLEY_DATABASE_URL=_own_database(postgres), PARLEY_REDIS_URL=redis_url,
            PARLEY_SECRET_KEY="a key for this test only, of 32 characters", PARLEY_PORT=str(port),
        )  # fmt: skip
        command(environment, "db", "upgrade")
        command(environment, "site", "add", "demo", "--name", "Demo", "--origin", "loopback")
        command(
            environment, "moderator", "add", "moderator", "--site", "demo", "--role", "owner", given=PASSWORD
        )
        secret = secret_in(command(environment, "webhook", "add", "demo", host.url))
        with contextlib.ExitStack() as stack:
            log = stack.enter_context((Path(name) / "log.txt").open("wb"))
            for part in ("web", "worker", "scheduler"):
                process = subprocess.Popen(
                    parley_command(part), cwd=ROOT, env=environment, stdout=log, stderr=log
                )
                stack.callback(stop, process)
            parley = Parley(f"http://127.0.0.1:{port}", process, Path(name), Path(name) / "log.txt")
            parley.moderator = ("moderator", PASSWORD)
            wait_until(parley.ready, 40, "server mode was never ready")
            yield House(parley, host, secret)


def _own_database(postgres: str) -> str:
    """Make another database on the test server: the first one is the storage tests'."""
    import psycopg

    plain = postgres.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS main_path")
        connection.execute("CREATE DATABASE main_path")
    return plain.replace("/postgres?", "/main_path?")


@pytest.fixture(scope="module", params=["embedded on SQLite", "server mode on PostgreSQL"])
def house(request: pytest.FixtureRequest) -> Iterator[House]:
    is_embedded = request.param.startswith("embedded")
    with embedded() if is_embedded else server_mode(request.getfixturevalue("postgres")) as running:
        yield running


def write(page: Page, text: str) -> None:
    page.get_by_placeholder("Add a public comment").fill(text)
    page.get_by_role("button", name="Post", exact=False).first.click()


def test_a_comment_goes_its_way_from_the_page_to_the_host_site(house: House, browser: Browser) -> None:
    reader, other = browser.new_context().new_page(), browser.new_context().new_page()
    moderator = browser.new_context().new_page()
    for page in (reader, other):
        page.goto(house.parley.page)
    expect(reader.get_by_text("No comments yet")).to_be_visible()

    write(reader, FINE)
    wait_until(
        lambda: FINE in {c["body"] for c in house.parley.comments("ceasefire-talks")}, 5, "not published"
    )
    expect(reader.get_by_text("Awaiting moderation")).to_have_count(0, timeout=10_000)
    expect(other.get_by_text(FINE)).to_be_visible(timeout=10_000)

    write(reader, TOXIC)
    expect(reader.get_by_text("Awaiting moderation")).to_be_visible()
    log_in(moderator, house.parley)
    card = moderator.locator("article", has_text=TOXIC)
    expect(card).to_be_visible()
    assert TOXIC not in {comment["body"] for comment in house.parley.comments("ceasefire-talks")}
    other.reload()
    expect(other.get_by_text(FINE)).to_be_visible()
    expect(other.get_by_text(TOXIC)).to_have_count(0)

    card.get_by_role("button", name="Approve").click()
    expect(card).to_have_count(0)
    expect(reader.get_by_text("Awaiting moderation")).to_have_count(0, timeout=15_000)
    other.reload()
    expect(other.get_by_text(TOXIC)).to_be_visible()
    the_host_site_was_told_of_each_step(house)


def log_in(page: Page, parley: Parley) -> None:
    page.goto(f"{parley.base}/review/")
    page.locator("input[name=name]").fill(parley.moderator[0])
    page.locator("input[type=password]").fill(parley.moderator[1])
    page.keyboard.press("Enter")
    choose_a_password(page, parley)
    expect(page.get_by_role("button", name="Log out")).to_be_visible()


def choose_a_password(page: Page, parley: Parley) -> None:
    """Put one's own password in the place of the one that somebody else set, and go on to the queue."""
    page.get_by_label("Present password").fill(parley.moderator[1])
    page.get_by_label("New password", exact=True).fill(OWN)
    page.get_by_label("New password again").fill(OWN)
    page.get_by_role("button", name="Change the password").click()
    parley.moderator = (parley.moderator[0], OWN)
    page.get_by_role("link", name="To the review queue").click()


def the_host_site_was_told_of_each_step(house: House) -> None:
    wait_until(lambda: len({hook.id for hook in house.host.hooks}) >= 5, 20, "events are missing")
    steps: dict[str, list[str]] = {}
    for hook in {hook.id: hook for hook in reversed(house.host.hooks)}.values():
        Webhook(house.secret).verify(hook.body, dict(hook.headers))
    seen = set()
    for hook in house.host.hooks:
        if hook.id not in seen and hook.event["type"].startswith("comment."):
            seen.add(hook.id)
            steps.setdefault(hook.event["data"]["body"], []).append(hook.event["type"])
    assert steps == {
        FINE: ["comment.received", "comment.approved"],
        TOXIC: ["comment.received", "comment.pending", "comment.approved"],
    }
