"""The widget in a real browser on a real Parley: what a reader sees, hears and can do."""

from __future__ import annotations

import contextlib
import http.server
import json
import re
import secrets
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.running import Parley, wait_until
from tests.web.test_types import node_modules

ADD = "Add a public comment…"
LIST = re.compile(r"/api/v1/comments\?")
POST = re.compile(r"/api/v1/comments$")
OWN = re.compile(r"/api/v1/comments/[0-9a-f-]{36}$")
PATIENCE_MS = 20_000
Open = Callable[..., Page]


@pytest.fixture
def thread() -> str:
    """A thread nobody wrote in yet."""
    return f"talks-{secrets.token_hex(6)}"


@pytest.fixture
def open_article(parley: Parley, browser: Browser, thread: str) -> Iterator[Open]:
    """Open the demo article on the test's thread; fail if the page breaks its policy or its scripts fail."""
    wrong: list[str] = []
    contexts = []

    def on_console(message: Any) -> None:
        if "Content Security Policy" in message.text:
            wrong.append(message.text)

    def another_thread(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace("ceasefire-talks", thread))

    def open_it(**context: Any) -> Page:
        contexts.append(browser.new_context(**context))
        page = contexts[-1].new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", on_console)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.route(parley.page, another_thread)
        page.goto(parley.page)
        return page

    expect.set_options(timeout=PATIENCE_MS)
    yield open_it
    for context in contexts:
        context.close()

    assert wrong == []


@pytest.fixture
def published(parley: Parley, thread: str) -> Callable[..., str]:
    """Post as somebody else and wait until it is public."""

    def publish(text: str, name: str = "Marguerite", parent: str | None = None) -> str:
        more = {"parent_id": parent} if parent else {}
        posted = parley.post_comment(text, thread, author={"name": name}, **more)
        sync_wait(lambda: posted["id"] in json.dumps(parley.comments(thread)))
        return str(posted["id"])

    return publish


def sync_wait(done: Callable[[], bool]) -> None:
    """Wait for the worker."""
    wait_until(done, PATIENCE_MS / 1000, "the comment was not published")


def write(page: Page, text: str) -> None:
    """Type into the box and press Post."""
    page.get_by_label(ADD).fill(text)
    page.get_by_role("button", name="Post", exact=True).first.click()


def focused(page: Page) -> str:
    """Return tag and label of what has the focus inside the widget."""
    return str(
        page.evaluate(
            """() => {
              const at = document.querySelector('parley-comments').shadowRoot.activeElement
              return at ? at.localName + ' ' + (at.getAttribute('aria-label') ?? at.textContent) : ''
            }"""
        )
    )


