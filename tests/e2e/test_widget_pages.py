"""The widget on other people's pages: what it asks for, and what it puts up with."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.e2e.test_widget import ADD, PATIENCE_MS, expect, serve, write
from tests.e2e.test_widget_files import MAX_ALL, MAX_FIRST_RENDER
from tests.running import Parley

ORIGIN, PREFIX = "http://news.localhost", "/talk"  # a page, and a proxy that has Parley below a folder
SCRIPT = f"{PREFIX}/embed/parley-comments.js"
WIDGET = '<parley-comments site="demo" thread="THREAD"></parley-comments>'


class Visit:
    """A page with what its browser asked for and complained of."""

    def __init__(self, page: Any) -> None:
        self.page, self.wrong, self.asked = page, [], []
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("console", lambda said: self.wrong.append(said.text) if "Policy" in said.text else None)
        page.on("requestfinished", lambda request: self.asked.append(request))

    def scripts(self) -> dict[str, int]:
        """The scripts of the widget that came, by name, and their bytes on the wire."""
        found = [request for request in self.asked if request.resource_type == "script"]
        return {re.sub(r".*/embed/", "", one.url): one.sizes()["responseBodySize"] for one in found}

    def calls(self) -> list[str]:
        """The paths asked for below the API."""
        return [found[1] for one in self.asked if (found := re.search(r"/api/v1/([^?]*)", one.url))]


@pytest.fixture
def thread() -> str:
    """A thread nobody wrote in yet."""
    return f"talks-{secrets.token_hex(6)}"


@pytest.fixture
def visit(parley: Parley, browser: Any) -> Iterator[Callable[[str], Visit]]:
    """Open a page with this body, or what lies at an address, or the demo article."""
    context = browser.new_context()
    expect.set_options(timeout=PATIENCE_MS)

    def proxy(route: Any) -> None:
        sent = route.request
        answer = route.fetch(url=sent.url.replace(f"{ORIGIN}{PREFIX}", parley.base))
        route.fulfill(response=answer)

    def open_it(body: str = "", address: str = "") -> Visit:
        made = Visit(context.new_page())
        html = f'<!doctype html><html lang="en"><title>News</title><link rel="icon" href="data:,">{body}'
        made.page.route(f"{ORIGIN}{PREFIX}/**", proxy)
        made.page.route(f"{ORIGIN}/article", lambda route: route.fulfill(content_type="text/html", body=html))
        made.page.goto(f"{ORIGIN}/article" if body else address or parley.page)
        return made

    yield open_it
    for page in context.pages:  # what was asked for and is not answered yet would fail the next test
        page.unroute_all(behavior="ignoreErrors")
    context.close()


def widget(visit: Visit, thread: str) -> Any:
    return visit.page.locator(f"parley-comments[thread={thread}]")


def test_a_first_render_asks_for_one_script_and_for_all_of_it_at_most_25_kilobytes(visit):
    demo = visit()
    expect(demo.page.get_by_label(ADD)).to_be_visible()
    expect(demo.page.locator("parley-count")).to_contain_text("comment")
    first, calls = demo.scripts(), demo.calls()
    demo.page.get_by_label(ADD).focus()
    expect(demo.page.get_by_label("Name (optional)")).to_be_visible()
    everything = demo.scripts()

    assert list(first) == ["parley-comments.js"]
    assert sum(first.values()) <= MAX_FIRST_RENDER, f"{first} of {MAX_FIRST_RENDER} bytes"
    assert sorted(calls) == ["comments", "counts"]
    assert set(everything) == {
        "parley-comments.js",
        "later/writing.js",
        "later/form.js",
        "locales/later/en.js",
    }
    assert sum(everything.values()) <= MAX_ALL, f"{everything} of {MAX_ALL} bytes"


@pytest.mark.parametrize("query", ["", "?ver=6.8.1", "?debug"])
def test_it_is_loaded_once_below_a_folder_and_by_any_query(visit, thread, query):
    page = visit(f'<script type="module" src="{SCRIPT}{query}"></script>{WIDGET.replace("THREAD", thread)}')
    write(page.page, "Written below a folder of the page's own.")

    expect(page.page.get_by_text("Written below a folder")).to_be_visible()
    names = [name.partition("?")[0] for name in page.scripts()]
    assert len(names) == len(set(names)), names
    assert page.wrong == []


def test_a_page_that_loads_it_twice_has_one_widget_for_each_element(visit, thread):
    here, there = f"{thread}-a", f"{thread}-b"
    scripts = [f'<script type="module" src="{SCRIPT}{query}"></script>' for query in ("?ver=1", "?ver=2", "")]
    page = visit("".join([*scripts, WIDGET.replace("THREAD", here), WIDGET.replace("THREAD", there)]))
    widget(page, here).get_by_label(ADD).fill("Only in the first of the two.")
    widget(page, here).get_by_role("button", name="Post", exact=True).click()

    expect(widget(page, here).get_by_role("article")).to_contain_text("Only in the first of the two.")
    expect(widget(page, there).get_by_text("No comments yet")).to_be_visible()
    expect(widget(page, there).get_by_label("Name (optional)")).to_have_count(0)
    assert page.wrong == []


def test_a_strict_policy_needs_to_allow_our_origin_alone(parley, visit, thread):
    ours = parley.base
    policy = f"default-src 'none'; script-src {ours}; connect-src {ours}; img-src data:; base-uri 'none'"
    html = (
        f'<!doctype html><html lang="en"><meta http-equiv="Content-Security-Policy" content="{policy}">'
        f'<title>News</title><script type="module" src="{ours}/embed/parley-comments.js"></script>'
        f'<link rel="icon" href="data:,">{WIDGET.replace("THREAD", thread)}'
    )
    with serve(html) as address:
        page = visit(address=address)
        write(page.page, "Written on another origin by a strict policy.")

        expect(page.page.get_by_text("Written on another origin")).to_be_visible()
    assert page.wrong == []


def test_a_form_is_opened_with_a_token_and_people_do_not_meet_its_trap(visit):
    demo, sent = visit(), []
    demo.page.on("request", lambda one: sent.append(one) if one.method == "POST" else None)
    expect(demo.page.get_by_label(ADD)).to_be_visible()
    assert "form-token" not in demo.calls()
    demo.page.get_by_label(ADD).focus()
    expect(demo.page.get_by_label("Name (optional)")).to_be_visible()
    trap = demo.page.locator("parley-comments input[name=topic]")
    box = trap.bounding_box()
    seen = demo.page.evaluate(
        "([x, y]) => document.querySelector('parley-comments').shadowRoot.elementFromPoint(x, y)?.name",
        [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2],
    )
    told = demo.page.locator("parley-comments").aria_snapshot()
    stops = []
    for _ in range(6):
        demo.page.keyboard.press("Tab")
        stops.append(
            demo.page.evaluate("document.querySelector('parley-comments').shadowRoot.activeElement?.name")
        )
    write(demo.page, "Written by hand, after a while.")
    expect(demo.page.get_by_text("Written by hand")).to_be_visible()
    (post,) = sent

    assert seen != "topic"
    assert "empty" not in told.replace("No comments yet", "")
    assert "topic" not in stops
    assert demo.calls().count("form-token") == 1
    assert set(post.post_data_json["form"]) == {"token"}
    assert demo.page.context.cookies() == []


def test_a_program_that_fills_in_every_field_waits_for_a_person(visit, thread):
    page = visit(f'<script type="module" src="{SCRIPT}"></script>{WIDGET.replace("THREAD", thread)}')
    page.page.get_by_label(ADD).focus()
    expect(page.page.get_by_label("Name (optional)")).to_be_visible()
    page.page.evaluate(
        """() => {
          const root = document.querySelector('parley-comments').shadowRoot
          for (const one of root.querySelectorAll('input, textarea')) one.value = 'A fine map'
        }"""
    )
    page.page.get_by_role("button", name="Post", exact=True).click()

    expect(page.page.get_by_text("Awaiting moderation", exact=True)).to_be_visible()
    page.page.wait_for_timeout(3000)
    expect(page.page.get_by_text("Awaiting moderation", exact=True)).to_be_visible()


def test_without_a_token_a_post_goes_all_the_same(visit, thread):
    page = visit(f'<script type="module" src="{SCRIPT}"></script>{WIDGET.replace("THREAD", thread)}')
    page.page.route(re.compile("/form-token"), lambda route: route.abort())
    write(page.page, "Written while no token was to be had.")

    expect(page.page.get_by_text("Written while no token")).to_be_visible()
    assert page.wrong == []
