"""How the widget's files and the demo article are served, and what they weigh."""

from __future__ import annotations

import gzip
import re
from pathlib import PurePosixPath

import pytest

from service.embed import views

MAX_FIRST_RENDER = 12 * 1024  # bytes of JavaScript and CSS on the wire
ENTRY = "parley-comments.js"
STATIC_IMPORT = re.compile(r"^import .*?from '(\./[^']+)'", re.MULTILINE)


def reached_from(name: str, seen: set[str]) -> set[str]:
    """Return the modules that a browser loads with this one, before anything else happens."""
    if name not in seen:
        seen.add(name)
        for path in STATIC_IMPORT.findall(views.files()[name].plain.decode()):
            reached_from((PurePosixPath(name).parent / path).as_posix(), seen)
    return seen


def test_a_first_render_weighs_at_most_12_kilobytes(client):
    first = reached_from(ENTRY, set())

    answers = [client.get(f"/embed/{name}", headers={"Accept-Encoding": "gzip"}) for name in first]

    assert sum(len(answer.data) for answer in answers) <= MAX_FIRST_RENDER
    assert {answer.headers["Content-Encoding"] for answer in answers} == {"gzip"}
    assert "view.js" in first
    assert "form.js" not in first, "the form is loaded when a reader begins to write"


def test_a_module_may_be_used_by_pages_of_any_origin(client):
    answer = client.get(f"/embed/{ENTRY}")

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_an_unchanged_file_is_not_sent_again(client, encoding):
    accept = {"Accept-Encoding": encoding}
    etag = client.get(f"/embed/{ENTRY}", headers=accept).headers["ETag"]

    again = client.get(f"/embed/{ENTRY}", headers=accept | {"If-None-Match": etag})

    assert again.status_code == 304
    assert again.data == b""


def test_packed_and_plain_are_the_same_script(client):
    plain = client.get("/embed/thread.js").data
    packed = client.get("/embed/thread.js", headers={"Accept-Encoding": "gzip"}).data

    assert gzip.decompress(packed) == plain


@pytest.mark.parametrize(
    "name", ["views.py", "templates/embed/demo.html", "../app.py", "%2e%2e/app.py", "", "x.js"]
)
def test_nothing_else_in_the_folder_is_served(client, name):
    assert client.get(f"/embed/{name}").status_code == 404


def test_documentation_stays_at_home_and_lines_keep_their_numbers():
    script = "/** Doubles.\n * @param {number} x */\nfunction f(x) {\n  // as it must\n\n  return 2 * x\n}"

    assert views.without_comments(script) == "\n\nfunction f(x) {\n\n\nreturn 2 * x\n}"


def test_the_root_leads_to_the_demo_article(client):
    answer = client.get("/")

    assert (answer.status_code, answer.headers["Location"]) == (302, "/demo")


def test_the_demo_article_keeps_a_strict_policy(client):
    answer = client.get("/demo", base_url="https://news.example")
    page = answer.get_data(as_text=True)

    assert "'unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self';")
    assert '<parley-comments site="demo" thread="ceasefire-talks">' in page
    assert '<link rel="canonical" href="https://news.example/demo">' in page
    assert "<noscript>" in page
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)", page)