def violations(page: Page) -> list[str]:
    """Return what axe finds wrong in the whole page, shadow trees included."""
    source = Path(node_modules() / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
    page.evaluate(f"{source}; undefined")
    found = page.evaluate("() => axe.run(document)")
    return [f"{one['id']}: {[node['target'] for node in one['nodes']]}" for one in found["violations"]]


def problem(route: Route, status: int, **members: Any) -> None:
    """Answer a request with problem details."""
    headers = {"Retry-After": "7", "Access-Control-Expose-Headers": "Retry-After"}
    body = json.dumps({"type": "about:blank", "title": "No", "status": status, **members})
    route.fulfill(status=status, headers=headers, content_type="application/problem+json", body=body)


def test_an_empty_thread_invites_to_write(open_article):
    page = open_article()

    expect(page.get_by_text("No comments yet")).to_be_visible()
    expect(page.get_by_label(ADD)).to_be_visible()
    expect(page.get_by_text("0 comments")).to_be_visible()


def test_a_comment_is_posted_by_keyboard_alone_and_turns_live_in_place(open_article):
    page, held = open_article(), []
    page.route(OWN, lambda route: held.append(route))
    page.evaluate(
        """() => {
          window.heard = []
          const status = document.querySelector('parley-comments').shadowRoot.querySelector('[role=status]')
          new MutationObserver(() => status.textContent && heard.push(status.textContent))
            .observe(status, { childList: true, characterData: true, subtree: true })
        }"""
    )

    expect(page.get_by_label(ADD)).to_be_visible()
    page.get_by_label(ADD).focus()
    expect(page.get_by_label("Name (optional)")).to_be_visible()
    page.keyboard.type("The surveyors with one pencil are my heroes.")
    page.keyboard.press("Tab")
    page.keyboard.type("Ann")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    card = page.get_by_role("article", name="Comment by Ann")
    expect(card).to_contain_text("Awaiting moderation")
    assert focused(page) == "article Comment by Ann"
    page.unroute(OWN)
    for route in held:
        route.continue_()
    expect(card).not_to_contain_text("Awaiting moderation")
    expect(card.get_by_role("button", name="Reply to Ann")).to_be_visible()
    expect(page.get_by_role("heading", name="1 comment")).to_be_visible()
    expect(page.get_by_role("status")).to_have_text("Your comment is now public.")
    assert page.evaluate("heard").count("Your comment is now public.") == 1
    assert page.get_by_role("article", name="Comment by Ann").count() == 1


def test_a_reply_opens_under_its_comment_and_gives_the_focus_back(open_article, published):
    published("Does anyone know when the second round of talks starts?")
    page = open_article()
    button = page.get_by_role("button", name="Reply to Marguerite")

    button.click()
    expect(
        page.get_by_label("Reply to Marguerite", exact=True).and_(page.locator("textarea"))
    ).to_be_focused()
    page.keyboard.press("Escape")
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.type("On Thursday, says the last paragraph.")
    page.keyboard.press("Control+Enter")

    reply = page.locator("li li").get_by_role("article", name="Comment by Anonymous")
    expect(reply).to_contain_text("On Thursday")
    expect(reply).not_to_contain_text("Awaiting moderation")
    assert focused(page) == "article Comment by Anonymous"
    expect(page.get_by_role("heading", name="2 comments")).to_be_visible()


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (lambda route: problem(route, 503), "post it again in 7 seconds"),
        (lambda route: problem(route, 429), "post it again in 7 seconds"),
        (lambda route: problem(route, 500), "Something went wrong and your comment was not posted"),
        (lambda route: route.abort(), "The comment service cannot be reached"),
        (
            lambda route: problem(
                route, 422, errors=[{"pointer": "/body", "detail": "has nothing to read in it"}]
            ),
            "Your comment has nothing to read in it.",
        ),
    ],
    ids=["503", "429", "500", "no answer", "422"],
)
def test_a_failed_post_says_so_and_keeps_the_draft_and_its_key(open_article, answer, text):
    page, keys = open_article(), []
    page.on(
        "request",
        lambda sent: keys.append(sent.headers.get("idempotency-key")) if sent.method == "POST" else 0,
    )
    page.route(POST, lambda route: answer(route) if route.request.method == "POST" else route.continue_())

    write(page, "A table without corners is a fine idea.")
    expect(page.locator("parley-comments p.error")).to_contain_text(text)
    box = page.get_by_label(ADD)
    described = page.locator(f"[id='{(box.get_attribute('aria-describedby') or '').split()[0]}']")
    expect(described).to_contain_text(text)
    page.reload()
    expect(box).to_have_value("A table without corners is a fine idea.")
    page.unroute(POST)
    page.get_by_role("button", name="Post", exact=True).click()

    expect(page.get_by_role("article")).to_contain_text(["A table without corners"])
    assert len(keys) == 2
    assert keys[0] == keys[1]


def test_a_key_that_stands_for_another_comment_is_replaced_and_the_comment_posted(open_article):
    page, keys = open_article(), []

    def answer(route):
        if route.request.method != "POST":
            return route.continue_()
        keys.append(route.request.headers["idempotency-key"])
        used = {"type": "/problems/idempotency-key-reused"}
        return problem(route, 422, **used) if len(keys) == 1 else route.continue_()

    page.route(POST, answer)

    write(page, "A table without corners is a fine idea.")

    expect(page.get_by_role("article")).to_contain_text(["A table without corners"])
    expect(page.locator("parley-comments p.error")).to_be_hidden()
    assert len(set(keys)) == len(keys) == 2


