"""Moderators at work in a real browser: by keys alone, without scripts, and two at once."""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, expect
from sqlalchemy import update
from werkzeug.serving import make_server

from service.context import utcnow
from service.domain.second_factor import code_at, step_of
from service.settings import Settings
from service.sites import sites
from service.storage import comments as queries
from service.storage import migrate
from service.storage.tables import Moderator
from tests.conftest import NOW
from tests.service.review.conftest import PASSWORD, add_people, post
from tests.web.test_types import node_modules

NEW = "another long password"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
XSS = "vile <script>window.owned = 1</script><img src=x onerror='window.owned = 1'>"


class Office:
    """The web application on a port, with moderators and a queue that a test fills."""

    def __init__(self, settings: Settings) -> None:
        from service.app import create_app

        self.app = create_app(settings)
        self.db = self.app.extensions["parley"].db
        migrate.upgrade(self.db)
        for site in ("demo", "other"):
            sites.add_site(self.db, site, site.title(), now=NOW)
        add_people(self.db)
        self.server = make_server("127.0.0.1", 0, self.app, threaded=True)
        self.base = f"http://127.0.0.1:{self.server.server_port}"

    def fill(self, *bodies: str) -> list[str]:
        """Post comments that the policy holds for a person; return their ids."""
        return [
            post(self.db, f"vile {body}", author_name=f"Reader of {body}", key=body[:20]) for body in bodies
        ]

    def status(self, comment_id: str) -> str:
        """Where a comment stands."""
        with self.db.read() as connection:
            return str(queries.find_comment(connection, comment_id).status)


@pytest.fixture
def office(tmp_path: Path, redis_url: str) -> Iterator[Office]:
    made = Office(
        Settings(tmp_path, f"sqlite:///{tmp_path}/parley.db", redis_url, b"x" * 32, log_level="error")
    )
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()
    made.db.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context()
    yield made
    made.close()


def enter(context: BrowserContext, office: Office, name: str = "ben") -> Page:
    """Log in with the keyboard and wait for the queue."""
    page = context.new_page()
    page.violations = []  # type: ignore[attr-defined]
    page.on("console", lambda line: page.violations.append(line.text) if "Policy" in line.text else None)  # type: ignore[attr-defined]
    page.goto(f"{office.base}/review/")
    expect(page.locator("#name")).to_be_focused()
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.locator("#queue").wait_for()
    page.wait_for_load_state()  # the script has run
    return page


def card(page: Page, comment_id: str) -> Any:
    return page.locator(f"#c-{comment_id}")


def test_a_moderator_decides_by_keys_alone_and_the_focus_is_never_lost(office, context):
    first, second, third = office.fill("one", "two", "three")
    page = enter(context, office)
    page.keyboard.press("j")
    expect(card(page, first)).to_be_focused()
    page.keyboard.press("j")
    expect(card(page, second)).to_be_focused()
    page.keyboard.press("k")
    expect(card(page, first)).to_be_focused()

    page.keyboard.press("a")
    expect(card(page, second)).to_be_focused()
    expect(page.locator("#status")).to_have_text("Approved: Reader of one. Press z to undo.")
    page.keyboard.press("r")
    expect(card(page, third)).to_be_focused()
    expect(page.locator("[data-count=pending]")).to_have_text("1")
    expect(page.locator("[data-count=rejected]")).to_have_text("1")

    page.keyboard.press("z")
    expect(card(page, second)).to_be_focused()
    page.keyboard.press("z")
    expect(card(page, first)).to_be_focused()
    page.keyboard.press("r")
    expect(card(page, second)).to_be_focused()
    page.keyboard.press("r")
    expect(card(page, third)).to_be_focused()
    page.keyboard.press("r")
    expect(page.locator("#end")).to_be_focused()
    expect(page.get_by_text("Nothing is waiting.")).to_be_visible()

    assert [office.status(comment) for comment in (first, second, third)] == ["rejected"] * 3
    assert page.violations == []


