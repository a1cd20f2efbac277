"""A Parley below a path of the site's own domain, behind a real proxy, in a browser."""

from __future__ import annotations

import contextlib
import http.client
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.test_main_path import choose_a_password
from tests.running import Parley, free_port, start_embedded

PATH = "/talk"
TOXIC = "Shut up, you stupid worthless moron, and go die."
ARTICLE = f"""<!doctype html><title>An article</title><link rel="icon" href="data:,">
<script type="module" src="{PATH}/embed/parley-comments.js"></script>
<parley-comments site="demo" thread="below"></parley-comments>"""
DROPPED = ("connection", "transfer-encoding", "keep-alive", "host", "content-length")


class Proxy(ThreadingHTTPServer):
    """A site with an article at its root and Parley below `PATH`; the Host that Parley sees is its own."""

    daemon_threads = True

    def __init__(self, port: int, upstream: int, *, strips: bool) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.upstream, self.strips = upstream, strips

    def handle_error(self, *_: object) -> None:
        """Say nothing of a browser that has left the page."""


class _Handler(BaseHTTPRequestHandler):
    server: Proxy

    def do_GET(self) -> None:
        if self.path.startswith(PATH + "/"):
            self._pass_on()
        else:
            self._answer(200, {"Content-Type": "text/html"}, ARTICLE.encode())

    do_POST = do_DELETE = do_GET  # noqa: N815

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path.removeprefix(PATH) if self.server.strips else self.path
        told = {name: value for name, value in self.headers.items() if name.lower() not in DROPPED}
        told["X-Forwarded-For"] = "127.0.0.1"
        upstream = http.client.HTTPConnection("127.0.0.1", self.server.upstream, timeout=20)
        with contextlib.closing(upstream):
            upstream.request(self.command, path, body, told)
            answer = upstream.getresponse()
            cookies = answer.headers.get_all("Set-Cookie")
            self._answer(answer.status, dict(answer.getheaders()), answer.read(), cookies)

    def _answer(
        self, status: int, headers: dict[str, str], body: bytes, cookies: list[str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in (*DROPPED, "set-cookie"):
                self.send_header(name, value)
        for cookie in cookies or ():
            self.send_header("Set-Cookie", cookie)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@dataclass
class Site:
    """The site as people see it, and the Parley below it."""

    base: str
    parley: Parley


@pytest.fixture(scope="module", params=[True, False], ids=["path taken away", "path handed on"])
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    with start_embedded(PARLEY_PUBLIC_URL=base + PATH, PARLEY_TRUSTED_PROXIES="1") as parley:
        proxy = Proxy(port, int(parley.base.rpartition(":")[2]), strips=request.param)
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        try:
            yield Site(base, parley)
        finally:
            proxy.shutdown()
            proxy.server_close()


def test_a_comment_is_posted_on_the_page_decided_in_the_queue_and_seen(browser: Browser, site: Site) -> None:
    page, wrong = browser.new_page(), []
    page.on("response", lambda answer: wrong.append(answer.url) if answer.status in (404, 403) else None)
    page.goto(f"{site.base}/an-article")
    page.get_by_placeholder("Add a public comment").fill(TOXIC)
    page.get_by_role("button", name="Post", exact=False).first.click()
    expect(page.get_by_text("Awaiting moderation")).to_be_visible()

    page.goto(f"{site.base}{PATH}/review/")
    page.locator("input[name=name]").fill(site.parley.moderator[0])
    page.locator("input[type=password]").fill(site.parley.moderator[1])
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{site.base}{PATH}/review/account")
    choose_a_password(page, site.parley)
    expect(page).to_have_url(f"{site.base}{PATH}/review/")
    card = page.locator("article", has_text=TOXIC)
    card.get_by_role("button", name="Approve").click()
    expect(card).to_have_count(0)
    expect(page.locator(".done")).to_contain_text("Approved")

    page.goto(f"{site.base}/an-article")
    expect(page.get_by_text(TOXIC)).to_be_visible()
    page.close()
    assert wrong == []


def test_the_demo_article_works_below_the_path(browser: Browser, site: Site) -> None:
    page = browser.new_page()
    page.goto(f"{site.base}{PATH}/demo")

    expect(page.get_by_placeholder("Add a public comment")).to_be_visible()
    page.get_by_role("link", name="review queue").click()
    expect(page).to_have_url(f"{site.base}{PATH}/review/login?next=/talk/review/")
    page.close()