def test_an_empty_comment_is_refused_beside_the_box(open_article):
    page = open_article()

    write(page, "   ")

    expect(page.get_by_text("Write something first.")).to_be_visible()
    expect(page.get_by_label(ADD)).to_be_focused()
    expect(page.get_by_label(ADD)).to_have_attribute("aria-invalid", "true")


def test_the_limit_counts_what_a_reader_sees(open_article):
    page = open_article()
    page.get_by_label(ADD).fill("👩‍👩‍👧‍👦" * 200 + "a" * 4790)

    expect(page.get_by_text("10 characters left")).to_be_visible()


def test_markup_from_a_reader_stays_text(open_article, published):
    payloads = [
        "<script>window.pwned = 1</script> I agree with the mediators.",
        "<img src=x onerror='window.pwned = 1'> Thank you for this report.",
        "Good article. {{constructor.constructor('window.pwned=1')()}} ${window.pwned=1}",
    ]
    for text in payloads:
        published(text, name="<b>Bob</b>")
    page = open_article()

    for text in payloads:
        expect(page.get_by_text(text, exact=True)).to_be_visible()
    expect(page.get_by_text("<b>Bob</b>", exact=True)).to_have_count(3)
    assert page.evaluate("window.pwned") is None


def test_another_reader_sees_it_without_a_reload(open_article, published):
    first = open_article()
    expect(first.get_by_text("No comments yet")).to_be_visible()

    published("The first comment is simply shown.")
    expect(first.get_by_text("The first comment is simply shown.")).to_be_visible()
    published("The second one waits behind a button.", name="Tom")

    button = first.get_by_role("button", name="Show 1 new comment")
    expect(button).to_be_visible()
    expect(first.get_by_text("The second one waits")).to_have_count(0)
    button.click()
    expect(first.get_by_text("The second one waits")).to_be_visible()
    assert focused(first) == "article Comment by Tom"


def test_a_waiting_comment_is_still_there_after_a_reload(open_article):
    def pending(route: Route) -> None:
        comment = {"author": {"name": "Ann"}, "body": "Still here?", "parent_id": None, "edited_at": None}
        comment |= {"id": route.request.url[-36:], "created_at": "2026-11-14T04:00:00Z", "reasons": []}
        route.fulfill(json=comment | {"status": "pending"})

    page = open_article()
    page.route(OWN, pending)
    page.route(LIST, lambda route: route.fulfill(json=listing()))
    write(page, "Still here?")
    expect(page.get_by_text("Awaiting moderation")).to_be_visible()

    page.reload()

    expect(page.get_by_text("Awaiting moderation")).to_be_visible()
    expect(page.get_by_text("Still here?")).to_be_visible()
    stored = page.evaluate("JSON.stringify(localStorage)")
    assert "Still here?" not in stored


def listing(comments: Any = (), **thread: Any) -> dict[str, Any]:
    """A page of a thread as the API gives it."""
    head = {"key": "k", "url": None, "title": None, "count": len(comments), "closed": False, "version": 1}
    return {"thread": head | thread, "comments": list(comments), "next_cursor": None}


def test_a_rejected_comment_says_why_in_plain_words_and_can_be_dismissed(open_article):
    def rejected(route: Route) -> None:
        answer = route.fetch()
        reasons = [
            {"code": "score", "text": "TOXICITY 0.97 reaches 0.90."},
            {"code": "links", "field": "author_name", "text": "Links in the name: 1; none passes."},
        ]
        route.fulfill(response=answer, json=answer.json() | {"status": "rejected", "reasons": reasons})

    page = open_article()
    page.route(OWN, rejected)
    page.route(LIST, lambda route: route.fulfill(json=listing()))
    write(page, "A quiet remark on the map.")

    card = page.get_by_role("article", name="Comment by")
    expect(card).to_contain_text("Not published")
    expect(card).to_contain_text("Its wording reads as hurtful or hostile.")
    expect(card).to_contain_text("The name contains a link.")
    expect(card).not_to_contain_text("TOXICITY")
    assert violations(page) == []
    card.get_by_role("button", name="Dismiss").click()
    expect(card).to_have_count(0)
    assert focused(page).startswith("h2")