def test_what_was_taken_back_offers_no_undo_and_is_not_done_again(office, context):
    (only,) = office.fill("one")
    page = enter(context, office)
    page.keyboard.press("j")
    page.keyboard.press("r")
    expect(page.get_by_role("button", name="Undo")).to_have_text("Undo: back to pending")
    page.keyboard.press("z")
    expect(page.locator("#status")).to_have_text("Taken back: Reader of one is pending again.")
    expect(card(page, only)).to_be_focused()
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    page.keyboard.press("z")
    expect(page.locator("#status")).to_have_text("There is nothing of yours to undo.")

    assert office.status(only) == "pending"


def test_after_a_reload_one_key_takes_back_what_was_decided_before(office, context):
    first, second = office.fill("one", "two")
    page = enter(context, office)
    for key in "jar":
        page.keyboard.press(key)
    expect(page.locator(".done")).to_have_count(2)
    page.reload()
    page.wait_for_load_state()
    expect(page.get_by_text("Nothing is waiting.")).to_be_visible()

    page.keyboard.press("z")
    expect(card(page, second)).to_be_focused()
    expect(page.locator("#status")).to_have_text("Taken back: Reader of two is pending again.")
    page.keyboard.press("z")
    expect(card(page, first)).to_be_focused()
    page.keyboard.press("z")
    expect(page.locator("#status")).to_have_text("There is nothing of yours to undo.")
    assert [office.status(one) for one in (first, second)] == ["pending"] * 2


def test_an_undo_on_a_card_is_reached_by_keys_and_says_what_it_did(office, context):
    (only,) = office.fill("one")
    page = enter(context, office)
    page.keyboard.press("j")
    page.keyboard.press("r")
    expect(page.locator(".done")).to_have_count(1)
    page.goto(f"{office.base}/review/?status=rejected")
    page.keyboard.press("j")
    undo = card(page, only).get_by_role("button", name="Undo: back to pending")
    for _ in range(12):
        if undo.evaluate("button => button === document.activeElement"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#status")).to_have_text("Taken back: Reader of one is pending again.")
    expect(card(page, only)).to_be_focused()
    expect(undo).to_have_count(0)

    assert office.status(only) == "pending"
    assert page.violations == []


def test_keys_pressed_faster_than_the_server_answers_are_carried_out_in_order(office, context):
    ids = office.fill(*(f"no {n}" for n in range(6)))
    page = enter(context, office)
    for key in "jaaraz":
        page.keyboard.press(key)
    expect(page.locator("#status")).to_have_text("Taken back: Reader of no 3 is pending again.")
    expect(page.locator(".done")).to_have_count(3)
    expect(card(page, ids[3])).to_be_focused()

    assert [office.status(comment) for comment in ids] == ["approved", "approved", "rejected"] + [
        "pending"
    ] * 3


def test_keys_do_nothing_while_typing_when_held_or_when_switched_off(office, context):
    (only,) = office.fill("one")
    page = enter(context, office)
    page.keyboard.press("a")
    expect(page.locator("#status")).to_have_text("Choose a comment first, with j.")
    card(page, only).locator("summary", has_text="Note").click()
    card(page, only).locator("[name=note]").fill("")
    page.keyboard.type("a jar of z")
    card(page, only).focus()
    page.keyboard.press("Control+a")
    held = "new KeyboardEvent('keydown', {key: 'a', repeat: true, bubbles: true})"
    page.evaluate(f"document.activeElement.dispatchEvent({held})")
    page.locator("#keys").uncheck()
    card(page, only).focus()
    page.keyboard.press("a")
    page.reload()

    expect(page.locator("#keys")).not_to_be_checked()
    assert office.status(only) == "pending"

    page.locator("#keys").check()
    page.locator("h1").evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("a")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert office.status(only) == "pending"


def test_the_slower_of_two_moderators_sees_who_was_faster(office, browser, context):
    first, second = office.fill("one", "two")
    with browser.new_context() as elsewhere:
        cleo = enter(elsewhere, office, "cleo")
        ben = enter(context, office)
        ben.keyboard.press("j")
        ben.keyboard.press("a")
        expect(ben.locator(".done")).to_have_count(1)
        cleo.keyboard.press("j")
        cleo.keyboard.press("r")

        expect(card(cleo, first).get_by_role("alert")).to_have_text(
            "Somebody else was faster: this comment is approved, by ben."
        )
        expect(card(cleo, first).locator(".badge.is-approved")).to_be_visible()
        expect(card(cleo, second)).to_be_focused()
        assert office.status(first) == "approved"

        card(cleo, first).get_by_role("button", name="Reject").click()
        expect(cleo.locator(".done")).to_have_count(1)
        assert office.status(first) == "rejected"

        ben.keyboard.press("z")
        expect(card(ben, first).get_by_role("alert")).to_have_text(
            "Somebody else was faster: this comment is rejected, by cleo."
        )
    assert office.status(first) == "rejected"


def test_everything_works_without_scripts(office, browser):
    first, second = office.fill("one", "two")
    with browser.new_context(java_script_enabled=False) as context:
        page = enter(context, office)
        card(page, first).get_by_text("Note", exact=True).click()
        card(page, first).get_by_label("Note for the history").fill("fair enough")
        card(page, first).get_by_role("button", name="Approve").click()
        expect(page.get_by_text("Approved: Reader of one")).to_be_visible()
        assert office.status(first) == "approved"

        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_text("Back in the queue: Reader of one")).to_be_visible()
        assert office.status(first) == "pending"

        card(page, second).get_by_role("button", name="Reject").click()
        page.get_by_role("link", name="Rejected").click()
        expect(card(page, second)).to_be_visible()
        card(page, second).get_by_text("History (3)").click()
        expect(card(page, second).get_by_text("ben rejected it")).to_be_visible()
        page.get_by_role("button", name="Log out").click()
        expect(page.get_by_text("You are logged out.")).to_be_visible()


