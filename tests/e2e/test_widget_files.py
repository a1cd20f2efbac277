"""How the widget's files and the demo article are served, and what they weigh.

Proves `service/embed/views.py` too.
"""

from __future__ import annotations

import gzip
import re

import pytest

from service.embed import bundle, views

MAX_FIRST_RENDER, MAX_ALL = 11 * 1024, 25 * 1024  # bytes of JavaScript on the wire
ENTRY = "parley-comments.js"
STATIC_IMPORT = re.compile(r"^import .*?from ", re.MULTILINE)


def weights(client, names) -> dict[str, int]:
    """Return what each script weighs as a browser gets it."""
    answers = {name: client.get(f"/embed/{name}", headers={"Accept-Encoding": "gzip"}) for name in names}
    assert {answer.headers["Content-Encoding"] for answer in answers.values()} == {"gzip"}
    return {name: len(answer.data) for name, answer in answers.items()}


def test_a_first_render_weighs_at_most_11_kilobytes(client):
    weight = sum(weights(client, [ENTRY]).values())
    script = client.get(f"/embed/{ENTRY}").get_data(as_text=True)

    assert weight <= MAX_FIRST_RENDER, f"{weight} bytes of {MAX_FIRST_RENDER}"
    assert not STATIC_IMPORT.search(script), "a first render is one script"
    assert "class View " in script
    assert "class Form " not in script, "the form is loaded when a reader begins to write"


def test_everything_weighs_at_most_25_kilobytes(client):
    loaded = {name for name in views.files() if name.endswith(".js")} - {"locales/en.js"}  # is in the first
    found = weights(client, sorted(loaded))

    assert sum(found.values()) <= MAX_ALL, f"{sum(found.values())} bytes of {MAX_ALL}: {found}"


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


@pytest.mark.parametrize("name", [ENTRY, "later/form.js"])
def test_packed_and_plain_are_the_same_script(client, name):
    plain = client.get(f"/embed/{name}").data
    packed = client.get(f"/embed/{name}", headers={"Accept-Encoding": "gzip"}).data

    assert gzip.decompress(packed) == plain


def test_debug_answers_the_modules_as_they_were_written(client):
    entry = client.get(f"/embed/{ENTRY}?debug").get_data(as_text=True)
    poll = client.get("/embed/first/poll.js?debug").get_data(as_text=True)

    assert entry == "export * from './first/parley-comments.js?debug'\n"
    assert "import { SORTS, Thread } from './thread.js?debug'" in poll
    assert "/**" in poll, "with its documentation"


@pytest.mark.parametrize(
    ("old", "now"), [("thread.js", "first/thread.js?debug"), ("writing.js", "later/writing.js")]
)
def test_the_old_address_of_a_module_leads_to_where_it_lies(client, old, now):
    answer = client.get(f"/embed/{old}")

    assert (answer.status_code, answer.headers["Location"]) == (302, now)
    assert client.get(f"/embed/{now}").status_code == 200


def test_a_module_of_the_first_half_is_no_second_copy_by_mistake(client):
    assert client.get("/embed/first/thread.js").status_code == 404


def test_the_source_map_names_every_module_with_its_text(client):
    answer = client.get(f"/embed/{ENTRY}.map")

    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert client.get(f"/embed/{ENTRY}").data.endswith(f"//# sourceMappingURL={ENTRY}.map\n".encode())
    assert "first/thread.js" in answer.json["sources"]
    assert len(answer.json["sources"]) == len(answer.json["sourcesContent"])


@pytest.mark.parametrize(
    "name",
    [
        "views.py",
        "widget/first/api.js",
        "templates/embed/demo.html",
        "../app.py",
        "%2e%2e/app.py",
        "",
        "x.js",
    ],
)
def test_nothing_else_in_the_folder_is_served(client, name):
    assert client.get(f"/embed/{name}").status_code == 404


def test_documentation_stays_at_home_and_lines_keep_their_numbers():
    script = "/** Doubles.\n * @param {number} x */\nfunction f(x) {\n  // as it must\n\n  return 2 * x\n}"

    assert bundle.without_comments(script) == "\n\nfunction f(x) {\n\n\nreturn 2 * x\n}"


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