def test_a_closed_thread_can_be_read_and_not_written(open_article, published):
    published("The last word on this page.")
    page = open_article()
    page.route(LIST, lambda route: route.fulfill(json=listing(closed=True)))
    page.reload()

    expect(page.get_by_text("Comments on this article are closed.")).to_be_visible()
    expect(page.get_by_label(ADD)).to_be_hidden()
    assert violations(page) == []


def test_without_an_answer_the_page_keeps_its_own_content_and_offers_another_try(open_article):
    page = open_article()
    page.route(LIST, lambda route: route.abort())
    page.reload()
    said = page.get_by_role("paragraph").filter(has_text="Comments cannot be loaded at the moment.")
    expect(said).to_be_visible()  # the status line says so too
    assert violations(page) == []
    page.evaluate("document.querySelector('parley-comments').append('What the page had before')")
    expect(page.get_by_text("What the page had before")).to_be_visible()

    page.unroute(LIST)
    page.get_by_role("button", name="Try again").click()

    expect(page.get_by_text("No comments yet")).to_be_visible()
    assert focused(page).startswith("h2")


def test_more_comments_and_another_order_are_a_click_away(open_article, published):
    for number in range(27):
        published(f"Remark number {number} on the joint map.", name=f"Reader {number}")
    page = open_article()
    expect(page.get_by_role("article", name="Comment by")).to_have_count(25)
    expect(page.get_by_role("button", name="new comment")).to_have_count(0)

    page.get_by_role("button", name="Load more comments").click()
    expect(page.get_by_role("article", name="Comment by")).to_have_count(27)
    assert focused(page) == "article Comment by Reader 1"
    page.get_by_label("Sort by").select_option("Oldest")

    expect(page.get_by_role("article", name="Comment by").first).to_contain_text("Reader 0")


def test_it_survives_moves_and_changed_attributes(open_article, published):
    published("Moved about and still the same.")
    page = open_article()
    expect(page.get_by_text("Moved about")).to_be_visible()
    page.get_by_label(ADD).fill("Half a thought")

    page.evaluate(
        """() => {
          const element = document.querySelector('parley-comments')
          document.body.append(element)
          element.remove()
          document.querySelector('main').append(element)
        }"""
    )
    expect(page.get_by_label(ADD)).to_have_value("Half a thought")
    expect(page.get_by_text("Moved about")).to_have_count(1)
    page.evaluate(
        "document.querySelector('parley-comments').setAttribute('thread', 'somewhere-else-entirely')"
    )

    expect(page.get_by_text("No comments yet")).to_be_visible()
    expect(page.get_by_text("Moved about")).to_have_count(0)


def test_a_page_of_another_origin_may_embed_it(parley, browser, published, thread):
    published("Read on another site.")
    html = (
        '<!doctype html><html lang="en"><title>News</title><link rel="icon" href="data:,">'
        f'<script type="module" src="{parley.base}/embed/parley-comments.js"></script>'
        '<parley-count site="demo" thread="THREAD"></parley-count>'
        '<parley-comments site="demo" thread="THREAD"><p>Old comments</p></parley-comments>'
    ).replace("THREAD", thread)
    context = browser.new_context()
    page = context.new_page()
    with serve(html) as address:
        page.goto(address)

        expect(page.get_by_text("Read on another site.")).to_be_visible()
        expect(page.get_by_text("Old comments")).to_be_hidden()
        expect(page.locator("parley-count")).to_have_text("1 comment")
        write(page, "And written on another site.")
        expect(page.get_by_role("heading", name="2 comments")).to_be_visible()
        expect(page.locator("parley-count")).to_have_text("2 comments")
    context.close()