def test_new_comments_wait_behind_a_button_and_the_list_never_jumps(office, context):
    (first,) = office.fill("one")
    page = enter(context, office)
    page.keyboard.press("j")
    second, third = office.fill("two", "three")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#news")).to_have_text("2 new comments")
    expect(page.locator("[data-count=pending]")).to_have_text("3")
    expect(page.locator(".card")).to_have_count(1)
    expect(card(page, first)).to_be_focused()

    page.locator("#news").click()

    expect(card(page, second)).to_be_focused()
    expect(card(page, third)).to_be_visible()
    expect(page.locator("#news")).to_be_hidden()


def test_the_next_page_is_there_before_it_is_needed(office, context):
    office.fill(*(f"no {n}" for n in range(60)))
    page = enter(context, office)
    expect(page.locator(".card")).to_have_count(50)
    for _ in range(45):
        page.keyboard.press("j")

    expect(page.locator(".card")).to_have_count(60)
    expect(page.locator("#more")).to_have_count(0)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda route: route.abort(), "Not saved: the server does not answer. Try again."),
        (lambda route: route.fulfill(status=401, body="{}"), "Not saved: you are logged out. Log in again"),
        (
            lambda route: route.fulfill(status=503, body='{"detail": "The database does not answer."}'),
            "Not saved. The database does not answer.",
        ),
    ],
)
def test_what_could_not_be_saved_stays_and_says_so(office, context, answer, words):
    (only,) = office.fill("one")
    page = enter(context, office)

    def refuse(route: Route) -> None:
        answer(route)

    page.route("**/api/v1/moderation/actions", refuse)
    page.keyboard.press("j")
    page.keyboard.press("a")

    expect(card(page, only).get_by_role("alert")).to_have_text(words)
    page.unroute("**/api/v1/moderation/actions")
    page.keyboard.press("k")
    page.keyboard.press("a")
    expect(page.locator(".done")).to_have_count(1)
    assert office.status(only) == "approved"


def test_a_hostile_comment_stays_text(office, context):
    comment = post(office.db, XSS, author_name="<img src=x onerror=window.owned=1>")
    page = enter(context, office)
    page.keyboard.press("j")
    page.keyboard.press("a")
    expect(page.locator(".done")).to_have_count(1)
    page.keyboard.press("z")
    expect(card(page, comment).locator(".body")).to_have_text(XSS)

    assert page.evaluate("window.owned") is None
    assert page.violations == []


