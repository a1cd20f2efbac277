"""Below a path of the site's own domain: pages, cookies, links and redirects all have the path in them.

In a browser: `tests/e2e/test_below_a_path.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service.app import create_app
from service.settings import OWN_PATHS, Settings

PUBLIC = "https://www.example.org/talk"


@pytest.fixture
def below(settings: Settings) -> Iterator[FlaskClient]:
    """A Parley at ``PUBLIC``, asked as a proxy asks that gives another Host."""
    made = create_app(replace(settings, public_url=PUBLIC, log_level="error"))
    yield made.test_client()
    made.extensions["parley"].db.close()


@pytest.mark.parametrize("path", ["", "/talk"], ids=["taken away", "handed on"])
def test_every_page_links_below_the_path_whether_the_proxy_hands_it_on_or_not(below, path):
    for page in ("/demo", "/review/login", "/api/docs", "/api/docs/perspective"):
        text = below.get(path + page).text
        links = re.findall(r'(?:href|src|action)="(/[^"]*|https?://[^"]*)"', text)

        assert links, page
        assert all(link.startswith(("/talk/", PUBLIC)) for link in links if "github" not in link), links


@pytest.mark.parametrize("path", ["", "/talk"])
def test_redirects_cookies_and_new_addresses_have_the_path(below, path):
    login = below.get(f"{path}/review/login")
    home = below.get(f"{path}/")
    queue = below.get(f"{path}/review/?status=rejected")
    wanted = {
        "site": "demo",
        "thread": {"key": "a", "url": "http://localhost/a"},
        "body": "A word.",
        "author": {"name": "Ann"},
    }
    posted = below.post(f"{path}/api/v1/comments", json=wanted)

    assert "Path=/talk/;" in login.headers["Set-Cookie"]
    assert home.headers["Location"] == "/talk/demo"
    assert queue.headers["Location"] == "/talk/review/login?next=/talk/review/?status%3Drejected"
    assert posted.headers["Location"].startswith("/talk/api/v1/comments/")


def test_over_https_a_cookie_is_sent_to_our_path_alone(below, settings):
    parts = below.application.extensions
    secure = replace(settings, public_url=PUBLIC, secure_cookies=True)
    parts["parley"] = replace(parts["parley"], settings=secure)
    cookie = below.get("/review/login").headers["Set-Cookie"]

    assert cookie.startswith("__Secure-parley_login=")
    assert "Path=/talk/;" in cookie


def test_what_names_an_address_names_the_public_one_whatever_host_is_asked_for(below):
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    pages = ("/demo", "/api/docs", "/api/docs/perspective", "/$discovery/rest", "/api/v1/openapi.json")
    for page in pages:
        text = below.get(page, headers=headers).text

        assert "evil.example" not in text, page
        assert PUBLIC in text, page


def test_googles_own_name_is_kept_for_those_who_lead_it_here(below):
    found = below.get("/$discovery/rest", base_url="https://commentanalyzer.googleapis.com")

    assert found.json["rootUrl"] == "https://commentanalyzer.googleapis.com/talk/"


def test_no_path_may_be_one_of_our_own(app: Flask):
    ours = {rule.rule.split("/")[1] for rule in app.url_map.iter_rules()} - {"", "<path:prefix>"}

    assert ours == OWN_PATHS