@contextlib.contextmanager
def serve(html: str) -> Iterator[str]:
    """Serve one page on an origin of its own."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(html.encode())

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        running = threading.Thread(target=server.serve_forever, daemon=True)
        running.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        running.join()


def test_the_counts_of_a_page_are_one_request(open_article):
    page, asked = open_article(), []
    expect(page.get_by_text("0 comments")).to_be_visible()
    page.on("request", lambda request: asked.append(request.url) if "/counts?" in request.url else None)

    page.evaluate(
        """() => document.body.append(...['a', 'b', 'a'].map((thread) => {
          const element = document.createElement('parley-count')
          element.setAttribute('site', 'demo')
          element.setAttribute('thread', thread)
          return element
        }))"""
    )

    expect(page.locator("parley-count[thread=b]")).to_have_text("0 comments")
    assert [url.partition("?")[2] for url in asked] == ["site=demo&thread=a&thread=b"]


def test_what_was_edited_or_removed_changes_where_it_stands(open_article):
    def comment(number: int, body: str, **more: Any) -> dict[str, Any]:
        made = {"id": f"c{number}", "parent_id": None, "author": {"name": f"Reader {number}"}, "body": body}
        made |= {"status": "approved", "created_at": f"2026-11-14T04:0{number}:00.000000Z", "edited_at": None}
        return made | {"reply_count": 0, "replies": [], "next_replies": None} | more

    page = open_article()
    page.route(LIST, lambda route: route.fulfill(json=listing([comment(2, "Second."), comment(1, "First.")])))
    page.reload()
    page.get_by_role("button", name="Reply to Reader 2").focus()
    edited = comment(1, "First, better.", edited_at="2026-11-14T05:00:00.000000Z")
    page.route(LIST, lambda route: route.fulfill(json=listing([edited])))

    expect(page.get_by_text("First, better.")).to_be_visible()
    expect(page.get_by_text("This comment was removed.")).to_be_visible()
    expect(page.get_by_text("Second.")).to_have_count(0)
    assert focused(page) == "article This comment was removed."


def test_a_reader_without_a_connection_is_told(open_article, published):
    published("Read before the tunnel.")
    page = open_article()
    expect(page.get_by_text("Read before the tunnel.")).to_be_visible()
    page.context.set_offline(True)

    expect(page.get_by_text("You are offline.")).to_be_visible()
    page.get_by_label(ADD).focus()
    page.context.set_offline(False)

    expect(page.get_by_text("You are offline.")).to_be_hidden()
    write(page, "Written after the tunnel.")
    expect(page.get_by_text("Written after the tunnel.")).to_be_visible()


@pytest.mark.parametrize(
    "context",
    [
        {},
        {"color_scheme": "dark"},
        {"viewport": {"width": 320, "height": 640}},
        {"forced_colors": "active"},
        {"reduced_motion": "reduce"},
    ],
    ids=["light", "dark", "320px", "forced colours", "reduced motion"],
)
def test_axe_finds_nothing_in_any_state(open_article, published, context):
    page = open_article(**context)
    expect(page.get_by_text("No comments yet")).to_be_visible()
    empty = violations(page)
    first = published("A first step, and a careful one.")
    published("Agreed.", name="سلمى", parent=first)
    page.reload()
    page.get_by_role("button", name="Reply to Marguerite").click()
    expect(page.locator("li textarea")).to_be_focused()
    answering = violations(page)
    page.get_by_label(ADD).focus()
    page.get_by_role("button", name="Post", exact=True).first.click()
    expect(page.get_by_text("Write something first.")).to_be_visible()
    mistaken = violations(page)
    page.route(OWN, lambda route: route.abort())
    write(page, "Waiting for a decision.")
    expect(page.get_by_text("Awaiting moderation")).to_be_visible()
    waiting = violations(page)

    assert (empty, answering, mistaken, waiting) == ([], [], [], [])
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"


def test_every_target_is_large_enough(open_article, published):
    published("A comment to reply to.")
    page = open_article()
    page.get_by_role("button", name="Reply to Marguerite").click()
    expect(page.locator("li textarea")).to_be_focused()

    targets = page.locator("parley-comments :is(button, select, input, textarea):visible").all()
    boxes = [box for target in targets if (box := target.bounding_box())]

    assert len(boxes) >= 5
    assert all(box["width"] >= 24 and box["height"] >= 24 for box in boxes)