@pytest.mark.parametrize(
    "looks",
    [
        {"color_scheme": "light"},
        {"color_scheme": "dark"},
        {"viewport": {"width": 320, "height": 640}},
        {"forced_colors": "active"},
    ],
    ids=lambda looks: next(iter(map(str, looks.values()))),
)
def test_every_state_is_accessible(office, browser, looks):
    office.fill("one", "two", "a" * 300)
    post(office.db, "vile שלום", author_name="דוד")
    with browser.new_context(**looks) as context:
        page = context.new_page()
        page.goto(f"{office.base}/review/login")
        check(page)
        page = enter(context, office)
        page.keyboard.press("j")
        page.keyboard.press("a")
        expect(page.locator(".done")).to_have_count(1)
        page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
        check(page)
        page.keyboard.press("?")
        check(page)
        page.goto(f"{office.base}/review/nothing")
        check(page)
        log_in_elsewhere(browser, office)
        page.goto(f"{office.base}/review/account?done=password")
        check(page)
        page.get_by_label("Present password").fill("a wrong password!")
        page.get_by_label("New password", exact=True).fill(NEW)
        page.get_by_label("New password again").fill(NEW)
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_be_visible()
        check(page)


def log_in_elsewhere(browser: Browser, office: Office) -> None:
    """Begin another session of the same person."""
    with browser.new_context() as context:
        enter(context, office)


def check(page: Page) -> None:
    """No violation that axe finds, no sideways scrolling, and nothing to press under 24 px."""
    page.evaluate((node_modules() / "axe-core" / "axe.min.js").read_text() + "; 0")
    found = page.evaluate(
        "async rules => (await axe.run({runOnly: rules})).violations"
        ".map(v => `${v.id}: ${v.nodes.map(n => n.html).join(' ').slice(0, 300)}`)",
        RULES,
    )
    small = page.evaluate(
        "[...document.querySelectorAll('button, select, summary, .tabs a, input:not([type=hidden])')]"
        ".filter(e => e.checkVisibility()).map(e => [e.outerHTML.slice(0, 80), e.closest('label') ?? e])"
        ".map(([html, e]) => [html, e.getBoundingClientRect().height]).filter(([, h]) => h < 24)"
    )

    assert found == []
    assert small == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_password_and_sessions_are_changed_by_keys_alone(office, browser, context):
    office.fill("one")
    with browser.new_context() as elsewhere:
        away = enter(elsewhere, office)
        page = enter(context, office)
        page.get_by_role("link", name="Account").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Your account")).to_be_visible()
        end = page.get_by_role("button", name="End the session")
        end.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_have_text("The session has ended.")
        expect(end).to_have_count(0)
        away.reload()
        expect(away.get_by_role("heading", name="Log in")).to_be_visible()
    page.get_by_label("Present password").focus()
    for word in ("a wrong password!", NEW, NEW):
        page.keyboard.type(word)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("The present password is wrong.")
    expect(page.get_by_label("Present password")).to_be_focused()
    for word in (PASSWORD, NEW, NEW):
        page.keyboard.type(word)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Your password is changed")

    assert page.violations == []


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_a_given_password_leads_to_the_account_until_it_is_changed(office, browser, scripts):
    with office.db.write() as connection:
        connection.execute(update(Moderator).values(must_change_password=True))
    with browser.new_context(java_script_enabled=scripts) as context:
        page = context.new_page()
        page.goto(f"{office.base}/review/?site=demo")
        page.get_by_label("Name").fill("ben")
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{office.base}/review/account")
        expect(page.get_by_role("note")).to_contain_text("Somebody else set your password.")
        page.get_by_label("Present password").fill(PASSWORD)
        page.get_by_label("New password", exact=True).fill(NEW)
        page.get_by_label("New password again").fill(NEW)
        page.keyboard.press("Enter")
        page.get_by_role("link", name="To the review queue").click()
        expect(page.locator("#queue")).to_be_attached()


def tab_to(page: Page, wanted: Locator) -> None:
    """Press the tab key until the focus is there."""
    for _ in range(40):
        if wanted.evaluate("e => e === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no tab leads to {wanted}")


class Telephone:
    """An authenticator app; with each code that it shows, half a minute has passed here and at Parley."""

    def __init__(self, office: Office) -> None:
        self.secret, self.late = b"", timedelta()
        here = office.app.extensions["parley"]
        office.app.extensions["parley"] = replace(here, clock=lambda: utcnow() + self.late)

    def learn(self, page: Page) -> None:
        """Type in the key that the page shows."""
        self.secret = base64.b32decode(page.locator("#secret").inner_text().replace(" ", ""))

    def code(self) -> str:
        self.late += timedelta(seconds=30)
        return code_at(self.secret, step_of(utcnow() + self.late))


def turn_on(page: Page, telephone: Telephone) -> list[str]:
    """Turn the second factor on by keys alone, from the queue; return the recovery codes."""
    tab_to(page, page.get_by_role("link", name="Account"))
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_label("Your password"))
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("img", name="QR code")).to_be_visible()
    telephone.learn(page)
    tab_to(page, page.get_by_label("Code", exact=True))
    page.keyboard.type(telephone.code())
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Your second factor is on")
    return page.get_by_role("list", name="Recovery codes").get_by_role("listitem").all_inner_texts()


def log_out_and_in(page: Page, code: str) -> None:
    """Log out, and in again with password and code, by keys alone."""
    tab_to(page, page.get_by_role("button", name="Log out", exact=True))
    page.keyboard.press("Enter")
    expect(page.get_by_label("Name")).to_be_focused()
    page.keyboard.type("ben")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Code", exact=True)).to_be_focused()
    page.keyboard.type(code)
    page.keyboard.press("Enter")


def test_a_second_factor_is_turned_on_and_used_by_keys_alone_and_without_scripts(office, browser):
    office.fill("one")
    telephone = Telephone(office)
    with browser.new_context(java_script_enabled=False) as context:
        page = enter(context, office)
        codes = turn_on(page, telephone)
        assert len(codes) == 10
        tab_to(page, page.get_by_role("link", name="I have kept them"))
        page.keyboard.press("Enter")
        expect(page.get_by_text("10 recovery codes are left.")).to_be_visible()
        log_out_and_in(page, "000000")
        expect(page.get_by_role("alert")).to_have_text("The code is wrong, or was used before.")
        expect(page.get_by_label("Code", exact=True)).to_be_focused()
        page.keyboard.type(telephone.code())
        page.keyboard.press("Enter")
        expect(page.locator("#queue")).to_be_attached()
        log_out_and_in(page, codes[0])
        expect(page.locator("#queue")).to_be_attached()

        assert page.violations == []


@pytest.mark.parametrize(
    "looks",
    [{"color_scheme": "light"}, {"color_scheme": "dark", "viewport": {"width": 320, "height": 640}}],
    ids=["light", "dark and narrow"],
)
def test_every_page_of_the_second_factor_is_accessible(office, browser, looks):
    office.fill("one")
    telephone = Telephone(office)
    with browser.new_context(**looks) as context:
        page = enter(context, office)
        page.goto(f"{office.base}/review/account")
        page.get_by_label("Your password").fill(PASSWORD)
        page.keyboard.press("Enter")
        telephone.learn(page)
        check(page)
        page.get_by_label("Code", exact=True).fill("000000")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_be_visible()
        check(page)
        page.get_by_label("Code", exact=True).fill(telephone.code())
        page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_be_visible()
        check(page)
        page.goto(f"{office.base}/review/account")
        check(page)
        page.get_by_label("Your password").fill("a wrong password!")
        page.get_by_label("Code", exact=True).fill("000000")
        page.get_by_role("button", name="Turn off").click()
        expect(page.get_by_role("alert")).to_be_visible()
        check(page)
        log_out_and_in(page, "000000")
        expect(page.get_by_role("alert")).to_be_visible()
        check(page)


def test_the_reader_of_the_page_hears_one_polite_line_for_each_decision(office, context):
    office.fill("one", "two")
    page = enter(context, office)
    page.evaluate(
        "window.heard = [];"
        "new MutationObserver(() => heard.push(document.getElementById('status').textContent))"
        ".observe(document.getElementById('status'), {childList: true, characterData: true, subtree: true})"
    )
    page.keyboard.press("j")
    page.keyboard.press("a")
    expect(page.locator(".done")).to_have_count(1)
    page.keyboard.press("r")
    expect(page.locator(".done")).to_have_count(2)

    assert [re.sub(r"\..*", "", line) for line in page.evaluate("heard")] == [
        "Approved: Reader of one",
        "Rejected: Reader of two",
    ]
